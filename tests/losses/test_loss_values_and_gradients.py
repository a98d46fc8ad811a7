"""Every loss against float64 NumPy: values, and gradients by central differences."""

import keras
import loss_cases as cases
import loss_reference as reference
import numpy as np
import pytest

from meancollapse import losses

RNG = np.random.default_rng(7)
Y = RNG.uniform(0.2, 2.0, 8)
P = 0.6 * Y + RNG.uniform(0.1, 0.5, 8)
HEADS = np.stack([P, RNG.uniform(0.1, 0.6, 8)], axis=1)
LOGITS = RNG.normal(size=(8, 6))
LABELS = RNG.integers(0, 3, 8)
NOISE = min(np.mean((Y - P) ** 2), Y.var() / 4)

CASES = {
    "log_scaled": (losses.MeanSquaredLogScaledError(), Y, P, reference.log_scaled),
    "concordance": (losses.ConcordanceLoss(), Y, P, reference.concordance),
    "pearson": (losses.PearsonLoss(), Y, P, reference.pearson_added),
    "pearson_alone": (losses.PearsonLoss(additive=False), Y, P, reference.pearson),
    "spread_hinge": (losses.SpreadHinge(0.9), Y, P, reference.hinge_added),
    "spread_hinge_alone": (losses.SpreadHinge(0.9, additive=False), Y, P, reference.hinge),
    "balanced": (losses.BalancedMSE(), Y, P, lambda y, p: reference.balanced(y, p, NOISE**0.5)),
    "balanced_fixed": (losses.BalancedMSE(0.3), Y, P, lambda y, p: reference.balanced(y, p, 0.3)),
    "symlog": (losses.SymlogError(), Y, P, reference.symlog_error),
    "nll": (
        losses.BetaNLL(beta=0.0),
        Y,
        HEADS,
        lambda y, p: reference.beta_nll(y, p[:, 0], p[:, 1], 0.0),
    ),
    "hl_gauss": (
        losses.HLGauss(-0.5, 3.0),
        Y,
        LOGITS,
        lambda y, z: reference.hl_gauss(y, z, -0.5, 3.0),
    ),
    "logit_adjusted": (
        losses.LogitAdjustedCrossentropy([90, 9, 1]),
        LABELS,
        LOGITS[:, :3],
        lambda y, z: reference.logit_adjusted(y, z, [90, 9, 1]),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_value_equals_the_reference(name):
    loss, y, p, expected = CASES[name]
    assert float(cases.to_numpy(loss(y, p))) == pytest.approx(expected(y, p), rel=2e-6, abs=1e-6)


@pytest.mark.parametrize("name", CASES)
def test_gradient_equals_central_differences(name):
    loss, y, p, expected = CASES[name]
    ours = cases.gradient(lambda p: loss(y, p), p.astype("float32"))
    theirs = cases.numerical_gradient(lambda p: expected(y, p), p)
    np.testing.assert_allclose(ours, theirs, rtol=2e-4, atol=2e-6)


def test_beta_multiplies_each_gradient_by_the_variance_to_that_power():
    def grad(beta):
        return cases.gradient(lambda p: losses.BetaNLL(beta=beta)(Y, p), HEADS.astype("float32"))

    power = HEADS[:, 1:] ** 0.5
    np.testing.assert_allclose(grad(0.5), grad(0.0) * power, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("name", ["concordance", "pearson", "balanced", "spread_hinge"])
def test_target_offset_of_a_million_changes_nothing(name):
    y = np.round(Y * 16) / 16  # steps that float32 can hold at 1e6
    p = np.round(P * 16) / 16
    loss = CASES[name][0]
    near = cases.to_numpy(loss(y, p))
    far = cases.to_numpy(loss(y + 1e6, p + 1e6))
    assert float(far) == pytest.approx(float(near), rel=1e-4)


def test_pure_functions_take_arrays_and_return_one_value_per_row():
    y, p = keras.ops.convert_to_tensor(Y), keras.ops.convert_to_tensor(P)
    for function in (losses.concordance_loss, losses.pearson_loss, losses.balanced_mse):
        assert function(y, p).shape == (8,)
