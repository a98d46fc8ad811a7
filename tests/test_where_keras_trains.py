"""Every way in which Keras trains is measured, or it is said once what cannot be."""

import warnings

import keras
import numpy as np
import pytest
from conftest import BACKEND
from nets import class_data, dead_mlp, mlp, regression_data, watched

import meancollapse as mc
from meancollapse.look import heads
from meancollapse.look.look import Looker

x, y = regression_data()


def measured(callback, warned, epochs, outputs=1):
    """What every healthy watched run must have."""
    assert [str(w) for w in warned if isinstance(w, mc.MonitorWarning)] == []
    assert len(callback.history) == epochs
    last = callback.history[-1]
    assert last.grad_norm > 0
    assert last.measured_steps > 0
    assert len(last.outputs) == outputs
    assert all(output.train.rows > 0 and output.train.finite for output in last.outputs)
    return last


class Batches(keras.utils.PyDataset):
    def __len__(self):
        return 8

    def __getitem__(self, index):
        part = slice(32 * index, 32 * index + 32)
        return x[part], y[part]


def generator():
    while True:
        for start in range(0, 256, 32):
            yield x[start : start + 32], y[start : start + 32]


@pytest.mark.parametrize("source", ["PyDataset", "generator", "tf.data", "DataLoader"])
def test_data_sources(source):
    arguments = {}
    if source == "PyDataset":
        data = Batches()
    elif source == "generator":
        data, arguments = generator(), {"steps_per_epoch": 8}
    elif source == "tf.data":
        tf = pytest.importorskip("tensorflow")
        data = tf.data.Dataset.from_tensor_slices((x, y)).shuffle(256).batch(32)
    else:
        torch = pytest.importorskip("torch") if BACKEND == "torch" else None
        if torch is None:
            pytest.skip("torch is imported only on its own backend")
        rows = torch.utils.data.TensorDataset(torch.tensor(x), torch.tensor(y))
        data = torch.utils.data.DataLoader(rows, batch_size=32, shuffle=True)
    callback, warned = watched(mlp(), data, epochs=3, **arguments)
    assert measured(callback, warned, 3).outputs[0].train.rows == 256
    callback, warned = watched(
        dead_mlp(), generator() if source == "generator" else data, epochs=6, **arguments
    )
    assert [type(w) for w in warned] == [mc.CollapseWarning]


def two_heads(as_dict):
    inputs = keras.Input((10,), name="inputs")
    hidden = keras.layers.Dense(16, activation="relu")(inputs)
    number = keras.layers.Dense(1, name="number")(hidden)
    label = keras.layers.Dense(3, activation="softmax", name="label")(hidden)
    outputs = {"number": number, "label": label} if as_dict else [number, label]
    model = keras.Model(inputs, outputs)
    losses = {"number": "mse", "label": "sparse_categorical_crossentropy"}
    model.compile(keras.optimizers.Adam(0.01), losses if as_dict else list(losses.values()))
    return model


@pytest.mark.parametrize("as_dict", [True, False])
def test_several_outputs(as_dict):
    labels = (x[:, 0] > 0).astype(int) + (x[:, 1] > 0)
    targets = {"number": y, "label": labels} if as_dict else [y, labels]
    callback, warned = watched(two_heads(as_dict), x, targets, epochs=4)
    last = measured(callback, warned, 4, outputs=2)
    by_name = {output.name: output for output in last.outputs}
    assert set(by_name) == {"number", "label"}
    assert by_name["label"].is_classification
    assert not by_name["number"].is_classification
    assert len(callback.verdicts) == 8


def test_one_of_two_outputs_collapses():
    labels = (x[:, 0] > 0).astype(int) + (x[:, 1] > 0)
    model = two_heads(True)
    inputs, number, label = model.inputs, model.output["number"], model.output["label"]
    dead = keras.layers.ReLU(name="dead")(keras.layers.Rescaling(1.0, offset=-1e6)(number))
    model = keras.Model(inputs, {"dead": dead, "label": label})
    model.compile(
        keras.optimizers.Adam(0.01), {"dead": "mse", "label": "sparse_categorical_crossentropy"}
    )
    callback, warned = watched(model, x, {"dead": y, "label": labels}, epochs=12)
    assert [w.verdict.output for w in warned] == ["dead"]
    spread = callback.history[-1].outputs[0].train.spread
    assert spread == 0.0


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__()
        self.hidden = keras.layers.Dense(16, activation="relu")
        self.head = keras.layers.Dense(1)

    def call(self, inputs):
        return self.head(self.hidden(inputs))


