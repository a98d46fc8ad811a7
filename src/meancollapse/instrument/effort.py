"""How long a training step will take, from the model's shape alone.

A rehearsal must choose the same plan on a busy machine as on an idle one, so it may not look at the
clock; an estimate within a factor of a few is all it needs.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import keras

from meancollapse.instrument import backends, sites

# Seconds of a step, of each layer in it, and of each position a recurrent layer goes through, to
# within a factor of three on two cores of a server (batches of 16 to 256).
OVERHEAD = {
    "tensorflow": (1e-3, 3e-4, 2e-4),
    "jax": (8e-4, 1e-4, 3e-5),
    "torch": (4e-3, 1e-3, 1e-3),
}
MULTIPLICATIONS_PER_SECOND = 2e10
# Forward, and backward for the input and for the weights.
PASSES = 3


def seconds_per_step(model: keras.Model, x: Any, batch_rows: int) -> float:
    """Estimated time of one training step.

    Args:
        model: A built model.
        x: A few input rows as NumPy arrays in the model's structure.
        batch_rows: Rows of one batch.
    """
    rows = len(keras.tree.flatten(x)[0])
    step, each_layer, each_position = OVERHEAD[keras.config.backend()]
    total = step

    def visit(
        name: str, layer: keras.Layer, call: Callable[..., Any], args: tuple, kwargs: dict
    ) -> Any:
        nonlocal total
        output = call(*args, **kwargs)
        is_recurrent = isinstance(layer, keras.layers.RNN)
        reached = sites.tensors((args, kwargs) if is_recurrent else output)
        if not reached or (backends.all_layers(layer) and not is_recurrent):
            return output
        positions = math.prod(reached[0].shape[:-1]) / rows
        kernels = sum(math.prod(v.shape) for v in layer.trainable_variables if len(v.shape) > 1)
        total += each_layer + PASSES * kernels * positions * batch_rows / MULTIPLICATIONS_PER_SECOND
        total += each_position * positions if is_recurrent else 0
        return output

    sites.each_call(model, x, visit)
    return total
