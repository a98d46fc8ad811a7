"""Healthy, or nothing to learn: regressions that look like a collapse for a while."""

import keras
import numpy as np
from keras import callbacks, initializers, layers, ops, optimizers, regularizers
from sklearn import datasets

from .data import friedman, friedman_raw, some_digits
from .registry import TRUTH, program
from .tools import col, column, f32, mlp, seq, std, zscore, zscore_as_is_plus, zscore_plus


# OK: sin(6.5 x): spectral bias keeps the net near the mean for several epochs, then it learns.
@program("OK-fast-sine", "regression", "mse", came_in="programs")
def ok_fast_sine(r, fixed):
    x = r.uniform(-1, 1, (1600, 1))
    m = mlp(1, [64, 64], "gelu")
    m.compile(optimizers.Adam(0.005), "mse")
    return m, f32(x), f32(np.sin(6.5 * x)), dict(batch_size=32, epochs=25)


# OK: low signal, R2 ceiling 0.05, many rows: a nearly constant output is right.
@program("OK-low-signal-05", "regression", "mse", came_in="programs")
def ok_low_signal_05(r, fixed):
    x = r.normal(size=(10_000, 5))
    y = x @ [0.15, 0.12, 0.1, 0.05, 0.0] + r.normal(size=10_000)
    m = mlp(5, [8])
    m.compile(optimizers.Adam(0.003), "mse")
    return m, f32(x), col(y), dict(batch_size=64, epochs=8)


# OK: R2 ceiling 0.02, 20,000 rows.
@program("OK-low-signal-02", "regression", "mse", came_in="programs")
def ok_low_signal_02(r, fixed):
    x = r.normal(size=(20_000, 4))
    y = x @ [0.1, 0.08, 0.06, 0.0] + r.normal(size=20_000)
    m = mlp(4, [16])
    m.compile(optimizers.Adam(0.002), "mse")
    return m, f32(x), col(y), dict(batch_size=128, epochs=8)


# OK: a jump of the learning rate throws the net off; it recovers by itself.
@program("OK-rate-jump-recovers", "regression", "mse", came_in="programs")
def ok_rate_jump_recovers(r, fixed):
    x, y = friedman(r, 1000)
    m = mlp(10, [32, 32], "tanh")
    jump = optimizers.schedules.PiecewiseConstantDecay([200, 215], [0.005, 0.2, 0.005])
    m.compile(optimizers.Adam(jump), "mse")
    return m, x, std(y), dict(batch_size=32, epochs=25)


# OK: stopped after three epochs of four steps: undertrained, not collapsed.
@program("OK-short-mlp", "regression", "mse", came_in="programs")
def ok_short_mlp(r, fixed):
    x, y = friedman(r, 256)
    m = mlp(10, [32, 32])
    m.compile("adam", "mse")
    return m, x, std(y), dict(batch_size=64, epochs=3)


# OK: strong but bearable L2: the penalty is a large part of the loss.
@program("OK-l2-shrunk", "regression", "mse", came_in="programs")
def ok_l2_shrunk(r, fixed):
    x, y = friedman(r, 1000)
    reg = regularizers.L2(0.03)
    m = seq(
        (10,),
        layers.Dense(32, activation="relu", kernel_regularizer=reg),
        layers.Dense(1, kernel_regularizer=reg),
    )
    m.compile(optimizers.Adam(0.003), "mse")
    return m, x, std(y), dict(batch_size=32, epochs=15)


# OK: a very low but sufficient learning rate.
@program("OK-slow-rate", "regression", "mse", came_in="programs")
def ok_slow_rate(r, fixed):
    x, y = friedman(r, 1500)
    m = mlp(10, [32, 32])
    m.compile(optimizers.SGD(0.001), "mse")
    return m, x, std(y), dict(batch_size=16, epochs=15)


# OK: six linear layers that start small: the long saddle of deep linear nets, then it learns.
@program("OK-deep-linear", "regression", "mse", came_in="programs")
def ok_deep_linear(r, fixed):
    x, y = friedman(r, 1000)
    init = initializers.RandomNormal(stddev=0.06)
    m = mlp(10, [32] * 5, "linear", kernel_initializer=init)
    m.compile(optimizers.SGD(0.05), "mse")
    return m, x, std(y), dict(batch_size=32, epochs=40)


