"""Colours and small helpers that make the plots look alike.

Data colours keep a contrast of at least 3:1 on white and on #14171a. `INK` and `FAINT` are used for
text, axes and grid and for nothing else, so that a page may exchange them for its own.
"""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING, Any, Literal

from meancollapse.report import letters

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK = "#24292f"
FAINT = "#8a9099"

ILL = "#d55e00"
WELL = "#1a7fc4"
GREEN = "#0b8f6a"
VIOLET = "#a55eb0"
ORANGE = "#b8780a"
UNKNOWN = "#7f868f"
# One colour and one mark for each column of an output.
COLUMNS = ((WELL, "o"), (ILL, "^"), (GREEN, "s"), (VIOLET, "D"))

SMALL, LARGE = 8.5, 11.0
# Names longer than this lose their beginning: of layers, and of what stands in a heading.
MAX_NAME, MAX_TITLE = 22, 60
MAX_TICKS = 15
# Width of a label that is turned, height of one that is not, in inches.
TURNED, ROW = 0.28, 0.15
# Room that a letter takes in a title or a remark and elsewhere, in inches.
LETTER, SMALL_LETTER = 0.083, 0.075
# Least distance of a label from the bottom, as a share of the height.
EDGE = 0.05


def figure(width: float, height: float) -> Figure:
    """An empty figure that pyplot does not know.

    Raises:
        ImportError: If matplotlib is not installed.
    """
    try:
        from meancollapse.report.plots.canvas import Canvas
    except ImportError as error:
        raise ImportError(
            'The plots need matplotlib, which is not installed: pip install "meancollapse[plot]"'
        ) from error
    return Canvas(figsize=(width, height), layout="constrained", facecolor="white")


def prepared(ax: Axes | None, width: float, height: float) -> Axes:
    """The axes given, or those of a new figure, made quiet."""
    ax = figure(width, height).add_subplot() if ax is None else ax
    ax.set_facecolor("none")
    for side, spine in ax.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(FAINT)
    ax.tick_params(color=FAINT, labelcolor=INK, labelsize=SMALL, length=3)
    ax.xaxis.label.set(color=INK, fontsize=SMALL)
    ax.yaxis.label.set(color=INK, fontsize=SMALL)
    return ax


def grid(ax: Axes) -> None:
    """Quiet horizontal lines behind the data."""
    ax.set_axisbelow(True)
    ax.grid(axis="y", color=FAINT, alpha=0.3, linewidth=0.6)


def title(ax: Axes, text: str, pad: float = 10) -> None:
    """What the plot shows, at its top left, in as many lines as it needs."""
    ax.set_title(filled(ax, text), loc="left", color=INK, fontsize=LARGE, pad=pad)


def filled(ax: Axes, text: str) -> str:
    """Large letters in lines that are no longer than the axes are wide."""
    width = max(12, int(inches(ax) / LETTER))
    return "\n".join(textwrap.fill(line, width) for line in text.splitlines())


def note(ax: Axes, text: str) -> Axes:
    """Axes that hold a sentence in place of data."""
    ax.set_xticks([])
    ax.set_yticks([])
    for spine in ax.spines.values():
        spine.set_visible(False)
    ax.text(0.5, 0.5, text, transform=ax.transAxes, ha="center", va="center", color=INK, wrap=True)
    return ax


def epochs(ax: Axes, loc: Literal["left", "center"] = "center") -> None:
    """An axis of epochs, counted from 1 as Keras prints them."""
    from matplotlib.ticker import MaxNLocator

    ax.set_xlabel("epoch", loc=loc)
    ax.xaxis.set_major_locator(MaxNLocator(nbins=8, integer=True, min_n_ticks=1))


def thinned(labels: list[str], keep: set[int] | None = None, most: int = MAX_TICKS) -> list[str]:
    """The labels with some left blank, so that they can be read; those in `keep` stay."""
    every = -(-len(labels) // most)
    keep = keep or set()
    near = {i for kept in keep for i in range(kept - every + 1, kept + every)}
    shown = keep | (set(range(0, len(labels), every)) - near) if every > 1 else range(len(labels))
    return [text if i in shown else "" for i, text in enumerate(labels)]


def inches(ax: Axes) -> float:
    """Width of the axes, before any layout has made room for labels."""
    return float(ax.get_window_extent().width / ax.figure.dpi)


def most_rows(ax: Axes) -> int:
    """How many labels fit above each other."""
    return max(2, int(ax.get_window_extent().height / ax.figure.dpi / ROW))


def apart(heights: list[float], gap: float, low: float, high: float) -> list[float]:
    """Heights of labels moved as little as keeps them `gap` apart, within `low` and `high`."""
    order = sorted(range(len(heights)), key=lambda i: heights[i])
    ranked = [heights[i] for i in order]
    middle = [(a + b) / 2 for a, b in zip(_up(ranked, gap), _down(ranked, gap), strict=True)]
    within = _down(_up(middle, gap, low), gap, high)
    return [height for _, height in sorted(zip(order, within, strict=True))]


def _up(rising: list[float], gap: float, low: float = -math.inf) -> list[float]:
    """Pushed up where needed, from the lowest on."""
    placed: list[float] = []
    for height in rising:
        placed.append(max(height, placed[-1] + gap if placed else low))
    return placed


def _down(rising: list[float], gap: float, high: float = math.inf) -> list[float]:
    """Pushed down where needed, from the highest on."""
    return [-height for height in _up([-height for height in rising[::-1]], gap, -high)[::-1]]


def end_labels(ax: Axes, x: float, labels: list[tuple[float, str, str]], gap: float) -> None:
    """Names of lines beside their right ends.

    Args:
        ax: The axes.
        x: Where the lines end.
        labels: `(height, text, colour)` for every line.
        gap: Least distance of two labels, as a share of the axes' height.
    """
    low, high = ax.get_ylim()
    heights = apart([y for y, *_ in labels], gap * (high - low), low + EDGE * (high - low), high)
    style: dict[str, Any] = dict(textcoords="offset points", va="center", annotation_clip=False)
    for height, (_, text, color) in zip(heights, labels, strict=True):
        ax.annotate(text, (x, height), (9, 0), color=color, fontsize=SMALL, **style)


def short(name: str, most: int = MAX_NAME) -> str:
    """A name in letters that can be drawn, in one line, without an overlong beginning."""
    name = " ".join(letters.visible(name).split())
    name = name if len(name) <= most else "…" + name[1 - most :]
    return name.replace("$", r"\$")  # two dollars would begin and end a formula
