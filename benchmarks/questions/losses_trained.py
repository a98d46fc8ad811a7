"""The small networks, tasks and losses of the comparison of losses, and how one is trained."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from meancollapse import losses

ROWS, BATCH, BINS, WIDTH = 1024, 64, 51, 5
# Compiling with XLA takes longer than these small networks train; JAX knows no other way.
JIT = keras.backend.backend() == "jax"
STEPS = 1 if keras.backend.backend() == "torch" else 16

Rng = np.random.Generator
Data = tuple[np.ndarray, np.ndarray]
Make = Callable[[], keras.losses.Loss]
Head = Callable[[], keras.Layer]


def healthy(rng: Rng, n: int) -> Data:
    """Waves, a product, a line and noise."""
    x = rng.uniform(-1, 1, (n, 5))
    y = np.sin(3 * x[:, 0]) + 2 * x[:, 1] * x[:, 2] + x[:, 3] + 0.2 * rng.normal(size=n)
    return x, y


def high_frequency(rng: Rng, n: int) -> Data:
    """sin(20 x)."""
    x = rng.uniform(-1.7, 1.7, (n, 1))
    return x, np.sin(20 * x[:, 0])


def zero_inflated(rng: Rng, n: int) -> Data:
    """70 % zeros, the rest log-normal and partly predictable."""
    x = rng.normal(size=(n, 5))
    return x, np.where(rng.random(n) < 0.3, np.exp(0.7 * (x[:, 0] + 0.5 * rng.normal(size=n))), 0)


def skewed(rng: Rng, n: int) -> Data:
    """Exponential, seen through noise."""
    y = rng.exponential(size=n)
    return np.stack([y + 0.7 * rng.normal(size=n), rng.normal(size=n)], axis=1), y


def no_signal(rng: Rng, n: int) -> Data:
    """Targets independent of the inputs."""
    return rng.normal(size=(n, 5)), rng.normal(size=n)


CAUSES = {
    "healthy": healthy,
    "dead ReLU": healthy,
    "high frequency": high_frequency,
    "zero-inflated": zero_inflated,
    "skewed target": skewed,
    "no signal": no_signal,
}


def plain() -> keras.Layer:
    """One number."""
    return keras.layers.Dense(1)


def positive() -> keras.Layer:
    """One number above zero."""
    return keras.layers.Dense(1, "softplus")


def bins() -> keras.Layer:
    """A histogram."""
    return keras.layers.Dense(BINS)


def mean_and_variance() -> keras.Layer:
    """A Gaussian."""
    return losses.MeanVarianceHead(1)


def mse_and_concordance() -> keras.losses.Loss:
    """The usual error and half as much of the concordance."""
    terms = {"mse": "MeanSquaredError", "ccc": losses.ConcordanceLoss()}
    return losses.CombinedLoss(terms, {"ccc": 0.5})


# name: (loss, head)
LOSSES: dict[str, tuple[Make, Head]] = {
    "MSE": (keras.losses.MeanSquaredError, plain),
    "MAE": (keras.losses.MeanAbsoluteError, plain),
    "ConcordanceLoss": (losses.ConcordanceLoss, plain),
    "MSE + 0.5 ConcordanceLoss": (mse_and_concordance, plain),
    "PearsonLoss": (losses.PearsonLoss, plain),
    "PearsonLoss(additive=False)": (lambda: losses.PearsonLoss(additive=False), plain),
    "SpreadHinge(0.9, weight=2)": (lambda: losses.SpreadHinge(0.9, weight=2.0), plain),
    "BalancedMSE": (losses.BalancedMSE, plain),
    "BetaNLL": (losses.BetaNLL, mean_and_variance),
    "SymlogError": (losses.SymlogError, plain),
    "HLGauss(-4, 12)": (lambda: losses.HLGauss(-4.0, 12.0), bins),
}
POSITIVE: dict[str, Make] = {
    "MSE": keras.losses.MeanSquaredError,
    "MeanSquaredLogarithmicError (Keras)": keras.losses.MeanSquaredLogarithmicError,
    "MeanSquaredLogScaledError": losses.MeanSquaredLogScaledError,
    'MeanSquaredLogScaledError(epsilon="auto")': lambda: losses.MeanSquaredLogScaledError(
        epsilon="auto"
    ),
    "SymlogError": losses.SymlogError,
}


class RunningSigma(keras.losses.Loss):
    """BalancedMSE whose sigma^2 is a running mean of the batch MSE; TensorFlow and torch only.

    On JAX the assignment has no effect, which is why the library does not do this.
    """

    def __init__(self, momentum: float = 0.9):
        super().__init__(name="running_sigma")
        self.momentum = momentum
        self.variance = keras.Variable(1.0, trainable=False, dtype="float32")

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """The error, after the variance has been brought up to date."""
        mse = keras.ops.stop_gradient(keras.ops.mean(keras.ops.square(y_true - y_pred)))
        self.variance.assign(self.momentum * self.variance + (1 - self.momentum) * mse)
        sigma = keras.ops.sqrt(keras.ops.convert_to_tensor(self.variance))
        return losses.balanced_mse(y_true, y_pred, sigma)


SIGMAS: dict[str, Make] = {
    "sigma = 1": lambda: losses.BalancedMSE(sigma=1.0),
    "sigma = 0.3": lambda: losses.BalancedMSE(sigma=0.3),
    "sigma^2 = MSE of the batch, at most var(y) / 4 (default)": losses.BalancedMSE,
}
if keras.backend.backend() != "jax":
    SIGMAS["sigma^2 = MSE of the batch, no limit"] = lambda: RunningSigma(momentum=0.0)
    SIGMAS["sigma^2 = running mean, momentum 0.9, no limit"] = RunningSigma


def network(width_in: int, head: Head, dead: bool = False, activation: str = "relu") -> keras.Model:
    """Two layers of 32 units; the second is dead if asked for."""
    bias = keras.initializers.Constant(-20.0) if dead else "zeros"
    hidden = [
        keras.layers.Dense(32, activation),
        keras.layers.Dense(32, activation, bias_initializer=bias),
    ]
    return keras.Sequential([keras.layers.Input((width_in,)), *hidden, head()])


def read(loss: keras.losses.Loss, outputs: Any) -> np.ndarray:
    """Predictions in units of the target, from the outputs of a model trained with `loss`."""
    if isinstance(loss, losses.SymlogError):
        outputs = losses.symexp(outputs)
    if isinstance(loss, losses.HLGauss):
        outputs = loss.decoder()(outputs)
    return np.asarray(keras.ops.convert_to_numpy(outputs), "float64")[:, 0]


@functools.cache
def compiled(make_loss: Make, head: Head) -> tuple[keras.Model, list[np.ndarray]]:
    """A compiled model and its untouched optimizer state: tracing takes longer than training."""
    model = network(WIDTH, head)
    model.compile(
        keras.optimizers.Adam(3e-3), make_loss(), jit_compile=JIT, steps_per_execution=STEPS
    )
    model.optimizer.build(model.trainable_variables)
    return model, [keras.ops.convert_to_numpy(v) for v in model.optimizer.variables]


def train(
    make_loss: Make, head: Head, data: Data, seed: int, epochs: int, dead: bool = False
) -> Any:
    """Train on the first half of the rows from fresh weights; predict the other half."""
    x, y = data
    model, optimizer_state = compiled(make_loss, head)
    keras.utils.set_random_seed(seed)
    model.set_weights(network(WIDTH, head, dead).get_weights())
    for variable, value in zip(model.optimizer.variables, optimizer_state, strict=True):
        variable.assign(value)
    model.fit(x[:ROWS], y[:ROWS, None], batch_size=BATCH, epochs=epochs, verbose=0)
    return read(model.loss, model.predict(x[ROWS:], batch_size=ROWS, verbose=0))


def pad(x: np.ndarray) -> np.ndarray:
    """Every task has `WIDTH` inputs, so that one compiled model serves all; zeros say nothing."""
    return np.pad(x, [(0, 0), (0, WIDTH - x.shape[1])]).astype("float32")


def fit(cause: str, make_loss: Make, head: Head, seed: int, epochs: int) -> Data:
    """Predictions and targets on fresh rows, both standardised by the training targets."""
    x, y = CAUSES[cause](np.random.default_rng(seed), 2 * ROWS)
    y = ((y - y[:ROWS].mean()) / y[:ROWS].std()).astype("float32")
    p = train(make_loss, head, (pad(x), y), seed, epochs, dead=cause == "dead ReLU")
    return p, y[ROWS:].astype("float64")


def scores(p: np.ndarray, y: np.ndarray) -> tuple[float, float, float]:
    """Spread, R2, and mean absolute error on the tenth of the rows with the largest targets."""
    tail = y >= np.quantile(y, 0.9)
    return p.std() / y.std(), 1 - np.mean((y - p) ** 2) / y.var(), np.abs(y - p)[tail].mean()


def positive_targets(
    lowest: float, highest: float, make_loss: Make, seed: int, epochs: int
) -> tuple[float, float]:
    """Median relative error and R2 for targets spread evenly in their logarithm or, from 0, not."""
    x, y = healthy(np.random.default_rng(seed), 2 * ROWS)
    share = 1 / (1 + np.exp(-y))
    y = highest * (share if lowest == 0 else (lowest / highest) ** (1 - share))
    p = train(make_loss, positive, (pad(x), y.astype("float32")), seed, epochs)
    y = y[ROWS:]
    return np.median(np.abs(p - y) / y), 1 - np.mean((y - p) ** 2) / y.var()


def constant_targets() -> dict[str, np.ndarray]:
    """Targets on [0, 1] for which the best constant is sought."""
    rng = np.random.default_rng(0)
    uniform = rng.uniform(size=2000)
    return {
        "uniform on [0, 1]": uniform,
        "the same, 10 % zeros": np.where(rng.random(2000) < 0.1, 0, uniform),
    }


def best_constants(y: np.ndarray) -> tuple[float, float, float]:
    """The mean, and the best constants of the literal formula and of ours, found on a grid."""
    grid = np.geomspace(1e-3, 1, 600)
    literal = [cost_literal(y, c) for c in grid]
    loss = losses.MeanSquaredLogScaledError()
    safe = [float(keras.ops.convert_to_numpy(loss(y, np.full((len(y), 1), c)))) for c in grid]
    return y.mean(), grid[np.argmin(literal)], grid[np.argmin(safe)]


def cost_literal(y: np.ndarray, c: float, alpha: float = 5.0, epsilon: float = 1e-9) -> float:
    """The log-scaled error of one constant, as it was first written down."""
    return np.mean((y - c) ** 2 + alpha * (np.log(y + epsilon) - np.log(c + epsilon)) ** 2)
