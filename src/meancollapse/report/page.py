"""A report as HTML: a file of its own, or a cell of a notebook. No script, no network."""

from __future__ import annotations

from html import escape
from importlib import resources
from string import Template

from meancollapse.judge.record import Record
from meancollapse.report import headline, letters, parts, pictures
from meancollapse.report.events import events
from meancollapse.report.rows import rows
from meancollapse.report.story import Story
from meancollapse.report.story import stories as all_stories
from meancollapse.version import __version__

WITHOUT_PICTURES = (
    '<p class="mc-note">The pictures need matplotlib: '
    "<code>pip install &quot;meancollapse[plot]&quot;</code></p>"
)


def page(report: Record) -> str:
    """The report as one HTML file that needs nothing else."""
    whole = Template(_file("page.html")).substitute(
        title=escape(f"{report.model}: {headline.of_report(report)}"),
        style=_file("page.css"),
        body=_body(report, is_page=True),
    )
    return letters.visible(whole)


def fragment(report: Record) -> str:
    """The report as an element for a notebook; its style reaches nothing around it."""
    return letters.visible(style() + _body(report, is_page=False))


def style() -> str:
    """The style sheet of fragments, as an element."""
    return f"<style>{_file('page.css')}</style>"


def _file(name: str) -> str:
    return resources.files("meancollapse.report").joinpath(name).read_text(encoding="utf-8")


def _body(report: Record, is_page: bool) -> str:
    stories = all_stories(report)
    mood = stories[0].mood if stories else "unsure"
    pieces = [
        f'<div class="mc"><div class="mc-body mc-mood-{mood}">',
        _header(report, stories),
        *(_output(report, story, index, stories) for index, story in enumerate(stories)),
        pictures.of_network(report, stories),
        _timeline(report),
        *(_layers(story, len(stories) > 1) for story in stories),
        parts.glossary(is_open=is_page),
        _footer(report, stories),
        "</div></div>",
    ]
    return "".join(pieces)


def _header(report: Record, stories: list[Story]) -> str:
    badge = parts.badge(stories[0]) if len(stories) == 1 else ""
    lede = _lede(stories[0]) if len(stories) == 1 else ""
    note = "" if pictures.available() else WITHOUT_PICTURES
    return (
        f'<header><p class="mc-model">{badge}<span>{escape(report.model)}</span>'
        f"<span>{headline.span(report.history)}</span></p>"
        f"<h1>{_title(headline.of_report(report))}</h1>{lede}{note}</header>"
    )


def _title(sentence: str) -> str:
    """The sentence, its epochs kept together with their numbers."""
    return escape(sentence).replace("epoch ", "epoch&nbsp;")


def _lede(story: Story) -> str:
    words = headline.where(story)
    return f'<p class="mc-lede">{escape(words)}</p>' if words else ""


def _output(report: Record, story: Story, index: int, stories: list[Story]) -> str:
    """One output: why, and its pictures."""
    head = ""
    if len(stories) > 1:
        head = f"{parts.badge(story)}<h2>{_title(headline.of_output(story))}</h2>{_lede(story)}"
    return (
        f'<section class="mc-output">{head}{parts.reasons(story)}'
        f"{pictures.of_output(report, story, index)}</section>"
    )


def _timeline(report: Record) -> str:
    found = events(report)
    if not found and not report.verdicts:
        return ""
    return f"<section><h2>What happened when</h2>{parts.timeline(found)}</section>"


def _layers(story: Story, is_one_of_many: bool) -> str:
    to = f"'{story.output}'" if is_one_of_many else "the output"
    table = parts.layers(rows(story), parts.looked_at(story))
    return (
        f"<section><h2>{escape(f'Layer by layer, from the input to {to}')}</h2>{table}</section>"
        if table
        else ""
    )


def _footer(report: Record, stories: list[Story]) -> str:
    looked = [story.look.rows for story in stories if story.look is not None]
    rows_seen = f", {headline.counted(max(looked), 'row')} looked at" if looked else ""
    made = f"meancollapse {__version__}, {headline.span(report.history)}{rows_seen}"
    return f"<footer>{escape(made)}</footer>"
