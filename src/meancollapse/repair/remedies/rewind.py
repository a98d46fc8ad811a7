"""Back to weights this `fit` has had: the last that had skill, or those it began with."""

from __future__ import annotations

from dataclasses import dataclass

from meancollapse.repair.patient import Patient
from meancollapse.repair.remedy import Operation


@dataclass(frozen=True)
class BackToBest:
    """The last weights that had skill (checkpointing)."""

    def suits(self, patient: Patient) -> bool:
        return patient.had_skill

    def apply(self, operation: Operation) -> None:
        operation.kept.apply()

    def words(self) -> str:
        return "went back to the last weights that had skill"


@dataclass(frozen=True)
class BackToFirst:
    """The weights this `fit` began with, which a rate far too high has destroyed."""

    def suits(self, patient: Patient) -> bool:
        return True

    def apply(self, operation: Operation) -> None:
        operation.kept.apply_first()

    def words(self) -> str:
        return "went back to the weights this fit began with"