# OK: three target columns, one of them constant.
@program("OK-constant-column", "regression", "mse", came_in="programs")
def ok_constant_column(r, fixed):
    x, y = friedman(r, 1000)
    y = np.c_[std(y), 0 * y, x[:, :1] * x[:, 1:2]]
    m = mlp(10, [48], n_out=3)
    m.compile(optimizers.Adam(0.005), "mse")
    return m, x, f32(y), dict(batch_size=32, epochs=20)


# OK: twelve rows of a straight line.
@program("OK-12-rows", "regression", "mse", came_in="programs")
def ok_12_rows(r, fixed):
    x = np.linspace(-1, 1, 12).reshape(-1, 1)
    m = mlp(1, [8])
    m.compile(optimizers.Adam(0.03), "mse")
    return m, f32(x), f32(2 * x + 0.1 * r.normal(size=x.shape)), dict(batch_size=4, epochs=40)


# NOISE: Gaussian target independent of the inputs.
@program(
    "NOISE-regression",
    "regression",
    "mse",
    where="data",
    came_in="programs",
    # Nothing to learn.
    causes=("no_signal",),
)
def noise_regression(r, fixed):
    m = mlp(8, [16])
    m.compile(optimizers.Adam(0.001), "mse")
    return m, f32(r.normal(size=(2000, 8))), f32(r.normal(size=(2000, 1))), dict(epochs=10)


# Customer surveys: a true but faint relation, R2 of about 0.2, with a penalty and dropout besides.
@program("OK-survey-faint-relation", "regression", "mse", came_in="3b")
def ok_survey_faint_relation(r, fixed):
    x = r.normal(size=(1500, 12)).astype("float32")
    y = column(
        7 + 0.5 * x[:, 0] - 0.4 * x[:, 1] + 0.3 * np.tanh(x[:, 2]) + 1.3 * r.normal(size=1500)
    )
    model = keras.Sequential(
        [
            keras.Input((12,)),
            layers.Dense(32, activation="relu", kernel_regularizer=regularizers.L2(1e-3)),
            layers.Dropout(0.4),
            layers.Dense(1),
        ]
    )
    model.compile(optimizers.Adam(0.004), "mse")
    return model, x, y, dict(epochs=30, batch_size=32)


# The whole set as one batch, momentum 0.95: two hundred slow steps.
@program("OK-full-batch-momentum", "regression", "mse", came_in="3b")
def ok_full_batch_momentum(r, fixed):
    x, y = datasets.make_friedman1(600, noise=1.0, random_state=int(r.integers(1e6)))
    model = keras.Sequential(
        [keras.Input((10,)), layers.Dense(32, activation="tanh"), layers.Dense(1)]
    )
    model.compile(optimizers.SGD(0.003, momentum=0.95), "mse")
    return model, zscore_plus(x), column(zscore_plus(y)), dict(epochs=220, batch_size=600)


# Healthy: a product of two numbers from small weights; the gradient at the start is nearly nil and
# the loss lies on the variance of y for a while.
@program("OK-product-small-weights", "regression", "mse", came_in="4a")
def ok_product_small_weights(r, fixed):
    x = r.normal(size=(1500, 2))
    y = zscore_plus(x[:, :1] * x[:, 1:])
    w = [initializers.RandomNormal(stddev=0.05, seed=s) for s in range(3)]
    m = keras.Sequential(
        [
            keras.Input((2,)),
            layers.Dense(48, activation="tanh", kernel_initializer=w[0]),
            layers.Dense(48, activation="tanh", kernel_initializer=w[1]),
            layers.Dense(1, kernel_initializer=w[2]),
        ]
    )
    m.compile(optimizers.Adam(0.002), "mse")
    return m, f32(x), y, dict(epochs=30, batch_size=32)


