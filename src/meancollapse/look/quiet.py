"""The quiet room: where code of the user's runs that we call ourselves.

A look passes rows through the user's layers and asks the user's loss; both may count, draw random
numbers, keep running averages or warn. Nothing of that may be seen outside: the next step of the
user's training has to find everything as if we had never been there.

What is put back: Keras variables (never written to in the first place, in a `StatelessScope`),
variables of the framework and plain attributes of the user's own objects, what the user's functions
close over, random streams, warnings.
"""

from __future__ import annotations

import collections
import random
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import FunctionType, MethodType, ModuleType
from typing import Any

import keras
import numpy as np

from meancollapse.backend import internals, random_streams, raw_variables

# How far references of the user's own objects are followed, and how many of them at most.
MAX_DEPTH, MAX_OBJECTS = 5, 5000
# Larger containers and arrays are data rather than state.
MAX_ITEMS, MAX_BYTES = 10_000, 2**22
CONTAINERS = (list, dict, set, collections.deque)
# What can be neither changed nor followed.
PLAIN = (str, bytes, int, float, complex, bool, type(None), type, ModuleType)

_inside = threading.local()


@contextmanager
def quiet(model: Any) -> Iterator[None]:
    """Code of the user's may run inside; afterwards all is as it was, whatever happened.

    A room inside a room is the same room.

    Args:
        model: The model whose layers, losses and metrics may be called, or only a loss.
    """
    if getattr(_inside, "depth", 0):
        yield
        return
    _inside.depth = 1
    try:
        with preserved(model), keras.StatelessScope(initialize_variables=False):
            yield
    finally:
        _inside.depth = 0


@contextmanager
def preserved(model: Any) -> Iterator[None]:
    """The same, but that Keras variables are written to: for training whose values are kept apart.

    Args:
        model: The model that is trained inside.
    """
    with hushed(), ExitStack() as stack:
        stack.callback(random_streams.save_random_streams())
        stack.callback(Belongings(model).save())
        yield


# Put before all filters, and taken away again.
_IGNORE: Any = ("ignore", None, Warning, None, 0)
_hushing = threading.RLock()
_hushed = 0


@contextmanager
def hushed() -> Iterator[None]:
    """No warning and no error of floating-point arithmetic gets out.

    `warnings.catch_warnings` would have Python forget which warnings it has shown, so that those of
    the user's come again; an entry that is put before the others and taken away has no such effect.
    """
    global _hushed
    with _hushing:
        _hushed += 1
        _put_filter()
    try:
        with np.errstate(all="ignore"):
            yield
    finally:
        with _hushing:
            _hushed -= 1
            if not _hushed:
                _take_filter()


@contextmanager
def aloud() -> Iterator[None]:
    """A warning of ours gets out, whatever is `hushed` around it."""
    with _hushing:
        _take_filter()
    try:
        yield
    finally:
        with _hushing:
            if _hushed:
                _put_filter()


def _put_filter() -> None:
    filters: list[Any] = warnings.filters  # type: ignore[assignment]
    if not any(entry is _IGNORE for entry in filters):
        filters.insert(0, _IGNORE)


def _take_filter() -> None:
    filters: list[Any] = warnings.filters  # type: ignore[assignment]
    filters[:] = [entry for entry in filters if entry is not _IGNORE]


def stream_marks() -> tuple[Any, ...]:
    """Something that compares equal as long as nobody draws from Python's or NumPy's stream."""
    legacy: Any = np.random.get_state()
    return random.getstate(), legacy[1].tobytes(), legacy[2:]


def variables_apart(model: keras.Model) -> list[Any]:
    """Keras variables that belong to neither model, optimizer nor metrics: those in losses, say."""
    known = [*model.variables, *model.metrics_variables]
    if model.optimizer is not None:
        known += model.optimizer.variables
    known_ids = {id(variable) for variable in known}
    found = {id(v): v for v in Belongings(model).keras_variables}
    return [variable for key, variable in found.items() if key not in known_ids]


