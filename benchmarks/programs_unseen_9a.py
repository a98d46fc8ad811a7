"""Small Keras programs whose network always predicts the same value (ids u9-...).

Same format as the other programs_unseen files: P maps an id to (task, loss, builder);
builder(rng, fixed) returns (model, x, y, fit_kwargs); WHERE says what kind of repair is needed.
Only keras and numpy/scikit-learn; no downloads; nothing that is bound to one backend.
"""

import keras
import numpy as np
from keras import initializers, layers, ops, optimizers, regularizers
from sklearn import datasets
from sklearn.preprocessing import MinMaxScaler

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


# ------------------------------------------------------------------ faults in the model


# "My VAE reconstructs the same blurry picture for every input": the reconstruction term is Keras's
# mean over the pixels, the KL term a sum over the latent units, so the prior wins (posterior
# collapse). Repaired, the KL is divided by the number of pixels too.
class GaussianCode(layers.Layer):
    def __init__(self, dim, kl_weight, **kw):
        super().__init__(**kw)
        self.mean = layers.Dense(dim, name="z_mean")
        self.log_var = layers.Dense(dim, name="z_log_var")
        self.kl_weight = kl_weight
        self.seeds = keras.random.SeedGenerator(7)

    def build(self, shape):
        self.mean.build(shape)
        self.log_var.build(shape)

    def call(self, h, training=False):
        m, lv = self.mean(h), self.log_var(h)
        kl = -0.5 * ops.sum(1 + lv - ops.square(m) - ops.exp(lv), axis=-1)
        self.add_loss(self.kl_weight * ops.mean(kl))
        if training:
            m = m + ops.exp(0.5 * lv) * keras.random.normal(ops.shape(m), seed=self.seeds)
        return m


@prog("u9-vae-kl-sum-against-pixel-mean", "regression", "bce", "model")
def _(rng, fixed):
    x = f32(datasets.load_digits().data / 16)
    n_pixels = x.shape[1]
    inp = keras.Input((n_pixels,))
    h = layers.Dense(96, activation="relu")(inp)
    z = GaussianCode(12, kl_weight=1.0 / n_pixels if fixed else 1.0)(h)
    h = layers.Dense(96, activation="relu")(z)
    vae = keras.Model(inp, layers.Dense(n_pixels, activation="sigmoid")(h))
    vae.compile(optimizers.Adam(2e-3), "binary_crossentropy")
    return vae, x, x, dict(epochs=40, batch_size=32)


# A "chrono" bias for the update gate of a GRU, after the paper on time warping: log U(1, T). T was
# taken from the raw recording (a million samples), not from the 40 steps that the GRU reads.
class ChronoBias(initializers.Initializer):
    def __init__(self, longest, seed=0):
        self.longest = longest
        self.seed = seed

    def __call__(self, shape, dtype=None):
        units = shape[-1] // 3
        b = np.zeros(shape, "float32")
        t = np.random.default_rng(self.seed).uniform(1.5, self.longest, units)
        b[0, :units] = np.log(t)  # z: share of the old state that is kept
        return ops.convert_to_tensor(b, dtype=dtype)


