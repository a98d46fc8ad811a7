"""The promises of the design, each with a test."""

import math
import os
import subprocess
import sys
import textwrap
import warnings
import zipfile

import keras
import numpy as np
import pytest
from conftest import BACKEND
from nets import dead_mlp, mlp, regression_data, watched, weights_of

import meancollapse as mc
from meancollapse.backend import contents, framework
from meancollapse.judge import verdict
from meancollapse.look import layers, look
from meancollapse.watch import instrument, moments, sample, streams


def convnet():
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.Conv2D(4, 3, activation="relu"),
            keras.layers.BatchNormalization(),
            keras.layers.Dropout(0.3),
            keras.layers.Flatten(),
            keras.layers.Dense(1),
        ]
    )
    model.compile(keras.optimizers.Adam(0.01), "mse", metrics=["mae"])
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 8, 8, 1)).astype("float32")
    return model, x, x.mean((1, 2))


def recurrent():
    model = keras.Sequential([keras.Input((6, 3)), keras.layers.LSTM(8), keras.layers.Dense(1)])
    model.compile("rmsprop", "mae")
    x = np.random.default_rng(0).normal(size=(200, 6, 3)).astype("float32")
    return model, x, x.sum((1, 2))[:, None]


def dead():
    return dead_mlp(), *regression_data()


def long_epochs():
    """More steps than are measured, so that plain and measured calls alternate."""
    return mlp(), *regression_data(1600)


def train(build, callbacks):
    keras.backend.clear_session()
    keras.utils.set_random_seed(7)
    model, x, y = build()
    history = model.fit(
        x, y, epochs=3, batch_size=24, verbose=0, callbacks=callbacks, validation_split=0.2
    )
    return model, history.history


