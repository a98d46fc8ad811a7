"""What happened when: alarms and recoveries, changes of the learning rate, repairs."""

from __future__ import annotations

from dataclasses import dataclass

from meancollapse.judge.record import Record
from meancollapse.judge.verdict import ALARMING, HEALTHY
from meancollapse.report.words import sentence

ALARM, RECOVERY, RATE, ACTION = "warning", "recovery", "learning rate", "action"
# A ratio nearer to 1 than this is rounding.
SAME = 1e-4


@dataclass(frozen=True)
class Event:
    """One line of the timeline.

    Attributes:
        epoch: Epoch, counted from 1.
        until: Last epoch of a series of alike events; `epoch` for a single one.
        kind: `"warning"`, `"recovery"`, `"learning rate"` or `"action"`.
        words: What happened, in a sentence.
    """

    epoch: int
    until: int
    kind: str
    words: str

    @property
    def when(self) -> str:
        return str(self.epoch) if self.epoch == self.until else f"{self.epoch}–{self.until}"


def events(report: Record) -> list[Event]:
    """Everything that happened, oldest first."""
    found = [*_turns(report), *_rates(report), *_actions(report)]
    order = (ALARM, ACTION, RATE, RECOVERY)
    return sorted(found, key=lambda event: (event.epoch, order.index(event.kind)))


def _turns(report: Record) -> list[Event]:
    """Every entry into an alarming state, and the first healthy epoch after it."""
    found: list[Event] = []
    alarmed: set[str] = set()
    before: dict[str, str] = {}
    for verdict in report.verdicts:
        name, state, epoch = verdict.output, verdict.state, verdict.epoch + 1
        if state in ALARMING and before.get(name) != state:
            cause = f" ({verdict.cause})" if verdict.cause and verdict.cause != state else ""
            words = f"Output '{name}': {state}{cause}."
            found.append(Event(epoch, epoch, ALARM, words))
            alarmed.add(name)
        elif state == HEALTHY and name in alarmed:
            alarmed.discard(name)
            found.append(Event(epoch, epoch, RECOVERY, f"Output '{name}' is healthy."))
        before[name] = state
    return found


def _rates(report: Record) -> list[Event]:
    """Changes of the learning rate; those of successive epochs make one event."""
    runs: list[tuple[int, int, float, float]] = []
    for old, new in zip(report.history, report.history[1:], strict=False):
        start, end = old.learning_rate, new.learning_rate
        if start is None or end is None or _is_same(start, end):
            continue
        epoch = new.epoch + 1
        if runs and runs[-1][1] == epoch - 1:
            runs[-1] = (runs[-1][0], epoch, runs[-1][2], end)
        else:
            runs.append((epoch, epoch, start, end))
    return [Event(a, b, RATE, f"From {old:.3g} to {new:.3g}.") for a, b, old, new in runs]


def _is_same(old: float, new: float) -> bool:
    return str(old) == str(new) or abs(new - old) <= SAME * abs(old)  # NaN is not even itself


def _actions(report: Record) -> list[Event]:
    return [
        Event(evidence.epoch + 1, evidence.epoch + 1, ACTION, sentence(words))
        for evidence in report.history
        for words in evidence.actions
    ]
