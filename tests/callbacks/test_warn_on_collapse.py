import _thread
import json
import math
import pickle
import threading
import warnings

import keras
import numpy as np
import pytest
from nets import class_data, dead_mlp, mlp, regression_data, watched

import meancollapse as mc
from meancollapse.callbacks.monitor import level_of_fit
from meancollapse.look import examine

KEYS = {"loss", "spread", "grad_norm"}


def test_warns_once_about_a_dead_network_and_names_the_layer():
    model = dead_mlp()
    callback, warned = watched(model, *regression_data(), epochs=10)
    assert [type(w) for w in warned] == [mc.CollapseWarning]
    found = warned[0].verdict
    assert found.state == "collapsed"
    assert found.output == model.layers[-1].name
    assert str(warned[0]) == found.message
    assert f"lost in layer '{model.layers[0].name}'" in found.message
    assert found.epoch <= 3
    assert callback.verdicts[-1].state == "collapsed"


def test_the_message_is_one_readable_paragraph():
    _, warned = watched(dead_mlp(), *regression_data(), epochs=6)
    message = str(warned[0])
    assert "\n" not in message
    assert "Traceback" not in message
    for words in ("Epoch 1,", "output '", "spread", "skill", "held-out R²", "layer '", "cause"):
        assert words in message
    assert 100 < len(message) < 1300


def test_says_nothing_about_a_healthy_network():
    callback, warned = watched(mlp(), *regression_data(), epochs=15)
    assert warned == []
    assert callback.verdicts[-1].state == "healthy"
    assert callback.verdicts[-1].cause is None


def test_an_output_that_is_not_trained_is_not_judged():
    x, y = regression_data()
    inputs = keras.Input(x.shape[1:])
    hidden = keras.layers.Dense(16, activation="tanh")(inputs)
    heads = [keras.layers.Dense(1, name=name)(hidden) for name in ("learned", "untrained")]
    heads[1] = keras.ops.multiply(heads[1], 0.0)
    model = keras.Model(inputs, dict(zip(("learned", "untrained"), heads, strict=True)))
    model.compile(keras.optimizers.Adam(0.01), {"learned": "mse", "untrained": None})
    callback, warned = watched(model, x, {"learned": y, "untrained": y}, epochs=15)
    assert warned == []
    assert {found.output for found in callback.verdicts} == {"learned"}


def test_adds_exactly_two_keys_and_a_third_with_validation():
    x, y = regression_data()
    model = mlp()
    history = model.fit(x, y, epochs=2, verbose=0, callbacks=[mc.WarnOnCollapse()])
    assert set(history.history) == KEYS
    history = model.fit(
        x, y, epochs=2, verbose=0, validation_data=(x, y), callbacks=[mc.WarnOnCollapse()]
    )
    assert set(history.history) == KEYS | {"val_loss", "val_spread"}
    assert all(len(values) == 2 for values in history.history.values())
    assert all(isinstance(v, float) for values in history.history.values() for v in values)


def test_logged_spread_is_the_spread_of_the_predictions():
    x, y = regression_data()
    model = mlp()
    history = model.fit(
        x, y, epochs=12, verbose=0, validation_data=(x, y), callbacks=[mc.WarnOnCollapse()]
    )
    expected = model.predict(x, verbose=0).std() / y.std()
    assert history.history["val_spread"][-1] == pytest.approx(expected, rel=0.02)
    assert history.history["spread"][-1] == pytest.approx(expected, rel=0.15)


def test_early_stopping_can_watch_the_spread():
    x, y = regression_data()
    stop = keras.callbacks.EarlyStopping(monitor="spread", mode="max", patience=2)
    history = dead_mlp().fit(x, y, epochs=20, verbose=0, callbacks=[mc.WarnOnCollapse(), stop])
    assert len(history.history["spread"]) == 3


def test_pure_noise_has_no_signal():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(300, 4)).astype("float32"), rng.normal(size=(300, 1)).astype("float32")
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4, kernel_regularizer="l2")])
    model.add(keras.layers.Dense(1))
    model.compile("adam", "mse")
    _, warned = watched(model, x, y, epochs=30)
    assert [w.verdict.state for w in warned] in ([], ["no_signal"])
    assert all(w.verdict.cause == "no_signal" for w in warned)


def test_targets_that_are_all_one_class_for_the_loss():
    x, labels = class_data()
    model = mlp(3, "softmax", loss="sparse_categorical_crossentropy")
    _, warned = watched(model, x, (labels / 255).astype("float32"), epochs=10)
    assert [w.verdict.state for w in warned] == ["no_signal"]
    assert warned[0].verdict.cause == "invalid_target"


def test_nan_is_reported_as_non_finite():
    x, y = regression_data()
    y[3] = np.nan
    _, warned = watched(mlp(), x, y, epochs=3)
    assert [w.verdict.state for w in warned] == ["non_finite"]
    assert warned[0].verdict.cause == "non_finite"
    assert warned[0].verdict.epoch == 0


def test_one_class_for_every_example():
    x, labels = class_data()
    model = dead_mlp(outputs=3, activation="softmax", loss="sparse_categorical_crossentropy")
    _, warned = watched(model, x, labels, epochs=8)
    assert [w.verdict.state for w in warned] == ["collapsed"]
    assert "every example gets class" in str(warned[0])
    assert "with the same probabilities" in str(warned[0])


def test_softmax_on_one_unit_although_its_hidden_logits_learn():
    x, labels = class_data(classes=2)
    model = mlp(1, "softmax", loss="binary_crossentropy")
    _, warned = watched(model, x, labels.astype("float32")[:, None], epochs=10)
    assert [w.verdict.state for w in warned] == ["collapsed"]


