import warnings

import keras
import numpy as np
import pytest
from nets import Spike, class_data, dead_mlp, mlp, regression_data, weights_of

import meancollapse as mc
from meancollapse.backend import rates
from meancollapse.repair import adjuster, ramp, rescuer


def fit(model, x, y, epochs=25, callbacks=(), **arguments):
    callback = mc.AdjustLROnCollapse(verbose=0, **arguments)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mc.CollapseWarning)
        warnings.simplefilter("error", mc.MonitorWarning)
        history = model.fit(
            x, y, epochs=epochs, batch_size=32, verbose=0, callbacks=[*callbacks, callback]
        )
    return callback, history.history


def classifier(optimizer=None):
    return mlp(3, "softmax", optimizer, loss="sparse_categorical_crossentropy")


def r2(model, x, y):
    return 1 - np.mean((model.predict(x, verbose=0) - y) ** 2) / np.var(y)


def accuracy(model, x, y):
    return np.mean(model.predict(x, verbose=0).argmax(1) == y)


def test_a_rate_that_destroyed_the_network_is_lowered_and_the_weights_go_back():
    model, (x, y) = classifier(), class_data()
    callback, logs = fit(model, x, y, callbacks=[Spike()])
    assert accuracy(model, x, y) > 0.9
    assert callback.changes[0].rewound
    assert float(model.optimizer.learning_rate) < 100
    assert logs["learning_rate"][5] == pytest.approx(100)
    assert len(logs["learning_rate"]) == 25


def test_a_schedule_is_put_aside_for_this_fit_and_comes_back():
    schedule = keras.optimizers.schedules.PiecewiseConstantDecay([60], [0.05, 1e6])
    model, (x, y) = classifier(keras.optimizers.SGD(schedule)), class_data()
    callback, logs = fit(model, x, y)
    assert accuracy(model, x, y) > 0.9
    assert max(logs["learning_rate"]) == pytest.approx(1e6)
    assert logs["learning_rate"][-1] < 1e6
    assert model.optimizer._learning_rate is schedule
    assert callback.changes


def test_a_rate_that_moves_nothing_is_raised():
    model, (x, y) = mlp(optimizer=keras.optimizers.Adam(1e-7)), regression_data()
    callback, logs = fit(model, x, y, epochs=45)
    assert r2(model, x, y) > 0.8
    assert logs["learning_rate"][0] == pytest.approx(1e-7)
    assert 1e-4 < logs["learning_rate"][-1] < 0.2
    assert any("learning rate" in action for e in callback.history for action in e.actions)
    assert [change.rewound for change in callback.changes] == [False]


def test_a_rate_that_is_too_high_from_the_start_goes_back_to_the_first_weights():
    optimizer = keras.optimizers.SGD(30.0, momentum=0.9, clipnorm=1.0)
    model, (x, y) = mlp(optimizer=optimizer), regression_data()
    callback, _ = fit(model, x, y, epochs=40)
    assert r2(model, x, y) > 0.8
    assert callback.changes[0].rewound
    assert callback.changes[0].after < 3
    assert model.optimizer.momentum == 0.9
    assert model.optimizer.clipnorm == 1.0


def test_the_weights_stay_where_going_back_is_forbidden():
    model, (x, y) = classifier(), class_data()
    callback, _ = fit(model, x, y, callbacks=[Spike()], rewind=False)
    assert not any(change.rewound for change in callback.changes)
    assert accuracy(model, x, y) < 0.6


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    "shape",
    [
        lambda peak: keras.optimizers.schedules.CosineDecay(
            0.0, 320, warmup_target=peak, warmup_steps=40
        ),
        lambda peak: Linear(peak),
    ],
    ids=["cosine with warm-up", "of one's own"],
)
def test_a_schedule_keeps_its_shape(shape):
    schedule = shape(20.0)
    model, (x, y) = mlp(optimizer=keras.optimizers.Adam(schedule)), regression_data()
    callback, logs = fit(model, x, y, epochs=40)
    assert r2(model, x, y) > 0.8
    assert model.optimizer._learning_rate is schedule
    change = callback.changes[-1]
    begun = change.epoch + 1
    rates_now = np.array(logs["learning_rate"][begun:])
    # The shape is that of the user's schedule, begun anew; Keras reads the rate of the last step.
    steps = 8 * np.arange(1, len(rates_now) + 1)
    expected = np.array([float(shape(change.after)(step)) for step in steps])
    np.testing.assert_allclose(rates_now, expected, rtol=1e-3)


