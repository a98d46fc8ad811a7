"""One minimal model for every cause, and its twin: the same without the fault.

Builders return `(model, x, y, fit_arguments)`. Layers a finding must name are called `"culprit"`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import keras
import numpy as np
from keras import initializers, layers, ops, optimizers, regularizers
from nets import class_data, regression_data

CULPRIT = "culprit"


@dataclass(frozen=True)
class Illness:
    """A fault and what the warning must say about it.

    Attributes:
        cause: Id of the cause.
        build: Makes the model that has it: `(model, x, y, arguments of fit)`.
        twin: The same without the fault; equal twins of several faults are one function.
        says: Regular expression for the number that matters, to be found in the message.
        layer: Name of the layer or output the finding must name; `None` if it has none.
    """

    cause: str
    build: Callable[[], tuple[Any, ...]]
    twin: Callable[[], tuple[Any, ...]]
    says: str
    layer: str | None


ILLNESSES: dict[str, Illness] = {}


def illness(
    cause: str,
    variant: str,
    says: str,
    layer: str | None = None,
    twin: Callable[[], tuple[Any, ...]] | None = None,
) -> Callable[..., Any]:
    """Register a builder under `cause-variant`.

    Without a `twin` the builder takes an argument that says whether the fault is there.
    """

    def register(build: Callable[..., tuple[Any, ...]]) -> Callable[..., tuple[Any, ...]]:
        ill, well = (build, twin) if twin else (partial(build, True), partial(build, False))
        ILLNESSES[f"{cause}-{variant}"] = Illness(cause, ill, well, says, layer)
        return build

    return register


def network(*stack: Any, columns: int = 10) -> keras.Sequential:
    return keras.Sequential([keras.Input((columns,)), *stack])


def hidden(units: int = 16, activation: str = "relu", **arguments: Any) -> layers.Dense:
    return layers.Dense(units, activation=activation, **arguments)


def adam(rate: float = 0.01) -> optimizers.Adam:
    return optimizers.Adam(rate)


def two_classes() -> tuple[np.ndarray, np.ndarray]:
    x, labels = class_data(512, classes=2)
    return x, labels.astype("float32")[:, None]


def rare_value(rows: int = 512) -> tuple[np.ndarray, np.ndarray]:
    """A target that is 3 with probability 0.05 to 0.45, as the first column says, and 0 otherwise.

    Its mean depends on the input, its median is 0 wherever one looks.
    """
    rng = np.random.default_rng(0)
    x = rng.normal(size=(rows, 10)).astype("float32")
    chance = np.where(x[:, :1] > 0, 0.45, 0.05)
    return x, np.where(rng.uniform(size=chance.shape) < chance, 3.0, 0.0).astype("float32")


def noise(rows: int = 512) -> tuple[np.ndarray, np.ndarray]:
    """Targets that know nothing of the inputs."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(rows, 10)).astype("float32")
    return x, rng.normal(size=(rows, 1)).astype("float32")


def plain() -> tuple[Any, ...]:
    """One hidden layer that learns."""
    model = network(hidden(), layers.Dense(1))
    model.compile(adam(), "mse")
    return model, *regression_data(512), dict(epochs=8)


def plain_sgd() -> tuple[Any, ...]:
    """Two hidden layers that learn under plain gradient descent at its default rate."""
    kernel = "he_normal"
    model = network(
        hidden(kernel_initializer=kernel), hidden(kernel_initializer=kernel), layers.Dense(1)
    )
    model.compile(optimizers.SGD(), "mse")
    return model, *regression_data(512), dict(epochs=8)


def small_head(rate: float = 0.01, trainable: bool = True) -> tuple[Any, ...]:
    """Two hidden layers under a head that begins at almost nothing."""
    small = initializers.RandomNormal(stddev=0.01)
    model = network(hidden(), hidden(), layers.Dense(1, kernel_initializer=small))
    model.trainable = trainable
    model.compile(adam(rate), "mse")
    return model, *regression_data(512), dict(epochs=8)


# --- units ---------------------------------------------------------------------------------------


@illness("dead_relu", "biases_of_minus_99", "biases are -99", CULPRIT, twin=plain)
def dead_from_the_start() -> tuple[Any, ...]:
    bias = initializers.Constant(-99.0)
    model = network(hidden(bias_initializer=bias, name=CULPRIT), layers.Dense(1))
    model.compile(adam(), "mse")
    return model, *regression_data(512), dict(epochs=8)


