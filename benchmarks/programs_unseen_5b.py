"""Published "always predicts the same value" reports rebuilt from memory for Keras 3, plus healthy
controls (OK-).

P maps an id to (task, loss, builder); builder(rng, fixed) returns (model, x, y, fit_kwargs[,
labels]).
fixed=True builds the published fix (only the slip changes). WHERE says whether model or activation
is at fault.
P_MORE / WHERE_MORE (same format) hold further verified programs beyond the 14 + 4 + 6 asked for.
"""

import keras
import numpy as np
from keras import (
    constraints as C,
)
from keras import (
    initializers as I,
)
from keras import (
    layers as L,
)
from keras import (
    ops,
)
from keras import (
    optimizers as O,
)
from keras import (
    regularizers as R,
)
from sklearn import datasets as SK

P = {}
WHERE = {}
D = L.Dense


def prog(id, task, loss, where=None):
    def deco(f):
        P[id] = (task, loss, f)
        if where:
            WHERE[id] = where
        return f

    return deco


def seq(inp, *ls):
    return keras.Sequential([keras.Input(inp)] + list(ls))


def f32(a):
    return np.asarray(a, "float32")


def z(a):
    return f32((a - a.mean(0)) / (a.std(0) + 1e-9))


def col(a):
    return f32(a).reshape(-1, 1)


def digits():
    d = SK.load_digits()
    return f32(d.data), d.target.astype("int64")


def friedman(r, n, d=8):
    x = r.uniform(0, 1, (n, d))
    return f32(x), col(
        10 * np.sin(np.pi * x[:, 0] * x[:, 1])
        + 20 * (x[:, 2] - 0.5) ** 2
        + 10 * x[:, 3]
        + 5 * x[:, 4]
        + 0.5 * r.normal(size=n)
    )


def windows(s, T):
    return np.stack([s[i : i + T] for i in range(len(s) - T)]), s[T:]


def blobs(n, r, w=16):
    """Noisy images with one bright rectangle, and its mask."""
    X = 0.3 * r.normal(size=(n, w, w, 1))
    Y = np.zeros((n, w, w, 1))
    for i in range(n):
        h, v = r.integers(4, 8, 2)
        a, b = r.integers(0, w - h), r.integers(0, w - v)
        X[i, a : a + h, b : b + v] += 1
        Y[i, a : a + h, b : b + v] = 1
    return f32(X), f32(Y)


@prog("lstm-stock-raw-window", "regression", "mse", "model")
def _(r, fixed):
    """SO: LSTM index forecast is a flat line: raw prices in the windows saturate every gate (only
    y was min-max scaled)."""
    s = 30000 + 1500 * np.sin(np.arange(1520) / 60) + np.cumsum(r.normal(0, 20, 1520))
    X, y = windows(s, 20)
    lo, hi = s.min(), s.max()
    y = (y - lo) / (hi - lo)
    if fixed:
        X = (X - lo) / (hi - lo)
    m = seq((20, 1), L.LSTM(50), D(1))
    m.compile("adam", "mse")
    return m, f32(X)[..., None], col(y), dict(epochs=12, batch_size=32)


@prog("lstm-postpad-no-mask", "binary", "bce", "model")
def _(r, fixed):
    """SO/GH: LSTM sentiment stuck at 50%: short reviews post-padded with zeros, Embedding without
    mask_zero."""
    n, T = 1000, 90
    X = np.zeros((n, T), "int32")
    y = r.integers(0, 2, n)
    for i in range(n):
        k = r.integers(5, 11)
        X[i, :k] = r.integers(21, 300, k)
        p = r.choice(k, 3, replace=False)
        X[i, p] = r.integers(1, 11, 3) + 10 * y[i]
    m = seq((T,), L.Embedding(300, 16, mask_zero=fixed), L.LSTM(16), D(1, activation="sigmoid"))
    m.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return m, X, col(y), dict(epochs=14, batch_size=32)


@prog("autoencoder-adadelta-default", "regression", "mse", "model")
def _(r, fixed):
    """Keras blog autoencoder, optimizer='adadelta': default rate went from 1.0 to 0.001,
    reconstructions are all grey."""
    X = digits()[0] / 16
    m = seq(
        (64,),
        D(32, activation="relu"),
        D(16, activation="relu"),
        D(32, activation="relu"),
        D(64, activation="sigmoid", kernel_initializer=I.RandomNormal(stddev=0.05)),
    )
    m.compile("adadelta" if not fixed else O.Adam(0.003), "mse")
    return m, X, X, dict(epochs=30, batch_size=64)


