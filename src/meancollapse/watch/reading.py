"""The one read of an epoch: what the measured steps left on the device, as plain numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from meancollapse.backend import framework
from meancollapse.judge.evidence import Input, Output, Variable
from meancollapse.watch import moments
from meancollapse.watch.sample import Sample
from meancollapse.watch.step_functions import Meter
from meancollapse.watch.streams import Layout


@dataclass(frozen=True)
class Reading:
    """The running statistics of one epoch; fields as in `Evidence`."""

    variables: tuple[Variable, ...] = ()
    disconnected: tuple[str, ...] = ()
    inputs: tuple[Input, ...] = ()
    outputs: tuple[Output, ...] = ()
    grad_norm: float | None = None
    skipped_steps: int = 0
    measured_steps: int = 0


def read(train: Meter, test: Meter | None, layouts: dict[tuple[str, int], Layout]) -> Reading:
    """Copy everything to the host in one transfer and merge it.

    Args:
        train: What the measured training steps returned.
        test: The same of the validation; `None` without one in this epoch.
        layouts: What stands where, by phase and length of a series.
    """
    later = test.series if test is not None else []
    units = [train.units] if train.units is not None else []
    host = framework.to_host([*train.series, *later, *units])
    count = len(train.series)
    series, validation = host[:count], host[count : count + len(later)]
    if not series:
        return Reading()
    series = moments.of_one_kind(series)
    layout = layouts["train", len(series[0])]
    norms, seen, outputs = moments.split_series(layout, series)
    norm, skipped = moments.grad_norm(norms)
    validated: dict[str, Any] = {}
    if validation:
        validation = moments.of_one_kind(validation)
        layout_then = layouts["test", len(validation[0])]
        _, _, tables = moments.split_series(layout_then, validation)
        validated = {head.name: moments.stream(head, table) for head, table in tables}
    return Reading(
        variables=moments.variables(layout, norms, host[-1]),
        disconnected=layout.disconnected,
        inputs=tuple(moments.input_stream(table) for table in seen),
        outputs=tuple(
            Output(
                head.name,
                head.is_classification,
                moments.stream(head, table),
                validated.get(head.name),
                None,
            )
            for head, table in outputs
        ),
        grad_norm=norm,
        skipped_steps=skipped,
        measured_steps=len(series),
    )


def what_is_missing(found: Reading, sample: Sample) -> Iterator[str]:
    """What could not be measured in this `fit`, in words."""
    if not found.variables:
        yield (
            "The training step does not pass its gradients through `model.optimizer`, so gradients "
            "and update ratios are not measured."
        )
    if sample.is_unsupported:
        yield (
            "Batches that are ragged, sparse or more than inputs, targets and weights cannot be "
            "sampled; outputs are not examined."
        )
    elif not sample.has_targets:
        yield "No targets were seen, so the outputs cannot be judged."
    elif not found.outputs:
        yield (
            "The training step does not call `compute_metrics` with targets and predictions, so "
            "outputs are judged on sampled rows only, without running statistics."
        )


def number(value: Any) -> float | None:
    """A log entry as a number: `None` if missing, NaN if it is none."""
    try:
        return None if value is None else float(value)
    except (TypeError, ValueError):
        return math.nan
