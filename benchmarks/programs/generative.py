"""Autoencoders, likelihoods and generators; healthy ones as well."""

from typing import Any

import keras
import numpy as np
from keras import callbacks, constraints, initializers, layers, ops, optimizers, regularizers
from sklearn import datasets

from .data import (
    digit_images,
    digits,
    digits_int32,
    first_digits,
    images,
    raw_digit_images_int32,
    raw_digits,
    scattered_digits,
    shuffled_digits,
)
from .registry import program
from .tools import col, f32, mlp, seq, shuffled, std, zscore, zscore_plus_tiny


class Sampling(layers.Layer):
    """Reparametrised normal with a weighted KL penalty to the standard normal."""

    def __init__(self, weight: float) -> None:
        super().__init__()
        self.weight = weight
        self.noise = keras.random.SeedGenerator(7)

    def call(self, mean: Any, log_var: Any) -> Any:
        kl = -0.5 * ops.sum(1 + log_var - ops.square(mean) - ops.exp(log_var), -1)
        self.add_loss(self.weight * ops.mean(kl))
        eps = keras.random.normal(ops.shape(mean), seed=self.noise)
        return mean + ops.exp(0.5 * log_var) * eps


# sim: variational autoencoder whose KL weight is 5 against a mean (not summed) squared error.
@program(
    "sim-vae-kl",
    "regression",
    "mse",
    where="structure",
    came_in="programs",
    # KL weight 5.
    causes=("over_regularization",),
)
def sim_vae_kl(r, fixed):
    z = r.normal(size=(1000, 2))
    x = std(np.tanh(z @ r.normal(size=(2, 16))) + 0.05 * r.normal(size=(1000, 16)))
    inp = keras.Input((16,))
    h = layers.Dense(32, activation="relu")(inp)
    code = Sampling(0.001 if fixed else 5.0)(layers.Dense(2)(h), layers.Dense(2)(h))
    m = keras.Model(inp, layers.Dense(16)(layers.Dense(32, activation="relu")(code)))
    m.compile(optimizers.Adam(0.005), "mse")
    return m, x, x, dict(batch_size=32, epochs=15)


# OK: autoencoder of digits; the mean image is learned first.
@program("OK-autoencoder", "regression", "mse", came_in="programs")
def ok_autoencoder(r, fixed):
    x, _ = digits()
    m = mlp(64, [32, 8, 32], n_out=64, head="sigmoid")
    m.compile(optimizers.Adam(0.003), "mse")
    return m, x, x, dict(batch_size=32, epochs=15)


# Autoencoder of eleven sigmoid layers: every reconstruction is the mean row.
@program(
    "deep-sigmoid-autoencoder",
    "regression",
    "mse",
    where="model",
    came_in="by_cause",
    # Eleven sigmoid layers.
    causes=("vanishing_gradient",),
)
def deep_sigmoid_autoencoder(r, fixed):
    z = r.normal(size=(1000, 3))
    x = std(np.tanh(z @ r.normal(size=(3, 16))) + 0.05 * r.normal(size=(1000, 16)))
    widths = [24, 24, 16, 16, 8, 4, 8, 16, 16, 24, 24]
    m = mlp(16, widths, "elu" if fixed else "sigmoid", 16)
    m.compile(optimizers.Adam(0.003), "mse")
    return m, x, x, dict(batch_size=32, epochs=12)


# Sparse autoencoder with an activity penalty of 1: the code is empty, the output the mean image.
@program(
    "penalty-sparse-code",
    "regression",
    "mse",
    where="model",
    came_in="by_cause",
    # Activity penalty of 1: every unit of the code is off.
    causes=("over_regularization", "dead_relu"),
)
def penalty_sparse_code(r, fixed):
    x, _ = digits()
    code = layers.Dense(
        24, activation="relu", activity_regularizer=regularizers.L1(1e-6 if fixed else 1.0)
    )
    m = seq(
        (64,), layers.Dense(48, activation="relu"), code, layers.Dense(64, activation="sigmoid")
    )
    m.compile(optimizers.Adam(0.003), "mse")
    return m, x, x, dict(batch_size=32, epochs=12)


@program("long-autoencoder-activity-l1", "regression", "mse", where="model", came_in="long_epochs")
def long_autoencoder_activity_l1(rng, fixed):
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


