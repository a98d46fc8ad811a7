"""All plots of a report on one figure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from meancollapse.judge.record import Record
from meancollapse.report.plots import choice, style, timeline
from meancollapse.report.plots.gradients import gradients
from meancollapse.report.plots.grid import layers_of
from meancollapse.report.plots.learning import learning
from meancollapse.report.plots.predictions import predictions
from meancollapse.report.plots.readability import readability
from meancollapse.report.plots.units import units
from meancollapse.report.plots.updates import updates

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def overview(report: Record, output: str | None = None) -> Figure:
    """All plots on one figure, which shows itself in a notebook.

    Args:
        report: What `callback.report()` gives.
        output: Name of the output; by default the one that fares worst.

    Raises:
        ImportError: If matplotlib is not installed.
        ValueError: If the model has no output of that name.
    """
    name = choice.pick(report, output)
    rows = 1.6 + 0.2 * min(len(layers_of(report.history)), 24)
    figure = style.figure(12.0, 9.4 + rows)
    figure.suptitle(heading(report, name), color=style.INK, fontsize=14, x=0.01, ha="left")
    top, middle, bottom = figure.subfigures(3, 1, height_ratios=[4.6, 4.2, rows])
    readability(report, name, top.subplots())
    left, right = middle.subplots(1, 2, width_ratios=[1.6, 1])
    learning(report, name, left)
    predictions(report, name, right)
    for draw, ax in zip((gradients, updates), (axes := bottom.subplots(1, 3)), strict=False):
        draw(report, ax)
    units(report, name, axes[2])
    for ax in axes[1:]:
        ax.set_yticklabels([])
    return figure


def heading(report: Record, name: str | None) -> str:
    """The model, the output and the state it ends in, in words."""
    found = choice.last_verdict(report, name)
    model = style.short(report.model, style.MAX_TITLE)
    if name is None:
        return model
    state = "was not judged" if found is None else f"ends {found.state.replace('_', ' ')}"
    cause = f" ({style.short(found.cause)})" if found is not None and found.cause else ""
    repair = timeline.last_repair(report)
    after = f", {repair.text} after epoch {repair.epoch}" if repair is not None else ""
    return f"{model}: output '{style.short(name)}' {state}{cause}{after}"
