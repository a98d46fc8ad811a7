"""How much of the target can be read from a tensor: held-out ridge regression.

Everything here is float64 NumPy on plain arrays; nothing knows about Keras.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import linalg
from scipy.spatial.distance import pdist

# Ridge penalty per fitted row, on standardised columns (DESIGN.md, "What decides").
RIDGE = 0.01
# A column whose std is below this share of its mean is float32 rounding, not variation.
CONSTANT_COLUMN = 1e-6
# Standardised values are clipped here, so that one wild held-out row cannot decide.
CLIP = 5.0
# More columns than a quarter of the rows and plain ridge extrapolates wildly...
ROWS_PER_COLUMN = 4
# ...so a ridge on more of them is held back by this share of all their variance.
DUAL_RIDGE = 0.3
# With fewer rows nothing can be held out.
MIN_ROWS = 16
RFF_FEATURES = 256
PERMUTATIONS = 99
MAX_TARGETS = 16


@dataclass(frozen=True)
class InputReadability:
    """Readability at the input, with a permutation test of "nothing can be read".

    Attributes:
        value: Held-out R² of the reading that is best, floored at 0: ridge, ridge on random Fourier
            features, or ridge on more columns than there are rows.
        p_value: Share of target permutations that read at least as well. Small means signal.
        rows: Number of rows it stands on.
        linear: The same of the best straight line, that is without Fourier features.
        as_layers: The same of what layers are read by as well, a limited number of columns.
    """

    value: float
    p_value: float
    rows: int
    linear: float
    as_layers: float


def readability(features: np.ndarray, targets: np.ndarray) -> float | None:
    """Held-out R² of a ridge regression of `targets` on `features`.

    Each half of the rows is predicted by a ridge fitted on the other half.

    Args:
        features: Array of shape `(rows, columns)`.
        targets: Array of shape `(rows, outputs)`, in any unit.

    Returns:
        R² over all outputs together, floored at 0, or `None` with fewer than 16 rows or targets
        that do not vary. Non-finite features cannot be read: 0.
    """
    targets = reduce_targets(targets)
    if len(targets) < MIN_ROWS or not targets.size:
        return None
    if not np.isfinite(features).all():
        return 0.0
    return max(0.0, _r2(_held_out(features, targets, _folds(len(targets))), targets))


def input_readability(
    features: np.ndarray, targets: np.ndarray, gram: np.ndarray | None = None, seed: int = 0
) -> InputReadability | None:
    """Readability at the input: ridge and ridge on random Fourier features, and whether it is luck.

    Of words and of wide tables a limited number of columns shows little. There a ridge on all of
    them is fitted as well, in its dual form, which needs no more than their inner products.

    The statistic is the largest held-out R²; it is recomputed for 99 permutations of the targets,
    so the p-value holds for the maximum (a max-statistic permutation test).

    Args:
        features: Array of shape `(rows, columns)`.
        targets: Array of shape `(rows, outputs)`.
        gram: Inner products of the rows over more columns than `features` has, an array of shape
            `(rows, rows)`; `None` where there are no more.
        seed: Seed of the Fourier features and of the permutations.

    Returns:
        An `InputReadability`, or `None` when it cannot be measured (see `readability`).
    """
    targets = reduce_targets(targets)
    rows = len(targets)
    if rows < MIN_ROWS or not targets.size or not np.isfinite(features).all():
        return None
    rng = np.random.default_rng(seed)
    orders = np.stack(
        [np.arange(rows)] + [rng.permutation(rows) for _ in range(PERMUTATIONS)], axis=1
    )
    permuted = targets[orders]  # (rows, 1 + permutations, outputs)
    flat = permuted.reshape(rows, -1)
    folds = _folds(rows)
    held = [
        _held_out(columns, flat, folds) for columns in (features, fourier_features(features, rng))
    ]
    if gram is not None:
        held.append(_held_out_dual(gram, flat, folds))
    errors = [(predictions - flat).reshape(permuted.shape) for predictions in held]
    found = np.stack([1.0 - (e**2).sum((0, 2)) / _sum_of_squares(targets) for e in errors])
    best = found.max(0)
    p_value = float(np.mean(best >= best[0]))
    linear, as_layers = max(found[0, 0], found[2:, 0].max(initial=0.0)), found[:2, 0].max()
    value, linear, as_layers = (max(0.0, float(r2)) for r2 in (best[0], linear, as_layers))
    return InputReadability(value, p_value, rows, linear, as_layers)


def fourier_features(features: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Random Fourier features of a Gaussian kernel with the median-distance bandwidth.

    Source: Rahimi and Recht, "Random features for large-scale kernel machines", 2007.

    Args:
        features: Array of shape `(rows, columns)`.
        rng: NumPy random generator.

    Returns:
        Array of shape `(rows, min(256, rows // 4))`.
    """
    standard = standardise(features, features)
    if not standard.shape[1]:
        return np.zeros((len(features), 0))
    some = standard[rng.permutation(len(standard))[:200]]
    bandwidth = max(float(np.median(pdist(some))), 1e-12)
    count = max(1, min(RFF_FEATURES, len(features) // ROWS_PER_COLUMN))
    weights = rng.normal(size=(standard.shape[1], count)) / bandwidth
    return np.cos(standard @ weights + rng.uniform(0, 2 * np.pi, count))


def column_limit(rows: int) -> int:
    """The largest number of feature columns a probe on `rows` rows should be given."""
    return max(4, rows // ROWS_PER_COLUMN)


def reduce_targets(targets: np.ndarray) -> np.ndarray:
    """Varying target columns in float64; more than 16 become their 16 principal components."""
    targets = np.asarray(targets, np.float64).reshape(len(targets), -1)
    targets = targets[:, _varies(targets)]
    if targets.shape[1] <= MAX_TARGETS:
        return targets
    centred = targets - targets.mean(0)
    left, values, _ = linalg.svd(centred, full_matrices=False)
    return left[:, :MAX_TARGETS] * values[:MAX_TARGETS]


def _varies(columns: np.ndarray) -> np.ndarray:
    if not columns.size:
        return np.zeros(columns.shape[1], bool)
    return columns.std(0) > CONSTANT_COLUMN * np.abs(columns.mean(0)) + 1e-30


def standardise(fitted: np.ndarray, applied: np.ndarray) -> np.ndarray:
    """Columns of `applied` in units of `fitted`'s mean and std; constant columns dropped."""
    keep = _varies(fitted)
    mean, std = fitted[:, keep].mean(0), fitted[:, keep].std(0)
    return np.clip((applied[:, keep] - mean) / std, -CLIP, CLIP)


def _folds(rows: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Two halves of a fixed shuffle, each held out once."""
    order = np.random.default_rng(0).permutation(rows)
    first, second = order[: rows // 2], order[rows // 2 :]
    return [(first, second), (second, first)]


def _held_out(
    features: np.ndarray, targets: np.ndarray, folds: list[tuple[np.ndarray, np.ndarray]]
) -> np.ndarray:
    """Predictions of every row by a ridge fitted on the half it is not in."""
    features = np.asarray(features, np.float64)
    predictions = np.empty_like(targets)
    for fitted, held in folds:
        mean = targets[fitted].mean(0)
        x = standardise(features[fitted], features[fitted])
        gram = x.T @ x + RIDGE * len(fitted) * np.eye(x.shape[1])
        weights = linalg.solve(gram, x.T @ (targets[fitted] - mean), assume_a="pos")
        predictions[held] = standardise(features[fitted], features[held]) @ weights + mean
    return predictions


def _held_out_dual(
    gram: np.ndarray, targets: np.ndarray, folds: list[tuple[np.ndarray, np.ndarray]]
) -> np.ndarray:
    """The same from inner products: ridge in its dual form, on centred features."""
    predictions = np.empty_like(targets)
    for fitted, held in folds:
        mean = targets[fitted].mean(0)
        inner = gram[np.ix_(fitted, fitted)]
        rows, whole = inner.mean(0), inner.mean()
        centred = inner - rows - rows[:, None] + whole
        penalty = DUAL_RIDGE * max(float(np.trace(centred)) / len(fitted), 1e-12)
        system = centred + penalty * np.eye(len(fitted))
        weights = linalg.solve(system, targets[fitted] - mean, assume_a="pos")
        across = gram[np.ix_(held, fitted)]
        across = across - across.mean(1, keepdims=True) - rows + whole
        predictions[held] = across @ weights + mean
    return predictions


def _sum_of_squares(targets: np.ndarray) -> float:
    return float(((targets - targets.mean(0)) ** 2).sum())


def _r2(predictions: np.ndarray, targets: np.ndarray) -> float:
    return 1.0 - float(((predictions - targets) ** 2).sum()) / _sum_of_squares(targets)