def test_from_logits_is_judged_as_probabilities():
    x, labels = class_data()
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    callback, warned = watched(mlp(3, loss=loss), x, labels, epochs=12)
    assert warned == []
    last = callback.history[-1].outputs[0]
    assert last.is_classification
    assert 0.8 < last.train.spread < 1.1
    assert last.train.information == pytest.approx(math.log(3), abs=0.2)


def test_a_custom_loss_is_judged_against_its_own_best_constant():
    x, y = regression_data()

    def pinball(y_true, y_pred):
        error = y_true - y_pred
        return keras.ops.mean(keras.ops.maximum(0.9 * error, -0.1 * error), axis=-1)

    callback, warned = watched(dead_mlp(loss=pinball), x, y, epochs=8)
    assert [w.verdict.state for w in warned] == ["collapsed"]
    look = [e.outputs[0].look for e in callback.history if e.outputs[0].look][-1]
    assert look.constant[0] == pytest.approx(np.quantile(y, 0.9), abs=0.15)


def test_the_history_is_plain_numbers():
    callback, _ = watched(dead_mlp(), *regression_data(), epochs=4)
    assert len(callback.history) == 4
    assert [e.epoch for e in callback.history] == [0, 1, 2, 3]
    json.dumps([e.to_dict() for e in callback.history])
    with pytest.raises(AttributeError):
        callback.history[0].epoch = 7


def test_inputs_are_measured_column_by_column():
    x, y = regression_data(512)
    x = x * np.arange(10) + 1000  # the first column is constant
    callback, _ = watched(mlp(), x.astype("float32"), y, epochs=1)
    (found,) = callback.history[0].inputs
    assert (found.rows, found.columns, found.constant_columns) == (512, 10, 1)
    assert found.mean == pytest.approx(x.mean(), rel=1e-5)
    assert found.std == pytest.approx(x.std(), rel=1e-3)
    assert found.smallest_std == pytest.approx(x[:, 1:].std(0).min(), rel=1e-3)
    assert found.largest_std == pytest.approx(x.std(0).max(), rel=1e-3)


def test_probe_data_is_used():
    x, y = regression_data()
    callback, _ = watched(
        dead_mlp(), x, y, epochs=4, callback=mc.WarnOnCollapse(probe_data=(x[:100], y[:100]))
    )
    looks = [e.outputs[0].look for e in callback.history if e.outputs[0].look]
    assert {look.rows for look in looks} == {100}


@pytest.mark.parametrize("wrong", [np.zeros((3, 2)), (1,), "data"])
def test_wrong_probe_data_says_what_was_expected(wrong):
    with pytest.raises(ValueError, match=r"tuple \(x, y\)"):
        mc.WarnOnCollapse(probe_data=wrong)


def test_a_filter_that_turns_the_warning_into_an_error_stops_training():
    model = dead_mlp()
    with warnings.catch_warnings():
        warnings.simplefilter("error", mc.CollapseWarning)
        with pytest.raises(mc.CollapseWarning):
            model.fit(*regression_data(), epochs=10, verbose=0, callbacks=[mc.WarnOnCollapse()])
    assert "compute_metrics" not in vars(model)


def test_targets_outside_the_range_of_the_loss_are_named():
    if keras.config.backend() == "torch":
        pytest.skip("torch refuses such targets itself")
    x, labels = class_data(classes=2)
    model = mlp(1, "sigmoid", loss="binary_crossentropy")
    _, warned = watched(model, x, (labels + 1.0)[:, None], epochs=40)
    assert [w.verdict.state for w in warned] == ["collapsed"]
    assert warned[0].verdict.cause == "invalid_target"
    assert "from 1 to 2" in str(warned[0])


def test_the_warning_survives_pickling_and_being_rebuilt_from_its_text():
    _, (warning,) = watched(dead_mlp(), *regression_data(), epochs=4)
    copy = pickle.loads(pickle.dumps(warning))
    assert copy.verdict == warning.verdict
    assert str(mc.CollapseWarning(str(warning))) == str(copy) == warning.verdict.message


def test_nan_in_the_validation_targets_is_not_blamed_on_the_weights():
    x, y = regression_data()
    broken = np.where(np.arange(len(y))[:, None] == 3, np.nan, y)
    _, warned = watched(mlp(), x, y, epochs=2, validation_data=(x, broken))
    assert [w.verdict.state for w in warned] == ["non_finite"]
    assert "validation data" in str(warned[0])
    assert "will not recover" not in str(warned[0])


def test_a_collapse_is_told_even_if_its_cause_cannot_be_looked_for(monkeypatch):
    def broken(*args):
        raise RuntimeError("injected")

    monkeypatch.setattr(examine, "examine", broken)
    watch, warned = watched(dead_mlp(), *regression_data(), epochs=4)
    assert [type(w).__name__ for w in warned] == ["MonitorWarning", "CollapseWarning"]
    assert "injected" in str(warned[0])
    assert warned[1].verdict.state == "collapsed"
    assert warned[1].verdict.cause is None
    assert "does not decide" in str(warned[1])
    assert len(watch.history) == 4


def test_the_warning_points_to_a_script_that_calls_fit_at_its_top_level():
    """In a bare thread the calling line is the bottom of the stack, as it is in a script."""
    ours = {"__name__": "meancollapse.callbacks", "level": level_of_fit, "warnings": warnings}
    exec("def on_epoch_end():\n    warnings.warn('collapsed', stacklevel=level())", ours)
    script = compile("\n\non_epoch_end()\ndone.set()", "train.py", "exec")
    done = threading.Event()
    namespace = {"__name__": "__main__", "on_epoch_end": ours["on_epoch_end"], "done": done}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        _thread.start_new_thread(exec, (script, namespace))
        assert done.wait(10)
    assert [(w.filename, w.lineno) for w in caught] == [("train.py", 3)]
