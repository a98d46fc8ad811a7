"""Programs people could have written, one slip each: a fourth set, second part.

P maps an id to (task, loss, builder); builder(rng, fixed) returns
(model, x, y, fit_kwargs[, labels]).
WHERE says whether the slip is in the "model" (weights, rate, penalty, scaling) or an "activation".
Ids that begin with OK- are healthy controls. Needs scikit-learn.
"""

import keras
import numpy as np
from keras import initializers as I
from keras import layers as L
from keras import ops
from keras import optimizers as O
from keras import regularizers as R
from sklearn import datasets as SK
from sklearn.preprocessing import StandardScaler

P = {}
WHERE = {}


def prog(id, task, loss, where=None):
    def register(builder):
        P[id] = (task, loss, builder)
        if where is not None:
            WHERE[id] = where
        return builder

    return register


def seq(shape, *layers):
    return keras.Sequential([keras.Input(shape), *layers])


def f32(a):
    return np.asarray(a, dtype="float32")


def zscore(a):
    return f32((a - a.mean(0)) / a.std(0))


def one_hot(y, n):
    return np.eye(n, dtype="float32")[np.asarray(y).astype(int)]


def digit_images():
    d = SK.load_digits()
    return f32(d.images / 16.0)[..., None], d.target.astype("int32")


def weather(r, n):
    """Hourly pressure (mbar), temperature (C) and humidity (%), as in the Jena file."""
    p, t = np.zeros(n), np.zeros(n)
    for i in range(1, n):
        p[i] = 0.985 * p[i - 1] + r.normal()
        t[i] = 0.95 * t[i - 1] + r.normal()
    hours = np.arange(n)
    temp = 9.0 + 5.0 * np.sin(2 * np.pi * hours / 24) + t
    rh = 75.0 - 1.5 * (temp - 9.0) + 3.0 * r.normal(size=n)
    return np.stack([989.0 + 1.5 * p, temp, rh], -1)


# ------------------------------------------------------------------ faults in the model


# The weather-forecasting tutorial scales the inputs; here the pressure six hours ahead
# is predicted, cut from the frame before it was scaled, so it stays near 989 mbar.
@prog("jena-pressure-mbar-gru", "regression", "mse", "model")
def _(r, fixed):
    raw = weather(r, 1700)
    scaled = zscore(raw)
    window, ahead = 24, 6
    starts = np.arange(0, len(raw) - window - ahead)
    x = np.stack([scaled[s : s + window] for s in starts])
    source = scaled if fixed else raw
    y = f32(source[starts + window + ahead - 1, :1])
    model = seq((window, 3), L.GRU(32), L.Dense(1))
    model.compile(optimizer=O.Adam(0.001), loss="mse", metrics=["mae"])
    return model, x, y, dict(epochs=12, batch_size=64)


def reviews(r, n, length, vocab, marked):
    """Token ids; each class has its own marked words among common ones."""
    y = r.integers(0, 2, n)
    x = 2 + 2 * marked + (r.zipf(1.4, (n, length)) % (vocab - 2 - 2 * marked))
    for i in range(n):
        places = r.choice(length, 6, replace=False)
        x[i, places] = 2 + y[i] * marked + r.integers(0, marked, 6)
    return x.astype("int32"), f32(y)[:, None]


# The text-classification-from-scratch example with the convolution of stride 3; "to make it
# converge faster" the rate was typed with two zeros fewer.
@prog("imdb-conv1d-stride-rate", "binary", "bce", "model")
def _(r, fixed):
    x, y = reviews(r, 1600, 60, 500, 15)
    model = seq(
        (60,),
        L.Embedding(500, 16),
        L.Dropout(0.3),
        L.Conv1D(32, 7, strides=3, activation="relu"),
        L.Conv1D(32, 7, strides=3, activation="relu"),
        L.GlobalMaxPooling1D(),
        L.Dense(32, activation="relu"),
        L.Dropout(0.3),
        L.Dense(1, activation="sigmoid"),
    )
    model.compile(O.Adam(0.001 if fixed else 0.1), "binary_crossentropy", metrics=["accuracy"])
    return model, x, y, dict(epochs=10, batch_size=32)


