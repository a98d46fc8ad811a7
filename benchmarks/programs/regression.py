"""Numbers from tables: the fault lies in the weights, the optimizer, the penalties or the rows."""

import keras
import numpy as np
from keras import callbacks, constraints, initializers, layers, optimizers
from sklearn import datasets
from sklearn.preprocessing import StandardScaler

from .data import diabetes, friedman, friedman_raw, houses, raw_digits, series
from .registry import program
from .tools import (
    col,
    column,
    f32,
    mlp,
    own_callbacks,
    seq,
    shuffled,
    std,
    std_as_is,
    zscore,
    zscore32,
    zscore_as_is_plus,
    zscore_plus,
    zscore_plus_tiny,
)


# sim: 70 % of the targets are zero and the loss is the absolute error: its optimum is zero.
@program(
    "sim-mae-mostly-zero",
    "regression",
    "mae",
    where="data",
    came_in="programs",
    # 70 % zeros under the absolute error: the median is the optimum.
    causes=("imbalanced_target",),
)
def sim_mae_mostly_zero(r, fixed):
    x = r.normal(size=(2000, 5))
    y = np.exp(0.7 * x[:, 0] + 0.5 * x[:, 1]) * (r.random(2000) < 0.3)
    if fixed:
        y = np.exp(0.7 * x[:, 0] + 0.5 * x[:, 1])
    m = mlp(5, [32, 32])
    m.compile(optimizers.Adam(0.002), "mae")
    return m, f32(x), col(y), dict(batch_size=64, epochs=15)


# sim: BatchNormalization before the head with one row per batch: constant while training.
@program(
    "sim-batchnorm-batch-1",
    "regression",
    "mse",
    where="structure",
    came_in="programs",
    # One row per batch: BatchNormalization gives a constant in training, something else after.
    causes=("train_inference_gap",),
)
def sim_batchnorm_batch_1(r, fixed):
    x, y = friedman(r, 400)
    m = seq((10,), layers.Dense(32), layers.BatchNormalization(momentum=0.9), layers.Dense(1))
    m.compile(optimizers.Adam(0.01), "mse")
    return m, x, std(y), dict(batch_size=32 if fixed else 1, epochs=25 if fixed else 5)


# sim: dropout of 0.98 after every layer.
@program(
    "sim-dropout-98",
    "regression",
    "mse",
    where="model",
    came_in="programs",
    # Dropout 0.98, three times. State: all units alive.
    causes=("over_regularization",),
)
def sim_dropout_98(r, fixed):
    x, y = friedman(r, 1000)
    rate = 0.1 if fixed else 0.98
    m = seq(
        (10,),
        layers.Dense(64, activation="relu"),
        layers.Dropout(rate),
        layers.Dense(64, activation="relu"),
        layers.Dropout(rate),
        layers.Dense(64, activation="relu"),
        layers.Dropout(rate),
        layers.Dense(1),
    )
    m.compile(optimizers.Adam(0.001), "mse")
    return m, x, std(y), dict(batch_size=32, epochs=20)


# sim: twenty ReLU layers of three units (Lu et al. 2018): the signal dies at initialisation.
@program(
    "sim-deep-narrow-relu",
    "regression",
    "mse",
    where="model",
    came_in="programs",
    # Twenty ReLU layers of three units: dead layers, and nothing passes either way.
    causes=("dead_relu", "vanishing_gradient"),
)
def sim_deep_narrow_relu(r, fixed):
    x, y = friedman(r, 1000)
    m = mlp(10, [32, 32] if fixed else [3] * 20)
    m.compile(optimizers.Adam(0.005), "mse")
    return m, x, std(y), dict(batch_size=32, epochs=12)


# WEB-zero-init ("predicts a fixed number for all test samples"): three ReLU layers of zeros.
@program(
    "WEB-zero-init",
    "regression",
    "mse",
    where="model",
    came_in="programs",
    origin="public thread",
    # All kernels zero.
    causes=("constant_initialization",),
)
def web_zero_init(r, fixed):
    x = r.random((1000, 10))
    y = col(x.sum(1) + 0.1 * r.normal(size=1000))
    m = mlp(10, [64, 64, 64], kernel_initializer="he_normal" if fixed else "zeros")
    m.compile("adam", "mse")
    return m, f32(x), y, dict(batch_size=32, epochs=15)


