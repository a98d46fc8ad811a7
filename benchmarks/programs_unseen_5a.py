"""Training programs with one slip each in the model or an activation, as ordinary Keras users post
them, and healthy controls.

P maps an id to (task, loss, builder); builder(rng, fixed) returns (model, x, y, fit_kwargs);
fixed=True repairs only the slip.
WHERE maps each faulty id to "model" or "activation"; ids beginning with OK- are healthy. Needs
scikit-learn's bundled data only.
"""

import keras
import numpy as np
from keras import initializers as I
from keras import layers as L
from keras import ops
from keras import optimizers as O
from keras import regularizers as R
from sklearn import datasets as SK

P = {}
WHERE = {}


def prog(id, task, loss, where=None):
    def deco(f):
        P[id] = (task, loss, f)
        if where:
            WHERE[id] = where
        return f

    return deco


D = L.Dense


def f32(a):
    return np.asarray(a, "float32")


def seq(shape, *ls, dtype=None):
    return keras.Sequential([keras.Input(shape, dtype=dtype)] + list(ls))


def z(a):
    return f32((a - a.mean(0)) / a.std(0))


def digits():
    d = SK.load_digits()
    return f32(d.images[..., None] / 16.0), d.target


def reviews(r, n, T, vocab=400, lo=5, hi=12, pad="pre"):
    """Token sequences (0 = padding); the label is which of two word groups occurs."""
    x = np.zeros((n, T), "int32")
    y = np.zeros((n, 1), "float32")
    for i in range(n):
        k = int(r.integers(lo, hi + 1))
        y[i] = r.integers(0, 2)
        w = np.where(
            r.random(k) < 0.4,
            2 + r.integers(0, 30, k) + 30 * int(y[i, 0]),
            r.integers(62, vocab, k),
        )
        if pad == "pre":
            x[i, T - k :] = w
        else:
            x[i, :k] = w
    return x, y


def waves(r, n, T):
    """Noisy sine windows and their frequency and amplitude."""
    f = r.uniform(1, 6, n)
    a = r.uniform(0.5, 2, n)
    t = np.linspace(0, 1, T)
    s = a[:, None] * np.sin(2 * np.pi * (f[:, None] * t + r.random((n, 1)))) + 0.1 * r.normal(
        size=(n, T)
    )
    return f32(s[..., None]), f, a


@prog("glove-all-oov", "binary", "bce", "model")
def _(r, fixed):
    """Frozen GloVe matrix stays all zeros: the look-up used 'Word' keys while the vectors are
    keyed 'word'."""
    x, y = reviews(r, 2000, 20)
    vec = {
        f"w{i}": r.normal(size=16) + (1.0 if i < 32 else -1.0 if i < 62 else 0.0) * np.eye(16)[3]
        for i in range(2, 400)
    }
    M = np.zeros((400, 16))
    for i in range(2, 400):
        v = vec.get(f"w{i}" if fixed else f"W{i}")
        if v is not None:
            M[i] = v
    e = L.Embedding(400, 16, embeddings_initializer=I.Constant(M), trainable=False)
    m = seq(
        (20,),
        e,
        L.Conv1D(32, 3, activation="relu"),
        L.GlobalMaxPooling1D(),
        D(16, activation="relu"),
        D(1, activation="sigmoid"),
        dtype="int32",
    )
    m.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return m, x, y, dict(epochs=10, batch_size=32)


@prog("lstm-postpad-nomask", "binary", "bce", "model")
def _(r, fixed):
    """Sequences padded at the end to 100 steps, no mask_zero: the LSTM reads ninety zeros last."""
    x, y = reviews(r, 1200, 100, pad="post")
    m = seq(
        (100,),
        L.Embedding(400, 16, mask_zero=fixed),
        L.LSTM(16),
        D(1, activation="sigmoid"),
        dtype="int32",
    )
    m.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return m, x, y, dict(epochs=10, batch_size=32)


@prog("layernorm-one-feature", "regression", "mse", "model")
def _(r, fixed):
    """LayerNormalization over the last axis of a (T, 1) series: one feature normalised by itself
    is zero."""
    x, f, a = waves(r, 1500, 30)
    y = f32(z(a))[:, None]
    m = seq(
        (30, 1),
        L.LayerNormalization(axis=(1 if fixed else -1), epsilon=1.0),
        L.GRU(24),
        D(16, activation="relu"),
        D(1),
    )
    m.compile(O.Adam(3e-3), "mse")
    return m, x, y, dict(epochs=12, batch_size=32)


