"""Verdicts in words: one paragraph, in the words of the documentation, with the numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

from meancollapse.judge import verdict as judgement
from meancollapse.judge.causes import Case, explain
from meancollapse.judge.evidence import Evidence, Look, Output
from meancollapse.judge.finding import PROOF, Finding
from meancollapse.judge.place import place as find_place
from meancollapse.judge.skill import (
    SKILL,
    SPREAD,
    at_input,
    is_constant,
    is_curved,
    is_readable_at_input,
)
from meancollapse.judge.verdict import Verdict

UNDECIDED = "The evidence does not decide between causes; begin with the layer named here."
# Causes that the state itself names, where nothing could be examined.
CAUSE_OF_STATE = {judgement.NO_SIGNAL: "no_signal", judgement.NON_FINITE: "non_finite"}
# Weaker explanations are named after the primary one, at most so many...
MAX_OTHERS = 2
# ...and only those that explain at least this share of what the primary one does.
OTHERS = 0.7


def verdict(history: Sequence[Evidence], name: str, state: str) -> Verdict:
    """The verdict on one output, with its causes and its message.

    Args:
        history: Evidence of every epoch so far.
        name: Name of the output.
        state: Its state, from `meancollapse.judge.verdict.state`.
    """
    evidence = history[-1]
    output = _last_looked_at(history, name)
    look = output.look if output is not None else None
    findings: tuple[Finding, ...] = ()
    causes: tuple[str, ...] = ()
    if state in judgement.ALARMING:
        case = Case.of(history, name, state)
        findings = tuple(explain(case)) if case is not None else ()
        causes = tuple(finding.cause for finding in findings)
        if not causes and state in CAUSE_OF_STATE:
            causes = (CAUSE_OF_STATE[state],)
    return Verdict(
        epoch=evidence.epoch,
        state=state,
        output=name,
        cause=causes[0] if causes else None,
        causes=causes,
        message=_message(evidence, name, look, state, findings),
        findings=findings,
    )


def _message(
    evidence: Evidence, name: str, look: Look | None, state: str, findings: Sequence[Finding]
) -> str:
    start = f"Epoch {evidence.epoch + 1}, output '{name}': "
    if state == judgement.NON_FINITE:
        return start + _non_finite(evidence, findings)
    if look is None:
        return start + f"{state}."
    if state == judgement.NO_SIGNAL:
        return start + _no_signal(look, findings)
    if state == judgement.COLLAPSED:
        return start + _collapsed(evidence, look, findings)
    numbers = f"{_spread(look)}, {_skill(look)}"
    return start + f"{state} ({numbers})."


def because(findings: Sequence[Finding]) -> str:
    """The causes in words: the primary one with its numbers and what to do, then the runners-up."""
    if not findings:
        return UNDECIDED
    first, *rest = findings
    rest = [f for f in rest if f.strength >= OTHERS * first.strength][:MAX_OTHERS]
    sure = "Cause" if first.strength >= PROOF else "Probable cause"
    text = f"{sure}: {first.cause} ({first.evidence})."
    if rest:
        text += " Also seen: " + "; ".join(f"{f.cause} ({f.evidence})" for f in rest) + "."
    text += f" What to do: {first.remedy}."
    return text + (f" For example: {first.code}" if first.code else "")


def _non_finite(evidence: Evidence, findings: Sequence[Finding]) -> str:
    loss = "" if evidence.loss is None else f" (loss {evidence.loss:g})"
    if evidence.loss is not None and math.isfinite(evidence.loss):
        what = (
            f"NaN or Inf among the targets or the predictions, although the training loss is "
            f"finite{loss}."
        )
    else:
        what = f"training has produced NaN or Inf{loss}."
    if findings:
        return f"{what} {because(findings)}"
    if evidence.loss is not None and math.isfinite(evidence.loss):
        return f"{what} Check inputs and targets, those of the validation data too."
    return what + (
        " The weights will not recover. Stop, lower the learning rate or clip the gradients, check "
        "inputs and targets for NaN and Inf, and start again from the last good weights."
    )


def _no_signal(look: Look, findings: Sequence[Finding]) -> str:
    if findings and findings[0].cause != "no_signal":
        return f"{_what_it_predicts(look)} {because(findings)}"
    reading = (
        f"the predictions are no better than a constant ({_spread(look)}, {_skill(look)}), and "
        "that may be all there is."
    )
    if findings:
        return f"{reading} {because(findings)}"
    return reading + (
        f" From {look.rows} sampled rows the target cannot be read from the input. Check that "
        "inputs and targets belong to the same rows and that the inputs hold what the target "
        "depends on."
    )


def _collapsed(evidence: Evidence, look: Look, findings: Sequence[Finding]) -> str:
    return " ".join([_what_it_predicts(look), _where_it_dies(evidence, look), because(findings)])


def _what_it_predicts(look: Look) -> str:
    if look.top_class_share is not None and look.top_class_share >= 0.99:
        alike = "with the same probabilities" if look.spread < SPREAD else "in effect"
        what = f"every example gets class {look.top_class} {alike}"
    elif look.is_constant:
        what = "the predictions are one constant"
    else:
        what = "the predictions have collapsed to a constant"
    mean = _values(look.prediction_mean)
    if not is_constant(look):
        return (
            f"the predictions vary, {look.spread:.2g} times as much as the targets (spread), but "
            f"not with them: around {mean}, and {_compared(look)} always predicting "
            f"{_values(look.constant)} ({_skill(look)})."
        )
    return (
        f"{what}, about {mean} for every input. They vary {look.spread:.2g} times as much as the "
        f"targets (spread) and are {_compared(look)} always predicting {_values(look.constant)} "
        f"({_skill(look)})."
    )


def _compared(look: Look) -> str:
    return "worse than" if look.skill < -SKILL else "no better than"


def _where_it_dies(evidence: Evidence, look: Look) -> str:
    rows = f"{look.rows} sampled rows"
    place = find_place(look)
    if look.input_readability is None or place is None:
        reading = f"With {rows} it cannot be measured where the target is lost on the way."
        if is_readable_at_input(look):
            reading = f"The target is {_source(look, rows)}. {reading}"
    elif place.kind == "lost" and is_curved(look) and place.before == at_input(look):
        reading = (
            f"The target is {_source(look, rows)}, though not by a straight line "
            f"(R² {look.input_linear or 0:.2f}), and no layer has come to show it "
            f"(R² {place.after:.2f} after '{place.layer}')."
        )
    elif place.kind == "lost":
        reading = (
            f"The target is {_source(look, rows)}, but is lost in layer '{place.layer}': "
            f"R² {place.before:.2f} before it, {place.after:.2f} after."
        )
    elif place.kind == "unused":
        reading = (
            f"The target is {_source(look, rows)} and still in layer '{place.layer}' "
            f"(R² {place.before:.2f}): it arrives, but the output does not use it."
        )
    else:
        reading = f"In no layer can the target be read ({rows})."
    if judgement.is_frozen(evidence):
        reading += " No weight has received any gradient in this epoch, so it will stay like this."
    return reading


def _source(look: Look, rows: str) -> str:
    """Where the target is there to be read."""
    if is_readable_at_input(look) or not look.layers:
        read = at_input(look) or 0.0
        if read < judgement.RISE:
            read = look.input_readability or 0.0
        return f"readable at the input (held-out R² {read:.2f}, {rows})"
    layer, most = max(look.layers, key=lambda pair: pair[1])
    return f"readable in layer '{layer}' (held-out R² {most:.2f}, {rows})"


def _last_looked_at(history: Sequence[Evidence], name: str) -> Output | None:
    for evidence in reversed(history):
        output = evidence.output(name)
        if output is not None and output.look is not None:
            return output
    return history[-1].output(name)


def _spread(look: Look) -> str:
    return f"spread {look.spread:.2g}"


def _skill(look: Look) -> str:
    return f"skill {look.skill:.2g}"


def _value(number: float | None) -> str:
    return "unknown" if number is None or math.isnan(number) else f"{number:.2g}"


def _values(numbers: Sequence[float]) -> str:
    shown = ", ".join(f"{number:.4g}" for number in numbers[:4])
    more = ", …" if len(numbers) > 4 else ""
    return shown if len(numbers) == 1 else f"({shown}{more})"
