"""Classes of images, small nets: the fault lies in the training, the scales or the rows."""

import keras
import numpy as np
from keras import callbacks, constraints, initializers, layers, ops, optimizers, regularizers
from sklearn import datasets

from .data import (
    digit_images,
    digit_images_int32,
    digits,
    first_digits,
    gratings,
    images,
    pictures,
    raw_digit_images_int32,
    raw_digits,
    scattered_digits,
)
from .registry import program
from .tools import col, f32, mlp, onehot, seq, small_cnn


# sim: 8-bit images are scaled by an integer division: every pixel becomes 0.
@program(
    "sim-integer-division",
    "multiclass",
    "scce",
    where="data",
    came_in="programs",
    # All pixels are 0.
    causes=("constant_input",),
)
def sim_integer_division(r, fixed):
    x, y = digits(image=True)
    x = (250 * x).astype("uint8")
    x = x / 255 if fixed else x // 255
    m = seq(
        (8, 8, 1),
        layers.Conv2D(16, 3, activation="relu"),
        layers.Flatten(),
        layers.Dense(32, activation="relu"),
        layers.Dense(10, activation="softmax"),
    )
    m.compile(optimizers.Adam(0.003), "sparse_categorical_crossentropy")
    return m, f32(x), y, dict(batch_size=64, epochs=10)


# sim: label smoothing of 1.0: the targets are uniform and carry no label.
@program(
    "sim-label-smoothing-1",
    "multiclass",
    "cce",
    where="data",
    came_in="programs",
    # Label smoothing of 1 makes all targets uniform.
    causes=("invalid_target", "over_regularization"),
)
def sim_label_smoothing_1(r, fixed):
    x, y = digits()
    m = mlp(64, [32], n_out=10, head="softmax")
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=0.1 if fixed else 1.0)
    m.compile(optimizers.Adam(0.003), loss)
    return m, x, onehot(y, 10), dict(batch_size=64, epochs=15)


# sim: AdamW with weight decay 50 on a CNN: the weights shrink faster than they learn.
@program(
    "sim-weight-decay-50",
    "multiclass",
    "scce",
    where="model",
    came_in="programs",
    # Weight decay 50.
    causes=("over_regularization",),
)
def sim_weight_decay_50(r, fixed):
    x, y = digits(image=True)
    m = seq(
        (8, 8, 1),
        layers.Conv2D(16, 3, activation="relu"),
        layers.Flatten(),
        layers.Dense(32, activation="relu"),
        layers.Dense(10, activation="softmax"),
    )
    m.compile(
        optimizers.AdamW(0.01 if not fixed else 0.003, weight_decay=0.01 if fixed else 50.0),
        "sparse_categorical_crossentropy",
    )
    return m, x, y, dict(batch_size=64, epochs=10)


# sim: gradients clipped to a norm of 1e-5: SGD does not move.
@program(
    "sim-clipnorm-tiny",
    "multiclass",
    "cce",
    where="model",
    came_in="programs",
    # Gradients clipped to 1e-5: no movement. Alone: a rate of 1,000 repairs.
    causes=("learning_rate_too_low",),
)
def sim_clipnorm_tiny(r, fixed):
    x, y = digits()
    m = mlp(64, [32, 32], n_out=10, head="softmax")
    m.compile(optimizers.SGD(0.1, clipnorm=1.0 if fixed else 1e-5), "categorical_crossentropy")
    return m, x, onehot(y, 10), dict(batch_size=32, epochs=10)


# sim: training is fine until a schedule multiplies the learning rate by 100: one class for ever.
@program(
    "sim-late-rate-jump",
    "multiclass",
    "scce",
    where="model",
    came_in="programs",
    # The schedule jumps to 10. State: all ReLUs dead.
    causes=("learning_rate_too_high", "dead_relu"),
)
def sim_late_rate_jump(r, fixed):
    x, y = digits()
    m = mlp(64, [32], n_out=10, head="softmax")
    jump = optimizers.schedules.PiecewiseConstantDecay([280], [0.1, 0.05 if fixed else 10.0])
    m.compile(optimizers.SGD(jump), "sparse_categorical_crossentropy")
    return m, x, y, dict(batch_size=32, epochs=12)


