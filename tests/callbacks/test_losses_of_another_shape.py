"""Losses that hold no prediction against a target like it: likelihoods, survival, critics.

Only the loss tells here whether an output is better than a constant.
"""

import warnings

import keras
import numpy as np
import pytest
from keras import layers, ops
from nets import class_data, dead_mlp, mlp, ready, watched

import meancollapse as mc

rng = np.random.default_rng(0)
x = rng.normal(size=(400, 10)).astype("float32")


def gaussian(y, p):
    return 0.5 * (p[:, 1:] + ops.square(y - p[:, :1]) * ops.exp(-p[:, 1:]))


def cox(y, p):
    """Negative partial log-likelihood; y holds times and whether the event was seen."""
    order = ops.flip(ops.argsort(y[:, 0]))
    risk, seen = ops.take(p[:, 0], order), ops.take(y[:, 1], order)
    return -ops.sum((risk - ops.log(ops.cumsum(ops.exp(risk)))) * seen) / (ops.sum(seen) + 1e-6)


def survival():
    time = np.exp(-2 * x[:, 0]) * rng.exponential(size=len(x))
    return np.stack([time, np.ones(len(x))], 1).astype("float32")


@pytest.mark.policy
def test_a_mean_that_is_rightly_constant_beside_a_variance_is_no_collapse():
    y = (np.exp(x[:, :1]) * rng.normal(size=(len(x), 1))).astype("float32")
    callback, warned = watched(mlp(2, loss=gaussian), x, y, epochs=12)
    assert warned == []
    look = callback.history[-1].outputs[0].look
    assert look.constant_loss == pytest.approx(0.5 * (1 + np.log(np.var(y))), rel=1e-3)
    assert look.loss < 0.7 * look.constant_loss
    assert callback.verdicts[-1].state == "healthy"
    assert abs(look.r2) < 0.2


@pytest.mark.policy
@pytest.mark.parametrize("make, state", [(mlp, "healthy"), (dead_mlp, "collapsed")])
def test_survival_is_judged_by_its_loss(make, state):
    callback, warned = watched(make(loss=cox), x, survival(), epochs=10)
    assert callback.verdicts[-1].state == state
    assert [w.verdict.state for w in warned] == [state] * (state == "collapsed")
    look = callback.history[-1].outputs[0].look
    # A constant risk costs the mean logarithm of how many are still at risk.
    at_risk = np.mean(np.log(np.arange(1, look.rows + 1)))
    assert look.constant_loss == pytest.approx(at_risk, rel=0.01)
    assert np.isnan(look.r2)


@pytest.mark.policy
def test_the_best_constant_of_probabilities_adds_up_to_one():
    """A policy: y holds the action taken and its advantage. Four times 1 would cost nothing."""
    action = 2 * (x[:, 0] > 0) + (x[:, 1] > 0)
    y = np.stack([action, rng.uniform(0.5, 1.5, len(x))], 1).astype("float32")

    def policy(y, p):
        chosen = ops.sum(ops.one_hot(ops.cast(y[:, 0], "int32"), 4) * p, -1)
        return -ops.log(chosen + 1e-7) * y[:, 1]

    callback, warned = watched(mlp(4, "softmax", loss=policy), x, y, epochs=6)
    assert warned == []
    assert callback.verdicts[-1].state == "healthy"
    look = callback.history[-1].outputs[0].look
    assert look.constant_loss == pytest.approx(np.log(4) * y[:, 1].mean(), rel=0.05)
    assert look.skill == pytest.approx(1 - look.loss / look.constant_loss)


class OwnLoss(keras.Model):
    """Classes learned in a `compute_loss` of its own; nothing is said in `compile`."""

    def __init__(self, outputs, normalize):
        super().__init__()
        self.head, self.normalize = layers.Dense(outputs), normalize

    def call(self, inputs):
        scores = self.head(inputs)
        return ops.normalize(scores) if self.normalize else ops.softmax(scores)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        if not self.normalize:
            return ops.mean(keras.losses.sparse_categorical_crossentropy(y, y_pred))
        alike = ops.cast(ops.expand_dims(y, 0) == ops.expand_dims(y, 1), y_pred.dtype)
        return ops.mean(ops.square(ops.matmul(y_pred, ops.transpose(y_pred)) - alike))


@pytest.mark.parametrize("normalize, states", [(False, {"collapsed"}), (True, set())])
def test_classes_without_a_compiled_loss(normalize, states):
    inputs, labels = class_data(rows=400, classes=10)
    model = OwnLoss(4 if normalize else 10, normalize)
    model(inputs[:2])
    if not normalize:
        model.head.kernel.assign(np.zeros((10, 10)))
    model.compile(keras.optimizers.Adam(0.01 if normalize else 1e-12))
    callback, warned = watched(ready(model), inputs, labels, epochs=10)
    assert {w.verdict.state for w in warned} == states


