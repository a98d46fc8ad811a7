"""Stand-ins for `model.train_function` and `model.test_function` that measure some of the calls.

An unmeasured call is the model's own compiled function and nothing else. A measured call runs a
second compiled function, whose step also returns the series; the batches it used become the sample.
Where an epoch is short enough to measure every call, the plain function is never compiled.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from meancollapse.instrument import backends
from meancollapse.instrument.taps import LOGS, ROWS, SERIES, UNITS

# Calls measured in an epoch: enough rows for every statistic, little enough to cost nothing.
BUDGET = 32
# ...in an epoch after one in which all was well.
QUIET_BUDGET = 8
# With no more steps to come than this, compiling a second step would take longer than it saves.
FEW_STEPS = 2000
# Small batches are measured more often, until about this many rows were seen.
ENOUGH_ROWS = 1000


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
        self.batch_rows = ENOUGH_ROWS
        self.largest_batch = 1
        # What the iterator says of its batches (TensorFlow only).
        self.batch_spec: Any = None
        self.begin_epoch()

    def begin_epoch(self) -> None:
        """Forget the last epoch's measurements."""
        self.calls = 0
        self.steps = 0
        self.series: list[Any] = []
        self.units: Any = None

    @property
    def budget(self) -> int:
        """Calls to measure in this epoch."""
        budget = min(1024, max(BUDGET, -(-ENOUGH_ROWS // self.batch_rows)))
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


def measuring(
    plain: Any,
    measured: Any,
    meter: Meter,
    steps_per_execution: int,
    on_host: bool,
    on_error: Callable[[Exception], None],
    on_abort: Callable[[], None],
) -> Any:
    """A step function that measures the calls the meter asks for.

    Args:
        plain: The model's own `train_function` or `test_function`.
        measured: The same with taps (`Taps.measured_step`).
        meter: Decides and keeps.
        steps_per_execution: Batches consumed by one call.
        on_host: Whether a measured call draws its batches in Python.
        on_error: Called with an exception of a measured call that the plain function survives.
        on_abort: Called when an exception leaves the function and ends the `fit`.
    """
    working = True

    def step_function(*args: Any) -> Any:
        nonlocal working
        try:
            if not (meter.is_due() and working):
                return plain(*args)
            *state, source = args
            meter.batch_spec = getattr(source, "element_spec", None)
            replay = backends.ReplayedBatches(source, steps_per_execution) if on_host else None
            feed = (lambda: source) if replay is None else replay.feed
            try:
                result = measured(*state, feed())
            except Exception as error:
                if _is_end(error):
                    raise
                # Tracing failed, or the step itself: in the second case the plain one fails too.
                working = False
                result = plain(*state, feed())
                on_error(error)
                return result
            outputs, *state = result if state else (result,)
            meter.keep(outputs, replay.batches if replay else [])
            return (outputs[LOGS], *state) if state else outputs[LOGS]
        except BaseException as error:
            if not _is_end(error):
                on_abort()
            raise

    return step_function


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
    return isinstance(error, StopIteration) or backends.is_end_of_data(error)
