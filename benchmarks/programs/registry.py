"""The registry of all programs: what each of them is, and how it is built.

A program is a function of `(rng, fixed)` under the decorator `program`, in the file of its theme.
It returns `(model, x, y, fit_arguments[, labels])`, the model compiled. `fixed=True` builds the
repaired variant, which must train well and must never be warned about; healthy controls ("OK-") and
those with nothing to learn ("NOISE-") ignore it. `labels` are given where `y` itself is not what
the output should be compared with. Of several outputs, `task` and `loss` are joined by "+" in the
order of the model's outputs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .sets import SETS

Build = Callable[[np.random.Generator, bool], tuple[Any, ...]]

# Causes, named first, that blame the rows, the targets or the loss.
DATA_CAUSES = ("no_signal", "constant_input", "invalid_target", "broadcast_loss")
RESCUES = {"model": "rescue", "activation": "rescue+activations"}


@dataclass(frozen=True)
class Program:
    """One training program, healthy or with one fault.

    `where` is the place of the fault: "model" (weights, optimizer, penalties, scales), "activation"
    (of the head or a layer), "structure" (architecture, batch size, frozen layers, a loss inside a
    layer), "data", or None. `causes` lists the ids a careful expert would accept, written without
    looking at the rules: first the root cause as published or constructed, then ids that explain
    the run as well. An id is accepted if repairing that alone repairs the run, or if it is
    literally the mechanism that makes the output constant. "Alone:" in the comment above it refers
    to fits with one repair at a time (seeds 0 and 1); "state:" to the layers of the trained model.
    `output` names the ill one of several outputs, where it matters which.
    """

    id: str
    task: str
    loss: str
    build: Build
    came_in: str
    origin: str
    blind: str | None
    where: str | None
    causes: tuple[str, ...] = ()
    output: str | None = None

    @property
    def is_healthy(self) -> bool:
        """Whether there is nothing to repair: a control, or noise."""
        return self.id.startswith(("OK-", "NOISE-"))

    @property
    def is_noise(self) -> bool:
        """Whether there is nothing to learn, so that `no_signal` is right."""
        return self.id.startswith("NOISE-") or self.id in ("OK-purenoise", "seed-noise")

    @property
    def is_data_fault(self) -> bool:
        """Whether the expected cause lies in the rows, the targets or the loss."""
        return self.where == "data" and self.causes[:1] != () and self.causes[0] in DATA_CAUSES

    @property
    def rescue(self) -> str | None:
        """The kind of rescue that may be expected to repair it, or None."""
        return RESCUES.get(self.where or "")

    @property
    def date(self) -> str:
        """The day of the commit that kept it."""
        return SETS[self.came_in].date


PROGRAMS: dict[str, Program] = {}
# What a check of skill needs and the training does not see, written by builders, keyed by id.
TRUTH: dict[str, Any] = {}


def program(
    id: str,
    task: str,
    loss: str,
    *,
    came_in: str,
    where: str | None = None,
    origin: str | None = None,
    causes: tuple[str, ...] = (),
    output: str | None = None,
) -> Callable[[Build], Build]:
    """Register a builder under an id; `came_in` names one of `SETS`."""

    def register(build: Build) -> Build:
        if id in PROGRAMS:
            raise ValueError(f"two programs are called {id}")
        came = SETS[came_in]
        blind = came_in if came.blind else None
        PROGRAMS[id] = Program(
            id, task, loss, build, came_in, origin or came.origin, blind, where, causes, output
        )
        return build

    return register
