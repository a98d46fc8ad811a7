import json
import os
import subprocess
import sys
import textwrap
import warnings

import keras
import numpy as np
import pytest
from conftest import BACKEND
from nets import Spike, class_data, dead_mlp, mlp, regression_data, weights_of

import meancollapse as mc
from meancollapse.repair import rehearse, rescuer
from meancollapse.repair.surgery import memory
from meancollapse.repair.surgery import surgery as operating_room
from meancollapse.watch.instrument import Instrument


@pytest.fixture(autouse=True)
def a_short_rehearsal(monkeypatch):
    """A few trials are enough for tiny models, however slow the machine."""
    monkeypatch.setattr(rehearse, "PLANS", (((30, 3), (60, 1)),))
    monkeypatch.setattr(rehearse, "MOST_LAST_ROUNDS", 5)


def fit(model, x, y, epochs=20, callback=None, callbacks_after=(), **arguments):
    callback = callback or mc.RescueOnCollapse(verbose=0)
    arguments = {"batch_size": 16, "verbose": 0, **arguments}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mc.CollapseWarning)
        warnings.simplefilter("error", mc.MonitorWarning)
        model.fit(x, y, epochs=epochs, callbacks=[callback, *callbacks_after], **arguments)
    return callback


def r2(model, x, y):
    p, y = model.predict(x, verbose=0).astype("float64"), np.asarray(y, "float64")
    return 1 - ((p - y) ** 2).sum() / ((y - y.mean(0)) ** 2).sum()


def zero_init():
    model = mlp()
    for layer in model.layers:
        layer.set_weights([np.zeros_like(w) for w in layer.get_weights()])
    return model


def deep_sigmoid():
    hidden = [keras.layers.Dense(8, activation="sigmoid") for _ in range(8)]
    model = keras.Sequential([keras.Input((10,)), *hidden, keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(0.001), "mse")
    return model


def saturated():
    model = mlp()
    for layer in model.layers[:-1]:
        layer.activation = keras.activations.tanh
    return model


def as_is(x, y):
    return x, y


FAULTS = {
    "dead": (dead_mlp, as_is),
    # Dead from the start: what a rate this high leaves behind differs from backend to backend.
    "rate too high": (lambda: dead_mlp(optimizer=keras.optimizers.Adam(30.0)), as_is),
    "zero weights": (zero_init, as_is),
    "deep sigmoid": (deep_sigmoid, as_is),
    "raw inputs": (saturated, lambda x, y: (x * 100 + 1e5, y)),
    "raw target": (
        lambda: mlp(optimizer=keras.optimizers.Adam(0.001)),
        lambda x, y: (x, y * 1e5 + 1e6),
    ),
    "nan weights": (lambda: with_nan(mlp()), as_is),
}


def with_nan(model):
    kernel, bias = model.layers[0].get_weights()
    model.layers[0].set_weights([kernel * np.nan, bias])
    return model


@pytest.mark.sampled(3)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_collapsed_network_learns_in_the_same_fit(fault):
    build, change = FAULTS[fault]
    model = build()
    x, y = change(*regression_data())
    architecture = model.get_config()
    callback = fit(model, x.astype("float32"), y.astype("float32"))
    assert r2(model, x, y) > 0.6, callback.rescues
    assert model.get_config() == architecture
    assert callback.rescues[-1].outcome == "kept"
    assert callback.rescues[-1].skill_after > 0.3
    json.dumps([rescue.to_dict() for rescue in callback.rescues])


def test_all_treatments_of_a_rescue_share_one_compiled_step(monkeypatch):
    monkeypatch.setattr(rehearse, "PLANS", (((5, 8), (10, 1)),))
    compiled = []
    original = Instrument.compile_step

    def compile_step(self, dial):
        compiled.append(dial)
        return original(self, dial)

    monkeypatch.setattr(Instrument, "compile_step", compile_step)
    keras.utils.set_random_seed(0)
    penalty = keras.regularizers.L2(100.0)
    hidden = [keras.layers.Dense(16, "relu", kernel_regularizer=penalty) for _ in range(2)]
    model = keras.Sequential([keras.Input((10,)), *hidden, keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(0.01), "mse")
    x, y = regression_data()
    callback = fit(model, 20 * x + 100, y, epochs=30)
    assert callback.rescues[0].rehearsed > 2
    assert len(compiled) == 1


class TwoNumbers(keras.Model):
    """Named outputs, and a `compute_loss` that wants both of them."""

    def __init__(self):
        super().__init__()
        bias = keras.initializers.Constant(-50)
        self.hidden = keras.layers.Dense(16, "relu", bias_initializer=bias)
        self.heads = [keras.layers.Dense(1) for _ in range(2)]

    def call(self, x):
        hidden = self.hidden(x)
        return {name: head(hidden) for name, head in zip("ab", self.heads, strict=True)}

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return sum(keras.ops.mean((y[name] - y_pred[name]) ** 2) for name in "ab")


def test_a_loss_of_ones_own_over_two_outputs_is_examined_and_rescued():
    x, _ = regression_data()
    y = {"a": 1e4 * x[:, :1], "b": x[:, 1:2]}
    model = TwoNumbers()
    model.compile(keras.optimizers.Adam(0.001), {"a": "mse", "b": "mse"})
    callback = fit(model, x, y)  # which raises a warning that no cause could be looked for
    assert "dead_relu" in next(v for v in callback.verdicts if v.state == "collapsed").causes
    found = model.predict(x, verbose=0)
    assert all(1 - np.mean((found[n] - y[n]) ** 2) / np.var(y[n]) > 0.6 for n in "ab")


def test_both_of_two_outputs_learn_though_the_loss_of_one_outweighs_the_other():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(256, 10)).astype("float32")
    price, label = 300 + 80 * np.sin(2 * x[:, :1]), x[:, 1:2] * x[:, 2:3] > 0
    inputs = keras.Input((10,))
    trunk = keras.layers.Dense(24, activation="relu")(inputs)
    trunk = keras.layers.Dense(24, activation="relu")(trunk)
    heads = [keras.layers.Dense(1)(trunk), keras.layers.Dense(1, activation="sigmoid")(trunk)]
    model = keras.Model(inputs, heads)
    model.compile(keras.optimizers.SGD(0.05), ["mse", "binary_crossentropy"])
    y = [price.astype("float32"), label.astype("float32")]
    fit(model, x, y, epochs=60)
    found_price, found_label = model.predict(x, verbose=0)
    assert 1 - np.mean((found_price - price) ** 2) / np.var(price) > 0.6
    assert np.mean((found_label > 0.5) == label) > 0.8


@pytest.mark.policy
def test_what_only_training_on_all_rows_can_show_is_given_a_probation(capsys):
    # Of 600 users and items a thousand rows show every one only a few times.
    rng = np.random.default_rng(0)
    tastes, kinds = rng.normal(size=(2, 300, 2)).astype("float32")
    ids = rng.integers(0, 300, (16_000, 2))
    ratings = (tastes[ids[:, 0]] * kinds[ids[:, 1]]).sum(1, keepdims=True)
    inputs = keras.Input((2,), dtype="int32")
    tables = [keras.layers.Embedding(300, 4, "zeros")(inputs[:, i]) for i in range(2)]
    model = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.Dot(axes=1)(tables)))
    model.compile(keras.optimizers.Adam(0.01), "mse")
    callback = mc.RescueOnCollapse()
    fit(model, ids, ratings, epochs=5, callback=callback, batch_size=128)
    (rescue,) = callback.rescues
    assert rescue.skill_rehearsed < 0.1 < rescue.skill_after
    assert rescue.outcome == "kept"
    assert r2(model, ids, ratings) > 0.7
    assert "only training can tell" in capsys.readouterr().out


