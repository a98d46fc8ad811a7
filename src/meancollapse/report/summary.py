"""A report in words, for a terminal: state, cause, what to do, and the way of the target."""

from __future__ import annotations

import textwrap

from meancollapse.judge.record import Record
from meancollapse.report import headline, words
from meancollapse.report.events import events
from meancollapse.report.letters import printable
from meancollapse.report.rows import Row, abridged, rows
from meancollapse.report.story import Story
from meancollapse.report.story import stories as all_stories

WIDTH = 96
LABEL = 14
BAR = 20
MAX_NAME = 28
MORE = "more layer"
MAX_EVENTS = 12


def text(report: Record) -> str:
    """The report as lines of at most 96 columns."""
    title = f"Report on '{report.model}': {headline.span(report.history)}"
    stories = all_stories(report)
    lines = [*_wrapped(title), "", *_wrapped(headline.of_report(report))]
    for story in stories if report.verdicts else []:
        if len(stories) > 1:
            lines += ["", *_wrapped(headline.of_output(story))]
        lines += _reasons(story) + _way(report, story)
    lines += _happened(report)
    if report.history and not report.verdicts:
        lines += _gradients(report)
    return "\n".join(lines)


def _reasons(story: Story) -> list[str]:
    """Where, why and what to do, one labelled paragraph each."""
    lines = _labelled("where", headline.where(story))
    if not story.findings:
        if story.is_ill and story.alarm is not None:
            lines += _labelled("in full", story.alarm.message)
        return ["", *lines] if lines else []
    first, *others = story.findings
    sure = words.certainty(first.strength)
    meaning = words.CAUSES.get(first.cause, "")
    lines += _labelled("cause", f"{first.cause} ({sure}): {meaning}" if meaning else first.cause)
    lines += _labelled("evidence", words.sentence(first.evidence))
    lines += _labelled("what to do", words.sentence(first.remedy))
    lines += [" " * (LABEL + 2) + line for line in printable(first.code).splitlines()]
    seen = "; ".join(f"{f.cause} ({words.certainty(f.strength)})" for f in others)
    return ["", *lines, *_labelled("also seen", seen)]


def _way(report: Record, story: Story) -> list[str]:
    """The layers in a table: readability with a bar, units, dead and saturated ones."""
    table = rows(story)
    if not table or story.look is None:
        return []
    head = "readability of the target"
    names = min(max(len(_name(row)) for row in table), MAX_NAME)
    lines = [
        "",
        f"  {'layer':{names}}  {head:{BAR + 6}}  {'units':>6}  {'dead':>5}  {'saturated':>9}",
    ]
    lines += [
        _line(part, names) if isinstance(part, Row) else f"  ... {headline.counted(part, MORE)}"
        for part in abridged(table)
    ]
    return [*lines, f"  ({headline.counted(story.look.rows, 'row')} looked at)"]


def _line(row: Row, names: int) -> str:
    name = _name(row)
    name = name if len(name) <= names else name[: names - 2] + ".."
    if row.readability is None:
        bar = f"{'not measured':{BAR + 6}}"
    else:
        filled = round(min(max(row.readability, 0.0), 1.0) * BAR)
        bar = f"{row.readability:5.2f} {'#' * filled + '.' * (BAR - filled)}"
    units = "" if row.units is None else f"{row.units:,}"
    mark = "  <- here" if row.is_fault else ""
    cells = f"{units:>6}  {share(row.dead):>5}  {share(row.saturated):>9}"
    return f"  {name:{names}}  {bar}  {cells}{mark}".rstrip()


def _name(row: Row) -> str:
    """The name of a layer in one line."""
    return " ".join(printable(row.name).split())


def share(value: float | None) -> str:
    """A share in percent; nothing where it is unknown."""
    return "" if value is None else f"{100 * value:.0f}%"


def _happened(report: Record) -> list[str]:
    found = events(report)
    if not found:
        return []
    lines = ["", "  what happened"]
    for event in found[:MAX_EVENTS]:
        lines += _labelled(f"epoch {event.when}", f"{event.kind}: {event.words}")
    more = len(found) - MAX_EVENTS
    return lines + ([f"  ... and {more} more"] if more > 0 else [])


def _gradients(report: Record) -> list[str]:
    """Gradient norm and update ratio of the last epoch, for a run that was not judged."""
    variables = [variable for variable in report.history[-1].variables if variable.is_weight]
    if not variables:
        return []
    lines = ["", f"  {'weights':40}  {'gradient norm':>13}  {'update ratio':>12}"]
    return lines + [
        f"  {printable(v.path)[-40:]:40}  {v.gradient_norm:13.3g}  {v.update_ratio:12.3g}"
        for v in variables
    ]


def _labelled(label: str, paragraph: str) -> list[str]:
    if not paragraph:
        return []
    first = f"  {printable(label):{LABEL}}"
    first = first if len(first) == LABEL + 2 else first + " "
    return textwrap.wrap(
        printable(paragraph), WIDTH, initial_indent=first, subsequent_indent=" " * (LABEL + 2)
    )


def _wrapped(paragraph: str) -> list[str]:
    return textwrap.wrap(printable(paragraph), WIDTH)