@prog("u9-gru-chrono-bias-raw-length", "multiclass", "scce", "model")
def _(rng, fixed):
    n, steps = 900, 40
    label = rng.choice(3, n, p=[0.5, 0.3, 0.2])
    t = np.arange(steps)
    phase = rng.uniform(0, 2 * np.pi, n)[:, None]
    amp = np.array([0.3, 0.9, 1.6])[label][:, None]
    wave = amp * np.sin(t / 3 + phase)
    tilt = np.array([0.6, -0.5, 0.1])[label][:, None] + 0 * t
    x = np.stack([wave, tilt, rng.normal(size=(n, steps))], -1) + rng.normal(0, 0.3, (n, steps, 3))
    gru = layers.GRU(24, bias_initializer=ChronoBias(steps if fixed else 1_000_000))
    model = keras.Sequential([keras.Input((steps, 3)), gru, layers.Dense(3, activation="softmax")])
    model.compile(optimizers.Adam(1e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, f32(x), label, dict(batch_size=32, epochs=12)


# PointNet typed off the Keras example. In the T-Net the last layer has kernel "zeros" and should
# have the identity as its bias; the bias argument got lost, so every cloud is multiplied by zero.
def conv_bn(x, filters):
    x = layers.Conv1D(filters, 1)(x)
    x = layers.BatchNormalization(momentum=0.8)(x)
    return layers.Activation("relu")(x)


def flat_identity(shape, dtype=None):
    return ops.reshape(ops.eye(3, dtype=dtype), shape)


def tnet(points, k, bias):
    x = conv_bn(conv_bn(points, 16), 32)
    x = layers.GlobalMaxPooling1D()(x)
    x = layers.Dense(32, activation="relu")(x)
    x = layers.Dense(k * k, kernel_initializer="zeros", bias_initializer=bias)(x)
    x = layers.Reshape((k, k))(x)
    return layers.Dot(axes=(2, 1))([points, x])


@prog("u9-pointnet-tnet-without-identity", "multiclass", "scce", "model")
def _(rng, fixed):
    n, m = 600, 48
    label = rng.integers(0, 4, n)
    u = rng.normal(size=(n, m, 3))
    ball = u / np.linalg.norm(u, axis=-1, keepdims=True)
    cube = rng.uniform(-1, 1, (n, m, 3))
    face = rng.integers(0, 3, (n, m))
    np.put_along_axis(cube, face[..., None], rng.choice([-1.0, 1.0], (n, m, 1)), -1)
    ring = np.concatenate(
        [
            ball[..., :2] / np.linalg.norm(ball[..., :2], axis=-1, keepdims=True),
            rng.uniform(-1, 1, (n, m, 1)),
        ],
        -1,
    )
    plate = rng.uniform(-1, 1, (n, m, 3)) * [1, 1, 0.05]
    x = np.choose(label[:, None, None], [ball, cube, ring, plate])
    x = x * rng.uniform(0.7, 1.1, (n, 1, 1)) + rng.normal(0, 0.02, x.shape)
    inp = keras.Input((m, 3))
    h = tnet(inp, 3, flat_identity if fixed else "zeros")
    h = conv_bn(conv_bn(h, 32), 64)
    h = layers.GlobalMaxPooling1D()(h)
    h = layers.Dense(32, activation="relu")(h)
    model = keras.Model(inp, layers.Dense(4, activation="softmax")(h), name="pointnet")
    model.compile(
        optimizers.Adam(2e-3),
        "sparse_categorical_crossentropy",
        metrics=["sparse_categorical_accuracy"],
    )
    return model, f32(x), label, dict(batch_size=32, epochs=15)


# "RBF network in Keras gives the same output for all inputs": the much-copied RBFLayer draws its
# centres from U(0, 1), the mixture table is in kilograms per cubic metre; exp(-d**2) is 0.
class RBF(layers.Layer):
    def __init__(self, units, gamma, **kw):
        super().__init__(**kw)
        self.units, self.gamma = units, gamma

    def build(self, shape):
        self.mu = self.add_weight(
            shape=(self.units, shape[-1]), initializer=initializers.RandomUniform(0, 1), name="mu"
        )

    def call(self, x):
        d = ops.expand_dims(x, 1) - self.mu
        return ops.exp(-self.gamma * ops.sum(d * d, axis=-1))


@prog("u9-rbf-layer-raw-mixture", "regression", "mse", "model")
def _(rng, fixed):
    n = 1000
    cement = rng.uniform(100, 540, n)
    water = rng.uniform(120, 250, n)
    ash = rng.uniform(0, 200, n)
    age = rng.integers(1, 365, n)
    strength = 90 * cement / (cement + 1.5 * water) * np.log(age + 2) / 4 + 0.05 * ash
    table = np.stack([cement, water, ash, age], 1)
    if fixed:
        table = MinMaxScaler().fit_transform(table)
    model = keras.Sequential([keras.Input((4,)), RBF(40, 2.0), layers.Dense(1)])
    model.compile(optimizers.RMSprop(0.01), "mse")
    y = col(zscore(strength + rng.normal(0, 2, n)))
    return model, f32(table), y, dict(batch_size=32, epochs=30)


# FT-Transformer on raw columns: a token is x * w + b and goes straight into a LayerNormalization,
# which takes the size of x away again when it is in the thousands. CLS sees the same tokens always.
class ColumnTokens(layers.Layer):
    def __init__(self, width, **kw):
        super().__init__(**kw)
        self.width = width

    def build(self, shape):
        k = shape[-1]
        self.w = self.add_weight(shape=(k, self.width), initializer="glorot_uniform", name="w")
        self.b = self.add_weight(shape=(k, self.width), initializer="glorot_uniform", name="b")
        self.cls = self.add_weight(shape=(1, 1, self.width), initializer="random_normal", name="c")

    def call(self, x):
        tok = ops.expand_dims(x, -1) * self.w + self.b
        cls = ops.repeat(self.cls, ops.shape(x)[0], axis=0)
        return ops.concatenate([cls, tok], axis=1)


@prog("u9-ft-transformer-raw-columns", "regression", "huber", "model")
def _(rng, fixed):
    n = 800
    area = rng.uniform(4000, 26000, n)
    year = rng.integers(1900, 2020, n)
    income = rng.lognormal(10.6, 0.4, n)
    dist = rng.uniform(800, 30000, n)
    pupils = rng.uniform(500, 2500, n)
    y = zscore(area) + 0.8 * zscore(income) - 0.7 * zscore(dist) + 0.4 * zscore(year * 1.0)
    y = zscore(y + rng.normal(0, 0.25, n))
    x = np.stack([area, year, income, dist, pupils], 1)
    if fixed:
        x = zscore(x)
    inp = keras.Input((5,))
    h = ColumnTokens(16)(inp)
    for _ in range(2):
        a = layers.LayerNormalization()(h)
        h = layers.Add()([h, layers.MultiHeadAttention(2, 8)(a, a)])
        a = layers.LayerNormalization()(h)
        h = layers.Add()([h, layers.Dense(16)(layers.Dense(32, activation="gelu")(a))])
    h = layers.LayerNormalization()(h[:, 0])
    model = keras.Model(inp, layers.Dense(1)(h))
    model.compile(optimizers.AdamW(1e-3), keras.losses.Huber())
    return model, f32(x), col(y), dict(batch_size=32, epochs=14)


# Recipe tags (6 of them) from ingredient lists; LAMB with a rate taken from runs with batches of
# thousands, where each step changes a layer by a tenth of its norm.
class BagOfIngredients(keras.Model):
    def __init__(self, vocab, tags):
        super().__init__()
        self.table = layers.Embedding(vocab, 24)
        self.hidden = [layers.Dense(48, activation="relu"), layers.Dense(32, activation="relu")]
        self.out = layers.Dense(tags, activation="sigmoid")

    def call(self, ids):
        h = ops.mean(self.table(ids), axis=1)
        for d in self.hidden:
            h = d(h)
        return self.out(h)


@prog("u9-recipe-tags-lamb-rate", "multilabel", "bce", "model")
def _(rng, fixed):
    n, tags, vocab = 1500, 6, 120
    y = (rng.random((n, tags)) < 0.4).astype(int)
    x = rng.integers(60, vocab, (n, 18))
    for i in range(n):
        on = np.flatnonzero(y[i])
        for j, tag in enumerate(on):
            x[i, 3 * j : 3 * j + 3] = 10 * tag + rng.integers(0, 10, 3)
    model = BagOfIngredients(vocab, tags)
    model.compile(optimizers.Lamb(0.01 if fixed else 0.1), "binary_crossentropy")
    return model, x.astype("int32"), f32(y), dict(batch_size=64, epochs=15)


# Meter readings come as (time, value) pairs; the time stayed a Unix time in seconds when the
# irregular series went into the recurrent net.
@prog("u9-unix-time-as-channel", "regression", "mae", "model")
def _(rng, fixed):
    n, steps = 800, 20
    start = 1_600_000_000 + rng.uniform(0, 3e7, n)
    gaps = rng.exponential(1800, (n, steps))
    at = start[:, None] + np.cumsum(gaps, 1)
    level = rng.normal(0, 1, n)[:, None]
    slope = rng.normal(0, 1, n)[:, None]
    hours = (at - at[:, :1]) / 3600
    v = level + slope * hours / 10 + rng.normal(0, 0.1, (n, steps))
    y = level[:, 0] + slope[:, 0] * 1.2
    x = np.stack([hours / 10 if fixed else at, v], -1)
    reading = keras.Input((steps, 2))
    h = layers.LSTM(24, return_sequences=True)(reading)
    h = layers.Bidirectional(layers.LSTM(12))(h)
    model = keras.Model(reading, layers.Dense(1)(h))
    model.compile(optimizers.Adam(2e-3), "mean_absolute_error")
    return model, f32(x), col(zscore(y)), dict(batch_size=32, epochs=12)


# Group lasso for gene selection, a regularizer of one's own on each layer; the factor lambda of
# the formula was left out.
class GroupLasso(regularizers.Regularizer):
    def __init__(self, lam=1.0):
        self.lam = lam

    def __call__(self, w):
        return self.lam * ops.sum(ops.sqrt(ops.sum(w * w, axis=1) + 1e-8))


@prog("u9-group-lasso-without-lambda", "regression", "log_cosh", "model")
def _(rng, fixed):
    n, genes = 500, 80
    x = rng.normal(size=(n, genes))
    y = x[:, :6] @ rng.uniform(0.5, 1.5, 6) + np.abs(x[:, 6])
    reg = GroupLasso(2e-3) if fixed else GroupLasso()
    inp = keras.Input((genes,))
    h = inp
    for w in (32, 16):
        h = layers.Dense(w, activation="selu", kernel_regularizer=reg)(h)
    model = keras.Model(inp, layers.Dense(1, kernel_regularizer=reg)(h))
    model.compile(optimizers.Adam(2e-3), "log_cosh")
    return model, f32(x), col(zscore(y)), dict(batch_size=32, epochs=30)


# Heating and cooling load from two named inputs; ported from PyTorch with reduction="sum" and
# batches of 256, the SGD line unchanged.
@prog("u9-two-loads-loss-summed", "regression+regression", "mae+mae", "model")
def _(rng, fixed):
    n = 1200
    shape = rng.uniform(-1, 1, (n, 5))
    glass = rng.uniform(-1, 1, (n, 3))
    heat = 2 * shape[:, 0] + np.abs(shape[:, 1]) + glass[:, 0] * shape[:, 2]
    cool = shape[:, 0] - 1.5 * glass[:, 1] + shape[:, 3] ** 2
    y = {"heat": col(zscore(heat) + 3), "cool": col(zscore(cool) + 3)}
    a = keras.Input((5,), name="shape")
    b = keras.Input((3,), name="glass")
    h = layers.concatenate(
        [layers.Dense(32, activation="relu")(a), layers.Dense(16, activation="relu")(b)]
    )
    h = layers.Dense(32, activation="relu")(h)
    h = layers.Dense(32, activation="relu")(h)
    out = {k: layers.Dense(1, name=k)(layers.Dense(8, activation="relu")(h)) for k in y}
    model = keras.Model({"shape": a, "glass": b}, out)
    red = "sum_over_batch_size" if fixed else "sum"
    model.compile(
        optimizers.SGD(0.02, momentum=0.9),
        {k: keras.losses.MeanAbsoluteError(reduction=red) for k in y},
    )
    return model, {"shape": f32(shape), "glass": f32(glass)}, y, dict(batch_size=256, epochs=40)


# "Keras as an SVM with an RBF kernel": random Fourier features and a hinge loss. The kernel width
# of 300 comes from an older run on bytes; these columns lie within -1..1: every feature is a
# constant.
class RandomFourier(layers.Layer):
    def __init__(self, dim, width, seed=3):
        super().__init__(trainable=False)
        self.dim, self.width, self.seed = dim, width, seed

    def build(self, shape):
        self.freq = self.add_weight(
            shape=(shape[-1], self.dim),
            trainable=False,
            name="freq",
            initializer=initializers.RandomNormal(stddev=1 / self.width, seed=self.seed),
        )
        self.phase = self.add_weight(
            shape=(self.dim,),
            trainable=False,
            name="phase",
            initializer=initializers.RandomUniform(0, 2 * np.pi, seed=self.seed),
        )

    def call(self, x):
        return ops.cos(ops.matmul(x, self.freq) + self.phase) * (2 / self.dim) ** 0.5


@prog("u9-fourier-svm-kernel-width", "binary", "hinge", "model")
def _(rng, fixed):
    x, y = datasets.make_circles(1000, noise=0.08, factor=0.45, random_state=int(rng.integers(99)))
    keep = np.concatenate([np.flatnonzero(y == 1), np.flatnonzero(y == 0)[:350]])
    keep = rng.permutation(keep)
    x, y = x[keep], y[keep]
    model = keras.Sequential(
        [keras.Input((2,)), RandomFourier(200, 0.5 if fixed else 300.0), layers.Dense(1)]
    )
    model.compile(optimizers.Adam(0.01), "hinge")
    return model, f32(x), col(y), dict(batch_size=32, epochs=25)


# Visitors per day from a weather table in which -99999 stands for "no reading"; MinMaxScaler then
# puts all true values between 0.9995 and 1. Repaired, the code becomes the column's median first.
@prog("u9-missing-code-in-minmax", "regression", "poisson", "model")
def _(rng, fixed):
    n = 1500
    temp = rng.normal(14, 7, n)
    sun = rng.uniform(0, 10, n)
    wind = rng.gamma(2, 2, n)
    rain = rng.exponential(2, n)
    rate = np.exp(1.2 + 0.06 * temp + 0.12 * sun - 0.06 * wind - 0.08 * rain)
    y = rng.poisson(rate)
    x = np.stack([temp, sun, wind, rain], 1)
    gone = rng.random(x.shape) < 0.01
    x[gone] = -99999
    if fixed:
        for j in range(4):
            x[gone[:, j], j] = np.median(x[~gone[:, j], j])
    x = MinMaxScaler().fit_transform(x)
    model = keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(32, activation="tanh"),
            layers.Dense(16, activation="tanh"),
            layers.Dense(1, activation="exponential"),
        ]
    )
    model.compile(optimizers.Adam(2e-3), keras.losses.Poisson())
    return model, f32(x), col(y), dict(batch_size=32, epochs=25)


