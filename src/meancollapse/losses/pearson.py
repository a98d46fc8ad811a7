"""One minus the correlation, as a term beside the squared error."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from meancollapse.losses import checks
from meancollapse.losses.alignment import (
    Batch,
    BatchLoss,
    align,
    batch,
    fill_like_rows,
    mean_of_outputs,
    weighted_mean,
    weighted_variance,
)

Tensor = Any

# Squared float32 resolution: targets that vary less than this, relative to the largest distance
# in the batch, count as constant.
CONSTANT = 1e-14


@keras.saving.register_keras_serializable(package="meancollapse")
def pearson_loss(
    y_true: Tensor, y_pred: Tensor, epsilon: float = 1e-4, weights: Tensor | None = None
) -> Tensor:
    """`1 - cov(y, p) / sqrt(var(y) * max(var(p), epsilon * var(y)))`, averaged over outputs.

    Where the predictions spread more than `sqrt(epsilon)` of the targets this is 1 - Pearson's
    rho; nearer to collapse it is linear in the predictions, with a bounded gradient.

    Args:
        y_true: targets, shape `(batch, ..., outputs)`, or without the last axis.
        y_pred: outputs, shape `(batch, ..., outputs)`.
        epsilon: smallest variance of the predictions, relative to that of the targets.
        weights: weight of each row, shape `(batch, ...)`.

    Returns:
        Tensor of shape `(batch, ...)`: the loss of the batch, once per row.
    """
    y_true, y_pred = align(y_true, y_pred)
    rows = batch(y_true, y_pred, weights)
    return fill_like_rows(ops.mean(1 - _correlation(rows, epsilon)), y_pred)


@keras.saving.register_keras_serializable(package="meancollapse")
class PearsonLoss(BatchLoss):
    """Mean squared error plus a correlation term, or the correlation term alone.

    Formula, per output (moments of the batch):

    ```python
    loss = mean(square(y - p)) + weight * var(y) * (1 - rho(y, p))   # additive=True
    loss = 1 - rho(y, p)                                             # additive=False
    ```

    `rho` says nothing about level and scale, so alone it does not train a usable regressor: it
    is a term by default. The factor `var(y)` gives both parts the unit of the squared target. A
    batch of one row or of equal targets leaves the squared error alone.

    Args:
        weight: weight of the correlation term, relative to the variance of the targets in the
            batch. Unused if `additive=False`. Defaults to `0.5`.
        additive: whether to add the squared error. Defaults to `True`.
        epsilon: below this share of the targets' variance the predictions' variance is replaced
            by it, which bounds the gradient at collapse. Defaults to `1e-4`.
        reduction: as in Keras. Defaults to `"sum_over_batch_size"`.
        name: name of the loss.
        dtype: dtype of the result; the arithmetic is float32 or wider.

    Raises:
        ValueError: if `weight` is negative or `epsilon` is not positive.

    Source: Pearson's product-moment correlation; the floor is ours.

    Example:

    ```python
    model.compile("adam", loss=PearsonLoss(weight=0.5))
    ```
    """

    def __init__(
        self,
        weight: float = 0.5,
        additive: bool = True,
        epsilon: float = 1e-4,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "pearson_loss",
        dtype: Any = None,
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.weight = checks.number("weight", weight)
        self.additive = bool(additive)
        self.epsilon = checks.number("epsilon", epsilon, above=True)

    def batch_call(self, y_true: Tensor, y_pred: Tensor, weights: Tensor | None) -> Tensor:
        if not self.additive:
            return pearson_loss(y_true, y_pred, self.epsilon, weights)
        y_true, y_pred = align(y_true, y_pred)
        rows = batch(y_true, y_pred, weights)
        return add_to_mse(y_true, y_pred, rows, self.weight, 1 - _correlation(rows, self.epsilon))

    def get_config(self) -> dict[str, Any]:
        own = {"weight": self.weight, "additive": self.additive, "epsilon": self.epsilon}
        return {**super().get_config(), **own}


def add_to_mse(y_true: Tensor, y_pred: Tensor, rows: Batch, weight: float, term: Tensor) -> Tensor:
    """Squared error of each row plus `weight * var(y) * term`, where `term` is `(outputs,)`."""
    variance = weighted_variance(rows.y_true, rows.weight) * ops.square(rows.scale)
    squared_error = mean_of_outputs(ops.square(y_true - y_pred))
    return squared_error + ops.mean(weight * variance * term)


def _correlation(rows: Batch, epsilon: float) -> Tensor:
    var_true = weighted_variance(rows.y_true, rows.weight)
    var_pred = weighted_variance(rows.y_pred, rows.weight)
    constant = var_true < CONSTANT
    var_true = ops.where(constant, ops.ones_like(var_true), var_true)
    deviation = rows.y_pred - weighted_mean(rows.y_pred, rows.weight)
    covariance = weighted_mean(rows.y_true * deviation, rows.weight)
    rho = covariance / ops.sqrt(var_true * ops.maximum(var_pred, epsilon * var_true))
    return ops.where(constant, ops.zeros_like(rho), rho)
