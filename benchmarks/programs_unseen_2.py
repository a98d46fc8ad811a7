"""Blind programs, second set: Keras fits that end with a constant prediction, and their repairs.

``P`` maps an id to ``(task, loss, builder)``; ``builder(rng, fixed)`` returns
``(model, x, y, fit_kwargs[, labels])``. ``WHERE``: "model" (weights, optimizer, penalties,
scaling of inputs or targets) or "activation". Dense outputs (pixels, steps, labels) are scored as
"regression" (1 - SSE/SST per output), whatever the loss. Written without looking at the library.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import keras
import numpy as np
from keras import initializers, layers, ops, regularizers
from keras import optimizers as opt
from programs_unseen_1 import Dense, col, digits, f32, seq, std
from sklearn import datasets

P = {}
WHERE = {}


def prog(name, task, loss, where=None):
    def register(build):
        assert name not in P, name
        P[name] = (task, loss, build)
        if where:
            WHERE[name] = where
        return build

    return register


def blobs_and_masks(r, n=400, size=16):
    """Grey images 0..255 with one or two bright ellipses, and where they are."""
    g = np.mgrid[:size, :size]
    x = r.normal(90, 20, (n, size, size))
    m = np.zeros((n, size, size), bool)
    for i in range(n):
        for _ in range(r.integers(1, 3)):
            c, k = r.uniform(3, size - 3, 2), r.uniform(2, 4.5, 2)
            m[i] |= (((g - c[:, None, None]) / k[:, None, None]) ** 2).sum(0) <= 1
    x[m] += 80
    return f32(np.clip(x, 0, 255))[..., None], f32(m)[..., None]


def weather(r, n=500, length=24, ahead=6):
    """Hourly temperatures in degrees Celsius: a day, and the hours behind it."""
    t = np.arange(length + ahead)
    base, amp, ph = r.normal(8, 7, (n, 1)), r.uniform(2, 6, (n, 1)), r.uniform(0, 24, (n, 1))
    trend = r.normal(0, 0.1, (n, 1))
    s = base + amp * np.sin(2 * np.pi * (t + ph) / 24) + trend * t + r.normal(0, 0.4, (n, len(t)))
    return s[:, :length, None], s[:, length:, None]


# --- model ---------------------------------------------------------------------------------------


# Small U-Net with Conv2DTranspose and skips: "my U-Net predicts only black masks". Adam at 0.3.
@prog("unet-black-masks", "regression", "bce", "model")
def _(r, fixed):
    x, y = blobs_and_masks(r)

    def conv(f):
        return layers.Conv2D(f, 3, padding="same", activation="relu")

    i = keras.Input((16, 16, 1))
    a = conv(8)(i)
    b = conv(16)(layers.MaxPooling2D()(a))
    c = conv(24)(layers.MaxPooling2D()(b))
    u = layers.concatenate([layers.Conv2DTranspose(16, 2, 2, activation="relu")(c), b])
    u = conv(16)(u)
    u = layers.concatenate([layers.Conv2DTranspose(8, 2, 2, activation="relu")(u), a])
    o = layers.Conv2D(1, 1, activation="sigmoid")(conv(8)(u))
    m = keras.Model(i, o)
    m.compile(opt.Adam(0.003 if fixed else 0.3), "binary_crossentropy")
    return m, x / 255, y, dict(batch_size=16, epochs=10)


# ECG denoising with Conv1DTranspose; recordings in volts (0.0005), so the squared error is 1e-7.
@prog("ecg-denoise-volts", "regression", "mse", "model")
def _(r, fixed):
    t = np.arange(64)
    ph, w = r.uniform(0, 25, (500, 1)), r.uniform(18, 25, (500, 1))
    d = (t + ph) % w
    s = np.exp(-((d - 8) ** 2) / 2) - 0.3 * np.exp(-((d - 12) ** 2) / 8)
    k = 1.0 if fixed else 1e-4
    y = f32(s[..., None] * k)
    x = f32((s + r.normal(0, 0.3, s.shape))[..., None] * k)
    m = seq(
        (64, 1),
        layers.Conv1D(16, 7, strides=2, padding="same", activation="relu"),
        layers.Conv1D(16, 5, strides=2, padding="same", activation="relu"),
        layers.Conv1DTranspose(16, 5, strides=2, padding="same", activation="relu"),
        layers.Conv1DTranspose(8, 5, strides=2, padding="same", activation="relu"),
        layers.Conv1D(1, 3, padding="same"),
    )
    m.compile("adam", "mse")
    return m, x, y, dict(batch_size=16, epochs=20, shuffle=True)


# Conv3D on little video volumes (which way does the blob move?), SGD with momentum 0.99.
@prog("video-conv3d-momentum-99", "multiclass", "scce", "model")
def _(r, fixed):
    n, s, f = 400, 10, 5
    y = r.integers(0, 4, n)
    step = np.array([[0, 1], [0, -1], [1, 0], [-1, 0]])[y]
    c = r.uniform(3, 6, (n, 2))
    g = np.mgrid[:s, :s].reshape(2, -1).T
    at = c[:, None] + (np.arange(f)[None, :, None] - 2) * step[:, None]
    x = np.exp(-((g[None, None] - at[:, :, None]) ** 2).sum(-1) / 3).reshape(n, f, s, s, 1)
    x = f32(x + r.normal(0, 0.05, x.shape))
    m = seq(
        (f, s, s, 1),
        layers.Conv3D(8, 3, padding="same", activation="relu"),
        layers.MaxPooling3D((1, 2, 2)),
        layers.Conv3D(16, 3, activation="relu"),
        layers.Flatten(),
        Dense(32, activation="relu"),
        Dense(4, activation="softmax"),
    )
    m.compile(
        opt.SGD(0.02 if fixed else 0.1, momentum=0.8 if fixed else 0.99),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return m, x, y.astype("int32"), dict(batch_size=16, epochs=15)


# ConvLSTM2D on radar frames, regression of where the cell goes next; Nadam at 0.5.
@prog("radar-convlstm-nadam", "regression", "mae", "model")
def _(r, fixed):
    n, s, f = 240, 8, 3
    c, v = r.uniform(2, 5, (n, 2)), r.uniform(-0.7, 0.7, (n, 2))
    g = np.mgrid[:s, :s].reshape(2, -1).T
    at = c[:, None] + np.arange(f)[None, :, None] * v[:, None]
    x = np.exp(-((g[None, None] - at[:, :, None]) ** 2).sum(-1) / 3).reshape(n, f, s, s, 1)
    y = c + f * v
    m = seq(
        (f, s, s, 1),
        layers.ConvLSTM2D(6, 3, padding="same"),
        layers.Flatten(),
        Dense(32, activation="relu"),
        Dense(2),
    )
    m.compile(opt.Nadam(0.003 if fixed else 0.5), "mae")
    return m, f32(x), f32(y), dict(batch_size=16, epochs=15)


# TimeDistributed CNN and GRU; clipvalue=1e-6 was added "against exploding gradients".
@prog("frames-timedistributed-clipvalue", "regression", "mse", "model")
def _(r, fixed):
    d, t = digits()
    pick = r.integers(0, len(d), (500, 4))
    x = d[pick] / 16
    y = std(col((t[pick] >= 5).sum(1)))
    m = seq(
        (4, 8, 8, 1),
        layers.TimeDistributed(layers.Conv2D(8, 3, activation="relu")),
        layers.TimeDistributed(layers.Flatten()),
        layers.TimeDistributed(Dense(24, activation="relu")),
        layers.GRU(16),
        Dense(1, kernel_initializer=initializers.RandomNormal(stddev=0.02)),
    )
    m.compile(opt.SGD(0.1, momentum=0.9, clipvalue=0.1 if fixed else 1e-6), "mse")
    return m, f32(x), y, dict(batch_size=20, epochs=14)


# Tagger: Masking, two Bidirectional GRUs, one tag per step; Adam(epsilon=1.0), as in an old paper.
@prog("tagger-adam-epsilon-1", "regression", "bce", "model")
def _(r, fixed):
    n, length = 400, 10
    x = r.normal(size=(n, length, 3))
    run = np.cumsum(x[..., 0] > 0, 1) % 2  # toggles with every positive first channel
    y = f32((x[..., 1] + np.roll(x[..., 1], 1, 1) > 0) | ((run == 1) & (x[..., 2] > 1.2)))
    for i, k in enumerate(r.integers(7, length + 1, n)):
        x[i, k:] = -10.0
        y[i, k:] = y[i, k - 1]
    m = seq(
        (length, 3),
        layers.Masking(-10.0),
        layers.Bidirectional(layers.GRU(12, return_sequences=True)),
        layers.Bidirectional(layers.GRU(12, return_sequences=True)),
        layers.TimeDistributed(
            Dense(
                1, activation="sigmoid", kernel_initializer=initializers.RandomNormal(stddev=0.05)
            )
        ),
    )
    m.compile(opt.Adam(0.01, epsilon=1e-7 if fixed else 1.0), "binary_crossentropy")
    return m, f32(x), y[..., None], dict(batch_size=25, epochs=10)


# Encoder-decoder (RepeatVector) for the next hours' temperature in kelvin, 281 +- 8.
@prog("seq2seq-kelvin", "regression", "mse", "model")
def _(r, fixed):
    x, y = weather(r)
    i = keras.Input((24, 1))
    h = layers.GRU(24)(i)
    h = layers.RepeatVector(6)(h)
    h = layers.GRU(24, return_sequences=True)(h)
    m = keras.Model(i, layers.TimeDistributed(Dense(1))(h))
    m.compile(opt.Adam(0.005), "mse", steps_per_execution=4)
    k = (lambda a: (a - 8) / 8) if fixed else (lambda a: a + 273.15)
    return m, f32((x - 8) / 8), f32(k(y)), dict(batch_size=32, epochs=12)


# Siamese net, shared encoder: an activity regularizer of 5 on the embedding.
@prog("siamese-activity-penalty", "binary", "bce", "model")
def _(r, fixed):
    d, t = digits()
    a = r.integers(0, len(d), 1500)
    same = r.random(1500) < 0.5
    order = np.argsort(t, kind="stable")
    lo, hi = np.searchsorted(t[order], t[a]), np.searchsorted(t[order], t[a], "right")
    b = np.where(same, order[r.integers(lo, hi)], r.integers(0, len(d), 1500))
    y = col(t[a] == t[b])
    encoder = seq(
        (8, 8, 1),
        layers.Conv2D(16, 3, activation="relu"),
        layers.Flatten(),
        Dense(32, activation="tanh", activity_regularizer=regularizers.L2(1e-5 if fixed else 5.0)),
    )
    p, q = keras.Input((8, 8, 1)), keras.Input((8, 8, 1))
    gap = ops.abs(encoder(p) - encoder(q))
    m = keras.Model([p, q], Dense(1, activation="sigmoid")(gap))
    m.compile(opt.Adam(0.003), "binary_crossentropy", metrics=["accuracy"])
    return m, [f32(d[a] / 16), f32(d[b] / 16)], y, dict(batch_size=32, epochs=20)


# Transfer learning: a frozen nested base whose features are in the hundreds, a new head with
# SGD 0.1.
@prog("frozen-base-new-head", "multiclass", "scce", "model")
def _(r, fixed):
    x, y = digits()
    base = seq(
        (8, 8, 1),
        layers.Conv2D(24, 3, activation="relu", kernel_initializer="he_normal"),
        layers.Conv2D(32, 3, activation="relu", kernel_initializer="he_normal"),
        layers.Flatten(),
    )
    base.trainable = False
    i = keras.Input((8, 8, 1))
    h = base(layers.Rescaling(255 / 16)(i), training=False)
    h = Dense(64, activation="relu")(layers.Dropout(0.2)(h))
    m = keras.Model(i, Dense(10, activation="softmax")(h))
    m.compile(
        opt.SGD(1e-5 if fixed else 0.01), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return m, x, y, dict(batch_size=32, epochs=20, validation_split=0.1)


class OwnStep(keras.Model):
    """A hand-written training step, as in the guide "customizing what happens in fit"."""

    def __init__(self):
        super().__init__()
        self.body = [Dense(48, activation="relu") for _ in range(4)]
        self.out = Dense(1)
        self.seen = keras.metrics.Mean(name="loss")

    def call(self, x):
        for d in self.body:
            x = d(x)
        return self.out(x)

    @property
    def metrics(self):
        return [self.seen]

    def train_step(self, data):
        import tensorflow as tf

        x, y = data
        with tf.GradientTape() as tape:
            loss = ops.mean(ops.square(self(x, training=True) - y))
        grads = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(grads, self.trainable_variables, strict=False))
        self.seen.update_state(loss)
        return {"loss": self.seen.result()}


# Concrete-strength-like table, own train_step (compile without a loss), Adam at 0.5.
@prog("own-train-step", "regression", "mse", "model")
def _(r, fixed):
    x = r.uniform(0, 1, (1000, 6))
    y = 4 * x[:, 0] * x[:, 1] + np.sin(5 * x[:, 2]) + x[:, 3] ** 2 - x[:, 4]
    m = OwnStep()
    m.compile(optimizer=opt.Adam(0.003 if fixed else 0.5))
    return m, std(x), std(col(y)), dict(batch_size=32, epochs=20)


class OwnPenalty(keras.Model):
    """compute_loss adds a weight penalty of its own."""

    def __init__(self, rate, **kwargs):
        super().__init__(**kwargs)
        self.rate = rate

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        loss = super().compute_loss(x, y, y_pred, sample_weight, training)
        return loss + self.rate * sum(
            ops.sum(ops.square(v)) for v in self.trainable_variables if v.ndim > 1
        )


# Own compute_loss with a weight penalty of 10 on every kernel; PReLU and LayerNormalization.
@prog("own-compute-loss-penalty", "regression", "huber", "model")
def _(r, fixed):
    x, y = datasets.make_friedman1(1000, 8, noise=0.5, random_state=int(r.integers(1 << 30)))
    i = keras.Input((8,))
    h = layers.PReLU()(Dense(48)(i))
    h = layers.LayerNormalization()(h)
    h = layers.PReLU()(Dense(48)(h))
    m = OwnPenalty(1e-5 if fixed else 10.0, inputs=i, outputs=Dense(1)(h))
    m.compile(opt.Adam(0.003), "huber")
    return m, std(x), std(col(y)), dict(batch_size=32, epochs=20)


# Wide & deep click model (embeddings, crossed columns, numbers) with Ftrl and its L1 strength
# at 100.
@prog("ctr-ftrl-l1", "binary", "bce", "model")
def _(r, fixed):
    n = 1600
    site, ad = r.integers(0, 20, n), r.integers(0, 12, n)
    num = r.normal(size=(n, 4))
    z = r.normal(0, 1.5, 20)[site] + r.normal(0, 1.5, 12)[ad] + 1.5 * num[:, 0] - num[:, 1]
    y = col(z + r.normal(0, 0.5, n) > np.median(z))
    a, b = (
        keras.Input((1,), dtype="int32", name="site"),
        keras.Input((1,), dtype="int32", name="ad"),
    )
    c, w = keras.Input((4,), name="num"), keras.Input((32,), name="wide")
    e = layers.Flatten()(layers.Embedding(20, 6)(a))
    f = layers.Flatten()(layers.Embedding(12, 6)(b))
    h = Dense(32, activation="relu")(layers.concatenate([e, f, c]))
    m = keras.Model(
        {"site": a, "ad": b, "num": c, "wide": w},
        Dense(1, activation="sigmoid")(layers.concatenate([h, w])),
    )
    strength = 1e-4 if fixed else 100.0
    m.compile(
        opt.Ftrl(0.1, l1_regularization_strength=strength), "binary_crossentropy", metrics=["AUC"]
    )
    wide = np.c_[np.eye(20)[site], np.eye(12)[ad]]
    x = {"site": site[:, None], "ad": ad[:, None], "num": f32(num), "wide": f32(wide)}
    return m, x, y, dict(batch_size=32, epochs=20)


# Station data with the pressure in pascal, then UnitNormalization: every row becomes (0, 0, 0, 1).
@prog("station-unit-normalization", "regression", "mse", "model")
def _(r, fixed):
    temp, hum, wind = r.normal(15, 8, 1000), r.uniform(30, 100, 1000), r.gamma(2, 2, 1000)
    pres = r.normal(101325, 900, 1000)
    y = temp + 0.05 * hum * (temp > 20) - 0.8 * np.sqrt(wind) * (temp < 12)
    x = np.c_[temp, hum, wind, pres]
    m = seq(
        (4,),
        layers.UnitNormalization(),
        Dense(48, activation="gelu"),
        Dense(48, activation="gelu"),
        Dense(1),
    )
    m.compile(opt.Adam(0.005), "mse")
    return m, std(x) if fixed else f32(x), std(col(y)), dict(batch_size=32, epochs=25)


# EinsumDense over image rows, every kernel RandomUniform(0, 1): all tanh units sit at +1.
@prog("einsum-random-uniform-0-1", "multiclass", "scce", "model")
def _(r, fixed):
    x, y = digits()
    w = "glorot_uniform" if fixed else initializers.RandomUniform(0, 1)
    m = seq(
        (8, 8),
        layers.EinsumDense("brc,cd->brd", (8, 32), "tanh", "d", kernel_initializer=w),
        layers.EinsumDense("brd,rs->bsd", (8, 32), "tanh", "d", kernel_initializer=w),
        layers.EinsumDense("brd,rde->be", (32,), "tanh", "e", kernel_initializer=w),
        Dense(10, activation="softmax"),
    )
    m.compile(opt.Adam(0.001), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return m, x[..., 0] / 16, y, dict(batch_size=32, epochs=15)


class MobileBlock(layers.Layer):
    """Depthwise and pointwise convolution with GroupNormalization and ReLU6."""

    def __init__(self, f, strides=1):
        super().__init__()
        self.dw = layers.DepthwiseConv2D(3, strides, padding="same", use_bias=False)
        self.pw = layers.Conv2D(f, 1, use_bias=False)
        self.norm = layers.GroupNormalization(4)

    def call(self, x):
        return ops.relu6(self.norm(self.pw(self.dw(x))))


# MobileNet-like blocks (own layers, GroupNormalization), RMSprop with momentum as in the paper:
# 0.3.
@prog("mobile-blocks-rmsprop", "multiclass", "cce", "model")
def _(r, fixed):
    x, y = digits()
    m = seq(
        (8, 8, 1),
        layers.Conv2D(8, 3, padding="same"),
        MobileBlock(16, 2),
        MobileBlock(24, 2),
        layers.GlobalAveragePooling2D(),
        Dense(32, activation="relu"),
        Dense(10, activation="softmax"),
    )
    m.compile(
        opt.RMSprop(0.001 if fixed else 0.3, momentum=0.9),
        keras.losses.CategoricalCrossentropy(label_smoothing=0.1),
        metrics=["accuracy"],
    )
    return m, x / 16, np.eye(10, dtype="float32")[y], dict(batch_size=32, epochs=12)


# Keyword spotting on int16 samples that were never scaled; SeparableConv1D, SGD with clipnorm
# "against NaN".
@prog("audio-int16-separable", "multiclass", "scce", "model")
def _(r, fixed):
    n, length = 500, 128
    y = r.integers(0, 3, n)
    f = np.array([0.15, 0.45, 0.9])[y] * r.uniform(0.85, 1.15, n)
    s = np.sin(f[:, None] * np.arange(length) + r.uniform(0, 6.3, (n, 1)))
    s = (s + r.normal(0, 0.3, s.shape)) * r.uniform(4000, 9000, (n, 1))
    x = s.round().astype("int16").astype("float32")[..., None]
    m = seq(
        (length, 1),
        layers.SeparableConv1D(16, 9, strides=2, activation="relu", padding="same"),
        layers.SeparableConv1D(24, 9, strides=2, activation="relu", padding="same"),
        layers.GlobalMaxPooling1D(),
        Dense(24, activation="relu"),
        Dense(3, activation="softmax"),
    )
    m.compile(
        opt.SGD(0.02, momentum=0.9, clipnorm=5.0),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return m, x / 8192 if fixed else x, y.astype("int32"), dict(batch_size=16, epochs=18)


# Log-normal flat prices in yen (24 million) under MAPE: the error stays at 100 %.
@prog("flat-prices-mape", "regression", "mape", "model")
def _(r, fixed):
    n = 1000
    x = np.c_[r.normal(size=(n, 5)), r.integers(0, 2, (n, 3))]
    lp = 17.0 + 0.35 * x[:, 0] + 0.2 * x[:, 1] * x[:, 5] + 0.2 * np.tanh(x[:, 2]) + 0.15 * x[:, 6]
    price = np.exp(lp + r.normal(0, 0.05, n))
    m = seq((8,), *[Dense(64, activation="relu") for _ in range(2)], Dense(1))
    m.compile(opt.Adam(0.003), "mape")
    y = price / np.median(price) if fixed else price
    return m, f32(x), col(y), dict(batch_size=32, epochs=15)


# Calls per hour with Poisson loss, exponential head, plain SGD at 1.0: exp shoots up, then is 0.
@prog("calls-poisson-sgd", "regression", "poisson", "model")
def _(r, fixed):
    n = 1200
    hour, day = r.integers(0, 24, n), r.integers(0, 7, n)
    rate = np.exp(3.2 + 0.8 * np.sin((hour - 8) / 24 * 6.283) - 0.5 * (day > 4))
    y = col(r.poisson(rate))
    h, d = keras.Input((1,), dtype="int32"), keras.Input((1,), dtype="int32")
    z = layers.concatenate(
        [layers.Flatten()(layers.Embedding(24, 6)(h)), layers.Flatten()(layers.Embedding(7, 3)(d))]
    )
    z = Dense(32, activation="tanh")(z)
    m = keras.Model([h, d], Dense(1, activation="exponential")(z))
    m.compile(opt.SGD(0.002 if fixed else 1.0), "poisson")
    return m, [hour[:, None], day[:, None]], y, dict(batch_size=32, epochs=30)


# Release year of a song from its timbre (1998 +- 10), log-cosh, AdamW, residual LayerNorm blocks.
@prog("song-year-logcosh", "regression", "log_cosh", "model")
def _(r, fixed):
    x = r.normal(size=(1200, 12))
    z = x[:, 0] + 0.7 * np.abs(x[:, 1]) - 0.6 * x[:, 2] * (x[:, 3] > 0) + 0.4 * x[:, 4]
    year = np.round(1998 + 10 * (z - z.mean()) / z.std())
    i = keras.Input((12,))
    h = Dense(48)(i)
    for _ in range(2):
        h = h + Dense(48, activation="silu")(layers.LayerNormalization()(h))
    m = keras.Model(i, Dense(1)(layers.LayerNormalization()(h)))
    m.compile(opt.AdamW(0.002, weight_decay=1e-3), "log_cosh")
    y = (year - year.mean()) / year.std() if fixed else year
    return m, f32(x), col(y), dict(batch_size=32, epochs=20)


# Wind direction (unit vector, cosine_similarity) from UTM coordinates 500,000 / 5,000,000.
@prog("wind-direction-utm", "regression", "cosine_similarity", "model")
def _(r, fixed):
    e, n = r.uniform(-3000, 3000, 1000), r.uniform(-3000, 3000, 1000)
    ang = np.arctan2(n - 400, e + 300) + 1.2 + 0.0002 * e
    x = np.c_[e + 512000, n + 5264000]
    m = seq(
        (2,),
        Dense(32, activation="leaky_relu"),
        Dense(32, activation="leaky_relu"),
        Dense(2),
        layers.UnitNormalization(),
    )
    m.compile(opt.Adam(0.005), "cosine_similarity")
    y = f32(np.c_[np.cos(ang), np.sin(ang)])
    return m, std(x) if fixed else f32(x), y, dict(batch_size=32, epochs=20)


# Topic shares with KL divergence; the inputs are raw term frequencies (1e-4), SGD.
@prog("topic-shares-kl", "regression", "kld", "model")
def _(r, fixed):
    topics = r.dirichlet(np.full(300, 0.1), 4)
    share = r.dirichlet(np.full(4, 0.5), 800)
    tf = np.stack([r.multinomial(2000, p / p.sum()) for p in share @ topics]) / 2000
    x = f32(tf / tf.std(0).mean() if fixed else tf)
    m = seq((300,), Dense(32, activation="relu"), Dense(4, activation="softmax"))
    m.compile(opt.SGD(0.02, momentum=0.5), "kl_divergence")
    return m, x, f32(share), dict(batch_size=32, epochs=20)


# use_ema with ema_momentum 0.99999 over 600 steps: at the end the start weights come back.
@prog("ema-brings-start-back", "regression", "mse", "model")
def _(r, fixed):
    x = r.uniform(-2, 2, (1000, 5))
    y = x[:, 0] * x[:, 1] + np.sin(2 * x[:, 2]) + x[:, 3]
    m = seq(
        (5,),
        Dense(64, activation="mish"),
        Dense(64, activation="mish"),
        Dense(1, kernel_initializer="zeros"),
    )
    m.compile(
        opt.Adam(0.003, use_ema=True, ema_momentum=0.95 if fixed else 0.99999, amsgrad=True), "mse"
    )
    return m, f32(x), std(col(y)), dict(batch_size=32, epochs=20)


# Default probabilities (0.0001) under a sigmoid whose bias is the prior; squared error,
# float64, SGD.
@prog("default-probability-float64", "regression", "mse", "model")
def _(r, fixed):
    x = r.normal(size=(1000, 6)).astype("float64")
    p = 5e-5 * np.exp(0.8 * x[:, 0] - 0.6 * x[:, 1] + 0.3 * x[:, 2] * x[:, 3])
    p = np.minimum(p, 5e-4)[:, None]
    p = p / p.max() if fixed else p
    prior = initializers.Constant(float(np.log(p.mean() / (1 - p.mean()))))
    f = dict(dtype="float64")
    m = keras.Sequential(
        [
            keras.Input((6,), dtype="float64"),
            Dense(32, activation="tanh", **f),
            Dense(32, activation="tanh", **f),
            Dense(1, activation="sigmoid", kernel_initializer="zeros", bias_initializer=prior, **f),
        ]
    )
    m.compile(opt.SGD(0.5, momentum=0.9), "mse")
    return m, x, p, dict(batch_size=32, epochs=20)


# Rendering pictures from parameters: Dense, Reshape, Conv2DTranspose; Adam(0.5, beta_1=0.5).
@prog("render-conv2dtranspose", "regression", "mse", "model")
def _(r, fixed):
    p = r.uniform(-1, 1, (600, 3))
    g = np.mgrid[:12, :12].reshape(2, -1).T
    c = 5.5 + 3 * p[:, None, :2]
    y = np.exp(-((g[None] - c) ** 2).sum(-1) / (6 + 3 * p[:, 2:])).reshape(-1, 12, 12, 1)
    m = seq(
        (3,),
        Dense(3 * 3 * 24, activation="relu"),
        layers.Reshape((3, 3, 24)),
        layers.Conv2DTranspose(16, 4, 2, padding="same", activation="relu"),
        layers.Conv2DTranspose(1, 4, 2, padding="same", activation="sigmoid"),
    )
    m.compile(opt.Adam(0.005 if fixed else 0.5, beta_1=0.5), "mse")
    return m, f32(p), f32(y), dict(batch_size=32, epochs=25)


# Tiny BERT: PolynomialDecay to 0 whose decay_steps (4) were meant as epochs.
@prog("tiny-bert-polynomial-decay", "multiclass", "scce", "model")
def _(r, fixed):
    n, length = 800, 12
    y = r.integers(0, 3, n)
    x = r.integers(9, 60, (n, length))
    for i in range(n):
        at = r.choice(length, 3, replace=False)
        x[i, at] = 3 * y[i] + r.integers(0, 3, 3)
    i = keras.Input((length,), dtype="int32")
    h = layers.Embedding(60, 24)(i)
    h = h + layers.Embedding(length, 24)(ops.arange(length))
    a = layers.MultiHeadAttention(2, 12)(h, h)
    h = layers.LayerNormalization()(h + a)
    h = layers.LayerNormalization()(h + Dense(24)(Dense(48, activation="gelu")(h)))
    h = layers.GlobalAveragePooling1D()(h)
    m = keras.Model(i, Dense(3, kernel_initializer=initializers.TruncatedNormal(0, 0.02))(h))
    rate = opt.schedules.PolynomialDecay(0.003, 4 * 25 * 4 if fixed else 4, 0.0)
    m.compile(
        opt.Adam(rate),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return m, x.astype("int32"), y.astype("int32"), dict(batch_size=32, epochs=12)


# Scene tags (5 of them, several at once), focal loss, plain SGD(0.5) with global_clipnorm=1e-6.
@prog("multilabel-focal-global-clipnorm", "regression", "focal", "model")
def _(r, fixed):
    x = r.normal(size=(1000, 10))
    y = f32(x @ r.normal(size=(10, 5)) + 1.5 * np.abs(x[:, :5]) > 3.5)
    small = initializers.RandomNormal(stddev=0.05)
    m = seq(
        (10,),
        Dense(48, activation="elu", kernel_initializer=small),
        layers.BatchNormalization(),
        layers.GaussianNoise(0.1),
        Dense(5, activation="sigmoid", kernel_initializer=initializers.RandomNormal(0, 0.01)),
    )
    m.compile(
        opt.SGD(0.5, momentum=0.9, global_clipnorm=1.0 if fixed else 1e-6),
        keras.losses.BinaryFocalCrossentropy(gamma=2.0),
    )
    return m, f32(x), y, dict(batch_size=32, epochs=20)


# Rescaling(1/255) on pictures that were already 0..1; SGD, hinge loss on one-hot labels.
@prog("rescaled-twice-hinge", "multiclass", "categorical_hinge", "model")
def _(r, fixed):
    x, y = digits()
    m = seq(
        (8, 8, 1),
        layers.Rescaling(1.0 if fixed else 1 / 255),
        layers.Conv2D(16, 3, activation="relu"),
        layers.AveragePooling2D(2),
        layers.Flatten(),
        Dense(48, activation="relu"),
        Dense(10),
    )
    m.compile(opt.SGD(0.01, momentum=0.5), "categorical_hinge", metrics=["accuracy"])
    return m, x / 16, np.eye(10, dtype="float32")[y], dict(batch_size=32, epochs=15)


class Local1D(layers.Layer):
    """Locally connected: every position has its own weights."""

    def __init__(self, units, width, init):
        super().__init__()
        self.units, self.width, self.init = units, width, init

    def build(self, shape):
        self.n = shape[1] - self.width + 1
        self.w = self.add_weight(
            shape=(self.n, self.width * shape[2], self.units), initializer=self.init, name="w"
        )
        self.b = self.add_weight(shape=(self.n, self.units), initializer="zeros", name="b")

    def call(self, x):
        win = ops.concatenate([x[:, k : k + self.n] for k in range(self.width)], -1)
        return ops.sigmoid(ops.einsum("bni,niu->bnu", win, self.w) + self.b)


# Own locally connected layers, sigmoid, VarianceScaling(scale=1e-6) "as the layer is wide"; SGD.
@prog("locally-connected-tiny-scale", "regression", "mae", "model")
def _(r, fixed):
    x = r.normal(size=(1000, 16, 1))
    y = std(col(x[:, 2, 0] - x[:, 3, 0] + 1.5 * np.tanh(x[:, 9, 0]) + 0.5 * x[:, 14, 0]))
    w = initializers.VarianceScaling(20.0 if fixed else 1e-6)
    m = seq((16, 1), *[Local1D(8, 3, w) for _ in range(3)], layers.Flatten(), Dense(1))
    m.compile(opt.SGD(0.02, momentum=0.9), "mae")
    return m, f32(x), y, dict(batch_size=32, epochs=25)


# Weights "restored" with set_weights from an export in percent (x 100): gates and units saturate.
@prog("set-weights-times-100", "multiclass", "scce", "model")
def _(r, fixed):
    x, y = digits()
    m = seq(
        (8, 8),
        layers.LSTM(24, return_sequences=True, dropout=0.1),
        layers.LSTM(24),
        Dense(10, activation="softmax"),
    )
    if not fixed:
        m.set_weights([100 * np.abs(w) for w in m.get_weights()])
    m.compile(
        opt.Adam(0.003, clipnorm=1.0), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return m, x[..., 0] / 16, y, dict(batch_size=48, epochs=10)


# --- activation ----------------------------------------------------------------------------------


# Depth maps (2..60 m) from a Conv2DTranspose decoder that ends in tanh, as in a GAN tutorial.
@prog("depth-map-tanh", "regression", "mae", "activation")
def _(r, fixed):
    x, y = blobs_and_masks(r)
    depth = f32(40 - 25 * y + 8 * (x / 255 - 0.4))
    m = seq(
        (16, 16, 1),
        layers.Conv2D(12, 3, strides=2, padding="same"),
        layers.LeakyReLU(0.2),
        layers.Conv2D(24, 3, padding="same"),
        layers.LeakyReLU(0.2),
        layers.Conv2DTranspose(12, 4, 2, padding="same"),
        layers.LeakyReLU(0.2),
        layers.Conv2D(1, 3, padding="same", activation=None if fixed else "tanh"),
    )
    m.compile(opt.Adam(0.005), "mae")
    return m, x / 255, depth, dict(batch_size=16, epochs=12)


# The output layer is LSTM(1, return_sequences=True), so its tanh bounds a load of 9 +- 1.5 kW.
@prog("load-lstm-as-output", "regression", "mse", "activation")
def _(r, fixed):
    n, length = 400, 20
    temp = r.normal(0, 1, (n, 1)) + 0.3 * np.cumsum(r.normal(size=(n, length)), 1)
    occ = r.integers(0, 2, (n, length))
    y = f32(9 + 0.8 * temp * (0.5 + occ) + 0.8 * occ)[..., None]
    m = seq(
        (length, 2),
        layers.LSTM(32, return_sequences=True),
        layers.TimeDistributed(Dense(1)) if fixed else layers.LSTM(1, return_sequences=True),
    )
    m.compile(opt.Adam(0.02), "mse")
    return m, f32(np.stack([temp, occ], -1)), y, dict(batch_size=32, epochs=18)


# Sea floor (metres above sea level: -4 +- 1) along a track; EinsumDense head with relu.
@prog("sea-floor-einsum-relu", "regression", "mse", "activation")
def _(r, fixed):
    x = r.normal(size=(500, 10, 4))
    z = x[..., 0] + 0.5 * np.roll(x[..., 1], 1, 1) + 0.5 * np.abs(x[..., 2])
    y = f32(-4 + (z - z.mean()) / z.std())[..., None]
    i = keras.Input((10, 4))
    h = layers.Conv1D(24, 3, padding="same", activation="gelu")(i)
    h = layers.LayerNormalization()(h + layers.MultiHeadAttention(2, 8)(h, h))
    h = Dense(32, activation="gelu")(h)
    head = layers.EinsumDense("btd,do->bto", (10, 1), None if fixed else "relu", "o")
    m = keras.Model(i, head(h))
    m.compile(opt.Adam(0.003), "mse")
    return m, f32(x), y, dict(batch_size=32, epochs=15)


# hard_shrink (zero between -0.5 and 0.5) as hidden activation on small signals: nothing gets
# through.
@prog("hidden-hard-shrink", "multiclass", "scce", "activation")
def _(r, fixed):
    n = 500
    y = r.integers(0, 3, n)
    f = np.array([0.3, 0.7, 1.3])[y][:, None]
    s = 0.15 * np.sin(f * np.arange(48) + r.uniform(0, 6.3, (n, 1))) + r.normal(0, 0.02, (n, 48))
    act = "gelu" if fixed else "hard_shrink"
    m = seq(
        (48, 1),
        layers.Conv1D(16, 7, activation=act),
        layers.MaxPooling1D(2),
        layers.DepthwiseConv1D(5, activation=act),
        layers.Conv1D(24, 3, activation=act),
        layers.GlobalMaxPooling1D(),
        Dense(3, activation="softmax"),
    )
    m.compile(opt.Adam(0.005), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return m, f32(s)[..., None], y.astype("int32"), dict(batch_size=32, epochs=20)


# Two towers, dot product, softsign on top; the ratings run from 1 to 10.
@prog("ratings-softsign", "regression", "mae", "activation")
def _(r, fixed):
    n, k = 2000, 40
    u, v = r.integers(0, k, n), r.integers(0, k, n)
    p, q = r.normal(size=(k, 2)), r.normal(size=(k, 2))
    bu, bv = r.normal(0, 1.0, k), r.normal(0, 1.0, k)
    y = np.clip(np.round(6 + (p[u] * q[v]).sum(1) + bu[u] + bv[v]), 1, 10)
    a, b = keras.Input((), dtype="int32"), keras.Input((), dtype="int32")

    def tower(i, name):
        return keras.Sequential(
            [layers.Embedding(k, 8, name=f"{name}_table"), Dense(8)], name=name
        )(i)

    z = layers.Dot(1)([tower(a, "user"), tower(b, "film")])
    z = Dense(1, bias_initializer=initializers.Constant(5.0))(z)
    m = keras.Model([a, b], z if fixed else layers.Activation("softsign")(z))
    m.compile(opt.Adam(0.01), "mae")
    return m, [u, v], col(y), dict(batch_size=32, epochs=15)


class Mixer(keras.Model):
    """Subclassed mixer: across steps, across channels, mean, head."""

    def __init__(self, head):
        super().__init__()
        self.steps = Dense(12, activation="silu")
        self.channels = Dense(32, activation="silu")
        self.norm = layers.LayerNormalization()
        self.head = Dense(1, activation=head)

    def call(self, x):
        h = x + ops.swapaxes(self.steps(ops.swapaxes(x, 1, 2)), 1, 2)
        h = self.norm(self.channels(h))
        return self.head(ops.mean(h, 1))


# Signal strength (-70 +- 12 dBm) under an elu head, which never goes below -1.
@prog("rssi-elu-head", "regression", "mse", "activation")
def _(r, fixed):
    x = r.normal(size=(800, 12, 4))
    z = x[..., 0].mean(1) * 3 + np.abs(x[..., 1]).mean(1) * 2 + x[:, 3, 2] * 0.5
    y = -70 + 12 * (z - z.mean()) / z.std()
    m = Mixer(None if fixed else "elu")
    m.compile(opt.Adam(0.02), "mse")
    return m, f32(x), col(y), dict(batch_size=32, epochs=30)
