"""Keras training programs from practice that collapse to one value, and controls that do not.

P maps an id to (task, loss, builder).
builder(rng, fixed) returns (model, x, y, fit_kwargs[, labels]).
fixed=True builds the repaired variant, with the same epochs and only the slip repaired.
WHERE says for each faulty id whether the repair leaves the architecture and the activations alone
("model") or changes an activation ("activation"). Ids that begin with OK are healthy controls.
Needs scikit-learn.
"""

import keras
import numpy as np
from keras import constraints, initializers, layers, optimizers, regularizers
from keras.optimizers import schedules
from sklearn.datasets import load_digits

P = {}


def prog(name, task, loss):
    """Register a builder under its id."""

    def register(builder):
        P[name] = (task, loss, builder)
        return builder

    return register


def f32(a):
    """Return the array as float32."""
    return np.asarray(a).astype("float32")


def zscore(a):
    """Standardise the columns of an array."""
    return f32((a - a.mean(0)) / (a.std(0) + 1e-9))


def windows(series, length):
    """Cut a series (T,) or (T, k) into windows and the next value of the first column."""
    series = series.reshape(len(series), -1)
    x = np.stack([series[i : i + length] for i in range(len(series) - length)])
    return f32(x), f32(series[length:, :1])


def digit_images():
    """Return the 8x8 digits scaled to 0..1 and their classes."""
    d = load_digits()
    return f32(d.images[..., None] / 16.0), d.target


def one_hot(labels, n):
    """One-hot encode integer labels."""
    return np.eye(n, dtype="float32")[labels]


def discs(rng, n, size):
    """Grey images with one bright disc each, the disc masks and the disc radii."""
    yy, xx = np.mgrid[:size, :size]
    img = np.zeros((n, size, size, 1))
    mask = np.zeros((n, size, size, 1))
    radius = rng.uniform(2, size / 4, n)
    for i in range(n):
        cx, cy = rng.uniform(size * 0.3, size * 0.7, 2)
        mask[i, ..., 0] = (xx - cx) ** 2 + (yy - cy) ** 2 <= radius[i] ** 2
        img[i] = 0.25 + 0.5 * mask[i] + rng.normal(0, 0.1, (size, size, 1))
    return f32(np.clip(img, 0, 1)), f32(mask), f32(radius[:, None])


def reviews(rng, n, vocab, length):
    """Token sequences in which good words (ids 10-39) or bad words (ids 40-69) prevail."""
    x = rng.integers(70, vocab, (n, length))
    y = rng.integers(0, 2, n)
    for i in range(n):
        k = rng.integers(3, 7)
        where = rng.permutation(length)[: k + 1]
        x[i, where] = rng.integers(10, 40, k + 1) + 30 * (1 - y[i])
        x[i, where[0]] = rng.integers(10, 70)
    return x.astype("int32"), f32(y[:, None])


# Monthly sales forecast with an LSTM; the series was never scaled.
@prog("ts-lstm-unscaled-sales", "regression", "mse")
def lstm_unscaled_sales(rng, fixed):
    """Forecast next month from the last twelve."""
    t = np.arange(900)
    s = 3000 + 600 * np.sin(2 * np.pi * t / 12) + 300 * np.sin(2 * np.pi * t / 90)
    s = s + rng.normal(0, 60, len(t))
    if fixed:
        s = (s - s.min()) / (s.max() - s.min())
    x, y = windows(s, 12)
    model = keras.Sequential([keras.Input((12, 1)), layers.LSTM(50), layers.Dense(1)])
    model.compile(optimizer="adam", loss="mse")
    return model, x, y, {"batch_size": 32, "epochs": 40}


