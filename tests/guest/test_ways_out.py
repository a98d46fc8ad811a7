"""However a `fit` ends, nothing of us is left behind, and the next one is watched as ever."""

import copy
import pickle
import warnings

import keras
import numpy as np
import pytest
from conftest import BACKEND
from nets import dead_mlp, mlp, regression_data

import meancollapse as mc

OF_KERAS = {"_eval_epoch_iterator", "stop_evaluating", "stop_predicting", "stop_training"}


class Pruned(Exception):
    """As Optuna's `TrialPruned`."""


def raising(hook, error):
    def action(self, *args, **kwargs):
        if hook != "on_epoch_end" or args[0] == 1:
            raise error

    return type("Raising", (keras.callbacks.Callback,), {hook: action})()


def held(model):
    return set(vars(model)) - OF_KERAS, set(vars(model.optimizer))


@pytest.mark.sampled(2)
@pytest.mark.parametrize("error", [Pruned, KeyboardInterrupt])
@pytest.mark.parametrize(
    "hook",
    ["on_train_begin", "on_epoch_begin", "on_train_batch_end", "on_test_begin", "on_epoch_end"],
)
def test_another_callback_raises(hook, error):
    x, y = regression_data()
    model = mlp()
    model.fit(x, y, verbose=0, validation_data=(x, y))
    before, function = held(model), model.train_function
    try:
        callbacks = [mc.WarnOnCollapse(), raising(hook, error)]
        model.fit(x, y, epochs=4, verbose=0, validation_data=(x, y), callbacks=callbacks)
    except error:
        pass
    assert held(model) == before
    assert model.train_function is function
    assert "meancollapse" not in str(getattr(model.test_function, "__module__", ""))
    callback = mc.WarnOnCollapse()
    history = model.fit(x, y, epochs=3, verbose=0, validation_data=(x, y), callbacks=[callback])
    assert [evidence.epoch for evidence in callback.history] == [0, 1, 2]
    assert np.isfinite(history.history["val_spread"]).all()
    assert held(model) == before


def test_a_fit_that_an_exception_keeps_alive_is_over_all_the_same():
    """A notebook holds on to the last traceback, and so to everything in it."""
    x, y = regression_data()
    watched, plain = mlp(), mlp()
    plain.set_weights(watched.get_weights())
    for model, ours in ((watched, [mc.WarnOnCollapse()]), (plain, [])):
        with pytest.raises(Pruned):
            model.fit(x, y, epochs=4, verbose=0, callbacks=[*ours, raising("on_epoch_end", Pruned)])
        kept = model.fit(x, y, epochs=2, verbose=0, shuffle=False).history["loss"]
        assert "meancollapse" not in str(getattr(model.train_function, "__module__", ""))
        assert np.isfinite(kept).all()
    assert held(watched) == held(plain)


def test_data_that_raise():
    class Bad(keras.utils.PyDataset):
        def __len__(self):
            return 4

        def __getitem__(self, index):
            if index == 2:
                raise ValueError("bad file")
            return regression_data(32)

    x, y = regression_data()
    kinds = []
    for callbacks in ([], [mc.WarnOnCollapse()]):
        model = mlp()
        model.fit(x, y, verbose=0, validation_data=(x, y))
        before = held(model)
        with pytest.raises(Exception) as caught:
            model.fit(x, y, verbose=0, validation_data=Bad(), callbacks=callbacks)
        kinds.append(caught.type)
        del caught
        assert held(model) == before
    assert kinds[0] is kinds[1]


