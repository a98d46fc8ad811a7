"""Healthy: targets and losses out of the ordinary - rare, far from nought, skewed, censored."""

from typing import Any

import keras
import numpy as np
from keras import callbacks, initializers, layers, ops, optimizers, regularizers
from sklearn import datasets

from .data import friedman
from .registry import program
from .tools import col, column, f32, mlp, seq, std, std_as_is, zscore, zscore_as_is, zscore_plus


# OK: targets 1000 +- 1; R2 is hugely negative until the bias has arrived.
@program("OK-target-1000", "regression", "mse", came_in="programs")
def ok_target_1000(r, fixed):
    x, y = friedman(r, 1000)
    norm = layers.BatchNormalization(center=False, scale=False)
    m = seq((10,), layers.Dense(32, activation="tanh"), norm, layers.Dense(1))
    m.compile(optimizers.SGD(0.01), "mse")
    return m, x, std(y) + 1000, dict(batch_size=32, epochs=30)


# OK: targets 1e6 +- 1, output bias started at the mean.
@program("OK-target-1e6", "regression", "mse", came_in="programs")
def ok_target_1e6(r, fixed):
    x, y = friedman(r, 1000)
    m = seq(
        (10,),
        layers.Dense(32, activation="relu"),
        layers.Dense(1, bias_initializer=initializers.Constant(1e6)),
    )
    m.compile(optimizers.Adam(0.005), "mse")
    return m, x, std(y) + 1e6, dict(batch_size=32, epochs=15)


# OK: 95 % of the targets are zero, the rest follow the inputs; squared error.
@program("OK-sparse-targets", "regression", "mse", came_in="programs")
def ok_sparse_targets(r, fixed):
    x = r.normal(size=(4000, 6))
    y = np.maximum(x[:, 0] + x[:, 1] - 2.3, 0) * 3
    m = mlp(6, [32, 32])
    m.compile(optimizers.Adam(0.003), "mse")
    return m, f32(x), col(y), dict(batch_size=64, epochs=12)


# OK: the 90 % quantile by the pinball loss.
@program("OK-quantile-90", "regression", "quantile", came_in="programs")
def ok_quantile_90(r, fixed):
    x = r.uniform(-2, 2, (2000, 2))
    y = x[:, 0] ** 2 + 0.5 * r.exponential(size=2000)

    def pinball(t: Any, p: Any) -> Any:
        return ops.mean(ops.maximum(0.9 * (t - p), 0.1 * (p - t)), axis=-1)

    m = mlp(2, [32, 32])
    m.compile(optimizers.Adam(0.003), pinball)
    return m, f32(x), col(y), dict(batch_size=64, epochs=15)


# OK: counts with many zeros under the Poisson loss.
@program("OK-poisson", "regression", "poisson", came_in="programs")
def ok_poisson(r, fixed):
    x = r.normal(size=(2500, 4))
    y = r.poisson(np.exp(-1 + 0.8 * x[:, 0] - 0.5 * x[:, 1]))
    m = mlp(4, [16], head="exponential")
    m.compile(optimizers.Adam(0.005), "poisson")
    return m, f32(x), col(y), dict(batch_size=64, epochs=12)


# OK: heavy-tailed noise under the Huber loss.
@program("OK-huber", "regression", "huber", came_in="programs")
def ok_huber(r, fixed):
    x, y = friedman(r, 1500)
    m = mlp(10, [32, 32])
    m.compile(optimizers.Adam(0.003), keras.losses.Huber())
    noisy = std(y) + 0.3 * r.standard_t(2, y.shape)
    return m, x, f32(noisy), dict(batch_size=64, epochs=15)


# OK: Gaussian likelihood: the output has two columns (mean, log variance), the target one.
@program("OK-gaussian-nll", "regression", "mse", came_in="programs")
def ok_gaussian_nll(r, fixed):
    x = r.uniform(-2, 2, (1500, 1))
    y = np.sin(2 * x) + (0.1 + 0.3 * (x > 0)) * r.normal(size=x.shape)

    def nll(t: Any, p: Any) -> Any:
        mean, log_var = p[:, :1], p[:, 1:]
        return ops.mean(0.5 * (ops.square(t - mean) * ops.exp(-log_var) + log_var), axis=-1)

    m = mlp(1, [32, 32], "tanh", n_out=2)
    m.compile(optimizers.Adam(0.01), nll)
    return m, f32(x), f32(y), dict(batch_size=32, epochs=15)


