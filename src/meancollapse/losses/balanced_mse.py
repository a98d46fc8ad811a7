"""Batch-based Monte-Carlo Balanced MSE."""

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
    weighted_mean,
    weighted_variance,
)

Tensor = Any

# Limits of the noise, relative to the (squared) largest distance in the batch: float32.
SMALLEST_VARIANCE = 1e-12
LARGEST_SIGMA = 1e15
# Largest noise variance taken from a batch, relative to the variance of its targets.
LARGEST_SHARE = 0.25
# Far below any logit, which the limits above keep under 1e13 in size.
LOG_OF_NOTHING = -1e30


@keras.saving.register_keras_serializable(package="meancollapse")
def balanced_mse(
    y_true: Tensor, y_pred: Tensor, sigma: float | None = None, weights: Tensor | None = None
) -> Tensor:
    """Cross-entropy of finding each row's own target among the targets of the batch, in MSE units.

    `2 s^2 * (logsumexp_j(-(p_i - y_j)^2 / 2 s^2) + (p_i - y_i)^2 / 2 s^2)`, over the outputs.

    Args:
        y_true: targets, shape `(batch, ..., outputs)`, or without the last axis.
        y_pred: outputs, shape `(batch, ..., outputs)`.
        sigma: noise standard deviation s in units of the target; `None` takes s^2 = the batch's
            own mean squared error, at most a quarter of its targets' variance, as a constant.
        weights: weight of each row, shape `(batch, ...)`: how often a target counts in the sum.

    Returns:
        Tensor of shape `(batch, ...)`. Memory grows with the square of the number of rows.
    """
    y_true, y_pred = align(y_true, y_pred)
    rows = _common_scale(batch(y_true, y_pred, weights))
    variance = _noise_variance(rows, sigma)
    contrast = ops.logsumexp(
        _log_multiplicity(rows, weights) - _excess(rows.y_true, rows.y_pred) / (2 * variance),
        axis=1,
    )
    loss = 2 * variance * contrast * ops.square(rows.scale) / y_pred.shape[-1]
    return ops.reshape(loss, ops.shape(y_pred)[:-1])


@keras.saving.register_keras_serializable(package="meancollapse")
class BalancedMSE(BatchLoss):
    """Balanced MSE in its batch-based form (BMC), for skewed targets.

    Formula, per row `i` of the batch:

    ```python
    logits[j] = -square(p[i] - y[j]) / (2 * sigma**2)
    loss = 2 * sigma**2 * (logsumexp(logits) - logits[i])
    ```

    The plain squared error draws rare targets towards the frequent ones; this one compares a
    prediction with the other targets of its batch instead, at the price of average error.

    `sigma` decides everything: a fixed one that is too large inflates the predictions. By default
    sigma^2 is the mean squared error of the batch at hand, at most a quarter of the variance of
    its targets, and no gradient flows through it. Without that limit it feeds on itself: errors
    widen the noise, and the noise lets errors grow. It is no running mean over batches: a Keras
    loss cannot carry state from step to step on JAX, and one that did elsewhere would be moved by
    `evaluate()` too.

    The value is not comparable between batches: equal targets leave a floor of
    `2 * sigma**2 * log(multiplicity)`. One row, or equal targets only, give a zero gradient.

    Args:
        sigma: fixed noise standard deviation in units of the target, or `None` for the batch's
            own. Defaults to `None`.
        reduction: as in Keras. Defaults to `"sum_over_batch_size"`.
        name: name of the loss.
        dtype: dtype of the result; the arithmetic is float32 or wider.

    Raises:
        ValueError: if `sigma` is not positive.

    Source: Ren, Zhang, Yu and Liu, CVPR 2022, arXiv:2203.16427, the
    batch-based Monte-Carlo form (BMC).

    Example:

    ```python
    model.compile("adam", loss=BalancedMSE())
    ```
    """

    def __init__(
        self,
        sigma: float | None = None,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "balanced_mse",
        dtype: Any = None,
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.sigma = None if sigma is None else checks.number("sigma", sigma, above=True)

    def batch_call(self, y_true: Tensor, y_pred: Tensor, weights: Tensor | None) -> Tensor:
        return balanced_mse(y_true, y_pred, self.sigma, weights)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "sigma": self.sigma}


def _common_scale(rows: Batch) -> Batch:
    """One scale for all outputs: their squared distances are added up."""
    scale = ops.max(rows.scale)
    ratio = rows.scale / scale
    return Batch(rows.y_true * ratio, rows.y_pred * ratio, rows.weight, scale)


def _noise_variance(rows: Batch, sigma: float | None) -> Tensor:
    if sigma is None:
        mse = ops.mean(weighted_mean(ops.square(rows.y_pred - rows.y_true), rows.weight))
        # Without a ceiling errors widen the noise and the noise lets errors grow, without end.
        ceiling = LARGEST_SHARE * ops.mean(weighted_variance(rows.y_true, rows.weight))
        return ops.stop_gradient(ops.maximum(ops.minimum(mse, ceiling), SMALLEST_VARIANCE))
    relative = ops.minimum(sigma / rows.scale, LARGEST_SIGMA)
    return ops.maximum(ops.square(relative), SMALLEST_VARIANCE)


def _excess(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """`(p_i - y_j)^2 - (p_i - y_i)^2`, factored so that nothing cancels. `(rows, rows)`."""
    own, other = ops.expand_dims(y_true, 1), ops.expand_dims(y_true, 0)
    twice = 2 * ops.expand_dims(y_pred, 1)
    return ops.sum((own - other) * (twice - own - other), axis=-1)


def _log_multiplicity(rows: Batch, weights: Tensor | None) -> Tensor:
    """Log of how often each target counts, `(1, rows)`; almost -inf for padding."""
    if weights is None:
        return ops.zeros_like(ops.transpose(rows.weight))
    weight = ops.reshape(ops.cast(weights, rows.weight.dtype), (1, -1))
    present = weight > 0
    nothing_counts = ops.logical_not(ops.any(present))
    log_weight = ops.log(ops.where(present, weight, ops.ones_like(weight)))
    padding = ops.full_like(weight, LOG_OF_NOTHING)
    return ops.where(ops.logical_or(present, nothing_counts), log_weight, padding)
