"""What the callbacks that change a running model share: when they do, and what they are told."""

from __future__ import annotations

from typing import Any

from meancollapse.callbacks.monitor import Monitor
from meancollapse.callbacks.warn_on_collapse import CollapseWarning
from meancollapse.judge import verdict
from meancollapse.judge.evidence import Evidence
from meancollapse.judge.verdict import Verdict
from meancollapse.repair.rescuer import Rescuer
from meancollapse.report import text
from meancollapse.watch.instrument import Instrument


class Treating(Monitor):
    """Warns like `WarnOnCollapse` and has what is ill treated; `verbose` 0 is silent."""

    verbose: int
    _rescuer: Rescuer | None = None
    _has_ended = False

    def _new_rescuer(self, attached: Instrument) -> Rescuer:
        """Who treats the model during the `fit` that begins."""
        raise NotImplementedError

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self._rescuer, self._has_ended = None, False
        super().on_train_begin(logs)
        if self._instrument is not None:
            self._guarded(self._engage)

    def _engage(self, attached: Instrument) -> None:
        self._rescuer = self._new_rescuer(attached)

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        # By now every callback has begun the epoch, one that sets the learning rate too.
        rescuer = self._rescuer
        if batch == 0 and rescuer is not None:
            self._guarded(lambda _: rescuer.hold_rate())

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        self._has_ended = True  # what is still judged is no longer treated
        super().on_train_end(logs)
        self._rescuer = None

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
