"""Learning rates: those that suit an optimizer, those worth trying, and how one is set."""

from __future__ import annotations

from meancollapse.instrument import rates
from meancollapse.instrument.surgery import Surgery

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


def ladder(optimizer: str, rate: float) -> list[float]:
    """Learning rates to try, the most promising first; no two within a factor of 2.

    Args:
        optimizer: Class name, such as `"Adam"`.
        rate: The learning rate the user has set.
    """
    is_proportional = optimizer in PROPORTIONAL
    usual = USUAL_SGD if is_proportional else USUAL.get(optimizer, USUAL_ADAM)
    wanted = [usual * factor for factor in (LADDER_SGD if is_proportional else LADDER)]
    if usual / PLAUSIBLE <= rate <= usual * PLAUSIBLE:
        wanted.insert(1, rate)
    found: list[float] = []
    for candidate in wanted:
        if all(not 0.5 < candidate / other < 2.0 for other in found):
            found.append(candidate)
    return found


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