def test_a_classifier_destroyed_in_mid_run_is_brought_back():
    model = mlp(3, "softmax", loss="sparse_categorical_crossentropy")
    x, y = class_data()
    callback = mc.RescueOnCollapse(verbose=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mc.CollapseWarning)
        model.fit(x, y, epochs=16, batch_size=32, verbose=0, callbacks=[Spike(), callback])
    assert np.mean(model.predict(x, verbose=0).argmax(1) == y) > 0.9
    assert callback.rescues[0].epoch >= 5
    assert float(model.optimizer.learning_rate) < 1


def test_a_rate_that_another_callback_sets_in_every_epoch_does_not_come_back(capsys):
    model, (x, y) = dead_mlp(optimizer=keras.optimizers.Adam(30.0)), regression_data()
    schedule = keras.callbacks.LearningRateScheduler(lambda epoch: 30.0)
    for callbacks in ([schedule], [schedule, mc.RescueOnCollapse()]):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", mc.CollapseWarning)
            model.fit(x, y, epochs=12, batch_size=16, verbose=0, callbacks=callbacks)
        assert (r2(model, x, y) > 0.6) == (len(callbacks) == 2)
    assert callbacks[1].rescues[-1].outcome == "kept"
    assert float(model.optimizer.learning_rate) < 1
    assert capsys.readouterr().out.count("meancollapse keeps the learning rate at") == 1


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
    x = np.random.default_rng(0).normal(size=(200, 8, 8, 1)).astype("float32")
    return model, x, x.mean((1, 2))


@pytest.mark.parametrize("build", [lambda: (mlp(), *regression_data()), convnet])
def test_a_healthy_run_is_bit_identical(build):
    results = []
    for callbacks in ([mc.WarnOnCollapse()], [mc.RescueOnCollapse(), mc.AdjustLROnCollapse()]):
        keras.backend.clear_session()
        keras.utils.set_random_seed(7)
        model, x, y = build()
        model.fit(x, y, epochs=3, verbose=0, validation_split=0.2, callbacks=callbacks)
        results.append(weights_of(model))
    for a, b in zip(*results, strict=True):
        np.testing.assert_array_equal(a, b)


def everything(model):
    variables = [*model.variables, *model.optimizer.variables]
    return [np.array(v.numpy() if hasattr(v, "numpy") else v) for v in variables]


