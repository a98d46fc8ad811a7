"""Skill at the end of collapsing programs: without help, with the usual help, and rescued.

    python -m benchmarks rescue [--sets SET ...] [--seeds 0 1 2] [--only ID ...]

Every program is trained for its own number of epochs with each kind of help, and with the published
fix. Skill is judged here from `predict` on the training rows, not by the library: R² for a
regression, accuracy above chance for classes (0 = the most frequent class, 1 = all right), the mean
over outputs. Only runs that end collapsed without help are counted.
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

import meancollapse as mc
from benchmarks.programs import SETS, Program, catalogue

from .asking import OfPrograms, Row
from .helping import HELP, EpochTimes, helper
from .judging import skill

ABOUT = __doc__ or ""

PLACES = ("model", "activation", "structure", "data")
ENOUGH = 0.7
# A published fix with less skill than this is none.
LEAST = 0.1
CONTROLS = ("7c", "9b", "11b", "12b")  # sets of nothing else
Runs = dict[tuple[str, int], dict[str, Row]]


def built(program: Program, seed: int, kind: str) -> tuple[Any, ...]:
    """The program for one kind of help; with another seed only the weights are others."""
    keras.backend.clear_session()
    start = seed + 1000 if kind == "restart" else seed
    keras.utils.set_random_seed(start)
    parts = program.build(np.random.default_rng(seed), kind == "fix")
    if kind == "restart":
        keras.utils.set_random_seed(start)
    return parts


def trained(program: Program, seed: int, kind: str) -> Row:
    """Train one program with one kind of help."""
    model, x, y, arguments, *labels = built(program, seed, kind)
    callbacks = helper(kind)
    own, times = arguments.pop("callbacks", []), EpochTimes()
    began = time.perf_counter()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(x, y, verbose=0, callbacks=[times, *own, *callbacks], **arguments)
    seconds = time.perf_counter() - began
    rescues = [r.to_dict() for r in getattr(callbacks[0], "rescues", [])] if callbacks else []
    return {
        "skill": round(skill(model, x, y, program.task, labels[0] if labels else None), 4),
        "rescues": rescues,
        "notes": [str(w.message) for w in caught if isinstance(w.message, mc.MonitorWarning)],
        "seconds": round(seconds, 2),
        "epochs": times.seconds,
        "backend": keras.config.backend(),
    }


def by_run(rows: list[Row]) -> Runs:
    """Rows by program and seed, and then by kind of help."""
    runs: Runs = {}
    for row in rows:
        runs.setdefault((row["program"], row["seed"]), {})[row["help"]] = row
    return runs


def is_collapsed(rows: dict[str, Row]) -> bool:
    """Whether a run without help ends with next to nothing of what a fix that works reaches."""
    fix = rows["fix"]["skill"]
    return fix >= LEAST and rows["nothing"]["skill"] < 0.25 * fix


def ratio(rows: dict[str, Row], kind: str) -> float:
    """Skill with one kind of help, as a share of the fix's."""
    return rows[kind]["skill"] / max(rows["fix"]["skill"], 1e-9)


def summary(rows: list[Row]) -> list[str]:
    """For each place and kind of help: runs that reach 70 % of the fix's skill, and worse ones."""
    runs = {key: run for key, run in by_run(rows).items() if {"nothing", "fix"} <= set(run)}
    lines = ["| fault in | help | reach 0.7 of the fix | median share | worse than without |"]
    lines.append("|---|---|---|---|---|")
    for where in PLACES:
        chosen = [
            run
            for (name, _), run in runs.items()
            if catalogue()[name].where == where and is_collapsed(run)
        ]
        lines += [line for kind in HELP[:-1] for line in reached(chosen, where, kind)]
    return lines


def reached(runs: list[dict[str, Row]], where: str, kind: str) -> list[str]:
    """One line of the summary, if there are such runs."""
    with_kind = [run for run in runs if kind in run]
    if not with_kind:
        return []
    shares = [ratio(run, kind) for run in with_kind]
    worse = sum(run[kind]["skill"] < run["nothing"]["skill"] - 0.02 for run in with_kind)
    good, middle = sum(share >= ENOUGH for share in shares), float(np.median(shares))
    return [f"| {where} | {kind} | {good} of {len(shares)} | {middle:.2f} | {worse} |"]


