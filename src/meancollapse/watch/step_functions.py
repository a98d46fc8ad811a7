"""Stand-ins for `model.train_function` and `model.test_function` that measure some of the calls.

An unmeasured call is the model's own compiled function and nothing else. A measured call runs a
second compiled function, whose step also returns the series; the batches it used become the sample.
Where an epoch is short enough to measure every call, the plain function is never compiled.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras

from meancollapse.backend import contents, random_streams, replay
from meancollapse.look import quiet
from meancollapse.watch.taps import LOGS, ROWS, SERIES, UNITS

# Calls measured in an epoch: enough rows for every statistic, little enough to cost nothing.
BUDGET = 32
# ...in an epoch after one in which all was well.
QUIET_BUDGET = 8
# Weights are heavy where measuring adds so many seconds to a step, and there it may take this share
# of an epoch.
HEAVY, SHARE = 0.01, 0.02
# With no more steps to come than this, compiling a second step would take longer than it saves.
FEW_STEPS = 2000
# Small batches are measured more often, until about this many rows were seen.
ENOUGH_ROWS = 1000
# What is said where a step cannot be measured.
NOT_MEASURED = "The training step cannot be measured with these batches, and goes on as it is"
NOT_ITS_STEP = "The model's `train_function` runs no `train_step`, so its steps are not measured"


class Meter:
    """Which calls of an epoch are measured, and what they returned.

    Args:
        on_batch: Called with every batch that passes a measured call; returns its rows, or 0.
        batch_of: Makes a batch of what a step returned as `ROWS`.
    """

    def __init__(self, on_batch: Callable[[Any], int], batch_of: Callable[[Any], Any]):
        self.on_batch = on_batch
        self.batch_of = batch_of
        self.calls_per_epoch: int | None = None
        self.quiet = False
        # The most that heavy weights allow.
        self.most = BUDGET
        self.batch_rows = ENOUGH_ROWS
        self.largest_batch = 1
        # What the iterator says of its batches (TensorFlow only).
        self.batch_spec: Any = None
        # Shapes and types of the batches that measured calls have coped with.
        self.known_batches: set[Any] = set()
        self.epochs = 0
        self.begin_epoch()

    def begin_epoch(self) -> None:
        """Forget the last epoch's measurements."""
        self.epochs += bool(getattr(self, "calls", 0))
        self.calls = 0
        self.steps = 0
        self.series: list[Any] = []
        self.units: Any = None

    @property
    def budget(self) -> int:
        """Calls to measure in this epoch."""
        budget = min(1024, max(BUDGET, -(-ENOUGH_ROWS // self.batch_rows)))
        budget = min(budget, self.most) if self.most < BUDGET else budget
        is_long = self.calls_per_epoch is not None and self.calls_per_epoch > budget
        return QUIET_BUDGET if self.quiet and is_long else budget

    @property
    def expected(self) -> int:
        """Calls that will be measured in this epoch, as far as known."""
        return min(self.calls_per_epoch or self.budget, self.budget)

    def is_due(self) -> bool:
        """Whether the next call is measured; counts the call."""
        index, self.calls = self.calls, self.calls + 1
        if self.calls_per_epoch is None:
            return index % max(1, index // self.budget) == 0
        stride = -(-self.calls_per_epoch // self.budget)
        # The last batch may be a smaller one: another shape would mean another compilation.
        is_last = index == self.calls_per_epoch - 1
        return index % stride == 0 and not (is_last and stride > 1)

    @property
    def may_meet_new_batches(self) -> bool:
        """Whether the call now made may be given a batch of a shape not seen before."""
        is_last = self.calls_per_epoch is None or self.calls >= self.calls_per_epoch
        return self.epochs == 0 or is_last or replay.vary(self.batch_spec)

    def keep(self, outputs: dict[str, Any], batches: list[Any]) -> None:
        """Take in what one measured call returned, still on the device, and the batches it used."""
        if SERIES in outputs:
            self.series.append(outputs[SERIES])
            units = outputs[UNITS]
            self.units = units if self.units is None else self.units + units
        if ROWS in outputs:
            batches = [self.batch_of(outputs[ROWS])]
        for batch in batches:
            self.batch_rows = self.on_batch(batch) or self.batch_rows
            self.largest_batch = max(self.largest_batch, self.batch_rows)


class Measuring:
    """A step function that measures the calls the meter asks for.

    A measured call that fails is taken back and made again as the model's own: no batch is lost,
    nothing is trained twice. That can happen with batches of a kind not seen before, so those are
    kept while they are used.

    Args:
        plain: The model's own `train_function` or `test_function`.
        measured: The same with taps (`Taps.measured_step`).
        meter: Decides and keeps.
        model: The model.
        on_error: Called with an exception of a measured call that the plain function survives.
        on_abort: Called when an exception leaves the function and ends the `fit`.
        is_running: Whether the `fit` this belongs to is the one that calls.
        has_hidden_state: Whether the user's step has a state that two functions would not share.
        users_step_raised: Whether it was the user's step that raised an exception.
        does_alone: Whether the measured function does for all calls for now, as compiling another
            would take longer than what measuring adds.
    """

    def __init__(
        self,
        plain: Any,
        measured: Any,
        meter: Meter,
        model: keras.Model,
        on_error: Callable[[str, Exception | None], None],
        on_abort: Callable[[], None],
        is_running: Callable[[], bool],
        has_hidden_state: Callable[[], bool],
        users_step_raised: Callable[[], bool],
        does_alone: Callable[[], bool] = lambda: False,
    ):
        self.plain, self.measured, self.meter, self.model = plain, measured, meter, model
        self._on_error, self._on_abort = on_error, on_abort
        self._is_running, self._has_hidden_state = is_running, has_hidden_state
        self._users_step_raised, self._does_alone = users_step_raised, does_alone
        self._on_host = replay.takes_batches_on_host(model)
        self._steps = int(getattr(model, "steps_per_execution", 1) or 1)
        self._works = measured is not None

    def step_function(self) -> Any:
        """What to put in the place of `model.train_function`: Keras wants a function."""

        def step_function(*args: Any) -> Any:
            if not self._is_running():  # left behind by a `fit` that somebody's exception ended
                self._on_abort()
                return self.plain(*args)
            try:
                return self._call(*args)
            except BaseException as error:
                if not _is_end(error):
                    self._on_abort()
                raise

        return step_function

    def _call(self, *args: Any) -> Any:
        is_due = self.meter.is_due()
        is_needed = is_due or self._has_hidden_state() or self._does_alone()
        if not self._works or not is_needed:
            return self.plain(*args)
        *state, source = args
        self.meter.batch_spec = getattr(source, "element_spec", None)
        batches: Any = None
        if self._on_host or (is_due and self.meter.may_meet_new_batches):
            try:
                batches = replay.ReplayedBatches(source, self._steps)
            except Exception as error:
                if self._on_host or not _is_end(error):
                    raise
                # TensorFlow's step is to find the end itself: unless it is compiled by XLA, it
                # counts one iteration more then.
        result = self._measured(state, source, batches)
        outputs, *after = result if state else (result,)
        if not self._works:
            return result
        if not (isinstance(outputs, dict) and LOGS in outputs):
            self._works = False
            self._on_error(NOT_ITS_STEP, None)
            return result
        if is_due:
            on_host = self._on_host or ROWS not in outputs
            self.meter.keep(outputs, batches.batches if batches is not None and on_host else [])
        return (outputs[LOGS], *after) if after else outputs[LOGS]

    def _measured(self, state: list[Any], source: Any, batches: Any) -> Any:
        """The measured call, or where that fails the plain one from the same point."""
        if batches is None:
            return self.measured(*state, source)
        kind = batches.kind
        if kind in self.meter.known_batches or not replay.can_take_back(self.model):
            result = self.measured(*state, batches.feed())
            self.meter.known_batches.add(kind)
            return result
        try:
            take_back = self._remembered(with_variables=not state)
        except Exception as error:
            self._works = False
            self._on_error(NOT_MEASURED, error)
            return self.plain(*state, batches.feed())
        try:
            result = self.measured(*state, batches.feed())
            self.meter.known_batches.add(kind)
            return result
        except Exception as error:
            if _is_end(error) or self._users_step_raised():
                raise
            # Compiled, with what is measured in it, the step may not cope with these batches.
            failure = error
        for restore in take_back:
            restore()
        result = self.plain(*state, batches.feed())
        self._works = False
        self._on_error(NOT_MEASURED, failure)
        return result

    def _remembered(self, with_variables: bool) -> list[Callable[[], None]]:
        """What a step may change, to be put back should it fail: JAX hands its variables over."""
        return [
            contents.save_everything(self.model) if with_variables else lambda: None,
            quiet.Belongings(self.model).save(),
            random_streams.save_random_streams(in_use=True),
        ]


def unmeasured(measured: Any) -> Any:
    """A measured step function in a plain one's clothes: what it measured is thrown away."""

    def step_function(*args: Any) -> Any:
        result = measured(*args)
        if len(args) == 1:
            return result[LOGS]
        outputs, *state = result
        return (outputs[LOGS], *state)

    return step_function


def _is_end(error: BaseException) -> bool:
    return isinstance(error, StopIteration) or replay.is_end_of_data(error)
