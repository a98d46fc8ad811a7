"""`diagnose(model, x, y)`: look at data and model without waiting for a collapse."""

from __future__ import annotations

import time
from typing import Any

import keras
import numpy as np

from meancollapse.backend import rates
from meancollapse.diagnosis import data, order, trials
from meancollapse.diagnosis.diagnosis import Diagnosis
from meancollapse.diagnosis.rows import Rows, take
from meancollapse.judge import skill, verdict
from meancollapse.judge.causes import Case, explain
from meancollapse.judge.checkup import NOTE, OK, PROBLEM, SKIPPED, Check
from meancollapse.judge.evidence import Evidence, Input, Look, Output
from meancollapse.judge.finding import HINT, PROOF, Finding
from meancollapse.judge.place import place
from meancollapse.judge.readability import InputReadability
from meancollapse.look import columns, examine, heads, inputs, layers, quiet
from meancollapse.look.look import Looker
from meancollapse.watch import moments, streams

# Rows examined: readability needs no more (research notes, 3.6).
MAX_ROWS = 1000
# Longer than this, and progress is shown.
QUIET_SECONDS = 1.0
# A ridge on the raw inputs that reads this much more than the model predicts is worth a word.
BETTER = 0.05
ONE, BATCH = 1, trials.BATCH


def diagnose(
    model: keras.Model,
    x: Any,
    y: Any = None,
    sample_weight: Any = None,
    *,
    max_rows: int = MAX_ROWS,
    train: bool = True,
    verbose: int = 1,
) -> Diagnosis:
    """Say what may keep a model from learning, before, after or without training it.

    Looks at the data (scales, constant or non-finite columns, dominating targets, rows that do not
    belong together, whether the target can be read from the input at all), at the model as it is
    (readability layer by layer, dead or saturated units, what the output can reach, its loss
    against the best constant's), and tries whether it can learn one row and one batch by heart.
    The model is put back bit for bit.

    Args:
        model: A compiled model, trained or not.
        x: Inputs, as for `fit`: arrays, a list or dict of them, or a data set of batches.
        y: Targets, unless `x` is a data set.
        sample_weight: Sample weights, or `None`.
        max_rows: Rows to examine; of larger data evenly spread ones are taken.
        train: Whether to try learning one row and one batch.
        verbose: 0 for silence, 1 to print the report.

    Returns:
        A `Diagnosis`; `print` it, read `.cause`, `.causes` and `.findings`, or take `.to_dict()`.

    Raises:
        ValueError: If the model is not compiled, or inputs and targets do not fit together.

    Example:

    ```python
    mc.diagnose(model, x, y)
    ```
    """
    _check_arguments(model, max_rows)
    started = time.perf_counter()

    def progress(words: str) -> None:
        if verbose and time.perf_counter() - started > QUIET_SECONDS:
            print(f"diagnose: {words} ...", flush=True)

    sample = take(x, y, sample_weight, max_rows)
    if not model.built:
        model(keras.tree.map_structure(lambda a: a[:1], sample.x))
    with quiet.quiet(model):
        outputs, findings, checks = _look(model, sample, progress)
    if train:
        checks += _trials(model, sample, progress)
    findings.sort(key=lambda pair: -pair[1].strength)
    named = {finding.cause for _, finding in findings}
    diagnosis = Diagnosis(
        model=model.name,
        rows=sample.count,
        total_rows=sample.total,
        findings=tuple(findings),
        checks=tuple(data.without_repetition(checks, named)),
        evidence=_evidence(model, sample, tuple(outputs)),
        seconds=time.perf_counter() - started,
    )
    if verbose:
        print(str(diagnosis), flush=True)
    return diagnosis


