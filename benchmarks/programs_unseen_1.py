"""Blind programs: Keras fits that end with a constant prediction, their repairs, and hard controls.

``P`` maps an id to ``(task, loss, builder)``; ``builder(rng, fixed)`` returns
``(model, x, y, fit_kwargs[, labels])``. ``WHERE`` maps an id to where the fault lies: "model" (its
weights, optimizer, penalties or the scaling of the data) or "activation"; controls are not in it.
Written without looking at the library. Where the user's own callbacks are part of the program,
``callbacks(model, ...)`` appends them to those that ``fit`` is given.
"""

from __future__ import annotations

import os
import tempfile

import keras
import numpy as np
from keras import constraints, initializers, layers, ops, regularizers
from keras import optimizers as opt
from sklearn import datasets

P = {}
WHERE = {}
Dense = layers.Dense


def prog(name, task, loss, where=None):
    def register(build):
        assert name not in P, name
        P[name] = (task, loss, build)
        if where:
            WHERE[name] = where
        return build

    return register


def f32(a):
    return np.asarray(a, "float32")


def col(a):
    return f32(a).reshape(-1, 1)


def std(a):
    a = np.asarray(a, "float64")
    return f32((a - a.mean(0)) / a.std(0))


def seq(shape, *stack):
    return keras.Sequential([keras.Input(shape), *stack])


def callbacks(model, *own):
    """The program's own callbacks, behind the ones that `fit` is given."""
    fit = model.fit

    def fit_with_own(*args, callbacks=None, **kwargs):
        return fit(*args, callbacks=[*(callbacks or []), *own], **kwargs)

    model.fit = fit_with_own
    return model


def digits():
    data = datasets.load_digits()
    return f32(data.images)[..., None], data.target.astype("int32")


def houses(r, n=1200):
    """A table of raw columns and prices in 1,000 (22.5 +- 9, as the Boston data)."""
    rooms = r.normal(6.3, 0.7, n)
    crime = r.exponential(3.6, n)
    tax = r.uniform(187, 711, n)
    age = r.uniform(3, 100, n)
    stat = r.gamma(3, 4.2, n)
    b = 397 - r.exponential(30, n)
    dist = r.gamma(3, 1.3, n)
    y = 22.5 + 6 * (rooms - 6.3) - 0.6 * (stat - 12.6) - 0.4 * (crime - 3.6) - 0.01 * (tax - 450)
    y = y + 0.4 * (rooms - 6.3) * (dist - 3.9) + r.normal(0, 1.5, n)
    return f32(np.c_[rooms, crime, tax, age, stat, b, dist]), col(y)


def reviews(r, n=1500, length=40, vocab=500):
    """Token ids; the label says whether more "good" than "bad" words occur."""
    x = r.integers(20, vocab, (n, length))
    y = r.integers(0, 2, n)
    for i in range(n):
        k = r.integers(3, 9)
        at = r.choice(length, k, replace=False)
        x[i, at] = np.where(r.random(k) < 0.88, 1 + y[i] * 9, 10 - y[i] * 9) + r.integers(0, 9, k)
    return x.astype("int32"), col(y)


def series(r, n=1200, length=40):
    """Noisy sine windows and the next value."""
    t0, w = r.uniform(0, 6.3, (n, 1)), r.uniform(0.2, 0.5, (n, 1))
    s = np.sin(t0 + w * np.arange(length + 1)) + 0.05 * r.normal(size=(n, length + 1))
    return f32(s[:, :-1, None]), col(s[:, -1])


def shapes(r, n=1200, size=20):
    """Grey images 0..255: square, cross or disc on noise."""
    x = r.uniform(0, 60, (n, size, size, 1))
    y = r.integers(0, 3, n)
    g = np.mgrid[:size, :size]
    for i in range(n):
        c, k = r.integers(6, size - 6, 2), r.integers(3, 6)
        d = np.abs(g - c[:, None, None])
        m = (d.max(0) <= k) & (d.max(0) >= k - 1)
        if y[i] == 1:
            m = (d.min(0) == 0) & (d.max(0) <= k)
        if y[i] == 2:
            m = (d**2).sum(0) <= k * k
        x[i, m, 0] = r.uniform(150, 255)
    return f32(x), y.astype("int32")


# --- model ---------------------------------------------------------------------------------------


# Boston-like table, StandardScaler on X only, SGD with momentum; clipnorm was added against NaN.
@prog("housing-sgd-momentum", "regression", "mse", "model")
def _(r, fixed):
    x, y = houses(r)
    m = seq((7,), *[Dense(128, activation="relu") for _ in range(3)], Dense(1))
    m.compile(opt.SGD(0.05 if not fixed else 0.0003, momentum=0.9, clipnorm=100.0), "mse")
    return m, std(x), y, dict(batch_size=32, epochs=30, validation_split=0.1)