# WaveNet-style causal convolutions; all kernels start from a normal of deviation 0.001.
@prog("ts-dilated-cnn-tiny-init", "regression", "log_cosh")
def dilated_cnn_tiny_init(rng, fixed):
    """Forecast an autoregressive signal with a dilated stack."""
    t = np.arange(1600)
    s = np.sin(t / 7.0) * np.cos(t / 31.0) + 0.1 * rng.normal(size=len(t))
    x, y = windows(zscore(s), 64)
    init = "he_normal" if fixed else initializers.RandomNormal(stddev=0.001)
    inputs = keras.Input((64, 1))
    h = inputs
    for rate in (1, 2, 4, 8, 16, 32):
        h = layers.Conv1D(
            16, 2, padding="causal", dilation_rate=rate, activation="relu", kernel_initializer=init
        )(h)
    h = layers.Lambda(lambda v: v[:, -1, :])(h)
    outputs = layers.Dense(1, kernel_initializer=init)(h)
    model = keras.Model(inputs, outputs)
    model.compile(optimizer="adam", loss="log_cosh")
    return model, x, y, {"batch_size": 32, "epochs": 15}


# House prices with embeddings for the categorical columns; prices in dollars, plain SGD.
@prog("tab-house-dollars-sgd", "regression", "mse")
def house_dollars_sgd(rng, fixed):
    """Regress the sale price on area, age, neighbourhood and type."""
    n = 2000
    hood, kind = rng.integers(0, 25, n), rng.integers(0, 5, n)
    num = rng.normal(size=(n, 4))
    price = 180000 + 40000 * num[:, 0] - 15000 * num[:, 1]
    price = price + rng.normal(0, 40000, 25)[hood] + rng.normal(0, 15000, 5)[kind]
    y = f32((price + rng.normal(0, 8000, n))[:, None])
    if fixed:
        y = zscore(y)
    in_hood = keras.Input((1,), dtype="int32", name="hood")
    in_kind = keras.Input((1,), dtype="int32", name="kind")
    in_num = keras.Input((4,), name="num")
    h = layers.Concatenate()(
        [
            layers.Flatten()(layers.Embedding(25, 8)(in_hood)),
            layers.Flatten()(layers.Embedding(5, 3)(in_kind)),
            in_num,
        ]
    )
    h = layers.Dense(64, activation="relu")(h)
    h = layers.Dense(32, activation="relu")(h)
    model = keras.Model([in_hood, in_kind, in_num], layers.Dense(1)(h))
    model.compile(optimizers.SGD(learning_rate=0.01), loss="mse")
    x = [hood[:, None].astype("int32"), kind[:, None].astype("int32"), f32(num)]
    return model, x, y, {"batch_size": 32, "epochs": 15}


# Customer churn; L2 of 0.5 on every layer against overfitting.
@prog("tab-churn-l2", "binary", "bce")
def churn_l2(rng, fixed):
    """Classify churn from a contract type and usage numbers."""
    n = 2400
    contract = rng.integers(0, 6, n)
    num = rng.normal(size=(n, 8))
    score = num[:, 0] - 1.2 * num[:, 1] + num[:, 2] * num[:, 3]
    score = score + np.array([1.5, 0.5, 0, 0, -0.5, -1.5])[contract] + 0.3 * rng.normal(size=n)
    y = f32((score > 0.5)[:, None])
    reg = regularizers.L2(1e-4 if fixed else 0.5)
    in_cat = keras.Input((1,), dtype="int32")
    in_num = keras.Input((8,))
    emb = layers.Flatten()(layers.Embedding(6, 4)(in_cat))
    h = layers.Concatenate()([emb, in_num])
    h = layers.Dense(64, activation="relu", kernel_regularizer=reg)(h)
    h = layers.Dropout(0.2)(h)
    h = layers.Dense(32, activation="relu", kernel_regularizer=reg)(h)
    out = layers.Dense(1, activation="sigmoid", kernel_regularizer=reg)(h)
    model = keras.Model([in_cat, in_num], out)
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    x = [contract[:, None].astype("int32"), f32(num)]
    return model, x, y, {"batch_size": 32, "epochs": 15}


