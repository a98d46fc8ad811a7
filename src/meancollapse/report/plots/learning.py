"""Spread and skill, epoch by epoch, and what happened when."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

from meancollapse.judge.evidence import Output, Stream
from meancollapse.judge.record import Record
from meancollapse.report.plots import choice, style, timeline

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# What lies outside is drawn as a triangle at the edge.
LOWEST, HIGHEST = -0.6, 1.6
# With more jumps than this the learning rate follows a schedule: marks without words.
MAX_RATES = 4
COLORS = {timeline.ALARM: style.ILL, timeline.REPAIR: style.GREEN, timeline.RATE: style.VIOLET}
TITLE = "Is it better than a constant?"
# Past so many epochs marks are small, and of a kind there are at most so many.
CROWDED, MOST_MARKS = 40, 500
# Height of a row of words, in points.
ROW = 11
Values = list[tuple[int, float]]


def learning(report: Record, output: str | None = None, ax: Axes | None = None) -> Axes:
    """Spread and skill per epoch, with warnings, repairs and jumps of the learning rate.

    Skill is 1 − loss ÷ constant loss on the sample where the output was looked at (filled marks),
    and R² over the validation or else the training rows where it was not (hollow marks).

    Args:
        report: What `callback.report()` gives.
        output: Name of the output; by default the one that fares worst.
        ax: Axes to draw on; by default those of a new figure.

    Raises:
        ImportError: If matplotlib is not installed.
        ValueError: If the model has no output of that name.
    """
    ax = style.prepared(ax, 7.0, 3.8)
    name = choice.pick(report, output)
    measured = choice.by_epoch(report, name)
    if not measured:
        style.title(ax, TITLE)
        return style.note(ax, "no output was measured")
    lines = [
        (_series(measured, lambda out: _spread(out.train)), "spread", style.ORANGE, "--"),
        (_series(measured, lambda out: _spread(out.validation)), "val_spread", style.ORANGE, "-"),
        (_series(measured, skill), "skill", style.WELL, "-"),
    ]
    lines = [line for line in lines if line[0]]
    _axes(ax, measured, [value for values, *_ in lines for _, value in values])
    for line in lines:
        _draw(ax, *line)
    _mark_skill(ax, measured)
    low, high = ax.get_ylim()
    ends = [
        (min(max(v[-1][1], low), high), label if style_ == "-" else f"{label} (dashed)", color)
        for v, label, color, style_ in lines
    ]
    style.end_labels(ax, measured[-1][0], ends, gap=0.075)
    rows = _moments(ax, report, name)
    style.title(ax, TITLE + choice.label(report, name), pad=10 + ROW * rows)
    return ax


def skill(output: Output) -> float | None:
    """Skill on the sample where the output was looked at, else R² over the rows of the epoch."""
    if output.look is not None:
        return output.look.skill
    stream = output.validation or output.train
    return stream.r2 if stream is not None else None


def _spread(stream: Stream | None) -> float | None:
    return stream.spread if stream is not None else None


def _series(measured: list[tuple[int, Output]], value: Callable[[Output], float | None]) -> Values:
    found = [(epoch, value(output)) for epoch, output in measured]
    return [(epoch, v) for epoch, v in found if v is not None and math.isfinite(v)]


def _axes(ax: Axes, measured: list[tuple[int, Output]], values: list[float]) -> None:
    low = max(LOWEST, min([-0.1, *values]) - 0.05)
    high = min(HIGHEST, max([1.1, *values]) + 0.05)
    ax.set_ylim(low, high)
    first, last = measured[0][0], measured[-1][0]
    room = min(0.02 * (last - first), 0.9) or 0.5
    ax.set_xlim(first - room, last + room)
    style.epochs(ax)
    style.grid(ax)
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
    for height in (0, 1):
        ax.axhline(height, color=style.FAINT, linewidth=1, zorder=1)
    ax.set_yticks([0, 1], ["best constant  0", "as varied as\nthe targets  1"])


def _draw(ax: Axes, values: Values, label: str, color: str, dash: str) -> None:
    low, high = ax.get_ylim()
    epochs, heights = [e for e, _ in values], [v for _, v in values]
    ax.plot(epochs, heights, dash, color=color, linewidth=2, label=label)
    for edge, marker, out in (
        (low, "v", [e for e, v in values if v < low]),
        (high, "^", [e for e, v in values if v > high]),
    ):
        if out:
            ax.plot(out, [edge] * len(out), marker, color=color, markersize=6, clip_on=False)


def _mark_skill(ax: Axes, measured: list[tuple[int, Output]]) -> None:
    """Filled where the output was looked at, hollow where R² stands in; the key is in the label."""
    kinds = (
        ("● skill on the sample", style.WELL, [m for m in measured if m[1].look is not None]),
        ("○ R² of the epoch's rows", "none", [m for m in measured if m[1].look is None]),
    )
    used = []
    size = 5 if len(measured) <= CROWDED else 2.5
    for label, face, some in kinds:
        points = _series(some, skill)
        if points:
            used.append(label)
            x, y = zip(*points[:: 1 + len(points) // MOST_MARKS], strict=True)
            ax.plot(x, y, "o", mfc=face, mec=style.WELL, markersize=size, label=label)
    ax.set_xlabel("epoch      " + "   ".join(used))


def _moments(ax: Axes, report: Record, name: str | None) -> int:
    """Alarms, repairs and jumps of the learning rate: upright lines with words above.

    Returns:
        Rows of words.
    """
    rates = timeline.rate_changes(report)
    wordless = rates if len(rates) > MAX_RATES else []
    moments = [*timeline.alarms(report, name), *timeline.repairs(report), *rates]
    low, high = ax.get_xlim()
    letter = style.SMALL_LETTER / style.inches(ax) * (high - low)
    ends: list[float] = []
    for moment in sorted(moments, key=lambda m: m.epoch):
        color = COLORS[moment.kind]
        ax.axvline(moment.epoch, color=color, linewidth=1, linestyle=(0, (2, 3)), zorder=1)
        if moment not in wordless:
            row = next((i for i, end in enumerate(ends) if end < moment.epoch), len(ends))
            ends[row : row + 1] = [moment.epoch + letter * (len(moment.text) + 1)]
            _say(ax, moment, row, color)
    return len(ends)


def _say(ax: Axes, moment: timeline.Moment, row: int, color: str) -> None:
    ax.annotate(
        moment.text,
        (moment.epoch, 1),
        (-2, 3 + ROW * row),
        xycoords=("data", "axes fraction"),
        textcoords="offset points",
        color=color,
        fontsize=style.SMALL,
    )