@pytest.mark.parametrize("build", [convnet, recurrent, dead, long_epochs])
def test_watching_changes_nothing(build):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mc.CollapseWarning)
        warnings.simplefilter("error", mc.MonitorWarning)
        ours, watched_logs = train(build, [mc.WarnOnCollapse(), mc.GradientMonitor()])
    plain, logs = train(build, [])
    if BACKEND == "jax":
        # Two XLA programs may round differently; the design promises equal losses to 1e-6.
        np.testing.assert_allclose(watched_logs["loss"], logs["loss"], rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(watched_logs["val_loss"], logs["val_loss"], rtol=2e-6, atol=1e-6)
        return
    for a, b in zip(weights_of(ours), weights_of(plain), strict=True):
        np.testing.assert_array_equal(a, b)
    assert watched_logs["loss"] == logs["loss"]
    assert watched_logs["val_loss"] == logs["val_loss"]


STAGES = [
    (instrument, "attach"),
    (instrument.Instrument, "open"),
    (instrument.Instrument, "begin_epoch"),
    (instrument.Instrument, "begin_validation"),
    (instrument.Instrument, "end_validation"),
    (instrument.Instrument, "end_epoch"),
    (instrument.Instrument, "conclude"),
    (streams.Record, "gradients"),
    (streams.Record, "inputs"),
    (streams.Record, "outputs"),
    (streams.Record, "pack"),
    (sample.Sample, "add"),
    (sample.Sample, "rows"),
    (contents, "copies"),
    (framework, "loss_scale"),
    (framework, "to_host"),
    (moments, "stream"),
    (moments, "input_stream"),
    (moments, "variables"),
    (layers, "forward"),
    (look.Looker, "look"),
    (look.Looker, "input_readability"),
    (verdict, "state"),
]


GOES_ON = {"gradients", "inputs", "outputs", "pack", "add", "rows", "copies", "loss_scale"}
GOES_ON |= {"forward", "look", "input_readability"}


@pytest.mark.sampled(4)
@pytest.mark.parametrize(("owner", "stage"), STAGES, ids=[f"{o.__name__}.{s}" for o, s in STAGES])
def test_an_error_of_ours_never_breaks_training(monkeypatch, owner, stage):
    def broken(*args, **kwargs):
        raise RuntimeError("injected")

    if BACKEND == "jax" and stage == "copies":
        pytest.skip("JAX updates nothing in place, so nothing is copied")
    x, y = regression_data()
    # On JAX eager steps save four compilations; the stages inside the step are traced all the same.
    model = dead_mlp(run_eagerly=BACKEND == "jax" and owner is not streams.Record)
    model.fit(x, y, verbose=0, validation_split=0.2)
    before = set(vars(model)), set(vars(model.optimizer))
    monkeypatch.setattr(owner, stage, broken)
    stop = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: setattr(model, "stop_training", epoch == 2)
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        history = model.fit(
            x, y, epochs=9, verbose=0, validation_split=0.2, callbacks=[mc.WarnOnCollapse(), stop]
        )
    ours = [str(w.message) for w in caught if isinstance(w.message, mc.MonitorWarning)]
    assert len(ours) == 1, ours
    assert "injected" in ours[0]
    # What fails inside the step, or on sampled rows, is left out; the rest is still watched.
    goes_on = stage in GOES_ON
    assert ("switched itself off" in ours[0]) != goes_on
    assert len(history.history["loss"]) == 3
    assert len(history.history["spread"]) == 3
    assert (set(vars(model)), set(vars(model.optimizer))) == before
    assert model.train_function is None or "meancollapse" not in model.train_function.__module__


class Interrupted(keras.Sequential):
    """Somebody presses Ctrl-C in the third step."""

    steps = 0

    def train_step(self, *args):
        self.steps += 1
        if self.steps % 3 == 0:
            raise KeyboardInterrupt
        return super().train_step(*args)


def test_an_interrupted_fit_leaves_the_model_clean():
    model = Interrupted([keras.Input((10,)), keras.layers.Dense(1)])
    model.compile("adam", "mse", run_eagerly=True)
    with pytest.raises(KeyboardInterrupt):
        model.fit(*regression_data(), verbose=0)
    before = set(vars(model)), set(vars(model.optimizer)), model.train_function
    with pytest.raises(KeyboardInterrupt):
        model.fit(*regression_data(), verbose=0, callbacks=[mc.WarnOnCollapse()])
    assert (set(vars(model)), set(vars(model.optimizer)), model.train_function) == before


def test_the_users_own_error_is_what_the_user_sees():
    def wrong(y_true, y_pred):
        raise ValueError("a mistake in the user's loss")

    model = mlp(loss=wrong)
    with pytest.raises(ValueError, match="a mistake in the user's loss"):
        model.fit(*regression_data(), verbose=0, callbacks=[mc.WarnOnCollapse()])
    assert "compute_metrics" not in vars(model)


def state_of(model):
    return {
        "attributes": set(vars(model)),
        "optimizer": set(vars(model.optimizer)),
        "metrics": [m.name for m in model.metrics],
        "metric_variables": len(model.metrics_variables),
        "variables": [v.path for v in model.variables],
        "layers": [set(vars(layer)) for layer in model.layers],
        "train_function": model.train_function,
        "test_function": model.test_function,
    }


def test_nothing_is_left_behind(tmp_path):
    x, y = regression_data()
    model = mlp(metrics=["mae"])
    model.fit(x, y, verbose=0, validation_data=(x, y))
    model.save(tmp_path / "before.keras")
    before = state_of(model)
    callbacks = [mc.WarnOnCollapse(), mc.GradientMonitor(), mc.TerminateOnCollapse()]
    model.fit(x, y, epochs=3, verbose=0, validation_data=(x, y), callbacks=callbacks)
    assert state_of(model) == before
    model.save(tmp_path / "after.keras")
    names = [zipfile.ZipFile(tmp_path / f"{n}.keras").namelist() for n in ("before", "after")]
    assert names[0] == names[1]


def test_a_checkpoint_saved_during_fit_loads_without_meancollapse(tmp_path):
    x, y = regression_data()
    model = mlp()
    path = tmp_path / "checkpoint.keras"
    checkpoint = keras.callbacks.ModelCheckpoint(str(path))
    model.fit(x, y, epochs=2, verbose=0, callbacks=[mc.WarnOnCollapse(), checkpoint])
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "expected.npy", model.predict(x, verbose=0))
    script = f"""
        import sys
        sys.modules["meancollapse"] = None
        import keras, numpy as np
        model = keras.models.load_model({str(path)!r})
        expected = np.load({str(tmp_path / "expected.npy")!r})
        found = model.predict(np.load({str(tmp_path / "x.npy")!r}), verbose=0)
        assert abs(found - expected).max() < 1e-5
        model.fit(np.load({str(tmp_path / "x.npy")!r}), expected, verbose=0)
        print("loaded")
    """
    environment = {**os.environ, "PYTHONPATH": ""}
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        env=environment,
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert "loaded" in done.stdout, done.stderr[-2000:]


