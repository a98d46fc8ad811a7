"""The compiled loss of one output, evaluated on sampled rows."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from meancollapse.instrument import backends, heads
from meancollapse.instrument.layers import to_numpy


def value(head: heads.Head, target: np.ndarray, prediction: np.ndarray, weights: Any) -> float:
    """The compiled loss of one output on the sample, as Keras would average it."""
    loss = head.loss
    if loss is None:  # squared error, of classes the Brier score
        targets, predictions = heads.columns(head, target, prediction)
        return float(np.mean((to_numpy(targets).astype(float) - to_numpy(predictions)) ** 2))
    if isinstance(loss, str):
        loss = keras.losses.get(loss)
    y, p = keras.ops.convert_to_tensor(target), keras.ops.convert_to_tensor(prediction)
    with backends.without_gradient():
        if isinstance(loss, keras.losses.Loss):
            mean = loss(y, p) if weights is None else loss(y, p, sample_weight=weights)
            return float(np.mean(to_numpy(mean)))
        # Keras wraps plain functions so that targets (N,) meet outputs (N, 1) in the same shape.
        if len(y.shape) + 1 == len(p.shape) and p.shape[-1] == 1:
            y = keras.ops.expand_dims(y, -1)
        values = to_numpy(loss(y, p)).astype(np.float64)
    rows = row_vector(weights, len(values)) if values.ndim else None
    return (
        float(np.average(values.reshape(len(values), -1).mean(1), weights=rows))
        if values.ndim
        else float(values)
    )


def is_by_position(head: heads.Head, target: np.ndarray, prediction: np.ndarray) -> bool:
    """Whether the loss is a mean over the positions of a row, and none of the row as a whole."""
    loss = keras.losses.get(head.loss) if isinstance(head.loss, str) else head.loss
    if loss is None:
        return True
    each = loss.call if isinstance(loss, keras.losses.Loss) else loss
    y, p = (keras.ops.convert_to_tensor(array[:2]) for array in (target, prediction))
    with backends.without_gradient():
        return tuple(each(y, p).shape) == tuple(p.shape[:-1])


def row_vector(weights: Any, rows: int) -> np.ndarray | None:
    """Sample weights as one number per row; `None` without any that can be used."""
    if weights is None:
        return None
    weights = np.asarray(weights, np.float64)
    weights = weights.reshape(len(weights), -1).mean(1)
    return weights if len(weights) == rows and weights.sum() > 0 else None
