"""The bound against cases whose information is known."""

import numpy as np
import pytest

from meancollapse.metrics import copula_information, gaussian_information

RNG = np.random.default_rng(0)
N = 20_000
Z = RNG.normal(size=N)


@pytest.mark.parametrize("rho", [0.0, 0.3, 0.9])
def test_bound_is_tight_for_gaussians_and_blind_to_units(rho):
    p = rho * Z + np.sqrt(1 - rho**2) * RNG.normal(size=N)
    truth = -0.5 * np.log(1 - rho**2)
    assert copula_information(Z, p) == pytest.approx(truth, abs=0.02)
    assert copula_information(np.exp(3 * Z), p) == pytest.approx(truth, abs=0.02)


def test_bound_holds_for_a_coin_where_the_gaussian_formula_does_not():
    """A perfect prediction of +-1 carries log 2 = 0.693 nats; variance over error says 6.91."""
    y = np.sign(Z)
    p = y + 1e-3 * RNG.normal(size=N)
    assert 0.4 < copula_information(y, p) <= np.log(2)
    assert float(gaussian_information(np.array(1 - 1e-6))) == pytest.approx(6.9, abs=0.1)


def test_constant_prediction_carries_nothing():
    assert copula_information(Z, np.full(N, 3.0)) == 0


@pytest.mark.parametrize(
    "y, p, message",
    [
        ([1, 2], [1, 2], "three or more"),
        ([1, 2, 3], [1, 2], "same size"),
        ([1, 2, np.nan], [1, 2, 3], "must be finite"),
    ],
)
def test_unusable_rows_raise(y, p, message):
    with pytest.raises(ValueError, match=message):
        copula_information(y, p)
