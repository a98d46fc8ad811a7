"""When the sample is looked at."""

from __future__ import annotations

from meancollapse.judge import skill, verdict
from meancollapse.judge.evidence import Evidence

# Two looks are at least this many steps apart.
LOOK_STEPS = 20


class LookSchedule:
    """When the sample is pushed through the model: only while something is unexplained.

    Looks are at least 20 steps apart, and farther the longer nothing changes (a tenth of the wait).
    """

    def __init__(self) -> None:
        self._looked_at: int | None = None
        self._skill_at = 0
        self._in_vain = 0

    def is_due(self, evidence: Evidence) -> bool:
        """Whether this epoch needs a look."""
        if skill.all_have_skill(evidence):
            # Normalised by the batch, an output may follow in training mode and not in `predict`.
            check = evidence.is_last or _is_power_of_two(evidence.epoch + 1)
            return evidence.has_modes and (check or self._in_vain > 0)
        if self._looked_at is None or evidence.is_last:
            return True
        gap = max(LOOK_STEPS, (evidence.steps - self._skill_at) // 10)
        return evidence.steps - self._looked_at >= gap

    def note(self, evidence: Evidence) -> None:
        """Take in the epoch's final evidence."""
        if any(output.look is not None for output in evidence.outputs):
            self._looked_at = evidence.steps
            self._in_vain += 1
        if evidence.outputs and all(skill.output_has_skill(output) for output in evidence.outputs):
            self._skill_at = evidence.steps
            self._in_vain = 0

    def restart(self, evidence: Evidence) -> None:
        """The network has been changed: look closely again."""
        self._looked_at = self._skill_at = evidence.steps

    def wants_input_test(self, evidence: Evidence) -> bool:
        """Whether to ask what the input makes possible (0.3 s): from the second look in vain on."""
        return self._in_vain > 0 or evidence.is_last or verdict.is_frozen(evidence)


def _is_power_of_two(number: int) -> bool:
    return number & (number - 1) == 0