def test_subclassed_models():
    model = Subclassed()
    model.compile(keras.optimizers.Adam(0.01), "mse")
    callback, warned = watched(model, x, y, epochs=3)
    assert measured(callback, warned, 3).outputs[0].name == "output"
    model = Subclassed()
    model.compile("adam", "mse")
    model(x[:1])
    model.hidden.bias.assign(np.full(16, -1e3))
    _, warned = watched(model, x, y, epochs=8)
    assert "lost in layer 'dense" in str(warned[0])


def test_sample_and_class_weights():
    weights = np.where(np.arange(256) % 2, 1.0, 0.0)
    callback, warned = watched(mlp(), x, y, epochs=3, sample_weight=weights)
    measured(callback, warned, 3)
    points, labels = class_data()
    model = mlp(3, "softmax", loss="sparse_categorical_crossentropy")
    callback, warned = watched(model, points, labels, epochs=3, class_weight={0: 1, 1: 5, 2: 1})
    measured(callback, warned, 3)


@pytest.mark.parametrize("kind", ["binary", "sparse"])
def test_with_class_weights_the_best_constant_is_the_weighted_prior(kind):
    """A dead classifier that has found it has no skill, whatever the classes weigh."""
    points, labels = class_data(classes=2)
    losses = {"binary": "binary_crossentropy", "sparse": "sparse_categorical_crossentropy"}
    units, activation = (1, "sigmoid") if kind == "binary" else (2, "softmax")
    model = dead_mlp(outputs=units, activation=activation, loss=losses[kind])
    prior = 40 * labels.sum() / (40 * labels.sum() + (labels == 0).sum())
    bias = [np.log(prior / (1 - prior))] if kind == "binary" else np.log([1 - prior, prior])
    model.layers[-1].bias.assign(np.array(bias, "float32"))
    model.optimizer.learning_rate = 0.0
    callback, _ = watched(model, points, labels, epochs=2, class_weight={0: 1.0, 1: 40.0})
    look = callback.history[-1].outputs[0].look
    assert look.skill == pytest.approx(0.0, abs=0.02)
    assert look.constant[-1] == pytest.approx(prior, abs=0.01)
    assert callback.verdicts[-1].state == "collapsed"


def test_run_eagerly():
    callback, warned = watched(mlp(run_eagerly=True), x, y, epochs=2)
    measured(callback, warned, 2)


def test_jit_compile():
    if BACKEND == "torch":
        pytest.skip("torch.compile needs a compiler at run time")
    callback, warned = watched(mlp(jit_compile=True), x, y, epochs=2)
    measured(callback, warned, 2)


@pytest.mark.parametrize("rows", [256, 250])
def test_steps_per_execution(rows):
    if BACKEND == "torch":
        pytest.skip("Keras does not allow it on torch")
    model = mlp(steps_per_execution=3)
    callback, warned = watched(
        model, x[:rows], y[:rows], epochs=3, validation_data=(x[:64], y[:64])
    )
    last = measured(callback, warned, 3)
    assert 24 <= last.steps <= 27


def test_mixed_float16():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = mlp()
        callback, warned = watched(model, x, y, epochs=3)
        dead = dead_mlp()
        _, dead_warned = watched(dead, x, y, epochs=6)
    finally:
        keras.config.set_dtype_policy("float32")
    assert type(model.optimizer).__name__ == "LossScaleOptimizer"
    last = measured(callback, warned, 3)
    assert last.grad_norm < 100
    assert [w.verdict.state for w in dead_warned] == ["collapsed"]


