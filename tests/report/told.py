"""Reports made by hand: a collapse in a layer with a name that is HTML, and variations of it."""

from __future__ import annotations

import dataclasses

from judge.causes import hand_made

from meancollapse.judge.evidence import Activity, Evidence, Look, Output, Snapshot
from meancollapse.judge.finding import Finding
from meancollapse.judge.verdict import Verdict
from meancollapse.report.report import Report

# What a user may call a layer, a model or an output.
NASTY = '<b>&"x"</b>'

LOST = dataclasses.replace(
    hand_made.LOOK,
    spread=0.0,
    is_constant=True,
    is_comparable=True,
    has_loss=True,
    layers=(("hidden", 0.78), (NASTY, 0.01), ("out", 0.0)),
    activity=(
        Activity("hidden", 16, 0.25, None),
        Activity(NASTY, 32, 1.0, None),
        Activity("out", 1, 0.0, None),
    ),
)
WELL = dataclasses.replace(
    LOST,
    skill=0.91,
    spread=0.97,
    r2=0.91,
    is_constant=False,
    layers=(("hidden", 0.78), (NASTY, 0.85), ("out", 0.91)),
    readability=0.91,
)
DEAD = Finding(
    cause="dead_relu",
    strength=0.65,
    layer=NASTY,
    evidence=f"all 32 units of '{NASTY}' are zero for every sampled row",
    remedy="restart with a lower learning rate",
    code='keras.layers.Dense(units, activation="leaky_relu")',
)
LOUD = Finding(
    "learning_rate_too_high",
    0.92,
    NASTY,
    "the rate was 0.1",
    "lower it",
    "keras.optimizers.Adam(1e-3)",
)


def epoch(
    number: int,
    looks: dict[str, Look | None] | None = None,
    rate: float | None = 0.1,
    actions: tuple[str, ...] = (),
) -> Evidence:
    """Epoch `number` (0-based) with a look at every output named."""
    looks = {"out": LOST} if looks is None else looks
    stream = hand_made.STREAM
    return hand_made.evidence(
        epoch=number,
        steps=10 * (number + 1),
        learning_rate=rate,
        actions=actions,
        outputs=tuple(Output(name, False, stream, None, look) for name, look in looks.items()),
    )


def verdict(number: int, state: str, output: str = "out", *findings: Finding) -> Verdict:
    ids = tuple(finding.cause for finding in findings)
    return Verdict(number, state, output, ids[0] if ids else None, ids, f"It is {state}.", findings)


def snapshot(look: Look, output: str = "out") -> Snapshot:
    true = tuple((0.1 * i,) for i in range(20))
    predicted = tuple((0.5,) for _ in true) if look.spread == 0 else true
    return Snapshot(output, "validation", False, true, predicted, look)


def collapsed(model: str = NASTY) -> Report:
    """Undecided for two epochs, collapsed in the third and the fourth."""
    states = ("undecided", "undecided", "collapsed", "collapsed")
    verdicts = [
        verdict(i, state, "out", *((LOUD, DEAD) if state == "collapsed" else ()))
        for i, state in enumerate(states)
    ]
    history = tuple(epoch(i) for i in range(4))
    return Report(model, history, tuple(verdicts), (snapshot(LOST),))


def rescued() -> Report:
    """Collapsed in the second epoch, rescued at its end, healthy from the third on."""
    history = (
        epoch(0),
        epoch(1, actions=("set the learning rate to 0.002, <re-initialised> the weights",)),
        epoch(2, {"out": WELL}, rate=0.002),
        epoch(3, {"out": None}, rate=0.002),
    )
    verdicts = (
        verdict(0, "undecided"),
        verdict(1, "collapsed", "out", LOUD, DEAD),
        verdict(2, "healthy"),
        verdict(3, "healthy"),
    )
    return Report("model", history, verdicts, (snapshot(WELL),))


def healthy() -> Report:
    history = tuple(epoch(i, {"out": WELL}) for i in range(3))
    verdicts = tuple(verdict(i, "healthy") for i in range(3))
    return Report("model", history, verdicts, (snapshot(WELL),))


def non_finite() -> Report:
    """NaN from the first epoch on, because the targets contain it."""
    nan = float("nan")
    look = dataclasses.replace(
        LOST, skill=nan, spread=nan, r2=nan, loss=nan, layers=(), readability=None, finite=False
    )
    cause = Finding("non_finite", 1.0, "out", "the targets contain NaN or Inf", "drop those rows")
    found = verdict(0, "non_finite", "out", cause)
    shot = dataclasses.replace(snapshot(look), predicted=((nan,),) * 20)
    return Report("model", (epoch(0, {"out": look}),), (found,), (shot,))


def two_outputs() -> Report:
    """The first output is well, the second has collapsed."""
    history = tuple(epoch(i, {"price": WELL, "age": LOST}) for i in range(2))
    verdicts = [
        v
        for i in range(2)
        for v in (verdict(i, "healthy", "price"), verdict(i, "collapsed", "age", DEAD))
    ]
    return Report(
        "model", history, tuple(verdicts), (snapshot(WELL, "price"), snapshot(LOST, "age"))
    )


def unjudged() -> Report:
    """What a GradientMonitor gives."""
    return Report("model", tuple(epoch(i, {"out": None}) for i in range(3)))


ALL = {
    "collapsed": collapsed,
    "rescued": rescued,
    "healthy": healthy,
    "non_finite": non_finite,
    "two_outputs": two_outputs,
    "unjudged": unjudged,
    "empty": lambda: Report("model", ()),
}