def test_what_did_not_help_is_taken_back_exactly(monkeypatch):
    """Weights, optimizer slots, learning rate, activations: nothing of a failed rescue remains."""
    saved, restored = [], []
    real_rehearse, real_conclude = rescuer.rehearse, rescuer.Rescuer._conclude

    def rehearse(surgery, *args):
        saved.append((everything(surgery.model), surgery.model.get_config()))
        return real_rehearse(surgery, *args)

    def conclude(self, evidence):
        monkeypatch.setattr(operating_room.Surgery, "skill", lambda surgery: -1.0)
        found = real_conclude(self, evidence)
        restored.append((everything(self.instrument.model), self.instrument.model.get_config()))
        monkeypatch.undo()
        self.max_rescues = 1
        return found

    monkeypatch.setattr(rescuer, "rehearse", rehearse)
    monkeypatch.setattr(rescuer.Rescuer, "_conclude", conclude)
    callback = mc.RescueOnCollapse(max_rescues=1, allow_activation_changes=True, verbose=0)
    fit(mlp(activation="relu"), *negative_targets(), epochs=30, callback=callback)
    assert [rescue.outcome for rescue in callback.rescues] == ["taken back"]
    for a, b in zip(saved[0][0], restored[0][0], strict=True):
        np.testing.assert_array_equal(a, b)
    assert saved[0][1] == restored[0][1]


def negative_targets():
    x, y = regression_data()
    return x, y - 10


def test_a_head_is_given_another_activation_only_with_leave(capsys):
    x, y = negative_targets()
    kept = mlp(activation="relu")
    callback = fit(kept, x, y, epochs=20, callback=mc.RescueOnCollapse())
    assert kept.layers[-1].activation is keras.activations.relu
    # No weights give a ReLU negative numbers, so none are tried.
    assert not callback.rescues
    said = capsys.readouterr().out
    assert said.count("nothing in the model was changed: 'relu' gives numbers from 0 upwards") == 1
    assert "allow_activation_changes=True would let 'dense" in said
    keras.utils.set_random_seed(0)
    model = mlp(activation="relu")
    with_leave = mc.RescueOnCollapse(allow_activation_changes=True, verbose=0)
    fit(model, x, y, callback=with_leave, validation_data=(x, y))
    assert model.layers[-1].activation is keras.activations.linear
    assert r2(model, x, y) > 0.6
    assert "linear" in " ".join(a for e in with_leave.history for a in e.actions)
    # ...and a later fit trains the network as it now is.
    model.fit(x, y, verbose=0)
    assert r2(model, x, y) > 0.6


def test_a_softmax_over_the_wrong_axis_is_turned_and_stays_so_in_the_file(tmp_path):
    x, y = regression_data()
    labels = np.digitize(y[:, 0], np.quantile(y, [1 / 3, 2 / 3]))
    body = mlp(3)
    one_step = keras.layers.Reshape((1, 3))(body.outputs[0])
    chosen = keras.layers.Softmax(axis=1, name="choice")(one_step)
    model = keras.Model(body.inputs, keras.layers.Flatten()(chosen))
    model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
    callback = fit(model, x, labels, callback=mc.RescueOnCollapse(allow_activation_changes=True))
    assert ("choice", "softmax") in callback.rescues[-1].treatment["activations"]
    model.save(tmp_path / "turned.keras")
    found = keras.models.load_model(tmp_path / "turned.keras").predict(x, verbose=0)
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-5)
    assert np.mean(found.argmax(1) == labels) > 0.8


@pytest.mark.policy
def test_an_output_whose_head_cannot_be_changed_does_not_keep_another_from_being_rescued():
    x, y = regression_data()
    body = dead_mlp()
    hidden = body.layers[-2].output
    outputs = [
        keras.layers.Dense(1, "relu", name="below")(hidden),
        keras.layers.Dense(1, name="other")(hidden),
    ]
    model = keras.Model(body.inputs, outputs)
    model.compile(keras.optimizers.Adam(0.01), ["mse", "mse"])
    callback = fit(model, x, [y - 10, y], callback=mc.RescueOnCollapse(verbose=0))
    assert callback.rescues[-1].outcome == "kept"
    assert 1 - np.mean((model.predict(x, verbose=0)[1] - y) ** 2) / y.var() > 0.6


@pytest.mark.policy
def test_a_capped_relu_layer_as_head_is_opened_and_stays_open_in_the_file(tmp_path):
    x, y = negative_targets()
    body = mlp()
    model = keras.Model(body.inputs, keras.layers.ReLU(max_value=1.0, name="cap")(body.outputs[0]))
    model.compile(keras.optimizers.Adam(0.01), "mse")
    callback = fit(model, x, y, callback=mc.RescueOnCollapse(allow_activation_changes=True))
    assert ("cap", "linear") in callback.rescues[-1].treatment["activations"]
    assert r2(model, x, y) > 0.6
    model.save(tmp_path / "opened.keras")
    assert r2(keras.models.load_model(tmp_path / "opened.keras"), x, y) > 0.6


def noise():
    rng = np.random.default_rng(0)
    return rng.normal(size=(256, 10)).astype("float32"), rng.normal(size=(256, 1)).astype("float32")


