"""Scripts people asked about whose fit ends at a constant, rebuilt for Keras 3 with offline data.

P maps an id to (task, loss, builder); builder(rng, fixed) returns
(model, x, y, fit_kwargs[, labels]). fixed=True builds the repaired script. WHERE maps an id to the
place of the fault: here always the model, its optimizer or its scaling. GH = GitHub issue, DS =
Data Science Stack Exchange question; "from memory" = a kind of question often asked, not one thread
that can be cited; "constructed" = a plausible slip without a thread behind it. Needs scikit-learn.
"""

import keras
import numpy as np
from keras import callbacks as C
from keras import initializers as I
from keras import layers as L
from keras import optimizers as O
from keras import regularizers as R
from sklearn import datasets as SK

P, WHERE = {}, {}


def prog(id, task, loss, where):
    def deco(f):
        P[id] = (task, loss, f)
        WHERE[id] = where
        return f

    return deco


def f32(a):
    return np.asarray(a, "float32")


def standard(a):
    a = np.asarray(a, "float64")
    return f32((a - a.mean(0)) / (a.std(0) + 1e-12))


def one_hot(y, n):
    return np.eye(n, dtype="float32")[np.asarray(y).astype(int)]


def digit_images():
    d = SK.load_digits()
    return f32(d.images)[..., None], d.target


# GH keras-team/keras#2134: one real value per image patch, L2(0.5) on the wide layers, dropout 0.7
# and SGD at 1e-5; the poster fought NaN with clipnorm and was left with the mean of the targets.
@prog("patch-cnn-l2-dropout", "regression", "mse", "model")
def _(r, fixed):
    n = 1200
    x = f32(r.normal(size=(n, 16, 16, 1)))
    level = r.uniform(0.1, 1.0, n)
    x = f32(0.5 + 0.25 * x * level[:, None, None, None])
    y = f32(10 * level)[:, None]
    l2 = R.L2(1e-5 if fixed else 0.5)
    drop = 0.1 if fixed else 0.7
    model = keras.Sequential(
        [
            keras.Input((16, 16, 1)),
            L.Conv2D(16, 5),
            L.Activation("relu"),
            L.MaxPooling2D(2),
            L.Flatten(),
            L.Dense(100, kernel_regularizer=l2),
            L.Activation("relu"),
            L.Dropout(drop),
            L.Dense(100, kernel_regularizer=l2),
            L.Activation("relu"),
            L.Dropout(drop),
            L.Dense(1),
        ]
    )
    sgd = O.SGD(1e-5, momentum=0.9, nesterov=True, clipnorm=100)
    model.compile(loss="mean_squared_error", optimizer=O.Adam(1e-3) if fixed else sgd)
    return model, x, y, dict(batch_size=32, epochs=15)


# DS-62167: a six-cell board with 8 = player and 5 = goal, tried rates 0.01 / 0.1 / 1.0; after a few
# thousand replays the network gives the same pair of Q values for every board.
@prog("dqn-board-rate", "regression", "mse", "model")
def _(r, fixed):
    pairs = [(p, g) for p in range(6) for g in range(6) if p != g]
    x, q = [], []
    for p, g in pairs:
        board = np.zeros(6)
        board[p], board[g] = 8, 5
        away = 0.8 ** abs(p - g)
        left = away if g < p else (-1.0 if p == 0 else 0.64 * away)
        right = away if g > p else (-1.0 if p == 5 else 0.64 * away)
        x.append(board)
        q.append((left, right))
    rows = r.integers(0, len(pairs), 1280)
    x, y = f32(x)[rows], f32(q)[rows]
    model = keras.Sequential(
        [
            keras.Input((6,)),
            L.Dense(24, activation="relu"),
            L.Dense(24, activation="relu"),
            L.Dense(2, activation="linear"),
        ]
    )
    model.compile(loss="mse", optimizer=O.Adam(0.003 if fixed else 1.0))
    return model, x, y, dict(batch_size=64, epochs=25)


