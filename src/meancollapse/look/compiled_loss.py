"""The compiled loss of one output on sampled rows: its value, and what it is without a model."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from meancollapse.backend import framework
from meancollapse.judge import baseline
from meancollapse.look import columns, heads
from meancollapse.look.layers import to_numpy


@dataclass(frozen=True)
class Bounds:
    """What is known of the loss of some targets, whatever the model predicts.

    Attributes:
        constant: The best constant.
        constant_loss: Its loss.
        perfect_loss: Loss of predicting the targets themselves; `None` where that means nothing.
        is_endless: Whether the loss falls without end.
        asks: Whether the loss asks for the targets at all.
    """

    constant: np.ndarray
    constant_loss: float
    perfect_loss: float | None
    is_endless: bool
    asks: bool = True


# A call with so many rows that takes longer than this is slow...
FEW_ROWS, SLOW = 32, 0.01
# ...and one with more of them may take about so long.
SECONDS_PER_CALL = 0.1
# Losses whose pace is remembered.
MAX_KNOWN = 64
_seconds: dict[int, tuple[Any, float]] = {}


def value(head: heads.Head, target: np.ndarray, prediction: np.ndarray, weights: Any) -> float:
    """The compiled loss of one output on the sample, as Keras would average it."""
    index = affordable(head, target, prediction)
    if index is not None:
        target, prediction = target[index], prediction[index]
        weights = None if weights is None else np.asarray(weights)[index]
    return _value(head, target, prediction, weights)


def mean(head: heads.Head, target: Any, prediction: Any) -> Any:
    """The mean loss of one output as a tensor, without sample weights."""
    loss = keras.losses.get(head.loss) if isinstance(head.loss, str) else head.loss
    y, p = keras.ops.convert_to_tensor(target), prediction
    if loss is None:
        targets, predictions = heads.columns(head, y, p)
        return keras.ops.mean(keras.ops.square(targets - predictions))
    if not isinstance(loss, keras.losses.Loss) and len(y.shape) + 1 == len(p.shape):
        y = keras.ops.expand_dims(y, -1) if p.shape[-1] == 1 else y
    return keras.ops.mean(loss(y, p))


def affordable(head: heads.Head, target: np.ndarray, prediction: np.ndarray) -> np.ndarray | None:
    """The rows on which a loss of the user's own may be asked; `None` for all.

    A loss that goes through its rows one by one, as `tf.map_fn` does, would hold up the training.
    """
    loss, count = head.loss, len(prediction)
    if loss is None or heads.is_of_keras(loss) or len(target) != count or count <= FEW_ROWS:
        return None
    seconds = _seconds.get(id(loss), (None, 0.0))
    if seconds[0] is not loss:
        few = np.arange(FEW_ROWS)
        seconds = _seconds[id(loss)] = loss, _shortest(head, target[few], prediction[few])
        while len(_seconds) > MAX_KNOWN:
            del _seconds[next(iter(_seconds))]
    if seconds[1] <= SLOW:
        return None
    rows = max(FEW_ROWS, int(FEW_ROWS * SECONDS_PER_CALL / seconds[1]))
    return None if rows >= count else np.linspace(0, count - 1, rows).astype(int)


def _shortest(head: heads.Head, target: np.ndarray, prediction: np.ndarray) -> float:
    """Seconds of one call, the first and what it sets up left out."""
    found = []
    for _ in range(3):
        began = time.perf_counter()
        _value(head, target, prediction, None)
        found.append(time.perf_counter() - began)
    return min(found)


def is_slow(head: heads.Head) -> bool:
    """Whether a loss takes so long that it is not to be asked often."""
    return _seconds.get(id(head.loss), (None, 0.0))[1] > SLOW


def depends_on_targets(head: heads.Head, target: np.ndarray, prediction: np.ndarray) -> bool:
    """Whether a loss would notice other targets.

    One that does not is given dummies, as `fit` wants some targets (triplets, consistency). One
    that only does not notice which row a target belongs to, as it averages over all pairs, does.
    """
    if head.loss is None or heads.is_of_keras(head.loss) or len(target) < 2:
        return True
    as_is = value(head, target, prediction, None)
    room = 1e-6 * max(abs(as_is), 1e-12)
    alike = (np.repeat(target[i : i + 1], len(target), axis=0) for i in (0, len(target) // 2))
    others = (target[::-1], *alike)
    return any(not abs(value(head, y, prediction, None) - as_is) <= room for y in others)


def _value(head: heads.Head, target: np.ndarray, prediction: np.ndarray, weights: Any) -> float:
    loss = head.loss
    if loss is None:  # squared error, of classes the Brier score
        targets, predictions = heads.columns(head, target, prediction)
        return float(np.mean((to_numpy(targets).astype(float) - to_numpy(predictions)) ** 2))
    if isinstance(loss, str):
        loss = keras.losses.get(loss)
    y, p = keras.ops.convert_to_tensor(target), keras.ops.convert_to_tensor(prediction)
    with framework.without_gradient():
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
    with framework.without_gradient():
        return tuple(each(y, p).shape) == tuple(p.shape[:-1])


def row_vector(weights: Any, rows: int) -> np.ndarray | None:
    """Sample weights as one number per row; `None` without any that can be used."""
    if weights is None:
        return None
    weights = np.asarray(weights, np.float64)
    weights = weights.reshape(len(weights), -1).mean(1).clip(0)
    return weights if len(weights) == rows and weights.sum() > 0 else None


def bounds(head: heads.Head, target: np.ndarray, like: np.ndarray, weights: Any) -> Bounds:
    """The bounds of the loss of these targets; predictions are shaped as `like`."""

    def loss(values: np.ndarray) -> float:
        values = np.broadcast_to(values, like.shape).astype(like.dtype)
        return value(head, target, values, weights)

    perfect: float | None = 0.0
    is_endless = False
    rows = row_vector(weights, len(target))
    prior, matrix = _prior(head, target, like, rows)
    native = to_native(head)
    if head.kind == "regression":
        constant, constant_loss = _best_number(head, matrix, like, rows, loss)
        perfect = loss(target.reshape(like.shape)) if head.is_one_to_one else None
        if perfect:
            is_endless = baseline.is_endless(loss, target.reshape(like.shape))
    else:
        is_distribution = head.kind != "binary"
        name = head.loss_name if head.loss_name in baseline.MEAN_LOSSES else "custom"
        constant, constant_loss = baseline.best_constant(
            name,
            lambda c: loss(native(c.reshape((1, *prior.shape)))),
            prior.reshape(1, -1),
            is_distribution,
            is_probability=head.kind == "binary",
        )
        if head.kind != "sparse" and target.shape == like.shape:
            perfect = loss(native(target))
    asks = depends_on_targets(head, target, like)
    is_own = head.loss is not None and not heads.is_of_keras(head.loss)
    if is_own and perfect is not None and not is_endless and target.shape == like.shape:
        # Of packed targets nobody is to give back the numbers themselves.
        asks = asks and perfect < constant_loss
    return Bounds(np.asarray(constant), constant_loss, perfect, is_endless, asks)


def _best_number(
    head: heads.Head,
    targets: np.ndarray,
    prediction: np.ndarray,
    weights: np.ndarray | None,
    loss: Callable[[np.ndarray], float],
) -> tuple[np.ndarray, float]:
    """The best constant of a regression and its loss.

    A mean and a variance, or a risk, are not where the targets are: then it is also looked for
    among the predictions.
    """

    def of_constant(constant: np.ndarray) -> float:
        return loss(constant.reshape((1, *prediction.shape[1:])))

    def best(points: np.ndarray) -> tuple[np.ndarray, float]:
        return baseline.best_constant(
            head.loss_name, of_constant, points, weights=weights, search=not is_slow(head)
        )

    found = [best(targets)] if head.is_comparable else []
    points = prediction.reshape(len(prediction), -1)
    if not head.is_one_to_one:
        is_distribution = points.shape[1] > 1 and np.allclose(points.sum(1), 1, atol=1e-3)
        if points.shape[1] <= baseline.MAX_SEARCHED_COLUMNS and not is_distribution:
            found.append(best(points))
        else:  # one that the output can certainly take
            mean = np.average(points, axis=0, weights=weights)
            found.append((mean, of_constant(mean)))
    return min(found, key=lambda each: each[1])


def _prior(
    head: heads.Head, target: np.ndarray, prediction: np.ndarray, weights: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Mean target in the shape of one prediction, by sample weight; the targets as a matrix."""
    if head.kind == "sparse":
        classes = prediction.shape[-1]
        ids = columns.class_ids(target).astype(np.int64).reshape(len(target), -1)
        rows = np.ones(len(target)) if weights is None else weights
        mass = np.broadcast_to(rows[:, None], ids.shape)
        known = (ids >= 0) & (ids < classes)
        counts = np.bincount(ids[known], weights=mass[known], minlength=classes)
        return counts / max(counts.sum(), 1e-300), np.zeros((len(target), 0))
    matrix = np.asarray(target, np.float64).reshape(len(target), -1)
    if head.kind == "regression":
        if matrix.shape[1] == 1 and prediction[0].size > 1:
            matrix = np.repeat(matrix, prediction[0].size, axis=1)
        return matrix.mean(0), matrix
    mean = np.average(matrix, axis=0, weights=weights)
    fits = mean.size == prediction[0].size
    return mean.reshape(prediction.shape[1:]) if fits else mean, matrix


def to_native(head: heads.Head) -> Any:
    """Probabilities as what the head produces: themselves, or logits."""
    if not head.from_logits:
        return lambda p: p
    if head.kind == "binary":
        return lambda p: np.log(np.clip(p, 1e-7, 1) / np.clip(1 - p, 1e-7, 1))
    return lambda p: np.log(np.clip(p, 1e-12, 1))