@illness("dead_relu", "deep_and_narrow", "all 1 units")
def dead_because_narrow(ill: bool) -> tuple[Any, ...]:
    """A unit that follows a positive one is dead with a chance of one half."""
    units, depth = (1, 12) if ill else (16, 3)
    stack = [hidden(units, kernel_initializer="he_normal") for _ in range(depth)]
    model = network(*stack, layers.Dense(1))
    model.compile(adam(), "mse")
    return model, *regression_data(512), dict(epochs=8)


@illness("saturated_activation", "biases_of_50", "100% of the values", CULPRIT)
def saturated(ill: bool) -> tuple[Any, ...]:
    bias = initializers.Constant(50.0 if ill else 0.0)
    model = network(hidden(activation="tanh", bias_initializer=bias, name=CULPRIT), layers.Dense(1))
    model.compile(adam(), "mse")
    return model, *regression_data(512), dict(epochs=8)


@illness("saturated_activation", "behind_another_layer", "100% of the values", CULPRIT)
def saturated_in_the_middle(ill: bool) -> tuple[Any, ...]:
    bias = initializers.Constant(50.0 if ill else 0.0)
    model = network(
        hidden(), hidden(activation="tanh", bias_initializer=bias, name=CULPRIT), layers.Dense(1)
    )
    model.compile(adam(), "mse")
    return model, *regression_data(512), dict(epochs=8)


@illness(
    "vanishing_gradient", "eight_sigmoid_layers", "over 9 layers the signal fades", twin=plain_sgd
)
def faded() -> tuple[Any, ...]:
    model = network(*[hidden(32, "sigmoid") for _ in range(8)], layers.Dense(1))
    model.compile(optimizers.SGD(), "mse")
    return model, *regression_data(512), dict(epochs=16)


# --- steps ---------------------------------------------------------------------------------------


@illness("learning_rate_too_high", "adam_1", r"learning rate of 1, 1e\+03 times its default")
def burnt(ill: bool) -> tuple[Any, ...]:
    """With inputs above zero a unit's weights and bias go down together, and the unit dies."""
    x = np.random.default_rng(0).uniform(size=(512, 4)).astype("float32")
    model = network(hidden(), hidden(), layers.Dense(1), columns=4)
    model.compile(adam(1.0 if ill else 0.01), "mse")
    return model, x, x[:, :1] - x[:, 1:2], dict(epochs=8)


@illness("learning_rate_too_low", "adam_1e-8", "learning rate is 1e-08", twin=small_head)
def asleep() -> tuple[Any, ...]:
    return small_head(rate=1e-8)


# --- scales --------------------------------------------------------------------------------------


@illness("unscaled_input", "hundreds_into_tanh", r"std of 2[789]\d", CULPRIT)
def flooded(ill: bool) -> tuple[Any, ...]:
    x = np.random.default_rng(0).uniform(0, 1000, (512, 1)).astype("float32")
    y = np.sin(2 * np.pi * x / 1000).astype("float32")
    model = network(hidden(32, "tanh", name=CULPRIT), layers.Dense(1), columns=1)
    model.compile(adam(), "mse")
    return model, (x if ill else (x - x.mean()) / x.std()), y, dict(epochs=20)


@illness("unscaled_input", "millionths", r"std of 9\.\d+e-07", CULPRIT, twin=plain)
def starved() -> tuple[Any, ...]:
    x, y = regression_data(512)
    model = network(hidden(64, name=CULPRIT), layers.Dense(1))
    model.compile(adam(), "mse")
    return model, 1e-6 * x, y, dict(epochs=14)


@illness("constant_input", "ones", "all 10 measured input columns", twin=plain)
def blind() -> tuple[Any, ...]:
    x, y = regression_data(512)
    model = network(hidden(), layers.Dense(1))
    model.compile(adam(), "mse")
    return model, np.ones_like(x), y, dict(epochs=8)


@illness("constant_input", "layer_norm_over_one_column", "inputs of std [01]\\.", CULPRIT)
def blinded(ill: bool) -> tuple[Any, ...]:
    x, y = regression_data(512)
    norm = layers.LayerNormalization if ill else layers.BatchNormalization
    model = network(norm(name=CULPRIT), hidden(), layers.Dense(1), columns=1)
    model.compile(adam(), "mse")
    return model, x[:, :1], y, dict(epochs=8)


@illness("unscaled_target", "house_prices", r"mean 3e\+05 and std 1e\+05", "out", twin=plain)
def far_away() -> tuple[Any, ...]:
    x, y = regression_data(512)
    model = network(hidden(), layers.Dense(1, name="out"))
    model.compile(adam(), "mse")
    return model, x, 1e5 * y + 3e5, dict(epochs=20)