# GH geifmany/cifar-vgg#1: the repository's VGG script trained from scratch, SGD 0.1 with momentum:
# loss nan, accuracy 0.10 from the first epochs; 0.01 made it work.
@prog("vgg-from-scratch-sgd", "multiclass", "cce", "model")
def _(r, fixed):
    x, t = digit_images()
    x = (x - x.mean()) / (x.std() + 1e-7)
    decay = R.L2(5e-4)

    def conv(f):
        return L.Conv2D(f, 3, padding="same", activation="relu", kernel_regularizer=decay)

    model = keras.Sequential(
        [keras.Input((8, 8, 1)), conv(16), L.Dropout(0.3), conv(16), L.MaxPooling2D(2)]
        + [conv(32), L.Dropout(0.4), conv(32), L.MaxPooling2D(2), L.Flatten()]
        + [L.Dense(64, activation="relu", kernel_regularizer=decay), L.Dropout(0.5)]
        + [L.Dense(10), L.Activation("softmax")]
    )
    rate = 0.01 if fixed else 0.1
    sgd = O.SGD(
        O.schedules.InverseTimeDecay(rate, decay_steps=1, decay_rate=1e-6),
        momentum=0.9,
        nesterov=True,
    )
    model.compile(loss="categorical_crossentropy", optimizer=sgd, metrics=["accuracy"])
    return model, x[:1200], one_hot(t[:1200], 10), dict(batch_size=32, epochs=12)


# A forum question copied to techfeed.net (485530): two LSTMs with relu, RandomUniform(+-0.05),
# dropout 0.5 everywhere and a wide linear layer; the forecast converges to one value near -0.1.
@prog("stacked-lstm-uniform", "regression", "mse", "model")
def _(r, fixed):
    n, steps = 900, 15
    start, speed = r.uniform(0, 2 * np.pi, n), r.uniform(0.15, 0.5, n)
    s = start[:, None] + speed[:, None] * np.arange(steps + 1)
    wave = np.sin(s) + 0.05 * r.normal(size=s.shape)
    x, y = f32(wave[:, :steps, None]), f32(wave[:, steps:])
    init = "glorot_uniform" if fixed else I.RandomUniform(minval=-0.05, maxval=0.05)
    act, drop = ("tanh", 0.0) if fixed else ("relu", 0.5)
    rec = dict(kernel_initializer=init, activation=act, dropout=drop)
    model = keras.Sequential([keras.Input((steps, 1))])
    model.add(L.LSTM(32, return_sequences=True, recurrent_dropout=0.4 * drop, **rec))
    model.add(L.LSTM(20, recurrent_dropout=0.4 * drop, **rec))
    model.add(L.Dense(64, activation="linear", kernel_initializer=init))
    model.add(L.Dropout(drop))
    model.add(L.Dense(1, activation="linear", kernel_initializer=init))
    model.compile(loss="mean_squared_error", optimizer=O.RMSprop(1e-3 if fixed else 1e-4))
    return model, x, y, dict(batch_size=32, epochs=12)


# GH keras-team/keras#4387: the mnist_siamese example moved to the poster's own pairs of feature
# rows; the loss stays put and both encoded rows are all zeros for every pair.
@prog("siamese-own-pairs", "binary", "bce", "model")
def _(r, fixed):
    n, people = 1500, 12
    face = r.uniform(0, 2500, (people, 30))
    a = r.integers(0, people, n)
    same = r.random(n) < 0.5
    b = np.where(same, a, (a + r.integers(1, people, n)) % people)
    xa = f32(face[a] + 60 * r.normal(size=(n, 30)))
    xb = f32(face[b] + 60 * r.normal(size=(n, 30)))
    if fixed:
        m, s = xa.mean(0), xa.std(0)
        xa, xb = (xa - m) / s, (xb - m) / s
    base = keras.Sequential(
        [
            keras.Input((30,)),
            L.Dense(64, activation="relu"),
            L.Dropout(0.1),
            L.Dense(64, activation="relu"),
            L.Dropout(0.1),
            L.Dense(32, activation="relu"),
        ]
    )
    left, right = keras.Input((30,)), keras.Input((30,))
    gap = keras.ops.abs(base(left) - base(right))
    model = keras.Model([left, right], L.Dense(1, activation="sigmoid")(gap))
    model.compile(loss="binary_crossentropy", optimizer=O.RMSprop(0.001 if fixed else 0.1))
    return model, [xa, xb], f32(same)[:, None], dict(batch_size=64, epochs=15)


