"""Small Keras programs with one injected training fault each, after the DNN-fault literature.

P maps an id to (task, loss, builder); builder(rng, fixed) returns
(model, x, y, fit_kwargs[, labels]) with the model compiled. fixed=True builds the repaired variant:
the same number of epochs, only the injected fault removed. WHERE says where the repair of a faulty
program lies: "model" (weights, initializers, optimizer, scales, regularization, dropout) or
"activation". Ids: AT = AUTOTRAINER, DC = DeepCrime mutation operator, DFD = DeepFD,
DL = DeepLocalize, DD = DeepDiagnosis, NL = NeuraLint, UM = UMLAUT (the kind of fault; the models
and the data are new), OK = healthy control (`fixed` ignored). Needs scikit-learn.
"""

import keras
import numpy as np
from keras import initializers, layers, ops, optimizers, regularizers
from sklearn import datasets
from sklearn.preprocessing import StandardScaler

P = {}
WHERE = {}


def prog(id, task, loss, where=None):
    def deco(f):
        P[id] = (task, loss, f)
        if where:
            WHERE[id] = where
        return f

    return deco


# ---------------------------------------------------------------- data


def scaled(x):
    return StandardScaler().fit_transform(x).astype("float32")


def onehot(y, n):
    return np.eye(n, dtype="float32")[np.asarray(y).astype(int)]


def load_digits(image=False):
    d = datasets.load_digits()
    x = (d.data / 16.0).astype("float32")
    return (x.reshape(-1, 8, 8, 1) if image else x), d.target.astype("int32")


def housing(rng, n=1500):
    """A california-like table in raw units; the price is in dollars."""
    income = rng.gamma(4.0, 12000.0, n)
    age = rng.uniform(1, 52, n)
    rooms = rng.normal(5.4, 1.2, n).clip(1)
    population = rng.gamma(2.0, 700.0, n)
    lat = rng.uniform(32.5, 42.0, n)
    lon = rng.uniform(-124.3, -114.3, n)
    price = (
        2.6 * income
        + 800 * age
        + 14000 * rooms
        - 6 * population
        - 9000 * (lat - 37)
        + rng.normal(0, 15000, n)
        + 40000
    )
    x = np.stack([income, age, rooms, population, lat, lon], 1)
    return x.astype("float32"), price.astype("float32")[:, None]


def waves(rng, n=900, steps=48):
    """Noisy sine, square and sawtooth of random phase and frequency, three classes."""
    t = np.arange(steps)
    y = rng.integers(0, 3, n)
    ph = t[None] * rng.uniform(0.25, 0.5, (n, 1)) + rng.uniform(0, 2 * np.pi, (n, 1))
    shapes = [np.sin(ph), np.sign(np.sin(ph)), (ph / np.pi) % 2 - 1]
    x = np.choose(y[:, None], shapes) + 0.15 * rng.normal(size=(n, steps))
    return x.astype("float32")[..., None], y.astype("int32")


def windows(series, steps):
    x = np.stack([series[i : i + steps] for i in range(len(series) - steps)])
    return x[..., None].astype("float32"), series[steps:, None].astype("float32")


def temperatures(rng, n=900):
    """Daily temperatures in degrees Celsius, some years shortened to 90 days."""
    t = np.arange(n)
    return 18 + 8 * np.sin(2 * np.pi * t / 90) + 2 * np.sin(t / 3.5) + 0.6 * rng.normal(size=n)


def reviews(rng, n=1200, vocab=400, length=24, positive=0.5):
    """Token sequences whose few sentiment words (ids 1-20 good, 21-40 bad) decide the label."""
    y = (rng.random(n) < positive).astype("float32")
    x = rng.integers(41, vocab, (n, length))
    for i in range(n):
        where = rng.choice(length, 5, replace=False)
        x[i, where] = rng.integers(1, 21, 5) + (0 if y[i] else 20)
    return x.astype("int32"), y[:, None]


