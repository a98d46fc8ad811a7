"""A value or class so frequent that a constant is nearly the loss's optimum."""

from __future__ import annotations

from meancollapse.judge.causes.case import MEDIAN_LOSSES, MOST, Case
from meancollapse.judge.finding import HINT, MECHANISM, ROOT, Finding

# Median losses are served best by a value that half of the rows hold.
HALF = 0.5
# That constant is the loss's optimum, whatever else is found.
OPTIMUM = 0.96
# Research notes, section 4: a class of 95 % is called dominant; from 90 % on it is a suspect.
DOMINANT, SUSPECT = 0.95, 0.9


def explain(case: Case) -> Finding | None:
    """The most frequent target and what the loss makes of it."""
    head, look = case.examination.head, case.look
    if not (look.target_varies and head.is_comparable):
        return None
    share = head.mode_share
    broken = any(layer.constant_units >= MOST * layer.units for layer in case.layers[:-1])
    if head.kind == "regression" and head.loss in MEDIAN_LOSSES and share >= HALF:
        strength = OPTIMUM if not broken else MECHANISM
        return Finding(
            "imbalanced_target",
            strength,
            case.output,
            f"{share:.0%} of the rows hold the same target, and for {head.loss} that value is the "
            f"best constant ({look.constant[0]:.4g})",
            "use a loss whose optimum is not one frequent value, or predict first whether the "
            "target is that value",
            'model.compile(optimizer, loss="mse")',
        )
    # Of one-hot columns those of absent classes are constant too; what counts is the largest class.
    prior = max(look.constant, default=0.0) if head.kind != "regression" else share
    if head.kind == "binary" and look.constant:
        prior = max(max(c, 1 - c) for c in look.constant)
    if prior < SUSPECT:
        return None
    strength = ROOT if prior >= DOMINANT else MECHANISM + 0.05
    if broken:
        strength = HINT + 0.1
    what = "one class" if head.kind != "regression" else "one value"
    return Finding(
        "imbalanced_target",
        strength,
        case.output,
        f"{prior:.1%} of the targets are {what}, so a constant is right almost always "
        f"(constant loss {look.constant_loss:.3g})",
        "weight the rare rows more, or adjust the logits by the class frequencies",
        "model.fit(..., class_weight={0: 1.0, 1: 20.0})  # or mc.LogitAdjustedCrossentropy(counts)",
    )
