"""Targets and predictions of the sample as columns over the same rows."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from meancollapse.look import heads
from meancollapse.look.layers import to_numpy


def of(
    head: heads.Head, target: np.ndarray, prediction: Any = None, target_only: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Targets and predictions as float64 columns; `target_only` needs no prediction."""
    if target_only:
        shape = target.shape if head.kind != "sparse" else (*class_ids(target).shape, head.classes)
        prediction = np.zeros(shape, np.float32)
    targets, predictions = heads.columns(head, target, prediction)
    if not head.is_comparable and not target_only:
        targets, predictions = (heads.input_columns(t) for t in (target, prediction))
    targets, predictions = (to_numpy(t).astype(np.float64) for t in (targets, predictions))
    if head.one_target and not target_only:
        best = _best_column(targets, predictions)
        return targets[:, best], predictions[:, best]
    return targets, predictions


def _best_column(targets: np.ndarray, predictions: np.ndarray) -> slice:
    """The column that follows the target best: a head of mean and variance, or of quantiles."""
    y, p = targets - targets.mean(0), predictions - predictions.mean(0)
    scale = np.sqrt((y**2).sum(0) * (p**2).sum(0))
    follows = np.where(scale > 0, (y * p).sum(0) / np.where(scale > 0, scale, 1), 0)
    best = int(np.argmax(follows))
    return slice(best, best + 1)


def class_ids(target: np.ndarray) -> np.ndarray:
    """Class numbers without the last axis of length one that they may have."""
    return target[..., 0] if target.ndim > 1 and target.shape[-1] == 1 else target


def matching(columns: np.ndarray, x: Any) -> np.ndarray:
    """Rows of columns as rows of the input: positions of unknown number go side by side."""
    rows = len(keras.tree.flatten(x)[0])
    return columns.reshape(rows, -1) if len(columns) != rows else columns
