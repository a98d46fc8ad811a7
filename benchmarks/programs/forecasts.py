"""Numbers from sequences: what follows, and what a record of a sensor amounts to."""

import keras
import numpy as np
from keras import initializers, layers, ops, optimizers, regularizers
from sklearn.preprocessing import MinMaxScaler

from .data import series, waves, waves_with_frequency
from .registry import program
from .tools import (
    col,
    column,
    f32,
    plain_windows,
    seq,
    std,
    windows,
    windows_2d,
    zscore,
    zscore32,
    zscore_as_is,
    zscore_as_is_plus,
    zscore_plus,
    zscore_plus_tiny,
)


# GH-keras-1727: two LSTMs with extra sigmoids and dropout on raw levels of several series.
@program(
    "GH-keras-1727",
    "regression",
    "mse",
    where="model",
    came_in="programs",
    origin="public thread",
    # Levels around 300 in and out: output near 2 (skill -111), LSTM gates at their ends.
    causes=("unscaled_target", "unscaled_input", "saturated_activation"),
)
def gh_keras_1727(r, fixed):
    n, length, k = 600, 20, 5
    t = np.arange(n + length)[:, None]
    s = 300 + 40 * np.sin(2 * np.pi * t / r.uniform(10, 25, k) + r.uniform(0, 6, k))
    s = std(s) if fixed else s
    x = f32(np.stack([s[i : i + length] for i in range(n)]))
    y = f32(s[length:])
    if fixed:
        m = seq((length, k), layers.LSTM(20), layers.Dense(k))
        m.compile(optimizers.Adam(0.01), "mse")
        return m, x, y, dict(batch_size=64, epochs=12)
    act = layers.Activation
    m = seq(
        (length, k),
        layers.LSTM(20, return_sequences=True),
        act("sigmoid"),
        layers.Dropout(0.2),
        layers.LSTM(20),
        act("sigmoid"),
        layers.Dropout(0.2),
        layers.Dense(k),
    )
    m.compile("rmsprop", "mse")
    return m, x, y, dict(batch_size=64, epochs=12)


# sim: GRU on raw prices around 5,000: nothing is scaled, the output crawls.
@program(
    "sim-gru-raw-prices",
    "regression",
    "mse",
    where="model",
    came_in="programs",
    # Prices of 5,000 in and out: the GRU stands at +-1, the output crawls from 0. Both are needed.
    causes=("unscaled_target", "unscaled_input", "saturated_activation"),
)
def sim_gru_raw_prices(r, fixed):
    x, y = waves(r, 800, 16)
    if not fixed:
        x, y = 5000 + 300 * x, 5000 + 300 * y
    m = seq((16, 1), layers.GRU(16), layers.Dense(1))
    m.compile(optimizers.Adam(0.01 if fixed else 0.001), "mse")
    return m, x, y, dict(batch_size=32, epochs=8)


# sim: an L1 penalty of 1 on every kernel of a GRU.
@program(
    "sim-gru-l1",
    "regression",
    "mse",
    where="model",
    came_in="programs",
    # L1 of 1 on all kernels.
    causes=("over_regularization",),
)
def sim_gru_l1(r, fixed):
    x, y = waves(r, 800, 16)
    reg = regularizers.L1(1e-6 if fixed else 1.0)
    m = seq(
        (16, 1),
        layers.GRU(16, kernel_regularizer=reg, recurrent_regularizer=reg),
        layers.Dense(1, kernel_regularizer=reg),
    )
    m.compile(optimizers.Adam(0.01), "mse")
    return m, x, y, dict(batch_size=32, epochs=8)


# sim: SimpleRNN whose recurrent weights start near zero forgets the first of 20 values at once.
@program(
    "sim-simplernn-forgets",
    "regression",
    "mse",
    where="model",
    came_in="programs",
    # Recurrent weights near zero forget the first value. Alone: a higher rate does not help.
    causes=("vanishing_gradient",),
)
def sim_simplernn_forgets(r, fixed):
    x = f32(r.uniform(-1, 1, (1000, 20, 1)))
    tiny = initializers.RandomNormal(stddev=0.02)
    cell = layers.SimpleRNN(16, recurrent_initializer="orthogonal" if fixed else tiny)
    m = seq((20, 1), cell, layers.Dense(1))
    m.compile(optimizers.SGD(0.01), "mse")
    return m, x, x[:, 0], dict(batch_size=32, epochs=12)


# A SimpleRNN with ReLU and recurrent weights of 1.6 on the diagonal over 40 steps.
@program(
    "explode-relu-rnn",
    "regression",
    "mse",
    where="model",
    came_in="by_cause",
    # 1.6 to the power of 40: NaN. Alone: clipping ends the NaN; a rate of 1e-6 does not.
    causes=("exploding_gradient", "non_finite"),
)
def explode_relu_rnn(r, fixed):
    x, y = waves(r, 800, 40)
    cell = layers.SimpleRNN(
        16,
        activation="relu",
        recurrent_initializer=initializers.Identity(0.9 if fixed else 1.6),
    )
    m = seq((40, 1), cell, layers.Dense(1))
    m.compile(optimizers.SGD(0.01, clipnorm=1.0 if fixed else None), "mse")
    return m, x, y, dict(batch_size=32, epochs=12)


# LSTM under two ReLU layers with Adam at 3.
@program(
    "rate-3-lstm",
    "regression",
    "mse",
    where="model",
    came_in="by_cause",
    # Adam at 3.
    causes=("learning_rate_too_high", "dead_relu"),
)
def rate_3_lstm(r, fixed):
    x, y = waves(r, 800, 16)
    m = seq(
        (16, 1),
        layers.LSTM(16),
        layers.Dense(24, "relu"),
        layers.Dense(24, "relu"),
        layers.Dense(1),
    )
    m.compile(optimizers.Adam(0.005 if fixed else 3.0), "mse")
    return m, x, y, dict(batch_size=32, epochs=10)


# Air pressure in pascal (101,325 +- 800) into a GRU; the targets are scaled.
@program(
    "input-pascal-gru",
    "regression",
    "mse",
    where="model",
    came_in="by_cause",
    # Inputs of 101,325 hold the GRU at its ends.
    causes=("unscaled_input", "saturated_activation"),
)
def input_pascal_gru(r, fixed):
    x, y = waves(r, 800, 16)
    m = seq((16, 1), layers.GRU(16), layers.Dense(1))
    m.compile(optimizers.Adam(0.01), "mse")
    return m, x if fixed else f32(101_325 + 800 * x), y, dict(batch_size=32, epochs=10)


# LSTM on scaled inputs for sales of 50,000 +- 8,000.
@program(
    "target-lstm-sales",
    "regression",
    "mse",
    where="model",
    came_in="by_cause",
    # Sales of 50,000 from an LSTM of 24 units in -1..1, all driven to their ends.
    causes=("unscaled_target", "saturated_activation"),
)
def target_lstm_sales(r, fixed):
    x, y = waves(r, 800, 16)
    m = seq((16, 1), layers.LSTM(24), layers.Dense(1))
    m.compile(optimizers.Adam(0.01), "mse")
    return m, x, y if fixed else f32(50_000 + 8_000 * y), dict(batch_size=32, epochs=10)


