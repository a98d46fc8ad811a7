"""Carries out a treatment on a running model, in a fixed order."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from meancollapse.repair.remedies import (
    activations,
    fresh_optimizer,
    head,
    learning_rate,
    own_weights,
    regularization,
    reinitialise,
    revive,
    running_statistics,
)
from meancollapse.repair.remedies.rewind import KeptWeights
from meancollapse.repair.surgery import memory
from meancollapse.repair.surgery.surgery import Surgery
from meancollapse.repair.treatment import FIRST, REINITIALISE, REVIVE, REWIND, SETTLE, Treatment

# Rows a re-initialisation looks at.
ROWS = 256


def operate(surgery: Surgery, treatment: Treatment, kept: KeptWeights, seed: int) -> None:
    """Change the model as the treatment says; `Surgery.restore` undoes it.

    Args:
        surgery: The model, during its `fit`.
        treatment: What to do.
        kept: The first and the best weights of this `fit`.
        seed: Seed of new weights.
    """
    rng = np.random.default_rng(seed)
    settings: dict[str, Any] = {"clip": treatment.clip, "warm_up": treatment.warm_up}
    activations.apply(surgery, treatment.activations)
    if treatment.ease:
        regularization.ease(surgery)
    x = keras.tree.map_structure(lambda a: a[:ROWS], surgery.rows[0])
    if treatment.scale_head:
        settings["scales"] = head.by_variable(surgery, head.scales(surgery))
        settings["loss_scale"] = head.loss_scale(sum(surgery.constant_losses.values()))
        settings["output_scales"] = head.output_scales(surgery)
    if treatment.ease and surgery.can_dial and regularization.adds_losses(surgery):
        settings.update(regularization.lighter(surgery, settings))
    if treatment.weights == REINITIALISE and treatment.first_layer is None:
        own = own_weights.apply(surgery, x, rng)
        settings["scales"] = {**settings.get("scales", {}), **own}
    if treatment.weights == REINITIALISE:
        settings["folds"] = reinitialise.apply(
            surgery, x, treatment.first_layer, treatment.fold_inputs, rng
        )
    elif treatment.weights == REVIVE:
        revive.apply(surgery, x, rng)
    elif treatment.weights == REWIND:
        kept.apply()
    elif treatment.weights == FIRST:
        kept.apply_first()
    elif treatment.weights == SETTLE:
        running_statistics.apply(surgery, surgery.sample[0])
    if treatment.weights != SETTLE:  # the weights are those the optimizer knows
        fresh_optimizer.apply(surgery.model.optimizer)
    if treatment.rate is not None:
        set_rate = learning_rate.scale if treatment.keep_schedule else learning_rate.apply
        settings["rate"] = set_rate(surgery, treatment.rate)
    surgery.turn(**settings)
    weights = [variable.value for variable in surgery.model.trainable_variables]
    memory.hold(surgery.model, surgery.dial.standardised(weights) if surgery.dial else weights)
    surgery.install()
