"""Collapsing programs with epochs of a second or more, written without knowledge of the library.

P maps an id to (task, loss, builder); builder(rng, fixed) returns (model, x, y, fit_kwargs);
fixed=True builds the repaired variant. All data are generated.
"""

import keras
import numpy as np
from keras import layers, ops

P = {}


def program(name, task, loss):
    def register(build):
        P[name] = (task, loss, build)
        return build

    return register


def f32(array):
    return np.asarray(array, "float32")


def gratings(rng, rows, classes, size):
    """Stripes whose direction tells the class; period and phase vary, values lie in 0..1."""
    labels = rng.integers(0, classes, rows)
    angle = np.pi * labels / classes + rng.normal(0, 0.08, rows)
    wave = rng.uniform(0.8, 1.6, rows)
    phase = rng.uniform(0, 2 * np.pi, rows)
    down, right = np.mgrid[:size, :size] * 1.0
    turned = np.cos(angle)[:, None, None] * right + np.sin(angle)[:, None, None] * down
    x = 0.5 + 0.3 * np.sin(wave[:, None, None] * turned + phase[:, None, None])
    x += rng.normal(0, 0.1, x.shape)
    return np.clip(x, 0, 1)[..., None], labels


# A pile of sigmoid layers with the default small weights: the gradient vanishes on the way down.
@program("unseen8-deep-sigmoid-glorot", "multiclass", "scce")
def _(rng, fixed):
    centres = rng.normal(size=(6, 30))
    y = rng.integers(0, 6, 40_000)
    x = centres[y] + rng.normal(size=(40_000, 30))
    model = keras.Sequential([keras.Input((30,))])
    for _ in range(8):
        scale = 16.0 if fixed else 1.0
        init = keras.initializers.VarianceScaling(scale, "fan_avg", "uniform")
        model.add(layers.Dense(48, activation="sigmoid", kernel_initializer=init))
    model.add(layers.Dense(6, activation="softmax"))
    optimizer = keras.optimizers.SGD(0.1, momentum=0.9)
    model.compile(optimizer, "sparse_categorical_crossentropy")
    return model, f32(x), y, {"batch_size": 32, "epochs": 6}


# The zero gamma meant for the last norm of a residual branch, given to every norm of a plain CNN.
@program("unseen8-cnn-bn-zero-gamma", "multiclass", "scce")
def _(rng, fixed):
    x, y = gratings(rng, 6000, 8, 20)
    gamma = "ones" if fixed else "zeros"
    model = keras.Sequential([keras.Input((20, 20, 1))])
    for filters in (12, 24):
        model.add(layers.Conv2D(filters, 3, use_bias=False))
        model.add(layers.BatchNormalization(momentum=0.9, gamma_initializer=gamma))
        model.add(layers.Activation("relu"))
        model.add(layers.MaxPooling2D())
    model.add(layers.GlobalAveragePooling2D())
    model.add(layers.Dense(8, activation="softmax"))
    model.compile(keras.optimizers.SGD(0.05, momentum=0.9), "sparse_categorical_crossentropy")
    return model, f32(x), y, {"batch_size": 32, "epochs": 6}


# A decoupled weight decay copied from a setting where it was not multiplied by the rate.
@program("unseen8-multilabel-adamw-decay", "multilabel", "bce")
def _(rng, fixed):
    x = rng.normal(size=(30_000, 40))
    mixing = rng.normal(size=(40, 10)) / np.sqrt(40)
    y = np.tanh(x) @ mixing + 0.3 * rng.normal(size=(30_000, 10)) > 0.3
    inputs = keras.Input((40,))
    hidden = layers.Dense(512, activation="gelu")(inputs)
    hidden = layers.Dense(128, activation="gelu")(hidden)
    model = keras.Model(inputs, layers.Dense(10, activation="sigmoid")(hidden))
    decay = 0.004 if fixed else 300.0
    model.compile(keras.optimizers.AdamW(1e-3, weight_decay=decay), "binary_crossentropy")
    return model, f32(x), f32(y), {"batch_size": 64, "epochs": 5}


