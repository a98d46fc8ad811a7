"""A program trained again and again from the same seed: alone, and with a callback of ours."""

from __future__ import annotations

import functools
import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import keras
import numpy as np
from conftest import BACKEND

import meancollapse as mc

# Trains with the callbacks it is given; the model, and the logs that `History` has kept.
Program = Callable[[list[keras.callbacks.Callback]], tuple[keras.Model, dict[str, list[float]]]]

OURS = {"spread", "val_spread", "grad_norm"}


@dataclass
class Run:
    """What is left of a program when it has ended."""

    logs: dict[str, list[float]]
    weights: list[np.ndarray]
    state: dict[str, Any]
    callback: Any = None
    collapses: list[mc.CollapseWarning] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@functools.cache
def alone(program: Program) -> Run:
    """The program as it is without us."""
    return _run(program, None)


def watched(program: Program) -> Run:
    """The program with `WarnOnCollapse`."""
    return _run(program, mc.WarnOnCollapse())


def rescued(program: Program) -> Run:
    """The program with `RescueOnCollapse`."""
    return _run(program, mc.RescueOnCollapse(verbose=0))


def _run(program: Program, callback: Any) -> Run:
    keras.backend.clear_session()
    keras.utils.set_random_seed(7)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model, logs = program([] if callback is None else [callback])
    messages = [each.message for each in caught]
    return Run(
        logs=logs,
        weights=[np.array(weight) for weight in model.get_weights()],
        state=state_of(model),
        callback=callback,
        collapses=[each for each in messages if isinstance(each, mc.CollapseWarning)],
        notes=[str(each) for each in messages if isinstance(each, mc.MonitorWarning)],
    )


def state_of(model: keras.Model) -> dict[str, Any]:
    """Everything by which a model would give away that it was watched."""
    steps = model.train_function, model.test_function
    return {
        "attributes": set(vars(model)),
        "optimizer": set(vars(model.optimizer)),
        "metrics": [metric.name for metric in model.metrics],
        "variables": [variable.path for variable in model.variables],
        "optimizer variables": [variable.path for variable in model.optimizer.variables],
        "layers": [(layer.name, set(vars(layer))) for layer in model._flatten_layers()],
        "steps": [getattr(step, "__module__", None) for step in steps],
    }


def assert_same(run: Run, plain: Run) -> None:
    """The same training, and nothing left behind; on JAX two programs may round differently."""
    assert set(run.logs) - OURS == set(plain.logs)
    for name, values in plain.logs.items():
        if BACKEND == "jax":
            np.testing.assert_allclose(run.logs[name], values, rtol=1e-6, atol=1e-6, err_msg=name)
        else:
            assert run.logs[name] == values, name
    for ours, theirs in zip(run.weights, plain.weights, strict=True):
        if BACKEND == "jax":
            np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-6)
        else:
            np.testing.assert_array_equal(ours, theirs)
    assert run.state == plain.state


def assert_quiet(run: Run) -> None:
    """Measured in every epoch, and nothing to tell of."""
    assert [str(warning) for warning in run.collapses] == []
    assert_no_error_of_ours(run)
    assert len(run.logs["grad_norm"]) == len(run.logs["loss"])
    assert all(map(math.isfinite, run.logs["grad_norm"]))


def assert_no_error_of_ours(run: Run) -> None:
    """Nothing switched off. Other notes are no errors: of a model without targets, say."""
    assert [note for note in run.notes if "of its own" in note or "report this" in note] == []


def assert_healthy(run: Run) -> None:
    """Judged, and found to have learned."""
    assert run.callback.verdicts[-1].state == "healthy"


def assert_told(run: Run, state: str, cause: str | None) -> None:
    """One warning of a collapse, with its cause."""
    assert_no_error_of_ours(run)
    assert [warning.verdict.state for warning in run.collapses] == [state]
    assert cause is None or cause in run.collapses[0].verdict.causes
