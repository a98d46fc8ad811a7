"""A treatment: remedies that are applied together.

All that a repair does to a running model is a composition of the files in `remedies/`. Three of
them, as they are rehearsed:
"""

from __future__ import annotations

from typing import Any, TypeVar

from meancollapse.repair.remedies.activations import SwapActivations
from meancollapse.repair.remedies.clipping import ClipGradients
from meancollapse.repair.remedies.fresh_optimizer import FreshOptimizer
from meancollapse.repair.remedies.head import HeadOnTargets
from meancollapse.repair.remedies.learning_rate import LearningRate
from meancollapse.repair.remedies.regularization import EaseRegularization
from meancollapse.repair.remedies.reinitialise import Reinitialise
from meancollapse.repair.remedies.revive import ReviveUnits
from meancollapse.repair.remedies.rewind import BackToBest, BackToFirst
from meancollapse.repair.remedies.running_statistics import SettleStatistics
from meancollapse.repair.remedy import Remedy


def fresh_start(rate: float) -> Treatment:
    """New weights on the scale of the data, trained as if everything had been standardised."""
    return Treatment(
        Reinitialise(fold_inputs=True),
        HeadOnTargets(),
        FreshOptimizer(),
        LearningRate(rate),
        ClipGradients(),
    )


def way_back(rate: float) -> Treatment:
    """The best weights of this `fit`, gently."""
    return Treatment(BackToBest(), FreshOptimizer(), LearningRate(rate), ClipGradients())


def settled() -> Treatment:
    """Only what BatchNormalization uses in inference mode; the weights are those it knows."""
    return Treatment(SettleStatistics())


# The order in which remedies are applied: heads are scaled for the activations they will have,
# weights are drawn for what surrounds them, and an optimizer is emptied before its rate is read.
ORDER = (
    SwapActivations,
    HeadOnTargets,
    EaseRegularization,
    BackToBest,
    BackToFirst,
    Reinitialise,
    ReviveUnits,
    SettleStatistics,
    FreshOptimizer,
    LearningRate,
    ClipGradients,
)
# What gives the model other weights, by the name it has in a record.
WEIGHTS: dict[str, type] = {
    "rewind": BackToBest,
    "first": BackToFirst,
    "reinitialise": Reinitialise,
    "revive": ReviveUnits,
    "settle": SettleStatistics,
}
KEEP = "keep"
# Told in this order, and first what was done to the weights.
TOLD = (SwapActivations, HeadOnTargets, EaseRegularization, LearningRate, FreshOptimizer)

R = TypeVar("R")


class Treatment:
    """Remedies that are applied together, one of a kind.

    Args:
        remedies: What to do; the order they are given in means nothing.
    """

    def __init__(self, *remedies: Remedy):
        self.remedies = tuple(sorted(remedies, key=lambda each: ORDER.index(type(each))))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Treatment) and self.remedies == other.remedies

    def __hash__(self) -> int:
        return hash(self.remedies)

    def __repr__(self) -> str:
        return f"Treatment{self.remedies!r}"

    def find(self, kind: type[R]) -> R | None:
        """The remedy of a kind, if it is part of the treatment."""
        return next((each for each in self.remedies if isinstance(each, kind)), None)

    def having(self, *remedies: Remedy) -> Treatment:
        """The same with other remedies in addition; of each kind the last counts."""
        of_kind = {type(each): each for each in (*self.remedies, *remedies)}
        return Treatment(*of_kind.values())

    @property
    def weights(self) -> str:
        """What becomes of the weights: `"keep"` or one of `WEIGHTS`."""
        return next((name for name, kind in WEIGHTS.items() if self.find(kind)), KEEP)

    @property
    def rate(self) -> float | None:
        """The learning rate that is set, if one is."""
        found = self.find(LearningRate)
        return None if found is None else found.rate

    @property
    def needs_a_step(self) -> bool:
        """Whether the step the model was compiled with will not do."""
        return bool(self.find(ClipGradients) or self.find(EaseRegularization))

    @property
    def turns_most(self) -> bool:
        """Whether it turns most of the dial, so that a step compiled for it does for others."""
        found = self.find(Reinitialise)
        return found is not None and found.fold_inputs

    def to_dict(self) -> dict[str, Any]:
        """What is done as a dict of plain values, ready for `json.dumps`."""
        new, swaps = self.find(Reinitialise), self.find(SwapActivations)
        clip, rate = self.find(ClipGradients), self.find(LearningRate)
        return {
            "weights": self.weights,
            "first_layer": None if new is None else new.first_layer,
            "fold_inputs": new is not None and new.fold_inputs,
            "scale_head": self.find(HeadOnTargets) is not None,
            "rate": self.rate,
            "keep_schedule": rate is not None and rate.keep_schedule,
            "clip": None if clip is None else clip.norm,
            "ease": self.find(EaseRegularization) is not None,
            "activations": () if swaps is None else swaps.swaps,
        }

    def describe(self) -> str:
        """What is done, as a person reads it."""
        order = (*WEIGHTS.values(), *TOLD, ClipGradients)
        told = sorted(self.remedies, key=lambda each: order.index(type(each)))
        return ", ".join(remedy.words() for remedy in told)
