from __future__ import annotations

import os
from typing import Any

from meancollapse.callbacks.monitor import Monitor
from meancollapse.evidence import Evidence


class GradientMonitor(Monitor):
    """Records the gradient norm of every trainable variable each epoch; judges nothing.

    Norms are root mean squares over the epoch's measured steps, in the units the optimizer applies
    (loss scaling taken off). At least 32 steps of an epoch, evenly spread, are measured, all of a
    shorter one.

    Args:
        log_path: File to which every epoch is written as a line of JSON, or `None`.

    Attributes:
        history: List of dicts, one per epoch: `"epoch"`, `"grad_norm"` (all variables together) and
            one entry per variable path. `pandas.DataFrame(monitor.history)` is a table.
        evidence: List of `Evidence`, one per epoch, with update ratios and silent units.

    Example:

    ```python
    monitor = mc.GradientMonitor()
    model.fit(x, y, epochs=20, callbacks=[monitor])
    pandas.DataFrame(monitor.history).set_index("epoch").plot(logy=True)
    ```
    """

    judges = False

    def __init__(self, log_path: str | os.PathLike[str] | None = None) -> None:
        super().__init__(log_path=log_path)
        self.evidence: list[Evidence] = []

    @property
    def record(self) -> list[Evidence]:
        return self.evidence

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self.evidence = []
        super().on_train_begin(logs)

    def on_evidence(self, evidence: Evidence) -> None:
        self.evidence.append(evidence)
        row = {"epoch": evidence.epoch, "grad_norm": evidence.grad_norm}
        row.update((variable.path, variable.gradient_norm) for variable in evidence.variables)
        self.history.append(row)