class Belongings:
    """What the user's own objects around a model hold: found by following their references.

    Keras' own layers, losses and metrics keep their state in Keras variables, so only objects of
    other classes, and functions, are looked into.

    Args:
        model: A compiled model, or a function or other object of the user's.
    """

    def __init__(self, model: Any):
        self.keras_variables: list[Any] = []
        self._savers: list[Callable[[], Callable[[], None]]] = []
        self._seen: set[int] = set()
        # Keeps what was found alive, so that an `id` stays one object's.
        self._alive: list[Any] = []
        for root in _roots(model) if isinstance(model, keras.Model) else [model]:
            self._follow(root, 0)

    def save(self) -> Callable[[], None]:
        """Remember everything; calling what is returned puts it back."""
        restorers = [saver() for saver in self._savers]

        def restore() -> None:
            for restorer in restorers:
                try:
                    restorer()
                except Exception:  # an object that refuses must not keep the others from it
                    continue

        return restore

    def marks(self) -> list[Any]:
        """Something that compares equal as long as nothing plain has changed."""
        return [_mark(held) for held in self._alive]

    def _follow(self, held: Any, depth: int) -> None:
        if isinstance(held, PLAIN) or id(held) in self._seen or depth > MAX_DEPTH:
            return
        if len(self._seen) >= MAX_OBJECTS:
            return
        self._seen.add(id(held))
        if isinstance(held, keras.Variable):
            self.keras_variables.append(held)
            return
        saver = raw_variables.saver_of_raw_variable(held) or _saver_of_generator(held)
        if saver is not None:
            self._keep(held, saver)
        elif isinstance(held, np.ndarray):
            if held.nbytes <= MAX_BYTES and held.flags.writeable:
                self._keep(held, lambda: _restore_array(held, held.copy()))
        elif isinstance(held, CONTAINERS):
            self._follow_container(held, depth)
        elif isinstance(held, MethodType):
            self._follow(held.__self__, depth)
            self._follow(held.__func__, depth)
        elif isinstance(held, FunctionType):
            self._follow_function(held, depth)
        elif not _is_of_a_library(held) and hasattr(held, "__dict__"):
            self._follow_attributes(held, depth)

    def _keep(self, held: Any, saver: Callable[[], Callable[[], None]]) -> None:
        self._alive.append(held)
        self._savers.append(saver)

    def _follow_container(self, held: Any, depth: int) -> None:
        if len(held) > MAX_ITEMS:
            return
        self._keep(held, lambda: _restore_container(held, held.copy()))
        for item in list(held.values() if isinstance(held, dict) else held):
            self._follow(item, depth + 1)

    def _follow_function(self, function: FunctionType, depth: int) -> None:
        if _is_of_a_library(function):
            return
        for cell in function.__closure__ or ():
            try:
                value = cell.cell_contents
            except ValueError:  # not filled yet
                continue
            self._keep(cell, lambda cell=cell, v=value: lambda: setattr(cell, "cell_contents", v))
            self._follow(value, depth + 1)
        space = function.__globals__
        for name in _names(function):
            if name in space and not isinstance(space[name], ModuleType | type):
                value = space[name]
                if isinstance(value, int | float | str | tuple | np.ndarray | None):
                    self._keep(_Entry(space, name), _Entry(space, name).save)
                self._follow(value, depth + 1)

    def _follow_attributes(self, held: Any, depth: int) -> None:
        known = _keras_attributes()
        own = {name: value for name, value in vars(held).items() if name not in known}
        self._keep(held, lambda: _restore_attributes(held, known))
        for value in own.values():
            self._follow(value, depth + 1)
        for name in ("call", "__call__", "update_state", "result", "train_step", "compute_loss"):
            method = getattr(type(held), name, None)
            if isinstance(method, FunctionType):
                self._follow(method, depth + 1)


class _Entry:
    """A name in a module's globals, as in `global count; count += 1`."""

    def __init__(self, space: dict[str, Any], name: str):
        self.space, self.name = space, name

    def save(self) -> Callable[[], None]:
        value = self.space.get(self.name)

        def restore() -> None:
            if self.space.get(self.name) is not value:
                self.space[self.name] = value

        return restore


def _roots(model: keras.Model) -> Iterator[Any]:
    """Where code of the user's may stand: the model, its layers, losses, metrics, functions."""
    yield model
    for layer in internals.all_layers(model):
        yield layer
        for name in ("activation", "function", "call"):
            found = vars(layer).get(name)
            if callable(found):
                yield found
    yield from keras.tree.flatten(getattr(model, "loss", None))
    for name in ("compute_loss", "compute_metrics", "train_step", "test_step"):
        if name in vars(model):
            yield vars(model)[name]
    yield from getattr(model, "metrics", [])
    if model.optimizer is not None:
        yield model.optimizer


