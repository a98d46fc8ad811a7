"""Collapsing Keras programs written blind, and healthy controls that look suspicious.

P maps an id to (task, loss, builder); builder(rng, fixed) returns model, x, y, fit_kwargs and,
where y does not carry them in the ordinary way, labels.
WHERE maps the id of a faulty program to "model" (weights, optimizer, scaling) or "activation".
Ids: GH = an issue on GitHub, DC = a DeepCrime mutation operator on a tutorial network, AT = in the
manner of AUTOTRAINER, OK = healthy control (fixed is ignored). The other ids tell the story.
"""

import keras
import numpy as np
from keras import initializers as I
from keras import layers as L
from keras import optimizers as O
from keras import regularizers as R
from sklearn import datasets as SK
from sklearn.preprocessing import StandardScaler

P = {}
WHERE = {}


def prog(id, task, loss, where=None):
    def keep(build):
        P[id] = (task, loss, build)
        if where:
            WHERE[id] = where
        return build

    return keep


def column(y):
    return np.asarray(y, "float32").reshape(len(y), -1)


def standard(x):
    x = np.asarray(x, "float64")
    return ((x - x.mean(0)) / (x.std(0) + 1e-9)).astype("float32")


def one_hot(y, n):
    return np.eye(n, dtype="float32")[np.asarray(y)]


def digits(n=1797, image=True):
    d = SK.load_digits()
    x = (d.data[:n] / 16).astype("float32")
    return (x.reshape(-1, 8, 8, 1) if image else x), d.target[:n]


def texts(r, n, length, words, classes, strength=0.35):
    """Token ids; each class prefers its own slice of the vocabulary."""
    y = r.integers(0, classes, n)
    x = r.integers(1, words, (n, length))
    own = (words - 1) // classes
    topical = r.random((n, length)) < strength
    x[topical] = (1 + y[:, None] * own + r.integers(0, own, (n, length)))[topical]
    return x.astype("int32"), y


# --------------------------------------------------------------------------- model


# keras-team/keras#3040: the straight line y = 2x over 0..199, plain SGD at 0.001 one row at a time;
# the author found out alone that the rate was too high for inputs of that size.
@prog("GH-keras-3040", "regression", "mse", "model")
def _(r, fixed):
    x = np.arange(200, dtype="float32").reshape(-1, 1)
    y = 2 * x
    if fixed:
        x, y = x / 200, y / 400
    model = keras.Sequential([keras.Input((1,)), L.Dense(1)])
    model.compile(O.SGD(0.05 if fixed else 0.001), "mse")
    return model, x, y, dict(epochs=8, batch_size=1)


# keras-team/keras#1895: sentiment of sentences given as word vectors; an LSTM and two dense layers
# under L2 penalties of 0.1 and 0.25 on weights and activities, and a clipped SGD (its batch
# normalisation is left out here).
@prog("GH-keras-1895", "multiclass", "cce", "model")
def _(r, fixed):
    ids, y = texts(r, 600, 12, 61, 3)
    x = r.normal(0, 0.3, (61, 16)).astype("float32")[ids]
    weak, strong = (1e-5, 1e-5) if fixed else (0.1, 0.25)
    model = keras.Sequential(
        [
            keras.Input((12, 16)),
            L.LSTM(24),
            L.Dense(40, kernel_regularizer=R.L2(weak), activity_regularizer=R.L2(weak)),
            L.Activation("sigmoid"),
            L.Dense(60, kernel_regularizer=R.L2(strong), activity_regularizer=R.L2(strong)),
            L.Dropout(0.2),
            L.Activation("relu"),
            L.Dense(3, activation="softmax"),
        ]
    )
    sgd = O.SGD(0.01, momentum=0.9, nesterov=True, clipnorm=0.1)
    model.compile(O.Adam(0.01) if fixed else sgd, "categorical_crossentropy")
    return model, x, one_hot(y, 3), dict(epochs=15, batch_size=30)


# keras-team/keras#4563: several time series into one LSTM, absolute error, careful SGD, and targets
# that are "very high" and were never rescaled.
@prog("GH-keras-4563", "regression", "mae", "model")
def _(r, fixed):
    x = np.cumsum(r.normal(0, 0.3, (700, 15, 3)), 1).astype("float32")
    y = column(52000 + 9000 * x[:, -1, 0] - 6000 * x[:, -1, 1] + 500 * r.normal(size=700))
    if fixed:
        y = standard(y)
    model = keras.Sequential([keras.Input((15, 3)), L.LSTM(32), L.Dropout(0.3), L.Dense(1)])
    sgd = O.SGD(0.0008, momentum=0.9, nesterov=True)
    model.compile(O.Adam(0.005) if fixed else sgd, "mean_absolute_error")
    return model, x, y, dict(epochs=12, batch_size=32)