# Sensor readings in pascal go straight into recurrent layers, whose gates then never move.
@program("unseen8-bilstm-pascal", "regression", "mse")
def _(rng, fixed):
    change = rng.normal(size=(5500, 24, 3))
    weight = np.linspace(0, 1, 24)[:, None]
    y = (change[:, :, :1] * weight).sum(1) / 3 + 0.5 * change[:, -1, 1:2]
    x = change if fixed else 101_325 + 400 * change
    model = keras.Sequential([keras.Input((24, 3)), layers.Bidirectional(layers.LSTM(16))])
    model.add(layers.Dense(16, activation="tanh"))
    model.add(layers.Dense(1))
    model.compile(keras.optimizers.RMSprop(2e-3), "mse")
    return model, f32(x), f32(y), {"batch_size": 32, "epochs": 6}


# Both tables of a factorisation start at zero, so neither ever gets a gradient.
@program("unseen8-recommender-zero-tables", "regression", "mse")
def _(rng, fixed):
    taste = rng.normal(size=(300, 3))
    kind = rng.normal(size=(200, 3))
    x = np.stack([rng.integers(0, 300, 60_000), rng.integers(0, 200, 60_000)], 1)
    y = (taste[x[:, 0]] * kind[x[:, 1]]).sum(1, keepdims=True) / np.sqrt(3)
    y = y + 0.3 * rng.normal(size=y.shape)
    init = keras.initializers.RandomNormal(stddev=0.3) if fixed else "zeros"
    inputs = keras.Input((2,), dtype="int32")
    user = layers.Embedding(300, 8, embeddings_initializer=init)(inputs[:, 0])
    item = layers.Embedding(200, 8, embeddings_initializer=init)(inputs[:, 1])
    match = layers.Dot(axes=1)([user, item])
    model = keras.Model(inputs, layers.Dense(1)(match))
    model.compile(keras.optimizers.Adagrad(0.1, initial_accumulator_value=1e-6), "mse")
    return model, x.astype("int32"), f32(y), {"batch_size": 64, "epochs": 8}


# Nadam with an epsilon of the order used for rewards in other code: its steps are tiny.
@program("unseen8-siamese-nadam-epsilon", "binary", "bce")
def _(rng, fixed):
    mixing = rng.normal(size=(4, 32))
    same = rng.integers(0, 2, 30_000)
    one = rng.normal(size=(30_000, 4))
    two = np.where(same[:, None] == 1, one, rng.normal(size=(30_000, 4)))
    one, two = (z @ mixing + 0.5 * rng.normal(size=(30_000, 32)) for z in (one, two))
    tower = keras.Sequential(
        [
            keras.Input((32,)),
            layers.Dense(64, activation="relu"),
            layers.Dense(64, activation="relu"),
            layers.Dense(16),
        ]
    )
    left, right = keras.Input((32,)), keras.Input((32,))
    gap = ops.abs(tower(left) - tower(right))
    outputs = layers.Dense(1, activation="sigmoid", kernel_initializer="zeros")(gap)
    model = keras.Model([left, right], outputs)
    epsilon = 1e-7 if fixed else 1e4
    model.compile(keras.optimizers.Nadam(1e-3, epsilon=epsilon), "binary_crossentropy")
    x = [f32(one / 2), f32(two / 2)]
    return model, x, f32(same[:, None]), {"batch_size": 32, "epochs": 5}


# Gradients clipped to a norm so small that plain SGD hardly moves.
@program("unseen8-transformer-clipnorm", "regression", "mse")
def _(rng, fixed):
    x = rng.normal(size=(6000, 16, 8))
    y = rng.normal(size=6000)
    x[np.arange(6000), rng.integers(0, 16, 6000), :4] += 4 * y[:, None]
    inputs = keras.Input((16, 8))
    hidden = layers.Dense(32)(inputs)
    seen = layers.MultiHeadAttention(4, 8)(hidden, hidden)
    hidden = layers.LayerNormalization()(hidden + seen)
    wide = layers.Dense(64, activation="gelu")(hidden)
    hidden = layers.LayerNormalization()(hidden + layers.Dense(32)(wide))
    pooled = layers.GlobalAveragePooling1D()(hidden)
    outputs = layers.Dense(1, kernel_initializer="zeros")(pooled)
    model = keras.Model(inputs, outputs)
    norm = 1.0 if fixed else 1e-6
    model.compile(keras.optimizers.SGD(0.1, clipnorm=norm), "mse")
    return model, f32(x), f32(y[:, None]), {"batch_size": 16, "epochs": 6}


