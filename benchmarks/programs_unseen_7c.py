"""Healthy but suspicious-looking Keras programs: blind controls that must never be warned about.

P maps an id to (task, loss, builder); builder(rng, fixed) returns
(model, x, y, fit_kwargs[, labels]) with the model compiled. `fixed` is ignored.
WHERE is empty: no program has a fault. Needs scikit-learn.
Every program ends with real skill on its training rows, after looking constant for a while.
"""

import keras
import numpy as np
from keras import initializers as I
from keras import layers as L
from keras import optimizers as O
from keras import regularizers as R
from sklearn import datasets as SK

P = {}
WHERE = {}


def prog(name, task, loss):
    """Register a builder under its id."""

    def deco(f):
        P[name] = (task, loss, f)
        return f

    return deco


def f32(a):
    return np.asarray(a, "float32")


def col(a):
    return f32(a).reshape(-1, 1)


def std(a):
    return f32((a - a.mean(0)) / (a.std(0) + 1e-9))


def one_hot(y, n):
    return np.eye(n, dtype="float32")[np.asarray(y, int)]


# Noisy XOR from tiny weights and plain SGD: a long stay at p = 0.5, then a sudden drop.
@prog("OK-xor-small-weights", "binary", "bce")
def _(rng, fixed):
    bits = rng.integers(0, 2, (256, 2))
    x = f32(bits * 2 - 1 + 0.2 * rng.normal(size=bits.shape))
    small = I.RandomNormal(stddev=0.15)
    m = keras.Sequential(
        [
            keras.Input((2,)),
            L.Dense(8, activation="tanh", kernel_initializer=small),
            L.Dense(1, activation="sigmoid", kernel_initializer=small),
        ]
    )
    m.compile(O.SGD(0.2), "binary_crossentropy", metrics=["accuracy"])
    return m, x, col(bits[:, 0] ^ bits[:, 1]), dict(batch_size=16, epochs=150)


