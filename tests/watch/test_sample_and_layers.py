"""The rows that are kept, and what a pass through the layers shows and leaves alone."""

import keras
import numpy as np
import pytest
from nets import mlp, regression_data

from meancollapse.judge.readability import input_readability
from meancollapse.look import inputs
from meancollapse.look.layers import compress, forward
from meancollapse.watch.sample import MAX_BYTES, MAX_ROWS, Sample


def filled(batches, expected=None):
    sample = Sample()
    sample.begin_epoch(expected)
    for batch in batches:
        sample.add(batch)
    return sample.rows()


def test_small_data_are_kept_whole_and_in_order():
    x, y = np.arange(60.0).reshape(30, 2), np.arange(30.0)
    kept_x, kept_y, weight = filled([(x[i : i + 10], y[i : i + 10]) for i in (0, 10, 20)])
    np.testing.assert_array_equal(kept_x, x)
    np.testing.assert_array_equal(kept_y, y)
    assert weight is None


def test_never_more_than_a_thousand_rows_or_16_megabytes():
    x, _, _ = filled([(np.zeros((300, 2)), np.zeros(300)) for _ in range(20)])
    assert len(x) == MAX_ROWS
    big = np.zeros((64, 1024, 1024), "float32")  # 4 MB a row
    x, _, _ = filled([(big[:2], np.zeros(2)) for _ in range(9)])
    assert x.nbytes <= MAX_BYTES


def test_rows_sorted_by_class_are_sampled_evenly():
    batches = [(np.zeros((256, 1)), np.full(256, c)) for c in range(10) for _ in range(4)]
    _, y, _ = filled(batches, expected=40)
    assert set(y) == set(range(10))


def test_the_last_sample_stays_until_the_next_one_has_rows():
    sample = Sample()
    sample.begin_epoch(1)
    sample.add((np.ones((4, 1)), np.ones(4)))
    sample.begin_epoch(1)
    assert len(sample.rows()[0]) == 4


def test_sparse_and_ragged_batches_are_refused_in_words():
    class Ragged:
        shape = (None, None)
        dtype = "float32"

    sample = Sample()
    sample.begin_epoch(1)
    assert sample.add((Ragged(), np.ones(4))) == 0
    assert sample.is_unsupported
    assert sample.rows() is None


def test_a_pass_gives_predictions_and_every_layer_in_order():
    x, _ = regression_data(300)
    model = mlp()
    predictions, layers, _ = forward(model, x, 75)
    np.testing.assert_allclose(predictions, model.predict(x, verbose=0), rtol=1e-4, atol=1e-5)
    assert [name for name, _ in layers] == [layer.name for layer in model.layers]
    hidden = keras.Model(model.inputs, model.layers[0].output).predict(x, verbose=0)
    np.testing.assert_allclose(layers[0][1], hidden, rtol=1e-4, atol=1e-5)


def test_a_pass_changes_nothing():
    x, _ = regression_data(64)
    dropout = keras.layers.Dropout(0.5)
    inputs = keras.Input((10,))
    # Dropout that is active in inference would move its seed generator.
    outputs = keras.layers.Dense(1)(
        dropout(keras.layers.BatchNormalization()(inputs), training=True)
    )
    model = keras.Model(inputs, outputs)
    before = [np.array(keras.ops.convert_to_numpy(v)) for v in model.variables]
    calls = [vars(layer).get("call") for layer in model.layers]
    forward(model, x, 16)
    after = [np.array(keras.ops.convert_to_numpy(v)) for v in model.variables]
    for a, b in zip(before, after, strict=True):
        np.testing.assert_array_equal(a, b)
    assert [vars(layer).get("call") for layer in model.layers] == calls