# sim: Gaussian noise of 1 on inputs of size 0.01.
@program(
    "sim-gaussian-noise",
    "regression",
    "mse",
    where="model",
    came_in="programs",
    # Noise layer 100 times larger than the inputs. Alone: inputs of size 1 repair.
    causes=("over_regularization", "unscaled_input"),
)
def sim_gaussian_noise(r, fixed):
    x, y = friedman(r, 1000)
    m = seq(
        (10,),
        layers.GaussianNoise(0.1 if fixed else 1.0),
        layers.Dense(16, activation="relu"),
        layers.Dense(1),
    )
    m.compile(optimizers.Adam(0.005), "mse")
    return m, x if fixed else 0.01 * x, std(y), dict(batch_size=32, epochs=20)


# Spectra scaled to -1..0 (decibels) into a ReLU layer with a non-negativity constraint.
@program(
    "relu-nonneg-decibels",
    "regression",
    "mse",
    where="model",
    came_in="by_cause",
    # Non-negative weights on negative inputs.
    causes=("dead_relu",),
)
def relu_nonneg_decibels(r, fixed):
    x = r.uniform(-1, 0, (1000, 16))
    y = std(col(x[:, :4].sum(1) - x[:, 4:8].sum(1)))
    keep = None if fixed else keras.constraints.NonNeg()
    first = layers.Dense(
        32,
        activation="relu",
        kernel_initializer="he_normal" if fixed else initializers.RandomUniform(0.0, 0.3),
        kernel_constraint=keep,
    )
    m = seq((16,), first, layers.Dense(16, activation="relu"), layers.Dense(1))
    m.compile(optimizers.Adam(0.01), "mse")
    return m, f32(x), y, dict(batch_size=32, epochs=15)


# Eight tanh layers from weights of 0.02: the activations shrink by a factor of ten a layer.
@program(
    "deep-tanh-small-weights",
    "regression",
    "mse",
    where="model",
    came_in="by_cause",
    # Weights of 0.02 in eight layers: the signal shrinks tenfold a layer.
    causes=("vanishing_gradient",),
)
def deep_tanh_small_weights(r, fixed):
    x, y = friedman(r, 1000)
    init = "glorot_uniform" if fixed else initializers.RandomNormal(stddev=0.02)
    m = mlp(10, [24] * 8, "tanh", kernel_initializer=init)
    m.compile(optimizers.SGD(0.05), "mse")
    return m, x, std(y), dict(batch_size=32, epochs=15)


# Seven ReLU layers from standard normal weights: NaN under SGD, however small the rate.
@program(
    "explode-normal-weights",
    "regression",
    "mse",
    where="model",
    came_in="by_cause",
    # NaN. Alone: a rate of 1e-5 does not help.
    causes=("exploding_gradient", "non_finite"),
)
def explode_normal_weights(r, fixed):
    x, y = friedman(r, 1000)
    init = "he_normal" if fixed else initializers.RandomNormal(stddev=1.0)
    m = mlp(10, [32] * 6, kernel_initializer=init)
    m.compile(optimizers.SGD(0.01), "mse")
    return m, x, std(y), dict(batch_size=32, epochs=15)


# Two ReLU layers from weights of 1.5: the first steps throw every unit below zero.
@program(
    "explode-two-layers",
    "regression",
    "mse",
    where="model",
    came_in="by_cause",
    # Loss of 1e3 or more in epoch 1, then dead units.
    causes=("exploding_gradient", "dead_relu", "learning_rate_too_high"),
)
def explode_two_layers(r, fixed):
    x, y = diabetes()
    init = "he_normal" if fixed else initializers.RandomNormal(stddev=1.5)
    m = mlp(10, [64, 4], kernel_initializer=init)
    m.compile(optimizers.SGD(0.01), "mse")
    return m, x, std(y), dict(batch_size=32, epochs=15)


# The loss was multiplied by 10,000 because it "looked too small"; SGD.
@program(
    "explode-loss-weight",
    "regression",
    "mse",
    where="model",
    came_in="by_cause",
    # A loss weight of 10,000 is a rate of 100 under SGD: NaN.
    causes=("exploding_gradient", "learning_rate_too_high", "non_finite"),
)
def explode_loss_weight(r, fixed):
    x, y = diabetes()
    m = mlp(10, [32, 32])
    m.compile(optimizers.SGD(0.01), "mse", loss_weights=1.0 if fixed else 1e4)
    return m, x, std(y), dict(batch_size=32, epochs=20)


