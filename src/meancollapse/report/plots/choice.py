"""Which output a plot shows, and what of it was looked at."""

from __future__ import annotations

import math

from meancollapse.judge.evidence import Look, Output, Snapshot
from meancollapse.judge.record import Record
from meancollapse.judge.verdict import WORST_FIRST, Verdict
from meancollapse.report import story
from meancollapse.report.plots import style


def pick(report: Record, output: str | None) -> str | None:
    """The output asked for, or else the one that fares worst at the end.

    Worst is the gravest last verdict, and among equals the least skill.

    Returns:
        Its name; `None` if there is no output.

    Raises:
        ValueError: If there is no output of that name.
    """
    names = story.names(report)
    if output is not None and output not in names:
        raise ValueError(
            f"There is no output named {output!r}. The outputs are: {', '.join(names) or 'none'}."
        )
    if output is not None or not names:
        return output
    return min(names, key=lambda name: (_rank(last_verdict(report, name)), _skill(report, name)))


def last_verdict(report: Record, name: str | None) -> Verdict | None:
    """The last verdict on an output."""
    return next((found for found in reversed(report.verdicts) if found.output == name), None)


def snapshot(report: Record, name: str | None) -> Snapshot | None:
    """The output as it is now."""
    return next((shot for shot in report.snapshots if shot.output == name), None)


def by_epoch(report: Record, name: str | None) -> list[tuple[int, Output]]:
    """What was measured of the output, with the number of the epoch counted from 1."""
    found = [(evidence.epoch + 1, evidence.output(name or "")) for evidence in report.history]
    return [(epoch, output) for epoch, output in found if output is not None]


def label(report: Record, name: str | None) -> str:
    """What to add to a title where the model has several outputs."""
    if len(report.outputs) < 2 or name is None:
        return ""
    return f" (output\N{NO-BREAK SPACE}'{style.short(name)}')"


def _rank(found: Verdict | None) -> int:
    return WORST_FIRST.index(found.state) if found is not None else len(WORST_FIRST)


def _skill(report: Record, name: str) -> float:
    look: Look | None = None
    for _, output in by_epoch(report, name):
        look = output.look or look
    shot = snapshot(report, name)
    look = shot.look if shot is not None else look
    return look.skill if look is not None and math.isfinite(look.skill) else math.inf
