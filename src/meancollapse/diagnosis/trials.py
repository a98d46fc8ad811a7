"""Trials: can the model learn one row, and one batch, by heart? Everything is put back."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np

from meancollapse.diagnosis.rows import Rows, rows
from meancollapse.look.untouched import untouched

# Enough for Adam at its default to learn 32 rows by heart, in a network that can.
STEPS = 150
BATCH = 32
# Losses fall by this factor where rows are learned by heart.
LEARNED = 0.3
# A trial ends after so many seconds, however far it got.
SECONDS = 5.0


@dataclass(frozen=True)
class Trial:
    """The loss of a few rows before and after training on them alone.

    Attributes:
        rows: Number of rows.
        before: Loss before.
        after: Loss after the trial's last step.
        steps: Steps made.
    """

    rows: int
    before: float
    after: float
    steps: int

    @property
    def learned(self) -> bool:
        """Whether the loss fell by more than two thirds."""
        return math.isfinite(self.after) and self.after <= LEARNED * self.before


def overfit(
    model: keras.Model, sample: Rows, count: int, progress: Callable[[str], None]
) -> Trial | None:
    """Train on a few rows alone, with the model's own optimizer, and put everything back.

    Weights, optimizer, metrics and random seeds are what they were afterwards, bit for bit. (An
    optimizer that has never trained is built.)

    Args:
        model: A compiled model.
        sample: The rows.
        count: How many of them to learn, evenly spread.
        progress: Called with a line of progress, when there is one to show.

    Returns:
        The trial, or `None` if the model cannot be trained on them.
    """
    chosen = np.linspace(0, sample.count - 1, min(count, sample.count)).astype(int)
    x, y, weight = (rows(part, chosen) for part in (sample.x, sample.y, sample.sample_weight))
    losses: list[float] = []
    started = time.perf_counter()
    try:
        with untouched(model):
            while len(losses) < STEPS and time.perf_counter() - started < SECONDS:
                result = model.train_on_batch(x, y, weight, return_dict=True)
                losses.append(float(result["loss"]))
                # The metric `loss` is a mean over steps until it is reset.
                model.reset_metrics()
                if len(losses) == 20:
                    progress(f"learning {len(chosen)} rows by heart")
    except (ValueError, TypeError, RuntimeError):
        return None
    return Trial(len(chosen), losses[0], min(losses[-10:]), len(losses)) if losses else None
