import numpy as np
import pytest
from sklearn import datasets
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

from meancollapse.judge.readability import (
    column_limit,
    input_readability,
    readability,
    reduce_targets,
)

pytestmark = pytest.mark.tensorflow_only  # NumPy only: the same on every backend


def test_equals_a_standardised_ridge_fitted_on_each_half():
    x, y = datasets.load_diabetes(return_X_y=True, scaled=False)
    order = np.random.default_rng(0).permutation(len(y))
    halves = order[: len(y) // 2], order[len(y) // 2 :]
    predicted = np.empty(len(y))
    for fitted, held in (halves, halves[::-1]):
        scaler = StandardScaler().fit(x[fitted])
        model = Ridge(alpha=0.01 * len(fitted)).fit(scaler.transform(x[fitted]), y[fitted])
        predicted[held] = model.predict(np.clip(scaler.transform(x[held]), -5, 5))
    expected = 1 - ((y - predicted) ** 2).sum() / ((y - y.mean()) ** 2).sum()
    assert readability(x, y[:, None]) == pytest.approx(expected, abs=1e-9)


def test_nothing_is_read_from_noise_and_the_floor_is_zero():
    rng = np.random.default_rng(0)
    values = [readability(rng.normal(size=(400, 80)), rng.normal(size=(400, 1))) for _ in range(20)]
    assert min(values) == 0.0
    assert max(values) < 0.02


def test_units_and_offsets_do_not_matter():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 3))
    y = x[:, :1] + 0.1 * rng.normal(size=(300, 1))
    shifted = readability(1e4 + 0.1 * x, 1e6 + 5 * y)
    assert shifted == pytest.approx(readability(x, y), abs=1e-6)


def test_constant_and_non_finite_features_read_nothing():
    y = np.random.default_rng(0).normal(size=(64, 1))
    assert readability(np.full((64, 3), 7.0), y) == 0.0
    assert readability(np.full((64, 3), np.nan), y) == 0.0


@pytest.mark.parametrize("rows", [1, 4, 15])
def test_too_few_rows_are_not_measured(rows):
    x = np.arange(rows, dtype=float)[:, None]
    assert readability(x, x) is None
    assert input_readability(x, x) is None


def test_constant_targets_are_not_measured():
    assert readability(np.random.default_rng(0).normal(size=(64, 3)), np.ones((64, 1))) is None


def test_fourier_features_see_what_a_line_cannot():
    x, y = datasets.make_circles(800, noise=0.1, factor=0.5, random_state=0)
    found = input_readability(x, y[:, None])
    assert readability(x, y[:, None]) < 0.05
    assert found.value > 0.8
    assert found.linear == readability(x, y[:, None])
    assert found.p_value == 0.01


def test_inner_products_read_what_a_ridge_on_all_their_columns_reads():
    rng = np.random.default_rng(0)
    x, noise = rng.normal(size=(300, 500)), rng.normal(size=(300, 2))
    y = x @ rng.normal(size=(500, 2)) + noise
    order = np.random.default_rng(0).permutation(300)
    halves = order[:150], order[150:]
    predicted = np.empty_like(y)
    for fitted, held in (halves, halves[::-1]):
        penalty = 0.3 * x[fitted].var(0).sum()
        predicted[held] = Ridge(alpha=penalty).fit(x[fitted], y[fitted]).predict(x[held])
    expected = 1 - ((y - predicted) ** 2).sum() / ((y - y.mean(0)) ** 2).sum()
    found = input_readability(noise[:, :1], y, x @ x.T)
    assert found.value == found.linear == pytest.approx(expected, abs=1e-9)
    assert found.as_layers < 0.05 < expected


def test_the_permutation_test_keeps_its_size_with_more_columns_than_rows():
    rng = np.random.default_rng(0)
    p_values = []
    for seed in range(60):
        x, y = rng.normal(size=(80, 300)), rng.normal(size=(80, 1))
        p_values.append(input_readability(x[:, :5], y, x @ x.T, seed).p_value)
    # 3 expected at 5 %; more than 9 has probability 0.001 under a valid test.
    assert sum(p <= 0.05 for p in p_values) <= 9
    assert np.mean(p_values) == pytest.approx(0.5, abs=0.15)


def test_the_permutation_test_keeps_its_size():
    rng = np.random.default_rng(0)
    p_values = [
        input_readability(rng.normal(size=(80, 5)), rng.normal(size=(80, 1)), seed=i).p_value
        for i in range(100)
    ]
    # 5 expected at 5 %; more than 12 has probability 0.002 under a valid test.
    assert sum(p <= 0.05 for p in p_values) <= 12
    assert np.mean(p_values) == pytest.approx(0.5, abs=0.12)


def test_many_targets_are_reduced_without_losing_their_variance():
    rng = np.random.default_rng(0)
    y = rng.normal(size=(200, 3)) @ rng.normal(size=(3, 40))
    reduced = reduce_targets(y)
    assert reduced.shape == (200, 16)
    assert (reduced**2).sum() == pytest.approx(((y - y.mean(0)) ** 2).sum())


def test_the_column_limit_is_a_quarter_of_the_rows():
    assert column_limit(1000) == 250
    assert column_limit(4) == 4
