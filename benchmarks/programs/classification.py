"""Classes from tables: the fault lies in the training, the scales or the rows."""

import os
import tempfile

import keras
import numpy as np
from keras import callbacks, constraints, initializers, layers, ops, optimizers, regularizers
from sklearn import datasets
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from .data import (
    cancer,
    raw_digit_images,
    raw_digit_images_int32,
    raw_digits,
    scattered_digits,
    topic_texts,
)
from .registry import program
from .tools import (
    col,
    column,
    f32,
    mlp,
    onehot,
    own_callbacks,
    seq,
    shuffled,
    std,
    std_as_is,
    zscore,
    zscore32,
    zscore_as_is_plus,
    zscore_plus,
)


# GH-keras-5992: narrow ReLU net on raw columns, dropout behind the softmax.
@program(
    "GH-keras-5992",
    "multiclass",
    "mse",
    where="model",
    came_in="programs",
    origin="public thread",
    # Raw columns: 64 and 88 % of the ReLUs dead, softmax at 0 or 1. Alone: only scaling repairs.
    causes=("unscaled_input", "dead_relu", "saturated_activation"),
)
def gh_keras_5992(r, fixed):
    x, y = datasets.load_wine(return_X_y=True)
    x, y = np.repeat(x, 4, 0), np.repeat(y, 4)
    x = std(x) if fixed else f32(x * 10)
    tail = [] if fixed else [layers.Dropout(0.5)]
    m = seq(
        (13,),
        layers.Dense(14, activation="relu"),
        layers.Dropout(0.2 if fixed else 0.5),
        layers.Dense(8, activation="relu"),
        layers.Dropout(0.2 if fixed else 0.5),
        layers.Dense(3, activation="softmax"),
        *tail,
    )
    m.compile(optimizers.Adam(0.01) if fixed else "adam", "mse")
    return m, x, onehot(y, 3), dict(batch_size=32, epochs=20)


# sim: binary labels coded 1 and 2 under a sigmoid: the optimum is the constant 1.
# As is, the torch backend refuses such labels: fit raises RuntimeError.
@program(
    "sim-labels-1-2",
    "binary",
    "bce",
    where="data",
    came_in="programs",
    # Labels 1 and 2 under binary cross-entropy.
    causes=("invalid_target",),
)
def sim_labels_1_2(r, fixed):
    x, y = datasets.load_breast_cancer(return_X_y=True)
    m = mlp(30, [16], head="sigmoid")
    m.compile(optimizers.Adam(0.01), "binary_crossentropy")
    return m, std(x), col(y + (not fixed)), dict(batch_size=32, epochs=15), col(y)


# sim: breast-cancer columns up to 4,000 unscaled, all kernels one, sigmoid units: all saturated.
@program(
    "sim-ones-init-saturated",
    "binary",
    "bce",
    where="model",
    came_in="programs",
    # Kernels of ones and columns up to 4,000 under sigmoids. Alone: either repairs.
    causes=("saturated_activation", "unscaled_input", "constant_initialization"),
)
def sim_ones_init_saturated(r, fixed):
    x, y = datasets.load_breast_cancer(return_X_y=True)
    init = "glorot_uniform" if fixed else "ones"
    m = mlp(30, [16, 16], "sigmoid", head="sigmoid", kernel_initializer=init)
    m.compile(optimizers.Adam(0.01), "binary_crossentropy")
    return m, std(x) if fixed else f32(x), col(y), dict(batch_size=32, epochs=15)


# AT-blob in spirit: ten sigmoid layers under plain SGD on three blobs: the gradient vanishes.
@program(
    "AT-blob-sigmoid-sgd",
    "multiclass",
    "scce",
    where="model",
    came_in="programs",
    # Ten sigmoid layers under SGD. Alone: a rate of 2 does not help.
    causes=("vanishing_gradient",),
)
def at_blob_sigmoid_sgd(r, fixed):
    x, y = datasets.make_blobs(1000, 2, centers=3, random_state=int(r.integers(1 << 30)))
    m = mlp(2, [8] * (2 if fixed else 10), "tanh" if fixed else "sigmoid", 3, "softmax")
    m.compile(optimizers.SGD(0.05), "sparse_categorical_crossentropy")
    return m, std(x), y, dict(batch_size=32, epochs=12)


# The head's bias was set to the number of positives instead of their log odds; squared error.
@program(
    "sigmoid-bias-of-counts",
    "binary",
    "mse",
    where="model",
    came_in="by_cause",
    # Head started at sigmoid(357): exactly 1, and squared error has no gradient there.
    causes=("saturated_activation",),
)
def sigmoid_bias_of_counts(r, fixed):
    x, y = cancer()
    p = float(y.mean())
    bias = np.log(p / (1 - p)) if fixed else float(y.sum())
    head = layers.Dense(1, activation="sigmoid", bias_initializer=initializers.Constant(bias))
    m = seq((30,), layers.Dense(16, activation="relu"), head)
    m.compile(optimizers.Adam(0.01), "mse")
    return m, std(x), y, dict(batch_size=32, epochs=12)


