"""A diagnosis as HTML for a notebook, in the look of the report."""

from __future__ import annotations

from html import escape

from meancollapse.judge.checkup import Checkup
from meancollapse.judge.evidence import Output
from meancollapse.judge.place import place
from meancollapse.report import headline, letters, page, parts, rows
from meancollapse.report.diagnosis import ORDER

NOTHING = "Nothing was found that would keep this model from learning."
MOODS = {"problem": "ill", "note": "ill", "ok": "well", "skipped": "unsure"}


def fragment(diagnosis: Checkup) -> str:
    """The findings, what was checked, and the way of the target."""
    findings = [finding for _, finding in diagnosis.findings]
    found = parts.causes(findings, "ill", *parts.NOW) if findings else ""
    whole = (
        f'{page.style()}<div class="mc"><div class="mc-body">{_header(diagnosis)}{found}'
        f"<section><h2>Checked</h2>{_checks(diagnosis)}</section>"
        + "".join(_way(output) for output in diagnosis.evidence.outputs)
        + "</div></div>"
    )
    return letters.visible(whole)


def _header(diagnosis: Checkup) -> str:
    title = NOTHING
    if diagnosis.findings:
        number = headline.counted(len(diagnosis.causes), "possible cause")
        title = f"{number} found, {diagnosis.cause} first."
    rows_seen = headline.counted(diagnosis.rows, "row")
    return (
        f'<header><p class="mc-model"><span>diagnosis of {escape(diagnosis.model)}</span>'
        f"<span>{rows_seen}</span></p><h1>{escape(title)}</h1></header>"
    )


def _checks(diagnosis: Checkup) -> str:
    checks = sorted(diagnosis.checks, key=lambda check: ORDER.index(check.result))
    lines = [(check.name, check.result, MOODS[check.result], check.words) for check in checks]
    return parts.listing(("check", "result", "in words"), lines)


def _way(output: Output) -> str:
    look = output.look
    if look is None or not look.layers:
        return ""
    found = place(look)
    fault = found.layer if found is not None and found.kind == "lost" else None
    examined = output.examination.layers if output.examination is not None else ()
    seen = f"Measured on {headline.counted(look.rows, 'row')}, in inference mode."
    table = parts.layers(rows.of(look, examined, fault), seen)
    heading = escape(f"Layer by layer, from the input to '{output.name}'")
    return f"<section><h2>{heading}</h2>{table}</section>"