# Convolutional autoencoder with Adagrad at 1e-5: every pixel stays at one half.
@program("conv-autoencoder-adagrad", "regression", "mse", where="model", came_in="1")
def conv_autoencoder_adagrad(r, fixed):
    x, _y = raw_digit_images_int32()
    x = x / 16
    m = seq(
        (8, 8, 1),
        layers.Conv2D(16, 3, padding="same", activation="relu"),
        layers.MaxPooling2D(2, padding="same"),
        layers.Conv2D(8, 3, padding="same", activation="relu"),
        layers.UpSampling2D(2),
        layers.Conv2D(16, 3, padding="same", activation="relu"),
        layers.Conv2D(1, 3, padding="same", activation="sigmoid"),
    )
    m.compile(optimizers.Adagrad(1e-5 if not fixed else 0.1), "binary_crossentropy")
    return m, x, x, dict(batch_size=128, epochs=15)


# Sensor autoencoder on standardised columns around -4 (log scale): the decoder ends in a ReLU.
@program("autoencoder-relu-decoder", "regression", "mse", where="activation", came_in="1")
def autoencoder_relu_decoder(r, fixed):
    z = r.normal(size=(1200, 3))
    x = f32(-4 + 0.6 * z @ r.normal(size=(3, 12)) + 0.05 * r.normal(size=(1200, 12)))
    x = np.minimum(x, -0.1)
    m = seq(
        (12,),
        layers.Dense(32, activation="relu"),
        layers.Dense(3),
        layers.Dense(32, activation="relu"),
        layers.Dense(12, activation="relu" if not fixed else "linear"),
    )
    m.compile(optimizers.Adam(0.005), "mae")
    return m, x, x, dict(batch_size=32, epochs=20)


# ECG denoising with Conv1DTranspose; recordings in volts (0.0005), so the squared error is 1e-7.
@program("ecg-denoise-volts", "regression", "mse", where="model", came_in="2")
def ecg_denoise_volts(r, fixed):
    t = np.arange(64)
    ph, w = r.uniform(0, 25, (500, 1)), r.uniform(18, 25, (500, 1))
    d = (t + ph) % w
    s = np.exp(-((d - 8) ** 2) / 2) - 0.3 * np.exp(-((d - 12) ** 2) / 8)
    k = 1.0 if fixed else 1e-4
    y = f32(s[..., None] * k)
    x = f32((s + r.normal(0, 0.3, s.shape))[..., None] * k)
    m = seq(
        (64, 1),
        layers.Conv1D(16, 7, strides=2, padding="same", activation="relu"),
        layers.Conv1D(16, 5, strides=2, padding="same", activation="relu"),
        layers.Conv1DTranspose(16, 5, strides=2, padding="same", activation="relu"),
        layers.Conv1DTranspose(8, 5, strides=2, padding="same", activation="relu"),
        layers.Conv1D(1, 3, padding="same"),
    )
    m.compile("adam", "mse")
    return m, x, y, dict(batch_size=16, epochs=20, shuffle=True)


# From memory: an autoencoder for machine monitoring fed with 12-bit converter counts; the sigmoid
# code saturates and every cycle is rebuilt as the same average cycle.
@program("vibration-autoencoder-counts", "regression", "mse", where="model", came_in="3a")
def vibration_autoencoder_counts(r, fixed):
    n = 1000
    z = r.normal(size=(n, 3))
    x = np.clip(2048 + 350 * z @ r.normal(size=(3, 16)) + 20 * r.normal(size=(n, 16)), 0, 4095)
    x = zscore_plus_tiny(x) if fixed else f32(x)
    model = keras.Sequential(
        [
            keras.Input((16,)),
            layers.Dense(24, activation="sigmoid"),
            layers.Dense(6, activation="sigmoid", name="code"),
            layers.Dense(24, activation="sigmoid"),
            layers.Dense(16),
        ]
    )
    model.compile(optimizers.Adam(0.01), "mse")
    return model, x, x.copy(), dict(batch_size=32, epochs=25)