def test_steps_that_a_loss_scale_optimizer_skips_are_counted_not_alarming():
    optimizer = keras.optimizers.LossScaleOptimizer(
        keras.optimizers.Adam(0.01), initial_scale=2.0**127
    )
    callback, warned = watched(mlp(optimizer=optimizer), x, 100 * y, epochs=6)
    assert callback.history[0].skipped_steps > 0
    assert [w for w in warned if isinstance(w, mc.CollapseWarning)] == []


def test_validation_every_second_epoch():
    model = mlp()
    callback = mc.WarnOnCollapse()
    history = model.fit(
        x, y, epochs=4, verbose=0, validation_data=(x, y), validation_freq=2, callbacks=[callback]
    )
    assert len(history.history["val_spread"]) == len(history.history["val_loss"]) == 2
    assert [e.outputs[0].validation is not None for e in callback.history] == [False, True] * 2


def test_tokens_and_an_embedding():
    rng = np.random.default_rng(0)
    tokens = rng.integers(0, 20, (256, 12))
    labels = (tokens == 3).any(1).astype("float32")
    model = keras.Sequential(
        [
            keras.Input((12,), dtype="int32"),
            keras.layers.Embedding(20, 8),
            keras.layers.GlobalMaxPooling1D(),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.02), "binary_crossentropy")
    callback, warned = watched(model, tokens, labels, epochs=20)
    measured(callback, warned, 20)
    assert [w for w in warned if isinstance(w, mc.CollapseWarning)] == []


def test_a_class_for_every_position_of_a_sequence():
    tokens = np.random.default_rng(0).integers(0, 5, (256, 6))
    model = keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            keras.layers.Embedding(5, 8),
            keras.layers.Dense(5, activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.Adam(0.02), "sparse_categorical_crossentropy")
    callback, warned = watched(model, tokens, (tokens + 1) % 5, epochs=6)
    assert measured(callback, warned, 6).outputs[0].train.r2 > 0.5


def padded_sequences(n=256, steps=8):
    """Tokens, a number for each, and which of them are no padding."""
    rng = np.random.default_rng(0)
    real = np.arange(steps) < rng.integers(2, steps + 1, (n, 1))
    tokens = rng.integers(1, 6, (n, steps)) * real
    return tokens, (tokens - 3.0 + rng.normal(size=(n, steps)))[..., None] * real[..., None], real


def reader(padding_is_masked, learning_rate):
    layers = [keras.layers.Embedding(6, 1, mask_zero=padding_is_masked), keras.layers.Dense(1)]
    model = keras.Sequential([keras.Input((None,), dtype="int32"), *layers])
    model.compile(keras.optimizers.Adam(learning_rate), "mse")
    return model


@pytest.mark.parametrize("given", ["mask", "weights", "both"])
def test_padding_counts_in_no_number(given):
    tokens, numbers, real = padded_sequences()
    model = reader(given != "weights", learning_rate=0.0)
    # What is predicted for padding is far from everything else.
    model.layers[0].set_weights([np.array([[90.0], [-1.5], [-1.0], [0.5], [0.0], [1.0]])])
    model.layers[1].set_weights([np.ones((1, 1)), np.zeros(1)])
    weights = {} if given == "mask" else {"sample_weight": real.astype("float32")}
    callback, warned = watched(model, tokens, numbers, epochs=2, **weights)
    output = measured(callback, warned, 2).outputs[0]
    y, p = numbers[real], model.predict(tokens, verbose=0)[real]
    r2 = 1 - ((y - p) ** 2).sum() / ((y - y.mean()) ** 2).sum()
    looker = Looker(model, tokens, numbers, weights.get("sample_weight"))
    look = looker.look(*looker.pairs[0], None, deep=False)
    # Keras counts every batch alike, however many positions in it are padding.
    for found, error in ((output.train, 0.02), (look, 1e-4)):
        assert found.r2 == pytest.approx(r2, abs=error)
        assert found.spread == pytest.approx(p.std() / y.std(), abs=error)
    assert look.rows == real.sum()
    assert look.skill == pytest.approx(r2, abs=1e-4)
    assert look.target_range == pytest.approx((y.min(), y.max()))


