"""Targets whose size or offset the network cannot reach."""

from __future__ import annotations

import math

from meancollapse.judge.causes.case import Case
from meancollapse.judge.finding import HINT, MECHANISM, ROOT, Finding

# Research notes, section 4: |mean| ÷ std beyond 3, or a std beyond 0.1 to 10.
OFFSET, LARGE, SMALL = 3.0, 10.0, 0.1
# One output's loss is drowned when the others weigh this many times as much.
DROWNED = 1e3


def explain(case: Case) -> Finding | None:
    """Large or far targets in a regression, not reached yet or reached by steps that killed."""
    head, look = case.examination.head, case.look
    if head.kind != "regression" or not (look.target_varies and head.is_comparable):
        return None
    total = case.examination.total_loss
    if math.isfinite(total) and look.loss > 0 and total > DROWNED * look.loss:
        return _finding(
            case,
            ROOT + 0.13,
            f"this output's loss is {look.loss:.3g} of {total:.3g} in all: the other outputs, in "
            "larger units, decide every step",
            "standardise the targets of every output, or weight the losses",
            "model.compile(..., loss_weights=...)",
        )
    mean, std = abs(head.target_mean), head.target_std
    if not (std >= LARGE or std <= SMALL or mean > OFFSET * std) or head.outside > 0:
        return None
    words = [f"the targets have mean {head.target_mean:.4g} and std {std:.3g}"]
    gap = max(
        (abs(p - c) for p, c in zip(look.prediction_mean, look.constant, strict=False)), default=0.0
    )
    size = max(std, mean)
    if gap > 0.5 * std and size >= 1 and case.evidence.steps:
        words.append(
            f"after {case.evidence.steps} steps the predictions' mean is still "
            f"{look.prediction_mean[0]:.4g}"
        )
        strength = ROOT + 0.05
    elif case.was_destroyed and (std >= LARGE or mean > OFFSET * std):
        words.append("the first steps towards them destroyed what the first weights passed on")
        strength = ROOT + 0.05
    elif std >= LARGE or mean > 10 * std:
        strength = MECHANISM
    else:
        strength = HINT
    return _finding(
        case,
        strength,
        "; ".join(words),
        "standardise the targets for training and undo it on the predictions, or start the output "
        "bias at their mean",
        "y = (y - y_mean) / y_std  # predictions: model.predict(x) * y_std + y_mean",
    )


def _finding(case: Case, strength: float, evidence: str, remedy: str, code: str) -> Finding:
    return Finding("unscaled_target", strength, case.output, evidence, remedy, code)