# GH rstudio-conf-2020/dl-keras-tf#9: Ames sale prices in dollars, SGD 0.1 and mean squared error:
# loss nan, val_loss nan. Here with the neighbourhood as an embedding beside the numbers.
@prog("ames-neighbourhood-sgd", "regression", "mse", "model")
def _(r, fixed):
    n = 1200
    hood = r.integers(0, 25, n)
    worth = r.normal(0, 30000, 25)
    num = np.c_[r.normal(1500, 500, n), r.integers(1, 11, n), r.normal(1971, 30, n)]
    price = 60 * num[:, 0] + 15000 * num[:, 1] + 200 * (num[:, 2] - 1971) + worth[hood]
    price += 9000 * r.normal(size=n)
    y = standard(price[:, None]) if fixed else f32(price[:, None])
    area, place = keras.Input((3,), name="numbers"), keras.Input((1,), name="hood", dtype="int32")
    h = L.Concatenate()([area, L.Flatten()(L.Embedding(25, 4)(place))])
    h = L.Dense(64, activation="relu")(h)
    h = L.Dense(64, activation="relu")(h)
    model = keras.Model({"numbers": area, "hood": place}, L.Dense(1)(h))
    model.compile(optimizer=O.SGD(0.01 if fixed else 0.1), loss="mean_squared_error")
    x = {"numbers": standard(num), "hood": hood[:, None].astype("int32")}
    return model, x, y, dict(batch_size=16, epochs=15, validation_split=0.2)


# GH rcmalli/keras-vggface#43: fine tuning on a frozen base with new fc6, fc7, fc8 layers under
# SGD(1e-5); val_loss never improves and the accuracy does not move.
@prog("vggface-fine-tune", "multiclass", "cce", "model")
def _(r, fixed):
    x, t = digit_images()
    keep = t < 7
    x, t = x[keep] / 16.0, t[keep]
    base = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            L.Conv2D(12, 3, padding="same", activation="relu"),
            L.MaxPooling2D(2),
            L.Conv2D(24, 3, padding="same", activation="relu"),
            L.MaxPooling2D(2, name="pool5"),
        ]
    )
    base.trainable = False
    h = L.Flatten(name="flatten")(base.get_layer("pool5").output)
    h = L.Dense(128, activation="relu", name="fc6")(h)
    h = L.Dense(128, activation="relu", name="fc7")(h)
    model = keras.Model(base.inputs, L.Dense(7, activation="softmax", name="fc8")(h))
    sgd = O.SGD(learning_rate=0.05 if fixed else 1e-5, momentum=0.9)
    model.compile(optimizer=sgd, loss=["categorical_crossentropy"], metrics=["accuracy"])
    y = one_hot(t, 7)
    kw = dict(batch_size=32, epochs=12, validation_data=(x[1000:], y[1000:]))
    return model, x[:1000], y[:1000], kw