# RandomBrightness in front of a CNN, pictures in 0..1, but value_range left at its default of
# (0, 255): the shift is up to 102 where the picture is at most 1.
@prog("u9-random-brightness-value-range", "multiclass", "scce", "model")
def _(rng, fixed):
    n = 800
    label = rng.integers(0, 4, n)
    x = rng.uniform(0, 0.35, (n, 14, 14, 1))
    for i in range(n):
        r, c = rng.integers(1, 6, 2)
        if label[i] == 0:
            x[i, r : r + 8, c : c + 2] += 0.6
        elif label[i] == 1:
            x[i, r : r + 2, c : c + 8] += 0.6
        elif label[i] == 2:
            x[i, r : r + 4, c : c + 4] += 0.6
        else:
            x[i, range(r, r + 8), range(c, c + 8)] += 0.6
    bright = dict(value_range=(0, 1)) if fixed else {}
    model = keras.Sequential(
        [
            keras.Input((14, 14, 1)),
            layers.RandomBrightness(0.4, seed=1, **bright),
            layers.Conv2D(16, 3, activation="relu"),
            layers.Conv2D(16, 3, strides=2, activation="relu"),
            layers.Flatten(),
            layers.Dense(32, activation="relu"),
            layers.Dense(4, activation="softmax"),
        ]
    )
    model.compile(optimizers.Adam(1e-3), "sparse_categorical_crossentropy")
    return model, f32(x), label, dict(batch_size=32, epochs=12)


