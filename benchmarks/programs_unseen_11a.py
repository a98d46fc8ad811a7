"""Small Keras programs whose network always predicts the same value (ids u11-...).

Same format as the other programs_unseen files: P maps an id to (task, loss, builder);
builder(rng, fixed) returns (model, x, y, fit_kwargs); WHERE says what kind of repair is needed.
Only keras and numpy/scikit-learn; no downloads; nothing that is bound to one backend.
"""

import keras
import numpy as np
from keras import callbacks, initializers, layers, ops, optimizers, regularizers
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


# ------------------------------------------------------------------ faults in the model


class DigitBatches(keras.utils.PyDataset):
    def __init__(self, x, y, size, **kw):
        super().__init__(**kw)
        self.x, self.y, self.size = x, y, size

    def __len__(self):
        return (len(self.x) + self.size - 1) // self.size

    def __getitem__(self, i):
        rows = slice(i * self.size, (i + 1) * self.size)
        return self.x[rows], self.y[rows]


# StackOverflow, "CNN accuracy stays at 10 % with my data generator": SGD with momentum and a rate
# that was copied from a net with normalization; after a few steps every filter is dead.
@prog("u11-digit-generator-nesterov", "multiclass", "scce", "model")
def digit_generator(rng, fixed):
    x, y = datasets.load_digits(return_X_y=True)
    order = rng.permutation(len(x))
    x, y = f32(x[order] / 16.0).reshape(-1, 8, 8, 1), y[order].astype("int32")
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(16, 3, padding="same", activation="relu"),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    rate = 0.02 if fixed else 1.0
    model.compile(
        optimizers.SGD(rate, momentum=0.9, nesterov=True),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model, DigitBatches(x, y, 64), None, {"epochs": 12}, y


# StackOverflow, "entity embeddings: every customer gets the same answer": Adagrad at a rate
# of 1e-4; its steps shrink long before the tables of categories have moved.
@prog("u11-entity-embeddings-adagrad", "binary", "bce", "model")
def entity_embeddings(rng, fixed):
    sizes = [12, 30, 7, 50, 4]
    n = 3000
    x = [rng.integers(0, k, (n, 1)).astype("int32") for k in sizes]
    effect = [rng.standard_normal(k) for k in sizes]
    score = sum(e[c[:, 0]] for e, c in zip(effect, x, strict=True))
    y = col(score > np.quantile(score, 0.65))
    inputs, parts = [], []
    for i, k in enumerate(sizes):
        inp = keras.Input((1,), dtype="int32", name=f"cat{i}")
        inputs.append(inp)
        parts.append(layers.Flatten()(layers.Embedding(k, 6)(inp)))
    h = layers.Concatenate()(parts)
    h = layers.Dense(32, activation="relu")(h)
    h = layers.Dense(16, activation="relu")(h)
    model = keras.Model(inputs, layers.Dense(1, activation="sigmoid")(h))
    rate = 0.1 if fixed else 1e-4
    model.compile(optimizers.Adagrad(rate), "binary_crossentropy", metrics=["accuracy"])
    return model, x, y, {"epochs": 20, "batch_size": 32}


# GitHub issue, "LearningRateScheduler: loss does not change at all": the warm-up is worked out with
# a floor division, so the rate is nought in every epoch and the zero head stays at exp(0).
@prog("u11-warmup-floor-division", "regression", "poisson", "model")
def warmup_floor_division(rng, fixed):
    x = f32(rng.standard_normal((2500, 6)))
    y = col(rng.poisson(np.exp(1.0 + 0.7 * x[:, 0] - 0.6 * np.abs(x[:, 1]) + 0.5 * x[:, 2])))
    warmup = 5 if fixed else 40

    def rate(epoch, _):
        part = (epoch + 1) / warmup if fixed else (epoch + 1) // warmup
        return float(2e-3 * min(1, part))

    model = keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(48, activation="relu"),
            layers.Dense(48, activation="relu"),
            layers.Dense(1, activation="exponential", kernel_initializer="zeros"),
        ]
    )
    model.compile(optimizers.Adam(2e-3), "poisson")
    fit = {"epochs": 25, "batch_size": 32, "callbacks": [callbacks.LearningRateScheduler(rate)]}
    return model, x, y, fit