@keras.saving.register_keras_serializable(package="tests")
class Linear(keras.optimizers.schedules.LearningRateSchedule):
    """A schedule as people write their own."""

    def __init__(self, peak):
        self.peak = peak

    def __call__(self, step):
        return self.peak * (1 - keras.ops.cast(step, "float32") / 400)

    def get_config(self):
        return {"peak": self.peak}


def test_a_scaled_schedule_is_saved_as_the_users_own():
    for schedule in (Linear(2.0), keras.optimizers.schedules.CosineDecay(2.0, 100)):
        scaled = rates.scaled(schedule, 0.25)
        assert float(scaled(0)) == pytest.approx(0.5)
        assert float(schedule(0)) == pytest.approx(2.0)
        saved = keras.saving.serialize_keras_object(scaled)
        again = keras.saving.deserialize_keras_object(saved)
        assert type(again) is type(schedule)
        assert float(again(0)) == pytest.approx(2.0)


def test_a_schedule_that_comes_down_to_nothing_gives_way_to_a_constant_rate():
    schedule = keras.optimizers.schedules.ExponentialDecay(1e-3, 2, 0.5)
    model, (x, y) = mlp(optimizer=keras.optimizers.Adam(schedule)), regression_data()
    callback, logs = fit(model, x, y, epochs=45)
    assert r2(model, x, y) > 0.8
    assert logs["learning_rate"][-1] == pytest.approx(callback.changes[-1].after)
    assert model.optimizer._learning_rate is schedule


def test_a_callback_cannot_bring_the_old_rate_back():
    def schedule(epoch, rate):
        return 1e-3 * 0.1**epoch

    model, (x, y) = mlp(optimizer=keras.optimizers.Adam(1e-3)), regression_data()
    others = [keras.callbacks.LearningRateScheduler(schedule)]
    fit(model, x, y, epochs=45, callbacks=others)
    assert r2(model, x, y) > 0.8


def test_a_change_that_does_not_help_is_taken_back_exactly(monkeypatch):
    """A rehearsal that promises too much: no rate wakes a network that is dead."""
    model, (x, y) = dead_mlp(), regression_data()
    real = rescuer.rehearse

    def promising(*args, **kwargs):
        trials = real(*args, **kwargs)
        return [rescuer.replace(trial, skill=0.5) for trial in trials]

    monkeypatch.setattr(rescuer, "rehearse", promising)
    callback, _ = fit(model, x, y, epochs=30, max_changes=1)
    there, back = callback.changes
    assert (back.before, back.after) == (there.after, there.before)
    assert float(model.optimizer.learning_rate) == pytest.approx(0.01)


@pytest.mark.parametrize("limits", [{"min_lr": 1e-3, "max_lr": 5e-3}, {"max_lr": 1e-2}])
@pytest.mark.policy
def test_no_rate_beyond_the_limits_is_set(limits):
    model, (x, y) = mlp(optimizer=keras.optimizers.Adam(1e-7)), regression_data()
    callback, logs = fit(model, x, y, epochs=45, **limits)
    assert callback.changes
    assert limits.get("min_lr", 0) <= logs["learning_rate"][-1] <= limits["max_lr"]


