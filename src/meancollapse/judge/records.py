"""Records: nested frozen dataclasses to plain JSON and back, every value checked on the way in."""

from __future__ import annotations

import dataclasses
import functools
import math
import numbers
import types
import typing
from collections.abc import Callable
from typing import Any, TypeVar

Record = TypeVar("Record")
Reader = Callable[[Any], Any]

# JSON has no such numbers; they are written as these words.
WORDS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
# Counts are no larger; what is made of them (shares, axes of plots) would overflow.
LARGEST = 2**63 - 1
# Letters of a text and names of fields that a message repeats.
MAX_SHOWN, MAX_NAMES = 40, 6


class Unfit(ValueError):
    """A value that its field cannot hold.

    Args:
        expected: What the field holds, in words.
        found: What was there, in words.
        path: Where, such as `"outputs[0].look.skill"`; `""` for the record itself.
    """

    def __init__(self, expected: str, found: str, path: str = ""):
        super().__init__(expected, found, path)
        self.expected, self.found, self.path = expected, found, path

    def __str__(self) -> str:
        start = f"{self.path}: " if self.path else ""
        return f"{start}expected {self.expected}, found {self.found}"

    def inside(self, parent: str) -> Unfit:
        """The same, seen from what holds the record."""
        dot = "." if self.path and not self.path.startswith("[") else ""
        return Unfit(self.expected, self.found, f"{parent}{dot}{self.path}")


def plain(value: Any) -> Any:
    """Dataclasses, tuples and numbers as what strict JSON knows; NaN and ±Inf become words."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value


def restore(kind: type[Record], values: dict[str, Any]) -> Record:
    """The record that `plain` (or `dataclasses.asdict`) was given.

    Fields of newer versions are left out, missing ones take their defaults.

    Args:
        kind: The dataclass.
        values: Its fields as plain values.

    Raises:
        ValueError: If a field without default is missing, or a value is not of its field's type;
            the message names the field.
    """
    read: Reader = _reader(kind)  # type: ignore[arg-type]
    return typing.cast(Record, read(values))


def shown(value: Any) -> str:
    """A value in a few words, however large it is."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return repr(shortened(value))
    if isinstance(value, dict):
        return f"an object with {_listed(value) or 'nothing in it'}"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    if isinstance(value, int) and abs(value) > LARGEST:
        return f"a whole number of {value.bit_length()} bits"
    return repr(value)[:MAX_SHOWN]


def shortened(text: str) -> str:
    """The beginning of a text."""
    return text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "..."


@functools.cache
def _reader(hint: Any) -> Reader:
    """What makes a value of that type from a plain one; made once, as it runs for every value."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        (kind,) = (kind for kind in inner if kind is not type(None))
        return functools.partial(_optional, _reader(kind))
    if origin is tuple and inner[-1] is Ellipsis:
        return functools.partial(_items, _reader(inner[0]))
    if origin is tuple:
        return functools.partial(_places, [_reader(kind) for kind in inner])
    if dataclasses.is_dataclass(hint):
        hints = typing.get_type_hints(hint)
        fields = [
            (f.name, _reader(hints[f.name]), f.default is dataclasses.MISSING)
            for f in dataclasses.fields(hint)
        ]
        return functools.partial(_record, typing.cast(Any, hint), fields)
    return {float: _number, int: _whole, bool: _truth, str: _text}[hint]


def _record(kind: Any, fields: list[tuple[str, Reader, bool]], values: Any) -> Any:
    if not isinstance(values, dict):
        raise Unfit(f"an object with the fields of {kind.__name__}", shown(values))
    known, missing = {}, []
    for name, read, is_needed in fields:
        if name in values:
            try:
                known[name] = read(values[name])
            except Unfit as error:
                raise error.inside(name) from None
        elif is_needed:
            missing.append(name)
    if missing:
        raise Unfit(f"{_listed(missing)} among the fields of {kind.__name__}", shown(values))
    return kind(**known)


def _optional(read: Reader, value: Any) -> Any:
    return None if value is None else read(value)


def _items(read: Reader, values: Any) -> tuple[Any, ...]:
    """A tuple of any length, all of one type."""
    if not isinstance(values, list | tuple):
        raise Unfit("a list", shown(values))
    return _each([read] * len(values), values)


def _places(reads: list[Reader], values: Any) -> tuple[Any, ...]:
    """A tuple with a type for every place."""
    if not isinstance(values, list | tuple) or len(values) != len(reads):
        raise Unfit(f"a list of {len(reads)}", shown(values))
    return _each(reads, values)


def _each(reads: list[Reader], values: Any) -> tuple[Any, ...]:
    found: list[Any] = []
    try:
        for read, value in zip(reads, values, strict=True):
            found.append(read(value))
    except Unfit as error:
        raise error.inside(f"[{len(found)}]") from None
    return tuple(found)


def _number(value: Any) -> float:
    if isinstance(value, float):
        return value
    if isinstance(value, str) and value in WORDS:
        return WORDS[value]
    if isinstance(value, numbers.Real) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:
            raise Unfit("a number that a float can hold", shown(value)) from None
    raise Unfit("a number", shown(value))


def _whole(value: Any) -> int:
    if not isinstance(value, int | numbers.Integral) or isinstance(value, bool):
        raise Unfit("a whole number", shown(value))
    if abs(int(value)) > LARGEST:
        raise Unfit("a whole number of at most 63 bits", shown(value))
    return int(value)


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Unfit("true or false", shown(value))
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise Unfit("a text", shown(value))
    return value


def _listed(names: Any) -> str:
    """The first few names."""
    names = list(names)
    more = ", ..." if len(names) > MAX_NAMES else ""
    return ", ".join(repr(shortened(str(name)))[1:-1] for name in names[:MAX_NAMES]) + more
