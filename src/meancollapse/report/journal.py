"""The record on disk: one line of JSON per epoch, written as training goes."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from meancollapse import records
from meancollapse.evidence import Evidence
from meancollapse.verdict import Verdict

# What the first line calls the file; raised when the lines change their meaning.
KIND, VERSION = "meancollapse log", 1


class Journal:
    """Appends epochs to a file that is closed after every line, so that a crash loses nothing.

    Args:
        path: The file; an existing one is replaced, its folder is made.
        model: Name of the model.
    """

    def __init__(self, path: str | os.PathLike[str], model: str):
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._write({"kind": KIND, "version": VERSION, "model": model}, "w")

    def add(self, evidence: Evidence, verdicts: Sequence[Verdict]) -> None:
        """Write one epoch; of several lines for the same epoch the last one counts."""
        self._write({"evidence": evidence, "verdicts": verdicts}, "a")

    def _write(self, line: dict[str, Any], mode: str) -> None:
        with self.path.open(mode, encoding="utf-8") as file:
            file.write(json.dumps(records.plain(line), allow_nan=False) + "\n")


def read(path: str | os.PathLike[str]) -> tuple[str, list[Evidence], list[Verdict]]:
    """Name of the model, evidence and verdicts of a log, up to the last whole line.

    Args:
        path: What was given as `log_path`.

    Raises:
        ValueError: If the file is not such a log.
    """
    head, *lines = Path(path).read_text(encoding="utf-8").split("\n")
    start = _parsed(head)
    if start is None or start.get("kind") != KIND:
        raise ValueError(
            f"{os.fspath(path)!r} is not a log of meancollapse: its first line does not say "
            f"{KIND!r}. Pass a file written by a callback with `log_path=`."
        )
    epochs: dict[int, tuple[Evidence, list[Verdict]]] = {}
    for line in lines:
        found = _parsed(line)  # the last line of a run that was killed may be torn
        if found is not None:
            evidence = Evidence.from_dict(found["evidence"])
            epochs[evidence.epoch] = (
                evidence,
                [records.restore(Verdict, verdict) for verdict in found["verdicts"]],
            )
    history = [evidence for evidence, _ in epochs.values()]
    return start["model"], history, [v for _, verdicts in epochs.values() for v in verdicts]


def _parsed(line: str) -> dict[str, Any] | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None
