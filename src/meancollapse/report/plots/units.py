"""Dead and saturated units, layer by layer and epoch by epoch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from meancollapse.judge.evidence import Evidence, Look, Variable
from meancollapse.judge.record import Record
from meancollapse.report.plots import choice, grid, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DEAD, SATURATED = "zero or no gradient", "saturated"
COLORS = {DEAD: style.ILL, SATURATED: style.WELL}
# Shares are written into cells only where they can be read.
MAX_EPOCHS, MAX_LAYERS, LEAST = 16, 16, 0.1
# Black can be read on cells fuller than this, ink on the others.
FULL = 0.9


def units(report: Record, output: str | None = None, ax: Axes | None = None) -> Axes:
    """Share of dead or saturated units of every layer in every epoch.

    Dead are units that got exactly no gradient in the whole epoch or, where the output was looked
    at, that are zero for every row. Saturated is the share of a layer's output at the flat ends of
    its activation. A cell has the hue of the larger share, the fuller the larger.

    Args:
        report: What `callback.report()` gives.
        output: Name of the output; by default the one that fares worst.
        ax: Axes to draw on; by default those of a new figure.

    Raises:
        ImportError: If matplotlib is not installed.
        ValueError: If the model has no output of that name.
    """
    name = choice.pick(report, output)
    layers, dead, saturated = shares(report.history, name)
    ax = style.prepared(ax, 6.0, 1.6 + 0.22 * min(len(layers), 24))
    style.title(ax, "Units out of work")
    if not layers:
        return style.note(ax, "no layer was measured")
    dead_wins = dead >= np.nan_to_num(saturated)
    grid.flat(ax, report.history, layers, np.where(dead_wins, dead, 0), COLORS[DEAD], DEAD)
    rest = np.where(dead_wins, 0, np.nan_to_num(saturated))
    grid.flat(ax, report.history, layers, rest, COLORS[SATURATED], SATURATED)
    grid.key(ax, COLORS)
    grid.axes(ax, layers)
    _lines(ax, len(layers))
    if not (dead.any() or np.nan_to_num(saturated).any()):
        ax.text(0.5, 0.5, "none", transform=ax.transAxes, ha="center", va="center", color=style.INK)
    if len(layers) <= MAX_LAYERS and len(report.history) <= MAX_EPOCHS:
        _write(ax, report.history, np.fmax(dead, saturated))
    return ax


def shares(
    history: tuple[Evidence, ...], name: str | None
) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Layers, share of dead units and share of saturated output (NaN where unknown).

    Returns:
        The names of the rows and two arrays, layers × epochs.
    """
    layers = grid.layers_of(history)
    dead = np.nan_to_num(grid.table(history, layers, silent))
    saturated = np.full(dead.shape, np.nan)
    for column, evidence in enumerate(history):
        measured = evidence.output(name or "")
        look = measured.look if measured is not None else None
        for row, layer in enumerate(layers):
            known = _activity(look, layer)
            if known is not None:
                dead[row, column] = max(dead[row, column], known[0])
                saturated[row, column] = np.nan if known[1] is None else known[1]
    return layers, dead, saturated


def silent(variables: list[Variable]) -> float | None:
    """Share of units no variable of which got any gradient; `None` if nothing was measured."""
    found = [v.silent_units / v.units for v in variables if v.units]
    return min(found) if found else None


def _activity(look: Look | None, layer: str) -> tuple[float, float | None] | None:
    last = layer.rpartition("/")[2]
    activity = look.activity if look is not None else ()
    return next(((a.dead, a.saturated) for a in activity if a.layer == last), None)


def _lines(ax: Axes, layers: int) -> None:
    """Quiet lines between the layers, as most cells are empty in a sound network."""
    for height in range(layers + 1):
        ax.axhline(height - 0.5, color=style.FAINT, alpha=0.3, linewidth=0.6)


def _write(ax: Axes, history: tuple[Evidence, ...], share: np.ndarray) -> None:
    for (row, column), value in np.ndenumerate(share):
        if value >= LEAST:
            ax.text(
                history[column].epoch + 1,
                row,
                f"{value:.0%}",
                ha="center",
                va="center",
                color="black" if value > FULL else style.INK,
                fontsize=style.SMALL - 1,
            )