# A decay rate of 20 instead of 0.20: the learning rate grows. Two inputs.
@program(
    "rate-grows-two-inputs",
    "regression",
    "mse",
    where="model",
    came_in="by_cause",
    # The rate grows to 100.
    causes=("learning_rate_too_high", "dead_relu"),
)
def rate_grows_two_inputs(r, fixed):
    x, y = friedman(r, 1000)
    a, b = keras.Input((5,), name="a"), keras.Input((5,), name="b")
    ha, hb = layers.Dense(24, activation="relu")(a), layers.Dense(24, activation="relu")(b)
    h = layers.Dense(24, activation="relu")(layers.Concatenate()([ha, hb]))
    m = keras.Model({"a": a, "b": b}, layers.Dense(1)(h))
    rate = optimizers.schedules.ExponentialDecay(0.01, 150, 0.2 if fixed else 20.0)
    m.compile(optimizers.Adam(rate), "mse")
    return m, {"a": x[:, :5], "b": x[:, 5:]}, std(y), dict(batch_size=32, epochs=15)


# Adadelta at its default rate of 0.001, where old tutorials assume 1.
@program(
    "rate-adadelta-default",
    "regression",
    "mse",
    where="model",
    came_in="by_cause",
    # Adadelta at 0.001.
    causes=("learning_rate_too_low",),
)
def rate_adadelta_default(r, fixed):
    x, y = friedman(r, 1000)
    init = initializers.RandomNormal(stddev=0.05)
    m = mlp(10, [32, 32], kernel_initializer=init)
    m.layers[-1].kernel.assign(0.2 * m.layers[-1].kernel)
    m.compile(optimizers.Adadelta(1.0) if fixed else "adadelta", "mse")
    return m, x, std(y), dict(batch_size=32, epochs=15)


# The rate is halved every step instead of every epoch: training ends after a dozen steps.
@program(
    "rate-halved-each-step",
    "regression",
    "mse",
    where="model",
    came_in="by_cause",
    # The rate is zero after a dozen steps.
    causes=("learning_rate_too_low",),
)
def rate_halved_each_step(r, fixed):
    x, y = friedman(r, 1000)
    init = initializers.RandomNormal(stddev=0.05)
    m = mlp(10, [32, 32], kernel_initializer=init)
    rate = optimizers.schedules.ExponentialDecay(
        0.003 if fixed else 0.001, 320 if fixed else 1, 0.5
    )
    m.compile(optimizers.Adam(rate), "mse")
    return m, x, std(y), dict(batch_size=32, epochs=15)


# MaxNorm(0.001) on every kernel of a regression.
@program(
    "penalty-max-norm",
    "regression",
    "mse",
    where="model",
    came_in="by_cause",
    # Kernels held at a norm of 0.001.
    causes=("over_regularization",),
)
def penalty_max_norm(r, fixed):
    x, y = friedman(r, 1000)
    keep = keras.constraints.MaxNorm(3.0 if fixed else 0.001)
    m = seq(
        (10,),
        layers.Dense(32, activation="relu", kernel_constraint=keep),
        layers.Dense(1, kernel_constraint=keep),
    )
    m.compile(optimizers.Adam(0.005), "mse")
    return m, x, std(y), dict(batch_size=32, epochs=15)


# The informative input is not connected: the other one is concatenated with itself.
@program(
    "blocked-wrong-branch",
    "regression",
    "mse",
    where="structure",
    came_in="by_cause",
    # The informative input leads nowhere.
    causes=("no_gradient",),
)
def blocked_wrong_branch(r, fixed):
    x, y = friedman(r, 2000)
    other = f32(r.normal(size=(2000, 2)))
    a, b = keras.Input((10,), name="sensors"), keras.Input((2,), name="extra")
    ha, hb = layers.Dense(16, activation="relu")(a), layers.Dense(4, activation="relu")(b)
    h = layers.Concatenate()([ha, hb] if fixed else [hb, hb])
    m = keras.Model(
        {"sensors": a, "extra": b}, layers.Dense(1)(layers.Dense(8, activation="relu")(h))
    )
    m.compile(optimizers.Adam(0.003), "mse")
    return m, {"sensors": x, "extra": other}, std(y), dict(batch_size=64, epochs=12)