# Rain: three days of four are dry, the loss is the absolute error. GRU.
@program(
    "imbalance-dry-days",
    "regression",
    "mae",
    where="data",
    came_in="by_cause",
    # Absolute error, 75 % zeros: the median is the optimum.
    causes=("imbalanced_target",),
)
def imbalance_dry_days(r, fixed):
    x = r.normal(size=(1200, 10, 2))
    wet = r.random(1200) < (1.0 if fixed else 0.25)
    y = np.exp(0.8 * x[:, -1, 0] + 0.5 * x[:, -2, 1]) * wet
    m = seq((10, 2), layers.GRU(16), layers.Dense(1))
    m.compile(optimizers.Adam(0.005), "mae")
    return m, f32(x), col(y), dict(batch_size=32, epochs=10)


# Scores of 0..99 were divided by 100 as integers: every target is 0. LSTM.
@program(
    "labels-integer-division",
    "regression",
    "mse",
    where="data",
    came_in="by_cause",
    # One value only.
    causes=("invalid_target", "imbalanced_target"),
)
def labels_integer_division(r, fixed):
    x, y = waves(r, 800, 12)
    score = np.clip(50 + 40 * y, 0, 99).astype(int)
    m = seq((12, 1), layers.LSTM(16), layers.Dense(1))
    m.compile(optimizers.Adam(0.01), "mse")
    used = score / 100 if fixed else score // 100
    return m, x, f32(used), dict(batch_size=32, epochs=8), f32(score / 100)


# Temperatures in kelvin under a sigmoid head. GRU.
@program(
    "head-sigmoid-kelvin",
    "regression",
    "mse",
    where="activation",
    came_in="by_cause",
    # Sigmoid for 290: the head at 1. Alone: targets in 0..1 repair.
    causes=("output_activation", "unscaled_target", "saturated_activation"),
)
def head_sigmoid_kelvin(r, fixed):
    x, y = waves(r, 800, 12)
    head = None if fixed else "sigmoid"
    last = initializers.Constant(290.0 if fixed else 0.0)
    m = seq((12, 1), layers.GRU(16), layers.Dense(1, activation=head, bias_initializer=last))
    m.compile(optimizers.Adam(0.01), "mse")
    return m, x, f32(290 + 3 * y), dict(batch_size=32, epochs=20 if fixed else 10)


# An LSTM and its head start at zero.
@program(
    "zeros-lstm",
    "regression",
    "mse",
    where="model",
    came_in="by_cause",
    # All kernels zero.
    causes=("constant_initialization",),
)
def zeros_lstm(r, fixed):
    x, y = waves(r, 800, 12)
    kernel, recurrent = ("glorot_uniform", "orthogonal") if fixed else ("zeros", "zeros")
    m = seq(
        (12, 1),
        layers.LSTM(16, kernel_initializer=kernel, recurrent_initializer=recurrent),
        layers.Dense(1, kernel_initializer=kernel),
    )
    m.compile(optimizers.Adam(0.01), "mse")
    return m, x, y, dict(batch_size=32, epochs=10)


@program("long-lstm-raw-target", "regression", "mse", where="model", came_in="long_epochs")
def long_lstm_raw_target(rng, fixed):
    x = rng.normal(size=(6000, 30, 4))
    y = 5 * x[:, :, 0].mean(1, keepdims=True)
    inputs = keras.Input((30, 4))
    hidden = layers.Dense(16, activation="relu")(layers.LSTM(32)(inputs))
    model = keras.Model(inputs, layers.Dense(1)(hidden))
    model.compile(keras.optimizers.SGD(0.01), "mse")
    return model, f32(x), f32(y if fixed else 300 + 50 * y), {"batch_size": 32, "epochs": 6}


# "Stock prediction" notebook: the inputs went through MinMaxScaler, the targets did not; a small
# ReLU layer behind the LSTM, SGD with momentum.
@program("stock-lstm-raw-target", "regression", "mse", where="model", came_in="1")
def stock_lstm_raw_target(r, fixed):
    p = 150 + np.cumsum(r.normal(0.0, 0.8, 800)) + 15 * np.sin(np.arange(800) / 40)
    q = (p - p.min()) / (p.max() - p.min())
    x = np.stack([q[i : i + 20] for i in range(780)])[..., None]
    m = seq(
        (20, 1),
        layers.LSTM(32, return_sequences=True),
        layers.Dropout(0.1),
        layers.LSTM(32),
        layers.Dense(16, activation="relu"),
        layers.Dense(1),
    )
    m.compile(optimizers.SGD(0.02, momentum=0.9), "mse")
    return m, f32(x), col(p[20:] if not fixed else q[20:]), dict(batch_size=32, epochs=15)


# SimpleRNN with recurrent_initializer="ones": the units push one another to one end.
@program("simplernn-ones-recurrent", "regression", "mse", where="model", came_in="1")
def simplernn_ones_recurrent(r, fixed):
    x = r.uniform(0, 1, (2000, 30, 1))
    y = x[:, :, 0].mean(1)
    rec = "ones" if not fixed else "orthogonal"
    m = seq((30, 1), layers.SimpleRNN(64, recurrent_initializer=rec), layers.Dense(1))
    m.compile(optimizers.Adam(0.001), "mse")
    return m, f32(x), zscore32(col(y)), dict(batch_size=64, epochs=12)


# log-probabilities (all below zero) under softplus "because it is smooth".
@program("logprob-softplus", "regression", "mse", where="activation", came_in="1")
def logprob_softplus(r, fixed):
    x, _ = series(r, 900, 24)
    y = -1.5 - np.abs(x[:, :, 0]).mean(1) * 2 - (x[:, -1, 0] > 0)
    m = seq((24, 1), layers.GRU(24), layers.Dense(1, activation="softplus" if not fixed else None))
    m.compile(optimizers.Adam(0.01), "mse")
    return m, x, col(y), dict(batch_size=32, epochs=18)


# Heart rate (50..180) from a wrist signal; a callable tanh on the head.
@program("heart-rate-callable-tanh", "regression", "mse", where="activation", came_in="1")
def heart_rate_callable_tanh(r, fixed):
    n = 800
    y = r.uniform(50, 180, n)
    t = np.arange(64) / 16
    x = np.sin(2 * np.pi * y[:, None] / 60 * t + r.uniform(0, 6.3, (n, 1)))
    x = x + 0.1 * r.normal(size=x.shape)
    m = seq(
        (64, 1),
        layers.Conv1D(16, 9, activation="relu"),
        layers.Conv1D(16, 5, activation="relu"),
        layers.GlobalAveragePooling1D(),
        layers.Dense(32, activation="relu"),
        layers.Dense(1, activation=(lambda v: ops.tanh(v)) if not fixed else (lambda v: v)),
    )
    m.compile(optimizers.Adam(0.01), "mse", metrics=["mae"])
    return m, f32(x[..., None]), col(y), dict(batch_size=32, epochs=30)