def not_a_number():
    x, y = regression_data()
    x[3, 3] = np.nan
    return x, y


@pytest.mark.parametrize("data", [noise, not_a_number])
def test_faults_of_the_data_are_never_treated(data, capsys):
    model = mlp(optimizer=keras.optimizers.SGD(1e-3, clipnorm=1e-6))
    callback = fit(model, *data(), epochs=25, callback=mc.RescueOnCollapse())
    assert callback.rescues == []
    assert not any(evidence.actions for evidence in callback.history)


def test_labels_the_loss_cannot_use_are_never_treated(capsys):
    if BACKEND == "torch":
        pytest.skip("PyTorch itself refuses such labels")
    x, labels = class_data(classes=2)
    model = mlp(1, "sigmoid", loss="binary_crossentropy")
    callback = fit(model, x, labels[:, None] + 1.0, epochs=25, callback=mc.RescueOnCollapse())
    assert callback.rescues == []
    assert "the loss cannot use such targets" in capsys.readouterr().out


def test_the_same_seed_gives_the_same_rescue():
    runs = []
    for _ in "ab":
        keras.backend.clear_session()
        keras.utils.set_random_seed(5)
        model = dead_mlp()
        callback = fit(model, *regression_data(), epochs=6)
        runs.append((weights_of(model), callback.rescues[0].treatment))
    assert runs[0][1] == runs[1][1]
    for a, b in zip(runs[0][0], runs[1][0], strict=True):
        np.testing.assert_array_equal(a, b)


class Weaken(keras.callbacks.Callback):
    """For two epochs the output is a tenth of what was learned."""

    def __init__(self, epochs):
        super().__init__()
        self.epochs, self.epoch, self.head = epochs, 0, None

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch
        if self.head is None and epoch == self.epochs[0]:
            self.head = [0.1 * weight for weight in self.model.layers[-1].get_weights()]

    def on_train_batch_begin(self, batch, logs=None):
        if self.epoch in self.epochs:
            self.model.layers[-1].set_weights(self.head)


@pytest.mark.parametrize("is_ill", [True, False])
def test_what_slips_away_again_after_a_rescue_is_brought_back(is_ill):
    model = dead_mlp() if is_ill else mlp()
    x, y = regression_data()
    callback = fit(model, x, y, 16, callbacks_after=[Weaken((10, 11))])
    assert "collapsed" not in {v.state for v in callback.verdicts[2:]}
    if is_ill:
        assert [rescue.epoch for rescue in callback.rescues[1:]] == [11]
        assert callback.rescues[-1].treatment["weights"] == "rewind"
        assert callback.rescues[-1].skill_before < 0.6 < callback.rescues[-1].skill_rehearsed
    else:  # a healthy run is let be, whatever becomes of it
        assert callback.rescues == []


@pytest.mark.parametrize("penalties", [{}, {"l1": 0.01, "l2": 0.1, "beta": 0.5}])
def test_a_step_of_ftrl_without_gradient_leaves_the_weights(penalties):
    names = {"l1": "l1_regularization_strength", "l2": "l2_regularization_strength"}
    settings = {names.get(name, name): value for name, value in penalties.items()}
    model = mlp(optimizer=keras.optimizers.Ftrl(0.3, **settings))
    model.optimizer.build(model.trainable_variables)
    nothing = [keras.ops.zeros(v.shape) for v in model.trainable_variables]
    before = weights_of(model)
    memory.hold(model)
    model.optimizer.apply(nothing, model.trainable_variables)
    for a, b in zip(before, weights_of(model), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)


def test_a_rescue_under_ftrl_lasts_and_so_it_does_after_the_fit():
    model = dead_mlp(optimizer=keras.optimizers.Ftrl(0.001))
    x, y = regression_data()
    far = 1000 * x + 3000  # so that the rescue trains standardised weights
    callback = fit(model, far, y, epochs=20)
    assert callback.rescues[-1].outcome == "kept"
    reached = r2(model, far, y)
    assert reached > 0.5
    nothing = [keras.ops.zeros(v.shape) for v in model.trainable_variables]
    model.optimizer.apply(nothing, model.trainable_variables)
    assert r2(model, far, y) == pytest.approx(reached, abs=0.01)


def slowly_averaging(momentum):
    """Learns in training mode; its running statistics have yet to hear how small the inputs are."""
    layers = [
        keras.layers.Dense(16, use_bias=False),
        keras.layers.BatchNormalization(momentum=momentum),
        keras.layers.Activation("relu"),
        keras.layers.Dense(1),
    ]
    model = keras.Sequential([keras.Input((10,)), *layers])
    model.compile(keras.optimizers.Adam(0.02), "mse")
    return model