# Radius of a disc from its image; the pixels stay at 0..255.
@prog("img-radius-pixels", "regression", "mae")
def radius_pixels(rng, fixed):
    """Regress one number on an image with a strided convolutional net."""
    img, _, radius = discs(rng, 900, 24)
    if not fixed:
        img = np.round(img * 255.0)
    model = keras.Sequential(
        [
            keras.Input((24, 24, 1)),
            layers.Conv2D(16, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(1),
        ]
    )
    model.compile(optimizers.SGD(learning_rate=0.005, momentum=0.9), loss="mae")
    return model, f32(img), radius, {"batch_size": 32, "epochs": 16}


# Small U-Net with focal loss; Nadam with learning rate 0.3.
@prog("img-unet-focal-lr", "binary", "binary_focal_crossentropy")
def unet_focal_lr(rng, fixed):
    """Segment a disc."""
    img, mask, _ = discs(rng, 480, 24)

    def block(h, filters):
        h = layers.Conv2D(filters, 3, padding="same", activation="relu")(h)
        return layers.Conv2D(filters, 3, padding="same", activation="relu")(h)

    inputs = keras.Input((24, 24, 1))
    d1 = block(inputs, 8)
    d2 = block(layers.MaxPooling2D()(d1), 16)
    mid = block(layers.MaxPooling2D()(d2), 32)
    u2 = block(layers.Concatenate()([layers.UpSampling2D()(mid), d2]), 16)
    u1 = block(layers.Concatenate()([layers.UpSampling2D()(u2), d1]), 8)
    model = keras.Model(inputs, layers.Conv2D(1, 1, activation="sigmoid")(u1))
    model.compile(
        optimizers.Nadam(learning_rate=0.002 if fixed else 0.3),
        loss=keras.losses.BinaryFocalCrossentropy(gamma=2.0),
    )
    return model, img, mask, {"batch_size": 16, "epochs": 11}


# TextCNN; the dropout rates are keep probabilities of an old TensorFlow 1 script.
@prog("txt-cnn-keep-prob", "binary", "bce")
def text_cnn_keep_prob(rng, fixed):
    """Classify short reviews."""
    x, y = reviews(rng, 2000, 600, 24)
    keep, keep_dense = 0.95, 0.98
    inputs = keras.Input((24,), dtype="int32")
    h = layers.Embedding(600, 24)(inputs)
    h = layers.SpatialDropout1D(1 - keep if fixed else keep)(h)
    h = layers.Conv1D(32, 3, activation="relu")(h)
    h = layers.GlobalMaxPooling1D()(h)
    h = layers.Dropout(1 - keep_dense if fixed else keep_dense)(h)
    h = layers.Dense(16, activation="relu")(h)
    h = layers.Dropout(1 - keep_dense if fixed else keep_dense)(h)
    model = keras.Model(inputs, layers.Dense(1, activation="sigmoid")(h))
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    return model, x, y, {"batch_size": 32, "epochs": 8}


# Tagging with a max-norm constraint; 0.01 as if it were an L2 coefficient.
@prog("tag-max-norm", "multilabel", "bce")
def tag_max_norm(rng, fixed):
    """Tag documents given as bags of words."""
    n, words, tags = 2500, 80, 8
    counts = rng.poisson(0.4, (n, words))
    topic = rng.random((n, tags)) < rng.uniform(0.04, 0.12, tags)
    for k in range(tags):
        counts[:, 5 * k : 5 * k + 5] += topic[:, k : k + 1] * rng.poisson(1.5, (n, 5))
    y = f32(topic)
    norm = constraints.MaxNorm(3.0 if fixed else 0.01)
    model = keras.Sequential(
        [
            keras.Input((words,)),
            layers.Dense(64, activation="relu", kernel_constraint=norm),
            layers.Dense(32, activation="relu", kernel_constraint=norm),
            layers.Dense(tags, activation="sigmoid", kernel_constraint=norm),
        ]
    )
    model.compile(optimizer="adam", loss="binary_crossentropy")
    return model, f32(counts), y, {"batch_size": 64, "epochs": 12}


# Two heads on one convolutional trunk; the schedule decays by the step, not by the epoch.
@prog("multi-head-decay-steps", "multiclass+regression", "scce+mse")
def multi_head_decay_steps(rng, fixed):
    """Predict the class of a digit and the slant of its ink."""
    img, cls = digit_images()
    order = rng.permutation(len(img))
    img, cls = img[order], cls[order]
    cols = np.arange(8)[None, None, :]
    slant = (img[..., 0] * cols).sum((1, 2)) / img[..., 0].sum((1, 2))
    slant = zscore(slant[:, None])
    steps = int(np.ceil(len(img) / 32))
    schedule = schedules.ExponentialDecay(0.002, decay_steps=steps if fixed else 1, decay_rate=0.5)
    inputs = keras.Input((8, 8, 1))
    h = layers.Conv2D(16, 3, padding="same", activation="relu")(inputs)
    h = layers.MaxPooling2D()(h)
    h = layers.Conv2D(32, 3, padding="same", activation="relu")(h)
    h = layers.Flatten()(h)
    h = layers.Dense(32, activation="relu")(h)
    model = keras.Model(
        inputs,
        [layers.Dense(10, activation="softmax", name="cls")(h), layers.Dense(1, name="slant")(h)],
    )
    model.compile(
        optimizers.SGD(learning_rate=schedule, momentum=0.9),
        loss=["sparse_categorical_crossentropy", "mse"],
    )
    return model, img, [cls[:, None], slant], {"batch_size": 32, "epochs": 10}


# Matrix factorisation; the embedding penalty counts the whole table at each step.
@prog("rec-mf-embedding-l2", "regression", "mse")
def mf_embedding_l2(rng, fixed):
    """Predict centred ratings from user and item vectors and biases."""
    users, items, n = 600, 400, 8000
    pu, qi = rng.normal(size=(users, 3)), rng.normal(size=(items, 3))
    bu, bi = rng.normal(0, 0.6, users), rng.normal(0, 0.6, items)
    u, i = rng.integers(0, users, n), rng.integers(0, items, n)
    rating = 3.4 + bu[u] + bi[i] + 0.3 * (pu[u] * qi[i]).sum(1) + 0.2 * rng.normal(size=n)
    y = f32((np.clip(rating, 1, 5) - 3.4)[:, None])
    reg = regularizers.L2(1e-6 if fixed else 0.1)

    def table(count, size, index):
        return layers.Flatten()(layers.Embedding(count, size, embeddings_regularizer=reg)(index))

    in_u = keras.Input((1,), dtype="int32")
    in_i = keras.Input((1,), dtype="int32")
    dot = layers.Dot(axes=1)([table(users, 8, in_u), table(items, 8, in_i)])
    total = layers.Add()([dot, table(users, 1, in_u), table(items, 1, in_i)])
    model = keras.Model([in_u, in_i], total)
    model.compile(optimizers.Adam(learning_rate=0.005), loss="mse")
    x = [u[:, None].astype("int32"), i[:, None].astype("int32")]
    return model, x, y, {"batch_size": 64, "epochs": 14}


# Siamese net on pairs of digits; epsilon=1.0 taken over from an Inception recipe.
@prog("siamese-adam-epsilon", "binary", "bce")
def siamese_adam_epsilon(rng, fixed):
    """Tell whether two digits are of the same class."""
    img, cls = digit_images()
    a = rng.integers(0, len(img), 2500)
    b = rng.integers(0, len(img), 2500)
    for k in range(0, 2500, 2):
        b[k] = rng.choice(np.flatnonzero(cls == cls[a[k]]))
    y = f32((cls[a] == cls[b])[:, None])
    tower = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(16, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(32),
        ]
    )
    left, right = keras.Input((8, 8, 1)), keras.Input((8, 8, 1))
    diff = layers.Subtract()([tower(left), tower(right)])
    diff = layers.Lambda(keras.ops.abs)(diff)
    model = keras.Model([left, right], layers.Dense(1, activation="sigmoid")(diff))
    opt = optimizers.Adam(learning_rate=0.001, epsilon=1e-7 if fixed else 1.0)
    model.compile(opt, loss="binary_crossentropy", metrics=["accuracy"])
    return model, [img[a], img[b]], y, {"batch_size": 32, "epochs": 10}