# "Stock prediction" notebook: the inputs went through MinMaxScaler, the targets did not; a small
# ReLU layer behind the LSTM, SGD with momentum.
@prog("stock-lstm-raw-target", "regression", "mse", "model")
def _(r, fixed):
    p = 150 + np.cumsum(r.normal(0.0, 0.8, 800)) + 15 * np.sin(np.arange(800) / 40)
    q = (p - p.min()) / (p.max() - p.min())
    x = np.stack([q[i : i + 20] for i in range(780)])[..., None]
    m = seq(
        (20, 1),
        layers.LSTM(32, return_sequences=True),
        layers.Dropout(0.1),
        layers.LSTM(32),
        Dense(16, activation="relu"),
        Dense(1),
    )
    m.compile(opt.SGD(0.02, momentum=0.9), "mse")
    return m, f32(x), col(p[20:] if not fixed else q[20:]), dict(batch_size=32, epochs=15)


# Bidirectional LSTM on reviews with RMSprop at 0.3.
@prog("sentiment-bilstm-rmsprop", "binary", "bce", "model")
def _(r, fixed):
    x, y = reviews(r, 900)
    m = seq(
        (40,),
        layers.Embedding(500, 16),
        layers.Bidirectional(layers.LSTM(16)),
        Dense(32, activation="relu"),
        Dense(1, activation="sigmoid"),
    )
    m.compile(opt.RMSprop(0.3 if not fixed else 0.003), "binary_crossentropy", metrics=["accuracy"])
    return m, x, y, dict(batch_size=32, epochs=8)


# Conv1D activity recognition with an L2 penalty of 1 "against overfitting" on every layer.
@prog("har-conv1d-l2", "multiclass", "scce", "model")
def _(r, fixed):
    n = 1200
    y = r.integers(0, 4, n)
    t = np.arange(64)
    x = np.sin(r.uniform(0, 6, (n, 1, 3)) + (0.15 + 0.15 * y[:, None, None]) * t[None, :, None])
    x = x * r.uniform(0.5, 1.5, (n, 1, 3)) + 0.4 * r.normal(size=x.shape)
    reg = regularizers.L2(1.0 if not fixed else 1e-4)
    m = seq(
        (64, 3),
        layers.Conv1D(32, 5, activation="relu", kernel_regularizer=reg),
        layers.MaxPooling1D(2),
        layers.Conv1D(32, 5, activation="relu", kernel_regularizer=reg),
        layers.GlobalMaxPooling1D(),
        Dense(32, activation="relu", kernel_regularizer=reg),
        Dense(4, activation="softmax", kernel_regularizer=reg),
    )
    m.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return m, f32(x), y.astype("int32"), dict(batch_size=32, epochs=12)


# The time-series transformer of the Keras examples, post-norm, Nadam at 0.05 without warm-up.
@prog("transformer-series-nadam", "regression", "mse", "model")
def _(r, fixed):
    x, y = series(r, 500)
    i = keras.Input((40, 1))
    h = Dense(32)(i)
    h = layers.Add()([h, layers.Embedding(40, 32)(ops.arange(40)[None])])
    for _ in range(2):
        a = layers.MultiHeadAttention(4, 8, dropout=0.1)(h, h)
        h = layers.LayerNormalization()(h + a)
        f = Dense(32)(Dense(64, activation="relu")(h))
        h = layers.LayerNormalization()(h + f)
    h = layers.GlobalAveragePooling1D()(h) if not fixed else layers.Flatten()(h)
    h = Dense(32, activation="relu")(h)
    m = keras.Model(i, Dense(1)(h))
    m.compile(opt.Nadam(0.05 if not fixed else 0.001), "mse")
    return m, x, y, dict(batch_size=32, epochs=10)


# Matrix factorisation; both embedding tables start at zero, so neither gets a gradient.
@prog("recommender-zero-embeddings", "regression", "mse", "model")
def _(r, fixed):
    n, users, items, k = 6000, 80, 60, 4
    u, v = r.integers(0, users, n), r.integers(0, items, n)
    a, b = r.normal(size=(users, k)), r.normal(size=(items, k))
    y = 3.5 + (a[u] * b[v]).sum(1) * 0.6 + 0.1 * r.normal(size=n)
    init = "zeros" if not fixed else "uniform"
    iu, iv = keras.Input((1,), dtype="int32"), keras.Input((1,), dtype="int32")
    eu = layers.Flatten()(layers.Embedding(users, 8, embeddings_initializer=init)(iu))
    ev = layers.Flatten()(layers.Embedding(items, 8, embeddings_initializer=init)(iv))
    out = Dense(1)(layers.Dot(axes=1)([eu, ev]))
    m = keras.Model([iu, iv], out)
    m.compile(opt.Adam(0.01), "mse")
    return (
        m,
        [u[:, None].astype("int32"), v[:, None].astype("int32")],
        col(y),
        dict(batch_size=64, epochs=15),
    )


class Linear(layers.Layer):
    """The Linear layer of the Keras guide, with the initializer that its user chose."""

    def __init__(self, units, stddev, **kwargs):
        super().__init__(**kwargs)
        self.units, self.stddev = units, stddev

    def build(self, shape):
        init = initializers.RandomNormal(stddev=self.stddev)
        self.w = self.add_weight(shape=(shape[-1], self.units), initializer=init)
        self.b = self.add_weight(shape=(self.units,), initializer="zeros")

    def call(self, x):
        return ops.matmul(x, self.w) + self.b


