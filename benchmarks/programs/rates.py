"""Small Keras programs whose only fault is the learning rate.

Twenty healthy scripts, in the manner of the examples on keras.io, each with several optimizers and
with several faults of the rate. Some programs have another fault, which no rate can repair: with
them a help that changes the rate must do no harm.

`PROGRAMS` maps an id to a `Program`; `program.make(healthy, seed)` returns the compiled model, the
inputs, the targets and the arguments of `fit`. The healthy twin differs in nothing but the fault.
Only keras, tensorflow, numpy and scikit-learn; no downloads. Written blind: without reading the
library or its tests.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers, ops, optimizers
from sklearn import datasets

Rate = float | optimizers.schedules.LearningRateSchedule
Callbacks = list[keras.callbacks.Callback]


@dataclass
class Script:
    """A training script before it is compiled: all of it but the learning rate."""

    model: keras.Model
    x: Any
    y: Any
    loss: Any
    epochs: int
    batch_size: int
    metrics: Any = field(default_factory=list)

    @property
    def steps_per_epoch(self) -> int:
        return math.ceil(len(keras.tree.flatten(self.x)[0]) / self.batch_size)


@dataclass(frozen=True)
class Family:
    """How a healthy script is written, and how its skill is to be judged.

    Attributes:
        kind: Images, sequences, text, tables, several outputs, several inputs, ...
        task: `regression`, `multiclass`, `binary` or `labels`; several outputs are joined by `+`.
        write: Makes the script from a generator of random numbers.
    """

    kind: str
    task: str
    write: Callable[[np.random.Generator], Script]


FAMILIES: dict[str, Family] = {}


def family(kind: str, task: str) -> Callable:
    """Register a script under the name of its function."""

    def register(write: Callable[[np.random.Generator], Script]) -> Callable:
        FAMILIES[write.__name__] = Family(kind, task, write)
        return write

    return register


# ------------------------------------------------------------------------------------- data


def f32(values: Any) -> np.ndarray:
    return np.asarray(values, "float32")


def column(values: Any) -> np.ndarray:
    return f32(values).reshape(-1, 1)


def zscore(values: Any) -> np.ndarray:
    values = np.asarray(values, "float64")
    return (values - values.mean(0)) / values.std(0)


def digits(rng: np.random.Generator, rows: int) -> tuple[np.ndarray, np.ndarray]:
    """The digits of scikit-learn as images of 8 x 8 x 1 with values from 0 to 1."""
    found = datasets.load_digits()
    chosen = rng.permutation(len(found.target))[:rows]
    return f32(found.images[chosen, ..., None] / 16), found.target[chosen].astype("int32")


def topics(rng: np.random.Generator, rows: int, length: int, vocabulary: int, classes: int):
    """Token ids of texts, a third of whose words come from the vocabulary of their topic."""
    y = rng.integers(0, classes, rows)
    tokens = rng.integers(1, vocabulary, (rows, length))
    own = 1 + (tokens // classes * classes + y[:, None]) % (vocabulary - 1)
    tokens = np.where(rng.random((rows, length)) < 0.33, own, tokens)
    return tokens.astype("int32"), y.astype("int32")


# ----------------------------------------------------------------------------------- tables


@family("tables", "regression")
def houses(rng: np.random.Generator) -> Script:
    """Structured data as in the California housing examples, with a `Normalization` layer."""
    n = 1500
    income, age = rng.lognormal(1.2, 0.45, n), rng.uniform(1, 52, n)
    rooms, people = rng.normal(5.4, 1.2, n).clip(1), rng.lognormal(1, 0.3, n)
    north, east = rng.uniform(32.5, 42, n), rng.uniform(-124, -114, n)
    coast = np.abs(east + 0.8 * (north - 32.5) + 117)
    price = 0.7 * np.log(income) - 0.25 * coast + 0.1 * rooms - 0.2 * np.log(people)
    price += 0.004 * age * (coast < 1) + rng.normal(0, 0.1, n)
    x = f32(np.c_[income, age, rooms, people, north, east])
    normalise = layers.Normalization()
    normalise.adapt(x)
    model = keras.Sequential(
        [
            keras.Input((6,)),
            normalise,
            layers.Dense(64, activation="relu"),
            layers.Dense(64, activation="relu"),
            layers.Dense(1),
        ]
    )
    return Script(model, x, column(zscore(price)), "mse", 40, 64, ["mae"])


@family("tables", "regression")
def diabetes(rng: np.random.Generator) -> Script:
    found = datasets.load_diabetes()
    order = rng.permutation(len(found.target))
    x, y = zscore(found.data)[order], zscore(found.target)[order]
    model = keras.Sequential(
        [
            keras.Input((10,)),
            layers.Dense(64, activation="relu", kernel_regularizer=keras.regularizers.L2(1e-4)),
            layers.Dense(32, activation="relu"),
            layers.Dropout(0.1),
            layers.Dense(1),
        ]
    )
    return Script(model, f32(x), column(y), "mse", 50, 16)


@family("tables", "binary")
def cancer(rng: np.random.Generator) -> Script:
    found = datasets.load_breast_cancer()
    order = rng.permutation(len(found.target))
    x, y = zscore(found.data)[order], found.target[order]
    model = keras.Sequential(
        [
            keras.Input((30,)),
            layers.Dense(32, activation="relu"),
            layers.Dropout(0.2),
            layers.Dense(16, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    return Script(model, f32(x), column(y), "binary_crossentropy", 40, 32, ["accuracy"])


@family("counts", "regression")
def visits(rng: np.random.Generator) -> Script:
    """Visits per hour, with the Poisson loss and an exponential head."""
    n = 1200
    hour, temperature = rng.uniform(0, 24, n), rng.normal(0, 1, n)
    weekend, rain = rng.integers(0, 2, n), rng.exponential(1, n)
    log_mean = 1.6 + 0.9 * np.sin(hour / 24 * 2 * np.pi) + 0.4 * temperature
    log_mean -= 0.4 * rain * weekend
    y = rng.poisson(np.exp(log_mean.clip(-3, 4)))
    turn = hour / 24 * 2 * np.pi
    x = np.c_[np.sin(turn), np.cos(turn), temperature, weekend, rain]
    model = keras.Sequential(
        [
            keras.Input((5,)),
            layers.Dense(48, activation="relu"),
            layers.Dense(24, activation="relu"),
            layers.Dense(1, activation="exponential"),
        ]
    )
    return Script(model, f32(x), column(y), "poisson", 30, 32)


@family("several labels", "labels")
def papers(rng: np.random.Generator) -> Script:
    """Subjects of papers from bags of words, several per paper (keras.io multi-label text)."""
    n, words, subjects = 1000, 120, 6
    meaning = rng.normal(0, 1, (4, words))
    about = rng.normal(0, 1, (n, 4))
    x = rng.random((n, words)) < 1 / (1 + np.exp(2.5 - about @ meaning))
    scores = about @ rng.normal(0, 1, (4, subjects))
    y = scores > np.quantile(scores, 0.6, axis=0)
    model = keras.Sequential(
        [
            keras.Input((words,)),
            layers.Dense(64),
            layers.BatchNormalization(),
            layers.Activation("relu"),
            layers.Dropout(0.3),
            layers.Dense(32, activation="relu"),
            layers.Dense(subjects, activation="sigmoid"),
        ]
    )
    return Script(model, f32(x), f32(y), "binary_crossentropy", 30, 32, ["binary_accuracy"])


class OwnStep(keras.Model):
    """The example of keras.io on what happens in `fit`."""

    def train_step(self, data: tuple) -> dict:
        x, y = data
        with tf.GradientTape() as tape:
            predicted = self(x, training=True)
            loss = self.compute_loss(y=y, y_pred=predicted)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss)
            else:
                metric.update_state(y, predicted)
        return {metric.name: metric.result() for metric in self.metrics}


@family("own train_step", "regression")
def robot_arm(rng: np.random.Generator) -> Script:
    """Where the tip of an arm with three joints is: tanh units and a training step of one's own."""
    n = 1200
    joints = rng.uniform(-1.2, 1.2, (n, 3))
    angles = np.cumsum(joints, 1)
    y = np.c_[np.cos(angles) @ [1.0, 0.7, 0.4], np.sin(angles) @ [1.0, 0.7, 0.4]]
    inputs = keras.Input((3,))
    h = layers.Dense(48, activation="tanh")(inputs)
    h = layers.Dense(48, activation="tanh")(h)
    model = OwnStep(inputs, layers.Dense(2)(h))
    return Script(model, f32(joints), f32(y + rng.normal(0, 0.05, y.shape)), "mse", 30, 32, ["mae"])


