import keras
import loss_cases as cases
import numpy as np
import pytest

from meancollapse import losses


def slope(p, y=0.5, **kwargs):
    loss = losses.MeanSquaredLogScaledError(**kwargs)
    return float(cases.gradient(lambda p: loss([[y]], p), np.array([[p]], "float32"))[0, 0])


def test_safe_log_is_the_logarithm_down_to_the_floor():
    x = np.array([1e-4, 1e-3, 0.5, 1.0, 1e6], "float32")
    np.testing.assert_allclose(cases.to_numpy(losses.safe_log(x, 1e-4)), np.log(x), atol=1e-6)


def test_safe_log_increases_everywhere_and_has_the_documented_derivative():
    x = np.array([-1e3, -1.0, -1e-2, -1e-5, 0.0, 1e-5, 1e-2, 1.0, 1e3], "float32")
    value = cases.to_numpy(losses.safe_log(x, 1e-4))
    assert (np.diff(value) > 0).all()
    slope = cases.gradient(lambda x: keras.ops.sum(losses.safe_log(x, 1e-4)), x)
    np.testing.assert_allclose(slope, 1 / np.maximum(np.abs(x), 1e-4), rtol=1e-5)


@pytest.mark.parametrize("p, literal", [(0.1, -162.0), (0.01, -3.9e3), (1e-3, -6.2e4)])
def test_gradient_is_literal_above_the_floor(p, literal):
    assert slope(p) == pytest.approx(literal, rel=0.01)


def test_gradient_at_zero_is_bounded_by_the_floor():
    """The literal formula gives -2e11 there."""
    assert -1.1e6 < slope(0.0) < -1e5
    assert -1.1e5 < slope(0.0, floor=1e-3) < -1e4


def test_smaller_floor_restores_the_literal_formula_at_zero():
    assert slope(0.0, floor=1e-9) == pytest.approx(-2.0e11, rel=0.05)


@pytest.mark.parametrize("y", [-2.0, -1e-6, 0.0, 1e-6, 0.3, 40.0])
def test_best_prediction_is_the_target_for_any_sign(y):
    loss = losses.MeanSquaredLogScaledError()
    candidates = y + np.array([-0.5, -1e-3, 0.0, 1e-3, 0.5])
    values = [float(cases.to_numpy(loss([[y]], [[p]]))) for p in candidates]
    assert np.argmin(values) == 2


def test_best_constant_moves_from_the_mean_to_the_geometric_mean():
    y = 10 ** np.random.default_rng(0).uniform(-2, 0, 500)
    grid = np.linspace(0.01, 0.6, 400)
    loss = losses.MeanSquaredLogScaledError(alpha=1e4)
    costs = [float(cases.to_numpy(loss(y, np.full((500, 1), c)))) for c in grid]
    assert grid[np.argmin(costs)] == pytest.approx(np.exp(np.log(y).mean()), abs=0.005)


def test_auto_epsilon_makes_the_logarithmic_term_free_of_units():
    rng = np.random.default_rng(0)
    y, p = rng.uniform(0.1, 1, (2, 16)).astype("float32")
    loss = losses.MeanSquaredLogScaledError(alpha=1e6, epsilon="auto")
    small, large = (float(cases.to_numpy(loss(y * s, p * s))) for s in (1.0, 10.0))
    assert large == pytest.approx(small, rel=1e-3)


def test_invalid_arguments_are_named():
    for kwargs in ({"alpha": -1}, {"epsilon": "big"}, {"epsilon": -1.0}, {"floor": 0.0}):
        with pytest.raises(ValueError, match=f"`{next(iter(kwargs))}` must be"):
            losses.MeanSquaredLogScaledError(**kwargs)
