"""Sees during `model.fit` that a network has begun to predict one constant, and says so."""

from meancollapse.callbacks import CollapseWarning as CollapseWarning
from meancollapse.callbacks import GradientMonitor as GradientMonitor
from meancollapse.callbacks import MonitorWarning as MonitorWarning
from meancollapse.callbacks import TerminateOnCollapse as TerminateOnCollapse
from meancollapse.callbacks import WarnOnCollapse as WarnOnCollapse
from meancollapse.evidence import Evidence as Evidence
from meancollapse.verdict import Verdict as Verdict

__version__ = "0.1.0"

__all__ = [
    "CollapseWarning",
    "Evidence",
    "GradientMonitor",
    "MonitorWarning",
    "TerminateOnCollapse",
    "Verdict",
    "WarnOnCollapse",
]
