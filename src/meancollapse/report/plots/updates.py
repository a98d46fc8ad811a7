"""Update-to-weight ratios, layer by layer and epoch by epoch."""

from __future__ import annotations

import statistics
from typing import TYPE_CHECKING

from meancollapse.judge.evidence import Variable
from meancollapse.judge.record import Record
from meancollapse.report.plots import grid, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# An update of a thousandth of the weights per step is the usual rule of thumb.
CENTRE, DECADES = 1e-3, 3


def updates(report: Record, ax: Axes | None = None) -> Axes:
    """Update-to-weight ratio of every layer in every epoch, in log colours centred on 10⁻³.

    A layer's ratio is the median over its weights (biases and scales aside).

    Args:
        report: What `callback.report()` gives.
        ax: Axes to draw on; by default those of a new figure.

    Raises:
        ImportError: If matplotlib is not installed.
    """
    layers = grid.layers_of(report.history)
    ax = style.prepared(ax, 6.0, 1.6 + 0.22 * min(len(layers), 24))
    style.title(ax, "Update ÷ weights, per step")
    if not layers:
        return style.note(ax, "no update was measured")
    from matplotlib.colors import LogNorm

    cells = grid.table(report.history, layers, ratio)
    scale = LogNorm(CENTRE / 10**DECADES, CENTRE * 10**DECADES)
    grid.heat_map(
        ax,
        report.history,
        layers,
        cells,
        cmap="PRGn_r",
        norm=scale,
        label="median ratio (usual: 0.001)",
    )
    return ax


def ratio(variables: list[Variable]) -> float | None:
    """Median update-to-weight ratio of a layer's weights; `None` without any."""
    ratios = [v.update_ratio for v in variables if v.is_weight]
    return statistics.median(ratios) if ratios else None
