"""Healthy, or nothing to learn: classes from tables that look like a collapse."""

import os
import tempfile

import keras
import numpy as np
from keras import callbacks, initializers, layers, ops, optimizers, regularizers
from sklearn import datasets
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from .data import friedman, shuffled_digits, some_digits
from .registry import TRUTH, program
from .tools import col, column, f32, mlp, onehot, seq, std


def parity(r, n: int, bits: int, extra: int) -> tuple[np.ndarray, np.ndarray]:
    x = r.integers(0, 2, (n, bits + extra))
    return f32(2 * x - 1), col(x[:, :bits].sum(1) % 2)


# OK: parity of three bits among eight; flat at first.
@program("OK-parity-3", "binary", "bce", came_in="programs")
def ok_parity_3(r, fixed):
    x, y = parity(r, 1000, 3, 5)
    m = mlp(8, [32, 32], head="sigmoid")
    m.compile(optimizers.Adam(0.003), "binary_crossentropy")
    return m, x, y, dict(batch_size=32, epochs=20)


# OK: parity of four bits among eight, SGD with momentum; a long plateau.
@program("OK-parity-4", "binary", "bce", came_in="programs")
def ok_parity_4(r, fixed):
    x, y = parity(r, 1500, 4, 4)
    m = mlp(8, [64, 64], "tanh", head="sigmoid")
    m.compile(optimizers.SGD(0.1, momentum=0.9), "binary_crossentropy")
    return m, x, y, dict(batch_size=32, epochs=25)


# OK: six tanh layers under plain SGD on circles: slow start.
@program("OK-deep-tanh-sgd", "binary", "bce", came_in="programs")
def ok_deep_tanh_sgd(r, fixed):
    x, y = datasets.make_circles(1000, noise=0.1, factor=0.5, random_state=int(r.integers(1 << 30)))
    m = mlp(2, [16] * 6, "tanh", head="sigmoid")
    m.compile(optimizers.SGD(0.1), "binary_crossentropy")
    return m, f32(x), col(y), dict(batch_size=32, epochs=40)


# OK: a weak binary signal (AUC about 0.6).
@program("OK-low-signal-binary", "binary", "bce", came_in="programs")
def ok_low_signal_binary(r, fixed):
    x = r.normal(size=(8000, 6))
    y = r.random(8000) < 1 / (1 + np.exp(-(0.4 * x[:, 0] - 0.3 * x[:, 1])))
    m = mlp(6, [16], head="sigmoid")
    m.compile(optimizers.Adam(0.003), "binary_crossentropy")
    return m, f32(x), col(y), dict(batch_size=64, epochs=6)


# OK: 97 : 3 classes with signal; accuracy equals the majority for a while.
@program("OK-imbalanced-97", "binary", "bce", came_in="programs")
def ok_imbalanced_97(r, fixed):
    x, y = datasets.make_classification(
        4000,
        12,
        n_informative=6,
        weights=[0.97],
        class_sep=1.2,
        flip_y=0.0,
        random_state=int(r.integers(1 << 30)),
    )
    m = mlp(12, [32], head="sigmoid")
    m.compile(optimizers.Adam(0.003), "binary_crossentropy")
    return m, f32(x), col(y), dict(batch_size=64, epochs=12)


# OK: multi-label with rare labels.
@program("OK-multilabel", "multilabel", "bce", came_in="programs")
def ok_multilabel(r, fixed):
    x = r.normal(size=(1500, 10))
    y = x @ r.normal(size=(10, 6)) / np.sqrt(10) > [0, 0, 0.5, 0.5, 1.2, 1.2]
    m = mlp(10, [32], n_out=6, head="sigmoid")
    m.compile(optimizers.Adam(0.005), "binary_crossentropy")
    return m, f32(x), f32(y), dict(batch_size=32, epochs=12)


# OK: XOR, four rows, full batch: flat at 0.5 for many epochs.
@program("OK-xor-4-rows", "binary", "bce", came_in="programs")
def ok_xor_4_rows(r, fixed):
    m = mlp(2, [16], "tanh", head="sigmoid")
    m.compile(optimizers.Adam(0.05), "binary_crossentropy")
    x = f32([[0, 0], [0, 1], [1, 0], [1, 1]])
    return m, x, col([0, 1, 1, 0]), dict(batch_size=4, epochs=100)


# OK: one row per step, no batch normalisation.
@program("OK-batch-size-1", "binary", "bce", came_in="programs")
def ok_batch_size_1(r, fixed):
    x, y = datasets.load_breast_cancer(return_X_y=True)
    m = mlp(30, [16], head="sigmoid")
    m.compile(optimizers.SGD(0.01), "binary_crossentropy")
    return m, std(x), col(y), dict(batch_size=1, epochs=4)


# OK: fifty classes, thirty rows each: accuracy starts at 2 %.
@program("OK-50-classes", "multiclass", "scce", came_in="programs")
def ok_50_classes(r, fixed):
    y = np.repeat(np.arange(50), 30)
    x = 1.2 * r.normal(size=(50, 16))[y] + r.normal(size=(1500, 16))
    m = mlp(16, [64], n_out=50, head="softmax")
    m.compile(optimizers.Adam(0.003), "sparse_categorical_crossentropy")
    return m, f32(x), y, dict(batch_size=32, epochs=10)


# OK: ordinal targets as cumulative sigmoids.
@program("OK-ordinal", "multilabel", "bce", came_in="programs")
def ok_ordinal(r, fixed):
    x, y = friedman(r, 1200)
    y = f32(std(y) > [[-1.5, -0.5, 0.5, 1.5]])
    m = mlp(10, [32], n_out=4, head="sigmoid")
    m.compile(optimizers.Adam(0.005), "binary_crossentropy")
    return m, x, y, dict(batch_size=32, epochs=12)


