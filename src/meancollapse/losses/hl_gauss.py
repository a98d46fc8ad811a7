"""Regression as classification: a Gaussian histogram for the target, cross-entropy as loss."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np
from keras import ops

from meancollapse.losses import checks
from meancollapse.losses.alignment import align, as_float

Tensor = Any


def hl_gauss_targets(
    y: Tensor, min_value: float, max_value: float, num_bins: int, sigma_ratio: float = 0.75
) -> Tensor:
    """Mass of a Gaussian around each target in each of `num_bins` equal bins, summing to one.

    Args:
        y: targets, any shape, in units of the target; clipped to the range.
        min_value: lower edge of the first bin.
        max_value: upper edge of the last bin.
        num_bins: number of bins.
        sigma_ratio: standard deviation of the Gaussian, in bin widths.

    Returns:
        Tensor of shape `y.shape + (num_bins,)`.

    Source: Imani and White, arXiv:1806.04613; Farebrother et al., arXiv:2403.03950.
    """
    y = as_float(y)
    position = (y - min_value) / ((max_value - min_value) / num_bins)  # in bins: edges are 0, 1, 2…
    position = ops.expand_dims(ops.clip(position, 0.0, float(num_bins)), -1)
    edges = ops.arange(num_bins + 1, dtype=y.dtype)
    below = ops.erf((edges - position) / (math.sqrt(2) * sigma_ratio))
    mass = below[..., 1:] - below[..., :-1]
    return mass / (below[..., -1:] - below[..., :1])


def hl_gauss_mean(probabilities: Tensor, min_value: float, max_value: float) -> Tensor:
    """Mean of a histogram: `(..., bins)` to `(..., 1)`, in units of the target."""
    probabilities = as_float(probabilities)
    bins = probabilities.shape[-1]
    centre = ops.arange(bins, dtype=probabilities.dtype) + 0.5
    mean = ops.sum(probabilities * centre, axis=-1, keepdims=True)
    return min_value + (max_value - min_value) / bins * mean


@keras.saving.register_keras_serializable(package="meancollapse")
def hl_gauss(
    y_true: Tensor, y_pred: Tensor, min_value: float, max_value: float, sigma_ratio: float = 0.75
) -> Tensor:
    """Cross-entropy between the Gaussian histogram of the target and the softmax of the logits.

    Args:
        y_true: targets, shape `(batch, ...)` or `(batch, ..., 1)`.
        y_pred: logits, shape `(batch, ..., bins)`.
        min_value: lower edge of the first bin, in units of the target.
        max_value: upper edge of the last bin.
        sigma_ratio: standard deviation of the Gaussian, in bin widths.

    Returns:
        Tensor of shape `(batch, ...)`, in nats.

    Raises:
        ValueError: if `y_true` is not one number per row of logits.
    """
    y_pred = as_float(y_pred)
    if len(y_pred.shape) < 2:
        raise ValueError(
            "HLGauss expects logits of shape (batch, ..., bins). "
            f"Received: y_pred.shape={tuple(y_pred.shape)}. End the model with Dense(bins)."
        )
    y_true, _ = align(y_true, y_pred[..., 0])
    y_true = ops.reshape(y_true, ops.shape(y_pred)[:-1])
    targets = hl_gauss_targets(y_true, min_value, max_value, y_pred.shape[-1], sigma_ratio)
    return -ops.sum(targets * ops.log_softmax(y_pred, axis=-1), axis=-1)


@keras.saving.register_keras_serializable(package="meancollapse")
class HLGauss(keras.losses.Loss):
    """Histogram loss with Gaussian targets: regression through a softmax over bins.

    Formula:

    ```python
    target[k] = (Phi((edge[k + 1] - y) / sigma) - Phi((edge[k] - y) / sigma)) / normaliser
    loss = -sum(target * log_softmax(logits))
    ```

    The model ends in `Dense(bins)` without activation. `decoder()` returns the layer that turns
    its logits into a prediction, the mean of the histogram. The range is fixed beforehand:
    targets outside are clipped, and near an edge the mean is drawn inwards. `covering(y, bins)`
    chooses a range three sigma wider than the targets on both sides.

    Args:
        min_value: lower edge of the first bin, in units of the target.
        max_value: upper edge of the last bin.
        sigma_ratio: standard deviation of the Gaussian, in bin widths. Defaults to `0.75`.
        reduction: as in Keras. Defaults to `"sum_over_batch_size"`.
        name: name of the loss.
        dtype: dtype of the result; the arithmetic is float32 or wider.

    Raises:
        ValueError: if the range is empty or not finite, or `sigma_ratio` is not positive.

    Source: Imani and White, arXiv:1806.04613; Farebrother et al., arXiv:2403.03950.

    Example:

    ```python
    loss = HLGauss.covering(y, bins=51)
    model = keras.Sequential([keras.layers.Dense(32, "relu"), keras.layers.Dense(51)])
    model.compile("adam", loss=loss)
    model.fit(x, y)
    y_pred = loss.decoder()(model.predict(x))
    ```
    """

    def __init__(
        self,
        min_value: float,
        max_value: float,
        sigma_ratio: float = 0.75,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "hl_gauss",
        dtype: Any = None,
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.min_value, self.max_value = _range(min_value, max_value)
        self.sigma_ratio = checks.number("sigma_ratio", sigma_ratio, above=True)

    @classmethod
    def covering(cls, y: Any, bins: int, sigma_ratio: float = 0.75, **kwargs: Any) -> HLGauss:
        """The loss whose range reaches three sigma beyond the targets `y` (any array).

        Raises:
            ValueError: if the targets are all equal or not finite, or `bins` is not more than
                `6 * sigma_ratio`.
        """
        low, high = _range(np.min(y), np.max(y), "the smallest and largest target")
        checks.number("bins", bins, least=6 * sigma_ratio, above=True)
        margin = (high - low) * 3 * sigma_ratio / (bins - 6 * sigma_ratio)
        return cls(low - margin, high + margin, sigma_ratio, **kwargs)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return hl_gauss(y_true, y_pred, self.min_value, self.max_value, self.sigma_ratio)

    def decoder(self) -> HLGaussDecoder:
        """The layer that reads predictions from the logits of a model trained with this loss."""
        return HLGaussDecoder(self.min_value, self.max_value)

    def get_config(self) -> dict[str, Any]:
        own = {
            "min_value": self.min_value,
            "max_value": self.max_value,
            "sigma_ratio": self.sigma_ratio,
        }
        return {**super().get_config(), **own}


@keras.saving.register_keras_serializable(package="meancollapse")
class HLGaussDecoder(keras.layers.Layer):
    """Turns logits over bins into the mean of the histogram: `(..., bins)` to `(..., 1)`.

    Args:
        min_value: lower edge of the first bin, in units of the target.
        max_value: upper edge of the last bin.
        **kwargs: as for `keras.layers.Layer`.

    Raises:
        ValueError: if the range is empty or not finite.
    """

    def __init__(self, min_value: float, max_value: float, **kwargs: Any):
        super().__init__(**kwargs)
        self.min_value, self.max_value = _range(min_value, max_value)

    def call(self, inputs: Tensor) -> Tensor:
        probabilities = ops.softmax(as_float(inputs), axis=-1)
        return hl_gauss_mean(probabilities, self.min_value, self.max_value)

    def compute_output_shape(self, input_shape: Any) -> tuple:
        return (*input_shape[:-1], 1)

    def get_config(self) -> dict[str, Any]:
        own = {"min_value": self.min_value, "max_value": self.max_value}
        return {**super().get_config(), **own}


def _range(low: Any, high: Any, names: str = "`min_value` and `max_value`") -> tuple[float, float]:
    low, high = float(low), float(high)
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError(
            f"{names} must be finite, and the first below the second. Received: {low} and {high}."
        )
    return low, high