# ----------------------------------------------------------------------------------- images


@family("images", "multiclass")
def digits_convnet(rng: np.random.Generator) -> Script:
    """The simple convnet of keras.io, on the digits of scikit-learn."""
    x, y = digits(rng, 1200)
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(16, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(0.3),
            layers.Dense(10, activation="softmax"),
        ]
    )
    return Script(model, x, y, "sparse_categorical_crossentropy", 25, 48, ["accuracy"])


def draw_shape(rng: np.random.Generator, shape: int, width: int) -> np.ndarray:
    """A disc, a square, a cross or a ring somewhere in a noisy picture."""
    down, right = np.mgrid[:width, :width] - rng.uniform(5, width - 6, 2)[:, None, None]
    size = rng.uniform(3, 4.5)
    far, edge = np.hypot(down, right), np.maximum(abs(down), abs(right))
    near = np.minimum(abs(down), abs(right))
    ring = (far < size) & (far > size - 1.6)
    mask = (far < size, edge < 0.85 * size, (edge < size) & (near < 1), ring)[shape]
    return rng.uniform(0.6, 1) * mask + rng.normal(0, 0.1, (width, width))


@family("images", "multiclass")
def shapes(rng: np.random.Generator) -> Script:
    """Shapes in noisy pictures: convolutions with BatchNormalization and global pooling."""
    n, width = 800, 16
    y = rng.integers(0, 4, n).astype("int32")
    x = np.stack([draw_shape(rng, shape, width) for shape in y])[..., None]
    inputs = keras.Input((width, width, 1))
    h = inputs
    for filters in (12, 24, 32):
        h = layers.Conv2D(filters, 3, strides=2 if filters > 12 else 1, padding="same")(h)
        h = layers.BatchNormalization(momentum=0.9)(h)
        h = layers.Activation("relu")(h)
    h = layers.GlobalAveragePooling2D()(h)
    model = keras.Model(inputs, layers.Dense(4)(h))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return Script(model, f32(x), y, loss, 30, 32, ["accuracy"])


