"""What to do about a learning rate, from the evidence alone."""

from __future__ import annotations

import statistics
from dataclasses import asdict, dataclass
from typing import Any

from meancollapse import verdict
from meancollapse.evidence import Evidence
from meancollapse.verdict import Verdict

# ‖update‖ ÷ ‖weights‖ per step: about 10⁻³ in a network that learns (Karpathy, CS231n notes).
USUAL_RATIO = 1e-3
TOO_LOW, TOO_HIGH = 1e-4, 3e-2
# One change never exceeds this factor.
MOST = 1000.0


@dataclass(frozen=True)
class Change:
    """One change of the learning rate.

    Attributes:
        epoch: 0-based epoch at whose end it was made.
        before: The learning rate until then (of the first optimizer, where there are several).
        after: The learning rate from then on; equal where nothing could be done.
        rewound: Whether the weights went back to the best of this `fit`.
        reason: Why, in words.
    """

    epoch: int
    before: float
    after: float
    rewound: bool
    reason: str

    def to_dict(self) -> dict[str, Any]:
        """The same as a dict of plain values, ready for `json.dumps`."""
        return asdict(self)


def advise(
    found: Verdict, evidence: Evidence, rate: float, factor: float, had_skill: bool
) -> Change | None:
    """The change an ill output asks for; `None` if its learning rate is not to blame.

    Args:
        found: This epoch's verdict on the output.
        evidence: This epoch's evidence.
        rate: The learning rate now.
        factor: What it is multiplied by when too high.
        had_skill: Whether weights with skill are kept to go back to.
    """
    if found.state not in (verdict.COLLAPSED, verdict.NON_FINITE):
        return None
    if had_skill:
        reason = "the network had skill and lost it, so it goes back to its best weights"
        return Change(evidence.epoch, rate, rate * factor, True, reason)
    ratio = update_ratio(evidence)
    if found.state == verdict.NON_FINITE or ratio is None or not _is_alive(found, evidence):
        return None
    if ratio < TOO_LOW:
        up = min(MOST, USUAL_RATIO / max(ratio, 1e-12))
        reason = f"a step changes the weights by only {ratio:.1g} of their size"
        return Change(evidence.epoch, rate, rate * up, False, reason)
    if ratio > TOO_HIGH:
        reason = f"a step changes the weights by {ratio:.2g} of their size"
        return Change(evidence.epoch, rate, rate * factor, False, reason)
    return None


def update_ratio(evidence: Evidence) -> float | None:
    """Median over weight arrays of ‖update‖ ÷ ‖weights‖; `None` where nothing was measured."""
    ratios = [v.update_ratio for v in evidence.variables if v.is_weight]
    return statistics.median(ratios) if ratios else None


def _is_alive(found: Verdict, evidence: Evidence) -> bool:
    """Whether the target still arrives behind the hidden layers, so that a rate can matter."""
    output = evidence.output(found.output)
    if output is None or output.look is None or verdict.is_frozen(evidence):
        return False
    before_head = [value for _, value in output.look.layers[:-1]][-1:]
    return bool(before_head) and before_head[0] >= verdict.RISE
