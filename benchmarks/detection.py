"""Recall, false alarms and epoch of detection on collapsing programs and healthy controls.

    python benchmarks/detection.py [--programs FILE ...] [--seeds 0 1 2] [--only ID ...]

A run counts as collapsed when, after `fit`, its predictions on the training rows have skill < 0.05
with spread < 0.1, or (classes) one class or chance accuracy: judged here from `predict` alone, not
by the library. Writes one JSON line per run to `--out` and prints the table.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import sys
import time
import warnings
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras
import numpy as np

import meancollapse as mc

HERE = Path(__file__).resolve().parent


def load(path: Path) -> dict:
    """The dict `P` of programs in a file."""
    spec = importlib.util.spec_from_file_location(path.stem + "_programs", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.P


def truth(model: keras.Model, x: object, y: object, task: str, labels: object) -> tuple[bool, str]:
    """Whether the trained model's predictions are a constant, and the numbers that say so."""
    predictions = keras.tree.flatten(model.predict(x, verbose=0, batch_size=256))
    targets = keras.tree.flatten(y if labels is None else labels)
    worst, words = False, []
    for prediction, target in zip(predictions, targets, strict=False):
        p = np.asarray(prediction, np.float64).reshape(len(prediction), -1)
        t = np.asarray(target, np.float64).reshape(len(prediction), -1)
        if not np.isfinite(p).all():
            return True, "non-finite"
        if task == "multiclass" or (task == "binary" and p.shape[1] > 1):
            classes = t.argmax(1) if t.shape[1] > 1 else t[:, 0].astype(int)
            guesses = p.argmax(1)
            accuracy, chance = np.mean(guesses == classes), np.bincount(classes).max() / len(t)
            gone = len(np.unique(guesses)) == 1 or accuracy < chance + 0.02
            words.append(f"acc {accuracy:.3f} (chance {chance:.3f})")
        elif task == "binary":
            accuracy, chance = np.mean((p > 0.5) == (t > 0.5)), max(t.mean(), 1 - t.mean())
            skill = 1 - ((p - t) ** 2).sum() / ((t - t.mean(0)) ** 2).sum()
            gone = accuracy < chance + 0.02 and skill < 0.05
            words.append(f"acc {accuracy:.3f} (chance {chance:.3f}) spread {p.std() / t.std():.2g}")
        else:
            p = p[:, :1] * np.ones_like(t) if p.shape != t.shape else p
            r2 = 1 - ((p - t) ** 2).sum() / ((t - t.mean(0)) ** 2).sum()
            spread = np.sqrt(p.var(0).sum() / t.var(0).sum())
            gone = r2 < 0.05 and spread < 0.1
            words.append(f"R2 {r2:.3g} spread {spread:.2g}")
        worst |= bool(gone)
    return worst, "; ".join(words)


def run(programs: dict, name: str, seed: int, fixed: bool) -> dict:
    """Train one program with `WarnOnCollapse` and compare the warning with the truth."""
    keras.backend.clear_session()
    keras.utils.set_random_seed(seed)
    task, _, build = programs[name]
    model, x, y, arguments, *labels = build(np.random.default_rng(seed), fixed)
    watch = mc.WarnOnCollapse()
    started = time.perf_counter()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(x, y, verbose=0, callbacks=[watch], **arguments)
    seconds = time.perf_counter() - started
    warned = [w.message for w in caught if isinstance(w.message, mc.CollapseWarning)]
    notes = [str(w.message) for w in caught if isinstance(w.message, mc.MonitorWarning)]
    collapsed, numbers = truth(model, x, y, task, labels[0] if labels else None)
    first = warned[0].verdict if warned else None
    return {
        "program": name,
        "fixed": fixed,
        "seed": seed,
        "collapsed": collapsed,
        "numbers": numbers,
        "warned": first.state if first else None,
        "epoch": first.epoch if first else None,
        "epochs": len(watch.history),
        "steps": watch.history[-1].steps if watch.history else 0,
        "last_state": watch.verdicts[-1].state if watch.verdicts else None,
        "message": first.message if first else "",
        "notes": notes,
        "seconds": round(seconds, 2),
    }


def verdict_of(row: dict) -> str:
    """hit, miss, FALSE ALARM or quiet; `no_signal` is right for noise."""
    noise = row["program"].startswith("NOISE-") or row["program"] in ("OK-purenoise", "seed-noise")
    if noise:
        return "quiet" if row["warned"] in (None, "no_signal") else "FALSE ALARM"
    healthy = row["fixed"] or row["program"].startswith("OK-")
    if row["warned"]:
        return "FALSE ALARM" if healthy or not row["collapsed"] else "hit"
    return "MISS" if row["collapsed"] and not healthy else "quiet"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programs", nargs="*", type=Path, default=[HERE / "programs.py"])
    parser.add_argument("--seeds", nargs="*", type=int, default=[0, 1, 2])
    parser.add_argument("--only", nargs="*")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    programs = {key: value for path in options.programs for key, value in load(path).items()}
    names = [n for n in programs if not options.only or any(o in n for o in options.only)]
    rows = []
    print(f"{'program':34} variant seed result       warned     epoch  truth")
    for name in names:
        variants = [False] if name.startswith(("OK-", "NOISE-")) else [False, True]
        for fixed in variants:
            for seed in options.seeds:
                row = run(programs, name, seed, fixed)
                row["result"] = verdict_of(row)
                rows.append(row)
                at = "" if row["epoch"] is None else f"{row['epoch'] + 1}/{row['epochs']}"
                print(
                    f"{name:34} {'fixed' if fixed else 'as is':7} {seed:4} {row['result']:12} "
                    f"{row['warned'] or '-':10} {at:6} {row['numbers']} [{row['last_state']}]"
                    f"{' NOTES ' + str(row['notes'])[:300] if row['notes'] else ''} {row['seconds']}s",
                    flush=True,
                )
                if options.out:
                    with options.out.open("a") as file:
                        file.write(json.dumps(row) + "\n")
    hits = sum(r["result"] == "hit" for r in rows)
    misses = sum(r["result"] == "MISS" for r in rows)
    quiet = sum(r["result"] == "quiet" for r in rows)
    alarms = sum(r["result"] == "FALSE ALARM" for r in rows)
    print(f"\ncollapsed runs warned of: {hits} of {hits + misses}")
    print(f"false alarms: {alarms} of {quiet + alarms} runs that did not collapse")
    print(f"keras {keras.__version__}, backend {keras.config.backend()}, {sys.platform}")


if __name__ == "__main__":
    main()
