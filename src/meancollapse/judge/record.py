"""The record of one `fit`: what was measured in every epoch, and what was thought of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from meancollapse.judge import records
from meancollapse.judge.evidence import Evidence, Snapshot
from meancollapse.judge.verdict import Verdict


@dataclass(frozen=True)
class Record:
    """What one `fit` looked like, as plain values.

    Attributes:
        model: Name of the model.
        history: Evidence of every epoch, oldest first.
        verdicts: One verdict per epoch and output, oldest first; empty where nothing was judged.
        snapshots: Every output as it is now, beside its targets; empty without captured rows.
    """

    model: str
    history: tuple[Evidence, ...]
    verdicts: tuple[Verdict, ...] = ()
    snapshots: tuple[Snapshot, ...] = ()

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the outputs, in the model's order."""
        names = [output.name for evidence in self.history for output in evidence.outputs]
        return tuple(dict.fromkeys(names))

    def to_dict(self) -> dict[str, Any]:
        """Everything as nested dicts and lists of plain values, ready for `json.dumps`."""
        return dict(records.plain(self))