# keras-team/keras#3642: the first autoencoder of the Keras blog, run on pixels of 0..255 as loaded.
@program(
    "GH-keras-3642",
    "regression",
    "bce",
    # its author says "model"; the targets are no probabilities
    where="data",
    came_in="3b",
    origin="public thread",
)
def gh_keras_3642(r, fixed):
    x, _y = first_digits(1200, image=False)
    if not fixed:
        x = np.round(x * 255)
    model = keras.Sequential(
        [
            keras.Input((64,)),
            layers.Dense(24, activation="relu"),
            layers.Dense(64, activation="sigmoid"),
        ]
    )
    model.compile(optimizers.Adam(0.005), "binary_crossentropy")
    return model, x, x, dict(epochs=15, batch_size=64)


# The LSTM autoencoder of the blogs (LSTM, RepeatVector, LSTM, TimeDistributed) on sensor readings
# around 500: the reconstruction is a flat line far below the data.
@program("lstm-autoencoder-sensor-units", "regression", "mse", where="model", came_in="4a")
def lstm_autoencoder_sensor_units(r, fixed):
    n, t = 800, 12
    s = np.arange(t)[None]
    x = 500 + r.normal(0, 60, (n, 1)) + r.normal(0, 8, (n, 1)) * (s - 5.5)
    x = (x + 3 * r.normal(size=(n, t)))[..., None]
    if fixed:
        x = (x - x.mean()) / x.std()
    m = keras.Sequential(
        [
            keras.Input((t, 1)),
            layers.LSTM(32),
            layers.RepeatVector(t),
            layers.LSTM(32, return_sequences=True),
            layers.TimeDistributed(layers.Dense(1)),
        ]
    )
    m.compile(optimizers.Adam(0.003), "mse")
    cb = [callbacks.EarlyStopping(monitor="loss", patience=5)]
    return m, f32(x), f32(x), dict(epochs=15, batch_size=32, callbacks=cb)


# The anomaly-detection tutorial's convolutional autoencoder on a daily curve, with the rate
# raised to 0.1 because the first epochs looked slow.
@program("anomaly-conv1d-autoencoder-rate", "regression", "mse", where="model", came_in="4b")
def anomaly_conv1d_autoencoder_rate(r, fixed):
    n, length = 1200, 32
    t = np.arange(length)
    phase = r.uniform(0, 2 * np.pi, (n, 1))
    x = np.sin(2 * np.pi * t / 16 + phase) * r.uniform(0.5, 1.5, (n, 1))
    x = f32(x + 0.1 * r.normal(size=x.shape))[..., None]
    model = seq(
        (length, 1),
        layers.Conv1D(32, 7, strides=2, padding="same", activation="relu"),
        layers.Dropout(0.2),
        layers.Conv1D(16, 7, strides=2, padding="same", activation="relu"),
        layers.Conv1DTranspose(16, 7, strides=2, padding="same", activation="relu"),
        layers.Dropout(0.2),
        layers.Conv1DTranspose(32, 7, strides=2, padding="same", activation="relu"),
        layers.Conv1DTranspose(1, 7, padding="same"),
    )
    model.compile(optimizer=optimizers.Adam(0.001 if fixed else 0.1), loss="mse")
    return model, x, x, dict(epochs=12, batch_size=32)


@program("sparse-autoencoder-l1", "regression", "mse", where="model", came_in="5a")
def sparse_autoencoder_l1(r, fixed):
    """Keras-blog sparse autoencoder, activity_regularizer=L1(1e-1) typed for 10e-5: the code is
    driven to zero."""
    X = digit_images()[0].reshape(-1, 64)
    m = seq(
        (64,),
        layers.Dense(
            32, activation="relu", activity_regularizer=regularizers.L1(1e-5 if fixed else 1e-1)
        ),
        layers.Dense(64, activation="sigmoid"),
    )
    m.compile(optimizers.Adam(2e-3), "mse")
    return m, X, X, dict(epochs=25, batch_size=64)


@program("autoencoder-adadelta-default", "regression", "mse", where="model", came_in="5b")
def autoencoder_adadelta_default(r, fixed):
    """Keras blog autoencoder, optimizer='adadelta': default rate went from 1.0 to 0.001,
    reconstructions are all grey."""
    X = raw_digits()[0] / 16
    m = seq(
        (64,),
        layers.Dense(32, activation="relu"),
        layers.Dense(16, activation="relu"),
        layers.Dense(32, activation="relu"),
        layers.Dense(
            64, activation="sigmoid", kernel_initializer=initializers.RandomNormal(stddev=0.05)
        ),
    )
    m.compile("adadelta" if not fixed else optimizers.Adam(0.003), "mse")
    return m, X, X, dict(epochs=30, batch_size=64)