# The targets are those of the next row; the rows are independent draws.
@program(
    "unpaired-off-by-one",
    "regression",
    "mse",
    where="data",
    came_in="by_cause",
    # Targets of the next row.
    causes=("no_signal",),
)
def unpaired_off_by_one(r, fixed):
    x, y = friedman(r, 8000)
    m = mlp(10, [6])
    m.compile(optimizers.Adam(0.003), "mse")
    y = std(y)
    return m, x, y if fixed else np.roll(y, 1, 0), dict(batch_size=128, epochs=10)


@program("long-mlp-negative-biases", "regression", "mse", where="model", came_in="long_epochs")
def long_mlp_negative_biases(rng, fixed):
    x = rng.normal(size=(60_000, 20))
    y = np.sin(x[:, :1]) + x[:, 1:2] * x[:, 2:3]
    bias = keras.initializers.Constant(0 if fixed else -9)
    hidden = [layers.Dense(64, activation="relu", bias_initializer=bias) for _ in range(3)]
    model = keras.Sequential([keras.Input((20,)), *hidden, layers.Dense(1)])
    model.compile(keras.optimizers.Adam(1e-3), "mse")
    return model, f32(x), f32(y), {"batch_size": 32, "epochs": 5}


# The learning-rate sweep of the time-series course (1e-8 * 10^(epoch/20), here 1e-4 and /5) was
# left in the code: at the end the rate is far beyond what the net stands.
@program("coursera-lr-sweep", "regression", "mse", where="model", came_in="1")
def coursera_lr_sweep(r, fixed):
    x, y = series(r)
    m = seq(
        (40,),
        layers.Dense(32, activation="relu"),
        layers.Dense(32, activation="relu"),
        layers.Dense(1),
    )
    m.compile(optimizers.Adam(1e-3), "mse")
    if not fixed:
        own_callbacks(m, keras.callbacks.LearningRateScheduler(lambda e: 1e-4 * 10 ** (e / 5)))
    return m, x[..., 0], y, dict(batch_size=32, epochs=30)


# Lion at 0.3.
@program("lion-rate", "regression", "mse", where="model", came_in="1")
def lion_rate(r, fixed):
    x, y = datasets.make_friedman1(1200, noise=0.5, random_state=int(r.integers(1e6)))
    m = seq((10,), *[layers.Dense(64, activation="relu") for _ in range(3)], layers.Dense(1))
    m.compile(optimizers.Lion(0.3 if not fixed else 0.001), "mae")
    return m, zscore32(x), zscore32(col(y)), dict(batch_size=32, epochs=20)


# Residual net, Adamax at 1.0.
@program("resnet-adamax", "regression", "mse", where="model", came_in="1")
def resnet_adamax(r, fixed):
    x, y = datasets.make_friedman1(1000, noise=0.5, random_state=int(r.integers(1e6)))
    i = keras.Input((10,))
    h = layers.Dense(32, activation="relu")(i)
    for _ in range(4):
        g = layers.Dense(32, activation="relu")(h)
        h = layers.ReLU()(layers.Add()([h, layers.Dense(32)(g)]))
    m = keras.Model(i, layers.Dense(1)(h))
    m.compile(optimizers.Adamax(1.0 if not fixed else 0.005), "mse")
    return m, zscore32(x), zscore32(col(y)), dict(batch_size=32, epochs=15)


# Sample weights normalised to a sum of one (not a mean of one), plain SGD.
@program("sample-weights-sum-one", "regression", "mse", where="model", came_in="1")
def sample_weights_sum_one(r, fixed):
    x, y = datasets.make_friedman1(1500, noise=0.5, random_state=int(r.integers(1e6)))
    w = 0.5 + r.random(1500)
    w = w / w.sum() if not fixed else w / w.mean()
    m = seq(
        (10,),
        layers.Dense(32, activation="relu"),
        layers.Dense(32, activation="relu"),
        layers.Dense(1, kernel_initializer=initializers.RandomNormal(stddev=0.01)),
    )
    m.compile(optimizers.SGD(0.05), "mse", weighted_metrics=["mae"])
    return m, zscore32(x), zscore32(col(y)), dict(batch_size=32, epochs=20, sample_weight=f32(w))


# SELU net with AlphaDropout(0.97) behind every layer; EarlyStopping restores the best weights.
@program("selu-alpha-dropout", "regression", "mse", where="model", came_in="1")
def selu_alpha_dropout(r, fixed):
    x, y = houses(r)
    rate = 0.97 if not fixed else 0.02
    stack = []
    for _ in range(4):
        stack.append(layers.Dense(48, activation="selu", kernel_initializer="lecun_normal"))
        stack.append(layers.AlphaDropout(rate))
    m = seq((7,), *stack, layers.Dense(1))
    m.compile(optimizers.Adam(0.001 if not fixed else 0.003), "mse")
    own_callbacks(m, keras.callbacks.EarlyStopping("loss", patience=8, restore_best_weights=True))
    return m, zscore32(x), zscore32(y), dict(batch_size=32, epochs=30)