@program("OK-weak-signal", "regression", "mse", came_in="5a")
def ok_weak_signal(r, fixed):  # most of the target is noise
    x = r.normal(size=(2500, 6))
    y = 0.6 * x[:, 0] + 0.3 * np.sin(2 * x[:, 1]) + 1.2 * r.normal(size=2500)
    m = seq(
        (6,),
        layers.Dense(24, activation="relu", kernel_regularizer=regularizers.L2(1e-3)),
        layers.Dropout(0.1),
        layers.Dense(1),
    )
    m.compile(optimizers.Adam(1e-3), "mse")
    return m, f32(x), f32(y)[:, None], dict(epochs=15, batch_size=32)


@program("OK-returns-weak-signal", "regression", "mse", came_in="5b", origin="written blind")
def ok_returns_weak_signal(r, fixed):
    """Linear signal, about 17% of the variance, in noise: outputs rightly stay near the mean."""
    n = 3000
    X = r.normal(size=(n, 6))
    y = 0.35 * X[:, 0] - 0.25 * X[:, 1] + r.normal(size=n)
    m = seq((6,), layers.Dense(8, activation="relu"), layers.Dense(1))
    m.compile(optimizers.Adam(1e-3), "mse")
    return m, f32(X), col(y), dict(epochs=12, batch_size=64)


@program("OK-deep-residual-24", "regression", "mse", came_in="5b", origin="written blind")
def ok_deep_residual_24(r, fixed):
    """24 tanh layers with skips, small rate."""
    X, y = friedman_raw(r, 1500)
    i = keras.Input((8,))
    h = layers.Dense(24)(i)
    for _ in range(12):
        h = layers.add(
            [
                h,
                layers.Dense(24, kernel_initializer="zeros")(
                    layers.Dense(24, activation="tanh")(h)
                ),
            ]
        )
    m = keras.Model(i, layers.Dense(1, kernel_initializer="zeros")(h))
    m.compile(optimizers.Adam(5e-4), "mse")
    return m, 2 * X - 1, zscore_as_is_plus(y), dict(epochs=12, batch_size=32)


# Control: very noisy target, little more than a third of its variance can be explained.
@program("OK-noisy-demand", "regression", "huber", came_in="7a")
def ok_noisy_demand(rng, fixed):
    """Regress a noisy demand on prices, weekday and promotion."""
    n = 3000
    day = rng.integers(0, 7, n)
    x = rng.normal(size=(n, 6))
    signal = zscore_as_is_plus(x[:, 0] - 0.7 * x[:, 1] + np.sin(day) + np.maximum(x[:, 2], 0))
    y = f32((signal + 1.15 * rng.normal(size=n))[:, None])
    in_day, in_num = keras.Input((1,), dtype="int32"), keras.Input((6,))
    h = layers.Concatenate()([layers.Flatten()(layers.Embedding(7, 3)(in_day)), in_num])
    h = layers.Dense(32, activation="relu")(h)
    h = layers.Dense(16, activation="relu")(h)
    model = keras.Model([in_day, in_num], layers.Dense(1)(h))
    model.compile(optimizer="adam", loss="huber")
    return model, [day[:, None].astype("int32"), f32(x)], y, {"batch_size": 32, "epochs": 15}


# Five sigmoid layers on Friedman data: the mean for many epochs, then it lets go.
@program("OK-deep-sigmoid-friedman", "regression", "mse", came_in="7c")
def ok_deep_sigmoid_friedman(rng, fixed):
    x, y = datasets.make_friedman1(1000, noise=0.5, random_state=int(rng.integers(1e6)))
    m = keras.Sequential([keras.Input((10,))])
    for _i in range(5):
        m.add(layers.Dense(24, activation="sigmoid"))
    m.add(layers.Dense(1))
    m.compile(optimizers.Adam(0.003), "mse")
    return m, zscore_as_is_plus(x), zscore_as_is_plus(col(y)), dict(batch_size=32, epochs=60)


