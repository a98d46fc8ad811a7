"""What an optimizer remembers of the weights, and what a new one would remember of those of now.

Some memory stands for the weights themselves: ScheduleFreeAdamW moves a copy of them, and Ftrl
writes them from its memory with every step. New weights of a model are gone after one step unless
such memory is made to stand for them. Under Ftrl so are those a model starts with, as Keras sets
its memory to zero.
"""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import numpy as np

from meancollapse.backend import contents, internals, rates
from meancollapse.look.layers import to_numpy

# For each optimizer met, the number every slot is filled with, whatever the weights are; `None` for
# a slot that stands for them, or is not filled with one number.
_FILLS: weakref.WeakKeyDictionary[Any, list[float | None]] = weakref.WeakKeyDictionary()


class CannotRenew(ValueError):
    """An optimizer of which nobody can tell what a new one would remember."""


def new_memory(leaf: Any) -> list[tuple[Any, Any]]:
    """Slots and counters of an optimizer, with their values in a new one.

    The new one is of the same class and settings, built for the weights as they are now, and given
    up again. Learning rates are settings and no memory.

    Args:
        leaf: An optimizer that holds a learning rate (see `rates.leaves`).

    Raises:
        CannotRenew: The class cannot be built anew, or has other slots then.
    """
    slots, fills = _slots(leaf), _fills(leaf)
    found = _built_anew(leaf) if None in fills else [None] * len(slots)
    return [
        (slot, new if fill is None else keras.ops.full(slot.shape, fill, dtype=slot.dtype))
        for slot, fill, new in zip(slots, fills, found, strict=True)
    ]


def hold(model: keras.Model, values: Sequence[Any] | None = None) -> None:
    """Let an update without gradient leave the weights as they are.

    Memory that stands for the weights is filled with them. All other memory stays.

    Args:
        model: A compiled model.
        values: What the optimizer is to take for the trainable variables; by default what they are.
    """
    given = {}
    if values is not None:
        variables = model.trainable_variables
        given = {id(v): value for v, value in zip(variables, values, strict=True)}
    for leaf in rates.leaves(model.optimizer):
        variables = internals.optimized(leaf)
        wanted = [given.get(id(v), v.value) for v in variables]
        if isinstance(leaf, keras.optimizers.Ftrl):
            _hold_ftrl(leaf, variables, wanted)
        else:
            _hold(leaf, variables, wanted)


def _hold(leaf: Any, variables: list[Any], values: list[Any]) -> None:
    """Renew the slots that are others for other weights."""
    try:
        fills = _fills(leaf)
    except CannotRenew:
        return  # then no weights were changed under it
    if None in fills:
        with _given(variables, values):
            memory = new_memory(leaf)
        found = [pair for pair, fill in zip(memory, fills, strict=True) if fill is None]
        contents.assign([slot for slot, _ in found], [value for _, value in found])


def _fills(leaf: Any) -> list[float | None]:
    """See `_FILLS`: found by building the optimizer twice, for different weights."""
    if len(_FILLS.get(leaf, ())) != len(_slots(leaf)):
        variables = internals.optimized(leaf)
        others = [keras.ops.cast(keras.ops.equal(v, 0), v.dtype) for v in variables]
        now = _built_anew(leaf)
        with _given(variables, others):
            then = _built_anew(leaf)
        _FILLS[leaf] = [_fill(one, other) for one, other in zip(now, then, strict=True)]
    return _FILLS[leaf]


def _fill(one: Any, other: Any) -> float | None:
    """The one number there is in both; `None` if there are others."""
    arrays = to_numpy(one), to_numpy(other)
    number = arrays[0].flat[0] if arrays[0].size else 0.0
    return float(number) if all((array == number).all() for array in arrays) else None


@contextlib.contextmanager
def _given(variables: list[Any], values: list[Any]) -> Iterator[None]:
    """Other weights for the length of a block."""
    values = [keras.ops.copy(value) for value in values]  # some may be the variables' own
    before = contents.snapshot(variables)
    try:
        contents.assign(variables, values)
        yield
    finally:
        contents.assign(variables, before)


def _built_anew(leaf: Any) -> list[Any]:
    """Values of all slots in a new optimizer."""
    slots, reason = _slots(leaf), ""
    for make in (_from_config, _from_attributes):
        for build in (_build, _build_inside):
            try:
                new = make(leaf)
                if leaf.built:
                    build(new, internals.optimized(leaf))
                found = _slots(new)
            except Exception as error:  # code of the user's
                reason = reason or f"{type(error).__name__}: {error}"
                continue
            if _are_alike(slots, found):
                return contents.snapshot(found)
    reason = reason or "a new one has other variables"
    raise CannotRenew(
        f"what {type(leaf).__name__} remembers of weights that are gone cannot be taken from it, "
        f"as it could not be built anew ({reason}). Its get_config() must return every argument "
        "of __init__, and build() must make all of its variables"
    )