@pytest.mark.parametrize("given", ["mask", "weights", "both"])
def test_a_model_of_padded_sequences_learns_in_peace_and_its_collapse_is_seen(given):
    tokens, numbers, real = padded_sequences()
    weights = {} if given == "mask" else {"sample_weight": real.astype("float32")}
    model = reader(given != "weights", learning_rate=0.1)
    callback, warned = watched(model, tokens, numbers, epochs=6, **weights)
    assert warned == []
    assert callback.verdicts[-1].state == "healthy"
    model = reader(given != "weights", learning_rate=0.1)
    model.add(keras.layers.ReLU(max_value=0.0))
    model.compile("adam", "mse")
    callback, warned = watched(model, tokens, numbers, epochs=6, **weights)
    assert callback.verdicts[-1].state == "collapsed"
    assert "the predictions are one constant" in str(warned[0])


@pytest.mark.parametrize("is_dead", [False, True])
def test_a_class_that_the_loss_ignores_counts_in_no_number(is_dead):
    tokens, _, real = padded_sequences()
    classes = np.where(real, tokens % 3, -1)
    bias = keras.initializers.Constant(-100.0 if is_dead else 0.0)
    layers = [
        keras.layers.Embedding(6, 8),
        keras.layers.Dense(8, activation="relu", bias_initializer=bias),
        keras.layers.Dense(3, activation="softmax"),
    ]
    model = keras.Sequential([keras.Input((None,), dtype="int32"), *layers])
    loss = keras.losses.SparseCategoricalCrossentropy(ignore_class=-1)
    model.compile(keras.optimizers.Adam(0.05), loss)
    callback, warned = watched(model, tokens, classes, epochs=8)
    assert callback.verdicts[-1].state == ("collapsed" if is_dead else "healthy")
    assert [w.verdict.state for w in warned] == ["collapsed"] * is_dead
    if is_dead:  # the prior of what counts: a constant of it has no skill
        look = callback.history[-1].outputs[0].look
        assert look.constant == pytest.approx(np.bincount(classes[real]) / real.sum(), abs=1e-6)
        assert "invalid_target" not in callback.verdicts[-1].causes


def test_targets_without_a_last_axis_do_not_broadcast():
    callback, warned = watched(mlp(), x, y[:, 0], epochs=6)
    assert measured(callback, warned, 6).outputs[0].train.r2 > 0.3


class CustomStep(keras.Model):
    """A training step of its own, in the way the Keras guides show for each backend."""

    def train_step(self, *args):
        if BACKEND == "jax":
            return super().train_step(*args)
        data = args[0]
        inputs, targets = data
        if BACKEND == "tensorflow":
            import tensorflow as tf

            with tf.GradientTape() as tape:
                loss = keras.ops.mean((self(inputs, training=True) - targets) ** 2)
            gradients = tape.gradient(loss, self.trainable_variables)
            self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        else:
            import torch

            self.zero_grad()
            loss = keras.ops.mean((self(inputs, training=True) - targets) ** 2)
            loss.backward()
            with torch.no_grad():
                gradients = [v.value.grad for v in self.trainable_variables]
                self.optimizer.apply(gradients, self.trainable_variables)
        return {"loss": loss}


@pytest.mark.skipif(BACKEND == "jax", reason="a custom step on JAX goes through the same taps")
def test_a_custom_step_without_compute_metrics_is_judged_on_the_sample():
    inputs = keras.Input((10,))
    dead = keras.layers.Dense(
        8, activation="relu", bias_initializer=keras.initializers.Constant(-1e3)
    )
    model = CustomStep(inputs, keras.layers.Dense(1)(dead(inputs)))
    model.compile("adam", "mse")
    callback, warned = watched(model, x, y, epochs=6)
    notes = [str(w) for w in warned if isinstance(w, mc.MonitorWarning)]
    assert len(notes) == 1
    assert "compute_metrics" in notes[0]
    assert [w.verdict.state for w in warned if isinstance(w, mc.CollapseWarning)] == ["collapsed"]
    assert callback.history[-1].grad_norm > 0