# Calls per hour with Poisson loss, exponential head, plain SGD at 1.0: exp shoots up, then is 0.
@program("calls-poisson-sgd", "regression", "poisson", where="model", came_in="2")
def calls_poisson_sgd(r, fixed):
    n = 1200
    hour, day = r.integers(0, 24, n), r.integers(0, 7, n)
    rate = np.exp(3.2 + 0.8 * np.sin((hour - 8) / 24 * 6.283) - 0.5 * (day > 4))
    y = col(r.poisson(rate))
    h, d = keras.Input((1,), dtype="int32"), keras.Input((1,), dtype="int32")
    z = layers.concatenate(
        [layers.Flatten()(layers.Embedding(24, 6)(h)), layers.Flatten()(layers.Embedding(7, 3)(d))]
    )
    z = layers.Dense(32, activation="tanh")(z)
    m = keras.Model([h, d], layers.Dense(1, activation="exponential")(z))
    m.compile(optimizers.SGD(0.002 if fixed else 1.0), "poisson")
    return m, [hour[:, None], day[:, None]], y, dict(batch_size=32, epochs=30)


# use_ema with ema_momentum 0.99999 over 600 steps: at the end the start weights come back.
@program("ema-brings-start-back", "regression", "mse", where="model", came_in="2")
def ema_brings_start_back(r, fixed):
    x = r.uniform(-2, 2, (1000, 5))
    y = x[:, 0] * x[:, 1] + np.sin(2 * x[:, 2]) + x[:, 3]
    m = seq(
        (5,),
        layers.Dense(64, activation="mish"),
        layers.Dense(64, activation="mish"),
        layers.Dense(1, kernel_initializer="zeros"),
    )
    m.compile(
        optimizers.Adam(0.003, use_ema=True, ema_momentum=0.95 if fixed else 0.99999, amsgrad=True),
        "mse",
    )
    return m, f32(x), zscore32(col(y)), dict(batch_size=32, epochs=20)


# Scene tags (5 of them, several at once), focal loss, plain SGD(0.5) with global_clipnorm=1e-6.
@program("multilabel-focal-global-clipnorm", "regression", "focal", where="model", came_in="2")
def multilabel_focal_global_clipnorm(r, fixed):
    x = r.normal(size=(1000, 10))
    y = f32(x @ r.normal(size=(10, 5)) + 1.5 * np.abs(x[:, :5]) > 3.5)
    small = initializers.RandomNormal(stddev=0.05)
    m = seq(
        (10,),
        layers.Dense(48, activation="elu", kernel_initializer=small),
        layers.BatchNormalization(),
        layers.GaussianNoise(0.1),
        layers.Dense(
            5, activation="sigmoid", kernel_initializer=initializers.RandomNormal(0, 0.01)
        ),
    )
    m.compile(
        optimizers.SGD(0.5, momentum=0.9, global_clipnorm=1.0 if fixed else 1e-6),
        keras.losses.BinaryFocalCrossentropy(gamma=2.0),
    )
    return m, f32(x), y, dict(batch_size=32, epochs=20)


# Constructed: gradient_accumulation_steps set to the number of batches of the full data set; on the
# sample used for a trial the weights are updated once in the whole fit.
@program(
    "bike-hire-accumulation",
    "regression",
    "mae",
    where="model",
    came_in="3a",
    origin="written blind",
)
def bike_hire_accumulation(r, fixed):
    n = 1600
    hour, temp, wet = r.uniform(0, 24, n), r.normal(15, 8, n), r.random(n) < 0.3
    y = 180 + 90 * np.sin((hour - 8) / 24 * 2 * np.pi) + 5 * (temp - 15) - 70 * wet
    y = f32(y + 12 * r.normal(size=n))[:, None]
    x = np.c_[np.sin(hour / 24 * 6.2832), np.cos(hour / 24 * 6.2832), (temp - 15) / 8, wet]
    model = keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(64, activation="gelu"),
            layers.Dense(64, activation="gelu"),
            layers.Dense(1, bias_initializer=initializers.Constant(180.0)),
        ]
    )
    adam = optimizers.Adam(0.01, gradient_accumulation_steps=2 if fixed else 512)
    model.compile(adam, "mae", metrics=["mse"])
    return model, f32(x), y, dict(batch_size=32, epochs=15)


