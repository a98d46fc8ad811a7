"""A fourth set of programs, written without sight of the library: faults another setting can undo.

``P`` maps an id to (task, loss, builder); ``builder(rng, fixed)`` returns a compiled model, x, y
and the arguments of ``fit``, with integer labels as a fifth item if y does not carry them. Every
fault lies in the weights, the optimizer, a penalty or the scale of the data, never in the
architecture, an activation, the loss or the labels; ``fixed=True`` changes that setting alone.
``WHERE`` says so for each program; ids that begin with ``OK-`` are healthy and have no entry.
"""

import keras
import numpy as np
from keras import callbacks as C
from keras import initializers as I
from keras import layers as L
from keras import optimizers as O
from keras import regularizers as R
from sklearn import datasets
from sklearn.preprocessing import StandardScaler

P = {}
WHERE = {}


def prog(name, task, loss, where=None):
    def register(build):
        P[name] = (task, loss, build)
        if where is not None:
            WHERE[name] = where
        return build

    return register


def f32(a):
    return np.asarray(a, "float32")


def scaled(a):
    a = np.asarray(a, "float64")
    return f32((a - a.mean(0)) / (a.std(0) + 1e-9))


def one_hot(k, n):
    return np.eye(n, dtype="float32")[np.asarray(k).astype(int)]


# Cross Validated 418955: two linear neurons in a row, y = x**2 + 3 for x = 0..99. The asker had
# standardized x, left y in the thousands, and plain "sgd" ran off to NaN.
@prog("CV-418955", "regression", "mse", "model")
def _(r, fixed):
    x = np.arange(100.0)[:, None]
    y = x**2 + 3
    m = keras.Sequential([keras.Input((1,)), L.Dense(1), L.Dense(1)])
    m.compile("sgd", "mse")
    return m, scaled(x), scaled(y) if fixed else f32(y), dict(epochs=150, batch_size=32)


# BERT issue 688: thirty-two labels, and each has the same probability for every sentence of the
# test set; the asker had been fine-tuning with a rate of 0.01. A small encoder in its place.
@prog("GH-bert-688", "multilabel", "bce", "model")
def _(r, fixed):
    n, t, v, q = 1200, 16, 60, 6
    x = r.integers(q, v, (n, t))
    y = (r.random((n, q)) < 0.35).astype("float32")
    for i, j in zip(*np.nonzero(y), strict=True):
        x[i, r.integers(2 * j, 2 * j + 3)] = j
    y = f32([[j in row for j in range(q)] for row in x])
    i = keras.Input((t,), dtype="int32")
    h = L.Embedding(v, 32)(i) + L.Embedding(t, 32)(keras.ops.arange(t))
    for _k in range(3):
        a = L.MultiHeadAttention(4, 8)(h, h)
        h = L.LayerNormalization()(h + a)
        d = L.Dense(32)(L.Dense(64, activation="gelu")(h))
        h = L.LayerNormalization()(h + d)
    o = L.Dense(q, activation="sigmoid")(L.GlobalAveragePooling1D()(h))
    m = keras.Model(i, o)
    m.compile(O.Adam(0.002 if fixed else 0.1), "binary_crossentropy")
    return m, x, y, dict(epochs=9, batch_size=32)


# A question about MNIST: one layer of sigmoids, dropout of one half, RMSprop, and accuracy falls to
# ten percent the moment a weight penalty is added.
@prog("mnist-sigmoid-weight-penalty", "multiclass", "cce", "model")
def _(r, fixed):
    d = datasets.load_digits()
    x = f32(d.data / 16)
    reg = R.L2(1e-4 if fixed else 0.1)
    m = keras.Sequential(
        [
            keras.Input((64,)),
            L.Dense(36, activation="sigmoid", kernel_regularizer=reg),
            L.Dropout(0.5),
            L.Dense(10, activation="softmax", kernel_regularizer=reg),
        ]
    )
    m.compile(O.RMSprop(0.003), "categorical_crossentropy", metrics=["accuracy"])
    kw = dict(epochs=30, batch_size=128, validation_split=0.1)
    return m, x, one_hot(d.target, 10), kw


