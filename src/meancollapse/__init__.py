"""Sees during `model.fit` that a network has begun to predict one constant, and says so."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from meancollapse import registration
from meancollapse.version import __version__ as __version__

if TYPE_CHECKING:
    from meancollapse import losses as losses
    from meancollapse import metrics as metrics
    from meancollapse.callbacks import AdjustLROnCollapse as AdjustLROnCollapse
    from meancollapse.callbacks import CollapseWarning as CollapseWarning
    from meancollapse.callbacks import GradientMonitor as GradientMonitor
    from meancollapse.callbacks import MonitorWarning as MonitorWarning
    from meancollapse.callbacks import RescueOnCollapse as RescueOnCollapse
    from meancollapse.callbacks import TerminateOnCollapse as TerminateOnCollapse
    from meancollapse.callbacks import WarnOnCollapse as WarnOnCollapse
    from meancollapse.diagnosis import Diagnosis as Diagnosis
    from meancollapse.diagnosis import diagnose as diagnose
    from meancollapse.judge.evidence import Evidence as Evidence
    from meancollapse.judge.finding import Finding as Finding
    from meancollapse.judge.verdict import Verdict as Verdict
    from meancollapse.losses import BalancedMSE as BalancedMSE
    from meancollapse.losses import BetaNLL as BetaNLL
    from meancollapse.losses import CombinedLoss as CombinedLoss
    from meancollapse.losses import ConcordanceLoss as ConcordanceLoss
    from meancollapse.losses import HLGauss as HLGauss
    from meancollapse.losses import HLGaussDecoder as HLGaussDecoder
    from meancollapse.losses import LogitAdjustedCrossentropy as LogitAdjustedCrossentropy
    from meancollapse.losses import MeanSquaredLogScaledError as MeanSquaredLogScaledError
    from meancollapse.losses import MeanVarianceHead as MeanVarianceHead
    from meancollapse.losses import PearsonLoss as PearsonLoss
    from meancollapse.losses import SpreadHinge as SpreadHinge
    from meancollapse.losses import SymexpDecoder as SymexpDecoder
    from meancollapse.losses import SymlogError as SymlogError
    from meancollapse.losses import adjust_logits as adjust_logits
    from meancollapse.losses import adjust_probabilities as adjust_probabilities
    from meancollapse.losses import set_term_weights as set_term_weights
    from meancollapse.losses import symexp as symexp
    from meancollapse.losses import symlog as symlog
    from meancollapse.metrics import Concordance as Concordance
    from meancollapse.metrics import Information as Information
    from meancollapse.metrics import PredictionSpread as PredictionSpread
    from meancollapse.metrics import SkillScore as SkillScore
    from meancollapse.metrics import copula_information as copula_information
    from meancollapse.report import plots as plots
    from meancollapse.report.report import Report as Report

# Where each public name lives. A room is opened when somebody asks for something in it: a report is
# read where no Keras is installed, and the backend may be chosen after this import.
_ROOMS = {
    "callbacks": (
        "AdjustLROnCollapse",
        "CollapseWarning",
        "GradientMonitor",
        "MonitorWarning",
        "RescueOnCollapse",
        "TerminateOnCollapse",
        "WarnOnCollapse",
    ),
    "diagnosis": (
        "Diagnosis",
        "diagnose",
    ),
    "judge.evidence": ("Evidence",),
    "judge.finding": ("Finding",),
    "judge.verdict": ("Verdict",),
    "losses": (
        "BalancedMSE",
        "BetaNLL",
        "CombinedLoss",
        "ConcordanceLoss",
        "HLGauss",
        "HLGaussDecoder",
        "LogitAdjustedCrossentropy",
        "MeanSquaredLogScaledError",
        "MeanVarianceHead",
        "PearsonLoss",
        "SpreadHinge",
        "SymexpDecoder",
        "SymlogError",
        "adjust_logits",
        "adjust_probabilities",
        "set_term_weights",
        "symexp",
        "symlog",
    ),
    "metrics": (
        "Concordance",
        "Information",
        "PredictionSpread",
        "SkillScore",
        "copula_information",
    ),
    "report.report": ("Report",),
}
_MODULES = ("losses", "metrics", "plots")
_ROOM_OF = {name: room for room, names in _ROOMS.items() for name in names}

__all__ = [
    "AdjustLROnCollapse",
    "BalancedMSE",
    "BetaNLL",
    "CollapseWarning",
    "CombinedLoss",
    "Concordance",
    "ConcordanceLoss",
    "Diagnosis",
    "Evidence",
    "Finding",
    "GradientMonitor",
    "HLGauss",
    "HLGaussDecoder",
    "Information",
    "LogitAdjustedCrossentropy",
    "MeanSquaredLogScaledError",
    "MeanVarianceHead",
    "MonitorWarning",
    "PearsonLoss",
    "PredictionSpread",
    "Report",
    "RescueOnCollapse",
    "SkillScore",
    "SpreadHinge",
    "SymexpDecoder",
    "SymlogError",
    "TerminateOnCollapse",
    "Verdict",
    "WarnOnCollapse",
    "adjust_logits",
    "adjust_probabilities",
    "copula_information",
    "diagnose",
    "losses",
    "metrics",
    "plots",
    "set_term_weights",
    "symexp",
    "symlog",
]


def __getattr__(name: str) -> Any:
    if name in _ROOM_OF:
        found = getattr(importlib.import_module(f"meancollapse.{_ROOM_OF[name]}"), name)
    elif name in _MODULES:
        found = importlib.import_module(f"meancollapse.{name}")
    else:
        raise AttributeError(f"module 'meancollapse' has no attribute {name!r}")
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return [*__all__, "__version__"]


registration.when_keras_is_there()