# keras-team/keras#4994: newsgroups with an LSTM; a Dense(1) with a sigmoid was left between it and
# the softmax, and the loss is the binary one: every row gets the same small probabilities.
@prog("GH-keras-4994", "multiclass", "bce", "model")
def _(r, fixed):
    x, y = texts(r, 800, 12, 201, 10, 0.5)
    middle = L.Dense(32, activation="relu") if fixed else L.Dense(1, activation="sigmoid")
    model = keras.Sequential(
        [
            keras.Input((12,), dtype="int32"),
            L.Embedding(201, 16),
            L.LSTM(24, dropout=0.2),
            middle,
            L.Dense(10, activation="softmax"),
        ]
    )
    loss = "categorical_crossentropy" if fixed else "binary_crossentropy"
    model.compile(O.Adam(0.005 if fixed else 0.001), loss)
    return model, x, one_hot(y, 10), dict(epochs=12, batch_size=32)


# keras-team/keras#3642: the first autoencoder of the Keras blog, run on pixels of 0..255 as loaded.
@prog("GH-keras-3642", "regression", "bce", "model")
def _(r, fixed):
    x, _y = digits(1200, image=False)
    if not fixed:
        x = np.round(x * 255)
    model = keras.Sequential(
        [keras.Input((64,)), L.Dense(24, activation="relu"), L.Dense(64, activation="sigmoid")]
    )
    model.compile(O.Adam(0.005), "binary_crossentropy")
    return model, x, x, dict(epochs=15, batch_size=64)


# DeepCrime "change batch size": a digits CNN whose rate suits batches of 32 is run row by row.
@prog("DC-batch-size-1-cnn", "multiclass", "scce", "model")
def _(r, fixed):
    x, y = digits(500)
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            L.Conv2D(12, 3, activation="relu"),
            L.MaxPooling2D(2),
            L.Flatten(),
            L.Dense(32, activation="relu"),
            L.Dense(10, activation="softmax"),
        ]
    )
    model.compile(O.SGD(0.1, momentum=0.9), "sparse_categorical_crossentropy")
    return model, x, y, dict(epochs=15 if fixed else 8, batch_size=32 if fixed else 1)


# DeepCrime "remove batch normalization": the layers that made a rate of 1 bearable are gone.
@prog("DC-no-batchnorm-digits", "multiclass", "scce", "model")
def _(r, fixed):
    x, y = digits(1200, image=False)
    model = keras.Sequential([keras.Input((64,))])
    for width in (64, 48, 32):
        model.add(L.Dense(width, use_bias=not fixed))
        if fixed:
            model.add(L.BatchNormalization())
        model.add(L.ReLU())
    model.add(L.Dense(10, activation="softmax"))
    model.compile(O.SGD(1.0, momentum=0.5), "sparse_categorical_crossentropy")
    return model, x, y, dict(epochs=12, batch_size=32)