# Event counts through a log link; an L1 penalty of one on every kernel leaves only the bias.
@program("unseen8-conv1d-counts-l1", "regression", "poisson")
def _(rng, fixed):
    x = rng.normal(size=(9000, 48, 2))
    smooth = (x[:, 2:, 0] + x[:, 1:-1, 0] + x[:, :-2, 0]) / np.sqrt(3)
    rate = np.exp(1.0 + 6 * (np.maximum(smooth, 0).mean(1, keepdims=True) - 0.4))
    y = rng.poisson(rate)
    penalty = keras.regularizers.L1(1e-5 if fixed else 1.0)
    model = keras.Sequential([keras.Input((48, 2))])
    model.add(layers.Conv1D(24, 3, activation="relu", kernel_regularizer=penalty))
    model.add(layers.Conv1D(24, 3, activation="relu", kernel_regularizer=penalty))
    model.add(layers.GlobalAveragePooling1D())
    model.add(layers.Dense(1, activation="exponential", kernel_regularizer=penalty))
    model.compile(keras.optimizers.Adam(2e-3), "poisson")
    return model, f32(x), f32(y), {"batch_size": 16, "epochs": 6}


# A denoising autoencoder with noise on its code, whose weights begin at nearly nothing.
@program("unseen8-noisy-autoencoder-tiny-std", "regression", "mse")
def _(rng, fixed):
    clean = np.tanh(rng.normal(size=(32_000, 6)) @ rng.normal(size=(6, 96)) / 2)
    x = clean + 0.1 * rng.normal(size=clean.shape)
    init = "he_normal" if fixed else keras.initializers.RandomNormal(stddev=1e-5)
    model = keras.Sequential([keras.Input((96,))])
    for units in (128, 64):
        model.add(layers.Dense(units, activation="elu", kernel_initializer=init))
    model.add(layers.Dense(8, kernel_initializer=init))
    model.add(layers.GaussianNoise(0.1))
    for units in (64, 128):
        model.add(layers.Dense(units, activation="elu", kernel_initializer=init))
    model.add(layers.Dense(96, kernel_initializer=init))
    model.compile(keras.optimizers.SGD(0.05, momentum=0.5), "mse")
    return model, f32(x), f32(clean), {"batch_size": 32, "epochs": 6}


# decay_steps given in epochs where the schedule counts batches: the rate is gone at once.
@program("unseen8-residual-mlp-cosine-in-epochs", "regression", "mae")
def _(rng, fixed):
    rows, batch, epochs = 30_000, 32, 5
    x = rng.normal(size=(rows, 14))
    y = x[:, :1] + 0.7 * np.tanh(2 * x[:, 1:2]) + 0.5 * x[:, 2:3] * (x[:, 3:4] > 0)
    steps = epochs * rows // batch if fixed else epochs
    rate = keras.optimizers.schedules.CosineDecay(1e-3, decay_steps=steps)
    inputs = keras.Input((14,))
    hidden = layers.Dense(64, activation="swish")(inputs)
    for _ in range(3):
        hidden = hidden + layers.Dense(64, activation="swish")(hidden)
    model = keras.Model(inputs, layers.Dense(1, kernel_initializer="zeros")(hidden))
    model.compile(keras.optimizers.Adamax(rate), "mae")
    return model, f32(x), f32(y), {"batch_size": batch, "epochs": epochs}


# A fine-tuning rate used for a model that starts from nothing.
@program("unseen8-bigru-tagger-low-rate", "multiclass", "scce")
def _(rng, fixed):
    y = rng.integers(0, 5, 5000)
    x = rng.integers(50, 1000, (5000, 30))
    for row, label in zip(x, y, strict=True):
        row[rng.integers(0, 30, 4)] = 10 * label + rng.integers(0, 10, 4)
    model = keras.Sequential([keras.Input((30,), dtype="int32"), layers.Embedding(1000, 24)])
    model.add(layers.Bidirectional(layers.GRU(16, return_sequences=True)))
    model.add(layers.GlobalMaxPooling1D())
    model.add(layers.Dense(5, activation="softmax"))
    rate = 3e-3 if fixed else 1e-7
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy")
    return model, x.astype("int32"), y, {"batch_size": 32, "epochs": 6}


