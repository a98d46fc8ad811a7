"""Gaussian likelihood with a mean and a variance head, weighted by the variance."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from meancollapse.losses import checks
from meancollapse.losses.alignment import align, as_float, mean_of_outputs

Tensor = Any


@keras.saving.register_keras_serializable(package="meancollapse")
def beta_nll(
    y_true: Tensor, y_pred: Tensor, beta: float = 0.5, min_variance: float = 1e-6
) -> Tensor:
    """`0.5 * ((y - m)^2 / v + log v) * stop_gradient(v)^beta`, averaged over the outputs.

    Args:
        y_true: targets, shape `(batch, ..., outputs)`, or without the last axis if it is 1.
        y_pred: means, then variances, joined on the last axis: `(batch, ..., 2 * outputs)`.
        beta: 0 is the Gaussian likelihood; 1 halves the gradient of the MSE for the mean.
        min_variance: variances below this count as this, in squared units of the target.

    Returns:
        Tensor of shape `(batch, ...)`, up to the constant `log(2 pi) / 2`.

    Raises:
        ValueError: if the last axis of `y_pred` is odd, or does not fit the targets.
    """
    mean, variance = _heads(as_float(y_pred))
    y_true, mean = align(y_true, mean)
    variance = ops.maximum(variance, min_variance)
    likelihood = 0.5 * (ops.square(y_true - mean) / variance + ops.log(variance))
    return mean_of_outputs(likelihood * ops.stop_gradient(variance) ** beta)


@keras.saving.register_keras_serializable(package="meancollapse")
class BetaNLL(keras.losses.Loss):
    """Negative Gaussian log-likelihood, each row weighted by its variance to the power `beta`.

    Formula:

    ```python
    loss = 0.5 * (square(y - mean) / variance + log(variance)) * stop_gradient(variance)**beta
    ```

    The plain likelihood (`beta=0`) may explain a target it has not learned as noise: where the
    variance grows the gradient of the mean fades. `beta` gives some of it back.

    The model returns means and variances side by side, `(batch, 2 * outputs)`;
    `MeanVarianceHead` does. A variance below `min_variance` gets no gradient, so do not feed a
    linear layer's output as variance.

    Args:
        beta: exponent in [0, 1]. Defaults to `0.5`.
        min_variance: floor of the variance, in squared units of the target. Defaults to `1e-6`.
        reduction: as in Keras. Defaults to `"sum_over_batch_size"`.
        name: name of the loss.
        dtype: dtype of the result; the arithmetic is float32 or wider.

    Raises:
        ValueError: if `beta` is outside [0, 1] or `min_variance` is not positive.

    Source: Seitzer, Tavakoli, Antic and Martius, ICLR 2022, arXiv:2203.09168.

    Example:

    ```python
    model = keras.Sequential([keras.layers.Dense(32, "tanh"), MeanVarianceHead(1)])
    model.compile("adam", loss=BetaNLL())
    ```
    """

    def __init__(
        self,
        beta: float = 0.5,
        min_variance: float = 1e-6,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "beta_nll",
        dtype: Any = None,
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.beta = checks.number("beta", beta)
        if self.beta > 1:
            raise ValueError(f"`beta` must be in [0, 1]. Received: beta={beta!r}.")
        self.min_variance = checks.number("min_variance", min_variance, above=True)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return beta_nll(y_true, y_pred, self.beta, self.min_variance)

    def get_config(self) -> dict[str, Any]:
        own = {"beta": self.beta, "min_variance": self.min_variance}
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(package="meancollapse")
class MeanVarianceHead(keras.layers.Layer):
    """Last layer for `BetaNLL`: a mean and a positive variance per target.

    Returns `concat(mean, softplus(raw) + min_variance)`, shape `(batch, ..., 2 * units)`.

    Args:
        units: number of targets.
        min_variance: added to every variance. Defaults to `1e-6`.
        **kwargs: as for `keras.layers.Layer`. Under mixed precision pass `dtype="float32"`.

    Raises:
        ValueError: if `units` is below 1 or `min_variance` is not positive.
    """

    def __init__(self, units: int, min_variance: float = 1e-6, **kwargs: Any):
        super().__init__(**kwargs)
        self.units = int(checks.number("units", units, least=1))
        self.min_variance = checks.number("min_variance", min_variance, above=True)
        self.dense = keras.layers.Dense(2 * self.units, dtype=self.dtype_policy)

    def build(self, input_shape: Any) -> None:
        self.dense.build(input_shape)
        super().build(input_shape)

    def call(self, inputs: Tensor) -> Tensor:
        mean, raw = ops.split(self.dense(inputs), 2, axis=-1)
        return ops.concatenate([mean, ops.softplus(raw) + self.min_variance], axis=-1)

    def compute_output_shape(self, input_shape: Any) -> tuple:
        return (*input_shape[:-1], 2 * self.units)

    def get_config(self) -> dict[str, Any]:
        own = {"units": self.units, "min_variance": self.min_variance}
        return {**super().get_config(), **own}


def _heads(y_pred: Tensor) -> tuple[Tensor, Tensor]:
    shape = tuple(y_pred.shape)
    if len(shape) < 2 or shape[-1] is None or shape[-1] % 2:
        raise ValueError(
            "BetaNLL expects means and variances side by side, (batch, ..., 2 * outputs). "
            f"Received: y_pred.shape={shape}. End the model with MeanVarianceHead(outputs)."
        )
    half = shape[-1] // 2
    return y_pred[..., :half], y_pred[..., half:]