# Returns in percent: the best possible R2 is about 0.2.
@program("OK-very-noisy-returns", "regression", "mse", came_in="7c")
def ok_very_noisy_returns(rng, fixed):
    n = 4000
    x = rng.normal(size=(n, 15))
    signal = 0.35 * x[:, 0] - 0.25 * x[:, 1] + 0.25 * np.tanh(2 * x[:, 2])
    y = signal + rng.normal(size=n)
    m = keras.Sequential(
        [
            keras.Input((15,)),
            layers.Dense(32, activation="relu", kernel_regularizer=regularizers.L2(1e-5)),
            layers.Dropout(0.2),
            layers.Dense(1),
        ]
    )
    m.compile(optimizers.Adam(0.0007), "mse")
    return m, f32(x), col(y), dict(batch_size=64, epochs=35)


# Thirty rows, a small sigmoid net with Nesterov SGD and batches of five.
@program("OK-thirty-rows", "regression", "mse", came_in="7c")
def ok_thirty_rows(rng, fixed):
    x = rng.uniform(-1, 1, (30, 2))
    y = np.cos(3 * x[:, 0]) * x[:, 1] + 0.05 * rng.normal(size=30)
    m = keras.Sequential(
        [
            keras.Input((2,)),
            layers.Dense(12, activation="sigmoid"),
            layers.Dense(12, activation="sigmoid"),
            layers.Dense(1),
        ]
    )
    m.compile(optimizers.SGD(0.1, momentum=0.95, nesterov=True), "mse")
    return m, f32(x), col(y), dict(batch_size=5, epochs=200)


# Sensor data with inverse-variance sample weights; the noisy half has almost no weight.
@program("OK-sample-weights", "regression", "huber", came_in="7c")
def ok_sample_weights(rng, fixed):
    n = 2000
    x = rng.uniform(-1, 1, (n, 4))
    sd = np.where(rng.random(n) < 0.5, 0.2, 1.5)
    y = 1.2 * np.sin(4 * x[:, 0]) + x[:, 1] + sd * rng.normal(size=n)
    w = 1 / sd**2
    m = keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(32, activation="swish"),
            layers.Dense(32, activation="swish"),
            layers.Dense(1),
        ]
    )
    m.compile(optimizers.Adam(0.001), keras.losses.Huber())
    kw = dict(batch_size=40, epochs=25, sample_weight=f32(w / w.mean()))
    return m, f32(x), col(y), kw


@program("OK-u9-polygenic-score", "regression", "mse", came_in="9b")
def ok_u9_polygenic_score(rng, fixed):
    """60 gene variants, each with a faint effect: about 8 % of the variance can be explained."""
    n, k = 4000, 60
    x = rng.binomial(2, rng.uniform(0.1, 0.5, k), (n, k))
    g = x @ rng.normal(size=k)
    g = (g - g.mean()) / g.std()
    y = np.sqrt(0.08) * g + np.sqrt(0.92) * rng.normal(size=n)
    m = seq((k,), layers.Dense(1))
    m.compile(optimizers.Adam(2e-3), "mse")
    return m, f32(x - 0.6), col(y), dict(batch_size=64, epochs=12)


@program("OK-u9-sorted-curriculum", "regression", "mse", came_in="9b")
def ok_u9_sorted_curriculum(rng, fixed):
    """Rows sorted from easy to hard by their target, shuffle=False."""
    x, y = datasets.make_friedman1(1500, noise=0.7, random_state=int(rng.integers(10**6)))
    at = np.argsort(np.abs(y - y.mean()))
    x, y = x[at] - 0.5, ((y - y.mean()) / y.std())[at]
    m = seq((10,), layers.Dense(32, "relu"), layers.Dense(1))
    m.compile(optimizers.SGD(0.02), "mse")
    return m, f32(x), col(y), dict(batch_size=50, epochs=25, shuffle=False)