# Usual: the blog's simple autoencoder run with today's 'adadelta' (learning rate 0.001, not 1.0):
# every reconstruction looks the same. Pixels binarised.
@program("usual-autoencoder-adadelta", "multilabel", "bce", where="model", came_in="6a")
def usual_autoencoder_adadelta(rng, fixed):
    x, _y = raw_digits()
    x = f32(x > 7)
    inp = keras.Input((64,))
    code = layers.Dense(32, activation="relu")(inp)
    out = layers.Dense(64, activation="sigmoid")(code)
    model = keras.Model(inp, out)
    model.compile("adadelta" if not fixed else optimizers.Adadelta(1.0), "binary_crossentropy")
    return model, x, x, dict(batch_size=128, epochs=60)


# Usual: sparse autoencoder with the activity penalty far above the blog's 1e-5.
@program("usual-sparse-autoencoder-l1", "regression", "mse", where="model", came_in="6a")
def usual_sparse_autoencoder_l1(rng, fixed):
    x, _y = raw_digits()
    x = x / 16
    inp = keras.Input((64,))
    h = layers.Dense(48, activation="relu")(inp)
    code = layers.Dense(
        24, activation="relu", activity_regularizer=regularizers.L1(0.1 if not fixed else 1e-5)
    )(h)
    h = layers.Dense(48, activation="relu")(code)
    model = keras.Model(inp, layers.Dense(64)(h))
    model.compile("adam", "mse")
    return model, x, x, dict(batch_size=64, epochs=40)


# Usual: deep autoencoder with sigmoid everywhere, each output is the mean picture.
@program("usual-autoencoder-sigmoid-stack", "regression", "mse", where="activation", came_in="6a")
def usual_autoencoder_sigmoid_stack(rng, fixed):
    x, _y = raw_digits()
    x = x / 16
    act = "sigmoid" if not fixed else "relu"
    model = keras.Sequential([keras.Input((64,))])
    for width in (56, 40, 24, 16, 24, 40, 56):
        model.add(layers.Dense(width, activation=act))
    model.add(layers.Dense(64, activation="sigmoid"))
    model.compile("adam", "mse")
    return model, x, x, dict(batch_size=64, epochs=30)


# SO-44601367 "Keras autoencoder simple example has a strange output": sigmoid output for data > 1.
@program(
    "SO-44601367-autoencoder-range",
    "regression",
    "mse",
    where="activation",
    came_in="6a",
    origin="public thread",
)
def so_44601367_autoencoder_range(rng, fixed):
    z = rng.normal(size=(1200, 2))
    x = np.array([12, 20, 31, 8, 16]) + z @ rng.normal(0, 2, (2, 5)) + rng.normal(0, 0.1, (1200, 5))
    model = keras.Sequential(
        [
            keras.Input((5,)),
            layers.Dense(8, activation="leaky_relu"),
            layers.Dense(5, activation="sigmoid" if not fixed else None),
        ]
    )
    model.compile(optimizers.Adam(0.01), "mse")
    return model, f32(x), f32(x), dict(batch_size=32, epochs=40)


# sparse autoencoder whose activity penalty is orders of magnitude too strong
@program("DC-digits-autoencoder-activity-l1", "regression", "mse", where="model", came_in="6b")
def dc_digits_autoencoder_activity_l1(rng, fixed):
    x, _ = digits_int32()
    m = keras.Sequential(
        [
            keras.Input((64,)),
            layers.Dense(48, activation="relu"),
            layers.Dense(
                24, activation="relu", activity_regularizer=regularizers.L1(1e-6 if fixed else 0.1)
            ),
            layers.Dense(48, activation="relu"),
            layers.Dense(64, activation="sigmoid"),
        ]
    )
    m.compile(optimizers.Adam(2e-3), "mse")
    return m, x, x, dict(batch_size=64, epochs=40)


