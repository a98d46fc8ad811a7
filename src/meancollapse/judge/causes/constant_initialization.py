"""Weights that began all alike, so that all units of a layer stay one and the same unit."""

from __future__ import annotations

from meancollapse.judge.causes.case import Case
from meancollapse.judge.evidence import Parameter
from meancollapse.judge.finding import MECHANISM, PROOF, Finding
from meancollapse.judge.verdict import is_frozen


def explain(case: Case) -> Finding | None:
    """All units of a layer have identical weights: training never makes different ones equal."""
    names = {layer.name.rsplit("/", 1)[-1] for layer in case.way}
    # Weight decay wears weights without a gradient down to an exact zero.
    worn = bool(case.examination.weight_decay)
    alike = [p for p in case.examination.parameters if _is_alike(p, worn) and _is_on_way(p, names)]
    if case.place is not None and case.place.kind == "unused":
        # A head of zeros learns like any other, unless it may not.
        alike = [p for p in alike if not p.is_trainable or p.layer != case.examination.head.layer]
    if not alike:
        return _zero_scale(case)
    first = alike[0]
    value = "zero" if first.scale == 0 else f"alike (rms {first.scale:.3g})"
    blocks = case.blocking is not None or not first.is_trainable or is_frozen(case.evidence)
    made = "whoever set them" if first.starts_identical is False else "its initializer"
    frozen = "" if first.is_trainable else " and frozen"
    return Finding(
        cause="constant_initialization",
        strength=PROOF if blocks else MECHANISM,
        layer=first.layer,
        evidence=(
            f"the weights into all {first.units} units of '{first.path}' are {value}{frozen}, as "
            f"{made} made them: equal units get equal gradients and stay equal"
        ),
        remedy="use a random initializer",
        code='kernel_initializer="he_normal"  # "glorot_uniform" for sigmoid and tanh',
    )


def _zero_scale(case: Case) -> Finding | None:
    """A normalization that multiplies everything by zero, with no other branch around it."""
    layer = case.blocking
    if layer is None or layer.gain != 0:
        return None
    return Finding(
        cause="constant_initialization",
        strength=PROOF,
        layer=layer.name,
        evidence=(
            f"the scale (gamma) of '{layer.name}' is zero for all {layer.units} channels, and no "
            "other branch goes around it, so what follows sees the same numbers for every input"
        ),
        remedy=(
            "start this scale at one; zeros are for the last normalization of a residual branch"
        ),
        code='keras.layers.BatchNormalization(gamma_initializer="ones")',
    )


def _is_alike(parameter: Parameter, worn: bool) -> bool:
    same = parameter.units > 1 and parameter.identical_units == parameter.units
    return same and (parameter.starts_identical is not False or not worn)


def _is_on_way(parameter: Parameter, names: set[str]) -> bool:
    return parameter.layer in names or any(f"{name}/" in parameter.path for name in names)
