"""The record on disk: one line of JSON per epoch, written as training goes."""

from __future__ import annotations

import codecs
import contextlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from meancollapse.judge import records
from meancollapse.judge.evidence import Evidence
from meancollapse.judge.verdict import STATES, Verdict
from meancollapse.version import __version__

# What the first line calls the file; raised when the lines change their meaning.
KIND, VERSION = "meancollapse log", 1
# No run is longer, and axes of epochs can still be drawn.
LAST_EPOCH = 2**31 - 1


@dataclass(frozen=True)
class Head:
    """The first line."""

    kind: str
    version: int
    model: str


@dataclass(frozen=True)
class Epoch:
    """Every other line."""

    evidence: Evidence
    verdicts: tuple[Verdict, ...]


class Journal:
    """Appends epochs to a file that is closed after every line, so that a crash loses nothing.

    Args:
        path: The file; an existing one is replaced, its folder is made.
        model: Name of the model.
    """

    def __init__(self, path: str | os.PathLike[str], model: str):
        self.path = Path(path)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._write(Head(KIND, VERSION, model), "w")
        except ValueError as error:  # so Python calls a NUL in a path; to callers it is no file
            raise OSError(f"no file can have that name: {error}") from error

    def add(self, evidence: Evidence, verdicts: Sequence[Verdict]) -> None:
        """Write one epoch; of several lines for the same epoch the last one counts."""
        self._write(Epoch(evidence, tuple(verdicts)), "a")

    def _write(self, line: Head | Epoch, mode: str) -> None:
        with self.path.open(mode, encoding="utf-8") as file:
            file.write(json.dumps(records.plain(line), allow_nan=False) + "\n")


def read(path: str | os.PathLike[str]) -> tuple[str, list[Evidence], list[Verdict]]:
    """Name of the model, evidence and verdicts of a log, up to the last whole line.

    Args:
        path: What was given as `log_path`.

    Raises:
        OSError: If the file cannot be read.
        ValueError: If the file is not such a log, or a line of it is damaged; the message names
            the line, what was found and what was expected. Only a last line that was never
            finished is forgiven.
    """
    epochs: dict[int, Epoch] = {}
    last = 0
    with Path(path).open("rb") as file:
        with _named(path, 1):
            model = _model(file.readline().removeprefix(codecs.BOM_UTF8))
        for number, line in enumerate(file, 2):
            with _named(path, number):
                found = _epoch(line, last)
            if found is not None:
                last = found.evidence.epoch
                epochs[last] = found
    history = [found.evidence for found in epochs.values()]
    return model, history, [v for found in epochs.values() for v in found.verdicts]


@contextlib.contextmanager
def _named(path: str | os.PathLike[str], number: int) -> Iterator[None]:
    """Errors begin with the file and the line."""
    try:
        yield
    except ValueError as error:
        raise ValueError(f"{os.fspath(path)!r}, line {number}: {error}") from None


def _model(line: bytes) -> str:
    """The name of the model in the first line."""
    try:
        start = _parsed(line)
    except ValueError:
        start = line.decode(errors="replace").strip()
    if not isinstance(start, dict) or start.get("kind") != KIND:
        raise ValueError(
            f'not a log of meancollapse: expected an object with "kind": "{KIND}", found '
            f"{records.shown(start)}. Pass a file written by a callback with `log_path=`."
        )
    version = start.get("version")
    if isinstance(version, int) and version > VERSION:
        raise ValueError(
            f"expected a log of version {VERSION}, found one of version {records.shown(version)}, "
            f"which a newer meancollapse than this {__version__} has written. "
            "Upgrade it: pip install --upgrade meancollapse"
        )
    head = records.restore(Head, start)
    if head.version < 1:
        raise records.Unfit(str(VERSION), str(head.version), "version")
    return head.model


def _epoch(line: bytes, last: int) -> Epoch | None:
    """The epoch in a line that is not the first; `None` for an empty or an unfinished one.

    Args:
        line: The line, with its line break if it has one.
        last: The epoch before it.
    """
    if not line.strip():
        return None
    try:
        values = _parsed(line)
    except ValueError:
        if line.endswith(b"\n"):
            raise
        return None  # the end of a run that was killed as it wrote
    found = records.restore(Epoch, values)
    number = found.evidence.epoch
    if not last <= number <= LAST_EPOCH:
        expected = f"a number from {last} (the epoch before) to {LAST_EPOCH}"
        raise records.Unfit(expected, str(number), "evidence.epoch")
    for place, verdict in enumerate(found.verdicts):
        if verdict.state not in STATES:
            where = f"verdicts[{place}].state"
            raise records.Unfit(f"one of {', '.join(STATES)}", records.shown(verdict.state), where)
        if verdict.epoch != number:
            where = f"verdicts[{place}].epoch"
            raise records.Unfit(f"{number} as in the evidence", str(verdict.epoch), where)
    return found


def _parsed(line: bytes) -> Any:
    """The value of a line of JSON."""
    try:
        return json.loads(line.decode("utf-8").strip())
    except RecursionError:
        problem = "lists and objects nested too deeply"
    except UnicodeDecodeError as error:
        problem = f"bytes that are not UTF-8 ({error.reason} at byte {error.start + 1})"
    except json.JSONDecodeError as error:
        problem = f"{records.shown(error.doc)} ({error.msg}: letter {error.pos + 1})"
    except ValueError as error:  # a number of more digits than Python reads
        problem = str(error)
    raise records.Unfit("an epoch as one whole object of JSON", problem)
