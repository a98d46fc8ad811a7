"""When the sample is looked at."""

from __future__ import annotations

from meancollapse.judge import skill, verdict
from meancollapse.judge.evidence import Evidence
from meancollapse.look import effort

# All looks of a `fit` together take at most this share of the training so far, the first one this
# share of the first epoch, compiling included; so many seconds of looks are free. All of it is
# estimated from the model's shape, so that it is the same on every machine, busy or not.
SHARE, FIRST_SHARE, FREE = 0.02, 0.1, 3.0
# Rows of a look: the most with which one takes a tenth of that share of the whole run, or so long.
ROWS, FREE_LOOK, LOOKS = (1000, 512, 256, 128), 0.5, 10
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


class LookBudget:
    """How many rows are looked at, and whether that can be afforded yet."""

    def __init__(self) -> None:
        self._spent = 0.0

    def rows(self, asked: effort.Work, batch_rows: int, evidence: Evidence) -> int | None:
        """Rows of the look that is due; `None` if it has to wait. What is granted is spent.

        Args:
            asked: What the model asks for.
            batch_rows: Rows of one training batch.
            evidence: This epoch's evidence.
        """
        per_step, prepare = effort.seconds(asked, batch_rows)
        trained = evidence.steps * per_step
        planned = max(evidence.steps, evidence.planned_steps or 0) * per_step
        each = max(FREE_LOOK, SHARE * planned / LOOKS)
        costs = {rows: effort.of_look(asked, rows) for rows in ROWS}
        rows = next((rows for rows, cost in costs.items() if cost <= each), ROWS[-1])
        first = 0.0 if self._spent else FIRST_SHARE * (trained + prepare)
        can_wait = not evidence.is_last
        if can_wait and self._spent + costs[rows] > max(FREE, SHARE * trained, first):
            return None
        self._spent += costs[rows]
        return rows


def _is_power_of_two(number: int) -> bool:
    return number & (number - 1) == 0