@program("OK-u9-two-thirds-dead-relu", "regression", "mae", came_in="9b")
def ok_u9_two_thirds_dead_relu(rng, fixed):
    """40 of the 64 hidden units have a bias of -9 and never fire; 24 are enough."""
    n = 1500
    x = rng.normal(size=(n, 6))
    y = 0.8 * x[:, 0] + np.maximum(x[:, 1], 0) - 0.5 * x[:, 2] * x[:, 3] + 0.4 * rng.normal(size=n)
    m = seq((6,), layers.Dense(64, "relu"), layers.Dense(1))
    w, b = m.layers[0].get_weights()
    b[:40] = -9
    m.layers[0].set_weights([w, b])
    m.compile(optimizers.Adam(2e-3), "mae")
    return m, f32(x), col(y), dict(batch_size=32, epochs=15)


def supcon(y, z):
    """Supervised contrastive loss on unit vectors, temperature 0.2; per row."""
    y = ops.reshape(y, (-1,))
    sim = ops.matmul(z, ops.transpose(z)) / 0.2
    other = 1.0 - ops.eye(ops.shape(z)[0], dtype=z.dtype)
    same = ops.cast(y[None, :] == y[:, None], z.dtype) * other
    logp = sim - ops.log(ops.sum(ops.exp(sim) * other, axis=1, keepdims=True))
    return -ops.sum(logp * same, axis=1) / ops.maximum(ops.sum(same, axis=1), 1.0)


@keras.saving.register_keras_serializable(package="u9")
class SupCon(keras.Model):
    """The loss is in compute_loss; compile gets an optimizer only."""

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return ops.mean(supcon(y, y_pred))


@program("OK-u9-embedding-supcon", "regression", "supcon", came_in="9b")
def ok_u9_embedding_supcon(rng, fixed):
    """Unit vectors learned with a contrastive loss that starts near ln(batch) and stays high."""
    x, k = some_digits(rng, 1280)
    a = keras.Input((64,))
    h = layers.Dense(64, "relu")(a)
    z = layers.UnitNormalization()(layers.Dense(8)(h))
    m = SupCon(a, z)
    m.compile(optimizers.Adam(1e-3))
    return m, x, k.astype("int32"), dict(batch_size=64, epochs=15)


class Batches(keras.utils.PyDataset):
    """Rows in batches, in a fresh order every epoch."""

    def __init__(self, x, y, size, seed, **kwargs):
        super().__init__(**kwargs)
        self.x_all, self.y_all, self.size = x, y, size
        self.rng = np.random.default_rng(seed)
        self.at = np.arange(len(x))

    def __len__(self):
        return len(self.x_all) // self.size

    def __getitem__(self, i):
        at = self.at[i * self.size : (i + 1) * self.size]
        return self.x_all[at], self.y_all[at]

    def on_epoch_end(self):
        self.at = self.rng.permutation(self.at)


@program("OK-u9-product-pydataset", "regression", "huber", came_in="9b")
def ok_u9_product_pydataset(rng, fixed):
    """A product of three numbers, from a PyDataset: flat for some epochs, then learned."""
    n = 1920
    x = rng.uniform(0.2, 1.4, (n, 3)) * rng.choice([-1, 1], (n, 3))
    y = x.prod(1) + 0.1 * rng.normal(size=n)
    m = seq((3,), layers.Dense(32, "tanh"), layers.Dense(32, "tanh"), layers.Dense(1))
    m.compile(optimizers.Adam(6e-4), "huber")
    return m, Batches(f32(x), col(y), 32, int(rng.integers(10**6))), None, dict(epochs=20)


# Daily returns of half a per cent, an eighth of the variance can be known; loss of the order 1e-5.
@program("OK-b10-daily-returns", "regression", "mse", came_in="10b", origin="written blind")
def ok_b10_daily_returns(rng, fixed):
    n = 4000
    x = rng.normal(size=(n, 5))
    known = 0.6 * x[:, 0] - 0.5 * x[:, 1] + 0.4 * x[:, 2] * x[:, 3]
    y = 0.0003 + 0.005 * (0.45 * known + rng.normal(0, 0.9, n))
    model = keras.Sequential([keras.Input((5,))])
    model.add(layers.Dense(8, activation="tanh"))
    model.add(layers.Dense(1, kernel_initializer=initializers.RandomNormal(0, 1e-3)))
    model.compile(optimizers.Adam(1e-4), "mse")
    stop = callbacks.EarlyStopping(patience=6, restore_best_weights=True)
    return model, f32(x), col(y), dict(epochs=25, validation_split=0.2, callbacks=[stop])


