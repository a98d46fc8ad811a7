"""Healthy Keras programs that look suspicious to a naive check (ids OK-u11-...).

Same format as the other programs_unseen files: P maps an id to (task, loss, builder);
builder(rng, fixed) returns (model, x, y, fit_kwargs); nothing is wrong in any of them, so `fixed`
is ignored. Only keras and numpy/scikit-learn; no downloads; nothing bound to one backend.
"""

import keras
import numpy as np
from keras import initializers, layers, ops, optimizers
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


# A long plateau: the product of three signs from small weights; the loss does not move for about
# half of the epochs, then falls.
@prog("OK-u11-triple-sign-plateau", "regression", "mse")
def triple_sign(rng, fixed):
    x = rng.uniform(0.3, 1, (2400, 5)) * rng.choice([-1, 1], (2400, 5))
    y = np.sign(x[:, 0] * x[:, 2] * x[:, 4])
    small = initializers.RandomNormal(stddev=0.13)
    model = keras.Sequential(
        [
            keras.Input((5,)),
            layers.Dense(48, activation="tanh", kernel_initializer=small),
            layers.Dense(48, activation="tanh", kernel_initializer=small),
            layers.Dense(1),
        ]
    )
    model.compile(optimizers.SGD(1e-3, momentum=0.9), "mse")
    return model, f32(x), col(y), {"epochs": 40, "batch_size": 32}


# A low but real signal: about a tenth of the variance can be explained, small batches.
@prog("OK-u11-crop-yield-faint", "regression", "mse")
def crop_yield(rng, fixed):
    x = rng.standard_normal((4000, 6))
    y = 0.25 * x[:, 0] - 0.2 * x[:, 1] + rng.standard_normal(4000)
    model = keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(16, activation="relu"),
            layers.Dropout(0.2),
            layers.Dense(1),
        ]
    )
    model.compile(optimizers.Adam(5e-4), "mse")
    return model, f32(x), col(y), {"epochs": 15, "batch_size": 16}


# One and a half per cent of positives without class weights: hard answers are almost always "no",
# the ranking is fine.
@prog("OK-u11-defects-15-in-1000", "binary", "bce")
def defects(rng, fixed):
    n = 6000
    x = rng.standard_normal((n, 12))
    score = x[:, 0] + x[:, 1] * x[:, 2] + 0.8 * np.abs(x[:, 3]) + 0.4 * rng.standard_normal(n)
    y = score > np.quantile(score, 0.985)
    model = keras.Sequential(
        [
            keras.Input((12,)),
            layers.Dense(32, activation="relu"),
            layers.Dense(16, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizers.Adam(1e-3), "binary_crossentropy", metrics=["accuracy"])
    return model, f32(x), col(y), {"epochs": 20, "batch_size": 32}


# Targets of a billionth: the loss divides by the known scale and the model's last layer multiplies
# by it, so the numbers look like nought but the fit is good.
def nano_loss(true, pred):
    return ops.mean(ops.square((true - pred) * 1e9), axis=-1)


@prog("OK-u11-nanoampere-rescaled", "regression", "custom")
def nanoampere(rng, fixed):
    x = rng.standard_normal((2500, 4))
    y = 1e-9 * (2.0 + np.sin(2 * x[:, 0]) + 0.5 * x[:, 1] * x[:, 2])
    model = keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(48, activation="relu"),
            layers.Dense(48, activation="relu"),
            layers.Dense(1),
            layers.Rescaling(1e-9),
        ]
    )
    model.compile(optimizers.Adam(2e-3), nano_loss)
    return model, f32(x), col(y), {"epochs": 25, "batch_size": 32}


class Ramp(optimizers.schedules.LearningRateSchedule):
    def __init__(self, peak, start, end):
        self.peak, self.start, self.end = peak, start, end

    def __call__(self, step):
        part = (ops.cast(step, "float32") - self.start) / (self.end - self.start)
        return self.peak * ops.clip(part, 1e-5, 1.0)

    def get_config(self):
        return {"peak": self.peak, "start": self.start, "end": self.end}


