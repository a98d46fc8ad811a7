"""Behaviour of the losses that look at a whole batch: collapse, constants, one row."""

import loss_cases as cases
import numpy as np
import pytest

from meancollapse import losses

ROWS = 8  # as in the other tests: JAX compiles each operation for each shape
Y = np.linspace(-1, 1, ROWS)


def value(loss, y, p):
    return float(cases.to_numpy(loss(y, p)))


def gradient(loss, y, p):
    return cases.gradient(lambda p: loss(y, p), np.asarray(p, "float32"))


def test_concordance_runs_from_equal_to_reversed():
    loss = losses.ConcordanceLoss()
    values = [value(loss, Y, p) for p in (Y, np.zeros(ROWS), -Y)]
    np.testing.assert_allclose(values, [0, 1, 2], atol=1e-5)


def test_concordance_at_collapse_points_where_the_squared_error_points():
    p = np.full((ROWS, 1), 0.0, "float32")
    ours = gradient(losses.ConcordanceLoss(), Y, p)[:, 0]
    assert np.corrcoef(ours, -Y)[0, 1] > 0.999


def test_concordance_of_a_constant_target_met_exactly_is_zero():
    assert value(losses.ConcordanceLoss(), np.full(ROWS, 7.0), np.full((ROWS, 1), 7.0)) == 0


def test_pearson_gradient_at_collapse_is_bounded():
    p = np.zeros((ROWS, 1), "float32")
    mse = gradient(losses.PearsonLoss(weight=0.0), Y, p)
    alone = gradient(losses.PearsonLoss(additive=False), Y, p)
    ratio = np.linalg.norm(alone) / np.linalg.norm(mse)
    assert ratio == pytest.approx(50 / Y.var(), rel=0.01)  # 1 / (2 sqrt(epsilon) var(y))


def test_pearson_added_equals_the_squared_error_where_targets_are_constant():
    y, p = np.full(ROWS, 2.0), np.array([[1.0], [2.0], [3.0], [4.0]] * 2)
    assert value(losses.PearsonLoss(), y, p) == pytest.approx(1.5)


def test_pearson_added_scales_with_the_squared_unit():
    p = np.sin(3 * Y)
    small, large = (value(losses.PearsonLoss(), Y * s, p * s) for s in (1.0, 1e3))
    assert large == pytest.approx(1e6 * small, rel=1e-5)


def test_spread_hinge_is_off_by_default():
    p = np.zeros((ROWS, 1))
    assert value(losses.SpreadHinge(), Y, p) == pytest.approx(np.mean(Y**2))


def test_spread_hinge_stops_at_the_reachable_spread():
    hinge = losses.SpreadHinge(reachable_r2=0.25, additive=False)
    assert value(hinge, Y, 0.4 * Y) > 0.09
    assert value(hinge, Y, 0.51 * Y) == 0


def test_spread_hinge_has_no_gradient_at_exact_collapse():
    hinge = losses.SpreadHinge(reachable_r2=0.9, additive=False)
    assert np.abs(gradient(hinge, Y, np.zeros((ROWS, 1)))).max() == 0


@pytest.mark.parametrize(
    "loss", [losses.BalancedMSE(), losses.BalancedMSE(0.5)], ids=["batch", "fixed"]
)
def test_balanced_mse_of_one_row_or_equal_targets_has_no_gradient(loss):
    assert gradient(loss, [3.0], [[1.0]]) == pytest.approx(0)
    assert np.abs(gradient(loss, np.full(ROWS, 3.0), np.zeros((ROWS, 1)))).max() < 1e-5


@pytest.mark.parametrize("slope, share", [(0.8, 0.04), (0.2, 0.25), (-5.0, 0.25)])
def test_balanced_mse_takes_sigma_from_the_batch_up_to_half_the_spread(slope, share):
    auto = value(losses.BalancedMSE(), Y, slope * Y)
    fixed = value(losses.BalancedMSE(np.sqrt(share * Y.var())), Y, slope * Y)
    assert auto == pytest.approx(fixed, rel=1e-4)


def test_balanced_mse_pulls_runaway_predictions_back():
    """With sigma^2 = MSE and no limit, rows above the mean are pushed up for ever."""
    p = 1000 * np.array([1.0, -1.0] * (ROWS // 2), "float32")[:, None]
    slope = gradient(losses.BalancedMSE(), Y, p)
    assert (slope * p >= 0).all()
    assert (slope * p > 0).sum() >= ROWS - 2


@pytest.mark.parametrize(
    "make",
    [
        lambda: losses.SpreadHinge(reachable_r2=1.5),
        lambda: losses.SpreadHinge(weight=-1),
        lambda: losses.PearsonLoss(epsilon=0),
        lambda: losses.BalancedMSE(sigma=0),
        lambda: losses.ConcordanceLoss(epsilon=float("nan")),
        lambda: losses.BetaNLL(beta=1.5),
    ],
)
def test_invalid_arguments_raise(make):
    with pytest.raises(ValueError, match="must be.*Received"):
        make()
