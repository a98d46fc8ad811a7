from __future__ import annotations

import os
import time
from typing import Any

from meancollapse import verdict
from meancollapse.callbacks.monitor import Monitor
from meancollapse.callbacks.warn_on_collapse import CollapseWarning
from meancollapse.evidence import Evidence
from meancollapse.instrument.instrument import Instrument
from meancollapse.remedies.rescuer import Rescue, Rescuer
from meancollapse.report import text
from meancollapse.skill import output_has_skill
from meancollapse.verdict import Verdict


class RescueOnCollapse(Monitor):
    """Repairs a collapsed network inside the running `fit`.

    Warns like `WarnOnCollapse`. Then remedies chosen by the verdict are rehearsed on half of the
    sampled rows and judged by skill on the other half; the best is applied, kept if held-out skill
    is still higher after a probation, and taken back exactly if not. Faults of the data are told
    and never treated; runs that learn are not changed in any way. An output that varies, but for
    long has carried nothing of a target that can be read, or has no skill when the run ends, is
    treated too, though not warned of. Averaged weights (`use_ema`) without skill, which `fit` puts
    in place at its end, give way to the best trained ones.

    Args:
        max_rescues: How many rescues may be tried.
        allow_activation_changes: Whether activations may be swapped.
        probe_data: As for `WarnOnCollapse`.
        verbose: 1 prints one line for everything done, 0 is silent.
        log_path: As for `WarnOnCollapse`.

    Attributes:
        history: List of `Evidence`, one per epoch; `actions` tells what was changed after it.
        verdicts: List of `Verdict`, one per epoch and output.
        rescues: List of `Rescue`, one per attempt.

    Example:

    ```python
    model.fit(x, y, epochs=50, callbacks=[mc.RescueOnCollapse()])
    ```
    """

    def __init__(
        self,
        max_rescues: int = 3,
        allow_activation_changes: bool = False,
        probe_data: tuple[Any, ...] | None = None,
        verbose: int = 1,
        log_path: str | os.PathLike[str] | None = None,
    ):
        super().__init__(probe_data, log_path)
        self.max_rescues = max_rescues
        self.allow_activation_changes = allow_activation_changes
        self.verbose = verbose
        self.rescues: list[Rescue] = []
        self._rescuer: Rescuer | None = None
        self._has_ended = False

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self.rescues = []
        self._has_ended = False
        super().on_train_begin(logs)
        if self._instrument is not None:
            self._rescuer = Rescuer(
                self._instrument,
                self.max_rescues,
                self.allow_activation_changes,
                self._say,
                time.perf_counter,
            )
            self.rescues = self._rescuer.rescues

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        # By now every callback has begun the epoch, one that sets the learning rate too.
        rescuer = self._rescuer
        if batch == 0 and rescuer is not None:
            self._guarded(lambda _: rescuer.hold_rate())

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        self._has_ended = True  # what is still judged is no longer treated
        super().on_train_end(logs)
        self._rescuer = None

    def _conclude(self, attached: Instrument) -> None:
        super()._conclude(attached)
        last = self.history[-1]
        if self._rescuer is None or last.ema_momentum is None:
            return
        if not all(output_has_skill(output) for output in last.outputs):
            self._rescuer.undo_averaging(last)

    def on_verdict(self, found: Verdict, evidence: Evidence) -> None:
        if self._is_news(found):
            self._warn(CollapseWarning(found))

    def _judge(self) -> None:
        super()._judge()
        evidence = self.history[-1]
        if self._rescuer is None or self._has_ended:
            return
        self._rescuer.note_epoch(evidence)
        verdicts = [found for found in self.verdicts if found.epoch == evidence.epoch]
        doubtful = [self._as_collapsed(found) for found in verdicts if self._needs_help(found)]
        self._rescuer.act(verdicts, self.history[-1], doubtful)

    def _needs_help(self, found: Verdict) -> bool:
        is_open = found.state in (verdict.UNDECIDED, verdict.PLATEAU)
        return is_open and verdict.needs_help(self.history, found.output)

    def _as_collapsed(self, found: Verdict) -> Verdict:
        """What is treated like a collapse, with its causes."""
        self._examine(found.output)
        return text.verdict(self.history, found.output, verdict.COLLAPSED)

    def _say(self, line: str) -> None:
        if self.verbose:
            self._print(line)
