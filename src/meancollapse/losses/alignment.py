"""How targets, outputs and weights are brought together before a loss looks at them."""

from __future__ import annotations

from typing import Any, NamedTuple

import keras
from keras import ops

Tensor = Any

# Floor of a batch's scale and of its largest weight: keeps their reciprocals inside float32.
SMALLEST_SCALE = 1e-15


class Batch(NamedTuple):
    """A batch as rows and outputs, in units that cannot overflow.

    Attributes:
        y_true: targets minus their weighted mean, over `scale`. Shape `(rows, outputs)`.
        y_pred: outputs minus the mean of the *targets*, over `scale`. Same shape.
        weight: weight of each row, summing to one. Shape `(rows, 1)`.
        scale: largest distance from the mean of the targets, per output. Shape `(outputs,)`.
    """

    y_true: Tensor
    y_pred: Tensor
    weight: Tensor
    scale: Tensor


def as_float(x: Tensor) -> Tensor:
    """Cast to float32, or leave it wider: float16 cannot hold a squared error of 256."""
    x = ops.convert_to_tensor(x)
    return ops.cast(x, keras.backend.result_type(x.dtype, "float32"))


def align(y_true: Tensor, y_pred: Tensor) -> tuple[Tensor, Tensor]:
    """Give targets and outputs one dtype and one shape `(batch, ..., outputs)`.

    `(N,)` against `(N, 1)` becomes `(N, 1)` twice, never an N x N table. Where ranks differ the
    missing last axis is added, so one loss value remains per row and Keras' masks still fit.

    Raises:
        ValueError: if the shapes are not the same after that.
    """
    y_pred = as_float(y_pred)
    y_true = ops.cast(ops.convert_to_tensor(y_true), y_pred.dtype)
    shapes = tuple(y_true.shape), tuple(y_pred.shape)
    y_true, y_pred = _same_rank(y_true, y_pred)
    if not _compatible(tuple(y_true.shape), tuple(y_pred.shape)):
        raise ValueError(
            "Targets and outputs must have the same shape, up to a last axis of size 1. "
            f"Received: y_true.shape={shapes[0]} and y_pred.shape={shapes[1]}. "
            "Reshape the targets, or give the last layer as many units as there are targets."
        )
    return y_true, y_pred


def mean_of_outputs(values: Tensor) -> Tensor:
    """Average over the last axis: one value per row, as Keras' regression losses return."""
    return ops.mean(values, axis=-1)


def effective_weights(y_true: Tensor, y_pred: Tensor, sample_weight: Tensor) -> Tensor:
    """Weight of each row after Keras has merged `sample_weight` with the mask of `y_pred`."""
    return _ONES(y_true, y_pred, sample_weight)


def batch(y_true: Tensor, y_pred: Tensor, weights: Tensor | None = None) -> Batch:
    """Flatten aligned tensors to rows, centre them on the targets and scale them.

    Rows of weight zero (padding) have no influence, whatever they hold.
    """
    outputs = y_pred.shape[-1]
    y_true, y_pred = (ops.reshape(x, (-1, outputs)) for x in (y_true, y_pred))
    weight = unit_weights(y_pred, weights)
    y_true, y_pred = (ops.where(weight > 0, x, ops.zeros_like(x)) for x in (y_true, y_pred))
    y_true, y_pred = _minus_target_mean(y_true, y_pred, weight)
    scale = ops.max(ops.maximum(ops.abs(y_true), ops.abs(y_pred)), axis=0)
    scale = ops.stop_gradient(ops.maximum(scale, SMALLEST_SCALE))
    return Batch(y_true / scale, y_pred / scale, weight, scale)


def unit_weights(rows: Tensor, weights: Tensor | None) -> Tensor:
    """Weights of shape `(rows, 1)` with sum one, or all zero if no row counts."""
    if weights is None:
        weights = ops.ones_like(rows[:, 0])
    weights = ops.reshape(ops.cast(weights, rows.dtype), (-1, 1))
    weights = weights / ops.maximum(ops.max(weights), SMALLEST_SCALE)
    return ops.stop_gradient(ops.divide_no_nan(weights, ops.sum(weights)))


def weighted_mean(x: Tensor, weight: Tensor) -> Tensor:
    """Mean over rows; `weight` sums to one. `(rows, outputs)` to `(outputs,)`."""
    return ops.sum(weight * x, axis=0)


def weighted_variance(x: Tensor, weight: Tensor) -> Tensor:
    """Variance over rows (ddof 0). `(rows, outputs)` to `(outputs,)`."""
    return weighted_mean(ops.square(x - weighted_mean(x, weight)), weight)


def fill_like_rows(value: Tensor, y_pred: Tensor) -> Tensor:
    """Repeat the one value of a batch for each row.

    Keras scales and weights what has a batch axis; a scalar would skip both, and count double
    on two replicas.
    """
    return ops.zeros_like(y_pred[..., 0]) + value


class BatchLoss(keras.losses.Loss):
    """A loss whose value needs the whole batch, and so the weights of its rows.

    Keras hands `call` no weights. They travel beside the targets, which keeps the instance free
    of state between the two calls. Subclasses implement `batch_call`.
    """

    def __call__(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor = None) -> Tensor:
        weights = effective_weights(y_true, y_pred, sample_weight)
        return super().__call__((y_true, weights), y_pred, sample_weight)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        targets, weights = y_true if isinstance(y_true, tuple) else (y_true, None)
        return self.batch_call(targets, y_pred, weights)

    def batch_call(self, y_true: Tensor, y_pred: Tensor, weights: Tensor | None) -> Tensor:
        """One loss value per row, from tensors not yet aligned."""
        raise NotImplementedError


class _Ones(keras.losses.Loss):
    """Loss 1 for each row: weighting it, Keras shows the weights it would use."""

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        _, y_pred = align(y_true, y_pred)
        return ops.ones_like(y_pred[..., 0])


_ONES = _Ones(name="effective_weights", reduction="none", dtype="float32")


def _same_rank(y_true: Tensor, y_pred: Tensor) -> tuple[Tensor, Tensor]:
    true_rank, pred_rank = len(y_true.shape), len(y_pred.shape)
    if true_rank == pred_rank == 1:
        return ops.expand_dims(y_true, -1), ops.expand_dims(y_pred, -1)
    if true_rank + 1 == pred_rank and y_pred.shape[-1] == 1:
        return ops.expand_dims(y_true, -1), y_pred
    if pred_rank + 1 == true_rank and y_true.shape[-1] == 1:
        return y_true, ops.expand_dims(y_pred, -1)
    return y_true, y_pred


def _compatible(a: tuple, b: tuple) -> bool:
    return len(a) == len(b) >= 1 and all(
        None in (i, j) or i == j for i, j in zip(a, b, strict=True)
    )


def _minus_target_mean(y_true: Tensor, y_pred: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    # Twice: at target offset 1e6 the first float32 mean is off by about 0.06.
    for _ in range(2):
        mean = weighted_mean(y_true, weight)
        y_true, y_pred = y_true - mean, y_pred - mean
    return y_true, y_pred
