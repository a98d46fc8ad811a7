"""Records: nested frozen dataclasses to plain JSON and back."""

from __future__ import annotations

import dataclasses
import math
import types
import typing
from typing import Any, TypeVar

Record = TypeVar("Record")

# JSON has no such numbers; they are written as these words.
WORDS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


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
        ValueError: If a field without default is missing.
    """
    hints = typing.get_type_hints(kind)
    fields: tuple[Any, ...] = dataclasses.fields(kind)  # type: ignore[arg-type]
    known = {f.name: _restored(hints[f.name], values[f.name]) for f in fields if f.name in values}
    missing = [f.name for f in fields if f.name not in known and f.default is dataclasses.MISSING]
    if missing:
        raise ValueError(
            f"This is no record of a {kind.__name__}: {', '.join(missing)} missing. "
            f"Received the fields: {', '.join(values) or 'none'}."
        )
    return kind(**known)


def _restored(hint: Any, value: Any) -> Any:
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        kinds = [kind for kind in inner if kind is not type(None)]
        return None if value is None else _restored(kinds[0], value)
    if origin is tuple:
        kinds = [inner[0]] * len(value) if inner[-1] is Ellipsis else list(inner)
        return tuple(_restored(kind, item) for kind, item in zip(kinds, value, strict=True))
    if dataclasses.is_dataclass(hint):
        return restore(typing.cast(type[Any], hint), value)
    if hint is float:
        return WORDS[value] if isinstance(value, str) else float(value)
    return value