# Keras issue 12701: six emotions from heart, skin and temperature recordings in their own units;
# the network answers with one emotion for everybody.
@prog("GH-keras-12701", "multiclass", "scce", "model")
def _(r, fixed):
    n, t = 1200, 50
    k = r.integers(0, 6, n)
    s = np.arange(t)[None]
    beat = np.sin(2 * np.pi * (0.03 + 0.03 * k[:, None]) * s + r.uniform(0, 6.3, (n, 1)))
    ecg = 0.2 * beat + 0.05 * r.normal(size=(n, t))
    gsr = 0.002 + 0.001 * r.random((n, 1)) + 0.0003 * r.normal(size=(n, t))
    temp = 40.1 + 0.3 * r.normal(size=(n, 1)) + 0.05 * r.normal(size=(n, t))
    x = np.stack([ecg, gsr, temp], -1)
    if fixed:
        x = (x - x.mean((0, 1))) / x.std((0, 1))
    m = keras.Sequential(
        [
            keras.Input((t, 3)),
            L.Conv1D(32, 7, strides=2, activation="tanh"),
            L.Conv1D(32, 5, strides=2, activation="tanh"),
            L.Flatten(),
            L.Dense(64, activation="tanh"),
            L.Dense(6, activation="softmax"),
        ]
    )
    m.compile(O.SGD(0.01, momentum=0.9), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return m, f32(x), k, dict(epochs=20, batch_size=32)


# Keras issue 741: several labels for one colour photograph; after training on bytes with the SGD
# line of the CIFAR example the outputs were all zero, or 1e-291.
@prog("GH-keras-741", "multilabel", "bce", "model")
def _(r, fixed):
    n, q = 800, 5
    y = (r.random((n, q)) < 0.3).astype("float32")
    x = r.integers(0, 120, (n, 16, 16, 3)).astype("float32")
    for i, j in zip(*np.nonzero(y), strict=True):
        a, b = r.integers(0, 10, 2)
        x[i, a : a + 6, b : b + 6] += 120 * np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1]] * 2)[j]
        if j > 2:
            x[i, a : a + 6 : 2, b : b + 6] = 0
    if fixed:
        x = x / 255
    m = keras.Sequential(
        [
            keras.Input((16, 16, 3)),
            L.Conv2D(16, 3, padding="same", activation="relu"),
            L.MaxPooling2D(),
            L.Conv2D(32, 3, activation="relu"),
            L.MaxPooling2D(),
            L.Flatten(),
            L.Dense(64, activation="relu"),
            L.Dense(q, activation="sigmoid"),
        ]
    )
    m.compile(O.SGD(0.01, momentum=0.9, nesterov=True), "binary_crossentropy")
    cb = [C.ReduceLROnPlateau(monitor="loss", factor=0.5, patience=5)]
    return m, x, y, dict(epochs=30, batch_size=32, callbacks=cb)


# Keras issue 9889: stacked LSTMs over windows of Fourier magnitudes in raw units; all 1606
# predictions were 47.96572, about the mean of the targets.
@prog("GH-keras-9889", "regression", "mse", "model")
def _(r, fixed):
    n, t, b = 1000, 10, 40
    f = r.uniform(5, 35, n)
    bins = np.arange(b)[None, None]
    drift = f[:, None, None] + np.linspace(-1, 1, t)[None, :, None]
    x = np.exp(9 + 3 * np.exp(-(((bins - drift) / 3) ** 2)) + 0.5 * r.normal(size=(n, t, b)))
    y = (48 + 0.8 * (f - 20) + 0.5 * r.normal(size=n))[:, None]
    if fixed:
        x, y = np.log(x), scaled(y)
        x = (x - x.mean()) / x.std()
    m = keras.Sequential(
        [
            keras.Input((t, b)),
            L.LSTM(32, return_sequences=True),
            L.Dropout(0.2),
            L.LSTM(16),
            L.Dense(1),
        ]
    )
    m.compile(O.Adam(0.01), "mse")
    return m, f32(x), f32(y), dict(epochs=15, batch_size=32)


