from __future__ import annotations

from meancollapse.callbacks.monitor import Monitor
from meancollapse.callbacks.warn_on_collapse import CollapseWarning
from meancollapse.judge.evidence import Evidence
from meancollapse.judge.verdict import Verdict


class TerminateOnCollapse(Monitor):
    """Warns like `WarnOnCollapse` and stops training at the end of that epoch.

    Args:
        probe_data: As for `WarnOnCollapse`.
        log_path: As for `WarnOnCollapse`.

    Attributes:
        stopped_epoch: 0-based epoch in which training was stopped, or `None`.

    Example:

    ```python
    model.fit(x, y, epochs=200, callbacks=[mc.TerminateOnCollapse()])
    ```
    """

    stopped_epoch: int | None = None

    def on_train_begin(self, logs: dict | None = None) -> None:
        self.stopped_epoch = None
        super().on_train_begin(logs)

    def on_verdict(self, found: Verdict, evidence: Evidence) -> None:
        if self._is_news(found):
            self.model.stop_training = True
            self.stopped_epoch = found.epoch
            self._warn(CollapseWarning(found))