# From memory: twelve softplus layers "because they are smooth", default SGD; the positive means of
# the layers swamp the signal and the network answers with the mean energy.
@program("energy-deep-softplus", "regression", "mse", where="model", came_in="3a")
def energy_deep_softplus(r, fixed):
    x, y = datasets.make_friedman1(900, n_features=8, noise=0.3, random_state=int(r.integers(1e6)))
    model = keras.Sequential([keras.Input((8,))])
    for _ in range(3 if fixed else 12):
        model.add(layers.Dense(24, activation="softplus"))
    model.add(layers.Dense(1))
    model.compile("adam" if fixed else "sgd", "mse")
    kw = dict(batch_size=32, epochs=20, sample_weight=f32(r.uniform(0.5, 1.5, 900)))
    return model, zscore_plus_tiny(x), zscore_plus_tiny(y[:, None]), kw


# AUTOTRAINER's exploding gradient in a residual tower: He weights on every branch and no norm.
@program(
    "AT-residual-tower-no-norm",
    "regression",
    "mse",
    where="model",
    came_in="3b",
    origin="published study",
)
def at_residual_tower_no_norm(r, fixed):
    x, y = datasets.make_friedman1(600, noise=0.5, random_state=int(r.integers(1e6)))
    inputs = keras.Input((10,))
    h = layers.Dense(32)(inputs)
    for _i in range(12):
        b = layers.LayerNormalization()(h) if fixed else h
        b = layers.Dense(32, activation="relu", kernel_initializer="he_normal")(b)
        h = layers.Add()([h, layers.Dense(32, kernel_initializer="he_normal")(b)])
    h = layers.LayerNormalization()(h) if fixed else h
    model = keras.Model(inputs, layers.Dense(1)(h))
    model.compile(optimizers.SGD(0.01), "mse")
    return model, zscore_plus(x), column(zscore_plus(y)), dict(epochs=12, batch_size=32)


# Graph convolutions as A @ H @ W on small graphs with the adjacency matrix as it comes, without
# dividing by the degrees; three layers later the sums are in the tens of thousands.
@program("graph-conv-raw-adjacency", "regression", "mse", where="model", came_in="4a")
def graph_conv_raw_adjacency(r, fixed):
    n, v = 800, 30
    a = (r.random((n, v, v)) < 0.5).astype("float64")
    a = np.maximum(a, a.transpose(0, 2, 1)) + np.eye(v)
    h0 = r.normal(size=(n, v, 4)) + r.normal(size=(n, 1, 4))
    y = zscore_plus((np.tanh(h0[..., 0]) + h0[..., 1]).mean(1)[:, None])
    if fixed:
        a = a / a.sum(2, keepdims=True)
    ia, ih = keras.Input((v, v)), keras.Input((v, 4))
    h = ih
    for _k in range(4):
        h = layers.Dense(16, activation="relu")(layers.Dot(axes=(2, 1))([ia, h]))
    o = layers.Dense(1)(layers.GlobalAveragePooling1D()(h))
    m = keras.Model([ia, ih], o)
    m.compile(optimizers.SGD(0.02, momentum=0.9), "mse")
    return m, [f32(a), f32(h0)], y, dict(epochs=15, batch_size=32)


@program("lr-scheduler-compounding", "regression", "mse", where="model", came_in="5b")
def lr_scheduler_compounding(r, fixed):
    """SO: LearningRateScheduler(epoch, lr) multiplies the already decayed lr: rate is gone after
    an epoch or two."""
    X, y = friedman_raw(r, 1200)
    m = seq(
        (8,),
        layers.Dense(32, activation="relu"),
        layers.Dense(32, activation="relu"),
        layers.Dense(1),
    )
    m.compile(optimizers.Adam(2e-3), "mse")
    sch = (lambda e, lr: 2e-3 * 0.9**e) if fixed else (lambda e, lr: float(lr) * 0.1 ** (e + 1))
    return (
        m,
        2 * X - 1,
        y,
        dict(epochs=20, batch_size=32, callbacks=[keras.callbacks.LearningRateScheduler(sch)]),
    )


