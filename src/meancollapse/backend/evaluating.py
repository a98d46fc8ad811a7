"""Losses and gradients asked for outside of a training step."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from meancollapse.backend import framework, internals


def gradients(model: keras.Model, x: Any, loss: Callable[[Any], Any]) -> list[np.ndarray | None]:
    """Gradients of a loss of the outputs, in inference mode, by all trainable variables.

    Args:
        model: A built model.
        x: Inputs as NumPy arrays in the model's structure.
        loss: Maps the outputs, tensors in the model's structure, to a scalar tensor.
    """
    x = keras.tree.map_structure(keras.ops.convert_to_tensor, x)
    arguments = {"training": False} if internals.takes_training(model) else {}
    variables = model.trainable_variables
    if framework.name() == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            value = loss(model(x, **arguments))
        found = [g if g is None else framework.dense(g) for g in tape.gradient(value, variables)]
    elif framework.name() == "jax":
        import jax

        others = [v.value for v in model.non_trainable_variables]

        def of(values: list[Any]) -> Any:
            return loss(model.stateless_call(values, others, x, **arguments)[0])

        found = jax.grad(of)([v.value for v in variables])
    else:
        import torch

        with torch.enable_grad():
            value = loss(model(x, **arguments))
            held = [internals.stored(v) for v in variables]
            found = list(torch.autograd.grad(value, held, allow_unused=True))
    return [None if g is None else _float64(g) for g in found]


def _float64(tensor: Any) -> np.ndarray:
    return np.asarray(keras.ops.convert_to_numpy(tensor), np.float64)


def eager_loss(loss: Any, y: np.ndarray, y_pred: np.ndarray) -> float:
    """Mean loss of some numbers, though a step may be being traced; nothing of it stays."""
    if framework.name() == "tensorflow":
        import tensorflow as tf

        outside: Any = tf.init_scope()
    elif framework.name() == "jax":
        import jax

        outside = jax.ensure_compile_time_eval()
    else:
        outside = framework.without_gradient()
    with outside, keras.StatelessScope(initialize_variables=False):
        values = loss(keras.ops.convert_to_tensor(y), keras.ops.convert_to_tensor(y_pred))
        return float(np.mean(keras.ops.convert_to_numpy(values)))


def own_loss(
    model: keras.Model, y: np.ndarray, y_pred: np.ndarray, otherwise: Callable[[], float]
) -> float:
    """The loss of a model that overrides `compute_loss`; `otherwise()` for all others.

    So it is for a `compute_loss` that cannot do with one output alone, or without the inputs. What
    `compute_loss` changes (trackers, seeds) is discarded.
    """
    if type(model).compute_loss is keras.Model.compute_loss:
        return otherwise()
    try:
        with keras.StatelessScope(), framework.without_gradient(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            loss = model.compute_loss(
                y=keras.ops.convert_to_tensor(y), y_pred=keras.ops.convert_to_tensor(y_pred)
            )
        return float(keras.ops.convert_to_numpy(loss))
    except Exception:
        return otherwise()