def costs(rows: list[Row]) -> np.ndarray:
    """Seconds of each rescue, of the median epoch of its run, and of the first epoch."""
    found = []
    for row in rows:
        if not row["help"].startswith("rescue") or not row.get("epochs"):
            continue
        usual = float(np.median(row["epochs"]))
        for rescue in row["rescues"]:
            after = row["epochs"][rescue["epoch"] + 1 : rescue["epoch"] + 2] or [usual]
            seconds = rescue["seconds"] + max(0.0, after[0] - usual)
            found.append((seconds, usual, row["epochs"][0]))
    return np.array(found).reshape(-1, 3).T


def cost(rows: list[Row]) -> list[str]:
    """CPU time a rescue takes, what the next epoch takes more for it included, in epochs."""
    seconds, epochs, first = costs(rows)
    if not len(seconds):
        return []
    lines = ["| attempts | runs with epochs of | median seconds | median epochs | within 2 epochs "]
    lines[0] += "| within 2 first epochs |"
    lines.append("|---|---|---|---|---|---|")
    lengths = [("any length", 0, np.inf), ("under 0.3 s", 0, 0.3), ("0.3 to 1 s", 0.3, 1)]
    for words, low, high in [*lengths, ("1 s and more", 1, np.inf)]:
        part = (epochs >= low) & (epochs < high)
        if not part.any():
            continue
        usual, to_first = seconds[part] / epochs[part], seconds[part] / first[part]
        middle = f"{np.median(seconds[part]):.1f} | {np.median(usual):.1f}"
        shares = f"{np.mean(usual <= 2):.0%} | {np.mean(to_first <= 2):.0%}"
        lines.append(f"| {part.sum()} | {words} | {middle} | {shares} |")
    return lines


def table(rows: list[Row]) -> list[str]:
    """The skill of every program with every kind of help."""
    lines = ["| program | fault in | seed | " + " | ".join(HELP) + " |"]
    lines.append("|---" * (3 + len(HELP)) + "|")
    for (name, seed), run in by_run(rows).items():
        cells = [f"{run[kind]['skill']:.2f}" if kind in run else "" for kind in HELP]
        where = catalogue()[name].where
        lines.append(f"| {name} | {where} | {seed} | " + " | ".join(cells) + " |")
    return lines


class Rescue(OfPrograms):
    """What is a collapsed run worth with help, and without?"""

    about = ABOUT
    sets = tuple(name for name in SETS if name not in CONTROLS)
    key = ("program", "seed", "help")

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Which faults, and which kinds of help."""
        super().add_options(parser)
        parser.add_argument("--where", nargs="*", choices=PLACES, help="whose fault lies there")
        parser.add_argument("--help-with", nargs="*", default=list(HELP), choices=HELP)

    def jobs(self, options: argparse.Namespace) -> Iterator[Row]:
        """Every program with a fault, with every kind of help."""
        for program in self.programs(options):
            if program.is_healthy or (options.where and program.where not in options.where):
                continue
            for seed in options.seeds:
                for kind in options.help_with:
                    yield {"program": program.id, "seed": seed, "help": kind}

    def run(self, job: Row) -> Row | None:
        """One run; a program that does not run here is no result."""
        try:
            return job | trained(catalogue()[job["program"]], job["seed"], job["help"])
        except Exception as error:
            words = f"{type(error).__name__}: {error}"
            print(f"{job['program']} {job['seed']} {job['help']}: {words}", flush=True)
            return None

    def line(self, row: Row) -> str:
        """One run as a line of the printed table."""
        did = ", ".join(r["outcome"] for r in row["rescues"])
        return (
            f"{row['program']:34} {row['seed']} {row['help']:20} {row['skill']:7.3f} "
            f"{row['seconds']:7.1f}s {did} {' '.join(row['notes'])[:300]}"
        )

    def summary(self, rows: list[Row]) -> list[str]:
        """The tables that are printed at the end."""
        return [*table(rows), "", *summary(rows), "", *cost(rows)]

    def page(self, rows: list[Row]) -> str:
        """The tables, and what they are of."""
        parts = [*summary(rows), "", *cost(rows), "", *table(rows), ""]
        return "\n".join(["# Rescue", "", self.about.strip(), "", *parts])


QUESTION = Rescue()