# The LeNet chapter of a popular course: sigmoid layers, for which it asks a rate of 0.9.
# Copied with the 'sgd' string and its default of 0.01; Adam gets through the plateau.
@prog("d2l-lenet-sigmoid-default-sgd", "multiclass", "scce", "model")
def _(r, fixed):
    x, y = digit_images()
    model = seq(
        (8, 8, 1),
        L.Conv2D(6, 5, padding="same", activation="sigmoid"),
        L.AveragePooling2D(2),
        L.Conv2D(16, 3, padding="same", activation="sigmoid"),
        L.Flatten(),
        L.Dense(120, activation="sigmoid"),
        L.Dense(84, activation="sigmoid"),
        L.Dense(10, activation="softmax"),
    )
    opt = O.Adam(0.005) if fixed else "sgd"
    model.compile(opt, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, x, y, dict(epochs=20, batch_size=32)


# "A Keras SVM": a hinge loss and an L2 penalty, its size meant as the C of the SVM (5), so
# that it presses where it should let go.
@prog("svm-top-hinge-l2", "binary", "hinge", "model")
def _(r, fixed):
    d = SK.load_breast_cancer()
    x = f32(StandardScaler().fit_transform(d.data))
    y = f32(d.target * 2 - 1)[:, None]
    strength = 1e-3 if fixed else 5.0
    model = seq(
        (30,),
        L.Dense(24, activation="relu", kernel_regularizer=R.L2(strength)),
        L.Dense(1, kernel_regularizer=R.L2(strength)),
    )
    model.compile(O.Adam(0.003), loss="hinge")
    return model, x, y, dict(epochs=30, batch_size=32)


# The structured-data tutorial (heart disease), one Input a column, but the Normalization
# layers were left out when the code was shortened.
@prog("heart-disease-columns-sgd", "binary", "bce", "model")
def _(r, fixed):
    n = 600
    cols = {
        "age": r.normal(54, 9, n).round(),
        "trestbps": r.normal(131, 17, n).round(),
        "chol": r.normal(246, 51, n).round(),
        "thalach": r.normal(149, 23, n).round(),
        "oldpeak": np.abs(r.normal(0, 1.6, n)).round(1),
        "ca": r.integers(0, 4, n).astype(float),
    }
    s = {k: (v - v.mean()) / v.std() for k, v in cols.items()}
    risk = s["oldpeak"] + s["ca"] - s["thalach"] + 0.5 * s["age"] + 0.4 * s["chol"]
    y = f32(risk + 0.4 * r.normal(size=n) > 0)[:, None]
    x = {k: f32((s if fixed else cols)[k])[:, None] for k in cols}
    inputs = {k: keras.Input((1,), name=k) for k in cols}
    h = L.Concatenate()(list(inputs.values()))
    h = L.Dense(32, activation="relu")(h)
    h = L.Dense(16, activation="relu")(h)
    h = L.Dropout(0.2)(h)
    model = keras.Model(inputs, L.Dense(1, activation="sigmoid")(h))
    model.compile(O.SGD(0.05), "binary_crossentropy", metrics=["accuracy"])
    return model, x, y, dict(epochs=30, batch_size=32)


# The anomaly-detection tutorial's convolutional autoencoder on a daily curve, with the rate
# raised to 0.1 because the first epochs looked slow.
@prog("anomaly-conv1d-autoencoder-rate", "regression", "mse", "model")
def _(r, fixed):
    n, length = 1200, 32
    t = np.arange(length)
    phase = r.uniform(0, 2 * np.pi, (n, 1))
    x = np.sin(2 * np.pi * t / 16 + phase) * r.uniform(0.5, 1.5, (n, 1))
    x = f32(x + 0.1 * r.normal(size=x.shape))[..., None]
    model = seq(
        (length, 1),
        L.Conv1D(32, 7, strides=2, padding="same", activation="relu"),
        L.Dropout(0.2),
        L.Conv1D(16, 7, strides=2, padding="same", activation="relu"),
        L.Conv1DTranspose(16, 7, strides=2, padding="same", activation="relu"),
        L.Dropout(0.2),
        L.Conv1DTranspose(32, 7, strides=2, padding="same", activation="relu"),
        L.Conv1DTranspose(1, 7, padding="same"),
    )
    model.compile(optimizer=O.Adam(0.001 if fixed else 0.1), loss="mse")
    return model, x, x, dict(epochs=12, batch_size=32)


# The collaborative-filtering example: dot product of user and film vectors. Its penalty of
# 1e-6 became 1e-2, the value that Dense layers usually get.
@prog("movielens-dot-embedding-l2", "regression", "mse", "model")
def _(r, fixed):
    users, films, n = 120, 100, 5000
    u, v = r.integers(0, users, n), r.integers(0, films, n)
    a, b = r.normal(size=(users, 3)), r.normal(size=(films, 3))
    rating = np.clip(3.5 + 0.6 * (a[u] * b[v]).sum(1) + 0.2 * r.normal(size=n), 0.5, 5.0)
    y = zscore(rating)[:, None]
    size = 1e-6 if fixed else 1e-2
    user_in, film_in = keras.Input((1,), name="user"), keras.Input((1,), name="film")

    def vector(inp, rows):
        e = L.Embedding(
            rows, 8, embeddings_initializer="he_normal", embeddings_regularizer=R.L2(size)
        )
        return L.Flatten()(e(inp))

    out = L.Dot(axes=1)([vector(user_in, users), vector(film_in, films)])
    model = keras.Model([user_in, film_in], out)
    model.compile(optimizer=O.Adam(0.01), loss="mse")
    x = [u.astype("int32")[:, None], v.astype("int32")[:, None]]
    return model, x, y, dict(epochs=20, batch_size=64)


# A named-entity tagger from a blog: overfitted on the small corpus, so every kernel got an
# L2 of 0.1.
@prog("ner-bilstm-every-kernel-l2", "multiclass", "scce", "model")
def _(r, fixed):
    n, length, vocab = 700, 15, 200
    x = r.integers(1, vocab, (n, length))
    kind = np.r_[0, r.integers(0, 3, vocab - 1)]
    y = kind[x]
    after = np.roll(x, 1, 1) % 5 == 0
    after[:, 0] = False
    y = np.where(after, (y + 1) % 3, y)
    reg = R.L2(1e-6 if fixed else 0.1)
    model = seq(
        (length,),
        L.Embedding(vocab, 24),
        L.Bidirectional(
            L.LSTM(24, return_sequences=True, kernel_regularizer=reg, recurrent_regularizer=reg)
        ),
        L.TimeDistributed(L.Dense(3, activation="softmax", kernel_regularizer=reg)),
    )
    model.compile(O.RMSprop(0.005), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, x.astype("int32"), y.astype("int32"), dict(epochs=12, batch_size=32)


# The facial-keypoints tutorial's first net (one hidden layer, Nesterov momentum): the
# coordinates were scaled to -1..1, the division of the pixels by 255 was forgotten.
@prog("keypoints-bytes-nesterov", "regression", "mse", "model")
def _(r, fixed):
    n, w = 1200, 20
    eyes = r.uniform(4, w - 4, (n, 2, 2))
    g = np.arange(w)
    img = np.zeros((n, w, w))
    for k in range(2):
        dy = (g[None, :, None] - eyes[:, k, 0, None, None]) ** 2
        dx = (g[None, None, :] - eyes[:, k, 1, None, None]) ** 2
        img += (1.0 if k else -0.45) * np.exp(-(dx + dy) / (8.0 if k else 14.0))
    img = np.clip(115 + 140 * img + 6 * r.normal(size=img.shape), 0, 255).round()
    x = f32(img.reshape(n, -1) / (255.0 if fixed else 1.0))
    y = f32(eyes.reshape(n, 4) / (w / 2) - 1)
    model = seq((w * w,), L.Dense(100, activation="relu"), L.Dense(4))
    model.compile(optimizer=O.SGD(0.01, momentum=0.9, nesterov=True), loss="mse")
    return model, x, y, dict(epochs=40, batch_size=64)


# Toxic-comment competition kernel: GRU and six sigmoid outputs; Nadam with the rate that the
# author's earlier SGD run had used.
@prog("toxic-comments-gru-nadam", "multilabel", "bce", "model")
def _(r, fixed):
    n, length, vocab = 1500, 24, 300
    x = r.integers(40, vocab, (n, length))
    y = (r.random((n, 6)) < 0.35).astype("float32")
    for k in range(6):
        rows = np.flatnonzero(y[:, k])
        for copy in range(2):
            x[rows, (4 * k + 2 * copy) % length] = 1 + k * 5 + r.integers(0, 5, len(rows))
    x = r.permuted(x, axis=1)
    model = seq(
        (length,),
        L.Embedding(vocab, 16),
        L.SpatialDropout1D(0.1),
        L.GRU(32, return_sequences=True),
        L.GlobalMaxPooling1D(),
        L.Dense(24, activation="relu"),
        L.Dense(6, activation="sigmoid"),
    )
    model.compile(O.Nadam(0.003 if fixed else 0.3), "binary_crossentropy", metrics=["accuracy"])
    return model, x.astype("int32"), y, dict(epochs=15, batch_size=32)


def pinball(q):
    def loss(t, p):
        e = t - p
        return ops.mean(ops.maximum(q * e, (q - 1) * e))

    return loss


# Newsvendor order quantities: a pinball loss on demand in single pieces (thousands a day).
@prog("demand-pinball-pieces", "regression", "pinball", "model")
def _(r, fixed):
    n = 1200
    weekday, promo = r.integers(0, 7, n), r.integers(0, 2, n)
    price, temp = r.uniform(0.8, 1.6, n), r.normal(12, 7, n)
    demand = 21000 + 900 * promo * (weekday > 3) - 2500 * (price - 1.2) + 60 * (temp - 12)
    demand = demand + 250 * np.sin(weekday) + 150 * r.normal(size=n)
    x = np.c_[one_hot(weekday, 7), promo, zscore(price), zscore(temp)]
    y = zscore(demand)[:, None] if fixed else f32(demand)[:, None]
    model = seq((10,), L.Dense(32, activation="relu"), L.Dense(1))
    model.compile(optimizer="adam", loss=pinball(0.6))
    return model, f32(x), y, dict(epochs=20, batch_size=32)


# Old code had SGD(decay=1e-6). The new schedule object was given decay_rate=1 and
# decay_steps=1, so the rate is divided by the number of steps.
@prog("inverse-time-decay-each-step", "multiclass", "cce", "model")
def _(r, fixed):
    x, y = digit_images()
    rate = O.schedules.InverseTimeDecay(0.01, decay_steps=1, decay_rate=1e-6 if fixed else 1.0)
    model = seq(
        (8, 8, 1),
        L.Conv2D(16, 3, activation="relu"),
        L.Conv2D(32, 3, activation="relu"),
        L.MaxPooling2D(2),
        L.Flatten(),
        L.Dense(64, activation="relu"),
        L.Dropout(0.25),
        L.Dense(10, activation="softmax"),
    )
    model.compile(O.SGD(rate), "categorical_crossentropy", metrics=["accuracy"])
    return model, x, one_hot(y, 10), dict(epochs=20, batch_size=32)


def shapes(r, n, w=16):
    """Filled squares, crosses and rings at random places, as a first image exercise."""
    y = r.integers(0, 3, n)
    g = np.arange(w)
    cy, cx = r.uniform(5, w - 5, n), r.uniform(5, w - 5, n)
    dy = np.abs(g[None, :, None] - cy[:, None, None])
    dx = np.abs(g[None, None, :] - cx[:, None, None])
    square = (dy < 3) & (dx < 3)
    cross = ((dy < 1) & (dx < 4)) | ((dx < 1) & (dy < 4))
    d = np.sqrt(dy**2 + dx**2)
    ring = (d < 4) & (d > 2.4)
    img = np.where((y == 0)[:, None, None], square, np.where((y == 1)[:, None, None], cross, ring))
    return f32(img + 0.15 * r.normal(size=img.shape))[..., None], y.astype("int32")


# Positional arguments in the wrong order: SGD(momentum, rate) gives a rate of 0.9.
@prog("shapes-sgd-arguments-swapped", "multiclass", "scce", "model")
def _(r, fixed):
    x, y = shapes(r, 1000)
    model = seq(
        (16, 16, 1),
        L.Conv2D(16, 3, activation="relu"),
        L.MaxPooling2D(2),
        L.Conv2D(32, 3, activation="relu"),
        L.MaxPooling2D(2),
        L.Flatten(),
        L.Dense(128, activation="relu"),
        L.Dense(64, activation="relu"),
        L.Dense(3, activation="softmax"),
    )
    opt = O.SGD(0.01, 0.9) if fixed else O.SGD(0.9, 0.01)
    model.compile(opt, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, x, y, dict(epochs=10, batch_size=32)


# One-shot learning after the well-known paper: all weights N(0, 0.01) and Adam at 6e-5, both
# copied from a port whose data set was a thousand times larger; two unlike pairs for each like.
@prog("siamese-one-shot-normal-001", "binary", "bce", "model")
def _(r, fixed):
    x, y = digit_images()
    n = 1500
    first = r.integers(0, len(x), n)
    same = (r.random(n) < 1 / 3).astype(int)
    second = np.empty(n, int)
    for i in range(n):
        pool = np.flatnonzero((y == y[first[i]]) == bool(same[i]))
        second[i] = r.choice(pool)

    def init():
        return "he_normal" if fixed else I.RandomNormal(stddev=0.01)

    tower = seq(
        (8, 8, 1),
        L.Conv2D(16, 3, activation="relu", kernel_initializer=init()),
        L.MaxPooling2D(2),
        L.Conv2D(32, 2, activation="relu", kernel_initializer=init()),
        L.Flatten(),
        L.Dense(64, activation="sigmoid", kernel_initializer=init()),
    )
    a, b = keras.Input((8, 8, 1)), keras.Input((8, 8, 1))
    gap = ops.abs(tower(a) - tower(b))
    out = L.Dense(1, activation="sigmoid", kernel_initializer=init())(gap)
    model = keras.Model([a, b], out)
    model.compile(O.Adam(2e-3 if fixed else 6e-5), "binary_crossentropy", metrics=["accuracy"])
    return model, [x[first], x[second]], f32(same)[:, None], dict(epochs=8, batch_size=32)


# ------------------------------------------------------------------ faults in an activation


# Cold-chain temperatures (all below zero); "swish everywhere" reached the output layer too.
@prog("freezer-swish-everywhere", "regression", "mae", "activation")
def _(r, fixed):
    n = 1000
    x = r.normal(size=(n, 6))
    y = -19 + 3 * np.tanh(x[:, 0]) - 2 * x[:, 1] * (x[:, 2] > 0) + 0.3 * r.normal(size=n)
    model = seq(
        (6,),
        L.Dense(64, activation="swish"),
        L.Dense(64, activation="swish"),
        L.Dense(1, activation=None if fixed else "swish"),
    )
    model.compile(optimizer=O.Adam(0.003), loss="mae")
    return model, f32(x), f32(y)[:, None], dict(epochs=30, batch_size=32)


# Two-tower retrieval on user and item columns; the towers' activation came from the output
# layer of the author's logistic regression.
@prog("two-tower-sigmoid-towers", "binary", "bce", "activation")
def _(r, fixed):
    n = 1500
    user, item = r.normal(size=(n, 6)), r.normal(size=(n, 5))
    taste = user[:, :3] @ r.normal(size=(3, 3))
    score = (taste * item[:, :3]).sum(1) + 0.1 * r.normal(size=n)
    y = f32(score > 0)[:, None]
    act = "relu" if fixed else "sigmoid"

    def tower(inp):
        h = inp
        for width in (64, 64, 32):
            h = L.Dense(width, activation=act)(h)
        return L.Dense(16)(h)

    a, b = keras.Input((6,), name="user"), keras.Input((5,), name="item")
    out = L.Activation("sigmoid")(L.Dot(axes=1)([tower(a), tower(b)]))
    model = keras.Model([a, b], out)
    model.compile(O.SGD(0.02), "binary_crossentropy", metrics=["accuracy"])
    return model, [f32(user), f32(item)], y, dict(epochs=20, batch_size=32)


# Meant as a leaky relu: the first argument of ReLU is its upper bound, not its slope.
@prog("relu-argument-is-the-cap", "regression", "mse", "activation")
def _(r, fixed):
    x, y = SK.make_friedman1(1000, noise=0.5, random_state=int(r.integers(1e6)))

    def act():
        return L.LeakyReLU(negative_slope=0.01) if fixed else L.ReLU(0.01)

    hidden = []
    for width in (64, 64, 32, 32):
        hidden += [L.Dense(width), act()]
    model = seq((10,), *hidden, L.Dense(1))
    model.compile(optimizer=O.SGD(0.01), loss="mse")
    return model, zscore(x), zscore(y)[:, None], dict(epochs=30, batch_size=32)


# Wine cultivars with a last layer copied from a regression script: relu over the classes.
@prog("wine-relu-over-classes", "multiclass", "cce", "activation")
def _(r, fixed):
    d = SK.load_wine()
    x = f32(StandardScaler().fit_transform(d.data))
    model = seq(
        (13,),
        L.Dense(16, activation="relu"),
        L.Dense(3, activation="softmax" if fixed else "relu"),
    )
    model.compile(O.Adam(0.01), "categorical_crossentropy", metrics=["accuracy"])
    return model, x, one_hot(d.target, 3), dict(epochs=40, batch_size=16)


# ------------------------------------------------------------------ healthy controls


# Under-exposed scans: the digits take up two hundredths of the range; batch norm on the
# inputs copes.
@prog("OK-faint-scans-batchnorm", "multiclass", "scce")
def _(r, fixed):
    x, y = digit_images()
    x = f32(0.8 + 0.02 * x)
    model = seq(
        (8, 8, 1),
        L.BatchNormalization(momentum=0.9, epsilon=1e-6),
        L.Conv2D(16, 3, activation="relu"),
        L.Conv2D(32, 3, strides=2, activation="relu"),
        L.Flatten(),
        L.Dropout(0.4),
        L.Dense(10, activation="softmax"),
    )
    model.compile(O.Adam(0.002), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, x, y, dict(epochs=15, batch_size=64)


# Temperatures in kelvin with a spread of a few degrees; the last bias starts at the mean.
@prog("OK-kelvin-bias-at-mean", "regression", "mse")
def _(r, fixed):
    x, y = SK.make_friedman1(1200, noise=0.5, random_state=int(r.integers(1e6)))
    y = f32(288 + 0.6 * (y - y.mean()))[:, None]
    model = seq(
        (10,),
        L.Dense(64, activation="relu"),
        L.Dense(64, activation="relu"),
        L.Dense(1, bias_initializer=I.Constant(float(y.mean()))),
    )
    model.compile(optimizer=O.SGD(0.002), loss="mse")
    return model, zscore(x), y, dict(epochs=25, batch_size=32)


# Four sigmoid layers, which would stand still alone, each followed by batch norm.
@prog("OK-sigmoid-stack-batchnorm", "multiclass", "cce")
def _(r, fixed):
    d = SK.load_digits()
    stack = []
    for _layer in range(4):
        stack += [L.Dense(48, activation="sigmoid"), L.BatchNormalization()]
    model = seq((64,), *stack, L.Dense(10, activation="softmax"))
    model.compile(O.RMSprop(0.002), "categorical_crossentropy", metrics=["accuracy"])
    return model, f32(d.data / 16), one_hot(d.target, 10), dict(epochs=20, batch_size=64)


# Bag-of-embeddings review classifier: heavy dropout and a small rate, flat for some epochs.
@prog("OK-fasttext-heavy-dropout", "binary", "bce")
def _(r, fixed):
    x, y = reviews(r, 2000, 50, 400, 20)
    model = seq(
        (50,),
        L.Embedding(400, 32),
        L.GlobalAveragePooling1D(),
        L.Dropout(0.7),
        L.Dense(32, activation="relu"),
        L.Dropout(0.7),
        L.Dense(1, activation="sigmoid"),
    )
    model.compile(O.Adam(0.001), "binary_crossentropy", metrics=["accuracy"])
    return model, x, y, dict(epochs=25, batch_size=32)
