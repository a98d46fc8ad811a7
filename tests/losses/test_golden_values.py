"""Values of the official implementations in float64, from the research notes, to 1e-6."""

import loss_cases as cases
import loss_reference as reference
import numpy as np
import pytest

from meancollapse import losses

Y = np.array([0.1, 0.9, 0.3, 0.5, 0.2, 0.7, 0.05, 0.4])
P = np.array([0.2, 0.6, 0.35, 0.45, 0.3, 0.55, 0.25, 0.4])
V = np.array([0.02, 0.05, 0.01, 0.03, 0.02, 0.04, 0.06, 0.01])
Z = np.array([[2, 0, -1], [0.5, 0.2, 0.1], [0, 1, 0]])
LABELS, COUNTS = np.array([0, 2, 1]), [90, 9, 1]
HEADS = np.stack([P, V], axis=1)

GOLDEN = [
    (losses.MeanSquaredLogScaledError(), Y, P, 2.20504354),
    (losses.MeanSquaredLogScaledError(epsilon=1e-3), Y, P, 2.16774939),
    (losses.ConcordanceLoss(), Y, P, 0.23627288),
    (losses.PearsonLoss(additive=False), Y, P, 0.01568528),
    (losses.BalancedMSE(sigma=1.0), Y, P, 4.09006287),
    (losses.BalancedMSE(sigma=0.1), Y, P, 0.03766039),
    (losses.BetaNLL(beta=0.0), Y, HEADS, -1.57540394),
    (losses.BetaNLL(beta=0.5), Y, HEADS, -0.23615697),
    (losses.BetaNLL(beta=1.0), Y, HEADS, -0.03897671),
    (losses.SymlogError(), Y, P, 0.01013997),
    (losses.LogitAdjustedCrossentropy(COUNTS), LABELS, Z, 2.1813045),
    (losses.LogitAdjustedCrossentropy(COUNTS, tau=0.0), LABELS, Z, 0.66712989),
]


@pytest.mark.parametrize("loss, y, p, expected", GOLDEN, ids=lambda x: getattr(x, "name", ""))
def test_loss_equals_the_golden_value(loss, y, p, expected):
    assert float(cases.to_numpy(loss(y, p))) == pytest.approx(expected, rel=1e-6, abs=1e-6)


def test_variance_hinge_equals_vicreg():
    assert float(cases.to_numpy(losses.variance_hinge(P))) == pytest.approx(0.85885671, abs=1e-6)


def test_hl_gauss_targets_equal_the_golden_histogram():
    histogram = cases.to_numpy(losses.hl_gauss_targets(np.array([0.3]), 0.0, 1.0, 5))
    expected = [0.235091, 0.50654, 0.235091, 0.022841, 0.000437]
    np.testing.assert_allclose(histogram[0], expected, atol=1e-6)


@pytest.mark.parametrize(
    "ours, expected",
    [
        (reference.log_scaled(Y, P), 2.20504354),
        (reference.concordance(Y, P), 0.23627288),
        (reference.pearson(Y, P), 0.01568528),
        (reference.balanced(Y, P, 1.0), 4.09006287),
        (reference.beta_nll(Y, P, V, 0.5), -0.23615697),
        (reference.symlog_error(Y, P), 0.01013997),
        (reference.logit_adjusted(LABELS, Z, COUNTS), 2.1813045),
    ],
)
def test_the_reference_itself_equals_the_golden_values(ours, expected):
    assert ours == pytest.approx(expected, abs=1e-7)
