"""Variables and generators of the framework that Keras does not know of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from meancollapse.backend import framework


def saver_of_raw_variable(held: Any) -> Callable[[], Callable[[], Any]] | None:
    """How a variable or generator of the framework, unknown to Keras, is remembered and put back.

    Returns:
        A function that remembers and returns a function that puts back; `None` for anything else.
    """
    if framework.name() == "torch":
        return _saver_of_tensor(held)
    if framework.name() != "tensorflow":
        return None
    import tensorflow as tf

    if isinstance(held, tf.random.Generator):
        held = held.state
    if not isinstance(held, tf.Variable):
        return None

    def save() -> Callable[[], Any]:
        value = tf.identity(held)
        return lambda: held.assign(value)

    return save


def _saver_of_tensor(held: Any) -> Callable[[], Callable[[], Any]] | None:
    import torch

    if isinstance(held, torch.Generator):

        def save_generator() -> Callable[[], Any]:
            state = held.get_state()
            return lambda: held.set_state(state)

        return save_generator
    if not isinstance(held, torch.Tensor):
        return None

    def save() -> Callable[[], None]:
        value = held.detach().clone()

        def restore() -> None:
            with torch.no_grad():
                held.copy_(value)

        return restore

    return save