# OK: targets of 0.05: the untrained output is twenty times too wide.
@program("OK-target-0.05", "regression", "mse", came_in="programs")
def ok_target_0_05(r, fixed):
    x, y = friedman(r, 1000)
    m = mlp(10, [32])
    m.compile(optimizers.Adam(optimizers.schedules.CosineDecay(0.01, 900)), "mse")
    return m, x, 0.05 * std(y), dict(batch_size=32, epochs=30)


# Refractive indices 1.52 +- 0.03: every loss is tiny, every prediction looks the same.
@program("OK-tiny-variance-target", "regression", "mse", came_in="1")
def ok_tiny_variance_target(r, fixed):
    x = r.normal(size=(1200, 6))
    y = 1.52 + 0.02 * (x[:, 0] + np.sin(x[:, 1]) + 0.5 * x[:, 2] * x[:, 3])
    m = seq(
        (6,),
        layers.Dense(32, activation="tanh"),
        layers.Dense(32, activation="tanh"),
        layers.Dense(1),
    )
    m.compile(optimizers.Adam(optimizers.schedules.ExponentialDecay(0.005, 200, 0.75)), "mse")
    return m, f32(x), col(y), dict(batch_size=32, epochs=40)


# Counts, 90 % of them zero, Poisson loss and exponential head.
@program("OK-poisson-zeros", "regression", "poisson", came_in="1")
def ok_poisson_zeros(r, fixed):
    x = r.normal(size=(3000, 6))
    y = r.poisson(np.exp(-3.2 + 1.0 * x[:, 0] + 0.8 * x[:, 1] - 0.6 * x[:, 2]))
    m = seq((6,), layers.Dense(16, activation="tanh"), layers.Dense(1, activation="exponential"))
    m.compile(optimizers.Adam(0.002), "poisson")
    return m, f32(x), col(y), dict(batch_size=64, epochs=25)


# Diabetes progression as it stands (mean 152): the first epochs only look for the level.
@program("OK-diabetes-raw-target", "regression", "mse", came_in="3b")
def ok_diabetes_raw_target(r, fixed):
    d = datasets.load_diabetes()
    model = keras.Sequential(
        [
            keras.Input((10,)),
            layers.Dense(64, activation="relu"),
            layers.Dense(32, activation="relu"),
            layers.Dense(1),
        ]
    )
    model.compile(optimizers.Adam(0.003), "mse")
    return model, zscore_plus(d.data), column(d.target), dict(epochs=30, batch_size=16)


# Salaries in whole dollars with a big rate, which is what such a scale asks for.
@program("OK-salaries-large-rate", "regression", "mae", came_in="3b")
def ok_salaries_large_rate(r, fixed):
    x = r.normal(size=(900, 6)).astype("float32")
    y = (
        58000
        + 9000 * x[:, 0]
        + 5000 * x[:, 1] * x[:, 2]
        + 4000 * x[:, 3]
        + 3000 * r.normal(size=900)
    )
    model = keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(64, activation="relu"),
            layers.Dense(64, activation="relu"),
            layers.Dense(1),
        ]
    )
    model.compile(optimizers.Adam(0.05), "mae")
    return model, x, column(y), dict(epochs=30, batch_size=32)


# Healthy: a power plant near 454 MW with a spread of 17 and raw targets; for the first epochs the
# network only climbs towards the level.
@program("OK-power-plant-megawatts", "regression", "mse", came_in="4a")
def ok_power_plant_megawatts(r, fixed):
    x = r.normal(size=(1500, 4))
    y = 454 - 14 * x[:, :1] - 5 * x[:, 1:2] + 3 * np.tanh(x[:, 2:3]) + 4 * r.normal(size=(1500, 1))
    m = keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(32, activation="relu"),
            layers.Dense(32, activation="relu"),
            layers.Dense(1),
        ]
    )
    m.compile(optimizers.Adam(0.003), "mse")
    return m, f32(x), f32(y), dict(epochs=30, batch_size=32)


