"""Global random streams, remembered and put back."""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np

from meancollapse.backend import contents, framework, internals


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
    if framework.name() == "tensorflow" and not in_use:
        restorers.append(_save_tensorflow_streams())
    if framework.name() == "torch":
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
    if framework.name() != "tensorflow":
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


def _save_keras_globals() -> Callable[[], None]:
    """The generator behind `keras.random` without a seed, and the names given automatically."""
    generator = internals.global_seed_generator()
    state = None if generator is None else contents.snapshot([generator.state])
    names = dict(internals.names_given())

    def restore() -> None:
        internals.set_global_seed_generator(generator)
        if generator is not None and state is not None:
            contents.assign([generator.state], state)
        counted = internals.names_given()
        if counted != names:
            counted.clear()
            counted.update(names)

    return restore
