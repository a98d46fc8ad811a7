from __future__ import annotations

import os
import time
from typing import Any

from meancollapse.callbacks.treating import Treating
from meancollapse.judge.skill import output_has_skill
from meancollapse.repair.rescuer import Rescue, Rescuer
from meancollapse.watch.instrument import Instrument


class RescueOnCollapse(Treating):
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

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        self.rescues = []
        super().on_train_begin(logs)

    def _new_rescuer(self, attached: Instrument) -> Rescuer:
        rescuer = Rescuer(
            attached, self.max_rescues, self.allow_activation_changes, self._say, time.perf_counter
        )
        self.rescues = rescuer.rescues
        return rescuer

    def _conclude(self, attached: Instrument) -> None:
        super()._conclude(attached)
        last = self.history[-1]
        if self._rescuer is None or last.ema_momentum is None:
            return
        if not all(output_has_skill(output) for output in last.outputs):
            self._rescuer.undo_averaging(last)
