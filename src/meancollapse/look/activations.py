"""What a layer applies last: its name, the numbers it can give, and another one in its place.

Ranges and shapes are measured on a grid, so that a function of the user's own is judged like those
Keras ships.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from meancollapse.backend import framework

# Layers that are an activation and nothing else, by the name of their function.
LAYERS = {"ReLU": "relu", "Softmax": "softmax", "ELU": "elu", "LeakyReLU": "leaky_relu"}
# These see a whole row at once, so nothing can be measured of them on a grid.
OF_A_ROW = {"softmax": (0.0, 1.0), "log_softmax": (-math.inf, 0.0)}
# Beyond 30 a logistic unit is flat in float32.
GRID = np.concatenate([np.linspace(-30, 30, 121), [-1e6, -1e3, -100.0, 100.0, 1e3, 1e6]])
# An activation that gives more than this for 10⁶ has no bound on that side...
UNBOUNDED = 1e3
# ...and one that gives more than this for 30 explodes.
EXPLODES = 1e6
# Where hidden units may stand: flat from −3 down, they are dead there.
LEFT = (GRID <= -3) & (GRID >= -30)
LEAKY_SLOPE = 0.2


def function(layer: keras.Layer) -> Callable[[Any], Any] | None:
    """What turns a layer's pre-activations into its output; `None` if it has no activation."""
    layer = unwrapped(layer)
    if is_layer(layer):
        return layer.call
    found = getattr(layer, "activation", None)
    return found if callable(found) else None


def is_layer(layer: keras.Layer) -> bool:
    """Whether a layer is an activation and nothing else."""
    return type(layer).__name__ in LAYERS and not layer.weights


def name(layer: keras.Layer) -> str:
    """Name of a layer's activation; `"linear"` for a layer without one."""
    layer = unwrapped(layer)
    if isinstance(layer, keras.layers.ReLU):
        if layer.negative_slope:
            return "linear" if _is_identity(layer) else "leaky_relu"
        if layer.max_value is not None:
            return "relu6" if layer.max_value == 6 else "capped_relu"
    if isinstance(layer, keras.layers.Softmax) and not _is_of_a_row(layer):
        return f"softmax over axis {layer.axis}"
    if is_layer(layer):
        return LAYERS[type(layer).__name__]
    found = getattr(layer, "activation", None)
    if found is None:
        return "linear"
    return str(getattr(found, "__name__", type(found).__name__))


def unwrapped(layer: keras.Layer) -> keras.Layer:
    """The layer inside a `TimeDistributed`."""
    while isinstance(layer, keras.layers.TimeDistributed):
        layer = layer.layer
    return layer


def holder(layer: keras.Layer) -> keras.Layer:
    """The layer whose attribute the activation is: a recurrent layer's is its cell's."""
    layer = unwrapped(layer)
    return getattr(layer, "cell", layer)


def bounds(layer: keras.Layer) -> tuple[float, float]:
    """The smallest and the largest number an activation can give; infinite without bound."""
    kind = name(layer).split()[0]
    if kind in OF_A_ROW:
        return OF_A_ROW[kind]
    values = _on_grid(layer)
    if values is None:
        return -math.inf, math.inf
    low, high = float(values.min()), float(values.max())
    return -math.inf if low < -UNBOUNDED else low, math.inf if high > UNBOUNDED else high


def is_bounded(layer: keras.Layer) -> bool:
    """Whether an activation has a lowest and a highest value, between which units saturate."""
    return bool(np.isfinite(bounds(layer)).all())


def explodes(layer: keras.Layer) -> bool:
    """Whether an activation grows much faster than what it is given."""
    values = _on_grid(layer)
    return values is not None and bool(np.abs(values[GRID == 30]).max() > EXPLODES)


def dies(layer: keras.Layer) -> bool:
    """Whether an activation is flat on its left, so that a unit there gets no gradient."""
    values = _on_grid(layer)
    return values is not None and bool(np.ptp(values[LEFT]) == 0) and not is_bounded(layer)


def replacement(layer: keras.Layer, wanted: str) -> dict[str, Any] | None:
    """The attributes that give a layer another activation; `None` if it cannot have that one.

    Args:
        layer: A layer with an activation, or one that is an activation.
        wanted: Name of an activation Keras knows.
    """
    layer = holder(layer)
    if isinstance(layer, keras.layers.ReLU):
        slope = {"linear": 1.0, "leaky_relu": LEAKY_SLOPE, "relu": 0.0}.get(wanted)
        if slope is None:
            return None
        return {"negative_slope": slope, "max_value": None, "threshold": 0.0}
    if isinstance(layer, keras.layers.Softmax):
        return {"axis": -1} if wanted == "softmax" else None
    if is_layer(layer) or not callable(getattr(layer, "activation", None)):
        return None
    return {"activation": keras.activations.get(wanted)}


def _is_of_a_row(layer: keras.layers.Softmax) -> bool:
    """Whether a `Softmax` layer runs over the last axis, as far as its shapes are known."""
    output = getattr(layer, "output", None)  # nothing in a layer called only from inside others
    return output is None or layer.axis in (-1, output.ndim - 1)


def _is_identity(layer: keras.layers.ReLU) -> bool:
    return bool(layer.negative_slope == 1 and layer.max_value is None and not layer.threshold)


def _on_grid(layer: keras.Layer) -> np.ndarray | None:
    """Values of an activation on the grid, NaN left out as 0; `None` where it gives no such."""
    found = function(layer)
    if found is None or name(layer).split()[0] in OF_A_ROW:
        return None
    try:
        with framework.without_gradient(), np.errstate(all="ignore"):
            given = keras.ops.convert_to_tensor(GRID[:, None].astype(np.float32))
            values = np.asarray(keras.ops.convert_to_numpy(found(given)), np.float64)
    except Exception:  # a function of the user's own that wants something else
        return None
    if values.shape != (len(GRID), 1):
        return None
    return np.nan_to_num(values[:, 0], nan=0.0)