def shapes_images(rng, n=800, size=16):
    """Grey-level pictures of a filled square, a hollow square or a cross."""
    x = 0.1 * rng.random((n, size, size, 1))
    y = rng.integers(0, 3, n)
    for i in range(n):
        a, b = rng.integers(1, size - 8, 2)
        if y[i] == 0:
            x[i, a : a + 7, b : b + 7] += 0.8
        elif y[i] == 1:
            x[i, a : a + 7, b : b + 7] += 0.8
            x[i, a + 1 : a + 6, b + 1 : b + 6] -= 0.8
        else:
            x[i, a + 3, b : b + 7] += 0.8
            x[i, a : a + 7, b + 3] += 0.8
    return x.clip(0, 1).astype("float32"), y.astype("int32")


def blob_images(rng, n=700, size=16):
    """One gaussian blob a picture; returns the pictures, the centre in [-1, 1] and the width."""
    c = rng.uniform(3, size - 3, (n, 2))
    s = rng.uniform(1.0, 3.0, (n, 1))
    g = np.arange(size)
    d = (g[None, :, None] - c[:, 0, None, None]) ** 2 + (g[None, None] - c[:, 1, None, None]) ** 2
    x = np.exp(-d / (2 * s[:, :, None] ** 2)) + 0.05 * rng.normal(size=(n, size, size))
    return x.astype("float32")[..., None], (c / size * 2 - 1).astype("float32"), s.astype("float32")


def transformer_block(x, dim, heads):
    a = layers.MultiHeadAttention(heads, dim // heads)(x, x)
    x = layers.LayerNormalization()(x + a)
    f = layers.Dense(dim)(layers.Dense(2 * dim, activation="relu")(x))
    return layers.LayerNormalization()(x + f)


class PositionEmbedding(layers.Layer):
    def __init__(self, vocab, length, dim, **kw):
        super().__init__(**kw)
        self.tokens = layers.Embedding(vocab, dim)
        self.positions = layers.Embedding(length, dim)

    def call(self, x):
        return self.tokens(x) + self.positions(ops.arange(x.shape[1]))


# ---------------------------------------------------------------- faults repaired in the model


# weights initialisation changed to zeros (WCI)
@prog("DC-wave-conv1d-zero-weights", "multiclass", "scce", "model")
def _(rng, fixed):
    x, y = waves(rng)
    init = "he_normal" if fixed else "zeros"
    m = keras.Sequential(
        [
            keras.Input((48, 1)),
            layers.Conv1D(16, 5, activation="relu", kernel_initializer=init),
            layers.MaxPooling1D(2),
            layers.Conv1D(32, 5, activation="relu", kernel_initializer=init),
            layers.GlobalAveragePooling1D(),
            layers.Dense(3, activation="softmax", kernel_initializer=init),
        ]
    )
    m.compile(optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return m, x, y, dict(batch_size=32, epochs=25)


# raw features, with incomes in dollars, under plain SGD
@prog("DFD-housing-mlp-raw-features", "regression", "mse", "model")
def _(rng, fixed):
    x, y = housing(rng)
    if fixed:
        x = scaled(x)
    m = keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(32, activation="relu"),
            layers.Dense(16, activation="relu"),
            layers.Dense(1),
        ]
    )
    m.compile(optimizers.SGD(0.01), "mse")
    return m, x, scaled(y), dict(batch_size=32, epochs=30)


# vanishing gradient: a deep tanh net started from tiny weights
@prog("AT-cancer-deep-tanh-tiny-init", "binary", "bce", "model")
def _(rng, fixed):
    x, y = datasets.load_breast_cancer(return_X_y=True)
    init = "glorot_uniform" if fixed else initializers.RandomNormal(stddev=0.01)
    m = keras.Sequential([keras.Input((30,))])
    for _ in range(8):
        m.add(layers.Dense(16, activation="tanh", kernel_initializer=init))
    m.add(layers.Dense(1, activation="sigmoid", kernel_initializer=init))
    m.compile(optimizers.SGD(0.01, momentum=0.9), "binary_crossentropy", metrics=["accuracy"])
    return m, scaled(x), y.astype("float32")[:, None], dict(batch_size=32, epochs=40)


