"""Losses that come with a head or a decoder: beta-NLL, symlog, HL-Gauss, logit adjustment."""

import keras
import loss_cases as cases
import numpy as np
import pytest

from meancollapse import losses


def test_mean_variance_head_gives_positive_variances_and_survives_saving(tmp_path):
    model = keras.Sequential([keras.layers.Input((3,)), losses.MeanVarianceHead(2)])
    x = 50 * np.random.default_rng(0).normal(size=(16, 3)).astype("float32")
    before = model.predict(x, verbose=0)
    assert before.shape == (16, 4)
    assert (before[:, 2:] >= 1e-6).all()
    model.save(tmp_path / "head.keras")
    loaded = keras.saving.load_model(tmp_path / "head.keras")
    np.testing.assert_allclose(loaded.predict(x, verbose=0), before, rtol=1e-6)


def test_beta_nll_of_an_odd_last_axis_tells_how_to_fix_it():
    with pytest.raises(ValueError, match=r"\(4, 3\).*MeanVarianceHead"):
        losses.BetaNLL()(np.ones(4), np.ones((4, 3)))


def test_symexp_undoes_symlog():
    x = np.array([-1e6, -3.0, -1e-3, 0.0, 1e-3, 3.0, 1e6], "float32")
    back = cases.to_numpy(losses.symexp(losses.symlog(x)))
    np.testing.assert_allclose(back, x, rtol=2e-6, atol=1e-9)


def test_symlog_has_slope_one_at_zero_and_symexp_never_overflows():
    slope = cases.gradient(lambda x: keras.ops.sum(losses.symlog(x)), np.zeros(1, "float32"))
    assert slope == pytest.approx(1)
    largest = np.array([3e38, -3e38], "float32")
    assert np.isfinite(cases.to_numpy(losses.symexp(largest))).all()


def test_symexp_decoder_turns_outputs_into_predictions():
    x = np.array([[1.0], [-2.0]], "float32")
    decoded = cases.to_numpy(losses.SymexpDecoder()(x))
    np.testing.assert_allclose(decoded, np.sign(x) * np.expm1(np.abs(x)), rtol=1e-6)


def test_hl_gauss_decoder_reads_the_target_back():
    y = np.linspace(3.0, 9.0, 20)
    loss = losses.HLGauss.covering(y, bins=41)
    histogram = losses.hl_gauss_targets(y, loss.min_value, loss.max_value, 41)
    decoded = cases.to_numpy(loss.decoder()(keras.ops.log(histogram + 1e-12)))
    assert decoded.shape == (20, 1)
    np.testing.assert_allclose(decoded[:, 0], y, atol=2e-3)


def test_hl_gauss_range_reaches_three_sigma_beyond_the_targets():
    loss = losses.HLGauss.covering([0.0, 1.0], bins=20)
    sigma = 0.75 * (loss.max_value - loss.min_value) / 20
    assert loss.min_value == pytest.approx(-3 * sigma)
    assert loss.max_value == pytest.approx(1 + 3 * sigma)


def test_hl_gauss_mean_is_drawn_inwards_near_an_edge():
    histogram = losses.hl_gauss_targets(np.array([0.0]), 0.0, 1.0, 5)
    assert float(cases.to_numpy(losses.hl_gauss_mean(histogram, 0.0, 1.0))[0, 0]) > 0.05


def test_hl_gauss_targets_outside_the_range_count_as_its_edge():
    inside, outside = (losses.hl_gauss_targets(np.array([y]), 0.0, 1.0, 5) for y in (1.0, 1e9))
    np.testing.assert_allclose(cases.to_numpy(outside), cases.to_numpy(inside), atol=1e-6)


@pytest.mark.parametrize("low, high", [(1.0, 1.0), (2.0, 1.0), (0.0, float("inf"))])
def test_hl_gauss_needs_a_range(low, high):
    with pytest.raises(ValueError, match="finite, and the first below the second"):
        losses.HLGauss(low, high)


def test_hl_gauss_of_a_constant_target_has_no_range():
    with pytest.raises(ValueError, match="smallest and largest target"):
        losses.HLGauss.covering(np.ones(5), bins=10)


LOGITS = np.array([[2.0, 1.5, 1.0], [0.2, 0.1, 0.0]], "float32")
COUNTS = [90, 9, 1]


def test_index_and_one_hot_targets_agree():
    loss = losses.LogitAdjustedCrossentropy(COUNTS)
    index, one_hot = np.array([2, 0]), np.eye(3)[[2, 0]]
    values = [float(cases.to_numpy(loss(y, LOGITS))) for y in (index, index[:, None], one_hot)]
    np.testing.assert_allclose(values, values[0], rtol=1e-6)


def test_probabilities_and_logits_agree():
    y, probabilities = np.array([2, 0]), keras.ops.softmax(LOGITS)
    a = losses.LogitAdjustedCrossentropy(COUNTS)(y, LOGITS)
    b = losses.LogitAdjustedCrossentropy(COUNTS, from_logits=False)(y, probabilities)
    assert float(cases.to_numpy(a)) == pytest.approx(float(cases.to_numpy(b)), rel=1e-5)


def test_adjustment_after_training_favours_rare_classes_without_touching_the_model():
    adjusted = cases.to_numpy(losses.adjust_logits(LOGITS, COUNTS))
    assert (adjusted.argmax(axis=1) == 2).all()
    probabilities = cases.to_numpy(losses.adjust_probabilities(keras.ops.softmax(LOGITS), COUNTS))
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)
    assert (probabilities.argmax(axis=1) == 2).all()


@pytest.mark.parametrize("counts", [[90, 0], [5], [[1, 2]], [1, -1], [1, float("nan")]])
def test_class_without_examples_is_refused(counts):
    with pytest.raises(ValueError, match="`class_counts` must be one positive number"):
        losses.LogitAdjustedCrossentropy(counts)


def test_number_of_classes_must_fit_the_logits():
    with pytest.raises(ValueError, match="3 logits and 2 class counts"):
        losses.adjust_logits(LOGITS, [1, 2])
