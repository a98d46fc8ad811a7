"""Gradient norms, layer by layer and epoch by epoch."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from meancollapse.judge.evidence import Variable
from meancollapse.judge.record import Record
from meancollapse.report.plots import grid, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# What lies outside has the colours of the ends: axes in logarithms can reach no farther.
LOWEST, HIGHEST = 1e-100, 1e100


def gradients(report: Record, ax: Axes | None = None) -> Axes:
    """Gradient norm of every layer (all its variables together) in every epoch, in log colours.

    Exact zeros and layers that were not measured have colours of their own.

    Args:
        report: What `callback.report()` gives.
        ax: Axes to draw on; by default those of a new figure.

    Raises:
        ImportError: If matplotlib is not installed.
    """
    layers = grid.layers_of(report.history)
    ax = style.prepared(ax, 6.0, 1.6 + 0.22 * min(len(layers), 24))
    style.title(ax, "Gradient norm")
    if not layers:
        return style.note(ax, "no gradient was measured")
    from matplotlib.colors import LogNorm

    cells = grid.table(report.history, layers, norm)
    shown = cells[(cells > 0) & (cells < math.inf)]
    low, high = (shown.min(), shown.max()) if shown.size else (1e-6, 1.0)
    low, high = np.clip((low, high), LOWEST, HIGHEST)
    scale = LogNorm(low, max(high, 10 * low))
    grid.heat_map(ax, report.history, layers, cells, cmap="cividis", norm=scale, label="L2 norm")
    return ax


def norm(variables: list[Variable]) -> float | None:
    """Gradient norm of several variables together; `None` without any."""
    return math.hypot(*(v.gradient_norm for v in variables)) if variables else None
