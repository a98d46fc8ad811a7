"""Metrics of collapse. They hold statistics of all rows seen, exact in float32."""

from meancollapse.metrics.concordance import Concordance as Concordance
from meancollapse.metrics.information import Information as Information
from meancollapse.metrics.information import copula_information as copula_information
from meancollapse.metrics.information import gaussian_information as gaussian_information
from meancollapse.metrics.prediction_spread import PredictionSpread as PredictionSpread
from meancollapse.metrics.skill_score import SkillScore as SkillScore