def test_one_transfer_per_epoch_while_all_is_well(monkeypatch):
    transfers = []
    real = framework.to_host
    monkeypatch.setattr(framework, "to_host", lambda t: transfers.append(len(t)) or real(t))
    looks = []
    real_rows = sample.Sample.rows
    monkeypatch.setattr(sample.Sample, "rows", lambda s: looks.append(1) or real_rows(s))
    x, y = regression_data(640)
    model = mlp()
    model.fit(x, y, epochs=5, verbose=0)
    model.fit(x, y, epochs=6, verbose=0, validation_data=(x, y), callbacks=[mc.WarnOnCollapse()])
    assert len(transfers) == 6
    assert looks == []


def test_no_step_waits_for_the_host(monkeypatch):
    """Nothing is converted to NumPy between the first and the last step of an epoch."""
    converted = []
    real = keras.ops.convert_to_numpy
    monkeypatch.setattr(keras.ops, "convert_to_numpy", lambda t: converted.append(1) or real(t))
    inside = []

    class Count(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            self.before = len(converted)

        def on_train_batch_end(self, batch, logs=None):
            self.inside = len(converted) - self.before

        def on_epoch_end(self, epoch, logs=None):
            inside.append(self.inside)

    x, y = regression_data(640)
    mlp().fit(x, y, epochs=3, verbose=0, callbacks=[Count(), mc.WarnOnCollapse()])
    assert inside == [0, 0, 0]
    assert len(converted) > 0


def test_batch_hooks_are_not_used():
    """Keras runs batch hooks in a thread pool or not at all, depending on the backend."""
    for name in ("on_train_batch_begin", "on_train_batch_end", "on_batch_end"):
        assert getattr(mc.WarnOnCollapse, name) is getattr(keras.callbacks.Callback, name)


def test_two_fits_on_the_same_callback_and_model():
    x, y = regression_data()
    model, callback = mlp(), mc.WarnOnCollapse()
    model.fit(x, y, epochs=3, verbose=0, callbacks=[callback])
    assert len(callback.history) == 3
    first = callback.history[-1].outputs[0].train.spread
    model.evaluate(x, y, verbose=0)
    model.predict(x, verbose=0)
    model.fit(x, y, epochs=5, verbose=0, callbacks=[callback])
    assert [e.epoch for e in callback.history] == [0, 1, 2, 3, 4]
    assert callback.history[0].grad_norm > 0
    assert callback.history[-1].outputs[0].train.spread > first


def test_an_evaluation_inside_the_fit_does_not_disturb():
    x, y = regression_data()
    model = mlp()
    inner = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: (
            model.evaluate(x[:32], y[:32], verbose=0) and model.predict(x[:32], verbose=0)
        )
    )
    callback, warned = watched(model, x, y, epochs=4)
    again = mc.WarnOnCollapse()
    model.fit(x, y, epochs=3, verbose=0, callbacks=[inner, again], validation_data=(x, y))
    assert warned == []
    assert all(e.outputs[0].validation.rows == len(x) for e in again.history)


def test_target_with_a_large_offset_has_the_right_spread():
    x, y = regression_data(512)
    target = (1e6 + y).astype("float32")
    model = mlp()
    model.layers[-1].bias_initializer = keras.initializers.Constant(1e6)
    kernel, bias = model.layers[-1].get_weights()
    model.layers[-1].set_weights([kernel, bias + 1e6])
    history = model.fit(
        x,
        target,
        epochs=10,
        verbose=0,
        validation_data=(x, target),
        callbacks=[mc.WarnOnCollapse()],
    )
    predictions = model.predict(x, verbose=0).astype("float64")
    expected = predictions.std() / target.astype("float64").std()
    assert expected > 0.3
    assert history.history["val_spread"][-1] == pytest.approx(expected, rel=0.02)


def test_several_callbacks_share_one_instrument(monkeypatch):
    opened = []
    real = instrument.Instrument.open
    monkeypatch.setattr(instrument.Instrument, "open", lambda s: opened.append(1) or real(s))
    warn, monitor = mc.WarnOnCollapse(), mc.GradientMonitor()
    mlp().fit(*regression_data(), epochs=2, verbose=0, callbacks=[warn, monitor])
    assert opened == [1]
    assert warn.history[-1] is monitor.evidence[-1]


def test_log_keys_are_there_from_the_first_epoch_even_when_watching_failed(monkeypatch):
    def broken(*args, **kwargs):
        raise RuntimeError("injected")

    monkeypatch.setattr(instrument.Instrument, "end_epoch", broken)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        history = mlp().fit(
            *regression_data(), epochs=3, verbose=0, callbacks=[mc.WarnOnCollapse()]
        )
    assert all(math.isnan(v) for v in history.history["spread"])
    assert len(history.history["grad_norm"]) == 3
