"""What was checked of a model and its data: findings first, then everything that was looked at."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from meancollapse.judge.evidence import Evidence
from meancollapse.judge.finding import Finding

PROBLEM, NOTE, OK, SKIPPED = "problem", "note", "ok", "skipped"


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: What it was, such as `"target scale"`.
        result: `"problem"`, `"note"`, `"ok"` or `"skipped"`.
        words: What was found, with its numbers.
    """

    name: str
    result: str
    words: str


@dataclass(frozen=True)
class Checkup:
    """What a look at a model and its data has shown, as plain values.

    Attributes:
        model: Name of the model.
        rows: Rows examined.
        total_rows: Rows given; `None` if unknown.
        findings: Causes the evidence speaks for, by output name, the most important first.
        checks: Everything that was looked at.
        evidence: The numbers behind it.
        seconds: How long it took.
    """

    model: str
    rows: int
    total_rows: int | None
    findings: tuple[tuple[str, Finding], ...]
    checks: tuple[Check, ...]
    evidence: Evidence
    seconds: float

    @property
    def cause(self) -> str | None:
        """Id of the primary cause, or `None` where nothing is wrong."""
        return self.findings[0][1].cause if self.findings else None

    @property
    def causes(self) -> tuple[str, ...]:
        """Ids of all causes found, the primary first."""
        return tuple(dict.fromkeys(finding.cause for _, finding in self.findings))

    def to_dict(self) -> dict[str, Any]:
        """The same as nested dicts and lists of plain values, ready for `json.dumps`."""
        return {
            "model": self.model,
            "rows": self.rows,
            "total_rows": self.total_rows,
            "cause": self.cause,
            "causes": list(self.causes),
            "findings": [{"output": name, **f.to_dict()} for name, f in self.findings],
            "checks": [asdict(check) for check in self.checks],
            "evidence": self.evidence.to_dict(),
            "seconds": self.seconds,
        }
