"""Gradients or weights that blew up."""

from __future__ import annotations

import math

from meancollapse.causes.case import GROWN, Case
from meancollapse.causes.finding import HINT, MECHANISM, Finding
from meancollapse.verdict import NON_FINITE

# Times the quietest epoch's gradient norm.
BURST = 100.0
# Values no normalised network produces.
HUGE = 1e4


def explain(case: Case) -> Finding | None:
    """A burst of gradient, kernels far beyond where they began, or layers with huge outputs."""
    norms = [e.grad_norm for e in case.history if e.grad_norm is not None]
    finite = [n for n in norms if math.isfinite(n) and n > 0]
    burst = max(finite, default=0.0) / min(finite, default=1.0) if finite else 1.0
    huge = [layer for layer in case.layers if not abs(layer.high) < HUGE]
    words = []
    if burst >= BURST:
        words.append(f"the gradient norm reached {max(finite):.3g}")
    if len(finite) < len(norms):
        words.append("the gradient became NaN or Inf")
    if case.growth >= GROWN or not math.isfinite(case.growth):
        words.append(f"weights grew to {case.growth:.3g} times their initial size")
    if huge and case.examination.head.target_std < HUGE / 10:
        words.append(f"layer '{huge[0].name}' gives values up to {huge[0].high:.3g}")
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
