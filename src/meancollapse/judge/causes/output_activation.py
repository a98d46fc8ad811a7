"""A head that cannot produce the targets."""

from __future__ import annotations

import math

from meancollapse.judge.causes.case import RECTIFIERS, Case
from meancollapse.judge.finding import MECHANISM, ROOT, Finding

# R² of the targets clipped to what the head can give: below the first it cannot explain even half
# of them, below the second a visible part of them is out of reach.
HALF, PART = 0.5, 0.95
# Share of targets out of reach that nobody leaves there on purpose; a fact about head and targets
# that stands whatever else is found.
MANY, BEYOND = 0.2, 0.96
LINEAR_LIKE = ("linear", *RECTIFIERS, "leaky_relu", "elu", "selu", "tanh", "softplus", "gelu")


def explain(case: Case) -> Finding | None:
    """Compare what the last activation can give with what the targets and the loss ask for."""
    head = case.examination.head
    if head.activation == "softmax" and head.units == 1:
        return _finding(
            case,
            1.0,
            "softmax over a single unit is 1 for every input",
            "use a sigmoid for two classes, no activation for a number",
        )
    if head.activation.startswith("softmax over") and head.kind in ("categorical", "sparse"):
        return _finding(
            case,
            1.0,
            f"{head.activation} and not over the classes, which are on the last axis: the "
            "probabilities of one example do not add up to 1",
            "let the softmax run over the classes (axis=-1)",
        )
    wants_probability = head.kind != "regression" and not head.from_logits
    if wants_probability and head.activation in LINEAR_LIKE:
        proper = "sigmoid" if head.kind == "binary" else "softmax"
        if head.activation == "linear" and case.blocking is not None:
            return None
        return _finding(
            case,
            ROOT + 0.1 if head.activation != "linear" else ROOT,
            f"{head.loss} wants probabilities, but the output is '{head.activation}': outside 0 to "
            "1 the loss is clipped and its gradient is lost",
            f"end in a {proper}, or tell the loss that it gets logits (from_logits=True)",
        )
    if not math.isfinite(head.reachable) or head.outside == 0:
        return None
    low, high = case.look.target_range
    share = f"{head.outside:.0%} of the targets ({low:.4g} to {high:.4g})"
    bounds = f"{head.lowest:g} to {head.highest:g}".replace(" to inf", " upwards")
    if head.reachable < HALF:
        strength = BEYOND + 0.01
    elif head.reachable < PART:
        strength = BEYOND if head.outside > MANY else MECHANISM
    else:
        return None
    return _finding(
        case,
        strength,
        f"'{head.activation}' gives numbers from {bounds}, and {share} lie outside; at best it "
        f"could reach an R² of {head.reachable:.2g}",
        "use no activation on the output"
        + ("" if head.activation in RECTIFIERS else ", or scale the targets into its range"),
    )


def _finding(case: Case, strength: float, evidence: str, remedy: str) -> Finding:
    head = case.examination.head
    kind, units = head.kind, head.units
    if kind == "regression" and case.look.top_class is None:
        binary = case.look.target_range == (0.0, 1.0) and head.mode_share < 1 and units == 1
        activation = '"sigmoid"' if binary and head.activation == "softmax" else "None"
    else:
        activation = '"sigmoid"' if kind == "binary" else '"softmax"'
    return Finding(
        cause="output_activation",
        strength=min(1.0, strength),
        layer=head.layer or case.output,
        evidence=evidence,
        remedy=remedy,
        code=f"keras.layers.Dense({units}, activation={activation})",
    )
