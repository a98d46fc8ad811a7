"""An optimizer without memory: moments of another network would push the new one about."""

from __future__ import annotations

from typing import Any

import numpy as np

from meancollapse.instrument import backends

# What is not memory.
KEPT = {"learning_rate", "dynamic_scale"}


def apply(optimizer: Any) -> None:
    """Set every slot and counter to zero, as in a new optimizer; learning rates stay."""
    for variable in optimizer.variables:
        if variable.name not in KEPT:
            backends.write(variable, np.zeros(tuple(variable.shape)))
