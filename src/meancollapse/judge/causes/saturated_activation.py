"""Sigmoids driven into their flat ends."""

from __future__ import annotations

from meancollapse.judge.causes.case import SIGMOIDAL, Case
from meancollapse.judge.finding import MECHANISM, Finding

# DeepDiagnosis and SageMaker Debugger call a layer saturated from half of its values on.
HALF = 0.5


def explain(case: Case) -> Finding | None:
    """Half or more of a bounded layer's values are within 1 % of its flat ends."""
    flat = [
        layer
        for layer in case.way
        if layer.activation in SIGMOIDAL and (layer.saturated or 0) >= HALF
    ]
    if not flat:
        return None
    worst = case.blocking if case.blocking in flat else max(flat, key=lambda s: s.saturated or 0)
    given = (
        "" if worst.input_std is None else f", which is given inputs of std {worst.input_std:.3g}"
    )
    return Finding(
        cause="saturated_activation",
        strength=MECHANISM + 0.05,
        layer=worst.name,
        evidence=(
            f"{worst.saturated:.0%} of the values of '{worst.name}' ({worst.activation}) lie in "
            f"its flat ends{given}"
        ),
        remedy=(
            "scale what it is given, or start again with smaller weights or a lower learning rate"
        ),
        code="keras.layers.BatchNormalization()  # before the activation",
    )
