"""In which order the layers of a network ran."""

from __future__ import annotations

from collections.abc import Sequence

from meancollapse.judge.evidence import Look


def running_order(looks: Sequence[Look]) -> list[str]:
    """Names of all layers seen, each after the one it followed where it was last seen."""
    order: list[str] = []
    for look in reversed(looks):
        at = 0
        for name, _ in look.layers:
            if name not in order:
                order.insert(at, name)
            at = order.index(name) + 1
    return order
