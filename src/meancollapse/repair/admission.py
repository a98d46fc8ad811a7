"""What is known of a collapsed model, gathered into a `Patient`."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from meancollapse.backend.rates import is_settable, leaves
from meancollapse.judge import place
from meancollapse.judge.evidence import Evidence, Output
from meancollapse.judge.verdict import Verdict
from meancollapse.repair.patient import Patient
from meancollapse.repair.remedies import (
    activations,
    head,
    input_scale,
    learning_rate,
    regularization,
    running_statistics,
)
from meancollapse.repair.surgery.surgery import Surgery

# R² in training mode from which on a network is worth keeping as it is.
LEARNED = 0.1


def admit(surgery: Surgery, found: Verdict, evidence: Evidence, had_skill: bool) -> Patient:
    """Gather what the choice of remedies needs to know."""
    optimizer = type(leaves(surgery.model.optimizer)[0]).__name__
    rate = learning_rate.current(surgery)
    output = evidence.output(found.output)
    where = place.place(output.look) if output is not None and output.look is not None else None
    return Patient(
        causes=found.causes,
        rate=rate,
        rates=tuple(learning_rate.ladder(optimizer, rate)),
        lower_rates=tuple(learning_rate.lower(optimizer, rate)),
        is_too_fast=rate > learning_rate.PLAUSIBLE * learning_rate.usual(optimizer),
        finite=surgery.is_finite(),
        had_skill=had_skill,
        loses=where.layer if where is not None and where.kind == "lost" else None,
        is_unused=where is not None and where.kind == "unused",
        has_dead_units="dead_relu" in found.causes,
        layers=tuple(site.name for site in surgery.sites),
        well_scaled=_is_well_scaled(surgery),
        regularized=regularization.is_in_use(surgery.model) or regularization.adds_losses(surgery),
        unsettled=_is_unsettled(surgery, found, output),
        drops=regularization.drops(surgery.model),
        swaps=activations.hidden_swaps(surgery.model, surgery.sites),
        head_swaps=activations.head_swaps(surgery.sites, surgery.targets),
    )


def _is_unsettled(surgery: Surgery, found: Verdict, output: Output | None) -> bool:
    """Whether the rows tell the output apart in training mode, for lack of statistics not else."""
    if "train_inference_gap" not in found.causes or output is None or output.examination is None:
        return False
    skill = output.examination.training_skill
    return skill is not None and skill >= LEARNED and running_statistics.are_in_use(surgery.model)


def _is_well_scaled(surgery: Surgery) -> bool:
    """Whether a network can learn from inputs and targets as they are."""
    if head.scales(surgery) or any(f != 1 for f in head.output_scales(surgery).values()):
        return False
    if head.loss_scale(sum(surgery.constant_losses.values())) != 1:
        return False
    if not all(is_settable(leaf) for leaf in leaves(surgery.model.optimizer)):
        return False
    for leaf in keras.tree.flatten(surgery.rows[0]):
        if leaf.dtype.kind == "f" and leaf.ndim > 1:
            mean, scale = input_scale.columns(leaf)
            if input_scale.is_off(mean, 1 / scale):
                return False
    return True


def is_finite(rows: Any) -> bool:
    """Whether sampled inputs, targets and weights are all finite."""
    leaves_ = [np.asarray(leaf) for leaf in keras.tree.flatten(rows) if leaf is not None]
    return all(np.isfinite(leaf).all() for leaf in leaves_ if leaf.dtype.kind == "f")
