from __future__ import annotations

import dataclasses
import math
import os
from typing import Any

from meancollapse.callbacks.monitor import Monitor
from meancollapse.callbacks.warn_on_collapse import CollapseWarning
from meancollapse.evidence import Evidence
from meancollapse.instrument import backends, memory, rates
from meancollapse.remedies import fresh_optimizer, rate_advice
from meancollapse.remedies.held_rate import HeldRate
from meancollapse.remedies.rate_advice import Change
from meancollapse.remedies.rewind import BestWeights
from meancollapse.verdict import COLLAPSED, NON_FINITE, Verdict

USELESS = (
    "the learning rate is left at {rate:.3g}: these weights never had any skill to go back to, and "
    "lowering the rate does not wake a dead network. RescueOnCollapse() gives it new weights"
)


class AdjustLROnCollapse(Monitor):
    """Lowers a learning rate that has destroyed a network, raises one that moves nothing.

    Warns like `WarnOnCollapse`. When an output that had skill collapses or turns NaN, the weights
    go back to the best of this `fit` and the learning rate is multiplied by `factor`. When an
    output is a constant although its last hidden layer still holds the target, the learning rate is
    raised (or lowered) so that one step changes the weights by about a thousandth of their size.
    Runs that do not collapse are not changed in any way.

    A schedule cannot be set: it is put aside for the rest of this `fit`, in favour of a constant
    rate, and put back at its end. Of a `MultiOptimizer` all learning rates are changed alike.
    Adds `learning_rate` to the logs, as `ReduceLROnPlateau` does.

    Args:
        factor: What a learning rate that is too high is multiplied by.
        min_lr: No learning rate is set below this.
        max_lr: No learning rate is set above this.
        max_changes: How many changes are made in one `fit`.
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
    ):
        super().__init__(probe_data, log_path)
        if not 0 < factor < 1:
            raise ValueError(
                f"`factor` must lie between 0 and 1, to lower a learning rate. Received: {factor}"
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
        self.verbose = verbose
        self.changes: list[Change] = []

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        # Allow instances to be re-used across fit calls.
        self.changes = []
        self._best: BestWeights | None = None
        self._has_spoken = False
        self._held: HeldRate | None = None
        super().on_train_begin(logs)
        if self._instrument is not None:
            self._best = BestWeights(self.model)

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        # By now every callback has begun the epoch, one that sets the learning rate too.
        held = self._held
        if batch == 0 and held is not None:
            self._guarded(lambda _: held.put_back())

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        logs = {} if logs is None else logs
        self._guarded(lambda _: self._add_rates(logs))
        super().on_epoch_end(epoch, logs)

    def _add_rates(self, logs: dict[str, Any]) -> None:
        found = rates.leaves(self.model.optimizer)
        for leaf in found:
            key = "learning_rate" if len(found) == 1 else f"learning_rate_{leaf.name}"
            logs[key] = rates.value(leaf)

    def on_verdict(self, found: Verdict, evidence: Evidence) -> None:
        if self._is_news(found):
            self._warn(CollapseWarning(found))

    def _judge(self) -> None:
        super()._judge()
        evidence = self.history[-1]
        if self._best is None or evidence.is_last or len(self.changes) >= self.max_changes:
            return
        self._best.note(evidence)
        latest = [v for v in self.verdicts if v.epoch == evidence.epoch]
        for found in [v for v in latest if v.state in (COLLAPSED, NON_FINITE)][:1]:
            self._act(found, evidence)

    def _act(self, found: Verdict, evidence: Evidence) -> None:
        assert self._best is not None
        rate = rates.value(rates.leaves(self.model.optimizer)[0])
        change = rate_advice.advise(found, evidence, rate, self.factor, self._best.exist)
        if change is None:
            if not self._has_spoken:
                self._has_spoken = True
                self._say(evidence.epoch, USELESS.format(rate=rate))
            return
        after = min(max(change.after, self.min_lr), self.max_lr)
        if after == rate and not change.rewound:
            return
        change = dataclasses.replace(change, after=after)
        if change.rewound:
            self._best.apply()
            fresh_optimizer.apply(self.model.optimizer)
        self._set(after / rate)
        memory.hold(self.model)
        self._held = HeldRate(self.model.optimizer, rate)
        self.changes.append(change)
        words = f"set the learning rate from {rate:.3g} to {after:.3g}: {change.reason}"
        self._say(evidence.epoch, f"meancollapse {words}")
        if self._instrument is not None:
            self._instrument.note_action(words)

    def _set(self, factor: float) -> None:
        """Multiply every learning rate; schedules give way to a constant for this `fit`."""
        attached, has_schedule = self._instrument, False
        for leaf in rates.leaves(self.model.optimizer):
            rate = rates.value(leaf) * factor
            if rates.is_settable(leaf):
                leaf.learning_rate = rate
                continue
            has_schedule, schedule = True, backends.schedule_of(leaf)
            if attached is not None and not getattr(schedule, "_of_meancollapse", False):
                attached.at_close.append(
                    lambda leaf=leaf, schedule=schedule: backends.set_schedule(leaf, schedule)
                )
            held = rates.constant(rate)
            held._of_meancollapse = True
            backends.set_schedule(leaf, held)
        if has_schedule and attached is not None:
            attached.use_step(attached.compile_step(None))

    def _say(self, epoch: int, words: str) -> None:
        if self.verbose:
            self._print(f"Epoch {epoch + 1}: {words}.")
