"""Which treatments are rehearsed, and in which order."""

from __future__ import annotations

from collections.abc import Sequence

from meancollapse.repair.patient import Patient
from meancollapse.repair.remedies.activations import SwapActivations
from meancollapse.repair.remedies.clipping import ClipGradients
from meancollapse.repair.remedies.fresh_optimizer import FreshOptimizer
from meancollapse.repair.remedies.head import HeadOnTargets
from meancollapse.repair.remedies.learning_rate import LearningRate
from meancollapse.repair.remedies.regularization import EaseRegularization
from meancollapse.repair.remedies.reinitialise import Reinitialise
from meancollapse.repair.remedies.revive import ReviveUnits
from meancollapse.repair.remedies.rewind import BackToFirst
from meancollapse.repair.remedy import Remedy
from meancollapse.repair.treatment import Treatment, fresh_start, settled, way_back

# With these causes the weights are good enough: only what works on them is wrong.
WEIGHTS_ARE_FINE = {"over_regularization", "learning_rate_too_low"}
TOO_HIGH = "learning_rate_too_high"


def treatments(patient: Patient, allow_activation_changes: bool = False) -> list[Treatment]:
    """Treatments worth rehearsing, the most promising first.

    New weights on the scale of the data come first: of all remedies tried in experiments they alone
    helped whatever the cause. Gentler ones follow where they can be enough.

    Args:
        patient: What is known of the model.
        allow_activation_changes: Whether activations may be swapped.
    """
    swaps = patient.head_swaps if allow_activation_changes else ()
    always: list[Remedy] = [EaseRegularization()] if patient.regularized else []
    always += [SwapActivations(swaps)] if swaps else []
    found = _fresh(patient, always, swaps, allow_activation_changes)
    gentle = _gentle(patient, always) if patient.finite else []
    fine = bool(WEIGHTS_ARE_FINE & set(patient.causes[:1]))
    found = gentle + found if fine else found + gentle
    # A rate far too high destroys weights that were good; going back takes no new step to compile.
    back = Treatment(BackToFirst(), FreshOptimizer(), *always)
    first = [back.having(LearningRate(rate)) for rate in patient.lower_rates]
    is_too_high = patient.is_too_fast or TOO_HIGH in patient.causes[:1]
    found = first + found if is_too_high else found + first
    lower = min(patient.rate / 4, patient.rates[0])
    eased = [each for each in always if isinstance(each, EaseRegularization)]
    ahead = [settled(), way_back(lower).having(*eased)]
    return [treatment for treatment in ahead if _suits(treatment, patient)] + found


def _suits(treatment: Treatment, patient: Patient) -> bool:
    return all(remedy.suits(patient) for remedy in treatment.remedies)


def _fresh(
    patient: Patient,
    always: Sequence[Remedy],
    swaps: tuple[tuple[str, str], ...],
    allow_activation_changes: bool,
) -> list[Treatment]:
    """New weights for all layers, at several rates."""
    found: list[Treatment] = []
    if not swaps and patient.well_scaled and not patient.regularized:
        # The step the model was compiled with will do, which saves compiling another one.
        own_step = Treatment(Reinitialise(), HeadOnTargets(), FreshOptimizer())
        found += [own_step.having(LearningRate(rate)) for rate in patient.rates[:2]]
    variants: list[list[Remedy]] = [list(always)]
    if allow_activation_changes and patient.swaps:
        variants.append([*always, SwapActivations(patient.swaps + swaps)])
    ladders = []
    for extra in variants:
        tried = [Treatment(*fresh_start(rate).remedies).having(*extra) for rate in patient.rates]
        if patient.drops and not patient.regularized:
            # Dropout as usual is seldom what is wrong, but can keep a network from ever starting.
            tried[1:1] = [other.having(EaseRegularization()) for other in tried[:2]]
        ladders.append(tried)
    # The first of each kind before the second of any: not all of them may have their turn.
    return found + [each for together in zip(*ladders, strict=True) for each in together]


def _gentle(patient: Patient, always: Sequence[Remedy]) -> list[Treatment]:
    """Treatments that keep what the network has."""
    first, kept = patient.rates[0], Treatment(FreshOptimizer(), *always)
    careful = kept.having(LearningRate(first), ClipGradients())
    found = []
    if patient.is_unused or WEIGHTS_ARE_FINE & set(patient.causes):
        found += [kept.having(LearningRate(rate)) for rate in patient.rates[:2]]
    begin = [patient.loses] if patient.loses in patient.layers[1:] else []
    begin += [patient.layers[-1]] if patient.is_unused else []
    found += [careful.having(Reinitialise(layer), HeadOnTargets()) for layer in begin]
    if ReviveUnits().suits(patient):
        found.append(careful.having(ReviveUnits()))
    return found