# An optimizer of one's own (heavy ball): the velocity is collected and subtracted, but nowhere
# multiplied by the learning rate that was given. Remaining life of a bearing from its vibration.
class HeavyBall(optimizers.Optimizer):
    def __init__(self, learning_rate=0.01, mu=0.9, use_rate=True, **kw):
        super().__init__(learning_rate=learning_rate, **kw)
        self.mu, self.use_rate = mu, use_rate

    def build(self, variables):
        if self.built:
            return
        super().build(variables)
        self.velocity = [self.add_variable_from_reference(v, name="velocity") for v in variables]

    def update_step(self, gradient, variable, learning_rate):
        velocity = self.velocity[self._get_variable_index(variable)]
        step = self.mu * velocity + gradient
        self.assign(velocity, step)
        if self.use_rate:
            step = ops.cast(learning_rate, variable.dtype) * step
        self.assign_sub(variable, step)


@prog("u9-own-heavy-ball-forgets-rate", "regression", "mae", "model")
def _(rng, fixed):
    n, steps = 900, 64
    wear = rng.uniform(0, 1, n)
    t = np.arange(steps)
    hum = np.sin(t * 0.9 + rng.uniform(0, 6.28, (n, 1)))
    knock = wear[:, None] * 2 * np.exp(-((t + rng.integers(0, 16, (n, 1))) % 16) / 2.0)
    x = hum + knock + rng.normal(0, 0.2, (n, steps))
    y = zscore(1 - wear + rng.normal(0, 0.05, n))
    inp = keras.Input((steps, 1))
    h = inp
    for filters in (12, 24):
        h = layers.Conv1D(filters, 5, strides=2, padding="same")(h)
        h = layers.ReLU()(h)
    h = layers.GlobalAveragePooling1D()(h)
    h = layers.Dense(32, activation="relu")(h)
    model = keras.Model(inp, layers.Dense(1)(h))
    model.compile(HeavyBall(0.01, use_rate=fixed), "mean_absolute_error")
    return model, f32(x)[..., None], col(y), dict(batch_size=32, epochs=25)