# ConvLSTM2D on radar frames, regression of where the cell goes next; Nadam at 0.5.
@program("radar-convlstm-nadam", "regression", "mae", where="model", came_in="2")
def radar_convlstm_nadam(r, fixed):
    n, s, f = 240, 8, 3
    c, v = r.uniform(2, 5, (n, 2)), r.uniform(-0.7, 0.7, (n, 2))
    g = np.mgrid[:s, :s].reshape(2, -1).T
    at = c[:, None] + np.arange(f)[None, :, None] * v[:, None]
    x = np.exp(-((g[None, None] - at[:, :, None]) ** 2).sum(-1) / 3).reshape(n, f, s, s, 1)
    y = c + f * v
    m = seq(
        (f, s, s, 1),
        layers.ConvLSTM2D(6, 3, padding="same"),
        layers.Flatten(),
        layers.Dense(32, activation="relu"),
        layers.Dense(2),
    )
    m.compile(optimizers.Nadam(0.003 if fixed else 0.5), "mae")
    return m, f32(x), f32(y), dict(batch_size=16, epochs=15)


# Tagger: Masking, two Bidirectional GRUs, one tag per step; Adam(epsilon=1.0), as in an old paper.
@program("tagger-adam-epsilon-1", "regression", "bce", where="model", came_in="2")
def tagger_adam_epsilon_1(r, fixed):
    n, length = 400, 10
    x = r.normal(size=(n, length, 3))
    run = np.cumsum(x[..., 0] > 0, 1) % 2  # toggles with every positive first channel
    y = f32((x[..., 1] + np.roll(x[..., 1], 1, 1) > 0) | ((run == 1) & (x[..., 2] > 1.2)))
    for i, k in enumerate(r.integers(7, length + 1, n)):
        x[i, k:] = -10.0
        y[i, k:] = y[i, k - 1]
    m = seq(
        (length, 3),
        layers.Masking(-10.0),
        layers.Bidirectional(layers.GRU(12, return_sequences=True)),
        layers.Bidirectional(layers.GRU(12, return_sequences=True)),
        layers.TimeDistributed(
            layers.Dense(
                1, activation="sigmoid", kernel_initializer=initializers.RandomNormal(stddev=0.05)
            )
        ),
    )
    m.compile(optimizers.Adam(0.01, epsilon=1e-7 if fixed else 1.0), "binary_crossentropy")
    return m, f32(x), y[..., None], dict(batch_size=25, epochs=10)


def hourly_temperatures(r, n=500, length=24, ahead=6):
    """Hourly temperatures in degrees Celsius: a day, and the hours behind it."""
    t = np.arange(length + ahead)
    base, amp, ph = r.normal(8, 7, (n, 1)), r.uniform(2, 6, (n, 1)), r.uniform(0, 24, (n, 1))
    trend = r.normal(0, 0.1, (n, 1))
    s = base + amp * np.sin(2 * np.pi * (t + ph) / 24) + trend * t + r.normal(0, 0.4, (n, len(t)))
    return s[:, :length, None], s[:, length:, None]


# Encoder-decoder (RepeatVector) for the next hours' temperature in kelvin, 281 +- 8.
@program("seq2seq-kelvin", "regression", "mse", where="model", came_in="2")
def seq2seq_kelvin(r, fixed):
    x, y = hourly_temperatures(r)
    i = keras.Input((24, 1))
    h = layers.GRU(24)(i)
    h = layers.RepeatVector(6)(h)
    h = layers.GRU(24, return_sequences=True)(h)
    m = keras.Model(i, layers.TimeDistributed(layers.Dense(1))(h))
    m.compile(optimizers.Adam(0.005), "mse", steps_per_execution=4)
    k = (lambda a: (a - 8) / 8) if fixed else (lambda a: a + 273.15)
    return m, f32((x - 8) / 8), f32(k(y)), dict(batch_size=32, epochs=12)


# The output layer is LSTM(1, return_sequences=True), so its tanh bounds a load of 9 +- 1.5 kW.
@program("load-lstm-as-output", "regression", "mse", where="activation", came_in="2")
def load_lstm_as_output(r, fixed):
    n, length = 400, 20
    temp = r.normal(0, 1, (n, 1)) + 0.3 * np.cumsum(r.normal(size=(n, length)), 1)
    occ = r.integers(0, 2, (n, length))
    y = f32(9 + 0.8 * temp * (0.5 + occ) + 0.8 * occ)[..., None]
    m = seq(
        (length, 2),
        layers.LSTM(32, return_sequences=True),
        layers.TimeDistributed(layers.Dense(1)) if fixed else layers.LSTM(1, return_sequences=True),
    )
    m.compile(optimizers.Adam(0.02), "mse")
    return m, f32(np.stack([temp, occ], -1)), y, dict(batch_size=32, epochs=18)


# A forum question copied to techfeed.net (485530): two LSTMs with relu, RandomUniform(+-0.05),
# dropout 0.5 everywhere and a wide linear layer; the forecast converges to one value near -0.1.
@program("stacked-lstm-uniform", "regression", "mse", where="model", came_in="3a")
def stacked_lstm_uniform(r, fixed):
    n, steps = 900, 15
    start, speed = r.uniform(0, 2 * np.pi, n), r.uniform(0.15, 0.5, n)
    s = start[:, None] + speed[:, None] * np.arange(steps + 1)
    wave = np.sin(s) + 0.05 * r.normal(size=s.shape)
    x, y = f32(wave[:, :steps, None]), f32(wave[:, steps:])
    init = "glorot_uniform" if fixed else initializers.RandomUniform(minval=-0.05, maxval=0.05)
    act, drop = ("tanh", 0.0) if fixed else ("relu", 0.5)
    rec = dict(kernel_initializer=init, activation=act, dropout=drop)
    model = keras.Sequential([keras.Input((steps, 1))])
    model.add(layers.LSTM(32, return_sequences=True, recurrent_dropout=0.4 * drop, **rec))
    model.add(layers.LSTM(20, recurrent_dropout=0.4 * drop, **rec))
    model.add(layers.Dense(64, activation="linear", kernel_initializer=init))
    model.add(layers.Dropout(drop))
    model.add(layers.Dense(1, activation="linear", kernel_initializer=init))
    model.compile(loss="mean_squared_error", optimizer=optimizers.RMSprop(1e-3 if fixed else 1e-4))
    return model, x, y, dict(batch_size=32, epochs=12)


