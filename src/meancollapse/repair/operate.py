"""Carries out a treatment on a running model."""

from __future__ import annotations

import numpy as np

from meancollapse.repair.kept_weights import KeptWeights
from meancollapse.repair.remedy import Operation
from meancollapse.repair.surgery import memory
from meancollapse.repair.surgery.surgery import Surgery
from meancollapse.repair.treatment import Treatment


def operate(surgery: Surgery, treatment: Treatment, kept: KeptWeights, seed: int) -> None:
    """Change the model as the treatment says; `Surgery.restore` undoes it.

    Args:
        surgery: The model, during its `fit`.
        treatment: What to do.
        kept: The first and the best weights of this `fit`.
        seed: Seed of new weights.
    """
    operation = Operation(surgery, kept, np.random.default_rng(seed))
    for remedy in treatment.remedies:
        remedy.apply(operation)
    surgery.turn(**operation.settings)
    weights = [variable.value for variable in surgery.model.trainable_variables]
    memory.hold(surgery.model, surgery.dial.standardised(weights) if surgery.dial else weights)
    surgery.install()
