"""Sees during `model.fit` that a network has begun to predict one constant, and says so."""

from meancollapse import losses as losses
from meancollapse import metrics as metrics
from meancollapse import plots as plots
from meancollapse.callbacks import AdjustLROnCollapse as AdjustLROnCollapse
from meancollapse.callbacks import CollapseWarning as CollapseWarning
from meancollapse.callbacks import GradientMonitor as GradientMonitor
from meancollapse.callbacks import MonitorWarning as MonitorWarning
from meancollapse.callbacks import RescueOnCollapse as RescueOnCollapse
from meancollapse.callbacks import TerminateOnCollapse as TerminateOnCollapse
from meancollapse.callbacks import WarnOnCollapse as WarnOnCollapse
from meancollapse.diagnosis import Diagnosis as Diagnosis
from meancollapse.diagnosis import diagnose as diagnose
from meancollapse.evidence import Evidence as Evidence
from meancollapse.finding import Finding as Finding
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
from meancollapse.report.report import Report as Report
from meancollapse.verdict import Verdict as Verdict

__version__ = "0.1.0"

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