# dropout rate (meant as the share to keep) of .95 after every hidden layer
@prog("UM-wine-mlp-dropout", "multiclass", "cce", "model")
def _(rng, fixed):
    x, y = datasets.load_wine(return_X_y=True)
    m = keras.Sequential([keras.Input((13,))])
    for _ in range(4):
        m.add(layers.Dense(24, activation="relu"))
        m.add(layers.Dropout(0.2 if fixed else 0.95))
    m.add(layers.Dense(3, activation="softmax"))
    m.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    return m, scaled(x), onehot(y, 3), dict(batch_size=16, epochs=80)


# sparse autoencoder whose activity penalty is orders of magnitude too strong
@prog("DC-digits-autoencoder-activity-l1", "regression", "mse", "model")
def _(rng, fixed):
    x, _ = load_digits()
    m = keras.Sequential(
        [
            keras.Input((64,)),
            layers.Dense(48, activation="relu"),
            layers.Dense(
                24, activation="relu", activity_regularizer=regularizers.L1(1e-6 if fixed else 0.1)
            ),
            layers.Dense(48, activation="relu"),
            layers.Dense(64, activation="sigmoid"),
        ]
    )
    m.compile(optimizers.Adam(2e-3), "mse")
    return m, x, x, dict(batch_size=64, epochs=40)


