"""How long steps, looks and rehearsals will take, from the model's shape alone.

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
from meancollapse.judge import readability
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
# Of what layers hand on, brought to the host, compressed and surveyed; and of every layer's probe.
ELEMENTS_PER_SECOND, PER_LAYER = 1e8, 2e-3
# What a measured step does beside training: norms of gradients, updates and weights.
SECONDS_PER_WEIGHT, SECONDS_PER_VARIABLE = 3e-9, 1e-4


@dataclass(frozen=True)
class Work:
    """What one row asks of a model, and what every step does, from the model's shape alone.

    Attributes:
        multiplications: Of one row on its way through.
        elements: Numbers that layers hand on for one row.
        unrolled: Positions of recurrent layers, one after the other.
        layers: Layers that run.
        variables: Trainable variables.
        weights: Numbers in them.
    """

    multiplications: float
    elements: float
    unrolled: float
    layers: int
    variables: int
    weights: int


def work(model: keras.Model, x: Any) -> Work:
    """Find out with one inference pass.

    Args:
        model: A built model.
        x: A few input rows as NumPy arrays in the model's structure.
    """
    rows = len(keras.tree.flatten(x)[0])
    multiplications = elements = unrolled = 0.0
    layers = 0

    def visit(
        name: str, layer: keras.Layer, call: Callable[..., Any], args: tuple, kwargs: dict
    ) -> Any:
        nonlocal multiplications, elements, unrolled, layers
        output = call(*args, **kwargs)
        is_recurrent = isinstance(layer, keras.layers.RNN)
        reached = sites.tensors((args, kwargs) if is_recurrent else output)
        if not reached or (internals.all_layers(layer) and not is_recurrent):
            return output
        positions = math.prod(reached[0].shape[:-1]) / rows
        kernels = sum(math.prod(v.shape) for v in layer.trainable_variables if len(v.shape) > 1)
        multiplications += kernels * positions
        unrolled += positions if is_recurrent else 0
        elements += sum(math.prod(tensor.shape) for tensor in sites.tensors(output)) / rows
        layers += 1
        return output

    sites.each_call(model, x, visit)
    variables = model.trainable_variables
    weights = sum(math.prod(v.shape) for v in variables)
    return Work(multiplications, elements, unrolled, layers, len(variables), weights)


def seconds(asked: Work, batch_rows: int) -> tuple[float, float]:
    """Estimated time of one training step, and of all that a rehearsal does beside such steps.

    Args:
        asked: What the model asks for.
        batch_rows: Rows of one batch.
    """
    pace = PACES[keras.config.backend()]
    step = pace.step + pace.variable * asked.variables + pace.position * asked.unrolled
    step += PASSES * asked.multiplications * batch_rows / MULTIPLICATIONS_PER_SECOND
    step += SECONDS_PER_UPDATE * asked.weights
    prepare = pace.begin + pace.compile * asked.variables + pace.unroll * asked.unrolled
    return step, prepare


def of_look(asked: Work, rows: int) -> float:
    """Estimated seconds of looking at so many rows, every layer probed."""
    forward = rows * (asked.multiplications / MULTIPLICATIONS_PER_SECOND)
    forward += rows * asked.elements / ELEMENTS_PER_SECOND + asked.layers * PER_LAYER
    columns = rows / readability.ROWS_PER_COLUMN
    probe = 2 * rows * columns**2 / MULTIPLICATIONS_PER_SECOND
    return forward + asked.layers * probe


def of_measuring(model: keras.Model) -> tuple[float, float]:
    """Estimated seconds that measuring adds to a step, and that compiling another step takes."""
    variables, pace = model.trainable_variables, PACES[keras.config.backend()]
    weights = sum(math.prod(v.shape) for v in variables)
    extra = SECONDS_PER_WEIGHT * weights + SECONDS_PER_VARIABLE * (1 + len(variables))
    is_compiled = keras.config.backend() != "torch"
    return extra, pace.begin + pace.compile * len(variables) if is_compiled else 0.0
