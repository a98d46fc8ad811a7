"""A learning rate that was changed, against a callback that sets the old one in every epoch."""

from __future__ import annotations

import math
from typing import Any

from meancollapse.backend.rates import is_settable, leaves, value

# Rates closer than this factor are the same for our purpose.
SAME = 2.0
# A rate that was raised may fall to this share again: what had brought it down is still there.
LEAST = 0.25


class HeldRate:
    """Puts a rate back where `LearningRateScheduler` and the like would undo the change.

    A rate set by somebody else is let be if it lies nearer to the chosen one than to the one with
    which the network collapsed: a decay goes on, the old rate does not come back. Where the
    collapse was at a much lower one, a decay must not lead there again.

    Args:
        optimizer: The model's optimizer; it has the chosen rate.
        ill: The rate of the (first) optimizer before the change.
    """

    def __init__(self, optimizer: Any, ill: float):
        self._leaves = [o for o in leaves(optimizer) if is_settable(o) and value(o) > 0]
        self._chosen = [value(leaf) for leaf in self._leaves]
        factor = ill / self._chosen[0] if self._leaves else 1.0
        self._ill = [rate * factor for rate in self._chosen]
        was_too_low = factor < LEAST**2
        self._least = [rate * LEAST if was_too_low else 0.0 for rate in self._chosen]
        if 1 / SAME < factor < SAME:
            self._leaves = []

    def put_back(self) -> tuple[float, float] | None:
        """Undo what was set since; call it when all callbacks have begun the epoch.

        Returns:
            The rate found and the one put in its place, or `None` if nothing had to be done.
        """
        done = None
        for index, leaf in enumerate(self._leaves):
            now, chosen, ill = value(leaf), self._chosen[index], self._ill[index]
            # A rate of 0 is a pause, and none to go back to, unless it was what was wrong.
            if now == chosen or not (now > 0 or ill <= 0):
                continue
            is_ill = _distance(now, ill) < _distance(now, chosen)
            if is_ill or now < self._least[index]:
                leaf.learning_rate = chosen
                done = done or (now, chosen)
            else:
                self._chosen[index] = now
        return done


def _distance(one: float, other: float) -> float:
    if not (one > 0 and other > 0):
        return 0.0 if one == other else math.inf
    return abs(math.log(one / other))
