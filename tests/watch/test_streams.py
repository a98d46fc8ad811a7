"""Running statistics against NumPy in float64."""

import keras
import numpy as np
import pytest

from meancollapse.look.heads import Head
from meancollapse.watch import moments
from meancollapse.watch.streams import moments as batch_moments

REGRESSION = Head("y", "mse", "regression")


def stream(targets, predictions, batch, weights=None, head=REGRESSION):
    table = []
    for start in range(0, len(targets), batch):
        part = slice(start, start + batch)
        weight = None if weights is None else weights[part, None].astype("float32")
        packed = batch_moments(
            keras.ops.convert_to_tensor(targets[part].astype("float32")),
            keras.ops.convert_to_tensor(predictions[part].astype("float32")),
            None if weight is None else keras.ops.convert_to_tensor(weight),
        )
        table.append(np.asarray(keras.ops.convert_to_numpy(packed), np.float64))
    return moments.stream(head, np.stack(table))


@pytest.mark.parametrize("offset", [0.0, 1e3, 1e6])
def test_spread_survives_a_large_offset_in_float32(offset):
    rng = np.random.default_rng(0)
    y = offset + rng.normal(size=(4096, 1))
    p = offset + 0.3 * rng.normal(size=(4096, 1))
    y, p = y.astype("float32").astype("float64"), p.astype("float32").astype("float64")
    found = stream(y, p, 64)
    assert found.spread == pytest.approx(p.std() / y.std(), rel=0.01)
    assert found.r2 == pytest.approx(1 - ((y - p) ** 2).mean() / y.var(), abs=0.01)


@pytest.mark.parametrize("batch", [1, 7, 64, 1000])
def test_any_batch_size_gives_the_same_r2(batch):
    rng = np.random.default_rng(0)
    y = rng.normal(size=(1000, 2)) * [1, 5]
    p = 0.5 * y + rng.normal(size=(1000, 2))
    expected = 1 - ((y - p) ** 2).sum() / ((y - y.mean(0)) ** 2).sum()
    found = stream(y, p, batch)
    assert found.r2 == pytest.approx(expected, abs=1e-5)
    expected_spread = np.sqrt(p.var(0).sum() / y.var(0).sum())
    assert found.spread == pytest.approx(expected_spread, rel=0.03)


def test_a_moving_constant_has_no_spread():
    rng = np.random.default_rng(0)
    y = rng.normal(size=(960, 1))
    p = np.repeat(np.linspace(-3, 3, 30), 32)[:, None]
    assert stream(y, p, 32).spread < 1e-3


def test_rows_sorted_by_target_are_not_taken_for_constant_targets():
    y = np.repeat([0.0, 1.0], 320)[:, None]
    found = stream(y, 0.9 * y, 32)
    assert found.spread == pytest.approx(0.9, abs=1e-3)


def test_sample_weights_are_honoured():
    rng = np.random.default_rng(0)
    y, p = rng.normal(size=(512, 1)), rng.normal(size=(512, 1))
    weights = (rng.random(512) < 0.5).astype(float)
    kept = weights > 0
    expected = 1 - ((y - p)[kept] ** 2).mean() / y[kept].var()
    assert stream(y, p, 64, weights).r2 == pytest.approx(expected, abs=1e-4)


def test_of_several_predictions_of_one_target_the_one_that_follows_counts():
    rng = np.random.default_rng(0)
    y = np.repeat(rng.normal(size=(512, 1)), 2, axis=1)
    p = np.concatenate([np.full((512, 1), 0.7), 0.5 * y[:, :1]], axis=1)
    head = Head("y", None, "regression", one_target=True)
    found = stream(y, p, 64, head=head)
    assert found.spread == pytest.approx(0.5, abs=1e-3)
    assert found.correlation == pytest.approx(1.0, abs=1e-3)


def test_information_of_class_probabilities_is_in_nats():
    labels = np.eye(4)[np.random.default_rng(0).integers(0, 4, 4096)]
    head = Head("y", "categorical_crossentropy", "categorical")
    assert stream(labels, labels, 64, head=head).information == pytest.approx(np.log(4), abs=0.01)
    flat = np.full_like(labels, 0.25)
    assert stream(labels, flat, 64, head=head).information == pytest.approx(0, abs=1e-5)


@pytest.mark.parametrize("value", [0.0, 1.0, 0.1, 1e6])
def test_targets_that_never_vary_are_seen(value):
    y = np.full((320, 3), value)
    p = np.random.default_rng(0).normal(size=(320, 3))
    assert not stream(y, p, 32).target_varies
    assert stream(y, p, 32).spread == 0
    y[7] += max(1.0, value) * 1e-6
    assert stream(y, p, 32).target_varies


def test_nan_is_seen():
    y = np.zeros((64, 1))
    p = np.where(np.arange(64)[:, None] == 40, np.nan, 0.0)
    assert not stream(y, p, 32).finite