# OK: 95 : 5 classes with class weights.
@program("OK-class-weight", "binary", "bce", came_in="programs")
def ok_class_weight(r, fixed):
    x = r.normal(size=(3000, 8))
    y = x[:, 0] + x[:, 1] * x[:, 2] + 0.3 * r.normal(size=3000) > 2.2
    m = mlp(8, [32], head="sigmoid")
    m.compile(optimizers.Adam(0.005), "binary_crossentropy")
    return m, f32(x), col(y), dict(batch_size=64, epochs=10, class_weight={0: 1.0, 1: 10.0})


# OK: two inputs in a dict, eight steps per execution (one on torch, which allows no more).
@program("OK-two-inputs", "binary", "bce", came_in="programs")
def ok_two_inputs(r, fixed):
    a, b = r.normal(size=(2, 1200, 6))
    y = col((a * b).sum(1) > 0)
    left, right = keras.Input((6,), name="left"), keras.Input((6,), name="right")
    h = layers.Dense(64, activation="relu")(layers.Concatenate()([left, right]))
    h = layers.Dense(32, activation="relu")(h)
    m = keras.Model({"left": left, "right": right}, layers.Dense(1, activation="sigmoid")(h))
    steps = 1 if keras.backend.backend() == "torch" else 8
    m.compile(optimizers.Adam(0.003), "binary_crossentropy", steps_per_execution=steps)
    return m, {"left": f32(a), "right": f32(b)}, y, dict(batch_size=30, epochs=20)


# OK: raw inputs of very different scales behind a first BatchNormalization.
@program("OK-raw-inputs", "binary", "bce", came_in="programs")
def ok_raw_inputs(r, fixed):
    x, y = datasets.load_breast_cancer(return_X_y=True)
    m = seq(
        (30,),
        layers.BatchNormalization(momentum=0.9),
        layers.Dense(16, activation="relu"),
        layers.Dense(1, activation="sigmoid"),
    )
    m.compile(optimizers.Adam(0.003), "binary_crossentropy")
    return m, f32(x), col(y), dict(batch_size=32, epochs=12)


# NOISE: coin flips.
@program("NOISE-binary", "binary", "bce", where="data", came_in="programs", causes=("no_signal",))
def noise_binary(r, fixed):
    m = mlp(8, [16], head="sigmoid")
    m.compile(optimizers.Adam(0.001), "binary_crossentropy")
    return m, f32(r.normal(size=(2000, 8))), col(r.random(2000) < 0.3), dict(epochs=10)


# Six classes, 92 % of the rows in one of them; the others are learned later.
@program("OK-rare-classes", "multiclass", "scce", came_in="1")
def ok_rare_classes(r, fixed):
    y = r.choice(6, 2500, p=[0.92, 0.02, 0.02, 0.02, 0.01, 0.01])
    x = r.normal(size=(2500, 12)) + 1.5 * r.normal(size=(6, 12))[y]
    m = seq((12,), layers.Dense(24, activation="tanh"), layers.Dense(6, activation="softmax"))
    m.compile(optimizers.SGD(0.02, momentum=0.9), "sparse_categorical_crossentropy")
    return m, f32(x), y.astype("int32"), dict(batch_size=64, epochs=20)


# Random labels of four classes, a small regularised net: chance is the right answer.
@program("NOISE-random-classes", "multiclass", "scce", where="data", came_in="1")
def noise_random_classes(r, fixed):
    x, y = r.normal(size=(4000, 6)), r.integers(0, 4, 4000)
    m = seq(
        (6,),
        layers.Dense(8, activation="relu", kernel_regularizer=regularizers.L2(0.02)),
        layers.Dense(4, activation="softmax", kernel_regularizer=regularizers.L2(0.02)),
    )
    m.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return m, f32(x), y.astype("int32"), dict(batch_size=64, epochs=15)


