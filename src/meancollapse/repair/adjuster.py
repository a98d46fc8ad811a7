"""One `fit` under care of which only the learning rate is changed."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from meancollapse.backend.rates import leaves
from meancollapse.judge.evidence import Evidence
from meancollapse.judge.verdict import Verdict
from meancollapse.look import quiet
from meancollapse.repair import ramp
from meancollapse.repair.operate import operate
from meancollapse.repair.patient import Patient
from meancollapse.repair.ramp import Ramp
from meancollapse.repair.rehearse import SEEN, TIE, Budget, Rehearsed
from meancollapse.repair.remedies import learning_rate
from meancollapse.repair.remedies.learning_rate import LearningRate
from meancollapse.repair.rescuer import Rescuer
from meancollapse.repair.surgery.surgery import Surgery
from meancollapse.repair.treatment import KEEP, Treatment
from meancollapse.watch.instrument import Instrument

# With fewer steps left a learning rate can hardly show what it is good for.
FEW_STEPS = 20
# Share of the time for steps that the ramps may take.
SHARE_OF_RAMPS = 0.5
BEST, FIRST = "rewind", "first"
WENT_BACK = {BEST: "its best weights", FIRST: "the weights it began with"}


@dataclass(frozen=True)
class Change:
    """One change of the learning rate.

    Attributes:
        epoch: 0-based epoch at whose end it was made.
        before: The learning rate until then (of the first optimizer, where there are several).
        after: The learning rate from then on; of a schedule, the highest it will reach.
        rewound: Whether the weights went back to some this `fit` has had before.
        reason: Why, in words.
    """

    epoch: int
    before: float
    after: float
    rewound: bool
    reason: str

    def to_dict(self) -> dict[str, Any]:
        """The same as a dict of plain values, ready for `json.dumps`."""
        return asdict(self)


@dataclass(frozen=True)
class Limits:
    """What learning rates may be tried.

    Attributes:
        factor: Ratio of neighbouring rates, below 1; the ramp takes two steps to it.
        lowest: No rate below this.
        highest: No rate above this.
        may_rewind: Whether the weights may go back to some this `fit` has had.
    """

    factor: float
    lowest: float
    highest: float
    may_rewind: bool


class Adjuster(Rescuer):
    """Finds the learning rate with which a model learns, and weights of this `fit` to begin with.

    Args:
        attached: The instrument of the `fit`.
        max_changes: How many changes may be made.
        limits: What may be tried.
        say: Takes each line a person reads.
        clock: Tells the time in seconds.
    """

    tried, done = ("learning rate", "learning rates"), "change"

    def __init__(
        self,
        attached: Instrument,
        max_changes: int,
        limits: Limits,
        say: Callable[[str], None],
        clock: Callable[[], float],
    ):
        super().__init__(attached, max_changes, False, say, clock)
        self.limits = limits
        self.changes: list[Change] = []

    def _why_not(self, found: Verdict, evidence: Evidence) -> str | None:
        planned = evidence.planned_steps
        left = math.inf if planned is None else planned - evidence.steps
        if evidence.is_last or left < FEW_STEPS:
            return (
                f"{max(0, 0 if evidence.is_last else int(left))} steps are left, too few to try "
                f"another learning rate. {_fault(found)}"
            ).strip()
        return super()._why_not(found, evidence)

    def _candidates(self, surgery: Surgery, patient: Patient, budget: Budget) -> list[Treatment]:
        optimizer = type(leaves(surgery.model.optimizer)[0]).__name__
        limits = self.limits
        ladder = learning_rate.ladder(optimizer, patient.rate)
        ladder = [rate for rate in ladder if limits.lowest <= rate <= limits.highest]
        rungs = ramp.rungs(
            learning_rate.usual(optimizer), limits.factor, limits.lowest, limits.highest
        )
        starts = self._starts(patient)
        learning_rate.hold(surgery, rungs[-1] if rungs else limits.highest)
        steps = len(starts) * len(rungs) * ramp.STEPS
        ramps = [Ramp(start, 0.0, ()) for start in starts]
        if steps * budget.per_step <= SHARE_OF_RAMPS * budget.seconds:
            ramps = [ramp.climb(surgery, self._kept, start, rungs, 0) for start in starts]
        return in_turn(ramps, ladder)

    def _starts(self, patient: Patient) -> list[str]:
        """Weights to begin with: those of now, the best and the first."""
        starts = [KEEP] if patient.finite else []
        if self.limits.may_rewind:
            starts += ([BEST] if patient.had_skill else []) + [FIRST]
        return starts

    def _give(self, best: Rehearsed) -> Treatment:
        """Begin where the rehearsal began; a schedule keeps its shape where that will do."""
        surgery, last = self._operating_on(), self.instrument.last_evidence
        before, treatment = learning_rate.current(surgery), best.treatment
        rate = before if treatment.rate is None else treatment.rate
        with quiet.quiet(surgery.model):
            keeps_schedule = learning_rate.schedule_peak(surgery) is not None
        treatment = treatment.having(LearningRate(rate, keeps_schedule))
        operate(surgery, treatment, self._kept, 0)
        reason = f"from {best.steps} steps tried, a held-out skill of {best.skill:.2g}"
        if treatment.weights in WENT_BACK:
            reason += f", beginning with {WENT_BACK[treatment.weights]}"
        epoch = 0 if last is None else last.epoch
        self.changes.append(Change(epoch, before, rate, treatment.weights != KEEP, reason))
        return treatment

    def _conclude(self, evidence: Evidence) -> bool:
        helped = super()._conclude(evidence)
        if not helped:
            last = self.changes[-1]
            back = Change(evidence.epoch, last.after, last.before, True, "it had not helped")
            self.changes.append(back)
        return helped

    def _least_probation(self, best: Rehearsed) -> int:
        """As long as the rehearsal took, which is not part of the run, to get where it got."""
        return best.best_at

    def _what_else(self, found: Verdict, patient: Patient) -> str:
        fault = _fault(found)
        return f". {fault}; RescueOnCollapse() changes more than the rate" if fault else ""


def _fault(found: Verdict) -> str:
    """What else is known to be wrong, as a sentence without its full stop."""
    known = [f for f in found.findings if not f.cause.startswith("learning_rate")]
    return f"Probable cause: {known[0].cause} ({known[0].evidence})" if known else ""


def in_turn(ramps: Sequence[Ramp], ladder: Sequence[float]) -> list[Treatment]:
    """The rates that ramps led to, and the usual ones, the first of each ramp before any second.

    Where ramps led equally far, the earlier comes first; where none led anywhere, the weights this
    `fit` began with, which nothing has harmed yet.

    Args:
        ramps: Ramps from different weights.
        ladder: Rates to try besides, the most promising first.
    """
    most = max((each.skill for each in ramps), default=0.0)
    if most < SEEN:
        order = sorted(ramps, key=lambda each: each.weights != FIRST)
    else:
        order = sorted(ramps, key=lambda each: 0.0 if each.skill >= most - TIE else -each.skill + 2)
    columns = []
    for each in order:
        others = [r for r in ladder if all(not 0.5 < r / known < 2.0 for known in each.rates)]
        start = ramp.beginning_with(each.weights)
        columns.append([start.having(LearningRate(r)) for r in (*each.rates, *others)])
    rows = itertools.zip_longest(*columns)
    return [treatment for row in rows for treatment in row if treatment is not None]
