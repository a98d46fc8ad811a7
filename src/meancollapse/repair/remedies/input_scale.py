"""Standardisation of what a layer is given, folded into the layer.

Folding alone leaves the function as it was and helps nobody; together with new weights on the
standardised scale and a `Dial` that trains them there, it is as good as a `Normalization` layer
before the network, and, deeper in it, a preconditioner that costs nothing.
"""

from __future__ import annotations

import math

import keras
import numpy as np

from meancollapse.repair.surgery.surgery import kernel_and_bias

# Inputs (and targets) inside these bounds need no help.
LEAST_STD, MOST_STD = 0.1, 10.0
MOST_OFFSET = 3.0
# A column whose std is below this share of its mean is rounding, and treated like a typical one.
ROUNDING = 1e-6
# A std counts as at least this share of the largest deviation, so as not to blow up what is nearly
# always the same, such as a pixel in the corner.
RARE = 0.1


def power_of_two(number: float) -> float:
    """The nearest power of two, by which floats are multiplied without rounding."""
    return 2.0 ** round(math.log2(number)) if number > 0 and math.isfinite(number) else 1.0


def columns(inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and 1 ÷ std of every column.

    Args:
        inputs: Array of shape `(..., columns)`.

    Returns:
        Two arrays of shape `(columns,)`, the second of powers of two.
    """
    flat = np.asarray(inputs, np.float64).reshape(-1, inputs.shape[-1])
    mean, std = flat.mean(0), flat.std(0)
    varies = std > ROUNDING * np.abs(mean) + 1e-30
    std = np.maximum(std, RARE * np.abs(flat - mean).max(0))
    std = np.where(varies, std, np.median(std[varies]) if varies.any() else 1.0)
    return mean, np.array([power_of_two(1 / s) for s in std])


def is_off(mean: np.ndarray, std: np.ndarray) -> bool:
    """Whether numbers with such means and stds are hard for a network as usually initialised."""
    small, large = (std < LEAST_STD).any(), (std > MOST_STD).any()
    return bool(small or large or (np.abs(mean) > MOST_OFFSET * std).any())


def of_layer(layer: keras.Layer, given: np.ndarray) -> tuple[np.ndarray, np.ndarray] | None:
    """Mean and 1 ÷ std of what a layer is given; `None` where it can learn from it as it is.

    Args:
        layer: A layer with a kernel.
        given: Its inputs, shape `(rows, ..., columns)`.

    Returns:
        Two arrays of shape `(columns,)`; the mean is 0 where there is no bias to absorb it.
    """
    if getattr(layer, "data_format", None) == "channels_first":
        given = np.moveaxis(given, 1, -1)
    mean, scale = columns(given)
    if not is_off(mean, 1 / scale):
        return None
    has_bias = kernel_and_bias(layer)[1] is not None
    return (mean if has_bias else np.zeros_like(mean)), scale
