"""Small Keras programs of the kinds of the fault benchmarks (u10b-...), and healthy ones (OK-b10-).

Same format as the other programs_unseen files: P maps an id to (task, loss, builder);
builder(rng, fixed) returns (model, x, y, fit_kwargs); WHERE says what kind of repair is needed.
The faults follow AUTOTRAINER, DeepCrime, DeepFD, DeepLocalize and UMLAUT on tutorial networks.
Only keras and numpy/scikit-learn; no downloads; nothing that is bound to one backend.
"""

import os
import tempfile

import keras
import numpy as np
from keras import callbacks, constraints, initializers, layers, ops, optimizers, regularizers
from sklearn import datasets
from sklearn.linear_model import LogisticRegression

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


def one_hot(label, k):
    return np.eye(k, dtype="float32")[label]


def digit_images(n):
    d = datasets.load_digits()
    return f32(d.images[:n] / 16)[..., None], d.target[:n]


def documents(rng, n, length, vocabulary, topics, share):
    """Token rows: a share of the words is drawn from the 25 words of the row's topic."""
    label = rng.integers(0, topics, n)
    words = np.minimum(rng.zipf(1.3, (n, length)) + 1, vocabulary - 1)
    topical = vocabulary - 25 * (1 + label[:, None]) + rng.integers(0, 25, (n, length))
    return np.where(rng.random((n, length)) < share, topical, words).astype("int32"), label


# ------------------------------------------------------------------ faults in the model


# DeepCrime "change optimisation function" on the Keras MNIST example: Adadelta(1.0) became Adam,
# and the rate of 1.0 stayed.
@prog("u10b-mnist-cnn-adam-inherits-rate", "multiclass", "cce", "model")
def _(rng, fixed):
    x, label = digit_images(1000)
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Dropout(0.25),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )
    opt = optimizers.Adadelta(1.0) if fixed else optimizers.Adam(1.0)
    model.compile(opt, "categorical_crossentropy", metrics=["accuracy"])
    return model, x, one_hot(label, 10), dict(batch_size=64, epochs=12)


# DeepCrime "add weights regularisation" on the LeNet for UnityEyes: L1 in every layer. Two heads
# (pitch and yaw of the gaze), the pose of the head is a second input.
@prog("u10b-unityeyes-l1-everywhere", "regression+regression", "mse+mse", "model")
def _(rng, fixed):
    n = 500
    pitch, yaw = rng.uniform(-0.6, 0.6, (2, n))
    head = rng.uniform(-0.3, 0.3, (n, 2))
    r, c = np.mgrid[0:18, 0:30]
    row = 9 - 11 * (pitch - head[:, 0])[:, None, None]
    column = 15 + 15 * (yaw - head[:, 1])[:, None, None]
    eye = 0.8 - 0.7 * np.exp(-((r - row) ** 2 + (c - column) ** 2) / 9)
    eye = eye + rng.normal(0, 0.05, eye.shape)

    def reg():
        return None if fixed else regularizers.L1(0.02)

    picture, pose = keras.Input((18, 30, 1), name="eye"), keras.Input((2,), name="head")
    h = layers.Conv2D(12, 5, activation="relu", kernel_regularizer=reg())(picture)
    h = layers.MaxPooling2D(2)(h)
    h = layers.Conv2D(24, 3, activation="relu", kernel_regularizer=reg())(h)
    h = layers.Flatten()(layers.MaxPooling2D(2)(h))
    h = layers.Dense(64, activation="relu", kernel_regularizer=reg())(h)
    h = layers.Concatenate()([h, pose])
    heads = [layers.Dense(1, kernel_regularizer=reg(), name=s)(h) for s in ("pitch", "yaw")]
    model = keras.Model([picture, pose], heads)
    model.compile(optimizers.Adam(1e-3), loss=["mse", "mse"])
    x = {"eye": f32(eye)[..., None], "head": f32(head)}
    return model, x, [col(pitch), col(yaw)], dict(batch_size=32, epochs=20)


