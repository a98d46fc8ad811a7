"""What `GradientMonitor(log_dir=...)` writes, read back as TensorBoard reads it."""

import os
import subprocess
import sys
import warnings

import keras
import numpy as np
import pytest
from nets import dead_mlp, mlp, regression_data, watched
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.util import tensor_util

import meancollapse as mc

BACKEND = keras.config.backend()


class Events:
    """The event files of a directory; the two writers use different kinds of summaries."""

    def __init__(self, log_dir):
        self._read = EventAccumulator(str(log_dir), size_guidance={"tensors": 0, "histograms": 0})
        self._read.Reload()
        tags = self._read.Tags()
        self.tags = {*tags["scalars"], *tags["histograms"], *tags["tensors"]}

    def scalar(self, tag):
        """Value by step."""
        if tag in self._read.Tags()["scalars"]:
            return {event.step: event.value for event in self._read.Scalars(tag)}
        events = self._read.Tensors(tag)
        return {e.step: float(tensor_util.make_ndarray(e.tensor_proto)) for e in events}

    def histogram(self, tag):
        """Right ends and counts of the buckets that hold anything, by step."""
        if tag in self._read.Tags()["histograms"]:
            values = {event.step: event.histogram_value for event in self._read.Histograms(tag)}
            pairs = {step: (v.bucket_limit, v.bucket) for step, v in values.items()}
        else:
            arrays = {
                e.step: tensor_util.make_ndarray(e.tensor_proto) for e in self._read.Tensors(tag)
            }
            pairs = {step: (array[:, 1], array[:, 2]) for step, array in arrays.items()}
        found = {step: (np.array(right), np.array(count)) for step, (right, count) in pairs.items()}
        return {
            step: (right[count > 0], count[count > 0]) for step, (right, count) in found.items()
        }


def near(values):
    """Event files hold float32."""
    return pytest.approx(values, rel=1e-6, abs=1e-12, nan_ok=True)


def test_scalars_equal_the_callbacks_own_evidence(tmp_path):
    monitor = mc.GradientMonitor(log_dir=tmp_path)
    watched(mlp(), *regression_data(), epochs=3, callback=monitor)
    events = Events(tmp_path)
    assert events.scalar("grad_norm") == near({e.epoch: e.grad_norm for e in monitor.evidence})
    for index, variable in enumerate(monitor.evidence[0].variables):
        measured = {e.epoch: e.variables[index] for e in monitor.evidence}
        for tag, value in (
            ("gradient_norm", lambda v: v.gradient_norm),
            ("update_ratio", lambda v: v.update_ratio),
            ("silent_units", lambda v: v.silent_units / v.units),
        ):
            written = events.scalar(f"{tag}/{variable.path}")
            assert written == near({epoch: value(v) for epoch, v in measured.items()})


def test_every_trainable_variable_has_its_four_tags_and_nothing_else_is_written(tmp_path):
    model = mlp()
    watched(model, *regression_data(), epochs=1, callback=mc.GradientMonitor(log_dir=tmp_path))
    kinds = ("gradient_norm", "update_ratio", "silent_units", "weights")
    expected = {f"{kind}/{v.path}" for kind in kinds for v in model.trainable_variables}
    assert Events(tmp_path).tags == expected | {"grad_norm"}


def test_histograms_hold_the_weights_after_the_epoch(tmp_path):
    model = mlp()
    watched(model, *regression_data(), epochs=2, callback=mc.GradientMonitor(log_dir=tmp_path))
    events = Events(tmp_path)
    for variable in model.trainable_variables:
        found = events.histogram(f"weights/{variable.path}")
        weights = np.asarray(keras.ops.convert_to_numpy(variable)).ravel()
        assert sorted(found) == [0, 1]
        right, count = found[1]
        assert count.sum() == weights.size
        if weights.size > 1:
            assert right[-1] == near(weights.max())
            below = [np.sum(weights <= edge * (1 + 1e-6)) for edge in right]
            # A weight on an edge may fall on either side of it.
            assert np.abs(np.cumsum(count) - below).max() <= 1


def test_silent_units_are_a_share(tmp_path):
    model = dead_mlp()
    watched(model, *regression_data(), epochs=1, callback=mc.GradientMonitor(log_dir=tmp_path))
    events = Events(tmp_path)
    path = model.layers[0].kernel.path
    assert events.scalar(f"silent_units/{path}") == {0: 1.0}
    assert events.scalar(f"gradient_norm/{path}") == {0: 0.0}


def test_epochs_are_the_steps_of_a_resumed_fit_and_of_a_second_one(tmp_path):
    model, monitor = mlp(), mc.GradientMonitor(log_dir=tmp_path)
    watched(model, *regression_data(), epochs=2, callback=monitor)
    watched(model, *regression_data(), epochs=4, initial_epoch=2, callback=monitor)
    assert sorted(Events(tmp_path).scalar("grad_norm")) == [0, 1, 2, 3]


def test_weights_that_are_not_finite_do_not_end_the_record(tmp_path):
    x, y = regression_data(64)
    y[3] = np.nan
    monitor = mc.GradientMonitor(log_dir=tmp_path)
    _, warned = watched(mlp(), x, y, epochs=2, callback=monitor)
    assert warned == []
    assert sorted(Events(tmp_path).scalar("grad_norm")) == [0, 1]


def test_a_failure_while_writing_does_not_stop_training(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("not a directory")
    model = mlp()
    monitor = mc.GradientMonitor(log_dir=blocked / "logs")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        done = model.fit(*regression_data(), epochs=2, verbose=0, callbacks=[monitor])
    assert done.epoch == [0, 1]
    assert [w.category for w in caught if w.category is mc.MonitorWarning] == [mc.MonitorWarning]


@pytest.mark.parametrize(
    "backend, package", [("jax", "tensorboardX"), ("tensorflow", "tensorboard")]
)
def test_a_missing_writer_is_named_before_training(monkeypatch, backend, package):
    monkeypatch.setattr(keras.config, "backend", lambda: backend)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=f"pip install {package}`"):
        mc.GradientMonitor(log_dir="logs")
    mc.GradientMonitor()


@pytest.mark.skipif(BACKEND == "jax", reason="the TensorFlow run tries it on JAX")
def test_another_backend_writes_without_importing_tensorflow(tmp_path):
    code = (
        "import sys, nets, meancollapse as mc\n"
        f"monitor = mc.GradientMonitor(log_dir={str(tmp_path)!r})\n"
        "nets.watched(nets.mlp(), *nets.regression_data(), epochs=1, callback=monitor)\n"
        "assert 'tensorflow' not in sys.modules\n"
        "print(monitor.evidence[0].grad_norm)\n"
    )
    backend = "jax" if BACKEND == "tensorflow" else BACKEND
    path = os.pathsep.join(sys.path)
    env = {**os.environ, "KERAS_BACKEND": backend, "PYTHONPATH": path}
    run = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert Events(tmp_path).scalar("grad_norm") == near({0: float(run.stdout)})


@pytest.mark.tensorflow_only
def test_is_written_beside_keras_own_callback(tmp_path):
    keras_own = keras.callbacks.TensorBoard(tmp_path / "keras", update_freq=1000)
    monitor = mc.GradientMonitor(log_dir=tmp_path / "ours")
    model = mlp()
    model.fit(*regression_data(), epochs=2, verbose=0, callbacks=[keras_own, monitor])
    assert sorted(Events(tmp_path / "ours").scalar("grad_norm")) == [0, 1]
