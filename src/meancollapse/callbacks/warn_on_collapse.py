from __future__ import annotations

from meancollapse.callbacks.monitor import Monitor
from meancollapse.judge.evidence import Evidence
from meancollapse.judge.verdict import Verdict


class CollapseWarning(UserWarning):
    """An output has become a constant, has nothing to learn from, or is no longer a number.

    Attributes:
        verdict: The `Verdict` that was reached; its message is the warning's text. `None` where a
            tool (a parallel test runner, say) rebuilt the warning from its text.
    """

    def __init__(self, verdict: Verdict | str):
        super().__init__(verdict)
        self.verdict = None if isinstance(verdict, str) else verdict

    def __str__(self) -> str:
        return str(self.args[0]) if self.verdict is None else self.verdict.message


class WarnOnCollapse(Monitor):
    """Warns, once, when a model's predictions have become a constant.

    Adds `spread`, `grad_norm` and, with validation data, `val_spread` to the logs of every epoch.
    Says nothing else unless an output collapses, has no signal to learn, or turns NaN: then one
    `CollapseWarning` is given when that state is entered. Training is not changed in any way.

    Args:
        probe_data: Tuple `(x, y)` or `(x, y, sample_weight)` to examine the model with. By default
            up to 1,000 rows (16 MB) of the training batches are used.
        log_path: File to which every epoch is written as a line of JSON as soon as it has ended
            (`Report.from_log` reads it), or `None`.

    Attributes:
        history: List of `Evidence`, one per epoch of the last `fit`.
        verdicts: List of `Verdict`, one per epoch and output.

    Example:

    ```python
    model.fit(x, y, epochs=20, callbacks=[mc.WarnOnCollapse()])
    ```
    """

    def on_verdict(self, found: Verdict, evidence: Evidence) -> None:
        if self._is_news(found):
            self._warn(CollapseWarning(found))
