"""The weights a model began with, asked of its initializers again.

A Keras initializer without a seed draws one when it is made and gives the same numbers every time
it is called, so asking again costs no memory during training and touches no global random state.
Weights loaded or set by hand come out as the initializer would have made them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras

from meancollapse.backend import internals

# Variables whose layer keeps no initializer under their name.
CONSTANT = {"moving_mean": "zeros", "moving_variance": "ones", "gamma": "ones", "beta": "zeros"}


def weights(model: keras.Model) -> dict[int, Any]:
    """Initial values by `id` of variable, of every variable whose initializer is known."""
    values = {}
    for variable, initializer in initializers(model):
        if initializer is not None and variable.dtype.startswith(("float", "bfloat")):
            values[id(variable)] = initializer(tuple(variable.shape), dtype=variable.dtype)
    return values


def initializers(model: keras.Layer) -> Iterator[tuple[Any, Any]]:
    """Every variable of a model or layer with its initializer; `None` where it does not tell."""
    for variable, layer in owners(model).values():
        yield variable, _initializer(layer, variable.name)


def owners(model: keras.Layer) -> dict[int, tuple[Any, keras.Layer]]:
    """Every variable with the innermost layer that holds it, by `id` of variable."""
    found: dict[int, tuple[Any, keras.Layer]] = {}
    for layer in [*internals.all_layers(model), model]:
        inner = {id(v) for child in internals.all_layers(layer) for v in child.weights}
        for variable in layer.weights:
            if id(variable) not in inner:
                found.setdefault(id(variable), (variable, layer))
    return found


def _initializer(layer: keras.Layer, name: str) -> Any:
    # Embedding's table is called `embeddings`; LSTM gates' bias has an initializer of its own
    # (ones for the forget gate) that `bias_initializer` does not show.
    if name == "bias" and getattr(layer, "unit_forget_bias", False):
        return None
    given = getattr(layer, f"{name}_initializer", None)
    if given is None and name in CONSTANT:
        given = CONSTANT[name]
    return None if given is None else keras.initializers.get(given)
