from __future__ import annotations

import math
import os
import time
from typing import Any

from meancollapse.backend import rates
from meancollapse.callbacks.treating import Treating
from meancollapse.repair.adjuster import Adjuster, Change, Limits
from meancollapse.watch.instrument import Instrument


class AdjustLROnCollapse(Treating):
    """Finds a learning rate with which the network learns, when it does not with its own.

    Warns like `WarnOnCollapse`. When an output has collapsed, turned NaN, or has had no skill for
    as long as `RescueOnCollapse` would wait, learning rates are tried on half of the sampled rows,
    from the weights as they are, the best of this `fit` and those it began with, and judged by
    skill on the other half. The best pair of weights and rate is set, watched, and taken back
    exactly if it does not help. Nothing else is changed but the optimizer's memory, which is
    cleared. Where no rate helps everything stays as it is, and a line says what is wrong instead.
    Runs that learn are not changed in any way.

    A schedule begins anew, scaled as a whole so that its peak is the rate that was found; one that
    comes down to nothing long before the `fit` ends gives way to a constant rate. Both last until
    the end of this `fit`. Of a `MultiOptimizer` all learning rates are changed alike. Adds
    `learning_rate` to the logs, as `ReduceLROnPlateau` does.

    Args:
        factor: Ratio of neighbouring learning rates, between 0 and 1: a ramp through those worth
            trying takes two steps to it.
        min_lr: No learning rate is set below this.
        max_lr: No learning rate is set above this.
        max_changes: How many changes are made in one `fit`.
        rewind: Whether the weights may go back to the best or the first of this `fit`.
        probe_data: As for `WarnOnCollapse`.
        verbose: 1 prints one line for every change, 0 prints nothing.
        log_path: As for `WarnOnCollapse`.

    Attributes:
        history: List of `Evidence`, one per epoch; `actions` tells what was changed after it.
        verdicts: List of `Verdict`, one per epoch and output.
        changes: List of `Change`.

    Example:

    ```python
    model.fit(x, y, epochs=50, callbacks=[mc.AdjustLROnCollapse(min_lr=1e-5)])
    ```
    """

    def __init__(
        self,
        factor: float = 0.1,
        min_lr: float = 0.0,
        max_lr: float = math.inf,
        max_changes: int = 5,
        probe_data: tuple[Any, ...] | None = None,
        verbose: int = 1,
        log_path: str | os.PathLike[str] | None = None,
        *,
        rewind: bool = True,
    ):
        super().__init__(probe_data, log_path)
        if not 0 < factor < 1:
            raise ValueError(
                "`factor`, the ratio of neighbouring learning rates, must lie between 0 and 1. "
                f"Received: {factor}"
            )
        if not 0 <= min_lr <= max_lr:
            raise ValueError(
                "`min_lr` must not be negative nor larger than `max_lr`. "
                f"Received: min_lr={min_lr}, max_lr={max_lr}"
            )
        self.factor = factor
        self.min_lr = min_lr
        self.max_lr = max_lr
        self.max_changes = max_changes
        self.rewind = rewind
        self.verbose = verbose
        self.changes: list[Change] = []

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self.changes = []
        super().on_train_begin(logs)

    def _new_rescuer(self, attached: Instrument) -> Adjuster:
        limits = Limits(self.factor, self.min_lr, self.max_lr, self.rewind)
        adjuster = Adjuster(attached, self.max_changes, limits, self._say, time.perf_counter)
        self.changes = adjuster.changes
        return adjuster

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        logs = {} if logs is None else logs
        self._guarded(lambda _: self._add_rates(logs))
        super().on_epoch_end(epoch, logs)

    def _add_rates(self, logs: dict[str, Any]) -> None:
        found = rates.leaves(self.model.optimizer)
        for leaf in found:
            key = "learning_rate" if len(found) == 1 else f"learning_rate_{leaf.name}"
            scale = self._rescuer.factor_on_rates if self._rescuer is not None else 1.0
            logs[key] = rates.value(leaf) * scale