# SRCNN for sharpening pictures, everything as in the paper: N(0, 0.001) weights and SGD at 1e-4.
# There the loss is a sum over the pixels, in Keras a mean; every picture comes out black.
@prog("u9-srcnn-paper-sgd", "regression", "mse", "model")
def _(rng, fixed):
    n, s = 300, 16
    g = np.arange(s)
    sharp = np.zeros((n, s, s))
    for i in range(n):
        for _ in range(3):
            r, c = rng.integers(0, s - 5, 2)
            sharp[i, r : r + rng.integers(3, 7), c : c + rng.integers(3, 7)] = rng.uniform(0.3, 1)
    k = np.exp(-((g[:, None] - g) ** 2) / 3.0)
    k = k / k.sum(1, keepdims=True)
    blurred = np.einsum("ij,njk,lk->nil", k, sharp, k)
    init = initializers.RandomNormal(stddev=0.001)
    conv = dict(padding="same", kernel_initializer=init)
    model = keras.Sequential(name="srcnn")
    model.add(keras.Input((s, s, 1)))
    model.add(layers.Conv2D(32, 9, activation="relu", **conv))
    model.add(layers.Conv2D(16, 1, activation="relu", **conv))
    model.add(layers.Conv2D(1, 5, **conv))
    model.compile(optimizers.Adam(1e-3) if fixed else optimizers.SGD(1e-4, momentum=0.9), "mse")
    return model, f32(blurred)[..., None], f32(sharp)[..., None], dict(batch_size=16, epochs=15)