# Temperatures in kelvin with a spread of a few degrees; the last bias starts at the mean.
@program("OK-kelvin-bias-at-mean", "regression", "mse", came_in="4b")
def ok_kelvin_bias_at_mean(r, fixed):
    x, y = datasets.make_friedman1(1200, noise=0.5, random_state=int(r.integers(1e6)))
    y = f32(288 + 0.6 * (y - y.mean()))[:, None]
    model = seq(
        (10,),
        layers.Dense(64, activation="relu"),
        layers.Dense(64, activation="relu"),
        layers.Dense(1, bias_initializer=initializers.Constant(float(y.mean()))),
    )
    model.compile(optimizer=optimizers.SGD(0.002), loss="mse")
    return model, zscore_as_is(x), y, dict(epochs=25, batch_size=32)


@program("OK-small-sgd-target-hundreds", "regression", "mse", came_in="5a")
def ok_small_sgd_target_hundreds(
    r, fixed
):  # unscaled target and a small rate which arrives in the end
    d = datasets.load_diabetes()
    x = zscore_as_is(d.data)
    m = seq((10,), layers.Dense(32, activation="relu"), layers.Dense(1))
    m.compile(optimizers.SGD(2e-4), "mse")
    return m, x, f32(d.target)[:, None], dict(epochs=40, batch_size=16)


# Noisy target: about half of the variance cannot be explained (noisy; R2 of 0.4 to 0.6 is right).
@program("OK-noisy-target", "regression", "mse", came_in="6a")
def ok_noisy_target(rng, fixed):
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


# Target 60 +- 12 with a small rate: far below the mean for many epochs, then it arrives.
@program("OK-far-mean-small-rate", "regression", "mse", came_in="6a")
def ok_far_mean_small_rate(rng, fixed):
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


# a small learning rate and a target of mean 152: a long way up, but it arrives
@program("OK-diabetes-small-lr", "regression", "mse", came_in="6b", origin="written blind")
def ok_diabetes_small_lr(rng, fixed):
    d = datasets.load_diabetes(scaled=False)
    m = keras.Sequential(
        [
            keras.Input((10,)),
            layers.Dense(32, activation="relu"),
            layers.Dense(16, activation="relu"),
            layers.Dense(1),
        ]
    )
    m.compile(optimizers.Adam(5e-4), "mse", metrics=["mae"])
    return m, std_as_is(d.data), d.target.astype("float32")[:, None], dict(batch_size=8, epochs=80)


# rainfall: mostly dry hours, a ReLU output that is zero there
@program("OK-rain-sparse-targets", "regression", "mse", came_in="6b", origin="written blind")
def ok_rain_sparse_targets(rng, fixed):
    n = 2000
    x = rng.normal(size=(n, 6)).astype("float32")
    s = x[:, 0] + 0.8 * x[:, 1] - 0.5 * x[:, 2] ** 2
    y = 4 * np.maximum(s - 1.2, 0) * np.exp(0.1 * rng.normal(size=n))
    m = keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(32, activation="relu"),
            layers.Dense(32, activation="relu"),
            layers.Dense(1, activation="relu"),
        ]
    )
    m.compile(optimizers.Adam(1e-3), "mse")
    return m, x, y.astype("float32")[:, None], dict(batch_size=32, epochs=25)


# Counts that are zero on about 85 % of the rows, Poisson loss with an exp link.
@program("OK-mostly-zero-counts", "regression", "poisson", came_in="7c")
def ok_mostly_zero_counts(rng, fixed):
    n = 4000
    x = rng.normal(size=(n, 8))
    rate = np.exp(-3.2 + 1.2 * x[:, 0] + 0.9 * x[:, 1] * (x[:, 2] > 0))
    y = rng.poisson(np.minimum(rate, 8))
    m = keras.Sequential(
        [
            keras.Input((8,)),
            layers.Dense(32, activation="relu"),
            layers.Dense(16, activation="relu"),
            layers.Dense(1, activation="exponential"),
        ]
    )
    m.compile(optimizers.Adam(0.001), "poisson")
    return m, f32(x), col(y), dict(batch_size=64, epochs=25)


# Log-normal amounts, not transformed: the loss is ruled by a few rows.
@program("OK-heavy-tailed-amounts", "regression", "mse", came_in="7c")
def ok_heavy_tailed_amounts(rng, fixed):
    n = 2000
    x = rng.normal(size=(n, 6))
    y = np.exp(0.9 * x[:, 0] + 0.5 * x[:, 1] - 0.4 * x[:, 2] + 0.4 * rng.normal(size=n))
    m = keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(32, activation="relu"),
            layers.Dense(32, activation="relu"),
            layers.Dense(1, activation="softplus"),
        ]
    )
    m.compile(optimizers.Adam(0.001), "mse", metrics=["mae"])
    return m, f32(x), col(y), dict(batch_size=32, epochs=25)


