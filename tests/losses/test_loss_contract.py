"""What every loss promises Keras: shapes, ranks, dtypes, weights, masks, saving."""

import keras
import loss_cases as cases
import numpy as np
import pytest

ROWS = 8


def value(loss, y, p, weight=None):
    return float(cases.to_numpy(loss(y, p, weight)))


def data(name, rows=ROWS):
    return cases.targets(name, rows), cases.predictions(name, rows)


@pytest.mark.parametrize("name", cases.ALL)
def test_call_returns_one_value_per_row(name):
    y, p = data(name)
    y = y[:, None] if name == "combined" else y
    assert tuple(cases.ALL[name]().call(keras.ops.array(y), keras.ops.array(p)).shape) == (ROWS,)


@pytest.mark.parametrize("name", cases.ALL)
def test_vector_targets_count_as_a_column_and_never_make_a_table(name):
    y, p = data(name)
    loss = cases.ALL[name]()
    if name == "combined":
        y_vector = y[:, None]  # Keras' own class losses, as terms, do not align ranks
    else:
        y_vector = y
    assert value(loss, y_vector, p) == pytest.approx(value(loss, y[:, None], p), rel=1e-6)


@pytest.mark.parametrize("name", cases.REGRESSION)
def test_vector_outputs_equal_column_outputs(name):
    y, p = data(name)
    loss = cases.REGRESSION[name]()
    assert value(loss, y, p[:, 0]) == pytest.approx(value(loss, y[:, None], p), rel=1e-6)


@pytest.mark.parametrize("name", sorted(set(cases.ALL) - {"combined", "logit_adjusted"}))
def test_shapes_that_do_not_fit_raise_with_both_shapes(name):
    y, p = data(name)
    with pytest.raises(ValueError, match=r"\(7,\).*\(8"):
        cases.ALL[name]()(y[:7], p)


@pytest.mark.parametrize("name", cases.ALL)
def test_half_precision_outputs_are_computed_in_float32(name):
    y, p = data(name)
    loss, half = cases.ALL[name](), p.astype("float16")
    expected = value(loss, y[:, None], half.astype("float32"))
    assert value(loss, y[:, None], keras.ops.array(half)) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("name", cases.REGRESSION)
def test_functions_do_not_overflow_in_float16(name):
    """`call` is handed float16 where `keras.config.floatx()` says so."""
    y = keras.ops.array(np.linspace(0, 1000, ROWS), dtype="float16")
    p = keras.ops.array(np.full((ROWS, 1), 3.0), dtype="float16")
    assert np.isfinite(cases.to_numpy(cases.REGRESSION[name]().call(y, p))).all()


@pytest.mark.parametrize("name", cases.ALL)
def test_config_round_trip_keeps_the_value(name):
    y, p = data(name)
    loss = cases.ALL[name]()
    copy = keras.losses.deserialize(keras.losses.serialize(loss))
    assert type(copy) is type(loss)
    assert copy.get_config() == loss.get_config()
    assert value(copy, y[:, None], p) == pytest.approx(value(loss, y[:, None], p), rel=1e-7)


@pytest.mark.sampled(3)
@pytest.mark.parametrize("name", cases.ALL)
def test_saved_model_comes_back_compiled_with_the_loss(name, tmp_path):
    x = np.ones((ROWS, 2), "float32")
    y = cases.targets(name, ROWS)[:, None]
    model = keras.Sequential(
        [keras.layers.Input((2,)), keras.layers.Dense(cases.outputs(name), "softplus")]
    )
    model.compile("sgd", loss=cases.ALL[name](), run_eagerly=True)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.loss.get_config() == model.loss.get_config()
    loaded.run_eagerly = True
    assert loaded.evaluate(x, y, verbose=0) == pytest.approx(
        model.evaluate(x, y, verbose=0), rel=1e-6
    )


@pytest.mark.parametrize("name", ["ConcordanceLoss", "BalancedMSE", "MeanSquaredLogScaledError"])
def test_registered_name_leads_to_the_class(name):
    model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1)])
    model.compile("sgd", loss=keras.losses.deserialize(f"meancollapse>{name}"))
    history = model.fit(np.ones((4, 2)), np.arange(4.0), verbose=0)
    assert np.isfinite(history.history["loss"]).all()


@pytest.mark.parametrize("name", cases.REGRESSION)
def test_rows_of_weight_zero_have_no_influence(name):
    y, p = data(name)
    weight = np.array([1, 1, 0, 1, 1, 0, 1, 1], "float32")
    loss, keep = cases.REGRESSION[name](), weight > 0
    spoiled_y, spoiled_p = np.where(keep, y, 50.0), np.where(keep[:, None], p, -70.0)
    expected = value(loss, y[keep], p[keep]) * keep.mean()
    assert value(loss, spoiled_y, spoiled_p, weight) == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("name", cases.REGRESSION)
def test_weight_two_equals_the_row_twice(name):
    y, p = data(name)
    weight = np.array([2, 1, 1, 1, 1, 1, 1, 2], "float32")
    repeat = weight.astype(int)
    loss = cases.REGRESSION[name]()
    expected = value(loss, np.repeat(y, repeat), np.repeat(p, repeat, axis=0)) * weight.mean()
    assert value(loss, y, p, weight) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("name", cases.REGRESSION)
def test_all_weights_zero_give_zero(name):
    y, p = data(name)
    assert value(cases.REGRESSION[name](), y, p, np.zeros(ROWS)) == 0


@pytest.mark.parametrize("name", cases.REGRESSION)
def test_masked_steps_have_no_influence(name):
    """A Masking layer marks padded time steps; whatever stands there must not count."""
    x = np.random.default_rng(0).uniform(0.2, 1, (4, 3, 2)).astype("float32")
    x[:, 2] = 0.0  # the padded step
    y = np.random.default_rng(1).uniform(0.2, 1, (4, 3, 1)).astype("float32")
    layers = [keras.layers.Masking(), keras.layers.Dense(1, "softplus")]
    model = keras.Sequential([keras.layers.Input((3, 2)), *layers])
    loss = cases.REGRESSION[name]()
    whole = loss(y, model(x))
    spoiled = y.copy()
    spoiled[:, 2] = 1000.0
    assert value(loss, spoiled, model(x)) == pytest.approx(float(cases.to_numpy(whole)), rel=1e-5)
    unpadded = value(loss, y[:, :2], cases.to_numpy(model(x))[:, :2])
    assert float(cases.to_numpy(whole)) == pytest.approx(unpadded, rel=1e-5)


@pytest.mark.parametrize("name", cases.REGRESSION)
def test_several_outputs_average_the_losses_of_each(name):
    if name in ("balanced", "log_scaled_auto"):
        pytest.skip("shares one noise level, or is covered by its own test")
    if name == "balanced_fixed":
        pytest.skip("compares rows in all outputs at once")
    rng = np.random.default_rng(3)
    y, p = rng.uniform(0.1, 1, (2, ROWS, 2)).astype("float32")
    loss = cases.REGRESSION[name]()
    each = [value(loss, y[:, i], p[:, i]) for i in range(2)]
    assert value(loss, y, p) == pytest.approx(np.mean(each), rel=1e-5)
