"""Pictures of a report, with matplotlib (`pip install "meancollapse[plot]"`)."""

from meancollapse.report.plots import gradients as gradients
from meancollapse.report.plots import learning as learning
from meancollapse.report.plots import overview as overview
from meancollapse.report.plots import predictions as predictions
from meancollapse.report.plots import readability as readability
from meancollapse.report.plots import units as units
from meancollapse.report.plots import updates as updates

__all__ = [
    "gradients",
    "learning",
    "overview",
    "predictions",
    "readability",
    "units",
    "updates",
]
