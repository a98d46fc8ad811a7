"""Where in the network the target is lost: readability from input to output, epoch by epoch."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from meancollapse.judge.evidence import Look
from meancollapse.judge.place import Place, place
from meancollapse.judge.record import Record
from meancollapse.judge.skill import at_input
from meancollapse.report.plots import choice, style, timeline
from meancollapse.report.plots.order import running_order

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TITLE = "How much of the target can be read from each layer"
NOW = "now"
# Opacity and width of the oldest and of the newest line.
ALPHA, WIDTH = (0.35, 1.0), (1.1, 2.6)
# Ends of lines closer than this share one label.
CLOSE = 0.08
# Distance of a text from the lines that needs no more.
ENOUGH = 0.2
Points = tuple[list[int], list[float]]


@dataclass(frozen=True)
class Line:
    """One look at the network: when, what was read, and whether the output was ill then."""

    when: str
    look: Look
    is_ill: bool

    @property
    def color(self) -> str:
        return style.ILL if self.is_ill else style.WELL

    def points(self, layers: list[str]) -> Points:
        """Positions (0 is the input) and readability from 0 to 1, where it was measured."""
        at_layer = dict(self.look.layers)
        values = [at_input(self.look), *map(at_layer.get, layers), self.look.readability]
        known = [(i, v) for i, v in enumerate(values) if v is not None and math.isfinite(v)]
        return [i for i, _ in known], [min(max(v, 0.0), 1.0) for _, v in known]


def readability(report: Record, output: str | None = None, ax: Axes | None = None) -> Axes:
    """Readability of the target through the network, one line per look, pale to strong in time.

    Every point is the held-out R² with which the target can be read from that layer. Where the last
    ill look loses the target, the layer is marked. Lines before and after a repair differ in hue.

    Args:
        report: What `callback.report()` gives.
        output: Name of the output; by default the one that fares worst.
        ax: Axes to draw on; by default those of a new figure.

    Raises:
        ImportError: If matplotlib is not installed.
        ValueError: If the model has no output of that name.
    """
    ax = style.prepared(ax, 7.6, 4.0)
    name = choice.pick(report, output)
    style.title(ax, TITLE + choice.label(report, name))
    lines = _lines(report, name)
    if not lines:
        return style.note(ax, _why_empty(report, name))
    layers = running_order([line.look for line in lines])
    # The look of the verdict, rather than the one of now: figure and text give the same numbers.
    ill = sorted((line for line in lines if line.is_ill), key=lambda line: line.when != NOW)
    found = place(ill[-1].look) if ill else None
    mark = layers.index(found.layer) + 1 if found is not None and found.layer else None
    _axes(ax, layers, mark)
    for line, age in _with_age(lines):
        _draw(ax, line, layers, age)
    if found is not None:
        _say_where(ax, found, mark, [line.points(layers) for line in lines])
    _name_lines(ax, lines, layers, timeline.last_repair(report))
    return ax


def _lines(report: Record, name: str | None) -> list[Line]:
    turn = timeline.turn(report, name)
    measured = choice.by_epoch(report, name)
    lines = [
        Line(f"epoch {epoch}", output.look, turn is not None and epoch <= turn)
        for epoch, output in measured
        if output.look is not None and _is_measured(output.look)
    ]
    shot = choice.snapshot(report, name)
    if shot is not None and _is_measured(shot.look):
        last = report.history[-1].epoch + 1 if report.history else 0
        still = turn is not None and turn >= last and timeline.last_repair(report) is None
        lines.append(Line(NOW, shot.look, still))
    return lines


def _is_measured(look: Look) -> bool:
    """Whether there is a point to draw; NaN is none."""
    return any(math.isfinite(value) for _, value in look.layers)


def _why_empty(report: Record, name: str | None) -> str:
    measured = choice.by_epoch(report, name)
    if not measured:
        return "no output was measured"
    if any(output.look is not None for _, output in measured) or report.snapshots:
        return "no layer could be looked at"
    return "never looked at: the output had skill" if report.verdicts else "never looked at"


def _with_age(lines: list[Line]) -> list[tuple[Line, float]]:
    """Lines with their place in their hue, from 0 (oldest) to 1 (newest)."""
    size = Counter(line.is_ill for line in lines)
    seen: Counter[bool] = Counter()
    aged = []
    for line in lines:
        seen[line.is_ill] += 1
        aged.append((line, seen[line.is_ill] / size[line.is_ill]))
    return aged


def _draw(ax: Axes, line: Line, layers: list[str], age: float) -> None:
    x, y = line.points(layers)
    alpha = ALPHA[0] + (ALPHA[1] - ALPHA[0]) * age**1.5
    width = WIDTH[0] + (WIDTH[1] - WIDTH[0]) * age
    marker = "o" if age == 1 and len(layers) <= 2 * style.MAX_TICKS else None
    ax.plot(
        x,
        y,
        color=line.color,
        alpha=alpha,
        linewidth=width,
        marker=marker,
        markersize=4.5,
        markeredgewidth=0,
        solid_capstyle="round",
        solid_joinstyle="round",
        clip_on=False,
        label=line.when,
        zorder=2 + age,
    )


def _axes(ax: Axes, layers: list[str], mark: int | None) -> None:
    stops = ["input", *(style.short(layer) for layer in layers), "output"]
    last = len(stops) - 1
    most = min(style.MAX_TICKS, int(style.inches(ax) / style.TURNED))
    labels = style.thinned(stops, {0, last} if mark is None else {0, mark, last}, most)
    ax.set_xticks(range(len(stops)), labels)
    if max(map(len, labels)) * len(
        [text for text in labels if text]
    ) * style.SMALL_LETTER > style.inches(ax):
        for tick in ax.get_xticklabels():
            tick.set(rotation=35, ha="right", rotation_mode="anchor")
    if mark is not None:
        ax.get_xticklabels()[mark].set(color=style.ILL, fontweight="bold")
    ax.set_xlim(-0.15, last + 0.15)
    ax.set_ylim(-0.03, 1.04)
    ax.set_yticks([0, 0.5, 1], ["0", "0.5", "1"])
    ax.set_ylabel("readability (held-out R²)")
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
    style.grid(ax)


def _say_where(ax: Axes, found: Place, mark: int | None, lines: list[Points]) -> None:
    """Say where the last ill look loses the target, beside that layer and away from the lines."""
    words: dict[str, Any] = dict(color=style.ILL, fontsize=style.LARGE, va="center")
    text = style.filled(ax, in_words(found))
    if mark is None:
        ax.text(0.5, 0.5, text, transform=ax.transAxes, ha="center", **words)
        return
    if found.kind == "lost":
        ax.axvline(mark, color=style.ILL, linewidth=0.9, linestyle=(0, (2, 3)), zorder=1)
    low, high = ax.get_xlim()
    width = max(map(len, text.split("\n"))) * style.LETTER / style.inches(ax) * (high - low)
    right, left = (mark + 0.12, mark + 0.12 + width), (mark - 0.12 - width, mark - 0.12)
    inside = [span for span in (right, left) if low <= span[0] and span[1] <= high]
    span, y = max(
        ((span, y) for span in inside or [(low, low + width)] for y in np.linspace(0.9, 0.1, 33)),
        key=lambda at: min(_distance(at[1], at[0], x, v) for x, v in lines),
    )
    side = "right" if span is left else "left"
    ax.text(span[0] if side == "left" else span[1], y, text, ha=side, zorder=5, **words)


def in_words(found: Place) -> str:
    """Where the target is lost, in two short lines."""
    if found.kind == "absent":
        return "the target cannot be read, not even at the input"
    layer = style.short(found.layer or "")
    if found.kind == "lost":
        return f"lost in '{layer}'\nR² {found.before:.2f} → {found.after:.2f}"
    return f"arrives in '{layer}' (R² {found.before:.2f}),\nbut the output does not use it"


def _distance(y: float, span: tuple[float, float], x: list[int], values: list[float]) -> float:
    """How far a text at that height keeps from a line; more than enough is enough."""
    on_line = np.interp(np.linspace(*span, 25), x, values)
    return min(float(np.abs(on_line - y).min()), ENOUGH)


def _name_lines(
    ax: Axes, lines: list[Line], layers: list[str], repair: timeline.Moment | None
) -> None:
    """Say beside the right ends which epochs the lines are of."""
    labels: list[tuple[float, str, str]] = []
    for is_ill, word in ((True, "before"), (False, "after")):
        family = [line for line in lines if line.is_ill == is_ill]
        ends = [(line.points(layers)[1] or [0.0])[-1] for line in family]
        when = f"\n{word} the {repair.text}" if repair is not None else ""
        if family and abs(ends[0] - ends[-1]) < CLOSE:
            labels.append((ends[-1], _span(family) + when, family[-1].color))
        elif family:
            labels.append((ends[0], family[0].when, family[0].color))
            labels.append((ends[-1], family[-1].when + when, family[-1].color))
    style.end_labels(ax, len(layers) + 1, labels, gap=0.11)


def _span(family: list[Line]) -> str:
    first, last = family[0].when, family[-1].when
    if first == last:
        return first
    if last == NOW:
        return f"{first} to now"
    return f"{first.replace('epoch', 'epochs')} to {last.removeprefix('epoch ')}"