class Tower(keras.Model):
    def __init__(self, width=32, blocks=4):
        super().__init__()
        self.stem = L.Dense(width)
        self.inner = [L.Dense(width, activation="relu") for _ in range(blocks)]
        self.outer = [L.Dense(width) for _ in range(blocks)]
        self.head = L.Dense(1)

    def call(self, x):
        h = self.stem(x)
        for a, b in zip(self.inner, self.outer, strict=True):
            h = h + b(a(h))
        return self.head(h)


# A residual network for tables, written as a class, with SGD(0.9): the author meant the momentum,
# but the first argument is the rate.
@prog("residual-class-sgd-point-nine", "regression", "huber", "model")
def _(r, fixed):
    x, y = datasets.make_friedman1(1000, 10, noise=0.5, random_state=int(r.integers(1e6)))
    m = Tower()
    m.compile(O.SGD(0.01, momentum=0.9) if fixed else O.SGD(0.9), "huber")
    return m, scaled(x), scaled(y[:, None]), dict(epochs=15, batch_size=32)


# Where a blob lies and how large it is, three named outputs of one convolutional trunk, compiled
# with Adam(0.9, 0.999): the two numbers are the betas of the documentation, read as rate and beta.
@prog("blob-three-heads-adam-betas", "regression", "mse", "model")
def _(r, fixed):
    n, w = 900, 20
    cx, cy = r.uniform(4, 16, (2, n))
    s = r.uniform(1.0, 4.0, n)
    g = np.arange(w)
    d = (g[None, None] - cx[:, None, None]) ** 2 + (g[None, :, None] - cy[:, None, None]) ** 2
    x = np.exp(-d / (2 * s[:, None, None] ** 2)) + 0.05 * r.normal(size=(n, w, w))
    y = {k: scaled(v[:, None]) for k, v in dict(left=cx, top=cy, size=s).items()}
    i = keras.Input((w, w, 1))
    h = L.Conv2D(8, 5, strides=2, activation="relu")(i)
    h = L.Conv2D(16, 3, strides=2, activation="relu")(h)
    h = L.Dense(64, activation="relu")(L.Flatten()(h))
    m = keras.Model(i, {k: L.Dense(1, name=k)(h) for k in y})
    m.compile(O.Adam(0.002, 0.9, 0.999) if fixed else O.Adam(0.9, 0.999), dict.fromkeys(y, "mse"))
    return m, f32(x[..., None]), y, dict(epochs=15, batch_size=32)


# Heat demand for each hour of a day from the weather of that day, TimeDistributed over a GRU; the
# asker wanted "sparse activations" and gave the GRU an activity penalty of one.
@prog("heat-demand-activity-l1", "regression", "mae", "model")
def _(r, fixed):
    n, t = 600, 24
    hours = np.arange(t)[None]
    temp = r.normal(5, 6, (n, 1)) + 4 * np.sin((hours - 8) / 24 * 6.28) + r.normal(size=(n, t))
    wind = np.abs(r.normal(4, 2, (n, t)))
    x = np.stack([temp / 8, wind / 4, np.sin(hours / 24 * 6.28) + 0 * temp], -1)
    lag = np.c_[temp[:, :1], temp[:, :-1]]
    y = scaled((-temp - 0.7 * lag + wind).reshape(-1, 1)).reshape(n, t, 1)
    m = keras.Sequential(
        [
            keras.Input((t, 3)),
            L.GRU(
                24,
                return_sequences=True,
                activity_regularizer=R.L1(1e-6 if fixed else 1.0),
            ),
            L.TimeDistributed(L.Dense(16, activation="relu")),
            L.TimeDistributed(L.Dense(1)),
        ]
    )
    m.compile(O.Adam(0.005), "mae")
    return m, f32(x), y, dict(epochs=15, batch_size=32)


