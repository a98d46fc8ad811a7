"""Gradients or weights that blew up."""

from __future__ import annotations

import math

from meancollapse.judge.causes.case import GROWN, Case
from meancollapse.judge.finding import HINT, MECHANISM, Finding
from meancollapse.judge.verdict import NON_FINITE

# Times the smallest gradient norm of an earlier epoch; norms that fall are what learning does.
BURST = 100.0
# Values no normalised network produces.
HUGE = 1e4


def explain(case: Case) -> Finding | None:
    """A burst of gradient, kernels far beyond where they began, or layers with huge outputs."""
    if any(not given.finite for given in case.evidence.inputs):
        return None  # NaN came with the data
    norms = [e.grad_norm for e in case.history if e.grad_norm is not None]
    finite = [n for n in norms if math.isfinite(n)]
    huge = [layer for layer in case.layers if not max(abs(layer.high), abs(layer.low)) < HUGE]
    words = []
    if _burst(finite) >= BURST:
        words.append(f"the gradient norm reached {max(finite):.3g}")
    if len(finite) < len(norms):
        words.append("the gradient became NaN or Inf")
    if case.growth >= GROWN or not math.isfinite(case.growth):
        words.append(f"weights grew to {case.growth:.3g} times their initial size")
    if huge and case.examination.head.target_std < HUGE / 10:
        size = max(abs(huge[0].high), abs(huge[0].low))
        values = f"up to {size:.3g}" if math.isfinite(size) else "beyond every number"
        words.append(f"layer '{huge[0].name}' gives values {values}")
    if not words:
        return None
    lost = case.state == NON_FINITE
    strength = MECHANISM if lost or (huge and len(words) > 1) else HINT + 0.05 * len(words)
    return Finding(
        cause="exploding_gradient",
        strength=strength,
        layer=huge[0].name if huge else None,
        evidence="; ".join(words),
        remedy="limit the gradient, lower the learning rate, and scale inputs and targets",
        code="keras.optimizers.Adam(1e-3, clipnorm=1.0)",
    )


def _burst(norms: list[float]) -> float:
    """The largest factor by which the gradient norm rose above an earlier epoch's."""
    lowest, largest = math.inf, 1.0
    for norm in norms:
        if 0 < lowest < math.inf:
            largest = max(largest, norm / lowest)
        if norm > 0:
            lowest = min(lowest, norm)
    return largest
