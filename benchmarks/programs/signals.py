"""Classes of sequences: records of sensors, sounds and events."""

import keras
import numpy as np
from keras import initializers, layers, ops, optimizers, regularizers

from .data import raw_digit_images_int32
from .registry import program
from .tools import col, f32, onehot, seq


# SO-46620813: LSTM whose only output unit has a softmax: always class 1.
@program(
    "SO-46620813",
    "binary",
    "bce",
    where="activation",
    came_in="programs",
    origin="public thread",
    # Softmax on one unit behind an LSTM.
    causes=("output_activation",),
)
def so_46620813(r, fixed):
    bits = [0, 1, 1]
    for _ in range(1000):
        p = 0.9 if bits[-1] != bits[-3] else 0.1
        bits.append(int(r.random() < p))
    x = f32([bits[i : i + 3] for i in range(1000)])[..., None]
    y = col(bits[3:1003])
    m = seq(
        (3, 1),
        layers.LSTM(12 if fixed else 1),
        layers.Dense(1, activation="sigmoid" if fixed else "softmax"),
    )
    m.compile(optimizers.Adam(0.03) if fixed else optimizers.Adagrad(), "binary_crossentropy")
    return m, x, y, dict(batch_size=64, epochs=25)


# WEB-conv1d-softmax ("Why does CNN binary Keras always predict 1"): softmax on one unit again.
@program(
    "WEB-conv1d-softmax",
    "binary",
    "bce",
    where="activation",
    came_in="programs",
    origin="public thread",
    # Softmax on one unit behind a CNN.
    causes=("output_activation",),
)
def web_conv1d_softmax(r, fixed):
    x = np.cumsum(r.normal(size=(1000, 10, 4)), 1)
    y = col(x[:, -1].mean(1) > x[:, 0].mean(1))
    stack: list[keras.Layer] = []
    for filters in (16, 8):
        stack += [
            layers.Conv1D(filters, 4, padding="same"),
            layers.BatchNormalization(),
            layers.LeakyReLU(),
            layers.Dropout(0.2),
        ]
    m = seq(
        (10, 4),
        *stack,
        layers.Flatten(),
        layers.Dense(64),
        layers.BatchNormalization(),
        layers.LeakyReLU(),
        layers.Dense(1, activation="sigmoid" if fixed else "softmax"),
    )
    m.compile("adam", "binary_crossentropy")
    return m, f32(x), y, dict(batch_size=64, epochs=8)


# Currents in ampere, of the order of a microampere; convolution over time, SGD.
@program(
    "input-microampere",
    "multiclass",
    "scce",
    where="model",
    came_in="by_cause",
    # Inputs of 1e-6: only the biases learn, and they push the ReLUs below zero. Adam does not help.
    causes=("unscaled_input", "dead_relu"),
)
def input_microampere(r, fixed):
    y = r.integers(0, 3, 900)
    t = np.arange(24)
    s = np.sin(2 * np.pi * t / np.array([6, 9, 14])[y, None] + r.uniform(0, 6, (900, 1)))
    x = (s + 0.2 * r.normal(size=s.shape))[..., None]
    m = seq(
        (24, 1),
        layers.Conv1D(16, 5, activation="relu"),
        layers.GlobalMaxPooling1D(),
        layers.Dense(16, activation="relu"),
        layers.Dense(3, activation="softmax"),
    )
    m.compile(optimizers.SGD(0.1, momentum=0.9), "sparse_categorical_crossentropy")
    return m, f32(x if fixed else 1e-6 * x), y, dict(batch_size=32, epochs=15)


# Conv1D activity recognition with an L2 penalty of 1 "against overfitting" on every layer.
@program("har-conv1d-l2", "multiclass", "scce", where="model", came_in="1")
def har_conv1d_l2(r, fixed):
    n = 1200
    y = r.integers(0, 4, n)
    t = np.arange(64)
    x = np.sin(r.uniform(0, 6, (n, 1, 3)) + (0.15 + 0.15 * y[:, None, None]) * t[None, :, None])
    x = x * r.uniform(0.5, 1.5, (n, 1, 3)) + 0.4 * r.normal(size=x.shape)
    reg = regularizers.L2(1.0 if not fixed else 1e-4)
    m = seq(
        (64, 3),
        layers.Conv1D(32, 5, activation="relu", kernel_regularizer=reg),
        layers.MaxPooling1D(2),
        layers.Conv1D(32, 5, activation="relu", kernel_regularizer=reg),
        layers.GlobalMaxPooling1D(),
        layers.Dense(32, activation="relu", kernel_regularizer=reg),
        layers.Dense(4, activation="softmax", kernel_regularizer=reg),
    )
    m.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return m, f32(x), y.astype("int32"), dict(batch_size=32, epochs=12)