class GuideMLP(keras.Model):
    def __init__(self, stddev):
        super().__init__()
        self.stack = [Linear(48, stddev) for _ in range(5)]
        self.out = Linear(10, stddev)

    def call(self, x):
        for layer in self.stack:
            x = ops.relu(layer(x))
        return ops.softmax(self.out(x))


# Subclassed model of hand-written layers whose weights have stddev 0.005.
@prog("guide-linear-tiny-init", "multiclass", "scce", "model")
def _(r, fixed):
    x, y = digits()
    m = GuideMLP(0.005 if not fixed else 0.18)
    m.compile(opt.SGD(0.05, momentum=0.9), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return m, x.reshape(-1, 64) / 16, y, dict(batch_size=64, epochs=15)


# Convolutional autoencoder with Adagrad at 1e-5: every pixel stays at one half.
@prog("conv-autoencoder-adagrad", "regression", "mse", "model")
def _(r, fixed):
    x, _y = digits()
    x = x / 16
    m = seq(
        (8, 8, 1),
        layers.Conv2D(16, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(2, padding="same"),
        layers.Conv2D(8, 3, padding="same", activation="relu"),
        layers.UpSampling2D(2),
        layers.Conv2D(16, 3, padding="same", activation="relu"),
        layers.Conv2D(1, 3, padding="same", activation="sigmoid"),
    )
    m.compile(opt.Adagrad(1e-5 if not fixed else 0.1), "binary_crossentropy")
    return m, x, x, dict(batch_size=128, epochs=15)


# load_wine without StandardScaler (proline up to 1,680) and sigmoid units, SGD.
@prog("wine-raw-sigmoid", "multiclass", "cce", "model")
def _(r, fixed):
    data = datasets.load_wine()
    x = f32(data.data) if not fixed else std(data.data)
    m = seq(
        (13,),
        Dense(16, activation="sigmoid"),
        Dense(16, activation="sigmoid"),
        Dense(3, activation="softmax"),
    )
    m.compile(opt.SGD(0.1, momentum=0.9), "categorical_crossentropy", metrics=["accuracy"])
    return m, x, keras.utils.to_categorical(data.target, 3), dict(batch_size=16, epochs=40)


# Raw 0..255 images into a CNN with SGD and momentum.
@prog("cnn-raw-pixels-sgd", "multiclass", "scce", "model")
def _(r, fixed):
    x, y = shapes(r)
    if fixed:
        x = x / 255
    m = seq(
        (20, 20, 1),
        layers.Conv2D(16, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        Dense(64, activation="relu"),
        Dense(3, activation="softmax"),
    )
    m.compile(opt.SGD(0.03, momentum=0.9), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return m, x, y, dict(batch_size=32, epochs=10 if not fixed else 15)


# The learning-rate sweep of the time-series course (1e-8 * 10^(epoch/20), here 1e-4 and /5) was
# left in the code: at the end the rate is far beyond what the net stands.
@prog("coursera-lr-sweep", "regression", "mse", "model")
def _(r, fixed):
    x, y = series(r)
    m = seq((40,), Dense(32, activation="relu"), Dense(32, activation="relu"), Dense(1))
    m.compile(opt.Adam(1e-3), "mse")
    if not fixed:
        callbacks(m, keras.callbacks.LearningRateScheduler(lambda e: 1e-4 * 10 ** (e / 5)))
    return m, x[..., 0], y, dict(batch_size=32, epochs=30)


# ReduceLROnPlateau with patience 1 and factor 0.1 stops a slow starter for good; ModelCheckpoint.
@prog("plateau-callback-too-eager", "multiclass", "scce", "model")
def _(r, fixed):
    x, y = digits()
    m = seq(
        (64,), *[Dense(32, activation="sigmoid") for _ in range(4)], Dense(10, activation="softmax")
    )
    m.compile(opt.Adam(0.003), "sparse_categorical_crossentropy", metrics=["accuracy"])
    path = os.path.join(tempfile.mkdtemp(), "best.weights.h5")
    callbacks(
        m,
        keras.callbacks.ReduceLROnPlateau(
            "loss", factor=0.1, patience=1 if not fixed else 8, min_delta=0.1 if not fixed else 1e-4
        ),
        keras.callbacks.ModelCheckpoint(
            path, monitor="loss", save_best_only=True, save_weights_only=True
        ),
    )
    return m, x.reshape(-1, 64) / 16, y, dict(batch_size=64, epochs=40)


# BatchNormalization(gamma_initializer="zeros") as in zero-init ResNets, but without skips.
@prog("zero-gamma-no-skip", "multiclass", "scce", "model")
def _(r, fixed):
    x, y = shapes(r)
    h = i = keras.Input((20, 20, 1))
    h = layers.Rescaling(1 / 255)(h)
    for f in (16, 32):
        for _ in range(2):
            h = layers.Conv2D(f, 3, padding="same", use_bias=False)(h)
            h = layers.BatchNormalization(
                momentum=0.8, gamma_initializer="zeros" if not fixed else "ones"
            )(h)
            h = layers.ReLU()(h)
        h = layers.MaxPooling2D()(h)
    h = layers.GlobalMaxPooling2D()(h)
    m = keras.Model(i, Dense(3, activation="softmax")(h))
    m.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return m, x, y, dict(batch_size=64, epochs=10)


# Lion at 0.3.
@prog("lion-rate", "regression", "mse", "model")
def _(r, fixed):
    x, y = datasets.make_friedman1(1200, noise=0.5, random_state=int(r.integers(1e6)))
    m = seq((10,), *[Dense(64, activation="relu") for _ in range(3)], Dense(1))
    m.compile(opt.Lion(0.3 if not fixed else 0.001), "mae")
    return m, std(x), std(col(y)), dict(batch_size=32, epochs=20)


# CosineDecay whose decay_steps are epochs: the rate is 0 after 20 batches. tf.data pipeline.
@prog("cosine-decay-epochs-tfdata", "multiclass", "scce", "model")
def _(r, fixed):
    import tensorflow as tf

    x, y = digits()
    order = r.permutation(len(x))
    x, y = x[order].reshape(-1, 64) / 16, y[order]
    epochs, batch = 12, 8
    steps = epochs if not fixed else epochs * (len(x) // batch + 1)
    data = tf.data.Dataset.from_tensor_slices((x, y)).batch(batch).prefetch(2)
    m = seq(
        (64,),
        Dense(64, activation="tanh"),
        Dense(64, activation="tanh"),
        Dense(10, activation="softmax", kernel_initializer=initializers.RandomNormal(stddev=0.01)),
    )
    m.compile(opt.SGD(opt.schedules.CosineDecay(0.008, steps)), "sparse_categorical_crossentropy")
    return m, data, None, dict(epochs=epochs), y


# Nine conv layers started at N(0, 0.01) as in the AlexNet paper.
@prog("vgg-normal-001", "multiclass", "scce", "model")
def _(r, fixed):
    x, y = shapes(r, 900)
    k = initializers.RandomNormal(stddev=0.01) if not fixed else "he_normal"
    stack = []
    for f in (8, 16, 32):
        stack += [
            layers.Conv2D(f, 3, padding="same", activation="relu", kernel_initializer=k)
            for _ in range(3)
        ] + [layers.MaxPooling2D()]
    m = seq(
        (20, 20, 1),
        layers.Rescaling(1 / 255),
        *stack,
        layers.Flatten(),
        Dense(32, activation="relu", kernel_initializer=k),
        Dense(3, activation="softmax", kernel_initializer=k),
    )
    m.compile(opt.SGD(0.003, momentum=0.9), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return m, x, y, dict(batch_size=32, epochs=15)


# Bag of embeddings with plain SGD at 0.01.
@prog("text-average-sgd", "binary", "bce", "model")
def _(r, fixed):
    x, y = reviews(r)
    m = seq(
        (40,),
        layers.Embedding(500, 16),
        layers.GlobalAveragePooling1D(),
        Dense(16, activation="relu"),
        Dense(1, activation="sigmoid"),
    )
    m.compile(opt.SGD(0.01) if not fixed else opt.Adam(0.01), "binary_crossentropy")
    return m, x, y, dict(batch_size=128, epochs=20)


# Two inputs: a small picture and raw metadata (income, population) that swamp the picture.
@prog("image-and-raw-metadata", "regression", "mse", "model")
def _(r, fixed):
    n = 900
    img = r.uniform(0, 0.3, (n, 12, 12, 1))
    k = r.integers(2, 10, n)
    for i in range(n):
        img[i, 1 : 1 + k[i], 2:9, 0] += 0.7
    meta = np.c_[r.normal(52000, 9000, n), r.gamma(2, 1e5, n), r.uniform(1950, 2020, n)]
    y = std(0.8 * k + (meta[:, 0] - 52000) / 6000 + 0.2 * r.normal(size=n))
    a, b = keras.Input((12, 12, 1)), keras.Input((3,))
    h = layers.Conv2D(16, 3, activation="relu")(a)
    h = layers.Flatten()(layers.MaxPooling2D()(h))
    h = Dense(32, activation="tanh")(layers.Concatenate()([h, b]))
    m = keras.Model([a, b], Dense(1)(h))
    m.compile(opt.SGD(0.03), "mse")
    return m, [f32(img), std(meta) if fixed else f32(meta)], col(y), dict(batch_size=32, epochs=15)


# Residual net, Adamax at 1.0.
@prog("resnet-adamax", "regression", "mse", "model")
def _(r, fixed):
    x, y = datasets.make_friedman1(1000, noise=0.5, random_state=int(r.integers(1e6)))
    i = keras.Input((10,))
    h = Dense(32, activation="relu")(i)
    for _ in range(4):
        g = Dense(32, activation="relu")(h)
        h = layers.ReLU()(layers.Add()([h, Dense(32)(g)]))
    m = keras.Model(i, Dense(1)(h))
    m.compile(opt.Adamax(1.0 if not fixed else 0.005), "mse")
    return m, std(x), std(col(y)), dict(batch_size=32, epochs=15)


# Sample weights normalised to a sum of one (not a mean of one), plain SGD.
@prog("sample-weights-sum-one", "regression", "mse", "model")
def _(r, fixed):
    x, y = datasets.make_friedman1(1500, noise=0.5, random_state=int(r.integers(1e6)))
    w = 0.5 + r.random(1500)
    w = w / w.sum() if not fixed else w / w.mean()
    m = seq(
        (10,),
        Dense(32, activation="relu"),
        Dense(32, activation="relu"),
        Dense(1, kernel_initializer=initializers.RandomNormal(stddev=0.01)),
    )
    m.compile(opt.SGD(0.05), "mse", weighted_metrics=["mae"])
    return m, std(x), std(col(y)), dict(batch_size=32, epochs=20, sample_weight=f32(w))


# SimpleRNN with recurrent_initializer="ones": the units push one another to one end.
@prog("simplernn-ones-recurrent", "regression", "mse", "model")
def _(r, fixed):
    x = r.uniform(0, 1, (2000, 30, 1))
    y = x[:, :, 0].mean(1)
    rec = "ones" if not fixed else "orthogonal"
    m = seq((30, 1), layers.SimpleRNN(64, recurrent_initializer=rec), Dense(1))
    m.compile(opt.Adam(0.001), "mse")
    return m, f32(x), std(col(y)), dict(batch_size=64, epochs=12)


class WeightClip(constraints.Constraint):
    """The weight clipping of the WGAN tutorial."""

    def __init__(self, limit):
        self.limit = limit

    def __call__(self, w):
        return ops.clip(w, -self.limit, self.limit)


# WGAN's weight clipping copied to a classifier.
@prog("wgan-clip-classifier", "multiclass", "scce", "model")
def _(r, fixed):
    x, y = digits()
    c = WeightClip(0.01 if not fixed else 1.0)
    m = seq(
        (8, 8, 1),
        layers.Rescaling(1 / 16),
        layers.Conv2D(16, 3, activation="relu", kernel_constraint=c),
        layers.Conv2D(32, 3, activation="relu", kernel_constraint=c),
        layers.Flatten(),
        Dense(32, activation="relu", kernel_constraint=c),
        Dense(10, activation="softmax", kernel_constraint=c),
    )
    m.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return m, x, y, dict(batch_size=64, epochs=10)


# Separable convolutions (small Xception) with Adam at 0.3.
@prog("separable-conv-adam", "multiclass", "scce", "model")
def _(r, fixed):
    x, y = shapes(r, 900)
    m = seq(
        (20, 20, 1),
        layers.Rescaling(1 / 127.5, offset=-1),
        layers.Conv2D(16, 3, activation="relu"),
        layers.SeparableConv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.SeparableConv2D(32, 3, activation="relu"),
        layers.GlobalMaxPooling2D(),
        Dense(32, activation="relu"),
        Dense(3, activation="softmax"),
    )
    m.compile(opt.Adam(0.3 if not fixed else 0.003), "sparse_categorical_crossentropy")
    return m, x, y, dict(batch_size=32, epochs=15, validation_split=0.1)


# Detector with two outputs in a dict: boxes in pixels under SGD with momentum kill the trunk.
@prog("detector-pixel-boxes", "regression+multiclass", "mse+scce", "model")
def _(r, fixed):
    n, size = 800, 20
    x = r.uniform(0, 0.2, (n, size, size, 1))
    cls, box = r.integers(0, 2, n), np.zeros((n, 2))
    for i in range(n):
        a, b = r.integers(1, size - 7, 2)
        x[i, a : a + 6, b : b + 6, 0] += 0.8
        if cls[i]:
            x[i, a + 1 : a + 5, b + 1 : b + 5, 0] -= 0.8
        box[i] = (a + 3) * 16, (b + 3) * 16
    y_box = f32(box) if not fixed else f32(box / 160 - 1)
    i = keras.Input((size, size, 1))
    h = layers.Conv2D(16, 5, strides=2, activation="relu")(i)
    h = layers.Conv2D(32, 3, activation="relu")(h)
    h = Dense(64, activation="relu")(layers.Flatten()(h))
    out = {"box": Dense(2, name="box")(h), "cls": Dense(2, activation="softmax", name="cls")(h)}
    m = keras.Model(i, out)
    m.compile(
        opt.SGD(0.01 if not fixed else 0.02, momentum=0.9, clipnorm=100.0),
        {"box": "mse", "cls": "sparse_categorical_crossentropy"},
    )
    return m, f32(x), {"box": y_box, "cls": cls.astype("int32")}, dict(batch_size=32, epochs=15)


class Patches(keras.utils.PyDataset):
    """A generator as in the Keras documentation (without shuffling)."""

    def __init__(self, x, y, batch):
        super().__init__()
        self.x, self.y, self.batch = x, y, batch

    def __len__(self):
        return -(-len(self.x) // self.batch)

    def __getitem__(self, i):
        at = slice(i * self.batch, (i + 1) * self.batch)
        return self.x[at], self.y[at]


# A PyDataset generator feeds a CNN trained with Nadam at 0.2.
@prog("generator-cnn-nadam", "multiclass", "cce", "model")
def _(r, fixed):
    x, y = digits()
    order = r.permutation(len(x))
    x, y = x[order] / 16, y[order]
    m = seq(
        (8, 8, 1),
        layers.Conv2D(32, 3, activation="relu"),
        layers.Conv2D(32, 3, activation="relu"),
        layers.Flatten(),
        Dense(64, activation="relu"),
        layers.Dropout(0.3),
        Dense(10, activation="softmax"),
    )
    m.compile(opt.Nadam(0.2 if not fixed else 0.002), "categorical_crossentropy")
    return m, Patches(x, f32(np.eye(10)[y]), 64), None, dict(epochs=8), y


# SELU net with AlphaDropout(0.97) behind every layer; EarlyStopping restores the best weights.
@prog("selu-alpha-dropout", "regression", "mse", "model")
def _(r, fixed):
    x, y = houses(r)
    rate = 0.97 if not fixed else 0.02
    stack = []
    for _ in range(4):
        stack.append(Dense(48, activation="selu", kernel_initializer="lecun_normal"))
        stack.append(layers.AlphaDropout(rate))
    m = seq((7,), *stack, Dense(1))
    m.compile(opt.Adam(0.001 if not fixed else 0.003), "mse")
    callbacks(m, keras.callbacks.EarlyStopping("loss", patience=8, restore_best_weights=True))
    return m, std(x), std(y), dict(batch_size=32, epochs=30)


# class_weight "to make it count": 500 and 100, SGD with Nesterov momentum.
@prog("class-weight-hundreds", "binary", "bce", "model")
def _(r, fixed):
    data = datasets.load_breast_cancer()
    weight = {0: 500.0, 1: 100.0} if not fixed else {0: 1.35, 1: 0.8}
    m = seq(
        (30,),
        Dense(32, activation="relu"),
        Dense(16, activation="relu"),
        Dense(1, activation="sigmoid"),
    )
    m.compile(opt.SGD(0.02, momentum=0.9, nesterov=True), "binary_crossentropy")
    return m, std(data.data), col(data.target), dict(batch_size=32, epochs=20, class_weight=weight)


# --- activation ----------------------------------------------------------------------------------


# Binding energies (all negative) under a ReLU given as a layer of its own.
@prog("energy-relu-layer-head", "regression", "mse", "activation")
def _(r, fixed):
    x = r.normal(size=(1000, 8))
    y = -6 + x[:, 0] + np.sin(2 * x[:, 1]) + 0.5 * x[:, 2] * x[:, 3] + 0.1 * r.normal(size=1000)
    m = seq((8,), Dense(64, activation="relu"), Dense(64, activation="relu"), Dense(1))
    if not fixed:
        m.add(layers.ReLU())
    m.compile(opt.Adam(0.003), "mse", metrics=["mae"])
    return m, f32(x), col(y), dict(batch_size=32, epochs=25)


# Age estimation (1..90) by a CNN with Activation("sigmoid") behind the last Dense.
@prog("age-cnn-sigmoid", "regression", "mae", "activation")
def _(r, fixed):
    n = 900
    x = r.uniform(0, 0.3, (n, 16, 16, 1))
    y = r.uniform(1, 90, n)
    for i in range(n):
        k = 1 + int(y[i] / 90 * 12)
        x[i, 2 : 2 + k, 3:12, 0] += 0.6
    m = seq(
        (16, 16, 1),
        layers.Conv2D(16, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Conv2D(16, 3, activation="relu"),
        layers.Flatten(),
        Dense(32, activation="relu"),
        Dense(1),
        layers.Activation("sigmoid" if not fixed else "linear"),
    )
    m.compile("adam", "mae")
    return m, f32(x), col(y), dict(batch_size=32, epochs=12)


# Dense(1) and layers.Softmax() for fraud yes/no; functional model, two inputs.
@prog("fraud-softmax-layer", "binary", "bce", "activation")
def _(r, fixed):
    n = 1500
    num, cat = r.normal(size=(n, 5)), r.integers(0, 12, n)
    y = (num[:, 0] * 1.5 + num[:, 1] ** 2 + np.sin(cat) * 2 + 0.3 * r.normal(size=n)) > 1
    a, b = keras.Input((5,), name="amounts"), keras.Input((1,), dtype="int32", name="merchant")
    h = layers.Concatenate()([a, layers.Flatten()(layers.Embedding(12, 4)(b))])
    h = Dense(32, activation="relu")(h)
    z = Dense(1)(h)
    out = layers.Softmax()(z) if not fixed else layers.Activation("sigmoid")(z)
    m = keras.Model([a, b], out)
    m.compile(opt.Adam(0.003), "binary_crossentropy", metrics=["accuracy"])
    x = {"amounts": f32(num), "merchant": cat[:, None].astype("int32")}
    return m, x, col(y), dict(batch_size=32, epochs=15)


# Positions (x, y, z) in metres, 5..50, under a softmax with three units.
@prog("position-softmax-three", "regression", "mse", "activation")
def _(r, fixed):
    n = 1000
    y = r.uniform(5, 50, (n, 3))
    beacons = r.uniform(0, 55, (8, 3))
    d = np.linalg.norm(y[:, None] - beacons[None], axis=-1) + 0.3 * r.normal(size=(n, 8))
    m = seq(
        (8,),
        Dense(64, activation="relu"),
        Dense(64, activation="relu"),
        Dense(3, activation="softmax" if not fixed else None),
    )
    m.compile(opt.Adam(0.005), "mse")
    return m, std(d), f32(y), dict(batch_size=32, epochs=25)


# Softmax between the hidden layers.
@prog("hidden-softmax-digits", "multiclass", "scce", "activation")
def _(r, fixed):
    x, y = digits()
    act = "softmax" if not fixed else "relu"
    m = seq((64,), *[Dense(64, activation=act) for _ in range(3)], Dense(10, activation="softmax"))
    m.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return m, x.reshape(-1, 64) / 16, y, dict(batch_size=64, epochs=20)


# Counting spots: the ReLU6 of MobileNet on the last layer too; 10..60 spots.
@prog("count-relu6-head", "regression", "mse", "activation")
def _(r, fixed):
    n = 800
    y = r.integers(10, 60, n)
    x = np.zeros((n, 256))
    for i in range(n):
        x[i, r.choice(256, y[i], replace=False)] = 1
    m = seq(
        (16, 16, 1),
        layers.Conv2D(8, 3, padding="same"),
        layers.ReLU(6.0),
        layers.MaxPooling2D(2),
        layers.Conv2D(16, 3, padding="same"),
        layers.ReLU(6.0),
        layers.GlobalAveragePooling2D(),
        Dense(16, activation="relu"),
        Dense(1),
    )
    if not fixed:
        m.add(layers.ReLU(6.0))
    m.compile(opt.Adam(0.01), "mse")
    return m, f32(x.reshape(n, 16, 16, 1)), col(y), dict(batch_size=32, epochs=25)


# log-probabilities (all below zero) under softplus "because it is smooth".
@prog("logprob-softplus", "regression", "mse", "activation")
def _(r, fixed):
    x, _ = series(r, 900, 24)
    y = -1.5 - np.abs(x[:, :, 0]).mean(1) * 2 - (x[:, -1, 0] > 0)
    m = seq((24, 1), layers.GRU(24), Dense(1, activation="softplus" if not fixed else None))
    m.compile(opt.Adam(0.01), "mse")
    return m, x, col(y), dict(batch_size=32, epochs=18)


# hard_sigmoid between unscaled columns (60 +- 15) and the head: all units at an end.
@prog("hidden-hard-sigmoid", "regression", "mse", "activation")
def _(r, fixed):
    x = 60 + 15 * r.normal(size=(1000, 6))
    y = std(x[:, 0] + 0.5 * x[:, 1] - 0.7 * x[:, 2] + 2 * r.normal(size=1000))
    act = "hard_sigmoid" if not fixed else "relu"
    k = initializers.RandomUniform(0.0, 0.2)
    m = seq(
        (6,), Dense(32, activation=act, kernel_initializer=k), Dense(32, activation=act), Dense(1)
    )
    m.compile(opt.Adam(0.001), "mse")
    return m, f32(x), col(y), dict(batch_size=32, epochs=40)


# Heart rate (50..180) from a wrist signal; a callable tanh on the head.
@prog("heart-rate-callable-tanh", "regression", "mse", "activation")
def _(r, fixed):
    n = 800
    y = r.uniform(50, 180, n)
    t = np.arange(64) / 16
    x = np.sin(2 * np.pi * y[:, None] / 60 * t + r.uniform(0, 6.3, (n, 1)))
    x = x + 0.1 * r.normal(size=x.shape)
    m = seq(
        (64, 1),
        layers.Conv1D(16, 9, activation="relu"),
        layers.Conv1D(16, 5, activation="relu"),
        layers.GlobalAveragePooling1D(),
        Dense(32, activation="relu"),
        Dense(1, activation=(lambda v: ops.tanh(v)) if not fixed else (lambda v: v)),
    )
    m.compile(opt.Adam(0.01), "mse", metrics=["mae"])
    return m, f32(x[..., None]), col(y), dict(batch_size=32, epochs=30)


# A ReLU in front of the sigmoid: no logit below zero, so nothing below one half; 8 % positives.
@prog("relu-before-sigmoid", "binary", "bce", "activation")
def _(r, fixed):
    x = r.normal(size=(1500, 10))
    y = (x[:, 0] + x[:, 1] * x[:, 2] + 0.2 * r.normal(size=1500)) > 2.0
    m = seq((10,), Dense(64), layers.ReLU(), Dense(32), layers.ReLU(), Dense(1))
    if not fixed:
        m.add(layers.ReLU())
    m.add(layers.Activation("sigmoid"))
    m.compile(opt.Adam(0.01), "binary_crossentropy", metrics=["accuracy"])
    return m, f32(x), col(y), dict(batch_size=32, epochs=20)


# Sensor autoencoder on standardised columns around -4 (log scale): the decoder ends in a ReLU.
@prog("autoencoder-relu-decoder", "regression", "mse", "activation")
def _(r, fixed):
    z = r.normal(size=(1200, 3))
    x = f32(-4 + 0.6 * z @ r.normal(size=(3, 12)) + 0.05 * r.normal(size=(1200, 12)))
    x = np.minimum(x, -0.1)
    m = seq(
        (12,),
        Dense(32, activation="relu"),
        Dense(3),
        Dense(32, activation="relu"),
        Dense(12, activation="relu" if not fixed else "linear"),
    )
    m.compile(opt.Adam(0.005), "mae")
    return m, x, x, dict(batch_size=32, epochs=20)


# Winter temperatures (-25..-1 degrees Celsius) under an exponential head; functional model.
@prog("winter-exponential-head", "regression", "mse", "activation")
def _(r, fixed):
    x = r.normal(size=(1000, 6))
    y = np.minimum(-12 + 3 * x[:, 0] - 2 * np.abs(x[:, 1]) + x[:, 2] * x[:, 3], -1)
    i = keras.Input((6,))
    h = Dense(32, activation="tanh")(i)
    h = Dense(32, activation="tanh")(h)
    out = Dense(1, activation=ops.exp if not fixed else None)(h)
    m = keras.Model(i, out)
    m.compile(opt.RMSprop(0.003), "mse")
    return m, f32(x), col(y), dict(batch_size=32, epochs=40)


# --- healthy controls ----------------------------------------------------------------------------


# XOR of two of eight 0/1 tokens, read by an LSTM: a plateau, then it learns.
@prog("OK-lstm-xor", "binary", "bce")
def _(r, fixed):
    x = r.integers(0, 2, (1500, 8))
    y = x[:, 1] ^ x[:, 6]
    m = seq((8,), layers.Embedding(2, 8), layers.LSTM(24), Dense(1, activation="sigmoid"))
    m.compile(opt.Adam(0.005), "binary_crossentropy", metrics=["accuracy"])
    return m, x.astype("int32"), col(y), dict(batch_size=64, epochs=25)


# Six classes, 92 % of the rows in one of them; the others are learned later.
@prog("OK-rare-classes", "multiclass", "scce")
def _(r, fixed):
    y = r.choice(6, 2500, p=[0.92, 0.02, 0.02, 0.02, 0.01, 0.01])
    x = r.normal(size=(2500, 12)) + 1.5 * r.normal(size=(6, 12))[y]
    m = seq((12,), Dense(24, activation="tanh"), Dense(6, activation="softmax"))
    m.compile(opt.SGD(0.02, momentum=0.9), "sparse_categorical_crossentropy")
    return m, f32(x), y.astype("int32"), dict(batch_size=64, epochs=20)


# Refractive indices 1.52 +- 0.03: every loss is tiny, every prediction looks the same.
@prog("OK-tiny-variance-target", "regression", "mse")
def _(r, fixed):
    x = r.normal(size=(1200, 6))
    y = 1.52 + 0.02 * (x[:, 0] + np.sin(x[:, 1]) + 0.5 * x[:, 2] * x[:, 3])
    m = seq((6,), Dense(32, activation="tanh"), Dense(32, activation="tanh"), Dense(1))
    m.compile(opt.Adam(opt.schedules.ExponentialDecay(0.005, 200, 0.75)), "mse")
    return m, f32(x), col(y), dict(batch_size=32, epochs=40)


# Next-day returns from the last 20: there is nothing in them. LSTM, EarlyStopping.
@prog("NOISE-stock-returns", "regression", "mse")
def _(r, fixed):
    p = 0.01 * r.standard_t(5, 1500)
    x = np.stack([p[i : i + 20] for i in range(1480)])[..., None]
    m = seq((20, 1), layers.LSTM(16), layers.Dropout(0.2), Dense(1))
    m.compile("adam", "mse")
    callbacks(m, keras.callbacks.EarlyStopping("loss", patience=5))
    return m, f32(x), col(p[20:]), dict(batch_size=64, epochs=15)


# Random labels of four classes, a small regularised net: chance is the right answer.
@prog("NOISE-random-classes", "multiclass", "scce")
def _(r, fixed):
    x, y = r.normal(size=(4000, 6)), r.integers(0, 4, 4000)
    m = seq(
        (6,),
        Dense(8, activation="relu", kernel_regularizer=regularizers.L2(0.02)),
        Dense(4, activation="softmax", kernel_regularizer=regularizers.L2(0.02)),
    )
    m.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return m, f32(x), y.astype("int32"), dict(batch_size=64, epochs=15)


# The head starts at zero (a common, harmless trick): constant at first, then it learns.
@prog("OK-zero-head-conv", "regression", "mse")
def _(r, fixed):
    x, y = series(r, 1000)
    m = seq(
        (40, 1),
        layers.Conv1D(16, 5, strides=2, activation="swish"),
        layers.Conv1D(16, 5, strides=2, activation="swish"),
        layers.Flatten(),
        Dense(1, kernel_initializer="zeros"),
    )
    m.compile(opt.SGD(0.005), "mse")
    return m, x, y, dict(batch_size=32, epochs=20)


# Counts, 90 % of them zero, Poisson loss and exponential head.
@prog("OK-poisson-zeros", "regression", "poisson")
def _(r, fixed):
    x = r.normal(size=(3000, 6))
    y = r.poisson(np.exp(-3.2 + 1.0 * x[:, 0] + 0.8 * x[:, 1] - 0.6 * x[:, 2]))
    m = seq((6,), Dense(16, activation="tanh"), Dense(1, activation="exponential"))
    m.compile(opt.Adam(0.002), "poisson")
    return m, f32(x), col(y), dict(batch_size=64, epochs=25)