# A warm-up of two million steps. Multi-label.
@program(
    "rate-endless-warmup",
    "multilabel",
    "bce",
    where="model",
    came_in="by_cause",
    # The rate reaches 1e-6 by the end.
    causes=("learning_rate_too_low",),
)
def rate_endless_warmup(r, fixed):
    x = r.normal(size=(1200, 10))
    y = x @ r.normal(size=(10, 5)) / np.sqrt(10) > 0.6
    prior = initializers.Constant(-1.0)
    m = seq((10,), layers.Dense(32, "relu"), layers.Dense(5, "sigmoid", bias_initializer=prior))
    steps = 50 if fixed else 2_000_000
    rate = optimizers.schedules.CosineDecay(0.0, 4_000_000, warmup_target=0.01, warmup_steps=steps)
    m.compile(optimizers.SGD(rate) if not fixed else optimizers.Adam(rate), "binary_crossentropy")
    return m, f32(x), f32(y), dict(batch_size=32, epochs=8)


# Unix timestamps among the columns: the sigmoid head is at one end for all rows.
@program(
    "input-timestamps",
    "binary",
    "bce",
    where="model",
    came_in="by_cause",
    # A column around 1.6e9 holds each tanh at one end.
    causes=("unscaled_input", "saturated_activation"),
)
def input_timestamps(r, fixed):
    x = np.c_[r.uniform(1.60e9, 1.61e9, 1000), r.normal(size=(1000, 5))]
    y = col(x[:, 1] + x[:, 2] > 0)
    m = mlp(6, [32, 16], "tanh", head="sigmoid")
    m.compile("adam", "binary_crossentropy")
    return m, std(x) if fixed else f32(x), y, dict(batch_size=32, epochs=15)


# Absolute error on one-hot classes 90 : 6 : 4: always the first class.
@program(
    "imbalance-mae-one-hot",
    "multiclass",
    "mae",
    where="data",
    came_in="by_cause",
    # Absolute error, 90 % in one class.
    causes=("imbalanced_target",),
)
def imbalance_mae_one_hot(r, fixed):
    y = r.choice(3, 1500, p=[1 / 3] * 3 if fixed else [0.9, 0.06, 0.04])
    x = np.eye(3, 8)[y] + r.normal(size=(1500, 8))
    m = mlp(8, [32], n_out=3, head="softmax")
    m.compile(optimizers.Adam(0.003), "categorical_crossentropy" if fixed else "mae")
    return m, f32(x), onehot(y, 3), dict(batch_size=32, epochs=8)


def moons(r, n: int = 1000) -> tuple[np.ndarray, np.ndarray]:
    """Two interleaved half circles, standardised, and their label as a column."""
    x, y = datasets.make_moons(n, noise=0.15, random_state=int(r.integers(1 << 30)))
    return std(x), col(y)


# Class weights the wrong way round: class 0 counts ten thousand times as much as class 1.
@program(
    "imbalance-class-weights",
    "binary",
    "bce",
    where="data",
    came_in="by_cause",
    # The weights make class 0 count 10,000 times as much.
    causes=("imbalanced_target",),
)
def imbalance_class_weights(r, fixed):
    x, y = moons(r)
    m = mlp(2, [16, 16], head="sigmoid")
    m.compile(optimizers.Adam(0.005), "binary_crossentropy")
    weight = {0: 1.0, 1: 1.0} if fixed else {0: 100.0, 1: 0.01}
    return m, x, y, dict(batch_size=32, epochs=10, class_weight=weight)


# Labels read as "yes " never equal "yes": all are 0.
@program(
    "labels-all-zero",
    "binary",
    "bce",
    where="data",
    came_in="by_cause",
    # One class only.
    causes=("invalid_target", "imbalanced_target"),
)
def labels_all_zero(r, fixed):
    x, y = cancer()
    m = mlp(30, [16], head="sigmoid")
    m.compile(optimizers.Adam(0.005), "binary_crossentropy")
    return m, std(x), y if fixed else 0 * y, dict(batch_size=32, epochs=10), y


# Classes numbered from 100 find no column in the one-hot table: all rows are zero, so is the loss.
@program(
    "labels-empty-one-hot",
    "multiclass",
    "cce",
    where="data",
    came_in="by_cause",
    # One-hot rows without a one: the loss is 0.
    causes=("invalid_target",),
)
def labels_empty_one_hot(r, fixed):
    y = r.integers(0, 4, 1000)
    x = 1.5 * r.normal(size=(4, 6))[y] + r.normal(size=(1000, 6))
    coded = f32(((y + (0 if fixed else 100))[:, None]) == np.arange(4))
    init = initializers.RandomNormal(stddev=0.01)
    m = seq((6,), layers.Dense(24, "relu"), layers.Dense(4, "softmax", kernel_initializer=init))
    m.layers[-1].bias.assign([0.5, 0.0, 0.0, 0.0])
    m.compile(optimizers.Adam(0.005), "categorical_crossentropy")
    return m, f32(x), coded, dict(batch_size=32, epochs=8), y


# BatchNormalization with momentum 0.9999 on raw columns: the moving mean stays near 0.
@program(
    "gap-batchnorm-momentum",
    "binary",
    "bce",
    where="structure",
    came_in="by_cause",
    # Moving mean near 0 for columns of 4,000. Alone: scaled inputs repair.
    causes=("train_inference_gap", "unscaled_input", "saturated_activation"),
)
def gap_batchnorm_momentum(r, fixed):
    z = r.normal(size=(1000, 6))
    y = col(z[:, 0] + z[:, 1] > 0)
    m = seq(
        (6,),
        layers.BatchNormalization(momentum=0.9 if fixed else 0.9999),
        layers.Dense(16, activation="tanh"),
        layers.Dense(1, activation="sigmoid"),
    )
    m.compile(optimizers.Adam(0.01), "binary_crossentropy")
    return m, f32(4000 + 300 * z), y, dict(batch_size=32, epochs=10)


