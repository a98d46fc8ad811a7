"""Skill of programs with a wrong learning rate: without help, with usual help, and adjusted.

    python -m benchmarks adjust [--only ID ...] [--kinds nothing adjust ...] [--seeds 0]

Every program of `benchmarks/programs/rates.py` is trained for its own number of epochs with each
kind of help:

* `nothing`: as it is;
* `plateau`: Keras's `ReduceLROnPlateau` on the loss, patience 3. Keras refuses to set a rate that a
  schedule gives: there it is the same as nothing;
* `greedy`: the rate grows while the loss falls and shrinks when it rises. It replaces a schedule
  and starts from the schedule's greatest rate;
* `range_test`: a ramp of the rate before training; then a tenth of the rate at which the smoothed
  loss fell most steeply, constant, in place of a schedule;
* `adjust`, `rescue`: the callbacks of this library;
* `fix`: the healthy twin.

Skill is judged here from `predict` on the training rows, not by the library: R² for a regression,
accuracy above the most frequent class for classes (1 = all right), the mean over outputs, −1 at
worst. A run is without skill if it ends with less than 0.1.
"""

from __future__ import annotations

import argparse
import gc
import logging
import time
import warnings
from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

import meancollapse as mc
from benchmarks.programs.rates import PROGRAMS, Callbacks, Program

from .asking import Question, Row, is_wanted

ABOUT = __doc__ or ""
logging.getLogger("tensorflow").setLevel("ERROR")  # every run traces its graph anew
KINDS = ("nothing", "plateau", "greedy", "range_test", "adjust", "rescue", "fix")
FAULTS = ("too_high", "too_low", "decays", "warm_up", "schedule_high", "schedule_low")
# A run that ends with less is without skill: about as good as a constant...
WITHOUT = 0.1
# ...one with more than this share has been repaired.
ENOUGH = 0.7
# A healthy twin with less skill than this shows nothing.
LEAST = 0.5
# By how much a run must fall behind the one without help to count as worse.
WORSE = 0.1

# ------------------------------------------------------------------------------------ skill


def above_chance(right: np.ndarray, chance: float) -> float:
    return float((right.mean() - chance) / (1 - chance))


def score(task: str, predicted: np.ndarray, target: np.ndarray) -> float:
    """Skill of one output: 1 is perfect, 0 what a constant reaches, −1 the worst."""
    if not np.isfinite(predicted).all():
        return -1.0
    if task == "multiclass":
        classes = target.argmax(-1) if target.ndim > 1 and target.shape[-1] > 1 else target.ravel()
        chance = np.bincount(classes.astype(int)).max() / len(classes)
        found = above_chance(predicted.argmax(-1) == classes, chance)
    elif task == "labels":
        columns = zip(predicted.T, target.T, strict=True)
        found = float(np.mean([score("binary", p, t) for p, t in columns]))
    elif task == "binary":
        chance = max((target > 0.5).mean(), (target <= 0.5).mean())
        found = above_chance((predicted > 0.5) == (target > 0.5), chance)
    else:
        rest = ((predicted - target) ** 2).sum()
        found = float(1 - rest / ((target - target.mean(0)) ** 2).sum())
    return max(-1.0, found)


def skill(model: keras.Model, x: Any, y: Any, task: str) -> float:
    """The mean over outputs, on the training rows."""
    predicted: Any = model.predict(x, verbose=0, batch_size=256)
    if isinstance(y, dict):
        predicted, y = [predicted[name] for name in y], list(y.values())
    pairs = zip(task.split("+"), keras.tree.flatten(predicted), keras.tree.flatten(y), strict=True)
    found = [score(part, np.float64(p), np.float64(t)) for part, p, t in pairs]
    return float(np.mean(found))


# ------------------------------------------------------------------------------- usual help


class GreedyLR(keras.callbacks.Callback):
    """Raises the rate as long as the loss falls from epoch to epoch, lowers it when it rises."""

    def __init__(self, factor: float = 0.9, patience: int = 2) -> None:
        super().__init__()
        self.factor, self.patience = factor, patience

    def on_train_begin(self, logs: dict | None = None) -> None:
        self.previous, self.better = np.inf, 0

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        loss = (logs or {})["loss"]
        rate = float(self.model.optimizer.learning_rate)
        self.better = self.better + 1 if loss < self.previous else 0
        if self.better == 0:
            self.model.optimizer.learning_rate = rate * self.factor
        elif self.better >= self.patience:
            self.model.optimizer.learning_rate = rate / self.factor
        self.previous = loss


def is_scheduled(model: keras.Model) -> bool:
    return isinstance(model.optimizer.get_config()["learning_rate"], dict)


def greatest_rate(model: keras.Model, steps: int) -> float:
    """The peak of the schedule within so many steps."""
    found = []
    for step in np.linspace(0, steps - 1, min(steps, 100)).astype(int):
        model.optimizer.iterations.assign(step)
        found.append(float(model.optimizer.learning_rate))
    model.optimizer.iterations.assign(0)
    return max(found)


