"""Checks of inputs and targets by themselves: scale, constancy, concentration, finiteness."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import keras
import numpy as np

from meancollapse.judge.causes import imbalanced_target, unscaled_input, unscaled_target
from meancollapse.judge.checkup import NOTE, OK, PROBLEM, Check
from meancollapse.judge.evidence import Output
from meancollapse.look import heads

# A check says again what these findings say better.
TOLD_BY = {
    "signal": "no_signal",
    "alignment": "no_signal",
    "target scale": "unscaled_target",
    "target range": "output_activation",
}


def check_inputs(x: Any) -> list[Check]:
    """Scale, constant columns and finiteness of every numeric input."""
    arrays = [np.asarray(a) for a in keras.tree.flatten(x)]
    found = []
    for number, array in enumerate(arrays):
        if array.dtype.kind not in "fiub":
            continue
        name = "inputs" if len(arrays) == 1 else f"input {number}"
        columns = array.reshape(len(array), -1).astype(np.float64)
        broken = int((~np.isfinite(columns)).sum())
        if broken:
            found.append(Check(f"{name} finite", PROBLEM, f"{broken} values are NaN or Inf"))
            continue
        std = columns.std(0)
        constant = int((std <= 1e-6 * np.abs(columns.mean(0))).sum())
        of = f"of {columns.shape[1]} column{'s' if columns.shape[1] > 1 else ''}"
        result = PROBLEM if constant == columns.shape[1] else NOTE if constant else OK
        found.append(Check(f"{name} vary", result, f"{constant} {of} constant"))
        if array.dtype.kind != "f" or constant == columns.shape[1]:
            continue
        size, offset = float(columns.std()), float(abs(columns.mean()))
        varying = std[std > 0]
        ratio = float(varying.max() / varying.min())
        fine = unscaled_input.SMALL < size < unscaled_input.LARGE
        fine = fine and offset < unscaled_input.OFFSET * size and ratio < unscaled_input.RATIO
        words = f"mean {columns.mean():.3g}, std {size:.3g}, columns' std {varying.min():.3g} to "
        words += f"{varying.max():.3g}"
        found.append(Check(f"{name} scale", OK if fine else NOTE, words))
    return found


def check_target(head: heads.Head, output: Output, label: str) -> list[Check]:
    """Scale and range of a regression's targets, the largest class of a classification's."""
    look, examination = output.look, output.examination
    assert look is not None
    if examination is None:
        return []
    facts = examination.head
    low, high = look.target_range
    found = []
    if head.kind == "regression":
        mean, std = facts.target_mean, facts.target_std
        near = abs(mean) <= unscaled_target.OFFSET * std
        fine = near and unscaled_target.SMALL <= std <= unscaled_target.LARGE
        words = f"mean {mean:.4g}, std {std:.3g}, from {low:.4g} to {high:.4g}"
        found.append(Check(f"target scale{label}", OK if fine else NOTE, words))
        reach = f"R² {facts.reachable:.2f} within reach of '{facts.activation}'"
        if facts.outside:
            found.append(Check(f"target range{label}", PROBLEM, reach))
    share = facts.mode_share
    if head.kind != "regression" and look.constant:
        share = max(look.constant)
        if head.kind == "binary":
            share = max(max(c, 1 - c) for c in look.constant)
    heavy = share >= imbalanced_target.SUSPECT
    what = "value" if head.kind == "regression" else "class"
    words = f"the most frequent {what} holds {share:.1%} of the rows"
    found.append(Check(f"target balance{label}", NOTE if heavy else OK, words))
    return found


def without_repetition(checks: Iterable[Check], causes: set[str]) -> list[Check]:
    """The checks, less those that only repeat a finding."""
    return [
        check
        for check in checks
        if check.result in (OK, NOTE) or TOLD_BY.get(check.name.split(" of ")[0]) not in causes
    ]
