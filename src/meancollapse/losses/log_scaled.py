"""MSE plus a squared error of logarithms: the loss of the second source document, made safe."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from meancollapse.losses import checks
from meancollapse.losses.alignment import (
    SMALLEST_SCALE,
    BatchLoss,
    align,
    as_float,
    mean_of_outputs,
    unit_weights,
    weighted_mean,
)

Tensor = Any

# "auto": a thousandth of the mean magnitude of the targets in the batch.
AUTO_EPSILON = 1e-3


def safe_log(x: Tensor, floor: float | Tensor) -> Tensor:
    """`log(x)` to the letter where `x >= floor`, and increasing everywhere else.

    Below the floor the logarithm goes on along its tangent, and from `-floor` downwards as its
    own mirror image, so that

        d safe_log / dx = 1 / max(|x|, floor)

    is continuous, never zero and at most `1 / floor`. (The plain logarithm is NaN below 0.)

    Args:
        x: tensor, any shape, any sign.
        floor: positive number, or a tensor that broadcasts against `x`.

    Returns:
        Tensor of the shape of `x`.
    """
    x = as_float(x)
    floor = ops.cast(floor, x.dtype)
    inside, size = ops.abs(x) < floor, ops.abs(x)
    log = ops.log(ops.where(inside, ops.ones_like(x), size))  # the 1 keeps its gradient finite
    log_floor = ops.log(floor)
    outside = ops.where(x < 0, 2 * log_floor - 2 - log, log)
    return ops.where(inside, x / floor + log_floor - 1, outside)


@keras.saving.register_keras_serializable(package="meancollapse")
def mean_squared_log_scaled_error(
    y_true: Tensor,
    y_pred: Tensor,
    alpha: float = 5.0,
    epsilon: float | str = 1e-9,
    floor: float = 1e-4,
    weights: Tensor | None = None,
) -> Tensor:
    """`mean((y - p)^2 + alpha * (log(y + epsilon) - log(p + epsilon))^2)` over the last axis.

    Args:
        y_true: targets, shape `(batch, ..., outputs)`, or without the last axis.
        y_pred: outputs, shape `(batch, ..., outputs)`.
        alpha: weight of the logarithmic term, in squared units of the target.
        epsilon: added to both arguments, in units of the target, or `"auto"`.
        floor: argument below which `safe_log` replaces the logarithm, in units of the target.
        weights: weight of each row, for `epsilon="auto"` only.

    Returns:
        Tensor of shape `(batch, ...)`, float32 or wider.
    """
    y_true, y_pred = align(y_true, y_pred)
    offset, threshold = _offset(y_true, epsilon, floor, weights)
    logs = safe_log(y_true + offset, threshold) - safe_log(y_pred + offset, threshold)
    return mean_of_outputs(ops.square(y_true - y_pred) + alpha * ops.square(logs))


@keras.saving.register_keras_serializable(package="meancollapse")
class MeanSquaredLogScaledError(BatchLoss):
    """Mean squared error plus `alpha` times the mean squared error of the logarithms.

    Formula:

    ```python
    loss = mean(square(y_true - y_pred)
                + alpha * square(log(y_true + epsilon) - log(y_pred + epsilon)))
    ```

    For positive targets over several decades, where relative errors count. It moves the best
    constant prediction from the mean towards the geometric mean; it does not remove it.

    The formula holds to the letter where both arguments of the logarithm are at least `floor`.
    Below that, `safe_log` goes on with derivative `1 / max(|argument|, floor)`: predictions and
    targets of zero or less give finite losses and gradients. A negative target is compared in
    the mirror image of the logarithm, so the loss is smallest at `y_pred == y_true` for it too.

    Args:
        alpha: weight of the logarithmic term. Defaults to `5.0`.
        epsilon: added to both arguments. A number in units of the target, or `"auto"`: a
            thousandth of the mean absolute target of each batch, which is then the floor too.
            Defaults to `1e-9`.
        floor: smallest argument for which the plain logarithm is used, in units of the target.
            It bounds the slope of the logarithm by `1 / floor`. Defaults to `1e-4`.
        reduction: as in Keras. Defaults to `"sum_over_batch_size"`.
        name: name of the loss.
        dtype: dtype of the result; the arithmetic is float32 or wider.

    Raises:
        ValueError: if `alpha` is negative, or `epsilon` or `floor` is not positive.

    Source: an answer to the Cross Validated question "Training a neural network for regression
    always predicts the mean"; no paper.

    Example:

    ```python
    model.compile("adam", loss=MeanSquaredLogScaledError(alpha=5.0))
    ```
    """

    def __init__(
        self,
        alpha: float = 5.0,
        epsilon: float | str = 1e-9,
        floor: float = 1e-4,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "mean_squared_log_scaled_error",
        dtype: Any = None,
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.alpha = checks.number("alpha", alpha)
        self.epsilon = epsilon if epsilon == "auto" else checks.number("epsilon", epsilon)
        self.floor = checks.number("floor", floor, above=True)

    def batch_call(self, y_true: Tensor, y_pred: Tensor, weights: Tensor | None) -> Tensor:
        return mean_squared_log_scaled_error(
            y_true, y_pred, self.alpha, self.epsilon, self.floor, weights
        )

    def get_config(self) -> dict[str, Any]:
        own = {"alpha": self.alpha, "epsilon": self.epsilon, "floor": self.floor}
        return {**super().get_config(), **own}


def _offset(
    y_true: Tensor, epsilon: float | str, floor: float, weights: Tensor | None
) -> tuple[Any, Any]:
    """The two constants of the logarithm: what is added, and the floor."""
    if epsilon != "auto":
        return epsilon, floor
    rows = ops.reshape(ops.abs(y_true), (-1, y_true.shape[-1]))
    weight = unit_weights(rows, weights)
    mean = weighted_mean(ops.where(weight > 0, rows, ops.zeros_like(rows)), weight)
    offset = ops.stop_gradient(ops.maximum(AUTO_EPSILON * mean, SMALLEST_SCALE))
    return offset, offset
