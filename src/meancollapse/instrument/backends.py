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
import random
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np


def name() -> str:
    """The Keras backend in use: `"tensorflow"`, `"jax"` or `"torch"`."""
    return keras.config.backend()


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


def save_random_streams(in_use: bool = False) -> Callable[[], None]:
    """Remember where every global random stream stands; calling what is returned puts it back.

    Python, NumPy, Keras and the framework's own, with Keras' count of names given automatically.

    Args:
        in_use: Whether the user's own step goes on drawing from them meanwhile.
    """
    python, legacy = random.getstate(), np.random.get_state()
    restorers = [
        lambda: random.setstate(python),
        lambda: np.random.set_state(legacy),
        _save_keras_globals(),
    ]
    if name() == "tensorflow" and not in_use:
        restorers.append(_save_tensorflow_streams())
    if name() == "torch":
        import torch

        cpu = torch.get_rng_state()
        restorers.append(lambda: torch.set_rng_state(cpu))
        if torch.cuda.is_available() and torch.cuda.is_initialized():
            devices = torch.cuda.get_rng_state_all()
            restorers.append(lambda: torch.cuda.set_rng_state_all(devices))

    def restore() -> None:
        for restorer in restorers:
            restorer()

    return restore


def _save_keras_globals() -> Callable[[], None]:
    """The generator behind `keras.random` without a seed, which is made when first asked."""
    from keras.src.backend.common import global_state
    from keras.src.random.seed_generator import GLOBAL_SEED_GENERATOR

    generator = global_state.get_global_attribute(GLOBAL_SEED_GENERATOR)
    state = None if generator is None else snapshot([generator.state])
    names = dict(global_state.get_global_attribute("object_name_uids") or {})

    def restore() -> None:
        global_state.set_global_attribute(GLOBAL_SEED_GENERATOR, generator)
        if generator is not None and state is not None:
            assign([generator.state], state)
        counted = global_state.get_global_attribute("object_name_uids")
        if counted is not None and dict(counted) != names:
            counted.clear()
            counted.update(names)

    return restore


def _save_tensorflow_streams() -> Callable[[], None]:
    """Seeds of `tf.random` in eager mode, and the state of its global generator.

    TensorFlow keeps a kernel with a state of its own for every pair of seeds. So meanwhile other
    seeds are in use, and the user's kernels stay where they are.
    """
    import tensorflow as tf
    from tensorflow.python.eager import context as eager
    from tensorflow.python.ops import stateful_random_ops

    context = eager.context()
    seed, stream = context._seed, getattr(context, "_rng", None)  # none before the first seed
    generator = stateful_random_ops.global_generator
    state = None if generator is None else tf.identity(generator.state)
    context._seed = 0x5EED if seed is None else (seed + 0x5EED) % 2**31
    context._rng = random.Random(context._seed)

    def restore() -> None:
        context._seed, context._rng = seed, stream
        stateful_random_ops.global_generator = generator
        if generator is not None:
            generator.state.assign(state)

    return restore


def saver_of_raw_variable(held: Any) -> Callable[[], Callable[[], Any]] | None:
    """How a variable or generator of the framework, unknown to Keras, is remembered and put back.

    Returns:
        A function that remembers and returns a function that puts back; `None` for anything else.
    """
    if name() == "torch":
        return _saver_of_tensor(held)
    if name() != "tensorflow":
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


# Operations whose kernels keep a state between runs of one compiled function.
RANDOM_OPERATIONS = {
    *("RandomUniform", "RandomUniformInt", "RandomStandardNormal", "TruncatedNormal"),
    *("ParameterizedTruncatedNormal", "RandomShuffle", "RandomGamma", "RandomPoisson"),
    *("RandomPoissonV2", "Multinomial", "StatefulStandardNormal"),
}


def draws_inside() -> bool:
    """Whether the function being traced has random operations with a state of their own.

    Two compiled functions then draw two streams, where the user's training has one (TensorFlow's
    `tf.random.normal`; what Keras draws comes from variables).
    """
    if name() != "tensorflow":
        return False
    import tensorflow as tf

    if tf.executing_eagerly():
        return False
    graphs, seen = [tf.compat.v1.get_default_graph()], set()
    while graphs:
        graph = graphs.pop()
        if id(graph) in seen:
            continue
        seen.add(id(graph))
        if any(operation.type in RANDOM_OPERATIONS for operation in graph.get_operations()):
            return True
        for function in getattr(graph, "_functions", {}).values():
            inner = getattr(function, "graph", None)
            if inner is not None:
                graphs.append(inner)
    return False


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
        # Asked so, also a method of the user's own that takes no `force` builds a new one.
        setattr(model, attribute, None)
        try:
            made = getattr(model, f"make_{phase}_function")()
            built = getattr(model, attribute) or made
        finally:
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


