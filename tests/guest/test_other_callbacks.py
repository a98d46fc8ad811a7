"""The callbacks Keras ships, beside ours, in any order."""

import csv
import warnings

import keras
import numpy as np
import pytest
from nets import dead_mlp, mlp, regression_data

import meancollapse as mc


def fit(model, callbacks, epochs=12, **settings):
    x, y = regression_data()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mc.CollapseWarning)
        return model.fit(x, y, epochs=epochs, verbose=0, callbacks=callbacks, **settings).history


def r2(model):
    x, y = regression_data()
    y = np.reshape(y, (len(y), -1))
    return 1 - float(np.mean((model.predict(x, verbose=0) - y) ** 2) / np.var(y))


def either_order(one, other):
    return pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=[f"{one} last", f"{other} last"])


@either_order("other", "ours")
@pytest.mark.parametrize("patience", [2, 100])
def test_early_stopping_keeps_what_a_rescue_gave(order, patience):
    stop = keras.callbacks.EarlyStopping("loss", patience=patience, restore_best_weights=True)
    pair = [mc.RescueOnCollapse(verbose=0), stop]
    model = dead_mlp()
    fit(model, [pair[i] for i in order])
    assert r2(model) > 0.5


@either_order("other", "ours")
def test_early_stopping_keeps_a_rescue_of_the_last_epoch(order):
    stop = keras.callbacks.EarlyStopping("loss", patience=100, restore_best_weights=True)
    rescue = mc.RescueOnCollapse(verbose=0)
    model, pair = dead_mlp(), [rescue, stop]
    fit(model, [pair[i] for i in order], epochs=1)
    assert rescue.rescues[-1].treatment is not None
    assert r2(model) > 0.5


@either_order("other", "ours")
def test_the_best_model_saved_is_the_rescued_one(order, tmp_path):
    path = tmp_path / "best.weights.h5"
    save = keras.callbacks.ModelCheckpoint(
        path, "loss", save_best_only=True, save_weights_only=True
    )
    model, pair = dead_mlp(), [mc.RescueOnCollapse(verbose=0), save]
    fit(model, [pair[i] for i in order])
    model.load_weights(path)
    assert r2(model) > 0.5


@either_order("other", "ours")
def test_a_logger_has_our_columns_from_the_first_epoch(order, tmp_path):
    x, y = regression_data()
    path = tmp_path / "log.csv"
    pair = [mc.WarnOnCollapse(), keras.callbacks.CSVLogger(path)]
    fit(mlp(), [pair[i] for i in order], epochs=2, validation_data=(x, y))
    rows = list(csv.DictReader(path.open()))
    assert all(float(row[key]) > 0 for row in rows for key in ("spread", "val_spread", "grad_norm"))


@either_order("other", "ours")
def test_early_stopping_by_spread(order):
    stop = keras.callbacks.EarlyStopping("spread", mode="max", patience=2, min_delta=10.0)
    pair = [mc.WarnOnCollapse(), stop]
    assert len(fit(mlp(), [pair[i] for i in order])["loss"]) == 3


def test_metrics_of_the_same_name_keep_their_numbers():
    def spread(y, p):
        return 7.0 + 0 * keras.ops.mean(p, -1)

    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((10,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse", metrics=[spread])
    x, y = regression_data()
    history = fit(model, [mc.WarnOnCollapse()], epochs=2, validation_data=(x, y))
    assert history["spread"] == [7.0, 7.0] == history["val_spread"]
    assert all(value > 0 for value in history["grad_norm"])


def test_all_others_at_once(tmp_path):
    """A killed run is taken up again, weights are swapped, rates fall: healthy and untouched."""

    def run(ours):
        keras.utils.set_random_seed(5)
        model = mlp()
        model.compile(keras.optimizers.Adam(0.01, use_ema=True, ema_momentum=0.5), "mse")
        folder = tmp_path / ("ours" if ours else "plain")
        for epochs in (2, 4):  # the second time as after a kill
            others = [
                keras.callbacks.SwapEMAWeights(),
                keras.callbacks.ReduceLROnPlateau("loss", patience=1, min_delta=10.0),
                keras.callbacks.TerminateOnNaN(),
                keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.9),
                keras.callbacks.BackupAndRestore(folder, delete_checkpoint=False),
            ]
            watch = [mc.WarnOnCollapse(), mc.RescueOnCollapse(verbose=0)] if ours else []
            history = fit(model, [*others, *watch], epochs=epochs)
        return model, history

    (watched, ours), (plain, alone) = run(True), run(False)
    for a, b in zip(watched.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5)
    np.testing.assert_allclose(ours["learning_rate"], alone["learning_rate"])
