"""Fit every program plainly, without any callback of ours, and record what it does.

    python -m benchmarks verify [--sets SET ...] [--seeds 0 1 2] [--only ID ...]

One record per output, variant and seed; what was found is in `benchmarks/results/verified.jsonl`:

* ``spread``: std of the predictions over std of the targets, mean over columns. For classifiers:
  the entropy of the mean prediction less the mean entropy, over the entropy of the labels (the
  share of what could be told that is told);
* ``skill``: 1 - loss / loss of the best constant, of the program's own loss (cross-entropy for all
  classifiers); ``accuracy``, ``balanced`` (mean recall) and ``top_share`` for classifiers;
* ``constant_loss``, and ``flat_epochs``: epochs before the training loss (with its penalties, in
  training mode) first fell 3 % below it: how long a healthy run looks like a collapse;
* ``status``: ``collapsed``, ``learned``, ``weak`` (in between), ``non_finite`` or
  ``collapsed_in_training`` (constant in training mode only: BatchNormalization of one row).

A regression is collapsed at skill < 0.05 and spread < 0.1, a classifier when one class takes 99 %
of the rows or mean recall is at chance. It has learned at skill > 0.2, a classifier also when mean
recall is 0.2 above chance. The report is all records as one list of JSON.
"""

from __future__ import annotations

import argparse
import collections
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
from keras import ops
from scipy.optimize import minimize_scalar
from scipy.special import xlogy

from benchmarks.programs import Program, catalogue

from .asking import OfPrograms, Row

ABOUT = __doc__ or ""

EPS = 1e-7

LOSSES: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "mse": lambda t, p: (t - p) ** 2,
    "mae": lambda t, p: np.abs(t - p),
    "quantile": lambda t, p: np.maximum(0.9 * (t - p), 0.1 * (p - t)),
    "poisson": lambda t, p: p - xlogy(t, np.maximum(p, EPS)) + xlogy(t, np.maximum(t, EPS)) - t,
    "huber": lambda t, p: np.where(abs(t - p) < 1, (t - p) ** 2 / 2, abs(t - p) - 0.5),
}


def regression(t: np.ndarray, p: np.ndarray, loss: str) -> dict[str, Any]:
    """Spread and skill, mean over the output columns."""
    t, p = t.reshape(len(t), -1), p.reshape(len(p), -1)
    keep = t.std(0) > 0
    t, p = t[:, keep], p[:, keep]
    skill, constants = [], []
    for tc, pc in zip(t.T, p.T, strict=True):
        bounds = (tc.min(), tc.max())
        best = minimize_scalar(
            lambda c, tc=tc: LOSSES[loss](tc, c).mean(), bounds=bounds, method="bounded"
        ).fun
        skill.append(1 - LOSSES[loss](tc, pc).mean() / best)
        constants.append(best)
    return {
        "constant_loss": np.mean(constants),
        "spread": (p.std(0) / t.std(0)).mean(),
        "skill": np.mean(skill),
    }


def entropy(p: np.ndarray) -> np.ndarray:
    """Of each row, in nats."""
    return -xlogy(p, p).sum(-1)


def multiclass(t: np.ndarray, p: np.ndarray) -> dict[str, Any]:
    """``t`` class numbers, ``p`` one column per class; unnormalised outputs are normalised."""
    p = np.clip(p, EPS, 1)
    p = p / p.sum(1, keepdims=True)
    prior = np.bincount(t, minlength=p.shape[1]) / len(t)
    guess = p.argmax(1)
    recall = [(guess[t == k] == k).mean() for k in np.unique(t)]
    return {
        "constant_loss": entropy(prior),
        "spread": (entropy(p.mean(0)) - entropy(p).mean()) / entropy(prior),
        "skill": 1 + np.log(p[np.arange(len(t)), t]).mean() / entropy(prior),
        "accuracy": (guess == t).mean(),
        "balanced": np.mean(recall),
        "top_share": np.bincount(guess).max() / len(t),
        "classes": len(recall),
    }


def binary(t: np.ndarray, p: np.ndarray) -> dict[str, Any]:
    """One column of probabilities as two classes."""
    return multiclass(t.astype(int).ravel(), np.c_[1 - p.ravel(), p.ravel()])


def classes(task: str, t: np.ndarray, p: np.ndarray) -> dict[str, Any]:
    """The numbers of a classifier; of several labels the mean."""
    if task == "multilabel":
        each = [binary(tc, pc) for tc, pc in zip(t.T, p.T, strict=True)]
        return {k: np.mean([e[k] for e in each]) for k in each[0]}
    if task == "binary":
        return binary(t, p)
    numbers = t.argmax(-1) if t.shape == p.shape else t
    return multiclass(numbers.astype(int).ravel(), p.reshape(-1, p.shape[-1]))