# DeepCrime "add weights regularisation": an L1 penalty of 0.1 on the filters of a text CNN.
@prog("DC-l1-text-cnn", "binary", "bce", "model")
def _(r, fixed):
    x, y = texts(r, 800, 20, 201, 2, 0.25)
    penalty = R.L1(1e-5 if fixed else 0.1)
    model = keras.Sequential(
        [
            keras.Input((20,), dtype="int32"),
            L.Embedding(201, 16),
            L.Conv1D(32, 3, activation="relu", kernel_regularizer=penalty),
            L.GlobalMaxPooling1D(),
            L.Dense(16, activation="relu", kernel_regularizer=penalty),
            L.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile("adam", "binary_crossentropy")
    return model, x, column(y), dict(epochs=15, batch_size=32)


# A TensorFlow 1 script ported by hand: keep_prob=0.95 became Dropout(0.95), three times.
@prog("keep-prob-as-rate-gru", "regression", "mse", "model")
def _(r, fixed):
    x = r.normal(size=(700, 10, 4)).astype("float32")
    y = standard(x[:, -3:, 0].sum(1) + x[:, -3:, 1].mean(1) + 0.2 * r.normal(size=700))
    drop = 0.05 if fixed else 0.95
    model = keras.Sequential(
        [
            keras.Input((10, 4)),
            L.GRU(24, dropout=drop),
            L.Dropout(drop),
            L.Dense(24, activation="relu"),
            L.Dropout(drop),
            L.Dense(1),
        ]
    )
    model.compile(O.Adam(0.003), "mse")
    return model, x, column(y), dict(epochs=15, batch_size=32)


# A listing has a title and a few numbers; the price is in dollars and Adam moves in thousandths.
@prog("listing-title-and-numbers", "regression", "mse", "model")
def _(r, fixed):
    words, kind = texts(r, 700, 8, 61, 4, 0.6)
    numbers = r.normal(size=(700, 5)).astype("float32")
    price = 340000 + 60000 * (kind - 1.5) + 55000 * numbers[:, 0] - 30000 * numbers[:, 1]
    y = standard(price) if fixed else price
    title = keras.Input((8,), dtype="int32", name="title")
    facts = keras.Input((5,), name="facts")
    a = L.GlobalAveragePooling1D()(L.Embedding(61, 12)(title))
    b = L.Dense(16, activation="relu")(facts)
    h = L.Dense(32, activation="relu")(L.Concatenate()([a, b]))
    model = keras.Model([title, facts], L.Dense(1)(h))
    model.compile(O.Adam(0.005 if fixed else 0.001), "mse")
    return model, [words, numbers], column(y), dict(epochs=20, batch_size=32)


# The usual breast-cancer notebook without the StandardScaler cell: areas reach 4000.
@prog("breast-cancer-no-scaler", "binary", "bce", "model")
def _(r, fixed):
    d = SK.load_breast_cancer()
    x = standard(d.data) if fixed else d.data.astype("float32")
    model = keras.Sequential(
        [
            keras.Input((30,)),
            L.Dense(16, activation="relu"),
            L.Dense(8, activation="relu"),
            L.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(O.SGD(0.01, momentum=0.9), "binary_crossentropy")
    return model, x, column(d.target), dict(epochs=20, batch_size=16)


# keras-team/keras#500 and many after it: a next-character LSTM that only ever says the blank.
@prog("text-generation-plain-sgd", "multiclass", "scce", "model")
def _(r, fixed):
    line = "the cat sat on the mat and the dog ate the hat that the cat had on the bed "
    letters = sorted(set(line))
    code = np.array([letters.index(c) for c in line * 11])
    x = np.stack([one_hot(code[i : i + 8], len(letters)) for i in range(len(code) - 8)])
    model = keras.Sequential(
        [
            keras.Input((8, len(letters))),
            L.LSTM(32),
            L.Dropout(0.2),
            L.Dense(len(letters), activation="softmax"),
        ]
    )
    sgd = O.Adam(0.01) if fixed else O.SGD(0.01)
    model.compile(sgd, "sparse_categorical_crossentropy")
    return model, x[:800], code[8:808], dict(epochs=10, batch_size=32)


# A Normalization layer put into the model, and adapt() forgotten: tanh units see raw populations.
@prog("normalization-not-adapted", "regression", "mse", "model")
def _(r, fixed):
    z = r.normal(size=(800, 4))
    x = (z * [1500, 300, 400, 9000] + [16000, 2400, 3100, 95000]).astype("float32")
    y = column(z[:, 0] - 0.8 * z[:, 1] + 0.5 * z[:, 2] * z[:, 3] + 0.2 * r.normal(size=800))
    norm = L.Normalization()
    if fixed:
        norm.adapt(x)
    model = keras.Sequential(
        [
            keras.Input((4,)),
            norm,
            L.Dense(32, activation="tanh"),
            L.Dense(16, activation="tanh"),
            L.Dense(1),
        ]
    )
    model.compile(O.Adam(0.005), "mse")
    return model, x, y, dict(epochs=20, batch_size=32)


# AUTOTRAINER's exploding gradient in a residual tower: He weights on every branch and no norm.
@prog("AT-residual-tower-no-norm", "regression", "mse", "model")
def _(r, fixed):
    x, y = SK.make_friedman1(600, noise=0.5, random_state=int(r.integers(1e6)))
    inputs = keras.Input((10,))
    h = L.Dense(32)(inputs)
    for _i in range(12):
        b = L.LayerNormalization()(h) if fixed else h
        b = L.Dense(32, activation="relu", kernel_initializer="he_normal")(b)
        h = L.Add()([h, L.Dense(32, kernel_initializer="he_normal")(b)])
    h = L.LayerNormalization()(h) if fixed else h
    model = keras.Model(inputs, L.Dense(1)(h))
    model.compile(O.SGD(0.01), "mse")
    return model, standard(x), column(standard(y)), dict(epochs=12, batch_size=32)


# DeepCrime "add layers": six LSTMs on top of one another where one would do.
@prog("DC-six-stacked-lstms", "regression", "mse", "model")
def _(r, fixed):
    start = r.uniform(0, 6.3, (500, 1))
    wave = np.sin(start + 0.5 * np.arange(13)) + 0.05 * r.normal(size=(500, 13))
    x, y = wave[:, :12, None].astype("float32"), column(wave[:, 12])
    depth = 1 if fixed else 6
    model = keras.Sequential([keras.Input((12, 1))])
    for i in range(depth):
        model.add(L.LSTM(8, return_sequences=i < depth - 1))
    model.add(L.Dense(1))
    model.compile(O.SGD(0.1), "mse")
    return model, x, y, dict(epochs=14, batch_size=32)


# --------------------------------------------------------------------------- activation


# keras-team/keras#3687: relu LSTMs, a relu unit at every step, SGD with momentum 0.99; "predictions
# are all zero".
@prog("GH-keras-3687", "regression", "mse", "activation")
def _(r, fixed):
    x = r.normal(size=(400, 12, 5)).astype("float32")
    y = np.cumsum(x[:, :, :1] - x[:, :, 1:2], 1) / 3 + 0.1 * r.normal(size=(400, 12, 1))
    hidden = "tanh" if fixed else "relu"
    model = keras.Sequential(
        [
            keras.Input((12, 5)),
            L.LSTM(24, activation=hidden, return_sequences=True),
            L.LSTM(12, activation=hidden, return_sequences=True),
            L.TimeDistributed(L.Dense(1, activation=None if fixed else "relu")),
        ]
    )
    sgd = O.SGD(0.01, momentum=0.99, nesterov=True)
    model.compile(O.Adam(0.01) if fixed else sgd, "mse")
    return model, x, y.astype("float32"), dict(epochs=16, batch_size=32)


# A cold store logs about -18 degrees; relu had been replaced by gelu everywhere, head included.
@prog("cold-store-gelu-head", "regression", "mse", "activation")
def _(r, fixed):
    x = r.normal(size=(800, 7)).astype("float32")
    y = column(-18 + 2.5 * x[:, 0] + 1.5 * x[:, 1] - x[:, 2] * x[:, 3] + 0.3 * r.normal(size=800))
    model = keras.Sequential(
        [
            keras.Input((7,)),
            L.Dense(48, activation="gelu"),
            L.Dense(24, activation="gelu"),
            L.Dense(1, activation=None if fixed else "gelu"),
        ]
    )
    model.compile(O.Adam(0.005), "mse")
    return model, x, y, dict(epochs=25, batch_size=32)


# A mark for every step of a machine's log; one unit per step, and softmax over that one unit.
@prog("step-marks-softmax-of-one", "binary", "bce", "activation")
def _(r, fixed):
    x = r.normal(size=(350, 15, 3)).astype("float32")
    y = (x[:, :, :1] + x[:, :, 1:2] > 0.3).astype("float32")
    model = keras.Sequential(
        [
            keras.Input((15, 3)),
            L.Bidirectional(L.GRU(12, return_sequences=True)),
            L.TimeDistributed(L.Dense(1, activation="sigmoid" if fixed else "softmax")),
        ]
    )
    model.compile(O.Adam(0.01), "binary_crossentropy")
    return model, x, y, dict(epochs=18, batch_size=25)


# "Polynomial network": the activation of every layer is the square, as in papers on encrypted
# inference, but four layers deep with ordinary weights.
@prog("square-activation-deep", "multiclass", "scce", "activation")
def _(r, fixed):
    d = SK.load_wine()
    x = standard(d.data)
    act = "relu" if fixed else keras.ops.square
    model = keras.Sequential([keras.Input((13,))])
    for _i in range(4):
        model.add(L.Dense(24, activation=act))
    model.add(L.Dense(3, activation="softmax"))
    model.compile(O.SGD(0.05), "sparse_categorical_crossentropy")
    return model, x, d.target, dict(epochs=30, batch_size=16)


# Fundamental frequency of a tone in hertz from a Conv1D whose last layer is a hard sigmoid.
@prog("pitch-hertz-hard-sigmoid", "regression", "mae", "activation")
def _(r, fixed):
    hertz = r.uniform(80, 400, 500)
    t = np.arange(64) / 2000
    x = np.sin(2 * np.pi * hertz[:, None] * t) + 0.1 * r.normal(size=(500, 64))
    y = (hertz - 240) / 100 if fixed else hertz
    model = keras.Sequential(
        [
            keras.Input((64, 1)),
            L.Conv1D(16, 7, strides=2, activation="relu"),
            L.Conv1D(16, 5, strides=2, activation="relu"),
            L.GlobalAveragePooling1D(),
            L.Dense(24, activation="relu"),
            L.Dense(1, activation=None if fixed else "hard_sigmoid"),
        ]
    )
    model.compile(O.Adam(0.005), "mae")
    return model, x[..., None].astype("float32"), column(y), dict(epochs=20, batch_size=32)


# An encoder with exp as its hidden activation, two layers of it: e to the e.
@prog("hidden-exponential-encoder", "regression", "mse", "activation")
def _(r, fixed):
    x = standard(SK.load_breast_cancer().data)
    act = "elu" if fixed else "exponential"
    model = keras.Sequential(
        [
            keras.Input((30,)),
            L.Dense(20, activation=act),
            L.Dense(8, activation=act),
            L.Dense(20, activation=act),
            L.Dense(30),
        ]
    )
    model.compile(O.Adam(0.005), "mse")
    return model, x, x, dict(epochs=20, batch_size=32)


# Visits per day with exp as the link of the head, page sizes in kilobytes: inf at the first step.
@prog("visits-exponential-overflow", "regression", "poisson", "activation")
def _(r, fixed):
    x = r.uniform(0, 900, (800, 5)).astype("float32")
    y = column(r.poisson(np.exp(1 + x[:, 0] / 450 + x[:, 1] / 900)))
    model = keras.Sequential(
        [
            keras.Input((5,)),
            L.Dense(32, activation="relu"),
            L.Dense(1, activation="softplus" if fixed else "exponential"),
        ]
    )
    model.compile(O.Adam(0.003), "poisson")
    return model, x, y, dict(epochs=40, batch_size=32)


# Minutes to the door from the shop's embedding and the order's numbers, out of a tanh.
@prog("delivery-minutes-tanh", "regression", "mse", "activation")
def _(r, fixed):
    shop = r.integers(0, 20, (800, 1)).astype("int32")
    order = r.normal(size=(800, 4)).astype("float32")
    y = 34 + r.normal(0, 5, 20)[shop[:, 0]] + 4 * order[:, 0] + 3 * order[:, 1] * order[:, 2]
    a, b = keras.Input((1,), dtype="int32"), keras.Input((4,))
    h = L.Concatenate()([L.Flatten()(L.Embedding(20, 6)(a)), b])
    h = L.Dense(32, activation="relu")(h)
    h = L.Dense(16, activation="relu")(h)
    model = keras.Model([a, b], L.Dense(1, activation=None if fixed else "tanh")(h))
    model.compile(O.Adam(0.01), "mse")
    return model, [shop, order], column(y), dict(epochs=20, batch_size=32)


# --------------------------------------------------------------------------- healthy


# Diabetes progression as it stands (mean 152): the first epochs only look for the level.
@prog("OK-diabetes-raw-target", "regression", "mse")
def _(r, fixed):
    d = SK.load_diabetes()
    model = keras.Sequential(
        [
            keras.Input((10,)),
            L.Dense(64, activation="relu"),
            L.Dense(32, activation="relu"),
            L.Dense(1),
        ]
    )
    model.compile(O.Adam(0.003), "mse")
    return model, standard(d.data), column(d.target), dict(epochs=30, batch_size=16)


# Two sigmoid layers and plain SGD, as in a 2015 course: ten epochs of nothing, then digits.
@prog("OK-sigmoid-sgd-plateau", "multiclass", "scce")
def _(r, fixed):
    x, y = digits(1797, image=False)
    model = keras.Sequential(
        [
            keras.Input((64,)),
            L.Dense(40, activation="sigmoid"),
            L.Dense(30, activation="sigmoid"),
            L.Dense(10, activation="softmax"),
        ]
    )
    model.compile(O.SGD(0.1), "sparse_categorical_crossentropy")
    return model, x, y, dict(epochs=45, batch_size=32)


# Customer surveys: a true but faint relation, R2 of about 0.2, with a penalty and dropout besides.
@prog("OK-survey-faint-relation", "regression", "mse")
def _(r, fixed):
    x = r.normal(size=(1500, 12)).astype("float32")
    y = column(
        7 + 0.5 * x[:, 0] - 0.4 * x[:, 1] + 0.3 * np.tanh(x[:, 2]) + 1.3 * r.normal(size=1500)
    )
    model = keras.Sequential(
        [
            keras.Input((12,)),
            L.Dense(32, activation="relu", kernel_regularizer=R.L2(1e-3)),
            L.Dropout(0.4),
            L.Dense(1),
        ]
    )
    model.compile(O.Adam(0.004), "mse")
    return model, x, y, dict(epochs=30, batch_size=32)


# Three labels out of ten are flipped on purpose: accuracy cannot pass about 0.7, and does not.
@prog("OK-thirty-percent-flipped", "binary", "bce")
def _(r, fixed):
    x = r.normal(size=(1500, 8)).astype("float32")
    y = (x[:, 0] - x[:, 1] + x[:, 2] > 0) ^ (r.random(1500) < 0.3)
    model = keras.Sequential(
        [keras.Input((8,)), L.Dense(16, activation="tanh"), L.Dense(1, activation="sigmoid")]
    )
    model.compile(O.Adam(0.002), "binary_crossentropy")
    return model, x, column(y), dict(epochs=15, batch_size=32)


# Random convolutions, frozen, stand for a downloaded backbone; only the softmax on top is trained.
@prog("OK-frozen-convolutions", "multiclass", "scce")
def _(r, fixed):
    x, y = digits(1500)
    base = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            L.Conv2D(32, 3, activation="relu", kernel_initializer=I.HeNormal()),
            L.MaxPooling2D(2),
            L.Flatten(),
        ]
    )
    base.trainable = False
    model = keras.Sequential([keras.Input((8, 8, 1)), base, L.Dense(10, activation="softmax")])
    model.compile(O.SGD(0.02, momentum=0.9), "sparse_categorical_crossentropy")
    return model, x, y, dict(epochs=10, batch_size=32)


# Which token came first? A GRU guesses for some epochs, then finds it.
@prog("OK-first-token-gru", "multiclass", "scce")
def _(r, fixed):
    x = r.integers(0, 8, (1200, 9)).astype("int32")
    y = x[:, 0] % 4
    model = keras.Sequential(
        [
            keras.Input((9,), dtype="int32"),
            L.Embedding(8, 8),
            L.GRU(24),
            L.Dense(4, activation="softmax"),
        ]
    )
    model.compile(O.Adam(0.004), "sparse_categorical_crossentropy")
    return model, x, y, dict(epochs=25, batch_size=32)


# Salaries in whole dollars with a big rate, which is what such a scale asks for.
@prog("OK-salaries-large-rate", "regression", "mae")
def _(r, fixed):
    x = r.normal(size=(900, 6)).astype("float32")
    y = (
        58000
        + 9000 * x[:, 0]
        + 5000 * x[:, 1] * x[:, 2]
        + 4000 * x[:, 3]
        + 3000 * r.normal(size=900)
    )
    model = keras.Sequential(
        [
            keras.Input((6,)),
            L.Dense(64, activation="relu"),
            L.Dense(64, activation="relu"),
            L.Dense(1),
        ]
    )
    model.compile(O.Adam(0.05), "mae")
    return model, x, column(y), dict(epochs=30, batch_size=32)


# One in twelve customers leaves; the network says "stays" for a while before it tells them apart.
@prog("OK-churn-one-in-twelve", "binary", "bce")
def _(r, fixed):
    x, y = SK.make_classification(
        1800, 10, n_informative=6, weights=[0.92], class_sep=1.6, random_state=int(r.integers(1e6))
    )
    model = keras.Sequential(
        [
            keras.Input((10,)),
            L.Dense(24, activation="relu"),
            L.Dropout(0.3),
            L.Dense(12, activation="relu"),
            L.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(O.Adam(0.003), "binary_crossentropy")
    return (
        model,
        StandardScaler().fit_transform(x).astype("float32"),
        column(y),
        dict(epochs=15, batch_size=32),
    )


# The whole set as one batch, momentum 0.95: two hundred slow steps.
@prog("OK-full-batch-momentum", "regression", "mse")
def _(r, fixed):
    x, y = SK.make_friedman1(600, noise=1.0, random_state=int(r.integers(1e6)))
    model = keras.Sequential([keras.Input((10,)), L.Dense(32, activation="tanh"), L.Dense(1)])
    model.compile(O.SGD(0.003, momentum=0.95), "mse")
    return model, standard(x), column(standard(y)), dict(epochs=220, batch_size=600)
