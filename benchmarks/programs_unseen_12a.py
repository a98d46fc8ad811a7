"""Small Keras programs whose network always predicts the same value (ids u12-...).

Same format as the other programs_unseen files: P maps an id to (task, loss, builder);
builder(rng, fixed) returns (model, x, y, fit_kwargs); WHERE says what kind of repair is needed.
Only keras and numpy/scikit-learn; no downloads; nothing that is bound to one backend.
Written blind: without reading the library or its tests.
"""

import keras
import numpy as np
from keras import initializers, layers, ops, optimizers, regularizers
from sklearn import datasets

P = {}
WHERE = {}


def prog(id, task, loss, where=None):
    """Register a builder under an id."""

    def deco(f):
        P[id] = (task, loss, f)
        if where is not None:
            WHERE[id] = where
        return f

    return deco


def f32(a):
    return np.asarray(a, "float32")


def col(a):
    return f32(a).reshape(-1, 1)


def zscore(a):
    a = np.asarray(a, "float64")
    return (a - a.mean(0)) / a.std(0)


def shuffled(rng, *arrays):
    order = rng.permutation(len(arrays[0]))
    return [a[order] for a in arrays]


# ------------------------------------------------------------------ faults in the model


# StackOverflow / Kaggle, "house price net gives the same price for every house": square feet, year
# of construction and lot size go raw into tanh units and the price stays in dollars.
@prog("u12-house-dollars-tanh", "regression", "mse", "model")
def _(rng, fixed):
    n = 1200
    sqft = rng.normal(1900, 500, n).clip(500)
    year = rng.integers(1900, 2020, n)
    lot = rng.lognormal(9, 0.5, n)
    rooms = rng.integers(1, 7, n)
    price = 120 * sqft + 900 * (year - 1900) + 2.5 * lot + 9000 * rooms + rng.normal(0, 2e4, n)
    x, y = np.c_[sqft, year, lot, rooms], col(price)
    if fixed:
        x, y = zscore(x), zscore(y)
    model = keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(32, activation="tanh"),
            layers.Dense(32, activation="tanh"),
            layers.Dense(1),
        ]
    )
    model.compile(optimizers.Adam(0.001), "mse")
    return model, f32(x), f32(y), dict(batch_size=32, epochs=30)


