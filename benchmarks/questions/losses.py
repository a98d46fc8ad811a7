"""Which loss helps against which cause of collapse? Measures, and writes the comparison page.

    python -m benchmarks losses  # all causes, 3 seeds
    python -m benchmarks losses --seeds 0 --only "healthy / MSE"

Each cell trains one small network from scratch and scores it on rows it has not seen: spread
(std of the predictions over std of the targets) and R2, averaged over the seeds. Losses that need
another head (beta-NLL, HL-Gauss) or another target space (symlog) get theirs and are decoded
before scoring. Two more tables answer narrower questions: positive targets over four decades, and
where the noise level of BalancedMSE comes from.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable, Iterator, Sequence

import keras
import numpy as np

from .asking import Question, Row, is_wanted
from .losses_trained import (
    BATCH,
    CAUSES,
    LOSSES,
    POSITIVE,
    ROWS,
    SIGMAS,
    best_constants,
    constant_targets,
    fit,
    plain,
    positive_targets,
    scores,
)

ABOUT = __doc__ or ""

RANGES = {"four decades": (1e-2, 1e2), "0 to 1": (0.0, 1.0)}
SIGMA_TASKS = ("healthy", "skewed target")
Means = dict[tuple[str, str], Sequence[float]]

TEMPLATE = """# Losses compared

Written by `python -m benchmarks losses`; do not edit. Keras {keras} on {backend}, CPU, float32.
Each number is a mean over {seeds} seeds. Network: two ReLU layers of 32 units, Adam 3e-3, batches
of {batch} from {rows} rows, {epochs} epochs ({steps} steps); scored on {rows} rows not trained on.
Other networks, data and learning rates will give other numbers. The run took {seconds} s.

## Loss by cause: spread / R2

{grid}

Spread is std of the predictions over std of the targets; R2 is 0 for the best constant. Targets are
standardised. *dead ReLU*: the second layer's biases start at -20. *high frequency*: sin(20 x).
*zero-inflated*: 70 % zeros, the rest log-normal and partly predictable. *skewed target*:
exponential, seen through noise. *no signal*: targets independent of the inputs.

## Skewed target: what BalancedMSE buys and costs

{tail}

## Positive targets over four decades (0.01 to 100), softplus output

{relative}

SymlogError learns the symlog of the target and is read with `symexp`.

## Targets between 0 and 1, softplus output

{interval}

## The best constant of the log-scaled error

{constant}

It is no defence against predicting a constant: the constant only moves.

## Where the noise level of BalancedMSE comes from: spread / R2

{sigma}
"""


def columns_of(table: str) -> tuple[Iterable[str], Iterable[str]]:
    """What is measured, and with which losses, in one of the tables."""
    return {
        "cause": (CAUSES, LOSSES),
        "positive": (RANGES, POSITIVE),
        "constant": (constant_targets(), ["constants"]),
        "sigma": (SIGMA_TASKS, SIGMAS),
    }[table]


def measured(table: str, task: str, loss: str, seed: int, epochs: int) -> Sequence[float]:
    """The scores of one network, or the best constants of one set of targets."""
    if table == "cause":
        return scores(*fit(task, *LOSSES[loss], seed, epochs))
    if table == "positive":
        return positive_targets(*RANGES[task], POSITIVE[loss], seed, epochs)
    if table == "constant":
        return best_constants(constant_targets()[task])
    return scores(*fit(task, SIGMAS[loss], plain, seed, epochs))


def means(rows: list[Row], table: str) -> Means:
    """Scores by task and loss, the mean over the seeds."""
    found: dict[tuple[str, str], list[Sequence[float]]] = {}
    for row in rows:
        if row["table"] == table:
            found.setdefault((row["task"], row["loss"]), []).append(row["scores"])
    return {name: np.mean(every, axis=0) for name, every in found.items()}


def short(value: float) -> str:
    """Two digits; a blow-up needs no more."""
    return f"{value:.2f}" if abs(value) < 99 else ("> 99" if value > 0 else "< -99")


def pair(found: Sequence[float]) -> str:
    """Spread and R2."""
    return f"{short(found[0])} / {short(found[1])}"


def as_table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of Markdown."""
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def grid(found: Means, first: str, tasks: Sequence[str], names: Iterable[str]) -> str:
    """Spread and R2 by loss and task."""
    lines = [
        [name, *(pair(found[t, name]) if (t, name) in found else "" for t in tasks)]
        for name in names
    ]
    return as_table([first, *tasks], lines)


