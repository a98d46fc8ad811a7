import numpy as np
import pytest

from meancollapse.judge.baseline import best_constant, is_endless, skill, weighted_quantile


def squared(y):
    return lambda c: float(((y - c) ** 2).mean())


def test_the_mean_is_best_for_squared_error():
    y = np.random.default_rng(0).exponential(size=(200, 2))
    constant, value = best_constant("mean_squared_error", squared(y), y)
    assert constant == pytest.approx(y.mean(0))
    assert value == pytest.approx(y.var(0).mean())


def test_the_median_is_best_for_absolute_error():
    y = np.random.default_rng(0).exponential(size=(201, 1))
    constant, _ = best_constant("mean_absolute_error", lambda c: float(abs(y - c).mean()), y)
    assert constant == pytest.approx(np.median(y, axis=0))


@pytest.mark.parametrize("q", [0.1, 0.5, 0.9])
def test_a_quantile_loss_nobody_knows_is_minimised_numerically(q):
    y = np.random.default_rng(0).exponential(size=(999, 1))

    def pinball(c):
        return float(np.maximum(q * (y - c), (q - 1) * (y - c)).mean())

    constant, value = best_constant("my_pinball", pinball, y)
    assert value <= pinball(np.quantile(y, q)) * 1.001
    assert constant[0] == pytest.approx(np.quantile(y, q), abs=0.1)


def test_the_log_scaled_loss_has_its_optimum_at_the_geometric_mean():
    y = 10 ** np.random.default_rng(0).uniform(-2, 2, size=(500, 1))

    def log_error(c):
        return float((np.log(y) - np.log(np.maximum(c, 1e-9))).__pow__(2).mean())

    constant, value = best_constant("log_error", log_error, y)
    assert value <= log_error(np.exp(np.log(y).mean())) * 1.01
    assert constant[0] == pytest.approx(np.exp(np.log(y).mean()), rel=0.15)


def test_weights_move_mean_and_median():
    y = np.array([[0.0], [1.0], [10.0]])
    weights = np.array([1.0, 1.0, 8.0])
    assert best_constant("mean_squared_error", squared(y), y, weights=weights)[0] == pytest.approx(
        [8.1]
    )
    assert weighted_quantile(y, 0.5, weights) == pytest.approx([10.0])


def test_the_prior_is_best_for_crossentropy_and_is_found_for_focal_loss():
    labels = np.eye(3)[np.random.default_rng(0).choice(3, 500, p=[0.7, 0.2, 0.1])]
    prior = labels.mean(0)

    def focal(p):
        p = (labels * p.reshape(-1, 3)[0]).sum(1)
        return float((-((1 - p) ** 2) * np.log(np.clip(p, 1e-7, 1))).mean())

    constant, value = best_constant("categorical_focal", focal, prior[None], is_distribution=True)
    assert value <= focal(prior)
    assert constant.sum() == pytest.approx(1)


def test_no_even_guess_beats_the_best_constant_of_a_focal_loss_of_many_labels():
    rng = np.random.default_rng(0)
    labels = (rng.random((500, 6)) < [0.1, 0.3, 0.3, 0.4, 0.6, 0.9]).astype(float)

    def focal(p):
        p = np.where(labels > 0, p, 1 - p)
        return float((-((1 - p) ** 2) * np.log(np.clip(p, 1e-7, 1))).mean())

    constant, value = best_constant("custom", focal, labels.mean(0)[None], is_probability=True)
    assert value < focal(labels.mean(0))
    assert value < focal(np.full(6, 0.5))
    assert constant.shape == (6,)
    assert np.all(np.diff(constant[[0, 1, 3, 4, 5]]) > 0)


@pytest.mark.parametrize(
    ("loss", "constant", "perfect", "expected"),
    [(1.0, 1.0, 0.0, 0.0), (0.0, 1.0, 0.0, 1.0), (0.6, 1.0, 0.2, 0.5), (3.0, 1.0, 0.0, -2.0)],
)
def test_skill_runs_from_the_constant_to_the_perfect_prediction(loss, constant, perfect, expected):
    assert skill(loss, constant, perfect) == pytest.approx(expected)


def test_skill_is_unknown_where_the_loss_cannot_tell():
    assert np.isnan(skill(0.5, 1.0, 1.0))
    assert np.isnan(skill(np.nan, 1.0, 0.0))


def test_only_a_loss_that_falls_without_end_says_nothing_of_size():
    y = np.random.default_rng(0).normal(size=(200, 1))
    labels = (y > 0).astype(float)

    def crossentropy_of_logits(p):
        return np.mean(np.logaddexp(0, p) - labels * p)

    assert is_endless(lambda p: -np.mean(y * p), y)
    assert is_endless(lambda p: np.mean(y * p), y)
    assert not is_endless(lambda p: np.mean((y - p) ** 2) + 0.1, y)
    assert not is_endless(lambda p: np.mean(np.abs(y - p)) - 1, y)
    assert not is_endless(crossentropy_of_logits, labels)
    assert not is_endless(lambda p: -np.corrcoef(y[:, 0], p[:, 0])[0, 1], y)
    assert not is_endless(lambda p: np.mean(np.maximum(0, 1 - np.sign(y) * p)), np.sign(y))
