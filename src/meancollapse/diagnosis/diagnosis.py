"""The answer of `diagnose`, which shows itself in a terminal and in a notebook."""

from __future__ import annotations

from dataclasses import dataclass

from meancollapse.judge.checkup import Checkup
from meancollapse.report import diagnosis, diagnosis_page


@dataclass(frozen=True)
class Diagnosis(Checkup):
    """The answer of `diagnose`.

    Attributes:
        model: Name of the model.
        rows: Rows examined.
        total_rows: Rows given; `None` if unknown.
        findings: Causes the evidence speaks for, by output name, the most important first.
        checks: Everything that was looked at.
        evidence: The numbers behind it.
        seconds: How long it took.
    """

    def __str__(self) -> str:
        return diagnosis.text(self)

    def _repr_html_(self) -> str:
        return diagnosis_page.fragment(self)
