"""The instrument: attached to a model for the time of one `fit`, read once per epoch."""

from __future__ import annotations

import dataclasses
import functools
import weakref
from collections.abc import Callable
from typing import Any

import keras

from meancollapse import skill
from meancollapse.evidence import Evidence, Look, Output
from meancollapse.instrument import (
    averages,
    backends,
    examine,
    reading,
    snapshot,
    step_functions,
    traits,
)
from meancollapse.instrument.dial import Dial
from meancollapse.instrument.look import Looker
from meancollapse.instrument.sample import Sample
from meancollapse.instrument.schedule import LookSchedule
from meancollapse.instrument.taps import Taps
from meancollapse.readability import InputReadability

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
    instrument = _attached.get(model)
    if instrument is None or instrument.is_closed:
        instrument = _attached[model] = Instrument(model, params, probe_data)
        instrument.open()
    instrument.owners.append(owner)
    return instrument


def of(model: keras.Model) -> Instrument | None:
    """The instrument attached to a model, if there is one."""
    return _attached.get(model)


class Instrument:
    """Measures one `fit` of one model.

    Args:
        model: A compiled model.
        params: `{"epochs": ..., "steps": ...}` as Keras gives them to callbacks.
        probe_data: `(x, y)` or `(x, y, sample_weight)` to look through, or `None`.
    """

    def __init__(self, model: keras.Model, params: dict[str, Any], probe_data: Any = None):
        self.model = model
        self.epochs: int | None = params.get("epochs")
        self.owners: list[Any] = []
        self.at_close: list[Callable[[], None]] = []
        self.notes: list[str] = []
        self.is_closed = False
        self.steps = 0
        self.last_evidence: Evidence | None = None
        self._error: Exception | None = None
        self._sample = Sample(probe_data)
        self._validation_sample = Sample()
        self.camera = snapshot.Camera(model, self._sample, self._validation_sample)
        self._taps = Taps(model, self._on_error)
        self._train = self._meter("train", self._sample)
        self._test = self._meter("test", self._validation_sample)
        self._validated = False
        self._plain_test: Any = None
        self._measured_test: Any = None
        self._at_input: dict[str, InputReadability | None] = {}
        self._looker: Looker | None = None
        self._looks_due = LookSchedule()
        self._steps_per_call = int(getattr(model, "steps_per_execution", 1) or 1)
        if params.get("steps"):
            self._train.calls_per_epoch = -(-int(params["steps"]) // self._steps_per_call)

    @property
    def leader(self) -> Any:
        """Of several callbacks in one fit the one that works the instrument."""
        return self.owners[0] if self.owners else None

    def open(self) -> None:
        """Install the taps and put the measuring step function in the model's place."""
        self._slow_start = traits.starts_slowly(self.model)
        self._has_modes = traits.has_modes(self.model)
        self._taps.install()
        self._plain_train = self.model.train_function
        self._own_step = self._plain_train, self._taps.measured_step("train")
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

    def compile_step(self, dial: Dial | None) -> tuple[Any, Any]:
        """The model's training step, plain and measured, with a dial and the settings of now."""
        measured = self._taps.measured_step("train", dial)
        known = self.last_evidence
        if known is not None and known.planned_steps is not None:
            if known.planned_steps - known.steps <= step_functions.FEW_STEPS:
                return step_functions.unmeasured(measured), measured
        return self._taps.plain_step(dial), measured

    def forget_test_step(self) -> None:
        """Have validation and prediction compiled anew: the model's layers have changed."""
        self._measured_test = None
        backends.forget_functions(self.model, train=False)

    def use_step(self, step: tuple[Any, Any] | None) -> None:
        """Train with a step from `compile_step`; with `None` as before any surgery."""
        if step is None:
            step = self._own_step
        plain, measured = step
        self._raw_step = measured
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
        """Read everything measured in this epoch, once, whoever asks first.

        Raises:
            Exception: What went wrong inside a measured step, if anything did.
        """
        if self.last_evidence is not None and self.last_evidence.epoch == epoch:
            return self.last_evidence
        if self._error is not None:
            raise self._error
        self.steps += self._train.calls * self._steps_per_call
        if self._train.calls_per_epoch is None:
            self._train.calls_per_epoch = self._train.calls or None
        evidence = self._read(epoch, logs)
        # A record of gradients keeps its resolution; a judge may look away when all is well.
        judges = [owner.judges for owner in self.owners]
        self._train.quiet = all(judges) and skill.all_have_skill(evidence)
        if any(judges) and self._looks_due.is_due(evidence):
            evidence = self._with_looks(evidence)
        self._looks_due.note(evidence)
        self.last_evidence = evidence
        return evidence

    def conclude(self) -> Evidence | None:
        """The last epoch's evidence as that of a run that ended there: stopped early, say."""
        evidence, momentum = self.last_evidence, averages.momentum(self.model.optimizer)
        if evidence is None or evidence.is_last and evidence.ema_momentum == momentum:
            return evidence
        evidence = dataclasses.replace(evidence, is_last=True, ema_momentum=momentum)
        if momentum is not None or self._looks_due.is_due(evidence):
            evidence = self._with_looks(evidence)
        self.last_evidence = evidence
        return evidence

    def examined(self, evidence: Evidence, name: str) -> Evidence:
        """The evidence with what the causes of one ill output are drawn from.

        Args:
            evidence: This epoch's evidence.
            name: Name of the output.
        """
        rows = self._sample.rows()
        if rows is None or rows[1] is None:
            return evidence
        is_last = evidence is self.last_evidence
        output = evidence.output(name)
        if output is not None and output.examination is not None:
            return evidence
        if output is None or output.look is None:
            evidence = self._with_looks(evidence)
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
        for action in self.at_close:
            action()
        self._looker = None
        _attached.pop(self.model, None)

    def _measuring(self, plain: Any, measured: Any, meter: step_functions.Meter) -> Any:
        return step_functions.measuring(
            plain,
            measured,
            meter,
            self._steps_per_call,
            backends.takes_batches_on_host(self.model),
            self._on_error,
            self.close,
        )

    def _on_error(self, error: Exception) -> None:
        self._error = self._error or error

    def _meter(self, phase: str, sample: Sample) -> step_functions.Meter:
        """A meter of one phase that adds rows of the batches it sees to a sample."""

        def add(batch: Any) -> int:
            try:
                return sample.add(batch)
            except Exception as error:
                self._on_error(error)
                return 0

        return step_functions.Meter(add, functools.partial(self._taps.batch_of, phase))

    def _read(self, epoch: int, logs: dict[str, Any]) -> Evidence:
        found = reading.read(
            self._train, self._test if self._validated else None, self._taps.layouts
        )
        if self._train.series:
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
            learning_rate=backends.learning_rate(self.model.optimizer),
            **vars(found),
        )

    def _planned(self, epoch: int, per_epoch: int) -> int | None:
        if self.epochs is None:
            return None
        return self.steps + max(0, self.epochs - epoch - 1) * per_epoch

    def _with_looks(self, evidence: Evidence) -> Evidence:
        """The evidence with every output examined on the sample."""
        rows = self._sample.rows()
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
            outputs.append(dataclasses.replace(output, look=look))
        return dataclasses.replace(evidence, outputs=tuple(outputs))

    def note(self, text: str) -> None:
        """Something that cannot be measured in this `fit`; said once by the callback."""
        if text not in self.notes:
            self.notes.append(text)
