"""Regularization that outweighs the data, eased for the rest of one `fit`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from meancollapse.backend import internals
from meancollapse.backend.rates import leaves
from meancollapse.look import layers, sites
from meancollapse.repair.patient import Patient
from meancollapse.repair.remedy import Operation
from meancollapse.repair.surgery.surgery import Surgery

# Dropout from the first number on can by itself be what is wrong. Eased, all from the second on is
# brought down to the third (with 0.2 in four layers of SELUs, there was no skill at inference).
EXTREME_DROPOUT, MUCH_DROPOUT, EASED_DROPOUT = 0.7, 0.3, 0.05
# Gradients clipped below this norm do not move anything in standardised coordinates.
TINY_CLIP = 1e-2
# An epsilon above this is larger than the gradients it is added to, and takes the place of them.
LARGE_EPSILON, EASED_EPSILON = 1e-3, 1e-7
# A constraint that leaves less than this share of Glorot-sized weights suffocates a layer.
TIGHT = 0.1
# Noise on the inputs is brought down to this share of their spread.
NOISE = 0.1
# What layers add to the loss themselves (a KL term) counts for so much less: a power of two.
LIGHTER = 128.0


@dataclass(frozen=True)
class EaseRegularization:
    """Penalties, weight decay and dropout eased, for this `fit`."""

    def suits(self, patient: Patient) -> bool:
        return patient.regularized or patient.drops

    def apply(self, operation: Operation) -> None:
        surgery = operation.surgery
        ease(surgery)
        if surgery.can_dial and adds_losses(surgery):
            operation.settings.update(lighter(surgery, operation.settings))

    def words(self) -> str:
        return "eased the regularization"


def is_in_use(model: keras.Model) -> bool:
    """Whether there is anything to ease."""
    every = internals.all_layers(model)
    if any(_penalised(layer) or _tight(layer) for layer in every):
        return True
    if any(_drops(layer, EXTREME_DROPOUT) for layer in every):
        return True
    if any(isinstance(layer, keras.layers.GaussianNoise) for layer in every):
        return True
    return any(
        leaf.weight_decay or _strengths(leaf) or _tiny_clips(leaf) or _has_large_epsilon(leaf)
        for leaf in leaves(model.optimizer)
    )


def drops(model: keras.Model) -> bool:
    """Whether there is dropout that easing brings down."""
    return any(_drops(layer, MUCH_DROPOUT) for layer in internals.all_layers(model))


def adds_losses(surgery: Surgery) -> bool:
    """Whether layers add losses of their own, beyond those of regularizers."""
    every = internals.all_layers(surgery.model)
    known = sum(getattr(layer, "activity_regularizer", None) is not None for layer in every)
    variables = surgery.model.trainable_variables
    known += sum(getattr(v, "regularizer", None) is not None for v in variables)
    return len(layers.added_losses(surgery.model, surgery.few)) > known


def lighter(surgery: Surgery, settings: dict[str, Any]) -> dict[str, Any]:
    """Settings of the dial with which the losses that layers add count for less.

    They are out of reach, but what flows back from the outputs is not: it is enlarged, and the sum
    of all made as much smaller.
    """
    known = settings.get("output_scales", {})
    scales = {name: known.get(name, 1.0) * LIGHTER for name in surgery.targets}
    return {"output_scales": scales, "loss_scale": settings.get("loss_scale", 1.0) / LIGHTER}


def ease(surgery: Surgery) -> None:
    """Take penalties, tiny clips, tight constraints off; bring dropout, noise and epsilon down."""
    for layer in internals.all_layers(surgery.model):
        for variable in _tight(layer):
            surgery.change(variable, "constraint", None)
        for variable in layer.trainable_variables:
            if getattr(variable, "regularizer", None) is not None:
                surgery.change(variable, "regularizer", None)
        if getattr(layer, "activity_regularizer", None) is not None:
            surgery.change(layer, "activity_regularizer", None)
        if isinstance(layer, keras.layers.GaussianNoise):
            surgery.change(layer, "stddev", min(layer.stddev, NOISE * surgery.input_spread(layer)))
        else:
            for name in _drops(layer, MUCH_DROPOUT):
                surgery.change(layer, name, EASED_DROPOUT)
    for leaf in leaves(surgery.model.optimizer):
        if leaf.weight_decay:
            surgery.change(leaf, "weight_decay", None)
        for name in _strengths(leaf):
            surgery.change(leaf, name, 0.0)
        for name in _tiny_clips(leaf):
            surgery.change(leaf, name, None)
        if _has_large_epsilon(leaf):
            surgery.change(leaf, "epsilon", EASED_EPSILON)


def _penalised(layer: keras.Layer) -> bool:
    if getattr(layer, "activity_regularizer", None) is not None:
        return True
    return any(getattr(v, "regularizer", None) is not None for v in layer.trainable_variables)


def _tight(layer: keras.Layer) -> list[keras.Variable]:
    """Kernels whose constraint takes nearly everything of weights of the usual size."""
    found = []
    for variable in layer.trainable_variables:
        if getattr(variable, "constraint", None) is None or len(variable.shape) < 2:
            continue
        usual = keras.initializers.GlorotNormal(seed=0)(tuple(variable.shape))
        left = sites.to_array(variable.constraint(usual))
        if np.linalg.norm(left) < TIGHT * np.linalg.norm(sites.to_array(usual)):
            found.append(variable)
    return found


def _drops(layer: keras.Layer, rate: float) -> list[str]:
    """Attributes of a dropout layer, or of a recurrent cell, that drop as much as this."""
    if isinstance(
        layer, keras.layers.Dropout | keras.layers.GaussianDropout | keras.layers.AlphaDropout
    ):
        names = ["rate"]
    elif hasattr(layer, "cell"):  # shows its cell's
        names = []
    else:
        names = ["dropout", "recurrent_dropout"]
    rates = {name: getattr(layer, name, None) for name in names}
    return [n for n, r in rates.items() if isinstance(r, float | int) and r >= rate]


def _strengths(leaf: keras.optimizers.Optimizer) -> list[str]:
    """Penalties that an optimizer (Ftrl) puts on the weights itself."""
    names = [f"{kind}_regularization_strength" for kind in ("l1", "l2", "l2_shrinkage")]
    return [name for name in names if getattr(leaf, name, 0.0)]


def _has_large_epsilon(leaf: keras.optimizers.Optimizer) -> bool:
    epsilon = getattr(leaf, "epsilon", None)
    return isinstance(epsilon, float | int) and epsilon > LARGE_EPSILON


def _tiny_clips(leaf: keras.optimizers.Optimizer) -> list[str]:
    names = ("clipnorm", "global_clipnorm", "clipvalue")
    return [n for n in names if getattr(leaf, n) is not None and getattr(leaf, n) < TINY_CLIP]
