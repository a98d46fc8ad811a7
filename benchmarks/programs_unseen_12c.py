"""Small Keras programs whose network always predicts the same value (ids u12-..., some more).

Same format as the other programs_unseen files: P maps an id to (task, loss, builder);
builder(rng, fixed) returns (model, x, y, fit_kwargs); WHERE says what kind of repair is needed.
Only keras and numpy/scikit-learn; no downloads; nothing that is bound to one backend.
Written blind: without reading the library or its tests.
"""

import keras
import numpy as np
from keras import initializers, layers, optimizers, regularizers
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


# GitHub, "good training accuracy, predict() returns one class": BatchNormalization(momentum=0.9999)
# as the only scaling of raw columns (the moving averages never get near the data), tanh behind it.
# The loss of the training batches falls; the outputs of predict() and evaluate() are constant.
@prog("u12-batchnorm-momentum-09999", "multiclass", "scce", "model")
def _(rng, fixed):
    n = 900
    base = rng.normal(size=(n, 5))
    y = np.digitize(base[:, 0] + base[:, 1] - base[:, 2], [-0.9, 0.9])
    x = base * [40, 300, 15, 9, 2] + [1013, 4500, 290, 60, 20]
    inp = keras.Input((5,))
    h = layers.BatchNormalization(momentum=0.9 if fixed else 0.9999)(inp)
    h = layers.Dense(32, activation="tanh")(h)
    h = layers.Dense(32, activation="tanh")(h)
    model = keras.Model(inp, layers.Dense(3, activation="softmax")(h))
    model.compile(optimizers.Adam(0.003), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, f32(x), y.astype("int32"), dict(batch_size=64, epochs=20)


# "Set epsilon to 1.0 or 0.1" (Inception advice in the Adam docs) on a small well-scaled net with
# the rate of a fine-tuning script; nothing moves.
@prog("u12-gru-adam-epsilon", "multiclass", "scce", "model")
def _(rng, fixed):
    n, t = 900, 14
    y = rng.integers(0, 4, n)
    steps = np.arange(t)
    shapes = np.stack(
        [np.sin(steps / 2), np.sin(steps / 1.2), np.linspace(-1, 1, t), np.linspace(1, -1, t)]
    )
    x = shapes[y] * rng.uniform(0.7, 1.3, (n, 1)) + 0.3 * rng.normal(size=(n, t))
    model = keras.Sequential(
        [
            keras.Input((t, 1)),
            layers.GRU(16, return_sequences=True),
            layers.GRU(16),
            layers.Dense(
                4,
                activation="softmax",
                kernel_initializer=initializers.RandomNormal(stddev=0.01),
            ),
        ]
    )
    opt = optimizers.Adam(0.005) if fixed else optimizers.Adam(1e-4, epsilon=1.0)
    model.compile(opt, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, f32(x[..., None]), y.astype("int32"), dict(batch_size=32, epochs=15)


# Spectra regression with "sparse" layers: L1(0.05) per weight on a conv net and a target in metres
# (1e-4); the penalty is the whole loss.
@prog("u12-spectra-l1-metres", "regression", "mse", "model")
def _(rng, fixed):
    n, w = 700, 48
    pos = rng.uniform(8, 40, n)
    grid = np.arange(w)
    x = np.exp(-0.5 * ((grid - pos[:, None]) / 2.5) ** 2) + 0.05 * rng.normal(size=(n, w))
    y = pos * 1e-5
    if fixed:
        y = zscore(y)
    reg = regularizers.L1(1e-6 if fixed else 0.05)
    model = keras.Sequential(
        [
            keras.Input((w, 1)),
            layers.Conv1D(12, 5, activation="elu", kernel_regularizer=reg),
            layers.MaxPooling1D(2),
            layers.Flatten(),
            layers.Dense(24, activation="elu", kernel_regularizer=reg),
            layers.Dense(1, kernel_regularizer=reg),
        ]
    )
    model.compile(optimizers.Adam(0.002), "mse")
    return model, f32(x[..., None]), col(y), dict(batch_size=32, epochs=25)


# Machine Learning Mastery's two-circles study of vanishing gradients, with plain SGD: ten sigmoid
# layers, N(0, 0.05) weights.
@prog("u12-moons-ten-sigmoids", "binary", "bce", "model")
def _(rng, fixed):
    x, y = datasets.make_moons(900, noise=0.12, random_state=int(rng.integers(10**6)))
    n_hidden, act = (3, "relu") if fixed else (10, "sigmoid")
    model = keras.Sequential([keras.Input((2,))])
    for _ in range(n_hidden):
        init = "he_normal" if fixed else initializers.RandomNormal(stddev=0.05)
        model.add(layers.Dense(16, activation=act, kernel_initializer=init))
    model.add(layers.Dense(1, activation="sigmoid"))
    model.compile(optimizers.SGD(0.1, momentum=0.9), "binary_crossentropy")
    return model, f32(x), col(y), dict(batch_size=32, epochs=30)


class Mixer(keras.Model):
    """A small subclassed regressor with dropout after each layer."""

    def __init__(self, width, wd_layers, rate, act, **kw):
        super().__init__(**kw)
        self.hidden = [layers.Dense(width, activation=act) for _ in range(wd_layers)]
        self.drop = [layers.Dropout(rate) for _ in range(wd_layers)]
        self.out = layers.Dense(1)

    def call(self, x, training=None):
        for h, d in zip(self.hidden, self.drop, strict=True):
            x = d(h(x), training=training)
        return self.out(x)


# Subclassed model; AdamW with weight_decay=20 (taken for a per-cent figure).
@prog("u12-adamw-decay-20", "regression", "mse", "model")
def _(rng, fixed):
    n = 1000
    base = rng.normal(size=(n, 3))
    y = base[:, 0] - 0.7 * base[:, 1] * base[:, 2] + 0.1 * rng.normal(size=n)
    model = Mixer(32, 4, 0.0, "tanh")
    opt = optimizers.AdamW(0.003, weight_decay=0.004 if fixed else 20.0)
    model.compile(opt, "mse")
    return model, f32(base), col(zscore(y)), dict(batch_size=32, epochs=25)


# Review stars 1..5 as a number, a small transformer and a sigmoid head ("it predicts 1 for each").
@prog("u12-stars-sigmoid-head", "regression", "mse", "activation")
def _(rng, fixed):
    n, t, vocab, d = 900, 12, 60, 16
    tokens = rng.integers(1, vocab, (n, t))
    mood = (tokens % 4 == 0).sum(1) - (tokens % 4 == 1).sum(1)
    y = np.clip(np.round(3 + 0.6 * mood + 0.2 * rng.normal(size=n)), 1, 5)
    inp = keras.Input((t,), dtype="int32")
    h = Block(d, 2)(layers.Embedding(vocab, d)(inp))
    h = layers.GlobalAveragePooling1D()(h)
    h = layers.Dense(16, activation="relu")(h)
    model = keras.Model(inp, layers.Dense(1, activation=None if fixed else "sigmoid")(h))
    model.compile(optimizers.Adam(0.005), "mse")
    return model, tokens.astype("int32"), col(y), dict(batch_size=32, epochs=15)
