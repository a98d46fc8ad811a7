"""Predicted against true, row by row, as the model is now."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np

from meancollapse.judge.evidence import Snapshot
from meancollapse.judge.record import Record
from meancollapse.report.plots import choice, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MAX_CLASSES = 12
# Axes cannot span more; what lies beyond is drawn as little as NaN is.
LARGEST = 1e300
REST = "rest"


def predictions(report: Record, output: str | None = None, ax: Axes | None = None) -> Axes:
    """What the model predicts now, beside what is true.

    Numbers are points in a square with the line of perfect predictions and that of the targets'
    mean, up to four columns in colours and marks of their own. Classes are bars: the share of rows
    that is predicted to be of a class beside the share that is.

    Args:
        report: What `callback.report()` gives.
        output: Name of the output; by default the one that fares worst.
        ax: Axes to draw on; by default those of a new figure.

    Raises:
        ImportError: If matplotlib is not installed.
        ValueError: If the model has no output of that name.
    """
    ax = style.prepared(ax, 4.4, 4.4)
    shot = choice.snapshot(report, choice.pick(report, output))
    if shot is None or not any(shot.true):
        style.title(ax, "Predicted and true")
        return style.note(ax, "no rows were kept")
    draw = _classes if shot.is_classification else _numbers
    draw(ax, shot)
    rows = f"{len(shot.true)} {shot.source} rows{choice.label(report, shot.output)}"
    style.title(ax, f"Predicted and true, {rows}\n{_in_numbers(shot)}")
    return ax


def _in_numbers(shot: Snapshot) -> str:
    if shot.is_classification:
        right = np.mean([t == p for t, p in zip(shot.true, shot.predicted, strict=True)])
        return f"{right:.0%} right"
    return f"spread {shot.look.spread:.2g}, R² {shot.look.r2:.2g}"


def _numbers(ax: Axes, shot: Snapshot) -> None:
    true, predicted = _drawable(shot.true), _drawable(shot.predicted)
    low, high = limits(true, predicted)
    ax.plot([low, high], [low, high], color=style.FAINT, linewidth=1, label="perfect")
    columns = true.shape[1]
    for column, (color, marker) in zip(range(columns), style.COLUMNS, strict=False):
        mean = true[:, column].mean()
        ax.axhline(mean, color=color, linewidth=0.9, linestyle=(0, (4, 3)), label="mean")
        ax.plot(
            true[:, column],
            predicted[:, column],
            marker,
            color=color,
            alpha=0.55,
            markersize=4,
            markeredgewidth=0,
            label=f"column {column}",
        )
        if columns > 1:
            _key(ax, column, f"{'●▲■◆'[column]} column {column}", color)
    ax.set(xlim=(low, high), ylim=(low, high), xlabel="true", ylabel="predicted")
    ax.set_aspect("equal", adjustable="box")
    words: dict[str, Any] = dict(fontsize=style.SMALL, color=style.INK, textcoords="offset points")
    words |= dict(xycoords=("axes fraction", "data"), ha="left", va="center")
    highest = true.mean(axis=0).max()
    if math.isfinite(highest):
        ax.annotate("targets'\nmean", (1.0, highest), (3, 0), **words)


def _drawable(rows: tuple[tuple[float, ...], ...]) -> np.ndarray:
    """Rows × columns; NaN where a number has no place on any axis."""
    values = np.array(rows)
    return np.where(np.abs(values) < LARGEST, values, np.nan)


def limits(true: np.ndarray, predicted: np.ndarray) -> tuple[float, float]:
    """Common limits of both axes: all finite numbers and a little room."""
    values = np.concatenate([true.ravel(), predicted.ravel()])
    values = values[np.isfinite(values)]
    low, high = (values.min(), values.max()) if values.size else (0.0, 1.0)
    room = 0.04 * (high - low) or 0.5
    return float(low - room), float(high + room)


def _key(ax: Axes, row: int, text: str, color: str) -> None:
    ax.annotate(
        text,
        (0, 1),
        (6, -12 - 11 * row),
        xycoords="axes fraction",
        textcoords="offset points",
        color=color,
        fontsize=style.SMALL,
    )


def _classes(ax: Axes, shot: Snapshot) -> None:
    names, true, predicted = class_shares(shot)
    at = np.arange(len(names))
    ax.bar(at - 0.2, true, 0.38, color=style.UNKNOWN, label="true")
    ax.bar(at + 0.2, predicted, 0.38, color=style.WELL, label="predicted")
    ax.set_xticks(at, names)
    ax.set(ylim=(0, 1.12), xlabel="class", ylabel="share of rows")
    ax.set_yticks([0, 0.5, 1], ["0", "50%", "100%"])
    style.grid(ax)
    _key(ax, 0, "■ true", style.UNKNOWN)
    _key(ax, 1, "■ predicted", style.WELL)


def class_shares(shot: Snapshot) -> tuple[list[str], list[float], list[float]]:
    """Names of the most frequent classes, their share among the targets and among predictions.

    At most `MAX_CLASSES` bars; the classes that are left make up the last one.
    """
    true = Counter(int(row[0]) for row in shot.true)
    predicted = Counter(int(row[0]) for row in shot.predicted)
    both = true + predicted
    kept = sorted(both)
    if len(kept) > MAX_CLASSES:
        kept = sorted(number for number, _ in both.most_common(MAX_CLASSES - 1))
    names = [str(number) for number in kept]
    shares = [[count[n] / len(shot.true) for n in kept] for count in (true, predicted)]
    if len(both) > len(kept):
        names.append(REST)
        shares = [[*share, 1 - sum(share)] for share in shares]
    return names, shares[0], shares[1]
