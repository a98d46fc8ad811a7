"""Collapsing programs whose epochs take a second or more: what a rescue costs is measured on them.

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


def images(rng, rows, size=28):
    """Noise with a bar whose place tells the class."""
    classes = rng.integers(0, 10, rows)
    x = rng.random((rows, size, size, 1))
    for image, label in zip(x, classes, strict=True):
        image[2 * label : 2 * label + 8, 5:20] += 1
    return f32(x), classes


@program("long-mlp-negative-biases", "regression", "mse")
def _(rng, fixed):
    x = rng.normal(size=(60_000, 20))
    y = np.sin(x[:, :1]) + x[:, 1:2] * x[:, 2:3]
    bias = keras.initializers.Constant(0 if fixed else -9)
    hidden = [layers.Dense(64, activation="relu", bias_initializer=bias) for _ in range(3)]
    model = keras.Sequential([keras.Input((20,)), *hidden, layers.Dense(1)])
    model.compile(keras.optimizers.Adam(1e-3), "mse")
    return model, f32(x), f32(y), {"batch_size": 32, "epochs": 5}


@program("long-table-raw-columns", "binary", "bce")
def _(rng, fixed):
    x = rng.normal(size=(40_000, 12))
    y = (x[:, 0] + x[:, 1] * x[:, 2] > 0)[:, None]
    if not fixed:
        x = x * 10.0 ** rng.integers(1, 5, 12) + 1e5
    hidden = [layers.Dense(64, activation="tanh") for _ in range(2)]
    model = keras.Sequential([keras.Input((12,)), *hidden, layers.Dense(1, activation="sigmoid")])
    model.compile(keras.optimizers.Adam(1e-3), "binary_crossentropy")
    return model, f32(x), f32(y), {"batch_size": 32, "epochs": 5}


@program("long-cnn-high-rate", "multiclass", "scce")
def _(rng, fixed):
    x, y = images(rng, 6000)
    model = keras.Sequential([keras.Input((28, 28, 1))])
    for filters in (16, 32):
        model.add(layers.Conv2D(filters, 3, activation="relu"))
        model.add(layers.MaxPooling2D())
    model.add(layers.Flatten())
    model.add(layers.Dense(64, activation="relu"))
    model.add(layers.Dense(10, activation="softmax"))
    rate = 1e-3 if fixed else 0.3
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy")
    return model, x, y, {"batch_size": 32, "epochs": 5}


@program("long-autoencoder-activity-l1", "regression", "mse")
def _(rng, fixed):
    x, _ = images(rng, 8000, 24)
    x = x.reshape(len(x), -1) / 2
    penalty = None if fixed else keras.regularizers.L1(0.1)
    model = keras.Sequential(
        [
            keras.Input((x.shape[1],)),
            layers.Dense(256, activation="relu"),
            layers.Dense(64, activation="relu", activity_regularizer=penalty),
            layers.Dense(256, activation="relu"),
            layers.Dense(x.shape[1]),
        ]
    )
    model.compile(keras.optimizers.Adam(1e-3), "mse")
    return model, x, x, {"batch_size": 16, "epochs": 5}


@program("long-lstm-raw-target", "regression", "mse")
def _(rng, fixed):
    x = rng.normal(size=(6000, 30, 4))
    y = 5 * x[:, :, 0].mean(1, keepdims=True)
    inputs = keras.Input((30, 4))
    hidden = layers.Dense(16, activation="relu")(layers.LSTM(32)(inputs))
    model = keras.Model(inputs, layers.Dense(1)(hidden))
    model.compile(keras.optimizers.SGD(0.01), "mse")
    return model, f32(x), f32(y if fixed else 300 + 50 * y), {"batch_size": 32, "epochs": 6}


@program("long-gru-words-high-rate", "binary", "bce")
def _(rng, fixed):
    x = rng.integers(1, 2000, (6000, 40))
    y = rng.integers(0, 2, 6000)
    for row, label in zip(x, y, strict=True):
        row[rng.integers(0, 40, 4)] = rng.integers(1, 20, 4) + 20 * label
    inputs = keras.Input((40,), dtype="int32")
    hidden = layers.GRU(32)(layers.Embedding(2000, 16)(inputs))
    model = keras.Model(inputs, layers.Dense(1, activation="sigmoid")(hidden))
    model.compile(keras.optimizers.Adam(1e-3 if fixed else 3.0), "binary_crossentropy")
    return model, x.astype("int32"), f32(y[:, None]), {"batch_size": 32, "epochs": 6}


@program("long-transformer-high-rate", "multiclass", "scce")
def _(rng, fixed):
    x = rng.integers(3, 50, (4000, 24))
    y = rng.integers(0, 4, 4000)
    x[np.arange(4000), rng.integers(0, 24, 4000)] = 50 + y
    inputs = keras.Input((24,), dtype="int32")
    hidden = layers.Embedding(54, 32)(inputs)
    for _ in range(2):
        seen = layers.MultiHeadAttention(2, 16)(hidden, hidden)
        hidden = layers.LayerNormalization()(hidden + seen)
        wide = layers.Dense(64, activation="relu")(hidden)
        hidden = layers.LayerNormalization()(hidden + layers.Dense(32)(wide))
    outputs = layers.Dense(4, activation="softmax")(ops.max(hidden, axis=1))
    model = keras.Model(inputs, outputs)
    rate = 1e-3 if fixed else 0.1
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy")
    return model, x.astype("int32"), y, {"batch_size": 16, "epochs": 6}