# Attention with a rate that stays next to nought for the first 60 % of the steps.
@prog("OK-u11-attention-late-ramp", "multiclass", "scce")
def attention_late_ramp(rng, fixed):
    n, length = 2000, 16
    x = rng.integers(5, 50, (n, length)).astype("int32")
    y = rng.integers(0, 5, n).astype("int32")
    x[np.arange(n), rng.integers(0, length, n)] = y
    inp = keras.Input((length,), dtype="int32")
    h = layers.Embedding(50, 24)(inp)
    h = layers.LayerNormalization()(h + layers.MultiHeadAttention(2, 12)(h, h))
    h = layers.LayerNormalization()(h + layers.Dense(24)(layers.Dense(48, activation="gelu")(h)))
    out = layers.Dense(5, activation="softmax")(layers.GlobalAveragePooling1D()(h))
    model = keras.Model(inp, out)
    steps = 63 * 15
    model.compile(
        optimizers.Adam(Ramp(3e-3, 0.6 * steps, 0.85 * steps)),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model, x, y, {"epochs": 15, "batch_size": 32}


# Sixty tags of which about one in a hundred is set: most outputs are next to nought all the time.
@prog("OK-u11-sixty-rare-tags", "binary", "bce")
def sixty_tags(rng, fixed):
    n, tags = 3000, 60
    x = rng.standard_normal((n, 30))
    score = x @ rng.standard_normal((30, tags)) / np.sqrt(30)
    y = score > np.quantile(score, 0.99, axis=0)
    model = keras.Sequential(
        [
            keras.Input((30,)),
            layers.Dense(96, activation="relu"),
            layers.Dense(tags, activation="sigmoid"),
        ]
    )
    model.compile(optimizers.Adam(2e-3), "binary_crossentropy")
    return model, f32(x), f32(y), {"epochs": 25, "batch_size": 32}


# Biases far below nought: nearly all of the ReLU units are dead from the first step, the rest is
# enough.
@prog("OK-u11-nine-tenths-dead", "regression", "huber")
def nine_tenths_dead(rng, fixed):
    x = rng.standard_normal((2500, 6))
    y = np.abs(x[:, 0]) + 0.6 * x[:, 1] - 0.4 * x[:, 2] * x[:, 3]
    below = initializers.RandomUniform(-9.0, 0.5, seed=3)
    model = keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(320, activation="relu", bias_initializer=below),
            layers.Dense(160, activation="relu", bias_initializer=below),
            layers.Dense(1),
        ]
    )
    model.compile(optimizers.Adam(1e-3), "huber")
    return model, f32(x), col(zscore(y)), {"epochs": 20, "batch_size": 32}


# Padding is nine tenths of every row and is masked; the answer hangs on the few real steps.
@prog("OK-u11-short-visits-masked", "binary", "bce")
def short_visits(rng, fixed):
    n, length = 1100, 40
    x = np.zeros((n, length, 2))
    y = np.zeros(n)
    for i in range(n):
        k = rng.integers(2, 7)
        x[i, :k] = rng.standard_normal((k, 2))
        y[i] = x[i, :k, 0].sum() + 0.5 * x[i, 0, 1] > 0
    model = keras.Sequential(
        [
            keras.Input((length, 2)),
            layers.Masking(),
            layers.GRU(16),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizers.RMSprop(2e-3), "binary_crossentropy", metrics=["accuracy"])
    return model, f32(x), col(y), {"epochs": 12, "batch_size": 32}


# Two outputs: the first is learned at once, the second (a product of signs) only in the second
# half of the epochs.
@prog("OK-u11-late-second-output", "regression", "mse")
def late_second(rng, fixed):
    x = rng.uniform(0.3, 1, (2400, 5)) * rng.choice([-1, 1], (2400, 5))
    a = x[:, 0] + 0.5 * x[:, 1]
    b = np.sign(x[:, 2] * x[:, 3])
    inp = keras.Input((5,))
    h = layers.Dense(32, activation="tanh")(inp)
    h = layers.Dense(32, activation="tanh")(h)
    model = keras.Model(inp, [layers.Dense(1, name="easy")(h), layers.Dense(1, name="late")(h)])
    model.compile(optimizers.SGD(3e-3, momentum=0.9), ["mse", "mse"], loss_weights=[1.0, 0.15])
    return model, f32(x), [col(a), col(b)], {"epochs": 40, "batch_size": 32}


class Focussed(keras.Model):
    """Own loss: rows that are already right count for little; their mean is tiny."""

    def __init__(self):
        super().__init__()
        self.body = [layers.Dense(64, activation="relu") for _ in range(2)]
        self.head = layers.Dense(10)

    def call(self, x):
        for layer in self.body:
            x = layer(x)
        return self.head(x)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        truth = ops.one_hot(ops.cast(ops.reshape(y, (-1,)), "int32"), 10)
        logp = ops.sum(truth * ops.log_softmax(y_pred, axis=-1), axis=-1)
        return -1e-3 * ops.mean(ops.square(1.0 - ops.exp(logp)) * logp)


# A subclassed model with its own loss of a thousandth, so loss and gradients are tiny throughout.
@prog("OK-u11-focal-thousandth", "multiclass", "custom")
def focal_thousandth(rng, fixed):
    x, y = datasets.load_digits(return_X_y=True)
    order = rng.permutation(len(x))
    model = Focussed()
    model.compile(optimizers.Adam(5e-4))
    return model, f32(x[order] / 16.0), y[order].astype("int32"), {"epochs": 20, "batch_size": 32}


def pinball_080(true, pred):
    gap = true - pred
    return ops.mean(ops.maximum(0.8 * gap, -0.2 * gap), axis=-1)


# The 80 % quantile of rain that is nought on most days: the target is mostly zeros, the loss is
# asymmetric, and only some inputs bring wet days at all.
@prog("OK-u11-rain-quantile-080", "regression", "custom")
def rain_quantile(rng, fixed):
    x = rng.uniform(-1, 1, (3000, 4))
    wet = rng.random(3000) < np.clip(0.15 + 0.8 * (x[:, 0] > 0.4), 0, 0.95)
    y = wet * (2.0 + 1.5 * x[:, 1]) * rng.uniform(0.8, 1.2, 3000)
    model = keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(32, activation="relu"),
            layers.Dense(32, activation="relu"),
            layers.Dense(1),
        ]
    )
    model.compile(optimizers.Nadam(1e-3), pinball_080)
    return model, f32(x), col(y), {"epochs": 25, "batch_size": 32}


