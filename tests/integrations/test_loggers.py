"""Loggers that are not ours see `spread`, `val_spread` and `grad_norm` through `logs`."""

import csv

import keras
import mlflow
import numpy as np
import pytest
import wandb
from nets import mlp, regression_data
from wandb.integration.keras import WandbMetricsLogger

import meancollapse as mc

KEYS = ("spread", "val_spread", "grad_norm")


def logged(*callbacks):
    """What `History` has after three epochs with these callbacks behind ours."""
    fit = mlp().fit(
        *regression_data(),
        validation_split=0.25,
        epochs=3,
        verbose=0,
        callbacks=[mc.WarnOnCollapse(), *callbacks],
    )
    found = {key: fit.history[key] for key in KEYS}
    assert all(np.isfinite(values).all() and len(values) == 3 for values in found.values())
    return found


def test_csv_logger(tmp_path):
    history = logged(keras.callbacks.CSVLogger(tmp_path / "log.csv"))
    rows = list(csv.DictReader((tmp_path / "log.csv").open()))
    for key in KEYS:
        assert [float(row[key]) for row in rows] == pytest.approx(history[key])


def test_wandb(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with wandb.init(project="test", mode="offline", dir=tmp_path) as run:
        history = logged(WandbMetricsLogger())
        summary = dict(run.summary)
    for key in KEYS:
        assert summary[f"epoch/{key}"] == pytest.approx(history[key][-1])


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """An MLflow store in a folder of its own; making one takes seconds."""
    folder = tmp_path_factory.mktemp("mlflow")
    mlflow.set_tracking_uri(f"sqlite:///{folder / 'mlflow.db'}")
    mlflow.create_experiment("test", artifact_location=folder.as_uri())
    mlflow.set_experiment("test")
    yield mlflow.MlflowClient()
    mlflow.set_tracking_uri(None)


def by_epoch(store, run, key):
    return [m.value for m in sorted(store.get_metric_history(run, key), key=lambda m: m.step)]


def test_mlflow(store):
    with mlflow.start_run() as run:
        history = logged(mlflow.keras.MlflowCallback())
    mlflow.flush_async_logging()
    for key in KEYS:
        assert by_epoch(store, run.info.run_id, key) == pytest.approx(history[key])


def test_mlflow_autolog(store):
    mlflow.keras.autolog(log_models=False, silent=True)
    try:
        with mlflow.start_run() as run:
            history = logged()
    finally:
        mlflow.keras.autolog(disable=True, silent=True)
    mlflow.flush_async_logging()
    for key in KEYS:
        assert by_epoch(store, run.info.run_id, key) == pytest.approx(history[key])
