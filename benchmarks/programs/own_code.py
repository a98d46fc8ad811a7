"""Layers, models, losses and optimizers of the user's own, with the fault in or near them."""

from typing import Any

import keras
import numpy as np
from keras import initializers, layers, ops, optimizers, regularizers
from sklearn import datasets
from sklearn.preprocessing import MinMaxScaler

from .data import (
    cancer,
    diabetes,
    digit_images,
    digits,
    friedman,
    raw_digit_images_int32,
    raw_digits,
    waves,
    waves_with_frequency,
)
from .registry import program
from .tools import (
    col,
    f32,
    mlp,
    onehot,
    seq,
    small_cnn,
    std,
    zscore,
    zscore32,
    zscore_as_is,
    zscore_plus,
)


class OneFeatureNorm(keras.Model):
    """A subclassed model that normalises its single input feature over the feature axis."""

    def __init__(self, normalise: bool) -> None:
        super().__init__()
        self.norm = layers.LayerNormalization() if normalise else layers.Identity()
        self.hidden = layers.Dense(32, activation="relu")
        self.head = layers.Dense(1)

    def call(self, x: Any) -> Any:
        return self.head(self.hidden(self.norm(x)))


# sim: LayerNormalization over an axis of length 1 turns every input into zero (subclassed model).
@program(
    "sim-layernorm-one-feature",
    "regression",
    "mse",
    where="structure",
    came_in="programs",
    # LayerNormalization over one feature: what follows sees only zeros, nothing before it learns.
    causes=("constant_input", "no_gradient"),
)
def sim_layernorm_one_feature(r, fixed):
    x = f32(r.uniform(-2, 2, (1000, 1)))
    m = OneFeatureNorm(not fixed)
    m.compile(optimizers.Adam(0.01), "mse")
    return m, x, f32(np.sin(2 * x) + 0.5 * x), dict(batch_size=32, epochs=10)


class FlatTargetLoss(keras.Model):
    """A model whose own loss subtracts (batch, 1) outputs from (batch,) targets."""

    align = False

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        y = ops.reshape(y, ops.shape(y_pred)) if self.align else ops.reshape(y, (-1,))
        return ops.mean(ops.square(y - y_pred))


# GH-keras-16836 in spirit: a hand-written loss broadcasts (N,) against (N, 1): optimum is the mean.
@program(
    "sim-broadcast-compute-loss",
    "regression",
    "mse",
    where="data",
    came_in="programs",
    # compute_loss with targets (N,) against outputs (N, 1).
    causes=("broadcast_loss",),
)
def sim_broadcast_compute_loss(r, fixed):
    x, y = friedman(r, 1000)
    y = std(y)
    inp = keras.Input((10,))
    m = FlatTargetLoss(inp, layers.Dense(1)(layers.Dense(32, activation="relu")(inp)))
    m.align = fixed
    m.compile(optimizers.Adam(0.01), loss="mse")
    return m, x, y[:, 0], dict(batch_size=128, epochs=40), y


class Gated(layers.Layer):
    """A gated linear unit whose gate starts at ``bias``."""

    def __init__(self, units: int, bias: float) -> None:
        super().__init__()
        self.value = layers.Dense(units)
        self.gate = layers.Dense(
            units, activation="sigmoid", bias_initializer=initializers.Constant(bias)
        )

    def call(self, x: Any) -> Any:
        return self.value(x) * self.gate(x)


# Gates of a custom layer start at sigmoid(-40): nothing passes, nothing comes back.
@program(
    "sigmoid-closed-gates",
    "regression",
    "mse",
    where="model",
    came_in="by_cause",
    # Gates of e-40, twice: nothing passes forward or back.
    causes=("saturated_activation", "vanishing_gradient"),
)
def sigmoid_closed_gates(r, fixed):
    x, y = friedman(r, 1000)
    bias = 0.0 if fixed else -40.0
    m = seq((10,), Gated(32, bias), Gated(32, bias), layers.Dense(1))
    m.compile(optimizers.Adam(0.005), "mse")
    return m, x, std(y), dict(batch_size=32, epochs=15)


class ScaledBlock(layers.Layer):
    """A dense block with a small learned scale, with or without its skip connection."""

    def __init__(self, units: int, skip: bool) -> None:
        super().__init__()
        self.dense = layers.Dense(units, activation="gelu")
        self.skip = skip

    def build(self, shape: Any) -> None:
        self.gamma = self.add_weight(
            shape=(shape[-1],), initializer=initializers.Constant(1e-3), name="gamma"
        )

    def call(self, x: Any) -> Any:
        h = self.gamma * self.dense(x)
        return x + h if self.skip else h


# Layer scale of 0.001 in six blocks whose skip connections were forgotten.
@program(
    "deep-no-skips",
    "multiclass",
    "scce",
    where="model",
    came_in="by_cause",
    # Six factors of 0.001 without skips.
    causes=("vanishing_gradient",),
)
def deep_no_skips(r, fixed):
    x, y = digits()
    blocks = [ScaledBlock(32, fixed) for _ in range(6)]
    m = seq((64,), layers.Dense(32), *blocks, layers.Dense(10, activation="softmax"))
    m.compile(optimizers.Adam(0.003), "sparse_categorical_crossentropy")
    return m, x, y, dict(batch_size=64, epochs=12)


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
@program(
    "zeros-custom-layers",
    "regression",
    "mse",
    where="model",
    came_in="by_cause",
    # All kernels zero, hand-written layers.
    causes=("constant_initialization",),
)
def zeros_custom_layers(r, fixed):
    x, y = diabetes()
    m = TwoLayers("glorot_uniform" if fixed else "zeros")
    m.compile(optimizers.Adam(0.01), "mse")
    return m, x, std(y), dict(batch_size=32, epochs=20)


