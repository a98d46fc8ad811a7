"""Rehearsal: every treatment tried on half of the sample, judged on the other half."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from meancollapse.repair.operate import operate
from meancollapse.repair.remedies.rewind import KeptWeights
from meancollapse.repair.surgery.memory import CannotRenew
from meancollapse.repair.surgery.surgery import State, Surgery
from meancollapse.repair.treatment import SETTLE, Treatment

# Steps of each round and how many treatments enter it (successive halving), in the first without
# those that can do with the step the model was compiled with. The largest of these plans that fits
# into the time is followed, so that small differences in speed change nothing.
PLANS = (
    ((30, 12), (60, 3), (120, 2)),
    ((30, 6), (60, 2), (60, 1)),
    ((20, 4), (40, 2)),
    ((20, 3), (40, 1)),
    ((15, 2), (15, 1)),
    ((10, 1),),
)
# At the end of a `fit` the best goes on alone, in rounds of so many steps.
LAST_STEPS = 60
MOST_LAST_ROUNDS = 16
# Share of its time that goes to these plans at the end.
SHARE_AT_END = 0.5
# Differences of held-out skill that mean nothing.
TIE = 0.03
# Held-out skill that a treatment must add to count as one that helps.
GAIN = 0.02
# A treatment with this much learns, and training goes on with it, so the search ends...
GOOD = 0.7
# ...but with this much where no training follows. Of both less is asked the longer it has taken...
BETTER = 0.9
# ...down to this much, or, where it is to keep to two epochs, to anything that is no noise...
FAIR, SEEN = 0.5, 0.1
# ...or to this much, where a step would have to be compiled for whatever else could be tried.
LEARNS = 0.3
# The best goes on alone to this much, or until so many rounds were in vain.
DONE, IN_VAIN = 0.99, 4


@dataclass(frozen=True)
class Budget:
    """Time of a rehearsal, estimated from the shape of the model.

    Attributes:
        per_step: Seconds of one training step.
        seconds: Seconds of all training steps together.
        prepare: Seconds of everything else, most of it the compiling of a step.
        is_tight: Whether the search had better end in time than with the best there is.
    """

    per_step: float
    seconds: float
    prepare: float
    is_tight: bool = False

    def left(self, steps: int) -> float:
        """What is left after so many steps, in seconds."""
        return max(0.0, self.seconds - steps * self.per_step)


@dataclass(frozen=True)
class Rehearsed:
    """A treatment, how far it got, and the model as it then was.

    Attributes:
        treatment: What was done.
        skill: The best held-out skill seen at the end of a round.
        state: The model at that moment. A small half of the sample is soon learned by heart, so
            later is not always better.
        latest: The model after its last round.
        steps: Steps it was rehearsed for.
        best_at: Steps it had been rehearsed for when it got so far.
    """

    treatment: Treatment
    skill: float
    state: State
    latest: State
    steps: int
    best_at: int = 0


def rehearse(
    surgery: Surgery,
    treatments: Sequence[Treatment],
    kept: KeptWeights,
    budget: Budget,
    is_last: bool = False,
    seed: int = 0,
) -> list[Rehearsed]:
    """Try treatments out, best first; the model is as before afterwards.

    Args:
        surgery: The model.
        treatments: What to try, the most promising first.
        kept: The first and the best weights of this `fit`.
        budget: Time it may take.
        is_last: Whether no training follows, so that the best had better be rehearsed to its end.
        seed: Seed of new weights and of the order of rows.
    """
    before = surgery.save()
    tried: list[Rehearsed] = []
    plan = plan_for(budget, is_last)

    def is_enough(ahead: float = 0.0, least: float = SEEN if budget.is_tight else FAIR) -> bool:
        share_left = max(0.0, budget.left(_steps(tried)) - ahead) / budget.seconds
        return _most(tried) >= max(least, (BETTER if is_last else GOOD) * share_left)

    failure: Exception | None = None
    widest = _widest([each for each in treatments if _needs_a_step(each)][: plan[0][1]])
    try:
        for treatment in treatments:
            if widest is not None and _needs_a_step(treatment):
                # What can do without has another round before anything is compiled, and less is
                # asked of it, by the time that would take.
                for index in range(len(tried) if len(plan) > 1 else 0):
                    tried[index] = _round(surgery, tried[index], plan[1][0], seed + 1)
                if is_enough(budget.prepare, LEARNS):
                    break
            surgery.restore(before)
            try:
                if widest is not None and _needs_a_step(treatment):
                    wide, widest = widest, None
                    if treatment is not wide:
                        with contextlib.suppress(Exception):  # it comes back when its turn comes
                            operate(surgery, wide, kept, seed)
                        surgery.restore(before)
                operate(surgery, treatment, kept, seed)
                state = surgery.save()
                if treatment.weights == SETTLE:
                    tried.append(Rehearsed(treatment, surgery.skill(), state, state, 0))
                    if _most(tried) >= FAIR:
                        return tried
                    continue
                begun = Rehearsed(treatment, -math.inf, state, state, 0)
                tried.append(_round(surgery, begun, plan[0][0], seed))
            except CannotRenew:  # whatever is tried needs a new optimizer
                raise
            except Exception as error:  # a layer of a kind nobody thought of; the next may do
                failure = error
            entrants = sum(_needs_a_step(trial.treatment) for trial in tried)
            if entrants >= plan[0][1] or is_enough():
                break
        if failure is not None and not tried:
            raise failure
        for number, (steps, entrants) in enumerate(plan[1:], start=1):
            if is_enough():
                break
            most = _most(tried)
            for index in _best_first(tried)[:entrants]:
                tried[index] = _round(surgery, tried[index], steps, seed + number)
            if most >= SEEN and _most(tried) <= most + TIE:
                break
        if is_last and tried:
            index = _best_first(tried)[0]
            rounds = last_rounds(budget, _steps(tried))
            tried[index] = _to_the_end(surgery, tried[index], rounds, seed + len(plan))
        return [tried[index] for index in _best_first(tried)]
    finally:
        surgery.restore(before)


def _needs_a_step(treatment: Treatment) -> bool:
    """Whether the step the model was compiled with will not do."""
    return treatment.clip is not None or treatment.ease


def _widest(treatments: Sequence[Treatment]) -> Treatment | None:
    """The treatment that turns most of the dial.

    Carried out before the first that needs a step compiled for it, it has that step compiled for
    all of them.
    """
    return next((treatment for treatment in treatments if treatment.fold_inputs), None)


def _best_first(tried: Sequence[Rehearsed]) -> list[int]:
    return sorted(range(len(tried)), key=lambda index: -tried[index].skill)


def _most(tried: Sequence[Rehearsed]) -> float:
    return max((trial.skill for trial in tried), default=-math.inf)


def _steps(tried: Sequence[Rehearsed]) -> int:
    return sum(trial.steps for trial in tried)


def plan_for(budget: Budget, is_last: bool = False) -> tuple[tuple[int, int], ...]:
    """The largest plan that fits: `(steps, entrants)` of each round."""
    seconds = budget.seconds * (SHARE_AT_END if is_last else 1)
    for plan in PLANS:
        if sum(length * entrants for length, entrants in plan) * budget.per_step <= seconds:
            return plan
    return PLANS[-1]


def last_rounds(budget: Budget, steps: int) -> int:
    """How many rounds of the best alone fit in after so many steps, and half as many again."""
    rounds = budget.left(steps) / (1.5 * LAST_STEPS * budget.per_step)
    return min(MOST_LAST_ROUNDS, int(rounds))


def choose(tried: Sequence[Rehearsed], treatments: Sequence[Treatment]) -> Rehearsed | None:
    """The best; of those about as good, the one that was the most promising."""
    if not tried:
        return None
    most = _most(tried)
    good = [trial for trial in tried if trial.skill >= most - TIE]
    return min(good, key=lambda trial: treatments.index(trial.treatment))


def learned_by_heart(
    surgery: Surgery, tried: Sequence[Rehearsed], treatments: Sequence[Treatment]
) -> Rehearsed | None:
    """The most promising treatment with which at least the rows it was trained on were learned.

    A few hundred rows tell nothing about others where every row has users or words of its own.
    """
    before, found = surgery.save(), []
    try:
        for trial in tried:
            surgery.restore(trial.latest)
            if surgery.skill(of_trained_rows=True) >= GOOD:
                found.append(trial)
    finally:
        surgery.restore(before)
    return min(found, key=lambda trial: treatments.index(trial.treatment), default=None)


def _to_the_end(surgery: Surgery, trial: Rehearsed, rounds: int, seed: int) -> Rehearsed:
    """The rounds in which the best goes on alone, as long as it gains by them.

    Half of the rows has shown how long to train: as long again on all of them makes the best of
    what there is.
    """
    in_vain = 0
    for number in range(rounds):
        if trial.skill >= DONE or in_vain >= IN_VAIN:
            break
        skill = trial.skill
        trial = _round(surgery, trial, LAST_STEPS, seed + number)
        in_vain = 0 if trial.skill > skill else in_vain + 1
    if trial.skill < GAIN or not rounds:
        return trial
    surgery.restore(trial.state)
    surgery.train(min(trial.best_at, rounds * LAST_STEPS // 2), seed + rounds, all_rows=True)
    return replace(trial, state=surgery.save()) if surgery.skill() >= trial.skill else trial


def _round(surgery: Surgery, trial: Rehearsed, steps: int, seed: int) -> Rehearsed:
    surgery.restore(trial.latest)
    surgery.train(steps, seed)
    skill, state = surgery.skill(), surgery.save()
    is_better = skill > trial.skill
    return Rehearsed(
        trial.treatment,
        skill if is_better else trial.skill,
        state if is_better else trial.state,
        state,
        trial.steps + steps,
        trial.steps + steps if is_better else trial.best_at,
    )