@program("long-table-raw-columns", "binary", "bce", where="model", came_in="long_epochs")
def long_table_raw_columns(rng, fixed):
    x = rng.normal(size=(40_000, 12))
    y = (x[:, 0] + x[:, 1] * x[:, 2] > 0)[:, None]
    if not fixed:
        x = x * 10.0 ** rng.integers(1, 5, 12) + 1e5
    hidden = [layers.Dense(64, activation="tanh") for _ in range(2)]
    model = keras.Sequential([keras.Input((12,)), *hidden, layers.Dense(1, activation="sigmoid")])
    model.compile(keras.optimizers.Adam(1e-3), "binary_crossentropy")
    return model, f32(x), f32(y), {"batch_size": 32, "epochs": 5}


# load_wine without StandardScaler (proline up to 1,680) and sigmoid units, SGD.
@program("wine-raw-sigmoid", "multiclass", "cce", where="model", came_in="1")
def wine_raw_sigmoid(r, fixed):
    data = datasets.load_wine()
    x = f32(data.data) if not fixed else zscore32(data.data)
    m = seq(
        (13,),
        layers.Dense(16, activation="sigmoid"),
        layers.Dense(16, activation="sigmoid"),
        layers.Dense(3, activation="softmax"),
    )
    m.compile(optimizers.SGD(0.1, momentum=0.9), "categorical_crossentropy", metrics=["accuracy"])
    return m, x, keras.utils.to_categorical(data.target, 3), dict(batch_size=16, epochs=40)


# ReduceLROnPlateau with patience 1 and factor 0.1 stops a slow starter for good; ModelCheckpoint.
@program("plateau-callback-too-eager", "multiclass", "scce", where="model", came_in="1")
def plateau_callback_too_eager(r, fixed):
    x, y = raw_digit_images_int32()
    m = seq(
        (64,),
        *[layers.Dense(32, activation="sigmoid") for _ in range(4)],
        layers.Dense(10, activation="softmax"),
    )
    m.compile(optimizers.Adam(0.003), "sparse_categorical_crossentropy", metrics=["accuracy"])
    path = os.path.join(tempfile.mkdtemp(), "best.weights.h5")
    own_callbacks(
        m,
        keras.callbacks.ReduceLROnPlateau(
            "loss", factor=0.1, patience=1 if not fixed else 8, min_delta=0.1 if not fixed else 1e-4
        ),
        keras.callbacks.ModelCheckpoint(
            path, monitor="loss", save_best_only=True, save_weights_only=True
        ),
    )
    return m, x.reshape(-1, 64) / 16, y, dict(batch_size=64, epochs=40)


# CosineDecay whose decay_steps are epochs: the rate is 0 after 20 batches. tf.data pipeline.
@program("cosine-decay-epochs-tfdata", "multiclass", "scce", where="model", came_in="1")
def cosine_decay_epochs_tfdata(r, fixed):
    import tensorflow as tf

    x, y = raw_digit_images_int32()
    order = r.permutation(len(x))
    x, y = x[order].reshape(-1, 64) / 16, y[order]
    epochs, batch = 12, 8
    steps = epochs if not fixed else epochs * (len(x) // batch + 1)
    data = tf.data.Dataset.from_tensor_slices((x, y)).batch(batch).prefetch(2)
    m = seq(
        (64,),
        layers.Dense(64, activation="tanh"),
        layers.Dense(64, activation="tanh"),
        layers.Dense(
            10, activation="softmax", kernel_initializer=initializers.RandomNormal(stddev=0.01)
        ),
    )
    m.compile(
        optimizers.SGD(optimizers.schedules.CosineDecay(0.008, steps)),
        "sparse_categorical_crossentropy",
    )
    return m, data, None, dict(epochs=epochs), y


# class_weight "to make it count": 500 and 100, SGD with Nesterov momentum.
@program("class-weight-hundreds", "binary", "bce", where="model", came_in="1")
def class_weight_hundreds(r, fixed):
    data = datasets.load_breast_cancer()
    weight = {0: 500.0, 1: 100.0} if not fixed else {0: 1.35, 1: 0.8}
    m = seq(
        (30,),
        layers.Dense(32, activation="relu"),
        layers.Dense(16, activation="relu"),
        layers.Dense(1, activation="sigmoid"),
    )
    m.compile(optimizers.SGD(0.02, momentum=0.9, nesterov=True), "binary_crossentropy")
    return (
        m,
        zscore32(data.data),
        col(data.target),
        dict(batch_size=32, epochs=20, class_weight=weight),
    )


# EinsumDense over image rows, every kernel RandomUniform(0, 1): all tanh units sit at +1.
@program("einsum-random-uniform-0-1", "multiclass", "scce", where="model", came_in="2")
def einsum_random_uniform_0_1(r, fixed):
    x, y = raw_digit_images_int32()
    w = "glorot_uniform" if fixed else initializers.RandomUniform(0, 1)
    m = seq(
        (8, 8),
        layers.EinsumDense("brc,cd->brd", (8, 32), "tanh", "d", kernel_initializer=w),
        layers.EinsumDense("brd,rs->bsd", (8, 32), "tanh", "d", kernel_initializer=w),
        layers.EinsumDense("brd,rde->be", (32,), "tanh", "e", kernel_initializer=w),
        layers.Dense(10, activation="softmax"),
    )
    m.compile(optimizers.Adam(0.001), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return m, x[..., 0] / 16, y, dict(batch_size=32, epochs=15)


# GH keras-team/keras#4387: the mnist_siamese example moved to the poster's own pairs of feature
# rows; the loss stays put and both encoded rows are all zeros for every pair.
@program("siamese-own-pairs", "binary", "bce", where="model", came_in="3a")
def siamese_own_pairs(r, fixed):
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
            layers.Dense(64, activation="relu"),
            layers.Dropout(0.1),
            layers.Dense(64, activation="relu"),
            layers.Dropout(0.1),
            layers.Dense(32, activation="relu"),
        ]
    )
    left, right = keras.Input((30,)), keras.Input((30,))
    gap = keras.ops.abs(base(left) - base(right))
    model = keras.Model([left, right], layers.Dense(1, activation="sigmoid")(gap))
    model.compile(loss="binary_crossentropy", optimizer=optimizers.RMSprop(0.001 if fixed else 0.1))
    return model, [xa, xb], f32(same)[:, None], dict(batch_size=64, epochs=15)


