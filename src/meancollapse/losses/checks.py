"""Errors for arguments that no loss can use."""

from __future__ import annotations

from typing import Any


def number(name: str, value: Any, least: float = 0.0, above: bool = False) -> float:
    """Return `value` as a float.

    Raises:
        ValueError: if it is not a finite number at least (or, with `above`, more than) `least`.
    """
    expected = f"a finite number {'>' if above else '>='} {least:g}"
    try:
        result = float(value)
    except (TypeError, ValueError):
        result = float("nan")
    if not (least < result < float("inf") or (result == least and not above)):
        raise ValueError(f"`{name}` must be {expected}. Received: {name}={value!r}.")
    return result