def host_copies(variables: list[Any]) -> list[np.ndarray]:
    """Copies of the variables' values in the memory of the host, for `write`."""
    with without_gradient():
        return [np.array(keras.ops.convert_to_numpy(variable.value)) for variable in variables]


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
        self._is_list = isinstance(source, list | tuple)
        self._spec = _spec(source)
        self.batches = list(source) if self._is_list else _take(source, steps)

    def feed(self) -> Any:
        """What the step function takes in place of its iterator.

        On TensorFlow an iterator of the same kind, so that nothing is traced anew.
        """
        if self._is_list:
            return self.batches
        return iter(self.batches) if self._spec is None else _iterator(self.batches, self._spec)

    @property
    def kind(self) -> tuple[Any, ...]:
        """Shapes and types of the batches."""
        leaves = keras.tree.flatten(self.batches)
        return tuple(
            (tuple(getattr(leaf, "shape", ()) or ()), str(getattr(leaf, "dtype", type(leaf))))
            for leaf in leaves
        )


def _spec(source: Any) -> Any:
    """What TensorFlow's iterator says of its batches; `None` for any other iterator."""
    if name() != "tensorflow":
        return None
    import tensorflow as tf

    return source.element_spec if isinstance(source, tf.data.Iterator) else None


def _iterator(batches: list[Any], spec: Any) -> Any:
    import tensorflow as tf

    datasets = [tf.data.Dataset.from_tensors(batch) for batch in batches]
    whole = datasets[0]
    for dataset in datasets[1:]:
        whole = whole.concatenate(dataset)
    variant = tf.data.experimental.to_variant(whole)
    return iter(tf.data.experimental.from_variant(variant, spec))


def vary(spec: Any) -> bool:
    """Whether batches differ in more than their number of rows, for what TensorFlow knows."""
    shapes = [getattr(leaf, "shape", None) for leaf in keras.tree.flatten(spec)]
    return any(shape is None or shape.rank is None or None in shape[1:] for shape in shapes)


def can_take_back(model: keras.Model) -> bool:
    """Whether a failed step may be made again: only one that is traced can fail because of us."""
    return name() != "torch" and not model.run_eagerly


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


def is_made_by_keras(model: keras.Model) -> bool:
    """Whether a model's `train_function` is what its class makes, and not one set by hand."""
    function = getattr(model.train_function, "__module__", None) or ""
    own_maker = "make_train_function" in vars(model) or not getattr(
        type(model).make_train_function, "__module__", ""
    ).startswith("keras.")
    return own_maker or function.startswith(("keras.", "jax", "torch", "tensorflow"))


def _take(source: Any, steps: int) -> list[Any]:
    batches = [next(source)]  # StopIteration here is the end of the epoch and must reach Keras
    for _ in range(steps - 1):
        try:
            batches.append(next(source))
        except StopIteration:
            break
    return batches


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


def gradients(model: keras.Model, x: Any, loss: Callable[[Any], Any]) -> list[np.ndarray | None]:
    """Gradients of a loss of the outputs, in inference mode, by all trainable variables.

    Args:
        model: A built model.
        x: Inputs as NumPy arrays in the model's structure.
        loss: Maps the outputs, tensors in the model's structure, to a scalar tensor.
    """
    x = keras.tree.map_structure(keras.ops.convert_to_tensor, x)
    arguments = {"training": False} if takes_training(model) else {}
    variables = model.trainable_variables
    if name() == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            value = loss(model(x, **arguments))
        found = [g if g is None else dense(g) for g in tape.gradient(value, variables)]
    elif name() == "jax":
        import jax

        others = [v.value for v in model.non_trainable_variables]

        def of(values: list[Any]) -> Any:
            return loss(model.stateless_call(values, others, x, **arguments)[0])

        found = jax.grad(of)([v.value for v in variables])
    else:
        import torch

        with torch.enable_grad():
            value = loss(model(x, **arguments))
            held = [v._value for v in variables]
            found = list(torch.autograd.grad(value, held, allow_unused=True))
    return [None if g is None else _float64(g) for g in found]


def _float64(tensor: Any) -> np.ndarray:
    return np.asarray(keras.ops.convert_to_numpy(tensor), np.float64)


def eager_loss(loss: Any, y: np.ndarray, y_pred: np.ndarray) -> float:
    """Mean loss of some numbers, though a step may be being traced; nothing of it stays."""
    if name() == "tensorflow":
        import tensorflow as tf

        outside: Any = tf.init_scope()
    elif name() == "jax":
        import jax

        outside = jax.ensure_compile_time_eval()
    else:
        outside = without_gradient()
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
        with keras.StatelessScope(), without_gradient(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            loss = model.compute_loss(
                y=keras.ops.convert_to_tensor(y), y_pred=keras.ops.convert_to_tensor(y_pred)
            )
        return float(keras.ops.convert_to_numpy(loss))
    except Exception:
        return otherwise()


def optimized(leaf: Any) -> list[Any]:
    """The variables a single optimizer was built for; none before it is built."""
    return list(leaf._trainable_variables)
