"""TensorBoard: an epoch's gradients as scalars, the weights after it as histograms."""

from __future__ import annotations

import importlib
import os
import time
from collections.abc import Mapping
from typing import Any, Protocol

import keras
import numpy as np

from meancollapse.judge.evidence import Evidence

# As tf.summary.histogram draws by default; the other writer is asked for as many.
BUCKETS = 30


class Board(Protocol):
    """A log directory that epochs are written to."""

    def add(
        self, step: int, scalars: Mapping[str, float], histograms: Mapping[str, np.ndarray]
    ) -> None:
        """Write numbers and arrays under their tags, and flush them to disk."""

    def close(self) -> None:
        """Close the file."""


def scalars(evidence: Evidence) -> dict[str, float]:
    """An epoch's numbers by tag: the global gradient norm, and three for every variable."""
    found = {} if evidence.grad_norm is None else {"grad_norm": evidence.grad_norm}
    for variable in evidence.variables:
        found[f"gradient_norm/{variable.path}"] = variable.gradient_norm
        found[f"update_ratio/{variable.path}"] = variable.update_ratio
        found[f"silent_units/{variable.path}"] = variable.silent_units / max(variable.units, 1)
    return found


def histograms(model: keras.Model) -> dict[str, np.ndarray]:
    """The trainable weights as they are now, by tag; entries that are not finite are left out."""
    found = {}
    for variable in model.trainable_variables:
        values = np.asarray(keras.ops.convert_to_numpy(variable), np.float64)
        found[f"weights/{variable.path}"] = values[np.isfinite(values)]
    return {tag: values for tag, values in found.items() if values.size}


def require_writer() -> None:
    """Raise an error unless event files can be written.

    Raises:
        ImportError: If the package that writes them with this backend is not installed.
    """
    backend = keras.config.backend()
    package = "tensorboard" if backend == "tensorflow" else "tensorboardX"
    try:
        importlib.import_module(package)
    except ImportError as error:
        raise ImportError(
            f"`log_dir` needs {package} with the {backend} backend, and it could not be imported "
            f"({error}). Install it with `pip install {package}`, which is in the extra "
            "`tensorboard` of meancollapse, or leave `log_dir` out."
        ) from error


def open_board(log_dir: str | os.PathLike[str]) -> Board:
    """Begin an event file.

    Args:
        log_dir: Directory for TensorBoard; made if it does not exist.
    """
    if keras.config.backend() == "tensorflow":
        return TensorFlowBoard(os.fspath(log_dir))
    return LightBoard(os.fspath(log_dir))


class TensorFlowBoard:
    """Written with `tf.summary`."""

    def __init__(self, log_dir: str):
        self._summary = importlib.import_module("tensorflow").summary
        self._writer = self._summary.create_file_writer(log_dir)

    def add(
        self, step: int, scalars: Mapping[str, float], histograms: Mapping[str, np.ndarray]
    ) -> None:
        # Keras' TensorBoard callback switches recording off between its own steps.
        with self._writer.as_default(), self._summary.record_if(True):
            for tag, value in scalars.items():
                self._summary.scalar(tag, value, step=step)
            for tag, values in histograms.items():
                self._summary.histogram(tag, values, step=step, buckets=BUCKETS)
        self._writer.flush()

    def close(self) -> None:
        self._writer.close()


class LightBoard:
    """Written with tensorboardX, so that TensorFlow is not imported beside another backend.

    Its `SummaryWriter` writes in a thread: where that dies (a full disk), the queue fills up and
    training hangs. The parts it is made of write at once and raise.
    """

    def __init__(self, log_dir: str):
        self._summary = importlib.import_module("tensorboardX.summary")
        self._event = importlib.import_module("tensorboardX.proto.event_pb2").Event
        files = importlib.import_module("tensorboardX.event_file_writer")
        importlib.import_module("tensorboardX.record_writer").directory_check(log_dir)
        # Names go by the second; a second `fit` within it would replace the file of the first.
        suffix = f".{os.getpid()}.{time.time_ns()}"
        self._writer = files.EventsWriter(os.path.join(log_dir, "events"), suffix)

    def add(
        self, step: int, scalars: Mapping[str, float], histograms: Mapping[str, np.ndarray]
    ) -> None:
        for tag, value in scalars.items():
            self._write(step, self._summary.scalar(tag, value))
        for tag, values in histograms.items():
            self._write(step, self._summary.histogram(tag, values, BUCKETS))
        self._writer.flush()

    def close(self) -> None:
        self._writer.close()

    def _write(self, step: int, summary: Any) -> None:
        event = self._event(wall_time=time.time(), step=step, summary=summary)
        self._writer.write_event(event)
