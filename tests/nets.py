"""Tiny models and data for the tests: one that learns, one that is dead, and tools to run them."""

from __future__ import annotations

import warnings

import keras
import numpy as np

import meancollapse as mc


def regression_data(rows=256, seed=0):
    """Ten inputs, a smooth target of mean 0 and std 1 that a small network learns quickly."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 10)).astype("float32")
    y = x[:, :1] + 0.5 * x[:, 1:2] ** 2
    return x, ((y - y.mean()) / y.std()).astype("float32")


def class_data(rows=256, classes=3, seed=0):
    """Inputs around one centre per class, and the class of each."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, classes, rows)
    centres = 3 * np.random.default_rng(1).normal(size=(classes, 10))
    return (centres[labels] + rng.normal(size=(rows, 10))).astype("float32"), labels


def mlp(outputs=1, activation=None, optimizer=None, loss="mse", **compile_args):
    """Two hidden layers of 16 ReLU units."""
    model = keras.Sequential(
        [
            keras.Input((10,)),
            keras.layers.Dense(16, activation="relu"),
            keras.layers.Dense(16, activation="relu"),
            keras.layers.Dense(outputs, activation=activation),
        ]
    )
    model.compile(optimizer or keras.optimizers.Adam(0.01), loss, **compile_args)
    return ready(model)


def ready(model):
    """The model with its optimizer built: TensorFlow then traces its step once, not twice."""
    model.optimizer.build(model.trainable_variables)
    return model


def dead_mlp(**compile_args):
    """The same with a first layer whose units are all off for every input."""
    model = mlp(**compile_args)
    kernel, bias = model.layers[0].get_weights()
    model.layers[0].set_weights([kernel, bias - 1000])
    return model


class Spike(keras.callbacks.Callback):
    """In mid-run a learning rate far too high, and the dead units it leaves."""

    def __init__(self, rate=100.0, epoch=5):
        super().__init__()
        self.rate, self.epoch = rate, epoch

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == self.epoch:
            self.model.optimizer.learning_rate = self.rate
            kernel, bias = self.model.layers[0].get_weights()
            self.model.layers[0].set_weights([kernel, bias - 1e6])


def watched(model, *data, callback=None, **fit_args):
    """`fit` under a callback; the callback, and what was warned by this library."""
    callback = callback or mc.WarnOnCollapse()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit_args = {"verbose": 0, "batch_size": 32, **fit_args}
        if not hasattr(data[0], "shape"):
            fit_args.pop("batch_size")
        model.fit(*data, callbacks=[callback], **fit_args)
    ours = (mc.CollapseWarning, mc.MonitorWarning)
    return callback, [w.message for w in caught if isinstance(w.message, ours)]


def weights_of(model):
    return [np.array(w) for w in model.get_weights()]