# DeepCrime "change weights initialisation" on the speaker recognition: zeros in the hidden layers.
@prog("u10b-speaker-gru-zeros", "multiclass", "scce", "model")
def _(rng, fixed):
    n, steps, bands, speakers = 480, 30, 13, 6
    label = rng.integers(0, speakers, n)
    voice = rng.normal(0, 0.6, (speakers, 2, bands))
    vowel = np.sin(np.arange(steps) / 3 + rng.uniform(0, 6, (n, 1)))[..., None]
    mfcc = voice[label, 0][:, None] + vowel * voice[label, 1][:, None]
    mfcc = mfcc + rng.normal(size=(n, steps, bands))
    init = {} if fixed else dict(kernel_initializer="zeros", recurrent_initializer="zeros")
    model = keras.Sequential([keras.Input((steps, bands))])
    model.add(layers.GRU(32, return_sequences=True, **init))
    model.add(layers.GRU(24, **init))
    model.add(layers.Dense(speakers, activation="softmax"))
    model.compile(optimizers.RMSprop(2e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, f32(mfcc), label, dict(batch_size=32, epochs=10)


# DeepCrime "change optimisation function" on the IMDB LSTM: plain SGD at its default rate.
@prog("u10b-imdb-lstm-plain-sgd", "binary", "bce", "model")
def _(rng, fixed):
    reviews, label = documents(rng, 800, 60, 1500, 2, 0.2)
    for row, words in zip(reviews, rng.integers(25, 61, 800), strict=True):
        row[words:] = 0  # padded at the end
    model = keras.Sequential(
        [
            keras.Input((60,), dtype="int32"),
            layers.Embedding(1500, 32),
            layers.LSTM(32),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    opt = optimizers.RMSprop(3e-3) if fixed else optimizers.SGD()
    model.compile(opt, "binary_crossentropy", metrics=["accuracy"])
    return model, reviews, col(label), dict(batch_size=32, epochs=15)


# UMLAUT "input data exceeds typical limits": the California columns as they come, tanh units.
@prog("u10b-california-raw-columns", "regression", "mae", "model")
def _(rng, fixed):
    n = 1500
    income, rooms = rng.gamma(4, 1, n), rng.normal(5.4, 1, n)
    age, people = rng.uniform(1, 52, n), rng.lognormal(7.1, 0.5, n)
    lat, lon = rng.uniform(32.5, 42, n), rng.uniform(-124, -114, n)
    x = np.stack([income, age, rooms, people, lat, lon], 1)
    coast = np.exp(-((lon + 124 - 0.9 * (42 - lat)) ** 2) / 8)
    price = 0.4 * income + 1.2 * coast + 0.008 * age + rng.normal(0, 0.3, n)
    model = keras.Sequential([keras.Input((6,))])
    if fixed:
        norm = layers.Normalization()
        norm.adapt(f32(x))
        model.add(norm)
    model.add(layers.Dense(48, activation="tanh"))
    model.add(layers.Dense(24, activation="tanh"))
    model.add(layers.Dense(1))
    model.compile(optimizers.Adam(2e-3), "mae")
    return model, f32(x), col(price), dict(batch_size=32, epochs=20)


# AUTOTRAINER "vanishing gradient" on circles: the hidden layer repeated, "random_normal" kernels.
@prog("u10b-circle-layers-repeated", "binary", "bce", "model")
def _(rng, fixed):
    x, label = datasets.make_circles(700, noise=0.07, factor=0.5, random_state=3)
    init = "glorot_uniform" if fixed else "random_normal"
    model = keras.Sequential([keras.Input((2,))])
    for _i in range(9):
        model.add(layers.Dense(18, activation="tanh", kernel_initializer=init))
    model.add(layers.Dense(1, activation="sigmoid", kernel_initializer=init))
    model.compile(optimizers.SGD(0.05, momentum=0.9), "binary_crossentropy", metrics=["accuracy"])
    return model, f32(x), col(label), dict(batch_size=32, epochs=40)


def pictures(rng, n, side, kinds):
    """Coloured stripes, checks, discs, ... on a noisy ground."""
    label = rng.integers(0, kinds, n)
    r, c = np.mgrid[0:side, 0:side]
    x = rng.normal(0.45, 0.12, (n, side, side, 3))
    for i, k in enumerate(label):
        a, b = rng.integers(3, side - 3, 2)
        disc = (r - a) ** 2 + (c - b) ** 2 < 16
        shape = [(r + a) % 4 < 2, (c + b) % 4 < 2, (r + c + a) % 4 < 2, disc, r + c < a + b][k]
        x[i] += 0.4 * shape[..., None] * rng.uniform(0.3, 1, 3)
    return f32(np.clip(x, 0, 1)), label


# DeepCrime "change batch size" on a CIFAR network: 2 pictures instead of 32, same rate.
@prog("u10b-cifar-cnn-batch-of-two", "multiclass", "scce", "model")
def _(rng, fixed):
    x, label = pictures(rng, 400, 14, 5)
    model = keras.Sequential([keras.Input((14, 14, 3)), layers.Rescaling(2.0, -1.0)])
    for filters in (16, 32):
        model.add(layers.Conv2D(filters, 3, activation="relu", kernel_initializer="he_uniform"))
        model.add(layers.MaxPooling2D(2))
    model.add(layers.Flatten())
    model.add(layers.Dense(64, activation="relu"))
    model.add(layers.Dense(5, activation="softmax"))
    opt = optimizers.SGD(0.05, momentum=0.9)
    model.compile(opt, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, x, label, dict(batch_size=32 if fixed else 2, epochs=12)


# DeepCrime "change weights regularisation" on a MovieLens recommender: 1e-6 became 1e-1, in the
# tables and in the layers behind them.
@prog("u10b-movielens-l2-hundred-thousandfold", "regression", "mse", "model")
def _(rng, fixed):
    users, movies, n = 90, 140, 5000
    u, m = rng.integers(0, users, n), rng.integers(0, movies, n)
    taste, theme = rng.normal(size=(users, 2)), rng.normal(size=(movies, 2))
    liked = (taste[u] * theme[m]).sum(1) * 0.7 + theme[m, 0]
    stars = np.clip(np.round(3.4 + liked + rng.normal(0, 0.3, n)), 1, 5)

    def table(rows):
        return layers.Embedding(rows, 12, embeddings_regularizer=reg)

    reg = regularizers.L2(1e-6 if fixed else 1e-1)
    user, movie = keras.Input((), dtype="int32", name="u"), keras.Input((), dtype="int32", name="m")
    h = layers.Concatenate()([table(users)(user), table(movies)(movie)])
    h = layers.Dense(64, activation="relu", kernel_regularizer=reg)(h)
    h = layers.Dense(32, activation="relu", kernel_regularizer=reg)(h)
    model = keras.Model([user, movie], layers.Dense(1, kernel_regularizer=reg)(h))
    model.compile(optimizers.Adam(3e-3), "mse")
    x = {"u": u.astype("int32"), "m": m.astype("int32")}
    return model, x, col(stars), dict(batch_size=64, epochs=15)


# DeepCrime "change dropout rate" on the Reuters network: 0.5 became 0.99 in every layer.
@prog("u10b-reuters-dropout-rate", "multiclass", "cce", "model")
def _(rng, fixed):
    tokens, topic = documents(rng, 1000, 50, 600, 8, 0.12)
    rate = 0.5 if fixed else 0.99
    model = keras.Sequential([keras.Input((50,), dtype="int32"), layers.Embedding(600, 32)])
    for _i in range(2):
        model.add(layers.Dropout(rate))
        model.add(layers.Conv1D(48, 3, activation="relu"))
    model.add(layers.GlobalMaxPooling1D())
    model.add(layers.Dropout(rate))
    model.add(layers.Dense(8, activation="softmax"))
    model.compile(optimizers.Adam(2e-3), "categorical_crossentropy", metrics=["accuracy"])
    return model, tokens, one_hot(topic, 8), dict(batch_size=32, epochs=15)


# AUTOTRAINER "dying ReLU" on blobs: the uniform kernels were typed with (-0.3, 0) as their range.
@prog("u10b-blobs-relu-one-sided-uniform", "multiclass", "scce", "model")
def _(rng, fixed):
    x, label = datasets.make_blobs(900, 6, centers=5, cluster_std=2.5, random_state=11)
    x = (x - x.min(0)) / (x.max(0) - x.min(0))
    init = initializers.RandomUniform(-0.3, 0.3 if fixed else 0.0, seed=5)
    model = keras.Sequential([keras.Input((6,))])
    model.add(layers.Dense(40, activation="relu", kernel_initializer=init))
    model.add(layers.Dense(20, activation="relu", kernel_initializer=init))
    model.add(layers.Dense(5, activation="softmax"))
    model.compile(optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, f32(x), label, dict(batch_size=32, epochs=25)


# ------------------------------------------------------------------ faults in an activation


# AUTOTRAINER "vanishing gradient", DeepCrime "change activation function" on the driving network:
# ELU became sigmoid in every hidden layer.
@prog("u10b-driving-cnn-sigmoids", "regression", "mse", "activation")
def _(rng, fixed):
    n = 500
    bend, shift = rng.uniform(-1, 1, (2, n))
    r = np.arange(16)[:, None] / 15
    c = np.arange(32)
    middle = 16 + 8 * shift[:, None, None] * r + 10 * bend[:, None, None] * (1 - r) ** 2
    road = np.exp(-((c - middle) ** 2) / (2 + 20 * r)) + rng.normal(0, 0.1, (n, 16, 32))
    steering = 0.6 * bend - 0.3 * shift + rng.normal(0, 0.03, n)
    act = "elu" if fixed else "sigmoid"
    model = keras.Sequential([keras.Input((16, 32, 1))])
    for filters, kernel, stride in ((12, 5, 2), (18, 3, 2), (24, 3, 1)):
        model.add(layers.Conv2D(filters, kernel, stride, padding="same", activation=act))
    model.add(layers.Flatten())
    for units in (60, 40, 20, 10):
        model.add(layers.Dense(units, activation=act))
    model.add(layers.Dense(1))
    model.compile(optimizers.Adam(5e-4), "mse")
    return model, f32(road)[..., None], col(steering), dict(batch_size=32, epochs=15)


# DeepFD "change activation": a sigmoid ends the Boston network, the prices are in 1000 dollars.
@prog("u10b-boston-sigmoid-head", "regression", "mse", "activation")
def _(rng, fixed):
    n = 506
    rooms, poor = rng.normal(6.3, 0.7, n), rng.gamma(3, 4.2, n)
    crime, pupils = rng.lognormal(-0.8, 1.5, n), rng.uniform(12.6, 22, n)
    price = 24 + 6 * (rooms - 6.3) - 0.5 * (poor - 12) - 0.9 * (pupils - 18)
    price = np.clip(price - 0.8 * np.log(crime) + rng.normal(0, 2, n), 5, 50)
    model = keras.Sequential(
        [
            keras.Input((4,)),
            layers.BatchNormalization(),
            layers.Dense(64, activation="relu"),
            layers.Dense(64, activation="relu"),
            layers.Dense(1, activation="linear" if fixed else "sigmoid"),
        ]
    )
    model.compile(optimizers.RMSprop(3e-3), "mse", metrics=["mae"])
    return model, f32(np.stack([rooms, poor, crime, pupils], 1)), col(price), dict(epochs=40)


# DeepCrime "change activation function" on the Reuters MLP: softmax in the hidden layers too.
@prog("u10b-reuters-mlp-hidden-softmax", "multiclass", "scce", "activation")
def _(rng, fixed):
    tokens, topic = documents(rng, 1000, 40, 500, 6, 0.25)
    x = np.zeros((1000, 500), "float32")
    np.put_along_axis(x, tokens, 1.0, axis=1)
    act = "relu" if fixed else "softmax"
    model = keras.Sequential([keras.Input((500,))])
    for units in (256, 128, 64):
        model.add(layers.Dense(units, activation=act))
        model.add(layers.Dropout(0.3))
    model.add(layers.Dense(6, activation="softmax"))
    model.compile(optimizers.Adam(1e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, x, topic, dict(batch_size=32, epochs=10)


# ------------------------------------------------------------------ healthy controls


# The parity of four of ten bits: nothing for many epochs, then everything.
@prog("OK-b10-parity-of-four-bits", "binary", "bce")
def _(rng, fixed):
    x = rng.integers(0, 2, (1500, 10))
    y = x[:, [0, 3, 4, 8]].sum(1) % 2
    model = keras.Sequential([keras.Input((10,))])
    model.add(layers.Dense(64, activation="tanh"))
    model.add(layers.Dense(64, activation="tanh"))
    model.add(layers.Dense(1, activation="sigmoid"))
    model.compile(optimizers.SGD(0.02, momentum=0.9), "binary_crossentropy", metrics=["accuracy"])
    return model, f32(2 * x - 1), col(y), dict(batch_size=50, epochs=60)


# A tiny rate and many epochs: after a few of them there is hardly anything to be seen.
@prog("OK-b10-diabetes-rate-3e-5", "regression", "mse")
def _(rng, fixed):
    d = datasets.load_diabetes()
    model = keras.Sequential([keras.Input((10,))])
    model.add(layers.Dense(32, activation="relu", kernel_initializer="he_normal"))
    model.add(layers.Dense(1, kernel_initializer="zeros"))
    model.compile(optimizers.Adam(3e-5), "mse")
    return model, f32(zscore(d.data)), col(zscore(d.target)), dict(batch_size=16, epochs=150)


# Fraud, 2 per cent, found by overlapping columns; class weights, a validation split.
@prog("OK-b10-two-per-cent-fraud", "binary", "bce")
def _(rng, fixed):
    n = 3000
    x = rng.normal(size=(n, 8))
    score = x[:, 0] + x[:, 1] * x[:, 2] - 0.7 * x[:, 3] + rng.normal(0, 0.7, n)
    y = score > np.quantile(score, 0.98)
    model = keras.Sequential([keras.Input((8,))])
    model.add(layers.Dense(32, activation="relu"))
    model.add(layers.Dropout(0.2))
    model.add(layers.Dense(1, activation="sigmoid"))
    model.compile(optimizers.Adam(2e-3), "binary_crossentropy", metrics=["AUC"])
    weights = {0: 1.0, 1: 8.0}
    return model, f32(x), col(y), dict(epochs=20, class_weight=weights, validation_split=0.2)


# Pressure in pascal: every prediction is 101 kPa, give or take 0.3 per cent.
@prog("OK-b10-air-pressure-in-pascal", "regression", "mae")
def _(rng, fixed):
    n, hours = 600, 24
    t = np.arange(hours) / 24
    trend, wave = rng.normal(0, 300, (2, n, 1))
    past = 101_325 + trend * t + wave * np.sin(5 * t) + rng.normal(0, 30, (n, hours))
    nxt = 101_325 + trend[:, 0] * 1.1 + wave[:, 0] * np.sin(5.5)
    inp = keras.Input((hours, 1))
    h = layers.Rescaling(1 / 300, offset=-101_325 / 300)(inp)
    h = layers.Conv1D(16, 5, activation="relu")(h)
    h = layers.GRU(16)(h)
    out = layers.Rescaling(300.0, offset=101_325.0)(layers.Dense(1)(h))
    model = keras.Model(inp, out)
    model.compile(optimizers.Adam(3e-3), "mae")
    return model, f32(past)[..., None], col(nxt), dict(batch_size=32, epochs=15)


# Daily returns of half a per cent, an eighth of the variance can be known; loss of the order 1e-5.
@prog("OK-b10-daily-returns", "regression", "mse")
def _(rng, fixed):
    n = 4000
    x = rng.normal(size=(n, 5))
    known = 0.6 * x[:, 0] - 0.5 * x[:, 1] + 0.4 * x[:, 2] * x[:, 3]
    y = 0.0003 + 0.005 * (0.45 * known + rng.normal(0, 0.9, n))
    model = keras.Sequential([keras.Input((5,))])
    model.add(layers.Dense(8, activation="tanh"))
    model.add(layers.Dense(1, kernel_initializer=initializers.RandomNormal(0, 1e-3)))
    model.compile(optimizers.Adam(1e-4), "mse")
    stop = callbacks.EarlyStopping(patience=6, restore_best_weights=True)
    return model, f32(x), col(y), dict(epochs=25, validation_split=0.2, callbacks=[stop])


# Dropout of 0.8 three times and an L2 that outweighs the data term; the training accuracy that the
# log shows stays low, the network reads the digits all the same.
@prog("OK-b10-dropout-of-08-thrice", "multiclass", "scce")
def _(rng, fixed):
    x, label = digit_images(1200)
    model = keras.Sequential([keras.Input((8, 8, 1)), layers.Flatten()])
    for units in (400, 300):
        reg = regularizers.L2(3e-3)
        model.add(layers.Dense(units, activation="relu", kernel_regularizer=reg))
        model.add(layers.Dropout(0.8))
    model.add(layers.Dense(100, activation="relu"))
    model.add(layers.Dropout(0.8))
    model.add(layers.Dense(10, activation="softmax"))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, x, label, dict(batch_size=64, epochs=25)


# A small transformer with a warm-up from zero: the first epochs leave the loss at log(5).
@prog("OK-b10-transformer-warm-up", "multiclass", "scce")
def _(rng, fixed):
    tokens, topic = documents(rng, 1000, 24, 300, 5, 0.25)
    words = keras.Input((24,), dtype="int32")
    h = layers.Embedding(300, 24)(words)
    a = layers.MultiHeadAttention(2, 12)(h, h)
    h = layers.LayerNormalization()(layers.Add()([h, a]))
    h = layers.Dense(48, activation="gelu")(layers.GlobalAveragePooling1D()(h))
    model = keras.Model(words, layers.Dense(5, activation="softmax")(h))
    rate = optimizers.schedules.CosineDecay(0.0, 150, warmup_target=6e-4, warmup_steps=450)
    opt = optimizers.AdamW(rate, weight_decay=0.01, clipnorm=1.0)
    model.compile(opt, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, tokens, topic, dict(batch_size=32, epochs=18)


# Rain per hour: 93 per cent of the targets are zero.
@prog("OK-b10-hourly-rain", "regression", "poisson")
def _(rng, fixed):
    n = 2500
    x = rng.normal(size=(n, 6))
    wet = rng.random(n) < 1 / (1 + np.exp(4.6 - 2.2 * x[:, 0] - 1.2 * x[:, 1]))
    rain = np.where(wet, rng.gamma(2, 1.5, n) * np.exp(0.3 * x[:, 2]), 0)
    model = keras.Sequential([keras.Input((6,))])
    model.add(layers.Dense(24, activation="relu"))
    model.add(layers.Dense(1, activation="exponential"))
    model.compile(optimizers.Adam(2e-3), "poisson")
    plateau = callbacks.ReduceLROnPlateau("loss", factor=0.5, patience=3)
    return model, f32(x), col(rain), dict(batch_size=32, epochs=20, callbacks=[plateau])


# Most ReLU units are dead from the first step on (bias of -1.6); the few others do the work.
@prog("OK-b10-most-units-dead", "multiclass", "cce")
def _(rng, fixed):
    d = datasets.load_digits()
    x = d.data / 16 - 0.3
    bias = initializers.Constant(-1.6)
    model = keras.Sequential([keras.Input((64,))])
    model.add(layers.Dense(300, "relu", kernel_initializer="he_normal", bias_initializer=bias))
    model.add(layers.Dense(10, activation="softmax"))
    model.compile(optimizers.SGD(0.05), "categorical_crossentropy", metrics=["accuracy"])
    return model, f32(x), one_hot(d.target, 10), dict(batch_size=32, epochs=20)


# A siamese network with the contrastive loss; the output is a distance, 1 means
# "not the same digit".
def contrastive(y, d):
    return ops.mean((1 - y) * ops.square(d) + y * ops.square(ops.maximum(1 - d, 0)), axis=-1)


@prog("OK-b10-siamese-distance", "binary", "contrastive")
def _(rng, fixed):
    images, label = digit_images(1000)
    n = 2000
    a = rng.integers(0, 1000, n)
    b = rng.integers(0, 1000, n)
    same = rng.random(n) < 0.4
    for i in np.flatnonzero(same):
        b[i] = rng.choice(np.flatnonzero(label == label[a[i]]))
    tower = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(16, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(16, kernel_initializer=initializers.RandomNormal(0, 1e-3)),
        ]
    )
    left, right = keras.Input((8, 8, 1), name="left"), keras.Input((8, 8, 1), name="right")
    gap = layers.Subtract()([tower(left), tower(right)])
    distance = layers.Lambda(
        lambda v: ops.sqrt(ops.sum(ops.square(v), axis=-1, keepdims=True) + 1e-7),
        output_shape=(1,),
    )(gap)
    model = keras.Model([left, right], distance)
    model.compile(optimizers.Adam(1e-3), contrastive)
    x = {"left": images[a], "right": images[b]}
    return model, x, col(label[a] != label[b]), dict(batch_size=64, epochs=15)


# Distillation at temperature 40: all soft targets lie between 0.05 and 0.2, so do the predictions.
@prog("OK-b10-distilled-at-40", "multiclass", "kld")
def _(rng, fixed):
    d = datasets.load_digits()
    x = d.data / 16
    teacher = LogisticRegression(max_iter=300).fit(x[:600], d.target[:600])
    logits = teacher.decision_function(x) / 40
    soft = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    model = keras.Sequential([keras.Input((64,)), layers.Dense(24, activation="relu")])
    model.add(layers.Dense(10, activation="softmax"))
    model.compile(optimizers.Adam(3e-3), "kl_divergence")
    return model, f32(x), f32(soft), dict(batch_size=32, epochs=20)


# Tagging of padded sequences: nine tags in ten are "O", the padding has the weight zero.
@prog("OK-b10-name-tagger", "multiclass", "scce")
def _(rng, fixed):
    n, steps = 500, 30
    tokens = rng.integers(1, 200, (n, steps))
    tag = np.zeros((n, steps), "int32")
    name = tokens < 15
    tag[:, 1:][name[:, 1:] & (tokens[:, :-1] > 120)] = 1  # a name after a title
    tag[:, 1:][name[:, 1:] & (tokens[:, :-1] <= 120)] = 2
    real = np.arange(steps) < rng.integers(6, steps + 1, (n, 1))
    tokens, tag = tokens * real, tag * real
    model = keras.Sequential([keras.Input((steps,), dtype="int32")])
    model.add(layers.Embedding(200, 16, mask_zero=True))
    model.add(layers.Bidirectional(layers.LSTM(16, return_sequences=True)))
    model.add(layers.Dense(3, activation="softmax"))
    model.compile(optimizers.Adam(1e-2), "sparse_categorical_crossentropy")
    return model, tokens, tag, dict(batch_size=32, epochs=15, sample_weight=f32(real))


# Two outputs with two losses; of the second only an eighth of the variance can be known.
@prog("OK-b10-shop-visit-and-basket", "binary+regression", "bce+huber")
def _(rng, fixed):
    n = 2500
    x = rng.normal(size=(n, 7))
    bought = x[:, 0] + x[:, 1] ** 2 - 1 + rng.normal(0, 0.4, n) > 0
    basket = 0.33 * x[:, 2] - 0.2 * x[:, 3] + rng.normal(size=n)
    inp = keras.Input((7,))
    h = layers.Dense(24, activation="swish")(inp)
    h = layers.BatchNormalization()(h)
    heads = {
        "bought": layers.Dense(1, activation="sigmoid", name="bought")(h),
        "basket": layers.Dense(1, name="basket")(h),
    }
    model = keras.Model(inp, heads)
    loss = {"bought": "binary_crossentropy", "basket": "huber"}
    model.compile(optimizers.Adam(1e-3), loss, loss_weights={"bought": 1.0, "basket": 0.2})
    y = {"bought": col(bought), "basket": col(basket)}
    return model, f32(x), y, dict(batch_size=32, epochs=15)


# A PyDataset with sample weights, half of them zero (labels not yet checked).
class Checked(keras.utils.PyDataset):
    def __init__(self, x, y, w, size=32, **kw):
        super().__init__(**kw)
        self.x, self.y, self.w, self.size = x, y, w, size

    def __len__(self):
        return -(-len(self.x) // self.size)

    def __getitem__(self, i):
        part = slice(i * self.size, (i + 1) * self.size)
        return self.x[part], self.y[part], self.w[part]


@prog("OK-b10-dataset-half-weightless", "regression", "mse")
def _(rng, fixed):
    x, label = pictures(rng, 640, 12, 4)
    y = x.mean((1, 2))[:, :1] * 10 + (label == 3)[:, None]
    w = f32(rng.random(640) < 0.5)
    model = keras.Sequential([keras.Input((12, 12, 3))])
    model.add(layers.Conv2D(12, 3, activation="relu"))
    model.add(layers.BatchNormalization(momentum=0.9))
    model.add(layers.MaxPooling2D(2))
    model.add(layers.Flatten())
    model.add(layers.Dense(32, activation="relu"))
    model.add(layers.Dense(1))
    model.compile(optimizers.Adam(1e-3), "mse", steps_per_execution=5)
    return model, Checked(x, f32(zscore(y)), w), None, dict(epochs=15)


# The critic of a Wasserstein GAN: weights clipped to +-0.01, so the outputs differ by thousandths.
def wasserstein(y, f):
    return -ops.mean((2 * y - 1) * f, axis=-1)


class Clip(constraints.Constraint):
    def __call__(self, w):
        return ops.clip(w, -0.01, 0.01)


@prog("OK-b10-clipped-critic", "binary", "wasserstein")
def _(rng, fixed):
    d = datasets.load_digits()
    real = d.data[:800] / 16
    fake = 0.7 * rng.permuted(real, axis=0) + rng.uniform(0, 0.15, real.shape)  # pale, no figure
    x = np.concatenate([real, fake])
    y = np.repeat([1, 0], 800)
    order = rng.permutation(1600)
    model = keras.Sequential([keras.Input((64,))])
    for units in (64, 32):
        model.add(layers.Dense(units, kernel_constraint=Clip(), bias_constraint=Clip()))
        model.add(layers.LeakyReLU(0.2))
    model.add(layers.Dense(1, kernel_constraint=Clip(), bias_constraint=Clip()))
    model.compile(optimizers.RMSprop(5e-5), wasserstein)
    return model, f32(x[order]), col(y[order]), dict(batch_size=64, epochs=40)


# Cells from 1e-9 to 1e9 in size; Normalization takes care of it. Best weights kept in a file.
@prog("OK-b10-tumours-in-odd-units", "binary", "bce")
def _(rng, fixed):
    d = datasets.load_breast_cancer()
    x = d.data * 10.0 ** rng.integers(-6, 7, 30)
    norm = layers.Normalization()
    norm.adapt(f32(x))
    model = keras.Sequential([keras.Input((30,)), norm])
    model.add(layers.Dense(16, activation="sigmoid"))
    model.add(layers.Dense(1, activation="sigmoid"))
    model.compile(optimizers.SGD(0.01), "binary_crossentropy", metrics=["accuracy"])
    path = os.path.join(tempfile.mkdtemp(), "best.weights.h5")
    best = callbacks.ModelCheckpoint(path, "loss", save_best_only=True, save_weights_only=True)
    slower = callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.97)
    kw = dict(batch_size=16, epochs=30, callbacks=[best, slower])
    return model, f32(x), col(d.target), kw


# An LSTM with a forget bias of 6 (gates saturated at 1) has to report its first reading.
@prog("OK-b10-saturated-forget-gates", "regression", "mse")
def _(rng, fixed):
    n, steps, units = 700, 40, 16
    x = rng.normal(0, 0.5, (n, steps, 1))
    first = x[:, 0] + 0.3 * x[:, 1]
    bias = np.repeat([0.0, 6.0, 0.0, 0.0], units)

    def open_gates(shape, dtype=None):
        return ops.convert_to_tensor(bias, dtype=dtype)

    lstm = layers.LSTM(units, unit_forget_bias=False, bias_initializer=open_gates)
    model = keras.Sequential([keras.Input((steps, 1)), lstm, layers.Dense(1)])
    model.compile(optimizers.Adam(5e-3, clipnorm=1.0), "mse")
    return model, f32(x), f32(zscore(first)), dict(batch_size=32, epochs=30)