# Frozen random convolutions with heavy dropout behind them; only the last layer is trained.
@prog("OK-u11-frozen-features-dropout", "multiclass", "scce")
def frozen_features(rng, fixed):
    x, y = datasets.load_digits(return_X_y=True)
    order = rng.permutation(len(x))
    base = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(24, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.Conv2D(24, 3, activation="relu"),
            layers.Flatten(),
        ]
    )
    base.trainable = False
    inp = keras.Input((8, 8, 1))
    h = layers.Dropout(0.75)(base(inp, training=False))
    model = keras.Model(inp, layers.Dense(10, activation="softmax")(h))
    model.compile(optimizers.SGD(0.02), "sparse_categorical_crossentropy", metrics=["accuracy"])
    x = f32(x[order] / 16.0).reshape(-1, 8, 8, 1)
    return model, x, y[order].astype("int32"), {"epochs": 15, "batch_size": 16}


# Label smoothing of 0.5: the loss ends close to where it started, the classes are right.
@prog("OK-u11-smoothing-half", "multiclass", "cce")
def smoothing_half(rng, fixed):
    x, y = datasets.load_digits(return_X_y=True)
    order = rng.permutation(len(x))
    model = keras.Sequential(
        [
            keras.Input((64,)),
            layers.Dense(64, use_bias=False),
            layers.BatchNormalization(),
            layers.Activation("relu"),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=0.5)
    model.compile(optimizers.Adam(5e-4), loss, metrics=["accuracy"])
    target = f32(np.eye(10)[y[order]])
    return model, f32(x[order] / 16.0), target, {"epochs": 15, "batch_size": 32}


# Gradients are gathered over 16 batches of 4 rows, with sample weights that are nought for a third
# of the rows; long stretches without any update.
@prog("OK-u11-accumulate-16-weights", "regression", "mae")
def accumulate(rng, fixed):
    x = rng.standard_normal((1600, 5))
    y = x[:, 0] - 0.7 * x[:, 1] + np.maximum(x[:, 2], 0)
    weight = np.where(rng.random(1600) < 1 / 3, 0.0, rng.uniform(0.5, 2.0, 1600))
    model = keras.Sequential(
        [keras.Input((5,)), layers.Dense(32, activation="relu"), layers.Dense(1)]
    )
    model.compile(optimizers.Adam(5e-3, gradient_accumulation_steps=16), "mae")
    return model, f32(x), col(y), {"epochs": 11, "batch_size": 4, "sample_weight": f32(weight)}