# ------------------------------------------------------------------ faults in an activation


# A decoder that gives one step: its output is (batch, 1, classes), and the softmax runs over axis
# 1, the axis of length one. Every class of every row has "probability" one.
@prog("u9-softmax-over-time-axis-of-one", "multiclass", "cce", "activation")
def _(rng, fixed):
    n, steps = 900, 15
    label = rng.choice(4, n, p=[0.4, 0.25, 0.2, 0.15])
    x = rng.normal(0, 0.6, (n, steps, 4))
    x[np.arange(n), :, label] += np.linspace(-0.5, 1.5, steps)
    inp = keras.Input((steps, 4))
    h = layers.GRU(16)(inp)
    h = layers.RepeatVector(1)(h)
    h = layers.GRU(16, return_sequences=True)(h)
    h = layers.TimeDistributed(layers.Dense(4))(h)
    h = layers.Softmax(axis=-1 if fixed else 1)(h)
    model = keras.Model(inp, layers.Reshape((4,))(h))
    model.compile(optimizers.Nadam(3e-3), "categorical_crossentropy", metrics=["accuracy"])
    return model, f32(x), np.eye(4, dtype="float32")[label], dict(batch_size=32, epochs=12)


# Soil moisture in per cent (15 to 60) with the output clipped "to a valid share" between 0 and 1:
# beyond 1 there is no gradient any more.
@prog("u9-clipped-head-per-cent", "regression", "mae", "activation")
def _(rng, fixed):
    n = 900
    bands = rng.uniform(0, 1, (n, 24, 3))
    wet = rng.uniform(0, 1, n)
    bands[:, 8:14, 0] -= 0.8 * wet[:, None]
    bands[:, 3:6, 2] += 0.5 * wet[:, None]
    y = 15 + 45 * wet
    inp = keras.Input((24, 3))
    h = layers.Conv1D(16, 5, activation="relu")(inp)
    h = layers.Conv1D(16, 5, activation="relu")(h)
    h = layers.Flatten()(h)
    h = layers.Dense(32, activation="relu")(h)
    h = layers.Dense(1)(h)
    if not fixed:
        h = layers.Lambda(lambda z: ops.clip(z, 0.0, 1.0))(h)
    model = keras.Model(inp, h)
    model.compile(optimizers.Adam(3e-3), "mae")
    return model, f32(bands), col(y), dict(batch_size=32, epochs=30)


