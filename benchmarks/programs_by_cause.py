"""More collapsing Keras programs, at least two per cause id: a second validation set.

Same format as ``programs.py``: ``P`` maps an id to ``(task, loss, builder)``, and
``builder(rng, fixed)`` returns ``(model, x, y, fit_kwargs[, labels])``. ``fixed=True`` is the
smallest repair that trains well; where the rows or the targets are at fault it supplies the right
ones. ``labels`` are what the output should be compared with where ``y`` itself is not.

Every program is constructed by us, but its fault is one that users really report: a loss fed with
``(N,)``, labels lost in parsing, an optimizer whose default rate is too small, a gate that never
opens. None was chosen or tuned by looking at the rules that name causes. The section headings say
what went wrong; ``expected_causes.py`` says which cause ids a fair judge accepts for each.
Runs on every Keras backend. Check with ``verify_programs.py``, its ``P`` replaced by this one.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

import keras
import numpy as np
from keras import initializers, layers, ops, regularizers
from keras import optimizers as opt
from programs import (
    Builder,
    Dense,
    Dropout,
    Rng,
    col,
    diabetes,
    digits,
    f32,
    friedman,
    mlp,
    onehot,
    seq,
    std,
    tokens,
    waves,
)
from sklearn import datasets

P: dict[str, tuple[str, str, Builder]] = {}


def prog(name: str, task: str, loss: str) -> Callable[[Builder], Builder]:
    """Register a program under ``name``."""

    def register(build: Builder) -> Builder:
        assert name not in P, name
        P[name] = (task, loss, build)
        return build

    return register


def moons(r: Rng, n: int = 1000) -> tuple[np.ndarray, np.ndarray]:
    """Two interleaved half circles, standardised, and their label as a column."""
    x, y = datasets.make_moons(n, noise=0.15, random_state=int(r.integers(1 << 30)))
    return std(x), col(y)


def cancer() -> tuple[np.ndarray, np.ndarray]:
    """Raw columns up to 4,000 and the label as a column."""
    x, y = datasets.load_breast_cancer(return_X_y=True)
    return f32(x), col(y)


def small_cnn(n_out: int, head: str | None, act: str = "relu", **kw: Any) -> keras.Sequential:
    """One convolution and one dense layer for 8 by 8 images."""
    return seq(
        (8, 8, 1),
        layers.Conv2D(12, 3, activation=act, **kw),
        layers.Flatten(),
        Dense(32, activation=act, **kw),
        Dense(n_out, activation=head),
    )


# --- ReLU units dead -----------------------------------------------------------------------------


# Biases set to -20 in every layer, meant for the head only (rare-class prior). CNN.
@prog("relu-negative-biases", "multiclass", "scce")
def relu_negative_biases(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = digits(image=True)
    bias = initializers.Constant(0.0 if fixed else -20.0)
    m = small_cnn(10, "softmax", bias_initializer=bias)
    m.compile(opt.Adam(0.003), "sparse_categorical_crossentropy")
    return m, x, y, dict(batch_size=64, epochs=10)


# Spectra scaled to -1..0 (decibels) into a ReLU layer with a non-negativity constraint.
@prog("relu-nonneg-decibels", "regression", "mse")
def relu_nonneg_decibels(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x = r.uniform(-1, 0, (1000, 16))
    y = std(col(x[:, :4].sum(1) - x[:, 4:8].sum(1)))
    keep = None if fixed else keras.constraints.NonNeg()
    first = Dense(
        32,
        activation="relu",
        kernel_initializer="he_normal" if fixed else initializers.RandomUniform(0.0, 0.3),
        kernel_constraint=keep,
    )
    m = seq((16,), first, Dense(16, activation="relu"), Dense(1))
    m.compile(opt.Adam(0.01), "mse")
    return m, f32(x), y, dict(batch_size=32, epochs=15)


# ReLU(threshold=3) taken for ReLU(max_value=...): nothing ever passes. Text model.
@prog("relu-threshold-3", "binary", "bce")
def relu_threshold_3(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = tokens(r, 1200, 20, 200)
    gate = layers.ReLU(max_value=6.0) if fixed else layers.ReLU(threshold=3.0)
    m = seq(
        (20,),
        layers.Embedding(200, 16),
        layers.GlobalAveragePooling1D(),
        Dense(16),
        gate,
        Dense(1, activation="sigmoid"),
    )
    m.compile(opt.Adam(0.01), "binary_crossentropy")
    return m, x, y, dict(batch_size=32, epochs=12)


# --- activations in their flat ends --------------------------------------------------------------


# All weights drawn from 0..1: with pixels in 0..1 the second layer's sigmoids are exactly 1.
@prog("sigmoid-positive-weights", "multiclass", "scce")
def sigmoid_positive_weights(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = digits()
    init = "glorot_uniform" if fixed else initializers.RandomUniform(0.0, 1.0)
    m = mlp(64, [64, 64], "sigmoid", 10, "softmax", kernel_initializer=init)
    m.compile(opt.Adam(0.01), "sparse_categorical_crossentropy")
    return m, x, y, dict(batch_size=64, epochs=15)


class Gated(layers.Layer):
    """A gated linear unit whose gate starts at ``bias``."""

    def __init__(self, units: int, bias: float) -> None:
        super().__init__()
        self.value = Dense(units)
        self.gate = Dense(units, activation="sigmoid", bias_initializer=initializers.Constant(bias))

    def call(self, x: Any) -> Any:
        return self.value(x) * self.gate(x)


# Gates of a custom layer start at sigmoid(-40): nothing passes, nothing comes back.
@prog("sigmoid-closed-gates", "regression", "mse")
def sigmoid_closed_gates(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = friedman(r, 1000)
    bias = 0.0 if fixed else -40.0
    m = seq((10,), Gated(32, bias), Gated(32, bias), Dense(1))
    m.compile(opt.Adam(0.005), "mse")
    return m, x, std(y), dict(batch_size=32, epochs=15)


# The head's bias was set to the number of positives instead of their log odds; squared error.
@prog("sigmoid-bias-of-counts", "binary", "mse")
def sigmoid_bias_of_counts(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = cancer()
    p = float(y.mean())
    bias = np.log(p / (1 - p)) if fixed else float(y.sum())
    head = Dense(1, activation="sigmoid", bias_initializer=initializers.Constant(bias))
    m = seq((30,), Dense(16, activation="relu"), head)
    m.compile(opt.Adam(0.01), "mse")
    return m, std(x), y, dict(batch_size=32, epochs=12)


# --- signal and gradient fade with depth ---------------------------------------------------------


# Eight tanh layers from weights of 0.02: the activations shrink by a factor of ten a layer.
@prog("deep-tanh-small-weights", "regression", "mse")
def deep_tanh_small_weights(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = friedman(r, 1000)
    init = "glorot_uniform" if fixed else initializers.RandomNormal(stddev=0.02)
    m = mlp(10, [24] * 8, "tanh", kernel_initializer=init)
    m.compile(opt.SGD(0.05), "mse")
    return m, x, std(y), dict(batch_size=32, epochs=15)


# Autoencoder of eleven sigmoid layers: every reconstruction is the mean row.
@prog("deep-sigmoid-autoencoder", "regression", "mse")
def deep_sigmoid_autoencoder(r: Rng, fixed: bool) -> tuple[Any, ...]:
    z = r.normal(size=(1000, 3))
    x = std(np.tanh(z @ r.normal(size=(3, 16))) + 0.05 * r.normal(size=(1000, 16)))
    widths = [24, 24, 16, 16, 8, 4, 8, 16, 16, 24, 24]
    m = mlp(16, widths, "elu" if fixed else "sigmoid", 16)
    m.compile(opt.Adam(0.003), "mse")
    return m, x, x, dict(batch_size=32, epochs=12)


class ScaledBlock(layers.Layer):
    """A dense block with a small learned scale, with or without its skip connection."""

    def __init__(self, units: int, skip: bool) -> None:
        super().__init__()
        self.dense = Dense(units, activation="gelu")
        self.skip = skip

    def build(self, shape: Any) -> None:
        self.gamma = self.add_weight(
            shape=(shape[-1],), initializer=initializers.Constant(1e-3), name="gamma"
        )

    def call(self, x: Any) -> Any:
        h = self.gamma * self.dense(x)
        return x + h if self.skip else h


# Layer scale of 0.001 in six blocks whose skip connections were forgotten.
@prog("deep-no-skips", "multiclass", "scce")
def deep_no_skips(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = digits()
    blocks = [ScaledBlock(32, fixed) for _ in range(6)]
    m = seq((64,), Dense(32), *blocks, Dense(10, activation="softmax"))
    m.compile(opt.Adam(0.003), "sparse_categorical_crossentropy")
    return m, x, y, dict(batch_size=64, epochs=12)


# --- gradients or weights blow up ----------------------------------------------------------------


# Seven ReLU layers from standard normal weights: NaN under SGD, however small the rate.
@prog("explode-normal-weights", "regression", "mse")
def explode_normal_weights(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = friedman(r, 1000)
    init = "he_normal" if fixed else initializers.RandomNormal(stddev=1.0)
    m = mlp(10, [32] * 6, kernel_initializer=init)
    m.compile(opt.SGD(0.01), "mse")
    return m, x, std(y), dict(batch_size=32, epochs=15)


# Two ReLU layers from weights of 1.5: the first steps throw every unit below zero.
@prog("explode-two-layers", "regression", "mse")
def explode_two_layers(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = diabetes()
    init = "he_normal" if fixed else initializers.RandomNormal(stddev=1.5)
    m = mlp(10, [64, 4], kernel_initializer=init)
    m.compile(opt.SGD(0.01), "mse")
    return m, x, std(y), dict(batch_size=32, epochs=15)


# A SimpleRNN with ReLU and recurrent weights of 1.6 on the diagonal over 40 steps.
@prog("explode-relu-rnn", "regression", "mse")
def explode_relu_rnn(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = waves(r, 800, 40)
    cell = layers.SimpleRNN(
        16,
        activation="relu",
        recurrent_initializer=initializers.Identity(0.9 if fixed else 1.6),
    )
    m = seq((40, 1), cell, Dense(1))
    m.compile(opt.SGD(0.01, clipnorm=1.0 if fixed else None), "mse")
    return m, x, y, dict(batch_size=32, epochs=12)


# The loss was multiplied by 10,000 because it "looked too small"; SGD.
@prog("explode-loss-weight", "regression", "mse")
def explode_loss_weight(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = diabetes()
    m = mlp(10, [32, 32])
    m.compile(opt.SGD(0.01), "mse", loss_weights=1.0 if fixed else 1e4)
    return m, x, std(y), dict(batch_size=32, epochs=20)


# --- learning rate too high ----------------------------------------------------------------------


# Text model with Adam at 1.
@prog("rate-1-text", "binary", "bce")
def rate_1_text(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = tokens(r, 1200, 20, 200)
    m = seq(
        (20,),
        layers.Embedding(200, 16),
        layers.GlobalAveragePooling1D(),
        Dense(32, activation="relu"),
        Dense(16, activation="relu"),
        Dense(1, activation="sigmoid"),
    )
    m.compile(opt.Adam(0.005 if fixed else 1.0), "binary_crossentropy")
    return m, x, y, dict(batch_size=32, epochs=10)


# LSTM under two ReLU layers with Adam at 3.
@prog("rate-3-lstm", "regression", "mse")
def rate_3_lstm(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = waves(r, 800, 16)
    m = seq((16, 1), layers.LSTM(16), Dense(24, "relu"), Dense(24, "relu"), Dense(1))
    m.compile(opt.Adam(0.005 if fixed else 3.0), "mse")
    return m, x, y, dict(batch_size=32, epochs=10)


# A decay rate of 20 instead of 0.20: the learning rate grows. Two inputs.
@prog("rate-grows-two-inputs", "regression", "mse")
def rate_grows_two_inputs(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = friedman(r, 1000)
    a, b = keras.Input((5,), name="a"), keras.Input((5,), name="b")
    ha, hb = Dense(24, activation="relu")(a), Dense(24, activation="relu")(b)
    h = Dense(24, activation="relu")(layers.Concatenate()([ha, hb]))
    m = keras.Model({"a": a, "b": b}, Dense(1)(h))
    rate = opt.schedules.ExponentialDecay(0.01, 150, 0.2 if fixed else 20.0)
    m.compile(opt.Adam(rate), "mse")
    return m, {"a": x[:, :5], "b": x[:, 5:]}, std(y), dict(batch_size=32, epochs=15)


# --- learning rate too low -----------------------------------------------------------------------


# Adadelta at its default rate of 0.001, where old tutorials assume 1.
@prog("rate-adadelta-default", "regression", "mse")
def rate_adadelta_default(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = friedman(r, 1000)
    init = initializers.RandomNormal(stddev=0.05)
    m = mlp(10, [32, 32], kernel_initializer=init)
    m.layers[-1].kernel.assign(0.2 * m.layers[-1].kernel)
    m.compile(opt.Adadelta(1.0) if fixed else "adadelta", "mse")
    return m, x, std(y), dict(batch_size=32, epochs=15)


# A transformer trained from scratch at a fine-tuning rate.
@prog("rate-1e-7-transformer", "regression", "mse")
def rate_1e_7_transformer(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x = r.integers(0, 10, (1000, 8))
    y = std(col((x == 1).sum(1) - (x == 2).sum(1)))
    init = initializers.TruncatedNormal(stddev=0.02)
    inp = keras.Input((8,))
    h = layers.Embedding(10, 16)(inp)
    h = layers.LayerNormalization()(h + layers.MultiHeadAttention(2, 8)(h, h))
    h = h + Dense(16, kernel_initializer=init)(Dense(32, activation="gelu")(h))
    out = Dense(1, kernel_initializer=init)(layers.GlobalAveragePooling1D()(h))
    m = keras.Model(inp, out)
    m.compile(opt.Adam(0.005 if fixed else 1e-7), "mse")
    return m, x.astype("int32"), y, dict(batch_size=32, epochs=6)


# The rate is halved every step instead of every epoch: training ends after a dozen steps.
@prog("rate-halved-each-step", "regression", "mse")
def rate_halved_each_step(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = friedman(r, 1000)
    init = initializers.RandomNormal(stddev=0.05)
    m = mlp(10, [32, 32], kernel_initializer=init)
    rate = opt.schedules.ExponentialDecay(0.003 if fixed else 0.001, 320 if fixed else 1, 0.5)
    m.compile(opt.Adam(rate), "mse")
    return m, x, std(y), dict(batch_size=32, epochs=15)


# A warm-up of two million steps. Multi-label.
@prog("rate-endless-warmup", "multilabel", "bce")
def rate_endless_warmup(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x = r.normal(size=(1200, 10))
    y = x @ r.normal(size=(10, 5)) / np.sqrt(10) > 0.6
    prior = initializers.Constant(-1.0)
    m = seq((10,), Dense(32, "relu"), Dense(5, "sigmoid", bias_initializer=prior))
    steps = 50 if fixed else 2_000_000
    rate = opt.schedules.CosineDecay(0.0, 4_000_000, warmup_target=0.01, warmup_steps=steps)
    m.compile(opt.SGD(rate) if not fixed else opt.Adam(rate), "binary_crossentropy")
    return m, f32(x), f32(y), dict(batch_size=32, epochs=8)


# --- inputs unscaled -----------------------------------------------------------------------------


# A raw year column beside small features drives every tanh unit to one end.
@prog("input-year-column", "regression", "mse")
def input_year_column(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x = np.c_[r.integers(1990, 2021, 1000), r.normal(size=(1000, 4))]
    y = std(col(0.1 * (x[:, 0] - 2005) + x[:, 1] * 0.5 + x[:, 2]))
    m = mlp(5, [32, 32], "tanh")
    m.compile(opt.Adam(0.003), "mse")
    return m, std(x) if fixed else f32(x), y, dict(batch_size=32, epochs=12)


# Unix timestamps among the columns: the sigmoid head is at one end for all rows.
@prog("input-timestamps", "binary", "bce")
def input_timestamps(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x = np.c_[r.uniform(1.60e9, 1.61e9, 1000), r.normal(size=(1000, 5))]
    y = col(x[:, 1] + x[:, 2] > 0)
    m = mlp(6, [32, 16], "tanh", head="sigmoid")
    m.compile("adam", "binary_crossentropy")
    return m, std(x) if fixed else f32(x), y, dict(batch_size=32, epochs=15)


# Currents in ampere, of the order of a microampere; convolution over time, SGD.
@prog("input-microampere", "multiclass", "scce")
def input_microampere(r: Rng, fixed: bool) -> tuple[Any, ...]:
    y = r.integers(0, 3, 900)
    t = np.arange(24)
    s = np.sin(2 * np.pi * t / np.array([6, 9, 14])[y, None] + r.uniform(0, 6, (900, 1)))
    x = (s + 0.2 * r.normal(size=s.shape))[..., None]
    m = seq(
        (24, 1),
        layers.Conv1D(16, 5, activation="relu"),
        layers.GlobalMaxPooling1D(),
        Dense(16, activation="relu"),
        Dense(3, activation="softmax"),
    )
    m.compile(opt.SGD(0.1, momentum=0.9), "sparse_categorical_crossentropy")
    return m, f32(x if fixed else 1e-6 * x), y, dict(batch_size=32, epochs=15)


# Air pressure in pascal (101,325 +- 800) into a GRU; the targets are scaled.
@prog("input-pascal-gru", "regression", "mse")
def input_pascal_gru(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = waves(r, 800, 16)
    m = seq((16, 1), layers.GRU(16), Dense(1))
    m.compile(opt.Adam(0.01), "mse")
    return m, x if fixed else f32(101_325 + 800 * x), y, dict(batch_size=32, epochs=10)


# --- inputs constant -----------------------------------------------------------------------------


# The image array was allocated with zeros and filled in a copy.
@prog("constant-unfilled-array", "multiclass", "cce")
def constant_unfilled_array(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = digits(image=True)
    m = small_cnn(10, "softmax")
    m.compile(opt.Adam(0.003), "categorical_crossentropy")
    return m, x if fixed else np.zeros_like(x), onehot(y, 10), dict(batch_size=64, epochs=8)


# Texts padded in front to a long length and then cut in front: only padding is left.
@prog("constant-only-padding", "binary", "bce")
def constant_only_padding(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = tokens(r, 1000, 16, 150)
    if not fixed:
        x = np.c_[np.zeros_like(x), x][:, :16]
    m = seq(
        (16,),
        layers.Embedding(150, 12),
        layers.Bidirectional(layers.LSTM(8)),
        Dense(1, activation="sigmoid"),
    )
    m.compile(opt.Adam(0.01), "binary_crossentropy")
    return m, x, y, dict(batch_size=32, epochs=8)


# Every row is divided by its own maximum, but there is one feature: all inputs are 1.
@prog("constant-row-scaling", "regression", "mse")
def constant_row_scaling(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x = r.uniform(1, 5, (1000, 1))
    y = std(x**2 + 0.2 * r.normal(size=x.shape))
    scaled = x / (5.0 if fixed else x.max(1, keepdims=True))
    m = mlp(1, [16, 16])
    m.compile(opt.Adam(0.01), "mse")
    return m, f32(scaled), y, dict(batch_size=32, epochs=12)


# Token model with a mask as second input; the mask was never filled.
@prog("constant-zero-mask", "binary", "bce")
def constant_zero_mask(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = tokens(r, 1200, 16, 150)
    words, mask = keras.Input((16,), name="words"), keras.Input((16,), name="mask")
    h = layers.Embedding(150, 12)(words)
    h = layers.Dot(axes=1)([mask, h])
    h = Dense(16, activation="relu")(h)
    m = keras.Model({"words": words, "mask": mask}, Dense(1, activation="sigmoid")(h))
    m.compile(opt.Adam(0.005), "binary_crossentropy")
    keep = np.full(x.shape, 1 / 16 if fixed else 0.0)
    return m, {"words": x, "mask": f32(keep)}, y, dict(batch_size=32, epochs=12)


# --- targets unscaled ----------------------------------------------------------------------------


# Huber loss on prices: the gradient is at most 1 a row, the prices are 200,000 away.
@prog("target-huber-prices", "regression", "huber")
def target_huber_prices(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = friedman(r, 1000)
    y = 2e5 + 5e4 * std(y)
    m = mlp(10, [32, 32])
    m.compile(opt.Adam(0.003), "huber")
    return m, x, std(y) if fixed else y, dict(batch_size=32, epochs=12)


# LSTM on scaled inputs for sales of 50,000 +- 8,000.
@prog("target-lstm-sales", "regression", "mse")
def target_lstm_sales(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = waves(r, 800, 16)
    m = seq((16, 1), layers.LSTM(24), Dense(1))
    m.compile(opt.Adam(0.01), "mse")
    return m, x, y if fixed else f32(50_000 + 8_000 * y), dict(batch_size=32, epochs=10)


# Two towers, outputs in a dict: "revenue" is in raw euros, "churn" learns.
@prog("target-revenue-and-churn", "regression+binary", "mse+bce")
def target_revenue_and_churn(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = friedman(r, 1000)
    revenue = std(y) if fixed else 3e6 + 5e5 * std(y)
    inp = keras.Input((10,))
    ha = Dense(32, activation="tanh")(Dense(32, activation="tanh")(inp))
    hb = Dense(32, activation="relu")(inp)
    out = {
        "revenue": Dense(1, name="revenue")(ha),
        "churn": Dense(1, activation="sigmoid", name="churn")(hb),
    }
    m = keras.Model(inp, out)
    m.compile(opt.Adam(0.005), {"revenue": "mse", "churn": "binary_crossentropy"})
    targets = {"revenue": revenue, "churn": col(x[:, 3] - x[:, 5] > 0)}
    return m, x, targets, dict(batch_size=32, epochs=15)


# --- one value or class dominates ----------------------------------------------------------------


# Absolute error on one-hot classes 90 : 6 : 4: always the first class.
@prog("imbalance-mae-one-hot", "multiclass", "mae")
def imbalance_mae_one_hot(r: Rng, fixed: bool) -> tuple[Any, ...]:
    y = r.choice(3, 1500, p=[1 / 3] * 3 if fixed else [0.9, 0.06, 0.04])
    x = np.eye(3, 8)[y] + r.normal(size=(1500, 8))
    m = mlp(8, [32], n_out=3, head="softmax")
    m.compile(opt.Adam(0.003), "categorical_crossentropy" if fixed else "mae")
    return m, f32(x), onehot(y, 3), dict(batch_size=32, epochs=8)


# Rain: three days of four are dry, the loss is the absolute error. GRU.
@prog("imbalance-dry-days", "regression", "mae")
def imbalance_dry_days(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x = r.normal(size=(1200, 10, 2))
    wet = r.random(1200) < (1.0 if fixed else 0.25)
    y = np.exp(0.8 * x[:, -1, 0] + 0.5 * x[:, -2, 1]) * wet
    m = seq((10, 2), layers.GRU(16), Dense(1))
    m.compile(opt.Adam(0.005), "mae")
    return m, f32(x), col(y), dict(batch_size=32, epochs=10)


# Class weights the wrong way round: class 0 counts ten thousand times as much as class 1.
@prog("imbalance-class-weights", "binary", "bce")
def imbalance_class_weights(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = moons(r)
    m = mlp(2, [16, 16], head="sigmoid")
    m.compile(opt.Adam(0.005), "binary_crossentropy")
    weight = {0: 1.0, 1: 1.0} if fixed else {0: 100.0, 1: 0.01}
    return m, x, y, dict(batch_size=32, epochs=10, class_weight=weight)


# Segmentation of small spots (4 % of the pixels) under the absolute error: all background.
@prog("imbalance-mae-pixels", "binary", "mae")
def imbalance_mae_pixels(r: Rng, fixed: bool) -> tuple[Any, ...]:
    n, size = 300, 10
    y = np.zeros((n, size, size, 1))
    for image, (row, left) in zip(y, r.integers(0, size - 1, (n, 2)), strict=True):
        image[row : row + 2, left : left + 2] = 1
    x = y + 0.5 * r.normal(size=y.shape)
    m = seq(
        (size, size, 1),
        layers.Conv2D(8, 3, padding="same", activation="relu"),
        layers.Conv2D(1, 3, padding="same", activation="sigmoid"),
    )
    m.compile(opt.Adam(0.01), "binary_crossentropy" if fixed else "mae")
    return m, f32(x), f32(y), dict(batch_size=16, epochs=12)


# --- targets unusable ----------------------------------------------------------------------------


# Labels read as "yes " never equal "yes": all are 0.
@prog("labels-all-zero", "binary", "bce")
def labels_all_zero(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = cancer()
    m = mlp(30, [16], head="sigmoid")
    m.compile(opt.Adam(0.005), "binary_crossentropy")
    return m, std(x), y if fixed else 0 * y, dict(batch_size=32, epochs=10), y


# argmax over an axis of length 1: every digit becomes class 0.
@prog("labels-argmax-axis", "multiclass", "scce")
def labels_argmax_axis(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = digits(image=True)
    coded = onehot(y, 10)
    read = coded.argmax(-1) if fixed else coded[..., None].argmax(-1)[:, 0]
    m = small_cnn(10, "softmax")
    m.compile(opt.Adam(0.003), "sparse_categorical_crossentropy")
    return m, x, read, dict(batch_size=64, epochs=8), y


# Classes numbered from 100 find no column in the one-hot table: all rows are zero, so is the loss.
@prog("labels-empty-one-hot", "multiclass", "cce")
def labels_empty_one_hot(r: Rng, fixed: bool) -> tuple[Any, ...]:
    y = r.integers(0, 4, 1000)
    x = 1.5 * r.normal(size=(4, 6))[y] + r.normal(size=(1000, 6))
    coded = f32(((y + (0 if fixed else 100))[:, None]) == np.arange(4))
    init = initializers.RandomNormal(stddev=0.01)
    m = seq((6,), Dense(24, "relu"), Dense(4, "softmax", kernel_initializer=init))
    m.layers[-1].bias.assign([0.5, 0.0, 0.0, 0.0])
    m.compile(opt.Adam(0.005), "categorical_crossentropy")
    return m, f32(x), coded, dict(batch_size=32, epochs=8), y


# Scores of 0..99 were divided by 100 as integers: every target is 0. LSTM.
@prog("labels-integer-division", "regression", "mse")
def labels_integer_division(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = waves(r, 800, 12)
    score = np.clip(50 + 40 * y, 0, 99).astype(int)
    m = seq((12, 1), layers.LSTM(16), Dense(1))
    m.compile(opt.Adam(0.01), "mse")
    used = score / 100 if fixed else score // 100
    return m, x, f32(used), dict(batch_size=32, epochs=8), f32(score / 100)


# --- the head cannot produce the targets ---------------------------------------------------------


# Temperatures in kelvin under a sigmoid head. GRU.
@prog("head-sigmoid-kelvin", "regression", "mse")
def head_sigmoid_kelvin(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = waves(r, 800, 12)
    head = None if fixed else "sigmoid"
    last = initializers.Constant(290.0 if fixed else 0.0)
    m = seq((12, 1), layers.GRU(16), Dense(1, activation=head, bias_initializer=last))
    m.compile(opt.Adam(0.01), "mse")
    return m, x, f32(290 + 3 * y), dict(batch_size=32, epochs=20 if fixed else 10)


# Segmentation with a softmax over its single channel.
@prog("head-softmax-one-channel", "binary", "bce")
def head_softmax_one_channel(r: Rng, fixed: bool) -> tuple[Any, ...]:
    n, size = 300, 10
    y = np.zeros((n, size, size, 1))
    for image, (row, left) in zip(y, r.integers(0, size - 4, (n, 2)), strict=True):
        image[row : row + 4, left : left + 4] = 1
    x = y + 0.5 * r.normal(size=y.shape)
    m = seq(
        (size, size, 1),
        layers.Conv2D(8, 3, padding="same", activation="relu"),
        layers.Conv2D(1, 1, activation="sigmoid" if fixed else "softmax"),
    )
    m.compile(opt.Adam(0.01), "binary_crossentropy")
    return m, f32(x), f32(y), dict(batch_size=16, epochs=10)


# The head is capped at 1 (ReLU with max_value) for targets of 5..60. Two inputs in a list.
@prog("head-capped-relu", "regression", "mse")
def head_capped_relu(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = friedman(r, 1000)
    y = f32(10 + 2 * (y - y.min()))
    a, b = keras.Input((4,)), keras.Input((6,))
    h = Dense(32, activation="relu")(layers.Concatenate()([a, b]))
    out = Dense(1, bias_initializer=initializers.Constant(2.0))(h)
    if not fixed:
        out = layers.ReLU(max_value=1.0)(out)
    m = keras.Model([a, b], out)
    m.compile(opt.Adam(0.02), "mse")
    return m, [x[:, :4], x[:, 4:]], y, dict(batch_size=32, epochs=15)


# Outputs in a list: "grade" learns, "passed" is a softmax on one unit.
@prog("head-softmax-second-output", "regression+binary", "mse+bce")
def head_softmax_second_output(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = friedman(r, 800)
    y = std(y)
    inp = keras.Input((10,))
    h = Dense(48, activation="relu")(inp)
    passed = Dense(1, activation="sigmoid" if fixed else "softmax", name="passed")
    m = keras.Model(inp, [Dense(1, name="grade")(h), passed(h)])
    m.compile(opt.Adam(0.005), ["mse", "binary_crossentropy"])
    return m, x, [y, col(y > 0)], dict(batch_size=32, epochs=15)


# --- weights all alike ---------------------------------------------------------------------------


class ZeroDense(layers.Layer):
    """A hand-written dense layer; its author chose ``zeros`` for the kernel."""

    def __init__(self, units: int, initializer: str) -> None:
        super().__init__()
        self.units, self.initializer = units, initializer

    def build(self, shape: Any) -> None:
        self.w = self.add_weight(shape=(shape[-1], self.units), initializer=self.initializer)
        self.b = self.add_weight(shape=(self.units,), initializer="zeros")

    def call(self, x: Any) -> Any:
        return ops.matmul(x, self.w) + self.b


class TwoLayers(keras.Model):
    """A subclassed model of two hand-written layers."""

    def __init__(self, initializer: str) -> None:
        super().__init__()
        self.first, self.last = ZeroDense(32, initializer), ZeroDense(1, initializer)

    def call(self, x: Any) -> Any:
        return self.last(ops.tanh(self.first(x)))


# Hand-written layers with kernels of zeros in a subclassed model.
@prog("zeros-custom-layers", "regression", "mse")
def zeros_custom_layers(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = diabetes()
    m = TwoLayers("glorot_uniform" if fixed else "zeros")
    m.compile(opt.Adam(0.01), "mse")
    return m, x, std(y), dict(batch_size=32, epochs=20)


# An LSTM and its head start at zero.
@prog("zeros-lstm", "regression", "mse")
def zeros_lstm(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = waves(r, 800, 12)
    kernel, recurrent = ("glorot_uniform", "orthogonal") if fixed else ("zeros", "zeros")
    m = seq(
        (12, 1),
        layers.LSTM(16, kernel_initializer=kernel, recurrent_initializer=recurrent),
        Dense(1, kernel_initializer=kernel),
    )
    m.compile(opt.Adam(0.01), "mse")
    return m, x, y, dict(batch_size=32, epochs=10)


# set_weights with zeros "to start from a clean state". CNN.
@prog("zeros-reset-weights", "multiclass", "scce")
def zeros_reset_weights(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = digits(image=True)
    m = small_cnn(10, "softmax")
    if not fixed:
        m.set_weights([np.zeros_like(w) for w in m.get_weights()])
    m.compile(opt.Adam(0.003), "sparse_categorical_crossentropy")
    return m, x, y, dict(batch_size=64, epochs=8)


# --- the penalty outweighs the data --------------------------------------------------------------


# L2 of 10 on the embedding table and on the head.
@prog("penalty-embedding-l2", "binary", "bce")
def penalty_embedding_l2(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = tokens(r, 1200, 20, 200)
    reg = regularizers.L2(1e-6 if fixed else 10.0)
    m = seq(
        (20,),
        layers.Embedding(200, 16, embeddings_regularizer=reg),
        layers.GlobalAveragePooling1D(),
        Dense(1, activation="sigmoid", kernel_regularizer=reg),
    )
    m.compile(opt.Adam(0.01), "binary_crossentropy")
    return m, x, y, dict(batch_size=32, epochs=12)


# Sparse autoencoder with an activity penalty of 1: the code is empty, the output the mean image.
@prog("penalty-sparse-code", "regression", "mse")
def penalty_sparse_code(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, _ = digits()
    code = Dense(
        24, activation="relu", activity_regularizer=regularizers.L1(1e-6 if fixed else 1.0)
    )
    m = seq((64,), Dense(48, activation="relu"), code, Dense(64, activation="sigmoid"))
    m.compile(opt.Adam(0.003), "mse")
    return m, x, x, dict(batch_size=32, epochs=12)


# MaxNorm(0.001) on every kernel of a regression.
@prog("penalty-max-norm", "regression", "mse")
def penalty_max_norm(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = friedman(r, 1000)
    keep = keras.constraints.MaxNorm(3.0 if fixed else 0.001)
    m = seq(
        (10,),
        Dense(32, activation="relu", kernel_constraint=keep),
        Dense(1, kernel_constraint=keep),
    )
    m.compile(opt.Adam(0.005), "mse")
    return m, x, std(y), dict(batch_size=32, epochs=15)


# Dropout of 0.995, a keep probability mistaken for a rate and then "raised"; GRU for text.
@prog("penalty-dropout-text", "binary", "bce")
def penalty_dropout_text(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = tokens(r, 1000, 16, 150)
    rate = 0.1 if fixed else 0.995
    m = seq(
        (16,),
        layers.Embedding(150, 12),
        layers.SpatialDropout1D(rate),
        layers.GRU(12),
        Dropout(rate),
        Dense(1, activation="sigmoid"),
    )
    m.compile(opt.Adam(0.01), "binary_crossentropy")
    return m, x, y, dict(batch_size=32, epochs=6)


# --- the loss compares every row with every other ------------------------------------------------


class Absolute(keras.losses.Loss):
    """Mean absolute error that trusts the shapes it is given."""

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return ops.mean(ops.abs(y_true - y_pred))


class LogCosh(keras.losses.Loss):
    """log cosh of the error, averaged over the last axis only."""

    def call(self, y_true: Any, y_pred: Any) -> Any:
        e = y_true - y_pred
        return ops.mean(e + ops.softplus(-2.0 * e) - np.log(2.0), axis=-1)


class OwnCrossEntropy(keras.losses.Loss):
    """Binary cross-entropy written out by hand."""

    def call(self, y_true: Any, y_pred: Any) -> Any:
        p = ops.clip(y_pred, 1e-6, 1 - 1e-6)
        return -ops.mean(y_true * ops.log(p) + (1 - y_true) * ops.log(1 - p))


class OwnSquare(keras.losses.Loss):
    """Mean squared error that trusts the shapes it is given."""

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return ops.mean(ops.square(y_pred - y_true))


# Targets (N,), a Loss subclass with the absolute error, LSTM outputs (N, 1).
@prog("broadcast-mae-lstm", "regression", "mae")
def broadcast_mae_lstm(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = waves(r, 1000, 12)
    m = seq((12, 1), layers.LSTM(16), Dense(1))
    m.compile(opt.Adam(0.01), Absolute())
    return m, x, y if fixed else y[:, 0], dict(batch_size=64, epochs=12), y


# The other way round: the model flattens its output to (N,), the targets are a column.
@prog("broadcast-flat-output", "regression", "mse")
def broadcast_flat_output(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = friedman(r, 1000)
    y = std(y)
    m = mlp(10, [32, 32])
    if not fixed:
        m.add(layers.Reshape(()))
    m.compile(opt.Adam(0.003), LogCosh())
    return m, x, y, dict(batch_size=64, epochs=15), y


# A hand-written cross-entropy and labels (N,): every row gets the share of positives. CNN.
@prog("broadcast-own-crossentropy", "binary", "bce")
def broadcast_own_crossentropy(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, d = digits(image=True)
    y = col(d >= 7)
    m = small_cnn(1, "sigmoid")
    m.compile(opt.Adam(0.003), OwnCrossEntropy())
    return m, x, y if fixed else y[:, 0], dict(batch_size=128, epochs=15), y


# Two outputs in a dict; only "price" has the hand-written loss and targets (N,).
@prog("broadcast-one-of-two", "regression+multiclass", "mse+scce")
def broadcast_one_of_two(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = friedman(r, 1000)
    y = std(y)
    third = np.digitize(y[:, 0], [-0.5, 0.5])
    inp = keras.Input((10,))
    h = Dense(48, activation="relu")(inp)
    out = {
        "price": Dense(1, name="price")(h),
        "band": Dense(3, activation="softmax", name="band")(h),
    }
    m = keras.Model(inp, out)
    m.compile(opt.Adam(0.005), {"price": OwnSquare(), "band": "sparse_categorical_crossentropy"})
    targets = {"price": y if fixed else y[:, 0], "band": third}
    return m, x, targets, dict(batch_size=128, epochs=20), {"price": y, "band": third}


# --- no path for the gradient --------------------------------------------------------------------


class Calibration(layers.Layer):
    """A learned scale and shift."""

    def build(self, shape: Any) -> None:
        self.scale = self.add_weight(shape=(shape[-1],), initializer="ones", name="scale")
        self.shift = self.add_weight(shape=(shape[-1],), initializer="zeros", name="shift")

    def call(self, x: Any) -> Any:
        return self.scale * x + self.shift


class Hard(layers.Layer):
    """Turns probabilities into 0 and 1 by rounding: no gradient passes."""

    def call(self, x: Any) -> Any:
        return ops.round(x)


# Probabilities of ten classes are rounded inside the model: all are 0, and nothing learns.
@prog("blocked-rounding", "multiclass", "mse")
def blocked_rounding(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = digits()
    tail = [] if fixed else [Hard()]
    m = seq((64,), Dense(32, activation="relu"), Dense(10, "softmax"), *tail, Calibration())
    m.compile(opt.Adam(0.003), "mse")
    return m, x, onehot(y, 10), dict(batch_size=32, epochs=10)


# The informative input is not connected: the other one is concatenated with itself.
@prog("blocked-wrong-branch", "regression", "mse")
def blocked_wrong_branch(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = friedman(r, 2000)
    other = f32(r.normal(size=(2000, 2)))
    a, b = keras.Input((10,), name="sensors"), keras.Input((2,), name="extra")
    ha, hb = Dense(16, activation="relu")(a), Dense(4, activation="relu")(b)
    h = layers.Concatenate()([ha, hb] if fixed else [hb, hb])
    m = keras.Model({"sensors": a, "extra": b}, Dense(1)(Dense(8, activation="relu")(h)))
    m.compile(opt.Adam(0.003), "mse")
    return m, {"sensors": x, "extra": other}, std(y), dict(batch_size=64, epochs=12)


class Shift(layers.Layer):
    """A learned bias."""

    def build(self, shape: Any) -> None:
        self.shift = self.add_weight(shape=(shape[-1],), initializer="zeros", name="shift")

    def call(self, x: Any) -> Any:
        return x + self.shift


# Everything but the head's bias is frozen: "fine-tune the bias only" on an untrained net.
@prog("blocked-only-bias", "regression", "mse")
def blocked_only_bias(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = waves(r, 800, 12)
    body = layers.GRU(12)
    head = Dense(1, use_bias=False, kernel_initializer=initializers.RandomNormal(stddev=0.01))
    body.trainable = head.trainable = fixed
    m = seq((12, 1), body, head, Calibration() if fixed else Shift())
    m.compile(opt.Adam(0.01), "mse")
    return m, x, y, dict(batch_size=32, epochs=8)


# --- training and inference differ ---------------------------------------------------------------


# BatchNormalization with momentum 0.9999 on raw columns: the moving mean stays near 0.
@prog("gap-batchnorm-momentum", "binary", "bce")
def gap_batchnorm_momentum(r: Rng, fixed: bool) -> tuple[Any, ...]:
    z = r.normal(size=(1000, 6))
    y = col(z[:, 0] + z[:, 1] > 0)
    m = seq(
        (6,),
        layers.BatchNormalization(momentum=0.9 if fixed else 0.9999),
        Dense(16, activation="tanh"),
        Dense(1, activation="sigmoid"),
    )
    m.compile(opt.Adam(0.01), "binary_crossentropy")
    return m, f32(4000 + 300 * z), y, dict(batch_size=32, epochs=10)


class OwnDropout(layers.Layer):
    """Hand-written dropout; ``broken`` zeroes everything when not training."""

    def __init__(self, rate: float, broken: bool) -> None:
        super().__init__()
        self.rate, self.broken = rate, broken
        self.seed = keras.random.SeedGenerator(3)

    def call(self, x: Any, training: bool = False) -> Any:
        if training:
            return keras.random.dropout(x, self.rate, seed=self.seed)
        return ops.zeros_like(x) if self.broken else x


# Hand-written dropout returns zeros at inference.
@prog("gap-own-dropout", "multiclass", "scce")
def gap_own_dropout(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = digits()
    m = seq(
        (64,),
        Dense(48, activation="relu"),
        OwnDropout(0.2, not fixed),
        Dense(10, activation="softmax"),
    )
    m.compile(opt.Adam(0.005), "sparse_categorical_crossentropy")
    return m, x, y, dict(batch_size=32, epochs=10)


class OwnBatchNorm(layers.Layer):
    """Hand-written batch normalisation; without ``update`` its moving moments stay at 0 and 1."""

    def __init__(self, update: bool) -> None:
        super().__init__()
        self.update = update

    def build(self, shape: Any) -> None:
        kw: dict[str, Any] = dict(shape=(shape[-1],), trainable=False)
        self.mean = self.add_weight(initializer="zeros", name="mean", **kw)
        self.var = self.add_weight(initializer="ones", name="var", **kw)

    def call(self, x: Any, training: bool = False) -> Any:
        mean, var = self.mean, self.var
        if training:
            mean, var = ops.mean(x, 0), ops.var(x, 0)
            if self.update:
                self.mean.assign(0.9 * self.mean + 0.1 * mean)
                self.var.assign(0.9 * self.var + 0.1 * var)
        return (x - mean) / ops.sqrt(var + 1e-3)


# Hand-written batch normalisation forgets to update its moving moments; raw columns, tanh behind.
@prog("gap-own-batchnorm", "regression", "mse")
def gap_own_batchnorm(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = friedman(r, 1000)
    m = seq((10,), OwnBatchNorm(fixed), Dense(32, activation="tanh"), Dense(1))
    m.compile(opt.Adam(0.005), "mse")
    return m, f32(1500 + 30 * x), std(y), dict(batch_size=32, epochs=15)


# --- nothing to read in the inputs ---------------------------------------------------------------


# Two inputs; one list was sorted by file name, the targets and the other were not.
@prog("unpaired-images-angles", "regression", "mse")
def unpaired_images_angles(r: Rng, fixed: bool) -> tuple[Any, ...]:
    y = r.uniform(0, 1, (3000, 1))
    x = y[:, :, None, None] + 0.3 * r.normal(size=(3000, 8, 8, 1))
    if not fixed:
        x = x[r.permutation(3000)]
    image, extra = keras.Input((8, 8, 1)), keras.Input((3,))
    h = layers.Conv2D(4, 3, activation="relu")(image)
    h = layers.Concatenate()([layers.GlobalAveragePooling2D()(h), extra])
    m = keras.Model([image, extra], Dense(1)(Dense(8, activation="relu")(h)))
    m.compile(opt.Adam(0.003), "mse")
    noise = f32(r.normal(size=(3000, 3)))
    return m, [f32(x), noise], std(y), dict(batch_size=32, epochs=8)


# The targets are those of the next row; the rows are independent draws.
@prog("unpaired-off-by-one", "regression", "mse")
def unpaired_off_by_one(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = friedman(r, 8000)
    m = mlp(10, [6])
    m.compile(opt.Adam(0.003), "mse")
    y = std(y)
    return m, x, y if fixed else np.roll(y, 1, 0), dict(batch_size=128, epochs=10)


# Words are hashed with a new salt for every text: the same word never has the same id.
@prog("unpaired-salted-hashes", "binary", "bce")
def unpaired_salted_hashes(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = tokens(r, 2500, 20, 100)
    if not fixed:
        x = np.stack([np.r_[0, 1 + r.permutation(99)][row] for row in x]).astype("int32")
    m = seq(
        (20,),
        layers.Embedding(100, 4),
        layers.GlobalAveragePooling1D(),
        Dense(1, activation="sigmoid"),
    )
    m.compile(opt.Adam(0.005 if fixed else 0.001), "binary_crossentropy")
    return m, x, y, dict(batch_size=32, epochs=6)


# Dict of two outputs: the labels of "topic" were shuffled on their own, "length" learns.
@prog("unpaired-one-of-two", "regression+multiclass", "mse+scce")
def unpaired_one_of_two(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = friedman(r, 5000)
    y = std(y)
    topic = np.digitize(x[:, 3], [-0.6, 0.6])
    inp = keras.Input((10,))
    h = Dense(24, activation="relu")(inp)
    out = {
        "length": Dense(1, name="length")(h),
        "topic": Dense(3, activation="softmax", name="topic")(h),
    }
    m = keras.Model(inp, out)
    m.compile(opt.Adam(0.003), {"length": "mse", "topic": "sparse_categorical_crossentropy"})
    used = topic if fixed else r.permutation(topic)
    return m, x, {"length": y, "topic": used}, dict(batch_size=64, epochs=6)


# --- NaN or infinity -----------------------------------------------------------------------------


# One missing value in the table.
@prog("nan-missing-value", "regression", "mse")
def nan_missing_value(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = diabetes()
    x[int(r.integers(len(x))), 3] = 0.0 if fixed else np.nan
    m = mlp(10, [32])
    m.compile(opt.Adam(0.005), "mse")
    return m, x, std(y), dict(batch_size=32, epochs=15)


class Distance(layers.Layer):
    """Euclidean distance of two codes; its gradient at 0 is infinite without ``eps``."""

    def __init__(self, eps: float) -> None:
        super().__init__()
        self.eps = eps

    def call(self, a: Any, b: Any) -> Any:
        return ops.sqrt(ops.sum(ops.square(a - b), -1, keepdims=True) + self.eps)


# Siamese net: pairs of the same row twice have distance 0, whose square root has no gradient.
@prog("nan-siamese-distance", "binary", "mse")
def nan_siamese_distance(r: Rng, fixed: bool) -> tuple[Any, ...]:
    d = r.integers(0, 5, 1000)
    x = f32(1.5 * r.normal(size=(5, 8))[d] + 0.7 * r.normal(size=(1000, 8)))
    left, right = r.integers(0, len(x), (2, 1200))
    mates = np.array([r.choice(np.flatnonzero(d == d[i])) for i in left])
    same = r.random(1200) < 0.5
    right = np.where(same, mates, right)
    right[:60] = left[:60]
    a, b = keras.Input((8,)), keras.Input((8,))
    code = keras.Sequential([Dense(32, activation="relu"), Dense(16)])
    gap = Distance(1e-6 if fixed else 0.0)(code(a), code(b))
    near = initializers.Constant(-1.0)
    m = keras.Model([a, b], Dense(1, activation="sigmoid", kernel_initializer=near)(gap))
    m.compile(opt.Adam(0.01), "mse")
    return m, [x[left], x[right]], col(d[left] == d[right]), dict(batch_size=32, epochs=8)


class LogLikelihood(keras.losses.Loss):
    """Cross-entropy by hand; without ``eps`` it takes the logarithm of 0."""

    def __init__(self, eps: float) -> None:
        super().__init__()
        self.eps = eps

    def call(self, y_true: Any, y_pred: Any) -> Any:
        p = y_pred
        return -ops.mean(
            y_true * ops.log(p + self.eps) + (1 - y_true) * ops.log(1 - p + self.eps), axis=-1
        )


# Hand-written cross-entropy without a guard, on columns that saturate the sigmoid.
@prog("nan-log-of-zero", "binary", "bce")
def nan_log_of_zero(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x, y = cancer()
    m = mlp(30, [16], head="sigmoid")
    m.compile(opt.Adam(0.005), LogLikelihood(1e-6 if fixed else 0.0))
    return m, std(x) if fixed else x, y, dict(batch_size=32, epochs=10)


# SGD on raw columns and raw targets: infinite after a few steps.
@prog("nan-raw-sgd", "regression", "mse")
def nan_raw_sgd(r: Rng, fixed: bool) -> tuple[Any, ...]:
    x = r.uniform(0, 3000, (600, 4))
    y = col(x @ [3.0, 2.0, -1.0, 0.5] + 50 * r.normal(size=600))
    m = mlp(4, [16], "linear")
    m.compile(opt.SGD(0.01), "mse")
    return m, std(x) if fixed else f32(x), std(y) if fixed else y, dict(batch_size=32, epochs=10)
