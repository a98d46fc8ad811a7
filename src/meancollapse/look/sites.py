"""Sites: the layers with weights in the order they run, and where they stand on the way.

Found by one inference pass in which every layer's `call` is shadowed: a tensor that leaves one
layer and enters another is the same object, which holds for functional, sequential and subclassed
models alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from meancollapse.backend import framework, internals
from meancollapse.look import activations, heads, layers

# What one visit does: given the layer's own call, its arguments; returns the output.
Visit = Callable[[str, keras.Layer, Callable[..., Any], tuple, dict], Any]


@dataclass(frozen=True)
class Site:
    """One layer with weights.

    Attributes:
        name: Its name, with the names of the models it is nested in.
        layer: The layer.
        is_first: Whether it is given the model's inputs, changed at most by layers without weights.
        heads: The outputs that leave it through layers without weights.
        last: For a head, the layer whose activation the output has; `None` where it is not known.
    """

    name: str
    layer: keras.Layer
    is_first: bool
    heads: tuple[heads.Head, ...]
    last: keras.Layer | None


def each_call(model: keras.Model, x: Any, visit: Visit) -> Any:
    """Run the model once in inference mode, with `visit` in place of every layer's call.

    Args:
        model: A built model.
        x: Inputs as NumPy arrays in the model's structure.
        visit: See `Visit`; whatever it changes in the model stays changed.

    Returns:
        The model's outputs.
    """
    shadows: dict[int, internals.Shadow] = {}
    try:
        for name, layer in _visited_layers(model):
            if id(layer) not in shadows:
                value = _visited(name, layer, layer.call, visit)
                shadows[id(layer)] = internals.Shadow(layer, "call", value)
        tensors = keras.tree.map_structure(keras.ops.convert_to_tensor, x)
        arguments = {"training": False} if internals.takes_training(model) else {}
        with framework.without_gradient(), internals.without_state(model):
            return model(tensors, **arguments)
    finally:
        for shadow in reversed(shadows.values()):
            shadow.remove()


def find(model: keras.Model, x: Any, y: Any) -> list[Site]:
    """The layers with weights, in the order they run.

    Args:
        model: A built, compiled model.
        x: A few rows of inputs, as NumPy arrays.
        y: Their targets.
    """
    alive: list[Any] = []  # keeps tensors from being freed, so that an `id` stays one tensor's
    producer: dict[int, tuple[keras.Layer, tuple[int, ...]]] = {}
    raw: set[int] = set()
    leaves = keras.tree.flatten(x)
    inputs = [np.asarray(leaf) for leaf in leaves if heads.holds_numbers(leaf)]
    order: dict[int, tuple[str, keras.Layer, bool]] = {}

    def visit(
        name: str, layer: keras.Layer, call: Callable[..., Any], args: tuple, kwargs: dict
    ) -> Any:
        given = tensors((args, kwargs))
        if layer.weights:
            order.setdefault(id(layer), (name, layer, False))
        is_raw = all(id(t) in raw or _is_one_of(t, inputs) for t in given) and bool(given)
        output = call(*args, **kwargs)
        made = [t for t in tensors(output) if id(t) not in producer]  # else an inner layer's
        alive.extend([*given, *made])
        for tensor in made:
            if not any(tensor is t for t in given):
                producer[id(tensor)] = (layer, tuple(id(t) for t in given))
            if is_raw and not layer.weights:
                raw.add(id(tensor))
        if layer.weights and is_raw:
            order[id(layer)] = (name, layer, True)
        return output

    outputs = each_call(model, x, visit)
    found: dict[int, list[heads.Head]] = {}
    last: dict[int, keras.Layer] = {}
    for head, _, prediction in heads.pair(model, y, outputs):
        layer, end = _head_layer(prediction, producer, alive)
        if layer is None and len(keras.tree.flatten(outputs)) == 1 and order:
            layer = list(order.values())[-1][1]
        if layer is not None:
            found.setdefault(id(layer), []).append(head)
            if end is not None:
                last[id(layer)] = end
    return [
        Site(name, layer, is_first, tuple(found.get(id(layer), ())), last.get(id(layer)))
        for name, layer, is_first in order.values()
    ]


def _head_layer(
    prediction: Any, producer: dict[int, tuple[keras.Layer, tuple[int, ...]]], alive: list[Any]
) -> tuple[keras.Layer | None, keras.Layer | None]:
    """The layer with weights a prediction comes from, and the last layer with an activation.

    Of a prediction that several tensors were combined into, only the second can be known.
    """
    key = id(prediction)
    if key not in producer:
        array = to_array(prediction)
        same = [t for t in reversed(alive) if id(t) in producer and _is_one_of(t, [array])]
        if not same:
            return None, None
        key = id(same[0])
    end = None
    while key in producer:
        layer, given = producer[key]
        if end is None and activations.function(layer) is not None:
            end = layer
        if layer.weights:
            return layer, end or layer
        if len(given) != 1:
            break
        key = given[0]
    return None, end


def to_array(tensor: Any) -> np.ndarray:
    """A tensor as NumPy array."""
    return np.asarray(keras.ops.convert_to_numpy(keras.ops.stop_gradient(tensor)))


def first_input(args: tuple, kwargs: dict) -> np.ndarray:
    """What a layer is given, as a float64 array."""
    return to_array(tensors((args, kwargs))[0]).astype(np.float64)


def _visited_layers(model: keras.Model) -> list[tuple[str, keras.Layer]]:
    """Every layer that may hold weights, those inside layers of the user's own too, by name.

    A recurrent layer counts as one, and so does one layer that is `TimeDistributed`; models are not
    layers of their own.
    """
    names = {id(layer): name for name, layer in layers.named(model)}
    every = internals.all_layers(model)
    cells = {
        id(inner)
        for layer in every
        if isinstance(layer, keras.layers.RNN) or _wraps_one(layer)
        for inner in internals.all_layers(layer)
    }
    return [
        (names.get(id(layer), layer.path), layer)
        for layer in every
        if id(layer) not in cells and not isinstance(layer, keras.Model | keras.layers.InputLayer)
    ]


def _wraps_one(layer: keras.Layer) -> bool:
    inner = activations.unwrapped(layer)
    return inner is not layer and not internals.all_layers(inner)


def _visited(name: str, layer: keras.Layer, call: Callable[..., Any], visit: Visit) -> Any:
    def visited(*args: Any, **kwargs: Any) -> Any:
        return visit(name, layer, call, args, kwargs)

    return visited


def tensors(structure: Any) -> list[Any]:
    """The tensors of numbers in a structure, in order."""
    leaves = keras.tree.flatten(structure)
    return [leaf for leaf in leaves if keras.ops.is_tensor(leaf) and heads.holds_numbers(leaf)]


def _is_one_of(tensor: Any, arrays: list[np.ndarray]) -> bool:
    shape = tuple(tensor.shape)
    same_shape = [array for array in arrays if array.shape == shape]
    if not same_shape:
        return False
    value = to_array(tensor).astype(np.float64)
    return any(np.array_equal(value, array.astype(value.dtype)) for array in same_shape)