# Linear regression, targets with mean 1000 and deviation 1: a third of the run goes to the offset.
@program("OK-offset-1000", "regression", "mse", came_in="7c")
def ok_offset_1000(rng, fixed):
    n = 1500
    x = rng.normal(size=(n, 5))
    y = 1000 + 0.7 * x[:, 0] - 0.6 * x[:, 1] + 0.4 * x[:, 2] + 0.2 * rng.normal(size=n)
    m = keras.Sequential([keras.Input((5,)), layers.Dense(1)])
    m.compile(optimizers.SGD(0.003), "mse", metrics=["mae"])
    return m, f32(x), col(y), dict(batch_size=32, epochs=80)


# Three quantiles from one head: the outer two are far from the mean by design.
@program("OK-quantile-head", "regression", "pinball", came_in="7c")
def ok_quantile_head(rng, fixed):
    q = f32([[0.2, 0.5, 0.8]])

    def pinball(t, p):
        e = t - p
        return keras.ops.mean(keras.ops.maximum(q * e, (q - 1) * e), axis=-1)

    x = rng.uniform(-2, 2, (1500, 3))
    y = col(np.sin(2 * x[:, 0]) + 0.5 * x[:, 1]) * 2 + 0.5 * rng.normal(size=(1500, 1))
    m = keras.Sequential(
        [
            keras.Input((3,)),
            layers.Dense(48, activation="tanh"),
            layers.Dense(48, activation="tanh"),
            layers.Dense(3),
        ]
    )
    m.compile(optimizers.Adam(0.001), pinball)
    return m, f32(x), np.repeat(f32(y), 3, 1), dict(batch_size=32, epochs=35)


@program("OK-u9-offset-million-denormalized", "regression", "mse", came_in="9b")
def ok_u9_offset_million_denormalized(rng, fixed):
    """Targets 1e6 + a few dozen; the last layer is a Normalization(invert=True) with their mean."""
    n = 1500
    x = rng.uniform(-1, 1, (n, 5))
    y = col(1e6 + 40 * (x[:, 0] + np.sin(3 * x[:, 1]) + x[:, 2] * x[:, 3]) + 8 * rng.normal(size=n))
    wide = y.astype("float64")
    back = layers.Normalization(
        axis=None, invert=True, mean=float(wide.mean()), variance=float(wide.var())
    )
    m = seq((5,), layers.Dense(32, "relu"), layers.Dense(32, "relu"), layers.Dense(1), back)
    m.compile(optimizers.Adam(2e-3), "mse")
    return m, f32(x), y, dict(batch_size=32, epochs=20)


@program("OK-u9-logcosh-wild-tails", "regression", "log_cosh", came_in="9b")
def ok_u9_logcosh_wild_tails(rng, fixed):
    """Student noise with 1.5 degrees of freedom: the largest targets dwarf the rest."""
    n = 2500
    x = rng.normal(size=(n, 6))
    y = 1.5 * x[:, 0] - np.abs(x[:, 1]) + x[:, 2] * (x[:, 3] > 0) + 0.7 * rng.standard_t(1.5, n)
    m = seq((6,), layers.Dense(32, "relu"), layers.Dense(16, "relu"), layers.Dense(1))
    m.compile(optimizers.Adam(1e-3), "log_cosh")
    return m, f32(x), col(y), dict(batch_size=32, epochs=15)


def pinball05(y, p):
    d = y - p
    return ops.mean(ops.maximum(0.05 * d, -0.95 * d), axis=-1)


@program("OK-u9-quantile-005", "regression", "pinball", came_in="9b")
def ok_u9_quantile_005(rng, fixed):
    """The 5 % quantile of a delivery time: 95 % of the answers lie below the targets."""
    n = 3000
    x = rng.normal(size=(n, 5))
    y = 3 + 0.4 * x[:, 0] + np.exp(0.5 * x[:, 1] - 0.3) * rng.normal(size=n)
    m = seq((5,), layers.Dense(24, "relu"), layers.Dense(1))
    m.compile(optimizers.Adam(2e-3), pinball05)
    return m, f32(x), col(y), dict(batch_size=64, epochs=20)