# From memory: two concentrations in mg per litre from one spectrum, two output layers, Adam(1e-4);
# both curves of predictions are flat lines close to zero beside targets of hundreds.
@program("spectra-two-concentrations", "regression", "mse", where="model", came_in="3a")
def spectra_two_concentrations(r, fixed):
    n, w = 800, 60
    c = r.uniform(50, 900, (n, 2))
    g = np.arange(w)
    peaks = np.stack([np.exp(-(((g - m) / 5.0) ** 2)) for m in (18, 38)])
    x = f32(c @ peaks / 900 + 0.01 * r.normal(size=(n, w)))[..., None]
    y = zscore_plus_tiny(c) if fixed else f32(c)
    inp = keras.Input((w, 1))
    h = layers.Conv1D(8, 7, strides=2, activation="relu")(inp)
    h = layers.Conv1D(8, 5, strides=2, activation="relu")(h)
    h = layers.Dense(32, activation="relu")(layers.Flatten()(h))
    model = keras.Model(
        inp, [layers.Dense(1, name="nitrate")(h), layers.Dense(1, name="sulfate")(h)]
    )
    model.compile(optimizers.Adam(1e-3 if fixed else 1e-4), ["mse", "mse"])
    return model, x, [y[:, :1], y[:, 1:]], dict(batch_size=32, epochs=10)


# keras-team/keras#4563: several time series into one LSTM, absolute error, careful SGD, and targets
# that are "very high" and were never rescaled.
@program("GH-keras-4563", "regression", "mae", where="model", came_in="3b", origin="public thread")
def gh_keras_4563(r, fixed):
    x = np.cumsum(r.normal(0, 0.3, (700, 15, 3)), 1).astype("float32")
    y = column(52000 + 9000 * x[:, -1, 0] - 6000 * x[:, -1, 1] + 500 * r.normal(size=700))
    if fixed:
        y = zscore_plus(y)
    model = keras.Sequential(
        [keras.Input((15, 3)), layers.LSTM(32), layers.Dropout(0.3), layers.Dense(1)]
    )
    sgd = optimizers.SGD(0.0008, momentum=0.9, nesterov=True)
    model.compile(optimizers.Adam(0.005) if fixed else sgd, "mean_absolute_error")
    return model, x, y, dict(epochs=12, batch_size=32)


# A TensorFlow 1 script ported by hand: keep_prob=0.95 became Dropout(0.95), three times.
@program("keep-prob-as-rate-gru", "regression", "mse", where="model", came_in="3b")
def keep_prob_as_rate_gru(r, fixed):
    x = r.normal(size=(700, 10, 4)).astype("float32")
    y = zscore_plus(x[:, -3:, 0].sum(1) + x[:, -3:, 1].mean(1) + 0.2 * r.normal(size=700))
    drop = 0.05 if fixed else 0.95
    model = keras.Sequential(
        [
            keras.Input((10, 4)),
            layers.GRU(24, dropout=drop),
            layers.Dropout(drop),
            layers.Dense(24, activation="relu"),
            layers.Dropout(drop),
            layers.Dense(1),
        ]
    )
    model.compile(optimizers.Adam(0.003), "mse")
    return model, x, column(y), dict(epochs=15, batch_size=32)


# DeepCrime "add layers": six LSTMs on top of one another where one would do.
@program(
    "DC-six-stacked-lstms",
    "regression",
    "mse",
    where="model",
    came_in="3b",
    origin="published study",
)
def dc_six_stacked_lstms(r, fixed):
    start = r.uniform(0, 6.3, (500, 1))
    wave = np.sin(start + 0.5 * np.arange(13)) + 0.05 * r.normal(size=(500, 13))
    x, y = wave[:, :12, None].astype("float32"), column(wave[:, 12])
    depth = 1 if fixed else 6
    model = keras.Sequential([keras.Input((12, 1))])
    for i in range(depth):
        model.add(layers.LSTM(8, return_sequences=i < depth - 1))
    model.add(layers.Dense(1))
    model.compile(optimizers.SGD(0.1), "mse")
    return model, x, y, dict(epochs=14, batch_size=32)


# keras-team/keras#3687: relu LSTMs, a relu unit at every step, SGD with momentum 0.99; "predictions
# are all zero".
@program(
    "GH-keras-3687", "regression", "mse", where="activation", came_in="3b", origin="public thread"
)
def gh_keras_3687(r, fixed):
    x = r.normal(size=(400, 12, 5)).astype("float32")
    y = np.cumsum(x[:, :, :1] - x[:, :, 1:2], 1) / 3 + 0.1 * r.normal(size=(400, 12, 1))
    hidden = "tanh" if fixed else "relu"
    model = keras.Sequential(
        [
            keras.Input((12, 5)),
            layers.LSTM(24, activation=hidden, return_sequences=True),
            layers.LSTM(12, activation=hidden, return_sequences=True),
            layers.TimeDistributed(layers.Dense(1, activation=None if fixed else "relu")),
        ]
    )
    sgd = optimizers.SGD(0.01, momentum=0.99, nesterov=True)
    model.compile(optimizers.Adam(0.01) if fixed else sgd, "mse")
    return model, x, y.astype("float32"), dict(epochs=16, batch_size=32)


# Fundamental frequency of a tone in hertz from a Conv1D whose last layer is a hard sigmoid.
@program("pitch-hertz-hard-sigmoid", "regression", "mae", where="activation", came_in="3b")
def pitch_hertz_hard_sigmoid(r, fixed):
    hertz = r.uniform(80, 400, 500)
    t = np.arange(64) / 2000
    x = np.sin(2 * np.pi * hertz[:, None] * t) + 0.1 * r.normal(size=(500, 64))
    y = (hertz - 240) / 100 if fixed else hertz
    model = keras.Sequential(
        [
            keras.Input((64, 1)),
            layers.Conv1D(16, 7, strides=2, activation="relu"),
            layers.Conv1D(16, 5, strides=2, activation="relu"),
            layers.GlobalAveragePooling1D(),
            layers.Dense(24, activation="relu"),
            layers.Dense(1, activation=None if fixed else "hard_sigmoid"),
        ]
    )
    model.compile(optimizers.Adam(0.005), "mae")
    return model, x[..., None].astype("float32"), column(y), dict(epochs=20, batch_size=32)


# Keras issue 9889: stacked LSTMs over windows of Fourier magnitudes in raw units; all 1606
# predictions were 47.96572, about the mean of the targets.
@program("GH-keras-9889", "regression", "mse", where="model", came_in="4a", origin="public thread")
def gh_keras_9889(r, fixed):
    n, t, b = 1000, 10, 40
    f = r.uniform(5, 35, n)
    bins = np.arange(b)[None, None]
    drift = f[:, None, None] + np.linspace(-1, 1, t)[None, :, None]
    x = np.exp(9 + 3 * np.exp(-(((bins - drift) / 3) ** 2)) + 0.5 * r.normal(size=(n, t, b)))
    y = (48 + 0.8 * (f - 20) + 0.5 * r.normal(size=n))[:, None]
    if fixed:
        x, y = np.log(x), zscore_plus(y)
        x = (x - x.mean()) / x.std()
    m = keras.Sequential(
        [
            keras.Input((t, b)),
            layers.LSTM(32, return_sequences=True),
            layers.Dropout(0.2),
            layers.LSTM(16),
            layers.Dense(1),
        ]
    )
    m.compile(optimizers.Adam(0.01), "mse")
    return m, f32(x), f32(y), dict(epochs=15, batch_size=32)