def _look(
    model: keras.Model, sample: Rows, progress: Any
) -> tuple[list[Output], list[tuple[str, Finding]], list[Check]]:
    """Everything that only looks: every output with its causes, and the checks beside them."""
    progress("looking at the layers")
    looker = Looker(model, sample.x, sample.y, sample.sample_weight)
    if not looker.pairs:
        raise ValueError(
            f"No output of the model {list(getattr(model, 'output_names', []))} has a target in "
            f"`y`. Received: {keras.tree.map_structure(lambda a: a.shape, sample.y)}."
        )
    checks: list[Check] = data.check_inputs(sample.x)
    findings: list[tuple[str, Finding]] = []
    outputs = []
    for head, target, prediction in looker.pairs:
        progress(f"what can be read of '{head.name}'")
        label = f" of '{head.name}'" if len(looker.pairs) > 1 else ""
        at_input = looker.input_readability(head, target)
        look = looker.look(head, target, prediction, at_input, True)
        examination = examine.examine(looker, head.name, None)
        output = Output(head.name, head.is_classification, None, None, look, examination)
        outputs.append(output)
        evidence = _evidence(model, sample, (output,))
        shift = _shift(head, sample, looker)
        found = _explained(evidence, output, head, shift)
        findings += [(head.name, finding) for finding in found]
        checks += data.check_target(head, output, label)
        checks += _signal_checks(at_input, shift, look, label)
        checks += _order_checks(head, sample, looker, label)
        checks += _model_checks(output, model, label)
    return outputs, findings, checks


def _check_arguments(model: Any, max_rows: Any) -> None:
    if not isinstance(model, keras.Model):
        raise ValueError(f"`model` must be a `keras.Model`. Received: {type(model).__name__}.")
    if not getattr(model, "compiled", False):
        raise ValueError(
            "The model must be compiled: which predictions are good depends on the loss. Call "
            "`model.compile(optimizer, loss)` first."
        )
    if not isinstance(max_rows, int) or max_rows < 2:
        raise ValueError(f"`max_rows` must be a whole number from 2 on. Received: {max_rows!r}.")


def _evidence(model: keras.Model, sample: Rows, outputs: tuple[Output, ...]) -> Evidence:
    """What is known without a training run, as evidence of epoch 0."""
    steps = int(keras.ops.convert_to_numpy(model.optimizer.iterations))
    return Evidence(
        epoch=0,
        steps=steps,
        planned_steps=None,
        is_last=True,
        has_modes=False,
        slow_start=False,
        loss=None,
        grad_norm=None,
        skipped_steps=0,
        measured_steps=0,
        variables=(),
        disconnected=(),
        inputs=_inputs(sample),
        outputs=outputs,
        learning_rate=rates.learning_rate(model.optimizer),
    )


def _inputs(sample: Rows) -> tuple[Input, ...]:
    found = []
    for leaf in keras.tree.flatten(sample.x):
        columns = heads.input_columns(leaf)
        if columns is not None:
            packed = layers.to_numpy(streams.column_moments(columns))
            found.append(moments.input_stream(np.asarray(packed, np.float64)[None]))
    return tuple(found)


def _explained(
    evidence: Evidence, output: Output, head: heads.Head, shift: order.Shift | None
) -> list[Finding]:
    """The causes; of a model with skill only what is beyond doubt."""
    look = output.look
    assert look is not None
    state = verdict.COLLAPSED
    values = (*look.target_range, *(i.mean for i in evidence.inputs))
    if not look.finite or not np.isfinite(values).all():
        state = verdict.NON_FINITE
    elif look.input_p_value is not None and look.input_p_value > skill.SIGNIFICANT:
        state = verdict.NO_SIGNAL
    case = Case.of([evidence], head.name, state)
    found = explain(case) if case is not None else []
    if shift is not None and shift.is_misaligned:
        found = [f for f in found if f.cause != "no_signal"]
        found.insert(0, _misaligned(shift))
    bar = PROOF if skill.has_skill(output, look) else HINT
    return [finding for finding in found if finding.strength >= bar]


def _misaligned(shift: order.Shift) -> Finding:
    by = f"{abs(shift.best)} row{'s' if abs(shift.best) > 1 else ''}"
    step = f"x, y = x[:-{-shift.best}], y[{-shift.best}:]"
    if shift.best > 0:
        step = f"x, y = x[{shift.best}:], y[:-{shift.best}]"
    return Finding(
        "no_signal",
        1.0,
        None,
        f"rows are misaligned by {by}: as they are the target reads with R² "
        f"{shift.unshifted:.2f} from the input, shifted with {shift.value:.2f}",
        "put inputs and targets of the same row together",
        step,
    )


def _shift(head: heads.Head, sample: Rows, looker: Looker) -> order.Shift | None:
    targets = keras.tree.flatten(sample.first_y)
    if len(targets) != 1:  # which of several belongs to this output is known of the sample only
        return None
    target, _ = columns.of(head, targets[0], target_only=True)
    features = inputs.columns(sample.first_x, looker.limit)
    if not np.isfinite(features).all() or not np.isfinite(target).all():
        return None
    return order.shift(features, columns.matching(target, sample.first_x))


