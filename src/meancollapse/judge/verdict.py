"""The judgement drawn from the evidence so far. Pure functions of plain values.

The question is never "is the gradient small" but: does the output beat the best constant, could it
(can the target be read from the input), and is it still on its way.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from meancollapse.judge.evidence import Evidence, Look, Output
from meancollapse.judge.finding import Finding
from meancollapse.judge.readability import MIN_ROWS
from meancollapse.judge.skill import (
    EVIDENT,
    SKILL,
    finite,
    follows_faintly,
    in_late_layers,
    is_alive,
    is_constant,
    is_curved,
    is_evident,
    is_unrelated,
    may_be_readable,
    output_has_skill,
    possible,
    stream_has_skill,
)
from meancollapse.judge.trend import RISE as RISE
from meancollapse.judge.trend import fades, is_rising, rises, stops

HEALTHY, UNDECIDED, PLATEAU = "healthy", "undecided", "plateau"
COLLAPSED, NO_SIGNAL, NON_FINITE = "collapsed", "no_signal", "non_finite"
STATES = (HEALTHY, UNDECIDED, PLATEAU, COLLAPSED, NO_SIGNAL, NON_FINITE)
WORST_FIRST = (NON_FINITE, COLLAPSED, NO_SIGNAL, PLATEAU, UNDECIDED, HEALTHY)
# States a person must hear of.
ALARMING = (COLLAPSED, NO_SIGNAL, NON_FINITE)

# 104 of 104 healthy runs left the constant within 175 steps (research notes, 3.5).
PATIENCE = 200
# Recurrent and attention models sat there for 500-880 steps and then learned (ibid.); so did a
# network on sin(8x), with a skill of 0.007.
SLOW_START = 5
# Weights that can change by no more than this share of their size until the run ends, even if every
# step points the same way, stay what they are.
STILL = 0.03
# What is left of the distance to the best constant's loss after 100 steps, while an output is still
# on its way there (a network of ten units on a sine took 600 steps, at 0.3 to 0.55 each).
SETTLING = 0.7
# A run that ends earlier is judged at its end, if it made at least so many steps.
SHORT_RUN = 100
# Nothing readable anywhere is no proof; so long one waits before saying so in mid-run.
NO_SIGNAL_PATIENCE = 2000
# Rows needed before "nothing can be read" means anything.
NO_SIGNAL_ROWS = 100
# An output that is one number to rounding, in two looks this far apart, stays so.
CONSTANT_STEPS = 50
# Spread growing by this factor over the second half of the wait: on its way.
GROWTH = 1.5
# Of what an output once varied, in target spreads, next to nothing is left.
FADED, FADING = 1e-6, 10
# Growth is seen over twice so many looks.
GROWING = 2


@dataclass(frozen=True)
class Verdict:
    """The judgement of one output after one epoch.

    Attributes:
        epoch: 0-based, as Keras counts.
        state: `"healthy"`, `"undecided"`, `"plateau"`, `"collapsed"`, `"no_signal"` or
            `"non_finite"`.
        output: Name of the output.
        cause: Primary cause, the first of `causes`, or `None`.
        causes: Ids of causes, most likely first.
        message: What a person reads.
        findings: The causes with their evidence and what to do, in the same order.
    """

    epoch: int
    state: str
    output: str
    cause: str | None
    causes: tuple[str, ...]
    message: str
    findings: tuple[Finding, ...] = ()


def state(history: Sequence[Evidence], output: str) -> str:
    """The state of one output after the last epoch of `history`.

    Args:
        history: Evidence of every epoch of this `fit` so far, oldest first.
        output: Name of the output.

    Returns:
        One of `STATES`.
    """
    last = history[-1]
    now = last.output(output)
    if _is_non_finite(last, now):
        return NON_FINITE
    if now is None:
        return UNDECIDED
    if output_has_skill(now):
        return HEALTHY
    wait = _wait(history, output)
    if not wait.looks or not now.is_asked:
        return UNDECIDED
    look = wait.looks[-1][1]
    if not look.target_varies:
        low, high = look.target_range
        if low == high:  # nothing to learn, as the targets are; it is said in words
            return UNDECIDED
        if look.rows < MIN_ROWS or (now.train is not None and now.train.target_varies):
            return UNDECIDED
        return NO_SIGNAL if wait.steps >= CONSTANT_STEPS or last.is_last else UNDECIDED
    if not is_constant(look):  # a generator or a policy is to vary, and not row by row
        return _signal_or(UNDECIDED, wait, last, now) if look.has_loss else UNDECIDED
    if is_frozen(last) or _stays_one_number(wait, last):
        return COLLAPSED
    is_over = last.is_last and last.has_modes and last.steps >= PATIENCE
    if (is_over or last.ema_momentum is not None) and stream_has_skill(now.train):
        return COLLAPSED  # what was learned is lost in averaging, or in inference
    if look.target_is_valid and _is_on_its_way(wait, last):
        return PLATEAU
    # Layers may know rows by heart, but then the output would not stay so small for so long.
    seen = follows_faintly(look) and _rested(wait, last) >= PATIENCE * SLOW_START
    if possible(look) is None and not is_evident(look) and not seen:
        return _signal_or(UNDECIDED, wait, last, now)
    return COLLAPSED if _is_overdue(wait, last) else UNDECIDED


def needs_help(history: Sequence[Evidence], output: str) -> bool:
    """Whether an output has no skill that it should have, though it is no collapse to warn of.

    It varies, but for long has carried nothing of a target that can be read; or it has faded to one
    number, which is right only if nothing can be learned; or the run is over, and whatever was on
    its way has not arrived.

    Args:
        history: Evidence of every epoch of this `fit` so far, oldest first.
        output: Name of the output.
    """
    last = history[-1]
    now = last.output(output)
    if now is None or not now.is_asked or output_has_skill(now):
        return False
    wait = _wait(history, output)
    look = wait.looks[-1][1] if wait.looks else None
    if look is None or not (look.target_varies and look.target_is_valid):
        return False
    if wait.steps >= PATIENCE and _has_faded(wait):
        return True
    if not (look.has_loss and may_be_readable(look)):
        return False
    if last.is_last:  # of one look, as in a loop of `fit(epochs=1)`, it cannot be known
        return wait.steps >= PATIENCE and len(wait.looks) > 1
    if wait.steps >= PATIENCE and len(wait.looks) > 1 and _ends_here(wait, last):
        return True  # what its first weights happen to carry of the target is all there will be
    varies = is_unrelated(look) and not is_constant(look)
    return varies and not _is_on_its_way(wait, last) and _is_overdue(wait, last)


def is_early(history: Sequence[Evidence], output: str) -> bool:
    """Whether a collapse for which no cause is found had better be waited for.

    What no straight line reads (XOR, parity) is learned after long plateaus by networks without a
    fault; that nothing is wrong with this one is all that tells them from a collapse.

    Args:
        history: Evidence of every epoch of this `fit` so far, oldest first.
        output: Name of an output that is collapsed.
    """
    last, wait = history[-1], _wait(history, output)
    look = wait.looks[-1][1] if wait.looks else None
    if look is None or look.is_constant or not is_curved(look) or last.is_last:
        return False
    return not is_frozen(last) and _rested(wait, last) < PATIENCE * SLOW_START


def _has_faded(wait: _Wait) -> bool:
    """Next to no spread any more, in two looks; what never had any may still be on its way."""
    spreads = [look.spread for _, look in wait.looks]
    return len(spreads) > 2 and max(spreads[-2:]) <= FADED <= max(spreads) / FADING


@dataclass(frozen=True)
class _Wait:
    """The time since the output last had skill, if ever: steps, and the looks taken in it."""

    steps: int
    looks: tuple[tuple[Evidence, Look], ...]
    had_skill: bool


def _wait(history: Sequence[Evidence], name: str) -> _Wait:
    looks: list[tuple[Evidence, Look]] = []
    began, had_skill = 0, False
    for evidence in reversed(history):
        if evidence.actions and evidence is not history[-1]:  # another network since then
            began = evidence.steps
            break
        output = evidence.output(name)
        if output is None:
            continue
        if output_has_skill(output):
            began, had_skill = evidence.steps, True
            break
        if output.look is not None:
            looks.append((evidence, output.look))
    return _Wait(history[-1].steps - began, tuple(reversed(looks)), had_skill)


def _is_non_finite(evidence: Evidence, output: Output | None) -> bool:
    if evidence.loss is not None and not math.isfinite(evidence.loss):
        return True
    if output is None:
        return False
    streams = [s for s in (output.train, output.validation) if s is not None]
    broken = any(not stream.finite for stream in streams)
    return broken or (output.look is not None and not output.look.finite)


def is_frozen(evidence: Evidence) -> bool:
    """No weight got any gradient in a whole epoch: only biases, if anything, still move."""
    weights = [v for v in evidence.variables if v.is_weight]
    return bool(weights) and all(v.gradient_norm == 0 for v in weights)


def _stays_one_number(wait: _Wait, last: Evidence) -> bool:
    """The same number for every input, look after look.

    Where the target cannot be read from the input, a network may have been right to let its weights
    fade; one that has never varied was not.
    """
    recent = [look for _, look in wait.looks[-2:]]
    too_early = wait.steps < CONSTANT_STEPS and not last.is_last
    if too_early or len(recent) < 2 or not all(look.is_constant for look in recent):
        return False
    return is_evident(recent[-1]) or all(look.is_constant for _, look in wait.looks)


def _is_overdue(wait: _Wait, last: Evidence) -> bool:
    """Whether a network that was going to learn would have begun to."""
    useless = (is_constant(look) or is_unrelated(look) for _, look in reversed(wait.looks))
    constant = sum(itertools.takewhile(bool, useless))
    if last.is_last and wait.steps >= SHORT_RUN:
        return constant >= min(2, len(wait.looks))
    now = wait.looks[-1][1]
    # What varies, though for nothing, is given long as well, and what no ridge can read.
    slow = last.slow_start or is_alive(now) or not is_constant(now) or possible(now) is None
    # What has learned and now fades, look after look, does not start slowly: it has ended...
    fading = wait.had_skill and is_constant(now) and fades([look.spread for _, look in wait.looks])
    # ...and so has what is trained at next to none of its learning rate, or of any.
    ended = fading or stops(_rates(wait)) or _ends_here(wait, last)
    patience = PATIENCE * (SLOW_START if slow and not ended else 1)
    return _rested(wait, last) >= patience and constant >= 2


def _ends_here(wait: _Wait, last: Evidence) -> bool:
    """Whether no weights can go anywhere in what is left of the run, at the pace of this epoch."""
    weights = [v.update_ratio for v in last.variables if v.is_weight]
    if last.planned_steps is None or not weights or is_rising(_rates(wait)):
        return False
    return max(weights) * (last.planned_steps - last.steps) < STILL


def _rates(wait: _Wait) -> list[float | None]:
    return [evidence.learning_rate for evidence, _ in wait.looks]


def _rested(wait: _Wait, last: Evidence) -> int:
    """Steps without skill, but for those in which the output still moved to the best constant."""
    return wait.steps - min(_settled_after(wait, last), PATIENCE * SLOW_START)


def _settled_after(wait: _Wait, last: Evidence) -> int:
    """Steps for which the output only moved towards the best constant, quickly and steadily.

    Until the last bias has arrived there the rest of the network learns next to nothing, healthy
    or not; patience is counted from then on.
    """
    gaps = [(evidence.steps, max(0.0, -finite(look.skill))) for evidence, look in wait.looks]
    settled = began = last.steps - wait.steps
    for (before, wide), (after, narrow) in itertools.pairwise(gaps):
        if not SKILL < wide < math.inf or narrow > wide * SETTLING ** ((after - before) / 100):
            break
        settled = after
    return settled - began


def _is_on_its_way(wait: _Wait, last: Evidence) -> bool:
    """Whether something rises towards the output, or skill will be there before the run ends."""
    looks = [look for _, look in wait.looks]
    if len(looks) < 2:
        return False
    now, half = looks[-1], looks[(len(looks) - 1) // 2]
    hidden = [in_late_layers(look) for look in looks[len(looks) // 2 - 1 :]]
    # Layers that have it already cannot be what the output is waiting for.
    if rises(hidden) and hidden[0] < 0.5 * (possible(now) or math.inf):
        return True
    if now.is_constant:
        return False
    most = possible(now)
    follows = follows_faintly(now) if most is None else (now.readability or 0.0) >= 0.5 * most
    if follows and now.spread > max(GROWTH * half.spread, 0.01):
        return True
    return max(_expected(wait, last), _expected_of_growth(wait, last)) >= SKILL


def _expected_of_growth(wait: _Wait, last: Evidence) -> float:
    """The variance explained at the end of the run, if its growth goes on growing as it does.

    A network leaves a saddle slowly at first: one on XOR explained 0.0013, 0.0018 and 0.0019 after
    32, 128 and 224 steps, and all of it after 600. Only for outputs with skill, however little.
    """
    looks = wait.looks[-2 * GROWING - 1 :: GROWING]
    if len(looks) < 3 or last.planned_steps is None:
        return -math.inf
    (first, old), (second, middle), (third, now) = looks
    if not (finite(now.skill) > 0 and now.explained * now.rows >= 1):
        return -math.inf
    before, after = second.steps - first.steps, third.steps - second.steps
    slow = (middle.explained - old.explained) / max(before, 1)
    fast = (now.explained - middle.explained) / max(after, 1)
    if not 0 < slow < fast:
        return -math.inf
    pace = math.log1p((fast - slow) / slow) / ((before + after) / 2)
    left = max(0, last.planned_steps - last.steps)
    return now.explained + fast / pace * math.expm1(min(pace * left, 50.0))


def _expected(wait: _Wait, last: Evidence) -> float:
    """Skill at the end of the run, if all goes on as in the second half of the wait.

    Skill below zero rises whenever a bias moves towards the mean; so the variance explained, which
    no bias can change, has to rise as well, and counts where it is less.
    """
    middle = wait.looks[(len(wait.looks) - 1) // 2]
    now = wait.looks[-1]
    steps = now[0].steps - middle[0].steps
    gain = finite(now[1].explained) - finite(middle[1].explained)
    if steps <= 0 or not gain > 0 or last.planned_steps is None:
        return -math.inf
    left = max(0, last.planned_steps - last.steps) / steps
    skill = max(finite(now[1].skill), finite(now[1].r2))
    before = max(finite(middle[1].skill), finite(middle[1].r2))
    closer = max(0.0, skill - before) if math.isfinite(before) else 0.0
    return min(now[1].explained + gain * left, skill + closer * left)


def _signal_or(otherwise: str, wait: _Wait, last: Evidence, now: Output) -> str:
    """`no_signal` where neither input nor layers nor the output's own record show any."""
    look = wait.looks[-1][1]
    if look.input_p_value is None or possible(look) is not None:
        return otherwise
    if look.rows < NO_SIGNAL_ROWS or max(in_late_layers(look), look.readability or 0) >= RISE:
        return otherwise
    stream = now.validation or now.train
    if stream is not None and stream.rows * stream.correlation**2 > EVIDENT:
        return otherwise
    enough = wait.steps >= (SHORT_RUN if last.is_last else NO_SIGNAL_PATIENCE)
    return NO_SIGNAL if enough else otherwise
