"""A penalty, weight decay, dropout or noise that outweighs the data."""

from __future__ import annotations

import math

from meancollapse.judge.causes.case import Case
from meancollapse.judge.evidence import Layer
from meancollapse.judge.finding import HINT, MECHANISM, ROOT, Finding

# Share of the signal that dropout lets through, all layers together.
KEPT = 0.1
HEAVY_DROPOUT = 0.8
# Weights at most this share of where they began were pulled down, not trained.
SHRUNK = 0.3
# With a penalty in use, weights this small were taken away by it, whatever it cost at the start.
GONE = 0.01
# TheDeepChecker: regularization weighs too much from twice the data's pull on.
NOISE = 2.0


def explain(case: Case) -> Finding | None:
    """Compare each regularizer's price with all there is to gain from the data."""
    candidates = [
        _penalty(case),
        _weight_decay(case),
        _constraint(case),
        _dropout(case),
        _noise(case),
    ]
    found = [c for c in candidates if c is not None]
    return max(found, key=lambda finding: finding.strength) if found else None


def _shrinkage(case: Case) -> float:
    """The smallest factor by which a kernel shrank since the start."""
    factors = [
        p.scale / p.initial_scale
        for p in case.examination.parameters
        if p.is_trainable and p.initial_scale
    ]
    return min(factors, default=1.0)


def _penalty(case: Case) -> Finding | None:
    gain = abs(case.look.constant_loss)
    price = case.examination.penalty_at_start
    if not (math.isfinite(gain) and math.isfinite(price)) or price <= 0:
        return None
    if price <= 0.2 * gain:
        return _is_gone(case)
    weighs_most = price > gain
    shrunk = _shrinkage(case) < SHRUNK or case.examination.penalty < 0.1 * price
    strength = ROOT + 0.12 if weighs_most and shrunk else MECHANISM if weighs_most else HINT
    return Finding(
        "over_regularization",
        strength,
        None,
        f"the penalties cost {price:.3g} with the first weights, while a perfect prediction gains "
        f"{gain:.3g}; now they are down to {case.examination.penalty:.3g}, and the weights with "
        "them",
        "make the penalty a hundred times weaker",
        "kernel_regularizer=keras.regularizers.L2(1e-4)",
    )


def _is_gone(case: Case) -> Finding | None:
    """A cheap penalty that nothing held against: the data pull at small weights even less."""
    left = _shrinkage(case)
    if left > GONE:
        return None
    return Finding(
        "over_regularization",
        MECHANISM + 0.05,
        None,
        f"the penalties have taken the weights down to {left:.2g} of where they began; the data "
        "pull less than the penalties do",
        "make the penalty a hundred times weaker",
        "regularizer=keras.regularizers.L2(1e-6)",
    )


def _weight_decay(case: Case) -> Finding | None:
    decay, rate = case.examination.weight_decay, case.learning_rate
    if not decay or rate is None:
        return None
    # Decoupled decay pulls by rate x decay per step; Adam pushes by at most the rate, so weights
    # cannot stay beyond 1 / decay (Loshchilov and Hutter, 2019).
    usual = [p.usual_scale for p in case.examination.parameters if p.is_trainable]
    if not usual or 1 / decay > max(usual) and _shrinkage(case) > SHRUNK:
        return None
    return Finding(
        "over_regularization",
        ROOT + 0.12 if 1 / decay < max(usual) else ROOT,
        None,
        f"a weight decay of {decay:g} takes {rate * decay:.1%} off every weight in every step; "
        f"the weights are down to {_shrinkage(case):.1g} of where they began",
        "use a weight decay of 0.01 or less",
        f"keras.optimizers.{case.examination.optimizer}({rate:g}, weight_decay=0.01)",
    )


def _constraint(case: Case) -> Finding | None:
    for p in case.examination.parameters:
        if p.constraint is None or not p.initial_scale or p.scale >= SHRUNK * p.initial_scale:
            continue
        return Finding(
            "over_regularization",
            ROOT + 0.1,
            p.layer,
            f"the constraint {p.constraint} holds '{p.path}' at {p.scale / p.initial_scale:.1g} of "
            "the size it began with",
            "loosen the constraint: a norm of 2 to 4 is usual",
            "kernel_constraint=keras.constraints.MaxNorm(3.0)",
        )
    return None


def _dropout(case: Case) -> Finding | None:
    dropouts = [s for s in case.layers if "Dropout" in s.kind and s.rate]
    if not dropouts:
        return None
    kept = math.prod(1 - (s.rate or 0) for s in dropouts)
    worst = max(dropouts, key=lambda s: s.rate or 0)
    at_the_end = _is_last(case, dropouts[-1])
    if not (kept <= KEPT or (worst.rate or 0) >= HEAVY_DROPOUT or at_the_end):
        return None
    where = dropouts[-1] if at_the_end else worst
    strength = ROOT + 0.05 if (worst.rate or 0) >= 0.9 else MECHANISM
    text = (
        "drops finished predictions"
        if at_the_end
        else (
            f"drops {where.rate:.0%} of its input; {kept:.2g} of the signal passes all "
            f"{len(dropouts)} dropout layers"
        )
    )
    return Finding(
        "over_regularization",
        strength,
        where.name,
        f"'{where.name}' {text}",
        "take it away behind the output" if at_the_end else "drop a fifth, not most",
        "" if at_the_end else "keras.layers.Dropout(0.2)",
    )


def _is_last(case: Case, layer: Layer) -> bool:
    head = case.examination.head.layer
    names = [s.name for s in case.layers]
    return head in names and names.index(layer.name) > names.index(head)


def _noise(case: Case) -> Finding | None:
    for layer in case.layers:
        loud = layer.kind in ("GaussianNoise",) and layer.rate and layer.input_std
        if loud and (layer.rate or 0) >= NOISE * (layer.input_std or 0):
            return Finding(
                "over_regularization",
                ROOT + 0.1,
                layer.name,
                f"'{layer.name}' adds noise of std {layer.rate:g} to values of std "
                f"{layer.input_std:.3g}",
                "make the noise a tenth of the signal, or scale the inputs",
                f"keras.layers.GaussianNoise({0.1 * (layer.input_std or 1):.1g})",
            )
    return None