# Keyword spotting on int16 samples that were never scaled; SeparableConv1D, SGD with clipnorm
# "against NaN".
@program("audio-int16-separable", "multiclass", "scce", where="model", came_in="2")
def audio_int16_separable(r, fixed):
    n, length = 500, 128
    y = r.integers(0, 3, n)
    f = np.array([0.15, 0.45, 0.9])[y] * r.uniform(0.85, 1.15, n)
    s = np.sin(f[:, None] * np.arange(length) + r.uniform(0, 6.3, (n, 1)))
    s = (s + r.normal(0, 0.3, s.shape)) * r.uniform(4000, 9000, (n, 1))
    x = s.round().astype("int16").astype("float32")[..., None]
    m = seq(
        (length, 1),
        layers.SeparableConv1D(16, 9, strides=2, activation="relu", padding="same"),
        layers.SeparableConv1D(24, 9, strides=2, activation="relu", padding="same"),
        layers.GlobalMaxPooling1D(),
        layers.Dense(24, activation="relu"),
        layers.Dense(3, activation="softmax"),
    )
    m.compile(
        optimizers.SGD(0.02, momentum=0.9, clipnorm=5.0),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return m, x / 8192 if fixed else x, y.astype("int32"), dict(batch_size=16, epochs=18)


# Weights "restored" with set_weights from an export in percent (x 100): gates and units saturate.
@program("set-weights-times-100", "multiclass", "scce", where="model", came_in="2")
def set_weights_times_100(r, fixed):
    x, y = raw_digit_images_int32()
    m = seq(
        (8, 8),
        layers.LSTM(24, return_sequences=True, dropout=0.1),
        layers.LSTM(24),
        layers.Dense(10, activation="softmax"),
    )
    if not fixed:
        m.set_weights([100 * np.abs(w) for w in m.get_weights()])
    m.compile(
        optimizers.Adam(0.003, clipnorm=1.0),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return m, x[..., 0] / 16, y, dict(batch_size=48, epochs=10)


# hard_shrink (zero between -0.5 and 0.5) as hidden activation on small signals: nothing gets
# through.
@program("hidden-hard-shrink", "multiclass", "scce", where="activation", came_in="2")
def hidden_hard_shrink(r, fixed):
    n = 500
    y = r.integers(0, 3, n)
    f = np.array([0.3, 0.7, 1.3])[y][:, None]
    s = 0.15 * np.sin(f * np.arange(48) + r.uniform(0, 6.3, (n, 1))) + r.normal(0, 0.02, (n, 48))
    act = "gelu" if fixed else "hard_shrink"
    m = seq(
        (48, 1),
        layers.Conv1D(16, 7, activation=act),
        layers.MaxPooling1D(2),
        layers.DepthwiseConv1D(5, activation=act),
        layers.Conv1D(24, 3, activation=act),
        layers.GlobalMaxPooling1D(),
        layers.Dense(3, activation="softmax"),
    )
    m.compile(optimizers.Adam(0.005), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return m, f32(s)[..., None], y.astype("int32"), dict(batch_size=32, epochs=20)


# From memory of several ResNet-from-scratch questions: a residual net for sensor series whose
# author left BatchNormalization out "to keep it simple" and kept the paper's SGD 0.1, momentum 0.9.
@program("resnet1d-without-batchnorm", "multiclass", "scce", where="model", came_in="3a")
def resnet1d_without_batchnorm(r, fixed):
    n, steps = 800, 48
    t = r.integers(0, 4, n)
    s = np.arange(steps)
    ph = r.uniform(0, 6.28, (n, 2, 1))
    x = np.sin(np.array([0.3, 0.6, 1.0, 1.5])[t][:, None, None] * s + ph)
    x = f32((x + 0.3 * r.normal(size=x.shape)).transpose(0, 2, 1))

    def block(h, f):
        z = layers.Conv1D(f, 3, padding="same", kernel_initializer="he_normal")(h)
        z = layers.ReLU()(layers.BatchNormalization()(z) if fixed else z)
        z = layers.Conv1D(f, 3, padding="same", kernel_initializer="he_normal")(z)
        z = layers.BatchNormalization()(z) if fixed else z
        return layers.ReLU()(layers.Add()([h, z]))

    inp = keras.Input((steps, 2))
    h = layers.Conv1D(16, 5, padding="same", activation="relu", kernel_initializer="he_normal")(inp)
    for _ in range(6):
        h = block(h, 16)
    h = layers.GlobalAveragePooling1D()(h)
    model = keras.Model(inp, layers.Dense(4, activation="softmax")(h))
    sgd = optimizers.SGD(0.02 if fixed else 0.1, momentum=0.9)
    model.compile(sgd, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, x, t, dict(batch_size=32, epochs=12)


# From memory of "EEGNet predicts one class": recordings left in volts, so that BatchNormalization's
# epsilon of 1e-3 is a billion times the variance and no signal reaches the layers behind it.
@program("eeg-volts-batchnorm", "multiclass", "cce", where="model", came_in="3a")
def eeg_volts_batchnorm(r, fixed):
    n, steps, ch = 700, 64, 4
    t = r.integers(0, 3, n)
    s = np.arange(steps)
    carrier = np.sin(np.array([0.4, 0.9, 1.6])[t][:, None, None] * s + r.uniform(0, 6, (n, ch, 1)))
    x = 1e-5 * (carrier + 0.5 * r.normal(size=(n, ch, steps))).transpose(0, 2, 1)
    x = f32(x * 1e5) if fixed else f32(x)
    model = keras.Sequential(
        [
            keras.Input((steps, ch)),
            layers.Conv1D(8, 16, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.Activation("elu"),
            layers.AveragePooling1D(4),
            layers.SeparableConv1D(16, 8, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.Activation("elu"),
            layers.AveragePooling1D(4),
            layers.Dropout(0.25),
            layers.Flatten(),
            layers.Dense(3),
            layers.Activation("softmax"),
        ]
    )
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    return model, x, onehot(t, 3), dict(batch_size=32, epochs=15)


# A mark for every step of a machine's log; one unit per step, and softmax over that one unit.
@program("step-marks-softmax-of-one", "binary", "bce", where="activation", came_in="3b")
def step_marks_softmax_of_one(r, fixed):
    x = r.normal(size=(350, 15, 3)).astype("float32")
    y = (x[:, :, :1] + x[:, :, 1:2] > 0.3).astype("float32")
    model = keras.Sequential(
        [
            keras.Input((15, 3)),
            layers.Bidirectional(layers.GRU(12, return_sequences=True)),
            layers.TimeDistributed(layers.Dense(1, activation="sigmoid" if fixed else "softmax")),
        ]
    )
    model.compile(optimizers.Adam(0.01), "binary_crossentropy")
    return model, x, y, dict(epochs=18, batch_size=25)


# Keras issue 12701: six emotions from heart, skin and temperature recordings in their own units;
# the network answers with one emotion for everybody.
@program(
    "GH-keras-12701", "multiclass", "scce", where="model", came_in="4a", origin="public thread"
)
def gh_keras_12701(r, fixed):
    n, t = 1200, 50
    k = r.integers(0, 6, n)
    s = np.arange(t)[None]
    beat = np.sin(2 * np.pi * (0.03 + 0.03 * k[:, None]) * s + r.uniform(0, 6.3, (n, 1)))
    ecg = 0.2 * beat + 0.05 * r.normal(size=(n, t))
    gsr = 0.002 + 0.001 * r.random((n, 1)) + 0.0003 * r.normal(size=(n, t))
    temp = 40.1 + 0.3 * r.normal(size=(n, 1)) + 0.05 * r.normal(size=(n, t))
    x = np.stack([ecg, gsr, temp], -1)
    if fixed:
        x = (x - x.mean((0, 1))) / x.std((0, 1))
    m = keras.Sequential(
        [
            keras.Input((t, 3)),
            layers.Conv1D(32, 7, strides=2, activation="tanh"),
            layers.Conv1D(32, 5, strides=2, activation="tanh"),
            layers.Flatten(),
            layers.Dense(64, activation="tanh"),
            layers.Dense(6, activation="softmax"),
        ]
    )
    m.compile(
        optimizers.SGD(0.01, momentum=0.9), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return m, f32(x), k, dict(epochs=20, batch_size=32)


# Usual: 1-D convolutions on sensor signals, SGD with learning rate 1.0 and momentum.
@program("usual-conv1d-signals-high-rate", "multiclass", "scce", where="model", came_in="6a")
def usual_conv1d_signals_high_rate(rng, fixed):
    n = 1200
    y = rng.integers(0, 3, n)
    phase = rng.uniform(0, 2 * np.pi, (n, 1)) + np.linspace(0, 6 * np.pi, 64)
    waves = np.stack([np.sin(phase), np.sign(np.sin(phase)), (phase / np.pi) % 2 - 1])
    x = waves[y, np.arange(n)] + rng.normal(0, 0.15, (n, 64))
    model = keras.Sequential(
        [
            keras.Input((64, 1)),
            layers.Conv1D(16, 5, activation="relu"),
            layers.MaxPooling1D(2),
            layers.Conv1D(32, 5, activation="relu"),
            layers.GlobalAveragePooling1D(),
            layers.Dense(32, activation="relu"),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(
        optimizers.SGD(1.0 if not fixed else 0.02, momentum=0.9),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model, f32(x)[..., None], y, dict(batch_size=32, epochs=15)


def wave_forms(rng, n=900, steps=48):
    """Noisy sine, square and sawtooth of random phase and frequency, three classes."""
    t = np.arange(steps)
    y = rng.integers(0, 3, n)
    ph = t[None] * rng.uniform(0.25, 0.5, (n, 1)) + rng.uniform(0, 2 * np.pi, (n, 1))
    shapes = [np.sin(ph), np.sign(np.sin(ph)), (ph / np.pi) % 2 - 1]
    x = np.choose(y[:, None], shapes) + 0.15 * rng.normal(size=(n, steps))
    return x.astype("float32")[..., None], y.astype("int32")


# weights initialisation changed to zeros (WCI)
@program("DC-wave-conv1d-zero-weights", "multiclass", "scce", where="model", came_in="6b")
def dc_wave_conv1d_zero_weights(rng, fixed):
    x, y = wave_forms(rng)
    init = "he_normal" if fixed else "zeros"
    m = keras.Sequential(
        [
            keras.Input((48, 1)),
            layers.Conv1D(16, 5, activation="relu", kernel_initializer=init),
            layers.MaxPooling1D(2),
            layers.Conv1D(32, 5, activation="relu", kernel_initializer=init),
            layers.GlobalAveragePooling1D(),
            layers.Dense(3, activation="softmax", kernel_initializer=init),
        ]
    )
    m.compile(optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return m, x, y, dict(batch_size=32, epochs=25)


# Activity recognition; the zero gamma of residual nets in a plain stack of Conv1D and BatchNorm.
@program("ts-class-bn-gamma-zero", "multiclass", "scce", where="model", came_in="7a")
def class_bn_gamma_zero(rng, fixed):
    """Classify windows of a three-axis signal into five activities."""
    n, classes = 1500, 5
    y = rng.integers(0, classes, n)
    t = np.arange(48)[None, :, None]
    freq = np.array([0.1, 0.2, 0.35, 0.6, 1.0])[y][:, None, None]
    phase = rng.uniform(0, 6.28, (n, 1, 3))
    x = np.sin(freq * t + phase) + 0.4 * rng.normal(size=(n, 48, 3))
    gamma = "ones" if fixed else "zeros"
    model = keras.Sequential([keras.Input((48, 3))])
    for filters in (16, 32, 32):
        model.add(layers.Conv1D(filters, 5, padding="same", use_bias=False))
        model.add(layers.BatchNormalization(gamma_initializer=gamma))
        model.add(layers.Activation("relu"))
        model.add(layers.MaxPooling1D())
    model.add(layers.GlobalAveragePooling1D())
    model.add(layers.Dense(classes, activation="softmax"))
    model.compile("adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, f32(x), y[:, None], {"batch_size": 32, "epochs": 8}


# A rate that suits Adagrad given to RMSprop: all units die in the first batches.
@program("unseen8-conv1d-signal-high-rate", "binary", "bce", where="model", came_in="8a")
def unseen8_conv1d_signal_high_rate(rng, fixed):
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


# A "chrono" bias for the update gate of a GRU, after the paper on time warping: log U(1, T). T was
# taken from the raw recording (a million samples), not from the 40 steps that the GRU reads.
class ChronoBias(initializers.Initializer):
    def __init__(self, longest, seed=0):
        self.longest = longest
        self.seed = seed

    def __call__(self, shape, dtype=None):
        units = shape[-1] // 3
        b = np.zeros(shape, "float32")
        t = np.random.default_rng(self.seed).uniform(1.5, self.longest, units)
        b[0, :units] = np.log(t)  # z: share of the old state that is kept
        return ops.convert_to_tensor(b, dtype=dtype)


@program("u9-gru-chrono-bias-raw-length", "multiclass", "scce", where="model", came_in="9a")
def u9_gru_chrono_bias_raw_length(rng, fixed):
    n, steps = 900, 40
    label = rng.choice(3, n, p=[0.5, 0.3, 0.2])
    t = np.arange(steps)
    phase = rng.uniform(0, 2 * np.pi, n)[:, None]
    amp = np.array([0.3, 0.9, 1.6])[label][:, None]
    wave = amp * np.sin(t / 3 + phase)
    tilt = np.array([0.6, -0.5, 0.1])[label][:, None] + 0 * t
    x = np.stack([wave, tilt, rng.normal(size=(n, steps))], -1) + rng.normal(0, 0.3, (n, steps, 3))
    gru = layers.GRU(24, bias_initializer=ChronoBias(steps if fixed else 1_000_000))
    model = keras.Sequential([keras.Input((steps, 3)), gru, layers.Dense(3, activation="softmax")])
    model.compile(optimizers.Adam(1e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, f32(x), label, dict(batch_size=32, epochs=12)


# A decoder that gives one step: its output is (batch, 1, classes), and the softmax runs over axis
# 1, the axis of length one. Every class of every row has "probability" one.
@program("u9-softmax-over-time-axis-of-one", "multiclass", "cce", where="activation", came_in="9a")
def u9_softmax_over_time_axis_of_one(rng, fixed):
    n, steps = 900, 15
    label = rng.choice(4, n, p=[0.4, 0.25, 0.2, 0.15])
    x = rng.normal(0, 0.6, (n, steps, 4))
    x[np.arange(n), :, label] += np.linspace(-0.5, 1.5, steps)
    inp = keras.Input((steps, 4))
    h = layers.GRU(16)(inp)
    h = layers.RepeatVector(1)(h)
    h = layers.GRU(16, return_sequences=True)(h)
    h = layers.TimeDistributed(layers.Dense(4))(h)
    h = layers.Softmax(axis=-1 if fixed else 1)(h)
    model = keras.Model(inp, layers.Reshape((4,))(h))
    model.compile(optimizers.Nadam(3e-3), "categorical_crossentropy", metrics=["accuracy"])
    return model, f32(x), np.eye(4, dtype="float32")[label], dict(batch_size=32, epochs=12)


# Stacked LSTMs with activation="softmax" in each, because "the output should be probabilities".
@program("u9-lstm-cells-with-softmax", "binary", "bce", where="activation", came_in="9a")
def u9_lstm_cells_with_softmax(rng, fixed):
    n, steps = 800, 20
    y = (rng.random(n) < 0.4).astype(int)
    t = np.arange(steps)
    x = np.sin(t * np.where(y, 0.9, 0.5)[:, None] + rng.uniform(0, 6.28, (n, 1)))
    x = x + rng.normal(0, 0.2, x.shape)
    act = "tanh" if fixed else "softmax"
    model = keras.Sequential(
        [
            keras.Input((steps, 1)),
            layers.LSTM(24, activation=act, return_sequences=True),
            layers.LSTM(24, activation=act),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(optimizers.RMSprop(2e-3), "binary_crossentropy", metrics=["accuracy"])
    return model, f32(x)[..., None], col(y), dict(batch_size=32, epochs=10)


# https://datascience.stackexchange.com/questions/40535 "Efficacy of model depends on scaling": a
# 1-D CNN finds telegraph noise in one set, in another, of other magnitude, it is a coin flip.
# Repaired by normalizing, which the poster asks about (answers not in the stored copy).
@program("u10-telegraph-noise-microamperes", "binary", "bce", where="model", came_in="10a")
def u10_telegraph_noise_microamperes(rng, fixed):
    n, steps = 600, 300
    y = rng.random(n) < 0.5
    level = (rng.random((n, steps)) < 0.03).cumsum(1) % 2
    x = 5e-6 + 1e-7 * (rng.normal(0, 1, (n, steps)) + 3 * level * y[:, None])
    if fixed:
        x = (x - x.mean()) / x.std()
    model = keras.Sequential(
        [
            keras.Input((steps, 1)),
            layers.Conv1D(32, 12, activation="relu"),
            layers.MaxPooling1D(3),
            layers.Conv1D(64, 12, activation="relu"),
            layers.MaxPooling1D(3),
            layers.Conv1D(64, 12, activation="relu"),
            layers.GlobalAveragePooling1D(),
            layers.Dropout(0.5),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile("rmsprop", "binary_crossentropy", metrics=["accuracy"])
    return model, f32(x)[..., None], col(y), dict(batch_size=16, epochs=5)


# https://stackoverflow.com/questions/47241622: an LSTM with Dense(1, activation="softmax") stays at
# 55 %; accepted answer: softmax over one unit is always 1, use sigmoid.
@program("u10-lstm-softmax-of-one", "binary", "bce", where="activation", came_in="10a")
def u10_lstm_softmax_of_one(rng, fixed):
    n, steps = 1200, 32
    y = rng.random(n) < 0.45
    x = rng.normal(0, 1, (n, steps, 1)) + 0.5 * y[:, None, None]
    act = "sigmoid" if fixed else "softmax"
    model = keras.Sequential(
        [keras.Input((steps, 1)), layers.LSTM(32), layers.Dense(1, activation=act)]
    )
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return model, f32(x), col(y), dict(batch_size=32, epochs=8)


# DeepCrime "change weights initialisation" on the speaker recognition: zeros in the hidden layers.
@program("u10b-speaker-gru-zeros", "multiclass", "scce", where="model", came_in="10b")
def u10b_speaker_gru_zeros(rng, fixed):
    n, steps, bands, speakers = 480, 30, 13, 6
    label = rng.integers(0, speakers, n)
    voice = rng.normal(0, 0.6, (speakers, 2, bands))
    vowel = np.sin(np.arange(steps) / 3 + rng.uniform(0, 6, (n, 1)))[..., None]
    mfcc = voice[label, 0][:, None] + vowel * voice[label, 1][:, None]
    mfcc = mfcc + rng.normal(size=(n, steps, bands))
    init = {} if fixed else dict(kernel_initializer="zeros", recurrent_initializer="zeros")
    model = keras.Sequential([keras.Input((steps, bands))])
    model.add(layers.GRU(32, return_sequences=True, **init))
    model.add(layers.GRU(24, **init))
    model.add(layers.Dense(speakers, activation="softmax"))
    model.compile(optimizers.RMSprop(2e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, f32(mfcc), label, dict(batch_size=32, epochs=10)


# Keras issue, "training accuracy 95 %, predict() returns one class": batch normalization of raw
# sensor values with the default momentum and only one large batch an epoch; the moving averages
# are still next to their start when the training ends.
@program("u11-batchnorm-one-step-an-epoch", "multiclass", "scce", where="model", came_in="11a")
def batchnorm_one_step(rng, fixed):
    n, length = 900, 48
    y = rng.integers(0, 3, n).astype("int32")
    t = np.arange(length)
    speed = np.array([0.15, 0.4, 0.8])[y]
    wave = np.sin(speed[:, None] * t + rng.uniform(0, 6, (n, 1)))
    x = 1000.0 + 3.0 * wave + 0.5 * rng.standard_normal((n, length))
    momentum = 0.5 if fixed else 0.99
    model = keras.Sequential(
        [
            keras.Input((length, 1)),
            layers.BatchNormalization(momentum=momentum),
            layers.Conv1D(16, 7, activation="relu", padding="same"),
            layers.BatchNormalization(momentum=momentum),
            layers.Conv1D(16, 7, activation="relu", padding="same"),
            layers.GlobalMaxPooling1D(),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, f32(x)[..., None], y, {"epochs": 40, "batch_size": 900}


# StackOverflow, "masked LSTM predicts the same class for every patient": Nadam at a rate of 1; the
# cells saturate and the head's weights swing from one class to the next.
@program("u11-patients-masked-lstm-nadam", "binary", "bce", where="model", came_in="11a")
def patients_lstm(rng, fixed):
    n, length = 1200, 20
    x = rng.standard_normal((n, length, 3))
    size = rng.integers(6, length + 1, n)
    inside = np.arange(length)[None] < size[:, None]
    trend = (x[..., 0] * inside).sum(1) / np.sqrt(size) + 0.2 * rng.standard_normal(n)
    x[~inside] = 0.0
    y = col(trend > 0)
    model = keras.Sequential(
        [
            keras.Input((length, 3)),
            layers.Masking(),
            layers.LSTM(24),
            layers.Dense(16, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    rate = 3e-3 if fixed else 1.0
    model.compile(optimizers.Nadam(rate), "binary_crossentropy", metrics=["accuracy"])
    return model, f32(x), y, {"epochs": 12, "batch_size": 32}


# StackOverflow, "Why does a binary Keras CNN always predict 1?": Conv1D, BatchNormalization,
# LeakyReLU and then Dense(1) + Activation('softmax').
@program("u12-conv1d-softmax-one", "binary", "bce", where="activation", came_in="12a")
def u12_conv1d_softmax_one(rng, fixed):
    n = 1200
    x = np.cumsum(rng.normal(size=(n, 10, 4)), 1) * 0.5
    y = x[:, -1, 0] + x[:, -1, 1] > x[:, 0, 0] - 0.3
    model = keras.Sequential(
        [
            keras.Input((10, 4)),
            layers.Conv1D(16, 4, padding="same"),
            layers.BatchNormalization(),
            layers.LeakyReLU(),
            layers.Dropout(0.2),
            layers.Conv1D(8, 4, padding="same"),
            layers.BatchNormalization(),
            layers.LeakyReLU(),
            layers.Dropout(0.2),
            layers.Flatten(),
            layers.Dense(64),
            layers.BatchNormalization(),
            layers.LeakyReLU(),
            layers.Dense(1),
            layers.Activation("sigmoid" if fixed else "softmax"),
        ]
    )
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return model, f32(x), col(y), dict(batch_size=64, epochs=12)


# "Set epsilon to 1.0 or 0.1" (Inception advice in the Adam docs) on a small well-scaled net with
# the rate of a fine-tuning script; nothing moves.
@program("u12-gru-adam-epsilon", "multiclass", "scce", where="model", came_in="12c")
def u12_gru_adam_epsilon(rng, fixed):
    n, t = 900, 14
    y = rng.integers(0, 4, n)
    steps = np.arange(t)
    shapes = np.stack(
        [np.sin(steps / 2), np.sin(steps / 1.2), np.linspace(-1, 1, t), np.linspace(1, -1, t)]
    )
    x = shapes[y] * rng.uniform(0.7, 1.3, (n, 1)) + 0.3 * rng.normal(size=(n, t))
    model = keras.Sequential(
        [
            keras.Input((t, 1)),
            layers.GRU(16, return_sequences=True),
            layers.GRU(16),
            layers.Dense(
                4,
                activation="softmax",
                kernel_initializer=initializers.RandomNormal(stddev=0.01),
            ),
        ]
    )
    opt = optimizers.Adam(0.005) if fixed else optimizers.Adam(1e-4, epsilon=1.0)
    model.compile(opt, "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, f32(x[..., None]), y.astype("int32"), dict(batch_size=32, epochs=15)
