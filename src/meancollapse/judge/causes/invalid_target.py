"""Targets the loss cannot use."""

from __future__ import annotations

import math

from meancollapse.judge.causes.case import Case
from meancollapse.judge.finding import Finding

# Losses that clip what is negative.
POSITIVE = ("mean_squared_logarithmic_error", "poisson")


def explain(case: Case) -> Finding | None:
    """Targets out of the loss's range, all alike, or of no advantage to whoever predicts them."""
    look, head = case.look, case.examination.head
    low, high = look.target_range
    runs = f"the targets run from {low:.4g} to {high:.4g}"
    if not math.isfinite(low) or not math.isfinite(high):
        return _finding(
            case,
            "the targets contain NaN or Inf",
            "drop or fill the rows whose target is missing",
            "keep = np.isfinite(y).all(axis=-1); x, y = x[keep], y[keep]",
        )
    if not look.target_is_valid:
        return _finding(case, f"{runs}, which {head.loss} cannot use", *_valid_targets(case))
    if not look.target_varies:
        alike = f"every target is the same for the loss in all {look.rows} sampled rows"
        return _finding(
            case,
            f"{alike} ({runs})",
            "check how the labels are made: a column of one value, or fractions that a sparse "
            "crossentropy cuts off to 0, leave nothing to learn",
            "print(np.unique(y, return_counts=True))",
        )
    if head.loss in POSITIVE and head.outside == 0 and low < 0 and head.target_mean < 0:
        return _finding(
            case,
            f"{runs}, but {head.loss} treats everything below zero alike",
            "use a loss that takes negative targets",
            'model.compile(optimizer, loss="mse")',
        )
    if head.aligned_loss is None and _rewards_constant(case):
        return _finding(
            case,
            f"predicting the targets exactly would cost {head.perfect_loss:.3g}, the best constant "
            f"only {look.constant_loss:.3g}: as compiled, the loss does not ask for the targets",
            "check the arguments of the loss (a label_smoothing of 1 erases the label) and a loss "
            "of your own for its sign",
            "",
        )
    return None


def _rewards_constant(case: Case) -> bool:
    look, head = case.look, case.examination.head
    if not (math.isfinite(head.perfect_loss) and math.isfinite(look.constant_loss)):
        return False
    room = 1e-3 * max(abs(look.constant_loss), 1e-12)
    return head.perfect_loss >= look.constant_loss - room


def _valid_targets(case: Case) -> tuple[str, str]:
    kind = case.examination.head.kind
    low, high = case.look.target_range
    if kind == "sparse":
        classes = case.examination.head.units
        return (
            "class numbers must be whole and run from 0 to one less than the number of outputs "
            f"({classes}); numbers to be predicted as numbers need a regression loss",
            f"y = np.unique(y, return_inverse=True)[1]  # 0, 1, ... and {classes} outputs or more",
        )
    if low >= 0 and float(low).is_integer() and float(high).is_integer():
        return (
            "labels must be 0 and 1; for several classes use one output each and class numbers",
            "y = (y == y.max()).astype('float32')",
        )
    return (
        "probabilities lie between 0 and 1; for other numbers use a regression loss and a linear "
        "output",
        'model.compile(optimizer, loss="mse")',
    )


def _finding(case: Case, evidence: str, remedy: str, code: str) -> Finding:
    return Finding("invalid_target", 1.0, case.output, evidence, remedy, code)
