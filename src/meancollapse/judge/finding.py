"""A finding: one cause, how strongly the evidence speaks for it, and what to do about it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

# How much a finding explains. A proof is a fact that alone makes the output constant, whatever the
# rest; a root is a condition that brought the rest about; a mechanism says how, not why; a hint
# is what one would try next.
PROOF, ROOT, MECHANISM, HINT = 0.95, 0.8, 0.6, 0.4


@dataclass(frozen=True)
class Finding:
    """One cause of a collapse.

    Attributes:
        cause: Id of the cause, such as `"dead_relu"`.
        strength: How much it explains, from 0 to 1: 0.95 proof, 0.8 root, 0.6 mechanism, 0.4 hint.
        layer: Name of the layer or output it concerns, or `None`.
        evidence: What was measured, in a sentence with its numbers.
        remedy: What to do about it, in a sentence.
        code: A line of code that does it, or `""`.
    """

    cause: str
    strength: float
    layer: str | None
    evidence: str
    remedy: str
    code: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The same as a dict of plain values."""
        return asdict(self)
