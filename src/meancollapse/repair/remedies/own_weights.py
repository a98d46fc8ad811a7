"""Weights that a model of the user's own holds itself, outside of any layer."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from meancollapse.repair.remedies import input_scale
from meancollapse.repair.surgery.surgery import Surgery


def apply(surgery: Surgery, x: Any, rng: np.random.Generator) -> dict[int, float]:
    """Draw them anew by LeCun's rule, on the scale of the inputs where they meet them.

    A matrix with a row for every input column is taken to be multiplied with the inputs.

    Args:
        surgery: The model.
        x: Rows of inputs.
        rng: Source of the new weights.

    Returns:
        The scale on which each is to be trained, by index of trainable variable.
    """
    in_layers = {id(v) for site in surgery.sites for v in site.layer.weights}
    found: dict[int, float] = {}
    for index, variable in enumerate(surgery.model.trainable_variables):
        if id(variable) in in_layers or not variable.dtype.startswith(("float", "bfloat")):
            continue
        value = surgery.value(variable)
        if value.ndim > 1:
            value = rng.normal(size=value.shape) / np.sqrt(np.prod(value.shape[:-1]))
        elif not np.isfinite(value).all():
            value = np.zeros(value.shape)
        surgery.set(variable, value)
        scale = _input_scale(x, variable)
        if scale is not None and surgery.can_dial:
            surgery.set(variable, value * scale)
            found[index] = scale
    return found


def _input_scale(x: Any, variable: keras.Variable) -> float | None:
    for leaf in keras.tree.flatten(x):
        if leaf.dtype.kind != "f" or leaf.ndim < 2 or len(variable.shape) != 2:
            continue
        if int(variable.shape[0]) == leaf.shape[-1]:
            # No bias here could take the mean away, so it counts as size.
            size = float(np.sqrt(np.mean(np.square(leaf, dtype=np.float64))))
            if size and not input_scale.LEAST_STD <= size <= input_scale.MOST_STD:
                return input_scale.power_of_two(1 / size)
    return None