# optimizer changed to Adadelta at its default rate (OCH)
@prog("DC-review-embedding-adadelta", "binary", "bce", "model")
def _(rng, fixed):
    x, y = reviews(rng, positive=0.6)
    m = keras.Sequential(
        [
            keras.Input((24,), dtype="int32"),
            layers.Embedding(400, 16),
            layers.GlobalAveragePooling1D(),
            layers.Dense(16, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    m.compile("adam" if fixed else "adadelta", "binary_crossentropy", metrics=["accuracy"])
    return m, x, y, dict(batch_size=32, epochs=20)


# exploding gradient: recurrent weights of unit deviation
@prog("AT-sine-simplernn-explode", "regression", "mse", "model")
def _(rng, fixed):
    t = np.arange(900)
    x, y = windows(np.sin(t / 6) + 0.3 * np.sin(t / 2.3) + 0.05 * rng.normal(size=900), 30)
    rec = "orthogonal" if fixed else initializers.RandomNormal(stddev=1.0)
    m = keras.Sequential(
        [
            keras.Input((30, 1)),
            layers.SimpleRNN(24, activation="relu", recurrent_initializer=rec),
            layers.Dense(1),
        ]
    )
    m.compile(optimizers.SGD(0.01), "mse")
    return m, x, y, dict(batch_size=32, epochs=30)


# two outputs, the regression's loss weight large enough to blow up the shared trunk
@prog("DL-blob-two-heads-loss-weight", "regression+binary", "mse+bce", "model")
def _(rng, fixed):
    x, c, s = blob_images(rng)
    wide = (s > 2.0).astype("float32")
    i = keras.Input((16, 16, 1))
    h = layers.Conv2D(8, 3, strides=2, activation="relu")(i)
    h = layers.Conv2D(16, 3, strides=2, activation="relu")(h)
    h = layers.Dense(32, activation="relu")(layers.Flatten()(h))
    m = keras.Model(
        i,
        [layers.Dense(2, name="centre")(h), layers.Dense(1, activation="sigmoid", name="wide")(h)],
    )
    m.compile(
        optimizers.SGD(0.02, momentum=0.9),
        ["mse", "binary_crossentropy"],
        loss_weights=[1.0, 1.0] if fixed else [1000.0, 1.0],
    )
    return m, x, [c, wide], dict(batch_size=32, epochs=30)


# two inputs; the target stays in dollars under Adam's default rate
@prog("DD-rent-two-inputs-raw-target", "regression", "mse", "model")
def _(rng, fixed):
    n = 1200
    x, price = housing(rng, n)
    town = rng.integers(0, 12, (n, 1)).astype("int32")
    y = price + 9000.0 * (town - 5.5)
    y = scaled(y) if fixed else y.astype("float32")
    a, b = keras.Input((6,)), keras.Input((1,), dtype="int32")
    e = layers.Flatten()(layers.Embedding(12, 4)(b))
    h = layers.Concatenate()([layers.Dense(24, activation="relu")(a), e])
    h = layers.Dense(24, activation="relu")(h)
    m = keras.Model([a, b], layers.Dense(1)(h))
    m.compile("adam", "mse", metrics=["mae"])
    return m, [scaled(x), town], y, dict(batch_size=32, epochs=25)


# batch size set to the whole data set, so SGD makes one small step an epoch (HBS)
@prog("DC-churn-mlp-full-batch", "binary", "bce", "model")
def _(rng, fixed):
    n = 480
    x = rng.normal(size=(n, 8)).astype("float32")
    s = 1.5 * x[:, 0] - x[:, 1] + x[:, 2] * x[:, 3] + 0.3 * rng.normal(size=n)
    y = (s > np.quantile(s, 0.7)).astype("float32")[:, None]
    m = keras.Sequential(
        [
            keras.Input((8,)),
            layers.Dense(24, activation="sigmoid"),
            layers.Dense(12, activation="sigmoid"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    m.compile(optimizers.SGD(0.1), "binary_crossentropy", metrics=["accuracy"])
    return m, x, y, dict(batch_size=8 if fixed else n, epochs=100)


# a raw index series (thousands of points) saturates the LSTM's gates
@prog("DFD-index-lstm-raw-inputs", "regression", "mae", "model")
def _(rng, fixed):
    t = np.arange(1000)
    s = 4800 + 900 * np.sin(t / 40) + 250 * np.sin(t / 9) + 30 * rng.normal(size=1000)
    x, y = windows(s, 16)
    if fixed:
        x = (x - s.mean()) / s.std()
    y = (y - s.mean()) / s.std()
    m = keras.Sequential(
        [
            keras.Input((16, 1)),
            layers.LSTM(16, return_sequences=True),
            layers.LSTM(16),
            layers.Dense(1),
        ]
    )
    m.compile(optimizers.Adam(3e-3), "mae")
    return m, x.astype("float32"), y.astype("float32"), dict(batch_size=32, epochs=15)


# decoupled weight decay several orders too strong
@prog("DC-friedman-resnet-weight-decay", "regression", "mse", "model")
def _(rng, fixed):
    x, y = datasets.make_friedman1(1200, noise=0.5, random_state=int(rng.integers(1000)))
    i = keras.Input((10,))
    h = layers.Dense(32, activation="relu")(i)
    for _ in range(3):
        r = layers.Dense(32, activation="relu")(h)
        h = layers.Add()([h, layers.Dense(32)(r)])
    m = keras.Model(i, layers.Dense(1)(layers.Activation("relu")(h)))
    m.compile(optimizers.AdamW(2e-3, weight_decay=1e-4 if fixed else 100.0), "mse")
    return m, scaled(x), scaled(y[:, None]), dict(batch_size=32, epochs=25)


# a small transformer under a learning rate fifty times too high
@prog("UM-wave-transformer-high-lr", "regression", "mse", "model")
def _(rng, fixed):
    n, steps = 800, 24
    rate = rng.uniform(1, 4, (n, 1))
    t = np.linspace(0, 1, steps)[None]
    x = np.sin(2 * np.pi * (rate * t + rng.random((n, 1)))) + 0.1 * rng.normal(size=(n, steps))
    i = keras.Input((steps, 1))
    h = layers.Conv1D(16, 3, padding="same")(i)
    h = transformer_block(transformer_block(h, 16, 2), 16, 2)
    h = layers.GlobalAveragePooling1D()(h)
    h = layers.Dense(16, activation="relu")(h)
    m = keras.Model(i, layers.Dense(1)(h))
    m.compile(optimizers.Adam(2e-3 if fixed else 0.1), "mse")
    return m, x[..., None].astype("float32"), scaled(rate), dict(batch_size=32, epochs=20)


# kernel L2 penalty far too strong on every layer (RAW)
@prog("DC-shapes-cnn-kernel-l2", "multiclass", "cce", "model")
def _(rng, fixed):
    x, y = shapes_images(rng)
    reg = regularizers.L2(1e-5 if fixed else 0.5)
    m = keras.Sequential(
        [
            keras.Input((16, 16, 1)),
            layers.Conv2D(12, 3, activation="relu", kernel_regularizer=reg),
            layers.MaxPooling2D(),
            layers.Conv2D(24, 3, activation="relu", kernel_regularizer=reg),
            layers.Flatten(),
            layers.Dense(24, activation="relu", kernel_regularizer=reg),
            layers.Dense(3, activation="softmax", kernel_regularizer=reg),
        ]
    )
    m.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    return m, x, onehot(y, 3), dict(batch_size=32, epochs=20)


# oscillating loss: heavy momentum and a large step on a text CNN
@prog("AT-pattern-textcnn-oscillate", "multiclass", "scce", "model")
def _(rng, fixed):
    n = 900
    x = rng.integers(4, 30, (n, 15))
    y = rng.choice(4, n, p=[0.2, 0.2, 0.2, 0.4])
    for k in range(4):
        rows = np.flatnonzero(y == k)
        x[rows, rng.integers(2, 13, len(rows))] = k
    m = keras.Sequential(
        [
            keras.Input((15,), dtype="int32"),
            layers.Embedding(30, 12),
            layers.Conv1D(24, 3, activation="relu"),
            layers.GlobalMaxPooling1D(),
            layers.Dense(16, activation="relu"),
            layers.Dense(4, activation="softmax"),
        ]
    )
    opt = optimizers.SGD(0.05, momentum=0.9) if fixed else optimizers.SGD(1.0, momentum=0.99)
    m.compile(opt, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return m, x.astype("int32"), y.astype("int32"), dict(batch_size=32, epochs=25)


# slow convergence: gradients clipped to next to nothing
@prog("AT-ecg-conv1d-clipnorm", "regression", "mse", "model")
def _(rng, fixed):
    n, steps = 800, 64
    rate = rng.uniform(3, 8, (n, 1))
    ph = rng.uniform(0, 1, (n, 1))
    t = np.linspace(0, 1, steps)[None]
    x = np.exp(10 * (np.cos(2 * np.pi * (rate * t + ph)) - 1)) + 0.1 * rng.normal(size=(n, steps))
    m = keras.Sequential(
        [
            keras.Input((steps, 1)),
            layers.Conv1D(16, 7, strides=2, activation="relu"),
            layers.Conv1D(16, 5, strides=2, activation="relu"),
            layers.Flatten(),
            layers.Dense(16, activation="relu"),
            layers.Dense(1),
        ]
    )
    m.compile(optimizers.SGD(0.01, momentum=0.9, clipnorm=1.0 if fixed else 1e-5), "mse")
    return m, x[..., None].astype("float32"), rate.astype("float32"), dict(batch_size=32, epochs=25)


# ---------------------------------------------------------------- faults repaired in an activation


# sigmoid on the output of a forecaster of degrees Celsius
@prog("DD-temperature-gru-sigmoid-output", "regression", "mse", "activation")
def _(rng, fixed):
    s = temperatures(rng)
    x, y = windows(s, 12)
    x = (x - s.mean()) / s.std()
    m = keras.Sequential(
        [
            keras.Input((12, 1)),
            layers.GRU(16),
            layers.Dense(1, activation=None if fixed else "sigmoid"),
        ]
    )
    m.compile(optimizers.Adam(2e-2), "mse", metrics=["mae"])
    return m, x.astype("float32"), y, dict(batch_size=32, epochs=30)


# softmax over the single unit of a two-input classifier
@prog("NL-loan-two-inputs-softmax-one", "binary", "bce", "activation")
def _(rng, fixed):
    n = 1200
    x = rng.normal(size=(n, 5)).astype("float32")
    job = rng.integers(0, 8, (n, 1)).astype("int32")
    s = x[:, 0] + x[:, 1] * x[:, 2] + 0.5 * (job[:, 0] - 3.5) + 0.3 * rng.normal(size=n)
    y = (s > 0.5).astype("float32")[:, None]
    a, b = keras.Input((5,)), keras.Input((1,), dtype="int32")
    e = layers.Flatten()(layers.Embedding(8, 4)(b))
    h = layers.Dense(32, activation="relu")(layers.Concatenate()([a, e]))
    h = layers.Dense(16, activation="relu")(h)
    m = keras.Model([a, b], layers.Dense(1, activation="sigmoid" if fixed else "softmax")(h))
    m.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return m, [x, job], y, dict(batch_size=32, epochs=30)


# vanishing gradient: a deep stack of sigmoid convolutions
@prog("AT-digits-deep-conv-sigmoid", "multiclass", "scce", "activation")
def _(rng, fixed):
    x, y = load_digits(image=True)
    act = "relu" if fixed else "sigmoid"
    m = keras.Sequential([keras.Input((8, 8, 1))])
    for _ in range(6):
        m.add(layers.Conv2D(8, 3, padding="same", activation=act))
    m.add(layers.Flatten())
    m.add(layers.Dense(32, activation=act))
    m.add(layers.Dense(10, activation="softmax"))
    m.compile(optimizers.SGD(0.05), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return m, x, y, dict(batch_size=32, epochs=15)


# ReLU on the output of a CNN whose targets, levels in dB, are all negative
@prog("DL-blob-cnn-relu-output-db", "regression", "mae", "activation")
def _(rng, fixed):
    x, c, s = blob_images(rng)
    level = -30.0 + 8.0 * s + 4.0 * c[:, :1]
    m = keras.Sequential(
        [
            keras.Input((16, 16, 1)),
            layers.Conv2D(8, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(16, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(32, activation="relu"),
            layers.Dense(1, activation=None if fixed else "relu"),
        ]
    )
    m.compile(optimizers.Adam(2e-3), "mae")
    return m, x, level.astype("float32"), dict(batch_size=32, epochs=30)


# softmax used in every hidden layer
@prog("DFD-iris-hidden-softmax", "multiclass", "scce", "activation")
def _(rng, fixed):
    x, y = datasets.load_iris(return_X_y=True)
    act = "relu" if fixed else "softmax"
    m = keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(32, activation=act),
            layers.Dense(32, activation=act),
            layers.Dense(16, activation=act),
            layers.Dense(3, activation="softmax"),
        ]
    )
    m.compile(
        optimizers.SGD(0.02, momentum=0.9), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return m, scaled(x), y.astype("int32"), dict(batch_size=8, epochs=50)


# ---------------------------------------------------------------- healthy controls


# 8 % positives: all negative at first, then the words are found
@prog("OK-spam-imbalanced-embedding", "binary", "bce")
def _(rng, fixed):
    x, y = reviews(rng, n=1500, vocab=500, length=20, positive=0.08)
    m = keras.Sequential(
        [
            keras.Input((20,), dtype="int32"),
            layers.Embedding(500, 8),
            layers.GlobalAveragePooling1D(),
            layers.Dense(16, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    m.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return m, x, y, dict(batch_size=32, epochs=20)


# long plateau: parity of four bits among eight
@prog("OK-parity-plateau", "binary", "bce")
def _(rng, fixed):
    x = rng.integers(0, 2, (1000, 8))
    y = (x[:, 1] + x[:, 4] + x[:, 5] + x[:, 6]) % 2
    m = keras.Sequential(
        [
            keras.Input((8,)),
            layers.Dense(48, activation="tanh"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    m.compile(optimizers.SGD(0.02, momentum=0.9), "binary_crossentropy", metrics=["accuracy"])
    return (
        m,
        (2 * x - 1).astype("float32"),
        y.astype("float32")[:, None],
        dict(batch_size=32, epochs=100),
    )


# a small learning rate and a target of mean 152: a long way up, but it arrives
@prog("OK-diabetes-small-lr", "regression", "mse")
def _(rng, fixed):
    d = datasets.load_diabetes(scaled=False)
    m = keras.Sequential(
        [
            keras.Input((10,)),
            layers.Dense(32, activation="relu"),
            layers.Dense(16, activation="relu"),
            layers.Dense(1),
        ]
    )
    m.compile(optimizers.Adam(5e-4), "mse", metrics=["mae"])
    return m, scaled(d.data), d.target.astype("float32")[:, None], dict(batch_size=8, epochs=80)


# noisy targets: about 40 % of the variance can be explained
@prog("OK-sensor-conv1d-noisy", "regression", "mse")
def _(rng, fixed):
    n, steps = 1500, 32
    level = rng.normal(size=(n, 1))
    x = level * np.sin(np.arange(steps) / 3)[None] + 0.3 * rng.normal(size=(n, steps))
    y = level + 1.2 * rng.normal(size=(n, 1))
    m = keras.Sequential(
        [
            keras.Input((steps, 1)),
            layers.Conv1D(8, 5, activation="relu"),
            layers.MaxPooling1D(2),
            layers.Flatten(),
            layers.Dense(1),
        ]
    )
    m.compile(optimizers.Adam(1e-3), "mse")
    return m, x[..., None].astype("float32"), y.astype("float32"), dict(batch_size=32, epochs=20)


# rainfall: mostly dry hours, a ReLU output that is zero there
@prog("OK-rain-sparse-targets", "regression", "mse")
def _(rng, fixed):
    n = 2000
    x = rng.normal(size=(n, 6)).astype("float32")
    s = x[:, 0] + 0.8 * x[:, 1] - 0.5 * x[:, 2] ** 2
    y = 4 * np.maximum(s - 1.2, 0) * np.exp(0.1 * rng.normal(size=n))
    m = keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(32, activation="relu"),
            layers.Dense(32, activation="relu"),
            layers.Dense(1, activation="relu"),
        ]
    )
    m.compile(optimizers.Adam(1e-3), "mse")
    return m, x, y.astype("float32")[:, None], dict(batch_size=32, epochs=25)


# a transformer under a long linear warm-up: nothing happens in the first epochs
@prog("OK-order-transformer-warmup", "binary", "bce")
def _(rng, fixed):
    n, length = 1200, 12
    x = rng.integers(3, 20, (n, length))
    y = rng.integers(0, 2, n)
    for i in range(n):
        a, b = np.sort(rng.choice(length, 2, replace=False))
        x[i, a], x[i, b] = (1, 2) if y[i] else (2, 1)
    i = keras.Input((length,), dtype="int32")
    h = PositionEmbedding(20, length, 16)(i)
    h = transformer_block(transformer_block(h, 16, 2), 16, 2)
    h = layers.GlobalAveragePooling1D()(h)
    m = keras.Model(i, layers.Dense(1, activation="sigmoid")(h))
    lr = optimizers.schedules.CosineDecay(0.0, 600, warmup_target=1e-3, warmup_steps=1000)
    m.compile(optimizers.Adam(lr), "binary_crossentropy", metrics=["accuracy"])
    return m, x.astype("int32"), y.astype("float32")[:, None], dict(batch_size=32, epochs=40)
