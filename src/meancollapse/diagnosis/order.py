"""Checks of the rows themselves: do inputs and targets belong together?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from meancollapse.judge import readability

# Rows are shifted by up to so many, either way (research notes, section 4).
SHIFTS = 5
# What a shift must gain, in held-out R², before it is called the better alignment.
GAIN = 0.05
# Share of contradicting rows, and of the targets' variance between equal inputs, worth a word.
CONFLICTS = 0.01
CONTRADICTED = 0.5
# Equal inputs needed before their targets are compared.
MIN_EQUAL = 10


@dataclass(frozen=True)
class Shift:
    """How well the targets can be read from the inputs of other rows.

    Attributes:
        best: The shift that reads best; 0 is the rows as they are.
        value: Held-out R² at that shift.
        unshifted: Held-out R² of the rows as they are.
    """

    best: int
    value: float
    unshifted: float

    @property
    def is_misaligned(self) -> bool:
        """Whether another alignment reads much more, and this one hardly anything."""
        return (
            self.best != 0
            and self.value >= self.unshifted + GAIN
            and self.value >= 2 * self.unshifted
        )


def shift(features: np.ndarray, targets: np.ndarray) -> Shift | None:
    """Compare the rows as they are with targets moved by 1 to 5 rows, either way.

    Args:
        features: Array of shape `(rows, columns)`, rows in their order.
        targets: Array of shape `(rows, outputs)`.

    Returns:
        The best shift, or `None` where nothing can be held out.
    """
    values = {}
    for lag in range(-SHIFTS, SHIFTS + 1):
        moved = np.roll(targets, lag, axis=0)
        keep = slice(SHIFTS, len(targets) - SHIFTS)
        value = _read(features[keep], moved[keep])
        if value is None:
            return None
        values[lag] = value
    best = max(values, key=lambda lag: (values[lag], -abs(lag)))
    return Shift(best, values[best], values[0])


def _read(features: np.ndarray, targets: np.ndarray) -> float | None:
    linear = readability.readability(features, targets)
    if linear is None:
        return None
    fourier = readability.fourier_features(features, np.random.default_rng(0))
    return max(linear, readability.readability(fourier, targets) or 0.0)


@dataclass(frozen=True)
class Repeats:
    """Rows whose inputs are equal.

    Attributes:
        rows: Number of rows whose inputs occur more than once.
        conflicting: How many of them have a target unlike that of an equal row.
        variance: Share of the targets' variance (of these rows) that lies between equal inputs:
            what no model can explain.
    """

    rows: int
    conflicting: int
    variance: float

    @property
    def contradict(self) -> bool:
        """Whether equal inputs have such different targets that little can be learned."""
        enough = self.rows >= MIN_EQUAL and self.conflicting > CONFLICTS * self.rows
        return enough and self.variance >= CONTRADICTED


def repeats(features: np.ndarray, targets: np.ndarray) -> Repeats:
    """The same input with different targets.

    Args:
        features: Array of shape `(rows, columns)`.
        targets: Array of shape `(rows, outputs)`.
    """
    _, group = np.unique(np.ascontiguousarray(features), axis=0, return_inverse=True)
    group = group.ravel()
    counts = np.bincount(group)
    chosen = counts[group] > 1
    if not chosen.any():
        return Repeats(0, 0, 0.0)
    sums = np.stack([np.bincount(group, t) for t in targets.T], axis=1)
    means = sums[group] / counts[group][:, None]
    error = ((targets - means) ** 2)[chosen].sum()
    total = ((targets[chosen] - targets[chosen].mean(0)) ** 2).sum()
    scale = 1e-6 * (np.abs(targets).max() + 1e-30)
    differs = (np.abs(targets - means) > scale).any(1) & chosen
    return Repeats(int(chosen.sum()), int(differs.sum()), float(error / total) if total else 0.0)
