"""How a question is asked: its jobs one by one, a line of JSON for each, and a page from the lines.

A job is a dict of the fields that name a run; the row of its result has them too. What the files of
results have already is not run again, so a question that was broken off goes on where it was.
"""

from __future__ import annotations

import argparse
import json
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import keras

from benchmarks.programs import SETS, Program, catalogue

Row = dict[str, Any]


class Question(ABC):
    """One question: which runs it needs, how one is made, and what all of them say."""

    about: str
    seeds: tuple[int, ...] = (0,)
    key: tuple[str, ...] = ("program", "seed")  # the fields that name a run

    def add_options(self, parser: argparse.ArgumentParser) -> None:  # noqa: B027
        """Options beyond the common ones, if there are any."""

    @abstractmethod
    def jobs(self, options: argparse.Namespace) -> Iterator[Row]:
        """The runs that the options ask for."""

    @abstractmethod
    def run(self, job: Row) -> Row | None:
        """The result of one run; None if it cannot be made here."""

    @abstractmethod
    def line(self, row: Row) -> str:
        """One run as a line of the printed table."""

    @abstractmethod
    def summary(self, rows: list[Row]) -> list[str]:
        """What is printed at the end."""

    @abstractmethod
    def page(self, rows: list[Row]) -> str:
        """The page of the documentation."""


class OfPrograms(Question):
    """A question of which every run is of one of the programs."""

    sets: tuple[str, ...]

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Which sets the programs are from."""
        choice = {"nargs": "*", "default": list(self.sets), "choices": list(SETS), "metavar": "SET"}
        parser.add_argument("--sets", **choice, help="programs of these sets only")

    def programs(self, options: argparse.Namespace) -> list[Program]:
        """The programs that are asked for."""
        return [
            program
            for program in catalogue().values()
            if program.came_in in options.sets and is_wanted(program.id, options)
        ]


def is_wanted(label: str, options: argparse.Namespace) -> bool:
    """Whether `--only` lets it through."""
    return not options.only or any(part in label for part in options.only)


def parsed(question: Question, arguments: list[str]) -> argparse.Namespace:
    """The options of a command line whose first word is the question."""
    parser = argparse.ArgumentParser(
        prog=f"python -m benchmarks {arguments[0]}",
        description=question.about,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", nargs="*", metavar="ID", help="whose id contains one of these")
    parser.add_argument("--seeds", nargs="*", type=int, default=list(question.seeds))
    parser.add_argument("--shard", type=shard, default=(1, 1), metavar="K/N", help="every N-th run")
    parser.add_argument(
        "--results",
        nargs="+",
        type=Path,
        default=[],
        metavar="FILE",
        help="JSON lines, one per run: runs found there are not made again, new ones are appended "
        "to the first file",
    )
    parser.add_argument("--run-nothing", action="store_true", help="report what the files have")
    parser.add_argument("--report", type=Path, metavar="PAGE", help="write the page from all rows")
    question.add_options(parser)
    return parser.parse_args(arguments[1:])


def shard(text: str) -> tuple[int, int]:
    """`2/3`: the second of three parts."""
    k, n = (int(part) for part in text.split("/"))
    if not 1 <= k <= n:
        raise argparse.ArgumentTypeError(f"{text}: K is counted from 1 to N")
    return k, n


def read(files: Iterable[Path], key: tuple[str, ...]) -> dict[tuple, Row]:
    """Rows by what names them. The same run in two lines: the later one counts."""
    rows: dict[tuple, Row] = {}
    for file in files:
        for text in file.read_text().splitlines() if file.exists() else []:
            row = json.loads(text)
            rows[tuple(row[field] for field in key)] = row
    return rows


def append(file: Path, row: Row) -> None:
    """Add one line to a file of results."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("a") as lines:
        lines.write(json.dumps(row) + "\n")


def make(question: Question, options: argparse.Namespace, rows: dict[tuple, Row]) -> None:
    """Make the runs that are not in `rows` yet."""
    k, n = options.shard
    for job in [*question.jobs(options)][k - 1 :: n]:
        name = tuple(job[field] for field in question.key)
        row = None if name in rows else question.run(job)
        if row is None:
            continue
        rows[name] = row
        print(question.line(row), flush=True)
        if options.results:
            append(options.results[0], row)


def ask(question: Question, arguments: list[str]) -> None:
    """Make the runs, print what they say, and write the page if one is asked for."""
    options = parsed(question, arguments)
    rows = read(options.results, question.key)
    if not options.run_nothing:
        make(question, options, rows)
    print("\n".join(["", *question.summary([*rows.values()])]))
    print(f"keras {keras.__version__}, backend {keras.config.backend()}, {sys.platform}")
    if options.report:
        options.report.parent.mkdir(parents=True, exist_ok=True)
        options.report.write_text(question.page([*rows.values()]))