@program("dropout-keep-prob", "regression", "mse", where="model", came_in="5b")
def dropout_keep_prob(r, fixed):
    """Port from TF1: keep_prob=0.95 passed on as Dropout(0.95), after every layer."""
    X, y = friedman_raw(r, 1500)
    p = 0.95 if not fixed else 0.05
    ls = []
    for _ in range(4):
        ls += [layers.Dense(32, activation="relu"), layers.Dropout(p)]
    m = seq((8,), *ls, layers.Dense(1))
    m.compile(optimizers.Adam(2e-3), "mse")
    return m, 2 * X - 1, zscore_as_is_plus(y), dict(epochs=20, batch_size=32)


@program("transfer-frozen-random-base", "regression", "mae", where="model", came_in="5b")
def transfer_frozen_random_base(r, fixed):
    """Age from VGG-like base(weights=None) with base.trainable=False: random features shrink with
    depth; fix: train the base."""
    X, y = raw_digits()
    base = seq((64,), *[layers.Dense(24, activation="relu") for _ in range(13)])
    age = 20 + 7 * y + 3 * r.normal(size=len(y))
    base.trainable = fixed
    m = keras.Sequential(
        [keras.Input((64,)), base, layers.Dense(1, bias_initializer=initializers.Constant(45.0))]
    )
    m.compile(optimizers.Adam(1e-3), "mae")
    return m, X / 16, col(age), dict(epochs=15, batch_size=32)


@program("energy-momentum-099", "regression", "mse", where="model", came_in="5b")
def energy_momentum_099(r, fixed):
    """Building energy use: SGD(0.02, momentum=0.99) overshoots and kills the relus; fix is
    momentum 0.9."""
    X, y = friedman_raw(r, 1500)
    m = seq(
        (8,),
        *[layers.Dense(48, activation="relu", kernel_initializer="he_normal") for _ in range(4)],
        layers.Dense(1),
    )
    m.compile(optimizers.SGD(0.02, momentum=0.99 if not fixed else 0.9), "mse")
    return m, zscore_as_is_plus(X), zscore_as_is_plus(y), dict(epochs=12, batch_size=32)


@program("max-norm-too-small", "regression", "mse", where="model", came_in="5b")
def max_norm_too_small(r, fixed):
    """kernel_constraint=max_norm(0.05) copied as a penalty factor: four tiny layers leave only the
    output bias."""
    X, y = friedman_raw(r, 1200)
    k = constraints.MaxNorm(0.05 if not fixed else 3.0)
    m = seq(
        (8,),
        *[layers.Dense(32, activation="relu", kernel_constraint=k) for _ in range(3)],
        layers.Dense(1, kernel_constraint=k),
    )
    m.compile(optimizers.Adam(2e-3), "mse")
    return m, 2 * X - 1, zscore_as_is_plus(y), dict(epochs=20, batch_size=32)


@program("nonneg-constraint-demand", "regression", "mse", where="model", came_in="5b")
def nonneg_constraint_demand(r, fixed):
    """Demand model with NonNeg kernels everywhere although demand falls with every input: output
    is its bias."""
    n = 1500
    X = r.uniform(0, 1, (n, 5))
    y = zscore_as_is_plus(
        -X @ np.array([3, 2, 2, 1, 1.0]) - 2 * X[:, 0] ** 2 + 0.3 * r.normal(size=n)
    )
    k = None if fixed else constraints.NonNeg()
    m = seq(
        (5,),
        layers.Dense(24, activation="relu", kernel_constraint=k),
        layers.Dense(24, activation="relu", kernel_constraint=k),
        layers.Dense(1, kernel_constraint=k),
    )
    m.compile(optimizers.Adam(2e-3), "mse")
    return m, f32(X), col(y), dict(epochs=20, batch_size=32)


# Usual: Dropout(0.95) after every layer by someone used to keep_prob.
@program("usual-dropout-keep-prob", "regression", "mse", where="model", came_in="6a")
def usual_dropout_keep_prob(rng, fixed):
    x = rng.normal(size=(1500, 8))
    y = x[:, 0] * x[:, 1] + np.abs(x[:, 2]) + np.sin(2 * x[:, 3]) + 0.1 * rng.normal(size=1500)
    y = StandardScaler().fit_transform(y.reshape(-1, 1))
    rate = 0.95 if not fixed else 0.05
    model = keras.Sequential(
        [
            keras.Input((8,)),
            layers.Dense(64, activation="relu"),
            layers.Dropout(rate),
            layers.Dense(64, activation="relu"),
            layers.Dropout(rate),
            layers.Dense(32, activation="relu"),
            layers.Dropout(rate),
            layers.Dense(1),
        ]
    )
    model.compile(optimizers.Nadam(2e-3), "mse")
    return model, f32(x), f32(y), dict(batch_size=32, epochs=40)