def test_a_network_that_was_never_alive_is_left_alone_and_the_user_told(capsys):
    model = dead_mlp()
    before = weights_of(model)
    callback = mc.AdjustLROnCollapse()
    with pytest.warns(mc.CollapseWarning):
        model.fit(*regression_data(), epochs=12, verbose=0, callbacks=[callback])
    assert callback.changes == []
    said = capsys.readouterr().out
    assert "dead_relu" in said
    assert "RescueOnCollapse()" in said
    assert float(model.optimizer.learning_rate) == pytest.approx(0.01)
    for old, new in zip(before[:2], weights_of(model)[:2], strict=True):
        np.testing.assert_array_equal(old, new)


def test_in_the_last_epochs_it_says_that_too_few_steps_are_left(capsys):
    callback = mc.AdjustLROnCollapse()
    with pytest.warns(mc.CollapseWarning):
        dead_mlp().fit(*regression_data(), epochs=2, verbose=0, callbacks=[callback])
    assert "too few to try another learning rate" in capsys.readouterr().out
    assert callback.changes == []


def test_each_optimizer_of_several_has_its_rate_in_the_logs():
    if not hasattr(keras.optimizers, "MultiOptimizer"):
        pytest.skip("this Keras has no MultiOptimizer")
    optimizers = keras.optimizers.OptimizerMap(keras.optimizers.Adam(0.01, name="rest"))
    optimizers[".*bias"] = keras.optimizers.SGD(0.02, name="biases")
    model = mlp(optimizer=keras.optimizers.MultiOptimizer(lambda v: optimizers[v.path]))
    _, logs = fit(model, *regression_data(), epochs=2)
    rates = {key: values[-1] for key, values in logs.items() if key.startswith("learning_rate")}
    assert sorted(rates.values()) == pytest.approx([0.01, 0.02])


def test_a_loss_scale_optimizer_is_seen_through():
    inner = keras.optimizers.Adam(0.01)
    model = classifier(keras.optimizers.LossScaleOptimizer(inner))
    callback, _ = fit(model, *class_data(), callbacks=[Spike()])
    assert callback.changes
    assert float(inner.learning_rate) < 100


def test_a_second_fit_starts_anew():
    model, callback = mlp(), mc.AdjustLROnCollapse(verbose=0)
    callback.changes = ["from before"]
    model.fit(*regression_data(), epochs=1, verbose=0, callbacks=[callback])
    assert callback.changes == []
    assert len(callback.history) == 1


def test_healthy_runs_keep_their_rate():
    model = mlp()
    before = weights_of(model)
    callback, logs = fit(model, *regression_data(), epochs=5)
    assert callback.changes == []
    assert set(logs["learning_rate"]) == {logs["learning_rate"][0]}
    assert any((a != b).any() for a, b in zip(before, weights_of(model), strict=True))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"factor": 2.0}, "between 0 and 1"),
        ({"min_lr": 1.0, "max_lr": 0.1}, "larger than `max_lr`"),
    ],
)
def test_wrong_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=message):
        mc.AdjustLROnCollapse(**arguments)


def test_a_ramp_ends_a_little_above_the_rates_it_recommends():
    climbed = [1e-4, 1e-3, 1e-2, 1e-1, 1.0]
    assert ramp.best_rates(climbed, [0.0, 0.1, 0.4, 0.41, -1.0]) == (1e-3, 1e-2, 1e-4)
    assert ramp.best_rates(climbed, [0.0, 0.01, 0.0]) == ()
    assert ramp.rungs(1e-3, 0.1, 1e-4, 1e-2)[0] >= 1e-4
    steps = np.diff(np.log10(ramp.rungs(1e-3, 0.01, 0.0, np.inf)))
    np.testing.assert_allclose(steps, 1.0)


def test_what_a_ramp_led_to_comes_first_and_else_the_first_weights():
    led, astray = ramp.Ramp("keep", 0.5, (1e-2, 3e-2)), ramp.Ramp("first", 0.0, ())
    found = adjuster.in_turn([led, astray], [1e-3])
    assert [(t.weights, t.rate) for t in found][:2] == [("keep", 1e-2), ("first", 1e-3)]
    nowhere = adjuster.in_turn([ramp.Ramp("keep", 0.0, ()), astray], [1e-3])
    assert nowhere[0].weights == "first"