# Autoencoder on spectra that vary by about two percent around a common shape.
@program("OK-autoencoder-weak-variation", "regression", "mse", came_in="7c")
def ok_autoencoder_weak_variation(rng, fixed):
    n, d = 1500, 40
    grid = np.linspace(0, 1, d)
    base = 0.5 + 0.25 * np.sin(3 * np.pi * grid)
    modes = np.stack([np.sin((k + 1) * np.pi * grid) for k in range(3)])
    x = f32(base + 0.02 * rng.normal(size=(n, 3)) @ modes + 0.003 * rng.normal(size=(n, d)))
    m = keras.Sequential(
        [
            keras.Input((d,)),
            layers.Dense(24, activation="relu"),
            layers.Dense(6),
            layers.Dense(24, activation="relu"),
            layers.Dense(d, activation="sigmoid"),
        ]
    )
    m.compile(optimizers.Adam(0.002), "mse")
    return m, x, x, dict(batch_size=32, epochs=50)


# A denoising autoencoder with noise on its code, whose weights begin at nearly nothing.
@program("unseen8-noisy-autoencoder-tiny-std", "regression", "mse", where="model", came_in="8a")
def unseen8_noisy_autoencoder_tiny_std(rng, fixed):
    clean = np.tanh(rng.normal(size=(32_000, 6)) @ rng.normal(size=(6, 96)) / 2)
    x = clean + 0.1 * rng.normal(size=clean.shape)
    init = "he_normal" if fixed else keras.initializers.RandomNormal(stddev=1e-5)
    model = keras.Sequential([keras.Input((96,))])
    for units in (128, 64):
        model.add(layers.Dense(units, activation="elu", kernel_initializer=init))
    model.add(layers.Dense(8, kernel_initializer=init))
    model.add(layers.GaussianNoise(0.1))
    for units in (64, 128):
        model.add(layers.Dense(units, activation="elu", kernel_initializer=init))
    model.add(layers.Dense(96, kernel_initializer=init))
    model.compile(keras.optimizers.SGD(0.05, momentum=0.5), "mse")
    return model, f32(x), f32(clean), {"batch_size": 32, "epochs": 6}


# "My VAE reconstructs the same blurry picture for every input": the reconstruction term is Keras's
# mean over the pixels, the KL term a sum over the latent units, so the prior wins (posterior
# collapse). Repaired, the KL is divided by the number of pixels too.
class GaussianCode(layers.Layer):
    def __init__(self, dim, kl_weight, **kw):
        super().__init__(**kw)
        self.mean = layers.Dense(dim, name="z_mean")
        self.log_var = layers.Dense(dim, name="z_log_var")
        self.kl_weight = kl_weight
        self.seeds = keras.random.SeedGenerator(7)

    def build(self, shape):
        self.mean.build(shape)
        self.log_var.build(shape)

    def call(self, h, training=False):
        m, lv = self.mean(h), self.log_var(h)
        kl = -0.5 * ops.sum(1 + lv - ops.square(m) - ops.exp(lv), axis=-1)
        self.add_loss(self.kl_weight * ops.mean(kl))
        if training:
            m = m + ops.exp(0.5 * lv) * keras.random.normal(ops.shape(m), seed=self.seeds)
        return m


@program("u9-vae-kl-sum-against-pixel-mean", "regression", "bce", where="model", came_in="9a")
def u9_vae_kl_sum_against_pixel_mean(rng, fixed):
    x = f32(datasets.load_digits().data / 16)
    n_pixels = x.shape[1]
    inp = keras.Input((n_pixels,))
    h = layers.Dense(96, activation="relu")(inp)
    z = GaussianCode(12, kl_weight=1.0 / n_pixels if fixed else 1.0)(h)
    h = layers.Dense(96, activation="relu")(z)
    vae = keras.Model(inp, layers.Dense(n_pixels, activation="sigmoid")(h))
    vae.compile(optimizers.Adam(2e-3), "binary_crossentropy")
    return vae, x, x, dict(epochs=40, batch_size=32)


