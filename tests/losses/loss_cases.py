"""What the tests of all losses share: one instance of each, gradients, and a NumPy reference."""

from __future__ import annotations

import functools

import keras
import numpy as np

from meancollapse import losses

REGRESSION = {
    "log_scaled": lambda: losses.MeanSquaredLogScaledError(),
    "log_scaled_auto": lambda: losses.MeanSquaredLogScaledError(epsilon="auto"),
    "concordance": lambda: losses.ConcordanceLoss(),
    "pearson": lambda: losses.PearsonLoss(),
    "pearson_alone": lambda: losses.PearsonLoss(additive=False),
    "balanced": lambda: losses.BalancedMSE(),
    "balanced_fixed": lambda: losses.BalancedMSE(sigma=0.5),
    "spread_hinge": lambda: losses.SpreadHinge(reachable_r2=0.9),
    "spread_hinge_alone": lambda: losses.SpreadHinge(reachable_r2=0.9, additive=False),
    "symlog": lambda: losses.SymlogError(),
}
OTHER = {
    "beta_nll": lambda: losses.BetaNLL(),
    "hl_gauss": lambda: losses.HLGauss(-1.0, 2.0),
    "logit_adjusted": lambda: losses.LogitAdjustedCrossentropy([90, 9, 1]),
    "combined": lambda: losses.CombinedLoss(
        {"mse": "MeanSquaredError", "ccc": losses.ConcordanceLoss()}, {"ccc": 0.5}
    ),
}
ALL = REGRESSION | OTHER


def outputs(name: str) -> int:
    return {"beta_nll": 2, "hl_gauss": 6, "logit_adjusted": 3}.get(name, 1)


def targets(name: str, rows: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    if name == "logit_adjusted":
        return rng.integers(0, 3, rows).astype("float32")
    return rng.uniform(0.1, 1.0, rows).astype("float32")


def predictions(name: str, rows: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).uniform(0.1, 1, (rows, outputs(name))).astype("float32")


def to_numpy(x) -> np.ndarray:
    return keras.ops.convert_to_numpy(x)


def gradient(function, x: np.ndarray) -> np.ndarray:
    """Gradient of a scalar function at `x`, on whichever backend runs."""
    backend = keras.backend.backend()
    if backend == "jax":
        import jax

        return np.asarray(jax.grad(function)(jax.numpy.asarray(x)))
    if backend == "torch":
        import torch

        leaf = torch.tensor(x, requires_grad=True)
        function(leaf).backward()
        return leaf.grad.numpy()
    import tensorflow as tf

    leaf = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(leaf)
        value = function(leaf)
    return np.asarray(tape.gradient(value, leaf))


def value_and_gradient(loss, y: np.ndarray, p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of a loss, for many inputs of one shape: compiled once under JAX, which is slow without."""
    if keras.backend.backend() == "jax":
        value, slope = _jax_value_and_gradient(loss)(p, y)
        return np.asarray(value), np.asarray(slope)
    return to_numpy(loss(y, p)), gradient(lambda p: loss(y, p), p)


@functools.cache
def _jax_value_and_gradient(loss):
    import jax

    return jax.jit(jax.value_and_grad(lambda p, y: loss(y, p)))


def numerical_gradient(function, x: np.ndarray, step: float = 1e-6) -> np.ndarray:
    """Central differences of a float64 function."""
    x = np.asarray(x, dtype="float64")
    result = np.zeros_like(x)
    for index in np.ndindex(*x.shape):
        shift = np.zeros_like(x)
        shift[index] = step
        result[index] = (function(x + shift) - function(x - shift)) / (2 * step)
    return result


def r2(y: np.ndarray, p: np.ndarray) -> float:
    y, p = np.ravel(y), np.ravel(p)
    return float(1 - np.mean((y - p) ** 2) / np.var(y))
