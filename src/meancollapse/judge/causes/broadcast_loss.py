"""Targets and outputs of different shapes, combined every one with every other."""

from __future__ import annotations

import math

from meancollapse.judge.causes.case import Case
from meancollapse.judge.finding import ROOT, Finding

# The loss of a perfect prediction, shapes as they are, in units of the best constant's.
NOT_PERFECT = 0.05
# Losses of the right and of the wrong rows differ by less than this share of the constant's.
BLIND = 1e-3


def explain(case: Case) -> Finding | None:
    """The loss does not care which prediction belongs to which target.

    `(N,)` against `(N, 1)` broadcasts to an N x N table of all pairs, whose optimum is the mean:
    predicting the targets of other rows is as good as predicting one's own. Plain functions given
    to `compile` get their ranks fixed by Keras, subclasses of `Loss` and losses computed by the
    model itself do not.
    """
    head, look = case.examination.head, case.look
    if head.kind in ("sparse", "categorical") or not look.target_varies:
        return None
    targets, outputs = _shape(head.target_shape), _shape(head.output_shape)
    shapes = f"targets of shape {targets} meet outputs of shape {outputs} in the loss"
    differ = len(head.target_shape) != len(head.output_shape)
    if head.has_own_step:
        # The loss is inside the step, out of sight; of the shapes one can say this much.
        if not differ or case.blocking is not None:
            return None
        return _finding(case, ROOT + 0.05, f"{shapes} of a train_step of your own")
    if not math.isfinite(head.perfect_loss):
        return None
    unit = abs(look.constant_loss)
    fixed = head.aligned_loss is not None and (
        head.perfect_loss - head.aligned_loss > NOT_PERFECT * unit
    )
    blind = abs(head.mixed_loss - head.perfect_loss) <= BLIND * unit
    if not fixed and not (blind and head.perfect_loss > NOT_PERFECT * unit):
        return None
    words = f"{shapes}, which then compares every target with every prediction: predicting the "
    words += f"targets of other rows costs {head.mixed_loss:.3g}, one's own {head.perfect_loss:.3g}"
    if fixed:
        words += f", and with equal shapes {head.aligned_loss:.3g}"
    return _finding(case, 1.0, words)


def _finding(case: Case, strength: float, evidence: str) -> Finding:
    return Finding(
        cause="broadcast_loss",
        strength=strength,
        layer=case.output,
        evidence=evidence,
        remedy="give targets and outputs the same shape wherever the loss combines them",
        code="y = y.reshape(-1, 1)",
    )


def _shape(shape: tuple[int, ...]) -> str:
    inner = ", ".join(["N", *(str(size) for size in shape[1:])])
    return f"({inner},)" if len(shape) == 1 else f"({inner})"
