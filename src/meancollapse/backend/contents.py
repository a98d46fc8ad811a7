"""What variables hold: read, written, copied, and put back bit for bit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from meancollapse.backend import framework, internals


def copies(variables: list[Any]) -> list[Any]:
    """The variables' values now, safe from being updated in place afterwards."""
    if framework.name() == "torch":
        return [v.value.detach().clone() for v in variables]
    if framework.name() == "tensorflow":
        import tensorflow as tf

        return [tf.identity(v.value) for v in variables]
    return [v.value for v in variables]


def snapshot(variables: list[Any]) -> list[Any]:
    """Copies of the variables' values that nothing done to the variables can change."""
    if framework.name() == "jax":
        import jax.numpy as jnp

        return [jnp.array(v.value, copy=True) for v in variables]
    return copies(variables)


def assign(variables: list[Any], values: list[Any]) -> None:
    """Give variables the values of a `snapshot` back, bit for bit; the snapshot stays good."""
    with framework.without_gradient():
        for variable, value in zip(variables, values, strict=True):
            if framework.name() == "jax":
                import jax.numpy as jnp

                value = jnp.array(value, copy=True)
            _set(variable, value)


def put(variables: list[Any], tensors: list[Any]) -> None:
    """Assign tensors to variables inside a step."""
    with framework.without_gradient():
        for variable, tensor in zip(variables, tensors, strict=True):
            _set(variable, tensor)


def _set(variable: Any, value: Any) -> None:
    """Assign, also inside a layer that computes in another precision.

    There Keras hands out variables cast; on PyTorch `assign` then writes into that copy.
    """
    if framework.name() == "torch":
        internals.stored(variable).copy_(keras.ops.convert_to_tensor(value))
    else:
        variable.assign(value)


def write(variable: Any, array: np.ndarray) -> None:
    """Assign a NumPy array to a variable."""
    dtype = keras.backend.standardize_dtype(variable.dtype)
    put([variable], [np.asarray(array).astype("float32" if dtype == "bfloat16" else dtype)])


def read(variable: Any) -> np.ndarray:
    """A variable's value as float64."""
    value = keras.ops.stop_gradient(internals.stored(variable))
    return np.array(keras.ops.convert_to_numpy(value), np.float64)


def host_copies(variables: list[Any]) -> list[np.ndarray]:
    """Copies of the variables' values in the memory of the host, for `write`."""
    with framework.without_gradient():
        return [np.array(keras.ops.convert_to_numpy(variable.value)) for variable in variables]


def save_everything(model: keras.Model) -> Callable[[], None]:
    """Remember all variables that a step writes to; calling what is returned puts them back.

    Nothing is remembered where XLA runs a step as a whole or not at all.
    """
    if model.jit_compile:
        return lambda: None
    variables = [*model.variables, *model.metrics_variables]
    if model.optimizer is not None:
        variables += model.optimizer.variables
    variables = list({id(variable): variable for variable in variables}.values())
    values = snapshot(variables)
    return lambda: assign(variables, values)
