"""Whether the network before an output is trained against it.

A domain head behind a gradient reversal is to end at chance (Ganin and Lempitsky 2015, ICML): what
it learns, the layers it shares with other outputs unlearn. That is no collapse.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from meancollapse.backend import contents, evaluating, framework, internals
from meancollapse.look import compiled_loss, heads, layers

ROWS = 64
# Steps along the gradient, as shares of the length of the weights.
STEPS = (1e-2, 1e-3)
# The loss falls where its gradient says that it rises, at least by this share of what it says.
AGAINST = 0.02


def is_possible(model: keras.Model) -> bool:
    """Whether anything in a model could turn a gradient round: not the layers Keras ships."""
    known = getattr(model, "operations", None) if _is_functional(model) else None
    return any(
        isinstance(each, keras.layers.Lambda)
        or not type(each).__module__.startswith(("keras.src.layers", "keras.src.models"))
        for each in known or [model, *internals.all_layers(model)]
    )


def is_opposed(model: keras.Model, x: Any, y: Any, name: str) -> bool:
    """Whether the gradient that shared layers get from an output's loss has the wrong sign.

    The loss is asked on both sides of the weights along that gradient. Call it in the quiet room.

    Args:
        model: A built, compiled model with several outputs.
        x: Inputs as NumPy arrays.
        y: Targets as NumPy arrays.
        name: The output's name.
    """
    x, y = (keras.tree.map_structure(lambda a: a[:ROWS], part) for part in (x, y))

    def loss(outputs: Any, is_asked: bool) -> Any:
        found = heads.pair(model, y, outputs)
        chosen = [pair for pair in found if (pair[0].name == name) == is_asked]
        return sum(compiled_loss.mean(*pair) for pair in chosen)

    own = evaluating.gradients(model, x, lambda outputs: loss(outputs, True))
    others = evaluating.gradients(model, x, lambda outputs: loss(outputs, False))
    shared = {
        id(variable): (contents.read(variable), gradient)
        for variable, gradient, other in zip(model.trainable_variables, own, others, strict=True)
        if gradient is not None and other is not None and np.any(gradient) and np.any(other)
    }
    slope = np.sqrt(sum(float((g**2).sum()) for _, g in shared.values()))
    if not shared or not np.isfinite(slope):
        return False
    length = np.sqrt(sum(float((w**2).sum()) for w, _ in shared.values()))

    def at(step: float) -> float:
        moved = {
            key: keras.ops.convert_to_tensor((w + step * g / slope).astype(np.float32))
            for key, (w, g) in shared.items()
        }
        return float(layers.to_numpy(loss(layers.passed(model, x, moved), True)))

    steps = [share * max(length, 1e-3) for share in STEPS]
    return all((at(step) - at(-step)) / (2 * step) < -AGAINST * slope for step in steps)


def counts(model: keras.Model, x: Any, y: Any, y_pred: Any, name: str) -> bool:
    """Whether a `compute_loss` of the model's own would notice other values of an output.

    Call it in the quiet room.

    Args:
        model: A built, compiled model.
        x: Inputs as NumPy arrays.
        y: Targets as NumPy arrays.
        y_pred: Predictions as NumPy arrays in the model's structure.
        name: The output's name.
    """
    if type(model).compute_loss is keras.Model.compute_loss:
        return True
    x, y, y_pred = (
        keras.tree.map_structure(lambda a: keras.ops.convert_to_tensor(a[:ROWS]), part)
        for part in (x, y, y_pred)
    )

    def loss(change: float) -> float:
        changed = heads.each_output(model, y_pred, lambda n, p: p + change if n == name else p)
        return float(layers.to_numpy(model.compute_loss(x=x, y=y, y_pred=changed)))

    try:
        with framework.without_gradient():
            as_is, others = loss(0.0), (loss(0.1), loss(-0.1))
    except Exception:  # one that wants what is not known here
        return True
    return any(other != as_is for other in others)


def _is_functional(model: keras.Model) -> bool:
    return bool(getattr(model, "inputs", None)) and not isinstance(model, keras.Sequential)
