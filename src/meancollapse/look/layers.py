"""One inference pass of the sample through the model, with every layer's output recorded."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np

from meancollapse.backend import framework, internals
from meancollapse.look import heads

# Rows of one pass; more of them where rows are small, as recurrent layers take long for each pass.
CHUNK, LARGE_CHUNK, SMALL_ROW = 256, 1024, 64
# ...and fewer where a layer hands on much: what it does for one pass fits into so many bytes.
MAX_BYTES, LEAST_CHUNK = 32 * 2**20, 16


def forward(
    model: keras.Model,
    x: Any,
    limit: int,
    weights: dict[int, Any] | None = None,
    also: Callable[[Any], Any] | None = None,
) -> tuple[Any, list[tuple[str, np.ndarray]], Any]:
    """Predictions and compressed layer outputs for some rows.

    Nothing in the model changes: the pass is stateless (`Model.stateless_call`), so BatchNorm
    statistics and the seeds of random layers are as they were.

    Args:
        model: A built model.
        x: Inputs as NumPy arrays in the model's structure.
        limit: Largest number of columns kept of a layer's output.
        weights: Values by `id` of variable to use in place of the model's own, or `None`.
        also: Something else to be told of every output tensor: an array with as many rows.

    Returns:
        The predictions as NumPy arrays in the model's structure; `(layer name, array of shape
        (rows, columns))` in the order in which the layers ran; and what `also` told, in the
        structure of the predictions, or `None`.
    """
    rows = len(keras.tree.flatten(x)[0])
    predictions: list[Any] = []
    told: list[Any] = []
    parts: dict[str, list[np.ndarray]] = {}
    elements = max(leaf.size for leaf in keras.tree.flatten(x)) / max(1, rows)
    size = rows_of_a_pass(model, LARGE_CHUNK if elements <= SMALL_ROW else CHUNK)
    for start in range(0, rows, size):
        chunk = keras.tree.map_structure(lambda a, s=start: a[s : s + size], x)
        seen: dict[str, np.ndarray] = {}

        def keep(
            name: str, layer: Any, given: Any, output: Any, seen: dict[str, np.ndarray] = seen
        ) -> None:
            array = first_array(output)
            if array is not None and name not in seen:
                seen[name] = compress(array, limit)

        outputs = record(model, chunk, keep, weights)
        predictions.append(keras.tree.map_structure(to_numpy, outputs))
        if also is not None:
            told.append(keras.tree.map_structure(lambda o: to_numpy(also(o)), outputs))
        for name, array in seen.items():
            parts.setdefault(name, []).append(array)

    def joined(chunks: list[Any]) -> Any:
        return keras.tree.map_structure(lambda *leaves: np.concatenate(leaves), *chunks)

    layers = [(name, np.concatenate(arrays)) for name, arrays in parts.items()]
    features = [(name, array) for name, array in layers if len(array) == rows]
    return joined(predictions), features, joined(told) if told else None


def rows_of_a_pass(model: keras.Model, most: int) -> int:
    """Rows to pass through a model at once: at most so many, and fewer where layers are wide."""
    widest = 1
    for _, layer in named(model):
        try:
            shapes = [tensor.shape for tensor in keras.tree.flatten(layer.output)]
        except Exception:  # it has none, or several, or has not been told
            continue
        known = [math.prod(shape[1:]) for shape in shapes if None not in shape[1:]]
        widest = max([widest, *known])
    return min(most, max(LEAST_CHUNK, MAX_BYTES // (4 * widest)))


def record(
    model: keras.Model,
    x: Any,
    keep: Callable[[str, keras.Layer, Any, Any], None],
    weights: dict[int, Any] | None = None,
    training: bool = False,
) -> Any:
    """One stateless pass; `keep(name, layer, input, output)` is called for every layer that runs.

    Args:
        model: A built model.
        x: Inputs as NumPy arrays in the model's structure.
        keep: Takes the layer's first argument and its output as tensors.
        weights: Values by `id` of variable to use in place of the model's own, or `None`.
        training: Whether layers act as in training; what they change is discarded.

    Returns:
        The outputs as tensors in the model's structure.
    """
    with _recorded(model, keep), framework.without_gradient():
        return _stateless(model, x, weights or {}, training)


def compress(array: np.ndarray, limit: int) -> np.ndarray:
    """Features of each row as at most `limit` columns.

    Maps and sequences are averaged over blocks of neighbours, which keeps where things are;
    what is still too wide is projected on fixed random directions.

    Args:
        array: Array of shape `(rows, ..., channels)`.
        limit: Largest number of columns.

    Returns:
        float64 array of shape `(rows, columns)`.
    """
    array = np.asarray(array, np.float64)
    if array.ndim < 2:
        return array.reshape(-1, 1)
    axes = array.ndim - 2
    if axes and array[0].size > limit:
        blocks = max(1, int((limit / array.shape[-1]) ** (1 / axes)))
        for axis in range(1, 1 + axes):
            array = _block_means(array, axis, blocks)
    array = array.reshape(len(array), -1)
    if array.shape[1] <= limit:
        return array
    directions = np.random.default_rng(0).normal(size=(array.shape[1], limit))
    return array @ directions / np.sqrt(array.shape[1])


def _block_means(array: np.ndarray, axis: int, blocks: int) -> np.ndarray:
    size = array.shape[axis]
    if size <= blocks:
        return array
    starts = np.linspace(0, size, blocks, endpoint=False).astype(int)
    ends = [*starts[1:], size]
    shares = np.zeros((blocks, size))
    for row, (start, end) in enumerate(zip(starts, ends, strict=True)):
        shares[row, start:end] = 1 / (end - start)
    before, after = array.shape[:axis], array.shape[axis + 1 :]
    means = np.matmul(shares, array.reshape(math.prod(before), size, -1))
    return means.reshape(*before, blocks, *after)


def added_losses(model: keras.Model, x: Any, weights: dict[int, Any] | None = None) -> list[Any]:
    """What layers add to the loss in training mode: regularization, KL terms and the like."""
    with framework.without_gradient():
        return list(_stateless(model, x, weights or {}, training=True, losses=True))


def passed(model: keras.Model, x: Any, weights: dict[int, Any]) -> Any:
    """Outputs as tensors, in inference mode, with other values for some variables by `id`."""
    with framework.without_gradient():
        return _stateless(model, x, weights, training=False)


def _stateless(
    model: keras.Model, x: Any, weights: dict[int, Any], training: bool, losses: bool = False
) -> Any:
    """Outputs of a pass that changes nothing, or the losses that layers add in it."""
    x = keras.tree.map_structure(keras.ops.convert_to_tensor, x)
    trainable, others = (
        [weights.get(id(v), v.value) for v in variables]
        for variables in (model.trainable_variables, model.non_trainable_variables)
    )
    arguments = {"training": training} if internals.takes_training(model) else {}
    with internals.without_state(model):
        result = model.stateless_call(trainable, others, x, return_losses=losses, **arguments)
    return result[2] if losses else result[0]


@contextmanager
def _recorded(model: keras.Model, keep: Callable[[str, keras.Layer, Any, Any], None]) -> Any:
    """Shadow `call` of every layer for one pass."""
    shadows = [
        internals.Shadow(layer, "call", _recording(layer, name, keep))
        for name, layer in named(model)
    ]
    try:
        yield
    finally:
        for shadow in reversed(shadows):
            shadow.remove()


def _recording(layer: keras.Layer, name: str, keep: Callable[..., None]) -> Any:
    call = layer.call

    def recording(*args: Any, **kwargs: Any) -> Any:
        output = call(*args, **kwargs)
        keep(name, layer, args[0] if args else None, output)
        return output

    return recording


def named(model: keras.Model, prefix: str = "") -> Any:
    """Layers of a model and of the models inside it, by name."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from named(layer, f"{prefix}{layer.name}/")
        elif not isinstance(layer, keras.layers.InputLayer):
            yield prefix + layer.name, layer


def first_array(output: Any) -> np.ndarray | None:
    """The first tensor of a layer's output (or input) as an array; `None` without numbers."""
    leaves = [leaf for leaf in keras.tree.flatten(output) if hasattr(leaf, "shape")]
    if not leaves or not len(leaves[0].shape) or not heads.holds_numbers(leaves[0]):
        return None
    array = to_numpy(leaves[0])
    return array if array.dtype.kind in "fiub" else None


def to_numpy(tensor: Any) -> np.ndarray:
    """A tensor as an array NumPy can compute with."""
    array = keras.ops.convert_to_numpy(keras.ops.stop_gradient(tensor))
    return array.astype(np.float32) if array.dtype.kind not in "fiub" else np.asarray(array)