# Mish written by hand, x * tanh(log(1 + exp(x))): on pictures of 0..255 exp overflows, and the
# gradient of the logarithm is inf / inf. The built-in "mish" is safe.
@prog("u9-mish-by-hand-overflows", "multiclass", "scce", "activation")
def _(rng, fixed):
    d = datasets.load_digits()
    x = np.kron(d.images, np.ones((1, 2, 2)))[:1000] * 255 / 16

    def mish(z):
        return z * ops.tanh(ops.log(1 + ops.exp(z)))

    act = keras.activations.mish if fixed else mish
    model = keras.Sequential(
        [
            keras.Input((16, 16, 1)),
            layers.Conv2D(12, 3, strides=2, activation=act),
            layers.Conv2D(24, 3, strides=2, activation=act),
            layers.Flatten(),
            layers.Dense(48, activation=act),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(optimizers.Adam(5e-4), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, f32(x)[..., None], d.target[:1000], dict(batch_size=32, epochs=12)


# Stacked LSTMs with activation="softmax" in each, because "the output should be probabilities".
@prog("u9-lstm-cells-with-softmax", "binary", "bce", "activation")
def _(rng, fixed):
    n, steps = 800, 20
    y = (rng.random(n) < 0.4).astype(int)
    t = np.arange(steps)
    x = np.sin(t * np.where(y, 0.9, 0.5)[:, None] + rng.uniform(0, 6.28, (n, 1)))
    x = x + rng.normal(0, 0.2, x.shape)
    act = "tanh" if fixed else "softmax"
    model = keras.Sequential(
        [
            keras.Input((steps, 1)),
            layers.LSTM(24, activation=act, return_sequences=True),
            layers.LSTM(24, activation=act),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizers.RMSprop(2e-3), "binary_crossentropy", metrics=["accuracy"])
    return model, f32(x)[..., None], col(y), dict(batch_size=32, epochs=10)
