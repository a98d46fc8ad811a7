"""The programs of `benchmarks/cases.py`, which were handed to the project and stay as they are."""

from __future__ import annotations

from typing import Any

from ..cases import P
from .registry import program


def hand(id: str, **about: Any) -> None:
    """Register a program of `cases.py`."""
    task, loss, build = P[id]
    program(id, task, loss, came_in="cases", **about)(build)


# ReLU head, targets below zero. State: the head itself is the dead unit.
hand(
    "SO-48251943",
    where="activation",
    origin="public thread",
    causes=("output_activation", "dead_relu"),
)
# Softmax on one unit is exactly 1.
hand("SO-31880720", where="activation", origin="public thread", causes=("output_activation",))
# Raw ASCII codes around 67. State: 9 to 11 of 12 first ReLUs dead.
hand("SO-39525358", where="model", origin="public thread", causes=("unscaled_input", "dead_relu"))
# Three sigmoid layers from tiny weights under plain SGD. Alone: Adam 0.01 learns.
hand(
    "SO-39217567",
    where="model",
    origin="public thread",
    causes=("vanishing_gradient", "learning_rate_too_low"),
)
# Class numbers divided by 255 and read as integers: all rows become class 0.
hand("SO-59325381", where="data", origin="public thread", causes=("invalid_target",))
# Sigmoid head under categorical cross-entropy; learns in Keras 3 on seeds 0 to 2.
hand(
    "SO-59278771",
    where="activation",
    origin="public thread",
    causes=("output_activation", "unscaled_input"),
)
# x up to 100 under sigmoids (as published), y up to 1e8. Alone: scaling y repairs, x does not.
hand(
    "SO-52800582",
    where="model",
    origin="public thread",
    causes=("unscaled_input", "unscaled_target"),
)
# Raw columns up to 120,000 put every tanh in its flat ends; learns on seeds 0 to 2.
hand(
    "SO-34673164",
    where="model",
    origin="public thread",
    causes=("unscaled_input", "saturated_activation", "learning_rate_too_high"),
)
# Sigmoid head for targets up to 103: head at its upper end. Alone: linear head repairs.
hand(
    "SO-48221692",
    where="activation",
    origin="public thread",
    causes=("output_activation", "unscaled_target", "saturated_activation"),
)
# Softmax on one unit behind a sigmoid fed with 5,000..40,000: each alone gives a constant.
hand(
    "SO-45442843",
    where="activation",
    origin="public thread",
    causes=("output_activation", "unscaled_input", "saturated_activation"),
)
# All kernels zero; the ReLUs get no gradient because of that.
hand(
    "TDC-regr_zero_init",
    where="model",
    origin="published study",
    causes=("constant_initialization",),
)
# Adam at 1e-5. Alone: scaled targets do not repair it.
hand("TDC-regr_low_lr", where="model", origin="published study", causes=("learning_rate_too_low",))
# Adam at 1. State: the second ReLU layer is dead entirely.
hand(
    "TDC-regr_high_lr",
    where="model",
    origin="published study",
    causes=("learning_rate_too_high", "dead_relu"),
)
# Loss subclass, targets (N,) against outputs (N, 1).
hand(
    "TDC-regr_broadcast_subclass",
    where="data",
    origin="published study",
    causes=("broadcast_loss",),
)
# Ten sigmoid layers. They sit in the middle, not in their flat ends.
hand(
    "AT-circle_vanish_sigmoid10",
    where="model",
    origin="published study",
    causes=("vanishing_gradient",),
)
# Fifteen narrow ReLU layers from small weights: the signal fades and units die on the way.
hand(
    "AT-circle_dying_relu",
    where="model",
    origin="published study",
    causes=("dead_relu", "vanishing_gradient"),
)
# Eight exponential layers: NaN.
hand(
    "AT-circle_explode_exp",
    where="activation",
    origin="published study",
    causes=("exploding_gradient", "non_finite"),
)
hand("OK-diabetes")
hand("OK-purenoise", where="data", causes=("no_signal",))
# CNN, Adam at 0.1. State: two of three layers dead.
hand("seed-box-lr", where="model", causes=("learning_rate_too_high", "dead_relu"))
# x up to 1,000 into sigmoids.
hand("seed-unscaled-sigmoid", where="model", causes=("unscaled_input", "saturated_activation"))
# Targets independent of the inputs.
hand("seed-noise", where="data", causes=("no_signal",))
hand("OK-slow-lstm")
