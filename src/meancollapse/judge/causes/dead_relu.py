"""Rectifiers that are off for every row, and so get no gradient to come back."""

from __future__ import annotations

import math

from meancollapse.judge.causes.case import MOST, RECTIFIERS, Case
from meancollapse.judge.evidence import Layer
from meancollapse.judge.finding import MECHANISM, ROOT, Finding

# A bias this far below zero, and below the size of what the layer is given, keeps units off.
LOW_BIAS = 1.0
LEAKY = 'keras.layers.Dense(units, activation="leaky_relu", kernel_initializer="he_normal")'
# What is added to the evidence, the remedy, and its code.
NARROW = (
    "",
    "use fewer or wider layers, an activation that is not flat on one side, or normalization "
    "between the layers",
    LEAKY,
)
REVIVE = (
    "",
    "restart with a lower learning rate (dead units do not come back by themselves), or use an "
    "activation that is not flat on one side",
    LEAKY,
)


def explain(case: Case) -> Finding | None:
    """Most units of a rectifier are zero for all rows, first of all where the target is lost."""
    dead = [layer for layer in case.layers if _dead_share(layer) >= MOST]
    if not dead:
        return None
    worst = case.blocking if case.blocking in dead else dead[0]
    began_dead = (worst.constant_at_start or 0) >= MOST * worst.units
    count = (
        f"{worst.dead_units} of {worst.units}"
        if worst.dead_units < worst.units
        else (f"all {worst.units}")
    )
    more = len(dead) - 1
    layers = "layer" if more == 1 else "layers"
    others = f", and so are most units of {more} more {layers}" if more else ""
    since = _since(case, worst)
    why, remedy, code = _reason(case, worst) if began_dead else REVIVE
    when = ", with the first weights already" if began_dead else since
    return Finding(
        cause="dead_relu",
        strength=ROOT if began_dead else MECHANISM + 0.05,
        layer=worst.name,
        evidence=(
            f"{count} units of '{worst.name}' are zero for every sampled row{when}{why}{others}"
        ),
        remedy=remedy,
        code=code,
    )


def _reason(case: Case, layer: Layer) -> tuple[str, str, str]:
    """What keeps a layer's units off from the start, what to do, and how."""
    if layer.threshold:
        why = f", as they are given less than its threshold of {layer.threshold:g}"
        remedy = (
            "let everything above 0 pass: the threshold is what an input has to exceed; a largest "
            "output is called max_value"
        )
        return why, remedy, f"keras.layers.ReLU(max_value={layer.threshold:g})"
    holder = layer if layer.has_weights else case.layers[max(case.layers.index(layer) - 1, 0)]
    given = math.hypot(holder.input_std or 0.0, holder.input_mean or 0.0)
    if holder.bias is not None and holder.bias <= -max(LOW_BIAS, given):
        why = f", as their biases are {holder.bias:.2g} on the average"
        code = 'keras.layers.Dense(units, activation="relu", bias_initializer="zeros")'
        return why, "start the biases of hidden layers at 0", code
    return NARROW


def _dead_share(layer: Layer) -> float:
    return layer.dead_units / layer.units if layer.activation in RECTIFIERS else 0.0


def _since(case: Case, layer: Layer) -> str:
    """Since which epoch most units of the layer have had no gradient at all."""
    name = layer.name.rsplit("/", 1)[-1]
    since = None
    for evidence in reversed(case.history):
        kernels = [v for v in evidence.variables if v.is_weight and f"{name}/" in v.path]
        if not kernels or kernels[0].silent_units < MOST * kernels[0].units:
            break
        since = evidence.epoch + 1
    return "" if since is None else f" and have had no gradient since epoch {since}"
