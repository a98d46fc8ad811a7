"""How long a rehearsal will take, from the model's shape alone.

A rehearsal must choose the same plan on a busy machine as on an idle one, so it may not look at the
clock; an estimate within a factor of two or three is all it needs.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras

from meancollapse.backend import internals
from meancollapse.look import sites


@dataclass(frozen=True)
class Pace:
    """Seconds that a backend takes on two cores of a server, batches of 16 to 256.

    Attributes:
        step: A training step, whatever the model.
        variable: What every trainable variable adds to a step.
        position: What every position of a recurrent layer adds to a step.
        begin: Compiling, looking and judging, whatever the model.
        compile: What every trainable variable adds to that.
        unroll: What every position of a recurrent layer adds to that.
    """

    step: float
    variable: float
    position: float
    begin: float
    compile: float
    unroll: float


PACES = {
    "tensorflow": Pace(4e-4, 3e-4, 2e-4, 0.4, 0.1, 0.04),
    "jax": Pace(2e-4, 5e-5, 2e-5, 1.0, 0.3, 0.05),
    "torch": Pace(4e-3, 4e-4, 5e-4, 0.1, 0.01, 0.01),
}
MULTIPLICATIONS_PER_SECOND = 2e10
# Forward, and backward for the input and for the weights.
PASSES = 3
# Of one weight, by an optimizer with two moments.
SECONDS_PER_UPDATE = 1.5e-8


def seconds(model: keras.Model, x: Any, batch_rows: int) -> tuple[float, float]:
    """Estimated time of one training step, and of all that a rehearsal does beside such steps.

    Args:
        model: A built model.
        x: A few input rows as NumPy arrays in the model's structure.
        batch_rows: Rows of one batch.
    """
    rows = len(keras.tree.flatten(x)[0])
    pace = PACES[keras.config.backend()]
    multiplications, unrolled = 0.0, 0.0

    def visit(
        name: str, layer: keras.Layer, call: Callable[..., Any], args: tuple, kwargs: dict
    ) -> Any:
        nonlocal multiplications, unrolled
        output = call(*args, **kwargs)
        is_recurrent = isinstance(layer, keras.layers.RNN)
        reached = sites.tensors((args, kwargs) if is_recurrent else output)
        if not reached or (internals.all_layers(layer) and not is_recurrent):
            return output
        positions = math.prod(reached[0].shape[:-1]) / rows
        kernels = sum(math.prod(v.shape) for v in layer.trainable_variables if len(v.shape) > 1)
        multiplications += kernels * positions * batch_rows
        unrolled += positions if is_recurrent else 0
        return output

    sites.each_call(model, x, visit)
    variables = model.trainable_variables
    step = pace.step + pace.variable * len(variables) + pace.position * unrolled
    step += PASSES * multiplications / MULTIPLICATIONS_PER_SECOND
    step += SECONDS_PER_UPDATE * sum(math.prod(v.shape) for v in variables)
    prepare = pace.begin + pace.compile * len(variables) + pace.unroll * unrolled
    return step, prepare
