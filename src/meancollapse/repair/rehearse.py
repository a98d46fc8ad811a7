"""Rehearsal: every treatment tried on half of the sample, judged on the other half."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from meancollapse.repair.kept_weights import KeptWeights
from meancollapse.repair.operate import operate
from meancollapse.repair.surgery.memory import CannotRenew
from meancollapse.repair.surgery.surgery import State, Surgery
from meancollapse.repair.treatment import Treatment

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
        is_finished: Whether it needs no training, and is good enough as it is.
    """

    treatment: Treatment
    skill: float
    state: State
    latest: State
    steps: int
    best_at: int = 0
    is_finished: bool = False


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
    rehearsal = _Rehearsal(surgery, kept, budget, is_last, seed)
    before = surgery.save()
    try:
        return rehearsal.run(treatments, before)
    finally:
        surgery.restore(before)


class _Rehearsal:
    """What has been tried so far, and whether it is enough."""

    def __init__(
        self, surgery: Surgery, kept: KeptWeights, budget: Budget, is_last: bool, seed: int
    ):
        self.surgery, self.kept, self.budget = surgery, kept, budget
        self.is_last, self.seed = is_last, seed
        self.plan = plan_for(budget, is_last)
        self.tried: list[Rehearsed] = []
        # Carried out before the first treatment that needs a step compiled for it, the one that
        # turns most of the dial has that step compiled for all of them.
        self.widest: Treatment | None = None

    def run(self, treatments: Sequence[Treatment], before: State) -> list[Rehearsed]:
        """Try treatments out, from a saved state; the best first."""
        entrants = [each for each in treatments if each.needs_a_step][: self.plan[0][1]]
        self.widest = next((each for each in entrants if each.turns_most), None)
        self._first_round(treatments, before)
        if not any(trial.is_finished for trial in self.tried):
            self._later_rounds()
            if self.is_last and self.tried:
                self._to_the_end()
        return [self.tried[index] for index in _best_first(self.tried)]

    def _first_round(self, treatments: Sequence[Treatment], before: State) -> None:
        """Each treatment for a few steps, until one is enough or all places are taken."""
        failure: Exception | None = None
        for treatment in treatments:
            if self.widest is not None and treatment.needs_a_step:
                if self._do_without_a_step():
                    break
                self._compile_widest(treatment, before)
            try:
                self._try(treatment, before)
            except CannotRenew:  # whatever is tried needs a new optimizer
                raise
            except Exception as error:  # a layer of a kind nobody thought of; the next may do
                failure = error
            places = sum(trial.treatment.needs_a_step for trial in self.tried)
            settled = any(trial.is_finished for trial in self.tried)
            if settled or places >= self.plan[0][1] or self._is_enough():
                break
        if failure is not None and not self.tried:
            raise failure

    def _try(self, treatment: Treatment, before: State) -> None:
        self.surgery.restore(before)
        operate(self.surgery, treatment, self.kept, self.seed)
        state = self.surgery.save()
        if treatment.weights == "settle":  # nothing is to be trained
            skill = self.surgery.skill()
            self.tried.append(
                Rehearsed(treatment, skill, state, state, 0, is_finished=skill >= FAIR)
            )
            return
        begun = Rehearsed(treatment, -math.inf, state, state, 0)
        self.tried.append(_round(self.surgery, begun, self.plan[0][0], self.seed))

    def _do_without_a_step(self) -> bool:
        """Another round for what can do with the step there is, before another is compiled.

        Less is asked of it, by the time that compiling would take.
        """
        for index in range(len(self.tried) if len(self.plan) > 1 else 0):
            steps = self.plan[1][0]
            self.tried[index] = _round(self.surgery, self.tried[index], steps, self.seed + 1)
        return self._is_enough(self.budget.prepare, LEARNS)

    def _compile_widest(self, treatment: Treatment, before: State) -> None:
        wide, self.widest = self.widest, None
        if wide is None or treatment is wide:
            return
        self.surgery.restore(before)
        with contextlib.suppress(Exception):  # it comes back when its turn comes
            operate(self.surgery, wide, self.kept, self.seed)

    def _later_rounds(self) -> None:
        """The better ones for longer (successive halving)."""
        for number, (steps, entrants) in enumerate(self.plan[1:], start=1):
            if self._is_enough():
                return
            most = _most(self.tried)
            for index in _best_first(self.tried)[:entrants]:
                trial = self.tried[index]
                self.tried[index] = _round(self.surgery, trial, steps, self.seed + number)
            if most >= SEEN and _most(self.tried) <= most + TIE:
                return

    def _to_the_end(self) -> None:
        index = _best_first(self.tried)[0]
        rounds = last_rounds(self.budget, _steps(self.tried))
        seed = self.seed + len(self.plan)
        self.tried[index] = _to_the_end(self.surgery, self.tried[index], rounds, seed)

    def _is_enough(self, ahead: float = 0.0, least: float | None = None) -> bool:
        """Whether the best so far had better be taken than others tried for longer."""
        if least is None:
            least = SEEN if self.budget.is_tight else FAIR
        left = max(0.0, self.budget.left(_steps(self.tried)) - ahead) / self.budget.seconds
        return _most(self.tried) >= max(least, (BETTER if self.is_last else GOOD) * left)


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