def test_a_dead_network_under_a_likelihood_is_rescued():
    y = (2 * x[:, :1] + 0.3 * rng.normal(size=(len(x), 1))).astype("float32")
    model = dead_mlp(outputs=2, loss=gaussian)
    rescuer = mc.RescueOnCollapse(verbose=0)
    watched(model, x, y, epochs=25, callback=rescuer)
    assert [rescue.outcome for rescue in rescuer.rescues] == ["kept"]
    mean = model.predict(x, verbose=0)[:, :1]
    assert 1 - np.mean((y - mean) ** 2) / np.var(y) > 0.7


class Clip(keras.constraints.Constraint):
    def __call__(self, w):
        return ops.clip(w, -0.02, 0.02)


@pytest.mark.parametrize("real", [1.0, -1.0], ids=["real is +1", "real is -1"])
@pytest.mark.parametrize("is_dead", [False, True])
def test_a_critic_is_judged_by_how_well_it_tells_real_from_fake(real, is_dead):
    """Its loss falls with the size of its output, which clipped weights keep at thousandths."""
    y = np.where(x[:, :3].sum(1) > 0, 1.0, -1.0).astype("float32")[:, None]
    model = (dead_mlp if is_dead else mlp)(
        optimizer=keras.optimizers.RMSprop(1e-3), loss=lambda y, f: -real * ops.mean(y * f)
    )
    for layer in model.layers:
        layer.kernel_constraint = layer.kernel.constraint = Clip()
    callback, warned = watched(model, x, y, epochs=10)
    assert callback.verdicts[-1].state == ("collapsed" if is_dead else "healthy")
    assert [w.verdict.state for w in warned] == ["collapsed"] * is_dead
    output = model.predict(x, verbose=0)
    assert output.std() < 0.01
    squared = 0.0 if is_dead else np.corrcoef(output[:, 0], y[:, 0])[0, 1] ** 2
    assert squared > 0.4 or is_dead
    assert callback.history[-1].outputs[0].look.skill == pytest.approx(squared, abs=0.01)


class Without(keras.Sequential):
    """A loss of its own, `loss(y, y_pred)` of a whole batch; `compile` is given none."""

    def __init__(self, loss, **keywords):
        super().__init__(**keywords)
        self.own = loss

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return self.own(y, y_pred)


def energy_distance(y, p):
    """How unlike two clouds of points are, whichever point belongs to whichever."""

    def gap(a, b):
        apart = ops.expand_dims(a, 1) - ops.expand_dims(b, 0)
        return ops.mean(ops.sqrt(ops.sum(ops.square(apart), axis=-1) + 1e-8))

    return 2.0 * gap(y, p) - gap(p, p) - gap(y, y)


def ring():
    angle = rng.uniform(0, 2 * np.pi, len(x))
    return np.stack([np.cos(angle), np.sin(angle)], 1).astype("float32")


def learned(model, y, epochs, **arguments):
    callback = mc.RescueOnCollapse(verbose=0)
    model.compile(keras.optimizers.Adam(0.003))
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        model.fit(x, y, epochs=epochs, callbacks=[callback], verbose=0, **arguments)
    return callback, [w for w in told if issubclass(w.category, mc.CollapseWarning)]


def test_a_generator_is_not_asked_to_hit_its_targets_row_by_row():
    hidden = layers.Dense(32, activation="relu")
    model = Without(energy_distance, layers=[keras.Input((10,)), hidden, layers.Dense(2)])
    y = ring()
    callback, warned = learned(model, y, epochs=10)
    cloud = model.predict(x, verbose=0)
    radius = np.sqrt((cloud**2).sum(1)).mean()
    assert 0.6 < radius < 1.4
    assert np.mean((cloud - y) ** 2) > np.mean((y - y.mean(0)) ** 2)
    assert (warned, callback.rescues) == ([], [])


def test_scores_of_actions_are_not_asked_to_be_their_rewards():
    def policy(reward, scores):
        return -ops.mean(ops.sum(ops.softmax(scores) * reward, axis=-1))

    best = (x[:, 0] > 0).astype(int) + 2 * (x[:, 1] > 0)
    reward = np.eye(4, dtype="float32")[best]
    model = Without(policy, layers=[keras.Input((10,)), layers.Dense(4)])
    callback, warned = learned(model, reward, epochs=40, batch_size=16)
    scores = model.predict(x, verbose=0)
    assert (scores.argmax(1) == best).mean() > 0.8
    assert np.mean((scores - reward) ** 2) > np.mean((reward - reward.mean(0)) ** 2)
    assert (warned, callback.rescues) == ([], [])


def test_what_is_one_number_has_collapsed_whatever_its_loss():
    def squared(y, p):
        return ops.mean(ops.square(y - p))

    dead = keras.initializers.Constant(-50.0)
    hidden = [layers.Dense(16, activation="relu", bias_initializer=dead) for _ in range(2)]
    model = Without(squared, layers=[keras.Input((10,)), *hidden, layers.Dense(1)])
    y = (x[:, :1] - x[:, 1:2]).astype("float32")
    callback, warned = learned(model, y, epochs=20, batch_size=16)
    assert callback.rescues[0].outcome == "kept"
    assert len(warned) == 1
    assert np.mean((model.predict(x, verbose=0) - y) ** 2) < 0.3 * np.var(y)
