"""A treatment: everything one rescue does to a running model, as plain values."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

KEEP, REWIND, REINITIALISE, REVIVE = "keep", "rewind", "reinitialise", "revive"
SETTLE, FIRST = "settle", "first"


@dataclass(frozen=True)
class Treatment:
    """Remedies that are applied together.

    Attributes:
        weights: `"keep"`, `"rewind"` (to the last weights that had skill), `"first"` (to those the
            `fit` began with), `"reinitialise"` (from the data, layer by layer), `"revive"` (dead
            units only) or `"settle"` (only the running statistics of BatchNormalization, to those
            of the data).
        first_layer: Where re-initialisation begins; `None` means with the first layer.
        fold_inputs: Whether the standardisation of the inputs is folded into the first layers.
        scale_head: Whether the heads are centred and scaled on their targets.
        rate: Learning rate to set; `None` keeps it.
        clip: Largest global norm of the gradients from now on; `None` leaves them.
        warm_up: Steps over which updates grow to full size.
        ease: Whether penalties, weight decay and dropout are eased for this `fit`.
        activations: `(layer, activation)` to be swapped.
        keep_schedule: Whether a schedule stays and is scaled as a whole, so that the rate is its
            peak; otherwise it is put aside for a constant.
    """

    weights: str = KEEP
    first_layer: str | None = None
    fold_inputs: bool = False
    scale_head: bool = False
    rate: float | None = None
    clip: float | None = None
    warm_up: int = 0
    ease: bool = False
    activations: tuple[tuple[str, str], ...] = ()
    keep_schedule: bool = False

    def to_dict(self) -> dict[str, Any]:
        """The same as a dict of plain values, ready for `json.dumps`."""
        return asdict(self)

    def describe(self) -> str:
        """What is done, as a person reads it."""
        begin = f" from '{self.first_layer}' on" if self.first_layer else ""
        parts = {
            REWIND: "went back to the last weights that had skill",
            FIRST: "went back to the weights this fit began with",
            REINITIALISE: f"re-initialised the weights{begin} from the data",
            REVIVE: "gave dead units new weights",
            SETTLE: "set the running statistics of BatchNormalization to those of the data",
        }
        words = [parts[self.weights]] if self.weights in parts else []
        for layer, activation in self.activations:
            words.append(f"set the activation of '{layer}' to {activation}")
        if self.fold_inputs:
            words.append("folded the standardisation of the inputs into the first layer")
        if self.scale_head:
            words.append("put the head on the scale of the targets")
        if self.ease:
            words.append("eased the regularization")
        if self.rate is not None:
            words.append(f"{self._how_rate()} {self.rate:.3g}")
        if self.weights != SETTLE:
            words.append("cleared the optimizer's memory")
        if self.clip is not None:
            words.append(f"clips gradients at norm {self.clip:g}")
        return ", ".join(words)

    def _how_rate(self) -> str:
        if self.keep_schedule:
            return "scaled the schedule to a peak learning rate of"
        return "set the learning rate to"
