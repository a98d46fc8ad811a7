"""Pictures of a report, with matplotlib (`pip install "meancollapse[plot]"`).

Every function takes a report and, if you have them, axes to draw on, and returns the axes. Axes
made here belong to a figure that pyplot does not know; `axes.figure` shows itself in a notebook.
"""

from meancollapse.report.plots.gradients import gradients as gradients
from meancollapse.report.plots.learning import learning as learning
from meancollapse.report.plots.overview import overview as overview
from meancollapse.report.plots.predictions import predictions as predictions
from meancollapse.report.plots.readability import readability as readability
from meancollapse.report.plots.units import units as units
from meancollapse.report.plots.updates import updates as updates

__all__ = [
    "gradients",
    "learning",
    "overview",
    "predictions",
    "readability",
    "units",
    "updates",
]
