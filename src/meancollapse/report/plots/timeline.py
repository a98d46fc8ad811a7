"""What happened when: alarms, repairs, changes of the learning rate. Epochs are counted from 1."""

from __future__ import annotations

from dataclasses import dataclass

from meancollapse.judge.record import Record
from meancollapse.judge.verdict import ALARMING

# A learning rate that moves less than this factor in an epoch is a schedule, not an event.
JUMP = 1.5
ALARM, REPAIR, RATE = "alarm", "repair", "rate"
TAKEN_BACK, NOT_FOUND = "repair taken back", "no repair found"


@dataclass(frozen=True)
class Moment:
    """Something worth a mark: after which epoch, what kind, in a word or two."""

    epoch: int
    kind: str
    text: str


def alarms(report: Record, name: str | None) -> list[Moment]:
    """Every entry into an alarming state."""
    moments, before = [], ""
    for found in (v for v in report.verdicts if v.output == name):
        if found.state in ALARMING and found.state != before:
            moments.append(Moment(found.epoch + 1, ALARM, found.state.replace("_", " ")))
        before = found.state
    return moments


def repairs(report: Record) -> list[Moment]:
    """What our callbacks did."""
    done = [(e.epoch + 1, action) for e in report.history for action in e.actions]
    return [Moment(epoch, REPAIR, _in_short(action)) for epoch, action in done]


def rate_changes(report: Record) -> list[Moment]:
    """Jumps of the learning rate, marked at the epoch whose end shows the new one."""
    moments = []
    for old, new in zip(report.history, report.history[1:], strict=False):
        before, after = old.learning_rate, new.learning_rate
        if str(before) == str(after):  # NaN too, which is not even itself
            continue
        if before and after and not 1 / JUMP < after / before < JUMP:
            moments.append(Moment(new.epoch + 1, RATE, f"lr {before:.2g} → {after:.2g}"))
    return moments


def turn(report: Record, name: str | None) -> int | None:
    """The last epoch of the illness: before the repair that stayed, else the last alarm's.

    Returns:
        Its number, or `None` if the output was never ill.
    """
    repaired = last_repair(report)
    if repaired is not None:
        return repaired.epoch
    ill = [v.epoch + 1 for v in report.verdicts if v.output == name and v.state in ALARMING]
    return ill[-1] if ill else None


def last_repair(report: Record) -> Moment | None:
    """The last repair, at the end of its epoch; `None` if there was none or it was taken back."""
    done = [moment for moment in repairs(report) if moment.text != NOT_FOUND]
    return done[-1] if done and done[-1].text != TAKEN_BACK else None


def _in_short(action: str) -> str:
    if action.startswith("took back"):
        return TAKEN_BACK
    if "nothing was changed" in action:
        return NOT_FOUND
    return "lr change" if action.startswith("set the learning rate") else "repair"
