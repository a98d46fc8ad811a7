"""Each metric against float64 NumPy, on all rows at once, whatever the batches."""

import keras
import numpy as np
import pytest

from meancollapse import metrics

METRICS = [
    metrics.PredictionSpread,
    metrics.SkillScore,
    metrics.Information,
    metrics.Concordance,
]


def reference(y, p, w=None):
    y, p = np.asarray(y, "float64").ravel(), np.asarray(p, "float64").ravel()
    w = np.ones_like(y) if w is None else np.asarray(w, "float64").ravel()
    w = w / w.sum()
    my, mp = w @ y, w @ p
    vy, vp, mse = w @ (y - my) ** 2, w @ (p - mp) ** 2, w @ (y - p) ** 2
    covariance = w @ ((y - my) * (p - mp))
    skill = 1 - mse / vy
    return {
        "PredictionSpread": np.sqrt(vp / vy),
        "SkillScore": skill,
        "Information": -0.5 * np.log(1 - max(skill, 0)),
        "Concordance": 2 * covariance / (vy + vp + (my - mp) ** 2),
    }


def run(metric, y, p, w=None, batch=60):
    for i in range(0, len(y), batch):
        rows = slice(i, i + batch)
        metric.update_state(y[rows], p[rows], None if w is None else w[rows])
    return float(keras.ops.convert_to_numpy(metric.result()))


def data(offset=0.0, n=600, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.normal(size=n)
    p = 0.6 * y + 0.3 * rng.normal(size=n) + 0.1
    return (offset + y).astype("float32"), (offset + p).astype("float32")[:, None]


@pytest.mark.parametrize("offset", [0.0, 1e3, -1e6])
@pytest.mark.parametrize("cls", METRICS)
def test_value_is_exact_in_float32_at_any_offset(cls, offset):
    y, p = data(offset)
    assert run(cls(), y, p) == pytest.approx(reference(y, p)[cls.__name__], abs=2e-6)


@pytest.mark.parametrize("cls", METRICS)
def test_constant_predictor_scores_zero_at_offset_a_million(cls):
    """keras.metrics.R2Score says 0.975 at offset 1e4."""
    y, _ = data(1e6)
    constant = np.full_like(y, y.astype("float64").mean())
    assert run(cls(), y, constant) == pytest.approx(0, abs=2e-3)
    assert run(metrics.PredictionSpread(), y, constant) == 0


@pytest.mark.parametrize("cls", METRICS)
def test_batches_far_apart_merge_exactly(cls):
    y, p = data()
    y, p = np.sort(y) * 1e3, np.sort(p, axis=0) * 1e3
    assert run(cls(), y, p) == pytest.approx(reference(y, p)[cls.__name__], rel=1e-5)


@pytest.mark.parametrize("cls", METRICS)
def test_sample_weights_count_rows(cls):
    y, p = data(1e6, n=300)
    w = np.random.default_rng(1).integers(0, 4, 300).astype("float32")
    p[w == 0] = 3e8
    keep = w > 0
    expected = reference(y[keep], p[keep], w[keep])[cls.__name__]
    assert run(cls(), y, p, w) == pytest.approx(expected, abs=5e-6)


@pytest.mark.parametrize("cls", METRICS)
def test_masked_steps_do_not_count(cls):
    rng = np.random.default_rng(0)
    x, y = rng.uniform(0.2, 1, (2, 6, 3, 1)).astype("float32")
    x[:, 2] = 0
    masked = keras.Sequential([keras.layers.Masking(), keras.layers.Dense(1)])(x)
    y[:, 2] = 99.0
    metric = cls()
    metric.update_state(y, masked)
    p = keras.ops.convert_to_numpy(masked)[:, :2]
    expected = reference(y[:, :2], p)[cls.__name__]
    assert float(metric.result()) == pytest.approx(expected, rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("cls", METRICS)
def test_batch_of_weight_zero_changes_nothing(cls):
    y, p = data(1e6, n=60)
    metric, zero = cls(), np.zeros(60, "float32")
    metric.update_state(y, p, zero)
    metric.update_state(y, p)
    metric.update_state(5 * y, p, zero)
    assert float(metric.result()) == pytest.approx(reference(y, p)[cls.__name__], abs=2e-6)


@pytest.mark.parametrize("cls", METRICS)
def test_targets_that_do_not_vary_give_zero(cls):
    assert run(cls(), np.full(60, 1e6, "float32"), np.full((60, 1), 1e6, "float32")) == 0


def test_vector_targets_never_make_a_table():
    y, p = data(n=60)
    assert run(metrics.SkillScore(), y, p) == run(metrics.SkillScore(), y[:, None], p[:, 0])


def test_reset_forgets_everything():
    y, p = data(1e6)
    metric = metrics.SkillScore()
    run(metric, 3 * y, p)
    metric.reset_state()
    assert float(metric.result()) == 0
    assert run(metric, y, p) == pytest.approx(reference(y, p)["SkillScore"], abs=2e-6)


def test_information_of_perfect_predictions_is_capped():
    y, _ = data()
    assert run(metrics.Information(), y, y) == pytest.approx(8.06, abs=0.01)


def test_shapes_that_do_not_fit_raise():
    with pytest.raises(ValueError, match="same shape"):
        metrics.SkillScore().update_state(np.ones((4, 2)), np.ones((4, 3)))