# --- targets -------------------------------------------------------------------------------------


@illness("imbalanced_target", "mae_of_mostly_zeros", r"7\d% of the rows", "out")
def served_by_the_median(ill: bool) -> tuple[Any, ...]:
    model = network(hidden(), layers.Dense(1, name="out"))
    model.compile(adam(0.003 if ill else 0.01), "mae" if ill else "mse")
    return model, *rare_value(1024), dict(epochs=16 if ill else 8)


@illness("invalid_target", "labels_over_255", r"from 0 to 0\.0078", "out")
def cut_off(ill: bool) -> tuple[Any, ...]:
    x, labels = class_data(512)
    model = network(hidden(), layers.Dense(3, "softmax", name="out"))
    model.compile(adam(), "sparse_categorical_crossentropy")
    return model, x, (labels / 255 if ill else labels).astype("float32"), dict(epochs=8)


@illness("no_signal", "noise", r"512 sampled rows .* R² 0", twin=plain)
def unreadable() -> tuple[Any, ...]:
    model = network(hidden(4), layers.Dense(1))
    model.compile(adam(1e-3), "mse")
    return model, *noise(), dict(epochs=8)


# --- head and loss -------------------------------------------------------------------------------


@illness("output_activation", "softmax_on_one_unit", "single unit", "out")
def always_one(ill: bool) -> tuple[Any, ...]:
    model = network(hidden(), layers.Dense(1, "softmax" if ill else "sigmoid", name="out"))
    model.compile(adam(), "binary_crossentropy")
    return model, *two_classes(), dict(epochs=8)


@illness("output_activation", "softmax_over_another_axis", "do not add up to 1", "out")
def all_ones(ill: bool) -> tuple[Any, ...]:
    x, labels = class_data(512)
    one_step = [layers.Dense(3), layers.Reshape((1, 3))]
    last = [layers.Softmax(axis=1 if ill else -1, name="out"), layers.Reshape((3,))]
    model = network(hidden(), *one_step, *last)
    model.compile(adam(), "sparse_categorical_crossentropy")
    return model, x, labels, dict(epochs=8)


@illness("output_activation", "relu_below_zero", "100% of the targets", "out")
def never_negative(ill: bool) -> tuple[Any, ...]:
    x, y = regression_data(512)
    model = network(hidden(), layers.Dense(1, "relu" if ill else None, name="out"))
    model.compile(adam(), "mse")
    return model, x, y - 5, dict(epochs=15)


class Squared(keras.losses.Loss):
    """A loss as users write it: Keras aligns no shapes for a subclass of `Loss`."""

    def call(self, y_true: Any, y_pred: Any) -> Any:
        return ops.mean(ops.square(y_true - y_pred), axis=-1)


@illness("broadcast_loss", "subclass_of_loss", r"\(N,\) meet outputs of shape \(N, 1\)", "out")
def all_pairs(ill: bool) -> tuple[Any, ...]:
    """Of the pairs of a batch a few are right, so the larger the batch the surer the mean."""
    x, y = regression_data(1024)
    model = network(hidden(64), layers.Dense(1, name="out"))
    model.compile(adam(), Squared())
    return model, x, (y[:, 0] if ill else y), dict(epochs=30 if ill else 15, batch_size=128)


# --- weights -------------------------------------------------------------------------------------


@illness("constant_initialization", "zeros", "all 16 units", CULPRIT, twin=plain)
def all_zero() -> tuple[Any, ...]:
    model = network(
        hidden(kernel_initializer="zeros", name=CULPRIT),
        layers.Dense(1, kernel_initializer="zeros"),
    )
    model.compile(adam(), "mse")
    return model, *regression_data(512), dict(epochs=8)


@illness("constant_initialization", "zero_embeddings", "all 40 units", CULPRIT)
def strangers(ill: bool) -> tuple[Any, ...]:
    """Who likes what cannot be read from the numbers of users and items by any probe."""
    rng = np.random.default_rng(0)
    ids = rng.integers(0, 40, (2048, 2)).astype("int32")
    tastes = rng.normal(size=(2, 40, 3))
    y = (tastes[0][ids[:, 0]] * tastes[1][ids[:, 1]]).sum(1, keepdims=True).astype("float32")
    start = "zeros" if ill else keras.initializers.RandomUniform(-0.5, 0.5, seed=0)
    given = [keras.Input((1,), dtype="int32") for _ in range(2)]
    found = [
        layers.Flatten()(layers.Embedding(40, 8, start, name=name)(i))
        for i, name in zip(given, (CULPRIT, "other"), strict=True)
    ]
    model = keras.Model(given, layers.Dense(1)(layers.Dot(axes=1)(found)))
    model.compile(adam(), "mse")
    return model, [ids[:, :1], ids[:, 1:]], y, dict(epochs=6)