def _signal_checks(
    at_input: InputReadability | None, shift: order.Shift | None, look: Look, label: str
) -> list[Check]:
    name = f"signal{label}"
    if at_input is None:
        words = "cannot be measured: too few rows, targets that do not vary, or NaN"
        return [Check(name, SKIPPED, words)]
    numbers = f"held-out R² {at_input.value:.2f} from the input, p = {at_input.p_value:.2g}"
    read = at_input.p_value <= skill.SIGNIFICANT and at_input.value >= skill.READABLE
    found = [Check(name, OK if read else PROBLEM, numbers)]
    if not read and look.rows < verdict.NO_SIGNAL_ROWS:
        found = [Check(name, NOTE, f"{numbers}; {look.rows} rows prove nothing")]
    if shift is not None:
        words = f"best as the rows are (R² {shift.unshifted:.2f})"
        if shift.best != 0:
            words = f"R² {shift.value:.2f} shifted by {shift.best:+d}, {shift.unshifted:.2f} as is"
        found.append(Check(f"alignment{label}", PROBLEM if shift.is_misaligned else OK, words))
    return found


def _order_checks(head: heads.Head, sample: Rows, looker: Looker, label: str) -> list[Check]:
    targets = keras.tree.flatten(sample.first_y)
    if len(targets) != 1:
        return []
    target, _ = columns.of(head, targets[0], target_only=True)
    arrays = [np.asarray(a) for a in keras.tree.flatten(sample.first_x)]
    if any(a.dtype.kind not in "fiub" for a in arrays):
        return []
    features = np.concatenate([a.reshape(len(a), -1) for a in arrays], axis=1)
    found = order.repeats(features, columns.matching(target, sample.first_x))
    if not found.rows:
        return []
    words = (
        f"{found.rows} of {len(features)} rows share their input with another row; "
        f"{found.conflicting} of them have another target ({found.variance:.0%} of their variance)"
    )
    return [Check(f"repeated inputs{label}", PROBLEM if found.contradict else OK, words)]


def _model_checks(output: Output, model: keras.Model, label: str) -> list[Check]:
    look, examination = output.look, output.examination
    assert look is not None
    steps = int(keras.ops.convert_to_numpy(model.optimizer.iterations))
    trained = f"after {steps} steps" if steps else "untrained"
    better = look.input_readability is not None and look.input_readability > look.r2 + BETTER
    skilled = skill.has_skill(output, look)
    numbers = f"skill {look.skill:.2g}, spread {look.spread:.2g} ({trained})"
    found = [Check(f"predictions{label}", OK if skilled or not steps else PROBLEM, numbers)]
    if steps and better:
        words = (
            f"a ridge regression on the raw inputs reaches R² {look.input_readability:.2f} on rows "
            f"it has not seen, the model {look.r2:.2g}"
        )
        found.append(Check(f"reference{label}", NOTE if skilled else PROBLEM, words))
    if examination is not None:
        dead = sum(layer.dead_units for layer in examination.layers if layer.activation == "relu")
        of = sum(layer.units for layer in examination.layers if layer.activation == "relu")
        if of:
            found.append(
                Check(f"dead units{label}", NOTE if dead > of / 2 else OK, f"{dead} of {of}")
            )
    where = place(look)
    if where is not None and where.kind == "lost" and not skilled:
        words = f"lost in '{where.layer}' (R² {where.before:.2f} before, {where.after:.2f} after)"
        found.append(Check(f"way through{label}", PROBLEM if steps else NOTE, words))
    return found


def _trials(model: keras.Model, sample: Rows, progress: Any) -> list[Check]:
    found = []
    for count in (ONE, BATCH):
        name = "learns one row by heart" if count == ONE else f"learns {count} rows by heart"
        trial = trials.overfit(model, sample, count, progress)
        if trial is None:
            found.append(Check(name, SKIPPED, "the model cannot be trained on so few rows"))
            continue
        words = f"loss {trial.before:.3g} to {trial.after:.3g} in {trial.steps} steps"
        found.append(Check(name, OK if trial.learned else NOTE, words))
    return found