def test_a_loss_from_add_loss_alone_has_no_targets_to_judge():
    class Penalty(keras.layers.Layer):
        def call(self, inputs):
            self.add_loss(keras.ops.mean(inputs**2))
            return inputs

    inputs = keras.Input((10,))
    model = keras.Model(inputs, Penalty()(keras.layers.Dense(2)(inputs)))
    model.compile("adam")
    callback, warned = watched(model, x, epochs=2)
    assert [type(w) for w in warned] == [mc.MonitorWarning]
    assert "targets" in str(warned[0])
    assert callback.history[-1].grad_norm > 0


def test_frozen_layers_and_no_trainable_weights():
    model = mlp()
    model.layers[0].trainable = False
    model.compile(keras.optimizers.Adam(0.01), "mse")
    callback, warned = watched(model, x, y, epochs=2)
    measured(callback, warned, 2)
    model.trainable = False
    model.compile("adam", "mse")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        callback, warned = watched(model, x, y, epochs=2)
    assert len(callback.history) == 2


def test_a_layer_without_gradient_is_named():
    inputs = keras.Input((10,))
    aside = keras.layers.Dense(3, name="aside")
    hidden = keras.layers.Dense(4, activation="relu")(inputs)
    cut = keras.layers.Lambda(lambda t: keras.ops.stop_gradient(t))(aside(inputs))
    model = keras.Model(inputs, keras.layers.Dense(1)(keras.layers.Concatenate()([hidden, cut])))
    model.compile("adam", "mse")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        monitor, _ = watched(model, x, y, epochs=1, callback=mc.GradientMonitor())
    silent = set(monitor.evidence[0].disconnected) | {
        v.path for v in monitor.evidence[0].variables if v.gradient_norm == 0
    }
    assert silent == {"aside/kernel", "aside/bias"}


def test_a_callback_that_is_not_in_a_list():
    callback = mc.WarnOnCollapse()
    mlp().fit(x, y, epochs=2, verbose=0, callbacks=callback)
    assert len(callback.history) == 2


def test_a_train_function_rebuilt_by_another_callback_is_followed():
    model = mlp()
    rebuild = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: model.make_train_function(force=True)
    )
    callback = mc.WarnOnCollapse()
    model.fit(x, y, epochs=4, verbose=0, callbacks=[callback, rebuild])
    assert all(e.measured_steps > 0 for e in callback.history)
    assert "compute_metrics" not in vars(model)


@pytest.mark.tensorflow_only
def test_two_replicas():
    import tensorflow as tf

    devices = tf.config.list_logical_devices("CPU")
    if len(devices) < 2:
        pytest.skip("needs two logical devices: run by test_two_replicas_in_their_own_process")
    with tf.distribute.MirroredStrategy([d.name for d in devices[:2]]).scope():
        model, dead = mlp(), dead_mlp()
    callback, warned = watched(model, x, y, epochs=6)
    last = measured(callback, warned, 6)
    assert last.outputs[0].train.r2 > 0.3
    _, warned = watched(dead, x, y, epochs=6)
    assert [w.verdict.state for w in warned] == ["collapsed"]


@pytest.mark.tensorflow_only
def test_two_replicas_in_their_own_process():
    import os
    import subprocess
    import sys

    code = (
        "import tensorflow as tf; cpu = tf.config.list_physical_devices('CPU')[0];"
        "two = [tf.config.LogicalDeviceConfiguration()] * 2;"
        "tf.config.set_logical_device_configuration(cpu, two);"
        "import sys, pytest;"
        f"sys.exit(pytest.main(['-q', {__file__!r} + '::test_two_replicas', '-rA']))"
    )
    env = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=env)
    assert done.returncode == 0 and "PASSED" in done.stdout, done.stdout[-3000:]


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        ("mse", "mean_squared_error"),
        (keras.losses.MeanAbsoluteError(), "mean_absolute_error"),
        (keras.losses.binary_crossentropy, "binary_crossentropy"),
        (None, ""),
    ],
)
def test_losses_are_recognised_in_every_form(loss, expected):
    assert heads.loss_name(loss) == expected
