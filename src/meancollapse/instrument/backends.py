"""Everything that differs between backends, and the only use of Keras internals.

Public Keras offers no way to see gradients, predictions or batches from a callback. Four facts of
`keras.Model` are relied on here (the same in Keras 3.8 and 3.15.1, see README.md beside this file):

* `fit` calls `model.train_function(iterator)`, on JAX `(state, iterator)`, looked up at every step;
* `make_train_function(force=True)` builds it from `model.train_step`; likewise for `test`;
* the step calls `optimizer.apply` (JAX: `stateless_apply`) and `model.compute_metrics`;
* PyTorch passes a list with one batch where the others pass an iterator, and looks `train_step` up
  at every call instead of once.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np


def name() -> str:
    """The Keras backend in use: `"tensorflow"`, `"jax"` or `"torch"`."""
    return keras.config.backend()


def override(target: object, attribute: str, value: Any) -> None:
    """Shadow a method on one instance, past Keras' and PyTorch's attribute tracking."""
    vars(target)[attribute] = value


def restore(target: object, attribute: str) -> None:
    """Remove the shadow set by `override`; the class's own method is back."""
    vars(target).pop(attribute, None)


@contextlib.contextmanager
def overridden(target: object, attribute: str, value: Any) -> Iterator[None]:
    """`override` for the length of a block."""
    override(target, attribute, value)
    try:
        yield
    finally:
        restore(target, attribute)


def without_gradient() -> contextlib.AbstractContextManager[Any]:
    """A context in which PyTorch records nothing for backward; elsewhere nothing."""
    if name() == "torch":
        import torch

        return torch.no_grad()
    return contextlib.nullcontext()


@contextlib.contextmanager
def without_state(model: keras.Layer) -> Iterator[None]:
    """Recurrent layers that carry a state from batch to batch begin anew, with any number of rows.

    A state has as many rows as a training batch, and a pass of ours must not move it.
    """
    carrying = [x for x in all_layers(model) if isinstance(x, keras.layers.RNN) and x.stateful]
    for layer in carrying:
        layer.stateful = False
    try:
        yield
    finally:
        for layer in carrying:
            layer.stateful = True


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


def copies(variables: list[Any]) -> list[Any]:
    """The variables' values now, safe from being updated in place afterwards."""
    if name() == "torch":
        return [v.value.detach().clone() for v in variables]
    if name() == "tensorflow":
        import tensorflow as tf

        return [tf.identity(v.value) for v in variables]
    return [v.value for v in variables]


def apply_method() -> str:
    """The optimizer's method through which every gradient passes."""
    return "stateless_apply" if name() == "jax" else "apply"


def build_step_function(model: keras.Model, phase: str, step: Callable[..., Any]) -> Any:
    """Let Keras compile `step` exactly as it compiles the model's own step.

    Args:
        model: A compiled model.
        phase: `"train"` or `"test"`.
        step: Stands in for `model.train_step` or `model.test_step`.

    Returns:
        A function with the signature of `model.train_function`. The model keeps its own.
    """
    attribute = f"{phase}_function"
    present = getattr(model, attribute)
    with overridden(model, f"{phase}_step", step):
        getattr(model, f"make_{phase}_function")(force=True)
        built = getattr(model, attribute)
    setattr(model, attribute, present)
    if name() != "torch":
        return built

    def looked_up_when_called(*args: Any) -> Any:
        with overridden(model, f"{phase}_step", step):
            return built(*args)

    return looked_up_when_called


def snapshot(variables: list[Any]) -> list[Any]:
    """Copies of the variables' values that nothing done to the variables can change."""
    if name() == "jax":
        import jax.numpy as jnp

        return [jnp.array(v.value, copy=True) for v in variables]
    return copies(variables)


def assign(variables: list[Any], values: list[Any]) -> None:
    """Give variables the values of a `snapshot` back, bit for bit; the snapshot stays good."""
    with without_gradient():
        for variable, value in zip(variables, values, strict=True):
            if name() == "jax":
                import jax.numpy as jnp

                value = jnp.array(value, copy=True)
            _set(variable, value)


def put(variables: list[Any], tensors: list[Any]) -> None:
    """Assign tensors to variables inside a step."""
    with without_gradient():
        for variable, tensor in zip(variables, tensors, strict=True):
            _set(variable, tensor)


def _set(variable: Any, value: Any) -> None:
    """Assign, also inside a layer that computes in another precision.

    There Keras hands out variables cast; on PyTorch `assign` then writes into that copy.
    """
    if name() == "torch":
        variable._value.copy_(keras.ops.convert_to_tensor(value))
    else:
        variable.assign(value)


def schedule_of(leaf: Any) -> Any:
    """What an optimizer takes its learning rate from: a variable, a schedule or a function."""
    return leaf._learning_rate


def set_schedule(leaf: Any, schedule: Any) -> None:
    """Put another schedule in the place of one; the optimizer's variables stay the same."""
    leaf._learning_rate = schedule


def has_plain_rate(leaf: Any) -> bool:
    """Whether an optimizer's learning rate is a variable that can be assigned."""
    return isinstance(leaf._learning_rate, keras.Variable)


