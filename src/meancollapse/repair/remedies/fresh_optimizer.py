"""An optimizer without memory: moments of another network would push the new one about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from meancollapse.backend import contents, internals
from meancollapse.backend.rates import leaves
from meancollapse.repair.patient import Patient
from meancollapse.repair.remedy import Operation
from meancollapse.repair.surgery.memory import CannotRenew, new_memory

__all__ = ["CannotRenew", "apply"]


@dataclass(frozen=True)
class FreshOptimizer:
    """The memory a new optimizer would have: it belongs to a network that is gone."""

    def suits(self, patient: Patient) -> bool:
        return True

    def apply(self, operation: Operation) -> None:
        apply(operation.surgery.model.optimizer)

    def words(self) -> str:
        return "cleared the optimizer's memory"


def apply(optimizer: Any) -> None:
    """Give an optimizer the memory a new one would have of the weights as they are now.

    Learning rates and the scale of a `LossScaleOptimizer` stay. Averages of weights (`use_ema`)
    begin with the weights: Keras' zeros, which the first step replaces, would be put into the model
    if the `fit` ended before it.

    Raises:
        CannotRenew: Nobody can tell what that is; nothing was changed.
    """
    found = [pair for leaf in leaves(optimizer) for pair in new_memory(leaf)]
    contents.assign([slot for slot, _ in found], [value for _, value in found])
    known = {id(slot) for slot, _ in found}
    for variable in optimizer.variables:
        # Of optimizers that hold others only counters are memory.
        is_counter = keras.backend.is_int_dtype(variable.dtype)
        if is_counter and id(variable) not in known:
            contents.write(variable, np.zeros(tuple(variable.shape)))
    for leaf in leaves(optimizer):
        for weights, average in internals.averages(leaf):
            contents.write(average, contents.read(weights))
