"""What our callbacks share: attach to the fit, read the evidence every epoch, never break it."""

from __future__ import annotations

import math
import os
import sys
import traceback
import warnings
from collections.abc import Callable
from types import FrameType
from typing import Any

import keras

from meancollapse.judge import verdict
from meancollapse.judge.evidence import Evidence
from meancollapse.judge.verdict import Verdict
from meancollapse.look import quiet
from meancollapse.report import text
from meancollapse.report.journal import Journal
from meancollapse.report.letters import printable
from meancollapse.report.report import Report
from meancollapse.watch import instrument
from meancollapse.watch.snapshot import Camera

KEYS = ("spread", "grad_norm", "val_spread")
# What lives only as long as a `fit`; copies of a callback go without.
LIVE = ("_model", "_instrument", "_camera", "_journal", "_rescuer")


class MonitorWarning(UserWarning):
    """Something could not be measured, or a callback of ours switched itself off."""


class Monitor(keras.callbacks.Callback):
    """Base of the callbacks: measures every epoch, judges it, and calls `on_verdict`.

    Args:
        probe_data: `(x, y)` or `(x, y, sample_weight)` to examine the model with. By default rows
            are captured from the training batches.
        log_path: File to which every epoch is written as a line of JSON, or `None`.
    """

    def __init__(
        self,
        probe_data: tuple[Any, ...] | None = None,
        log_path: str | os.PathLike[str] | None = None,
    ):
        super().__init__()
        if probe_data is not None and not (
            isinstance(probe_data, tuple | list) and len(probe_data) in (2, 3)
        ):
            raise ValueError(
                "`probe_data` must be a tuple (x, y) or (x, y, sample_weight) of arrays. "
                f"Received: {type(probe_data).__name__}"
                + (f" of length {len(probe_data)}" if hasattr(probe_data, "__len__") else "")
                + ". Leave it out to use rows captured from training."
            )
        self.probe_data = probe_data
        self.log_path = log_path
        self.history: list[Any] = []
        self.verdicts: list[Verdict] = []
        self._instrument: instrument.Instrument | None = None
        # Stays when the instrument goes: a report may be asked for after `fit`.
        self._camera: Camera | None = None
        self._journal: Journal | None = None
        self._model_name = ""

    def __getstate__(self) -> dict[str, Any]:
        # Copied or pickled in mid-`fit`: Keras Tuner and joblib do it.
        held = {name: None for name in LIVE if name in vars(self)}
        return {**vars(self), **held}

    # Whether this callback needs verdicts, and so the looks that cost a forward pass.
    judges = True

    @property
    def record(self) -> list[Evidence]:
        """The evidence of every epoch of the last `fit`."""
        return self.history

    def report(self) -> Report:
        """What the last `fit` looked like, and what the model's outputs look like now.

        Raises:
            RuntimeError: If no epoch has been measured yet.
        """
        if not self.record:
            raise RuntimeError(
                f"{type(self).__name__} has measured no epoch yet, so there is nothing to report. "
                "Pass it to `model.fit(..., callbacks=[...])` and call `report()` afterwards."
            )
        return Report(
            model=self._model_name,
            history=tuple(self.record),
            verdicts=tuple(self.verdicts),
            snapshots=self._camera.take() if self._camera is not None else (),
        )

    def on_evidence(self, evidence: Evidence) -> None:
        """Called with every epoch's evidence."""
        self.history.append(evidence)

    def on_verdict(self, found: Verdict, evidence: Evidence) -> None:
        """Called with every verdict; overridden by callbacks that act."""

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        # Allow instances to be re-used across fit calls.
        self._release()
        self.history = []
        self.verdicts = []
        self._told: set[tuple[str, str]] = set()
        self._said: set[str] = set()
        self._foreign: set[str] = set()
        self._examined: set[tuple[str, str, bool]] = set()
        self._journal = None
        self._last_epoch: int | None = None
        self._model_name = getattr(self.model, "name", "")
        self._guarded(self._attach)
        if self.log_path is not None:
            self._guarded(self._open_journal)

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if self._leads():
            self._guarded(lambda attached: attached.begin_epoch())

    def on_test_begin(self, logs: dict[str, Any] | None = None) -> None:
        if self._leads():
            self._guarded(lambda attached: attached.begin_validation())

    def on_test_end(self, logs: dict[str, Any] | None = None) -> None:
        if self._leads():
            self._guarded(lambda attached: attached.end_validation())

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if epoch == self._last_epoch:  # this callback stands in the list twice
            return
        self._last_epoch = epoch
        logs = {} if logs is None else logs
        self._add_keys(logs)
        self._guarded(lambda attached: self._take_in(attached.end_epoch(epoch, logs), logs))

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        if self._instrument is not None and self.judges and self.history:
            self._guarded(self._conclude)
        self._release()

    def _attach(self, _: Any = None) -> None:
        self._instrument = instrument.attach(self.model, self, self.params or {}, self.probe_data)
        self._camera = self._instrument.camera
        self._instrument.fit.put_first(Monitor)

    def _open_journal(self, _: Any) -> None:
        assert self.log_path is not None
        try:
            self._journal = Journal(self.log_path, self.model.name)
        except (OSError, ValueError) as error:  # no such place, or no such name
            self._go_on_without_journal(error)

    def _go_on_without_journal(self, error: OSError | ValueError) -> None:
        """A full disk is no reason to stop watching."""
        self._journal = None
        self._note(
            f"{type(self).__name__} cannot write to log_path={os.fspath(self.log_path or '')!r} "
            f"({error}) and goes on without it. Pass a file in a folder that can be written to."
        )

    def _log(self) -> None:
        """Write the last epoch down; once more if more became known of it."""
        if self._journal is not None:
            last = self.record[-1]
            try:
                self._journal.add(last, [v for v in self.verdicts if v.epoch == last.epoch])
            except OSError as error:
                self._go_on_without_journal(error)

    def _take_in(self, evidence: Evidence, logs: dict[str, Any]) -> None:
        self._say_notes()
        self._fill_keys(logs, evidence)
        self.on_evidence(evidence)
        if self.judges:
            self._judge()
        self._log()

    def _conclude(self, attached: instrument.Instrument) -> None:
        """A run stopped early is judged once more, as one that ended."""
        evidence = attached.conclude()
        if evidence is None or self.history[-1] is evidence:
            return
        self.history[-1] = evidence
        self.verdicts = [v for v in self.verdicts if v.epoch != evidence.epoch]
        self._judge()
        self._log()

    def _judge(self) -> None:
        for name in [output.name for output in self.history[-1].outputs] or ["output"]:
            state = verdict.state(self.history, name)
            early = state == verdict.COLLAPSED and verdict.is_early(self.history, name)
            if state in verdict.ALARMING and (name, state, early) not in self._examined:
                self._examined.add((name, state, early))
                self._examine(name)
            found = text.verdict(self.history, name, state)
            before = [told.state for told in self.verdicts if told.output == name][-1:]
            if early and not found.findings and before != [verdict.COLLAPSED]:
                found = text.verdict(self.history, name, verdict.UNDECIDED)
            self.verdicts.append(found)
            if found.state == verdict.HEALTHY:
                self._told = {told for told in self._told if told[0] != name}
                self._examined = {seen for seen in self._examined if seen[0] != name}
            self.on_verdict(found, self.history[-1])

    def _examine(self, name: str) -> None:
        """Measure what the causes are drawn from; a warning without a cause is better than none."""
        if self._instrument is None:
            return
        try:
            self.history[-1] = self._instrument.examined(self.history[-1], name)
        except Exception:
            self._note(
                f"{type(self).__name__} could not look for the cause of what follows. Please "
                f"report this:\n{traceback.format_exc()}"
            )

    def _is_news(self, found: Verdict) -> bool:
        """Whether an alarming state was just entered; true once until the output is healthy."""
        if found.state not in verdict.ALARMING or (found.output, found.state) in self._told:
            return False
        self._told.add((found.output, found.state))
        return True

    def _leads(self) -> bool:
        """Of several callbacks of ours in one fit the first works the instrument."""
        attached = self._instrument
        return attached is not None and (attached.leader is self)

    def _guarded(self, action: Callable[[Any], Any]) -> None:
        """Do something, and on any failure switch off: training must go on."""
        attached = self._instrument
        if action != self._attach and (attached is None or attached.is_closed):
            return
        try:
            with quiet.hushed():
                action(attached)
        except (Warning, KeyboardInterrupt):  # a filter makes warnings stop training; or Ctrl-C
            self._close(attached)
            raise
        except Exception:
            self._instrument = None
            self._note(
                f"{type(self).__name__} met an error of its own and switched itself off; training "
                f"goes on unwatched. Please report this:\n{traceback.format_exc()}"
            )
            self._close(attached)

    def _close(self, attached: instrument.Instrument | None) -> None:
        attached = attached or instrument.of(self.model)
        try:
            if attached is not None:
                attached.close()
        except Exception:
            self._note(f"Could not restore the model's methods:\n{traceback.format_exc()}")

    def _warn(self, warning: Warning) -> None:
        """Give a warning that points to the line of the user's that called `fit`."""
        with quiet.aloud():
            warnings.warn(warning, stacklevel=level_of_fit())

    def _note(self, words: str) -> None:
        """Warn of something that is no fault of the network; training goes on in any case."""
        try:
            with quiet.aloud():
                warnings.warn(words, MonitorWarning, stacklevel=level_of_fit())
        except MonitorWarning:
            if _are_notes_to_stop_training():
                raise
            _print(f"MonitorWarning: {words}", sys.stderr)

    def _print(self, line: str) -> None:
        """Print a line under the progress bar; where nothing can be printed, go on without."""
        _print(f"\n{printable(line)}", sys.stdout)

    def _release(self) -> None:
        attached, self._instrument = self._instrument, None
        if attached is not None:
            attached.detach(self)

    def _add_keys(self, logs: dict[str, Any]) -> None:
        """The same keys in every epoch, whatever happens: a missing one misaligns `History`."""
        attached = self._instrument
        if attached is not None:
            if attached.foreign_keys is None:
                attached.foreign_keys = {key for key in KEYS if key in logs}
            self._foreign = attached.foreign_keys
        logs.setdefault("spread", math.nan)
        logs.setdefault("grad_norm", math.nan)
        if any(key.startswith("val_") for key in logs):
            logs.setdefault("val_spread", math.nan)

    def _fill_keys(self, logs: dict[str, Any], evidence: Evidence) -> None:
        """Of several outputs the narrowest is logged; a metric of the user's keeps its name."""
        trained = [o.train.spread for o in evidence.outputs if o.train is not None]
        looked = [o.look.spread for o in evidence.outputs if o.look is not None]
        validated = [o.validation.spread for o in evidence.outputs if o.validation is not None]
        found = {"grad_norm": evidence.grad_norm}
        if trained or looked:
            found["spread"] = min(trained or looked)
        if validated:
            found["val_spread"] = min(validated)
        for key, value in found.items():
            if value is not None and key not in self._foreign:
                logs[key] = value

    def _say_notes(self) -> None:
        attached = self._instrument
        if attached is None or attached.leader is not self:
            return
        for note in attached.notes:
            if note not in self._said:
                self._said.add(note)
                self._note(f"{type(self).__name__}: {note}")


def level_of_fit() -> int:
    """The `stacklevel` at which a warning points to the line of the user's that called `fit`."""
    frame: FrameType | None = sys._getframe(1)
    level = 1
    while frame is not None:
        package = frame.f_globals.get("__name__", "").partition(".")[0]
        if package not in ("meancollapse", "keras"):
            return level
        frame, level = frame.f_back, level + 1
    return 2


def _are_notes_to_stop_training() -> bool:
    """Whether a filter names our notes, and not all warnings (`simplefilter("error")`)."""
    for action, _, category, *_ in warnings.filters:
        if isinstance(category, type) and issubclass(MonitorWarning, category):
            return action == "error" and issubclass(category, MonitorWarning)
    return False


def _print(words: str, stream: Any) -> None:
    """Print, whatever the stream is: closed, a pipe nobody reads, one for ASCII only, or none."""
    try:
        print(words, file=stream, flush=True)
    except UnicodeEncodeError:
        _print(words.encode("ascii", "backslashreplace").decode(), stream)
    except Exception:
        return
