"""What a report has to tell of one output: its state in one sentence, and what to look at."""

from __future__ import annotations

import math
from dataclasses import dataclass

from meancollapse.judge.evidence import Layer, Look, Output, Snapshot
from meancollapse.judge.finding import Finding
from meancollapse.judge.place import Place
from meancollapse.judge.place import place as find_place
from meancollapse.judge.record import Record
from meancollapse.judge.verdict import ALARMING, HEALTHY, WORST_FIRST, Verdict

# Causes that lie in the data or the loss: the layer they name is only where it shows.
OF_THE_DATA = (
    "broadcast_loss",
    "constant_input",
    "imbalanced_target",
    "invalid_target",
    "no_signal",
    "non_finite",
    "unscaled_input",
    "unscaled_target",
)
# How callbacks word what is no rescue: a repair taken back, none found, another learning rate.
UNDONE, NOTHING_DONE, RATE_SET = "took back", "nothing was changed", "set the learning rate from"


@dataclass(frozen=True)
class Story:
    """One output in one report. Epochs are counted from 1.

    Attributes:
        output: Name of the output.
        state: Its last state; `None` where nothing was judged.
        alarm: The last alarming verdict, today's or an earlier one; `None` if there was none.
        since: Epoch in which that state was entered.
        well_since: Epoch from which it was healthy again; `None` if it is not.
        change: What a callback of ours did about it, such as `"rescued in epoch 4"`; or `""`.
        look: What is to be shown: the look the alarm came from if it still holds, else the newest.
        source: Where the rows of that look come from: `"training"`, `"validation"`,
            `"probe"`, or `"sampled"` where they were looked at during the `fit`.
        ill_look: The look that the alarm came from.
        last: What was measured in the last epoch.
        examined: The layers as the examination of the output found them; empty without one.
    """

    output: str
    state: str | None
    alarm: Verdict | None
    since: int | None
    well_since: int | None
    change: str
    look: Look | None
    source: str
    ill_look: Look | None
    last: Output | None
    examined: tuple[Layer, ...] = ()

    @property
    def is_ill(self) -> bool:
        return self.state in ALARMING

    @property
    def mood(self) -> str:
        """`"ill"`, `"well"` or `"unsure"`."""
        return "ill" if self.is_ill else "well" if self.state == HEALTHY else "unsure"

    @property
    def findings(self) -> tuple[Finding, ...]:
        return self.alarm.findings if self.alarm is not None else ()

    @property
    def place(self) -> Place | None:
        """Where the target is, or was, lost."""
        return find_place(self.ill_look) if self.ill_look is not None else None

    @property
    def fault(self) -> str | None:
        """Name of the layer to look at first."""
        place = self.place
        if place is not None and place.kind == "lost":
            return place.layer
        first = self.findings[0] if self.findings else None
        return first.layer if first is not None and first.cause not in OF_THE_DATA else None


def names(report: Record) -> tuple[str, ...]:
    """Names of the outputs measured or looked at; where there are none, of those judged.

    Of a loss that turns into NaN before any output could be measured there is a verdict all the
    same, on an `"output"`.
    """
    found = (*report.outputs, *(shot.output for shot in report.snapshots))
    return tuple(dict.fromkeys(found or (verdict.output for verdict in report.verdicts)))


def stories(report: Record) -> list[Story]:
    """One story per output, worst first."""
    return sorted((_story(report, name) for name in names(report)), key=_rank)


def _rank(story: Story) -> tuple[int, float]:
    order = len(WORST_FIRST) if story.state is None else WORST_FIRST.index(story.state)
    skill = story.look.skill if story.look is not None else math.inf
    return order, skill if math.isfinite(skill) else -math.inf


def _story(report: Record, name: str) -> Story:
    verdicts = [verdict for verdict in report.verdicts if verdict.output == name]
    state = verdicts[-1].state if verdicts else None
    alarm, since = _last_alarm(verdicts)
    well = None
    if alarm is not None and state == HEALTHY:
        later = [v.epoch + 1 for v in verdicts if v.epoch > alarm.epoch and v.state == HEALTHY]
        well = later[0] if later else None
    ill_look = _look_at(report, name, alarm.epoch) if alarm is not None else None
    shot = next((shot for shot in report.snapshots if shot.output == name), None)
    look, source = _shown(report, name, shot, ill_look if state in ALARMING else None)
    return Story(
        output=name,
        state=state,
        alarm=alarm,
        since=since,
        well_since=well,
        change=_change(report, since, well) if state not in ALARMING else "",
        look=look,
        source=source,
        ill_look=ill_look,
        last=report.history[-1].output(name) if report.history else None,
        examined=_examined(report, name),
    )


def _examined(report: Record, name: str) -> tuple[Layer, ...]:
    for evidence in reversed(report.history):
        output = evidence.output(name)
        if output is not None and output.examination is not None:
            return output.examination.layers
    return ()


def _last_alarm(verdicts: list[Verdict]) -> tuple[Verdict | None, int | None]:
    """The last alarming verdict, and the epoch (from 1) in which its state was entered."""
    index = max((i for i, v in enumerate(verdicts) if v.state in ALARMING), default=None)
    if index is None:
        return None, None
    alarm, entered = verdicts[index], index
    while entered > 0 and verdicts[entered - 1].state == alarm.state:
        entered -= 1
    return alarm, verdicts[entered].epoch + 1


def _look_at(report: Record, name: str, epoch: int) -> Look | None:
    """The last look of the output up to an epoch."""
    for evidence in reversed(report.history):
        output = evidence.output(name) if evidence.epoch <= epoch else None
        if output is not None and output.look is not None:
            return output.look
    return None


def _shown(
    report: Record, name: str, shot: Snapshot | None, ill: Look | None
) -> tuple[Look | None, str]:
    if ill is not None:
        return ill, "sampled"
    if shot is not None:
        return shot.look, shot.source
    last = report.history[-1].output(name) if report.history else None
    return (last.look if last is not None else None), "sampled"


def _change(report: Record, since: int | None, well: int | None) -> str:
    """The last thing done between an alarm and the recovery, if it was not taken back."""
    end = math.inf if well is None else well
    done = [
        (evidence.epoch + 1, action)
        for evidence in report.history
        for action in evidence.actions
        if since is not None and since <= evidence.epoch + 1 <= end
    ]
    if not done or done[-1][1].startswith(UNDONE) or done[-1][1].endswith(NOTHING_DONE):
        return ""
    epoch, action = done[-1]
    what = "learning rate changed" if action.startswith(RATE_SET) else "rescued"
    return f"{what} in epoch {epoch}"