# Heat demand for each hour of a day from the weather of that day, TimeDistributed over a GRU; the
# asker wanted "sparse activations" and gave the GRU an activity penalty of one.
@program("heat-demand-activity-l1", "regression", "mae", where="model", came_in="4a")
def heat_demand_activity_l1(r, fixed):
    n, t = 600, 24
    hours = np.arange(t)[None]
    temp = r.normal(5, 6, (n, 1)) + 4 * np.sin((hours - 8) / 24 * 6.28) + r.normal(size=(n, t))
    wind = np.abs(r.normal(4, 2, (n, t)))
    x = np.stack([temp / 8, wind / 4, np.sin(hours / 24 * 6.28) + 0 * temp], -1)
    lag = np.c_[temp[:, :1], temp[:, :-1]]
    y = zscore_plus((-temp - 0.7 * lag + wind).reshape(-1, 1)).reshape(n, t, 1)
    m = keras.Sequential(
        [
            keras.Input((t, 3)),
            layers.GRU(
                24,
                return_sequences=True,
                activity_regularizer=regularizers.L1(1e-6 if fixed else 1.0),
            ),
            layers.TimeDistributed(layers.Dense(16, activation="relu")),
            layers.TimeDistributed(layers.Dense(1)),
        ]
    )
    m.compile(optimizers.Adam(0.005), "mae")
    return m, f32(x), y, dict(epochs=15, batch_size=32)


def jena_weather(r, n):
    """Hourly pressure (mbar), temperature (C) and humidity (%), as in the Jena file."""
    p, t = np.zeros(n), np.zeros(n)
    for i in range(1, n):
        p[i] = 0.985 * p[i - 1] + r.normal()
        t[i] = 0.95 * t[i - 1] + r.normal()
    hours = np.arange(n)
    temp = 9.0 + 5.0 * np.sin(2 * np.pi * hours / 24) + t
    rh = 75.0 - 1.5 * (temp - 9.0) + 3.0 * r.normal(size=n)
    return np.stack([989.0 + 1.5 * p, temp, rh], -1)


# The weather-forecasting tutorial scales the inputs; here the pressure six hours ahead
# is predicted, cut from the frame before it was scaled, so it stays near 989 mbar.
@program("jena-pressure-mbar-gru", "regression", "mse", where="model", came_in="4b")
def jena_pressure_mbar_gru(r, fixed):
    raw = jena_weather(r, 1700)
    scaled = zscore_as_is(raw)
    window, ahead = 24, 6
    starts = np.arange(0, len(raw) - window - ahead)
    x = np.stack([scaled[s : s + window] for s in starts])
    source = scaled if fixed else raw
    y = f32(source[starts + window + ahead - 1, :1])
    model = seq((window, 3), layers.GRU(32), layers.Dense(1))
    model.compile(optimizer=optimizers.Adam(0.001), loss="mse", metrics=["mae"])
    return model, x, y, dict(epochs=12, batch_size=64)


@program(
    "layernorm-one-feature",
    "regression",
    "mse",
    # its author says "model"
    where="structure",
    came_in="5a",
)
def layernorm_one_feature(r, fixed):
    """LayerNormalization over the last axis of a (T, 1) series: one feature normalised by itself
    is zero."""
    x, f, a = waves_with_frequency(r, 1500, 30)
    y = f32(zscore_as_is(a))[:, None]
    m = seq(
        (30, 1),
        layers.LayerNormalization(axis=(1 if fixed else -1), epsilon=1.0),
        layers.GRU(24),
        layers.Dense(16, activation="relu"),
        layers.Dense(1),
    )
    m.compile(optimizers.Adam(3e-3), "mse")
    return m, x, y, dict(epochs=12, batch_size=32)


@program("clipvalue-tiny", "regression", "mse", where="model", came_in="5a")
def clipvalue_tiny(r, fixed):
    """clipvalue=1e-4 pasted in against 'exploding gradients' with SGD: no weight moves by more
    than 3e-7 a step."""
    x, f, a = waves_with_frequency(r, 1200, 40)
    y = f32(60 + 8 * a * a)[:, None]  # heart rate
    m = seq(
        (40, 1),
        layers.Conv1D(16, 5, activation="relu"),
        layers.MaxPooling1D(2),
        layers.Conv1D(16, 5, activation="relu"),
        layers.GlobalAveragePooling1D(),
        layers.Dense(16, activation="relu"),
        layers.Dense(1),
    )
    m.compile(optimizers.SGD(0.003, clipvalue=1.0 if fixed else 1e-4), "mse")
    return m, x, y, dict(epochs=30, batch_size=32)


@program("lstm1-as-output", "regression", "mse", where="activation", came_in="5a")
def lstm1_as_output(r, fixed):
    """The last layer is LSTM(1): its tanh cannot say 18 degrees."""
    s = 18 + 7 * np.sin(np.arange(1524) * 2 * np.pi / 60) + r.normal(size=1524)
    x = np.stack([s[i : i + 24] for i in range(1500)])[..., None]
    m = seq(
        (24, 1),
        layers.LSTM(24, return_sequences=not fixed),
        layers.Dense(1) if fixed else layers.LSTM(1),
    )
    m.compile(optimizers.Adam(0.01), "mse")
    return m, f32((x - 18) / 7), f32(s[24:])[:, None], dict(epochs=20, batch_size=32)


@program("lstm-stock-raw-window", "regression", "mse", where="model", came_in="5b")
def lstm_stock_raw_window(r, fixed):
    """SO: LSTM index forecast is a flat line: raw prices in the windows saturate every gate (only
    y was min-max scaled)."""
    s = 30000 + 1500 * np.sin(np.arange(1520) / 60) + np.cumsum(r.normal(0, 20, 1520))
    X, y = plain_windows(s, 20)
    lo, hi = s.min(), s.max()
    y = (y - lo) / (hi - lo)
    if fixed:
        X = (X - lo) / (hi - lo)
    m = seq((20, 1), layers.LSTM(50), layers.Dense(1))
    m.compile("adam", "mse")
    return m, f32(X)[..., None], col(y), dict(epochs=12, batch_size=32)