# From memory of several ResNet-from-scratch questions: a residual net for sensor series whose
# author left BatchNormalization out "to keep it simple" and kept the paper's SGD 0.1, momentum 0.9.
@prog("resnet1d-without-batchnorm", "multiclass", "scce", "model")
def _(r, fixed):
    n, steps = 800, 48
    t = r.integers(0, 4, n)
    s = np.arange(steps)
    ph = r.uniform(0, 6.28, (n, 2, 1))
    x = np.sin(np.array([0.3, 0.6, 1.0, 1.5])[t][:, None, None] * s + ph)
    x = f32((x + 0.3 * r.normal(size=x.shape)).transpose(0, 2, 1))

    def block(h, f):
        z = L.Conv1D(f, 3, padding="same", kernel_initializer="he_normal")(h)
        z = L.ReLU()(L.BatchNormalization()(z) if fixed else z)
        z = L.Conv1D(f, 3, padding="same", kernel_initializer="he_normal")(z)
        z = L.BatchNormalization()(z) if fixed else z
        return L.ReLU()(L.Add()([h, z]))

    inp = keras.Input((steps, 2))
    h = L.Conv1D(16, 5, padding="same", activation="relu", kernel_initializer="he_normal")(inp)
    for _ in range(6):
        h = block(h, 16)
    h = L.GlobalAveragePooling1D()(h)
    model = keras.Model(inp, L.Dense(4, activation="softmax")(h))
    sgd = O.SGD(0.02 if fixed else 0.1, momentum=0.9)
    model.compile(sgd, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, x, t, dict(batch_size=32, epochs=12)


# From memory: gene functions (several at once) from expression levels, an L1L2 penalty copied from
# a blog on small samples; every gene gets the same list of probabilities, the label frequencies.
@prog("gene-functions-l1l2", "multilabel", "bce", "model")
def _(r, fixed):
    x = f32(r.normal(size=(1000, 40)))
    score = x @ r.normal(size=(40, 8)) + np.linspace(-3, 2, 8)
    y = f32(score > 0)
    pen = R.L1L2(l1=1e-5, l2=1e-5) if fixed else R.L1L2(l1=0.05, l2=0.05)
    model = keras.Sequential(
        [
            keras.Input((40,)),
            L.Dense(64, activation="relu", kernel_regularizer=pen),
            L.Dense(32, activation="relu", kernel_regularizer=pen),
            L.Dense(8, activation="sigmoid", kernel_regularizer=pen),
        ]
    )
    model.compile("adam", "binary_crossentropy", metrics=["binary_accuracy"])
    stop = C.EarlyStopping(monitor="val_loss", patience=8)
    kw = dict(batch_size=32, epochs=25, validation_split=0.15, callbacks=[stop])
    return model, x, y, kw


# Constructed: PiecewiseConstantDecay with its values typed in rising order, so that training goes
# well at first and is destroyed when the "fine" stage begins with a rate of 1.
@prog("piecewise-rates-reversed", "multiclass", "scce", "model")
def _(r, fixed):
    x, t = digit_images()
    x, t = x[:1200].reshape(-1, 64) / 16.0, t[:1200]
    values = [0.01, 0.003, 0.001] if fixed else [0.001, 0.03, 1.0]
    rate = O.schedules.PiecewiseConstantDecay([150, 300], values)
    model = keras.Sequential(
        [
            keras.Input((64,)),
            L.Dense(32, activation="relu"),
            L.Dropout(0.2),
            L.Dense(32, activation="relu"),
            L.Dropout(0.2),
            L.Dense(16, activation="relu"),
            L.Dense(10, activation="softmax"),
        ]
    )
    model.compile(O.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, x, t, dict(batch_size=32, epochs=15)


# Constructed: gradient_accumulation_steps set to the number of batches of the full data set; on the
# sample used for a trial the weights are updated once in the whole fit.
@prog("bike-hire-accumulation", "regression", "mae", "model")
def _(r, fixed):
    n = 1600
    hour, temp, wet = r.uniform(0, 24, n), r.normal(15, 8, n), r.random(n) < 0.3
    y = 180 + 90 * np.sin((hour - 8) / 24 * 2 * np.pi) + 5 * (temp - 15) - 70 * wet
    y = f32(y + 12 * r.normal(size=n))[:, None]
    x = np.c_[np.sin(hour / 24 * 6.2832), np.cos(hour / 24 * 6.2832), (temp - 15) / 8, wet]
    model = keras.Sequential(
        [
            keras.Input((4,)),
            L.Dense(64, activation="gelu"),
            L.Dense(64, activation="gelu"),
            L.Dense(1, bias_initializer=I.Constant(180.0)),
        ]
    )
    adam = O.Adam(0.01, gradient_accumulation_steps=2 if fixed else 512)
    model.compile(adam, "mae", metrics=["mse"])
    return model, f32(x), y, dict(batch_size=32, epochs=15)


# From memory of "my ViT from scratch stays at 10 % accuracy": post-norm blocks trained at a rate
# taken from a CNN, with no warm-up.
@prog("vit-digits-no-warmup", "multiclass", "scce", "model")
def _(r, fixed):
    x, t = digit_images()
    x, t = x[:1000] / 16.0, t[:1000]
    inp = keras.Input((8, 8, 1))
    h = L.Reshape((16, 24))(L.Conv2D(24, 2, strides=2)(inp))
    h = h + L.Embedding(16, 24)(keras.ops.arange(16))
    for _ in range(3):
        h = L.LayerNormalization()(h + L.MultiHeadAttention(3, 8)(h, h))
        z = L.Dense(24)(L.Dense(48, activation="gelu")(h))
        h = L.LayerNormalization()(h + z)
    h = L.GlobalAveragePooling1D()(h)
    model = keras.Model(inp, L.Dense(10, activation="softmax")(h))
    model.compile(O.Adam(0.002 if fixed else 0.1), "sparse_categorical_crossentropy")
    return model, x, t, dict(batch_size=32, epochs=10)


# From memory of questions on the Keras text generation example: one-hot characters, two LSTMs and
# the tutorial line SGD(0.001, momentum=0.9, nesterov=True); the generator writes only spaces.
@prog("char-rnn-two-lstm", "multiclass", "cce", "model")
def _(r, fixed):
    words = ["the ", "cat ", "sat ", "on ", "a ", "mat ", "and ", "ran "]
    text = "".join(words[i] for i in r.integers(0, len(words), 700))
    chars = sorted(set(text))
    ids = np.array([chars.index(c) for c in text])
    v, span = len(chars), 10
    starts = np.arange(0, len(ids) - span, 2)
    x = one_hot(np.stack([ids[i : i + span] for i in starts]), v)
    y = one_hot(ids[starts + span], v)
    model = keras.Sequential([keras.Input((span, v)), L.LSTM(48, return_sequences=True)])
    model.add(L.LSTM(48))
    model.add(L.Dense(v))
    model.add(L.Activation("softmax"))
    sgd = O.SGD(0.001, momentum=0.9, nesterov=True)
    model.compile(loss="categorical_crossentropy", optimizer=O.Adam(0.01) if fixed else sgd)
    return model, x, y, dict(batch_size=64, epochs=20)


# From memory: two concentrations in mg per litre from one spectrum, two output layers, Adam(1e-4);
# both curves of predictions are flat lines close to zero beside targets of hundreds.
@prog("spectra-two-concentrations", "regression", "mse", "model")
def _(r, fixed):
    n, w = 800, 60
    c = r.uniform(50, 900, (n, 2))
    g = np.arange(w)
    peaks = np.stack([np.exp(-(((g - m) / 5.0) ** 2)) for m in (18, 38)])
    x = f32(c @ peaks / 900 + 0.01 * r.normal(size=(n, w)))[..., None]
    y = standard(c) if fixed else f32(c)
    inp = keras.Input((w, 1))
    h = L.Conv1D(8, 7, strides=2, activation="relu")(inp)
    h = L.Conv1D(8, 5, strides=2, activation="relu")(h)
    h = L.Dense(32, activation="relu")(L.Flatten()(h))
    model = keras.Model(inp, [L.Dense(1, name="nitrate")(h), L.Dense(1, name="sulfate")(h)])
    model.compile(O.Adam(1e-3 if fixed else 1e-4), ["mse", "mse"])
    return model, x, [y[:, :1], y[:, 1:]], dict(batch_size=32, epochs=10)


# From memory: an autoencoder for machine monitoring fed with 12-bit converter counts; the sigmoid
# code saturates and every cycle is rebuilt as the same average cycle.
@prog("vibration-autoencoder-counts", "regression", "mse", "model")
def _(r, fixed):
    n = 1000
    z = r.normal(size=(n, 3))
    x = np.clip(2048 + 350 * z @ r.normal(size=(3, 16)) + 20 * r.normal(size=(n, 16)), 0, 4095)
    x = standard(x) if fixed else f32(x)
    model = keras.Sequential(
        [
            keras.Input((16,)),
            L.Dense(24, activation="sigmoid"),
            L.Dense(6, activation="sigmoid", name="code"),
            L.Dense(24, activation="sigmoid"),
            L.Dense(16),
        ]
    )
    model.compile(O.Adam(0.01), "mse")
    return model, x, x.copy(), dict(batch_size=32, epochs=25)


class FactorizationMachine(keras.Model):
    def __init__(self, k=6):
        super().__init__()
        self.k = k
        self.linear = L.Dense(1)

    def build(self, shape):
        self.v = self.add_weight(shape=(shape[-1], self.k), initializer="random_normal", name="v")
        self.linear.build(shape)
        self.built = True

    def call(self, x):
        crossed = keras.ops.square(x @ self.v) - keras.ops.square(x) @ keras.ops.square(self.v)
        return self.linear(x) + 0.5 * keras.ops.sum(crossed, axis=-1, keepdims=True)


# From memory: a factorization machine as a subclassed model on raw click counts; plain SGD makes
# the squared sums overflow and the loss turns nan in the first epoch.
@prog("factorization-machine-counts", "regression", "mse", "model")
def _(r, fixed):
    n = 1000
    x = f32(r.poisson(60, (n, 8)) * r.integers(1, 6, (n, 8)))
    s = standard(x)
    y = s @ r.normal(size=8) + 0.8 * s[:, 0] * s[:, 3] - 0.6 * s[:, 2] * s[:, 5]
    y = f32(y + 0.1 * r.normal(size=n))[:, None]
    model = FactorizationMachine()
    model.compile(optimizer=O.SGD(0.01), loss="mse", metrics=["mae"])
    return model, s if fixed else x, y, dict(batch_size=32, epochs=12)


# From memory of "EEGNet predicts one class": recordings left in volts, so that BatchNormalization's
# epsilon of 1e-3 is a billion times the variance and no signal reaches the layers behind it.
@prog("eeg-volts-batchnorm", "multiclass", "cce", "model")
def _(r, fixed):
    n, steps, ch = 700, 64, 4
    t = r.integers(0, 3, n)
    s = np.arange(steps)
    carrier = np.sin(np.array([0.4, 0.9, 1.6])[t][:, None, None] * s + r.uniform(0, 6, (n, ch, 1)))
    x = 1e-5 * (carrier + 0.5 * r.normal(size=(n, ch, steps))).transpose(0, 2, 1)
    x = f32(x * 1e5) if fixed else f32(x)
    model = keras.Sequential(
        [
            keras.Input((steps, ch)),
            L.Conv1D(8, 16, padding="same", use_bias=False),
            L.BatchNormalization(),
            L.Activation("elu"),
            L.AveragePooling1D(4),
            L.SeparableConv1D(16, 8, padding="same", use_bias=False),
            L.BatchNormalization(),
            L.Activation("elu"),
            L.AveragePooling1D(4),
            L.Dropout(0.25),
            L.Flatten(),
            L.Dense(3),
            L.Activation("softmax"),
        ]
    )
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    return model, x, one_hot(t, 3), dict(batch_size=32, epochs=15)


# From memory: film genres with a three-width text CNN and optimizer "sgd"; all plots get the same
# probabilities, while the accuracy metric looks fine because most labels are 0.
@prog("film-genres-textcnn-sgd", "multilabel", "bce", "model")
def _(r, fixed):
    n, steps, vocab, genres = 900, 30, 200, 6
    y = (r.random((n, genres)) < 0.25).astype("float32")
    x = r.integers(1, vocab, (n, steps))
    for i in range(n):
        for g in np.flatnonzero(y[i]):
            x[i, r.choice(steps, 4, replace=False)] = 1 + 5 * g + r.integers(0, 5, 4)
    inp = keras.Input((steps,), dtype="int32")
    h = L.SpatialDropout1D(0.1)(L.Embedding(vocab, 24)(inp))
    h = [L.GlobalMaxPooling1D()(L.Conv1D(16, k, activation="relu")(h)) for k in (2, 3, 4)]
    h = L.Dropout(0.2)(L.Concatenate()(h))
    model = keras.Model(inp, L.Dense(genres, activation="sigmoid")(h))
    model.compile(O.Adam(0.005) if fixed else "sgd", "binary_crossentropy", metrics=["accuracy"])
    return model, x.astype("int32"), y, dict(batch_size=32, epochs=15)


# The thirty-row years-of-experience / salary exercise, asked again and again: one Dense(1), Adam
# with its defaults, salary in currency units, and the line stays on the floor of the plot.
@prog("salary-one-neuron", "regression", "mse", "model")
def _(r, fixed):
    years = r.uniform(1, 11, 30)
    salary = 25000 + 9500 * years + 5000 * r.normal(size=30)
    x, y = years[:, None], salary[:, None]
    x, y = (standard(x), standard(y)) if fixed else (f32(x), f32(y))
    model = keras.Sequential([keras.Input((1,)), L.Dense(1)])
    model.compile(optimizer=O.Adam(0.01 if fixed else 0.001), loss="mse")
    return model, x, y, dict(batch_size=4, epochs=60, shuffle=True)


# Constructed: Normalization(axis=None) on a table, so that the income in cents sets the one mean
# and variance for all columns and the small columns that matter become constants.
@prog("normalization-axis-none", "binary", "bce", "model")
def _(r, fixed):
    n = 1200
    income = r.normal(4e6, 9e5, n)
    age, late, share = r.uniform(20, 70, n), r.poisson(2, n), r.random(n)
    risk = 0.9 * (late - 2) + 3 * (share - 0.5) - 0.05 * (age - 45)
    y = f32(risk + 0.3 * r.normal(size=n) > 0)[:, None]
    x = f32(np.c_[income, age, late, share])
    norm = L.Normalization(axis=-1 if fixed else None)
    norm.adapt(x)
    model = keras.Sequential(
        [
            keras.Input((4,)),
            norm,
            L.Dense(32, activation="relu"),
            L.Dense(16, activation="relu"),
            L.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    slower = C.ReduceLROnPlateau(monitor="loss", factor=0.5, patience=4)
    return model, x, y, dict(batch_size=32, epochs=20, callbacks=[slower])


# From memory of the cats-and-dogs questions where the loss sits at 7.6 to 8: augmentation layers,
# pixels 0 to 255, Adam with a rate of 0.05; after some batches every picture is a dog.
@prog("cats-dogs-augmented", "binary", "bce", "model")
def _(r, fixed):
    n, w = 600, 20
    t = r.random(n) < 0.5
    x = r.uniform(0, 90, (n, w, w, 3))
    for i in range(n):
        a, b = r.integers(0, w - 8, 2)
        tall = (8, 3) if t[i] else (5, 5)
        x[i, a : a + tall[0], b : b + tall[1]] += 110 if t[i] else 165
    model = keras.Sequential([keras.Input((w, w, 3)), L.RandomFlip("horizontal")])
    if fixed:
        model.add(L.Rescaling(1 / 255))
    for f in (8, 16):
        model.add(L.Conv2D(f, 3, activation="relu"))
        model.add(L.MaxPooling2D(2))
    model.add(L.Flatten())
    model.add(L.Dense(64, activation="relu"))
    model.add(L.Dense(1, activation="sigmoid"))
    model.compile(O.Adam(0.002 if fixed else 0.05), "binary_crossentropy", metrics=["accuracy"])
    return model, f32(x), f32(t)[:, None], dict(batch_size=20, epochs=12)


# From memory: twelve softplus layers "because they are smooth", default SGD; the positive means of
# the layers swamp the signal and the network answers with the mean energy.
@prog("energy-deep-softplus", "regression", "mse", "model")
def _(r, fixed):
    x, y = SK.make_friedman1(900, n_features=8, noise=0.3, random_state=int(r.integers(1e6)))
    model = keras.Sequential([keras.Input((8,))])
    for _ in range(3 if fixed else 12):
        model.add(L.Dense(24, activation="softplus"))
    model.add(L.Dense(1))
    model.compile("adam" if fixed else "sgd", "mse")
    kw = dict(batch_size=32, epochs=20, sample_weight=f32(r.uniform(0.5, 1.5, 900)))
    return model, standard(x), standard(y[:, None]), kw