@prog("lr-scheduler-compounding", "regression", "mse", "model")
def _(r, fixed):
    """SO: LearningRateScheduler(epoch, lr) multiplies the already decayed lr: rate is gone after
    an epoch or two."""
    X, y = friedman(r, 1200)
    m = seq((8,), D(32, activation="relu"), D(32, activation="relu"), D(1))
    m.compile(O.Adam(2e-3), "mse")
    sch = (lambda e, lr: 2e-3 * 0.9**e) if fixed else (lambda e, lr: float(lr) * 0.1 ** (e + 1))
    return (
        m,
        2 * X - 1,
        y,
        dict(epochs=20, batch_size=32, callbacks=[keras.callbacks.LearningRateScheduler(sch)]),
    )


@prog("dqn-flappy-adam-1e-6", "regression", "mse", "model")
def _(r, fixed):
    """Flappy-bird DQN tutorial: Adam(lr=1e-6), every state gets the same Q values."""
    n = 1000
    X = np.zeros((n, 12, 12, 2))
    b, g = r.integers(0, 12, n), r.integers(2, 10, n)
    X[np.arange(n), b, 2, 0] = 1
    X[:, :, 8, 1] = 1
    X[np.arange(n), g, 8, 1] = 0
    X[np.arange(n), g - 1, 8, 1] = 0
    q = 8 - 2.0 * np.abs(b - g)
    Q = np.c_[q + 1.5 * (b < g), q + 1.5 * (b > g)] + 0.3 * r.normal(size=(n, 2))
    m = seq(
        (12, 12, 2),
        L.Conv2D(8, 4, strides=2, activation="relu"),
        L.Conv2D(16, 3, activation="relu"),
        L.Flatten(),
        D(64, activation="relu"),
        D(2),
    )
    m.compile(O.Adam(1e-6 if not fixed else 1e-3), "mse")
    return m, f32(X), f32(Q), dict(epochs=20, batch_size=32)


@prog("value-net-clipnorm", "regression", "mse", "model")
def _(r, fixed):
    """Mountain-car value regression: SGD clipped to a norm of 0.001 'for stability' never leaves
    its start."""
    n = 2000
    s = r.uniform([-1.2, -0.07], [0.6, 0.07], (n, 2))
    v = -100 + 60 * s[:, 0] * np.sign(s[:, 1]) + 500 * np.abs(s[:, 1]) + 3 * r.normal(size=n)
    m = seq((2,), D(64, activation="relu"), D(64, activation="relu"), D(1))
    m.compile(O.SGD(1e-3, momentum=0.9, clipnorm=0.001 if not fixed else 50.0), "mse")
    return m, f32(s * [1, 14]), col(v), dict(epochs=25, batch_size=32)


class LowRank(L.Layer):
    """Own layer: x @ A @ B + b with weights from add_weight."""

    def __init__(self, units, rank, init, act=None):
        super().__init__()
        self.u, self.k, self.i, self.act = units, rank, init, keras.activations.get(act)

    def build(self, s):
        self.A = self.add_weight(shape=(s[-1], self.k), initializer=self.i)
        self.B = self.add_weight(shape=(self.k, self.u), initializer=self.i)
        self.b = self.add_weight(shape=(self.u,), initializer="zeros")

    def call(self, x):
        return self.act(ops.matmul(ops.matmul(x, self.A), self.B) + self.b)


class LowRankNet(keras.Model):
    def __init__(self, init):
        super().__init__()
        self.h = LowRank(32, 8, init, "tanh")
        self.o = LowRank(10, 8, init, "softmax")

    def call(self, x):
        return self.o(self.h(x))