# A long plateau: the product of three signs from small weights; the loss does not move for about
# half of the epochs, then falls.
@program("OK-u11-triple-sign-plateau", "regression", "mse", came_in="11b")
def triple_sign(rng, fixed):
    x = rng.uniform(0.3, 1, (2400, 5)) * rng.choice([-1, 1], (2400, 5))
    y = np.sign(x[:, 0] * x[:, 2] * x[:, 4])
    small = initializers.RandomNormal(stddev=0.13)
    model = keras.Sequential(
        [
            keras.Input((5,)),
            layers.Dense(48, activation="tanh", kernel_initializer=small),
            layers.Dense(48, activation="tanh", kernel_initializer=small),
            layers.Dense(1),
        ]
    )
    model.compile(optimizers.SGD(1e-3, momentum=0.9), "mse")
    return model, f32(x), col(y), {"epochs": 40, "batch_size": 32}


# A low but real signal: about a tenth of the variance can be explained, small batches.
@program("OK-u11-crop-yield-faint", "regression", "mse", came_in="11b")
def crop_yield(rng, fixed):
    x = rng.standard_normal((4000, 6))
    y = 0.25 * x[:, 0] - 0.2 * x[:, 1] + rng.standard_normal(4000)
    model = keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(16, activation="relu"),
            layers.Dropout(0.2),
            layers.Dense(1),
        ]
    )
    model.compile(optimizers.Adam(5e-4), "mse")
    return model, f32(x), col(y), {"epochs": 15, "batch_size": 16}


# Biases far below nought: nearly all of the ReLU units are dead from the first step, the rest is
# enough.
@program("OK-u11-nine-tenths-dead", "regression", "huber", came_in="11b")
def nine_tenths_dead(rng, fixed):
    x = rng.standard_normal((2500, 6))
    y = np.abs(x[:, 0]) + 0.6 * x[:, 1] - 0.4 * x[:, 2] * x[:, 3]
    below = initializers.RandomUniform(-9.0, 0.5, seed=3)
    model = keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(320, activation="relu", bias_initializer=below),
            layers.Dense(160, activation="relu", bias_initializer=below),
            layers.Dense(1),
        ]
    )
    model.compile(optimizers.Adam(1e-3), "huber")
    return model, f32(x), col(zscore(y)), {"epochs": 20, "batch_size": 32}


# Gradients are gathered over 16 batches of 4 rows, with sample weights that are nought for a third
# of the rows; long stretches without any update.
@program("OK-u11-accumulate-16-weights", "regression", "mae", came_in="11b")
def accumulate(rng, fixed):
    x = rng.standard_normal((1600, 5))
    y = x[:, 0] - 0.7 * x[:, 1] + np.maximum(x[:, 2], 0)
    weight = np.where(rng.random(1600) < 1 / 3, 0.0, rng.uniform(0.5, 2.0, 1600))
    model = keras.Sequential(
        [keras.Input((5,)), layers.Dense(32, activation="relu"), layers.Dense(1)]
    )
    model.compile(optimizers.Adam(5e-3, gradient_accumulation_steps=16), "mae")
    return model, f32(x), col(y), {"epochs": 11, "batch_size": 4, "sample_weight": f32(weight)}


class Widening(keras.utils.PyDataset):
    """Rows near the origin first (where the target is about nought), then ever wider."""

    def __init__(self, seed):
        super().__init__()
        self.rng = np.random.default_rng(seed)
        self.width = 0.05

    def __len__(self):
        return 50

    def __getitem__(self, index):
        x = self.width * self.rng.uniform(-1, 1, (32, 3))
        return f32(x), col(x[:, 0] * x[:, 1] * 3 + x[:, 2] ** 2 * x[:, 0])

    def on_epoch_end(self):
        self.width = min(1.0, self.width * 1.2)