def test_running_statistics_that_lag_behind_are_set_and_nothing_else(capsys):
    x, y = regression_data()
    small = x / 1000
    alone, helped = slowly_averaging(0.9999), slowly_averaging(0.9999)
    helped.set_weights(alone.get_weights())
    alone.fit(small, y, epochs=16, batch_size=16, shuffle=False, verbose=0)
    assert r2(alone, small, y) < 0.05
    callback = mc.RescueOnCollapse()
    fit(helped, small, y, 16, callback, shuffle=False)
    assert [rescue.treatment["weights"] for rescue in callback.rescues] == ["settle"]
    assert "set the running statistics of BatchNormalization" in capsys.readouterr().out
    assert r2(helped, small, y) > 0.6
    for a, b in zip(alone.trainable_variables, helped.trainable_variables, strict=True):
        np.testing.assert_array_equal(keras.ops.convert_to_numpy(a), keras.ops.convert_to_numpy(b))
    # By hand: mean and variance of what the first layer gives.
    given = small.astype("float64") @ helped.layers[0].get_weights()[0]
    mean, variance = helped.layers[1].get_weights()[2:]
    np.testing.assert_allclose(mean, given.mean(0), atol=0.2 * given.std())
    np.testing.assert_allclose(variance, given.var(0), rtol=0.2)


class Lost(keras.layers.Dense):
    """Has weights, and no use for them."""

    def call(self, inputs, training=None):
        return 0.0 * super().call(inputs, training)


@pytest.mark.policy
def test_it_gives_up_after_so_many_rescues_and_says_what_to_read(capsys):
    body = mlp(8)
    lost = Lost(8)(body.outputs[0])
    model = keras.Model(body.inputs, keras.layers.Dense(1)(lost))
    model.compile(keras.optimizers.Adam(0.01), "mse")
    callback = fit(model, *regression_data(), 30, mc.RescueOnCollapse(max_rescues=2))
    first, second = callback.rescues
    assert first.treatment is None
    assert second.epoch - first.epoch >= 4  # what did not help now will not help at once either
    out = capsys.readouterr().out
    assert "2 rescues were tried and none lasted" in out
    assert "output 'dense" in out


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_what_a_layer_makes_constant_is_said_and_not_treated(seed, capsys):
    keras.utils.set_random_seed(seed)
    body = mlp(8)
    nothing = keras.layers.Rescaling(0.0)(body.outputs[0])
    model = keras.Model(body.inputs, keras.layers.Dense(1)(nothing))
    model.compile(keras.optimizers.Adam(0.01), "mse")
    callback = fit(model, *regression_data(), 6, mc.RescueOnCollapse())
    assert not callback.rescues
    out = capsys.readouterr().out
    assert "what a layer makes of them, do not vary, and no repair of the model changes that" in out


def test_everything_done_is_said_and_in_the_history(capsys):
    callback = mc.RescueOnCollapse()
    with pytest.warns(mc.CollapseWarning):
        dead_mlp().fit(*regression_data(), epochs=6, verbose=0, callbacks=[callback])
    out = capsys.readouterr().out
    epoch = callback.rescues[0].epoch
    assert f"Epoch {epoch + 1}: meancollapse re-initialised the weights" in out
    assert [e.epoch for e in callback.history if e.actions] == [epoch]
    assert "re-initialised" in callback.history[epoch].actions[0]