class Absolute(keras.losses.Loss):
    """Mean absolute error that trusts the shapes it is given."""

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return ops.mean(ops.abs(y_true - y_pred))


# Targets (N,), a Loss subclass with the absolute error, LSTM outputs (N, 1).
@program(
    "broadcast-mae-lstm",
    "regression",
    "mae",
    where="data",
    came_in="by_cause",
    # Loss subclass, targets (N,), outputs (N, 1).
    causes=("broadcast_loss",),
)
def broadcast_mae_lstm(r, fixed):
    x, y = waves(r, 1000, 12)
    m = seq((12, 1), layers.LSTM(16), layers.Dense(1))
    m.compile(optimizers.Adam(0.01), Absolute())
    return m, x, y if fixed else y[:, 0], dict(batch_size=64, epochs=12), y


class LogCosh(keras.losses.Loss):
    """log cosh of the error, averaged over the last axis only."""

    def call(self, y_true: Any, y_pred: Any) -> Any:
        e = y_true - y_pred
        return ops.mean(e + ops.softplus(-2.0 * e) - np.log(2.0), axis=-1)


# The other way round: the model flattens its output to (N,), the targets are a column.
@program(
    "broadcast-flat-output",
    "regression",
    "mse",
    where="data",
    came_in="by_cause",
    # Loss subclass, targets (N, 1), outputs (N,).
    causes=("broadcast_loss",),
)
def broadcast_flat_output(r, fixed):
    x, y = friedman(r, 1000)
    y = std(y)
    m = mlp(10, [32, 32])
    if not fixed:
        m.add(layers.Reshape(()))
    m.compile(optimizers.Adam(0.003), LogCosh())
    return m, x, y, dict(batch_size=64, epochs=15), y


class OwnCrossEntropy(keras.losses.Loss):
    """Binary cross-entropy written out by hand."""

    def call(self, y_true: Any, y_pred: Any) -> Any:
        p = ops.clip(y_pred, 1e-6, 1 - 1e-6)
        return -ops.mean(y_true * ops.log(p) + (1 - y_true) * ops.log(1 - p))


# A hand-written cross-entropy and labels (N,): every row gets the share of positives. CNN.
@program(
    "broadcast-own-crossentropy",
    "binary",
    "bce",
    where="data",
    came_in="by_cause",
    # Loss subclass, labels (N,), outputs (N, 1).
    causes=("broadcast_loss",),
)
def broadcast_own_crossentropy(r, fixed):
    x, d = digits(image=True)
    y = col(d >= 7)
    m = small_cnn(1, "sigmoid")
    m.compile(optimizers.Adam(0.003), OwnCrossEntropy())
    return m, x, y if fixed else y[:, 0], dict(batch_size=128, epochs=15), y


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
@program(
    "blocked-rounding",
    "multiclass",
    "mse",
    where="structure",
    came_in="by_cause",
    # Rounding lets no gradient through.
    causes=("no_gradient",),
)
def blocked_rounding(r, fixed):
    x, y = digits()
    tail = [] if fixed else [Hard()]
    m = seq(
        (64,),
        layers.Dense(32, activation="relu"),
        layers.Dense(10, "softmax"),
        *tail,
        Calibration(),
    )
    m.compile(optimizers.Adam(0.003), "mse")
    return m, x, onehot(y, 10), dict(batch_size=32, epochs=10)


class Shift(layers.Layer):
    """A learned bias."""

    def build(self, shape: Any) -> None:
        self.shift = self.add_weight(shape=(shape[-1],), initializer="zeros", name="shift")

    def call(self, x: Any) -> Any:
        return x + self.shift


# Everything but the head's bias is frozen: "fine-tune the bias only" on an untrained net.
@program(
    "blocked-only-bias",
    "regression",
    "mse",
    where="structure",
    came_in="by_cause",
    # Only a shift is trainable.
    causes=("no_gradient",),
)
def blocked_only_bias(r, fixed):
    x, y = waves(r, 800, 12)
    body = layers.GRU(12)
    head = layers.Dense(
        1, use_bias=False, kernel_initializer=initializers.RandomNormal(stddev=0.01)
    )
    body.trainable = head.trainable = fixed
    m = seq((12, 1), body, head, Calibration() if fixed else Shift())
    m.compile(optimizers.Adam(0.01), "mse")
    return m, x, y, dict(batch_size=32, epochs=8)


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
@program(
    "gap-own-dropout",
    "multiclass",
    "scce",
    where="structure",
    came_in="by_cause",
    # Zeros at inference.
    causes=("train_inference_gap",),
)
def gap_own_dropout(r, fixed):
    x, y = digits()
    m = seq(
        (64,),
        layers.Dense(48, activation="relu"),
        OwnDropout(0.2, not fixed),
        layers.Dense(10, activation="softmax"),
    )
    m.compile(optimizers.Adam(0.005), "sparse_categorical_crossentropy")
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
@program(
    "gap-own-batchnorm",
    "regression",
    "mse",
    where="structure",
    came_in="by_cause",
    # Moving moments never updated. Alone: scaled inputs repair.
    causes=("train_inference_gap", "unscaled_input", "saturated_activation"),
)
def gap_own_batchnorm(r, fixed):
    x, y = friedman(r, 1000)
    m = seq((10,), OwnBatchNorm(fixed), layers.Dense(32, activation="tanh"), layers.Dense(1))
    m.compile(optimizers.Adam(0.005), "mse")
    return m, f32(1500 + 30 * x), std(y), dict(batch_size=32, epochs=15)


