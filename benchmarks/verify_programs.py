"""Fit every program of ``programs.py`` plainly, without any callback, and record what it does.

``python benchmarks/verify_programs.py [--seeds 0 1 2] [--only TEXT ...] [--skip-done]``

One record per output, variant and seed goes to ``programs_verified.json``:

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
recall is 0.2 above chance. Records of programs not run again are kept.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
from keras import ops
from programs import P
from scipy.optimize import minimize_scalar
from scipy.special import xlogy

HERE = Path(__file__).parent
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
    return multiclass(t.astype(int).ravel(), np.c_[1 - p.ravel(), p.ravel()])


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
        if task == "multilabel":
            each = [binary(tc, pc) for tc, pc in zip(t.T, p.T, strict=True)]
            got = {k: np.mean([e[k] for e in each]) for k in each[0]}
        elif task == "binary":
            got = binary(t, p)
        else:
            one_hot = t.shape == p.shape
            got = multiclass(
                (t.argmax(-1) if one_hot else t).astype(int).ravel(), p.reshape(-1, p.shape[-1])
            )
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


def tensors(x: Any) -> Any:
    return keras.tree.map_structure(ops.convert_to_tensor, x)


def run(name: str, fixed: bool, seed: int) -> list[dict[str, Any]]:
    """One fit; a record per output."""
    task, loss, build = P[name]
    keras.utils.clear_session()
    rng = np.random.default_rng(seed)
    keras.utils.set_random_seed(seed)
    start = time.perf_counter()
    model, x, y, kwargs, *labels = build(rng, fixed)
    history = model.fit(x, y, verbose=0, **kwargs).history["loss"]
    seconds = time.perf_counter() - start
    truth = labels[0] if labels else y
    pred = keras.tree.map_structure(ops.convert_to_numpy, model(tensors(x), training=False))
    if isinstance(truth, dict):
        truth, pred = list(truth.values()), [pred[k] for k in truth]
    if not isinstance(truth, list):
        truth, pred = [truth], [pred]
    base = {"id": name, "variant": "fixed" if fixed else "as_is", "seed": seed}
    tail = {
        "loss_first": float(f"{history[0]:.5g}"),
        "loss_last": float(f"{history[-1]:.5g}"),
        "steps": int(model.optimizer.iterations),
        "seconds": round(seconds, 2),
    }
    if kwargs.get("batch_size") == 1 and "batchnorm" in name:
        tail["spread_training"] = round(training_spread(model, x, y, 1), 4)
    parts = zip(task.split("+"), loss.split("+"), truth, pred, strict=True)
    records = [base | {"output": i} | measure(*part) | tail for i, part in enumerate(parts)]
    if records[0]["status"] == "weak" and tail.get("spread_training", 1) < 0.1:
        records[0]["status"] = "collapsed_in_training"
    if len(records) == 1 and "constant_loss" in records[0]:
        floor = 0.97 * records[0]["constant_loss"]
        records[0]["flat_epochs"] = next(
            (i for i, v in enumerate(history) if v < floor), len(history)
        )
    return records


def main() -> None:
    args = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    args.add_argument("--seeds", type=int, nargs="*", default=[0, 1, 2])
    args.add_argument("--only", nargs="*", default=[""], help="run ids that contain one of these")
    args.add_argument("--skip-done", action="store_true", help="only what is not recorded yet")
    args.add_argument("--out", type=Path, default=HERE / "programs_verified.json")
    opts = args.parse_args()
    old = json.loads(opts.out.read_text()) if opts.out.exists() else []
    names = [n for n in P if any(text in n for text in opts.only)]
    jobs = [
        (n, fixed, seed)
        for n in names
        for seed in opts.seeds
        for fixed in (False, True)
        if not (fixed and n.startswith(("OK-", "NOISE-")))
    ]
    done = {(r["id"], r["variant"], r["seed"]) for r in old if opts.skip_done}
    for name, fixed, seed in jobs:
        variant = "fixed" if fixed else "as_is"
        if (name, variant, seed) in done:
            continue
        new = run(name, fixed, seed)
        old = [
            r
            for r in old
            if (r["id"], r["variant"], r["seed"]) != (name, variant, seed) and r["id"] in P
        ] + new
        order = list(P)
        old.sort(key=lambda r: (order.index(r["id"]), r["variant"], r["seed"], r["output"]))
        opts.out.write_text("[\n" + ",\n".join(json.dumps(r) for r in old) + "\n]\n")
        for r in new:
            shown = {k: v for k, v in r.items() if k not in ("id", "variant", "seed", "status")}
            print(f"{name:28} {variant:6} {seed} {r['status']:10} {shown}", flush=True)


if __name__ == "__main__":
    main()