def test_a_rescued_model_is_an_ordinary_keras_model(tmp_path):
    model = dead_mlp()
    x, y = regression_data()
    x = x * 1000 + 3000
    checkpoint = keras.callbacks.ModelCheckpoint(str(tmp_path / "during.keras"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mc.CollapseWarning)
        callbacks = [mc.RescueOnCollapse(verbose=0), checkpoint]
        model.fit(x, y, epochs=8, batch_size=32, verbose=0, callbacks=callbacks)
    model.save(tmp_path / "after.keras")
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "expected.npy", model.predict(x, verbose=0))
    script = f"""
        import sys
        sys.modules["meancollapse"] = None
        import keras, numpy as np
        x = np.load({str(tmp_path / "x.npy")!r})
        for name in ("during", "after"):
            model = keras.models.load_model({str(tmp_path)!r} + "/" + name + ".keras")
            found = model.predict(x, verbose=0)
        assert abs(found - np.load({str(tmp_path / "expected.npy")!r})).max() < 1e-3
        print("loaded")
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        env={**os.environ, "PYTHONPATH": ""},
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert "loaded" in done.stdout, done.stderr[-2000:]


def scheduled():
    return keras.optimizers.SGD(keras.optimizers.schedules.ExponentialDecay(50.0, 1000, 0.9))


def loss_scaled():
    return keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(1.0))


def several():
    if not hasattr(keras.optimizers, "MultiOptimizer"):
        pytest.skip("this Keras has no MultiOptimizer")
    kernels, rest = keras.optimizers.Adam(1.0), keras.optimizers.Adam(0.5)
    return keras.optimizers.MultiOptimizer(lambda v: kernels if len(v.shape) > 1 else rest)


@pytest.mark.sampled(2)
@pytest.mark.parametrize("build", [scheduled, loss_scaled, several])
def test_schedules_and_wrapped_optimizers(build):
    optimizer = build()
    model = dead_mlp(optimizer=optimizer)
    config = optimizer.get_config() if build is scheduled else None
    x, y = regression_data()
    fit(model, x, y)
    assert r2(model, x, y) > 0.5
    assert config is None or optimizer.get_config() == config


def test_eased_regularization_is_put_back_after_the_fit():
    model = mlp()
    for layer in model.layers:
        layer.kernel.regularizer = keras.regularizers.L2(10.0)
    x, y = regression_data()
    callback = fit(model, x, y)
    assert r2(model, x, y) > 0.6
    assert callback.rescues[0].treatment["ease"]
    assert all(layer.kernel.regularizer is not None for layer in model.layers)


@pytest.mark.tensorflow_only  # which alone has tensors of words
def test_a_model_that_is_given_words():
    import tensorflow as tf

    y = np.random.default_rng(0).integers(0, 2, (256, 1)).astype("float32")
    words = tf.constant(np.where(y > 0, "good", "bad"))
    inputs = keras.Input((1,), dtype="string")
    ids = keras.layers.StringLookup(vocabulary=["good", "bad"])(inputs)
    hidden = keras.layers.Flatten()(keras.layers.Embedding(4, 4)(ids))
    bias = keras.initializers.Constant(-50.0)
    hidden = keras.layers.Dense(8, activation="relu", bias_initializer=bias)(hidden)
    model = keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid")(hidden))
    model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy")
    callback = fit(model, words, y, epochs=15)
    assert [rescue.outcome for rescue in callback.rescues] == ["kept"]
    assert r2(model, words, y) > 0.6


def test_a_convolutional_recurrent_network_is_treated():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(96, 3, 4, 4, 1)).astype("float32")
    zeros = keras.layers.ConvLSTM2D(2, 2, kernel_initializer="zeros", recurrent_initializer="zeros")
    layers = [zeros, keras.layers.Flatten(), keras.layers.Dense(1, kernel_initializer="zeros")]
    model = keras.Sequential([keras.Input((3, 4, 4, 1)), *layers])
    model.compile(keras.optimizers.SGD(1e-9), "mse")
    y = 6 * x[:, -1].mean((1, 2))
    callback = fit(model, x, y, epochs=20)
    assert callback.rescues[0].treatment["weights"] == "reinitialise"
    assert r2(model, x, y) > 0.5


def test_kernels_that_are_computed_from_other_weights_are_left_as_they_are():
    model = dead_mlp()
    model.layers[0].enable_lora(2)
    model.compile(keras.optimizers.Adam(0.01), "mse")
    kernel = np.array(model.layers[0]._kernel)
    callback = fit(model, *regression_data(), epochs=8)
    assert callback.rescues
    np.testing.assert_array_equal(np.array(model.layers[0]._kernel), kernel)


class Code(keras.layers.Layer):
    """The code of a variational autoencoder, whose KL term outweighs the reconstruction."""

    def __init__(self):
        super().__init__()
        self.both = keras.layers.Dense(8)
        self.seed = keras.random.SeedGenerator(0)

    def call(self, inputs, training=False):
        mean, log_variance = keras.ops.split(self.both(inputs), 2, axis=-1)
        kl = keras.ops.square(mean) + keras.ops.exp(log_variance) - log_variance - 1
        self.add_loss(20 * keras.ops.mean(kl))
        if not training:
            return mean
        noise = keras.random.normal(keras.ops.shape(mean), seed=self.seed)
        return mean + keras.ops.exp(0.5 * log_variance) * noise


def test_a_term_that_a_layer_adds_to_the_loss_is_made_lighter():
    x = np.random.default_rng(0).normal(size=(256, 2)) @ np.random.default_rng(1).normal(
        size=(2, 10)
    )
    x = (x / x.std()).astype("float32")
    model = keras.Sequential([keras.Input((10,)), Code(), keras.layers.Dense(10)])
    model.compile(keras.optimizers.Adam(0.01), "mse")
    callback = fit(model, x, x)
    assert callback.rescues[0].treatment["ease"]
    assert callback.rescues[0].skill_before < 0.1
    assert r2(model, x, x) > 0.6


@pytest.mark.tensorflow_only  # Keras itself cannot train them on PyTorch
@pytest.mark.parametrize("is_dead", [True, False])
def test_a_recurrent_layer_that_carries_its_state_takes_batches_of_one_size_only(is_dead):
    bias = -30.0 if is_dead else 0.0
    lstm = keras.layers.LSTM(
        8,
        stateful=True,
        unit_forget_bias=False,
        bias_initializer=keras.initializers.Constant(bias),
    )
    model = keras.Sequential([keras.Input(batch_shape=(32, 6, 3)), lstm, keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(0.01), "mse")
    x = np.random.default_rng(0).normal(size=(256, 6, 3)).astype("float32")
    y = x[:, :, 0].sum(1, keepdims=True)
    callback = fit(model, x, y, epochs=30, batch_size=32, shuffle=False)
    assert callback.verdicts[-1].state == "healthy"
    assert bool(callback.rescues) == is_dead
    assert lstm.stateful


def test_a_network_in_mixed_precision_is_treated():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = dead_mlp()
        x, y = regression_data()
        callback = fit(model, x, y, epochs=20)
    finally:
        keras.config.set_dtype_policy("float32")
    assert callback.rescues[-1].outcome == "kept"
    assert r2(model, x, y) > 0.6


def averaged(momentum):
    keras.utils.set_random_seed(0)
    optimizer = keras.optimizers.Adam(0.01, use_ema=True, ema_momentum=momentum)
    model = mlp(optimizer=optimizer)
    kernel, bias = model.layers[-1].get_weights()
    model.layers[-1].set_weights([kernel / 100, bias])  # begins as good as constant
    return model


def test_averaged_weights_that_never_arrived_give_way_to_the_trained_ones(capsys):
    x, y = regression_data()
    alone = averaged(0.9999)
    alone.fit(x, y + 5, epochs=12, batch_size=16, verbose=0)
    assert r2(alone, x, y + 5) < 0
    model, callback = averaged(0.9999), mc.RescueOnCollapse()
    with pytest.warns(mc.CollapseWarning, match="train_inference_gap .*averaged weights"):
        model.fit(x, y + 5, epochs=12, batch_size=16, verbose=0, callbacks=[callback])
    assert r2(model, x, y + 5) > 0.5
    assert [rescue.outcome for rescue in callback.rescues] == ["kept"]
    assert "put the trained weights back" in capsys.readouterr().out
    assert "put the trained weights back" in callback.history[-1].actions[-1]
    # The averages begin with them, so that what is trained on does not fall back.
    model.fit(x, y + 5, epochs=1, batch_size=16, verbose=0)
    assert r2(model, x, y + 5) > 0.5


def test_averaged_weights_with_skill_stay():
    x, y = regression_data()
    model = averaged(0.9)
    callback = fit(model, x, y, epochs=12)
    plain = averaged(0.9)
    plain.fit(x, y, epochs=12, batch_size=16, verbose=0)
    assert callback.rescues == []
    assert {found.state for found in callback.verdicts} <= {"undecided", "plateau", "healthy"}
    np.testing.assert_array_equal(model.predict(x, verbose=0), plain.predict(x, verbose=0))


def test_dropout_inside_a_recurrent_cell_is_eased():
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((5, 2)),
            layers.SimpleRNN(8, dropout=0.99, recurrent_dropout=0.99),
            layers.Dropout(0.99),
            layers.Dense(1, kernel_initializer="zeros"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.01), "mse")
    x = np.random.default_rng(0).normal(size=(256, 5, 2)).astype("float32")
    y = x[:, -1, :1] + x[:, -2, :1]
    callback = fit(model, x, y, epochs=15)
    assert callback.rescues, callback.verdicts[-1]
    assert callback.rescues[-1].treatment["ease"]
    assert r2(model, x, y) > 0.6
    assert [model.layers[0].dropout, model.layers[0].recurrent_dropout] == [0.99, 0.99]


@pytest.mark.policy
def test_the_output_of_two_towers_keeps_its_activation():
    inputs = keras.Input((10,))
    layers = keras.layers
    towers = [
        layers.Dense(4)(layers.Dense(16, activation="sigmoid", kernel_initializer="zeros")(inputs))
        for _ in "ab"
    ]
    output = layers.Activation("sigmoid", name="end")(layers.Dot(axes=1)(towers))
    model = keras.Model(inputs, output)
    model.compile(keras.optimizers.SGD(1e-4), "binary_crossentropy")
    x, _ = regression_data()
    y = (x[:, :1] + x[:, 1:2] > 0).astype("float32")
    callback = mc.RescueOnCollapse(allow_activation_changes=True, verbose=0)
    fit(model, x, y, callback=callback)
    assert callback.rescues[-1].outcome == "kept"
    assert model.get_layer("end").activation is keras.activations.sigmoid
    assert r2(model, x, y) > 0.5


def test_a_schedule_that_gives_no_rate_at_all_is_put_aside():
    schedule = keras.optimizers.schedules.PolynomialDecay(1e-3, 1, end_learning_rate=0.0)
    model = dead_mlp(optimizer=keras.optimizers.SGD(schedule))
    x, y = regression_data()
    fit(model, x, y)
    assert r2(model, x, y) > 0.5


def test_a_head_applied_at_every_step_of_a_sequence_is_put_on_its_targets():
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((5, 2)),
            layers.SimpleRNN(8, return_sequences=True),
            layers.TimeDistributed(layers.Dense(1)),
        ]
    )
    model.compile(keras.optimizers.Adam(0.001), "mse")
    x = np.random.default_rng(0).normal(size=(256, 5, 2)).astype("float32")
    y = 280 + 8 * x[..., :1]
    fit(model, x, y, epochs=25)
    assert r2(model, x, y) > 0.6


def test_layers_of_ones_own_whose_initializer_is_at_fault_are_scaled_by_what_they_give(
    monkeypatch,
):
    monkeypatch.setattr(rehearse, "PLANS", (((30, 8), (60, 1)),))

    class Mine(keras.layers.Layer):
        def build(self, shape):
            faint = keras.initializers.RandomNormal(stddev=1e-6, seed=0)
            self.w = self.add_weight(shape=(shape[-1], 16), initializer=faint)

        def call(self, x):
            return keras.ops.tanh(x @ self.w)

    model = keras.Sequential([keras.Input((10,)), Mine(), Mine(), Mine(), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.02, momentum=0.9), "mse")
    x, y = regression_data()
    fit(model, x, y)
    assert r2(model, x, y) > 0.6


def test_a_network_with_constrained_convolutions_is_treated():
    model, x, y = convnet()
    model.layers[0].kernel.constraint = keras.constraints.MaxNorm(3.0)
    model.layers[0].bias.assign(np.full(4, -99.0))
    model.layers[1].gamma.assign(np.zeros(4))
    callback = fit(model, x, y)
    assert callback.rescues[-1].outcome == "kept"
    assert r2(model, x, y) > 0.6


def test_activations_and_penalties_are_changed_together_and_only_the_first_stay():
    x, y = negative_targets()
    penalty = keras.regularizers.L2(10.0)
    model = mlp(activation="relu")
    for layer in model.layers:
        layer.kernel.regularizer = penalty
    callback = mc.RescueOnCollapse(allow_activation_changes=True, verbose=0)
    fit(model, x, y, callback=callback)
    assert callback.rescues[-1].outcome == "kept"
    assert r2(model, x, y) > 0.6
    assert model.layers[-1].activation is keras.activations.linear
    assert all(layer.kernel.regularizer is penalty for layer in model.layers)


def test_a_constraint_that_suffocates_is_eased():
    model, tight = mlp(), keras.constraints.MaxNorm(1e-3)
    for layer in model.layers:
        layer.kernel.constraint = tight
    x, y = regression_data()
    fit(model, x, y, epochs=30)
    assert r2(model, x, y) > 0.6
    assert all(layer.kernel.constraint is tight for layer in model.layers)


class Plain(keras.layers.Layer):
    """A layer of the user's own, with weights under names of the user's own."""

    def __init__(self, units):
        super().__init__()
        self.units = units

    def build(self, shape):
        self.w = self.add_weight(shape=(shape[-1], self.units), initializer="zeros")
        self.b = self.add_weight(shape=(self.units,), initializer="zeros")

    def call(self, x):
        return keras.ops.matmul(x, self.w) + self.b


class Block(keras.layers.Layer):
    """Layers inside a layer of the user's own."""

    def __init__(self):
        super().__init__()
        self.inner = keras.layers.Dense(16, activation="relu", kernel_initializer="zeros")

    def call(self, x):
        return self.inner(x)


