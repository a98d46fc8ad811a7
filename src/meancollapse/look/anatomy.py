"""The layers and weights of a model as numbers: what is dead, flat, frozen or alike in them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from meancollapse.judge.evidence import Layer, Parameter
from meancollapse.look import activations, initial, layers

# Rows the layers are examined on; readability uses the whole sample.
ROWS = 256
# ...and on no fewer than these where layers are wide.
LEAST_ROWS = 64
# Output varies less than this share of its mean: float32 rounding.
ROUNDING = 1e-6
# Within 1 % of a flat end: a logistic unit driven beyond 4.6.
FLAT = 0.01
# Where bounded activations are flat, on both sides.
ENDS = {
    "sigmoid": (0.0, 1.0),
    "hard_sigmoid": (0.0, 1.0),
    "softmax": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "hard_tanh": (-1.0, 1.0),
    "soft_sign": (-1.0, 1.0),
    "softsign": (-1.0, 1.0),
}
# Layers that pass on what they are given: an activation before them is still the last word.
TRANSPARENT = (
    keras.layers.Dropout,
    keras.layers.Reshape,
    keras.layers.Flatten,
    keras.layers.Identity,
    keras.layers.Permute,
)


def survey(model: keras.Model, x: Any, weights: dict[int, Any] | None = None) -> list[Layer]:
    """Every layer that runs, in order, on up to 256 evenly spread rows, without readability.

    Args:
        model: A built model.
        x: Inputs as NumPy arrays in the model's structure.
        weights: Values by `id` of variable to use in place of the model's own, or `None`.
    """
    rows = len(keras.tree.flatten(x)[0])
    most = min(rows, max(LEAST_ROWS, layers.rows_of_a_pass(model, ROWS)))
    chosen = np.linspace(0, rows - 1, most).astype(int)
    found: dict[str, Layer] = {}

    def keep(name: str, layer: keras.Layer, given: Any, output: Any) -> None:
        values = layers.first_array(output)
        if name not in found and values is not None and len(values) == len(chosen):
            found[name] = _layer(name, layer, _liveliest(given), values)

    layers.record(model, keras.tree.map_structure(lambda a: a[chosen], x), keep, weights)
    return list(found.values())


def _liveliest(given: Any) -> np.ndarray | None:
    """Of several tensors a layer is given the one that varies most."""
    arrays = [layers.first_array(leaf) for leaf in keras.tree.flatten(given)]
    known = [array for array in arrays if array is not None and array.size]
    return max(known, key=lambda array: float(array.std(0).mean()), default=None)


def parameters(model: keras.Model) -> Iterator[Parameter]:
    """Every weight array with at least two axes, in the model's order."""
    trainable = {id(v) for v in model.trainable_variables}
    first = initial.weights(model)
    for variable, layer in initial.owners(model).values():
        # A GRU's bias has two axes and is zero by right.
        is_matrix = len(variable.shape) > 1 and variable.name != "bias"
        if not is_matrix or not variable.dtype.startswith(("float", "bfloat")):
            continue
        values = layers.to_numpy(variable.value).astype(np.float64)
        start = first.get(id(variable))
        start = None if start is None else layers.to_numpy(start).astype(np.float64)
        columns = _units(variable, values)
        receptive = math.prod(values.shape[:-2])
        yield Parameter(
            path=variable.path,
            layer=layer.name,
            is_trainable=id(variable) in trainable,
            scale=_rms(values),
            initial_scale=None if start is None else _rms(start),
            usual_scale=math.sqrt(2 / (receptive * (values.shape[-2] + values.shape[-1]))),
            units=columns.shape[1],
            identical_units=_identical(columns),
            starts_identical=(
                None if start is None else _identical(_units(variable, start)) == columns.shape[1]
            ),
            constraint=None if variable.constraint is None else type(variable.constraint).__name__,
        )


def _units(variable: Any, values: np.ndarray) -> np.ndarray:
    """One column per unit; an embedding's rows count as its units."""
    return values.T if variable.name == "embeddings" else values.reshape(-1, values.shape[-1])


def _identical(columns: np.ndarray) -> int:
    return int((columns == columns[:, :1]).all(0).sum())


def _layer(name: str, layer: keras.Layer, given: np.ndarray | None, values: np.ndarray) -> Layer:
    values = np.asarray(values, np.float64)
    given = None if given is None else np.asarray(given, np.float64)
    units = values.shape[-1] if values.ndim > 1 else 1
    by_unit = values.reshape(len(values), -1, units)
    with np.errstate(all="ignore"):
        std, mean = by_unit.std(0), by_unit.mean(0)
        constant = (std <= ROUNDING * np.abs(mean)).all(0)
        rate = next((getattr(layer, a) for a in ("rate", "stddev") if hasattr(layer, a)), None)
        return Layer(
            name=name,
            kind=type(layer).__name__,
            activation=activations.name(layer),
            units=units,
            dead_units=int((by_unit == 0).all((0, 1)).sum()),
            constant_units=int(constant.sum()),
            saturated=_saturated(activations.name(layer), values),
            low=float(values.min(initial=math.inf)),
            high=float(values.max(initial=-math.inf)),
            std=_rms(std),
            input_std=None if given is None else _rms(given.std(0)),
            input_mean=None if given is None else _rms(given.mean(0)),
            rate=float(rate) if isinstance(rate, int | float) else None,
            has_weights=bool(layer.weights),
            readability=None,
            at_start=None,
            constant_at_start=None,
            std_at_start=None,
            at_start_scaled=None,
            gain=_gain(layer),
            bias=_bias(layer),
            threshold=float(layer.threshold) if isinstance(layer, keras.layers.ReLU) else None,
        )


def _gain(layer: keras.Layer) -> float | None:
    gamma = getattr(layer, "gamma", None)
    if gamma is None or not hasattr(gamma, "value"):
        return None
    return float(np.abs(layers.to_numpy(gamma.value)).max(initial=0))


def _bias(layer: keras.Layer) -> float | None:
    bias = getattr(layer, "bias", None)
    if not isinstance(bias, keras.Variable):
        return None
    return float(layers.to_numpy(bias.value).astype(np.float64).mean())


def _saturated(name: str, values: np.ndarray) -> float | None:
    if name not in ENDS:
        return None
    low, high = ENDS[name]
    margin = FLAT * (high - low)
    return float(((values < low + margin) | (values > high - margin)).mean())


def _rms(values: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(values)))) if values.size else 0.0
