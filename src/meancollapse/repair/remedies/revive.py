"""Dead units given new weights, the living ones left alone.

After Sokar et al., "The dormant neuron phenomenon in deep reinforcement learning" (ICML 2023,
ReDo): a unit that is zero on every row gets new incoming weights, and what it sends on is set to
zero first, so that the network's output does not change at once. Incoming weights are drawn on the
data, as in a re-initialisation, so that the unit is awake from its first step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from meancollapse.look import sites
from meancollapse.repair.patient import Patient
from meancollapse.repair.remedies import reinitialise
from meancollapse.repair.remedy import Operation
from meancollapse.repair.surgery.surgery import Surgery, kernel_and_bias


@dataclass(frozen=True)
class ReviveUnits:
    """New weights for dead units only."""

    def suits(self, patient: Patient) -> bool:
        return patient.has_dead_units and patient.finite

    def apply(self, operation: Operation) -> None:
        apply(operation.surgery, operation.x, operation.rng)

    def words(self) -> str:
        return "gave dead units new weights"


def apply(surgery: Surgery, x: Any, rng: np.random.Generator) -> None:
    """Give dead units new weights, layer after layer.

    Args:
        surgery: The model.
        x: Rows of inputs.
        rng: Source of the new weights.
    """
    todo = {id(site.layer): site for site in surgery.sites if not site.heads}
    silenced: list[np.ndarray] = []

    def visit(
        name: str, layer: keras.Layer, call: Callable[..., Any], args: tuple, kwargs: dict
    ) -> Any:
        kernel, bias = kernel_and_bias(layer)
        if kernel is None or hasattr(layer, "cell") or not kernel.trainable:
            return call(*args, **kwargs)
        if silenced and int(kernel.shape[-2]) == len(silenced[-1]):
            value = surgery.value(kernel)
            value[..., silenced.pop(), :] = 0.0
            surgery.set(kernel, value)
        output = call(*args, **kwargs)
        if todo.pop(id(layer), None) is None:
            return output
        units = np.asarray(sites.to_array(output), np.float64)
        dead = (units.reshape(-1, units.shape[-1]) == 0).all(0)
        if not dead.any():
            return output
        fresh = reinitialise.orthogonal(tuple(kernel.shape), rng)
        value = surgery.value(kernel)
        value[..., dead] = fresh[..., dead]
        surgery.set(kernel, value)
        pre = surgery.pre_activation(layer, call, args, kwargs)[:, dead]
        factor = reinitialise.gain(pre)
        value[..., dead] *= factor
        surgery.set(kernel, value)
        if bias is not None:
            moved = surgery.value(bias)
            middle = reinitialise.centres((pre - moved[dead]) * factor, rng)
            moved[dead] = -middle
            surgery.set(bias, moved)
        silenced.append(dead)
        return call(*args, **kwargs)

    sites.each_call(surgery.model, x, visit)
