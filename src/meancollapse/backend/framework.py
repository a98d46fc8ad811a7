"""Which backend is in use, and what each does in its own way."""

from __future__ import annotations

import contextlib
from typing import Any

import keras
import numpy as np


def name() -> str:
    """The Keras backend in use: `"tensorflow"`, `"jax"` or `"torch"`."""
    return keras.config.backend()


def is_traced() -> bool:
    """Whether the code that asks is being traced, and so runs once for many steps."""
    if name() == "tensorflow":
        import tensorflow as tf

        return not tf.executing_eagerly()
    if name() == "jax":
        import jax

        return isinstance(keras.ops.ones(()), jax.core.Tracer)
    return False


def without_gradient() -> contextlib.AbstractContextManager[Any]:
    """A context in which PyTorch records nothing for backward; elsewhere nothing."""
    if name() == "torch":
        import torch

        return torch.no_grad()
    return contextlib.nullcontext()


def to_host(tensors: list[Any]) -> list[np.ndarray]:
    """Copy flat float32 tensors to float64 NumPy in a single device-to-host transfer."""
    if not tensors:
        return []
    with without_gradient():
        joined = np.asarray(keras.ops.convert_to_numpy(keras.ops.concatenate(tensors)), np.float64)
    return np.split(joined, np.cumsum([int(t.shape[0]) for t in tensors])[:-1])


def dense(gradient: Any) -> Any:
    """A gradient as a tensor: TensorFlow's `IndexedSlices` (embeddings) are scattered."""
    if hasattr(gradient, "dense_shape") and hasattr(gradient, "indices"):
        import tensorflow as tf

        return tf.convert_to_tensor(gradient)
    return gradient


def is_distributed(model: keras.Model) -> bool:
    """Whether the model is trained on several replicas or with sharded variables."""
    if keras.distribution.distribution() is not None:
        return True
    if name() != "tensorflow":
        return False
    return bool(model.distribute_strategy.num_replicas_in_sync > 1)


def loss_scale(optimizer: Any, optimizer_variables: list[Any] | None) -> Any:
    """The factor by which gradients arrive multiplied (`LossScaleOptimizer`, mixed_float16)."""
    one = keras.ops.ones(())
    if optimizer_variables is None:
        return optimizer.scale_loss(one)
    mapping = list(zip(optimizer.variables, optimizer_variables, strict=True))
    with keras.StatelessScope(state_mapping=mapping):
        return optimizer.scale_loss(one)