# SRCNN for sharpening pictures, everything as in the paper: N(0, 0.001) weights and SGD at 1e-4.
# There the loss is a sum over the pixels, in Keras a mean; every picture comes out black.
@program("u9-srcnn-paper-sgd", "regression", "mse", where="model", came_in="9a")
def u9_srcnn_paper_sgd(rng, fixed):
    n, s = 300, 16
    g = np.arange(s)
    sharp = np.zeros((n, s, s))
    for i in range(n):
        for _ in range(3):
            r, c = rng.integers(0, s - 5, 2)
            sharp[i, r : r + rng.integers(3, 7), c : c + rng.integers(3, 7)] = rng.uniform(0.3, 1)
    k = np.exp(-((g[:, None] - g) ** 2) / 3.0)
    k = k / k.sum(1, keepdims=True)
    blurred = np.einsum("ij,njk,lk->nil", k, sharp, k)
    init = initializers.RandomNormal(stddev=0.001)
    conv = dict(padding="same", kernel_initializer=init)
    model = keras.Sequential(name="srcnn")
    model.add(keras.Input((s, s, 1)))
    model.add(layers.Conv2D(32, 9, activation="relu", **conv))
    model.add(layers.Conv2D(16, 1, activation="relu", **conv))
    model.add(layers.Conv2D(1, 5, **conv))
    model.compile(optimizers.Adam(1e-3) if fixed else optimizers.SGD(1e-4, momentum=0.9), "mse")
    return model, f32(blurred)[..., None], f32(sharp)[..., None], dict(batch_size=16, epochs=15)


# https://github.com/tensorflow/tensorflow/issues/39432 "tf.keras behaves wrongly in autoencoder
# setup": the blog's optimizer="adadelta" now means a rate of 0.001 where it once meant 1.0.
@program("u10-blog-autoencoder-adadelta", "regression", "bce", where="model", came_in="10a")
def u10_blog_autoencoder_adadelta(rng, fixed):
    x = f32(scattered_digits(rng, 4000, 10, 2)[0]).reshape(4000, -1)
    inp = keras.Input((x.shape[1],))
    code = layers.Dense(32, activation="relu")(inp)
    model = keras.Model(inp, layers.Dense(x.shape[1], activation="sigmoid")(code))
    model.compile(optimizers.Adadelta(1.0 if fixed else 0.001), "binary_crossentropy")
    return model, x, x, dict(batch_size=32, epochs=20)


# The critic of a Wasserstein GAN: weights clipped to +-0.01, so the outputs differ by thousandths.
def wasserstein(y, f):
    return -ops.mean((2 * y - 1) * f, axis=-1)


class Clip(constraints.Constraint):
    def __call__(self, w):
        return ops.clip(w, -0.01, 0.01)


@program("OK-b10-clipped-critic", "binary", "wasserstein", came_in="10b", origin="written blind")
def ok_b10_clipped_critic(rng, fixed):
    d = datasets.load_digits()
    real = d.data[:800] / 16
    fake = 0.7 * rng.permuted(real, axis=0) + rng.uniform(0, 0.15, real.shape)  # pale, no figure
    x = np.concatenate([real, fake])
    y = np.repeat([1, 0], 800)
    order = rng.permutation(1600)
    model = keras.Sequential([keras.Input((64,))])
    for units in (64, 32):
        model.add(layers.Dense(units, kernel_constraint=Clip(), bias_constraint=Clip()))
        model.add(layers.LeakyReLU(0.2))
    model.add(layers.Dense(1, kernel_constraint=Clip(), bias_constraint=Clip()))
    model.compile(optimizers.RMSprop(5e-5), wasserstein)
    return model, f32(x[order]), col(y[order]), dict(batch_size=64, epochs=40)


# Kaggle notebook comments, "autoencoder returns the average document": an L1 of 0.05 on the
# kernels of both sides, far larger than what the reconstruction can gain.
@program("u11-topic-autoencoder-kernel-l1", "regression", "mse", where="model", came_in="11a")
def topic_autoencoder(rng, fixed):
    code = rng.dirichlet([0.3] * 4, 1500)
    topics = rng.gamma(0.5, 1.0, (4, 40))
    x = np.log1p(rng.poisson(code @ topics * 6))
    x = f32(zscore(x))
    reg = regularizers.L1(1e-6 if fixed else 0.05)
    model = keras.Sequential(
        [
            keras.Input((40,)),
            layers.Dense(24, activation="relu", kernel_regularizer=reg),
            layers.Dense(6, kernel_regularizer=reg),
            layers.Dense(24, activation="relu", kernel_regularizer=reg),
            layers.Dense(40, kernel_regularizer=reg),
        ]
    )
    model.compile(optimizers.RMSprop(2e-3), "mse")
    return model, x, x, {"epochs": 40, "batch_size": 32}


