"""An optimizer's learning rates, schedules, and momentum of averages: read, and copied."""

from __future__ import annotations

import copy
from typing import Any

import keras
import numpy as np

from meancollapse.backend import internals


def leaves(optimizer: Any) -> list[Any]:
    """The optimizers that hold a learning rate, of which `MultiOptimizer` has several."""
    inner = getattr(optimizer, "inner_optimizer", None)
    if inner is not None:
        return leaves(inner)
    return list(getattr(optimizer, "optimizers", None) or [optimizer])


def value(leaf: Any) -> float:
    """The learning rate a single optimizer uses now."""
    return float(keras.ops.convert_to_numpy(leaf.learning_rate))


def is_settable(leaf: Any) -> bool:
    """Whether it is a plain number, and no schedule or function."""
    return internals.has_plain_rate(leaf)


def constant(rate: float) -> keras.optimizers.schedules.LearningRateSchedule:
    """A schedule that never changes, to stand in for one put aside.

    It is Keras' own, so that a checkpoint saved meanwhile can be loaded anywhere.
    """
    return keras.optimizers.schedules.ExponentialDecay(rate, 1, 1.0)


def course(leaf: Any, steps: int, points: int = 64) -> np.ndarray | None:
    """The rates a schedule gives over its first steps, evenly spaced; `None` without a schedule.

    Args:
        leaf: An optimizer.
        steps: The length of the course.
        points: How many of its rates are asked for.
    """
    schedule = internals.schedule_of(leaf)
    if not isinstance(schedule, keras.optimizers.schedules.LearningRateSchedule):
        return None
    at = np.linspace(0, max(0, steps - 1), points).astype(int)
    try:
        found = [schedule(keras.ops.convert_to_tensor(step, leaf.iterations.dtype)) for step in at]
        return np.array([float(keras.ops.convert_to_numpy(rate)) for rate in found])
    except Exception:  # a schedule of the user's that asks for something else
        return None


def scaled(schedule: Any, factor: float) -> Any:
    """A schedule of the same shape, all its rates multiplied by a factor.

    It is saved as what it was made from, so that a checkpoint written meanwhile can be loaded
    anywhere, and with the schedule the user has set.
    """
    kind = type(schedule)

    def call(self: Any, step: Any) -> Any:
        return kind.__call__(self, step) * factor

    found = copy.copy(schedule)
    # Keras saves what an object says its class is.
    disguise = property(lambda self: kind)
    found.__class__ = type(kind.__name__, (kind,), {"__call__": call, "__class__": disguise})
    return found


def innermost(optimizer: Any) -> Any:
    """The optimizer inside a `LossScaleOptimizer`, or the first of a `MultiOptimizer`."""
    while True:
        inner = getattr(optimizer, "inner_optimizer", None)
        if inner is None:
            several = getattr(optimizer, "optimizers", None)
            inner = several[0] if several else None
        if inner is None:
            return optimizer
        optimizer = inner


def learning_rate(optimizer: Any) -> float | None:
    """The learning rate in force now; `None` if the optimizer does not tell."""
    try:
        return float(keras.ops.convert_to_numpy(innermost(optimizer).learning_rate))
    except (AttributeError, TypeError, ValueError):
        return None


def ema_momentum(optimizer: Any) -> float | None:
    """The largest momentum of averaged weights (`use_ema`); `None` where none are averaged."""
    found = [
        float(leaf.ema_momentum) for leaf in leaves(optimizer) if getattr(leaf, "use_ema", False)
    ]
    return max(found, default=None)
