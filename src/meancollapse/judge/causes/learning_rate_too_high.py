"""Steps so large that the first of them destroyed the network."""

from __future__ import annotations

from meancollapse.judge.causes.case import GROWN, Case
from meancollapse.judge.finding import HINT, MECHANISM, ROOT, Finding
from meancollapse.judge.verdict import NON_FINITE

# Times the rate Keras would start the optimizer with; ten times as much is still usual.
MODERATE, HIGH, VERY_HIGH = 3.0, 15.0, 30.0
# A rate that rises by this factor while all is well and then all is lost.
JUMP = 1.5
# Update-to-weight ratios are healthy near 1e-3; TheDeepChecker alarms beyond 1e-1.
LARGE_UPDATE = 0.1


def explain(case: Case) -> Finding | None:
    """The first weights passed the target on, these do not, and the steps were large."""
    rate = case.learning_rate
    if rate is None:
        return None
    factor = rate / case.usual_rate
    update = case.largest_update
    if any(not given.finite for given in case.evidence.inputs):
        return None  # NaN came with the data, whatever the rate
    destroyed = case.was_destroyed or case.state == NON_FINITE
    first = case.history[0].learning_rate
    jumped = case.had_skill and first is not None and rate > JUMP * first
    if destroyed and (factor >= HIGH or jumped):
        strength = ROOT + (0.12 if factor >= VERY_HIGH or jumped else 0.07)
    elif factor >= VERY_HIGH and update >= LARGE_UPDATE:
        strength = ROOT
    elif destroyed and factor > 1.5 and (update >= LARGE_UPDATE or case.had_skill):
        strength = MECHANISM + 0.07
    elif destroyed and factor >= MODERATE:
        strength = MECHANISM - 0.05
    elif destroyed and case.growth >= GROWN:
        strength = HINT + 0.1
    elif factor >= VERY_HIGH and case.blocking is None:
        strength = HINT + 0.1
    else:
        return None
    words = [f"{case.examination.optimizer} ran with a learning rate of {rate:.3g}"]
    if factor > 1.5:
        words[0] += f", {factor:.3g} times its default"
    if update >= 0.01:
        words.append(f"its updates moved weights by up to {update:.0%} of their size per step")
    if destroyed and case.began_readable:
        words.append("with the first weights the target was still readable there")
    if case.had_skill:
        words.append("the output had skill in earlier epochs and lost it")
    lower = min(case.usual_rate, rate / 10)
    return Finding(
        cause="learning_rate_too_high",
        strength=strength,
        layer=case.blocking.name if case.blocking else None,
        evidence="; ".join(words),
        remedy="start again from fresh or earlier weights with a lower learning rate; lowering it "
        "now does not bring dead or saturated units back",
        code=f"keras.optimizers.{case.examination.optimizer}({lower:.0e})".replace("e-0", "e-"),
    )
