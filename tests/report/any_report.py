"""Reports with anything in them that the types allow, and with anything missing."""

from __future__ import annotations

import dataclasses
import types
import typing
from typing import Any

from hypothesis import strategies as st

from meancollapse.diagnosis.diagnosis import Diagnosis
from meancollapse.judge.checkup import Check
from meancollapse.judge.evidence import Evidence, Look, Output, Snapshot
from meancollapse.judge.verdict import STATES, Verdict
from meancollapse.report.report import Report

# Names that are HTML, formulas of matplotlib, escapes of a terminal, no XML, no UTF-8, or long.
NAMES = (
    "out",
    "",
    " ",
    "a/b_c",
    '<b>&"x"</b>',
    "</style><script>alert(1)</script>",
    "größe",
    "出力",
    "$\\frac{$",
    "$a$ and \\$",
    "%s {0} $title",
    "line\nbreak\ttab\r",
    "\x1b[2J\x00\x0b",
    "\ud800",
    "\ufffe\u2028",
    "e\u0301\u202e",
    "x" * 300,
    "many words " * 30,
)
NUMBERS = (
    0.0, -0.0, 0.5, 1.0, -1.0, 1e-12, 1e-300, 1e12, 1.7e308, -1.7e308,
    float("nan"), float("inf"), float("-inf"),
)  # fmt: skip
names = st.sampled_from(NAMES)
words = st.one_of(names, st.text(max_size=20))
counts = st.one_of(st.integers(0, 40), st.sampled_from([0, 2**31, 2**63 - 1]))
floats = st.one_of(st.sampled_from(NUMBERS), st.floats(0, 1), st.floats())


def any_of(hint: Any) -> st.SearchStrategy[Any]:
    """Any value of that type, as the fields of evidence have it."""
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin in (types.UnionType, typing.Union):
        return st.one_of(st.none(), *(any_of(kind) for kind in inner if kind is not type(None)))
    if origin is tuple and inner[-1] is Ellipsis:
        return st.lists(any_of(inner[0]), max_size=3).map(tuple)
    if origin is tuple:
        return st.tuples(*(any_of(kind) for kind in inner))
    if dataclasses.is_dataclass(hint):
        return record(hint)
    return {float: floats, int: counts, bool: st.booleans(), str: words}[hint]


def record(kind: Any, **fixed: Any) -> st.SearchStrategy[Any]:
    """Any record of that kind.

    Args:
        kind: The dataclass.
        fixed: Strategies of fields that cannot hold all that their types allow.
    """
    hints = typing.get_type_hints(kind)
    free = {name: any_of(hint) for name, hint in hints.items() if name not in fixed}
    return st.builds(kind, **free, **fixed)


@st.composite
def snapshots(draw: Any, name: str) -> Snapshot:
    """An output beside its targets: class numbers, or up to four columns of numbers."""
    is_classification = draw(st.booleans())
    rows, columns = draw(st.integers(0, 5)), 1 if is_classification else draw(st.integers(0, 4))
    value = st.integers(0, 30).map(float) if is_classification else floats
    row = st.tuples(*[value] * columns)
    table = st.lists(row, min_size=rows, max_size=rows).map(tuple)
    source = draw(st.sampled_from(["validation", "training", "probe"]))
    look = draw(any_of(Look))
    return Snapshot(name, source, is_classification, draw(table), draw(table), look)


@st.composite
def reports(draw: Any) -> Report:
    """A run of up to four epochs."""
    outputs = draw(st.lists(names, max_size=2, unique=True))
    history, verdicts = [], []
    for number in range(draw(st.integers(0, 4))):
        measured = tuple(
            draw(record(Output, name=st.just(name))) for name in outputs if draw(st.booleans())
        )
        fixed = dict(epoch=number, outputs=measured)
        history.append(draw(record(Evidence, **{k: st.just(v) for k, v in fixed.items()})))
        for name in outputs or ["output"]:
            state = st.sampled_from(STATES)
            if draw(st.booleans()):
                fixed = dict(epoch=st.just(number), output=st.just(name), state=state)
                verdicts.append(draw(record(Verdict, **fixed)))
    shots = tuple(draw(snapshots(name)) for name in outputs if draw(st.booleans()))
    return Report(draw(names), tuple(history), tuple(verdicts), shots)


@st.composite
def diagnoses(draw: Any) -> Diagnosis:
    """What `diagnose` might say."""
    check = record(Check, result=st.sampled_from(["problem", "note", "ok", "skipped"]))
    checks = draw(st.lists(check, max_size=3))
    return draw(record(Diagnosis, checks=st.just(tuple(checks)), seconds=st.floats(0, 1e6)))