# The LSTM autoencoder of the blogs (LSTM, RepeatVector, LSTM, TimeDistributed) on sensor readings
# around 500: the reconstruction is a flat line far below the data.
@prog("lstm-autoencoder-sensor-units", "regression", "mse", "model")
def _(r, fixed):
    n, t = 800, 12
    s = np.arange(t)[None]
    x = 500 + r.normal(0, 60, (n, 1)) + r.normal(0, 8, (n, 1)) * (s - 5.5)
    x = (x + 3 * r.normal(size=(n, t)))[..., None]
    if fixed:
        x = (x - x.mean()) / x.std()
    m = keras.Sequential(
        [
            keras.Input((t, 1)),
            L.LSTM(32),
            L.RepeatVector(t),
            L.LSTM(32, return_sequences=True),
            L.TimeDistributed(L.Dense(1)),
        ]
    )
    m.compile(O.Adam(0.003), "mse")
    cb = [C.EarlyStopping(monitor="loss", patience=5)]
    return m, f32(x), f32(x), dict(epochs=15, batch_size=32, callbacks=cb)


# Graph convolutions as A @ H @ W on small graphs with the adjacency matrix as it comes, without
# dividing by the degrees; three layers later the sums are in the tens of thousands.
@prog("graph-conv-raw-adjacency", "regression", "mse", "model")
def _(r, fixed):
    n, v = 800, 30
    a = (r.random((n, v, v)) < 0.5).astype("float64")
    a = np.maximum(a, a.transpose(0, 2, 1)) + np.eye(v)
    h0 = r.normal(size=(n, v, 4)) + r.normal(size=(n, 1, 4))
    y = scaled((np.tanh(h0[..., 0]) + h0[..., 1]).mean(1)[:, None])
    if fixed:
        a = a / a.sum(2, keepdims=True)
    ia, ih = keras.Input((v, v)), keras.Input((v, 4))
    h = ih
    for _k in range(4):
        h = L.Dense(16, activation="relu")(L.Dot(axes=(2, 1))([ia, h]))
    o = L.Dense(1)(L.GlobalAveragePooling1D()(h))
    m = keras.Model([ia, ih], o)
    m.compile(O.SGD(0.02, momentum=0.9), "mse")
    return m, [f32(a), f32(h0)], y, dict(epochs=15, batch_size=32)


# A Normalization layer adapted to trip records kept in seconds and kilometres; the frame handed to
# fit had by then been converted to milliseconds and metres.
@prog("normalization-other-units", "binary", "bce", "model")
def _(r, fixed):
    n = 1000
    seconds = r.gamma(4, 200, n) + 600
    km = seconds / 3600 * r.normal(30, 4, n)
    x = np.c_[seconds, km, r.normal(15, 3, n), r.uniform(1, 5, n)]
    y = (km / seconds * 3600 + 2 * x[:, 3] > 36).astype("float32")[:, None]
    fed = x * np.array([1000, 1000, 1, 1])
    norm = L.Normalization()
    norm.adapt(f32(fed if fixed else x))
    m = keras.Sequential(
        [
            keras.Input((4,)),
            norm,
            L.Dense(32, activation="relu"),
            L.Dense(32, activation="relu"),
            L.Dense(1, activation="sigmoid"),
        ]
    )
    m.compile(O.SGD(0.05, momentum=0.9), "binary_crossentropy", metrics=["accuracy"])
    return m, f32(fed), y, dict(epochs=20, batch_size=32)


# SGD with the numbers of a paper, momentum 0.9 and weight decay 5e-4, given in the wrong order.
@prog("decay-and-momentum-swapped", "multiclass", "focal", "model")
def _(r, fixed):
    d = datasets.load_digits()
    x = f32(d.images / 16)[..., None]
    m = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            L.Conv2D(16, 3, activation="relu"),
            L.Conv2D(32, 3, activation="relu"),
            L.Flatten(),
            L.Dense(64, activation="relu"),
            L.Dense(10, activation="softmax"),
        ]
    )
    mom, dec = (0.9, 5e-4) if fixed else (5e-4, 0.9)
    m.compile(O.SGD(0.05, momentum=mom, weight_decay=dec), "categorical_focal_crossentropy")
    return m, x, one_hot(d.target, 10), dict(epochs=12, batch_size=64)