class Distance(layers.Layer):
    """Euclidean distance of two codes; its gradient at 0 is infinite without ``eps``."""

    def __init__(self, eps: float) -> None:
        super().__init__()
        self.eps = eps

    def call(self, a: Any, b: Any) -> Any:
        return ops.sqrt(ops.sum(ops.square(a - b), -1, keepdims=True) + self.eps)


# Siamese net: pairs of the same row twice have distance 0, whose square root has no gradient.
@program(
    "nan-siamese-distance",
    "binary",
    "mse",
    where="structure",
    came_in="by_cause",
    # Square root of 0: its gradient is infinite.
    causes=("non_finite", "exploding_gradient"),
)
def nan_siamese_distance(r, fixed):
    d = r.integers(0, 5, 1000)
    x = f32(1.5 * r.normal(size=(5, 8))[d] + 0.7 * r.normal(size=(1000, 8)))
    left, right = r.integers(0, len(x), (2, 1200))
    mates = np.array([r.choice(np.flatnonzero(d == d[i])) for i in left])
    same = r.random(1200) < 0.5
    right = np.where(same, mates, right)
    right[:60] = left[:60]
    a, b = keras.Input((8,)), keras.Input((8,))
    code = keras.Sequential([layers.Dense(32, activation="relu"), layers.Dense(16)])
    gap = Distance(1e-6 if fixed else 0.0)(code(a), code(b))
    near = initializers.Constant(-1.0)
    m = keras.Model([a, b], layers.Dense(1, activation="sigmoid", kernel_initializer=near)(gap))
    m.compile(optimizers.Adam(0.01), "mse")
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
@program(
    "nan-log-of-zero",
    "binary",
    "bce",
    where="model",
    came_in="by_cause",
    # log(0): raw columns put the sigmoid at 0 or 1. Alone: scaling repairs, a guard does not.
    causes=("non_finite", "unscaled_input", "saturated_activation"),
)
def nan_log_of_zero(r, fixed):
    x, y = cancer()
    m = mlp(30, [16], head="sigmoid")
    m.compile(optimizers.Adam(0.005), LogLikelihood(1e-6 if fixed else 0.0))
    return m, std(x) if fixed else x, y, dict(batch_size=32, epochs=10)


class Linear(layers.Layer):
    """The Linear layer of the Keras guide, with the initializer that its user chose."""

    def __init__(self, units, stddev, **kwargs):
        super().__init__(**kwargs)
        self.units, self.stddev = units, stddev

    def build(self, shape):
        init = initializers.RandomNormal(stddev=self.stddev)
        self.w = self.add_weight(shape=(shape[-1], self.units), initializer=init)
        self.b = self.add_weight(shape=(self.units,), initializer="zeros")

    def call(self, x):
        return ops.matmul(x, self.w) + self.b


class GuideMLP(keras.Model):
    def __init__(self, stddev):
        super().__init__()
        self.stack = [Linear(48, stddev) for _ in range(5)]
        self.out = Linear(10, stddev)

    def call(self, x):
        for layer in self.stack:
            x = ops.relu(layer(x))
        return ops.softmax(self.out(x))


# Subclassed model of hand-written layers whose weights have stddev 0.005.
@program("guide-linear-tiny-init", "multiclass", "scce", where="model", came_in="1")
def guide_linear_tiny_init(r, fixed):
    x, y = raw_digit_images_int32()
    m = GuideMLP(0.005 if not fixed else 0.18)
    m.compile(
        optimizers.SGD(0.05, momentum=0.9), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return m, x.reshape(-1, 64) / 16, y, dict(batch_size=64, epochs=15)


class OwnStep(keras.Model):
    """A hand-written training step, as in the guide "customizing what happens in fit"."""

    def __init__(self):
        super().__init__()
        self.body = [layers.Dense(48, activation="relu") for _ in range(4)]
        self.out = layers.Dense(1)
        self.seen = keras.metrics.Mean(name="loss")

    def call(self, x):
        for d in self.body:
            x = d(x)
        return self.out(x)

    @property
    def metrics(self):
        return [self.seen]

    def train_step(self, data):
        import tensorflow as tf

        x, y = data
        with tf.GradientTape() as tape:
            loss = ops.mean(ops.square(self(x, training=True) - y))
        grads = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(grads, self.trainable_variables, strict=False))
        self.seen.update_state(loss)
        return {"loss": self.seen.result()}


# Concrete-strength-like table, own train_step (compile without a loss), Adam at 0.5.
@program("own-train-step", "regression", "mse", where="model", came_in="2")
def own_train_step(r, fixed):
    x = r.uniform(0, 1, (1000, 6))
    y = 4 * x[:, 0] * x[:, 1] + np.sin(5 * x[:, 2]) + x[:, 3] ** 2 - x[:, 4]
    m = OwnStep()
    m.compile(optimizer=optimizers.Adam(0.003 if fixed else 0.5))
    return m, zscore32(x), zscore32(col(y)), dict(batch_size=32, epochs=20)


class OwnPenalty(keras.Model):
    """compute_loss adds a weight penalty of its own."""

    def __init__(self, rate, **kwargs):
        super().__init__(**kwargs)
        self.rate = rate

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        loss = super().compute_loss(x, y, y_pred, sample_weight, training)
        return loss + self.rate * sum(
            ops.sum(ops.square(v)) for v in self.trainable_variables if v.ndim > 1
        )