def test_an_error_in_the_users_step_is_seen_as_it_is():
    """One that would not come a second time must not be lost by trying again."""
    seen = []

    class Model(keras.Sequential):
        def train_step(self, *args):
            seen.append(1)
            if len(seen) == 1:
                raise Pruned("a typo")
            return super().train_step(*args)

    model = Model([keras.Input((10,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    x, y = regression_data()
    with pytest.raises(Pruned, match="a typo"):
        model.fit(x, y, verbose=0, callbacks=[mc.WarnOnCollapse()])


def test_a_loop_of_ones_own():
    x, y = regression_data()

    def run(ours):
        keras.utils.set_random_seed(3)
        model, callback = mlp(), mc.WarnOnCollapse()
        callbacks = keras.callbacks.CallbackList([callback] if ours else [], model=model, epochs=2)
        callbacks.on_train_begin()
        for epoch in range(2):
            callbacks.on_epoch_begin(epoch)
            for batch in range(80):
                rows = slice(32 * (batch % 4), 32 * (batch % 4) + 32)
                callbacks.on_train_batch_begin(batch)
                logs = model.train_on_batch(x[rows], y[rows], return_dict=True)
                callbacks.on_train_batch_end(batch, logs)
            callbacks.on_epoch_end(epoch, logs)
        callbacks.on_train_end()
        return model, callback

    watched, callback = run(True)
    plain, _ = run(False)
    for a, b in zip(watched.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5 if BACKEND == "jax" else 0)
    assert [evidence.epoch for evidence in callback.history] == [0, 1]
    assert callback.history[-1].outputs[0].train.spread > 0.1
    assert held(watched) == held(plain)


def test_copies_in_mid_fit():
    """Keras Tuner copies callbacks, joblib pickles them."""
    x, y = regression_data()
    callback, copied = mc.RescueOnCollapse(verbose=0), []

    class Copy(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            copied.extend([copy.deepcopy(callback), pickle.loads(pickle.dumps(callback))])

    mlp().fit(x, y, epochs=2, verbose=0, callbacks=[callback, Copy()])
    assert [len(each.history) for each in copied] == [1, 1, 2, 2]
    assert copied[-1].report().history == tuple(callback.history)
    model = mlp()
    model.fit(x, y, epochs=2, verbose=0, callbacks=[copied[0]])
    assert len(copied[0].history) == 2


def test_the_same_callback_twice_in_a_list():
    x, y = regression_data()
    callback = mc.WarnOnCollapse()
    mlp().fit(x, y, epochs=3, verbose=0, callbacks=[callback, callback])
    assert [evidence.epoch for evidence in callback.history] == [0, 1, 2]


@pytest.mark.parametrize("make", [mc.WarnOnCollapse, mc.RescueOnCollapse, mc.AdjustLROnCollapse])
def test_all_warnings_are_errors(make):
    x, y = regression_data()
    model = mlp()
    with warnings.catch_warnings(), np.errstate(all="raise"):
        warnings.simplefilter("error")
        # Keras on NumPy 2.4, without us as well.
        warnings.filterwarnings("ignore", "__array__ implementation", DeprecationWarning, "keras")
        weights = np.where(np.arange(len(x)) % 3, 1.0, -1.0)
        model.fit(x, y, epochs=3, verbose=0, sample_weight=weights, callbacks=[make()])


def test_a_warning_of_the_users_is_shown_as_often_as_without_us():
    x, y = regression_data()

    class Warns(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            warnings.warn("mine", stacklevel=1)

    for callbacks in ([Warns()], [mc.WarnOnCollapse(), Warns()]):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("default")
            dead_mlp().fit(x, y, epochs=4, verbose=0, callbacks=callbacks)
        assert sum(str(w.message) == "mine" for w in caught) == 1


class Unprintable:
    """A stream that is closed, as far as printing goes."""

    encoding = "ascii"

    def write(self, text):
        raise ValueError("I/O operation on closed file")

    def flush(self):
        raise OSError("broken pipe")


def test_a_rescue_when_nothing_can_be_printed(monkeypatch):
    x, y = regression_data()
    callback = mc.RescueOnCollapse()
    monkeypatch.setattr("sys.stdout", Unprintable())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mc.CollapseWarning)
        dead_mlp().fit(x, y, epochs=8, verbose=0, callbacks=[callback])
    monkeypatch.undo()
    assert callback.rescues[0].treatment is not None
    assert len(callback.history) == 8