# Keras blog, "Building autoencoders": 'adadelta' as in the post, whose default rate used to be 1.0
# and is 0.001 today; every digit is decoded to the same grey square.
@program("u12-autoencoder-adadelta", "regression", "mse", where="model", came_in="12a")
def u12_autoencoder_adadelta(rng, fixed):
    x = datasets.load_digits().data / 16.0
    (x,) = shuffled(rng, x)
    inp = keras.Input((64,))
    h = layers.Dense(64, activation="relu")(inp)
    code = layers.Dense(24, activation="relu")(h)
    h = layers.Dense(64, activation="relu")(code)
    model = keras.Model(inp, layers.Dense(64, activation="sigmoid")(h))
    model.compile("adam" if fixed else "adadelta", "mse")
    return model, f32(x), f32(x), dict(batch_size=32, epochs=30)


class Latent(layers.Layer):
    """Draws from the posterior; adds the distance to the prior with a weight that warms up."""

    def __init__(self, weight, warm):
        super().__init__()
        self.weight, self.warm = weight, warm
        self.random = keras.random.SeedGenerator(7)

    def build(self, shape):
        self.steps = self.add_weight(shape=(), initializer="zeros", trainable=False, name="steps")

    def call(self, inputs, training=False):
        mean, logvar = inputs
        if not training:
            return mean
        self.steps.assign(self.steps + 1.0)
        part = self.weight * ops.minimum(self.steps / self.warm, 1.0)
        kl = -0.5 * ops.sum(1 + logvar - ops.square(mean) - ops.exp(logvar), axis=-1)
        self.add_loss(part * ops.mean(kl))
        return mean + ops.exp(0.5 * logvar) * keras.random.normal(ops.shape(mean), seed=self.random)

    def compute_output_shape(self, shape):
        return shape[0]


# A variational autoencoder of digits with four latents and a KL term (add_loss) that warms up.
@program("OK-u12-vae-four-latents", "regression", "mse", came_in="12b")
def vae(rng, fixed):
    x, _ = shuffled_digits(rng)
    x = x[:, x.std(0) > 0.1]
    inp = keras.Input((x.shape[1],))
    h = layers.Dense(96, activation="relu")(inp)
    z = Latent(0.004, 300.0)([layers.Dense(4)(h), layers.Dense(4)(h)])
    h = layers.Dense(96, activation="relu")(z)
    model = keras.Model(inp, layers.Dense(x.shape[1], activation="sigmoid")(h))
    model.compile(optimizers.Adam(1e-3), "mse")
    return model, x, x, {"epochs": 30, "batch_size": 32}


class Generator(keras.Model):
    """Noise to points; the loss is the energy distance between its batch and the batch of y."""

    def __init__(self):
        super().__init__()
        small = initializers.RandomNormal(stddev=0.1)
        self.body = [layers.Dense(48, activation="relu") for _ in range(2)]
        self.head = layers.Dense(2, kernel_initializer=small)

    def call(self, x):
        for layer in self.body:
            x = layer(x)
        return self.head(x)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        def gap(a, b):
            d = ops.expand_dims(a, 1) - ops.expand_dims(b, 0)
            return ops.mean(ops.sqrt(ops.sum(ops.square(d), axis=-1) + 1e-8))

        return 2.0 * gap(y_pred, y) - gap(y_pred, y_pred) - gap(y, y)


# A generator: outputs start at one point and spread over a ring; y is no row's own target, so
# R2 row by row is below nought when it is right.
@program("OK-u12-ring-generator", "regression", "custom", came_in="12b")
def ring(rng, fixed):
    t = rng.uniform(0, 2 * np.pi, 3000)
    r = 1.0 + 0.1 * rng.standard_normal(3000)
    y = np.stack([r * np.cos(t), r * np.sin(t)], 1)
    model = Generator()
    model.compile(optimizers.Adam(5e-4))
    return model, f32(rng.standard_normal((3000, 3))), f32(y), {"epochs": 20, "batch_size": 60}