@prog("transformer-cls-causal", "multiclass", "scce", "model")
def _(r, fixed):
    """A [CLS] token at position 0 is read out, but the encoder has use_causal_mask=True, so it
    sees only itself."""
    n, T = 1500, 12
    y = r.integers(0, 4, n)
    x = r.integers(40, 200, (n, T))
    x[:, 0] = 1
    for i in range(n):
        x[i, 1 + r.choice(T - 1, 3, replace=False)] = 2 + 9 * y[i] + r.integers(0, 9, 3)
    i = keras.Input((T,), dtype="int32")
    h = L.Embedding(200, 24)(i)
    for _ in range(2):
        h = L.LayerNormalization()(h + L.MultiHeadAttention(2, 12)(h, h, use_causal_mask=not fixed))
        h = L.LayerNormalization()(h + D(24)(D(48, activation="relu")(h)))
    m = keras.Model(i, D(4, activation="softmax")(h[:, 0]))
    m.compile(O.Adam(2e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return m, x.astype("int32"), y, dict(epochs=12, batch_size=32)


class GraphConv(L.Layer):
    def __init__(self, units, axis, **k):
        super().__init__(**k)
        self.d = D(units, activation="tanh")
        self.axis = axis

    def build(self, shapes):
        self.d.build(shapes[0])

    def call(self, inputs):
        h, adj = inputs
        return self.d(ops.matmul(adj / (ops.sum(adj, self.axis, keepdims=True) + 1e-6), h))


@prog("gnn-degree-sum-no-axis", "regression", "mse", "model")
def _(r, fixed):
    """Adjacency divided by ops.sum(adj) without an axis, the whole batch instead of each row: the
    signal shrinks 400-fold a layer."""
    n, N = 1200, 14
    h = r.uniform(0, 1, (n, N, 5))
    A = r.poisson(25, (n, N, N)).astype(float)
    A = A + A.transpose(0, 2, 1)
    A = A * (r.random((n, 1, N)) ** 2)
    y = (
        np.einsum("nij,nj->ni", A / A.sum(-1, keepdims=True), h[..., 0] + h[..., 1] - h[..., 2])
    ).mean(1)
    hi, ai = keras.Input((N, 5), name="nodes"), keras.Input((N, N), name="adj")
    t = hi
    for u in (32, 32, 16):
        t = GraphConv(u, -1 if fixed else None)([t, ai])
    m = keras.Model({"nodes": hi, "adj": ai}, D(1)(L.GlobalAveragePooling1D()(t)))
    m.compile(O.Adam(2e-3), "mse")
    return m, {"nodes": f32(h), "adj": f32(A)}, z(y)[:, None], dict(epochs=25, batch_size=32)


@prog("clipvalue-tiny", "regression", "mse", "model")
def _(r, fixed):
    """clipvalue=1e-4 pasted in against 'exploding gradients' with SGD: no weight moves by more
    than 3e-7 a step."""
    x, f, a = waves(r, 1200, 40)
    y = f32(60 + 8 * a * a)[:, None]  # heart rate
    m = seq(
        (40, 1),
        L.Conv1D(16, 5, activation="relu"),
        L.MaxPooling1D(2),
        L.Conv1D(16, 5, activation="relu"),
        L.GlobalAveragePooling1D(),
        D(16, activation="relu"),
        D(1),
    )
    m.compile(O.SGD(0.003, clipvalue=1.0 if fixed else 1e-4), "mse")
    return m, x, y, dict(epochs=30, batch_size=32)


class PlainNet(keras.Model):
    def __init__(self):
        super().__init__()
        self.hidden = [D(64, activation="relu") for _ in range(2)]
        self.out = D(1)

    def call(self, x):
        for h in self.hidden:
            x = h(x)
        return self.out(x)


@prog("ema-never-catches-up", "regression", "mse", "model")
def _(r, fixed):
    """use_ema with momentum 0.9999 in a run of 500 steps: fit() ends by writing the average, i.e.
    the initial weights, back."""
    x = r.normal(size=(1600, 8))
    y = 40 + 12 * x[:, 0] + 8 * np.abs(x[:, 1]) + 6 * x[:, 2] * (x[:, 3] > 0) + r.normal(size=1600)
    m = PlainNet()
    m.compile(O.Adam(3e-3, use_ema=True, ema_momentum=0.95 if fixed else 0.9999), "mse")
    return m, f32(x), f32(y)[:, None], dict(epochs=10, batch_size=32)


@prog("warmup-in-samples", "multiclass", "scce", "model")
def _(r, fixed):
    """Warm-up length counted in samples (n * epochs) where the schedule counts steps: the rate
    never gets off the ground."""
    X, t = digits()
    n, ep, bs = len(X), 20, 64
    total = (n // bs + 1) * ep
    s = O.schedules.CosineDecay(
        0.0, total, warmup_target=0.05, warmup_steps=(total // 10 if fixed else n * ep)
    )
    m = seq(
        (8, 8, 1),
        L.Conv2D(16, 3, activation="relu", padding="same"),
        L.MaxPooling2D(2),
        L.Conv2D(32, 3, activation="relu"),
        L.Flatten(),
        D(32, activation="relu"),
        D(10, activation="softmax"),
    )
    m.compile(O.SGD(s), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return m, X, t, dict(epochs=ep, batch_size=bs)


@prog("rescaled-twice", "multiclass", "scce", "model")
def _(r, fixed):
    """Images already divided by 255 go through Rescaling(1/255) once more inside the model."""
    X, t = digits()
    m = seq(
        (8, 8, 1),
        L.Rescaling(1.0 if fixed else 1 / 255.0),
        L.Conv2D(16, 3, activation="relu", padding="same"),
        L.MaxPooling2D(2),
        L.Conv2D(32, 3, activation="relu"),
        L.Flatten(),
        D(10, activation="softmax"),
    )
    m.compile(O.SGD(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return m, X, t, dict(epochs=30, batch_size=32)


@prog("sparse-autoencoder-l1", "regression", "mse", "model")
def _(r, fixed):
    """Keras-blog sparse autoencoder, activity_regularizer=L1(1e-1) typed for 10e-5: the code is
    driven to zero."""
    X = digits()[0].reshape(-1, 64)
    m = seq(
        (64,),
        D(32, activation="relu", activity_regularizer=R.L1(1e-5 if fixed else 1e-1)),
        D(64, activation="sigmoid"),
    )
    m.compile(O.Adam(2e-3), "mse")
    return m, X, X, dict(epochs=25, batch_size=64)


@prog("recommender-zero-tables", "regression", "mse", "model")
def _(r, fixed):
    """Matrix factorisation with both embedding tables initialised to zero: each is the other's
    gradient."""
    u, v = r.integers(0, 60, 4000), r.integers(0, 40, 4000)
    U, V = r.normal(size=(60, 3)), r.normal(size=(40, 3))
    y = np.clip(np.round(3 + (U[u] * V[v]).sum(1) * 0.7 + 0.3 * r.normal(size=4000)), 1, 5)
    e = "uniform" if fixed else "zeros"
    ui, vi = (
        keras.Input((1,), name="user", dtype="int32"),
        keras.Input((1,), name="movie", dtype="int32"),
    )
    a, b = (
        L.Flatten()(L.Embedding(k, 8, embeddings_initializer=e)(q)) for k, q in ((60, ui), (40, vi))
    )
    m = keras.Model({"user": ui, "movie": vi}, D(1)(L.Dot(1)([a, b])))
    m.compile(O.Adam(0.01), "mse")
    return (
        m,
        {"user": u[:, None].astype("int32"), "movie": v[:, None].astype("int32")},
        f32(y)[:, None],
        dict(epochs=15, batch_size=64),
    )


class ResBlock(L.Layer):
    def __init__(self, f, **k):
        super().__init__(**k)
        self.a = L.Conv1D(f, 3, padding="same", activation="relu")
        self.b = L.Conv1D(f, 3, padding="same")

    def build(self, s):
        self.a.build(s)
        self.b.build(s)

    def call(self, x):
        return ops.relu(x + self.b(self.a(x)))


@prog("resnet1d-adam-lr", "multiclass", "scce", "model")
def _(r, fixed):
    """The paper's SGD rate of 0.1 kept when the optimizer was changed to Adam."""
    n, T = 1200, 40
    x, _, _ = waves(r, n, T)
    t = np.linspace(0, 1, T)
    y = r.integers(0, 3, n)
    ph = r.random((n, 1))
    q = (3 * t + ph) % 1
    s = np.where(
        y[:, None] == 0,
        np.sin(2 * np.pi * q),
        np.where(y[:, None] == 1, 2 * q - 1, np.sign(q - 0.5)),
    )
    x = f32(s + 0.3 * r.normal(size=(n, T)))[..., None]
    m = seq(
        (T, 1),
        L.Conv1D(16, 5, padding="same", activation="relu"),
        *[ResBlock(16) for _ in range(4)],
        L.GlobalAveragePooling1D(),
        D(3, activation="softmax"),
    )
    m.compile(
        O.Adam(1e-3 if fixed else 0.1), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return m, x, y, dict(epochs=12, batch_size=32)


@prog("house-price-two-inputs", "regression", "mse", "model")
def _(r, fixed):
    """House prices in dollars as the target of a two-branch net with plain Adam: the output creeps
    up from zero."""
    n = 1500
    num = r.normal(size=(n, 6))
    zipc = r.integers(0, 20, n)
    eff = r.normal(size=20)
    y = (
        210000
        + 60000 * num[:, 0]
        + 30000 * np.maximum(num[:, 1], 0)
        + 40000 * eff[zipc]
        + 15000 * r.normal(size=n)
    )
    if fixed:
        y = z(y)
    a, b = keras.Input((6,)), keras.Input((1,), dtype="int32")
    h = L.Concatenate()([D(32, activation="relu")(a), L.Flatten()(L.Embedding(20, 4)(b))])
    m = keras.Model([a, b], D(1)(D(32, activation="relu")(h)))
    m.compile("adam", "mse", metrics=["mae"])
    return (
        m,
        [f32(num), zipc[:, None].astype("int32")],
        f32(y)[:, None],
        dict(epochs=20, batch_size=32),
    )


@prog("td-cnn-decay-for-momentum", "regression", "mse", "model")
def _(r, fixed):
    """SGD(0.05, weight_decay=0.9) on a TimeDistributed CNN with a GRU: the 0.9 was meant for
    momentum."""
    n, T = 800, 6
    x = np.zeros((n, T, 10, 10, 1), "float32")
    v = r.integers(-1, 2, n)
    for i in range(n):
        c, w = int(r.integers(1, 9)), int(r.integers(0, 10))
        for k in range(T):
            x[i, k, c, (w + k) % 10] = 1
            x[i, k, c - 1, (w + k) % 10] = v[i] * 0.5
    y = x.sum((1, 2, 3, 4))
    y = z(y)[:, None]
    m = seq(
        (T, 10, 10, 1),
        L.TimeDistributed(L.Conv2D(8, 3, strides=2, activation="relu")),
        L.TimeDistributed(L.Flatten()),
        L.GRU(16),
        D(1),
    )
    m.compile(O.SGD(0.05, momentum=0.9) if fixed else O.SGD(0.05, weight_decay=0.9), "mse")
    return m, x, y, dict(epochs=15, batch_size=32)


@prog("lstm1-as-output", "regression", "mse", "activation")
def _(r, fixed):
    """The last layer is LSTM(1): its tanh cannot say 18 degrees."""
    s = 18 + 7 * np.sin(np.arange(1524) * 2 * np.pi / 60) + r.normal(size=1524)
    x = np.stack([s[i : i + 24] for i in range(1500)])[..., None]
    m = seq((24, 1), L.LSTM(24, return_sequences=not fixed), D(1) if fixed else L.LSTM(1))
    m.compile(O.Adam(0.01), "mse")
    return m, f32((x - 18) / 7), f32(s[24:])[:, None], dict(epochs=20, batch_size=32)


@prog("softmax-one-unit-cnn", "binary", "bce", "activation")
def _(r, fixed):
    """Two-class CNN ending in Dense(1, softmax)."""
    X, t = digits()
    k = np.isin(t, (1, 2, 3, 5, 7, 8, 9))
    X, y = X[k], f32(t[k] >= 5)[:, None]
    m = seq(
        (8, 8, 1),
        L.Conv2D(16, 3, activation="relu"),
        L.MaxPooling2D(2),
        L.Flatten(),
        L.Dropout(0.25),
        D(32, activation="relu"),
        D(1, activation="sigmoid" if fixed else "softmax"),
    )
    m.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return m, X, y, dict(epochs=10, batch_size=32)


@prog("relu-threshold-6", "multiclass", "scce", "activation")
def _(r, fixed):
    """ReLU6 as in MobileNet written ReLU(threshold=6) for ReLU(max_value=6): everything below six
    is cut to zero."""
    X, t = digits()

    def act():
        return L.ReLU(max_value=6.0) if fixed else L.ReLU(threshold=6.0)

    m = seq(
        (8, 8, 1),
        L.Conv2D(16, 3, padding="same"),
        act(),
        L.DepthwiseConv2D(3, padding="same"),
        act(),
        L.Conv2D(32, 1),
        act(),
        L.Flatten(),
        D(10, activation="softmax"),
    )
    m.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return m, X, t, dict(epochs=10, batch_size=32)


@prog("relu-head-log-returns", "regression", "mse", "activation")
def _(r, fixed):
    """relu kept on the output of a net whose target is a log of a fraction, always negative."""
    x = r.normal(size=(1500, 7))
    y = np.log(1 / (1 + np.exp(2 - x[:, 0] + 0.7 * x[:, 1] * x[:, 2])))
    i = keras.Input((7,))
    h = D(32, activation="relu")(i)
    h = L.Concatenate()([i, D(32, activation="relu")(h)])
    m = keras.Model(i, D(1, activation=None if fixed else "relu")(h))
    m.compile("adam", "mse")
    return m, f32(x), f32(y)[:, None], dict(epochs=15, batch_size=32)


@prog("OK-xor-plateau", "binary", "bce")
def _(r, fixed):  # long plateau at ln 2, then a drop
    x = r.normal(size=(1000, 2))
    y = f32((x[:, 0] * x[:, 1]) > 0)[:, None]
    m = seq(
        (2,),
        D(16, activation="tanh", kernel_initializer=I.RandomNormal(stddev=0.05)),
        D(16, activation="tanh", kernel_initializer=I.RandomNormal(stddev=0.05)),
        D(1, activation="sigmoid"),
    )
    m.compile(O.Adam(5e-3), "binary_crossentropy")
    return m, f32(x), y, dict(epochs=40, batch_size=32)


@prog("OK-small-sgd-target-hundreds", "regression", "mse")
def _(r, fixed):  # unscaled target and a small rate which arrives in the end
    d = SK.load_diabetes()
    x = z(d.data)
    m = seq((10,), D(32, activation="relu"), D(1))
    m.compile(O.SGD(2e-4), "mse")
    return m, x, f32(d.target)[:, None], dict(epochs=40, batch_size=16)


@prog("OK-imbalanced-fraud", "binary", "bce")
def _(r, fixed):  # 6 % positives: answers 'no' for the first epochs
    x = r.normal(size=(3000, 12))
    s = x[:, 0] + x[:, 1] * x[:, 2] + 0.4 * r.normal(size=3000)
    y = f32(s > np.quantile(s, 0.94))[:, None]
    m = seq(
        (12,),
        D(32, activation="relu"),
        L.BatchNormalization(),
        L.Dropout(0.2),
        D(16, activation="relu"),
        D(1, activation="sigmoid"),
    )
    m.compile(O.Adam(1e-3), "binary_crossentropy")
    return m, f32(x), y, dict(epochs=25, batch_size=64)


@prog("OK-weak-signal", "regression", "mse")
def _(r, fixed):  # most of the target is noise
    x = r.normal(size=(2500, 6))
    y = 0.6 * x[:, 0] + 0.3 * np.sin(2 * x[:, 1]) + 1.2 * r.normal(size=2500)
    m = seq((6,), D(24, activation="relu", kernel_regularizer=R.L2(1e-3)), L.Dropout(0.1), D(1))
    m.compile(O.Adam(1e-3), "mse")
    return m, f32(x), f32(y)[:, None], dict(epochs=15, batch_size=32)


@prog("OK-gru-recall", "multiclass", "scce")
def _(r, fixed):  # the first symbol of the sequence must be remembered
    x = r.integers(0, 6, (1500, 15))
    m = seq((15,), L.Embedding(6, 8), L.GRU(32), D(6, activation="softmax"), dtype="int32")
    m.compile(O.Adam(3e-3), "sparse_categorical_crossentropy")
    return m, x.astype("int32"), x[:, 0].copy(), dict(epochs=14, batch_size=32)


@prog("OK-deep-sigmoid-slow", "multiclass", "scce")
def _(r, fixed):  # three sigmoid layers under plain SGD: 10 % for epochs, then it moves
    d = SK.load_digits()
    m = seq((64,), *[D(48, activation="sigmoid") for _ in range(3)], D(10, activation="softmax"))
    m.compile(O.SGD(0.05, momentum=0.9), "sparse_categorical_crossentropy")
    return m, f32(d.data / 16), d.target, dict(epochs=25, batch_size=32)
