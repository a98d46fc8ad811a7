"""Reports made by hand, to be drawn."""

from __future__ import annotations

import dataclasses
from typing import Any

import meancollapse as mc
from meancollapse.judge.evidence import Activity, Evidence, Look, Output, Snapshot, Stream, Variable
from meancollapse.judge.verdict import Verdict


def make(of: type, /, **values: Any) -> Any:
    """An instance of a dataclass; fields nobody mentions keep their default or are `None`."""
    fields = dataclasses.fields(of)
    empty = {f.name: None for f in fields if f.default is dataclasses.MISSING}
    return of(**empty | values)


def look(at_input: float | None, *layers: float, names: str = "abcdefgh", **values: Any) -> Look:
    """A look at layers `a`, `b`, ...; the output is as readable as the last of them."""
    named = tuple(zip(names, layers, strict=False))
    known = dict(
        rows=400,
        spread=0.0,
        skill=0.0,
        r2=0.0,
        input_readability=at_input,
        layers=named,
        readability=layers[-1] if layers else None,
    )
    return make(Look, **known | values)


def stream(spread: float, r2: float = 0.0) -> Stream:
    return make(Stream, rows=400, spread=spread, r2=r2, finite=True)


def output(seen: Look | None = None, name: str = "y", **values: Any) -> Output:
    return make(Output, name=name, is_classification=False, look=seen, **values)


def variable(path: str, **values: Any) -> Variable:
    known = dict(
        is_weight=path.endswith("kernel"),
        gradient_norm=1.0,
        update_ratio=1e-3,
        weight_norm=1.0,
        units=4,
        silent_units=0,
    )
    return Variable(path=path, **known | values)


def epoch(number: int, *outputs: Output, **values: Any) -> Evidence:
    """Evidence of one epoch, counted from 1."""
    known = dict(variables=(), disconnected=(), inputs=(), steps=100 * number)
    return make(Evidence, epoch=number - 1, outputs=outputs, **known | values)


def verdict(number: int, state: str, name: str = "y", cause: str | None = None) -> Verdict:
    return Verdict(number - 1, state, name, cause, (cause,) if cause else (), "")


def snapshot(
    seen: Look,
    name: str = "y",
    true: Any = ((0.0,), (1.0,)),
    predicted: Any = ((0.5,), (0.5,)),
    is_classification: bool = False,
) -> Snapshot:
    return Snapshot(name, "validation", is_classification, true, predicted, seen)


def activity(layer: str, dead: float, saturated: float | None = None) -> Activity:
    return Activity(layer, 4, dead, saturated)


def report(*history: Evidence, verdicts: Any = (), snapshots: Any = ()) -> mc.Report:
    return mc.Report("net", history, tuple(verdicts), tuple(snapshots))


def rescued() -> mc.Report:
    """Ill for two epochs, the target lost in `b`; repaired; healthy from then on."""
    return report(
        epoch(1, output(look(0.9, 0.8, 0.5, 0.4))),
        epoch(2, output(look(0.9, 0.7, 0.0, 0.0)), actions=("re-initialised the weights",)),
        epoch(3, output()),
        verdicts=[verdict(1, "undecided"), verdict(2, "collapsed"), verdict(3, "healthy")],
        snapshots=[snapshot(look(0.9, 0.85, 0.8, 0.95))],
    )


def texts(ax: Any) -> list[str]:
    """Everything written into the axes, titles and labels aside."""
    return [text.get_text() for text in ax.texts]


def line(ax: Any, label: str) -> Any:
    """The line of that label."""
    return next(found for found in ax.lines if found.get_label() == label)