# Own compute_loss with a weight penalty of 10 on every kernel; PReLU and LayerNormalization.
@program("own-compute-loss-penalty", "regression", "huber", where="model", came_in="2")
def own_compute_loss_penalty(r, fixed):
    x, y = datasets.make_friedman1(1000, 8, noise=0.5, random_state=int(r.integers(1 << 30)))
    i = keras.Input((8,))
    h = layers.PReLU()(layers.Dense(48)(i))
    h = layers.LayerNormalization()(h)
    h = layers.PReLU()(layers.Dense(48)(h))
    m = OwnPenalty(1e-5 if fixed else 10.0, inputs=i, outputs=layers.Dense(1)(h))
    m.compile(optimizers.Adam(0.003), "huber")
    return m, zscore32(x), zscore32(col(y)), dict(batch_size=32, epochs=20)


class MobileBlock(layers.Layer):
    """Depthwise and pointwise convolution with GroupNormalization and ReLU6."""

    def __init__(self, f, strides=1):
        super().__init__()
        self.dw = layers.DepthwiseConv2D(3, strides, padding="same", use_bias=False)
        self.pw = layers.Conv2D(f, 1, use_bias=False)
        self.norm = layers.GroupNormalization(4)

    def call(self, x):
        return ops.relu6(self.norm(self.pw(self.dw(x))))


# MobileNet-like blocks (own layers, GroupNormalization), RMSprop with momentum as in the paper:
# 0.3.
@program("mobile-blocks-rmsprop", "multiclass", "cce", where="model", came_in="2")
def mobile_blocks_rmsprop(r, fixed):
    x, y = raw_digit_images_int32()
    m = seq(
        (8, 8, 1),
        layers.Conv2D(8, 3, padding="same"),
        MobileBlock(16, 2),
        MobileBlock(24, 2),
        layers.GlobalAveragePooling2D(),
        layers.Dense(32, activation="relu"),
        layers.Dense(10, activation="softmax"),
    )
    m.compile(
        optimizers.RMSprop(0.001 if fixed else 0.3, momentum=0.9),
        keras.losses.CategoricalCrossentropy(label_smoothing=0.1),
        metrics=["accuracy"],
    )
    return m, x / 16, np.eye(10, dtype="float32")[y], dict(batch_size=32, epochs=12)


class Local1D(layers.Layer):
    """Locally connected: every position has its own weights."""

    def __init__(self, units, width, init):
        super().__init__()
        self.units, self.width, self.init = units, width, init

    def build(self, shape):
        self.n = shape[1] - self.width + 1
        self.w = self.add_weight(
            shape=(self.n, self.width * shape[2], self.units), initializer=self.init, name="w"
        )
        self.b = self.add_weight(shape=(self.n, self.units), initializer="zeros", name="b")

    def call(self, x):
        win = ops.concatenate([x[:, k : k + self.n] for k in range(self.width)], -1)
        return ops.sigmoid(ops.einsum("bni,niu->bnu", win, self.w) + self.b)


# Own locally connected layers, sigmoid, VarianceScaling(scale=1e-6) "as the layer is wide"; SGD.
@program("locally-connected-tiny-scale", "regression", "mae", where="model", came_in="2")
def locally_connected_tiny_scale(r, fixed):
    x = r.normal(size=(1000, 16, 1))
    y = zscore32(col(x[:, 2, 0] - x[:, 3, 0] + 1.5 * np.tanh(x[:, 9, 0]) + 0.5 * x[:, 14, 0]))
    w = initializers.VarianceScaling(20.0 if fixed else 1e-6)
    m = seq((16, 1), *[Local1D(8, 3, w) for _ in range(3)], layers.Flatten(), layers.Dense(1))
    m.compile(optimizers.SGD(0.02, momentum=0.9), "mae")
    return m, f32(x), y, dict(batch_size=32, epochs=25)


class Tower(keras.Model):
    def __init__(self, width=32, blocks=4):
        super().__init__()
        self.stem = layers.Dense(width)
        self.inner = [layers.Dense(width, activation="relu") for _ in range(blocks)]
        self.outer = [layers.Dense(width) for _ in range(blocks)]
        self.head = layers.Dense(1)

    def call(self, x):
        h = self.stem(x)
        for a, b in zip(self.inner, self.outer, strict=True):
            h = h + b(a(h))
        return self.head(h)


# A residual network for tables, written as a class, with SGD(0.9): the author meant the momentum,
# but the first argument is the rate.
@program("residual-class-sgd-point-nine", "regression", "huber", where="model", came_in="4a")
def residual_class_sgd_point_nine(r, fixed):
    x, y = datasets.make_friedman1(1000, 10, noise=0.5, random_state=int(r.integers(1e6)))
    m = Tower()
    m.compile(optimizers.SGD(0.01, momentum=0.9) if fixed else optimizers.SGD(0.9), "huber")
    return m, zscore_plus(x), zscore_plus(y[:, None]), dict(epochs=15, batch_size=32)


class GraphConv(layers.Layer):
    def __init__(self, units, axis, **k):
        super().__init__(**k)
        self.d = layers.Dense(units, activation="tanh")
        self.axis = axis

    def build(self, shapes):
        self.d.build(shapes[0])

    def call(self, inputs):
        h, adj = inputs
        return self.d(ops.matmul(adj / (ops.sum(adj, self.axis, keepdims=True) + 1e-6), h))


