"""Pieces of the page: every function gives HTML with everything of the user's escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from meancollapse.judge.finding import Finding
from meancollapse.report import headline, words
from meancollapse.report.events import Event
from meancollapse.report.rows import Row, abridged
from meancollapse.report.story import Story
from meancollapse.report.summary import share

# Headings for an output that is ill, and for one that is well again.
NOW = "Why", "What to change"
AFTERWARDS = "Why it happened", "What to change next time"
# Kinds of events that have a colour.
KINDS = {"warning": "ill", "recovery": "well"}


def badge(story: Story) -> str:
    """The state in one word, with a colour."""
    state = (story.state or "not judged").replace("_", " ")
    return f'<span class="mc-badge mc-is-{story.mood}">{escape(state)}</span>'


def reasons(story: Story) -> str:
    """Why, and what to do; nothing for an output that never was ill."""
    if story.alarm is None:
        return ""
    if not story.findings:
        return f'<section class="mc-why"><p>{escape(story.alarm.message)}</p></section>'
    return causes(story.findings, story.mood, *(NOW if story.is_ill else AFTERWARDS))


def causes(findings: Sequence[Finding], mood: str, why: str, change: str) -> str:
    """The first finding with its evidence and what to do about it, the others in small.

    Args:
        findings: At least one, the most important first.
        mood: `"ill"`, `"well"` or `"unsure"`: the colour at the side.
        why: Heading of the cause.
        change: Heading of what to do.
    """
    first, *others = findings
    return (
        f'<section class="mc-why mc-is-{mood}"><div>'
        f"<h3>{why}</h3>{_cause(first)}</div><div>"
        f"<h3>{change}</h3><p>{escape(words.sentence(first.remedy))}</p>{_code(first)}"
        f"</div>{_others(others)}</section>"
    )


def _cause(finding: Finding) -> str:
    meaning = words.CAUSES.get(finding.cause, "")
    return (
        f'<p class="mc-cause"><code>{escape(finding.cause)}</code> '
        f"<span>{words.certainty(finding.strength)}</span></p>"
        f"<p><strong>{escape(words.sentence(meaning))}</strong></p>"
        f"<p>{escape(words.sentence(finding.evidence))}</p>"
    )


def _code(finding: Finding) -> str:
    return f'<pre class="mc-code"><code>{escape(finding.code)}</code></pre>' if finding.code else ""


def _others(findings: list[Finding]) -> str:
    if not findings:
        return ""
    items = "".join(
        f"<li><code>{escape(f.cause)}</code> {escape(words.sentence(f.evidence))}</li>"
        for f in findings
    )
    return f'<div class="mc-others"><h3>Weaker causes also seen</h3><ul>{items}</ul></div>'


def figure(heading: str, drawing: str, caption: str, kind: str = "") -> str:
    """A drawing under a heading, with a line on how to read it."""
    return (
        f'<figure class="mc-figure {kind}"><h3>{escape(heading)}</h3>'
        f"{drawing}<figcaption>{escape(caption)}</figcaption></figure>"
    )


def timeline(events: list[Event]) -> str:
    """What happened when, as a table."""
    if not events:
        return '<p class="mc-below">No warning, no change of the learning rate, no repair.</p>'
    lines = [
        (event.when, event.kind, KINDS.get(event.kind, "unsure"), event.words) for event in events
    ]
    return listing(("epoch", "what", "in words"), lines)


def listing(head: tuple[str, str, str], lines: list[tuple[str, str, str, str]]) -> str:
    """A table of short texts: `(first, kind, mood of the kind, words)` in every line."""
    body = "".join(
        f'<tr><td class="mc-first">{escape(first)}</td>'
        f'<td class="mc-kind mc-is-{mood}">{escape(kind)}</td><td>{escape(text)}</td></tr>'
        for first, kind, mood, text in lines
    )
    return _table("".join(f"<th>{escape(name)}</th>" for name in head), body)


def layers(rows: list[Row], look_words: str) -> str:
    """The way of the target, layer by layer."""
    if not rows:
        return ""
    bounded = any(row.saturated is not None for row in rows)
    short = abridged(rows)
    table = _layers(short, bounded)
    if len(short) < len(rows):
        name = f"All {headline.counted(len(rows) - 1, 'layer')}"
        whole = _layers(rows, bounded)
        table += f'<details class="mc-all"><summary>{name}</summary>{whole}</details>'
    return f'{table}<p class="mc-below">{escape(look_words)}</p>'


def _layers(rows: Sequence[Row | int], bounded: bool) -> str:
    names = ["units", "dead", "saturated"] if bounded else ["units", "dead"]
    numbers = "".join(f'<th class="mc-number">{name}</th>' for name in names)
    body = "".join(
        _row(row, bounded)
        if isinstance(row, Row)
        else f'<tr><td class="mc-skipped" colspan="{len(names) + 2}">'
        f"… {headline.counted(row, 'more layer')}</td></tr>"
        for row in rows
    )
    return _table(f"<th>layer</th><th>readability</th>{numbers}", body, "mc-layers")


def _row(row: Row, bounded: bool) -> str:
    kind = f"<small>{escape(row.kind)}</small>" if row.kind else ""
    mark = '<small class="mc-here">look here</small>' if row.is_fault else ""
    units = "" if row.units is None else f"{row.units:,}"
    fault = ' class="mc-fault"' if row.is_fault else ""
    name = escape(row.name).replace("_", "_<wbr>").replace("/", "/<wbr>")
    cells = [units, share(row.dead)] + ([share(row.saturated)] if bounded else [])
    return (
        f"<tr{fault}>"
        f"<td><span>{name}</span>{kind}{mark}</td><td>{_bar(row.readability)}</td>"
        + "".join(f'<td class="mc-number">{cell}</td>' for cell in cells)
        + "</tr>"
    )


def _bar(value: float | None) -> str:
    if value is None:
        return "<small>not measured</small>"
    width = 100 * min(max(value, 0.0), 1.0)
    return (
        f'<span class="mc-bar"><i style="width:{width:.0f}%"></i></span>'
        f'<span class="mc-value">{value:.2f}</span>'
    )


def _table(head: str, body: str, kind: str = "") -> str:
    return (
        f'<div class="mc-scroll" tabindex="0"><table class="{kind}"><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def glossary(is_open: bool) -> str:
    """What the quantities are."""
    terms = "".join(
        f"<div><dt>{escape(term)}</dt><dd>{escape(meaning)}</dd></div>"
        for term, meaning in words.GLOSSARY
    )
    state = " open" if is_open else ""
    return (
        f'<details class="mc-glossary"{state}><summary>How to read this</summary>'
        f"<dl>{terms}</dl></details>"
    )


def looked_at(story: Story) -> str:
    """Which rows the numbers of an output come from."""
    if story.look is None:
        return ""
    kind = f"{story.source} row"
    return f"Measured on {headline.counted(story.look.rows, kind)}, in inference mode."