# StackOverflow, "deep regression network outputs the mean": BERT's truncated normal of 0.02 in a
# plain stack of narrow layers without any normalization; the signal has vanished at the top.
@prog("u11-twelve-layers-truncated-normal", "regression", "huber", "model")
def twelve_layers(rng, fixed):
    x, y = datasets.make_friedman1(2000, 8, noise=0.5, random_state=int(rng.integers(1000)))
    init = "he_normal" if fixed else initializers.TruncatedNormal(stddev=0.02)
    model = keras.Sequential([keras.Input((8,))])
    for _ in range(12):
        model.add(layers.Dense(32, activation="relu", kernel_initializer=init))
    model.add(layers.Dense(1))
    model.compile(optimizers.SGD(4e-3, momentum=0.9), "huber")
    return model, f32(zscore(x)), col(zscore(y)), {"epochs": 20, "batch_size": 32}


class Block(layers.Layer):
    def __init__(self, dim, heads, penalty, **kw):
        super().__init__(**kw)
        reg = regularizers.L2(penalty)
        self.att = layers.MultiHeadAttention(heads, dim // heads, kernel_regularizer=reg)
        self.up = layers.Dense(2 * dim, activation="gelu", kernel_regularizer=reg)
        self.down = layers.Dense(dim, kernel_regularizer=reg)
        self.n1, self.n2 = layers.LayerNormalization(), layers.LayerNormalization()

    def build(self, shape):
        self.att.build(shape, shape)
        self.up.build(shape)
        self.down.build(tuple(shape[:-1]) + (self.up.units,))
        self.n1.build(shape)
        self.n2.build(shape)
        self.built = True

    def call(self, x):
        x = self.n1(x + self.att(x, x))
        return self.n2(x + self.down(self.up(x)))


# Keras forum, "transformer gives the same class to every sentence": an L2 of 10 on each kernel,
# the table of embeddings included, meant as the weight decay of a paper.
@prog("u11-intent-transformer-l2", "multiclass", "scce", "model")
def intent_transformer(rng, fixed):
    n, length, vocab = 1500, 20, 60
    x = rng.integers(4, vocab, (n, length)).astype("int32")
    y = rng.integers(0, 4, n).astype("int32")
    for place in range(2):
        x[np.arange(n), rng.integers(place * 10, place * 10 + 10, n)] = y
    penalty = 1e-6 if fixed else 10.0
    inp = keras.Input((length,), dtype="int32")
    reg = regularizers.L2(penalty)
    h = layers.Embedding(vocab, 32, embeddings_regularizer=reg)(inp)
    h = Block(32, 2, penalty)(h)
    h = layers.GlobalAveragePooling1D()(h)
    out = layers.Dense(4, activation="softmax", kernel_regularizer=reg)(h)
    model = keras.Model(inp, out)
    model.compile(optimizers.Adam(2e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, x, y, {"epochs": 10, "batch_size": 32}


# GitHub issue, "U-Net predicts background for every pixel": Adam at a rate of 0.5 instead of 5e-4.
@prog("u11-nuclei-unet-adam-half", "binary", "bce", "model")
def nuclei_unet(rng, fixed):
    n, side = 240, 24
    row, column = np.mgrid[:side, :side]
    x = 0.15 * rng.standard_normal((n, side, side))
    y = np.zeros((n, side, side))
    for i in range(n):
        for _ in range(2):
            r, c = rng.integers(4, side - 4, 2)
            y[i][(row - r) ** 2 + (column - c) ** 2 < rng.integers(10, 26)] = 1
    x = x + 0.3 + 0.5 * y
    inp = keras.Input((side, side, 1))
    a = layers.Conv2D(8, 3, padding="same", activation="relu")(inp)
    b = layers.Conv2D(16, 3, padding="same", activation="relu")(layers.MaxPooling2D()(a))
    c = layers.Conv2D(32, 3, padding="same", activation="relu")(layers.MaxPooling2D()(b))
    d = layers.Concatenate()([layers.UpSampling2D()(c), b])
    d = layers.Conv2D(16, 3, padding="same", activation="relu")(d)
    e = layers.Concatenate()([layers.UpSampling2D()(d), a])
    e = layers.Conv2D(8, 3, padding="same", activation="relu")(e)
    model = keras.Model(inp, layers.Conv2D(1, 1, activation="sigmoid")(e))
    rate = 2e-3 if fixed else 0.5
    model.compile(optimizers.Adam(rate), "binary_crossentropy", metrics=["accuracy"])
    return model, f32(x)[..., None], f32(y)[..., None], {"epochs": 15, "batch_size": 16}


# StackOverflow, "siamese network always answers 0.5": the gradients' global norm is clipped at
# 1e-5 (a tolerance taken for a limit), so plain SGD hardly leaves the start.
@prog("u11-siamese-digits-global-clip", "binary", "bce", "model")
def siamese_digits(rng, fixed):
    digits, label = datasets.load_digits(n_class=4, return_X_y=True)
    digits = f32(digits / 16.0)
    n = 3000
    i = rng.integers(0, len(digits), n)
    j = rng.integers(0, len(digits), n)
    half = n // 2
    for r in range(half):
        j[r] = rng.choice(np.flatnonzero(label == label[i[r]]))
    y = col(label[i] == label[j])
    tower = keras.Sequential(
        [
            keras.Input((64,)),
            layers.Dense(48, activation="relu"),
            layers.Dense(24, activation="relu"),
        ]
    )
    left, right = keras.Input((64,)), keras.Input((64,))
    gap = layers.Subtract()([tower(left), tower(right)])
    gap = layers.Lambda(ops.abs, output_shape=(24,))(gap)
    small = initializers.RandomNormal(stddev=0.01)
    model = keras.Model(
        [left, right], layers.Dense(1, activation="sigmoid", kernel_initializer=small)(gap)
    )
    clip = 1.0 if fixed else 1e-5
    model.compile(
        optimizers.SGD(0.05, momentum=0.9, global_clipnorm=clip),
        "binary_crossentropy",
        metrics=["accuracy"],
    )
    return model, [digits[i], digits[j]], y, {"epochs": 20, "batch_size": 32}


# StackOverflow, "multi-output model: all three heads constant": loss weights of 60 to 100
# that were meant to balance the heads act as a huge rate on the shared trunk, which dies.
@prog("u11-three-heads-loss-weights", "regression", "mae", "model")
def three_heads(rng, fixed):
    x = f32(rng.standard_normal((2500, 8)))
    a = col(x[:, 0] + np.sin(2 * x[:, 1]))
    b = col(x[:, 2] * 0.8 - np.abs(x[:, 3]))
    c = col(x[:, 4] + 0.5 * x[:, 5] + 0.3 * x[:, 0])
    inp = keras.Input((8,))
    h = layers.Dense(64, activation="relu")(inp)
    h = layers.Dense(32, activation="relu")(h)
    names = ["level", "slope", "offset"]
    h = layers.Dense(16, activation="relu")(h)
    outs = [layers.Dense(1, name=k)(h) for k in names]
    model = keras.Model(inp, outs)
    weights = [1.0, 1.0, 1.0] if fixed else [80.0, 100.0, 60.0]
    model.compile(optimizers.SGD(0.02), loss=["mae"] * 3, loss_weights=weights)
    return model, x, [a, b, c], {"epochs": 25, "batch_size": 32}


class DigitNet(keras.Model):
    def __init__(self):
        super().__init__()
        self.hidden = [layers.Dense(k, activation="relu") for k in (96, 64, 32)]
        self.head = layers.Dense(10, activation="softmax")

    def call(self, x):
        for layer in self.hidden:
            x = layer(x)
        return self.head(x)


# GitHub issue, "AdamW: every class has probability 0.1": the weight decay is decoupled, and 100
# (one over the 0.01 that was meant) takes a tenth off each weight at every step.
@prog("u11-subclassed-adamw-decay", "multiclass", "cce", "model")
def subclassed_adamw(rng, fixed):
    x, y = datasets.load_digits(return_X_y=True)
    order = rng.permutation(len(x))
    model = DigitNet()
    decay = 0.01 if fixed else 100.0
    model.compile(
        optimizers.AdamW(1e-3, weight_decay=decay),
        "categorical_crossentropy",
        metrics=["accuracy"],
    )
    target = f32(np.eye(10)[y[order]])
    return model, f32(x[order] / 16.0), target, {"epochs": 30, "batch_size": 32}


# Keras issue, "training accuracy 95 %, predict() returns one class": batch normalization of raw
# sensor values with the default momentum and only one large batch an epoch; the moving averages
# are still next to their start when the training ends.
@prog("u11-batchnorm-one-step-an-epoch", "multiclass", "scce", "model")
def batchnorm_one_step(rng, fixed):
    n, length = 900, 48
    y = rng.integers(0, 3, n).astype("int32")
    t = np.arange(length)
    speed = np.array([0.15, 0.4, 0.8])[y]
    wave = np.sin(speed[:, None] * t + rng.uniform(0, 6, (n, 1)))
    x = 1000.0 + 3.0 * wave + 0.5 * rng.standard_normal((n, length))
    momentum = 0.5 if fixed else 0.99
    model = keras.Sequential(
        [
            keras.Input((length, 1)),
            layers.BatchNormalization(momentum=momentum),
            layers.Conv1D(16, 7, activation="relu", padding="same"),
            layers.BatchNormalization(momentum=momentum),
            layers.Conv1D(16, 7, activation="relu", padding="same"),
            layers.GlobalMaxPooling1D(),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, f32(x)[..., None], y, {"epochs": 40, "batch_size": 900}


# StackOverflow, "masked LSTM predicts the same class for every patient": Nadam at a rate of 1; the
# cells saturate and the head's weights swing from one class to the next.
@prog("u11-patients-masked-lstm-nadam", "binary", "bce", "model")
def patients_lstm(rng, fixed):
    n, length = 1200, 20
    x = rng.standard_normal((n, length, 3))
    size = rng.integers(6, length + 1, n)
    inside = np.arange(length)[None] < size[:, None]
    trend = (x[..., 0] * inside).sum(1) / np.sqrt(size) + 0.2 * rng.standard_normal(n)
    x[~inside] = 0.0
    y = col(trend > 0)
    model = keras.Sequential(
        [
            keras.Input((length, 3)),
            layers.Masking(),
            layers.LSTM(24),
            layers.Dense(16, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    rate = 3e-3 if fixed else 1.0
    model.compile(optimizers.Nadam(rate), "binary_crossentropy", metrics=["accuracy"])
    return model, f32(x), y, {"epochs": 12, "batch_size": 32}


# DeepFD-like, "diagnosis net with hinge loss always says +1": raw columns of very different sizes
# and SGD; the first steps throw every hidden ReLU below nought.
@prog("u11-cancer-hinge-raw-columns", "binary", "hinge", "model")
def cancer_hinge(rng, fixed):
    x, y = datasets.load_breast_cancer(return_X_y=True)
    order = rng.permutation(len(x))
    x, y = x[order], 2.0 * y[order] - 1.0
    if fixed:
        x = zscore(x)
    model = keras.Sequential(
        [
            keras.Input((30,)),
            layers.Dense(32, activation="relu"),
            layers.Dense(16, activation="relu"),
            layers.Dense(1, activation="tanh"),
        ]
    )
    model.compile(optimizers.SGD(0.02, momentum=0.9), "hinge")
    return model, f32(x), col(y), {"epochs": 40, "batch_size": 8}


# Kaggle notebook comments, "autoencoder returns the average document": an L1 of 0.05 on the
# kernels of both sides, far larger than what the reconstruction can gain.
@prog("u11-topic-autoencoder-kernel-l1", "regression", "mse", "model")
def topic_autoencoder(rng, fixed):
    code = rng.dirichlet([0.3] * 4, 1500)
    topics = rng.gamma(0.5, 1.0, (4, 40))
    x = np.log1p(rng.poisson(code @ topics * 6))
    x = f32(zscore(x))
    reg = regularizers.L1(1e-6 if fixed else 0.05)
    model = keras.Sequential(
        [
            keras.Input((40,)),
            layers.Dense(24, activation="relu", kernel_regularizer=reg),
            layers.Dense(6, kernel_regularizer=reg),
            layers.Dense(24, activation="relu", kernel_regularizer=reg),
            layers.Dense(40, kernel_regularizer=reg),
        ]
    )
    model.compile(optimizers.RMSprop(2e-3), "mse")
    return model, x, x, {"epochs": 40, "batch_size": 32}


# ------------------------------------------------------------------ a wrong head or activation


# StackOverflow, "binary text classification stuck at the share of positives": softmax over a single
# unit is always 1; class weights were tried against it.
@prog("u11-reviews-softmax-class-weight", "binary", "bce", "activation")
def reviews_softmax(rng, fixed):
    n, length = 2000, 30
    x = rng.integers(10, 400, (n, length)).astype("int32")
    y = rng.random(n) < 0.4
    for i in range(n):
        where = rng.choice(length, 3, replace=False)
        x[i, where] = rng.integers(0, 5, 3) + (5 if y[i] else 0)
    model = keras.Sequential(
        [
            keras.Input((length,), dtype="int32"),
            layers.Embedding(400, 16),
            layers.Conv1D(24, 3, activation="relu"),
            layers.GlobalMaxPooling1D(),
            layers.Dropout(0.3),
            layers.Dense(1, activation="sigmoid" if fixed else "softmax"),
        ]
    )
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return model, x, col(y), {"epochs": 10, "batch_size": 32, "class_weight": {0: 0.8, 1: 1.25}}


# Keras forum, "model for solubility predicts 0.0 for every molecule": the logarithms to be
# predicted are all negative, the head is a ReLU.
@prog("u11-solubility-relu-head", "regression", "mse", "activation")
def solubility_relu(rng, fixed):
    x = f32(rng.standard_normal((2500, 10)))
    y = -4.0 + 0.8 * x[:, 0] - 0.6 * x[:, 1] * x[:, 2] + 0.4 * np.cos(2 * x[:, 3])
    y = np.minimum(y + 0.1 * rng.standard_normal(len(y)), -0.05)
    model = keras.Sequential(
        [
            keras.Input((10,)),
            layers.Dense(64),
            layers.BatchNormalization(),
            layers.Activation("relu"),
            layers.Dense(32, activation="relu"),
            layers.Dense(1, activation=None if fixed else "relu"),
        ]
    )
    model.compile(optimizers.Adam(2e-3), "mse")
    return model, x, col(y), {"epochs": 25, "batch_size": 32}


# StackOverflow, "CNN for counting cells always gives 1.0": counts of 3 to 25 under a sigmoid head.
@prog("u11-cell-count-sigmoid-head", "regression", "mae", "activation")
def cell_count(rng, fixed):
    n, side = 600, 20
    x = 0.05 * rng.standard_normal((n, side, side))
    count = rng.integers(3, 26, n)
    for i in range(n):
        place = rng.choice(side * side, count[i], replace=False)
        x[i].reshape(-1)[place] += 1.0
    model = keras.Sequential(
        [
            keras.Input((side, side, 1)),
            layers.Conv2D(8, 3, activation="relu", padding="same"),
            layers.MaxPooling2D(),
            layers.Conv2D(16, 3, activation="relu", padding="same"),
            layers.Flatten(),
            layers.Dense(32, activation="relu"),
            layers.Dense(1, activation=None if fixed else "sigmoid"),
        ]
    )
    model.compile(optimizers.Adam(2e-3), "mae")
    return model, f32(x)[..., None], col(count), {"epochs": 20, "batch_size": 32}


# AUTOTRAINER-like: eight hidden layers of logistic units under SGD learn nothing but the shares of
# the classes; repaired with ReLU.
@prog("u11-eight-sigmoid-layers-wine", "multiclass", "scce", "activation")
def eight_sigmoid_layers(rng, fixed):
    x, y = datasets.load_wine(return_X_y=True)
    rows = rng.integers(0, len(x), 1500)
    x = zscore(x)[rows] + 0.2 * rng.standard_normal((1500, 13))
    kind = "relu" if fixed else "sigmoid"
    model = keras.Sequential([keras.Input((13,))])
    for _ in range(8):
        model.add(layers.Dense(32, activation=kind))
    model.add(layers.Dense(3, activation="softmax"))
    model.compile(
        optimizers.SGD(0.02, momentum=0.5), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model, f32(x), y[rows].astype("int32"), {"epochs": 20, "batch_size": 32}


# StackOverflow, "GRU for remaining useful life predicts the same number": tanh as the last
# activation while the targets are cycles from 10 to 120.
@prog("u11-engine-life-tanh-head", "regression", "mse", "activation")
def engine_life(rng, fixed):
    n, length = 1200, 15
    life = rng.uniform(10, 120, n)
    t = np.arange(length)
    wear = np.exp(-(life[:, None] - t[None]) / 40.0)
    x = np.stack([wear, 0.5 - wear**2, 0.3 * wear], -1)
    x = x + 0.03 * rng.standard_normal(x.shape)
    model = keras.Sequential(
        [
            keras.Input((length, 3)),
            layers.Conv1D(16, 3, activation="relu"),
            layers.GRU(24),
            layers.Dense(16, activation="relu"),
            layers.Dense(1, activation=None if fixed else "tanh"),
        ]
    )
    model.compile(optimizers.RMSprop(5e-3), "mse")
    return model, f32(x), col(life), {"epochs": 20, "batch_size": 32}
