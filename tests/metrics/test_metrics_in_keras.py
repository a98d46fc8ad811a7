"""The metrics in compile, fit, EarlyStopping and saved files."""

import keras
import numpy as np
import pytest

from meancollapse import metrics

METRICS = [
    metrics.PredictionSpread,
    metrics.SkillScore,
    metrics.Information,
    metrics.Concordance,
]
X = np.random.default_rng(0).normal(size=(96, 2)).astype("float32")
Y = X @ np.array([[1.0, 0.1], [0.0, 0.0]], "float32")


def compiled(chosen, **kwargs):
    model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(2)])
    model.compile(keras.optimizers.Adam(0.05), loss="mse", metrics=chosen, **kwargs)
    return model


def test_fit_reports_train_and_validation_values_of_all_rows():
    model = compiled([cls() for cls in METRICS])
    history = model.fit(X, Y, epochs=2, verbose=0, validation_data=(X, Y), batch_size=40).history
    p = model.predict(X, verbose=0)
    skill = np.mean(1 - ((Y - p) ** 2).mean(0) / Y.var(0))
    assert history["val_skill_score"][-1] == pytest.approx(skill, rel=1e-4)
    assert {"prediction_spread", "skill_score", "information", "concordance"} < set(history)


@pytest.mark.parametrize("cls", METRICS)
def test_early_stopping_knows_that_more_is_better(cls):
    """mode="auto" on a frozen model: no improvement, so it stops after one epoch of patience."""
    model = compiled([cls()])
    model.optimizer.learning_rate = 0.0
    stop = keras.callbacks.EarlyStopping(monitor=f"val_{cls().name}", patience=1, min_delta=1e-4)
    history = model.fit(X, Y, epochs=5, verbose=0, validation_data=(X, Y), callbacks=[stop])
    assert len(history.history["loss"]) == 2
    assert stop.monitor_op == keras.ops.greater


@pytest.mark.parametrize("cls", METRICS)
def test_saved_model_comes_back_with_the_metric(cls, tmp_path):
    model = compiled([cls(output_aggregation="min")])
    model.fit(X, Y, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    before = model.evaluate(X, Y, verbose=0, return_dict=True)
    assert loaded.evaluate(X, Y, verbose=0, return_dict=True) == pytest.approx(before, rel=1e-5)


def test_one_collapsed_output_shows_in_the_minimum_and_in_the_single_values():
    p = np.stack([Y[:, 0], np.full(96, Y[:, 1].mean())], axis=1)
    least = metrics.PredictionSpread(output_aggregation="min")
    single = metrics.PredictionSpread(output_aggregation=None, name="spread")
    least.update_state(Y, p)
    single.update_state(Y, p)
    values = {key: float(value) for key, value in single.result().items()}
    assert float(least.result()) == 0
    assert values == pytest.approx({"spread_0": 1, "spread_1": 0}, abs=1e-6)


def test_single_values_reach_the_history():
    model = compiled([metrics.SkillScore(output_aggregation=None)])
    history = model.fit(X, Y, verbose=0, validation_data=(X, Y)).history
    assert {"skill_score_0", "val_skill_score_1"} < set(history)


def test_half_precision_models_are_measured_in_float32():
    metric = metrics.SkillScore()
    y = np.linspace(0, 1000, 64).astype("float16")
    metric.update_state(keras.ops.array(y), keras.ops.array(y[:, None]))
    assert float(metric.result()) == 1


def test_unknown_aggregation_is_refused():
    with pytest.raises(ValueError, match="'mean', 'min' or None"):
        metrics.SkillScore(output_aggregation="median")
