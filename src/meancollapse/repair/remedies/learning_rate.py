"""Learning rates: those that suit an optimizer, those worth trying, and how one is set."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from meancollapse.backend import rates
from meancollapse.repair.patient import Patient
from meancollapse.repair.remedy import Operation
from meancollapse.repair.surgery.surgery import Surgery

# On standardised data. Adam and its kin move every weight by about this much per step.
USUAL = {"Adadelta": 1.0, "Lion": 3e-4, "Adafactor": 0.01, "Muon": 1e-3, "Adagrad": 0.02}
USUAL_ADAM = 2e-3
# ...SGD's step is proportional to the gradient, whose size the loss and the head decide.
USUAL_SGD = 0.02
PROPORTIONAL = ("SGD", "Ftrl")
# A rate within this factor of the usual one is taken to be meant.
PLAUSIBLE = 10.0
# Rates tried beside the user's, relative to the usual one.
LADDER = (2.5, 1.0, 5.0, 0.2)
LADDER_SGD = (2.5, 25.0, 250.0, 0.5)

# What a rate that may be too high is multiplied by, and once more.
LOWER, LOWER_STILL = 0.1, 0.2
# A schedule has warmed up at this share of its peak, which may take this share of the run...
HALF = 0.5
# ...and has to stay at so much of it from then on, on average (a cosine or a line: a half).
LEAST_MEAN = 0.2


@dataclass(frozen=True)
class LearningRate:
    """Another learning rate.

    Attributes:
        rate: The rate.
        keep_schedule: Whether a schedule stays and is scaled as a whole, so that the rate is its
            peak; otherwise it is put aside for a constant.
    """

    rate: float
    keep_schedule: bool = False

    def suits(self, patient: Patient) -> bool:
        return True

    def apply(self, operation: Operation) -> None:
        set_rate = scale if self.keep_schedule else apply
        operation.settings["rate"] = set_rate(operation.surgery, self.rate)

    def words(self) -> str:
        if self.keep_schedule:
            return f"scaled the schedule to a peak learning rate of {self.rate:.3g}"
        return f"set the learning rate to {self.rate:.3g}"


def ladder(optimizer: str, rate: float) -> list[float]:
    """Learning rates to try, the most promising first; no two within a factor of 2.

    Args:
        optimizer: Class name, such as `"Adam"`.
        rate: The learning rate the user has set.
    """
    factors, middle = LADDER_SGD if optimizer in PROPORTIONAL else LADDER, usual(optimizer)
    wanted = [middle * factor for factor in factors]
    if middle / PLAUSIBLE <= rate <= middle * PLAUSIBLE:
        wanted.insert(1, rate)
    found: list[float] = []
    for candidate in wanted:
        if all(not 0.5 < candidate / other < 2.0 for other in found):
            found.append(candidate)
    return found


def lower(optimizer: str, rate: float) -> list[float]:
    """Two learning rates well below one that may have been too high."""
    most = min(rate * LOWER, usual(optimizer) / 2)
    return [most, most * LOWER_STILL]


def usual(optimizer: str) -> float:
    """The learning rate an optimizer, given by its class name, usually begins with."""
    return USUAL_SGD if optimizer in PROPORTIONAL else USUAL.get(optimizer, USUAL_ADAM)


def current(surgery: Surgery) -> float:
    """The learning rate in effect (of the first optimizer, where there are several)."""
    rate = rates.value(rates.leaves(surgery.model.optimizer)[0])
    return rate * (surgery.dial_settings or {}).get("rate", 1.0)


def apply(surgery: Surgery, rate: float) -> float:
    """Set the learning rate; several optimizers keep their proportions.

    A schedule cannot be set. It is put aside for the rest of this `fit`, for the first rate that is
    asked for; what a later one differs by is left to the dial, so that nothing is compiled again.

    Returns:
        The factor on updates that the dial must supply.
    """
    found = rates.leaves(surgery.model.optimizer)
    first = rates.value(found[0])
    if all(rates.is_settable(leaf) for leaf in found):
        for leaf in found:
            # One that has come down to 0 has no proportion to keep.
            leaf.learning_rate = rate * (rates.value(leaf) / first if first > 0 else 1.0)
        return 1.0
    factor = 1.0 if rates.is_settable(found[0]) else rate / max(first, 1e-30)
    for leaf in found:
        # A schedule that has come down to 0 has no proportion to keep.
        surgery.hold_schedule(leaf, rates.value(leaf) * factor if first > 0 else rate)
    return rate / max(rates.value(found[0]), 1e-30)


def scale(surgery: Surgery, rate: float) -> float:
    """Have a schedule begin anew and reach this rate at its highest, its shape unchanged.

    Returns:
        The factor on updates that the dial must supply.
    """
    peak = schedule_peak(surgery)
    if not peak:
        return apply(surgery, rate)
    for leaf in rates.leaves(surgery.model.optimizer):
        if rates.is_settable(leaf):
            leaf.learning_rate = rates.value(leaf) * rate / peak
        else:
            surgery.scale_schedule(leaf, rate / peak)
    return 1.0


def hold(surgery: Surgery, rate: float) -> None:
    """Put schedules aside for this rate; what others differ by from it is left to the dial.

    An update that the optimizer computes for a rate much lower is lost to rounding before the dial
    can enlarge it.
    """
    if not all(rates.is_settable(leaf) for leaf in rates.leaves(surgery.model.optimizer)):
        before = surgery.save()
        apply(surgery, rate)
        surgery.restore(before)


def schedule_peak(surgery: Surgery) -> float | None:
    """The highest rate of a schedule that begins anew now; `None` where it must be put aside.

    It must where it comes down to next to nothing long before the `fit` ends, or spends most of the
    rest on its way up; and where there is no schedule.
    """
    last = surgery.instrument.last_evidence
    if last is None or last.planned_steps is None:
        return None
    first = rates.leaves(surgery.model.optimizer)[0]
    course = rates.course(first, last.planned_steps - last.steps)
    if course is None or not np.isfinite(course).all() or not course.max() > 0:
        return None
    peak = float(course.max())
    rises = int(np.argmax(course >= HALF * peak))
    is_usable = rises <= HALF * len(course) and course[rises:].mean() >= LEAST_MEAN * peak
    return peak if is_usable else None