class Factors(keras.Model):
    """A model that holds weights itself, multiplied with the inputs."""

    def __init__(self):
        super().__init__()
        self.head = keras.layers.Dense(1)

    def build(self, shape):
        self.factors = self.add_weight(shape=(shape[-1], 4), initializer="random_normal")
        self.head.build(shape)
        self.built = True

    def call(self, x):
        both = keras.ops.square(x @ self.factors)
        alone = keras.ops.square(x) @ keras.ops.square(self.factors)
        return self.head(x) + keras.ops.sum(both - alone, axis=-1, keepdims=True)


def test_weights_that_the_model_holds_itself_are_made_anew():
    keras.utils.set_random_seed(0)
    model = Factors()
    model.compile(keras.optimizers.SGD(0.01), "mse")
    x, _ = regression_data()
    y = x[:, :1] + 0.5 * x[:, 1:2] * x[:, 2:3]
    x = x * 300 + 900
    callback = fit(model, x, y)
    assert callback.verdicts[0].state == "non_finite"
    assert r2(model, x, y) > 0.5


@pytest.mark.parametrize(
    "hidden", [lambda: [Plain(16), keras.layers.Activation("tanh")], lambda: [Block()]]
)
def test_layers_of_the_users_own(hidden):
    zeros = keras.layers.Dense(1, kernel_initializer="zeros")
    model = keras.Sequential([keras.Input((10,)), *hidden(), zeros])
    model.compile(keras.optimizers.Adam(0.01), "mse")
    x, y = regression_data()
    fit(model, x, y)
    assert r2(model, x, y) > 0.6