def errors(found: Means, task: str, digits: int) -> str:
    """Median relative error and R2 of the losses for positive targets."""
    lines = [
        [name, f"{found[task, name][0]:.3f}", f"{found[task, name][1]:.{digits}f}"]
        for name in POSITIVE
        if (task, name) in found
    ]
    return as_table(["loss", "median relative error", "R2"], lines)


def tail(found: Means) -> str:
    """What the losses make of the largest targets."""
    task = "skewed target"
    if not any(name == task for name, _ in found):
        return ""
    there = [name for name in LOSSES if (task, name) in found]
    lines = [[name, *map(short, found[task, name][1:3])] for name in there]
    return as_table(["loss", "R2", "mean absolute error, largest tenth of the targets"], lines)


def constants(found: Means) -> str:
    """The best constants."""
    head = ["targets", "mean (best for MSE)", "best for the literal formula", "best for ours"]
    return as_table(head, [[task, *(f"{v:.3f}" for v in row)] for (task, _), row in found.items()])


class Losses(Question):
    """Which loss helps against which cause?"""

    about = ABOUT
    seeds = (0, 1, 2)
    key = ("table", "task", "loss", "seed", "epochs")

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """How long each network is trained."""
        parser.add_argument("--epochs", type=int, default=30)

    def jobs(self, options: argparse.Namespace) -> Iterator[Row]:
        """Every cell of every table, called "task / loss" by `--only`."""
        for table in ("cause", "positive", "constant", "sigma"):
            tasks, names = columns_of(table)
            cells = [(task, name) for task in tasks for name in names]
            if table == "sigma":
                cells = [(task, name) for name in names for task in tasks]
            for task, name in cells:
                for seed in options.seeds[:1] if table == "constant" else options.seeds:
                    if is_wanted(f"{task} / {name}", options):
                        yield dict(
                            table=table, task=task, loss=name, seed=seed, epochs=options.epochs
                        )

    def run(self, job: Row) -> Row:
        """Train one network."""
        began = time.time()
        found = [float(value) for value in measured(**job)]
        return job | {"scores": found, "seconds": round(time.time() - began, 2)}

    def line(self, row: Row) -> str:
        """One network as a line."""
        found = " ".join(map(short, row["scores"]))
        return f"{row['task']:20} {row['loss']:44} {row['seed']} {found} {row['seconds']}s"

    def summary(self, rows: list[Row]) -> list[str]:
        """The page is what is printed."""
        return [self.page(rows)]

    def page(self, rows: list[Row]) -> str:
        """The comparison page."""
        causes, sigmas = means(rows, "cause"), means(rows, "sigma")
        positives = means(rows, "positive")
        epochs = max((row["epochs"] for row in rows), default=0)
        tasks = [cause for cause in CAUSES if any(task == cause for task, _ in causes)]
        return TEMPLATE.format(
            keras=keras.__version__,
            backend=keras.backend.backend(),
            seeds=len({row["seed"] for row in rows}),
            epochs=epochs,
            steps=epochs * ROWS // BATCH,
            rows=ROWS,
            batch=BATCH,
            seconds=round(sum(row["seconds"] for row in rows)),
            grid=grid(causes, "loss", tasks, LOSSES),
            relative=errors(positives, "four decades", 2),
            interval=errors(positives, "0 to 1", 3),
            constant=constants(means(rows, "constant")),
            sigma=grid(sigmas, "noise level", SIGMA_TASKS, SIGMAS),
            tail=tail(causes),
        )


QUESTION = Losses()