@program("OK-u9-poisson-mean-002", "regression", "poisson", came_in="9b")
def ok_u9_poisson_mean_002(rng, fixed):
    """Accident counts with mean 0.02 and the kilometres driven as exposure."""
    n = 5000
    x = rng.normal(size=(n, 5))
    km = rng.gamma(2.0, 0.5, n)
    rate = km * np.exp(-5.0 + 1.1 * x[:, 0] - 0.8 * x[:, 1])
    y = rng.poisson(np.minimum(rate, 2))
    a = keras.Input((5,))
    b = keras.Input((1,))
    s = layers.Dense(1, bias_initializer=keras.initializers.Constant(-3.0))(
        layers.Dense(8, "tanh")(a)
    )
    out = layers.Activation("exponential")(layers.Add()([s, b]))
    m = keras.Model([a, b], out)
    m.compile(optimizers.Adam(2e-3), "poisson")
    return m, [f32(x), col(np.log(km + 1e-3))], col(y), dict(batch_size=64, epochs=20)


def tweedie(y, p):
    """Tweedie deviance of power 1.5, without the terms in y alone."""
    return ops.mean(2 * y / ops.sqrt(p) + 2 * ops.sqrt(p), axis=-1)


@program("OK-u9-claims-tweedie", "regression", "tweedie", came_in="9b")
def ok_u9_claims_tweedie(rng, fixed):
    """Insurance claims: 93 % zeros, the rest gamma distributed."""
    n = 4000
    x = rng.normal(size=(n, 6))
    count = rng.poisson(np.exp(-3.0 + 0.8 * x[:, 0] + 0.5 * (x[:, 1] > 1)))
    y = np.array([rng.gamma(1.5, 0.7, c).sum() for c in count]) * np.exp(0.3 * x[:, 2])
    m = seq((6,), layers.Dense(16, "relu"), layers.Dense(1, "softplus"))
    m.compile(optimizers.Adam(1e-3), tweedie)
    return m, f32(x), col(y), dict(batch_size=64, epochs=15)


def mse_in_millionths(y, p):
    return ops.mean(ops.square((y - p) * 1e6), axis=-1)


@program("OK-u9-microscopic-targets", "regression", "mse-scaled", came_in="9b")
def ok_u9_microscopic_targets(rng, fixed):
    """Displacements of some 1e-6 metres, rescaled in the last layer and in the loss."""
    n = 1500
    x = rng.uniform(-1, 1, (n, 4))
    y = 1e-6 * (x[:, 0] + np.cos(3 * x[:, 1]) * x[:, 2] + 0.2 * rng.normal(size=n))
    m = seq(
        (4,),
        layers.Dense(32, "tanh"),
        layers.Dense(16, "tanh"),
        layers.Dense(1),
        layers.Rescaling(1e-6),
    )
    m.compile(optimizers.Adam(3e-3), mse_in_millionths)
    return m, f32(x), col(y), dict(batch_size=32, epochs=20)


def gauss_nll(y, p):
    mu, logvar = p[:, :1], p[:, 1:]
    return ops.mean(0.5 * (logvar + ops.square(y - mu) * ops.exp(-logvar)), axis=-1)


@program("OK-u9-volatility-only", "regression", "gaussian-nll", came_in="9b")
def ok_u9_volatility_only(rng, fixed):
    """The mean of the return is the same for all rows; only its variance can be told."""
    n = 3000
    x = rng.normal(size=(n, 5))
    y = np.exp(0.6 * x[:, 0] - 0.4 * np.abs(x[:, 1])) * rng.normal(size=n)
    m = seq((5,), layers.Dense(16, "tanh"), layers.Dense(2))
    m.compile(optimizers.Adam(2e-3), gauss_nll)
    return m, f32(x), col(y), dict(batch_size=64, epochs=15)


def cox(y, p):
    """Negative partial log-likelihood, the risk sets taken within the batch; y is (time, event)."""
    time, event = y[:, 0], y[:, 1]
    f = p[:, 0]
    at_risk = ops.cast(time[None, :] >= time[:, None], f.dtype)
    top = ops.max(f)
    log_sum = top + ops.log(ops.sum(at_risk * ops.exp(f - top)[None, :], axis=1))
    return event * (log_sum - f)