def _is_of_a_library(held: Any) -> bool:
    """Whether an object's class (or a function) comes with Keras, a framework or Python itself."""
    kind = held if isinstance(held, FunctionType) else type(held)
    module = getattr(kind, "__module__", None) or ""
    return module.partition(".")[0] in LIBRARIES


LIBRARIES = {
    *("keras", "tensorflow", "jax", "jaxlib", "torch", "numpy", "scipy", "meancollapse"),
    *("builtins", "functools", "collections", "threading", "weakref", "types", "logging"),
    *("typing", "abc", "inspect", "contextlib", "itertools", "operator", "wrapt", "pandas"),
}


def _names(function: FunctionType) -> set[str]:
    """Global names that a function or one inside it uses."""
    found: set[str] = set()
    codes = [function.__code__]
    while codes:
        code = codes.pop()
        found.update(code.co_names)
        codes += [constant for constant in code.co_consts if hasattr(constant, "co_names")]
    return found


_known_attributes: set[str] = set()


def _keras_attributes() -> set[str]:
    """Attributes that Keras itself keeps on layers, models, losses and metrics."""
    if not _known_attributes:
        with hushed():
            examples = [
                # Named, as Keras would count them among the user's own.
                keras.layers.Layer(name="example"),
                keras.Sequential(name="example"),
                keras.losses.Loss(name="example"),
                keras.metrics.Metric(name="example"),
            ]
        for example in examples:
            _known_attributes.update(vars(example))
        # Set by Keras when first needed.
        _known_attributes.update({"history", "_eval_epoch_iterator", "_jax_state"})
        _known_attributes.update({"train_function", "test_function", "predict_function"})
    return _known_attributes


def _restore_attributes(held: Any, known: set[str]) -> Callable[[], None]:
    before = {name: value for name, value in vars(held).items() if name not in known}

    def restore() -> None:
        now = {name: value for name, value in vars(held).items() if name not in known}
        for name in now.keys() - before.keys():
            del vars(held)[name]
        for name, value in before.items():
            if now.get(name, restore) is not value:
                vars(held)[name] = value

    return restore


def _restore_container(held: Any, before: Any) -> Callable[[], None]:
    def restore() -> None:
        if _same_items(held, before):
            return
        if isinstance(held, list):
            held[:] = before
        elif isinstance(held, collections.deque):
            held.clear()
            held.extend(before)
        else:
            held.clear()
            held.update(before)

    return restore


def _same_items(one: Any, other: Any) -> bool:
    if len(one) != len(other):
        return False
    if isinstance(one, dict):
        return all(key in one and one[key] is value for key, value in other.items())
    if isinstance(one, set):
        return bool(one == other)
    return all(a is b for a, b in zip(one, other, strict=True))


def _restore_array(held: np.ndarray, before: np.ndarray) -> Callable[[], None]:
    def restore() -> None:
        held[...] = before

    return restore


def _saver_of_generator(held: Any) -> Callable[[], Callable[[], None]] | None:
    """How the state of a random generator of the user's own is remembered and put back."""
    if isinstance(held, np.random.Generator):
        held = held.bit_generator
    if isinstance(held, np.random.BitGenerator):
        bits = held

        def save_bits() -> Callable[[], None]:
            state = bits.state
            return lambda: setattr(bits, "state", state)

        return save_bits
    if isinstance(held, np.random.RandomState):
        legacy = held

        def save_legacy() -> Callable[[], None]:
            state = legacy.get_state()
            return lambda: legacy.set_state(state)

        return save_legacy
    if isinstance(held, random.Random):
        plain = held

        def save_plain() -> Callable[[], None]:
            state = plain.getstate()
            return lambda: plain.setstate(state)

        return save_plain
    return None


def _mark(held: Any) -> Any:
    """Something that compares equal as long as an object holds the same things."""
    if isinstance(held, _Entry):
        return id(held.space.get(held.name))
    if isinstance(held, dict):
        return [id(value) for value in held.values()]
    if isinstance(held, list | collections.deque):
        return [id(value) for value in held]
    if isinstance(held, set):
        return len(held)
    if isinstance(held, np.ndarray):
        return held.tobytes()
    if type(held).__name__ == "cell":
        return id(held.cell_contents)
    if hasattr(held, "__dict__") and not isinstance(held, random.Random):
        known = _keras_attributes()
        return [(name, id(value)) for name, value in vars(held).items() if name not in known]
    return None
