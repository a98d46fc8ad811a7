"""One minus Lin's concordance correlation."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from meancollapse.losses import checks
from meancollapse.losses.alignment import (
    BatchLoss,
    align,
    batch,
    fill_like_rows,
    weighted_mean,
    weighted_variance,
)

Tensor = Any


@keras.saving.register_keras_serializable(package="meancollapse")
def concordance_loss(
    y_true: Tensor, y_pred: Tensor, epsilon: float = 1e-8, weights: Tensor | None = None
) -> Tensor:
    """`1 - 2 cov / (var(y) + var(p) + (mean(y) - mean(p))^2)` of the batch, averaged over outputs.

    Computed as `mse / (mse + 2 cov)`, which is the same number and does not cancel: a constant
    target met exactly costs 0, and a batch of one row is defined.

    Args:
        y_true: targets, shape `(batch, ..., outputs)`, or without the last axis.
        y_pred: outputs, shape `(batch, ..., outputs)`.
        epsilon: added to the denominator, relative to the squared largest distance from the
            mean target in the batch.
        weights: weight of each row, shape `(batch, ...)`.

    Returns:
        Tensor of shape `(batch, ...)`: the loss of the batch, once per row.
    """
    y_true, y_pred = align(y_true, y_pred)
    rows = batch(y_true, y_pred, weights)
    mse = weighted_mean(ops.square(rows.y_pred - rows.y_true), rows.weight)
    spread = weighted_variance(rows.y_pred, rows.weight) + weighted_variance(
        rows.y_true, rows.weight
    )
    bias = ops.square(weighted_mean(rows.y_pred - rows.y_true, rows.weight))
    return fill_like_rows(ops.mean(mse / (spread + bias + epsilon)), y_pred)


@keras.saving.register_keras_serializable(package="meancollapse")
class ConcordanceLoss(BatchLoss):
    """One minus the concordance correlation coefficient of the batch.

    Formula (moments of the batch, `ddof=0`):

    ```python
    loss = 1 - 2 * cov(y, p) / (var(y) + var(p) + square(mean(y) - mean(p)))
    ```

    0 for equal, 1 for unrelated or constant, 2 for reversed predictions; free of units. The
    moments are those of one batch on one replica, so use batches of 32 rows or more. A batch of
    one row, or one whose targets are all equal, has a gradient of nearly zero.

    Args:
        epsilon: relative regularisation of the denominator. Defaults to `1e-8`.
        reduction: as in Keras. Defaults to `"sum_over_batch_size"`.
        name: name of the loss.
        dtype: dtype of the result; the arithmetic is float32 or wider.

    Raises:
        ValueError: if `epsilon` is not positive.

    Source: Lin, Biometrics 45 (1989); as a loss: Atmaja and Akagi, arXiv:2003.10724.

    Example:

    ```python
    model.compile("adam", loss=ConcordanceLoss())
    ```
    """

    def __init__(
        self,
        epsilon: float = 1e-8,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "concordance_loss",
        dtype: Any = None,
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.epsilon = checks.number("epsilon", epsilon, above=True)

    def batch_call(self, y_true: Tensor, y_pred: Tensor, weights: Tensor | None) -> Tensor:
        return concordance_loss(y_true, y_pred, self.epsilon, weights)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "epsilon": self.epsilon}