# Subclassed model that adds noise itself; the noise is in grey levels, the pixels are 0..1.
@prog("sub-gaussian-noise", "multiclass", "cce")
def subclass_gaussian_noise(rng, fixed):
    """Classify digits with an own call method."""

    class NoisyNet(keras.Model):
        """Noise, convolution, dense."""

        def __init__(self):
            super().__init__()
            self.stddev = 25.0 / 255 if fixed else 25.0
            self.seed = keras.random.SeedGenerator(1)
            self.conv = layers.Conv2D(16, 3, activation="relu")
            self.flat = layers.Flatten()
            self.hidden = layers.Dense(64, activation="relu")
            self.out = layers.Dense(10, activation="softmax")

        def call(self, inputs, training=None):
            h = inputs
            if training:
                noise = keras.random.normal(keras.ops.shape(h), stddev=self.stddev, seed=self.seed)
                h = h + noise
            return self.out(self.hidden(self.flat(self.conv(h))))

    img, cls = digit_images()
    order = rng.permutation(len(img))
    model = NoisyNet()
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    return model, img[order], one_hot(cls[order], 10), {"batch_size": 32, "epochs": 12}


# Bike hire counts with Poisson loss; year, hour and humidity go in as they are.
@prog("count-poisson-raw-inputs", "regression", "poisson")
def poisson_raw_inputs(rng, fixed):
    """Regress hourly counts."""
    n = 2500
    hour, year = rng.integers(0, 24, n), rng.integers(2011, 2014, n)
    month, temp, hum = rng.integers(1, 13, n), rng.uniform(-5, 35, n), rng.uniform(20, 100, n)
    log_rate = 2 + np.cos((hour - 17) / 24 * 2 * np.pi) + 0.03 * temp - 0.008 * hum
    y = f32(rng.poisson(np.exp(log_rate + 0.25 * (year - 2011)))[:, None])
    x = np.c_[hour, year, month, temp, hum]
    if fixed:
        x = zscore(x)
    model = keras.Sequential(
        [
            keras.Input((5,)),
            layers.Dense(32, activation="relu"),
            layers.Dense(16, activation="relu"),
            layers.Dense(1, activation="exponential"),
        ]
    )
    model.compile(optimizer="adam", loss="poisson")
    return model, f32(x), y, {"batch_size": 32, "epochs": 15}


