"""Which activations could be swapped, and for what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from meancollapse.instrument import backends, layers
from meancollapse.instrument.sites import Site
from meancollapse.instrument.surgery import Surgery

# Numbers an activation can give.
RANGES = {
    "sigmoid": (0.0, 1.0),
    "hard_sigmoid": (0.0, 1.0),
    "softmax": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "softsign": (-1.0, 1.0),
    "relu": (0.0, np.inf),
    "relu6": (0.0, 6.0),
    "softplus": (0.0, np.inf),
    "exponential": (0.0, np.inf),
}
# Hidden activations with flat ends, or that explode: ReLU in their place.
TO_RELU = {"sigmoid", "hard_sigmoid", "tanh", "softsign", "softmax", "exponential"}


def hidden_swaps(model: keras.Model, sites: Sequence[Site]) -> tuple[tuple[str, str], ...]:
    """For every hidden layer, an activation that neither saturates nor dies."""
    ends = {id(site.last) for site in sites if site.heads}
    found = []
    for _, layer in layers._layers(model):
        if id(layer) in ends or hasattr(layer, "cell"):
            continue
        name = getattr(getattr(layer, "activation", None), "__name__", "")
        if name == "relu":
            found.append((layer.name, "leaky_relu"))
        elif name in TO_RELU:
            found.append((layer.name, "relu"))
    return tuple(found)


def head_activation(
    kind: str, from_logits: bool, activation: str, layer: Any, targets: np.ndarray
) -> str | None:
    """The activation a head needs, or `None` where it has a usable one.

    Args:
        kind: Kind of the head (see `instrument.heads.Head`).
        from_logits: Whether the loss expects logits.
        activation: Name of the present activation.
        layer: The layer with the head's weights; its `units` tell how wide it is.
        targets: The targets on the sample.
    """
    units = int(getattr(layer, "units", getattr(layer, "filters", 0)) or 0)
    if kind == "binary":
        wanted = "linear" if from_logits else "sigmoid"
        return None if activation == wanted else wanted
    if kind in ("categorical", "sparse"):
        wanted = "linear" if from_logits else "softmax"
        return None if activation == wanted else wanted
    if activation == "softmax" and units == 1:
        return "sigmoid" if targets.min() >= 0 and targets.max() <= 1 else "linear"
    low, high = RANGES.get(activation, (-np.inf, np.inf))
    return "linear" if targets.min() < low or targets.max() > high else None


def apply(surgery: Surgery, wanted: Sequence[tuple[str, str]]) -> None:
    """Swap activations, given as `(name of layer, name of activation)`."""
    by_name = {layer.name: layer for layer in backends.all_layers(surgery.model)}
    for name, activation in wanted:
        surgery.change(by_name[name], "activation", keras.activations.get(activation))