# A curriculum: the targets are about nought in the first epochs and grow a thousandfold.
@program("OK-u12-widening-curriculum", "regression", "mse", came_in="12b")
def widening(rng, fixed):
    x = rng.uniform(-1, 1, (1000, 3))
    y = x[:, 0] * x[:, 1] * 3 + x[:, 2] ** 2 * x[:, 0]
    TRUTH["OK-u12-widening-curriculum"] = (f32(x), col(y))
    model = keras.Sequential(
        [
            keras.Input((3,)),
            layers.Dense(32, activation="relu"),
            layers.Dense(32, activation="relu"),
            layers.Dense(1),
        ]
    )
    model.compile(optimizers.Adam(1e-3), "mse")
    return model, Widening(int(rng.integers(1 << 30))), None, {"epochs": 40}


# A weak signal (a fifth of the variance) behind a dropout of 0.8; validation split, rate cut on
# plateaus, early stopping.
@program("OK-u12-dropout-eighty-weak", "regression", "mse", came_in="12b")
def dropout_weak(rng, fixed):
    x = rng.standard_normal((4000, 12))
    s = x[:, 0] + 0.6 * x[:, 1] - 0.6 * np.abs(x[:, 2])
    y = s / s.std() + 1.8 * rng.standard_normal(4000)
    model = keras.Sequential(
        [
            keras.Input((12,)),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.8),
            layers.Dense(1),
        ]
    )
    model.compile(optimizers.RMSprop(5e-4), "mse")
    calls = [
        callbacks.ReduceLROnPlateau(patience=3, factor=0.3),
        callbacks.EarlyStopping(patience=8, restore_best_weights=True),
    ]
    kw = {"epochs": 40, "batch_size": 64, "validation_split": 0.2, "callbacks": calls}
    return model, f32(x), col(y), kw


# ReLU layers with low biases and an L1 activity penalty: in the first layer two units in three
# never fire and 99 % of the activations are nought; a flat start, then it learns.
@program("OK-u12-mostly-dead-relu", "regression", "mse", came_in="12b")
def mostly_dead(rng, fixed):
    x = rng.uniform(-1, 1, (2500, 6))
    y = np.sin(2 * x[:, 0]) + x[:, 1] ** 2 + 0.5 * x[:, 2]
    y = (y - y.mean()) / y.std()
    low = initializers.Constant(-2.6)
    model = keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(
                256,
                activation="relu",
                kernel_initializer="he_normal",
                bias_initializer=low,
                activity_regularizer=regularizers.L1(1e-3),
            ),
            layers.Dense(128, activation="relu", bias_initializer=initializers.Constant(-0.1)),
            layers.Dense(1),
        ]
    )
    model.compile(optimizers.SGD(0.01, momentum=0.9), "mse")
    return model, f32(x), col(y), {"epochs": 25, "batch_size": 32}


def endless(x, y, rng, size):
    while True:
        pick = rng.integers(0, len(x), size)
        yield x[pick], y[pick]


# Fixed Fourier features, averaged weights (EMA), and an endless generator with steps_per_epoch.
@program("OK-u12-fourier-ema-stream", "regression", "mse", came_in="12b")
def fourier(rng, fixed):
    x = rng.uniform(-1, 1, (3000, 1))
    y = np.sin(23 * x[:, 0]) * np.cos(5 * x[:, 0]) + 0.2 * rng.standard_normal(3000)
    x, y = f32(x), col(y)
    TRUTH["OK-u12-fourier-ema-stream"] = (x, y)
    model = keras.Sequential(
        [
            keras.Input((1,)),
            layers.Dense(
                96,
                activation=ops.sin,
                kernel_initializer=initializers.RandomNormal(stddev=15.0),
                bias_initializer=initializers.RandomUniform(-3.14, 3.14),
                trainable=False,
            ),
            layers.Dense(1, kernel_initializer="zeros"),
        ]
    )
    model.compile(optimizers.SGD(2e-3, use_ema=True, ema_momentum=0.99), "mse")
    return model, endless(x, y, rng, 32), None, {"epochs": 20, "steps_per_epoch": 80}