@program("gnn-degree-sum-no-axis", "regression", "mse", where="model", came_in="5a")
def gnn_degree_sum_no_axis(r, fixed):
    """Adjacency divided by ops.sum(adj) without an axis, the whole batch instead of each row: the
    signal shrinks 400-fold a layer."""
    n, N = 1200, 14
    h = r.uniform(0, 1, (n, N, 5))
    A = r.poisson(25, (n, N, N)).astype(float)
    A = A + A.transpose(0, 2, 1)
    A = A * (r.random((n, 1, N)) ** 2)
    y = (
        np.einsum("nij,nj->ni", A / A.sum(-1, keepdims=True), h[..., 0] + h[..., 1] - h[..., 2])
    ).mean(1)
    hi, ai = keras.Input((N, 5), name="nodes"), keras.Input((N, N), name="adj")
    t = hi
    for u in (32, 32, 16):
        t = GraphConv(u, -1 if fixed else None)([t, ai])
    m = keras.Model({"nodes": hi, "adj": ai}, layers.Dense(1)(layers.GlobalAveragePooling1D()(t)))
    m.compile(optimizers.Adam(2e-3), "mse")
    return (
        m,
        {"nodes": f32(h), "adj": f32(A)},
        zscore_as_is(y)[:, None],
        dict(epochs=25, batch_size=32),
    )


class PlainNet(keras.Model):
    def __init__(self):
        super().__init__()
        self.hidden = [layers.Dense(64, activation="relu") for _ in range(2)]
        self.out = layers.Dense(1)

    def call(self, x):
        for h in self.hidden:
            x = h(x)
        return self.out(x)


@program("ema-never-catches-up", "regression", "mse", where="model", came_in="5a")
def ema_never_catches_up(r, fixed):
    """use_ema with momentum 0.9999 in a run of 500 steps: fit() ends by writing the average, i.e.
    the initial weights, back."""
    x = r.normal(size=(1600, 8))
    y = 40 + 12 * x[:, 0] + 8 * np.abs(x[:, 1]) + 6 * x[:, 2] * (x[:, 3] > 0) + r.normal(size=1600)
    m = PlainNet()
    m.compile(optimizers.Adam(3e-3, use_ema=True, ema_momentum=0.95 if fixed else 0.9999), "mse")
    return m, f32(x), f32(y)[:, None], dict(epochs=10, batch_size=32)


class ResBlock(layers.Layer):
    def __init__(self, f, **k):
        super().__init__(**k)
        self.a = layers.Conv1D(f, 3, padding="same", activation="relu")
        self.b = layers.Conv1D(f, 3, padding="same")

    def build(self, s):
        self.a.build(s)
        self.b.build(s)

    def call(self, x):
        return ops.relu(x + self.b(self.a(x)))


