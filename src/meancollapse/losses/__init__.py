"""Losses against collapse. Each file holds a pure function and the class that Keras needs."""

from meancollapse.losses.balanced_mse import BalancedMSE as BalancedMSE
from meancollapse.losses.balanced_mse import balanced_mse as balanced_mse
from meancollapse.losses.beta_nll import BetaNLL as BetaNLL
from meancollapse.losses.beta_nll import MeanVarianceHead as MeanVarianceHead
from meancollapse.losses.beta_nll import beta_nll as beta_nll
from meancollapse.losses.combined import CombinedLoss as CombinedLoss
from meancollapse.losses.combined import set_term_weights as set_term_weights
from meancollapse.losses.concordance import ConcordanceLoss as ConcordanceLoss
from meancollapse.losses.concordance import concordance_loss as concordance_loss
from meancollapse.losses.hl_gauss import HLGauss as HLGauss
from meancollapse.losses.hl_gauss import HLGaussDecoder as HLGaussDecoder
from meancollapse.losses.hl_gauss import hl_gauss as hl_gauss
from meancollapse.losses.hl_gauss import hl_gauss_mean as hl_gauss_mean
from meancollapse.losses.hl_gauss import hl_gauss_targets as hl_gauss_targets
from meancollapse.losses.log_scaled import MeanSquaredLogScaledError as MeanSquaredLogScaledError
from meancollapse.losses.log_scaled import (
    mean_squared_log_scaled_error as mean_squared_log_scaled_error,
)
from meancollapse.losses.log_scaled import safe_log as safe_log
from meancollapse.losses.logit_adjusted import (
    LogitAdjustedCrossentropy as LogitAdjustedCrossentropy,
)
from meancollapse.losses.logit_adjusted import adjust_logits as adjust_logits
from meancollapse.losses.logit_adjusted import adjust_probabilities as adjust_probabilities
from meancollapse.losses.logit_adjusted import (
    logit_adjusted_crossentropy as logit_adjusted_crossentropy,
)
from meancollapse.losses.pearson import PearsonLoss as PearsonLoss
from meancollapse.losses.pearson import pearson_loss as pearson_loss
from meancollapse.losses.spread_hinge import SpreadHinge as SpreadHinge
from meancollapse.losses.spread_hinge import variance_hinge as variance_hinge
from meancollapse.losses.symlog import SymexpDecoder as SymexpDecoder
from meancollapse.losses.symlog import SymlogError as SymlogError
from meancollapse.losses.symlog import symexp as symexp
from meancollapse.losses.symlog import symlog as symlog
from meancollapse.losses.symlog import symlog_error as symlog_error