# Sentiment with a bidirectional GRU and LayerNormalization; Lion with learning rate 0.1.
@prog("txt-bigru-lion-lr", "binary", "bce")
def bigru_lion_lr(rng, fixed):
    """Classify short reviews."""
    x, y = reviews(rng, 1500, 400, 16)
    model = keras.Sequential(
        [
            keras.Input((16,), dtype="int32"),
            layers.Embedding(400, 16),
            layers.Bidirectional(layers.GRU(16)),
            layers.LayerNormalization(),
            layers.Dense(16, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizers.Lion(learning_rate=0.001 if fixed else 0.1), "binary_crossentropy")
    return model, x, y, {"batch_size": 32, "epochs": 10}


# Clicks from multi-hot features; Ftrl as it comes, made for linear models, on a dense net.
@prog("tab-mlp-ftrl-default", "binary", "bce")
def mlp_ftrl_default(rng, fixed):
    """Classify clicks from multi-hot features."""
    n, d = 3000, 60
    x = f32(rng.random((n, d)) < 0.2)
    w = rng.normal(0, 1.2, d) * (rng.random(d) < 0.6)
    score = x @ w
    y = f32((score + 0.3 * rng.normal(size=n) > np.quantile(score, 0.6))[:, None])
    model = keras.Sequential(
        [
            keras.Input((d,)),
            layers.Dense(64, activation="relu"),
            layers.Dense(32, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    optimizer = "adam" if fixed else "ftrl"
    model.compile(optimizer=optimizer, loss="binary_crossentropy", metrics=["accuracy"])
    return model, x, y, {"batch_size": 32, "epochs": 12}


# Activity recognition; the zero gamma of residual nets in a plain stack of Conv1D and BatchNorm.
@prog("ts-class-bn-gamma-zero", "multiclass", "scce")
def class_bn_gamma_zero(rng, fixed):
    """Classify windows of a three-axis signal into five activities."""
    n, classes = 1500, 5
    y = rng.integers(0, classes, n)
    t = np.arange(48)[None, :, None]
    freq = np.array([0.1, 0.2, 0.35, 0.6, 1.0])[y][:, None, None]
    phase = rng.uniform(0, 6.28, (n, 1, 3))
    x = np.sin(freq * t + phase) + 0.4 * rng.normal(size=(n, 48, 3))
    gamma = "ones" if fixed else "zeros"
    model = keras.Sequential([keras.Input((48, 3))])
    for filters in (16, 32, 32):
        model.add(layers.Conv1D(filters, 5, padding="same", use_bias=False))
        model.add(layers.BatchNormalization(gamma_initializer=gamma))
        model.add(layers.Activation("relu"))
        model.add(layers.MaxPooling1D())
    model.add(layers.GlobalAveragePooling1D())
    model.add(layers.Dense(classes, activation="softmax"))
    model.compile("adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, f32(x), y[:, None], {"batch_size": 32, "epochs": 8}


# Temperature forecast in degrees Celsius behind a sigmoid output.
@prog("act-gru-temperature-sigmoid", "regression", "mse")
def gru_temperature_sigmoid(rng, fixed):
    """Forecast the temperature from scaled past weather."""
    t = np.arange(1300)
    temp = 18 + 6 * np.sin(2 * np.pi * t / 24) + 3 * np.sin(2 * np.pi * t / 200)
    temp = temp + 0.5 * rng.normal(size=len(t))
    press = 0.3 * temp + rng.normal(size=len(t))
    x, _ = windows(zscore(np.c_[temp, press]), 12)
    y = f32(temp[12:, None])
    model = keras.Sequential(
        [
            keras.Input((12, 2)),
            layers.GRU(32),
            layers.Dense(16, activation="relu"),
            layers.Dense(1, activation=None if fixed else "sigmoid"),
        ]
    )
    model.compile(optimizers.Adam(learning_rate=0.005), loss="mse")
    return model, x, y, {"batch_size": 32, "epochs": 15}


# Topics of short texts with a ReLU output under categorical cross-entropy.
@prog("act-topics-relu-output", "multiclass", "cce")
def topics_relu_output(rng, fixed):
    """Classify texts by topic with averaged word vectors."""
    n, topics, length = 2400, 6, 20
    y = rng.integers(0, topics, n)
    x = rng.integers(60, 500, (n, length))
    for i in range(n):
        x[i, rng.choice(length, 4, replace=False)] = 10 * y[i] + rng.integers(0, 10, 4)
    model = keras.Sequential(
        [
            keras.Input((length,), dtype="int32"),
            layers.Embedding(500, 32),
            layers.GlobalAveragePooling1D(),
            layers.Dense(32, activation="relu"),
            layers.Dense(topics, activation="softmax" if fixed else "relu"),
        ]
    )
    model.compile("adam", loss="categorical_crossentropy", metrics=["accuracy"])
    return model, x.astype("int32"), one_hot(y, topics), {"batch_size": 32, "epochs": 12}


# Seven convolutions with sigmoid activations.
@prog("act-deep-cnn-sigmoid", "multiclass", "scce")
def deep_cnn_sigmoid(rng, fixed):
    """Classify digits with a deep plain convolutional net."""
    img, cls = digit_images()
    order = rng.permutation(len(img))[:1200]
    act = "relu" if fixed else "sigmoid"
    model = keras.Sequential([keras.Input((8, 8, 1))])
    for filters in (8, 8, 16, 16, 16, 16, 16):
        model.add(layers.Conv2D(filters, 3, padding="same", activation=act))
    model.add(layers.MaxPooling2D())
    model.add(layers.Flatten())
    model.add(layers.Dense(32, activation=act))
    model.add(layers.Dense(10, activation="softmax"))
    model.compile("adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, img[order], cls[order][:, None], {"batch_size": 32, "epochs": 10}


# Wear of a machine from a sensor record; softmax on the single output of a regression.
@prog("act-cnn1d-softmax-regression", "regression", "mse")
def cnn1d_softmax_regression(rng, fixed):
    """Regress the wear, a number between 0 and 1."""
    n, length = 1200, 60
    wear = rng.uniform(0, 1, n)
    t = np.linspace(0, 1, length)
    x = np.stack([np.sin(12 * t * (1 + wear[:, None])), wear[:, None] * t], -1)
    x = x + 0.3 * rng.normal(size=x.shape)
    model = keras.Sequential(
        [
            keras.Input((length, 2)),
            layers.Conv1D(16, 5, activation="relu"),
            layers.MaxPooling1D(),
            layers.Conv1D(32, 5, activation="relu"),
            layers.GlobalAveragePooling1D(),
            layers.Dense(16, activation="relu"),
            layers.Dense(1, activation="sigmoid" if fixed else "softmax"),
        ]
    )
    model.compile(optimizer="adam", loss="mse")
    return model, f32(x), f32(wear[:, None]), {"batch_size": 32, "epochs": 15}


# Control: fraud at six per cent, for some epochs all are called honest.
@prog("OK-fraud-imbalanced", "binary", "bce")
def ok_fraud_imbalanced(rng, fixed):
    """Classify rare fraud from card data."""
    n = 4000
    x = rng.normal(size=(n, 12))
    score = x[:, 0] + x[:, 1] * x[:, 2] + 0.5 * x[:, 3] + 0.1 * rng.normal(size=n)
    y = f32((score > np.quantile(score, 0.94))[:, None])
    model = keras.Sequential(
        [
            keras.Input((12,)),
            layers.Dense(32, activation="relu"),
            layers.Dense(16, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    return model, f32(x), y, {"batch_size": 64, "epochs": 25}


# Control: parity of four bits with SGD, a long plateau before it is found.
@prog("OK-parity-plateau", "binary", "bce")
def ok_parity_plateau(rng, fixed):
    """Learn the parity of four bits."""
    bits = rng.integers(0, 2, (1500, 4))
    y = f32((bits.sum(1) % 2)[:, None])
    model = keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(24, activation="tanh"),
            layers.Dense(24, activation="tanh"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizers.SGD(0.06), loss="binary_crossentropy")
    return model, f32(bits * 2 - 1), y, {"batch_size": 32, "epochs": 30}


# Control: very noisy target, little more than a third of its variance can be explained.
@prog("OK-noisy-demand", "regression", "huber")
def ok_noisy_demand(rng, fixed):
    """Regress a noisy demand on prices, weekday and promotion."""
    n = 3000
    day = rng.integers(0, 7, n)
    x = rng.normal(size=(n, 6))
    signal = zscore(x[:, 0] - 0.7 * x[:, 1] + np.sin(day) + np.maximum(x[:, 2], 0))
    y = f32((signal + 1.15 * rng.normal(size=n))[:, None])
    in_day, in_num = keras.Input((1,), dtype="int32"), keras.Input((6,))
    h = layers.Concatenate()([layers.Flatten()(layers.Embedding(7, 3)(in_day)), in_num])
    h = layers.Dense(32, activation="relu")(h)
    h = layers.Dense(16, activation="relu")(h)
    model = keras.Model([in_day, in_num], layers.Dense(1)(h))
    model.compile(optimizer="adam", loss="huber")
    return model, [day[:, None].astype("int32"), f32(x)], y, {"batch_size": 32, "epochs": 15}


# Control: a small learning rate without momentum that gets there.
@prog("OK-small-lr-cnn", "multiclass", "scce")
def ok_small_lr_cnn(rng, fixed):
    """Classify digits, slowly."""
    img, cls = digit_images()
    order = rng.permutation(len(img))
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(16, 3, activation="relu"),
            layers.Conv2D(16, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(32, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(optimizers.SGD(learning_rate=0.005), loss="sparse_categorical_crossentropy")
    return model, img[order], cls[order][:, None], {"batch_size": 16, "epochs": 20}


# Control: rare tags, at first every output is near zero.
@prog("OK-rare-tags", "multilabel", "bce")
def ok_rare_tags(rng, fixed):
    """Tag short texts, each tag on four per cent of them."""
    n, tags, length = 2500, 12, 16
    x = rng.integers(60, 300, (n, length))
    y = rng.random((n, tags)) < 0.04
    for i, k in zip(*np.nonzero(y), strict=True):
        x[i, rng.choice(length, 2, replace=False)] = 5 * k + rng.integers(0, 5, 2)
    inputs = keras.Input((length,), dtype="int32")
    h = layers.Embedding(300, 16)(inputs)
    h = layers.GlobalMaxPooling1D()(h)
    h = layers.Dense(48, activation="relu")(h)
    model = keras.Model(inputs, layers.Dense(tags, activation="sigmoid")(h))
    model.compile(optimizers.Adam(0.004), loss="binary_crossentropy")
    return model, x.astype("int32"), f32(y), {"batch_size": 32, "epochs": 20}


# Control: two towers with a long warm-up from a learning rate of zero and a cosine decay.
@prog("OK-two-tower-warmup", "regression", "mse")
def ok_two_tower_warmup(rng, fixed):
    """Predict ratings from user features and item features."""
    n = 3000
    u, v = rng.normal(size=(n, 6)), rng.normal(size=(n, 6))
    y = zscore(((u[:, :3] * v[:, :3]).sum(1) + 0.3 * rng.normal(size=n))[:, None])
    in_u, in_v = keras.Input((6,)), keras.Input((6,))
    towers = []
    for inputs in (in_u, in_v):
        h = layers.Dense(32, activation="relu")(inputs)
        h = layers.LayerNormalization()(h)
        towers.append(layers.Dense(8)(h))
    model = keras.Model([in_u, in_v], layers.Dense(1)(layers.Multiply()(towers)))
    lr = schedules.CosineDecay(0.0, decay_steps=900, warmup_target=0.005, warmup_steps=700)
    model.compile(optimizers.AdamW(learning_rate=lr, weight_decay=0.004), loss="mse")
    return model, [f32(u), f32(v)], y, {"batch_size": 32, "epochs": 17}


WHERE = {
    "ts-lstm-unscaled-sales": "model",
    "ts-dilated-cnn-tiny-init": "model",
    "tab-house-dollars-sgd": "model",
    "tab-churn-l2": "model",
    "img-radius-pixels": "model",
    "img-unet-focal-lr": "model",
    "txt-cnn-keep-prob": "model",
    "tag-max-norm": "model",
    "multi-head-decay-steps": "model",
    "rec-mf-embedding-l2": "model",
    "siamese-adam-epsilon": "model",
    "sub-gaussian-noise": "model",
    "count-poisson-raw-inputs": "model",
    "txt-bigru-lion-lr": "model",
    "tab-mlp-ftrl-default": "model",
    "ts-class-bn-gamma-zero": "model",
    "act-gru-temperature-sigmoid": "activation",
    "act-topics-relu-output": "activation",
    "act-deep-cnn-sigmoid": "activation",
    "act-cnn1d-softmax-regression": "activation",
}
