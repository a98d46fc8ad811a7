"""The instrument: attached to a model for the time of one `fit`, read once per epoch."""

from __future__ import annotations

import dataclasses
import functools
import weakref
from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from meancollapse.backend import internals, rates
from meancollapse.judge import skill
from meancollapse.judge.evidence import Evidence, Look, Output
from meancollapse.judge.readability import InputReadability
from meancollapse.look import effort, examine, opposition, quiet, traits
from meancollapse.look.look import Looker
from meancollapse.watch import reading, snapshot, step_functions
from meancollapse.watch.fit import Fit
from meancollapse.watch.sample import Sample
from meancollapse.watch.schedule import LookBudget, LookSchedule
from meancollapse.watch.taps import Taps, Transformer

# Targets after which it is said that all are alike.
ENOUGH_TARGETS = 32
# Looks at which it is asked whether a network is trained against an output.
MOST_ASKED = 4
# Letters of an error that are shown.
MAX_REASON = 200

_attached: weakref.WeakKeyDictionary[keras.Model, Instrument] = weakref.WeakKeyDictionary()


def attach(
    model: keras.Model, owner: object, params: dict[str, Any], probe_data: Any
) -> Instrument:
    """The instrument of this model's running `fit`, opened by the first callback that asks.

    Args:
        model: A compiled model inside `fit`.
        owner: The callback; it must `detach` when done.
        params: The callback's `params`.
        probe_data: `(x, y)` or `(x, y, sample_weight)`, or `None` to capture training rows.
    """
    fit, instrument = Fit(), _attached.get(model)
    if instrument is not None and not instrument.belongs_to(fit, owner):
        instrument.close()  # left behind by a `fit` that somebody's exception ended
    if instrument is None or instrument.is_closed:
        instrument = _attached[model] = Instrument(model, params, probe_data, fit)
        instrument.open()
    instrument.owners.append(owner)
    return instrument


def of(model: keras.Model) -> Instrument | None:
    """The instrument attached to a model, if there is one."""
    return _attached.get(model)


def _close(reference: weakref.ref[Instrument]) -> None:
    instrument = reference()
    if instrument is not None:
        instrument.close()