@program("stacked-lstm-high-lr", "regression", "mse", where="model", came_in="5b")
def stacked_lstm_high_lr(r, fixed):
    """Three stacked LSTMs on a seasonal series, Adam(1.0): gates saturate, the forecast is one
    flat line."""
    t = np.arange(1220)
    s = zscore_as_is_plus(np.sin(t / 8) + 0.5 * np.sin(t / 3) + 0.2 * r.normal(size=1220))
    X, y = plain_windows(s, 20)
    m = seq(
        (20, 1),
        layers.LSTM(16, return_sequences=True),
        layers.LSTM(16, return_sequences=True),
        layers.LSTM(16),
        layers.Dense(1),
    )
    m.compile(optimizers.Adam(1.0 if not fixed else 0.003), "mse")
    return m, f32(X)[..., None], col(y), dict(epochs=10, batch_size=32)


@program("gru-temperature-tanh-out", "regression", "mae", where="activation", came_in="5b")
def gru_temperature_tanh_out(r, fixed):
    """Weather forecast in deg F with Dense(1, activation='tanh') on top of a GRU: always 1.0; fix
    linear."""
    t = np.arange(1512)
    s = 15 + 6 * np.sin(t / 12 * 2 * np.pi / 2) + 4 * np.sin(t / 200) + 0.8 * r.normal(size=1512)
    X, y = plain_windows(s, 12)
    m = seq((12, 1), layers.GRU(24), layers.Dense(1, activation=None if fixed else "tanh"))
    m.compile(optimizers.Adam(0.01), "mae")
    return m, f32((X - 15) / 6)[..., None], col(y), dict(epochs=15, batch_size=32)


# Usual: "LSTM stock prediction gives a flat line"; prices in dollars go in and out unscaled.
@program("usual-lstm-stock-unscaled", "regression", "mse", where="model", came_in="6a")
def usual_lstm_stock_unscaled(rng, fixed):
    t = np.arange(900)
    price = 2400 + 350 * np.sin(t / 60) + 120 * np.sin(t / 17) + np.cumsum(rng.normal(0, 6, 900))
    if fixed:
        price = MinMaxScaler().fit_transform(price.reshape(-1, 1))[:, 0]
    x, y = windows(price, 20)
    model = keras.Sequential(
        [
            keras.Input((20, 1)),
            layers.LSTM(50, return_sequences=True),
            layers.LSTM(50),
            layers.Dense(1),
        ]
    )
    model.compile("adam", "mean_squared_error")
    return model, x, y, dict(batch_size=32, epochs=15)


# Usual: GRU for daily returns; returns are about 0.01, so a usual L2 penalty outweighs the loss.
@program("usual-gru-returns-l2", "regression", "mse", where="model", came_in="6a")
def usual_gru_returns_l2(rng, fixed):
    r = np.zeros(1500)
    for i in range(2, 1500):
        r[i] = 1.2 * r[i - 1] - 0.6 * r[i - 2] + rng.normal(0, 0.006)
    x, y = windows(r, 10)
    if fixed:
        x, y = x / r.std(), y / r.std()
    model = keras.Sequential(
        [
            keras.Input((10, 1)),
            layers.GRU(24, kernel_regularizer=regularizers.L2(1e-3)),
            layers.Dense(1, kernel_regularizer=regularizers.L2(1e-3)),
        ]
    )
    model.compile(optimizers.Adam(2e-3), "mse")
    return model, x, y, dict(batch_size=32, epochs=25)


# Usual: received signal strength in dBm (all negative) from a GRU with a relu output: zeros only.
@program("usual-gru-dbm-relu-output", "regression", "mse", where="activation", came_in="6a")
def usual_gru_dbm_relu_output(rng, fixed):
    d = 5 + 3 * np.sin(np.arange(1300) / 9) + np.cumsum(rng.normal(0, 0.03, 1300))
    s = (-40 - 20 * np.log10(np.clip(d, 0.5, None)) + rng.normal(0, 0.3, 1300)) / 10
    x, y = windows(s, 12)
    model = keras.Sequential(
        [
            keras.Input((12, 1)),
            layers.GRU(32),
            layers.Dense(16, activation="relu"),
            layers.Dense(1, activation="relu" if not fixed else None),
        ]
    )
    model.compile(optimizers.Adam(3e-3), "mse")
    return model, x, y, dict(batch_size=32, epochs=20)


# exploding gradient: recurrent weights of unit deviation
@program("AT-sine-simplernn-explode", "regression", "mse", where="model", came_in="6b")
def at_sine_simplernn_explode(rng, fixed):
    t = np.arange(900)
    x, y = windows(np.sin(t / 6) + 0.3 * np.sin(t / 2.3) + 0.05 * rng.normal(size=900), 30)
    rec = "orthogonal" if fixed else initializers.RandomNormal(stddev=1.0)
    m = keras.Sequential(
        [
            keras.Input((30, 1)),
            layers.SimpleRNN(24, activation="relu", recurrent_initializer=rec),
            layers.Dense(1),
        ]
    )
    m.compile(optimizers.SGD(0.01), "mse")
    return m, x, y, dict(batch_size=32, epochs=30)


# a raw index series (thousands of points) saturates the LSTM's gates
@program("DFD-index-lstm-raw-inputs", "regression", "mae", where="model", came_in="6b")
def dfd_index_lstm_raw_inputs(rng, fixed):
    t = np.arange(1000)
    s = 4800 + 900 * np.sin(t / 40) + 250 * np.sin(t / 9) + 30 * rng.normal(size=1000)
    x, y = windows(s, 16)
    if fixed:
        x = (x - s.mean()) / s.std()
    y = (y - s.mean()) / s.std()
    m = keras.Sequential(
        [
            keras.Input((16, 1)),
            layers.LSTM(16, return_sequences=True),
            layers.LSTM(16),
            layers.Dense(1),
        ]
    )
    m.compile(optimizers.Adam(3e-3), "mae")
    return m, x.astype("float32"), y.astype("float32"), dict(batch_size=32, epochs=15)


# slow convergence: gradients clipped to next to nothing
@program("AT-ecg-conv1d-clipnorm", "regression", "mse", where="model", came_in="6b")
def at_ecg_conv1d_clipnorm(rng, fixed):
    n, steps = 800, 64
    rate = rng.uniform(3, 8, (n, 1))
    ph = rng.uniform(0, 1, (n, 1))
    t = np.linspace(0, 1, steps)[None]
    x = np.exp(10 * (np.cos(2 * np.pi * (rate * t + ph)) - 1)) + 0.1 * rng.normal(size=(n, steps))
    m = keras.Sequential(
        [
            keras.Input((steps, 1)),
            layers.Conv1D(16, 7, strides=2, activation="relu"),
            layers.Conv1D(16, 5, strides=2, activation="relu"),
            layers.Flatten(),
            layers.Dense(16, activation="relu"),
            layers.Dense(1),
        ]
    )
    m.compile(optimizers.SGD(0.01, momentum=0.9, clipnorm=1.0 if fixed else 1e-5), "mse")
    return m, x[..., None].astype("float32"), rate.astype("float32"), dict(batch_size=32, epochs=25)


