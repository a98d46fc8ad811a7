"""A report, and every output in it, in one sentence. Epochs are counted from 1."""

from __future__ import annotations

import math

from meancollapse.judge.evidence import Evidence, Look
from meancollapse.judge.record import Record
from meancollapse.judge.verdict import HEALTHY, NO_SIGNAL, NON_FINITE, PLATEAU, UNDECIDED
from meancollapse.report.story import Story, stories


def of_report(report: Record) -> str:
    """The whole report in one sentence."""
    told = stories(report)
    if not report.history:
        return "No epoch has been recorded."
    if not report.verdicts:
        epochs = counted(len(report.history), "epoch")
        return f"Gradients of {epochs}; the predictions were not judged."
    if len(told) == 1:
        return of_output(told[0])
    ill = [story for story in told if story.is_ill]
    if ill:
        names = ", ".join(f"'{story.output}'" for story in ill[:4])
        more = f" and {len(ill) - 4} more" if len(ill) > 4 else ""
        return f"{len(ill)} of {len(told)} outputs in trouble: {names}{more}."
    well = sum(story.state == HEALTHY for story in told)
    if well == len(told):
        return f"All {len(told)} outputs are healthy."
    return f"No collapse; {well} of {len(told)} outputs are healthy, the others undecided."


def of_output(story: Story) -> str:
    """The state of one output now, in one sentence."""
    start = f"Output '{story.output}'"
    if story.alarm is not None:
        if story.is_ill:
            return f"{start} {_ill(story, now=True)}."
        return f"{start} {_ill(story, now=False)}; {_since_then(story)}."
    if story.state == HEALTHY:
        return f"{start} is healthy: it beats the best constant ({numbers(story)})."
    if story.state == PLATEAU:
        return (
            f"{start} is on a plateau: no better than the best constant yet ({numbers(story)}), "
            "but something still rises on the way to it. Wait."
        )
    if story.state == UNDECIDED:
        return (
            f"{start} is undecided: no better than the best constant so far ({numbers(story)}), "
            "and the evidence is too little to call it a collapse."
        )
    return f"{start} was not judged."


def _ill(story: Story, now: bool) -> str:
    assert story.alarm is not None
    look, state = story.ill_look, story.alarm.state
    if state == NON_FINITE:
        return f"turned into NaN or Inf in epoch {story.since}"
    if state == NO_SIGNAL:
        what = "has" if now else "had"
        if look is not None and not look.target_varies:
            return f"{what} nothing to learn: all its targets are the same"
        can = "cannot" if now else "could not"
        return f"{what} nothing to learn from: the target {can} be read from the input"
    return f"collapsed in epoch {story.since}: {_constant(look, now)}"


def _constant(look: Look | None, now: bool) -> str:
    if look is not None and look.top_class_share is not None and look.top_class_share >= 0.99:
        return f"it {'gives' if now else 'gave'} every example class {look.top_class}"
    if look is not None and look.is_constant:
        return f"it {'predicts' if now else 'predicted'} one constant"
    return f"its predictions hardly {'vary' if now else 'varied'}"


def _since_then(story: Story) -> str:
    change = f"{story.change}, " if story.change else ""
    if story.state == HEALTHY:
        again = "" if change else f"healthy again since epoch {story.well_since}, "
        return f"{change}{again}it now beats the best constant ({numbers(story)})"
    return f"{change}it is {story.state} now ({numbers(story)})"


def numbers(story: Story) -> str:
    """Skill and spread, or what else is known."""
    look, last = story.look, story.last
    if look is not None:
        return f"skill {short(look.skill)}, spread {short(look.spread)}"
    stream = (last.validation or last.train) if last is not None else None
    if stream is None:
        return "no numbers"
    return f"R² {short(stream.r2)}, spread {short(stream.spread)}"


def where(story: Story) -> str:
    """Where the target is, or was, lost, in a sentence; `""` for an output that never was ill."""
    if story.alarm is None:
        return ""
    place = story.place
    if place is None or story.alarm.state == NON_FINITE:
        return f"Look at layer '{story.fault}' first." if story.fault else ""
    tense = (
        ("is", "arrives", "does", "cannot")
        if story.is_ill
        else ("was", "arrived", "did", "could not")
    )
    if place.kind == "lost":
        return (
            f"The target {tense[0]} lost in layer '{place.layer}': R² {place.before:.2f} before "
            f"it, {place.after:.2f} after."
        )
    if place.kind == "unused":
        return (
            f"The target {tense[1]} in layer '{place.layer}' (R² {place.before:.2f}), but the "
            f"output {tense[2]} not use it."
        )
    return f"The target {tense[3]} be read from the input or any layer."


def span(history: tuple[Evidence, ...]) -> str:
    """How long the run was, in words."""
    if not history:
        return "no epoch"
    steps = history[-1].steps
    return f"{counted(len(history), 'epoch')}, {counted(steps, 'step')}"


def counted(number: int, noun: str) -> str:
    """Such as `"1 epoch"` or `"2,000 epochs"`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def short(number: float | None) -> str:
    """Two decimals near one, two digits elsewhere."""
    if number is None or math.isnan(number):
        return "unknown"
    if not math.isfinite(number):
        return "infinite"
    if abs(number) < 5e-5:
        return "0.00"
    if 0.005 <= abs(number) < 10:
        return f"{number:.2f}"
    return f"{number:.2g}" if abs(number) < 1e4 else f"{number:.1e}"
