"""Verdicts in words: one paragraph, in the words of the documentation, with the numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

from meancollapse import verdict as judgement
from meancollapse.evidence import Evidence, Look, Output
from meancollapse.place import place as find_place
from meancollapse.verdict import Verdict

NO_CAUSE_YET = "This version does not name the cause; begin with the layer named here."
# Causes that the state itself names; the others need the analysis of layers and weights.
CAUSE_OF_STATE = {judgement.NO_SIGNAL: "no_signal", judgement.NON_FINITE: "non_finite"}


def verdict(history: Sequence[Evidence], name: str, state: str) -> Verdict:
    """The verdict on one output, with its message.

    Args:
        history: Evidence of every epoch so far.
        name: Name of the output.
        state: Its state, from `meancollapse.verdict.state`.
    """
    evidence = history[-1]
    output = _last_looked_at(history, name)
    look = output.look if output is not None else None
    cause = CAUSE_OF_STATE.get(state)
    if look is not None and state in (judgement.NO_SIGNAL, judgement.COLLAPSED):
        if not look.target_varies or not look.target_is_valid:
            cause = "invalid_target"
    return Verdict(
        epoch=evidence.epoch,
        state=state,
        output=name,
        cause=cause,
        causes=(cause,) if cause else (),
        message=_message(evidence, name, output, look, state),
    )


def _message(
    evidence: Evidence, name: str, output: Output | None, look: Look | None, state: str
) -> str:
    start = f"Epoch {evidence.epoch + 1}, output '{name}': "
    if state == judgement.NON_FINITE:
        return start + _non_finite(evidence)
    if look is None:
        return start + f"{state}."
    if state == judgement.NO_SIGNAL:
        return start + _no_signal(look)
    if state == judgement.COLLAPSED:
        return start + _collapsed(evidence, look)
    numbers = f"{_spread(look)}, {_skill(look)}"
    return start + f"{state} ({numbers})."


def _non_finite(evidence: Evidence) -> str:
    loss = "" if evidence.loss is None else f" (loss {evidence.loss:g})"
    if evidence.loss is not None and math.isfinite(evidence.loss):
        return (
            f"NaN or Inf among the targets or the predictions, although the training loss is "
            f"finite{loss}. Check inputs and targets, those of the validation data too, for NaN "
            "and Inf."
        )
    return (
        f"training has produced NaN or Inf{loss}, and the weights will not recover. Stop, lower "
        "the learning rate or clip the gradients, check inputs and targets for NaN and Inf, and "
        "start again from the last good weights."
    )


def _no_signal(look: Look) -> str:
    if not look.target_varies:
        return (
            f"every target is the same for the loss in all {look.rows} sampled rows, so a constant "
            "is the right answer. Check how the labels are made: fractions given to a sparse "
            "crossentropy, for example, are cut off to 0."
        )
    return (
        f"the predictions are no better than a constant ({_spread(look)}, {_skill(look)}), and "
        f"that may be all there is: from {look.rows} sampled rows the target cannot be read from "
        f"the input (held-out R² {_value(look.input_readability)}, "
        f"p = {_value(look.input_p_value)}) nor from any layer. Check that inputs and targets "
        "belong to the same rows and that the inputs hold what the target depends on."
    )


def _collapsed(evidence: Evidence, look: Look) -> str:
    return " ".join(
        [_what_it_predicts(look), _where_it_dies(evidence, look)]
        + [NO_CAUSE_YET if look.target_is_valid else _wrong_targets(look)]
    )


def _wrong_targets(look: Look) -> str:
    low, high = look.target_range
    return (
        f"The targets run from {low:g} to {high:g}, which the compiled loss cannot use: "
        "probabilities must lie between 0 and 1, class numbers be whole and smaller than the "
        "number of outputs."
    )


def _what_it_predicts(look: Look) -> str:
    if look.top_class_share is not None and look.top_class_share >= 0.99:
        alike = "with the same probabilities" if look.spread < judgement.SPREAD else "in effect"
        what = f"every example gets class {look.top_class} {alike}"
    elif look.is_constant:
        what = "the predictions are one constant"
    else:
        what = "the predictions have collapsed to a constant"
    mean = _values(look.prediction_mean)
    return (
        f"{what}, about {mean} for every input. They vary {look.spread:.2g} times as much as the "
        f"targets (spread) and are {_compared(look)} always predicting {_values(look.constant)} "
        f"({_skill(look)})."
    )


def _compared(look: Look) -> str:
    return "worse than" if look.skill < -judgement.SKILL else "no better than"


def _where_it_dies(evidence: Evidence, look: Look) -> str:
    rows = f"{look.rows} sampled rows"
    place = find_place(look)
    if look.input_readability is None or place is None:
        reading = f"With {rows} it cannot be measured where the target is lost on the way."
    elif place.kind == "lost":
        source = f"readable at the input (held-out R² {look.input_readability:.2f}, {rows})"
        reading = (
            f"The target is {source}, but is lost in layer '{place.layer}': R² {place.before:.2f} "
            f"before it, {place.after:.2f} after."
        )
    elif place.kind == "unused":
        reading = (
            f"The target is readable at the input (held-out R² {look.input_readability:.2f}, "
            f"{rows}) and still in layer '{place.layer}' (R² {place.before:.2f}): it arrives, but "
            "the output does not use it."
        )
    else:
        reading = f"In no layer can the target be read ({rows})."
    if judgement.is_frozen(evidence):
        reading += " No weight has received any gradient in this epoch, so it will stay like this."
    return reading


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
