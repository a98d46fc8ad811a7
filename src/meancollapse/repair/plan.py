"""Which treatments are rehearsed, and in which order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from meancollapse.repair.patient import Patient
from meancollapse.repair.treatment import (
    FIRST,
    KEEP,
    REINITIALISE,
    REVIVE,
    REWIND,
    SETTLE,
    Treatment,
)

# With these causes the weights are good enough: only what works on them is wrong.
WEIGHTS_ARE_FINE = {"over_regularization", "learning_rate_too_low"}
TOO_HIGH = "learning_rate_too_high"
# Gradients are clipped at this norm after surgery, in standardised coordinates.
CLIP = 1.0


def treatments(patient: Patient, allow_activation_changes: bool = False) -> list[Treatment]:
    """Treatments worth rehearsing, the most promising first.

    New weights on the scale of the data come first: of all remedies tried in experiments they alone
    helped whatever the cause. Gentler ones follow where they can be enough.

    Args:
        patient: What is known of the model.
        allow_activation_changes: Whether activations may be swapped.
    """
    rates = patient.rates
    fresh = Treatment(
        weights=REINITIALISE, fold_inputs=True, scale_head=True, clip=CLIP, ease=patient.regularized
    )
    found: list[Treatment] = []
    if allow_activation_changes and patient.head_swaps:
        fresh = replace(fresh, activations=patient.head_swaps)
    elif patient.well_scaled and not patient.regularized:
        # The step the model was compiled with will do, which saves compiling another one.
        own_step = Treatment(weights=REINITIALISE, scale_head=True)
        found += [replace(own_step, rate=rate) for rate in rates[:2]]
    variants = [fresh]
    if allow_activation_changes and patient.swaps:
        variants.append(replace(fresh, activations=patient.swaps + fresh.activations))
    ladders = []
    for variant in variants:
        tried = [replace(variant, rate=rate) for rate in rates]
        if patient.drops and not patient.regularized:
            # Dropout as usual is seldom what is wrong, but can keep a network from ever starting.
            tried[1:1] = [replace(other, ease=True) for other in tried[:2]]
        ladders.append(tried)
    # The first of each kind before the second of any: not all of them may have their turn.
    found += [treatment for together in zip(*ladders, strict=True) for treatment in together]
    gentle = _gentle(patient, rates, fresh.activations) if patient.finite else []
    if WEIGHTS_ARE_FINE & set(patient.causes[:1]):
        found = gentle + found
    else:
        found += gentle
    # A rate far too high destroys weights that were good; going back takes no new step to compile.
    back = Treatment(weights=FIRST, ease=patient.regularized, activations=fresh.activations)
    first = [replace(back, rate=rate) for rate in patient.lower_rates]
    is_too_high = patient.is_too_fast or TOO_HIGH in patient.causes[:1]
    found = first + found if is_too_high else found + first
    if patient.had_skill:
        lower = min(patient.rate / 4, rates[0])
        again = Treatment(weights=REWIND, rate=lower, clip=CLIP, ease=patient.regularized)
        found[:0] = [again]
    if patient.unsettled and patient.finite:
        found[:0] = [Treatment(weights=SETTLE)]
    return found


def _gentle(
    patient: Patient, rates: Sequence[float], activations: tuple[tuple[str, str], ...]
) -> list[Treatment]:
    """Treatments that keep what the network has."""
    found = []
    kept = Treatment(
        fold_inputs=False, scale_head=False, ease=patient.regularized, activations=activations
    )
    if patient.is_unused or WEIGHTS_ARE_FINE & set(patient.causes):
        found += [replace(kept, weights=KEEP, rate=rate) for rate in rates[:2]]
    if patient.loses in patient.layers[1:]:
        found.append(
            replace(
                kept,
                weights=REINITIALISE,
                first_layer=patient.loses,
                scale_head=True,
                rate=rates[0],
                clip=CLIP,
            )
        )
    if patient.is_unused:
        found.append(
            replace(
                kept,
                weights=REINITIALISE,
                first_layer=patient.layers[-1],
                scale_head=True,
                rate=rates[0],
                clip=CLIP,
            )
        )
    if patient.has_dead_units:
        found.append(replace(kept, weights=REVIVE, rate=rates[0], clip=CLIP))
    return found