@prog("own-layer-lowrank-zeros", "multiclass", "scce", "model")
def _(r, fixed):
    """Own low-rank layer in a subclassed model, both factors add_weight(initializer='zeros'): no
    gradient but in the bias."""
    X, y = digits()
    m = LowRankNet("glorot_uniform" if fixed else "zeros")
    m.compile(O.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return m, X / 16, y, dict(epochs=10, batch_size=32)


@prog("ones-init-sigmoid", "multiclass", "cce", "model")
def _(r, fixed):
    """SO: kernel_initializer='ones' on positive pixel sums: every sigmoid unit is 1 for every
    image."""
    X, y = digits()
    k = "ones" if not fixed else "glorot_uniform"
    m = seq(
        (64,),
        D(48, activation="sigmoid", kernel_initializer=k),
        D(10, activation="softmax", kernel_initializer=k),
    )
    m.compile(O.Adam(0.01), "categorical_crossentropy")
    return m, X / 16, f32(np.eye(10)[y]), dict(epochs=12, batch_size=32)


@prog("recommender-embedding-l2", "regression", "mse", "model")
def _(r, fixed):
    """MovieLens dot-product recommender gives every pair the mean rating:
    embeddings_regularizer=l2(0.1) is summed over the table."""
    n, U, M = 4000, 80, 60
    a, b = r.normal(size=(U, 3)), r.normal(size=(M, 3))
    u, v = r.integers(0, U, n), r.integers(0, M, n)
    y = np.clip(3.5 + 0.6 * (a[u] * b[v]).sum(1) + 0.3 * r.normal(size=n), 0.5, 5)
    reg = R.L2(0.1 if not fixed else 1e-5)
    iu, iv = (
        keras.Input((1,), dtype="int32", name="user"),
        keras.Input((1,), dtype="int32", name="movie"),
    )
    eu = L.Flatten()(L.Embedding(U, 8, embeddings_regularizer=reg)(iu))
    ev = L.Flatten()(L.Embedding(M, 8, embeddings_regularizer=reg)(iv))
    m = keras.Model([iu, iv], D(1)(L.Dot(1)([eu, ev])))
    m.compile(O.Adam(0.01), "mse")
    return (
        m,
        {"user": u[:, None].astype("int32"), "movie": v[:, None].astype("int32")},
        col(y),
        dict(epochs=20, batch_size=64),
    )


@prog("cnn-l1-too-strong", "multiclass", "scce", "model")
def _(r, fixed):
    """SO: kernel_regularizer=l1(0.1) on every layer of a small CNN: penalty wins, all weights go
    to 0, one class."""
    X, y = digits()
    reg = R.L1(0.1 if not fixed else 1e-5)
    m = seq(
        (8, 8, 1),
        L.Conv2D(12, 3, activation="relu", kernel_regularizer=reg),
        L.Conv2D(12, 3, activation="relu", kernel_regularizer=reg),
        L.Flatten(),
        D(32, activation="relu", kernel_regularizer=reg),
        D(10, activation="softmax", kernel_regularizer=reg),
    )
    m.compile("adam", "sparse_categorical_crossentropy")
    return m, (X / 16).reshape(-1, 8, 8, 1), y, dict(epochs=12, batch_size=32)


@prog("dropout-keep-prob", "regression", "mse", "model")
def _(r, fixed):
    """Port from TF1: keep_prob=0.95 passed on as Dropout(0.95), after every layer."""
    X, y = friedman(r, 1500)
    p = 0.95 if not fixed else 0.05
    ls = []
    for _ in range(4):
        ls += [D(32, activation="relu"), L.Dropout(p)]
    m = seq((8,), *ls, D(1))
    m.compile(O.Adam(2e-3), "mse")
    return m, 2 * X - 1, z(y), dict(epochs=20, batch_size=32)


@prog("batchnorm-momentum-09999", "binary", "bce", "model")
def _(r, fixed):
    """GH: fine in training, one class from predict: BatchNormalization(momentum=0.9999) averages
    never reach raw tabular scales."""
    d = SK.load_breast_cancer()

    def b():
        return L.BatchNormalization(momentum=0.9999 if not fixed else 0.9)

    m = seq(
        (30,),
        b(),
        D(32, activation="relu"),
        b(),
        D(16, activation="relu"),
        b(),
        D(1, activation="sigmoid"),
    )
    m.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return m, f32(d.data), col(d.target), dict(epochs=20, batch_size=16)


@prog("transfer-frozen-random-base", "regression", "mae", "model")
def _(r, fixed):
    """Age from VGG-like base(weights=None) with base.trainable=False: random features shrink with
    depth; fix: train the base."""
    X, y = digits()
    base = seq((64,), *[D(24, activation="relu") for _ in range(13)])
    age = 20 + 7 * y + 3 * r.normal(size=len(y))
    base.trainable = fixed
    m = keras.Sequential([keras.Input((64,)), base, D(1, bias_initializer=I.Constant(45.0))])
    m.compile(O.Adam(1e-3), "mae")
    return m, X / 16, col(age), dict(epochs=15, batch_size=32)


@prog("finetune-unfrozen-adam-01", "multiclass", "scce", "model")
def _(r, fixed):
    """Cats/dogs fine-tuning: a whole pretrained conv net unfrozen with a rate far too high; fix is
    a small rate."""
    X, y = digits()
    X = (X / 16).reshape(-1, 8, 8, 1)

    def c(f):
        return L.Conv2D(f, 3, padding="same", activation="relu")

    base = seq(
        (8, 8, 1),
        c(16),
        c(16),
        L.MaxPooling2D(2),
        c(32),
        c(32),
        L.Flatten(),
        D(64, activation="relu"),
    )
    pre = keras.Sequential([base, D(5, activation="softmax")])
    a = y < 5
    pre.compile("adam", "sparse_categorical_crossentropy")
    pre.fit(X[a], y[a], epochs=2, verbose=0)
    m = keras.Sequential(
        [keras.Input((8, 8, 1)), base, D(64, activation="relu"), D(5, activation="softmax")]
    )
    m.compile(
        O.Adam(0.05 if not fixed else 5e-4), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return m, X[~a], y[~a] - 5, dict(epochs=14, batch_size=32)


@prog("xor-sgd-default", "binary", "bce", "model")
def _(r, fixed):
    """XOR with optimizer='sgd' at its default 0.01 gives 0.5 for all four inputs; fix is
    Adam(0.05)."""
    X = r.integers(0, 2, (800, 2))
    m = seq(
        (2,),
        D(4, activation="tanh", kernel_initializer=I.RandomUniform(-0.05, 0.05)),
        D(1, activation="sigmoid", kernel_initializer=I.RandomUniform(-0.05, 0.05)),
    )
    m.compile("sgd" if not fixed else O.Adam(0.05), "binary_crossentropy")
    return m, f32(X), col(X[:, 0] ^ X[:, 1]), dict(epochs=25, batch_size=16)


@prog("projectile-range-sgd", "regression", "mse", "model")
def _(r, fixed):
    """Fitting v^2 sin(2a)/g with SGD on raw speeds and metres: the first steps kill every relu."""
    n = 1500
    v, a = r.uniform(5, 40, n), r.uniform(5, 85, n)
    y = v**2 * np.sin(2 * np.radians(a)) / 9.81
    X = np.c_[v, a]
    y = y[:, None]
    if fixed:
        X, y = z(X), z(y)
    m = seq((2,), D(32, activation="relu"), D(32, activation="relu"), D(1))
    m.compile(O.SGD(0.01), "mse")
    return m, f32(X), f32(y), dict(epochs=20, batch_size=32)


@prog("urbansound-mfcc-raw", "multiclass", "cce", "model")
def _(r, fixed):
    """Audio classifier answers one class: MFCC means fed raw (first coefficient about -400) into
    SGD with momentum."""
    n, k = 1500, 5
    y = r.integers(0, k, n)
    mu = r.normal(size=(k, 40))
    s = np.r_[120, 60, 30, np.linspace(20, 3, 37)]
    X = (mu[y] + 1.2 * r.normal(size=(n, 40))) * s + np.r_[-400, 100, np.zeros(38)]
    if fixed:
        X = z(X)
    m = seq(
        (40,),
        D(64, activation="relu"),
        D(64, activation="relu"),
        D(64, activation="relu"),
        D(k, activation="softmax"),
    )
    m.compile(O.SGD(0.006, momentum=0.9), "categorical_crossentropy", metrics=["accuracy"])
    return m, f32(X), f32(np.eye(k)[y]), dict(epochs=15, batch_size=32)


@prog("stacked-lstm-high-lr", "regression", "mse", "model")
def _(r, fixed):
    """Three stacked LSTMs on a seasonal series, Adam(1.0): gates saturate, the forecast is one
    flat line."""
    t = np.arange(1220)
    s = z(np.sin(t / 8) + 0.5 * np.sin(t / 3) + 0.2 * r.normal(size=1220))
    X, y = windows(s, 20)
    m = seq(
        (20, 1),
        L.LSTM(16, return_sequences=True),
        L.LSTM(16, return_sequences=True),
        L.LSTM(16),
        D(1),
    )
    m.compile(O.Adam(1.0 if not fixed else 0.003), "mse")
    return m, f32(X)[..., None], col(y), dict(epochs=10, batch_size=32)


@prog("energy-momentum-099", "regression", "mse", "model")
def _(r, fixed):
    """Building energy use: SGD(0.02, momentum=0.99) overshoots and kills the relus; fix is
    momentum 0.9."""
    X, y = friedman(r, 1500)
    m = seq(
        (8,), *[D(48, activation="relu", kernel_initializer="he_normal") for _ in range(4)], D(1)
    )
    m.compile(O.SGD(0.02, momentum=0.99 if not fixed else 0.9), "mse")
    return m, z(X), z(y), dict(epochs=12, batch_size=32)


def transformer(T, V, k, blocks=2, d=24):
    i = keras.Input((T,), dtype="int32")
    x = L.Embedding(V, d)(i)
    for _ in range(blocks):
        x = L.LayerNormalization()(x + L.MultiHeadAttention(2, 12)(x, x))
        x = L.LayerNormalization()(x + D(d)(D(48, activation="relu")(x)))
    return keras.Model(
        i, D(k, activation="softmax")(D(24, activation="relu")(L.GlobalAveragePooling1D()(x)))
    )


def topics(r, n, T, V, k):
    y = r.integers(0, k, n)
    w = r.random((n, T)) < 0.2
    return np.where(
        w, 1 + y[:, None] * 8 + r.integers(0, 8, (n, T)), r.integers(1 + 8 * k, V, (n, T))
    ).astype("int32"), y


@prog("transformer-adam-01", "multiclass", "scce", "model")
def _(r, fixed):
    """Keras text transformer with the rate raised: one topic is predicted; fix Adam(1e-3)."""
    X, y = topics(r, 1000, 24, 200, 4)
    m = transformer(24, 200, 4)
    m.compile(
        O.Adam(0.1 if not fixed else 1e-3), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return m, X, y, dict(epochs=12, batch_size=32)


@prog("max-norm-too-small", "regression", "mse", "model")
def _(r, fixed):
    """kernel_constraint=max_norm(0.05) copied as a penalty factor: four tiny layers leave only the
    output bias."""
    X, y = friedman(r, 1200)
    k = C.MaxNorm(0.05 if not fixed else 3.0)
    m = seq(
        (8,),
        *[D(32, activation="relu", kernel_constraint=k) for _ in range(3)],
        D(1, kernel_constraint=k),
    )
    m.compile(O.Adam(2e-3), "mse")
    return m, 2 * X - 1, z(y), dict(epochs=20, batch_size=32)


@prog("nonneg-constraint-demand", "regression", "mse", "model")
def _(r, fixed):
    """Demand model with NonNeg kernels everywhere although demand falls with every input: output
    is its bias."""
    n = 1500
    X = r.uniform(0, 1, (n, 5))
    y = z(-X @ np.array([3, 2, 2, 1, 1.0]) - 2 * X[:, 0] ** 2 + 0.3 * r.normal(size=n))
    k = None if fixed else C.NonNeg()
    m = seq(
        (5,),
        D(24, activation="relu", kernel_constraint=k),
        D(24, activation="relu", kernel_constraint=k),
        D(1, kernel_constraint=k),
    )
    m.compile(O.Adam(2e-3), "mse")
    return m, f32(X), col(y), dict(epochs=20, batch_size=32)


@prog("multilabel-genres-rmsprop", "multilabel", "bce", "model")
def _(r, fixed):
    """Multi-label genres from bag-of-words: RMSprop(0.3) kills the relus, every film gets the same
    genres."""
    n = 1500
    X = r.poisson(0.4, (n, 60))
    W = r.normal(size=(60, 6)) * (r.random((60, 6)) < 0.3)
    s = X @ W
    Y = s > np.quantile(s, 0.6, axis=0)
    m = seq(
        (60,),
        D(64, activation="relu"),
        D(64, activation="relu"),
        D(32, activation="relu"),
        D(6, activation="sigmoid"),
    )
    m.compile(O.RMSprop(0.3 if not fixed else 1e-3), "binary_crossentropy")
    return m, f32(X), f32(Y), dict(epochs=15, batch_size=32)


@prog("two-heads-price-raw", "regression", "mse", "model")
def _(r, fixed):
    """Two heads, rent and price of a flat, both in raw euros with clipped SGD: neither ever leaves
    0 (relative to its scale)."""
    n = 1500
    X = r.normal(size=(n, 10))
    a = X[:, 0] * X[:, 1] + X[:, 2] + X[:, 3]
    b = np.maximum(X[:, 4], 0) * 2 + X[:, 0] - X[:, 5]
    rent, price = (
        1500 + 300 * a + 100 * r.normal(size=n),
        300000 + 45000 * b + 20000 * r.normal(size=n),
    )
    if fixed:
        rent, price = z(rent), z(price)
    i = keras.Input((10,))
    h = D(48, activation="relu")(D(48, activation="relu")(i))
    m = keras.Model(i, {"rent": D(1, name="rent")(h), "price": D(1, name="price")(h)})
    m.compile(O.SGD(2.5e-4, momentum=0.9, clipnorm=1.0), {"rent": "mse", "price": "mse"})
    return m, f32(X), {"rent": col(rent), "price": col(price)}, dict(epochs=15, batch_size=32)


# activations
@prog("segmentation-softmax-one-channel", "binary", "bce", "activation")
def _(r, fixed):
    """SO, many times: Conv2D(1, 1, activation='softmax') as mask output is 1 at every pixel; fix
    sigmoid."""
    X, Y = blobs(400, r)
    m = seq(
        (16, 16, 1),
        L.Conv2D(8, 3, padding="same", activation="relu"),
        L.Conv2D(8, 3, padding="same", activation="relu"),
        L.Conv2D(1, 1, activation="sigmoid" if fixed else "softmax"),
    )
    m.compile(O.Adam(3e-3), "binary_crossentropy", metrics=["accuracy"])
    return m, X, Y, dict(epochs=13, batch_size=16)


@prog("gru-temperature-tanh-out", "regression", "mae", "activation")
def _(r, fixed):
    """Weather forecast in deg F with Dense(1, activation='tanh') on top of a GRU: always 1.0; fix
    linear."""
    t = np.arange(1512)
    s = 15 + 6 * np.sin(t / 12 * 2 * np.pi / 2) + 4 * np.sin(t / 200) + 0.8 * r.normal(size=1512)
    X, y = windows(s, 12)
    m = seq((12, 1), L.GRU(24), D(1, activation=None if fixed else "tanh"))
    m.compile(O.Adam(0.01), "mae")
    return m, f32((X - 15) / 6)[..., None], col(y), dict(epochs=15, batch_size=32)


@prog("softmax-hidden-layers", "regression", "mse", "activation")
def _(r, fixed):
    """SO: activation='softmax' in each hidden layer of a sine fit: flat line; fix tanh."""
    x = r.uniform(-np.pi, np.pi, (1500, 1))
    y = np.sin(2 * x) + 0.1 * r.normal(size=x.shape)
    a = "tanh" if fixed else "softmax"
    m = seq(
        (1,),
        D(64, activation=a),
        D(64, activation=a),
        D(64, activation=a),
        D(64, activation=a),
        D(1),
    )
    m.compile("adam", "mse")
    return m, f32(x), f32(y), dict(epochs=20, batch_size=32)


@prog("cnn-all-sigmoid", "multiclass", "scce", "activation")
def _(r, fixed):
    """Deep CNN with sigmoid in every conv and dense layer, 10% accuracy forever
    (AUTOTRAINER/DeepLocalize kind); fix relu."""
    X, y = digits()
    a = "relu" if fixed else "sigmoid"

    def c(f):
        return L.Conv2D(f, 3, padding="same", activation=a)

    m = seq(
        (8, 8, 1),
        c(12),
        c(12),
        L.MaxPooling2D(2),
        c(16),
        c(16),
        L.MaxPooling2D(2),
        L.Flatten(),
        D(32, activation=a),
        D(32, activation=a),
        D(10, activation="softmax"),
    )
    m.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return m, (X / 16).reshape(-1, 8, 8, 1), y, dict(epochs=8, batch_size=32)


# healthy controls
class WarmUp(O.schedules.LearningRateSchedule):
    def __init__(self, peak, steps):
        self.peak, self.steps = peak, steps

    def __call__(self, step):
        return self.peak * ops.minimum(1.0, (ops.cast(step, "float32") + 1) / self.steps)

    def get_config(self):
        return dict(peak=self.peak, steps=self.steps)


@prog("OK-transformer-warmup", "multiclass", "scce")
def _(r, fixed):
    """Rate rises from nothing over all 384 steps, slow start."""
    X, y = topics(r, 1000, 24, 200, 4)
    m = transformer(24, 200, 4)
    m.compile(O.Adam(WarmUp(5e-4, 380)), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return m, X, y, dict(epochs=12, batch_size=32)


@prog("OK-fraud-3-percent", "binary", "bce")
def _(r, fixed):
    """3% positives: answers 'no' for a long time, at 97% accuracy, then finds them."""
    n = 4000
    X = r.normal(size=(n, 10))
    s = X[:, 0] * X[:, 1] + X[:, 2] + 0.5 * X[:, 3]
    y = s > np.quantile(s, 0.97)
    m = seq((10,), D(32, activation="relu"), D(32, activation="relu"), D(1, activation="sigmoid"))
    m.compile(O.Adam(1e-3), "binary_crossentropy", metrics=["accuracy"])
    return m, f32(X), col(y), dict(epochs=18, batch_size=64)


@prog("OK-returns-weak-signal", "regression", "mse")
def _(r, fixed):
    """Linear signal, about 17% of the variance, in noise: outputs rightly stay near the mean."""
    n = 3000
    X = r.normal(size=(n, 6))
    y = 0.35 * X[:, 0] - 0.25 * X[:, 1] + r.normal(size=n)
    m = seq((6,), D(8, activation="relu"), D(1))
    m.compile(O.Adam(1e-3), "mse")
    return m, f32(X), col(y), dict(epochs=12, batch_size=64)


@prog("OK-parity-plateau", "binary", "bce")
def _(r, fixed):
    """Parity of 3 of 10 bits: chance for many epochs, then a sudden drop."""
    X = r.integers(0, 2, (2000, 10)) * 2 - 1
    y = X[:, 0] * X[:, 1] * X[:, 2] > 0
    m = seq((10,), D(64, activation="tanh"), D(1, activation="sigmoid"))
    m.compile(O.SGD(0.03, momentum=0.9), "binary_crossentropy", metrics=["accuracy"])
    return m, f32(X), col(y), dict(epochs=40, batch_size=64)


@prog("OK-deep-residual-24", "regression", "mse")
def _(r, fixed):
    """24 tanh layers with skips, small rate."""
    X, y = friedman(r, 1500)
    i = keras.Input((8,))
    h = D(24)(i)
    for _ in range(12):
        h = L.add([h, D(24, kernel_initializer="zeros")(D(24, activation="tanh")(h))])
    m = keras.Model(i, D(1, kernel_initializer="zeros")(h))
    m.compile(O.Adam(5e-4), "mse")
    return m, 2 * X - 1, z(y), dict(epochs=12, batch_size=32)


@prog("OK-two-heads-one-hard", "regression", "mse")
def _(r, fixed):
    """One head easy, the other a product of two inputs in noise that comes late."""
    n = 2500
    X = r.normal(size=(n, 8))
    a = X[:, 0] + X[:, 1] + 0.1 * r.normal(size=n)
    b = 0.8 * X[:, 2] * X[:, 3] + r.normal(size=n)
    i = keras.Input((8,))
    h = D(32, activation="relu")(D(32, activation="relu")(i))
    m = keras.Model(i, {"easy": D(1, name="easy")(h), "hard": D(1, name="hard")(h)})
    m.compile(O.Adam(1e-3), {"easy": "mse", "hard": "mse"})
    return m, f32(X), {"easy": z(col(a)), "hard": z(col(b))}, dict(epochs=16, batch_size=32)