def write(variable: Any, array: np.ndarray) -> None:
    """Assign a NumPy array to a variable."""
    dtype = keras.backend.standardize_dtype(variable.dtype)
    put([variable], [np.asarray(array).astype("float32" if dtype == "bfloat16" else dtype)])


def read(variable: Any) -> np.ndarray:
    """A variable's value as float64."""
    value = variable.value if variable._value is None else variable._value  # not cast
    return np.array(keras.ops.convert_to_numpy(keras.ops.stop_gradient(value)), np.float64)


def forget_functions(model: keras.Model, train: bool = True) -> None:
    """Have the model's step functions built and compiled anew when they are next needed."""
    model.test_function = model.predict_function = None
    if train:
        model.train_function = None


def is_distributed(model: keras.Model) -> bool:
    """Whether the model is trained on several replicas or with sharded variables."""
    if keras.distribution.distribution() is not None:
        return True
    if name() != "tensorflow":
        return False
    return bool(model.distribute_strategy.num_replicas_in_sync > 1)


def takes_batches_on_host(model: keras.Model) -> bool:
    """Whether a measured call may draw its batches in Python and hand them on.

    On TensorFlow the compiled step draws from the iterator itself. Feeding it from outside gives
    another graph, whose sums may round differently in the last bit; so there the rows come back as
    outputs of the step. Only with several replicas, whose outputs Keras would average, are batches
    taken on the host.
    """
    if name() != "tensorflow":
        return True
    return bool(model.distribute_strategy.num_replicas_in_sync > 1)


class ReplayedBatches:
    """The batches of one call of a step function: taken on the host, kept, and handed on."""

    def __init__(self, source: Any, steps: int):
        self.is_list = isinstance(source, list | tuple)
        self.batches = list(source) if self.is_list else list(_take(source, steps))

    def feed(self) -> Any:
        """What the step function takes in place of its iterator."""
        return self.batches if self.is_list else iter(self.batches)


def _take(source: Any, steps: int) -> Iterator[Any]:
    batch = next(source)  # StopIteration here is the end of the epoch and must reach Keras
    yield batch
    for _ in range(steps - 1):
        try:
            yield next(source)
        except StopIteration:
            return


def first_replica(batch: Any) -> Any:
    """A batch as one device sees it: under `tf.distribute` the first local replica's part."""
    if name() != "tensorflow":
        return batch
    import tensorflow as tf

    def first(value: Any) -> Any:
        if isinstance(value, tf.experimental.Optional):  # an absent element, as Keras packs it
            return None
        values = getattr(value, "values", None)
        return values[0] if isinstance(values, tuple) else value

    return keras.tree.map_structure(first, batch)


def loss_scale(optimizer: Any, optimizer_variables: list[Any] | None) -> Any:
    """The factor by which gradients arrive multiplied (`LossScaleOptimizer`, mixed_float16)."""
    one = keras.ops.ones(())
    if optimizer_variables is None:
        return optimizer.scale_loss(one)
    mapping = list(zip(optimizer.variables, optimizer_variables, strict=True))
    with keras.StatelessScope(state_mapping=mapping):
        return optimizer.scale_loss(one)


def takes_training(model: keras.Layer) -> bool:
    """Whether a layer's or model's `call` has a `training` argument, as Keras itself decides it."""
    return bool(getattr(model, "_call_has_training_arg", False))


def is_end_of_data(error: BaseException) -> bool:
    """TensorFlow's way of saying StopIteration."""
    if name() != "tensorflow":
        return False
    import tensorflow as tf

    return isinstance(error, tf.errors.OutOfRangeError)


def all_layers(model: keras.Layer) -> list[keras.layers.Layer]:
    """Every layer inside a model or layer, however deep."""
    return list(model._flatten_layers(include_self=False, recursive=True))


def innermost(optimizer: Any) -> Any:
    """The optimizer inside a `LossScaleOptimizer`, or the first of a `MultiOptimizer`."""
    while True:
        inner = getattr(optimizer, "inner_optimizer", None)
        if inner is None:
            several = getattr(optimizer, "optimizers", None)
            inner = several[0] if several else None
        if inner is None:
            return optimizer
        optimizer = inner


def learning_rate(optimizer: Any) -> float | None:
    """The learning rate in force now; `None` if the optimizer does not tell."""
    try:
        return float(keras.ops.convert_to_numpy(innermost(optimizer).learning_rate))
    except (AttributeError, TypeError, ValueError):
        return None


def averages(leaf: Any) -> list[tuple[Any, Any]]:
    """Weights and their moving averages in an optimizer with `use_ema`."""
    if not getattr(leaf, "use_ema", False):
        return []
    pairs = zip(leaf._trainable_variables, leaf._model_variables_moving_average, strict=True)
    return [(variable, average) for variable, average in pairs if average is not None]


def has_own_step(model: keras.Model) -> bool:
    """Whether the model's class brings a `train_step` of its own."""
    steps = (c.__dict__["train_step"] for c in type(model).__mro__ if "train_step" in c.__dict__)
    return not getattr(next(steps, None), "__module__", "keras").startswith("keras.")


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
        with keras.StatelessScope(), without_gradient(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            loss = model.compute_loss(
                y=keras.ops.convert_to_tensor(y), y_pred=keras.ops.convert_to_tensor(y_pred)
            )
        return float(keras.ops.convert_to_numpy(loss))
    except Exception:
        return otherwise()