@family("images", "multiclass")
def digits_resnet(rng: np.random.Generator) -> Script:
    """A residual network without normalisation, which shrinks the branch instead."""
    x, y = digits(rng, 1000)
    inputs = keras.Input((8, 8, 1))
    h = layers.Conv2D(16, 3, padding="same")(inputs)
    for _ in range(4):
        branch = layers.Conv2D(16, 3, padding="same", activation="relu")(h)
        branch = layers.Conv2D(16, 3, padding="same")(branch)
        h = layers.Activation("relu")(layers.add([h, branch]))
    h = layers.GlobalAveragePooling2D()(layers.MaxPooling2D()(h))
    model = keras.Model(inputs, layers.Dense(10, activation="softmax")(h))
    return Script(model, x, y, "sparse_categorical_crossentropy", 30, 32, ["accuracy"])


@family("autoencoder", "regression")
def autoencoder(rng: np.random.Generator) -> Script:
    """The convolutional autoencoder of keras.io, on digits."""
    x, _ = digits(rng, 1500)
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(12, 3, strides=2, padding="same", activation="relu"),
            layers.Conv2D(8, 3, strides=2, padding="same", activation="relu"),
            layers.Conv2DTranspose(8, 3, strides=2, padding="same", activation="relu"),
            layers.Conv2DTranspose(12, 3, strides=2, padding="same", activation="relu"),
            layers.Conv2D(1, 3, padding="same", activation="sigmoid"),
        ]
    )
    return Script(model, x, x, "binary_crossentropy", 40, 64)


@family("dense prediction", "binary")
def blobs_unet(rng: np.random.Generator) -> Script:
    """A small U-Net that marks the bright blobs, not the dark ones."""
    n, width = 400, 16
    down, right = np.mgrid[:width, :width]
    x, y = rng.normal(0, 0.2, (n, width, width)), np.zeros((n, width, width))
    for i in range(n):
        for sign in (1, 1, 1, -1, -1):
            centre = rng.uniform(2, width - 2, 2)
            mask = np.hypot(down - centre[0], right - centre[1]) < rng.uniform(2, 4)
            x[i, mask] = sign * rng.uniform(0.5, 1) + rng.normal(0, 0.3, mask.sum())
            y[i, mask] = sign > 0
    inputs = keras.Input((width, width, 1))
    wide = layers.Conv2D(8, 3, padding="same", activation="relu")(inputs)
    deep = layers.Conv2D(16, 3, padding="same", activation="relu")(layers.MaxPooling2D()(wide))
    deep = layers.Conv2D(16, 3, padding="same", activation="relu")(deep)
    h = layers.concatenate([wide, layers.UpSampling2D()(deep)])
    h = layers.Conv2D(8, 3, padding="same", activation="relu")(h)
    model = keras.Model(inputs, layers.Conv2D(1, 1, activation="sigmoid")(h))
    return Script(model, f32(x[..., None]), f32(y[..., None]), "binary_crossentropy", 30, 16)


class Patches(layers.Layer):
    """Cuts images of 8 x 8 into 16 patches."""

    def call(self, images: Any) -> Any:
        parts = ops.reshape(images, (-1, 4, 2, 4, 2))
        return ops.reshape(ops.transpose(parts, (0, 1, 3, 2, 4)), (-1, 16, 4))


class Positions(layers.Layer):
    """Adds a learned vector for every position."""

    def build(self, shape: tuple) -> None:
        self.vectors = self.add_weight(shape=shape[1:], initializer="random_normal")

    def call(self, inputs: Any) -> Any:
        return inputs + self.vectors


@family("images", "multiclass")
def digits_vit(rng: np.random.Generator) -> Script:
    """A vision Transformer with LayerNormalization before every part."""
    x, y = digits(rng, 1000)
    inputs = keras.Input((8, 8, 1))
    h = Positions()(layers.Dense(24)(Patches()(inputs)))
    for _ in range(2):
        normal = layers.LayerNormalization(epsilon=1e-6)(h)
        h = layers.add([h, layers.MultiHeadAttention(2, 12)(normal, normal)])
        up = layers.Dense(48, activation="gelu")(layers.LayerNormalization(epsilon=1e-6)(h))
        h = layers.add([h, layers.Dense(24)(up)])
    h = layers.GlobalAveragePooling1D()(layers.LayerNormalization(epsilon=1e-6)(h))
    model = keras.Model(inputs, layers.Dense(10, activation="softmax")(h))
    return Script(model, x, y, "sparse_categorical_crossentropy", 25, 32, ["accuracy"])


