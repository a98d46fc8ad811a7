from __future__ import annotations

import os
from typing import Any

from meancollapse.callbacks.monitor import Monitor
from meancollapse.judge.evidence import Evidence
from meancollapse.report import tensorboard


class GradientMonitor(Monitor):
    """Records the gradient norm of every trainable variable each epoch; judges nothing.

    Norms are root mean squares over the epoch's measured steps, in the units the optimizer applies
    (loss scaling taken off). At least 32 steps of an epoch, evenly spread, are measured, all of a
    shorter one.

    Args:
        log_path: File to which every epoch is written as a line of JSON, or `None`.
        log_dir: Directory for TensorBoard, or `None`. Every epoch gets the scalars `grad_norm`,
            `gradient_norm/<variable>`, `update_ratio/<variable>`, `silent_units/<variable>` (a
            share) and the histograms `weights/<variable>`. Needs the
            extra `tensorboard`.

    Raises:
        ImportError: If `log_dir` is given and nothing is installed that can write to it.

    Attributes:
        history: List of dicts, one per epoch: `"epoch"`, `"grad_norm"` (all variables together) and
            one entry per variable path. `pandas.DataFrame(monitor.history)` is a table.
        evidence: List of `Evidence`, one per epoch, with update ratios and silent units.

    Example:

    ```python
    monitor = mc.GradientMonitor(log_dir="logs/gradients")
    model.fit(x, y, epochs=20, callbacks=[monitor])
    pandas.DataFrame(monitor.history).set_index("epoch").plot(logy=True)
    ```
    """

    judges = False

    def __init__(
        self,
        log_path: str | os.PathLike[str] | None = None,
        log_dir: str | os.PathLike[str] | None = None,
    ) -> None:
        super().__init__(log_path=log_path)
        if log_dir is not None:
            tensorboard.require_writer()
        self.log_dir = log_dir
        self.evidence: list[Evidence] = []
        self._board: tensorboard.Board | None = None

    @property
    def record(self) -> list[Evidence]:
        return self.evidence

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self.evidence = []
        self._board = None
        super().on_train_begin(logs)
        if self.log_dir is not None:
            self._guarded(self._open_board)

    def on_evidence(self, evidence: Evidence) -> None:
        self.evidence.append(evidence)
        row = {"epoch": evidence.epoch, "grad_norm": evidence.grad_norm}
        row.update((variable.path, variable.gradient_norm) for variable in evidence.variables)
        self.history.append(row)
        if self._board is not None:
            weights = tensorboard.histograms(self.model)
            self._board.add(evidence.epoch, tensorboard.scalars(evidence), weights)

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        board, self._board = self._board, None
        if board is not None:
            self._guarded(lambda _: board.close())
        super().on_train_end(logs)

    def _open_board(self, _: Any) -> None:
        assert self.log_dir is not None
        self._board = tensorboard.open_board(self.log_dir)