# Three labels out of ten are flipped on purpose: accuracy cannot pass about 0.7, and does not.
@program("OK-thirty-percent-flipped", "binary", "bce", came_in="3b")
def ok_thirty_percent_flipped(r, fixed):
    x = r.normal(size=(1500, 8)).astype("float32")
    y = (x[:, 0] - x[:, 1] + x[:, 2] > 0) ^ (r.random(1500) < 0.3)
    model = keras.Sequential(
        [
            keras.Input((8,)),
            layers.Dense(16, activation="tanh"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizers.Adam(0.002), "binary_crossentropy")
    return model, x, column(y), dict(epochs=15, batch_size=32)


# One in twelve customers leaves; the network says "stays" for a while before it tells them apart.
@program("OK-churn-one-in-twelve", "binary", "bce", came_in="3b")
def ok_churn_one_in_twelve(r, fixed):
    x, y = datasets.make_classification(
        1800, 10, n_informative=6, weights=[0.92], class_sep=1.6, random_state=int(r.integers(1e6))
    )
    model = keras.Sequential(
        [
            keras.Input((10,)),
            layers.Dense(24, activation="relu"),
            layers.Dropout(0.3),
            layers.Dense(12, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizers.Adam(0.003), "binary_crossentropy")
    return (
        model,
        StandardScaler().fit_transform(x).astype("float32"),
        column(y),
        dict(epochs=15, batch_size=32),
    )


# Healthy: digits through batch normalization, two dropouts of 0.6, label smoothing and AdamW at a
# small rate; predictions stay soft and the accuracy comes slowly.
@program("OK-smoothed-digits-small-rate", "multiclass", "cce", came_in="4a")
def ok_smoothed_digits_small_rate(r, fixed):
    d = datasets.load_digits()
    x = f32(d.data / 16)
    m = keras.Sequential(
        [
            keras.Input((64,)),
            layers.Dense(64, activation="relu"),
            layers.BatchNormalization(),
            layers.Dropout(0.6),
            layers.Dense(64, activation="relu"),
            layers.Dropout(0.6),
            layers.Dense(10, activation="softmax"),
        ]
    )
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=0.3)
    m.compile(optimizers.AdamW(3e-4, weight_decay=0.01), loss, metrics=["accuracy"])
    return m, x, onehot(d.target, 10), dict(epochs=25, batch_size=64)


# Healthy: the breast-cancer table through a bottleneck of three sigmoids with plain SGD, which
# spends its first epochs at the share of the larger class.
@program("OK-cancer-sigmoid-bottleneck", "binary", "bce", came_in="4a")
def ok_cancer_sigmoid_bottleneck(r, fixed):
    x, k = datasets.load_breast_cancer(return_X_y=True)
    x = f32(StandardScaler().fit_transform(x))
    m = keras.Sequential(
        [
            keras.Input((30,)),
            layers.Dense(16, activation="sigmoid"),
            layers.Dense(3, activation="sigmoid"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    m.compile(optimizers.SGD(0.02), "binary_crossentropy", metrics=["accuracy"])
    return m, x, f32(k)[:, None], dict(epochs=40, batch_size=16)


# Four sigmoid layers, which would stand still alone, each followed by batch norm.
@program("OK-sigmoid-stack-batchnorm", "multiclass", "cce", came_in="4b")
def ok_sigmoid_stack_batchnorm(r, fixed):
    d = datasets.load_digits()
    stack = []
    for _layer in range(4):
        stack += [layers.Dense(48, activation="sigmoid"), layers.BatchNormalization()]
    model = seq((64,), *stack, layers.Dense(10, activation="softmax"))
    model.compile(optimizers.RMSprop(0.002), "categorical_crossentropy", metrics=["accuracy"])
    return model, f32(d.data / 16), onehot(d.target, 10), dict(epochs=20, batch_size=64)


@program("OK-xor-plateau", "binary", "bce", came_in="5a")
def ok_xor_plateau(r, fixed):  # long plateau at ln 2, then a drop
    x = r.normal(size=(1000, 2))
    y = f32((x[:, 0] * x[:, 1]) > 0)[:, None]
    m = seq(
        (2,),
        layers.Dense(
            16, activation="tanh", kernel_initializer=initializers.RandomNormal(stddev=0.05)
        ),
        layers.Dense(
            16, activation="tanh", kernel_initializer=initializers.RandomNormal(stddev=0.05)
        ),
        layers.Dense(1, activation="sigmoid"),
    )
    m.compile(optimizers.Adam(5e-3), "binary_crossentropy")
    return m, f32(x), y, dict(epochs=40, batch_size=32)


@program("OK-imbalanced-fraud", "binary", "bce", came_in="5a")
def ok_imbalanced_fraud(r, fixed):  # 6 % positives: answers 'no' for the first epochs
    x = r.normal(size=(3000, 12))
    s = x[:, 0] + x[:, 1] * x[:, 2] + 0.4 * r.normal(size=3000)
    y = f32(s > np.quantile(s, 0.94))[:, None]
    m = seq(
        (12,),
        layers.Dense(32, activation="relu"),
        layers.BatchNormalization(),
        layers.Dropout(0.2),
        layers.Dense(16, activation="relu"),
        layers.Dense(1, activation="sigmoid"),
    )
    m.compile(optimizers.Adam(1e-3), "binary_crossentropy")
    return m, f32(x), y, dict(epochs=25, batch_size=64)


@program("OK-deep-sigmoid-slow", "multiclass", "scce", came_in="5a")
def ok_deep_sigmoid_slow(
    r, fixed
):  # three sigmoid layers under plain SGD: 10 % for epochs, then it moves
    d = datasets.load_digits()
    m = seq(
        (64,),
        *[layers.Dense(48, activation="sigmoid") for _ in range(3)],
        layers.Dense(10, activation="softmax"),
    )
    m.compile(optimizers.SGD(0.05, momentum=0.9), "sparse_categorical_crossentropy")
    return m, f32(d.data / 16), d.target, dict(epochs=25, batch_size=32)


@program("OK-fraud-3-percent", "binary", "bce", came_in="5b", origin="written blind")
def ok_fraud_3_percent(r, fixed):
    """3% positives: answers 'no' for a long time, at 97% accuracy, then finds them."""
    n = 4000
    X = r.normal(size=(n, 10))
    s = X[:, 0] * X[:, 1] + X[:, 2] + 0.5 * X[:, 3]
    y = s > np.quantile(s, 0.97)
    m = seq(
        (10,),
        layers.Dense(32, activation="relu"),
        layers.Dense(32, activation="relu"),
        layers.Dense(1, activation="sigmoid"),
    )
    m.compile(optimizers.Adam(1e-3), "binary_crossentropy", metrics=["accuracy"])
    return m, f32(X), col(y), dict(epochs=18, batch_size=64)


@program("OK-parity-plateau", "binary", "bce", came_in="5b", origin="written blind")
def ok_parity_plateau(r, fixed):
    """Parity of 3 of 10 bits: chance for many epochs, then a sudden drop."""
    X = r.integers(0, 2, (2000, 10)) * 2 - 1
    y = X[:, 0] * X[:, 1] * X[:, 2] > 0
    m = seq((10,), layers.Dense(64, activation="tanh"), layers.Dense(1, activation="sigmoid"))
    m.compile(optimizers.SGD(0.03, momentum=0.9), "binary_crossentropy", metrics=["accuracy"])
    return m, f32(X), col(y), dict(epochs=40, batch_size=64)


# One positive in twelve: says "no" to everything for the first epochs, then finds them.
@program("OK-rare-positives", "binary", "bce", came_in="6a")
def ok_rare_positives(rng, fixed):
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


# Parity of six bits: a plateau at 0.693 before it drops.
@program("OK-parity-plateau-6a", "binary", "bce", came_in="6a")
def ok_parity_plateau_6a(rng, fixed):
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


# Sixteen labels, each present in about one row of fourteen.
@program("OK-sparse-labels", "multilabel", "bce", came_in="6a")
def ok_sparse_labels(rng, fixed):
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


# long plateau: parity of four bits among eight
@program("OK-parity-plateau-6b", "binary", "bce", came_in="6b", origin="written blind")
def ok_parity_plateau_6b(rng, fixed):
    x = rng.integers(0, 2, (1000, 8))
    y = (x[:, 1] + x[:, 4] + x[:, 5] + x[:, 6]) % 2
    m = keras.Sequential(
        [
            keras.Input((8,)),
            layers.Dense(48, activation="tanh"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    m.compile(optimizers.SGD(0.02, momentum=0.9), "binary_crossentropy", metrics=["accuracy"])
    return (
        m,
        (2 * x - 1).astype("float32"),
        y.astype("float32")[:, None],
        dict(batch_size=32, epochs=100),
    )


# Control: fraud at six per cent, for some epochs all are called honest.
@program("OK-fraud-imbalanced", "binary", "bce", came_in="7a")
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
@program("OK-parity-plateau-7a", "binary", "bce", came_in="7a")
def ok_parity_plateau_7a(rng, fixed):
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


# Noisy XOR from tiny weights and plain SGD: a long stay at p = 0.5, then a sudden drop.
@program("OK-xor-small-weights", "binary", "bce", came_in="7c")
def ok_xor_small_weights(rng, fixed):
    bits = rng.integers(0, 2, (256, 2))
    x = f32(bits * 2 - 1 + 0.2 * rng.normal(size=bits.shape))
    small = initializers.RandomNormal(stddev=0.15)
    m = keras.Sequential(
        [
            keras.Input((2,)),
            layers.Dense(8, activation="tanh", kernel_initializer=small),
            layers.Dense(1, activation="sigmoid", kernel_initializer=small),
        ]
    )
    m.compile(optimizers.SGD(0.2), "binary_crossentropy", metrics=["accuracy"])
    return m, x, col(bits[:, 0] ^ bits[:, 1]), dict(batch_size=16, epochs=150)


# Ten tanh layers with a long linear warm-up from zero and cosine decay, on the digits.
@program("OK-deep-tanh-long-warmup", "multiclass", "scce", came_in="7c")
def ok_deep_tanh_long_warmup(rng, fixed):
    d = datasets.load_digits()
    order = rng.permutation(len(d.target))[:1200]
    m = keras.Sequential([keras.Input((64,))])
    for _i in range(10):
        m.add(layers.Dense(32, activation="tanh"))
    m.add(layers.Dense(10, activation="softmax"))
    lr = optimizers.schedules.CosineDecay(0.0, 1200, warmup_target=0.03, warmup_steps=800)
    m.compile(
        optimizers.SGD(lr, momentum=0.9), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    x = f32(d.data[order] / 16)
    return m, x, d.target[order], dict(batch_size=24, epochs=40)


# Six percent positives, mild class weight: every prediction stays below one half at first.
@program("OK-rare-positives-6pct", "binary", "bce", came_in="7c")
def ok_rare_positives_6pct(rng, fixed):
    n = 4000
    x = rng.normal(size=(n, 12))
    s = 1.3 * x[:, 0] * x[:, 1] + 1.2 * x[:, 2] - 0.8 * np.abs(x[:, 3]) + 0.4 * rng.normal(size=n)
    y = s > np.quantile(s, 0.94)
    m = keras.Sequential(
        [
            keras.Input((12,)),
            layers.Dense(32, activation="relu"),
            layers.Dropout(0.2),
            layers.Dense(16, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    m.compile(
        optimizers.Adam(0.001), "binary_crossentropy", metrics=[keras.metrics.AUC(name="auc")]
    )
    return m, f32(x), col(y), dict(batch_size=64, epochs=25, class_weight={0: 1.0, 1: 2.0})


# Forty classes with a Zipf tail, Adadelta: the two largest hold almost half of the rows.
@program("OK-long-tail-40-classes", "multiclass", "scce", came_in="7c")
def ok_long_tail_40_classes(rng, fixed):
    k, n = 40, 4000
    share = 1 / np.arange(1, k + 1) ** 1.3
    y = rng.choice(k, n, p=share / share.sum())
    centres = rng.normal(size=(k, 24))
    x = centres[y] + 1.0 * rng.normal(size=(n, 24))
    m = keras.Sequential(
        [
            keras.Input((24,)),
            layers.Dense(64, activation="relu"),
            layers.Dense(64, activation="relu"),
            layers.Dense(k, activation="softmax"),
        ]
    )
    m.compile(optimizers.Adadelta(0.2), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return m, f32(x), y, dict(batch_size=64, epochs=25)


# Twenty-five tags, each on 2 to 8 % of the documents, from a bag of words.
@program("OK-rare-tags-7c", "multilabel", "bce", came_in="7c")
def ok_rare_tags_7c(rng, fixed):
    n, words, tags = 3000, 120, 25
    x = (rng.random((n, words)) < 0.08).astype("float32")
    s = x @ rng.normal(size=(words, tags)) + 0.2 * rng.normal(size=(n, tags))
    y = f32(s > np.quantile(s, 1 - np.linspace(0.02, 0.08, tags), axis=0).diagonal())
    m = keras.Sequential(
        [
            keras.Input((words,)),
            layers.Dense(96, activation="relu"),
            layers.Dense(tags, activation="sigmoid"),
        ]
    )
    m.compile(optimizers.Adam(0.002), "binary_crossentropy")
    return m, x, y, dict(batch_size=64, epochs=30)


# Circles in batches of 2000: few steps an epoch and a slow escape from the mean.
@program("OK-circles-big-batch", "binary", "mse", came_in="7c")
def ok_circles_big_batch(rng, fixed):
    x, y = datasets.make_circles(10000, noise=0.08, factor=0.5, random_state=int(rng.integers(1e6)))
    m = keras.Sequential(
        [
            keras.Input((2,)),
            layers.Dense(
                16, activation="tanh", kernel_initializer=initializers.RandomUniform(-0.2, 0.2)
            ),
            layers.Dense(16, activation="tanh"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    m.compile(optimizers.Adam(0.002), "mse", metrics=["accuracy"])
    return m, f32(x), col(y), dict(batch_size=2000, epochs=100)


# BatchNorm after every layer with batches of four: moving statistics lag behind at first.
@program("OK-batchnorm-batch-4", "multiclass", "cce", came_in="7c")
def ok_batchnorm_batch_4(rng, fixed):
    d = datasets.load_wine()
    m = keras.Sequential([keras.Input((13,)), layers.BatchNormalization()])
    for width in (24, 16):
        m.add(layers.Dense(width, use_bias=False))
        m.add(layers.BatchNormalization())
        m.add(layers.Activation("relu"))
    m.add(layers.Dense(3, activation="softmax"))
    m.compile(optimizers.Adam(0.0005), "categorical_crossentropy", metrics=["accuracy"])
    return m, f32(d.data), onehot(d.target, 3), dict(batch_size=4, epochs=25)


@program("OK-u9-unlabelled-rows-weight-zero", "binary", "bce", came_in="9b")
def ok_u9_unlabelled_rows_weight_zero(rng, fixed):
    """92 % of the rows are unlabelled: target 0 as a stand-in, sample weight 0."""
    n = 4000
    x = rng.normal(size=(n, 8))
    y = (x[:, 0] + x[:, 1] - 0.7 * x[:, 2] + 0.4 * rng.normal(size=n) > 0) * 1.0
    known = rng.random(n) < 0.08
    y[~known] = 0
    m = seq((8,), layers.Dense(12, "relu"), layers.Dense(1, "sigmoid"))
    m.compile(optimizers.Adam(2e-3), "binary_crossentropy")
    return m, f32(x), col(y), dict(batch_size=64, epochs=15, sample_weight=f32(known))


def spikes(epoch, rate=None):
    """A rate far too high in the third and the eighth epoch."""
    return 2.0 if epoch in (2, 7) else 0.03


@program("OK-u9-rate-spikes", "multiclass", "scce", came_in="9b")
def ok_u9_rate_spikes(rng, fixed):
    """The loss leaps above chance in two epochs and comes back."""
    x, y = some_digits(rng, 1500)
    m = seq(
        (64,),
        layers.Dense(48),
        layers.BatchNormalization(),
        layers.Activation("tanh"),
        layers.Dense(10, "softmax"),
    )
    m.compile(optimizers.SGD(0.05, momentum=0.9), "sparse_categorical_crossentropy")
    return (
        m,
        x,
        y.astype("int32"),
        dict(batch_size=32, epochs=18, callbacks=[keras.callbacks.LearningRateScheduler(spikes)]),
    )


@keras.saving.register_keras_serializable(package="u9")
class Thresholds(layers.Layer):
    """Adds one falling threshold per level to a single score."""

    def __init__(self, levels, **kwargs):
        super().__init__(**kwargs)
        self.levels = levels

    def build(self, shape):
        self.b = self.add_weight(shape=(self.levels,), initializer="zeros", name="thresholds")

    def call(self, x):
        return x + self.b

    def compute_output_shape(self, shape):
        return (shape[0], self.levels)

    def get_config(self):
        return {**super().get_config(), "levels": self.levels}


@program("OK-u9-ordinal-severity", "multilabel", "bce", came_in="9b")
def ok_u9_ordinal_severity(rng, fixed):
    """Five levels of severity as four cumulative labels over one shared score; level 0 is usual."""
    n = 2500
    x = rng.normal(size=(n, 8))
    s = x[:, 0] + 0.8 * x[:, 1] - 0.6 * x[:, 2] + 0.9 * rng.logistic(size=n)
    level = np.searchsorted(np.quantile(s, [0.85, 0.92, 0.97, 0.99]), s)
    y = level[:, None] > np.arange(4)
    m = seq(
        (8,),
        layers.Dense(16, "tanh"),
        layers.Dense(1, use_bias=False),
        Thresholds(4),
        layers.Activation("sigmoid"),
    )
    m.compile(optimizers.Adam(3e-3), "binary_crossentropy")
    return m, f32(x), f32(y), dict(batch_size=32, epochs=15)


@program("OK-u9-distilled-soft-teacher", "multiclass", "kld", came_in="9b")
def ok_u9_distilled_soft_teacher(rng, fixed):
    """A teacher's answers at a high temperature: every class stays between 5 and 19 %."""
    n = 2000
    x = rng.normal(size=(n, 12))
    logit = np.tanh(x @ rng.normal(size=(12, 20)) * 0.5) @ rng.normal(size=(20, 10))
    p = np.exp((logit - logit.mean(0)) / 20)
    m = seq((12,), layers.Dense(32, "tanh"), layers.Dense(10, "softmax"))
    m.compile(optimizers.Adam(1e-3), "kl_divergence")
    return m, f32(x), f32(p / p.sum(1, keepdims=True)), dict(batch_size=32, epochs=20)


@keras.saving.register_keras_serializable(package="u9")
class Mixup(keras.Model):
    """Trains on 0.6 times a row plus 0.4 times another of its batch, targets likewise."""

    def train_step(self, *args):
        x, y, _ = keras.utils.unpack_x_y_sample_weight(args[-1])
        x = 0.6 * x + 0.4 * ops.flip(x, axis=0)
        y = 0.6 * y + 0.4 * ops.flip(y, axis=0)
        return super().train_step(*args[:-1], (x, y))


@program("OK-u9-mixup-train-step", "multiclass", "cce", came_in="9b")
def ok_u9_mixup_train_step(rng, fixed):
    """The reported loss is that of mixed targets and cannot fall much below 0.7."""
    x, k = some_digits(rng, 1400)
    a = keras.Input((64,))
    h = layers.Dropout(0.3)(layers.Dense(64, "relu")(a))
    m = Mixup(a, layers.Dense(10, "softmax")(h))
    m.compile(optimizers.Adam(1e-3), "categorical_crossentropy")
    return m, x, onehot(k, 10), dict(batch_size=32, epochs=15)


# The parity of four of ten bits: nothing for many epochs, then everything.
@program("OK-b10-parity-of-four-bits", "binary", "bce", came_in="10b", origin="written blind")
def ok_b10_parity_of_four_bits(rng, fixed):
    x = rng.integers(0, 2, (1500, 10))
    y = x[:, [0, 3, 4, 8]].sum(1) % 2
    model = keras.Sequential([keras.Input((10,))])
    model.add(layers.Dense(64, activation="tanh"))
    model.add(layers.Dense(64, activation="tanh"))
    model.add(layers.Dense(1, activation="sigmoid"))
    model.compile(optimizers.SGD(0.02, momentum=0.9), "binary_crossentropy", metrics=["accuracy"])
    return model, f32(2 * x - 1), col(y), dict(batch_size=50, epochs=60)


# Fraud, 2 per cent, found by overlapping columns; class weights, a validation split.
@program("OK-b10-two-per-cent-fraud", "binary", "bce", came_in="10b", origin="written blind")
def ok_b10_two_per_cent_fraud(rng, fixed):
    n = 3000
    x = rng.normal(size=(n, 8))
    score = x[:, 0] + x[:, 1] * x[:, 2] - 0.7 * x[:, 3] + rng.normal(0, 0.7, n)
    y = score > np.quantile(score, 0.98)
    model = keras.Sequential([keras.Input((8,))])
    model.add(layers.Dense(32, activation="relu"))
    model.add(layers.Dropout(0.2))
    model.add(layers.Dense(1, activation="sigmoid"))
    model.compile(optimizers.Adam(2e-3), "binary_crossentropy", metrics=["AUC"])
    weights = {0: 1.0, 1: 8.0}
    return model, f32(x), col(y), dict(epochs=20, class_weight=weights, validation_split=0.2)


# Most ReLU units are dead from the first step on (bias of -1.6); the few others do the work.
@program("OK-b10-most-units-dead", "multiclass", "cce", came_in="10b", origin="written blind")
def ok_b10_most_units_dead(rng, fixed):
    d = datasets.load_digits()
    x = d.data / 16 - 0.3
    bias = initializers.Constant(-1.6)
    model = keras.Sequential([keras.Input((64,))])
    model.add(layers.Dense(300, "relu", kernel_initializer="he_normal", bias_initializer=bias))
    model.add(layers.Dense(10, activation="softmax"))
    model.compile(optimizers.SGD(0.05), "categorical_crossentropy", metrics=["accuracy"])
    return model, f32(x), onehot(d.target, 10), dict(batch_size=32, epochs=20)


# Distillation at temperature 40: all soft targets lie between 0.05 and 0.2, so do the predictions.
@program("OK-b10-distilled-at-40", "multiclass", "kld", came_in="10b", origin="written blind")
def ok_b10_distilled_at_40(rng, fixed):
    d = datasets.load_digits()
    x = d.data / 16
    teacher = LogisticRegression(max_iter=300).fit(x[:600], d.target[:600])
    logits = teacher.decision_function(x) / 40
    soft = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    model = keras.Sequential([keras.Input((64,)), layers.Dense(24, activation="relu")])
    model.add(layers.Dense(10, activation="softmax"))
    model.compile(optimizers.Adam(3e-3), "kl_divergence")
    return model, f32(x), f32(soft), dict(batch_size=32, epochs=20)


# Cells from 1e-9 to 1e9 in size; Normalization takes care of it. Best weights kept in a file.
@program("OK-b10-tumours-in-odd-units", "binary", "bce", came_in="10b", origin="written blind")
def ok_b10_tumours_in_odd_units(rng, fixed):
    d = datasets.load_breast_cancer()
    x = d.data * 10.0 ** rng.integers(-6, 7, 30)
    norm = layers.Normalization()
    norm.adapt(f32(x))
    model = keras.Sequential([keras.Input((30,)), norm])
    model.add(layers.Dense(16, activation="sigmoid"))
    model.add(layers.Dense(1, activation="sigmoid"))
    model.compile(optimizers.SGD(0.01), "binary_crossentropy", metrics=["accuracy"])
    path = os.path.join(tempfile.mkdtemp(), "best.weights.h5")
    best = callbacks.ModelCheckpoint(path, "loss", save_best_only=True, save_weights_only=True)
    slower = callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.97)
    kw = dict(batch_size=16, epochs=30, callbacks=[best, slower])
    return model, f32(x), col(d.target), kw


# One and a half per cent of positives without class weights: hard answers are almost always "no",
# the ranking is fine.
@program("OK-u11-defects-15-in-1000", "binary", "bce", came_in="11b")
def defects(rng, fixed):
    n = 6000
    x = rng.standard_normal((n, 12))
    score = x[:, 0] + x[:, 1] * x[:, 2] + 0.8 * np.abs(x[:, 3]) + 0.4 * rng.standard_normal(n)
    y = score > np.quantile(score, 0.985)
    model = keras.Sequential(
        [
            keras.Input((12,)),
            layers.Dense(32, activation="relu"),
            layers.Dense(16, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizers.Adam(1e-3), "binary_crossentropy", metrics=["accuracy"])
    return model, f32(x), col(y), {"epochs": 20, "batch_size": 32}


# Sixty tags of which about one in a hundred is set: most outputs are next to nought all the time.
@program("OK-u11-sixty-rare-tags", "binary", "bce", came_in="11b")
def sixty_tags(rng, fixed):
    n, tags = 3000, 60
    x = rng.standard_normal((n, 30))
    score = x @ rng.standard_normal((30, tags)) / np.sqrt(30)
    y = score > np.quantile(score, 0.99, axis=0)
    model = keras.Sequential(
        [
            keras.Input((30,)),
            layers.Dense(96, activation="relu"),
            layers.Dense(tags, activation="sigmoid"),
        ]
    )
    model.compile(optimizers.Adam(2e-3), "binary_crossentropy")
    return model, f32(x), f32(y), {"epochs": 25, "batch_size": 32}


class Focussed(keras.Model):
    """Own loss: rows that are already right count for little; their mean is tiny."""

    def __init__(self):
        super().__init__()
        self.body = [layers.Dense(64, activation="relu") for _ in range(2)]
        self.head = layers.Dense(10)

    def call(self, x):
        for layer in self.body:
            x = layer(x)
        return self.head(x)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        truth = ops.one_hot(ops.cast(ops.reshape(y, (-1,)), "int32"), 10)
        logp = ops.sum(truth * ops.log_softmax(y_pred, axis=-1), axis=-1)
        return -1e-3 * ops.mean(ops.square(1.0 - ops.exp(logp)) * logp)


# A subclassed model with its own loss of a thousandth, so loss and gradients are tiny throughout.
@program("OK-u11-focal-thousandth", "multiclass", "custom", came_in="11b")
def focal_thousandth(rng, fixed):
    x, y = datasets.load_digits(return_X_y=True)
    order = rng.permutation(len(x))
    model = Focussed()
    model.compile(optimizers.Adam(5e-4))
    return model, f32(x[order] / 16.0), y[order].astype("int32"), {"epochs": 20, "batch_size": 32}


# Label smoothing of 0.5: the loss ends close to where it started, the classes are right.
@program("OK-u11-smoothing-half", "multiclass", "cce", came_in="11b")
def smoothing_half(rng, fixed):
    x, y = datasets.load_digits(return_X_y=True)
    order = rng.permutation(len(x))
    model = keras.Sequential(
        [
            keras.Input((64,)),
            layers.Dense(64, use_bias=False),
            layers.BatchNormalization(),
            layers.Activation("relu"),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=0.5)
    model.compile(optimizers.Adam(5e-4), loss, metrics=["accuracy"])
    target = f32(np.eye(10)[y[order]])
    return model, f32(x[order] / 16.0), target, {"epochs": 15, "batch_size": 32}


class Triplet(keras.Model):
    """Unit vectors trained with the margin loss over all triplets of a batch."""

    def __init__(self):
        super().__init__()
        self.body = layers.Dense(64, activation="relu")
        self.head = layers.Dense(8)

    def call(self, x):
        e = self.head(self.body(x))
        return e / (ops.norm(e, axis=-1, keepdims=True) + 1e-6)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        gap = 2.0 - 2.0 * ops.matmul(y_pred, ops.transpose(y_pred))
        y = ops.reshape(y, (-1, 1))
        same = ops.cast(ops.equal(y, ops.transpose(y)), "float32")
        use = ops.expand_dims(same, 2) * ops.expand_dims(1.0 - same, 1)
        cost = ops.relu(ops.expand_dims(gap, 2) - ops.expand_dims(gap, 1) + 0.4)
        return ops.sum(cost * use) / (ops.sum(use) + 1e-6)


# Metric learning: the model's outputs are unit vectors that never resemble the labels.
@program("OK-u12-triplet-vectors", "multiclass", "custom", came_in="12b")
def triplet(rng, fixed):
    x, y = shuffled_digits(rng)
    model = Triplet()
    model.compile(optimizers.SGD(0.02, momentum=0.9))
    return model, x, y.reshape(-1, 1), {"epochs": 20, "batch_size": 32}


# Fifteen labels, each on in about two rows of a hundred; every probability sits near its rate
# for a long while.
@program("OK-u12-fifteen-rare-labels", "multilabel", "bce", came_in="12b")
def rare_labels(rng, fixed):
    x = rng.standard_normal((4000, 20))
    y = (x[:, :15] + 0.1 * rng.standard_normal((4000, 15))) > np.linspace(1.8, 2.3, 15)
    model = keras.Sequential(
        [
            keras.Input((20,)),
            layers.Dense(64, activation="relu"),
            layers.Dense(15, activation="sigmoid"),
        ]
    )
    model.compile(optimizers.Adam(1.5e-3), "binary_crossentropy")
    return model, f32(x), f32(y), {"epochs": 40, "batch_size": 32}


# One positive in a hundred; the rate climbs from nought over a third of the run, then decays.
@program("OK-u12-one-percent-warmup", "binary", "bce", came_in="12b")
def one_percent(rng, fixed):
    n = 6000
    x = rng.standard_normal((n, 6))
    hot = rng.permutation(n)[:60]
    x[hot, :3] = np.array([1.7, -1.7, 1.7]) + 0.25 * rng.standard_normal((60, 3))
    y = np.zeros(n)
    y[hot] = 1
    model = keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(32, activation="relu"),
            layers.Dense(32, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    steps = 40 * 94
    rate = optimizers.schedules.CosineDecay(
        0.0, steps - steps // 3, warmup_target=0.08, warmup_steps=steps // 3
    )
    model.compile(optimizers.SGD(rate, momentum=0.9), "binary_crossentropy")
    return model, f32(x), col(y), {"epochs": 40, "batch_size": 64}


# Half precision by layer, with a loss scale that starts far too high: the first steps overflow
# and are skipped, so nothing moves until the scale has come down.
@program("OK-u12-half-precision-skips", "multiclass", "scce", came_in="12b")
def half_precision(rng, fixed):
    x, y = shuffled_digits(rng)
    model = keras.Sequential(
        [
            keras.Input((64,)),
            layers.Dense(48, activation="relu", dtype="mixed_float16"),
            layers.Dense(48, activation="relu", dtype="mixed_float16"),
            layers.Dense(10, dtype="mixed_float16"),
            layers.Activation("softmax", dtype="float32"),
        ]
    )
    opt = optimizers.LossScaleOptimizer(
        optimizers.SGD(0.02, momentum=0.9), initial_scale=2.0**120, dynamic_growth_steps=400
    )
    model.compile(opt, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, x, y, {"epochs": 12, "batch_size": 32}


# All rows in one step per epoch, a rate that restarts every 60 epochs; a flat start from weights
# that are close to nought.
@program("OK-u12-full-batch-restarts", "binary", "bce", came_in="12b")
def full_batch(rng, fixed):
    x = rng.uniform(-1, 1, (1500, 4))
    y = np.sin(2.5 * x[:, 0]) * x[:, 1] + 0.05 * rng.standard_normal(1500) > 0
    small = initializers.RandomNormal(stddev=0.1)
    model = keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(48, activation="tanh", kernel_initializer=small),
            layers.Dense(48, activation="tanh", kernel_initializer=small),
            layers.Dense(1, activation="sigmoid", kernel_initializer=small),
        ]
    )
    rate = optimizers.schedules.CosineDecayRestarts(5e-3, 60, t_mul=1.0, m_mul=1.0)
    model.compile(optimizers.Adam(rate), "binary_crossentropy", metrics=["accuracy"])
    return model, f32(x), col(y), {"epochs": 180, "batch_size": 1500}


# Distillation at temperature 25: all probabilities lie near a tenth, in the teacher's and in the
# student's output alike; the classes are right.
@program("OK-u12-distil-temperature-25", "multiclass", "cce", came_in="12b")
def distil(rng, fixed):
    x, y = shuffled_digits(rng)
    teacher = keras.Sequential(
        [keras.Input((64,)), layers.Dense(96, activation="relu"), layers.Dense(10)]
    )
    teacher.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    teacher.fit(x, y, epochs=15, batch_size=32, verbose=0)
    soft = ops.convert_to_numpy(ops.softmax(teacher.predict(x, verbose=0) / 25.0))
    TRUTH["OK-u12-distil-temperature-25"] = y
    inp = keras.Input((64,))
    h = layers.Dense(16, activation="relu")(inp)
    h = layers.Rescaling(1 / 25.0)(layers.Dense(10)(h))
    model = keras.Model(inp, layers.Softmax()(h))
    model.compile(optimizers.Adam(2e-3), "categorical_crossentropy")
    return model, x, f32(soft), {"epochs": 30, "batch_size": 32}


# A steep sigmoid under a mean absolute error: most rows give hardly any gradient, half of the
# probabilities end at 0 or 1, and the loss creeps along for half of the run; the classes are right.
@program("OK-u12-steep-sigmoid-mae", "binary", "mae", came_in="12b")
def steep(rng, fixed):
    x = rng.standard_normal((2500, 5))
    y = x[:, 0] ** 2 + x[:, 1] ** 2 > 1.4
    inp = keras.Input((5,))
    h = layers.Dense(64, activation="tanh")(inp)
    h = layers.Rescaling(12.0)(layers.Dense(1)(h))
    model = keras.Model(inp, layers.Activation("sigmoid")(h))
    model.compile(optimizers.Adam(2e-3), "mae")
    return model, f32(x), col(y), {"epochs": 40, "batch_size": 32}