# -------------------------------------------------------------------------------- sequences


@family("sequences", "regression")
def load_lstm(rng: np.random.Generator) -> Script:
    """The next value of a load curve: two waves, of which one drifts."""
    n, length = 800, 16
    start, drift = rng.uniform(0, 6.3, (2, n, 1)), rng.uniform(0.3, 0.6, (n, 1))
    time = np.arange(length + 1)
    wave = np.sin(start[0] + drift * time) + 0.5 * np.sin(start[1] + time)
    wave += rng.normal(0, 0.05, wave.shape)
    model = keras.Sequential([keras.Input((length, 1)), layers.LSTM(24), layers.Dense(1)])
    return Script(model, f32(wave[:, :-1, None]), f32(wave[:, -1:]), "mse", 40, 32)


@family("sequences", "multiclass")
def motion_gru(rng: np.random.Generator) -> Script:
    """Which of four motions an accelerometer saw: a bidirectional GRU."""
    n, length = 800, 20
    y = rng.integers(0, 4, n)
    time, start = np.arange(length), rng.uniform(0, 6.3, (n, 1))
    speed, shift = (0.35 + 0.35 * (y % 2))[:, None], np.where(y < 2, 0.8, -0.8)[:, None]
    first, second = np.sin(start + speed * time), np.sin(start + speed * time + shift)
    x = np.stack([first, second], -1) + rng.normal(0, 0.2, (n, length, 2))
    model = keras.Sequential(
        [
            keras.Input((length, 2)),
            layers.Bidirectional(layers.GRU(16)),
            layers.Dropout(0.2),
            layers.Dense(4, activation="softmax"),
        ]
    )
    loss = "categorical_crossentropy"
    return Script(model, f32(x), f32(np.eye(4)[y]), loss, 35, 32, ["accuracy"])


@family("sequences", "binary")
def engine_conv1d(rng: np.random.Generator) -> Script:
    """Engine noise with and without a fault (keras.io time series classification)."""
    n, length = 800, 48
    y = rng.integers(0, 2, n)
    time = np.arange(length)
    x = np.sin(rng.uniform(0, 6.3, (n, 1)) + rng.uniform(0.2, 0.4, (n, 1)) * time)
    knock = np.sin(rng.uniform(0, 6.3, (n, 1)) + 2.2 * time) * rng.uniform(0.4, 0.8, (n, 1))
    x += y[:, None] * knock + rng.normal(0, 0.3, (n, length))
    inputs = keras.Input((length, 1))
    h = inputs
    for _ in range(3):
        h = layers.Conv1D(16, 3, padding="same")(h)
        h = layers.BatchNormalization(momentum=0.9)(h)
        h = layers.ReLU()(h)
    h = layers.GlobalAveragePooling1D()(h)
    model = keras.Model(inputs, layers.Dense(1, activation="sigmoid")(h))
    return Script(model, f32(x[..., None]), column(y), "binary_crossentropy", 25, 32, ["accuracy"])


# ------------------------------------------------------------------------------------- text


@family("text", "multiclass")
def newswire(rng: np.random.Generator) -> Script:
    """Topics of short texts: an embedding, its mean, two dense layers."""
    x, y = topics(rng, 1200, 24, 400, 4)
    model = keras.Sequential(
        [
            keras.Input((24,), dtype="int32"),
            layers.Embedding(400, 16),
            layers.Dropout(0.2),
            layers.GlobalAveragePooling1D(),
            layers.Dense(32, activation="relu"),
            layers.Dropout(0.2),
            layers.Dense(4, activation="softmax"),
        ]
    )
    return Script(model, x, y, "sparse_categorical_crossentropy", 30, 32, ["accuracy"])


@family("text", "multiclass")
def text_transformer(rng: np.random.Generator) -> Script:
    """keras.io text classification with a Transformer, of four blocks with normalisation after."""
    x, y = topics(rng, 1000, 16, 120, 3)
    inputs = keras.Input((16,), dtype="int32")
    h = Positions()(layers.Embedding(120, 32)(inputs))
    for _ in range(4):
        h = layers.LayerNormalization()(layers.add([h, layers.MultiHeadAttention(2, 16)(h, h)]))
        feed = layers.Dense(32)(layers.Dense(64, activation="relu")(h))
        h = layers.LayerNormalization()(layers.add([h, feed]))
    h = layers.Dropout(0.1)(layers.GlobalAveragePooling1D()(h))
    h = layers.Dense(20, activation="relu")(h)
    model = keras.Model(inputs, layers.Dense(3, activation="softmax")(h))
    return Script(model, x, y, "sparse_categorical_crossentropy", 25, 32, ["accuracy"])


# ------------------------------------------------------------------ several outputs and inputs


