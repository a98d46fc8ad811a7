"""The best constant predictor of a loss, and the skill a model has beyond it.

Which constant is best depends on the loss: the mean for squared error, the median for absolute
error, the class prior for crossentropy. Where no closed form is known the user's own loss is
minimised over a constant on the sampled targets.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy import optimize

MEAN_LOSSES = {
    "mean_squared_error",
    "poisson",
    "binary_crossentropy",
    "categorical_crossentropy",
    "sparse_categorical_crossentropy",
    "kl_divergence",
}
MEDIAN_LOSSES = {"mean_absolute_error"}
# A focal loss wants the prior nearer to an even one: powers of it that are tried.
POWERS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.5, 2.0)
# Further below the best constant than this, in nats, likelihoods are not told apart.
LEAST_LIKELY = 20.0
# Losses this near to each other, as a share of them, are the same.
ROOM = 1e-6
# A numerical search over more columns than this is not worth its time.
MAX_SEARCHED_COLUMNS = 4


def best_constant(
    loss_name: str,
    loss: Callable[[np.ndarray], float],
    targets: np.ndarray,
    is_distribution: bool = False,
    is_probability: bool = False,
    weights: np.ndarray | None = None,
    search: bool = True,
) -> tuple[np.ndarray, float]:
    """The constant that minimises `loss` on the targets.

    Args:
        loss_name: Name of the loss function, such as `"mean_squared_error"`.
        loss: Maps a constant of shape `(columns,)` to the loss of predicting it everywhere.
        targets: Array of shape `(rows, columns)`.
        is_distribution: Whether the constant must be a distribution over the columns.
        is_probability: Whether every column is a probability of its own.
        weights: Sample weights of shape `(rows,)`, or `None`.
        search: Whether to go on from the best of the candidates, with dozens of calls of `loss`.

    Returns:
        The constant, shape `(columns,)`, and its loss.
    """
    mean = np.average(targets, axis=0, weights=weights)
    if loss_name in MEAN_LOSSES:
        return mean, loss(mean)
    median = weighted_quantile(targets, 0.5, weights)
    if loss_name in MEDIAN_LOSSES:
        return median, loss(median)
    if is_distribution:
        candidates = [_tempered(mean, power) for power in POWERS]
    elif is_probability:
        pairs = np.stack([mean, 1 - mean])
        candidates = [_tempered(pairs, power)[0] for power in POWERS]
    else:
        quantiles = [
            weighted_quantile(targets, q, weights) for q in (0.05, 0.1, 0.25, 0.75, 0.9, 0.95)
        ]
        candidates = [mean, median, *quantiles]
    losses = [_finite(loss(candidate)) for candidate in candidates]
    best = np.array(candidates[int(np.argmin(losses))], np.float64)
    is_simple = is_distribution or is_probability or not search
    if is_simple or targets.shape[1] > MAX_SEARCHED_COLUMNS:
        return best, min(losses)
    return _search(loss, best, targets)


def skill(loss: float, constant_loss: float, perfect_loss: float | None) -> float:
    """1 − (loss − perfect) ÷ (constant loss − perfect): 0 like the best constant, 1 perfect.

    Where nobody knows what a perfect prediction costs, 0 is taken for it. A loss that has gone
    below is a log-likelihood, in nats, and the skill is 1 − exp(2 (loss − constant loss)): R², for
    Gaussian variables.

    Args:
        loss: The model's loss.
        constant_loss: Loss of the best constant.
        perfect_loss: Loss of predicting the targets themselves (0 for most losses); `None` if
            targets and predictions are different things.

    Returns:
        The skill, or NaN where the loss does not tell a perfect prediction from the best constant.
    """
    # What costs more than the model's answers is not perfect: labels with a mark for missing ones.
    if perfect_loss is None or loss < perfect_loss < constant_loss - ROOM * abs(constant_loss):
        perfect_loss = 0.0
        if math.isfinite(constant_loss) and min(loss, constant_loss) < 0:
            return -math.expm1(min(2 * (loss - constant_loss), LEAST_LIKELY))
    room = constant_loss - perfect_loss
    if not all(map(math.isfinite, (loss, constant_loss, perfect_loss))) or room <= 0:
        return math.nan
    return 1.0 - (loss - perfect_loss) / room


def is_endless(loss: Callable[[np.ndarray], float], targets: np.ndarray) -> bool:
    """Whether a loss always falls in step with the size of what is predicted.

    So does the loss of a Wasserstein critic, the difference between the mean outputs of two classes
    (Arjovsky et al. 2017, ICML): only what goes on beside the loss, clipped weights for one, keeps
    the outputs where they are, and how far they vary says nothing.

    Args:
        loss: Maps predictions, shaped as the targets, to their loss.
        targets: Array of shape `(rows, ...)`.
    """
    middle = targets.mean(axis=0, keepdims=True)
    for sign in (1.0, -1.0):
        near, far, farther = (loss(middle + sign * k * (targets - middle)) for k in (1.0, 3.0, 9.0))
        if math.isfinite(farther) and near - far > 0 and far - farther >= 2 * (near - far):
            return True
    return False


def weighted_quantile(targets: np.ndarray, q: float, weights: np.ndarray | None) -> np.ndarray:
    """The q-quantile of every column, rows counted by their weights."""
    if weights is None:
        return np.quantile(targets, q, axis=0)
    order = np.argsort(targets, axis=0)
    mass = np.cumsum(np.asarray(weights, float)[order], axis=0)
    index = (mass < q * mass[-1]).sum(0).clip(max=len(targets) - 1)
    return np.take_along_axis(targets, np.take_along_axis(order, index[None], 0), 0)[0]


def _search(
    loss: Callable[[np.ndarray], float], start: np.ndarray, targets: np.ndarray
) -> tuple[np.ndarray, float]:
    """Column by column, a bounded line search over the targets' range."""
    best, value = start, _finite(loss(start))
    for column in range(targets.shape[1]):
        low, high = float(targets[:, column].min()), float(targets[:, column].max())
        if not high > low:
            continue

        def along(c: float, column: int = column, best: np.ndarray = best) -> float:
            trial = best.copy()
            trial[column] = c
            return _finite(loss(trial))

        found = optimize.minimize_scalar(
            along, bounds=(low, high), method="bounded", options={"maxiter": 25}
        )
        if found.fun < value:
            best = best.copy()
            best[column], value = found.x, float(found.fun)
    return best, value


def _tempered(prior: np.ndarray, power: float) -> np.ndarray:
    raised = np.clip(prior, 1e-7, None) ** power
    return raised / raised.sum(0)


def _finite(value: float) -> float:
    return value if math.isfinite(value) else math.inf