# A GRU must carry the first symbol over 18 distractors: sits at log(6) before it finds it.
@prog("OK-gru-first-symbol", "multiclass", "scce")
def _(rng, fixed):
    x = rng.integers(0, 6, (1500, 19))
    m = keras.Sequential(
        [
            keras.Input((19,), dtype="int32"),
            L.Embedding(6, 8),
            L.GRU(24),
            L.Dense(6, activation="softmax"),
        ]
    )
    m.compile(O.Adam(0.005), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return m, x.astype("int32"), x[:, 0].astype("int32"), dict(batch_size=50, epochs=25)


# SimpleRNN parity of a short bit string: flat loss until the state machine is found.
@prog("OK-rnn-running-parity", "binary", "bce")
def _(rng, fixed):
    x = rng.integers(0, 2, (1000, 7))
    m = keras.Sequential(
        [
            keras.Input((7, 1)),
            L.SimpleRNN(32),
            L.Dense(1, activation="sigmoid"),
        ]
    )
    m.compile(O.Adam(0.003), "binary_crossentropy", metrics=["accuracy"])
    x_in = f32(x * 2 - 1)[..., None]
    return m, x_in, col(x.sum(1) % 2), dict(batch_size=32, epochs=50)


# Attention pooling that has to find the one marked token among 40.
@prog("OK-attention-marked-token", "multiclass", "scce")
def _(rng, fixed):
    n, steps, k = 2000, 40, 8
    x = rng.integers(1, 1 + k, (n, steps))
    y = rng.integers(0, k, n)
    x[np.arange(n), rng.integers(0, steps, n)] = 1 + k + y
    inp = keras.Input((steps,), dtype="int32")
    h = L.Embedding(1 + 2 * k, 16)(inp)
    score = L.Softmax(axis=1)(L.Dense(1)(L.Dense(16, activation="tanh")(h)))
    pooled = L.Flatten()(L.Dot(axes=1)([score, h]))
    m = keras.Model(inp, L.Dense(k, activation="softmax")(pooled))
    m.compile(O.Adam(0.001), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return m, x.astype("int32"), y, dict(batch_size=32, epochs=20)


# (a + b) mod 29 from embeddings with weight decay: log(29) for a long while, then it learns.
@prog("OK-modular-addition", "multiclass", "cce")
def _(rng, fixed):
    p = 29
    pairs = np.array([(a, b) for a in range(p) for b in range(p)], "int32")
    pairs = pairs[rng.permutation(len(pairs))]
    m = keras.Sequential(
        [
            keras.Input((2,), dtype="int32"),
            L.Embedding(p, 24),
            L.Flatten(),
            L.Dense(128, activation="relu"),
            L.Dense(p, activation="softmax"),
        ]
    )
    m.compile(O.AdamW(0.003, weight_decay=0.01), "categorical_crossentropy", metrics=["accuracy"])
    return m, pairs, one_hot(pairs.sum(1) % p, p), dict(batch_size=64, epochs=100)


# Five sigmoid layers on Friedman data: the mean for many epochs, then it lets go.
@prog("OK-deep-sigmoid-friedman", "regression", "mse")
def _(rng, fixed):
    x, y = SK.make_friedman1(1000, noise=0.5, random_state=int(rng.integers(1e6)))
    m = keras.Sequential([keras.Input((10,))])
    for _i in range(5):
        m.add(L.Dense(24, activation="sigmoid"))
    m.add(L.Dense(1))
    m.compile(O.Adam(0.003), "mse")
    return m, std(x), std(col(y)), dict(batch_size=32, epochs=60)


# Ten tanh layers with a long linear warm-up from zero and cosine decay, on the digits.
@prog("OK-deep-tanh-long-warmup", "multiclass", "scce")
def _(rng, fixed):
    d = SK.load_digits()
    order = rng.permutation(len(d.target))[:1200]
    m = keras.Sequential([keras.Input((64,))])
    for _i in range(10):
        m.add(L.Dense(32, activation="tanh"))
    m.add(L.Dense(10, activation="softmax"))
    lr = O.schedules.CosineDecay(0.0, 1200, warmup_target=0.03, warmup_steps=800)
    m.compile(O.SGD(lr, momentum=0.9), "sparse_categorical_crossentropy", metrics=["accuracy"])
    x = f32(d.data[order] / 16)
    return m, x, d.target[order], dict(batch_size=24, epochs=40)


# Six percent positives, mild class weight: every prediction stays below one half at first.
@prog("OK-rare-positives-6pct", "binary", "bce")
def _(rng, fixed):
    n = 4000
    x = rng.normal(size=(n, 12))
    s = 1.3 * x[:, 0] * x[:, 1] + 1.2 * x[:, 2] - 0.8 * np.abs(x[:, 3]) + 0.4 * rng.normal(size=n)
    y = s > np.quantile(s, 0.94)
    m = keras.Sequential(
        [
            keras.Input((12,)),
            L.Dense(32, activation="relu"),
            L.Dropout(0.2),
            L.Dense(16, activation="relu"),
            L.Dense(1, activation="sigmoid"),
        ]
    )
    m.compile(O.Adam(0.001), "binary_crossentropy", metrics=[keras.metrics.AUC(name="auc")])
    return m, f32(x), col(y), dict(batch_size=64, epochs=25, class_weight={0: 1.0, 1: 2.0})


# Forty classes with a Zipf tail, Adadelta: the two largest hold almost half of the rows.
@prog("OK-long-tail-40-classes", "multiclass", "scce")
def _(rng, fixed):
    k, n = 40, 4000
    share = 1 / np.arange(1, k + 1) ** 1.3
    y = rng.choice(k, n, p=share / share.sum())
    centres = rng.normal(size=(k, 24))
    x = centres[y] + 1.0 * rng.normal(size=(n, 24))
    m = keras.Sequential(
        [
            keras.Input((24,)),
            L.Dense(64, activation="relu"),
            L.Dense(64, activation="relu"),
            L.Dense(k, activation="softmax"),
        ]
    )
    m.compile(O.Adadelta(0.2), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return m, f32(x), y, dict(batch_size=64, epochs=25)


# Twenty-five tags, each on 2 to 8 % of the documents, from a bag of words.
@prog("OK-rare-tags", "multilabel", "bce")
def _(rng, fixed):
    n, words, tags = 3000, 120, 25
    x = (rng.random((n, words)) < 0.08).astype("float32")
    s = x @ rng.normal(size=(words, tags)) + 0.2 * rng.normal(size=(n, tags))
    y = f32(s > np.quantile(s, 1 - np.linspace(0.02, 0.08, tags), axis=0).diagonal())
    m = keras.Sequential(
        [
            keras.Input((words,)),
            L.Dense(96, activation="relu"),
            L.Dense(tags, activation="sigmoid"),
        ]
    )
    m.compile(O.Adam(0.002), "binary_crossentropy")
    return m, x, y, dict(batch_size=64, epochs=30)


# Counts that are zero on about 85 % of the rows, Poisson loss with an exp link.
@prog("OK-mostly-zero-counts", "regression", "poisson")
def _(rng, fixed):
    n = 4000
    x = rng.normal(size=(n, 8))
    rate = np.exp(-3.2 + 1.2 * x[:, 0] + 0.9 * x[:, 1] * (x[:, 2] > 0))
    y = rng.poisson(np.minimum(rate, 8))
    m = keras.Sequential(
        [
            keras.Input((8,)),
            L.Dense(32, activation="relu"),
            L.Dense(16, activation="relu"),
            L.Dense(1, activation="exponential"),
        ]
    )
    m.compile(O.Adam(0.001), "poisson")
    return m, f32(x), col(y), dict(batch_size=64, epochs=25)


# Log-normal amounts, not transformed: the loss is ruled by a few rows.
@prog("OK-heavy-tailed-amounts", "regression", "mse")
def _(rng, fixed):
    n = 2000
    x = rng.normal(size=(n, 6))
    y = np.exp(0.9 * x[:, 0] + 0.5 * x[:, 1] - 0.4 * x[:, 2] + 0.4 * rng.normal(size=n))
    m = keras.Sequential(
        [
            keras.Input((6,)),
            L.Dense(32, activation="relu"),
            L.Dense(32, activation="relu"),
            L.Dense(1, activation="softplus"),
        ]
    )
    m.compile(O.Adam(0.001), "mse", metrics=["mae"])
    return m, f32(x), col(y), dict(batch_size=32, epochs=25)


# Linear regression, targets with mean 1000 and deviation 1: a third of the run goes to the offset.
@prog("OK-offset-1000", "regression", "mse")
def _(rng, fixed):
    n = 1500
    x = rng.normal(size=(n, 5))
    y = 1000 + 0.7 * x[:, 0] - 0.6 * x[:, 1] + 0.4 * x[:, 2] + 0.2 * rng.normal(size=n)
    m = keras.Sequential([keras.Input((5,)), L.Dense(1)])
    m.compile(O.SGD(0.003), "mse", metrics=["mae"])
    return m, f32(x), col(y), dict(batch_size=32, epochs=80)


# Returns in percent: the best possible R2 is about 0.2.
@prog("OK-very-noisy-returns", "regression", "mse")
def _(rng, fixed):
    n = 4000
    x = rng.normal(size=(n, 15))
    signal = 0.35 * x[:, 0] - 0.25 * x[:, 1] + 0.25 * np.tanh(2 * x[:, 2])
    y = signal + rng.normal(size=n)
    m = keras.Sequential(
        [
            keras.Input((15,)),
            L.Dense(32, activation="relu", kernel_regularizer=R.L2(1e-5)),
            L.Dropout(0.2),
            L.Dense(1),
        ]
    )
    m.compile(O.Adam(0.0007), "mse")
    return m, f32(x), col(y), dict(batch_size=64, epochs=35)


# A small CNN under heavy dropout, L2 and label smoothing: the training loss hardly moves.
@prog("OK-dropout-label-smoothing", "multiclass", "cce")
def _(rng, fixed):
    d = SK.load_digits()
    order = rng.permutation(len(d.target))[:1000]
    m = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            L.Conv2D(16, 3, activation="relu", padding="same", kernel_regularizer=R.L2(1e-3)),
            L.MaxPooling2D(2),
            L.Dropout(0.5),
            L.Flatten(),
            L.Dense(48, activation="relu", kernel_regularizer=R.L2(2e-3)),
            L.Dropout(0.7),
            L.Dense(10, activation="softmax"),
        ]
    )
    m.compile(O.RMSprop(0.0005), keras.losses.CategoricalCrossentropy(label_smoothing=0.3))
    x = f32(d.images[order] / 16)[..., None]
    return m, x, one_hot(d.target[order], 10), dict(batch_size=32, epochs=25)


# Three quantiles from one head: the outer two are far from the mean by design.
@prog("OK-quantile-head", "regression", "pinball")
def _(rng, fixed):
    q = f32([[0.2, 0.5, 0.8]])

    def pinball(t, p):
        e = t - p
        return keras.ops.mean(keras.ops.maximum(q * e, (q - 1) * e), axis=-1)

    x = rng.uniform(-2, 2, (1500, 3))
    y = col(np.sin(2 * x[:, 0]) + 0.5 * x[:, 1]) * 2 + 0.5 * rng.normal(size=(1500, 1))
    m = keras.Sequential(
        [
            keras.Input((3,)),
            L.Dense(48, activation="tanh"),
            L.Dense(48, activation="tanh"),
            L.Dense(3),
        ]
    )
    m.compile(O.Adam(0.001), pinball)
    return m, f32(x), np.repeat(f32(y), 3, 1), dict(batch_size=32, epochs=35)


# An easy regression beside a hard yes/no (sign of a product), with a low weight on the hard one.
@prog("OK-two-heads-one-hard", "regression+binary", "mse+bce")
def _(rng, fixed):
    n = 1500
    x = rng.normal(size=(n, 6))
    easy = x[:, 0] + 0.5 * x[:, 1] + 0.2 * rng.normal(size=n)
    hard = x[:, 2] * x[:, 3] > 0
    inp = keras.Input((6,))
    h = L.Dense(48, activation="tanh")(inp)
    h = L.Dense(32, activation="tanh")(h)
    out = [L.Dense(1, name="easy")(h), L.Dense(1, activation="sigmoid", name="hard")(h)]
    m = keras.Model(inp, out)
    m.compile(O.Adam(0.002), ["mse", "binary_crossentropy"], loss_weights=[1.0, 0.3])
    return m, f32(x), [col(easy), col(hard)], dict(batch_size=32, epochs=40)


# Autoencoder on spectra that vary by about two percent around a common shape.
@prog("OK-autoencoder-weak-variation", "regression", "mse")
def _(rng, fixed):
    n, d = 1500, 40
    grid = np.linspace(0, 1, d)
    base = 0.5 + 0.25 * np.sin(3 * np.pi * grid)
    modes = np.stack([np.sin((k + 1) * np.pi * grid) for k in range(3)])
    x = f32(base + 0.02 * rng.normal(size=(n, 3)) @ modes + 0.003 * rng.normal(size=(n, d)))
    m = keras.Sequential(
        [
            keras.Input((d,)),
            L.Dense(24, activation="relu"),
            L.Dense(6),
            L.Dense(24, activation="relu"),
            L.Dense(d, activation="sigmoid"),
        ]
    )
    m.compile(O.Adam(0.002), "mse")
    return m, x, x, dict(batch_size=32, epochs=50)


# Averaged embeddings of 6000 words; only a few hundred carry sentiment, so it starts very slowly.
@prog("OK-embedding-6000-words", "binary", "bce")
def _(rng, fixed):
    n, vocab, length = 1500, 6000, 50
    y = rng.integers(0, 2, n)
    x = rng.integers(600, vocab, (n, length))
    for i in range(n):
        k = rng.integers(3, 8)
        x[i, rng.choice(length, k, replace=False)] = rng.integers(0, 300, k) + 300 * y[i]
    m = keras.Sequential(
        [
            keras.Input((length,), dtype="int32"),
            L.Embedding(vocab, 12),
            L.GlobalAveragePooling1D(),
            L.Dense(12, activation="relu"),
            L.Dense(1, activation="sigmoid"),
        ]
    )
    m.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return m, x.astype("int32"), col(y), dict(batch_size=32, epochs=20)


# Thirty rows, a small sigmoid net with Nesterov SGD and batches of five.
@prog("OK-thirty-rows", "regression", "mse")
def _(rng, fixed):
    x = rng.uniform(-1, 1, (30, 2))
    y = np.cos(3 * x[:, 0]) * x[:, 1] + 0.05 * rng.normal(size=30)
    m = keras.Sequential(
        [
            keras.Input((2,)),
            L.Dense(12, activation="sigmoid"),
            L.Dense(12, activation="sigmoid"),
            L.Dense(1),
        ]
    )
    m.compile(O.SGD(0.1, momentum=0.95, nesterov=True), "mse")
    return m, f32(x), col(y), dict(batch_size=5, epochs=200)


# Circles in batches of 2000: few steps an epoch and a slow escape from the mean.
@prog("OK-circles-big-batch", "binary", "mse")
def _(rng, fixed):
    x, y = SK.make_circles(10000, noise=0.08, factor=0.5, random_state=int(rng.integers(1e6)))
    m = keras.Sequential(
        [
            keras.Input((2,)),
            L.Dense(16, activation="tanh", kernel_initializer=I.RandomUniform(-0.2, 0.2)),
            L.Dense(16, activation="tanh"),
            L.Dense(1, activation="sigmoid"),
        ]
    )
    m.compile(O.Adam(0.002), "mse", metrics=["accuracy"])
    return m, f32(x), col(y), dict(batch_size=2000, epochs=100)


# BatchNorm after every layer with batches of four: moving statistics lag behind at first.
@prog("OK-batchnorm-batch-4", "multiclass", "cce")
def _(rng, fixed):
    d = SK.load_wine()
    m = keras.Sequential([keras.Input((13,)), L.BatchNormalization()])
    for width in (24, 16):
        m.add(L.Dense(width, use_bias=False))
        m.add(L.BatchNormalization())
        m.add(L.Activation("relu"))
    m.add(L.Dense(3, activation="softmax"))
    m.compile(O.Adam(0.0005), "categorical_crossentropy", metrics=["accuracy"])
    return m, f32(d.data), one_hot(d.target, 3), dict(batch_size=4, epochs=25)


# Fine-tuning: features learnt on digits 0-4 are frozen, a small new head learns 5-9.
@prog("OK-finetune-frozen-base", "multiclass", "scce")
def _(rng, fixed):
    d = SK.load_digits()
    x = f32(d.images / 16)[..., None]
    low = d.target < 5
    base = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            L.Conv2D(12, 3, activation="relu", padding="same"),
            L.MaxPooling2D(2),
            L.Flatten(),
            L.Dense(32, activation="relu"),
        ]
    )
    old = keras.Sequential([base, L.Dense(5, activation="softmax")])
    old.compile("adam", "sparse_categorical_crossentropy")
    old.fit(x[low], d.target[low], batch_size=32, epochs=6, verbose=0)
    base.trainable = False
    m = keras.Sequential(
        [keras.Input((8, 8, 1)), base, L.Dropout(0.3), L.Dense(5, activation="softmax")]
    )
    m.compile(O.SGD(0.005), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return m, x[~low], d.target[~low] - 5, dict(batch_size=16, epochs=30)


# Sensor data with inverse-variance sample weights; the noisy half has almost no weight.
@prog("OK-sample-weights", "regression", "huber")
def _(rng, fixed):
    n = 2000
    x = rng.uniform(-1, 1, (n, 4))
    sd = np.where(rng.random(n) < 0.5, 0.2, 1.5)
    y = 1.2 * np.sin(4 * x[:, 0]) + x[:, 1] + sd * rng.normal(size=n)
    w = 1 / sd**2
    m = keras.Sequential(
        [
            keras.Input((4,)),
            L.Dense(32, activation="swish"),
            L.Dense(32, activation="swish"),
            L.Dense(1),
        ]
    )
    m.compile(O.Adam(0.001), keras.losses.Huber())
    kw = dict(batch_size=40, epochs=25, sample_weight=f32(w / w.mean()))
    return m, f32(x), col(y), kw
