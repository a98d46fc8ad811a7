import warnings

import keras
import numpy as np
import pytest
from nets import Spike, class_data, dead_mlp, mlp, regression_data, weights_of

import meancollapse as mc
from meancollapse.evidence import Evidence, Variable
from meancollapse.remedies import rate_advice
from meancollapse.verdict import Verdict


def fit(model, x, y, epochs=25, callbacks=()):
    callback = mc.AdjustLROnCollapse(verbose=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", mc.CollapseWarning)
        warnings.simplefilter("error", mc.MonitorWarning)
        history = model.fit(
            x, y, epochs=epochs, batch_size=32, verbose=0, callbacks=[*callbacks, callback]
        )
    return callback, history.history


def classifier(optimizer=None):
    return mlp(3, "softmax", optimizer, loss="sparse_categorical_crossentropy")


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
    model = mlp(optimizer=keras.optimizers.Adam(1e-7))
    kernel, bias = model.layers[-1].get_weights()
    model.layers[-1].set_weights([kernel * 0.05, bias])
    x, y = regression_data()
    callback, logs = fit(model, x, y, epochs=60)
    assert callback.changes, callback.verdicts[-1]
    assert not callback.changes[0].rewound
    assert logs["learning_rate"][-1] > 1e-5
    assert any("learning rate" in action for e in callback.history for action in e.actions)


def test_a_network_that_was_never_alive_is_left_alone_and_the_user_told(capsys):
    model = dead_mlp()
    callback = mc.AdjustLROnCollapse()
    with pytest.warns(mc.CollapseWarning):
        model.fit(*regression_data(), epochs=4, verbose=0, callbacks=[callback])
    assert callback.changes == []
    assert "RescueOnCollapse()" in capsys.readouterr().out
    assert float(model.optimizer.learning_rate) == pytest.approx(0.01)


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


def test_advice_without_measured_weights_is_no_advice():
    evidence = Evidence(9, 300, 500, False, False, False, 1.0, None, 0, 0, (), (), (), ())
    found = Verdict(9, "collapsed", "output", None, (), "")
    assert rate_advice.advise(found, evidence, 0.1, 0.1, had_skill=False) is None
    change = rate_advice.advise(found, evidence, 0.1, 0.1, had_skill=True)
    assert change.after == pytest.approx(0.01)
    assert change.rewound


def test_the_ratio_is_the_median_over_weight_arrays():
    variables = tuple(
        Variable(f"{n}", is_weight, 1.0, ratio, 1.0, 4, 0)
        for n, (is_weight, ratio) in enumerate(
            [(True, 1e-3), (True, 3e-3), (True, 9.0), (False, 7)]
        )
    )
    evidence = Evidence(0, 1, 1, False, False, False, 1.0, None, 0, 1, variables, (), (), ())
    assert rate_advice.update_ratio(evidence) == pytest.approx(3e-3)
