"""An optimizer without memory: moments of another network would push the new one about."""

from __future__ import annotations

from typing import Any

import numpy as np

from meancollapse.instrument import backends
from meancollapse.instrument.rates import leaves

# What is not memory.
KEPT = {"learning_rate", "dynamic_scale"}


def apply(optimizer: Any) -> None:
    """Set every slot and counter to what it is in a new optimizer; learning rates stay."""
    first = max(float(getattr(o, "initial_accumulator_value", 0.0)) for o in leaves(optimizer))
    for variable in optimizer.variables:
        if variable.name not in KEPT:
            value = _initial(variable.name, first)
            backends.write(variable, np.full(tuple(variable.shape), value))


def _initial(name: str, accumulator: float) -> float:
    if name.endswith("accumulator") and not name.endswith("gradient_accumulator"):
        return accumulator  # of Adagrad and Ftrl
    return 1.0 if name.endswith("u_product") else 0.0  # of Nadam