# decoupled weight decay several orders too strong
@program("DC-friedman-resnet-weight-decay", "regression", "mse", where="model", came_in="6b")
def dc_friedman_resnet_weight_decay(rng, fixed):
    x, y = datasets.make_friedman1(1200, noise=0.5, random_state=int(rng.integers(1000)))
    i = keras.Input((10,))
    h = layers.Dense(32, activation="relu")(i)
    for _ in range(3):
        r = layers.Dense(32, activation="relu")(h)
        h = layers.Add()([h, layers.Dense(32)(r)])
    m = keras.Model(i, layers.Dense(1)(layers.Activation("relu")(h)))
    m.compile(optimizers.AdamW(2e-3, weight_decay=1e-4 if fixed else 100.0), "mse")
    return m, std_as_is(x), std_as_is(y[:, None]), dict(batch_size=32, epochs=25)


# decay_steps given in epochs where the schedule counts batches: the rate is gone at once.
@program("unseen8-residual-mlp-cosine-in-epochs", "regression", "mae", where="model", came_in="8a")
def unseen8_residual_mlp_cosine_in_epochs(rng, fixed):
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


# GitHub issue, "LearningRateScheduler: loss does not change at all": the warm-up is worked out with
# a floor division, so the rate is nought in every epoch and the zero head stays at exp(0).
@program("u11-warmup-floor-division", "regression", "poisson", where="model", came_in="11a")
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
@program("u11-twelve-layers-truncated-normal", "regression", "huber", where="model", came_in="11a")
def twelve_layers(rng, fixed):
    x, y = datasets.make_friedman1(2000, 8, noise=0.5, random_state=int(rng.integers(1000)))
    init = "he_normal" if fixed else initializers.TruncatedNormal(stddev=0.02)
    model = keras.Sequential([keras.Input((8,))])
    for _ in range(12):
        model.add(layers.Dense(32, activation="relu", kernel_initializer=init))
    model.add(layers.Dense(1))
    model.compile(optimizers.SGD(4e-3, momentum=0.9), "huber")
    return model, f32(zscore(x)), col(zscore(y)), {"epochs": 20, "batch_size": 32}


# Warm restarts copied from an image-net recipe for SGD and given to Adam: each cycle starts at 1.0.
@program("u12-warm-restarts-adam", "regression", "mse", where="model", came_in="12a")
def u12_warm_restarts_adam(rng, fixed):
    x = rng.uniform(-1, 1, (1500, 6))
    y = np.sin(3 * x[:, 0]) + x[:, 1] * x[:, 2] + 0.5 * x[:, 3] + 0.05 * rng.normal(size=1500)
    model = keras.Sequential(
        [
            keras.Input((6,)),
            *[layers.Dense(32, activation="relu") for _ in range(5)],
            layers.Dense(1),
        ]
    )
    rate = optimizers.schedules.CosineDecayRestarts(
        0.005 if fixed else 1.0, first_decay_steps=150, t_mul=2.0, m_mul=1.0, alpha=0.001
    )
    model.compile(optimizers.Adam(rate), "mse")
    return model, f32(x), col(y), dict(batch_size=32, epochs=22)


# Residual tabular net with "zero-init" taken too far: the last kernel of each branch, the stem and
# the head are zero, so only the output bias ever receives a gradient.
@program("u12-resnet-zero-init", "regression", "mse", where="model", came_in="12a")
def u12_resnet_zero_init(rng, fixed):
    d = datasets.load_diabetes(scaled=False)
    x, y = shuffled(rng, zscore(d.data), zscore(d.target))
    zero = "glorot_uniform" if fixed else "zeros"
    inp = keras.Input((10,))
    h = layers.Dense(32, kernel_initializer=zero)(inp)
    for _ in range(2):
        r = layers.LayerNormalization()(h)
        r = layers.Dense(32, activation="relu")(r)
        r = layers.Dense(32, kernel_initializer="zeros")(r)
        h = layers.Add()([h, r])
    model = keras.Model(inp, layers.Dense(1, kernel_initializer=zero)(h))
    model.compile(optimizers.Adam(0.002), "mse")
    return model, f32(x), col(y), dict(batch_size=32, epochs=40)