@program("OK-u9-cox-mostly-censored", "regression", "cox", came_in="9b")
def ok_u9_cox_mostly_censored(rng, fixed):
    """Log hazards for survival times of which about 60 % are censored."""
    n = 1500
    x = rng.normal(size=(n, 7))
    h = 0.9 * x[:, 0] - 0.7 * x[:, 1] + 0.5 * x[:, 2] * x[:, 3]
    time = rng.exponential(np.exp(-h))
    end = rng.exponential(0.6, n)
    y = np.stack([np.minimum(time, end), time <= end], 1)
    m = seq((7,), layers.Dense(24, "relu"), layers.Dense(1, use_bias=False))
    m.compile(optimizers.Adam(2e-3), cox)
    return m, f32(x), f32(y), dict(batch_size=100, epochs=20)


# A tiny rate and many epochs: after a few of them there is hardly anything to be seen.
@program("OK-b10-diabetes-rate-3e-5", "regression", "mse", came_in="10b", origin="written blind")
def ok_b10_diabetes_rate_3e_5(rng, fixed):
    d = datasets.load_diabetes()
    model = keras.Sequential([keras.Input((10,))])
    model.add(layers.Dense(32, activation="relu", kernel_initializer="he_normal"))
    model.add(layers.Dense(1, kernel_initializer="zeros"))
    model.compile(optimizers.Adam(3e-5), "mse")
    return model, f32(zscore(d.data)), col(zscore(d.target)), dict(batch_size=16, epochs=150)


# Rain per hour: 93 per cent of the targets are zero.
@program("OK-b10-hourly-rain", "regression", "poisson", came_in="10b", origin="written blind")
def ok_b10_hourly_rain(rng, fixed):
    n = 2500
    x = rng.normal(size=(n, 6))
    wet = rng.random(n) < 1 / (1 + np.exp(4.6 - 2.2 * x[:, 0] - 1.2 * x[:, 1]))
    rain = np.where(wet, rng.gamma(2, 1.5, n) * np.exp(0.3 * x[:, 2]), 0)
    model = keras.Sequential([keras.Input((6,))])
    model.add(layers.Dense(24, activation="relu"))
    model.add(layers.Dense(1, activation="exponential"))
    model.compile(optimizers.Adam(2e-3), "poisson")
    plateau = callbacks.ReduceLROnPlateau("loss", factor=0.5, patience=3)
    return model, f32(x), col(rain), dict(batch_size=32, epochs=20, callbacks=[plateau])


# Targets of a billionth: the loss divides by the known scale and the model's last layer multiplies
# by it, so the numbers look like nought but the fit is good.
def nano_loss(true, pred):
    return ops.mean(ops.square((true - pred) * 1e9), axis=-1)


@program("OK-u11-nanoampere-rescaled", "regression", "custom", came_in="11b")
def nanoampere(rng, fixed):
    x = rng.standard_normal((2500, 4))
    y = 1e-9 * (2.0 + np.sin(2 * x[:, 0]) + 0.5 * x[:, 1] * x[:, 2])
    model = keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(48, activation="relu"),
            layers.Dense(48, activation="relu"),
            layers.Dense(1),
            layers.Rescaling(1e-9),
        ]
    )
    model.compile(optimizers.Adam(2e-3), nano_loss)
    return model, f32(x), col(y), {"epochs": 25, "batch_size": 32}


def pinball_080(true, pred):
    gap = true - pred
    return ops.mean(ops.maximum(0.8 * gap, -0.2 * gap), axis=-1)


# The 80 % quantile of rain that is nought on most days: the target is mostly zeros, the loss is
# asymmetric, and only some inputs bring wet days at all.
@program("OK-u11-rain-quantile-080", "regression", "custom", came_in="11b")
def rain_quantile(rng, fixed):
    x = rng.uniform(-1, 1, (3000, 4))
    wet = rng.random(3000) < np.clip(0.15 + 0.8 * (x[:, 0] > 0.4), 0, 0.95)
    y = wet * (2.0 + 1.5 * x[:, 1]) * rng.uniform(0.8, 1.2, 3000)
    model = keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(32, activation="relu"),
            layers.Dense(32, activation="relu"),
            layers.Dense(1),
        ]
    )
    model.compile(optimizers.Nadam(1e-3), pinball_080)
    return model, f32(x), col(y), {"epochs": 25, "batch_size": 32}