# Behaviour cloning: the 0.01 gain that reinforcement-learning code gives the last layer of a policy
# was given to all of its layers.
@prog("policy-orthogonal-gain", "multiclass", "scce", "model")
def _(r, fixed):
    x = r.normal(size=(1500, 8))
    k = np.argmax(np.tanh(x @ r.normal(size=(8, 16))) @ r.normal(size=(16, 4)), 1)
    gain = 2**0.5 if fixed else 0.01
    w = [I.Orthogonal(gain, seed=s) for s in range(4)]
    m = keras.Sequential(
        [
            keras.Input((8,)),
            L.Dense(64, activation="tanh", kernel_initializer=w[0]),
            L.Dense(64, activation="tanh", kernel_initializer=w[1]),
            L.Dense(64, activation="tanh", kernel_initializer=w[2]),
            L.Dense(4, activation="softmax", kernel_initializer=w[3]),
        ]
    )
    m.compile(O.SGD(0.05), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return m, f32(x), k, dict(epochs=20, batch_size=32)


# Healthy: a power plant near 454 MW with a spread of 17 and raw targets; for the first epochs the
# network only climbs towards the level.
@prog("OK-power-plant-megawatts", "regression", "mse")
def _(r, fixed):
    x = r.normal(size=(1500, 4))
    y = 454 - 14 * x[:, :1] - 5 * x[:, 1:2] + 3 * np.tanh(x[:, 2:3]) + 4 * r.normal(size=(1500, 1))
    m = keras.Sequential(
        [
            keras.Input((4,)),
            L.Dense(32, activation="relu"),
            L.Dense(32, activation="relu"),
            L.Dense(1),
        ]
    )
    m.compile(O.Adam(0.003), "mse")
    return m, f32(x), f32(y), dict(epochs=30, batch_size=32)


# Healthy: a product of two numbers from small weights; the gradient at the start is nearly nil and
# the loss lies on the variance of y for a while.
@prog("OK-product-small-weights", "regression", "mse")
def _(r, fixed):
    x = r.normal(size=(1500, 2))
    y = scaled(x[:, :1] * x[:, 1:])
    w = [I.RandomNormal(stddev=0.05, seed=s) for s in range(3)]
    m = keras.Sequential(
        [
            keras.Input((2,)),
            L.Dense(48, activation="tanh", kernel_initializer=w[0]),
            L.Dense(48, activation="tanh", kernel_initializer=w[1]),
            L.Dense(1, kernel_initializer=w[2]),
        ]
    )
    m.compile(O.Adam(0.002), "mse")
    return m, f32(x), y, dict(epochs=30, batch_size=32)


# Healthy: digits through batch normalization, two dropouts of 0.6, label smoothing and AdamW at a
# small rate; predictions stay soft and the accuracy comes slowly.
@prog("OK-smoothed-digits-small-rate", "multiclass", "cce")
def _(r, fixed):
    d = datasets.load_digits()
    x = f32(d.data / 16)
    m = keras.Sequential(
        [
            keras.Input((64,)),
            L.Dense(64, activation="relu"),
            L.BatchNormalization(),
            L.Dropout(0.6),
            L.Dense(64, activation="relu"),
            L.Dropout(0.6),
            L.Dense(10, activation="softmax"),
        ]
    )
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=0.3)
    m.compile(O.AdamW(3e-4, weight_decay=0.01), loss, metrics=["accuracy"])
    return m, x, one_hot(d.target, 10), dict(epochs=25, batch_size=64)


# Healthy: the breast-cancer table through a bottleneck of three sigmoids with plain SGD, which
# spends its first epochs at the share of the larger class.
@prog("OK-cancer-sigmoid-bottleneck", "binary", "bce")
def _(r, fixed):
    x, k = datasets.load_breast_cancer(return_X_y=True)
    x = f32(StandardScaler().fit_transform(x))
    m = keras.Sequential(
        [
            keras.Input((30,)),
            L.Dense(16, activation="sigmoid"),
            L.Dense(3, activation="sigmoid"),
            L.Dense(1, activation="sigmoid"),
        ]
    )
    m.compile(O.SGD(0.02), "binary_crossentropy", metrics=["accuracy"])
    return m, x, f32(k)[:, None], dict(epochs=40, batch_size=16)