@illness("constant_initialization", "zero_gamma", "gamma.* is zero for all 16", CULPRIT)
def zero_gamma(ill: bool) -> tuple[Any, ...]:
    gamma = "zeros" if ill else "ones"
    norm = layers.BatchNormalization(gamma_initializer=gamma, name=CULPRIT)
    model = network(hidden(activation=None), norm, layers.ReLU(), layers.Dense(1))
    model.compile(adam(), "mse")
    return model, *regression_data(512), dict(epochs=8)


@illness("no_gradient", "all_frozen", "none of the 3 weight arrays is trainable", twin=small_head)
def frozen() -> tuple[Any, ...]:
    return small_head(trainable=False)


@illness("no_gradient", "logarithm_of_negative_outputs", "no weight got any gradient", "out")
def flat_loss(ill: bool) -> tuple[Any, ...]:
    """Keras cuts predictions off at zero in this loss: below there is no slope."""
    x, y = regression_data(512)
    small = initializers.RandomNormal(stddev=0.01)
    bias = initializers.Constant(-5.0 if ill else 1.0)
    head = layers.Dense(1, kernel_initializer=small, bias_initializer=bias, name="out")
    model = network(hidden(), head)
    model.compile(adam(), "mean_squared_logarithmic_error")
    return model, x, np.exp(y), dict(epochs=8)


# --- regularization and modes --------------------------------------------------------------------


@illness("over_regularization", "l2_of_10", r"the penalties cost \d+")
def pressed(ill: bool) -> tuple[Any, ...]:
    penalty = regularizers.L2(10.0 if ill else 1e-4)
    model = network(hidden(kernel_regularizer=penalty), layers.Dense(1, kernel_regularizer=penalty))
    model.compile(adam(), "mse")
    return model, *regression_data(512), dict(epochs=20)


@illness(
    "train_inference_gap",
    "batch_norm_that_never_arrives",
    r"training mode .* \(R² 0\.\d+\), in inference mode not",
    CULPRIT,
)
def two_faced(ill: bool) -> tuple[Any, ...]:
    """Inputs of mean 100: training takes it off at once, inference would in a million steps."""
    x, y = regression_data(512)
    momentum = 0.999999 if ill else 0.5
    norm = layers.BatchNormalization(momentum=momentum, name=CULPRIT)
    model = network(norm, layers.Activation("tanh"), hidden(), layers.Dense(1))
    model.compile(adam(), "mse")
    return model, x + 100, y, dict(epochs=8)


# --- numbers -------------------------------------------------------------------------------------


@illness("non_finite", "overflow", "from layer 'culprit' on", CULPRIT, twin=plain_sgd)
def overflown() -> tuple[Any, ...]:
    model = network(hidden(name=CULPRIT), hidden(), layers.Dense(1))
    model.compile(optimizers.SGD(1e4), "mse")
    return model, *regression_data(512), dict(epochs=3)


@illness("non_finite", "nan_among_the_inputs", "the inputs contain NaN", twin=plain)
def poisoned() -> tuple[Any, ...]:
    x, y = regression_data(512)
    x[3] = np.nan
    model = network(hidden(), layers.Dense(1))
    model.compile(adam(), "mse")
    return model, x, y, dict(epochs=3)


# --- faults that show in another cause as well ---------------------------------------------------


def overgrown() -> tuple[Any, ...]:
    """Weights ten times their usual size, four layers deep: values overflow in the first epoch."""
    kernel = initializers.RandomNormal(stddev=3.0)
    stack = [hidden(kernel_initializer=kernel) for _ in range(4)]
    model = network(*stack, layers.Dense(1, kernel_initializer=kernel))
    model.compile(optimizers.SGD(), "mse")
    return model, *regression_data(512), dict(epochs=3)


# --- several outputs -----------------------------------------------------------------------------


def two_outputs(ill: bool) -> tuple[Any, ...]:
    """The head of the second output cannot give the negative numbers that are asked of it."""
    x, y = regression_data(512)
    given = keras.Input((10,))
    trunk = hidden()(given)
    good = layers.Dense(1, name="good")(trunk)
    other = layers.Dense(1, activation="relu" if ill else None, name="other")(trunk)
    model = keras.Model(given, {"good": good, "other": other})
    model.compile(adam(), {"good": "mse", "other": "mse"})
    return model, x, {"good": y, "other": -y - 5}, dict(epochs=15)
