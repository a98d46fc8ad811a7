"""Rectifiers that are off for every row, and so get no gradient to come back."""

from __future__ import annotations

from meancollapse.causes.case import MOST, RECTIFIERS, Case
from meancollapse.evidence import Layer
from meancollapse.finding import MECHANISM, ROOT, Finding


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
    when = ", with the first weights already" if began_dead else since
    return Finding(
        cause="dead_relu",
        strength=ROOT if began_dead else MECHANISM + 0.05,
        layer=worst.name,
        evidence=f"{count} units of '{worst.name}' are zero for every sampled row{when}{others}",
        remedy=(
            "use fewer or wider layers, an activation that is not flat on one side, or "
            "normalization between the layers"
            if began_dead
            else "restart with a lower learning rate (dead units do not come back by themselves), "
            "or use an activation that is not flat on one side"
        ),
        code='keras.layers.Dense(units, activation="leaky_relu", kernel_initializer="he_normal")',
    )


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
