"""A hinge on the spread of the predictions, after VICReg; does nothing unless asked to."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from meancollapse.losses import checks
from meancollapse.losses.alignment import (
    Batch,
    BatchLoss,
    align,
    as_float,
    batch,
    fill_like_rows,
    weighted_variance,
)
from meancollapse.losses.pearson import CONSTANT, add_to_mse

Tensor = Any

# Variance added under the root, relative to the targets', as VICReg adds 1e-4 at gamma = 1.
ROOT_EPSILON = 1e-4


@keras.saving.register_keras_serializable(package="meancollapse")
def variance_hinge(
    y_pred: Tensor, gamma: float = 1.0, epsilon: float = 1e-4, ddof: int = 1
) -> Tensor:
    """`mean(relu(gamma - sqrt(var(p) + epsilon)))` over the outputs, as in VICReg.

    Args:
        y_pred: outputs, shape `(batch, ..., outputs)` or `(batch,)`.
        gamma: standard deviation below which there is a cost, in units of `y_pred`.
        epsilon: added to the variance; keeps the gradient finite at collapse.
        ddof: 1 for the unbiased variance of VICReg.

    Returns:
        Scalar tensor.

    Source: Bardes, Ponce and LeCun, arXiv:2105.04906, eq. 1.
    """
    y_pred = as_float(y_pred)
    rows = ops.reshape(y_pred, (-1, y_pred.shape[-1] if len(y_pred.shape) > 1 else 1))
    count = ops.cast(ops.shape(rows)[0], rows.dtype)
    unbiased = count / ops.maximum(count - ddof, 1.0)
    return ops.mean(ops.relu(gamma - ops.sqrt(ops.var(rows, axis=0) * unbiased + epsilon)))


@keras.saving.register_keras_serializable(package="meancollapse")
class SpreadHinge(BatchLoss):
    """Mean squared error plus a cost for predictions that spread too little.

    Formula, per output (moments of the batch):

    ```python
    hinge = relu(sqrt(reachable_r2) - sqrt(var(p) / var(y) + 1e-4))
    loss = mean(square(y - p)) + weight * var(y) * hinge     # additive=True
    loss = hinge                                             # additive=False
    ```

    The right spread is not that of the targets: for the least-squares predictor
    `var(p) / var(y)` equals its R2. `reachable_r2` is your estimate of that R2, say the held-out
    R2 of another model. At its default of 0 there is no hinge.

    More spread is not more skill. Watch held-out skill, never the spread this loss asks for. At
    exact collapse the gradient of the hinge is exactly zero.

    Args:
        reachable_r2: R2 that the inputs make possible, in [0, 1]. Defaults to `0.0`: off.
        weight: weight of the hinge, relative to the variance of the targets in the batch.
            Unused if `additive=False`. Defaults to `0.5`.
        additive: whether to add the squared error. Defaults to `True`.
        reduction: as in Keras. Defaults to `"sum_over_batch_size"`.
        name: name of the loss.
        dtype: dtype of the result; the arithmetic is float32 or wider.

    Raises:
        ValueError: if `reachable_r2` is outside [0, 1] or `weight` is negative.

    Source: variance term of VICReg (Bardes, Ponce and LeCun, arXiv:2105.04906, eq. 1); the
    target `sqrt(R2) * std(y)` is ours.

    Example:

    ```python
    model.compile("adam", loss=SpreadHinge(reachable_r2=0.6))
    ```
    """

    def __init__(
        self,
        reachable_r2: float = 0.0,
        weight: float = 0.5,
        additive: bool = True,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "spread_hinge",
        dtype: Any = None,
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.reachable_r2 = checks.number("reachable_r2", reachable_r2)
        if self.reachable_r2 > 1:
            raise ValueError(
                f"`reachable_r2` is an R2 and must be in [0, 1]. "
                f"Received: reachable_r2={reachable_r2!r}."
            )
        self.weight = checks.number("weight", weight)
        self.additive = bool(additive)

    def batch_call(self, y_true: Tensor, y_pred: Tensor, weights: Tensor | None) -> Tensor:
        y_true, y_pred = align(y_true, y_pred)
        rows = batch(y_true, y_pred, weights)
        hinge = _hinge(rows, self.reachable_r2**0.5)
        if self.additive:
            return add_to_mse(y_true, y_pred, rows, self.weight, hinge)
        return fill_like_rows(ops.mean(hinge), y_pred)

    def get_config(self) -> dict[str, Any]:
        own = {
            "reachable_r2": self.reachable_r2,
            "weight": self.weight,
            "additive": self.additive,
        }
        return {**super().get_config(), **own}


def _hinge(rows: Batch, spread: float) -> Tensor:
    var_true = weighted_variance(rows.y_true, rows.weight)
    constant = var_true < CONSTANT
    ratio = weighted_variance(rows.y_pred, rows.weight) / ops.where(
        constant, ops.ones_like(var_true), var_true
    )
    hinge = ops.relu(spread - ops.sqrt(ratio + ROOT_EPSILON))
    return ops.where(constant, ops.zeros_like(hinge), hinge)