def measure(task: str, loss: str, t: Any, p: Any) -> dict[str, Any]:
    """All numbers of one output, and its status. Surplus output columns are left out."""
    t, p = np.asarray(t, "float64"), np.asarray(p, "float64")
    if task == "regression":
        p = p[..., : t.shape[-1]]
    if not np.isfinite(p).all():
        return {"status": "non_finite"}
    if task == "regression":
        got = regression(t, p, loss)
        flat = got["skill"] < 0.05 and got["spread"] < 0.1
        good = got["skill"] > 0.2
    else:
        got = classes(task, t, p)
        chance = 1 / got.pop("classes")
        flat = got["top_share"] >= 0.99 or got["balanced"] < chance + 0.03
        good = not flat and (got["skill"] > 0.2 or got["balanced"] > chance + 0.2)
    got = {k: float(f"{v:.4g}") for k, v in got.items()}
    return got | {"status": "collapsed" if flat else "learned" if good else "weak"}


def training_spread(model: keras.Model, x: np.ndarray, y: np.ndarray, batch: int) -> float:
    """Spread of the outputs in training mode, batch by batch (differs under BatchNormalization)."""
    steps = range(0, min(len(x), 64 * batch), batch)
    out = [ops.convert_to_numpy(model(x[i : i + batch], training=True)) for i in steps]
    return float(np.concatenate(out).std() / y.std())


def outputs(model: keras.Model, x: Any, truth: Any) -> tuple[list[Any], list[Any]]:
    """Targets and predictions of every output."""
    tensors = keras.tree.map_structure(ops.convert_to_tensor, x)
    found = keras.tree.map_structure(ops.convert_to_numpy, model(tensors, training=False))
    if isinstance(truth, dict):
        return list(truth.values()), [found[k] for k in truth]
    return (truth, found) if isinstance(truth, list) else ([truth], [found])


def fitted(program: Program, fixed: bool, seed: int) -> list[dict[str, Any]]:
    """One fit; a record per output."""
    keras.utils.clear_session()
    rng = np.random.default_rng(seed)
    keras.utils.set_random_seed(seed)
    start = time.perf_counter()
    model, x, y, kwargs, *labels = program.build(rng, fixed)
    history = model.fit(x, y, verbose=0, **kwargs).history["loss"]
    tail = {
        "loss_first": float(f"{history[0]:.5g}"),
        "loss_last": float(f"{history[-1]:.5g}"),
        "steps": int(model.optimizer.iterations),
        "seconds": round(time.perf_counter() - start, 2),
    }
    if kwargs.get("batch_size") == 1 and "batchnorm" in program.id:
        tail["spread_training"] = round(training_spread(model, x, y, 1), 4)
    targets = outputs(model, x, labels[0] if labels else y)
    parts = zip(program.task.split("+"), program.loss.split("+"), *targets, strict=True)
    records = [{"output": i} | measure(*part) | tail for i, part in enumerate(parts)]
    return finished(records, history)


def finished(records: list[dict[str, Any]], history: list[float]) -> list[dict[str, Any]]:
    """With what only the whole run can say: constant in training alone, and for how long flat."""
    if records[0]["status"] == "weak" and records[0].get("spread_training", 1) < 0.1:
        records[0]["status"] = "collapsed_in_training"
    if len(records) == 1 and "constant_loss" in records[0]:
        floor = 0.97 * records[0]["constant_loss"]
        flat = (i for i, loss in enumerate(history) if loss < floor)
        records[0]["flat_epochs"] = next(flat, len(history))
    return records


class Verify(OfPrograms):
    """What does each program do by itself?"""

    about = ABOUT
    seeds = (0, 1, 2)
    sets = ("programs",)
    key = ("program", "fixed", "seed")

    def jobs(self, options: argparse.Namespace) -> Iterator[Row]:
        """Every program as it is and, but for the healthy ones, fixed."""
        for program in self.programs(options):
            for seed in options.seeds:
                for fixed in [False] if program.is_healthy else [False, True]:
                    yield {"program": program.id, "fixed": fixed, "seed": seed}

    def run(self, job: Row) -> Row:
        """One fit."""
        program = catalogue()[job["program"]]
        return job | {"records": fitted(program, job["fixed"], job["seed"])}

    def line(self, row: Row) -> str:
        """One run, a line per output."""
        head = f"{row['program']:28} {'fixed' if row['fixed'] else 'as_is':6} {row['seed']}"
        lines = []
        for record in row["records"]:
            shown = {key: value for key, value in record.items() if key != "status"}
            lines.append(f"{head} {record['status']:10} {shown}")
        return "\n".join(lines)

    def summary(self, rows: list[Row]) -> list[str]:
        """How many outputs of which status there are in each variant."""
        counts: collections.Counter = collections.Counter()
        for row in rows:
            kind = "healthy" if row["program"].startswith("OK-") else "as is"
            counts.update(("fixed" if row["fixed"] else kind, r["status"]) for r in row["records"])
        return [f"{kind:8} {status:22} {n}" for (kind, status), n in sorted(counts.items())]

    def page(self, rows: list[Row]) -> str:
        """All records as one list of JSON, in the order of the registry."""
        order = list(catalogue())
        lines = []
        for row in sorted(rows, key=lambda r: (order.index(r["program"]), r["fixed"], r["seed"])):
            variant = "fixed" if row["fixed"] else "as_is"
            base = {"id": row["program"], "variant": variant, "seed": row["seed"]}
            lines += [json.dumps(base | record) for record in row["records"]]
        return "[\n" + ",\n".join(lines) + "\n]\n"


QUESTION = Verify()