# From memory: gene functions (several at once) from expression levels, an L1L2 penalty copied from
# a blog on small samples; every gene gets the same list of probabilities, the label frequencies.
@program("gene-functions-l1l2", "multilabel", "bce", where="model", came_in="3a")
def gene_functions_l1l2(r, fixed):
    x = f32(r.normal(size=(1000, 40)))
    score = x @ r.normal(size=(40, 8)) + np.linspace(-3, 2, 8)
    y = f32(score > 0)
    pen = regularizers.L1L2(l1=1e-5, l2=1e-5) if fixed else regularizers.L1L2(l1=0.05, l2=0.05)
    model = keras.Sequential(
        [
            keras.Input((40,)),
            layers.Dense(64, activation="relu", kernel_regularizer=pen),
            layers.Dense(32, activation="relu", kernel_regularizer=pen),
            layers.Dense(8, activation="sigmoid", kernel_regularizer=pen),
        ]
    )
    model.compile("adam", "binary_crossentropy", metrics=["binary_accuracy"])
    stop = callbacks.EarlyStopping(monitor="val_loss", patience=8)
    kw = dict(batch_size=32, epochs=25, validation_split=0.15, callbacks=[stop])
    return model, x, y, kw


# Constructed: PiecewiseConstantDecay with its values typed in rising order, so that training goes
# well at first and is destroyed when the "fine" stage begins with a rate of 1.
@program(
    "piecewise-rates-reversed",
    "multiclass",
    "scce",
    where="model",
    came_in="3a",
    origin="written blind",
)
def piecewise_rates_reversed(r, fixed):
    x, t = raw_digit_images()
    x, t = x[:1200].reshape(-1, 64) / 16.0, t[:1200]
    values = [0.01, 0.003, 0.001] if fixed else [0.001, 0.03, 1.0]
    rate = optimizers.schedules.PiecewiseConstantDecay([150, 300], values)
    model = keras.Sequential(
        [
            keras.Input((64,)),
            layers.Dense(32, activation="relu"),
            layers.Dropout(0.2),
            layers.Dense(32, activation="relu"),
            layers.Dropout(0.2),
            layers.Dense(16, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(optimizers.Adam(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, x, t, dict(batch_size=32, epochs=15)


# Constructed: Normalization(axis=None) on a table, so that the income in cents sets the one mean
# and variance for all columns and the small columns that matter become constants.
@program(
    "normalization-axis-none", "binary", "bce", where="model", came_in="3a", origin="written blind"
)
def normalization_axis_none(r, fixed):
    n = 1200
    income = r.normal(4e6, 9e5, n)
    age, late, share = r.uniform(20, 70, n), r.poisson(2, n), r.random(n)
    risk = 0.9 * (late - 2) + 3 * (share - 0.5) - 0.05 * (age - 45)
    y = f32(risk + 0.3 * r.normal(size=n) > 0)[:, None]
    x = f32(np.c_[income, age, late, share])
    norm = layers.Normalization(axis=-1 if fixed else None)
    norm.adapt(x)
    model = keras.Sequential(
        [
            keras.Input((4,)),
            norm,
            layers.Dense(32, activation="relu"),
            layers.Dense(16, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    slower = callbacks.ReduceLROnPlateau(monitor="loss", factor=0.5, patience=4)
    return model, x, y, dict(batch_size=32, epochs=20, callbacks=[slower])


# The usual breast-cancer notebook without the StandardScaler cell: areas reach 4000.
@program("breast-cancer-no-scaler", "binary", "bce", where="model", came_in="3b")
def breast_cancer_no_scaler(r, fixed):
    d = datasets.load_breast_cancer()
    x = zscore_plus(d.data) if fixed else d.data.astype("float32")
    model = keras.Sequential(
        [
            keras.Input((30,)),
            layers.Dense(16, activation="relu"),
            layers.Dense(8, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizers.SGD(0.01, momentum=0.9), "binary_crossentropy")
    return model, x, column(d.target), dict(epochs=20, batch_size=16)


# A question about MNIST: one layer of sigmoids, dropout of one half, RMSprop, and accuracy falls to
# ten percent the moment a weight penalty is added.
@program("mnist-sigmoid-weight-penalty", "multiclass", "cce", where="model", came_in="4a")
def mnist_sigmoid_weight_penalty(r, fixed):
    d = datasets.load_digits()
    x = f32(d.data / 16)
    reg = regularizers.L2(1e-4 if fixed else 0.1)
    m = keras.Sequential(
        [
            keras.Input((64,)),
            layers.Dense(36, activation="sigmoid", kernel_regularizer=reg),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax", kernel_regularizer=reg),
        ]
    )
    m.compile(optimizers.RMSprop(0.003), "categorical_crossentropy", metrics=["accuracy"])
    kw = dict(epochs=30, batch_size=128, validation_split=0.1)
    return m, x, onehot(d.target, 10), kw


# A Normalization layer adapted to trip records kept in seconds and kilometres; the frame handed to
# fit had by then been converted to milliseconds and metres.
@program("normalization-other-units", "binary", "bce", where="model", came_in="4a")
def normalization_other_units(r, fixed):
    n = 1000
    seconds = r.gamma(4, 200, n) + 600
    km = seconds / 3600 * r.normal(30, 4, n)
    x = np.c_[seconds, km, r.normal(15, 3, n), r.uniform(1, 5, n)]
    y = (km / seconds * 3600 + 2 * x[:, 3] > 36).astype("float32")[:, None]
    fed = x * np.array([1000, 1000, 1, 1])
    norm = layers.Normalization()
    norm.adapt(f32(fed if fixed else x))
    m = keras.Sequential(
        [
            keras.Input((4,)),
            norm,
            layers.Dense(32, activation="relu"),
            layers.Dense(32, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    m.compile(optimizers.SGD(0.05, momentum=0.9), "binary_crossentropy", metrics=["accuracy"])
    return m, f32(fed), y, dict(epochs=20, batch_size=32)


# "A Keras SVM": a hinge loss and an L2 penalty, its size meant as the C of the SVM (5), so
# that it presses where it should let go.
@program("svm-top-hinge-l2", "binary", "hinge", where="model", came_in="4b")
def svm_top_hinge_l2(r, fixed):
    d = datasets.load_breast_cancer()
    x = f32(StandardScaler().fit_transform(d.data))
    y = f32(d.target * 2 - 1)[:, None]
    strength = 1e-3 if fixed else 5.0
    model = seq(
        (30,),
        layers.Dense(24, activation="relu", kernel_regularizer=regularizers.L2(strength)),
        layers.Dense(1, kernel_regularizer=regularizers.L2(strength)),
    )
    model.compile(optimizers.Adam(0.003), loss="hinge")
    return model, x, y, dict(epochs=30, batch_size=32)


# The structured-data tutorial (heart disease), one Input a column, but the Normalization
# layers were left out when the code was shortened.
@program("heart-disease-columns-sgd", "binary", "bce", where="model", came_in="4b")
def heart_disease_columns_sgd(r, fixed):
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
    h = layers.Concatenate()(list(inputs.values()))
    h = layers.Dense(32, activation="relu")(h)
    h = layers.Dense(16, activation="relu")(h)
    h = layers.Dropout(0.2)(h)
    model = keras.Model(inputs, layers.Dense(1, activation="sigmoid")(h))
    model.compile(optimizers.SGD(0.05), "binary_crossentropy", metrics=["accuracy"])
    return model, x, y, dict(epochs=30, batch_size=32)


@program("ones-init-sigmoid", "multiclass", "cce", where="model", came_in="5b")
def ones_init_sigmoid(r, fixed):
    """SO: kernel_initializer='ones' on positive pixel sums: every sigmoid unit is 1 for every
    image."""
    X, y = raw_digits()
    k = "ones" if not fixed else "glorot_uniform"
    m = seq(
        (64,),
        layers.Dense(48, activation="sigmoid", kernel_initializer=k),
        layers.Dense(10, activation="softmax", kernel_initializer=k),
    )
    m.compile(optimizers.Adam(0.01), "categorical_crossentropy")
    return m, X / 16, f32(np.eye(10)[y]), dict(epochs=12, batch_size=32)


@program("batchnorm-momentum-09999", "binary", "bce", where="model", came_in="5b")
def batchnorm_momentum_09999(r, fixed):
    """GH: fine in training, one class from predict: BatchNormalization(momentum=0.9999) averages
    never reach raw tabular scales."""
    d = datasets.load_breast_cancer()

    def b():
        return layers.BatchNormalization(momentum=0.9999 if not fixed else 0.9)

    m = seq(
        (30,),
        b(),
        layers.Dense(32, activation="relu"),
        b(),
        layers.Dense(16, activation="relu"),
        b(),
        layers.Dense(1, activation="sigmoid"),
    )
    m.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return m, f32(d.data), col(d.target), dict(epochs=20, batch_size=16)


@program("xor-sgd-default", "binary", "bce", where="model", came_in="5b")
def xor_sgd_default(r, fixed):
    """XOR with optimizer='sgd' at its default 0.01 gives 0.5 for all four inputs; fix is
    Adam(0.05)."""
    X = r.integers(0, 2, (800, 2))
    m = seq(
        (2,),
        layers.Dense(
            4, activation="tanh", kernel_initializer=initializers.RandomUniform(-0.05, 0.05)
        ),
        layers.Dense(
            1, activation="sigmoid", kernel_initializer=initializers.RandomUniform(-0.05, 0.05)
        ),
    )
    m.compile("sgd" if not fixed else optimizers.Adam(0.05), "binary_crossentropy")
    return m, f32(X), col(X[:, 0] ^ X[:, 1]), dict(epochs=25, batch_size=16)


@program("urbansound-mfcc-raw", "multiclass", "cce", where="model", came_in="5b")
def urbansound_mfcc_raw(r, fixed):
    """Audio classifier answers one class: MFCC means fed raw (first coefficient about -400) into
    SGD with momentum."""
    n, k = 1500, 5
    y = r.integers(0, k, n)
    mu = r.normal(size=(k, 40))
    s = np.r_[120, 60, 30, np.linspace(20, 3, 37)]
    X = (mu[y] + 1.2 * r.normal(size=(n, 40))) * s + np.r_[-400, 100, np.zeros(38)]
    if fixed:
        X = zscore_as_is_plus(X)
    m = seq(
        (40,),
        layers.Dense(64, activation="relu"),
        layers.Dense(64, activation="relu"),
        layers.Dense(64, activation="relu"),
        layers.Dense(k, activation="softmax"),
    )
    m.compile(optimizers.SGD(0.006, momentum=0.9), "categorical_crossentropy", metrics=["accuracy"])
    return m, f32(X), f32(np.eye(k)[y]), dict(epochs=15, batch_size=32)


@program("multilabel-genres-rmsprop", "multilabel", "bce", where="model", came_in="5b")
def multilabel_genres_rmsprop(r, fixed):
    """Multi-label genres from bag-of-words: RMSprop(0.3) kills the relus, every film gets the same
    genres."""
    n = 1500
    X = r.poisson(0.4, (n, 60))
    W = r.normal(size=(60, 6)) * (r.random((60, 6)) < 0.3)
    s = X @ W
    Y = s > np.quantile(s, 0.6, axis=0)
    m = seq(
        (60,),
        layers.Dense(64, activation="relu"),
        layers.Dense(64, activation="relu"),
        layers.Dense(32, activation="relu"),
        layers.Dense(6, activation="sigmoid"),
    )
    m.compile(optimizers.RMSprop(0.3 if not fixed else 1e-3), "binary_crossentropy")
    return m, f32(X), f32(Y), dict(epochs=15, batch_size=32)


# SO "Keras L2 regularization makes the network not learn": one sigmoid layer of 36 units, dropout,
# RMSprop; without the penalty everything works.
@program(
    "SO-l2-makes-network-not-learn",
    "multiclass",
    "cce",
    where="model",
    came_in="6a",
    origin="public thread",
)
def so_l2_makes_network_not_learn(rng, fixed):
    x, y = raw_digits()
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


# Usual: six hidden layers with RandomNormal(stddev=0.01), two moons, accuracy stuck at 0.5.
@program("usual-moons-tiny-init", "binary", "bce", where="model", came_in="6a")
def usual_moons_tiny_init(rng, fixed):
    x, y = datasets.make_moons(1000, noise=0.15, random_state=int(rng.integers(10**6)))
    init = initializers.RandomNormal(stddev=0.01) if not fixed else "he_normal"
    model = keras.Sequential([keras.Input((2,))])
    for _i in range(6):
        model.add(layers.Dense(32, activation="relu", kernel_initializer=init))
    model.add(layers.Dense(1, activation="sigmoid"))
    model.compile(optimizers.SGD(0.05), "binary_crossentropy", metrics=["accuracy"])
    return model, f32(x), col(y), dict(batch_size=16, epochs=30)


# Usual: RandomNormal(-1, 1) taken for "from -1 to 1" (it is mean -1), features min-max scaled.
@program("usual-randomnormal-minus1-1", "binary", "bce", where="model", came_in="6a")
def usual_randomnormal_minus1_1(rng, fixed):
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


# Usual: the wine table as it comes (proline in the hundreds), sigmoid layers, SGD.
@program("usual-wine-raw-sigmoid", "multiclass", "scce", where="model", came_in="6a")
def usual_wine_raw_sigmoid(rng, fixed):
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


# vanishing gradient: a deep tanh net started from tiny weights
@program("AT-cancer-deep-tanh-tiny-init", "binary", "bce", where="model", came_in="6b")
def at_cancer_deep_tanh_tiny_init(rng, fixed):
    x, y = datasets.load_breast_cancer(return_X_y=True)
    init = "glorot_uniform" if fixed else initializers.RandomNormal(stddev=0.01)
    m = keras.Sequential([keras.Input((30,))])
    for _ in range(8):
        m.add(layers.Dense(16, activation="tanh", kernel_initializer=init))
    m.add(layers.Dense(1, activation="sigmoid", kernel_initializer=init))
    m.compile(optimizers.SGD(0.01, momentum=0.9), "binary_crossentropy", metrics=["accuracy"])
    return m, std_as_is(x), y.astype("float32")[:, None], dict(batch_size=32, epochs=40)


# dropout rate (meant as the share to keep) of .95 after every hidden layer
@program("UM-wine-mlp-dropout", "multiclass", "cce", where="model", came_in="6b")
def um_wine_mlp_dropout(rng, fixed):
    x, y = datasets.load_wine(return_X_y=True)
    m = keras.Sequential([keras.Input((13,))])
    for _ in range(4):
        m.add(layers.Dense(24, activation="relu"))
        m.add(layers.Dropout(0.2 if fixed else 0.95))
    m.add(layers.Dense(3, activation="softmax"))
    m.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    return m, std_as_is(x), onehot(y, 3), dict(batch_size=16, epochs=80)


# batch size set to the whole data set, so SGD makes one small step an epoch (HBS)
@program("DC-churn-mlp-full-batch", "binary", "bce", where="model", came_in="6b")
def dc_churn_mlp_full_batch(rng, fixed):
    n = 480
    x = rng.normal(size=(n, 8)).astype("float32")
    s = 1.5 * x[:, 0] - x[:, 1] + x[:, 2] * x[:, 3] + 0.3 * rng.normal(size=n)
    y = (s > np.quantile(s, 0.7)).astype("float32")[:, None]
    m = keras.Sequential(
        [
            keras.Input((8,)),
            layers.Dense(24, activation="sigmoid"),
            layers.Dense(12, activation="sigmoid"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    m.compile(optimizers.SGD(0.1), "binary_crossentropy", metrics=["accuracy"])
    return m, x, y, dict(batch_size=8 if fixed else n, epochs=100)


# Customer churn; L2 of 0.5 on every layer against overfitting.
@program("tab-churn-l2", "binary", "bce", where="model", came_in="7a")
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


# Tagging with a max-norm constraint; 0.01 as if it were an L2 coefficient.
@program("tag-max-norm", "multilabel", "bce", where="model", came_in="7a")
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


# Clicks from multi-hot features; Ftrl as it comes, made for linear models, on a dense net.
@program("tab-mlp-ftrl-default", "binary", "bce", where="model", came_in="7a")
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


# A pile of sigmoid layers with the default small weights: the gradient vanishes on the way down.
@program("unseen8-deep-sigmoid-glorot", "multiclass", "scce", where="model", came_in="8a")
def unseen8_deep_sigmoid_glorot(rng, fixed):
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


# A decoupled weight decay copied from a setting where it was not multiplied by the rate.
@program("unseen8-multilabel-adamw-decay", "multilabel", "bce", where="model", came_in="8a")
def unseen8_multilabel_adamw_decay(rng, fixed):
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


# Nadam with an epsilon of the order used for rewards in other code: its steps are tiny.
@program("unseen8-siamese-nadam-epsilon", "binary", "bce", where="model", came_in="8a")
def unseen8_siamese_nadam_epsilon(rng, fixed):
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


# https://stackoom.com/en/question/4HpqD (StackOverflow: "Keras L2 regularization makes the network
# not learn"): MNIST, 36 sigmoids with "l2" and Dropout(0.5), accuracy 10 %; "without the l2 part
# everything works". Repaired with 1e-6 in place of the 0.01 that "l2" stands for.
@program("u10-thirty-six-sigmoids-l2", "multiclass", "cce", where="model", came_in="10a")
def u10_thirty_six_sigmoids_l2(rng, fixed):
    x, y = scattered_digits(rng, 6000, 8, 2)
    x = keras.utils.normalize(x.reshape(len(x), -1))
    l2 = regularizers.L2(1e-6) if fixed else "l2"
    model = keras.Sequential(
        [
            keras.Input((x.shape[1],)),
            layers.Dense(36, activation="sigmoid", kernel_regularizer=l2),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile("rmsprop", "categorical_crossentropy", metrics=["accuracy"])
    return model, f32(x), f32(np.eye(10)[y]), dict(batch_size=32, epochs=20)


# https://chenzhang.org/notes/developer/loss-and-accuracy-get-stuck-in-keras "acc: 0.5378" in every
# epoch, loss 1.91 for seven classes; "increase learning from 0.00001 to 0.1".
@program("u10-seven-classes-rate-1e-5", "multiclass", "cce", where="model", came_in="10a")
def u10_seven_classes_rate_1e_5(rng, fixed):
    n, topics = 8000, 7
    words, y = topic_texts(rng, n, topics, 400, 30, share=0.4)
    x = np.zeros((n, 400))
    np.add.at(x, (np.arange(n)[:, None], words), 1 / 30)
    model = keras.Sequential(
        [
            keras.Input((400,)),
            layers.Dense(20, activation="relu"),
            layers.Dense(20, activation="relu"),
            layers.Dense(topics, activation="softmax"),
        ]
    )
    model.compile(
        optimizers.SGD(0.1 if fixed else 1e-5, momentum=0.9, nesterov=True),
        "categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model, f32(x), f32(np.eye(topics)[y]), dict(batch_size=32, epochs=10)


# AUTOTRAINER "vanishing gradient" on circles: the hidden layer repeated, "random_normal" kernels.
@program("u10b-circle-layers-repeated", "binary", "bce", where="model", came_in="10b")
def u10b_circle_layers_repeated(rng, fixed):
    x, label = datasets.make_circles(700, noise=0.07, factor=0.5, random_state=3)
    init = "glorot_uniform" if fixed else "random_normal"
    model = keras.Sequential([keras.Input((2,))])
    for _i in range(9):
        model.add(layers.Dense(18, activation="tanh", kernel_initializer=init))
    model.add(layers.Dense(1, activation="sigmoid", kernel_initializer=init))
    model.compile(optimizers.SGD(0.05, momentum=0.9), "binary_crossentropy", metrics=["accuracy"])
    return model, f32(x), col(label), dict(batch_size=32, epochs=40)


# AUTOTRAINER "dying ReLU" on blobs: the uniform kernels were typed with (-0.3, 0) as their range.
@program("u10b-blobs-relu-one-sided-uniform", "multiclass", "scce", where="model", came_in="10b")
def u10b_blobs_relu_one_sided_uniform(rng, fixed):
    x, label = datasets.make_blobs(900, 6, centers=5, cluster_std=2.5, random_state=11)
    x = (x - x.min(0)) / (x.max(0) - x.min(0))
    init = initializers.RandomUniform(-0.3, 0.3 if fixed else 0.0, seed=5)
    model = keras.Sequential([keras.Input((6,))])
    model.add(layers.Dense(40, activation="relu", kernel_initializer=init))
    model.add(layers.Dense(20, activation="relu", kernel_initializer=init))
    model.add(layers.Dense(5, activation="softmax"))
    model.compile(optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, f32(x), label, dict(batch_size=32, epochs=25)


# StackOverflow, "entity embeddings: every customer gets the same answer": Adagrad at a rate
# of 1e-4; its steps shrink long before the tables of categories have moved.
@program("u11-entity-embeddings-adagrad", "binary", "bce", where="model", came_in="11a")
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


# StackOverflow, "siamese network always answers 0.5": the gradients' global norm is clipped at
# 1e-5 (a tolerance taken for a limit), so plain SGD hardly leaves the start.
@program("u11-siamese-digits-global-clip", "binary", "bce", where="model", came_in="11a")
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


# DeepFD-like, "diagnosis net with hinge loss always says +1": raw columns of very different sizes
# and SGD; the first steps throw every hidden ReLU below nought.
@program("u11-cancer-hinge-raw-columns", "binary", "hinge", where="model", came_in="11a")
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


# DeepFD / AUTOTRAINER kind: SGD with Nesterov momentum 0.99 and rate 0.5 on a plain classifier of
# ReLU layers; the gradients are clipped, so it does not blow up but dies.
@program("u12-wine-momentum-099", "multiclass", "cce", where="model", came_in="12a")
def u12_wine_momentum_099(rng, fixed):
    d = datasets.load_wine()
    x, y = shuffled(rng, zscore(d.data), np.eye(3)[d.target])
    hidden = [layers.Dense(16, activation="relu") for _ in range(6)]
    model = keras.Sequential([keras.Input((13,)), *hidden, layers.Dense(3, activation="softmax")])
    if fixed:
        opt = optimizers.SGD(0.02, momentum=0.9, nesterov=True, clipnorm=1.0)
    else:
        opt = optimizers.SGD(0.5, momentum=0.99, nesterov=True, clipnorm=1.0)
    model.compile(opt, "categorical_crossentropy", metrics=["accuracy"])
    return model, f32(x), f32(y), dict(batch_size=16, epochs=30)


# Card-fraud tutorial: Time in seconds and Amount in cents stay raw beside standardized V1..V8, SGD.
@program("u12-fraud-raw-amount", "binary", "bce", where="model", came_in="12a")
def u12_fraud_raw_amount(rng, fixed):
    n = 3000
    v = rng.normal(size=(n, 8))
    score = v @ np.array([1.5, -1, 1, 0.5, 0, 0, -0.7, 0.4])
    y = score > np.quantile(score, 0.88)
    x = np.c_[rng.uniform(0, 172_800, n), v, 100 * rng.lognormal(3, 1, n)]
    if fixed:
        x = zscore(x)
    model = keras.Sequential(
        [
            keras.Input((10,)),
            layers.Dense(24, activation="relu"),
            layers.Dense(24, activation="relu"),
            layers.Dropout(0.2),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    opt = optimizers.SGD(0.05, momentum=0.9)
    model.compile(opt, "binary_crossentropy", metrics=["accuracy"])
    return model, f32(x), col(y), dict(batch_size=64, epochs=15)


# StackOverflow, "all optimizers work but ftrl": FTRL starts from z = 0, so the first update throws
# the random weights away and what it builds instead is next to zero.
@program("u12-ftrl-mlp", "binary", "bce", where="model", came_in="12a")
def u12_ftrl_mlp(rng, fixed):
    d = datasets.load_breast_cancer()
    x, y = shuffled(rng, zscore(d.data), d.target)
    model = keras.Sequential(
        [
            keras.Input((30,)),
            layers.Dense(32, activation="relu"),
            layers.Dense(32, activation="relu"),
            layers.Dense(16, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizers.Adam(0.001) if fixed else "ftrl", "binary_crossentropy")
    return model, f32(x), col(y), dict(batch_size=32, epochs=25)


# GitHub, "good training accuracy, predict() returns one class": BatchNormalization(momentum=0.9999)
# as the only scaling of raw columns (the moving averages never get near the data), tanh behind it.
# The loss of the training batches falls; the outputs of predict() and evaluate() are constant.
@program("u12-batchnorm-momentum-09999", "multiclass", "scce", where="model", came_in="12c")
def u12_batchnorm_momentum_09999(rng, fixed):
    n = 900
    base = rng.normal(size=(n, 5))
    y = np.digitize(base[:, 0] + base[:, 1] - base[:, 2], [-0.9, 0.9])
    x = base * [40, 300, 15, 9, 2] + [1013, 4500, 290, 60, 20]
    inp = keras.Input((5,))
    h = layers.BatchNormalization(momentum=0.9 if fixed else 0.9999)(inp)
    h = layers.Dense(32, activation="tanh")(h)
    h = layers.Dense(32, activation="tanh")(h)
    model = keras.Model(inp, layers.Dense(3, activation="softmax")(h))
    model.compile(optimizers.Adam(0.003), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, f32(x), y.astype("int32"), dict(batch_size=64, epochs=20)


# Machine Learning Mastery's two-circles study of vanishing gradients, with plain SGD: ten sigmoid
# layers, N(0, 0.05) weights.
@program("u12-moons-ten-sigmoids", "binary", "bce", where="model", came_in="12c")
def u12_moons_ten_sigmoids(rng, fixed):
    x, y = datasets.make_moons(900, noise=0.12, random_state=int(rng.integers(10**6)))
    n_hidden, act = (3, "relu") if fixed else (10, "sigmoid")
    model = keras.Sequential([keras.Input((2,))])
    for _ in range(n_hidden):
        init = "he_normal" if fixed else initializers.RandomNormal(stddev=0.05)
        model.add(layers.Dense(16, activation=act, kernel_initializer=init))
    model.add(layers.Dense(1, activation="sigmoid"))
    model.compile(optimizers.SGD(0.1, momentum=0.9), "binary_crossentropy")
    return model, f32(x), col(y), dict(batch_size=32, epochs=30)
