"""Averaged weights of an optimizer (`use_ema`), which Keras puts into the model when `fit` ends."""

from __future__ import annotations

from typing import Any

from meancollapse.instrument import backends
from meancollapse.instrument.rates import leaves


def momentum(optimizer: Any) -> float | None:
    """The largest `ema_momentum` in use; `None` where no weights are averaged."""
    found = [
        float(leaf.ema_momentum) for leaf in leaves(optimizer) if getattr(leaf, "use_ema", False)
    ]
    return max(found, default=None)


def renew(optimizer: Any) -> None:
    """Have every average begin anew with the weights of now."""
    for leaf in leaves(optimizer):
        for variable, average in backends.averages(leaf):
            backends.write(average, backends.read(variable))