@family("several outputs", "regression+multiclass")
def face(rng: np.random.Generator) -> Script:
    """Age and mood from the same features: two heads on one trunk."""
    n = 1000
    hidden = rng.normal(0, 1, (n, 3))
    x = np.tanh(hidden @ rng.normal(0, 0.8, (3, 24))) + rng.normal(0, 0.2, (n, 24))
    age = zscore(hidden[:, 0] * hidden[:, 1] + hidden[:, 2])
    mood = hidden.argmax(1).astype("int32")
    inputs = keras.Input((24,))
    h = layers.Dense(64, activation="relu")(inputs)
    h = layers.Dense(32, activation="relu")(h)
    outputs = {
        "age": layers.Dense(1, name="age")(h),
        "mood": layers.Dense(3, activation="softmax", name="mood")(h),
    }
    loss = {"age": "mse", "mood": "sparse_categorical_crossentropy"}
    y = {"age": column(age), "mood": mood}
    metrics = {"mood": ["accuracy"]}
    return Script(keras.Model(inputs, outputs), f32(x), y, loss, 35, 32, metrics)


@family("several inputs", "regression")
def sales(rng: np.random.Generator) -> Script:
    """Sales from a history and what is known of the shop: a convolution beside dense layers."""
    n, length = 1000, 12
    history = np.cumsum(rng.normal(0, 0.4, (n, length)), 1) + rng.normal(0, 1, (n, 1))
    shop = rng.normal(0, 1, (n, 4))
    y = history[:, -3:].mean(1) * (1 + 0.5 * shop[:, 0]) + shop[:, 1] + rng.normal(0, 0.1, n)
    series, table = keras.Input((length, 1), name="series"), keras.Input((4,), name="shop")
    left = layers.Conv1D(16, 3, activation="relu")(series)
    left = layers.Flatten()(layers.MaxPooling1D()(left))
    right = layers.Dense(16, activation="relu")(table)
    h = layers.Dense(48, activation="relu")(layers.concatenate([left, right]))
    model = keras.Model({"series": series, "shop": table}, layers.Dense(1)(h))
    x = {"series": f32(history[..., None]), "shop": f32(shop)}
    return Script(model, x, column(zscore(y)), "mse", 35, 32)


@family("recommender", "regression")
def movies(rng: np.random.Generator) -> Script:
    """Ratings from 0 to 1 as the dot product of two embeddings (keras.io collaborative filters)."""
    n, users, films = 2000, 50, 60
    user, film = rng.integers(0, users, n), rng.integers(0, films, n)
    taste, style = rng.normal(0, 1, (users, 3)), rng.normal(0, 1, (films, 3))
    liking = (taste[user] * style[film]).sum(1) + 0.5 * rng.normal(0, 1, films)[film]
    y = 1 / (1 + np.exp(-liking - rng.normal(0, 0.3, n)))
    ids = [keras.Input((1,), dtype="int32", name=name) for name in ("user", "film")]
    vectors, biases = [], []
    for count, name in zip((users, films), ids, strict=True):
        embed = layers.Embedding(count, 8, embeddings_initializer="he_normal")
        vectors.append(layers.Flatten()(embed(name)))
        biases.append(layers.Flatten()(layers.Embedding(count, 1)(name)))
    h = layers.add([layers.Dot(1)(vectors), *biases])
    model = keras.Model(ids, layers.Activation("sigmoid")(h))
    x = [user.astype("int32")[:, None], film.astype("int32")[:, None]]
    return Script(model, x, column(y), "mse", 40, 64)


# -------------------------------------------------------------------------------- optimizers

OPTIMIZERS: dict[str, Callable[[Rate], optimizers.Optimizer]] = {
    "SGD": lambda rate: optimizers.SGD(rate),
    "SGD+momentum": lambda rate: optimizers.SGD(rate, momentum=0.9),
    "SGD+momentum+clipnorm": lambda rate: optimizers.SGD(rate, momentum=0.9, clipnorm=1.0),
    "SGD+nesterov": lambda rate: optimizers.SGD(rate, momentum=0.9, nesterov=True),
    "Adam": lambda rate: optimizers.Adam(rate),
    "Adam+clipnorm": lambda rate: optimizers.Adam(rate, clipnorm=1.0),
    "AdamW": lambda rate: optimizers.AdamW(rate, weight_decay=1e-4),
    "RMSprop": lambda rate: optimizers.RMSprop(rate),
    "Nadam": lambda rate: optimizers.Nadam(rate),
    "Nadam+clipnorm": lambda rate: optimizers.Nadam(rate, clipnorm=1.0),
    "Adagrad": lambda rate: optimizers.Adagrad(rate),
    "Adamax": lambda rate: optimizers.Adamax(rate),
    "Lion": lambda rate: optimizers.Lion(rate),
    "Adadelta": lambda rate: optimizers.Adadelta(rate),
    "Lamb": lambda rate: optimizers.Lamb(rate),
    "Ftrl": lambda rate: optimizers.Ftrl(rate),
    "Muon": lambda rate: optimizers.Muon(rate),
}


