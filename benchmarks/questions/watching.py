"""One program trained with `WarnOnCollapse`, for the questions of detection and causes."""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

import meancollapse as mc
from benchmarks.programs import Program

from .judging import truth


@dataclass(frozen=True)
class Watched:
    """What was warned of, what else was noted, and what became of the model."""

    watch: mc.WarnOnCollapse
    verdicts: list[Any]
    notes: list[str]
    collapsed: bool
    numbers: str
    seconds: float


def watched(program: Program, seed: int, fixed: bool) -> Watched:
    """Train one variant of a program, and judge it by its predictions."""
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    model, x, y, arguments, *labels = program.build(np.random.default_rng(seed), fixed)
    watch, own = mc.WarnOnCollapse(), arguments.pop("callbacks", [])
    started = time.perf_counter()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(x, y, verbose=0, callbacks=[*own, watch], **arguments)
    seconds = round(time.perf_counter() - started, 2)
    messages = [w.message for w in caught]
    verdicts = [m.verdict for m in messages if isinstance(m, mc.CollapseWarning)]
    notes = [str(m) for m in messages if isinstance(m, mc.MonitorWarning)]
    collapsed, numbers = truth(model, x, y, program.task, labels[0] if labels else None)
    return Watched(watch, verdicts, notes, collapsed, numbers, seconds)