def temperatures(rng, n=900):
    """Daily temperatures in degrees Celsius, some years shortened to 90 days."""
    t = np.arange(n)
    return 18 + 8 * np.sin(2 * np.pi * t / 90) + 2 * np.sin(t / 3.5) + 0.6 * rng.normal(size=n)


# sigmoid on the output of a forecaster of degrees Celsius
@program("DD-temperature-gru-sigmoid-output", "regression", "mse", where="activation", came_in="6b")
def dd_temperature_gru_sigmoid_output(rng, fixed):
    s = temperatures(rng)
    x, y = windows(s, 12)
    x = (x - s.mean()) / s.std()
    m = keras.Sequential(
        [
            keras.Input((12, 1)),
            layers.GRU(16),
            layers.Dense(1, activation=None if fixed else "sigmoid"),
        ]
    )
    m.compile(optimizers.Adam(2e-2), "mse", metrics=["mae"])
    return m, x.astype("float32"), y, dict(batch_size=32, epochs=30)


# Monthly sales forecast with an LSTM; the series was never scaled.
@program("ts-lstm-unscaled-sales", "regression", "mse", where="model", came_in="7a")
def lstm_unscaled_sales(rng, fixed):
    """Forecast next month from the last twelve."""
    t = np.arange(900)
    s = 3000 + 600 * np.sin(2 * np.pi * t / 12) + 300 * np.sin(2 * np.pi * t / 90)
    s = s + rng.normal(0, 60, len(t))
    if fixed:
        s = (s - s.min()) / (s.max() - s.min())
    x, y = windows_2d(s, 12)
    model = keras.Sequential([keras.Input((12, 1)), layers.LSTM(50), layers.Dense(1)])
    model.compile(optimizer="adam", loss="mse")
    return model, x, y, {"batch_size": 32, "epochs": 40}


# WaveNet-style causal convolutions; all kernels start from a normal of deviation 0.001.
@program("ts-dilated-cnn-tiny-init", "regression", "log_cosh", where="model", came_in="7a")
def dilated_cnn_tiny_init(rng, fixed):
    """Forecast an autoregressive signal with a dilated stack."""
    t = np.arange(1600)
    s = np.sin(t / 7.0) * np.cos(t / 31.0) + 0.1 * rng.normal(size=len(t))
    x, y = windows_2d(zscore_as_is_plus(s), 64)
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


# Temperature forecast in degrees Celsius behind a sigmoid output.
@program("act-gru-temperature-sigmoid", "regression", "mse", where="activation", came_in="7a")
def gru_temperature_sigmoid(rng, fixed):
    """Forecast the temperature from scaled past weather."""
    t = np.arange(1300)
    temp = 18 + 6 * np.sin(2 * np.pi * t / 24) + 3 * np.sin(2 * np.pi * t / 200)
    temp = temp + 0.5 * rng.normal(size=len(t))
    press = 0.3 * temp + rng.normal(size=len(t))
    x, _ = windows_2d(zscore_as_is_plus(np.c_[temp, press]), 12)
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


# Wear of a machine from a sensor record; softmax on the single output of a regression.
@program("act-cnn1d-softmax-regression", "regression", "mse", where="activation", came_in="7a")
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


# Sensor readings in pascal go straight into recurrent layers, whose gates then never move.
@program("unseen8-bilstm-pascal", "regression", "mse", where="model", came_in="8a")
def unseen8_bilstm_pascal(rng, fixed):
    change = rng.normal(size=(5500, 24, 3))
    weight = np.linspace(0, 1, 24)[:, None]
    y = (change[:, :, :1] * weight).sum(1) / 3 + 0.5 * change[:, -1, 1:2]
    x = change if fixed else 101_325 + 400 * change
    model = keras.Sequential([keras.Input((24, 3)), layers.Bidirectional(layers.LSTM(16))])
    model.add(layers.Dense(16, activation="tanh"))
    model.add(layers.Dense(1))
    model.compile(keras.optimizers.RMSprop(2e-3), "mse")
    return model, f32(x), f32(y), {"batch_size": 32, "epochs": 6}


# Event counts through a log link; an L1 penalty of one on every kernel leaves only the bias.
@program("unseen8-conv1d-counts-l1", "regression", "poisson", where="model", came_in="8a")
def unseen8_conv1d_counts_l1(rng, fixed):
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


# Meter readings come as (time, value) pairs; the time stayed a Unix time in seconds when the
# irregular series went into the recurrent net.
@program("u9-unix-time-as-channel", "regression", "mae", where="model", came_in="9a")
def u9_unix_time_as_channel(rng, fixed):
    n, steps = 800, 20
    start = 1_600_000_000 + rng.uniform(0, 3e7, n)
    gaps = rng.exponential(1800, (n, steps))
    at = start[:, None] + np.cumsum(gaps, 1)
    level = rng.normal(0, 1, n)[:, None]
    slope = rng.normal(0, 1, n)[:, None]
    hours = (at - at[:, :1]) / 3600
    v = level + slope * hours / 10 + rng.normal(0, 0.1, (n, steps))
    y = level[:, 0] + slope[:, 0] * 1.2
    x = np.stack([hours / 10 if fixed else at, v], -1)
    reading = keras.Input((steps, 2))
    h = layers.LSTM(24, return_sequences=True)(reading)
    h = layers.Bidirectional(layers.LSTM(12))(h)
    model = keras.Model(reading, layers.Dense(1)(h))
    model.compile(optimizers.Adam(2e-3), "mean_absolute_error")
    return model, f32(x), col(zscore(y)), dict(batch_size=32, epochs=12)


# Soil moisture in per cent (15 to 60) with the output clipped "to a valid share" between 0 and 1:
# beyond 1 there is no gradient any more.
@program("u9-clipped-head-per-cent", "regression", "mae", where="activation", came_in="9a")
def u9_clipped_head_per_cent(rng, fixed):
    n = 900
    bands = rng.uniform(0, 1, (n, 24, 3))
    wet = rng.uniform(0, 1, n)
    bands[:, 8:14, 0] -= 0.8 * wet[:, None]
    bands[:, 3:6, 2] += 0.5 * wet[:, None]
    y = 15 + 45 * wet
    inp = keras.Input((24, 3))
    h = layers.Conv1D(16, 5, activation="relu")(inp)
    h = layers.Conv1D(16, 5, activation="relu")(h)
    h = layers.Flatten()(h)
    h = layers.Dense(32, activation="relu")(h)
    h = layers.Dense(1)(h)
    if not fixed:
        h = layers.Lambda(lambda z: ops.clip(z, 0.0, 1.0))(h)
    model = keras.Model(inp, h)
    model.compile(optimizers.Adam(3e-3), "mae")
    return model, f32(bands), col(y), dict(batch_size=32, epochs=30)