# --------------------------------------------------------------------------------- schedules


class Noam(optimizers.schedules.LearningRateSchedule):
    """The schedule of "Attention is all you need"; without `warm_up` it only falls."""

    def __init__(self, scale: float, warm_up: int | None) -> None:
        self.scale, self.warm_up = scale, warm_up

    def __call__(self, step: Any) -> Any:
        step = ops.cast(step, "float32") + 1.0
        fall = 1.0 / ops.sqrt(step)
        if self.warm_up is None:
            return self.scale * fall
        return self.scale * ops.minimum(fall, step * self.warm_up**-1.5)

    def get_config(self) -> dict:
        return {"scale": self.scale, "warm_up": self.warm_up}


def exponential(rate: float, steps: int) -> Rate:
    return optimizers.schedules.ExponentialDecay(rate, max(1, steps // 10), 0.75)


def cosine(rate: float, steps: int) -> Rate:
    return optimizers.schedules.CosineDecay(rate, steps)


def piecewise(rate: float, steps: int) -> Rate:
    bounds = [int(steps * part) for part in (0.5, 0.75, 0.9)]
    values = [rate, rate / 10, rate / 100, rate / 1e4]
    return optimizers.schedules.PiecewiseConstantDecay(bounds, values)


def polynomial(rate: float, steps: int) -> Rate:
    return optimizers.schedules.PolynomialDecay(rate, steps, end_learning_rate=0.0, power=2.0)


def warm_cosine(rate: float, steps: int, warm: int | None = None) -> Rate:
    """Linear warm-up, over a tenth of the steps unless told, then a cosine down to zero."""
    warm = warm or steps // 10
    return optimizers.schedules.CosineDecay(
        0.0, steps - warm, warmup_target=rate, warmup_steps=warm
    )


# The shapes that a schedule may have, from the rate and the number of steps it is made for.
SHAPES: dict[str, Callable[[float, int], Rate]] = {
    "constant": lambda rate, steps: rate,
    "exponential": exponential,
    "cosine": cosine,
    "piecewise": piecewise,
    "polynomial": polynomial,
    "warm cosine": warm_cosine,
}


def by_epoch(speed: float) -> Callable[[int, float], float]:
    """A fall by 5 % an epoch, `speed` times as fast: `exp(-5)` where `exp(-0.05)` was meant."""
    return lambda epoch, rate: rate if epoch < 1 else rate * math.exp(-0.05 * speed)


# ------------------------------------------------------------------------------- other faults


def with_kernel(script: Script) -> list[layers.Layer]:
    return [layer for layer in script.model.layers if hasattr(layer, "kernel")]


def dead_relu(script: Script, rng: np.random.Generator) -> None:
    """A large negative bias: no unit of the hidden layers is ever on."""
    for layer in with_kernel(script)[:-1]:
        layer.bias.assign(np.full(layer.bias.shape, -20.0))


def zero_weights(script: Script, rng: np.random.Generator) -> None:
    for layer in with_kernel(script):
        layer.kernel.assign(np.zeros(layer.kernel.shape))


def shuffled_targets(script: Script, rng: np.random.Generator) -> None:
    script.y = script.y[rng.permutation(len(script.y))]


def unscaled_inputs(script: Script, rng: np.random.Generator) -> None:
    script.x = keras.tree.map_structure(lambda a: a * 1e4, script.x)


def percent_targets(script: Script, rng: np.random.Generator) -> None:
    """Targets of 0 to 100 for a sigmoid head."""
    script.y = script.y * 100


def saturated_tanh(script: Script, rng: np.random.Generator) -> None:
    """Weights of standard deviation 50."""
    for layer in with_kernel(script):
        layer.kernel.assign(rng.normal(0, 50, layer.kernel.shape))


def frozen(script: Script, rng: np.random.Generator) -> None:
    """All layers but the head frozen, as for fine-tuning, but nothing has been trained before."""
    for layer in script.model.layers[:-1]:
        layer.trainable = False


def unknown_words(script: Script, rng: np.random.Generator) -> None:
    """The vocabulary was never adapted: every word is the unknown one."""
    script.x = np.ones_like(script.x)


OTHER: dict[str, Callable[[Script, np.random.Generator], None]] = {
    made.__name__: made
    for made in (
        dead_relu,
        zero_weights,
        shuffled_targets,
        unscaled_inputs,
        percent_targets,
        saturated_tanh,
        frozen,
        unknown_words,
    )
}


# ---------------------------------------------------------------------------------- programs


@dataclass(frozen=True)
class Program:
    """A script with an optimizer and one fault.

    Attributes:
        script: Name of the healthy script, a key of `FAMILIES`.
        optimizer: A key of `OPTIMIZERS`.
        rate: The learning rate of the healthy twin, the peak of its schedule if it has one.
        fault: `too_high`, `too_low`, `decays`, `warm_up`, `schedule_high`, `schedule_low`, `other`.
        factor: How many times too high or too low the rate is; for `decays`, how many times too
            fast it falls (the steps of an epoch, where epochs were counted instead of steps); for
            `warm_up`, how many steps of warm-up are missing.
        shape: A key of `SHAPES`, or `callback` or `noam`; a key of `OTHER` for other faults.
        plateau: Whether the script already has a `ReduceLROnPlateau`.
    """

    script: str
    optimizer: str
    rate: float
    fault: str
    factor: float = 1.0
    shape: str = "constant"
    plateau: bool = False

    @property
    def id(self) -> str:
        name = f"{self.script}-{self.fault}-{self.optimizer}-{self.shape}".removesuffix("-constant")
        return name.lower().replace("_", "-").replace(" ", "-").replace("+", "-")

    @property
    def kind(self) -> str:
        return FAMILIES[self.script].kind

    @property
    def task(self) -> str:
        return FAMILIES[self.script].task

    def make(self, healthy: bool, seed: int) -> tuple[keras.Model, Any, Any, dict]:
        """The compiled model, inputs, targets and the arguments of `fit`."""
        rng = np.random.default_rng(seed)
        script = FAMILIES[self.script].write(rng)
        if self.fault == "other" and not healthy:
            OTHER[self.shape](script, rng)
        rate, callbacks = self.learning_rate(script, healthy)
        script.model.compile(
            optimizer=OPTIMIZERS[self.optimizer](rate),
            loss=script.loss,
            metrics=script.metrics,
            jit_compile=False,
        )
        arguments = dict(epochs=script.epochs, batch_size=script.batch_size, callbacks=callbacks)
        return script.model, script.x, script.y, arguments

    def learning_rate(self, script: Script, healthy: bool) -> tuple[Rate, Callbacks]:
        """What the optimizer is given, and the script's own callbacks."""
        callbacks: Callbacks = []
        if self.plateau:
            callbacks.append(keras.callbacks.ReduceLROnPlateau("loss", patience=5))
        if self.shape == "callback":
            speed = 1.0 if healthy else self.factor
            callbacks.append(keras.callbacks.LearningRateScheduler(by_epoch(speed)))
        return self.optimizer_rate(script.epochs * script.steps_per_epoch, healthy), callbacks

    def optimizer_rate(self, steps: int, healthy: bool) -> Rate:
        if self.shape == "noam":
            return Noam(self.rate, int(self.factor) if healthy else None)
        if self.fault == "warm_up":
            return warm_cosine(self.rate, steps, int(self.factor)) if healthy else self.rate
        shape = SHAPES.get(self.shape, SHAPES["constant"])
        if healthy or self.fault == "other" or self.shape == "callback":
            return shape(self.rate, steps)
        if self.fault == "decays":
            return shape(self.rate, round(steps / self.factor))
        high = self.fault in ("too_high", "schedule_high")
        return shape(self.rate * self.factor if high else self.rate / self.factor, steps)


# Every script with three to five faults. The rates are those of scripts that work.
TABLE = [
    Program("houses", "SGD", 0.05, "too_high", 30),
    Program("houses", "Adam", 0.002, "too_low", 3000),
    Program("houses", "Adam", 0.001, "decays", 24, "polynomial"),
    Program("houses", "AdamW", 0.002, "schedule_high", 300, "warm cosine"),
    Program("diabetes", "SGD+momentum", 0.01, "too_high", 300),
    Program("diabetes", "SGD", 0.03, "too_low", 300, plateau=True),
    Program("diabetes", "RMSprop", 0.0005, "decays", 28, "exponential"),
    Program("diabetes", "Nadam", 0.002, "schedule_low", 1000, "exponential"),
    Program("cancer", "Ftrl", 0.1, "too_low", 3000),
    Program("cancer", "Adagrad", 0.02, "too_low", 100000),
    Program("cancer", "Nadam", 0.001, "too_high", 1000),
    Program("cancer", "Adam", 0.001, "decays", 100, "callback"),
    Program("visits", "Adam+clipnorm", 0.002, "too_high", 1000),
    Program("visits", "SGD+nesterov", 0.002, "too_low", 300),
    Program("visits", "SGD+momentum+clipnorm", 0.01, "schedule_high", 300, "exponential"),
    Program("visits", "RMSprop", 0.001, "schedule_low", 1000, "warm cosine"),
    Program("papers", "Lion", 0.0005, "too_high", 3000),
    Program("papers", "Nadam", 0.001, "too_low", 3000),
    Program("papers", "Adamax", 0.003, "schedule_low", 1000, "warm cosine"),
    Program("robot_arm", "Adagrad", 0.05, "too_high", 1000),
    Program("robot_arm", "SGD+momentum", 0.02, "too_low", 3000),
    Program("robot_arm", "Adamax", 0.002, "decays", 38, "polynomial"),
    Program("robot_arm", "RMSprop", 0.001, "schedule_low", 1000, "exponential"),
    Program("digits_convnet", "Adam", 0.002, "too_high", 300, plateau=True),
    Program("digits_convnet", "Adadelta", 1.0, "too_low", 1000),
    Program("digits_convnet", "SGD+momentum", 0.02, "decays", 25, "piecewise"),
    Program("digits_convnet", "AdamW", 0.002, "schedule_high", 300, "exponential"),
    Program("shapes", "RMSprop", 0.001, "too_high", 3000),
    Program("shapes", "Adam", 0.002, "too_low", 30000),
    Program("shapes", "Nadam", 0.0005, "decays", 25, "cosine"),
    Program("digits_resnet", "SGD+momentum", 0.01, "too_high", 100),
    Program("digits_resnet", "SGD+nesterov", 0.01, "too_low", 3000),
    Program("digits_resnet", "Adam", 0.02, "warm_up", 200, "warm cosine"),
    Program("digits_resnet", "Muon", 0.003, "schedule_low", 1000, "warm cosine"),
    Program("autoencoder", "Muon", 0.003, "too_high", 1000),
    Program("autoencoder", "RMSprop", 0.002, "too_low", 3000, plateau=True),
    Program("autoencoder", "Adam", 0.003, "decays", 100, "callback"),
    Program("autoencoder", "Nadam+clipnorm", 0.003, "schedule_high", 300, "warm cosine"),
    Program("blobs_unet", "Adam", 0.002, "too_high", 1000),
    Program("blobs_unet", "Adamax", 0.004, "too_low", 3000),
    Program("blobs_unet", "AdamW", 0.002, "schedule_low", 1000, "exponential"),
    Program("digits_vit", "Adam", 0.002, "too_high", 100),
    Program("digits_vit", "AdamW", 0.002, "too_low", 3000),
    Program("digits_vit", "Adam", 0.04, "warm_up", 200, "warm cosine"),
    Program("digits_vit", "AdamW", 0.2, "warm_up", 4000, "noam"),
    Program("digits_vit", "Adam", 0.002, "schedule_high", 300, "warm cosine"),
    Program("load_lstm", "Adam+clipnorm", 0.003, "too_high", 1000),
    Program("load_lstm", "SGD+momentum", 0.03, "too_low", 300),
    Program("load_lstm", "Adam", 0.001, "decays", 25, "cosine"),
    Program("load_lstm", "Adamax", 0.005, "schedule_low", 3000, "exponential"),
    Program("motion_gru", "RMSprop", 0.003, "too_high", 1000),
    Program("motion_gru", "Lamb", 0.01, "too_low", 3000),
    Program("motion_gru", "Adam+clipnorm", 0.003, "schedule_high", 1000, "warm cosine"),
    Program("engine_conv1d", "Lion", 0.0005, "too_high", 3000),
    Program("engine_conv1d", "SGD", 0.05, "too_low", 3000),
    Program("engine_conv1d", "Nadam", 0.002, "schedule_low", 30000, "warm cosine"),
    Program("newswire", "Adam", 0.003, "too_high", 300),
    Program("newswire", "Adagrad", 0.2, "too_low", 30),
    Program("newswire", "Adamax", 0.005, "decays", 38, "polynomial"),
    Program("newswire", "RMSprop", 0.003, "schedule_high", 300, "exponential"),
    Program("text_transformer", "Adam", 0.005, "warm_up", 200, "warm cosine"),
    Program("text_transformer", "Adam", 0.177, "warm_up", 4000, "noam"),
    Program("text_transformer", "Nadam", 0.006, "warm_up", 200, "warm cosine"),
    Program("text_transformer", "AdamW", 0.001, "too_low", 3000),
    Program("text_transformer", "Adam+clipnorm", 0.001, "schedule_high", 300, "warm cosine"),
    Program("face", "SGD+momentum+clipnorm", 0.02, "too_high", 300),
    Program("face", "Lion", 0.0005, "too_low", 3000),
    Program("face", "Lamb", 0.01, "schedule_low", 1000, "exponential"),
    Program("sales", "Lamb", 0.01, "too_high", 1000),
    Program("sales", "Muon", 0.003, "too_low", 100000),
    Program("sales", "SGD", 0.02, "schedule_low", 1000, "exponential"),
    Program("movies", "SGD+momentum", 0.5, "too_low", 30),
    Program("movies", "Adam", 0.01, "too_high", 1000),
    Program("movies", "Adam", 0.01, "schedule_high", 300, "warm cosine"),
    Program("houses", "Adam", 0.002, "other", shape="dead_relu"),
    Program("diabetes", "Adam", 0.002, "other", shape="zero_weights"),
    Program("digits_convnet", "Adam", 0.002, "other", shape="shuffled_targets"),
    Program("sales", "Adam", 0.002, "other", shape="unscaled_inputs"),
    Program("movies", "Adam", 0.01, "other", shape="percent_targets"),
    Program("robot_arm", "Adam", 0.003, "other", shape="saturated_tanh"),
    Program("text_transformer", "Adam", 0.001, "other", shape="frozen"),
    Program("newswire", "Adam", 0.003, "other", shape="unknown_words"),
]

PROGRAMS: dict[str, Program] = {program.id: program for program in TABLE}
