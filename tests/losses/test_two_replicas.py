"""MirroredStrategy on two logical CPUs. Devices are fixed once per process, so in another one."""

import functools
import json
import os
import pathlib
import subprocess
import sys

import loss_cases as cases
import numpy as np
import pytest

pytestmark = pytest.mark.tensorflow_only
HERE = pathlib.Path(__file__).parent


@functools.cache
def results():
    source = str(HERE.parents[1] / "src")
    path = os.pathsep.join([source, str(HERE), os.environ.get("PYTHONPATH", "")])
    process = subprocess.run(
        [sys.executable, str(HERE / "two_replicas.py")],
        env={**os.environ, "KERAS_BACKEND": "tensorflow", "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert process.returncode == 0, process.stderr[-3000:]
    return json.loads(process.stdout.splitlines()[-1])


@pytest.mark.parametrize("name", cases.ALL)
def test_loss_on_two_replicas_is_the_mean_of_the_halves(name):
    loss, expected = results()["losses"][name]
    assert loss == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("name", ["log_scaled", "concordance", "combined"])
def test_training_step_on_two_replicas_is_the_step_of_the_mean(name):
    (loss, weights), (expected_loss, expected_weights) = results()["steps"][name]
    assert loss == pytest.approx(expected_loss, rel=1e-5)
    for ours, theirs in zip(weights, expected_weights, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name", ["spread", "skill", "information", "concordance"])
def test_metric_over_two_replicas_equals_the_metric_over_all_rows(name):
    ours, expected = results()["metrics"]
    assert ours[name] == pytest.approx(expected[name], rel=1e-4)
