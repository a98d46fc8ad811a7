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
    found = leaves(optimizer)
    accumulator = max(float(getattr(leaf, "initial_accumulator_value", 0.0)) for leaf in found)
    products = [getattr(leaf, "_u_product", None) for leaf in found]  # of Nadam
    for variable in optimizer.variables:
        if variable.name in KEPT:
            continue
        value = 0.0
        if any(variable is product for product in products):
            value = 1.0
        elif variable.name.endswith("accumulator") and "gradient_acc" not in variable.name:
            value = accumulator  # of Adagrad and Ftrl
        backends.write(variable, np.full(tuple(variable.shape), value))
