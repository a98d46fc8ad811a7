"""A diagnosis in words, for a terminal: what matters first, readable in a minute."""

from __future__ import annotations

import textwrap

from meancollapse.judge.checkup import Checkup
from meancollapse.judge.finding import PROOF, ROOT
from meancollapse.judge.place import place
from meancollapse.judge.skill import at_input
from meancollapse.report.letters import printable

WIDTH = 96
MAX_FINDINGS = 4
MARKS = {"problem": "!!", "note": " !", "ok": "ok", "skipped": " -"}
ORDER = ("problem", "note", "ok", "skipped")


def text(diagnosis: Checkup) -> str:
    """The report as lines of at most 96 columns."""
    total = diagnosis.total_rows
    of = "" if total in (None, diagnosis.rows) else f" of {total}, evenly spread"
    if total is None:
        of = ", the first of the data set"
    title = (
        f"Diagnosis of '{diagnosis.model}' from {diagnosis.rows} rows{of} "
        f"({diagnosis.seconds:.1f} s)"
    )
    lines = [*_wrapped(title, ""), ""]
    several = len({name for name, _ in diagnosis.findings}) > 1
    for name, finding in diagnosis.findings[:MAX_FINDINGS]:
        sure = (
            "certain"
            if finding.strength >= PROOF
            else ("probable" if finding.strength >= ROOT else "possible")
        )
        where = f" (output '{name}')" if several else ""
        lines += _wrapped(f"{finding.cause}{where}, {sure}: {finding.evidence}.", "  ")
        lines += _wrapped(f"what to do: {finding.remedy}.", "    ")
        lines += [f"    {line}" for line in printable(finding.code).splitlines()]
        lines.append("")
    more = len(diagnosis.findings) - MAX_FINDINGS
    if more > 0:
        rest = ", ".join(finding.cause for _, finding in diagnosis.findings[MAX_FINDINGS:])
        lines += [f"  and {more} weaker: {rest}", ""]
    if not diagnosis.findings:
        lines += ["  Nothing was found that would keep this model from learning.", ""]
    lines.append("Checked")
    width = max((len(check.name) for check in diagnosis.checks), default=0)
    for check in sorted(diagnosis.checks, key=lambda c: ORDER.index(c.result)):
        line = f"  {MARKS[check.result]}  {check.name:{width}}  {check.words}"
        lines.append(printable(line))
    lines += _ways(diagnosis)
    return "\n".join(lines)


def _ways(diagnosis: Checkup) -> list[str]:
    """Readability from input to output, one line per output."""
    lines: list[str] = []
    for output in diagnosis.evidence.outputs:
        look = output.look
        if look is None or not look.layers or look.input_readability is None:
            continue
        steps = [f"input {at_input(look) or 0:.2f}"]
        steps += [f"{name} {value:.2f}" for name, value in look.layers]
        found = place(look)
        mark = f"   (lost in '{found.layer}')" if found and found.kind == "lost" else ""
        head = f"R² of '{output.name}' readable: "
        lines += ["", *_wrapped(head + " > ".join(steps) + mark, "")]
    return lines


def _wrapped(paragraph: str, indent: str) -> list[str]:
    return textwrap.wrap(
        printable(paragraph), WIDTH, initial_indent=indent, subsequent_indent=indent + "  "
    )