@program("resnet1d-adam-lr", "multiclass", "scce", where="model", came_in="5a")
def resnet1d_adam_lr(r, fixed):
    """The paper's SGD rate of 0.1 kept when the optimizer was changed to Adam."""
    n, T = 1200, 40
    x, _, _ = waves_with_frequency(r, n, T)
    t = np.linspace(0, 1, T)
    y = r.integers(0, 3, n)
    ph = r.random((n, 1))
    q = (3 * t + ph) % 1
    s = np.where(
        y[:, None] == 0,
        np.sin(2 * np.pi * q),
        np.where(y[:, None] == 1, 2 * q - 1, np.sign(q - 0.5)),
    )
    x = f32(s + 0.3 * r.normal(size=(n, T)))[..., None]
    m = seq(
        (T, 1),
        layers.Conv1D(16, 5, padding="same", activation="relu"),
        *[ResBlock(16) for _ in range(4)],
        layers.GlobalAveragePooling1D(),
        layers.Dense(3, activation="softmax"),
    )
    m.compile(
        optimizers.Adam(1e-3 if fixed else 0.1),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return m, x, y, dict(epochs=12, batch_size=32)


class LowRank(layers.Layer):
    """Own layer: x @ A @ B + b with weights from add_weight."""

    def __init__(self, units, rank, init, act=None):
        super().__init__()
        self.u, self.k, self.i, self.act = units, rank, init, keras.activations.get(act)

    def build(self, s):
        self.A = self.add_weight(shape=(s[-1], self.k), initializer=self.i)
        self.B = self.add_weight(shape=(self.k, self.u), initializer=self.i)
        self.b = self.add_weight(shape=(self.u,), initializer="zeros")

    def call(self, x):
        return self.act(ops.matmul(ops.matmul(x, self.A), self.B) + self.b)


class LowRankNet(keras.Model):
    def __init__(self, init):
        super().__init__()
        self.h = LowRank(32, 8, init, "tanh")
        self.o = LowRank(10, 8, init, "softmax")

    def call(self, x):
        return self.o(self.h(x))


@program("own-layer-lowrank-zeros", "multiclass", "scce", where="model", came_in="5b")
def own_layer_lowrank_zeros(r, fixed):
    """Own low-rank layer in a subclassed model, both factors add_weight(initializer='zeros'): no
    gradient but in the bias."""
    X, y = raw_digits()
    m = LowRankNet("glorot_uniform" if fixed else "zeros")
    m.compile(optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return m, X / 16, y, dict(epochs=10, batch_size=32)


# Subclassed model that adds noise itself; the noise is in grey levels, the pixels are 0..1.
@program("sub-gaussian-noise", "multiclass", "cce", where="model", came_in="7a")
def subclass_gaussian_noise(rng, fixed):
    """Classify digits with an own call method."""

    class NoisyNet(keras.Model):
        """Noise, convolution, dense."""

        def __init__(self):
            super().__init__()
            self.stddev = 25.0 / 255 if fixed else 25.0
            self.seed = keras.random.SeedGenerator(1)
            self.conv = layers.Conv2D(16, 3, activation="relu")
            self.flat = layers.Flatten()
            self.hidden = layers.Dense(64, activation="relu")
            self.out = layers.Dense(10, activation="softmax")

        def call(self, inputs, training=None):
            h = inputs
            if training:
                noise = keras.random.normal(keras.ops.shape(h), stddev=self.stddev, seed=self.seed)
                h = h + noise
            return self.out(self.hidden(self.flat(self.conv(h))))

    img, cls = digit_images()
    order = rng.permutation(len(img))
    model = NoisyNet()
    model.compile(optimizer="adam", loss="categorical_crossentropy", metrics=["accuracy"])
    return model, img[order], onehot(cls[order], 10), {"batch_size": 32, "epochs": 12}


# "RBF network in Keras gives the same output for all inputs": the much-copied RBFLayer draws its
# centres from U(0, 1), the mixture table is in kilograms per cubic metre; exp(-d**2) is 0.
class RBF(layers.Layer):
    def __init__(self, units, gamma, **kw):
        super().__init__(**kw)
        self.units, self.gamma = units, gamma

    def build(self, shape):
        self.mu = self.add_weight(
            shape=(self.units, shape[-1]), initializer=initializers.RandomUniform(0, 1), name="mu"
        )

    def call(self, x):
        d = ops.expand_dims(x, 1) - self.mu
        return ops.exp(-self.gamma * ops.sum(d * d, axis=-1))


@program("u9-rbf-layer-raw-mixture", "regression", "mse", where="model", came_in="9a")
def u9_rbf_layer_raw_mixture(rng, fixed):
    n = 1000
    cement = rng.uniform(100, 540, n)
    water = rng.uniform(120, 250, n)
    ash = rng.uniform(0, 200, n)
    age = rng.integers(1, 365, n)
    strength = 90 * cement / (cement + 1.5 * water) * np.log(age + 2) / 4 + 0.05 * ash
    table = np.stack([cement, water, ash, age], 1)
    if fixed:
        table = MinMaxScaler().fit_transform(table)
    model = keras.Sequential([keras.Input((4,)), RBF(40, 2.0), layers.Dense(1)])
    model.compile(optimizers.RMSprop(0.01), "mse")
    y = col(zscore(strength + rng.normal(0, 2, n)))
    return model, f32(table), y, dict(batch_size=32, epochs=30)


# FT-Transformer on raw columns: a token is x * w + b and goes straight into a LayerNormalization,
# which takes the size of x away again when it is in the thousands. CLS sees the same tokens always.
class ColumnTokens(layers.Layer):
    def __init__(self, width, **kw):
        super().__init__(**kw)
        self.width = width

    def build(self, shape):
        k = shape[-1]
        self.w = self.add_weight(shape=(k, self.width), initializer="glorot_uniform", name="w")
        self.b = self.add_weight(shape=(k, self.width), initializer="glorot_uniform", name="b")
        self.cls = self.add_weight(shape=(1, 1, self.width), initializer="random_normal", name="c")

    def call(self, x):
        tok = ops.expand_dims(x, -1) * self.w + self.b
        cls = ops.repeat(self.cls, ops.shape(x)[0], axis=0)
        return ops.concatenate([cls, tok], axis=1)


@program("u9-ft-transformer-raw-columns", "regression", "huber", where="model", came_in="9a")
def u9_ft_transformer_raw_columns(rng, fixed):
    n = 800
    area = rng.uniform(4000, 26000, n)
    year = rng.integers(1900, 2020, n)
    income = rng.lognormal(10.6, 0.4, n)
    dist = rng.uniform(800, 30000, n)
    pupils = rng.uniform(500, 2500, n)
    y = zscore(area) + 0.8 * zscore(income) - 0.7 * zscore(dist) + 0.4 * zscore(year * 1.0)
    y = zscore(y + rng.normal(0, 0.25, n))
    x = np.stack([area, year, income, dist, pupils], 1)
    if fixed:
        x = zscore(x)
    inp = keras.Input((5,))
    h = ColumnTokens(16)(inp)
    for _ in range(2):
        a = layers.LayerNormalization()(h)
        h = layers.Add()([h, layers.MultiHeadAttention(2, 8)(a, a)])
        a = layers.LayerNormalization()(h)
        h = layers.Add()([h, layers.Dense(16)(layers.Dense(32, activation="gelu")(a))])
    h = layers.LayerNormalization()(h[:, 0])
    model = keras.Model(inp, layers.Dense(1)(h))
    model.compile(optimizers.AdamW(1e-3), keras.losses.Huber())
    return model, f32(x), col(y), dict(batch_size=32, epochs=14)


# Recipe tags (6 of them) from ingredient lists; LAMB with a rate taken from runs with batches of
# thousands, where each step changes a layer by a tenth of its norm.
class BagOfIngredients(keras.Model):
    def __init__(self, vocab, tags):
        super().__init__()
        self.table = layers.Embedding(vocab, 24)
        self.hidden = [layers.Dense(48, activation="relu"), layers.Dense(32, activation="relu")]
        self.out = layers.Dense(tags, activation="sigmoid")

    def call(self, ids):
        h = ops.mean(self.table(ids), axis=1)
        for d in self.hidden:
            h = d(h)
        return self.out(h)


@program("u9-recipe-tags-lamb-rate", "multilabel", "bce", where="model", came_in="9a")
def u9_recipe_tags_lamb_rate(rng, fixed):
    n, tags, vocab = 1500, 6, 120
    y = (rng.random((n, tags)) < 0.4).astype(int)
    x = rng.integers(60, vocab, (n, 18))
    for i in range(n):
        on = np.flatnonzero(y[i])
        for j, tag in enumerate(on):
            x[i, 3 * j : 3 * j + 3] = 10 * tag + rng.integers(0, 10, 3)
    model = BagOfIngredients(vocab, tags)
    model.compile(optimizers.Lamb(0.01 if fixed else 0.1), "binary_crossentropy")
    return model, x.astype("int32"), f32(y), dict(batch_size=64, epochs=15)


# Group lasso for gene selection, a regularizer of one's own on each layer; the factor lambda of
# the formula was left out.
class GroupLasso(regularizers.Regularizer):
    def __init__(self, lam=1.0):
        self.lam = lam

    def __call__(self, w):
        return self.lam * ops.sum(ops.sqrt(ops.sum(w * w, axis=1) + 1e-8))


@program("u9-group-lasso-without-lambda", "regression", "log_cosh", where="model", came_in="9a")
def u9_group_lasso_without_lambda(rng, fixed):
    n, genes = 500, 80
    x = rng.normal(size=(n, genes))
    y = x[:, :6] @ rng.uniform(0.5, 1.5, 6) + np.abs(x[:, 6])
    reg = GroupLasso(2e-3) if fixed else GroupLasso()
    inp = keras.Input((genes,))
    h = inp
    for w in (32, 16):
        h = layers.Dense(w, activation="selu", kernel_regularizer=reg)(h)
    model = keras.Model(inp, layers.Dense(1, kernel_regularizer=reg)(h))
    model.compile(optimizers.Adam(2e-3), "log_cosh")
    return model, f32(x), col(zscore(y)), dict(batch_size=32, epochs=30)


# "Keras as an SVM with an RBF kernel": random Fourier features and a hinge loss. The kernel width
# of 300 comes from an older run on bytes; these columns lie within -1..1: every feature is a
# constant.
class RandomFourier(layers.Layer):
    def __init__(self, dim, width, seed=3):
        super().__init__(trainable=False)
        self.dim, self.width, self.seed = dim, width, seed

    def build(self, shape):
        self.freq = self.add_weight(
            shape=(shape[-1], self.dim),
            trainable=False,
            name="freq",
            initializer=initializers.RandomNormal(stddev=1 / self.width, seed=self.seed),
        )
        self.phase = self.add_weight(
            shape=(self.dim,),
            trainable=False,
            name="phase",
            initializer=initializers.RandomUniform(0, 2 * np.pi, seed=self.seed),
        )

    def call(self, x):
        return ops.cos(ops.matmul(x, self.freq) + self.phase) * (2 / self.dim) ** 0.5


@program("u9-fourier-svm-kernel-width", "binary", "hinge", where="model", came_in="9a")
def u9_fourier_svm_kernel_width(rng, fixed):
    x, y = datasets.make_circles(1000, noise=0.08, factor=0.45, random_state=int(rng.integers(99)))
    keep = np.concatenate([np.flatnonzero(y == 1), np.flatnonzero(y == 0)[:350]])
    keep = rng.permutation(keep)
    x, y = x[keep], y[keep]
    model = keras.Sequential(
        [keras.Input((2,)), RandomFourier(200, 0.5 if fixed else 300.0), layers.Dense(1)]
    )
    model.compile(optimizers.Adam(0.01), "hinge")
    return model, f32(x), col(y), dict(batch_size=32, epochs=25)


# An optimizer of one's own (heavy ball): the velocity is collected and subtracted, but nowhere
# multiplied by the learning rate that was given. Remaining life of a bearing from its vibration.
class HeavyBall(optimizers.Optimizer):
    def __init__(self, learning_rate=0.01, mu=0.9, use_rate=True, **kw):
        super().__init__(learning_rate=learning_rate, **kw)
        self.mu, self.use_rate = mu, use_rate

    def build(self, variables):
        if self.built:
            return
        super().build(variables)
        self.velocity = [self.add_variable_from_reference(v, name="velocity") for v in variables]

    def update_step(self, gradient, variable, learning_rate):
        velocity = self.velocity[self._get_variable_index(variable)]
        step = self.mu * velocity + gradient
        self.assign(velocity, step)
        if self.use_rate:
            step = ops.cast(learning_rate, variable.dtype) * step
        self.assign_sub(variable, step)


@program("u9-own-heavy-ball-forgets-rate", "regression", "mae", where="model", came_in="9a")
def u9_own_heavy_ball_forgets_rate(rng, fixed):
    n, steps = 900, 64
    wear = rng.uniform(0, 1, n)
    t = np.arange(steps)
    hum = np.sin(t * 0.9 + rng.uniform(0, 6.28, (n, 1)))
    knock = wear[:, None] * 2 * np.exp(-((t + rng.integers(0, 16, (n, 1))) % 16) / 2.0)
    x = hum + knock + rng.normal(0, 0.2, (n, steps))
    y = zscore(1 - wear + rng.normal(0, 0.05, n))
    inp = keras.Input((steps, 1))
    h = inp
    for filters in (12, 24):
        h = layers.Conv1D(filters, 5, strides=2, padding="same")(h)
        h = layers.ReLU()(h)
    h = layers.GlobalAveragePooling1D()(h)
    h = layers.Dense(32, activation="relu")(h)
    model = keras.Model(inp, layers.Dense(1)(h))
    model.compile(HeavyBall(0.01, use_rate=fixed), "mean_absolute_error")
    return model, f32(x)[..., None], col(y), dict(batch_size=32, epochs=25)


class Block(layers.Layer):
    def __init__(self, dim, heads, penalty, **kw):
        super().__init__(**kw)
        reg = regularizers.L2(penalty)
        self.att = layers.MultiHeadAttention(heads, dim // heads, kernel_regularizer=reg)
        self.up = layers.Dense(2 * dim, activation="gelu", kernel_regularizer=reg)
        self.down = layers.Dense(dim, kernel_regularizer=reg)
        self.n1, self.n2 = layers.LayerNormalization(), layers.LayerNormalization()

    def build(self, shape):
        self.att.build(shape, shape)
        self.up.build(shape)
        self.down.build(tuple(shape[:-1]) + (self.up.units,))
        self.n1.build(shape)
        self.n2.build(shape)
        self.built = True

    def call(self, x):
        x = self.n1(x + self.att(x, x))
        return self.n2(x + self.down(self.up(x)))


# Keras forum, "transformer gives the same class to every sentence": an L2 of 10 on each kernel,
# the table of embeddings included, meant as the weight decay of a paper.
@program("u11-intent-transformer-l2", "multiclass", "scce", where="model", came_in="11a")
def intent_transformer(rng, fixed):
    n, length, vocab = 1500, 20, 60
    x = rng.integers(4, vocab, (n, length)).astype("int32")
    y = rng.integers(0, 4, n).astype("int32")
    for place in range(2):
        x[np.arange(n), rng.integers(place * 10, place * 10 + 10, n)] = y
    penalty = 1e-6 if fixed else 10.0
    inp = keras.Input((length,), dtype="int32")
    reg = regularizers.L2(penalty)
    h = layers.Embedding(vocab, 32, embeddings_regularizer=reg)(inp)
    h = Block(32, 2, penalty)(h)
    h = layers.GlobalAveragePooling1D()(h)
    out = layers.Dense(4, activation="softmax", kernel_regularizer=reg)(h)
    model = keras.Model(inp, out)
    model.compile(optimizers.Adam(2e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model, x, y, {"epochs": 10, "batch_size": 32}


class DigitNet(keras.Model):
    def __init__(self):
        super().__init__()
        self.hidden = [layers.Dense(k, activation="relu") for k in (96, 64, 32)]
        self.head = layers.Dense(10, activation="softmax")

    def call(self, x):
        for layer in self.hidden:
            x = layer(x)
        return self.head(x)


# GitHub issue, "AdamW: every class has probability 0.1": the weight decay is decoupled, and 100
# (one over the 0.01 that was meant) takes a tenth off each weight at every step.
@program("u11-subclassed-adamw-decay", "multiclass", "cce", where="model", came_in="11a")
def subclassed_adamw(rng, fixed):
    x, y = datasets.load_digits(return_X_y=True)
    order = rng.permutation(len(x))
    model = DigitNet()
    decay = 0.01 if fixed else 100.0
    model.compile(
        optimizers.AdamW(1e-3, weight_decay=decay),
        "categorical_crossentropy",
        metrics=["accuracy"],
    )
    target = f32(np.eye(10)[y[order]])
    return model, f32(x[order] / 16.0), target, {"epochs": 30, "batch_size": 32}


class LogYield(keras.Model):
    def __init__(self, head, **kw):
        super().__init__(**kw)
        self.norm = layers.BatchNormalization()
        self.h1 = layers.Dense(32, activation="relu")
        self.h2 = layers.Dense(16, activation="relu")
        self.out = layers.Dense(1, activation=head)

    def call(self, x, training=None):
        return self.out(self.h2(self.h1(self.norm(x, training=training))))


# log10 of concentrations (all negative) with a relu output, in a subclassed model.
@program("u12-log-yield-relu-head", "regression", "mse", where="activation", came_in="12a")
def u12_log_yield_relu_head(rng, fixed):
    x = rng.uniform(0, 50, (1000, 5))
    y = -4 + 0.03 * x[:, 0] - 0.02 * x[:, 1] + np.sin(x[:, 2] / 12) + 0.05 * rng.normal(size=1000)
    model = LogYield(None if fixed else "relu")
    model.compile(optimizers.Adam(0.005), "mse")
    return model, f32(x), col(y), dict(batch_size=32, epochs=20)


class Mixer(keras.Model):
    """A small subclassed regressor with dropout after each layer."""

    def __init__(self, width, wd_layers, rate, act, **kw):
        super().__init__(**kw)
        self.hidden = [layers.Dense(width, activation=act) for _ in range(wd_layers)]
        self.drop = [layers.Dropout(rate) for _ in range(wd_layers)]
        self.out = layers.Dense(1)

    def call(self, x, training=None):
        for h, d in zip(self.hidden, self.drop, strict=True):
            x = d(h(x), training=training)
        return self.out(x)


# Subclassed model; AdamW with weight_decay=20 (taken for a per-cent figure).
@program("u12-adamw-decay-20", "regression", "mse", where="model", came_in="12c")
def u12_adamw_decay_20(rng, fixed):
    n = 1000
    base = rng.normal(size=(n, 3))
    y = base[:, 0] - 0.7 * base[:, 1] * base[:, 2] + 0.1 * rng.normal(size=n)
    model = Mixer(32, 4, 0.0, "tanh")
    opt = optimizers.AdamW(0.003, weight_decay=0.004 if fixed else 20.0)
    model.compile(opt, "mse")
    return model, f32(base), col(zscore(y)), dict(batch_size=32, epochs=25)
