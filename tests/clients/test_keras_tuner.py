"""Keras Tuner: a search that gives every trial a deep copy of the callback."""

from __future__ import annotations

import tempfile

import keras
import pytest
import twins
from nets import regression_data

keras_tuner = pytest.importorskip("keras_tuner")

NONE, WEAK, TOO_STRONG = 0.0, 1e-4, 10.0


class Regressions(keras_tuner.HyperModel):
    """Small networks, more or less regularized; what became of each is kept."""

    def __init__(self, penalties):
        super().__init__()
        self.penalties = penalties
        self.trained = []

    def build(self, hp):
        penalty = keras.regularizers.L2(hp.Choice("penalty", self.penalties))
        model = keras.Sequential(
            [
                keras.Input((10,)),
                keras.layers.Dense(16, activation="relu", kernel_regularizer=penalty),
                keras.layers.Dense(16, activation="relu", kernel_regularizer=penalty),
                keras.layers.Dense(1),
            ]
        )
        model.compile(keras.optimizers.Adam(0.01), "mse")
        return model

    def fit(self, hp, model, *args, **kwargs):
        history = model.fit(*args, **kwargs)
        self.trained.append((model, history.history))
        return history


def search(penalties, callbacks):
    """One trial with each of two penalties: the last model, and the logs one after the other."""
    regressions = Regressions(penalties)
    x, y = regression_data(768)
    with tempfile.TemporaryDirectory() as folder:
        tuner = keras_tuner.RandomSearch(
            regressions, "val_loss", max_trials=2, seed=0, directory=folder
        )
        tuner.search(
            x,
            y,
            epochs=9,
            batch_size=32,
            verbose=0,
            validation_split=0.25,
            callbacks=callbacks,
        )
    (_, first), (model, second) = regressions.trained
    return model, {name: first[name] + second[name] for name in second}


def healthy(callbacks):
    return search([NONE, WEAK], callbacks)


def ill(callbacks):
    return search([NONE, TOO_STRONG], callbacks)


def test_a_healthy_search_is_watched_in_silence():
    plain, run = twins.alone(healthy), twins.watched(healthy)
    assert plain.logs["val_loss"][-1] < 0.3
    twins.assert_same(run, plain)
    twins.assert_quiet(run)
    assert run.callback.history == []  # its copies did the work


def test_a_healthy_search_is_not_treated():
    run = twins.rescued(healthy)
    twins.assert_same(run, twins.alone(healthy))
    twins.assert_quiet(run)


def test_the_trial_that_collapses_is_told_of():
    twins.assert_told(twins.watched(ill), "collapsed", "over_regularization")
