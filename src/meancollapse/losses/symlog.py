"""Squared error against symlog-compressed targets."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from meancollapse.losses.alignment import align, as_float, mean_of_outputs

Tensor = Any

# expm1(88) = 1.7e38 is the last round number below the largest float32.
LARGEST_SYMLOG = 88.0


def symlog(x: Tensor) -> Tensor:
    """`sign(x) * log(1 + |x|)`: logarithmic far from 0, the identity near 0, for any sign.

    Args:
        x: tensor or array, any shape.

    Returns:
        Tensor of the same shape.

    Source: Hafner et al., DreamerV3, arXiv:2301.04104.
    """
    x = as_float(x)
    sign, size = _polar(x)
    return sign * ops.log1p(size)


def symexp(x: Tensor) -> Tensor:
    """`sign(x) * (exp(|x|) - 1)`, the inverse of `symlog`; |x| above 88 counts as 88.

    Args:
        x: tensor or array, any shape.

    Returns:
        Tensor of the same shape.
    """
    x = as_float(x)
    sign, size = _polar(x)
    return sign * ops.expm1(ops.minimum(size, LARGEST_SYMLOG))


@keras.saving.register_keras_serializable(package="meancollapse")
def symlog_error(y_true: Tensor, y_pred: Tensor) -> Tensor:
    """`mean((symlog(y) - p)^2)` over the last axis: the outputs live in symlog space.

    Args:
        y_true: targets in their own units, shape `(batch, ..., outputs)`, or without the last axis.
        y_pred: outputs in symlog space, shape `(batch, ..., outputs)`.

    Returns:
        Tensor of shape `(batch, ...)`.
    """
    y_true, y_pred = align(y_true, y_pred)
    return mean_of_outputs(ops.square(symlog(y_true) - y_pred))


@keras.saving.register_keras_serializable(package="meancollapse")
class SymlogError(keras.losses.Loss):
    """Mean squared error between the outputs and the symlog of the targets.

    Formula:

    ```python
    loss = mean(square(sign(y) * log(1 + abs(y)) - p))
    ```

    For targets over several decades, of any sign and with zeros. The model learns to output
    `symlog(y)`; read its predictions with `symexp(model.predict(x))`, or end an inference model
    with `SymexpDecoder`. Metrics given to `compile()` see the outputs before that.

    The best constant, read that way, is `symexp(mean(symlog(y)))`: for skewed positive targets
    below their mean, so is the prediction of a noisy target. Targets well below 1 are not
    compressed; scale them up first.

    Args:
        reduction: as in Keras. Defaults to `"sum_over_batch_size"`.
        name: name of the loss.
        dtype: dtype of the result; the arithmetic is float32 or wider.

    Source: Hafner et al., DreamerV3, arXiv:2301.04104.

    Example:

    ```python
    model.compile("adam", loss=SymlogError())
    model.fit(x, y)
    y_pred = symexp(model.predict(x))
    ```
    """

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "symlog_error",
        dtype: Any = None,
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return symlog_error(y_true, y_pred)


@keras.saving.register_keras_serializable(package="meancollapse")
class SymexpDecoder(keras.layers.Layer):
    """Turns the outputs of a model trained with `SymlogError` into predictions."""

    def call(self, inputs: Tensor) -> Tensor:
        return symexp(inputs)

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape


def _polar(x: Tensor) -> tuple[Tensor, Tensor]:
    # `sign` and `abs` would give the gradient 0 at x = 0, where it is 1.
    sign = ops.where(x < 0, -ops.ones_like(x), ops.ones_like(x))
    return sign, sign * x