# sim: the wrong end of the model was frozen: a zero-initialised head that may not learn.
@program(
    "sim-frozen-head",
    "multiclass",
    "scce",
    where="structure",
    came_in="programs",
    # Head of zeros, frozen.
    causes=("no_gradient", "constant_initialization"),
)
def sim_frozen_head(r, fixed):
    x, y = digits(image=True)
    head = layers.Dense(10, activation="softmax", kernel_initializer="zeros")
    body = layers.Conv2D(16, 3, activation="relu")
    (body if fixed else head).trainable = False
    m = seq((8, 8, 1), body, layers.MaxPooling2D(), layers.Flatten(), head)
    m.compile(optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    return m, x, y, dict(batch_size=64, epochs=10)


# sim: CNN with Adam at 0.5.
@program(
    "sim-cnn-adam-half",
    "multiclass",
    "scce",
    where="model",
    came_in="programs",
    # Adam 0.5. State: all ReLUs dead.
    causes=("learning_rate_too_high", "dead_relu"),
)
def sim_cnn_adam_half(r, fixed):
    x, y = digits(image=True)
    m = seq(
        (8, 8, 1),
        layers.Conv2D(16, 3, activation="relu"),
        layers.Conv2D(16, 3, activation="relu"),
        layers.Flatten(),
        layers.Dense(32, activation="relu"),
        layers.Dense(10, activation="softmax"),
    )
    m.compile(optimizers.Adam(0.003 if fixed else 0.5), "sparse_categorical_crossentropy")
    return m, x, y, dict(batch_size=64, epochs=8)


# Biases set to -20 in every layer, meant for the head only (rare-class prior). CNN.
@program(
    "relu-negative-biases",
    "multiclass",
    "scce",
    where="model",
    came_in="by_cause",
    # Biases of -20: every unit below zero from the start.
    causes=("dead_relu",),
)
def relu_negative_biases(r, fixed):
    x, y = digits(image=True)
    bias = initializers.Constant(0.0 if fixed else -20.0)
    m = small_cnn(10, "softmax", bias_initializer=bias)
    m.compile(optimizers.Adam(0.003), "sparse_categorical_crossentropy")
    return m, x, y, dict(batch_size=64, epochs=10)


# All weights drawn from 0..1: with pixels in 0..1 the second layer's sigmoids are exactly 1.
@program(
    "sigmoid-positive-weights",
    "multiclass",
    "scce",
    where="model",
    came_in="by_cause",
    # Weights in 0..1: the second layer is exactly 1 everywhere.
    causes=("saturated_activation",),
)
def sigmoid_positive_weights(r, fixed):
    x, y = digits()
    init = "glorot_uniform" if fixed else initializers.RandomUniform(0.0, 1.0)
    m = mlp(64, [64, 64], "sigmoid", 10, "softmax", kernel_initializer=init)
    m.compile(optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    return m, x, y, dict(batch_size=64, epochs=15)


# The image array was allocated with zeros and filled in a copy.
@program(
    "constant-unfilled-array",
    "multiclass",
    "cce",
    where="data",
    came_in="by_cause",
    # Images all zero.
    causes=("constant_input",),
)
def constant_unfilled_array(r, fixed):
    x, y = digits(image=True)
    m = small_cnn(10, "softmax")
    m.compile(optimizers.Adam(0.003), "categorical_crossentropy")
    return m, x if fixed else np.zeros_like(x), onehot(y, 10), dict(batch_size=64, epochs=8)


# argmax over an axis of length 1: every digit becomes class 0.
@program(
    "labels-argmax-axis",
    "multiclass",
    "scce",
    where="data",
    came_in="by_cause",
    # One class only.
    causes=("invalid_target", "imbalanced_target"),
)
def labels_argmax_axis(r, fixed):
    x, y = digits(image=True)
    coded = onehot(y, 10)
    read = coded.argmax(-1) if fixed else coded[..., None].argmax(-1)[:, 0]
    m = small_cnn(10, "softmax")
    m.compile(optimizers.Adam(0.003), "sparse_categorical_crossentropy")
    return m, x, read, dict(batch_size=64, epochs=8), y


# set_weights with zeros "to start from a clean state". CNN.
@program(
    "zeros-reset-weights",
    "multiclass",
    "scce",
    where="model",
    came_in="by_cause",
    # All weights set to zero.
    causes=("constant_initialization",),
)
def zeros_reset_weights(r, fixed):
    x, y = digits(image=True)
    m = small_cnn(10, "softmax")
    if not fixed:
        m.set_weights([np.zeros_like(w) for w in m.get_weights()])
    m.compile(optimizers.Adam(0.003), "sparse_categorical_crossentropy")
    return m, x, y, dict(batch_size=64, epochs=8)


@program("long-cnn-high-rate", "multiclass", "scce", where="model", came_in="long_epochs")
def long_cnn_high_rate(rng, fixed):
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


class WeightClip(constraints.Constraint):
    """The weight clipping of the WGAN tutorial."""

    def __init__(self, limit):
        self.limit = limit

    def __call__(self, w):
        return ops.clip(w, -self.limit, self.limit)


# WGAN's weight clipping copied to a classifier.
@program("wgan-clip-classifier", "multiclass", "scce", where="model", came_in="1")
def wgan_clip_classifier(r, fixed):
    x, y = raw_digit_images_int32()
    c = WeightClip(0.01 if not fixed else 1.0)
    m = seq(
        (8, 8, 1),
        layers.Rescaling(1 / 16),
        layers.Conv2D(16, 3, activation="relu", kernel_constraint=c),
        layers.Conv2D(32, 3, activation="relu", kernel_constraint=c),
        layers.Flatten(),
        layers.Dense(32, activation="relu", kernel_constraint=c),
        layers.Dense(10, activation="softmax", kernel_constraint=c),
    )
    m.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return m, x, y, dict(batch_size=64, epochs=10)


class Patches(keras.utils.PyDataset):
    """A generator as in the Keras documentation (without shuffling)."""

    def __init__(self, x, y, batch):
        super().__init__()
        self.x, self.y, self.batch = x, y, batch

    def __len__(self):
        return -(-len(self.x) // self.batch)

    def __getitem__(self, i):
        at = slice(i * self.batch, (i + 1) * self.batch)
        return self.x[at], self.y[at]


# A PyDataset generator feeds a CNN trained with Nadam at 0.2.
@program("generator-cnn-nadam", "multiclass", "cce", where="model", came_in="1")
def generator_cnn_nadam(r, fixed):
    x, y = raw_digit_images_int32()
    order = r.permutation(len(x))
    x, y = x[order] / 16, y[order]
    m = seq(
        (8, 8, 1),
        layers.Conv2D(32, 3, activation="relu"),
        layers.Conv2D(32, 3, activation="relu"),
        layers.Flatten(),
        layers.Dense(64, activation="relu"),
        layers.Dropout(0.3),
        layers.Dense(10, activation="softmax"),
    )
    m.compile(optimizers.Nadam(0.2 if not fixed else 0.002), "categorical_crossentropy")
    return m, Patches(x, f32(np.eye(10)[y]), 64), None, dict(epochs=8), y


# Conv3D on little video volumes (which way does the blob move?), SGD with momentum 0.99.
@program("video-conv3d-momentum-99", "multiclass", "scce", where="model", came_in="2")
def video_conv3d_momentum_99(r, fixed):
    n, s, f = 400, 10, 5
    y = r.integers(0, 4, n)
    step = np.array([[0, 1], [0, -1], [1, 0], [-1, 0]])[y]
    c = r.uniform(3, 6, (n, 2))
    g = np.mgrid[:s, :s].reshape(2, -1).T
    at = c[:, None] + (np.arange(f)[None, :, None] - 2) * step[:, None]
    x = np.exp(-((g[None, None] - at[:, :, None]) ** 2).sum(-1) / 3).reshape(n, f, s, s, 1)
    x = f32(x + r.normal(0, 0.05, x.shape))
    m = seq(
        (f, s, s, 1),
        layers.Conv3D(8, 3, padding="same", activation="relu"),
        layers.MaxPooling3D((1, 2, 2)),
        layers.Conv3D(16, 3, activation="relu"),
        layers.Flatten(),
        layers.Dense(32, activation="relu"),
        layers.Dense(4, activation="softmax"),
    )
    m.compile(
        optimizers.SGD(0.02 if fixed else 0.1, momentum=0.8 if fixed else 0.99),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return m, x, y.astype("int32"), dict(batch_size=16, epochs=15)


# Rescaling(1/255) on pictures that were already 0..1; SGD, hinge loss on one-hot labels.
@program("rescaled-twice-hinge", "multiclass", "categorical_hinge", where="model", came_in="2")
def rescaled_twice_hinge(r, fixed):
    x, y = raw_digit_images_int32()
    m = seq(
        (8, 8, 1),
        layers.Rescaling(1.0 if fixed else 1 / 255),
        layers.Conv2D(16, 3, activation="relu"),
        layers.AveragePooling2D(2),
        layers.Flatten(),
        layers.Dense(48, activation="relu"),
        layers.Dense(10),
    )
    m.compile(optimizers.SGD(0.01, momentum=0.5), "categorical_hinge", metrics=["accuracy"])
    return m, x / 16, np.eye(10, dtype="float32")[y], dict(batch_size=32, epochs=15)


# From memory of the cats-and-dogs questions where the loss sits at 7.6 to 8: augmentation layers,
# pixels 0 to 255, Adam with a rate of 0.05; after some batches every picture is a dog.
@program("cats-dogs-augmented", "binary", "bce", where="model", came_in="3a")
def cats_dogs_augmented(r, fixed):
    n, w = 600, 20
    t = r.random(n) < 0.5
    x = r.uniform(0, 90, (n, w, w, 3))
    for i in range(n):
        a, b = r.integers(0, w - 8, 2)
        tall = (8, 3) if t[i] else (5, 5)
        x[i, a : a + tall[0], b : b + tall[1]] += 110 if t[i] else 165
    model = keras.Sequential([keras.Input((w, w, 3)), layers.RandomFlip("horizontal")])
    if fixed:
        model.add(layers.Rescaling(1 / 255))
    for f in (8, 16):
        model.add(layers.Conv2D(f, 3, activation="relu"))
        model.add(layers.MaxPooling2D(2))
    model.add(layers.Flatten())
    model.add(layers.Dense(64, activation="relu"))
    model.add(layers.Dense(1, activation="sigmoid"))
    model.compile(
        optimizers.Adam(0.002 if fixed else 0.05), "binary_crossentropy", metrics=["accuracy"]
    )
    return model, f32(x), f32(t)[:, None], dict(batch_size=20, epochs=12)


# DeepCrime "change batch size": a digits CNN whose rate suits batches of 32 is run row by row.
@program(
    "DC-batch-size-1-cnn",
    "multiclass",
    "scce",
    where="model",
    came_in="3b",
    origin="published study",
)
def dc_batch_size_1_cnn(r, fixed):
    x, y = first_digits(500)
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(12, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(32, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(optimizers.SGD(0.1, momentum=0.9), "sparse_categorical_crossentropy")
    return model, x, y, dict(epochs=15 if fixed else 8, batch_size=32 if fixed else 1)


# Keras issue 741: several labels for one colour photograph; after training on bytes with the SGD
# line of the CIFAR example the outputs were all zero, or 1e-291.
@program("GH-keras-741", "multilabel", "bce", where="model", came_in="4a", origin="public thread")
def gh_keras_741(r, fixed):
    n, q = 800, 5
    y = (r.random((n, q)) < 0.3).astype("float32")
    x = r.integers(0, 120, (n, 16, 16, 3)).astype("float32")
    for i, j in zip(*np.nonzero(y), strict=True):
        a, b = r.integers(0, 10, 2)
        x[i, a : a + 6, b : b + 6] += 120 * np.array([[1, 0, 0], [0, 1, 0], [0, 0, 1]] * 2)[j]
        if j > 2:
            x[i, a : a + 6 : 2, b : b + 6] = 0
    if fixed:
        x = x / 255
    m = keras.Sequential(
        [
            keras.Input((16, 16, 3)),
            layers.Conv2D(16, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(q, activation="sigmoid"),
        ]
    )
    m.compile(optimizers.SGD(0.01, momentum=0.9, nesterov=True), "binary_crossentropy")
    cb = [callbacks.ReduceLROnPlateau(monitor="loss", factor=0.5, patience=5)]
    return m, x, y, dict(epochs=30, batch_size=32, callbacks=cb)


# SGD with the numbers of a paper, momentum 0.9 and weight decay 5e-4, given in the wrong order.
@program("decay-and-momentum-swapped", "multiclass", "focal", where="model", came_in="4a")
def decay_and_momentum_swapped(r, fixed):
    d = datasets.load_digits()
    x = f32(d.images / 16)[..., None]
    m = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(16, 3, activation="relu"),
            layers.Conv2D(32, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    mom, dec = (0.9, 5e-4) if fixed else (5e-4, 0.9)
    m.compile(
        optimizers.SGD(0.05, momentum=mom, weight_decay=dec), "categorical_focal_crossentropy"
    )
    return m, x, onehot(d.target, 10), dict(epochs=12, batch_size=64)


# The LeNet chapter of a popular course: sigmoid layers, for which it asks a rate of 0.9.
# Copied with the 'sgd' string and its default of 0.01; Adam gets through the plateau.
@program("d2l-lenet-sigmoid-default-sgd", "multiclass", "scce", where="model", came_in="4b")
def d2l_lenet_sigmoid_default_sgd(r, fixed):
    x, y = digit_images_int32()
    model = seq(
        (8, 8, 1),
        layers.Conv2D(6, 5, padding="same", activation="sigmoid"),
        layers.AveragePooling2D(2),
        layers.Conv2D(16, 3, padding="same", activation="sigmoid"),
        layers.Flatten(),
        layers.Dense(120, activation="sigmoid"),
        layers.Dense(84, activation="sigmoid"),
        layers.Dense(10, activation="softmax"),
    )
    opt = optimizers.Adam(0.005) if fixed else "sgd"
    model.compile(opt, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, x, y, dict(epochs=20, batch_size=32)


# Old code had SGD(decay=1e-6). The new schedule object was given decay_rate=1 and
# decay_steps=1, so the rate is divided by the number of steps.
@program("inverse-time-decay-each-step", "multiclass", "cce", where="model", came_in="4b")
def inverse_time_decay_each_step(r, fixed):
    x, y = digit_images_int32()
    rate = optimizers.schedules.InverseTimeDecay(
        0.01, decay_steps=1, decay_rate=1e-6 if fixed else 1.0
    )
    model = seq(
        (8, 8, 1),
        layers.Conv2D(16, 3, activation="relu"),
        layers.Conv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(2),
        layers.Flatten(),
        layers.Dense(64, activation="relu"),
        layers.Dropout(0.25),
        layers.Dense(10, activation="softmax"),
    )
    model.compile(optimizers.SGD(rate), "categorical_crossentropy", metrics=["accuracy"])
    return model, x, onehot(y, 10), dict(epochs=20, batch_size=32)


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
@program("shapes-sgd-arguments-swapped", "multiclass", "scce", where="model", came_in="4b")
def shapes_sgd_arguments_swapped(r, fixed):
    x, y = shapes(r, 1000)
    model = seq(
        (16, 16, 1),
        layers.Conv2D(16, 3, activation="relu"),
        layers.MaxPooling2D(2),
        layers.Conv2D(32, 3, activation="relu"),
        layers.MaxPooling2D(2),
        layers.Flatten(),
        layers.Dense(128, activation="relu"),
        layers.Dense(64, activation="relu"),
        layers.Dense(3, activation="softmax"),
    )
    opt = optimizers.SGD(0.01, 0.9) if fixed else optimizers.SGD(0.9, 0.01)
    model.compile(opt, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, x, y, dict(epochs=10, batch_size=32)


@program("warmup-in-samples", "multiclass", "scce", where="model", came_in="5a")
def warmup_in_samples(r, fixed):
    """Warm-up length counted in samples (n * epochs) where the schedule counts steps: the rate
    never gets off the ground."""
    X, t = digit_images()
    n, ep, bs = len(X), 20, 64
    total = (n // bs + 1) * ep
    s = optimizers.schedules.CosineDecay(
        0.0, total, warmup_target=0.05, warmup_steps=(total // 10 if fixed else n * ep)
    )
    m = seq(
        (8, 8, 1),
        layers.Conv2D(16, 3, activation="relu", padding="same"),
        layers.MaxPooling2D(2),
        layers.Conv2D(32, 3, activation="relu"),
        layers.Flatten(),
        layers.Dense(32, activation="relu"),
        layers.Dense(10, activation="softmax"),
    )
    m.compile(optimizers.SGD(s), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return m, X, t, dict(epochs=ep, batch_size=bs)


@program("rescaled-twice", "multiclass", "scce", where="model", came_in="5a")
def rescaled_twice(r, fixed):
    """Images already divided by 255 go through Rescaling(1/255) once more inside the model."""
    X, t = digit_images()
    m = seq(
        (8, 8, 1),
        layers.Rescaling(1.0 if fixed else 1 / 255.0),
        layers.Conv2D(16, 3, activation="relu", padding="same"),
        layers.MaxPooling2D(2),
        layers.Conv2D(32, 3, activation="relu"),
        layers.Flatten(),
        layers.Dense(10, activation="softmax"),
    )
    m.compile(optimizers.SGD(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return m, X, t, dict(epochs=30, batch_size=32)


@program("cnn-l1-too-strong", "multiclass", "scce", where="model", came_in="5b")
def cnn_l1_too_strong(r, fixed):
    """SO: kernel_regularizer=l1(0.1) on every layer of a small CNN: penalty wins, all weights go
    to 0, one class."""
    X, y = raw_digits()
    reg = regularizers.L1(0.1 if not fixed else 1e-5)
    m = seq(
        (8, 8, 1),
        layers.Conv2D(12, 3, activation="relu", kernel_regularizer=reg),
        layers.Conv2D(12, 3, activation="relu", kernel_regularizer=reg),
        layers.Flatten(),
        layers.Dense(32, activation="relu", kernel_regularizer=reg),
        layers.Dense(10, activation="softmax", kernel_regularizer=reg),
    )
    m.compile("adam", "sparse_categorical_crossentropy")
    return m, (X / 16).reshape(-1, 8, 8, 1), y, dict(epochs=12, batch_size=32)


# Usual: kernels set to zeros "to make the runs repeatable", a small CNN with tanh dense layer.
@program("usual-cnn-zeros-init", "multiclass", "cce", where="model", came_in="6a")
def usual_cnn_zeros_init(rng, fixed):
    x, y = raw_digits()
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


# Usual: Adam(epsilon=1.0) and a small rate copied from advice for a large image network.
@program("usual-cnn-adam-epsilon", "multiclass", "cce", where="model", came_in="6a")
def usual_cnn_adam_epsilon(rng, fixed):
    x, y = raw_digits()
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


def shapes_images(rng, n=800, size=16):
    """Grey-level pictures of a filled square, a hollow square or a cross."""
    x = 0.1 * rng.random((n, size, size, 1))
    y = rng.integers(0, 3, n)
    for i in range(n):
        a, b = rng.integers(1, size - 8, 2)
        if y[i] == 0:
            x[i, a : a + 7, b : b + 7] += 0.8
        elif y[i] == 1:
            x[i, a : a + 7, b : b + 7] += 0.8
            x[i, a + 1 : a + 6, b + 1 : b + 6] -= 0.8
        else:
            x[i, a + 3, b : b + 7] += 0.8
            x[i, a : a + 7, b + 3] += 0.8
    return x.clip(0, 1).astype("float32"), y.astype("int32")


# kernel L2 penalty far too strong on every layer (RAW)
@program("DC-shapes-cnn-kernel-l2", "multiclass", "cce", where="model", came_in="6b")
def dc_shapes_cnn_kernel_l2(rng, fixed):
    x, y = shapes_images(rng)
    reg = regularizers.L2(1e-5 if fixed else 0.5)
    m = keras.Sequential(
        [
            keras.Input((16, 16, 1)),
            layers.Conv2D(12, 3, activation="relu", kernel_regularizer=reg),
            layers.MaxPooling2D(),
            layers.Conv2D(24, 3, activation="relu", kernel_regularizer=reg),
            layers.Flatten(),
            layers.Dense(24, activation="relu", kernel_regularizer=reg),
            layers.Dense(3, activation="softmax", kernel_regularizer=reg),
        ]
    )
    m.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    return m, x, onehot(y, 3), dict(batch_size=32, epochs=20)


# Initial biases of twenty put every tanh of a LeNet at its upper end, where it has no slope.
@program("unseen8-lenet-saturated-tanh", "multiclass", "scce", where="model", came_in="8a")
def unseen8_lenet_saturated_tanh(rng, fixed):
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


# PointNet typed off the Keras example. In the T-Net the last layer has kernel "zeros" and should
# have the identity as its bias; the bias argument got lost, so every cloud is multiplied by zero.
def conv_bn(x, filters):
    x = layers.Conv1D(filters, 1)(x)
    x = layers.BatchNormalization(momentum=0.8)(x)
    return layers.Activation("relu")(x)


def flat_identity(shape, dtype=None):
    return ops.reshape(ops.eye(3, dtype=dtype), shape)


def tnet(points, k, bias):
    x = conv_bn(conv_bn(points, 16), 32)
    x = layers.GlobalMaxPooling1D()(x)
    x = layers.Dense(32, activation="relu")(x)
    x = layers.Dense(k * k, kernel_initializer="zeros", bias_initializer=bias)(x)
    x = layers.Reshape((k, k))(x)
    return layers.Dot(axes=(2, 1))([points, x])


@program("u9-pointnet-tnet-without-identity", "multiclass", "scce", where="model", came_in="9a")
def u9_pointnet_tnet_without_identity(rng, fixed):
    n, m = 600, 48
    label = rng.integers(0, 4, n)
    u = rng.normal(size=(n, m, 3))
    ball = u / np.linalg.norm(u, axis=-1, keepdims=True)
    cube = rng.uniform(-1, 1, (n, m, 3))
    face = rng.integers(0, 3, (n, m))
    np.put_along_axis(cube, face[..., None], rng.choice([-1.0, 1.0], (n, m, 1)), -1)
    ring = np.concatenate(
        [
            ball[..., :2] / np.linalg.norm(ball[..., :2], axis=-1, keepdims=True),
            rng.uniform(-1, 1, (n, m, 1)),
        ],
        -1,
    )
    plate = rng.uniform(-1, 1, (n, m, 3)) * [1, 1, 0.05]
    x = np.choose(label[:, None, None], [ball, cube, ring, plate])
    x = x * rng.uniform(0.7, 1.1, (n, 1, 1)) + rng.normal(0, 0.02, x.shape)
    inp = keras.Input((m, 3))
    h = tnet(inp, 3, flat_identity if fixed else "zeros")
    h = conv_bn(conv_bn(h, 32), 64)
    h = layers.GlobalMaxPooling1D()(h)
    h = layers.Dense(32, activation="relu")(h)
    model = keras.Model(inp, layers.Dense(4, activation="softmax")(h), name="pointnet")
    model.compile(
        optimizers.Adam(2e-3),
        "sparse_categorical_crossentropy",
        metrics=["sparse_categorical_accuracy"],
    )
    return model, f32(x), label, dict(batch_size=32, epochs=15)


# RandomBrightness in front of a CNN, pictures in 0..1, but value_range left at its default of
# (0, 255): the shift is up to 102 where the picture is at most 1.
@program("u9-random-brightness-value-range", "multiclass", "scce", where="model", came_in="9a")
def u9_random_brightness_value_range(rng, fixed):
    n = 800
    label = rng.integers(0, 4, n)
    x = rng.uniform(0, 0.35, (n, 14, 14, 1))
    for i in range(n):
        r, c = rng.integers(1, 6, 2)
        if label[i] == 0:
            x[i, r : r + 8, c : c + 2] += 0.6
        elif label[i] == 1:
            x[i, r : r + 2, c : c + 8] += 0.6
        elif label[i] == 2:
            x[i, r : r + 4, c : c + 4] += 0.6
        else:
            x[i, range(r, r + 8), range(c, c + 8)] += 0.6
    bright = dict(value_range=(0, 1)) if fixed else {}
    model = keras.Sequential(
        [
            keras.Input((14, 14, 1)),
            layers.RandomBrightness(0.4, seed=1, **bright),
            layers.Conv2D(16, 3, activation="relu"),
            layers.Conv2D(16, 3, strides=2, activation="relu"),
            layers.Flatten(),
            layers.Dense(32, activation="relu"),
            layers.Dense(4, activation="softmax"),
        ]
    )
    model.compile(optimizers.Adam(1e-3), "sparse_categorical_crossentropy")
    return model, f32(x), label, dict(batch_size=32, epochs=12)


# http://pullrequest.ru/10248037 (StackOverflow: "CNN in Keras converges to the same value whatever
# the input"): pixels in 0..255; answer: "you forgot to normalize the images", divide by 255.
@program("u10-cnn-bytes-sgd", "multiclass", "cce", where="model", came_in="10a")
def u10_cnn_bytes_sgd(rng, fixed):
    x, y = scattered_digits(rng, 1500, 10, 2)
    x = f32(x if fixed else x * 255)[..., None]
    model = keras.Sequential(
        [
            keras.Input(x.shape[1:]),
            layers.Conv2D(16, 3, activation="relu"),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Dropout(0.25),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(
        optimizers.SGD(0.01, momentum=0.9, nesterov=True),
        "categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model, x, f32(np.eye(10)[y]), dict(batch_size=32, epochs=12)


# https://github.com/tensorflow/tensorflow/issues/23630 "output of trained model is constant when
# using batch normalization" (slim's decay of 0.999); keras issue 3949: "try a smaller momentum".
@program("u10-batchnorm-momentum-999", "multiclass", "scce", where="model", came_in="10a")
def u10_batchnorm_momentum_999(rng, fixed):
    x, y = scattered_digits(rng, 1200, 10)
    x = x / 16
    m = 0.9 if fixed else 0.999
    model = keras.Sequential([keras.Input((10, 10, 1))])
    for filters in (16, 32):
        model.add(layers.Conv2D(filters, 3, use_bias=False))
        model.add(layers.BatchNormalization(momentum=m))
        model.add(layers.Activation("relu"))
    model.add(layers.MaxPooling2D())
    model.add(layers.Flatten())
    model.add(layers.Dense(10, activation="softmax"))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, f32(x)[..., None], y, dict(batch_size=32, epochs=8)


# DeepCrime "change optimisation function" on the Keras MNIST example: Adadelta(1.0) became Adam,
# and the rate of 1.0 stayed.
@program("u10b-mnist-cnn-adam-inherits-rate", "multiclass", "cce", where="model", came_in="10b")
def u10b_mnist_cnn_adam_inherits_rate(rng, fixed):
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
    return model, x, onehot(label, 10), dict(batch_size=64, epochs=12)


# DeepCrime "change batch size" on a CIFAR network: 2 pictures instead of 32, same rate.
@program("u10b-cifar-cnn-batch-of-two", "multiclass", "scce", where="model", came_in="10b")
def u10b_cifar_cnn_batch_of_two(rng, fixed):
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
@program("u11-digit-generator-nesterov", "multiclass", "scce", where="model", came_in="11a")
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


# Cats-or-dogs tutorial copied without the rescaling: bytes 0..255 into a relu CNN, Adam(0.01).
@program("u12-stripes-bytes-adam", "binary", "bce", where="model", came_in="12a")
def u12_stripes_bytes_adam(rng, fixed):
    n, w = 800, 20
    y = rng.integers(0, 2, n)
    grid = np.arange(w)
    x = np.empty((n, w, w, 3))
    for i in range(n):
        wave = np.sin(2 * np.pi * grid / rng.uniform(4, 8) + rng.uniform(0, 6.3))
        img = np.tile(wave, (w, 1))
        img = img if y[i] else img.T
        x[i] = 128 + 60 * img[..., None] + rng.normal(0, 30, (w, w, 3))
    x = x.clip(0, 255).round()
    if fixed:
        x = x / 255.0
    model = keras.Sequential(
        [
            keras.Input((w, w, 3)),
            layers.Conv2D(16, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dropout(0.3),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizers.Adam(0.001 if fixed else 0.03), "binary_crossentropy")
    return model, f32(x), col(y), dict(batch_size=32, epochs=12)