# https://github.com/keras-team/keras/issues/4563 "Very high / NaN loss ... multiple sequence time
# series regression": "the Y values are very high"; "have you tried to rescale the values?"
@program("u10-lstm-very-high-y", "regression", "mae", where="model", came_in="10a")
def u10_lstm_very_high_y(rng, fixed):
    n, steps = 1200, 24
    x = rng.normal(0, 1, (n, steps, 4)).cumsum(1) / 4
    demand = 40_000 + 9_000 * x[:, -6:, 0].mean(1) + 5_000 * np.tanh(x[:, -1, 1] - x[:, 0, 1])
    y = zscore(demand) if fixed else demand
    model = keras.Sequential(
        [keras.Input((steps, 4)), layers.LSTM(64), layers.Dropout(0.3), layers.Dense(1)]
    )
    model.compile("rmsprop", "mean_absolute_error")
    return model, f32(x), col(y), dict(batch_size=32, epochs=20)


# StackOverflow, "GRU for remaining useful life predicts the same number": tanh as the last
# activation while the targets are cycles from 10 to 120.
@program("u11-engine-life-tanh-head", "regression", "mse", where="activation", came_in="11a")
def engine_life(rng, fixed):
    n, length = 1200, 15
    life = rng.uniform(10, 120, n)
    t = np.arange(length)
    wear = np.exp(-(life[:, None] - t[None]) / 40.0)
    x = np.stack([wear, 0.5 - wear**2, 0.3 * wear], -1)
    x = x + 0.03 * rng.standard_normal(x.shape)
    model = keras.Sequential(
        [
            keras.Input((length, 3)),
            layers.Conv1D(16, 3, activation="relu"),
            layers.GRU(24),
            layers.Dense(16, activation="relu"),
            layers.Dense(1, activation=None if fixed else "tanh"),
        ]
    )
    model.compile(optimizers.RMSprop(5e-3), "mse")
    return model, f32(x), col(life), {"epochs": 20, "batch_size": 32}


# Sensor log: every step of the sequence carries its unix time stamp, so the gates are saturated.
@program("u12-lstm-unix-time", "regression", "mse", where="model", came_in="12a")
def u12_lstm_unix_time(rng, fixed):
    n, t = 900, 16
    start = 1.55e9 + rng.integers(0, 30_000_000, n)
    stamp = start[:, None] + 3600.0 * np.arange(t)
    value = np.cumsum(rng.normal(0, 0.4, (n, t)), 1) + rng.normal(0, 1, (n, 1))
    y = value[:, -4:].mean(1) - value[:, :4].mean(1)
    if fixed:
        stamp = (stamp - stamp.mean()) / stamp.std()
    model = keras.Sequential([keras.Input((t, 2)), layers.LSTM(24), layers.Dense(1)])
    model.compile(optimizers.Adam(0.003), "mse")
    return model, f32(np.stack([stamp, value], -1)), col(y), dict(batch_size=32, epochs=20)


# StackOverflow, "stacked LSTM converges to one value" (hand-set tiny uniform weights, plain SGD).
@program("u12-lstm-stack-tiny-uniform", "regression", "mse", where="model", came_in="12a")
def u12_lstm_stack_tiny_uniform(rng, fixed):
    n, t = 700, 12
    phase, freq = rng.uniform(0, 6.3, (n, 1)), rng.uniform(0.2, 0.7, (n, 1))
    wave = np.sin(phase + freq * np.arange(t + 1)) + 0.03 * rng.normal(size=(n, t + 1))
    x, y = wave[:, :t, None], wave[:, t:]

    def unit(seq):
        if fixed:
            return layers.LSTM(24, return_sequences=seq)
        small = dict(
            kernel_initializer=initializers.RandomUniform(-0.005, 0.005),
            recurrent_initializer=initializers.RandomUniform(-0.005, 0.005),
        )
        return layers.LSTM(24, return_sequences=seq, **small)

    model = keras.Sequential(
        [keras.Input((t, 1)), unit(True), unit(True), unit(False), layers.Dense(1)]
    )
    model.compile(optimizers.Adam(0.005) if fixed else optimizers.SGD(0.01), "mse")
    return model, f32(x), f32(y), dict(batch_size=32, epochs=20)


# Relu SimpleRNN trained with the SGD settings of an image net (0.3, momentum 0.9): clipping keeps
# the loss finite, but after the first explosions no unit is left alive.
@program("u12-relu-rnn-sgd-rate", "regression", "mse", where="model", came_in="12a")
def u12_relu_rnn_sgd_rate(rng, fixed):
    n, t = 900, 16
    x = rng.uniform(0, 1, (n, t, 1))
    y = zscore(x[:, -8:, 0].sum(1))
    model = keras.Sequential(
        [keras.Input((t, 1)), layers.SimpleRNN(32, activation="relu"), layers.Dense(1)]
    )
    rate = 0.01 if fixed else 0.3
    model.compile(optimizers.SGD(rate, momentum=0.9, clipnorm=1.0), "mse")
    return model, f32(x), col(y), dict(batch_size=32, epochs=20)


# Temperature forecast in degrees with the tanh head of a tutorial that had scaled its series.
@program("u12-gru-celsius-tanh", "regression", "mae", where="activation", came_in="12a")
def u12_gru_celsius_tanh(rng, fixed):
    n, t = 1000, 14
    day = rng.integers(0, 3000, n)[:, None] + np.arange(t + 1)
    temp = 18 + 8 * np.sin(2 * np.pi * day / 365) + 2 * np.sin(day / 3.0)
    temp = temp + 0.5 * rng.normal(size=temp.shape)
    x, y = (temp[:, :t, None] - 18) / 6, temp[:, t:]
    model = keras.Sequential(
        [keras.Input((t, 1)), layers.GRU(24), layers.Dense(1, activation=None if fixed else "tanh")]
    )
    model.compile(optimizers.Adam(0.03), "mae")
    return model, f32(x), f32(y), dict(batch_size=32, epochs=25)


# Spectra regression with "sparse" layers: L1(0.05) per weight on a conv net and a target in metres
# (1e-4); the penalty is the whole loss.
@program("u12-spectra-l1-metres", "regression", "mse", where="model", came_in="12c")
def u12_spectra_l1_metres(rng, fixed):
    n, w = 700, 48
    pos = rng.uniform(8, 40, n)
    grid = np.arange(w)
    x = np.exp(-0.5 * ((grid - pos[:, None]) / 2.5) ** 2) + 0.05 * rng.normal(size=(n, w))
    y = pos * 1e-5
    if fixed:
        y = zscore(y)
    reg = regularizers.L1(1e-6 if fixed else 0.05)
    model = keras.Sequential(
        [
            keras.Input((w, 1)),
            layers.Conv1D(12, 5, activation="elu", kernel_regularizer=reg),
            layers.MaxPooling1D(2),
            layers.Flatten(),
            layers.Dense(24, activation="elu", kernel_regularizer=reg),
            layers.Dense(1, kernel_regularizer=reg),
        ]
    )
    model.compile(optimizers.Adam(0.002), "mse")
    return model, f32(x[..., None]), col(y), dict(batch_size=32, epochs=25)
