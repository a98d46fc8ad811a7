"""Small Keras programs of the kind asked about as "my network always predicts the same value".

P maps an id to (task, loss, builder); builder(rng, fixed) returns
(model, x, y, fit_kwargs[, labels]).
fixed=True builds the repaired variant: same data, same number of epochs, only the slip repaired.
WHERE says what kind of repair a faulty program needs: "model" (weights, initializers, optimizer,
scale of inputs or targets, regularization, dropout) or "activation". Ids beginning OK- are healthy
controls (no WHERE entry, `fixed` ignored). Several outputs: the tasks and losses joined with "+".
Ids: SO = modelled on a StackOverflow question, usual = on the usual kind of such questions.
Needs scikit-learn; no downloads.
"""

import keras
import numpy as np
from keras import initializers, layers, optimizers, regularizers
from sklearn import datasets
from sklearn.preprocessing import MinMaxScaler, StandardScaler

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


def onehot(y, n):
    return np.eye(n, dtype="float32")[np.asarray(y).astype(int)]


def digits():
    """The 8x8 digits, pixels 0..16."""
    d = datasets.load_digits()
    return f32(d.data), d.target


def windows(series, n):
    """Windows of length n and the value that follows each."""
    x = np.stack([series[i : i + n] for i in range(len(series) - n)])
    return f32(x)[..., None], col(series[n:])


def review_tokens(rng, n, length=30, vocab=500):
    """Token rows; words 10..29 speak for class 1, words 30..49 for class 0."""
    y = rng.integers(0, 2, n)
    x = rng.integers(50, vocab, (n, length))
    for i in range(n):
        at = rng.choice(length, 6, replace=False)
        x[i, at] = rng.integers(10, 30, 6) if y[i] else rng.integers(30, 50, 6)
    return x.astype("int32"), col(y)


# ---------------------------------------------------------------- faults of kind "model"


# SO "Keras L2 regularization makes the network not learn": one sigmoid layer of 36 units, dropout,
# RMSprop; without the penalty everything works.
@prog("SO-l2-makes-network-not-learn", "multiclass", "cce", "model")
def _(rng, fixed):
    x, y = digits()
    model = keras.Sequential(
        [
            keras.Input((64,)),
            layers.Dense(
                36,
                activation="sigmoid",
                kernel_regularizer=regularizers.L2(0.1 if not fixed else 1e-4),
            ),
            layers.Dropout(0.5),
            layers.Dense(
                10,
                activation="softmax",
                kernel_regularizer=regularizers.L2(0.1 if not fixed else 1e-4),
            ),
        ]
    )
    model.compile(optimizers.RMSprop(), "categorical_crossentropy", metrics=["accuracy"])
    return model, x / 16, onehot(y, 10), dict(batch_size=64, epochs=40)


# Usual: "LSTM stock prediction gives a flat line"; prices in dollars go in and out unscaled.
@prog("usual-lstm-stock-unscaled", "regression", "mse", "model")
def _(rng, fixed):
    t = np.arange(900)
    price = 2400 + 350 * np.sin(t / 60) + 120 * np.sin(t / 17) + np.cumsum(rng.normal(0, 6, 900))
    if fixed:
        price = MinMaxScaler().fit_transform(price.reshape(-1, 1))[:, 0]
    x, y = windows(price, 20)
    model = keras.Sequential(
        [
            keras.Input((20, 1)),
            layers.LSTM(50, return_sequences=True),
            layers.LSTM(50),
            layers.Dense(1),
        ]
    )
    model.compile("adam", "mean_squared_error")
    return model, x, y, dict(batch_size=32, epochs=15)


