"""The layers of one output as rows of a table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from meancollapse.judge.evidence import Activity, Look
from meancollapse.judge.examination import Layer
from meancollapse.judge.skill import at_input
from meancollapse.report.story import Story

# Layers shown at either end of a long network, and around the one at fault.
ENDS, AROUND = 6, 3


@dataclass(frozen=True)
class Row:
    """One layer.

    Attributes:
        name: Name of the layer, `"input"` for what the network is given.
        kind: Class and activation, such as `"Dense, relu"`; `""` if unknown.
        readability: Held-out R² of the target from what the layer gives; `None` if not measured.
        units: Number of units; `None` for the input.
        dead: Share of its units that are zero for every row.
        saturated: Share of its output at the flat ends of a bounded activation.
        is_fault: Whether this is the layer to look at first.
    """

    name: str
    kind: str
    readability: float | None
    units: int | None
    dead: float | None
    saturated: float | None
    is_fault: bool


def rows(story: Story) -> list[Row]:
    """Input and layers in the order they run; empty where nothing was looked at."""
    fault = story.fault if story.is_ill else None
    return [] if story.look is None else of(story.look, story.examined, fault)


def of(look: Look, examined: Sequence[Layer], fault: str | None) -> list[Row]:
    """The same from one look, what an examination knows of the layers, and the one at fault."""
    names = [name for name, _ in look.layers] or [entry.layer for entry in look.activity]
    if not names:
        return []
    activity = {entry.layer: entry for entry in look.activity}
    kinds = {layer.name: _kind(layer) for layer in examined}
    readable = dict(look.layers)
    first = Row("input", "", _known(at_input(look)), None, None, None, False)
    return [first] + [
        _row(name, kinds.get(name, ""), _known(readable.get(name)), activity.get(name), fault)
        for name in names
    ]


def _row(
    name: str, kind: str, readable: float | None, activity: Activity | None, fault: str | None
) -> Row:
    units, dead, saturated = None, None, None
    if activity is not None:
        units, dead, saturated = activity.units, activity.dead, activity.saturated
    return Row(name, kind, readable, units, dead, saturated, name == fault)


def _known(value: float | None) -> float | None:
    """NaN is no measurement."""
    return None if value is None or math.isnan(value) else value


def _kind(layer: Layer) -> str:
    return layer.kind if layer.activation == "linear" else f"{layer.kind}, {layer.activation}"


def abridged(table: list[Row]) -> list[Row | int]:
    """Both ends of a long table and what is around the layer at fault.

    Returns:
        Rows, and for every gap the number of rows left out.
    """
    faults = [index for index, row in enumerate(table) if row.is_fault]
    near = {i for fault in faults for i in range(fault - AROUND, fault + AROUND + 1)}
    shown = {*range(ENDS), *range(len(table) - ENDS, len(table)), *near}
    parts: list[Row | int] = []
    for index, row in enumerate(table):
        if index in shown:
            parts.append(row)
        elif parts and isinstance(parts[-1], int):
            parts[-1] += 1
        else:
            parts.append(1)
    return parts