def test_layers_inside_a_model_inside_a_model_are_named_by_path():
    inner = keras.Sequential([keras.layers.Dense(4, name="deep")], name="inner")
    model = keras.Sequential([keras.Input((3,)), inner, keras.layers.Dense(1, name="head")])
    _, layers, _ = forward(model, np.zeros((20, 3), "float32"), 8)
    assert [name for name, _ in layers] == ["inner/deep", "head"]


def test_maps_are_pooled_so_that_places_survive():
    images = np.zeros((3, 32, 32, 1))
    images[0, :16, :16] = images[1, 16:, 16:] = 1
    columns = compress(images, 16)
    assert columns.shape == (3, 16)
    assert columns[0].reshape(4, 4)[:2, :2].min() == 1
    assert columns[1].reshape(4, 4)[2:, 2:].min() == 1


def test_wide_features_are_projected_the_same_way_every_time():
    features = np.random.default_rng(0).normal(size=(5, 400))
    np.testing.assert_array_equal(compress(features[:2], 20), compress(features, 20)[:2])
    assert compress(features, 20).shape == (5, 20)


def test_token_ids_are_also_counted():
    tokens = np.array([[1, 1, 2], [2, 2, 2]])
    columns = inputs.columns(tokens, 16)
    assert columns.shape[1] <= 16
    assert (columns[:, :8].sum(1) == 3).all()
    assert columns[0, 1] == 2


def test_whether_two_inputs_are_alike_is_readable():
    rng = np.random.default_rng(0)
    left, other = rng.normal(size=(2, 512, 20)).astype("float32")
    same = rng.random(512) < 0.5
    right = np.where(same[:, None], left + 0.3 * other, other)
    targets = same.astype(float)[:, None]
    columns = inputs.columns([left, right], 120)
    assert columns.shape == (512, 60)
    np.testing.assert_allclose(columns[:, 40:], np.abs(left - right), rtol=1e-6)
    assert input_readability(columns, targets).value > 0.5
    assert input_readability(columns[:, :40], targets).value < 0.2


def test_inputs_of_other_shapes_or_single_numbers_are_not_compared():
    one, two, numbers = np.ones((6, 2), "float32"), np.ones((6, 3), "float32"), np.ones((6, 1))
    assert inputs.columns([one, two], 40).shape == (6, 5)
    assert inputs.columns([numbers, numbers], 40).shape == (6, 2)


def read(x, target, limit=200):
    columns, gram = inputs.columns(x, limit), inputs.gram(x, limit)
    return input_readability(columns, target[:, None], gram)


def test_one_column_of_many_is_readable():
    rng = np.random.default_rng(0)
    wide = (rng.normal(size=(800, 600)) * 10.0 ** rng.uniform(-3, 3, 600)).astype("float32")
    found = read(wide, wide[:, 0].astype(float))
    assert found.as_layers < 0.05
    assert found.value > 0.5
    assert found.p_value == 0.01
    assert read(wide, rng.permutation(wide[:, 0].astype(float))).p_value > 0.05


@pytest.mark.parametrize("kind", ["int32", "uint16", "float32"])
def test_words_are_readable_though_there_are_more_of_them_than_columns(kind):
    rng = np.random.default_rng(0)
    words = rng.integers(0, 1500, (800, 30))
    tone = rng.normal(size=1500)[words].sum(1)
    found = read(words.astype(kind), tone)
    assert found.as_layers < 0.1
    assert found.value > 0.15
    assert found.p_value == 0.01


def test_a_word_in_its_place_is_readable():
    words = np.random.default_rng(0).integers(0, 8, (800, 20))
    assert read(words, np.sin(words[:, 4] * 2.0)).value > 0.8


def test_where_columns_leave_nothing_out_there_is_nothing_more_to_read():
    rng = np.random.default_rng(0)
    assert inputs.gram(rng.normal(size=(50, 12)), 12) is None
    assert inputs.gram(rng.integers(0, 2, (50, 12)).astype("float32"), 12) is None
    assert not inputs.gram(np.full((50, 13), 3.5), 12).any()