def _hold_ftrl(leaf: Any, variables: list[Any], values: list[Any]) -> None:
    """The same for Ftrl, which Keras gives no memory of the weights to begin with.

    With accumulators n, rate r and the strengths λ1, λ2 of the penalties, Ftrl writes
    w = -(z - clip(z, ±λ1)) ÷ (n^-p ÷ r + 2 λ2 + β ÷ r), so z = -(w · (...) + λ1 sign(w)).
    """
    slots = [v for v in leaf.variables if "gradient_acc" not in v.name]
    accumulators = [v for v in slots if v.name.endswith("_accumulator")]
    linears = [v for v in slots if v.name.endswith("_linear")]
    if not len(accumulators) == len(linears) == len(variables):
        return
    rate = rates.value(leaf)
    for variable, n, z, value in zip(variables, accumulators, linears, values, strict=True):
        if tuple(z.shape) != tuple(variable.shape):
            return
        weights = to_numpy(value).astype(np.float64)
        per_weight = to_numpy(n).astype(np.float64) ** -leaf.learning_rate_power
        per_weight = (per_weight + leaf.beta) / max(rate, 1e-30)
        per_weight = per_weight + 2 * leaf.l2_regularization_strength
        held = weights * per_weight + leaf.l1_regularization_strength * np.sign(weights)
        contents.write(z, -held)


def _from_config(leaf: Any) -> Any:
    """Another optimizer of the same class and settings."""
    return type(leaf).from_config(_config(leaf, leaf.get_config))


def _from_attributes(leaf: Any) -> Any:
    """The same without its `__init__`, for a class whose `get_config` is not enough.

    It is given what Keras' own `__init__` makes, and every other attribute that is a setting.
    """
    new = object.__new__(type(leaf))
    base = keras.optimizers.Optimizer
    base.__init__(new, **_config(leaf, lambda: base.get_config(leaf)))
    for name, value in list(vars(leaf).items()):
        if any(isinstance(part, base) for part in keras.tree.flatten(value)):
            raise ValueError(f"{name} holds another optimizer")
        if name not in vars(new) and not name.startswith("_self_") and _is_setting(value):
            setattr(new, name, _without_variables(value))
    return new


def _is_setting(value: Any) -> bool:
    """Whether a new optimizer may be given it: `build` must change nothing in the old one."""
    known = bool | int | float | str | list | dict | np.ndarray | np.generic | None
    if isinstance(value, tuple):
        return all(_is_setting(part) for part in value)
    is_plain = isinstance(value, known) or callable(value) or keras.ops.is_tensor(value)
    return is_plain and not isinstance(value, keras.Variable)


def _without_variables(value: Any) -> Any:
    """Lists and dicts as `__init__` may have left them, for `build` to fill; others as they are."""
    if isinstance(value, list):
        return [_without_variables(part) for part in value if _is_setting(part)]
    if isinstance(value, dict):
        return {k: _without_variables(part) for k, part in value.items() if _is_setting(part)}
    return value


def _config(leaf: Any, get: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The settings of an optimizer; a schedule, which may have none, is spared being asked."""
    if internals.has_plain_rate(leaf):
        return get()
    schedule = internals.schedule_of(leaf)
    internals.set_schedule(leaf, rates.constant(1.0))
    try:
        return get()
    finally:
        internals.set_schedule(leaf, schedule)


def _build(new: Any, variables: list[Any]) -> None:
    new.build(variables)


def _build_inside(new: Any, variables: list[Any]) -> None:
    """As a `LossScaleOptimizer` builds it: what is not made by `add_variable` is not listed."""
    keras.optimizers.LossScaleOptimizer(new, name=new.name).build(variables)


def _slots(leaf: Any) -> list[Any]:
    """Every variable of an optimizer that is memory, also one that is not listed."""
    held = [v for v in vars(leaf).values() if isinstance(v, keras.Variable)]
    found = {id(v): v for v in [*leaf.variables, *held]}
    found.pop(id(internals.schedule_of(leaf)), None)
    return list(found.values())


def _are_alike(slots: list[Any], others: list[Any]) -> bool:
    """Whether two optimizers have the same slots, and none of them in common."""
    if {id(v) for v in slots} & {id(v) for v in others}:
        return False
    return [(tuple(v.shape), v.dtype) for v in slots] == [(tuple(v.shape), v.dtype) for v in others]


def _differ(one: Any, other: Any) -> bool:
    return bool(np.any(to_numpy(one) != to_numpy(other)))
