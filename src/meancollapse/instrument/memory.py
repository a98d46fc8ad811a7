"""Ftrl keeps the weights in its memory, and writes them from there with every step.

New weights of a model are gone after one step unless the memory is made to stand for them; so are
those a model starts with, as Keras sets this memory to zero.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from meancollapse.instrument import backends, rates
from meancollapse.instrument.layers import to_numpy


def hold(model: keras.Model, values: Sequence[Any] | None = None) -> None:
    """Let an update without gradient leave the weights as they are.

    With accumulators n, rate r and the strengths λ1, λ2 of the penalties, Ftrl writes
    w = -(z - clip(z, ±λ1)) ÷ (n^-p ÷ r + 2 λ2 + β ÷ r), so z = -(w · (...) + λ1 sign(w)).

    Args:
        model: A compiled model; nothing is done if its optimizer is another.
        values: What the optimizer is to take for the trainable variables; by default what they are.
    """
    found = rates.leaves(model.optimizer)
    if len(found) != 1 or not isinstance(found[0], keras.optimizers.Ftrl):
        return
    ftrl, variables = found[0], model.trainable_variables
    slots = [v for v in ftrl.variables if "gradient_acc" not in v.name]
    accumulators = [v for v in slots if v.name.endswith("_accumulator")]
    linears = [v for v in slots if v.name.endswith("_linear")]
    if not len(accumulators) == len(linears) == len(variables):
        return
    rate = rates.value(ftrl)
    for variable, n, z, value in zip(
        variables, accumulators, linears, values or variables, strict=True
    ):
        if tuple(z.shape) != tuple(variable.shape):
            return
        weights = to_numpy(value).astype(np.float64)
        per_weight = to_numpy(n).astype(np.float64) ** -ftrl.learning_rate_power
        per_weight = (per_weight + ftrl.beta) / max(rate, 1e-30)
        per_weight = per_weight + 2 * ftrl.l2_regularization_strength
        held = weights * per_weight + ftrl.l1_regularization_strength * np.sign(weights)
        backends.write(z, -held)
