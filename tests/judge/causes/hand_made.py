"""A collapse made by hand, in which nothing is wrong, to be changed one fact at a time.

Three layers, `hidden` (ReLU), `middle` (tanh) and `out`; the target arrives in `middle`, and
nothing says why the output does not use it.
"""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from meancollapse.judge.causes import Case, Finding, explain
from meancollapse.judge.evidence import (
    Evidence,
    Examination,
    Head,
    Input,
    Layer,
    Look,
    Output,
    Parameter,
    Stream,
    Variable,
)


def make(of: type, /, **values: Any) -> Any:
    """An instance of a dataclass; fields nobody mentions are `None`."""
    return of(**{field.name: None for field in dataclasses.fields(of)} | values)


def layer(name: str, **changes: Any) -> Layer:
    values = dict(
        name=name,
        kind="Dense",
        activation="relu",
        units=16,
        dead_units=0,
        constant_units=0,
        low=0.0,
        high=3.0,
        std=0.5,
        input_std=1.0,
        input_mean=0.0,
        has_weights=True,
        readability=0.5,
        at_start=0.5,
        constant_at_start=0,
        std_at_start=0.5,
        at_start_scaled=0.5,
    )
    return make(Layer, **values | changes)


def parameter(name: str, **changes: Any) -> Parameter:
    values = dict(
        path=f"{name}/kernel",
        layer=name,
        is_trainable=True,
        scale=0.3,
        initial_scale=0.3,
        usual_scale=0.3,
        units=16,
        identical_units=1,
        starts_identical=False,
    )
    return make(Parameter, **values | changes)


def variable(name: str, **changes: Any) -> Variable:
    values = dict(
        path=f"{name}/kernel",
        is_weight=True,
        gradient_norm=0.3,
        update_ratio=1e-3,
        weight_norm=3.0,
        units=16,
        silent_units=0,
    )
    return make(Variable, **values | changes)


LAYERS = (
    layer("hidden"),
    layer("middle", activation="tanh", saturated=0.1, low=-1.0, high=1.0),
    layer("out", activation="linear", units=1, readability=0.0),
)
PARAMETERS = (parameter("hidden"), parameter("middle"), parameter("out", units=1))
VARIABLES = (variable("hidden"), variable("middle"), variable("out", units=1))
HEAD = make(
    Head,
    layer="out",
    activation="linear",
    units=1,
    loss="mean_squared_error",
    kind="regression",
    from_logits=False,
    lowest=-math.inf,
    highest=math.inf,
    outside=0.0,
    reachable=1.0,
    target_mean=0.0,
    target_std=1.0,
    target_shape=(0, 1),
    output_shape=(0, 1),
    mode_share=0.01,
    perfect_loss=0.0,
    mixed_loss=2.0,
    has_own_step=False,
    is_comparable=True,
)
EXAMINATION = make(
    Examination,
    layers=LAYERS,
    parameters=PARAMETERS,
    head=HEAD,
    penalty=0.0,
    penalty_at_start=0.0,
    total_loss=1.0,
    batch_rows=32,
    optimizer="Adam",
    learning_rate=1e-3,
)
LOOK = make(
    Look,
    rows=1000,
    spread=0.01,
    skill=-0.01,
    r2=-0.01,
    explained=0.0,
    loss=1.0,
    constant_loss=1.0,
    constant=(0.0,),
    prediction_mean=(0.0,),
    information=0.0,
    is_constant=False,
    target_varies=True,
    target_range=(-2.0, 2.0),
    target_is_valid=True,
    input_readability=0.8,
    input_p_value=0.01,
    layers=(("hidden", 0.5), ("middle", 0.5), ("out", 0.0)),
    readability=0.0,
    finite=True,
)
STREAM = Stream(1000, 0.01, -0.01, 0.0, 0.0, True, True)
INPUT = Input(1000, 0.0, 1.0, 1.0, 1.0, 10, 0, True)


def evidence(**changes: Any) -> Evidence:
    values = dict(
        epoch=9,
        steps=320,
        planned_steps=320,
        is_last=True,
        has_modes=False,
        slow_start=False,
        loss=1.0,
        grad_norm=0.3,
        skipped_steps=0,
        measured_steps=32,
        variables=VARIABLES,
        disconnected=(),
        inputs=(INPUT,),
        outputs=(Output("out", False, STREAM, None, LOOK, EXAMINATION),),
        actions=(),
        learning_rate=1e-3,
    )
    return make(Evidence, **values | changes)


def findings(
    state: str = "collapsed",
    look: dict[str, Any] | None = None,
    head: dict[str, Any] | None = None,
    examination: dict[str, Any] | None = None,
    earlier: tuple[Evidence, ...] = (),
    stream: Stream = STREAM,
    **changes: Any,
) -> list[Finding]:
    """What is found when parts of the hand-made collapse are replaced."""
    seen = dataclasses.replace(LOOK, **look or {})
    examined = dataclasses.replace(
        EXAMINATION, head=dataclasses.replace(HEAD, **head or {}), **examination or {}
    )
    last = evidence(outputs=(Output("out", False, stream, None, seen, examined),), **changes)
    case = Case.of([*earlier, last], "out", state)
    assert case is not None
    return explain(case)


def with_layer(name: str, **changes: Any) -> dict[str, Any]:
    """The examination with one layer changed."""
    return dict(
        layers=tuple(dataclasses.replace(s, **changes) if s.name == name else s for s in LAYERS)
    )


def with_parameter(name: str, **changes: Any) -> dict[str, Any]:
    """The examination with one weight array changed."""
    return dict(
        parameters=tuple(
            dataclasses.replace(p, **changes) if p.layer == name else p for p in PARAMETERS
        )
    )


# A look in which the target is lost in `middle`.
LOST = dict(layers=(("hidden", 0.5), ("middle", 0.0), ("out", 0.0)))
