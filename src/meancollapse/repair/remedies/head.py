"""Heads put on the targets: centred on the best constant, and scaled to the targets' spread."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from meancollapse.look import activations, sites
from meancollapse.repair.patient import Patient
from meancollapse.repair.remedies import input_scale
from meancollapse.repair.remedy import Operation
from meancollapse.repair.surgery.surgery import Surgery, kernel_and_bias

# Std of a fresh head's output, in units of the target's: near the constant, but not on it.
SPREAD = 0.3
# Activations whose output grows in proportion to their input, so that they can be scaled.
SCALABLE = {"linear", "relu", "leaky_relu", "elu", "selu", "softplus"}
# Class probabilities are kept this far from 0 and 1.
CERTAIN = 1e-3
# A loss between these bounds needs no scaling.
LEAST_LOSS, MOST_LOSS = 0.1, 10.0


@dataclass(frozen=True)
class HeadOnTargets:
    """Heads centred and scaled on their targets, and trained on that scale."""

    def suits(self, patient: Patient) -> bool:
        return True

    def apply(self, operation: Operation) -> None:
        surgery = operation.surgery
        operation.settings |= {
            "scales": by_variable(surgery, scales(surgery)),
            "loss_scale": loss_scale(sum(surgery.constant_losses.values())),
            "output_scales": output_scales(surgery),
        }

    def words(self) -> str:
        return "put the head on the scale of the targets"


def centre(activation: str, target: float) -> float:
    """The pre-activation at which an activation gives a target, or comes nearest; 0 if unknown."""
    if activation == "linear":
        return target
    if activation == "sigmoid":
        return _logit(target)
    if activation == "tanh":
        return math.atanh(min(max(target, -1 + CERTAIN), 1 - CERTAIN))
    if activation == "exponential":
        return math.log(target) if target > 0 else 0.0
    if activation == "softplus":
        return target + math.log(-math.expm1(-target)) if target > 0 else 0.0
    return max(target, 0.0) if activation in SCALABLE else 0.0


def scales(surgery: Surgery) -> dict[str, float]:
    """For every regression head far from unit scale, the power of two nearest its targets' std."""
    found: dict[str, float] = {}
    if not surgery.can_dial:
        return found
    for site in surgery.sites:
        head = site.heads[0] if site.heads else None
        if head is None or head.is_classification or not head.is_one_to_one:
            continue
        if activations.name(site.last or site.layer) not in SCALABLE:
            continue
        size = float(np.sqrt(np.mean(surgery.targets[site.heads[0].name].std(0) ** 2)))
        if size and not input_scale.LEAST_STD <= size <= input_scale.MOST_STD:
            found[site.name] = input_scale.power_of_two(size)
    return found


def by_variable(surgery: Surgery, found: dict[str, float]) -> dict[int, float]:
    """Scales by index of trainable variable."""
    index = {id(v): i for i, v in enumerate(surgery.model.trainable_variables)}
    return {
        index[id(variable)]: found[site.name]
        for site in surgery.sites
        if site.name in found
        for variable in kernel_and_bias(site.layer)
        if variable is not None and id(variable) in index
    }


def output_scales(surgery: Surgery) -> dict[str, float]:
    """Factors that give outputs which stand beside others the same weight in what they share.

    One in small units, or with a small loss weight, would teach the layers before it nothing, once
    all is divided by the loss of another.
    """
    if len(surgery.constant_losses) < 2:
        return {}
    common = loss_scale(sum(surgery.constant_losses.values()))
    return {name: loss_scale(loss) / common for name, loss in surgery.constant_losses.items()}


def loss_scale(loss: float) -> float:
    """1 ÷ the loss of the best constant, where that is far from 1."""
    if not math.isfinite(loss) or loss <= 0 or LEAST_LOSS <= loss <= MOST_LOSS:
        return 1.0
    return input_scale.power_of_two(1 / loss)


def fit(surgery: Surgery, site: sites.Site, pre_activation: Callable[[], np.ndarray]) -> None:
    """Centre a fresh head on the best constant, with a small spread around it.

    Args:
        surgery: The model.
        site: The head.
        pre_activation: Gives the head's output before its activation, shape `(rows, units)`.
    """
    head = site.heads[0]
    kernel, bias = kernel_and_bias(site.layer)
    targets = surgery.targets[head.name]
    units = int(kernel.shape[-1])
    mean, std = targets.mean(0), targets.std(0)
    if mean.size != units or not head.is_one_to_one:
        mean, std = np.zeros(units), np.ones(units)
    activation = activations.name(site.last or site.layer)
    if head.is_classification and (head.from_logits or activation == "softmax"):
        probabilities = np.clip(mean, CERTAIN, 1 - CERTAIN)
        is_binary = head.kind == "binary"
        middle = np.log(probabilities / (1 - probabilities)) if is_binary else np.log(probabilities)
        std = np.ones(units)
    else:
        middle = np.array([centre(activation, float(m)) for m in mean])
        std = std if activation in SCALABLE else np.ones(units)
    pre = pre_activation()
    spread = pre.std(0)
    factor = SPREAD * np.where(std > 0, std, 1.0) / np.where(spread > 0, spread, 1.0)
    surgery.set(kernel, surgery.value(kernel) * factor)
    if bias is not None:
        surgery.set(bias, middle - factor * (pre - surgery.value(bias)).mean(0))


def _logit(target: float) -> float:
    p = min(max(target, CERTAIN), 1 - CERTAIN)
    return math.log(p / (1 - p))
