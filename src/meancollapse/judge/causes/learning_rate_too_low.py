"""Steps so small that the run ends where it began."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable

from meancollapse.judge.causes.case import Case
from meancollapse.judge.finding import HINT, ROOT, Finding
from meancollapse.judge.trend import stops

# All updates of the run together, in units of the weights: less than this and nothing was learned.
MOVED = 0.1
# Update-to-weight ratios are healthy near 1e-3; TheDeepChecker alarms below 1e-4.
SMALL_UPDATE = 1e-4
# Gradients clipped to less, and an epsilon of more, are to blame before the rate.
CLIPPED, LARGE_EPSILON = 1e-2, 1e-2
# Times below its largest value at which a rate is said to have fallen.
FALLEN = 10.0
# Times below what Keras would start the optimizer with, where nothing else is known.
FAR_BELOW = 30.0


def explain(case: Case) -> Finding | None:
    """The target arrives at the output, and the weights have hardly moved."""
    rate = case.learning_rate or 0.0
    if not case.evidence.variables and 0 < rate <= case.usual_rate / FAR_BELOW:
        return _untried(case, rate)
    kernels = [v for v in case.kernels if v.gradient_norm > 0]
    if case.blocking is not None or not kernels:
        return None
    clip, epsilon = case.examination.clip, case.examination.epsilon or 0.0
    clipped, divided = clip is not None and clip < CLIPPED, epsilon >= LARGE_EPSILON
    # Behind a tiny limit every array moves as far; that is much for a head of tiny weights only.
    middle = statistics.median_low if clipped else statistics.median
    ratio = middle([v.update_ratio for v in kernels])
    name = case.examination.optimizer
    if not math.isfinite(ratio) or ratio >= SMALL_UPDATE * 10:
        return None
    moved = _moved(case, middle)
    rates = [e.learning_rate for e in case.history if e.learning_rate is not None]
    if ratio < SMALL_UPDATE and (moved < MOVED or stops(rates)):
        strength = ROOT + 0.08
    elif ratio < SMALL_UPDATE or rate < case.usual_rate / 10:
        strength = HINT + 0.15
    else:
        return None
    why = f"the learning rate is {rate:.3g}"
    remedy = "raise the learning rate, ten times at first"
    if clipped:
        why, remedy = f"gradients are clipped to {clip:g}", "clip less"
    elif divided:
        why = f"every step is divided by at least {epsilon:g}, {name}'s epsilon (1e-7 is usual)"
        remedy = "lower epsilon"
    elif rates and rates[-1] <= rate / FALLEN:
        why = f"the learning rate has fallen from {rate:.3g} to {rates[-1]:.3g}"
        remedy = "let the learning rate fall later and not so far, or not at all at first"
    arguments = f"learning_rate={_raised(case, ratio):.0e}"
    if clipped or divided:
        more = "clipnorm=1.0" if clipped else "epsilon=1e-07"
        arguments = f"learning_rate={case.learning_rate or case.usual_rate:.0e}, {more}"
    return Finding(
        cause="learning_rate_too_low",
        strength=strength,
        layer=None,
        evidence=(
            f"{why}; a step moves the weights by {ratio:.1g} of their size (about 1e-3 is usual), "
            f"all {case.evidence.steps} steps together by at most {moved:.1g}"
        ),
        remedy=remedy,
        code=f"keras.optimizers.{name}({arguments})".replace("e-0", "e-"),
    )


def _moved(case: Case, middle: Callable[[list[float]], float]) -> float:
    """All updates of the run together, in units of the weights, epoch by epoch."""
    moved, before = 0.0, 0
    for evidence in case.history:
        ratios = [v.update_ratio for v in evidence.variables if v.is_weight and v.gradient_norm > 0]
        ratios = [ratio for ratio in ratios if math.isfinite(ratio)]
        moved += (middle(ratios) if ratios else 0.0) * (evidence.steps - before)
        before = evidence.steps
    return moved


def _untried(case: Case, rate: float) -> Finding:
    """Nothing has been trained yet: all that is known is the rate."""
    name = case.examination.optimizer
    return Finding(
        cause="learning_rate_too_low",
        strength=HINT + 0.15,
        layer=None,
        evidence=f"the learning rate is {rate:.3g}, {name} starts with {case.usual_rate:.3g}",
        remedy="raise the learning rate, ten times at first",
        code=f"keras.optimizers.{name}(learning_rate={case.usual_rate:.0e})".replace("e-0", "e-"),
    )


def _raised(case: Case, ratio: float) -> float:
    """A rate at which a step would move the weights by 1e-3, at most a hundred times more."""
    rate = case.learning_rate or case.usual_rate
    return rate * min(100.0, max(10.0, 1e-3 / max(ratio, 1e-12)))
