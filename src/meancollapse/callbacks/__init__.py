"""Keras callbacks, one file each; no maths."""

from meancollapse.callbacks.adjust_lr_on_collapse import AdjustLROnCollapse as AdjustLROnCollapse
from meancollapse.callbacks.gradient_monitor import GradientMonitor as GradientMonitor
from meancollapse.callbacks.monitor import MonitorWarning as MonitorWarning
from meancollapse.callbacks.rescue_on_collapse import RescueOnCollapse as RescueOnCollapse
from meancollapse.callbacks.terminate_on_collapse import TerminateOnCollapse as TerminateOnCollapse
from meancollapse.callbacks.warn_on_collapse import CollapseWarning as CollapseWarning
from meancollapse.callbacks.warn_on_collapse import WarnOnCollapse as WarnOnCollapse
