"""Which activations could be swapped, and for what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import keras
import numpy as np

from meancollapse.backend import internals
from meancollapse.judge import examination
from meancollapse.look import activations, layers
from meancollapse.look.heads import Head
from meancollapse.look.sites import Site
from meancollapse.repair.patient import Patient
from meancollapse.repair.remedy import Operation
from meancollapse.repair.surgery.surgery import Surgery

# Share of the targets' range by which they may lie outside of what a head comes close to.
NEARLY = 1e-3
# A head misses all of its targets with more than this share of them out of its reach, and less than
# this R² of what it could give at best.
OUTSIDE, LITTLE = 0.5, 0.1


@dataclass(frozen=True)
class SwapActivations:
    """Other activations; they stay after the `fit`.

    Attributes:
        swaps: `(name of layer, name of activation)`.
    """

    swaps: tuple[tuple[str, str], ...]

    def suits(self, patient: Patient) -> bool:
        return bool(self.swaps)

    def apply(self, operation: Operation) -> None:
        apply(operation.surgery, self.swaps)

    def words(self) -> str:
        return ", ".join(f"set the activation of '{layer}' to {name}" for layer, name in self.swaps)


def hidden_swaps(model: keras.Model, sites: Sequence[Site]) -> tuple[tuple[str, str], ...]:
    """For every hidden layer, an activation that neither saturates nor dies."""
    ends = {id(site.last) for site in sites if site.heads}
    found = []
    for _, layer in layers.named(model):
        if id(layer) in ends or hasattr(layer, "cell"):
            continue
        wanted = None
        if activations.dies(layer):
            wanted = "leaky_relu"
        elif activations.is_bounded(layer) or activations.explodes(layer):
            wanted = "relu"
        if wanted is not None and activations.replacement(layer, wanted) is not None:
            found.append((layer.name, wanted))
    return tuple(found)


def head_swaps(
    sites: Sequence[Site], targets: dict[str, np.ndarray]
) -> tuple[tuple[str, str], ...]:
    """For every head that cannot give its targets, an activation with which it can.

    Args:
        sites: The model's layers with weights.
        targets: Targets on the sample by name of output, as columns.
    """
    found = []
    for site in sites:
        end = site.last
        if end is None:
            continue
        for head in site.heads:
            wanted = head_activation(head, end, _units(site.layer), targets[head.name])
            if wanted is not None and activations.replacement(end, wanted) is not None:
                found.append((end.name, wanted))
    return tuple(found)


def head_activation(head: Head, end: keras.Layer, units: int, targets: np.ndarray) -> str | None:
    """The activation a head needs, or `None` where it has a usable one.

    Args:
        head: The head.
        end: The layer whose activation its output has.
        units: How many numbers it gives for a row.
        targets: The targets on the sample.
    """
    present = activations.name(end)
    if head.kind != "regression":
        proper = "sigmoid" if head.kind == "binary" else "softmax"
        wanted = "linear" if head.from_logits else proper
        return None if present == wanted else wanted
    if present == "softmax" and units == 1:
        return "sigmoid" if targets.min() >= 0 and targets.max() <= 1 else "linear"
    low, high = activations.bounds(end)
    margin = NEARLY * float(np.ptp(targets))
    return "linear" if targets.min() < low - margin or targets.max() > high + margin else None


def misses_all(head: examination.Head) -> bool:
    """Whether a head can give next to none of its targets, whatever the weights before it."""
    is_constant = head.lowest == head.highest
    return is_constant or (head.outside > OUTSIDE and head.reachable < LITTLE)


def ask_leave(swaps: Sequence[tuple[str, str]]) -> str:
    """What leave to change activations would allow, as the end of a sentence."""
    if not swaps:
        return ""
    layer, activation = swaps[0]
    leave = "allow_activation_changes=True"
    return f"; {leave} would let '{layer}' be tried with {activation} activation"


def apply(surgery: Surgery, wanted: Sequence[tuple[str, str]]) -> None:
    """Swap activations, given as `(name of layer, name of activation)`."""
    by_name = {layer.name: layer for layer in internals.all_layers(surgery.model)}
    for name, activation in wanted:
        layer = activations.holder(by_name[name])
        for attribute, value in (activations.replacement(layer, activation) or {}).items():
            surgery.change(layer, attribute, value, stays=True)


def _units(layer: keras.Layer) -> int:
    layer = activations.unwrapped(layer)
    return int(getattr(layer, "units", getattr(layer, "filters", 0)) or 0)
