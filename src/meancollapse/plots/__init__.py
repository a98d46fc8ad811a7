"""Pictures of a report, with matplotlib (`pip install "meancollapse[plot]"`).

Every function takes a report and, if you have them, axes to draw on, and returns the axes. Axes
made here belong to a figure that pyplot does not know; `axes.figure` shows itself in a notebook.
"""

from meancollapse.plots.gradients import gradients as gradients
from meancollapse.plots.learning import learning as learning
from meancollapse.plots.overview import overview as overview
from meancollapse.plots.predictions import predictions as predictions
from meancollapse.plots.readability import readability as readability
from meancollapse.plots.units import units as units
from meancollapse.plots.updates import updates as updates

__all__ = [
    "gradients",
    "learning",
    "overview",
    "predictions",
    "readability",
    "units",
    "updates",
]
