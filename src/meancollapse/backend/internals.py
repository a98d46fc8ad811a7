"""All use of Keras internals.

Public Keras offers no way to see gradients, predictions or batches from a callback. Four facts of
`keras.Model` are relied on here (the same in Keras 3.8 and 3.15.1, see `watch/README.md`):

* `fit` calls `model.train_function(iterator)`, on JAX `(state, iterator)`, looked up at every step;
* `make_train_function(force=True)` builds it from `model.train_step`; likewise for `test`;
* the step calls `optimizer.apply` (JAX: `stateless_apply`) and `model.compute_metrics`;
* PyTorch passes a list with one batch where the others pass an iterator, and looks `train_step` up
  at every call instead of once.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import keras

from meancollapse.backend import framework


class Shadow:
    """A method covered on one instance, past Keras' and PyTorch's attribute tracking.

    Args:
        target: The instance.
        attribute: Name of the method.
        value: What stands in for it.
    """

    def __init__(self, target: object, attribute: str, value: Any):
        self.target, self.attribute, self.value = target, attribute, value
        held = vars(target)
        # Users shadow methods too: `model.train_step = types.MethodType(...)`.
        self._covered = (held[attribute],) if attribute in held else ()
        held[attribute] = value

    def remove(self) -> None:
        """What was there before is back; what somebody has put over the shadow since stays."""
        held = vars(self.target)
        if held.get(self.attribute) is not self.value:
            return
        if self._covered:
            held[self.attribute] = self._covered[0]
        else:
            del held[self.attribute]


@contextlib.contextmanager
def overridden(target: object, attribute: str, value: Any) -> Iterator[None]:
    """A `Shadow` for the length of a block."""
    shadow = Shadow(target, attribute, value)
    try:
        yield
    finally:
        shadow.remove()


def apply_method() -> str:
    """The optimizer's method through which every gradient passes."""
    return "stateless_apply" if framework.name() == "jax" else "apply"


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
        # Asked so, also a method of the user's own that takes no `force` builds a new one.
        setattr(model, attribute, None)
        try:
            made = getattr(model, f"make_{phase}_function")()
            built = getattr(model, attribute) or made
        finally:
            setattr(model, attribute, present)
    if framework.name() != "torch":
        return built

    def looked_up_when_called(*args: Any) -> Any:
        with overridden(model, f"{phase}_step", step):
            return built(*args)

    return looked_up_when_called


def schedule_of(leaf: Any) -> Any:
    """What an optimizer takes its learning rate from: a variable, a schedule or a function."""
    return leaf._learning_rate


def set_schedule(leaf: Any, schedule: Any) -> None:
    """Put another schedule in the place of one; the optimizer's variables stay the same."""
    leaf._learning_rate = schedule


def has_plain_rate(leaf: Any) -> bool:
    """Whether an optimizer's learning rate is a variable that can be assigned."""
    return isinstance(leaf._learning_rate, keras.Variable)


def forget_functions(model: keras.Model, train: bool = True) -> None:
    """Have the model's step functions built and compiled anew when they are next needed."""
    model.test_function = model.predict_function = None
    if train:
        model.train_function = None


def is_made_by_keras(model: keras.Model) -> bool:
    """Whether a model's `train_function` is what its class makes, and not one set by hand."""
    function = getattr(model.train_function, "__module__", None) or ""
    own_maker = "make_train_function" in vars(model) or not getattr(
        type(model).make_train_function, "__module__", ""
    ).startswith("keras.")
    return own_maker or function.startswith(("keras.", "jax", "torch", "tensorflow"))


def takes_training(model: keras.Layer) -> bool:
    """Whether a layer's or model's `call` has a `training` argument, as Keras itself decides it."""
    return bool(getattr(model, "_call_has_training_arg", False))


def all_layers(model: keras.Layer) -> list[keras.layers.Layer]:
    """Every layer inside a model or layer, however deep."""
    return list(model._flatten_layers(include_self=False, recursive=True))


def averages(leaf: Any) -> list[tuple[Any, Any]]:
    """Weights and their moving averages in an optimizer with `use_ema`."""
    if not getattr(leaf, "use_ema", False):
        return []
    pairs = zip(leaf._trainable_variables, leaf._model_variables_moving_average, strict=True)
    return [(variable, average) for variable, average in pairs if average is not None]


def updated(model: keras.Model, optimizer: Any, values: Any) -> list[Any] | None:
    """The variables whose values an optimizer is given; `None` where that cannot be told.

    A step of the user's own may hand over some of them only.
    """
    for variables in (model.trainable_variables, getattr(optimizer, "_trainable_variables", [])):
        if len(variables) == len(values) and all(
            tuple(variable.shape) == tuple(value.shape)
            for variable, value in zip(variables, values, strict=True)
        ):
            return list(variables)
    return None


def has_own_step(model: keras.Model) -> bool:
    """Whether the model's class brings a `train_step` of its own."""
    steps = (c.__dict__["train_step"] for c in type(model).__mro__ if "train_step" in c.__dict__)
    return not getattr(next(steps, None), "__module__", "keras").startswith("keras.")


def compiled_loss_weights(model: keras.Model) -> Any:
    """What `compile` was given as `loss_weights`; `None` without."""
    return getattr(getattr(model, "_compile_loss", None), "_user_loss_weights", None)


def optimized(leaf: Any) -> list[Any]:
    """The variables a single optimizer was built for; none before it is built."""
    return list(leaf._trainable_variables)


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


def stored(variable: Any) -> Any:
    """What a variable holds, not cast to the precision of the layer that computes with it."""
    return variable.value if variable._value is None else variable._value


# The name under which Keras keeps the generator behind `keras.random` without a seed.
GLOBAL_SEED_GENERATOR = "global_seed_generator"


def global_seed_generator() -> Any:
    """The generator behind `keras.random` without a seed; `None` before it is first asked."""
    from keras.src.backend.common import global_state

    return global_state.get_global_attribute(GLOBAL_SEED_GENERATOR)


def set_global_seed_generator(generator: Any) -> None:
    """Put another generator, or none, behind `keras.random` without a seed."""
    from keras.src.backend.common import global_state

    global_state.set_global_attribute(GLOBAL_SEED_GENERATOR, generator)


def names_given() -> dict[str, int]:
    """How often Keras has given each name automatically; what is changed here counts."""
    from keras.src.backend.common import global_state

    found = global_state.get_global_attribute("object_name_uids")
    return {} if found is None else found
