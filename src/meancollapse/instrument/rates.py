"""Learning rates of a running optimizer: read, set, and schedules put aside."""

from __future__ import annotations

from typing import Any

import keras

from meancollapse.instrument import backends


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
    return backends.has_plain_rate(leaf)


def constant(rate: float) -> keras.optimizers.schedules.LearningRateSchedule:
    """A schedule that never changes, to stand in for one put aside.

    It is Keras' own, so that a checkpoint saved meanwhile can be loaded anywhere.
    """
    return keras.optimizers.schedules.ExponentialDecay(rate, 1, 1.0)