class OwnStep(keras.Model):
    """A model with its own training step, around Keras'."""

    def train_step(self, *args):
        return super().train_step(*args)


def test_a_model_with_its_own_training_step():
    inputs = keras.Input((10,))
    hidden = keras.layers.Dense(
        16, activation="relu", bias_initializer=keras.initializers.Constant(-99)
    )
    model = OwnStep(inputs, keras.layers.Dense(1)(hidden(inputs)))
    model.compile(keras.optimizers.Adam(0.01), "mse")
    x, y = regression_data()
    fit(model, x, y)
    assert r2(model, x, y) > 0.6


def test_an_error_of_ours_never_breaks_training_and_restores_the_weights(monkeypatch):
    def broken(*args):
        raise RuntimeError("injected")

    monkeypatch.setattr(operating_room.Surgery, "train", broken)
    model = dead_mlp()
    x, y = regression_data()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        history = model.fit(x, y, epochs=12, verbose=0, callbacks=[mc.RescueOnCollapse(verbose=0)])
    ours = [str(w.message) for w in caught if isinstance(w.message, mc.MonitorWarning)]
    assert len(ours) == 1
    assert "injected" in ours[0]
    assert len(history.history["loss"]) == 12
    assert float(model.layers[0].get_weights()[1].max()) < -900