# Usual: sentiment with Embedding + GRU, compiled with plain 'sgd', loss stuck at 0.693.
@prog("usual-gru-sentiment-sgd", "binary", "bce", "model")
def _(rng, fixed):
    x, y = review_tokens(rng, 1500)
    model = keras.Sequential(
        [
            keras.Input((30,), dtype="int32"),
            layers.Embedding(500, 16),
            layers.GRU(16),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile("sgd" if not fixed else "adam", "binary_crossentropy", metrics=["accuracy"])
    return model, x, y, dict(batch_size=32, epochs=10)


# SO "CNN converges to the same value whatever the input": images left in 0..255, SGD with momentum.
@prog("SO-cnn-pixels-255", "multiclass", "scce", "model")
def _(rng, fixed):
    x, y = digits()
    x = x.reshape(-1, 8, 8, 1) * 255 / 16
    if fixed:
        x = x / 255
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(16, 3, activation="relu", padding="same"),
            layers.MaxPooling2D(2),
            layers.Conv2D(32, 3, activation="relu", padding="same"),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(
        optimizers.SGD(0.02, momentum=0.9), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model, x, y, dict(batch_size=32, epochs=10)


# Usual: the blog's simple autoencoder run with today's 'adadelta' (learning rate 0.001, not 1.0):
# every reconstruction looks the same. Pixels binarised.
@prog("usual-autoencoder-adadelta", "multilabel", "bce", "model")
def _(rng, fixed):
    x, _y = digits()
    x = f32(x > 7)
    inp = keras.Input((64,))
    code = layers.Dense(32, activation="relu")(inp)
    out = layers.Dense(64, activation="sigmoid")(code)
    model = keras.Model(inp, out)
    model.compile("adadelta" if not fixed else optimizers.Adadelta(1.0), "binary_crossentropy")
    return model, x, x, dict(batch_size=128, epochs=60)


# Usual: house prices from numbers and a district code; the price stays in euros.
@prog("usual-house-price-two-inputs", "regression", "mae", "model")
def _(rng, fixed):
    n = 1500
    num = rng.normal(size=(n, 5))
    district = rng.integers(0, 12, n)
    level = rng.normal(0, 60000, 12)
    y = 310000 + 70000 * num[:, 0] - 30000 * num[:, 1] + 25000 * num[:, 2] * (num[:, 3] > 0)
    y = y + level[district] + rng.normal(0, 12000, n)
    if fixed:
        y = (y - y.mean()) / y.std()
    a = keras.Input((5,))
    b = keras.Input((1,), dtype="int32")
    e = layers.Flatten()(layers.Embedding(12, 4)(b))
    h = layers.Concatenate()([a, e])
    h = layers.Dense(32, activation="relu")(h)
    h = layers.Dense(16, activation="relu")(h)
    model = keras.Model([a, b], layers.Dense(1)(h))
    model.compile(optimizers.Adam(1e-3), "mae")
    return (
        model,
        [f32(num), district.astype("int32").reshape(-1, 1)],
        col(y),
        dict(batch_size=32, epochs=25),
    )


# Usual: kernels set to zeros "to make the runs repeatable", a small CNN with tanh dense layer.
@prog("usual-cnn-zeros-init", "multiclass", "cce", "model")
def _(rng, fixed):
    x, y = digits()
    init = "zeros" if not fixed else "glorot_uniform"
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(8, 3, activation="relu", kernel_initializer=init),
            layers.Conv2D(16, 3, activation="relu", kernel_initializer=init),
            layers.Flatten(),
            layers.Dense(32, activation="tanh", kernel_initializer=init),
            layers.Dense(10, activation="softmax", kernel_initializer=init),
        ]
    )
    model.compile(optimizers.Adam(2e-3), "categorical_crossentropy", metrics=["accuracy"])
    return model, x.reshape(-1, 8, 8, 1) / 16, onehot(y, 10), dict(batch_size=64, epochs=15)


# Usual: six hidden layers with RandomNormal(stddev=0.01), two moons, accuracy stuck at 0.5.
@prog("usual-moons-tiny-init", "binary", "bce", "model")
def _(rng, fixed):
    x, y = datasets.make_moons(1000, noise=0.15, random_state=int(rng.integers(10**6)))
    init = initializers.RandomNormal(stddev=0.01) if not fixed else "he_normal"
    model = keras.Sequential([keras.Input((2,))])
    for _i in range(6):
        model.add(layers.Dense(32, activation="relu", kernel_initializer=init))
    model.add(layers.Dense(1, activation="sigmoid"))
    model.compile(optimizers.SGD(0.05), "binary_crossentropy", metrics=["accuracy"])
    return model, f32(x), col(y), dict(batch_size=16, epochs=30)


# Usual: RandomNormal(-1, 1) taken for "from -1 to 1" (it is mean -1), features min-max scaled.
@prog("usual-randomnormal-minus1-1", "binary", "bce", "model")
def _(rng, fixed):
    d = datasets.load_breast_cancer()
    x = MinMaxScaler().fit_transform(d.data)

    def init():
        return initializers.RandomNormal(-1, 1) if not fixed else initializers.RandomUniform(-1, 1)

    model = keras.Sequential(
        [
            keras.Input((30,)),
            layers.Dense(16, activation="relu", kernel_initializer=init()),
            layers.Dense(8, activation="relu", kernel_initializer=init()),
            layers.Dense(1, activation="sigmoid", kernel_initializer=init()),
        ]
    )
    model.compile(optimizers.Adam(0.005), "binary_crossentropy", metrics=["accuracy"])
    return model, f32(x), col(d.target), dict(batch_size=16, epochs=40)


# Usual: 1-D convolutions on sensor signals, SGD with learning rate 1.0 and momentum.
@prog("usual-conv1d-signals-high-rate", "multiclass", "scce", "model")
def _(rng, fixed):
    n = 1200
    y = rng.integers(0, 3, n)
    phase = rng.uniform(0, 2 * np.pi, (n, 1)) + np.linspace(0, 6 * np.pi, 64)
    waves = np.stack([np.sin(phase), np.sign(np.sin(phase)), (phase / np.pi) % 2 - 1])
    x = waves[y, np.arange(n)] + rng.normal(0, 0.15, (n, 64))
    model = keras.Sequential(
        [
            keras.Input((64, 1)),
            layers.Conv1D(16, 5, activation="relu"),
            layers.MaxPooling1D(2),
            layers.Conv1D(32, 5, activation="relu"),
            layers.GlobalAveragePooling1D(),
            layers.Dense(32, activation="relu"),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(
        optimizers.SGD(1.0 if not fixed else 0.02, momentum=0.9),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model, f32(x)[..., None], y, dict(batch_size=32, epochs=15)


# Usual: Dropout(0.95) after every layer by someone used to keep_prob.
@prog("usual-dropout-keep-prob", "regression", "mse", "model")
def _(rng, fixed):
    x = rng.normal(size=(1500, 8))
    y = x[:, 0] * x[:, 1] + np.abs(x[:, 2]) + np.sin(2 * x[:, 3]) + 0.1 * rng.normal(size=1500)
    y = StandardScaler().fit_transform(y.reshape(-1, 1))
    rate = 0.95 if not fixed else 0.05
    model = keras.Sequential(
        [
            keras.Input((8,)),
            layers.Dense(64, activation="relu"),
            layers.Dropout(rate),
            layers.Dense(64, activation="relu"),
            layers.Dropout(rate),
            layers.Dense(32, activation="relu"),
            layers.Dropout(rate),
            layers.Dense(1),
        ]
    )
    model.compile(optimizers.Nadam(2e-3), "mse")
    return model, f32(x), f32(y), dict(batch_size=32, epochs=40)


# Usual: sparse autoencoder with the activity penalty far above the blog's 1e-5.
@prog("usual-sparse-autoencoder-l1", "regression", "mse", "model")
def _(rng, fixed):
    x, _y = digits()
    x = x / 16
    inp = keras.Input((64,))
    h = layers.Dense(48, activation="relu")(inp)
    code = layers.Dense(
        24, activation="relu", activity_regularizer=regularizers.L1(0.1 if not fixed else 1e-5)
    )(h)
    h = layers.Dense(48, activation="relu")(code)
    model = keras.Model(inp, layers.Dense(64)(h))
    model.compile("adam", "mse")
    return model, x, x, dict(batch_size=64, epochs=40)


# Usual: the wine table as it comes (proline in the hundreds), sigmoid layers, SGD.
@prog("usual-wine-raw-sigmoid", "multiclass", "scce", "model")
def _(rng, fixed):
    d = datasets.load_wine()
    x = StandardScaler().fit_transform(d.data) if fixed else d.data
    model = keras.Sequential(
        [
            keras.Input((13,)),
            layers.Dense(12, activation="sigmoid"),
            layers.Dense(8, activation="sigmoid"),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(optimizers.SGD(0.1), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, f32(x), d.target, dict(batch_size=4, epochs=120)


# Usual: Adam(epsilon=1.0) and a small rate copied from advice for a large image network.
@prog("usual-cnn-adam-epsilon", "multiclass", "cce", "model")
def _(rng, fixed):
    x, y = digits()
    inp = keras.Input((8, 8, 1))
    h = layers.Conv2D(24, 3, padding="same", activation="elu")(inp)
    h = layers.AveragePooling2D(2)(h)
    h = layers.Conv2D(24, 3, padding="same", activation="elu")(h)
    h = layers.GlobalAveragePooling2D()(h)
    h = layers.Dense(32, activation="elu")(h)
    model = keras.Model(inp, layers.Dense(10, activation="softmax")(h))
    model.compile(
        optimizers.Adam(0.002, epsilon=1.0 if not fixed else 1e-7),
        "categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model, x.reshape(-1, 8, 8, 1) / 16, onehot(y, 10), dict(batch_size=64, epochs=20)


# Usual: GRU for daily returns; returns are about 0.01, so a usual L2 penalty outweighs the loss.
@prog("usual-gru-returns-l2", "regression", "mse", "model")
def _(rng, fixed):
    r = np.zeros(1500)
    for i in range(2, 1500):
        r[i] = 1.2 * r[i - 1] - 0.6 * r[i - 2] + rng.normal(0, 0.006)
    x, y = windows(r, 10)
    if fixed:
        x, y = x / r.std(), y / r.std()
    model = keras.Sequential(
        [
            keras.Input((10, 1)),
            layers.GRU(24, kernel_regularizer=regularizers.L2(1e-3)),
            layers.Dense(1, kernel_regularizer=regularizers.L2(1e-3)),
        ]
    )
    model.compile(optimizers.Adam(2e-3), "mse")
    return model, x, y, dict(batch_size=32, epochs=25)


# Usual: two heads (salary in dollars and a yes/no) on one trunk, SGD; every prediction becomes nan.
@prog("usual-two-heads-salary", "regression+binary", "mse+bce", "model")
def _(rng, fixed):
    n = 1200
    x = rng.normal(size=(n, 7))
    salary = 52000 + 9000 * x[:, 0] + 5000 * x[:, 1] ** 2 + rng.normal(0, 2000, n)
    leaves = (x[:, 2] - x[:, 3] + 0.3 * rng.normal(size=n)) > 0
    if fixed:
        salary = (salary - salary.mean()) / salary.std()
    inp = keras.Input((7,))
    h = layers.Dense(32, activation="relu")(inp)
    h = layers.Dense(32, activation="relu")(h)
    model = keras.Model(
        inp,
        [
            layers.Dense(1, name="salary")(h),
            layers.Dense(1, activation="sigmoid", name="leaves")(h),
        ],
    )
    model.compile(optimizers.SGD(0.02), ["mse", "binary_crossentropy"])
    return model, f32(x), [col(salary), col(leaves)], dict(batch_size=32, epochs=25)


# ---------------------------------------------------------------- faults of kind "activation"


# Usual: received signal strength in dBm (all negative) from a GRU with a relu output: zeros only.
@prog("usual-gru-dbm-relu-output", "regression", "mse", "activation")
def _(rng, fixed):
    d = 5 + 3 * np.sin(np.arange(1300) / 9) + np.cumsum(rng.normal(0, 0.03, 1300))
    s = (-40 - 20 * np.log10(np.clip(d, 0.5, None)) + rng.normal(0, 0.3, 1300)) / 10
    x, y = windows(s, 12)
    model = keras.Sequential(
        [
            keras.Input((12, 1)),
            layers.GRU(32),
            layers.Dense(16, activation="relu"),
            layers.Dense(1, activation="relu" if not fixed else None),
        ]
    )
    model.compile(optimizers.Adam(3e-3), "mse")
    return model, x, y, dict(batch_size=32, epochs=20)


# Usual: counting objects in an image with a sigmoid left at the output: always 1.
@prog("usual-cnn-count-sigmoid-output", "regression", "mae", "activation")
def _(rng, fixed):
    n = 900
    y = rng.integers(1, 10, n)
    x = np.zeros((n, 20, 20, 1))
    for i in range(n):
        for a, b in rng.integers(0, 18, (y[i], 2)):
            x[i, a : a + 2, b : b + 2] = 1
    model = keras.Sequential(
        [
            keras.Input((20, 20, 1)),
            layers.Conv2D(8, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(16, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(32, activation="relu"),
            layers.Dense(1, activation="sigmoid" if not fixed else None),
        ]
    )
    model.compile("adam", "mae")
    return model, f32(x), col(y), dict(batch_size=32, epochs=15)


# Usual: deep autoencoder with sigmoid everywhere, each output is the mean picture.
@prog("usual-autoencoder-sigmoid-stack", "regression", "mse", "activation")
def _(rng, fixed):
    x, _y = digits()
    x = x / 16
    act = "sigmoid" if not fixed else "relu"
    model = keras.Sequential([keras.Input((64,))])
    for width in (56, 40, 24, 16, 24, 40, 56):
        model.add(layers.Dense(width, activation=act))
    model.add(layers.Dense(64, activation="sigmoid"))
    model.compile("adam", "mse")
    return model, x, x, dict(batch_size=64, epochs=30)


# Usual: a classifier whose last layer is relu under categorical cross-entropy.
@prog("usual-relu-output-classifier", "multiclass", "cce", "activation")
def _(rng, fixed):
    x, y = datasets.make_blobs(
        1500, n_features=8, centers=5, cluster_std=3.0, random_state=int(rng.integers(10**6))
    )
    x = StandardScaler().fit_transform(x)
    model = keras.Sequential(
        [
            keras.Input((8,)),
            layers.Dense(32, activation="relu"),
            layers.Dense(32, activation="relu"),
            layers.Dense(5, activation="relu" if not fixed else "softmax"),
        ]
    )
    model.compile(optimizers.RMSprop(), "categorical_crossentropy", metrics=["accuracy"])
    return model, f32(x), onehot(y, 5), dict(batch_size=32, epochs=20)


# SO-44601367 "Keras autoencoder simple example has a strange output": sigmoid output for data > 1.
@prog("SO-44601367-autoencoder-range", "regression", "mse", "activation")
def _(rng, fixed):
    z = rng.normal(size=(1200, 2))
    x = np.array([12, 20, 31, 8, 16]) + z @ rng.normal(0, 2, (2, 5)) + rng.normal(0, 0.1, (1200, 5))
    model = keras.Sequential(
        [
            keras.Input((5,)),
            layers.Dense(8, activation="leaky_relu"),
            layers.Dense(5, activation="sigmoid" if not fixed else None),
        ]
    )
    model.compile(optimizers.Adam(0.01), "mse")
    return model, f32(x), f32(x), dict(batch_size=32, epochs=40)


# ---------------------------------------------------------------- healthy controls


# One positive in twelve: says "no" to everything for the first epochs, then finds them.
@prog("OK-rare-positives", "binary", "bce")
def _(rng, fixed):
    x = rng.normal(size=(3000, 6))
    s = x[:, 0] * x[:, 1] + 0.7 * x[:, 2]
    y = s > np.quantile(s, 11 / 12)
    model = keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(24, activation="tanh"),
            layers.Dense(24, activation="tanh"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizers.Adam(3e-3), "binary_crossentropy", metrics=["accuracy"])
    return model, f32(x), col(y), dict(batch_size=64, epochs=40)


# Noisy target: about half of the variance cannot be explained (noisy; R2 of 0.4 to 0.6 is right).
@prog("OK-noisy-target", "regression", "mse")
def _(rng, fixed):
    x, y = datasets.make_friedman1(
        1500, n_features=10, noise=5.0, random_state=int(rng.integers(10**6))
    )
    y = (y - y.mean()) / y.std()
    model = keras.Sequential(
        [
            keras.Input((10,)),
            layers.Dense(24, activation="relu", kernel_regularizer=regularizers.L2(1e-3)),
            layers.Dropout(0.1),
            layers.Dense(1),
        ]
    )
    model.compile(optimizers.Adam(2e-3), "mse")
    return model, f32(x), col(y), dict(batch_size=32, epochs=30)


# Parity of six bits: a plateau at 0.693 before it drops.
@prog("OK-parity-plateau", "binary", "bce")
def _(rng, fixed):
    x = rng.integers(0, 2, (1500, 6))
    model = keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(32, activation="tanh"),
            layers.Dense(16, activation="tanh"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizers.Adam(4e-3), "binary_crossentropy", metrics=["accuracy"])
    return model, f32(2 * x - 1), col(x.sum(1) % 2), dict(batch_size=32, epochs=40)


# Target 60 +- 12 with a small rate: far below the mean for many epochs, then it arrives.
@prog("OK-far-mean-small-rate", "regression", "mse")
def _(rng, fixed):
    x = rng.uniform(-1, 1, (1600, 4))
    y = 60 + 12 * x[:, 0] + 8 * np.sin(3 * x[:, 1]) + rng.normal(0, 1, 1600)
    model = keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(48, activation="relu"),
            layers.Dense(48, activation="relu"),
            layers.Dense(1),
        ]
    )
    model.compile(optimizers.Adam(4e-4), "mse")
    return model, f32(x), col(y), dict(batch_size=16, epochs=40)


# Sixteen labels, each present in about one row of fourteen.
@prog("OK-sparse-labels", "multilabel", "bce")
def _(rng, fixed):
    x = rng.normal(size=(2000, 12))
    s = x @ rng.normal(size=(12, 16))
    y = s > np.quantile(s, 13 / 14, axis=0)
    model = keras.Sequential(
        [
            keras.Input((12,)),
            layers.Dense(64, activation="relu"),
            layers.Dense(16, activation="sigmoid"),
        ]
    )
    model.compile("adam", "binary_crossentropy")
    return model, f32(x), f32(y), dict(batch_size=32, epochs=30)


# The class is the first of sixteen tokens: chance for some epochs, until the memory is found.
@prog("OK-gru-first-token", "multiclass", "scce")
def _(rng, fixed):
    x = rng.integers(0, 12, (2000, 16))
    x[:, 0] = rng.integers(0, 4, 2000)
    model = keras.Sequential(
        [
            keras.Input((16,), dtype="int32"),
            layers.Embedding(12, 8),
            layers.GRU(32),
            layers.Dense(4, activation="softmax"),
        ]
    )
    model.compile(optimizers.Adam(5e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, x.astype("int32"), x[:, 0].copy(), dict(batch_size=32, epochs=25)
