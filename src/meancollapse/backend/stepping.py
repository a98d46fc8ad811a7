"""Compiled steps run outside of Keras' own loop: training, inference, and training with a dial."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from meancollapse.backend import contents, framework, internals


def build_dialled_function(model: keras.Model, step: Callable[..., Any], dial: Any) -> Any:
    """`internals.build_step_function` for a training step whose taps turn with a `Dial`.

    JAX bakes into a compiled step every array it finds in Python, so there the dial's numbers ride
    along with the batches.
    """
    if framework.name() != "jax":
        built = internals.build_step_function(model, "train", step)

        def dialled(*args: Any) -> Any:
            dial.tick()
            return built(*args)

        return dialled

    def step_with_dial(state: Any, numbers_and_batch: Any) -> Any:
        numbers, batch = numbers_and_batch
        dial.bind(numbers)
        try:
            return step(state, batch)
        finally:
            dial.bind(None)

    built_with_dial = internals.build_step_function(model, "train", step_with_dial)

    def dialled_with_state(state: Any, batches: Any) -> Any:
        dial.tick()
        return built_with_dial(state, ((dial.values(), batch) for batch in batches))

    return dialled_with_state


def compile_forward(model: keras.Model) -> Callable[[Any], Any]:
    """A compiled inference pass with the layers as they are now; weights are read at every call."""
    arguments = {"training": False} if internals.takes_training(model) else {}
    if framework.name() == "tensorflow":
        import tensorflow as tf

        @tf.function(autograph=False)  # as Keras does
        def traced(x: Any) -> Any:
            with internals.without_state(model):
                return model(x, **arguments)

        return traced
    if framework.name() == "torch":

        def forward(x: Any) -> Any:
            with framework.without_gradient(), internals.without_state(model):
                return model(x, **arguments)

        return forward
    import jax

    def stateless(trainable: list[Any], others: list[Any], x: Any) -> Any:
        with internals.without_state(model):
            return model.stateless_call(trainable, others, x, **arguments)[0]

    compiled = jax.jit(stateless)

    def forward_with_state(x: Any) -> Any:
        groups = (model.trainable_variables, model.non_trainable_variables)
        return compiled(*([v.value for v in group] for group in groups), x)

    return forward_with_state


def train_on(model: keras.Model, step_function: Any, batches: list[Any], spec: Any = None) -> None:
    """Run a training step function on batches, outside of Keras' own loop.

    Args:
        model: The model the step function was built for.
        step_function: As `model.train_function`.
        batches: Tuples of arrays as `fit` would deliver them, all of one size.
        spec: `element_spec` of the iterator that `fit` has (TensorFlow only).
    """
    per_call = int(getattr(model, "steps_per_execution", 1) or 1)
    source = _iterator_like(spec, batches)
    if source is not None:
        for _ in range(0, len(batches), per_call):
            step_function(source)
        return
    batches = [keras.tree.map_structure(keras.ops.convert_to_tensor, b) for b in batches]
    calls = [batches[i : i + per_call] for i in range(0, len(batches), per_call)]
    if framework.name() == "torch":
        model.train()
        for call in calls:
            step_function(call)
        return
    if framework.name() == "tensorflow":
        for call in calls:
            step_function(iter(call))
        return
    groups = [
        list(model.trainable_variables),
        list(model.non_trainable_variables),
        list(model.optimizer.variables),
        list(model.metrics_variables),
    ]
    state: Any = tuple(contents.snapshot(group) for group in groups)
    for call in calls:
        _, state = step_function(state, iter(call))
    for group, values in zip(groups, state, strict=True):
        contents.assign(group, values)


def _iterator_like(spec: Any, batches: list[Any]) -> Any:
    """A TensorFlow iterator over batches that calls for no other trace than `fit`'s own.

    A step traced for batches of exactly 32 rows would be traced again when training goes on with
    batches of any number of rows. `None` where no such iterator can be made.
    """
    if spec is None or not batches:
        return None
    import tensorflow as tf

    try:
        rows = keras.tree.map_structure(lambda *parts: np.concatenate(parts), *batches)
        size = len(keras.tree.flatten(batches[0])[0])
        shape = keras.tree.flatten(spec)[0].shape
        dataset = tf.data.Dataset.from_tensor_slices(rows).batch(size, shape[0] is not None)
    except (AttributeError, IndexError, TypeError, ValueError):  # batches of an unusual make
        return None
    return iter(dataset) if dataset.element_spec == spec else None
