"""Gradients clipped, so that the first steps of new weights cannot destroy them."""

from __future__ import annotations

from dataclasses import dataclass

from meancollapse.repair.patient import Patient
from meancollapse.repair.remedy import Operation

# In standardised coordinates (after Pascanu et al., 2013).
CLIP = 1.0


@dataclass(frozen=True)
class ClipGradients:
    """The global norm of the gradients bounded, until the end of the `fit`.

    Attributes:
        norm: The largest there may be.
    """

    norm: float = CLIP

    def suits(self, patient: Patient) -> bool:
        return True

    def apply(self, operation: Operation) -> None:
        operation.settings["clip"] = self.norm

    def words(self) -> str:
        return f"clips gradients at norm {self.norm:g}"