# The keep probability of another library given as the drop rate.
@program("unseen8-separable-residual-dropout", "multiclass", "scce")
def _(rng, fixed):
    x, y = gratings(rng, 4500, 6, 18)
    rate = 0.01 if fixed else 0.99
    inputs = keras.Input((18, 18, 1))
    hidden = layers.Conv2D(16, 3, activation="relu")(inputs)
    hidden = layers.Dropout(rate)(hidden)
    for _ in range(2):
        side = layers.SeparableConv2D(16, 3, padding="same", activation="relu")(hidden)
        side = layers.Dropout(rate)(side)
        hidden = hidden + side
    hidden = layers.GlobalAveragePooling2D()(hidden)
    hidden = layers.Dropout(rate)(layers.Dense(32, activation="relu")(hidden))
    model = keras.Model(inputs, layers.Dense(6, activation="softmax")(hidden))
    model.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy")
    return model, f32(x - 0.5), y, {"batch_size": 32, "epochs": 6}


# Initial biases of twenty put every tanh of a LeNet at its upper end, where it has no slope.
@program("unseen8-lenet-saturated-tanh", "multiclass", "scce")
def _(rng, fixed):
    x, y = gratings(rng, 9000, 8, 20)
    bias = keras.initializers.Constant(0.0 if fixed else 20.0)
    model = keras.Sequential([keras.Input((20, 20, 1))])
    for filters in (8, 16):
        model.add(layers.Conv2D(filters, 3, activation="tanh", bias_initializer=bias))
        model.add(layers.MaxPooling2D())
    model.add(layers.Flatten())
    model.add(layers.Dense(48, activation="tanh", bias_initializer=bias))
    model.add(layers.Dense(8, activation="softmax"))
    model.compile(keras.optimizers.Nadam(2e-3), "sparse_categorical_crossentropy")
    return model, f32(2 * x - 1), y, {"batch_size": 32, "epochs": 6}


# One trunk and two answers; with this momentum the first steps are never forgotten.
@program("unseen8-two-outputs-momentum", "regression", "mse")
def _(rng, fixed):
    x = rng.normal(size=(36_000, 16))
    first = x[:, :1] + np.abs(x[:, 1:2])
    second = np.sin(x[:, 2:3]) - x[:, 3:4] * 0.7
    inputs = keras.Input((16,))
    hidden = layers.Dense(96, activation="relu")(inputs)
    hidden = layers.Dense(96, activation="relu")(hidden)
    model = keras.Model(inputs, [layers.Dense(1)(hidden), layers.Dense(1)(hidden)])
    momentum = 0.9 if fixed else 0.9995
    model.compile(keras.optimizers.SGD(0.01, momentum=momentum, clipnorm=1.0), ["mse", "mse"])
    return model, f32(x), [f32(first), f32(second)], {"batch_size": 32, "epochs": 5}


# A rate that suits Adagrad given to RMSprop: all units die in the first batches.
@program("unseen8-conv1d-signal-high-rate", "binary", "bce")
def _(rng, fixed):
    time = np.arange(64)
    y = rng.integers(0, 2, 8000)
    pace = np.where(y == 1, 0.9, 0.5)[:, None] + rng.normal(0, 0.08, (8000, 1))
    x = np.sin(pace * time + rng.uniform(0, 6, (8000, 1))) + 0.5 * rng.normal(size=(8000, 64))
    model = keras.Sequential([keras.Input((64, 1))])
    for filters in (16, 32):
        model.add(layers.Conv1D(filters, 5, activation="relu"))
        model.add(layers.MaxPooling1D(2))
    model.add(layers.GlobalAveragePooling1D())
    model.add(layers.Dense(16, activation="relu"))
    model.add(layers.Dense(1, activation="sigmoid"))
    model.compile(keras.optimizers.RMSprop(1e-3 if fixed else 0.5), "binary_crossentropy")
    return model, f32(x[..., None]), f32(y[:, None]), {"batch_size": 16, "epochs": 5}


WHERE = dict.fromkeys(P, "model")