# Cats-or-dogs tutorial copied without the rescaling: bytes 0..255 into a relu CNN, Adam(0.01).
@prog("u12-stripes-bytes-adam", "binary", "bce", "model")
def _(rng, fixed):
    n, w = 800, 20
    y = rng.integers(0, 2, n)
    grid = np.arange(w)
    x = np.empty((n, w, w, 3))
    for i in range(n):
        wave = np.sin(2 * np.pi * grid / rng.uniform(4, 8) + rng.uniform(0, 6.3))
        img = np.tile(wave, (w, 1))
        img = img if y[i] else img.T
        x[i] = 128 + 60 * img[..., None] + rng.normal(0, 30, (w, w, 3))
    x = x.clip(0, 255).round()
    if fixed:
        x = x / 255.0
    model = keras.Sequential(
        [
            keras.Input((w, w, 3)),
            layers.Conv2D(16, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dropout(0.3),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizers.Adam(0.001 if fixed else 0.03), "binary_crossentropy")
    return model, f32(x), col(y), dict(batch_size=32, epochs=12)


# Sensor log: every step of the sequence carries its unix time stamp, so the gates are saturated.
@prog("u12-lstm-unix-time", "regression", "mse", "model")
def _(rng, fixed):
    n, t = 900, 16
    start = 1.55e9 + rng.integers(0, 30_000_000, n)
    stamp = start[:, None] + 3600.0 * np.arange(t)
    value = np.cumsum(rng.normal(0, 0.4, (n, t)), 1) + rng.normal(0, 1, (n, 1))
    y = value[:, -4:].mean(1) - value[:, :4].mean(1)
    if fixed:
        stamp = (stamp - stamp.mean()) / stamp.std()
    model = keras.Sequential([keras.Input((t, 2)), layers.LSTM(24), layers.Dense(1)])
    model.compile(optimizers.Adam(0.003), "mse")
    return model, f32(np.stack([stamp, value], -1)), col(y), dict(batch_size=32, epochs=20)


# StackOverflow, "stacked LSTM converges to one value" (hand-set tiny uniform weights, plain SGD).
@prog("u12-lstm-stack-tiny-uniform", "regression", "mse", "model")
def _(rng, fixed):
    n, t = 700, 12
    phase, freq = rng.uniform(0, 6.3, (n, 1)), rng.uniform(0.2, 0.7, (n, 1))
    wave = np.sin(phase + freq * np.arange(t + 1)) + 0.03 * rng.normal(size=(n, t + 1))
    x, y = wave[:, :t, None], wave[:, t:]

    def unit(seq):
        if fixed:
            return layers.LSTM(24, return_sequences=seq)
        small = dict(
            kernel_initializer=initializers.RandomUniform(-0.005, 0.005),
            recurrent_initializer=initializers.RandomUniform(-0.005, 0.005),
        )
        return layers.LSTM(24, return_sequences=seq, **small)

    model = keras.Sequential(
        [keras.Input((t, 1)), unit(True), unit(True), unit(False), layers.Dense(1)]
    )
    model.compile(optimizers.Adam(0.005) if fixed else optimizers.SGD(0.01), "mse")
    return model, f32(x), f32(y), dict(batch_size=32, epochs=20)


class Block(layers.Layer):
    """A transformer encoder block."""

    def __init__(self, d, heads, **kw):
        super().__init__(**kw)
        self.att = layers.MultiHeadAttention(heads, d // heads)
        self.up = layers.Dense(2 * d, activation="relu")
        self.down = layers.Dense(d)
        self.n1 = layers.LayerNormalization()
        self.n2 = layers.LayerNormalization()

    def build(self, shape):
        self.att.build(shape, shape)
        self.up.build(shape)
        self.down.build((*shape[:-1], self.up.units))
        self.n1.build(shape)
        self.n2.build(shape)

    def call(self, x):
        x = self.n1(x + self.att(x, x))
        return self.n2(x + self.down(self.up(x)))


# Keras text-classification-with-transformer example, post-norm, Adam at 0.05 and no warm-up:
# the loss stays at ln 3 from the first epoch on.
@prog("u12-transformer-no-warmup", "multiclass", "scce", "model")
def _(rng, fixed):
    n, t, vocab, d = 900, 12, 40, 32
    tokens = rng.integers(0, vocab, (n, t))
    counts = np.stack([(tokens % 3 == k).sum(1) for k in range(3)], 1)
    y = (counts + rng.uniform(0, 0.5, counts.shape)).argmax(1)
    inp = keras.Input((t,), dtype="int32")
    h = layers.Embedding(vocab, d)(inp)
    for _ in range(2):
        h = Block(d, 4)(h)
    h = layers.GlobalAveragePooling1D()(h)
    h = layers.Dropout(0.1)(h)
    h = layers.Dense(20, activation="relu")(h)
    model = keras.Model(inp, layers.Dense(3, activation="softmax")(h))
    rate = 0.001 if fixed else 0.1
    model.compile(optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, tokens.astype("int32"), y.astype("int32"), dict(batch_size=32, epochs=14)


# DeepFD / AUTOTRAINER kind: SGD with Nesterov momentum 0.99 and rate 0.5 on a plain classifier of
# ReLU layers; the gradients are clipped, so it does not blow up but dies.
@prog("u12-wine-momentum-099", "multiclass", "cce", "model")
def _(rng, fixed):
    d = datasets.load_wine()
    x, y = shuffled(rng, zscore(d.data), np.eye(3)[d.target])
    hidden = [layers.Dense(16, activation="relu") for _ in range(6)]
    model = keras.Sequential([keras.Input((13,)), *hidden, layers.Dense(3, activation="softmax")])
    if fixed:
        opt = optimizers.SGD(0.02, momentum=0.9, nesterov=True, clipnorm=1.0)
    else:
        opt = optimizers.SGD(0.5, momentum=0.99, nesterov=True, clipnorm=1.0)
    model.compile(opt, "categorical_crossentropy", metrics=["accuracy"])
    return model, f32(x), f32(y), dict(batch_size=16, epochs=30)


# Keras blog, "Building autoencoders": 'adadelta' as in the post, whose default rate used to be 1.0
# and is 0.001 today; every digit is decoded to the same grey square.
@prog("u12-autoencoder-adadelta", "regression", "mse", "model")
def _(rng, fixed):
    x = datasets.load_digits().data / 16.0
    (x,) = shuffled(rng, x)
    inp = keras.Input((64,))
    h = layers.Dense(64, activation="relu")(inp)
    code = layers.Dense(24, activation="relu")(h)
    h = layers.Dense(64, activation="relu")(code)
    model = keras.Model(inp, layers.Dense(64, activation="sigmoid")(h))
    model.compile("adam" if fixed else "adadelta", "mse")
    return model, f32(x), f32(x), dict(batch_size=32, epochs=30)


# Matrix factorization in the style of the fast.ai lesson: L2 on embeddings meant for a sum over
# rows; every factor is driven to zero and each user gets the mean rating.
@prog("u12-ratings-l2-embeddings", "regression", "mse", "model")
def _(rng, fixed):
    users, items, n, k = 60, 50, 2400, 4
    a, b = rng.normal(size=(users, k)), rng.normal(size=(items, k))
    u, i = rng.integers(0, users, n), rng.integers(0, items, n)
    score = 3.5 + 0.6 * (a[u] * b[i]).sum(1) + 0.1 * rng.normal(size=n)
    reg = regularizers.L2(1e-6 if fixed else 0.05)
    inp = keras.Input((2,), dtype="int32")
    pu = layers.Embedding(users, 8, embeddings_regularizer=reg)(inp[:, 0])
    qi = layers.Embedding(items, 8, embeddings_regularizer=reg)(inp[:, 1])
    dot = layers.Dot(1)([pu, qi])
    model = keras.Model(inp, layers.Dense(1, bias_initializer=initializers.Constant(3.5))(dot))
    model.compile(optimizers.Adam(0.01), "mse")
    return model, np.c_[u, i].astype("int32"), col(score), dict(batch_size=32, epochs=25)


# StackOverflow, "why keras embedding not learning (for recommendation system)": Adam(decay=0.9),
# i.e. the rate is divided by 1 + 0.9 t at step t.
@prog("u12-recommender-decay-09", "binary", "bce", "model")
def _(rng, fixed):
    users, items, n = 80, 60, 3000
    gu, gi = rng.integers(0, 4, users), rng.integers(0, 4, items)
    like = rng.random((4, 4)) < 0.5
    like[0, 0], like[1, 1] = True, False
    u, i = rng.integers(0, users, n), rng.integers(0, items, n)
    y = like[gu[u], gi[i]] ^ (rng.random(n) < 0.02)
    left, right = keras.Input((1,), dtype="int32"), keras.Input((1,), dtype="int32")
    reg = regularizers.L2(1e-6)
    p = layers.Flatten()(layers.Embedding(users, 16, embeddings_regularizer=reg)(left))
    q = layers.Flatten()(layers.Embedding(items, 16, embeddings_regularizer=reg)(right))
    h = layers.Concatenate()([layers.Dropout(0.1)(p), layers.Dropout(0.1)(q)])
    h = layers.Dense(50, activation="relu")(h)
    model = keras.Model([left, right], layers.Dense(1, activation="sigmoid")(h))
    rate = 0.003 if fixed else optimizers.schedules.InverseTimeDecay(0.001, 1, 0.9)
    model.compile(optimizers.Adam(rate), "binary_crossentropy", metrics=["accuracy"])
    x = [u.astype("int32").reshape(-1, 1), i.astype("int32").reshape(-1, 1)]
    return model, x, col(y), dict(batch_size=64, epochs=25)


# Warm restarts copied from an image-net recipe for SGD and given to Adam: each cycle starts at 1.0.
@prog("u12-warm-restarts-adam", "regression", "mse", "model")
def _(rng, fixed):
    x = rng.uniform(-1, 1, (1500, 6))
    y = np.sin(3 * x[:, 0]) + x[:, 1] * x[:, 2] + 0.5 * x[:, 3] + 0.05 * rng.normal(size=1500)
    model = keras.Sequential(
        [
            keras.Input((6,)),
            *[layers.Dense(32, activation="relu") for _ in range(5)],
            layers.Dense(1),
        ]
    )
    rate = optimizers.schedules.CosineDecayRestarts(
        0.005 if fixed else 1.0, first_decay_steps=150, t_mul=2.0, m_mul=1.0, alpha=0.001
    )
    model.compile(optimizers.Adam(rate), "mse")
    return model, f32(x), col(y), dict(batch_size=32, epochs=22)


# RetinaNet's prior bias -4.6 given to every layer rather than to the last one: all units are dead.
@prog("u12-prior-bias-everywhere", "multilabel", "bce", "model")
def _(rng, fixed):
    n, w = 900, 16
    y = (rng.random((n, 3)) < 0.35).astype("int32")
    x = 0.08 * rng.normal(size=(n, w, w, 1))
    stamps = np.zeros((3, 4, 4))
    stamps[0] = 1.0
    stamps[1] = np.eye(4) * 2
    stamps[2, 1:3] = 1.5
    for i in range(n):
        for k in np.flatnonzero(y[i]):
            r, c = rng.integers(0, w - 4, 2)
            x[i, r : r + 4, c : c + 4, 0] += stamps[k]
    prior = initializers.Constant(-4.6)
    b = "zeros" if fixed else prior
    model = keras.Sequential(
        [
            keras.Input((w, w, 1)),
            layers.Conv2D(16, 3, activation="relu", padding="same", bias_initializer=b),
            layers.Conv2D(32, 3, activation="relu", strides=2, bias_initializer=b),
            layers.GlobalMaxPooling2D(),
            layers.Dense(32, activation="relu", bias_initializer=b),
            layers.Dense(3, activation="sigmoid", bias_initializer=prior),
        ]
    )
    model.compile(optimizers.Adam(0.004), "binary_crossentropy", metrics=["binary_accuracy"])
    return model, f32(x), f32(y), dict(batch_size=32, epochs=20)


# Residual tabular net with "zero-init" taken too far: the last kernel of each branch, the stem and
# the head are zero, so only the output bias ever receives a gradient.
@prog("u12-resnet-zero-init", "regression", "mse", "model")
def _(rng, fixed):
    d = datasets.load_diabetes(scaled=False)
    x, y = shuffled(rng, zscore(d.data), zscore(d.target))
    zero = "glorot_uniform" if fixed else "zeros"
    inp = keras.Input((10,))
    h = layers.Dense(32, kernel_initializer=zero)(inp)
    for _ in range(2):
        r = layers.LayerNormalization()(h)
        r = layers.Dense(32, activation="relu")(r)
        r = layers.Dense(32, kernel_initializer="zeros")(r)
        h = layers.Add()([h, r])
    model = keras.Model(inp, layers.Dense(1, kernel_initializer=zero)(h))
    model.compile(optimizers.Adam(0.002), "mse")
    return model, f32(x), col(y), dict(batch_size=32, epochs=40)


# Card-fraud tutorial: Time in seconds and Amount in cents stay raw beside standardized V1..V8, SGD.
@prog("u12-fraud-raw-amount", "binary", "bce", "model")
def _(rng, fixed):
    n = 3000
    v = rng.normal(size=(n, 8))
    score = v @ np.array([1.5, -1, 1, 0.5, 0, 0, -0.7, 0.4])
    y = score > np.quantile(score, 0.88)
    x = np.c_[rng.uniform(0, 172_800, n), v, 100 * rng.lognormal(3, 1, n)]
    if fixed:
        x = zscore(x)
    model = keras.Sequential(
        [
            keras.Input((10,)),
            layers.Dense(24, activation="relu"),
            layers.Dense(24, activation="relu"),
            layers.Dropout(0.2),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    opt = optimizers.SGD(0.05, momentum=0.9)
    model.compile(opt, "binary_crossentropy", metrics=["accuracy"])
    return model, f32(x), col(y), dict(batch_size=64, epochs=15)


# Relu SimpleRNN trained with the SGD settings of an image net (0.3, momentum 0.9): clipping keeps
# the loss finite, but after the first explosions no unit is left alive.
@prog("u12-relu-rnn-sgd-rate", "regression", "mse", "model")
def _(rng, fixed):
    n, t = 900, 16
    x = rng.uniform(0, 1, (n, t, 1))
    y = zscore(x[:, -8:, 0].sum(1))
    model = keras.Sequential(
        [keras.Input((t, 1)), layers.SimpleRNN(32, activation="relu"), layers.Dense(1)]
    )
    rate = 0.01 if fixed else 0.3
    model.compile(optimizers.SGD(rate, momentum=0.9, clipnorm=1.0), "mse")
    return model, f32(x), col(y), dict(batch_size=32, epochs=20)


# Two heads (age and gender style) behind one trunk; clipnorm=1e-4 was meant to be clipvalue=1.
@prog("u12-two-heads-clipnorm", "regression", "mse", "model")
def _(rng, fixed):
    x = rng.normal(size=(1200, 8))
    a = x[:, 0] * x[:, 1] + x[:, 2]
    b = np.tanh(x[:, 3] - x[:, 4]) + 0.5 * x[:, 5]
    y = {"a": col(zscore(a)), "b": col(zscore(b))}
    inp = keras.Input((8,))
    h = layers.Dense(48, activation="relu")(inp)
    h = layers.Dense(48, activation="relu")(h)
    outs = {}
    for k in ("a", "b"):
        small = initializers.RandomNormal(stddev=0.001)
        outs[k] = layers.Dense(1, kernel_initializer=small, name=k)(h)
    model = keras.Model(inp, outs)
    clip = {"clipvalue": 1.0} if fixed else {"clipnorm": 1e-4}
    opt = optimizers.SGD(0.03, momentum=0.9, **clip)
    model.compile(opt, {"a": "mse", "b": "mse"})
    return model, f32(x), y, dict(batch_size=32, epochs=25)


# StackOverflow, "all optimizers work but ftrl": FTRL starts from z = 0, so the first update throws
# the random weights away and what it builds instead is next to zero.
@prog("u12-ftrl-mlp", "binary", "bce", "model")
def _(rng, fixed):
    d = datasets.load_breast_cancer()
    x, y = shuffled(rng, zscore(d.data), d.target)
    model = keras.Sequential(
        [
            keras.Input((30,)),
            layers.Dense(32, activation="relu"),
            layers.Dense(32, activation="relu"),
            layers.Dense(16, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizers.Adam(0.001) if fixed else "ftrl", "binary_crossentropy")
    return model, f32(x), col(y), dict(batch_size=32, epochs=25)


# ------------------------------------------------------------------ faults in an activation


# StackOverflow, "Why does a binary Keras CNN always predict 1?": Conv1D, BatchNormalization,
# LeakyReLU and then Dense(1) + Activation('softmax').
@prog("u12-conv1d-softmax-one", "binary", "bce", "activation")
def _(rng, fixed):
    n = 1200
    x = np.cumsum(rng.normal(size=(n, 10, 4)), 1) * 0.5
    y = x[:, -1, 0] + x[:, -1, 1] > x[:, 0, 0] - 0.3
    model = keras.Sequential(
        [
            keras.Input((10, 4)),
            layers.Conv1D(16, 4, padding="same"),
            layers.BatchNormalization(),
            layers.LeakyReLU(),
            layers.Dropout(0.2),
            layers.Conv1D(8, 4, padding="same"),
            layers.BatchNormalization(),
            layers.LeakyReLU(),
            layers.Dropout(0.2),
            layers.Flatten(),
            layers.Dense(64),
            layers.BatchNormalization(),
            layers.LeakyReLU(),
            layers.Dense(1),
            layers.Activation("sigmoid" if fixed else "softmax"),
        ]
    )
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return model, f32(x), col(y), dict(batch_size=64, epochs=12)


# Temperature forecast in degrees with the tanh head of a tutorial that had scaled its series.
@prog("u12-gru-celsius-tanh", "regression", "mae", "activation")
def _(rng, fixed):
    n, t = 1000, 14
    day = rng.integers(0, 3000, n)[:, None] + np.arange(t + 1)
    temp = 18 + 8 * np.sin(2 * np.pi * day / 365) + 2 * np.sin(day / 3.0)
    temp = temp + 0.5 * rng.normal(size=temp.shape)
    x, y = (temp[:, :t, None] - 18) / 6, temp[:, t:]
    model = keras.Sequential(
        [keras.Input((t, 1)), layers.GRU(24), layers.Dense(1, activation=None if fixed else "tanh")]
    )
    model.compile(optimizers.Adam(0.03), "mae")
    return model, f32(x), f32(y), dict(batch_size=32, epochs=25)


class LogYield(keras.Model):
    def __init__(self, head, **kw):
        super().__init__(**kw)
        self.norm = layers.BatchNormalization()
        self.h1 = layers.Dense(32, activation="relu")
        self.h2 = layers.Dense(16, activation="relu")
        self.out = layers.Dense(1, activation=head)

    def call(self, x, training=None):
        return self.out(self.h2(self.h1(self.norm(x, training=training))))


# log10 of concentrations (all negative) with a relu output, in a subclassed model.
@prog("u12-log-yield-relu-head", "regression", "mse", "activation")
def _(rng, fixed):
    x = rng.uniform(0, 50, (1000, 5))
    y = -4 + 0.03 * x[:, 0] - 0.02 * x[:, 1] + np.sin(x[:, 2] / 12) + 0.05 * rng.normal(size=1000)
    model = LogYield(None if fixed else "relu")
    model.compile(optimizers.Adam(0.005), "mse")
    return model, f32(x), col(y), dict(batch_size=32, epochs=20)


# ReLU6 spelled as ReLU(threshold=6) in a small MobileNet-like net: nothing ever passes 6.
@prog("u12-relu-threshold-6", "multiclass", "scce", "activation")
def _(rng, fixed):
    d = datasets.load_digits()
    x, y = shuffled(rng, d.data.reshape(-1, 8, 8, 1) / 16.0, d.target)

    def relu6():
        return layers.ReLU(max_value=6.0) if fixed else layers.ReLU(threshold=6.0)

    inp = keras.Input((8, 8, 1))
    h = layers.Conv2D(16, 3, padding="same", use_bias=False)(inp)
    h = relu6()(layers.BatchNormalization(momentum=0.9)(h))
    for f in (24, 32):
        h = layers.DepthwiseConv2D(3, padding="same", use_bias=False)(h)
        h = relu6()(layers.BatchNormalization(momentum=0.9)(h))
        h = layers.Conv2D(f, 1, use_bias=False)(h)
        h = relu6()(layers.BatchNormalization(momentum=0.9)(h))
        h = layers.MaxPooling2D()(h)
    h = layers.Flatten()(h)
    model = keras.Model(inp, layers.Dense(10, activation="softmax")(h))
    model.compile(optimizers.Adam(0.005), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, f32(x), y.astype("int32"), dict(batch_size=64, epochs=10)


def dice_loss(true, pred):
    both = ops.sum(true * pred, axis=(1, 2, 3))
    total = ops.sum(true, axis=(1, 2, 3)) + ops.sum(pred, axis=(1, 2, 3))
    return 1 - ops.mean((2 * both + 1) / (total + 1))


# Segmentation with a one-channel mask, Dice loss and softmax over the channels (a frequent U-Net
# question): each pixel is foreground.
@prog("u12-unet-softmax-mask", "multilabel", "custom", "activation")
def _(rng, fixed):
    n, w = 300, 16
    r, c = np.mgrid[:w, :w]
    mask = np.zeros((n, w, w, 1))
    for i in range(n):
        for _ in range(2):
            a, b, s = rng.uniform(3, 13), rng.uniform(3, 13), rng.uniform(2, 4.5)
            mask[i, (r - a) ** 2 + (c - b) ** 2 < s * s] = 1
    x = 0.3 + 0.4 * mask + 0.12 * rng.normal(size=mask.shape)
    inp = keras.Input((w, w, 1))
    c1 = layers.Conv2D(8, 3, activation="relu", padding="same")(inp)
    c2 = layers.Conv2D(16, 3, activation="relu", padding="same")(layers.MaxPooling2D()(c1))
    up = layers.Concatenate()([layers.UpSampling2D()(c2), c1])
    h = layers.Conv2D(8, 3, activation="relu", padding="same")(up)
    head = "sigmoid" if fixed else "softmax"
    model = keras.Model(inp, layers.Conv2D(1, 1, activation=head)(h))
    model.compile(optimizers.Adam(0.003), dice_loss, metrics=["binary_accuracy"])
    return model, f32(x), f32(mask), dict(batch_size=16, epochs=15)
