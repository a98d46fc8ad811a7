"""Training raw data through a dial equals training standardised data."""

import keras
import numpy as np
import pytest
from nets import weights_of

from meancollapse.backend import stepping
from meancollapse.look import heads
from meancollapse.repair.surgery.dial import Dial, Fold
from meancollapse.watch.taps import Taps

MEAN, SCALE, TARGET_MEAN, TARGET_SCALE = 50.0, 2.0**-7, -3.0, 2.0**10


def network(optimizer):
    keras.utils.set_random_seed(3)
    model = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(6, activation="tanh"), keras.layers.Dense(1)]
    )
    model.compile(optimizer, "mse")
    model.optimizer.build(model.trainable_variables)
    return model


def data(rows=32):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(rows, 4)).astype("float32")
    return x, (x[:, :1] * x[:, 1:2]).astype("float32")


def batches(x, y):
    return [(x, y)] * 20


@pytest.mark.parametrize(
    "optimizer",
    [
        lambda: keras.optimizers.SGD(0.05, momentum=0.9),
        lambda: keras.optimizers.Adam(0.01),
        lambda: keras.optimizers.AdamW(0.01, weight_decay=0.1),
        lambda: keras.optimizers.RMSprop(0.01),
    ],
)
def test_a_dialled_step_on_raw_data_is_a_step_on_standardised_data(optimizer):
    x, y = data()
    plain = network(optimizer())
    plain.make_train_function()
    stepping.train_on(plain, plain.train_function, batches(x, y))
    expected = plain.predict(x, verbose=0)

    raw = network(optimizer())
    kernel, bias, head_kernel, head_bias = raw.get_weights()
    raw.set_weights(
        [
            kernel * SCALE,
            bias - MEAN * SCALE * kernel.sum(0),
            head_kernel * TARGET_SCALE,
            head_bias * TARGET_SCALE,
        ]
    )
    variables = raw.trainable_variables
    fold = Fold(0, 1, np.full(4, MEAN), np.full(4, SCALE))
    dial = Dial(variables, [fold])
    dial.set(
        folds=[fold],
        scales={2: TARGET_SCALE, 3: TARGET_SCALE},
        loss_scale=1 / TARGET_SCALE**2,
    )
    errors = []
    taps = Taps(raw, errors.append)
    taps.install()
    stepping.train_on(raw, taps.plain_step(dial), batches(x / SCALE + MEAN, y * TARGET_SCALE))
    taps.remove()
    assert errors == []
    found = raw.predict(x / SCALE + MEAN, verbose=0) / TARGET_SCALE
    np.testing.assert_allclose(found, expected, atol=2e-3)


def test_a_dial_at_rest_changes_nothing_but_rounding():
    x, y = data()
    plain, dialled = network(keras.optimizers.Adam(0.01)), network(keras.optimizers.Adam(0.01))
    plain.make_train_function()
    stepping.train_on(plain, plain.train_function, batches(x, y))
    taps = Taps(dialled, lambda error: None)
    taps.install()
    stepping.train_on(dialled, taps.plain_step(Dial(dialled.trainable_variables)), batches(x, y))
    taps.remove()
    for a, b in zip(weights_of(plain), weights_of(dialled), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)


def test_updates_grow_during_the_warm_up():
    x, y = data()
    model = network(keras.optimizers.SGD(0.1))
    dial = Dial(model.trainable_variables)
    dial.set(warm_up=100)
    taps = Taps(model, lambda error: None)
    taps.install()
    step = taps.plain_step(dial)
    before = weights_of(model)[0]
    stepping.train_on(model, step, [(x, y)])
    moved = np.abs(weights_of(model)[0] - before).max()
    stepping.train_on(model, step, batches(x, y))
    before = weights_of(model)[0]
    stepping.train_on(model, step, [(x, y)])
    taps.remove()
    assert 0 < moved < np.abs(weights_of(model)[0] - before).max() * 3
    assert dial.host[0][0] == pytest.approx(0.22)


def test_gradients_are_clipped_at_their_global_norm():
    x, y = data()
    model = network(keras.optimizers.SGD(1.0))
    dial = Dial(model.trainable_variables)
    dial.set(clip=1e-3)
    taps = Taps(model, lambda error: None)
    taps.install()
    before = weights_of(model)
    stepping.train_on(model, taps.plain_step(dial), [(x, y)])
    taps.remove()
    moved = [a - b for a, b in zip(weights_of(model), before, strict=True)]
    assert np.sqrt(sum((m**2).sum() for m in moved)) == pytest.approx(1e-3, rel=1e-2)


@pytest.mark.parametrize("as_dict", [False, True])
def test_an_output_in_large_units_leaves_the_shared_layers_to_the_other(as_dict):
    x, y = data()
    targets = {"large": y, "small": (x[:, 2:3] > 0).astype("float32")}

    def two_heads(loss_weights):
        keras.utils.set_random_seed(3)
        inputs = keras.Input((4,))
        trunk = keras.layers.Dense(6, activation="tanh")(inputs)
        outputs = {
            "large": keras.layers.Dense(1, name="large")(trunk),
            "small": keras.layers.Dense(1, activation="sigmoid", name="small")(trunk),
        }
        model = keras.Model(inputs, outputs if as_dict else list(outputs.values()))
        losses = {"large": "mse", "small": "binary_crossentropy"}
        model.compile(
            keras.optimizers.SGD(0.05),
            losses if as_dict else list(losses.values()),
            loss_weights=loss_weights if as_dict else list(loss_weights.values()),
        )
        model.optimizer.build(model.trainable_variables)
        model.test_on_batch(x, given)  # which builds the metrics
        return model

    given = targets if as_dict else list(targets.values())
    rows = batches(x, given)
    alike = two_heads({"large": 1.0, "small": 1.0})
    alike.make_train_function()
    stepping.train_on(alike, alike.train_function, rows)

    unlike = two_heads({"large": 2.0**12, "small": 1.0})
    assert heads.loss_weights(unlike, ["large", "small"]) == {"large": 2.0**12, "small": 1.0}
    dial = Dial(unlike.trainable_variables, outputs=["large", "small"])
    dial.set(loss_scale=2.0**-12, output_scales={"small": 2.0**12})
    taps = Taps(unlike, lambda error: None)
    taps.install()
    stepping.train_on(unlike, taps.plain_step(dial), rows)
    taps.remove()
    for a, b in zip(weights_of(alike), weights_of(unlike), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)
    assert unlike.compute_loss.__func__ is type(unlike).compute_loss


def test_loss_weights_belong_to_outputs_also_where_one_has_no_target():
    inputs = keras.Input((3,))
    outputs = [keras.layers.Dense(1, name=name)(inputs) for name in "abc"]
    model = keras.Model(inputs, outputs)
    model.compile("adam", ["mse", None, "mse"], loss_weights=[5.0, None, 7.0])
    assert heads.loss_weights(model, ["a", "c"]) == {"a": 5.0, "c": 7.0}
    model.compile("adam", "mse", loss_weights={"c": 3.0})
    assert heads.loss_weights(model, ["a", "c"]) == {"a": 1.0, "c": 3.0}