class Instrument:
    """Measures one `fit` of one model.

    Args:
        model: A compiled model.
        params: `{"epochs": ..., "steps": ...}` as Keras gives them to callbacks.
        probe_data: `(x, y)` or `(x, y, sample_weight)` to look through, or `None`.
        fit: The `fit` it is for; by default the one that is running.
    """

    def __init__(
        self,
        model: keras.Model,
        params: dict[str, Any],
        probe_data: Any = None,
        fit: Fit | None = None,
    ):
        self.model = model
        self.fit = Fit() if fit is None else fit
        # Columns of the logs that are the user's own.
        self.foreign_keys: set[str] | None = None
        self.epochs: int | None = params.get("epochs")
        self.owners: list[Any] = []
        self.at_close: list[Callable[[], None]] = []
        self.notes: list[str] = []
        self.is_closed = False
        self.steps = 0
        self.last_evidence: Evidence | None = None
        # Whether something has failed to be measured, and whether the outputs have.
        self._is_partial = self._cannot_look = False
        self._left_out: set[str] = set()
        pads = traits.masks(model)
        self._sample = Sample(probe_data, pads)
        self._validation_sample = Sample(pads=pads)
        self.camera = snapshot.Camera(model, self._sample, self._validation_sample)
        self._taps = Taps(model, self._cannot_measure)
        self._train = self._meter("train", self._sample)
        self._test = self._meter("test", self._validation_sample)
        self._validated = False
        self._plain_test: Any = None
        self._measured_test: Any = None
        self._at_input: dict[str, InputReadability | None] = {}
        self._looker: Looker | None = None
        # Outputs that the network is trained against, and how often was asked.
        self._opposed: set[str] = set()
        # Outputs that a loss of the model's own leaves out for now.
        self._left_alone: set[str] = set()
        self._asked: dict[str, int] = {}
        self._looks_due, self._budget = LookSchedule(), LookBudget()
        # What the model asks for, once known, and how many rows a look takes.
        self._work: effort.Work | None = None
        self._look_rows: int | None = None
        self._steps_per_call = int(getattr(model, "steps_per_execution", 1) or 1)
        if params.get("steps"):
            self._train.calls_per_epoch = -(-int(params["steps"]) // self._steps_per_call)

    @property
    def leader(self) -> Any:
        """Of several callbacks in one fit the one that works the instrument."""
        return self.owners[0] if self.owners else None

    def belongs_to(self, fit: Fit, owner: object) -> bool:
        """Whether this is the instrument of a `fit` that a callback has just begun."""
        return not self.is_closed and self.fit.is_same(fit) and owner not in self.owners

    def open(self) -> None:
        """Install the taps and put the measuring step function in the model's place."""
        self._slow_start = traits.starts_slowly(self.model)
        self._has_modes = traits.has_modes(self.model)
        self.fit.when_over(functools.partial(_close, weakref.ref(self)))
        if self.model.train_function is None:  # in a loop of the user's own it is made later
            self.model.make_train_function()
        self._plain_train = self.model.train_function
        self._own_step = self._plain_train, None
        if internals.is_made_by_keras(self.model):
            self._taps.install()
            self._own_step = self._plain_train, self._taps.measured_step("train")
        else:
            self.note(step_functions.NOT_ITS_STEP + ".")
        self.use_step(None)

    def sample_rows(self) -> tuple[Any, Any, Any] | None:
        """`(x, y, sample_weight)` of the captured rows, as NumPy arrays."""
        return self._sample.rows()

    @property
    def batch_rows(self) -> int:
        """Rows of one training batch (of a full one: the last of an epoch may be smaller)."""
        return self._train.largest_batch

    @property
    def batch_spec(self) -> Any:
        """What TensorFlow's iterator said of the batches it gave; elsewhere `None`."""
        return self._train.batch_spec

    @property
    def raw_step(self) -> Any:
        """The compiled training step in use, without the measuring around it."""
        return self._raw_step

    def compile_step(self, dial: Transformer | None) -> tuple[Any, Any]:
        """The model's training step, plain and measured, with a dial and the settings of now."""
        measured = self._taps.measured_step("train", dial)
        known = self.last_evidence
        if known is not None and known.planned_steps is not None:
            if known.planned_steps - known.steps <= step_functions.FEW_STEPS:
                return step_functions.unmeasured(measured), measured
        return self._taps.plain_step(dial), measured

    def is_judged(self, name: str) -> bool:
        """Whether an output is to follow its targets, as far as is known."""
        return name not in self._opposed | self._left_alone

    def forget_test_step(self) -> None:
        """Have validation and prediction compiled anew: the model's layers have changed."""
        self._measured_test = None
        internals.forget_functions(self.model, train=False)

    def use_step(self, step: tuple[Any, Any] | None) -> None:
        """Train with a step from `compile_step`; with `None` as before any surgery."""
        if step is None:
            step = self._own_step
        plain, measured = step
        self._raw_step = plain if measured is None else measured
        self._our_train = self._measuring(plain, measured, self._train)
        self.model.train_function = self._our_train

    def note_action(self, words: str) -> None:
        """Enter what was changed at the end of this epoch into its evidence, for every callback."""
        old = self.last_evidence
        if old is None:
            return
        self.last_evidence = dataclasses.replace(old, actions=(*old.actions, words))
        for owner in self.owners:
            for record in (owner.history, getattr(owner, "evidence", [])):
                if record and getattr(record[-1], "epoch", None) == old.epoch:
                    record[-1] = self.last_evidence
        self._looks_due.restart(self.last_evidence)

    def begin_epoch(self) -> None:
        """Start counting anew; follow a step function that somebody rebuilt meanwhile."""
        self._train.begin_epoch()
        self._looker = None
        self._sample.begin_epoch(self._train.expected)
        self._validated = False
        if self.model.train_function is not self._our_train:
            self._taps.remove()
            self.fit.leave()
            self.open()

    def begin_validation(self) -> None:
        """Measure the evaluation that begins now."""
        self._test.begin_epoch()
        self._validation_sample.begin_epoch(self._test.expected)
        self._plain_test = self.model.test_function
        if self._measured_test is None:
            self._measured_test = self._taps.measured_step("test")
        self.model.test_function = self._measuring(
            self._plain_test, self._measured_test, self._test
        )
        self._validated = True

    def end_validation(self) -> None:
        """Give the model its own `test_function` back."""
        if self._plain_test is not None:
            self._test.calls_per_epoch = self._test.calls
        self._restore_test_function()

    def _restore_test_function(self) -> None:
        if self._plain_test is not None:
            self.model.test_function = self._plain_test
            self._plain_test = None

    def end_epoch(self, epoch: int, logs: dict[str, Any]) -> Evidence:
        """Read everything measured in this epoch, once, whoever asks first."""
        if self.last_evidence is not None and self.last_evidence.epoch == epoch:
            return self.last_evidence
        self.steps += self._train.calls * self._steps_per_call
        if self._train.calls_per_epoch is None:
            self._train.calls_per_epoch = self._train.calls or None
        evidence = self._read(epoch, logs)
        # A record of gradients keeps its resolution; a judge may look away when all is well.
        judges = [owner.judges for owner in self.owners]
        self._train.quiet = all(judges) and skill.all_have_skill(evidence)
        if any(judges) and self._looks_due.is_due(evidence) and self._affords(evidence):
            evidence = self._with_looks(evidence)
        evidence = self._marked(evidence)
        self._looks_due.note(evidence)
        self.last_evidence = evidence
        return evidence

    def conclude(self) -> Evidence | None:
        """The last epoch's evidence as that of a run that ended there: stopped early, say."""
        evidence, momentum = self.last_evidence, rates.ema_momentum(self.model.optimizer)
        if evidence is None or evidence.is_last and evidence.ema_momentum == momentum:
            return evidence
        evidence = dataclasses.replace(evidence, is_last=True, ema_momentum=momentum)
        if momentum is not None or self._looks_due.is_due(evidence):
            self._affords(evidence)
            evidence = self._with_looks(evidence)
        evidence = self._marked(evidence)
        self.last_evidence = evidence
        return evidence

    def examined(self, evidence: Evidence, name: str) -> Evidence:
        """The evidence with what the causes of one ill output are drawn from.

        Args:
            evidence: This epoch's evidence.
            name: Name of the output.
        """
        rows = self._rows()
        if rows is None or rows[1] is None:
            return evidence
        is_last = evidence is self.last_evidence
        output = evidence.output(name)
        if output is not None and output.examination is not None:
            return evidence
        if output is None or output.look is None:
            evidence = self._with_looks(evidence)
        with quiet.quiet(self.model):
            looker = self._looker or Looker(self.model, *rows)
            examination = examine.examine(looker, name, self._train.batch_rows)
        outputs = tuple(
            dataclasses.replace(output, examination=examination) if output.name == name else output
            for output in evidence.outputs
        )
        evidence = dataclasses.replace(evidence, outputs=outputs)
        if is_last:
            self.last_evidence = evidence
        return evidence

    def detach(self, owner: object) -> None:
        """One callback is done; the last one closes."""
        self.owners = [other for other in self.owners if other is not owner]
        if not self.owners:
            self.close()

    def close(self) -> None:
        """Leave the model as it was."""
        if self.is_closed:
            return
        self.is_closed = True
        if self.model.train_function is getattr(self, "_our_train", None):
            self.model.train_function = self._plain_train
        self._restore_test_function()
        self._taps.remove()
        self.fit.leave()
        for action in self.at_close:
            action()
        self._looker = None
        _attached.pop(self.model, None)

    def _measuring(self, plain: Any, measured: Any, meter: step_functions.Meter) -> Any:
        return step_functions.Measuring(
            plain,
            measured,
            meter,
            self.model,
            self._cannot_measure,
            self.close,
            self.fit.is_running,
            lambda: self._taps.has_hidden_state,
            lambda: self._taps.users_step_raised,
            self._does_alone if meter is self._train else lambda: False,
        ).step_function()

    def _cannot_measure(self, words: str, error: Exception | None) -> None:
        """Say that something is left out of what is measured; the rest goes on."""
        reason = "" if error is None else f" ({_in_a_line(error)})"
        self._is_partial = True
        if words not in self._left_out:
            self._left_out.add(words)
            self.note(f"{words}{reason}.")

    def _meter(self, phase: str, sample: Sample) -> step_functions.Meter:
        """A meter of one phase that adds rows of the batches it sees to a sample."""

        def add(batch: Any) -> int:
            try:
                return sample.add(batch)
            except Exception as error:
                words = "The batches cannot be sampled, so outputs are not examined"
                self._cannot_measure(words, error)
                return 0

        return step_functions.Meter(add, functools.partial(self._taps.batch_of, phase))

    def _read(self, epoch: int, logs: dict[str, Any]) -> Evidence:
        found = reading.read(
            self._train, self._test if self._validated else None, self._taps.layouts
        )
        if self._train.series and not self._is_partial:
            for note in reading.what_is_missing(found, self._sample):
                self.note(note)
        per_epoch = self._train.calls * self._steps_per_call
        return Evidence(
            epoch=epoch,
            steps=self.steps,
            planned_steps=self._planned(epoch, per_epoch),
            is_last=self.epochs is not None and epoch + 1 >= self.epochs,
            has_modes=self._has_modes,
            slow_start=self._slow_start,
            loss=reading.number(logs.get("loss")),
            learning_rate=rates.learning_rate(self.model.optimizer),
            **vars(found),
        )

    def _planned(self, epoch: int, per_epoch: int) -> int | None:
        if self.epochs is None:
            return None
        return self.steps + max(0, self.epochs - epoch - 1) * per_epoch

    def _affords(self, evidence: Evidence) -> bool:
        """Whether looks have taken little enough of the time so far for another one."""
        if self._work is None:
            self._work = self._estimated()
        if self._work is None:
            return True
        rows = self._budget.rows(self._work, self.batch_rows, evidence)
        self._look_rows = rows or self._look_rows
        return rows is not None

    def _estimated(self) -> effort.Work | None:
        """What the model asks for; `None` if that cannot be found out."""
        try:
            rows = self._sample.rows()
            if rows is None:
                return None
            with quiet.quiet(self.model):
                one = keras.tree.map_structure(lambda a: a[:1], rows[0])
                found = effort.work(self.model, one)
        except Exception:  # it is said when the model is looked at
            return None
        step, _ = effort.seconds(found, self.batch_rows)
        extra, _ = effort.of_measuring(self.model)
        if extra > step_functions.HEAVY:
            afforded = step_functions.SHARE * step * (self._train.calls_per_epoch or 0) / extra
            self._train.most = max(step_functions.QUIET_BUDGET, int(afforded))
        return found

    def _rows(self) -> tuple[Any, Any, Any] | None:
        """The sample, or as many rows of it as a look may take, evenly spread."""
        rows, most = self._sample.rows(), self._look_rows
        if rows is None or most is None or self._sample.is_fixed:
            return rows
        count = len(keras.tree.flatten(rows[0])[0])
        if count <= most:
            return rows
        chosen = np.linspace(0, count - 1, most).astype(int)
        x, y, weight = (
            None if part is None else keras.tree.map_structure(lambda a: a[chosen], part)
            for part in rows
        )
        return x, y, weight

    def _does_alone(self) -> bool:
        """Whether one compiled step, the measured, is cheaper than two, so far or to the end."""
        made = self.steps + self._train.calls * self._steps_per_call
        extra, compiling = effort.of_measuring(self.model)
        return made * extra < compiling

    def _with_looks(self, evidence: Evidence) -> Evidence:
        """The evidence with every output examined on the sample."""
        if self._cannot_look:
            return evidence
        try:
            with quiet.quiet(self.model):
                return self._looked_at(evidence)
        except Exception as error:
            # Rows that a step of the user's own takes apart may be none the model can be given.
            self._cannot_look = True
            words = (
                "Sampled rows cannot be passed through model and loss, so outputs are not examined"
            )
            self._cannot_measure(words, error)
            return evidence

    def _looked_at(self, evidence: Evidence) -> Evidence:
        rows = self._rows()
        if rows is None or rows[1] is None:
            return evidence
        looker = self._looker = Looker(self.model, *rows)
        known = {output.name: output for output in evidence.outputs}
        outputs = []
        for head, target, prediction in looker.pairs:
            output = known.get(head.name) or Output(
                head.name, head.is_classification, None, None, None
            )
            shallow = looker.look(head, target, prediction, self._at_input.get(head.name), False)
            look: Look = shallow
            if not skill.has_skill(output, shallow):
                if self._looks_due.wants_input_test(evidence) and head.name not in self._at_input:
                    self._at_input[head.name] = looker.input_readability(head, target)
                look = looker.look(head, target, prediction, self._at_input.get(head.name), True)
            self._say_if_alike(look, output)
            if look is not shallow and len(looker.pairs) > 1:
                self._ask_if_opposed(rows, head.name)
                is_left_out = not opposition.counts(
                    self.model, rows[0], rows[1], looker.predictions, head.name
                )
                self._left_alone = self._left_alone - {head.name}
                self._left_alone |= {head.name} if is_left_out else set()
            outputs.append(dataclasses.replace(output, look=look))
        return dataclasses.replace(evidence, outputs=tuple(outputs))

    def _say_if_alike(self, look: Look, output: Output) -> None:
        """Where all targets are one number there is nothing to learn, and nothing to judge."""
        low, high = look.target_range
        seen = output.train is not None and output.train.target_varies
        if low == high and look.rows >= ENOUGH_TARGETS and not seen:
            self.note(
                f"Every target of output '{output.name}' seen so far is {low:g}, so there is "
                "nothing in it to be told apart, and the output is not judged."
            )

    def _ask_if_opposed(self, rows: tuple[Any, Any, Any], name: str) -> None:
        """Find out, at a few looks, whether the network is trained against this output."""
        asked = self._asked.get(name, 0)
        if name in self._opposed or asked >= MOST_ASKED or not opposition.is_possible(self.model):
            return
        self._asked[name] = asked + 1
        if opposition.is_opposed(self.model, rows[0], rows[1], name):
            self._opposed.add(name)
            self.note(
                f"The layers before output '{name}' are trained against it (gradient reversal), so "
                "it is not judged."
            )

    def _marked(self, evidence: Evidence) -> Evidence:
        """The evidence with what is known of outputs that nobody asks for anything."""
        outputs = tuple(
            dataclasses.replace(output, is_asked=self.is_judged(output.name))
            for output in evidence.outputs
        )
        return dataclasses.replace(evidence, outputs=outputs)

    def note(self, text: str) -> None:
        """Something that cannot be measured in this `fit`; said once by the callback."""
        if text not in self.notes:
            self.notes.append(text)


def _in_a_line(error: Exception) -> str:
    """What an exception says, short enough to be read."""
    words = " ".join(str(error).split())
    return f"{type(error).__name__}: {words}"[:MAX_REASON]