def set_constant(model: keras.Model, rate: float) -> None:
    """The same optimizer, new, with this rate and no schedule."""
    settings = {**model.optimizer.get_config(), "learning_rate": rate}
    model.optimizer = type(model.optimizer).from_config(settings)


def without_schedule(callbacks: Callbacks) -> Callbacks:
    return [c for c in callbacks if not isinstance(c, keras.callbacks.LearningRateScheduler)]


def shuffled_batches(x: Any, y: Any, batch_size: int, seed: int) -> Iterator[tuple[Any, Any]]:
    """Batches of one epoch after the other, without end."""
    rng = np.random.default_rng(seed)
    rows = len(keras.tree.flatten(x)[0])
    while True:
        order = rng.permutation(rows)
        for start in range(0, rows - batch_size + 1, batch_size):
            part = order[start : start + batch_size]
            yield keras.tree.map_structure(lambda a, part=part: a[part], (x, y))


def range_test(
    model: keras.Model, x: Any, y: Any, batch_size: int, seed: int, steps: int = 100
) -> float | None:
    """A tenth of the rate with the steepest fall of the smoothed loss on a geometric ramp.

    The first steps, in which the mean is still that of a few batches, are passed over, as fastai
    does; `None` if the loss does not get past them. The model is trained by this: it is a copy of
    the one to be trained.
    """
    rates = np.geomspace(1e-7, 10, steps)
    smooth: list[float] = []
    mean, kept = 0.0, 0.9
    set_constant(model, float(rates[0]))
    batches = shuffled_batches(x, y, batch_size, seed)
    for step, (rate, (x_part, y_part)) in enumerate(zip(rates, batches, strict=False), 1):
        model.optimizer.learning_rate = float(rate)
        model.reset_metrics()
        loss = float(model.train_on_batch(x_part, y_part, return_dict=True)["loss"])
        mean = kept * mean + (1 - kept) * loss
        smooth.append(mean / (1 - kept**step))
        if not np.isfinite(loss) or smooth[-1] > 4 * abs(min(smooth)) + 1e-9:
            smooth.pop()
            break
    first = steps // 10
    if len(smooth) < first + 2:
        return None
    slope = np.gradient(smooth, np.log(rates[: len(smooth)]))[first:]
    return float(rates[first + np.argmin(slope)] / 10)


# -------------------------------------------------------------------------------------- runs


def start(program: Program, healthy: bool, seed: int) -> tuple[keras.Model, Any, Any, dict]:
    """The program with the weights and data of this seed."""
    keras.backend.clear_session()
    gc.collect()
    keras.utils.set_random_seed(seed)
    return program.make(healthy, seed)


