"""The judgement drawn from the evidence so far. Pure functions of plain values.

The question is never "is the gradient small" but: does the output beat the best constant, could it
(can the target be read from the input), and is it still on its way.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from meancollapse.evidence import Evidence, Look, Output, Stream
from meancollapse.finding import Finding
from meancollapse.readability import MIN_ROWS
from meancollapse.trend import RISE as RISE
from meancollapse.trend import rises

HEALTHY, UNDECIDED, PLATEAU = "healthy", "undecided", "plateau"
COLLAPSED, NO_SIGNAL, NON_FINITE = "collapsed", "no_signal", "non_finite"
STATES = (HEALTHY, UNDECIDED, PLATEAU, COLLAPSED, NO_SIGNAL, NON_FINITE)
WORST_FIRST = (NON_FINITE, COLLAPSED, NO_SIGNAL, PLATEAU, UNDECIDED, HEALTHY)
# States a person must hear of.
ALARMING = (COLLAPSED, NO_SIGNAL, NON_FINITE)

# Skill and spread below which an output is (nearly) a constant. For an MSE-optimal model
# spread² = R², so the two say the same: R² < 0.01 (research notes, 3.2).
SKILL = 0.05
SPREAD = 0.1
# Where little can be read, little is asked for: this share of what the input makes possible.
SHARE_OF_CEILING = 0.25
# Largest p-value at which the input counts as readable, and the least readability worth the name.
SIGNIFICANT = 0.05
READABLE = 0.01
# 104 of 104 healthy runs left the constant within 175 steps (research notes, 3.5).
PATIENCE = 200
# Recurrent and attention models sat there for 500-880 steps and then learned (ibid.); so did a
# network on sin(8x), with a skill of 0.007.
SLOW_START = 5
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
# Rows x variance explained: about two standard errors from nothing.
ALIVE = 4.0
# No shuffling of the targets out of 99 was read as well.
EVIDENT_P = 0.01
# Rows x correlation²: about five standard errors from nothing.
EVIDENT = 25.0


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
    if not wait.looks:
        return UNDECIDED
    look = wait.looks[-1][1]
    if not look.target_varies:
        if look.rows < MIN_ROWS or (now.train is not None and now.train.target_varies):
            return UNDECIDED
        return NO_SIGNAL if wait.steps >= CONSTANT_STEPS or last.is_last else UNDECIDED
    if not is_constant(look):
        return _signal_or(UNDECIDED, wait, last, now)
    if is_frozen(last) or _stays_one_number(wait, last):
        return COLLAPSED
    if look.target_is_valid and _is_on_its_way(wait, last):
        return PLATEAU
    if not _is_readable(look):
        return _signal_or(UNDECIDED, wait, last, now)
    return COLLAPSED if _is_overdue(wait, last) else UNDECIDED


def is_constant(look: Look) -> bool:
    """Whether the output has no skill and (nearly) no spread, or for classes only one answer."""
    if _beats_constant(look):
        return False
    ceiling = _ceiling(look)
    narrow = SPREAD if ceiling is None else min(SPREAD, 0.5 * math.sqrt(ceiling))
    if look.is_constant or look.spread < narrow:
        return True
    if look.top_class_share is None or look.readability is None:
        return False
    useless = look.readability < SKILL or look.skill < -SKILL
    one_class = look.top_class_share >= 0.99 and useless
    chance = ceiling is not None and look.readability < 0.1 * ceiling
    return one_class or chance


def has_skill(output: Output, look: Look) -> bool:
    """Whether a look finds the output better than the best constant.

    Where the input's readability is too small to be seen in the sample, five standard errors of
    correlation over the whole training stream count as skill too.
    """
    if _beats_constant(look):
        return True
    stream = output.validation or output.train
    if stream is None or _ceiling(look) is not None or look.is_constant:
        return False
    evident = stream.rows * stream.correlation**2 > EVIDENT and stream.correlation > 0
    return evident and look.skill > 0 and look.spread > 0.3 * stream.correlation


def stream_has_skill(stream: Stream | None) -> bool:
    """Whether the running statistics alone show an output that follows its target."""
    if stream is None or not stream.finite:
        return False
    if stream.rows * stream.correlation**2 < EVIDENT or stream.correlation <= 0:
        return False
    return stream.r2 >= SKILL


def all_have_skill(evidence: Evidence) -> bool:
    """Whether every output visibly follows its target, so that nobody need look closer."""
    return bool(evidence.outputs) and all(
        stream_has_skill(output.train) and (output.validation is None or output.validation.finite)
        for output in evidence.outputs
    )


@dataclass(frozen=True)
class _Wait:
    """The time since the output last had skill: steps, and the looks taken in it."""

    steps: int
    looks: tuple[tuple[Evidence, Look], ...]


def _wait(history: Sequence[Evidence], name: str) -> _Wait:
    looks: list[tuple[Evidence, Look]] = []
    began = 0
    for evidence in reversed(history):
        if evidence.actions and evidence is not history[-1]:  # another network since then
            began = evidence.steps
            break
        output = evidence.output(name)
        if output is None:
            continue
        if output_has_skill(output):
            began = evidence.steps
            break
        if output.look is not None:
            looks.append((evidence, output.look))
    return _Wait(history[-1].steps - began, tuple(reversed(looks)))


def output_has_skill(output: Output) -> bool:
    """What is known of this epoch: the look where there was one, else the running statistics."""
    if output.look is not None:
        return has_skill(output, output.look)
    return stream_has_skill(output.train)


def _is_non_finite(evidence: Evidence, output: Output | None) -> bool:
    if evidence.loss is not None and not math.isfinite(evidence.loss):
        return True
    if output is None:
        return False
    streams = [s for s in (output.train, output.validation) if s is not None]
    broken = any(not stream.finite for stream in streams)
    return broken or (output.look is not None and not output.look.finite)


def _ceiling(look: Look) -> float | None:
    """What the input makes possible, where the sample shows that it makes anything possible."""
    return look.input_readability if _is_readable(look) else None


def _is_readable(look: Look) -> bool:
    if look.input_readability is None or look.input_p_value is None:
        return False
    return look.input_p_value <= SIGNIFICANT and look.input_readability >= READABLE


def _beats_constant(look: Look) -> bool:
    ceiling = _ceiling(look)
    bar = SKILL if ceiling is None else min(SKILL, SHARE_OF_CEILING * ceiling)
    return max(_finite(look.skill), _finite(look.r2)) >= bar


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
    if len(recent) < 2 or not all(look.is_constant for look in recent):
        return False
    if wait.steps < CONSTANT_STEPS and not last.is_last:
        return False
    # A ridge may read less than the mean does and yet more than from any shuffled targets.
    p = recent[-1].input_p_value
    has_signal = p is not None and p <= EVIDENT_P
    return has_signal or all(look.is_constant for _, look in wait.looks)


def _is_overdue(wait: _Wait, last: Evidence) -> bool:
    """Whether a network that was going to learn would have begun to."""
    constant = 0
    for _, look in reversed(wait.looks):
        if not is_constant(look):
            break
        constant += 1
    if last.is_last and wait.steps >= SHORT_RUN:
        return constant >= min(2, len(wait.looks))
    slow = last.slow_start or _is_alive(wait.looks[-1][1])
    patience = PATIENCE * (SLOW_START if slow else 1)
    rested = wait.steps - min(_settled_after(wait, last), PATIENCE * SLOW_START)
    return rested >= patience and constant >= 2


def _settled_after(wait: _Wait, last: Evidence) -> int:
    """Steps for which the output only moved towards the best constant, quickly and steadily.

    Until the last bias has arrived there the rest of the network learns next to nothing, healthy
    or not; patience is counted from then on.
    """
    gaps = [(evidence.steps, max(0.0, -_finite(look.skill))) for evidence, look in wait.looks]
    settled = began = last.steps - wait.steps
    for (before, wide), (after, narrow) in itertools.pairwise(gaps):
        if not SKILL < wide < math.inf or narrow > wide * SETTLING ** ((after - before) / 100):
            break
        settled = after
    return settled - began


def _is_alive(look: Look) -> bool:
    """A little skill, about two standard errors from none: slow, but not a constant."""
    return look.skill > 0 and look.explained * look.rows >= ALIVE


def _is_on_its_way(wait: _Wait, last: Evidence) -> bool:
    """Whether something rises towards the output, or skill will be there before the run ends."""
    if len(wait.looks) < 2:
        return False
    looks = [look for _, look in wait.looks]
    now, half = looks[-1], looks[(len(looks) - 1) // 2]
    hidden = [_hidden(look) for look in looks[len(looks) // 2 - 1 :]]
    # Layers that have it already cannot be what the output is waiting for.
    if rises(hidden) and hidden[0] < 0.5 * (_ceiling(now) or math.inf):
        return True
    if now.is_constant:
        return False
    follows = (now.readability or 0.0) >= 0.5 * (_ceiling(now) or math.inf)
    if follows and now.spread > max(GROWTH * half.spread, 0.01):
        return True
    return _expected(wait, last) >= SKILL


def _expected(wait: _Wait, last: Evidence) -> float:
    """Variance explained at the end of the run, if it rises on as in the second half of the wait.

    Skill below zero rises whenever a bias moves towards the mean; what counts is what varies.
    """
    middle = wait.looks[(len(wait.looks) - 1) // 2]
    now = wait.looks[-1]
    steps = now[0].steps - middle[0].steps
    gain = _finite(now[1].explained) - _finite(middle[1].explained)
    if steps <= 0 or not gain > 0 or last.planned_steps is None:
        return -math.inf
    return now[1].explained + gain / steps * max(0, last.planned_steps - last.steps)


def _signal_or(otherwise: str, wait: _Wait, last: Evidence, now: Output) -> str:
    """`no_signal` where neither input nor layers nor the output's own record show any."""
    look = wait.looks[-1][1]
    if look.input_p_value is None or _is_readable(look):
        return otherwise
    if look.rows < NO_SIGNAL_ROWS or _hidden(look) >= RISE or (look.readability or 0) >= RISE:
        return otherwise
    stream = now.validation or now.train
    if stream is not None and stream.rows * stream.correlation**2 > EVIDENT:
        return otherwise
    enough = wait.steps >= (SHORT_RUN if last.is_last else NO_SIGNAL_PATIENCE)
    return NO_SIGNAL if enough else otherwise


def _hidden(look: Look) -> float:
    """The best readability in the second half of the layers, the output's own aside."""
    values = [value for _, value in look.layers[:-1]]
    return max(values[len(values) // 2 :], default=0.0)


def _finite(value: float) -> float:
    return value if math.isfinite(value) else -math.inf
