import math

import keras
import numpy as np
import pandas as pd
import pytest
from nets import dead_mlp, mlp, regression_data, watched

import meancollapse as mc


def test_norms_equal_the_step_that_sgd_took():
    x, y = regression_data(64)
    model = mlp(optimizer=keras.optimizers.SGD(1.0))
    before = model.get_weights()
    monitor, _ = watched(model, x, y, epochs=1, batch_size=64, callback=mc.GradientMonitor())
    after = model.get_weights()
    row = monitor.history[0]
    steps = [float(np.linalg.norm(b - a)) for a, b in zip(before, after, strict=True)]
    for variable, step in zip(model.trainable_variables, steps, strict=True):
        assert row[variable.path] == pytest.approx(step, rel=1e-4)
    assert row["grad_norm"] == pytest.approx(math.sqrt(sum(s**2 for s in steps)), rel=1e-4)


def test_update_ratio_is_step_over_weights():
    x, y = regression_data(64)
    model = mlp(optimizer=keras.optimizers.SGD(0.1))
    before = model.get_weights()
    monitor, _ = watched(model, x, y, epochs=1, batch_size=64, callback=mc.GradientMonitor())
    after = model.get_weights()
    for variable, a, b in zip(monitor.evidence[0].variables, before, after, strict=True):
        if variable.is_weight:
            expected = np.linalg.norm(b - a) / np.linalg.norm(a)
            assert variable.update_ratio == pytest.approx(expected, rel=1e-4)
            assert variable.weight_norm == pytest.approx(np.linalg.norm(a), rel=1e-4)


def test_the_history_is_ready_for_a_data_frame():
    monitor, _ = watched(mlp(), *regression_data(), epochs=3, callback=mc.GradientMonitor())
    frame = pd.DataFrame(monitor.history).set_index("epoch")
    assert list(frame.index) == [0, 1, 2]
    assert len(frame.columns) == 1 + 6
    assert (frame > 0).all().all()


def test_dead_units_are_silent_all_epoch():
    monitor, _ = watched(dead_mlp(), *regression_data(), epochs=1, callback=mc.GradientMonitor())
    kernel = monitor.evidence[0].variables[0]
    assert (kernel.units, kernel.silent_units, kernel.gradient_norm) == (16, 16, 0.0)
    monitor, _ = watched(mlp(), *regression_data(), epochs=1, callback=mc.GradientMonitor())
    assert monitor.evidence[0].variables[0].silent_units == 0


def test_an_embedding_has_the_norm_of_its_dense_gradient():
    rng = np.random.default_rng(0)
    tokens, y = rng.integers(0, 7, (32, 5)), rng.normal(size=(32, 1)).astype("float32")
    model = keras.Sequential(
        [keras.Input((5,), dtype="int32"), keras.layers.Embedding(7, 3)]
        + [keras.layers.Flatten(), keras.layers.Dense(1)]
    )
    model.compile(keras.optimizers.SGD(1.0), "mse")
    before = model.get_weights()[0]
    monitor, _ = watched(model, tokens, y, epochs=1, callback=mc.GradientMonitor())
    step = np.linalg.norm(model.get_weights()[0] - before)
    assert monitor.history[0][model.trainable_variables[0].path] == pytest.approx(step, rel=1e-4)


def test_gives_no_verdict_and_no_warning():
    monitor, warned = watched(
        dead_mlp(), *regression_data(), epochs=8, callback=mc.GradientMonitor()
    )
    assert monitor.verdicts == []
    assert warned == []


def test_loss_scaling_is_taken_off():
    x, y = regression_data(64)
    plain = mlp(optimizer=keras.optimizers.SGD(0.01))
    scaled = mlp(
        optimizer=keras.optimizers.LossScaleOptimizer(
            keras.optimizers.SGD(0.01), initial_scale=1024.0
        )
    )
    scaled.set_weights(plain.get_weights())
    a, _ = watched(plain, x, y, epochs=1, batch_size=64, callback=mc.GradientMonitor())
    b, _ = watched(scaled, x, y, epochs=1, batch_size=64, callback=mc.GradientMonitor())
    assert b.history[0]["grad_norm"] == pytest.approx(a.history[0]["grad_norm"], rel=1e-3)


def test_gradient_accumulation_does_not_hide_the_updates():
    model = mlp(optimizer=keras.optimizers.SGD(0.1, gradient_accumulation_steps=4))
    monitor, _ = watched(model, *regression_data(), epochs=1, callback=mc.GradientMonitor())
    assert all(v.update_ratio > 0 for v in monitor.evidence[0].variables if v.is_weight)