def helped(program: Program, kind: str, seed: int) -> tuple[keras.Model, Any, Any, dict, Callbacks]:
    """The program with this kind of help, ready to be trained; last the callbacks that help."""
    rate = None
    if kind == "range_test":
        model, x, y, arguments = start(program, False, seed)
        rate = range_test(model, x, y, arguments["batch_size"], seed)
    model, x, y, arguments = start(program, kind == "fix", seed)
    callbacks: Callbacks = []
    if kind == "plateau" and not is_scheduled(model):
        callbacks = [keras.callbacks.ReduceLROnPlateau(monitor="loss", patience=3)]
    elif kind == "greedy":
        steps = arguments["epochs"] * -(-len(keras.tree.flatten(x)[0]) // arguments["batch_size"])
        rate = greatest_rate(model, steps)
        callbacks = [GreedyLR()]
    elif kind == "adjust":
        callbacks = [mc.AdjustLROnCollapse(verbose=0)]
    elif kind == "rescue":
        callbacks = [mc.RescueOnCollapse(verbose=0)]
    if rate is not None:
        set_constant(model, rate)
        arguments["callbacks"] = without_schedule(arguments["callbacks"])
    arguments["callbacks"] = [*arguments["callbacks"], *callbacks]
    return model, x, y, arguments, callbacks


def told(callbacks: Callbacks) -> Row:
    """What a callback of this library did, and its last verdict on every output."""
    found: Row = {}
    for callback in callbacks:
        for name in ("changes", "rescues"):
            if hasattr(callback, name):
                found[name] = len(getattr(callback, name))
        if hasattr(callback, "verdicts"):
            found["verdicts"] = {v.output: v.state for v in callback.verdicts}
    return found


def run(program: Program, kind: str, seed: int) -> Row:
    """Train one program with one kind of help."""
    began, error = time.process_time(), None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model, x, y, arguments, callbacks = helped(program, kind, seed)
        try:
            model.fit(x, y, verbose=0, **arguments)
        except Exception as problem:  # what a fit has reached when it stops is a result too
            error = f"{type(problem).__name__}: {problem}"[:500]
    seconds = time.process_time() - began
    return {
        "program": program.id,
        "help": kind,
        "seed": seed,
        "kind": program.kind,
        "optimizer": program.optimizer,
        "fault": program.fault,
        "factor": program.factor,
        "skill": round(skill(model, x, y, program.task), 4),
        "cpu_seconds": round(seconds, 2),
        **told(callbacks),
        "notes": [str(w.message) for w in caught if isinstance(w.message, mc.MonitorWarning)],
        "error": error,
    }


def by_run(rows: list[Row]) -> dict[tuple[str, int], dict[str, Row]]:
    """The runs with and without help of each program and seed."""
    found: dict[tuple[str, int], dict[str, Row]] = {}
    for row in rows:
        found.setdefault((row["program"], row["seed"]), {})[row["help"]] = row
    return {key: kinds for key, kinds in found.items() if {"nothing", "fix"} <= set(kinds)}


def share(kinds: dict[str, Row], kind: str) -> float:
    """Skill as a share of that of the healthy twin."""
    return kinds[kind]["skill"] / max(kinds["fix"]["skill"], 1e-9)


def is_without_skill(kinds: dict[str, Row]) -> bool:
    return kinds["fix"]["skill"] >= LEAST and kinds["nothing"]["skill"] < WITHOUT


def reached(runs: list[dict[str, Row]], kind: str) -> str:
    """How many of the runs without skill are repaired by this help."""
    chosen = [kinds for kinds in runs if kind in kinds and is_without_skill(kinds)]
    good = sum(share(kinds, kind) >= ENOUGH for kinds in chosen)
    return f"{good} of {len(chosen)}" if chosen else ""


def worse(runs: list[dict[str, Row]], kind: str) -> str:
    chosen = [kinds for kinds in runs if kind in kinds]
    count = sum(k[kind]["skill"] < k["nothing"]["skill"] - WORSE for k in chosen)
    return f"{count} of {len(chosen)}" if chosen else ""


def shares(rows: list[Row]) -> list[str]:
    """What every help reaches, by fault, and how often it ends worse than nothing."""
    runs = list(by_run(rows).values())
    of_rate = [kinds for kinds in runs if kinds["fix"]["fault"] != "other"]
    other = [kinds for kinds in runs if kinds["fix"]["fault"] == "other"]
    lines = [f"| help | all faults of the rate | {' | '.join(FAULTS)} | worse than nothing | "]
    lines[0] += "other faults | worse than nothing there |"
    lines.append("|---" * (len(FAULTS) + 5) + "|")
    for kind in KINDS:
        parts = [[k for k in of_rate if k["fix"]["fault"] == fault] for fault in FAULTS]
        cells = [reached(of_rate, kind), *(reached(part, kind) for part in parts)]
        cells += [worse(of_rate, kind), reached(other, kind), worse(other, kind)]
        if any(cells):
            lines.append(f"| {kind} | {' | '.join(cells)} |")
    return lines


def table(rows: list[Row]) -> list[str]:
    """The skill of every run."""
    lines = [f"| program | fault | factor | seed | {' | '.join(KINDS)} |"]
    lines.append("|---" * (len(KINDS) + 4) + "|")
    for (name, seed), kinds in by_run(rows).items():
        cells = [f"{kinds[kind]['skill']:.2f}" if kind in kinds else "" for kind in KINDS]
        fix = kinds["fix"]
        lines.append(f"| {name} | {fix['fault']} | {fix['factor']:g} | {seed} | ")
        lines[-1] += f"{' | '.join(cells)} |"
    return lines


class Adjust(Question):
    """Does a wrong learning rate become one with which the run learns?"""

    about = ABOUT
    key = ("program", "help", "seed")

    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Which kinds of help."""
        parser.add_argument("--kinds", nargs="*", default=list(KINDS), choices=KINDS)

    def jobs(self, options: argparse.Namespace) -> Iterator[Row]:
        """Every program with every kind of help."""
        for name in PROGRAMS:
            for seed in options.seeds if is_wanted(name, options) else []:
                for kind in options.kinds:
                    yield {"program": name, "help": kind, "seed": seed}

    def run(self, job: Row) -> Row:
        """Train one program with one kind of help."""
        return run(PROGRAMS[job["program"]], job["help"], job["seed"])

    def line(self, row: Row) -> str:
        """One run as a line of the printed table."""
        seconds = f"{row['cpu_seconds']:6.1f}s"
        return f"{row['program']:58} {row['help']:10} {row['skill']:6.2f} {seconds}"

    def summary(self, rows: list[Row]) -> list[str]:
        """What every help reaches."""
        return shares(rows)

    def page(self, rows: list[Row]) -> str:
        """The benchmark as a page."""
        first, *rest = ABOUT.strip().split("\n\n")
        words = f"Runs that end without skill and reach {ENOUGH:g} of the healthy twin's with help:"
        blocks = ["# Learning rate", first, *rest, words]
        blocks += ["\n".join(shares(rows)), "\n".join(table(rows))]
        return "\n\n".join(blocks) + "\n"


QUESTION = Adjust()
