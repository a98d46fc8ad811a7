"""A ramp: one short run in which the learning rate rises from rung to rung (after Smith, 2017).

Smith watches the loss of a run that is thrown away afterwards; here held-out skill is watched, on
the captured rows, and everything is put back.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from meancollapse.repair.kept_weights import KeptWeights
from meancollapse.repair.operate import operate
from meancollapse.repair.rehearse import SEEN, TIE
from meancollapse.repair.remedies import learning_rate
from meancollapse.repair.remedies.fresh_optimizer import FreshOptimizer
from meancollapse.repair.surgery.surgery import WORST, Surgery
from meancollapse.repair.treatment import WEIGHTS, Treatment

# Steps on every rung.
STEPS = 4
# The ramp reaches from so much below the usual rate to so much above it.
BELOW, ABOVE = 1e-5, 1e2


@dataclass(frozen=True)
class Ramp:
    """What one ramp showed.

    Attributes:
        weights: The weights it began with, as in `Treatment.weights`.
        skill: The most held-out skill on any rung.
        rates: Learning rates to rehearse from these weights, the most promising first.
    """

    weights: str
    skill: float
    rates: tuple[float, ...]


def rungs(usual: float, factor: float, lowest: float, highest: float) -> list[float]:
    """The learning rates of a ramp, two to a factor, between two limits."""
    ratio = math.sqrt(factor)
    count = math.ceil(math.log(BELOW / ABOVE) / math.log(ratio))
    found = [usual * ABOVE * ratio**number for number in range(count, -1, -1)]
    return [rate for rate in found if lowest <= rate <= highest]


def beginning_with(weights: str) -> Treatment:
    """A treatment that only chooses what to begin with: `"keep"`, `"rewind"` or `"first"`."""
    chosen = [WEIGHTS[weights]()] if weights in WEIGHTS else []
    return Treatment(*chosen, FreshOptimizer())


def climb(
    surgery: Surgery, kept: KeptWeights, weights: str, rates: Sequence[float], seed: int
) -> Ramp:
    """Climb a ramp; the model is as before afterwards.

    Args:
        surgery: The model.
        kept: The first and the best weights of this `fit`.
        weights: The weights to begin with, as in `Treatment.weights`.
        rates: The rungs, the lowest first.
        seed: Seed of the order of rows.
    """
    before, skills = surgery.save(), []
    try:
        operate(surgery, beginning_with(weights), kept, seed)
        for number, rate in enumerate(rates):
            surgery.turn(rate=learning_rate.apply(surgery, rate))
            surgery.install()
            surgery.train(STEPS, seed + number)
            if not surgery.is_finite():
                break
            skills.append(surgery.skill())
    finally:
        surgery.restore(before)
    return Ramp(weights, max(skills, default=WORST), best_rates(rates, skills))


def best_rates(rates: Sequence[float], skills: Sequence[float]) -> tuple[float, ...]:
    """Rates below the end of a ramp's ascent, the most promising first; none if it led nowhere.

    On a rung there are a few steps only, and a rate that does well for so long is about the highest
    that does at all.
    """
    if not skills or max(skills) < SEEN:
        return ()
    top = next(i for i, skill in enumerate(skills) if skill >= max(skills) - TIE)
    return tuple(rates[i] for i in (top - 1, top, top - 2) if i >= 0)