def mixture_nll(true, pred):
    logit, mean, logsd = pred[:, :3], pred[:, 3:6], pred[:, 6:]
    logsd = ops.clip(logsd, -4.0, 3.0)
    gap = (true - mean) / ops.exp(logsd)
    part = ops.log_softmax(logit, axis=-1) - logsd - 0.5 * ops.square(gap)
    return -ops.logsumexp(part, axis=-1) + 0.9189385


# Mixture density head; the target is two-sided, so its mean hardly depends on the input.
@program("OK-u12-mixture-two-sided", "regression", "custom", came_in="12b")
def mixture(rng, fixed):
    x = rng.uniform(-1, 1, (2500, 2))
    side = rng.choice([-1, 1], 2500)
    y = side * (1.2 + x[:, 0]) + 0.2 * x[:, 1] + 0.1 * rng.standard_normal(2500)
    inp = keras.Input((2,))
    h = layers.Dense(32, activation="tanh")(inp)
    h = layers.Dense(32, activation="tanh")(h)
    model = keras.Model(inp, layers.Dense(9)(h))
    model.compile(optimizers.Adam(2e-3), mixture_nll)
    return model, f32(x), col(y), {"epochs": 30, "batch_size": 32}


# A target that is 1000 plus or minus a few hundredths: nearly constant, yet predictable.
@program("OK-u12-thousand-and-a-bit", "regression", "mse", came_in="12b")
def thousand(rng, fixed):
    x = rng.uniform(-1, 1, (2000, 5))
    y = 1000 + 0.03 * (np.sin(3 * x[:, 0]) + x[:, 1] * x[:, 2] + 0.3 * rng.standard_normal(2000))
    model = keras.Sequential(
        [
            keras.Input((5,)),
            layers.Dense(32, activation="tanh"),
            layers.Dense(32, activation="tanh"),
            layers.Dense(1, kernel_initializer="zeros"),
            layers.Rescaling(0.03, offset=1000.0),
        ]
    )
    model.compile(optimizers.Adam(2e-3), "mse", metrics=["mae"])
    return model, f32(x), col(y), {"epochs": 30, "batch_size": 32}


# Claims: mostly nought, a few in the hundreds; Poisson loss, exponential head, slow rate.
@program("OK-u12-claims-poisson", "regression", "custom", came_in="12b")
def claims(rng, fixed):
    x = rng.standard_normal((4000, 6))
    rate = np.exp(-1.5 + 1.5 * x[:, 0] + 1.0 * x[:, 1] - 0.7 * x[:, 2])
    y = rng.poisson(np.minimum(rate * rng.gamma(2.0, 0.5, 4000), 400))
    model = keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(32, activation="tanh"),
            layers.Dense(1, activation="exponential", kernel_initializer="zeros"),
        ]
    )
    model.compile(optimizers.Adam(1e-3, clipnorm=1.0), "poisson")
    return model, f32(x), col(y), {"epochs": 30, "batch_size": 32}


class Thresholds(layers.Layer):
    """Adds one learned threshold per step to a single score."""

    def __init__(self, count):
        super().__init__()
        self.count = count

    def build(self, shape):
        self.cut = self.add_weight(shape=(self.count,), initializer="zeros", name="cut")

    def call(self, score):
        return ops.sigmoid(score - self.cut)

    def compute_output_shape(self, shape):
        return (shape[0], self.count)


# Ordinal grades 0 to 7, very unevenly filled, as seven cumulative probabilities of one score.
@program("OK-u12-ordinal-cumulative", "multilabel", "bce", came_in="12b")
def ordinal(rng, fixed):
    x = rng.uniform(0, 1, (2500, 8))
    s = 10 * np.sin(np.pi * x[:, 0] * x[:, 1]) + 20 * (x[:, 2] - 0.5) ** 2 + 8 * x[:, 3]
    s = s + rng.standard_normal(2500)
    edges = np.quantile(s, [0.45, 0.6, 0.7, 0.78, 0.85, 0.9, 0.94])
    y = s[:, None] > edges[None]
    model = keras.Sequential(
        [
            keras.Input((8,)),
            layers.Dense(32, activation="relu"),
            layers.Dense(32, activation="relu"),
            layers.Dense(1, use_bias=False),
            Thresholds(7),
        ]
    )
    model.compile(optimizers.Adam(2e-3), "binary_crossentropy")
    return model, f32(x), f32(y), {"epochs": 30, "batch_size": 32}
