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
PROGRAMS = [HERE / "cases.py", HERE / "programs.py"]
RESULTS = ("hit", "MISS", "quiet", "FALSE ALARM")
HOW = f"""Made by `python benchmarks/detection.py` with Keras {keras.__version__} on
{keras.config.backend()}. *hit*: the run ended collapsed (judged from `predict` alone) and was
warned of. *MISS*: it ended collapsed and was not. *quiet*: it did not collapse and nothing was
said, or it was noise and `no_signal` was said. *FALSE ALARM*: anything else. `OK-` and *fixed* must
never be warned of.

The rules were changed after seeing five of these programs judged wrongly: SO-48221692,
sim-labels-1-2, sim-frozen-zero-embedding and sim-deep-sigmoid-cnn were missed at first, and an
earlier OK-fast-sine (sin 8x) gave a false alarm. The others had no part in the rules.
"""


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
        # One answer at every step of a sequence: every step is a row.
        last = np.shape(prediction)[-1]
        by_step = task == "multiclass" or (task == "binary" and last == 1)
        p = np.asarray(prediction, np.float64).reshape(
            (-1, last) if by_step else (len(prediction), -1)
        )
        t = np.asarray(target, np.float64).reshape(len(p), -1)
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
    task, _, build = programs[name][:3]
    model, x, y, arguments, *labels = build(np.random.default_rng(seed), fixed)
    watch, own = mc.WarnOnCollapse(), arguments.pop("callbacks", [])
    started = time.perf_counter()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(x, y, verbose=0, callbacks=[*own, watch], **arguments)
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


def line(row: dict) -> str:
    """One run as a line of the printed table."""
    at = "" if row["epoch"] is None else f"{row['epoch'] + 1}/{row['epochs']}"
    variant = "fixed" if row["fixed"] else "as is"
    return (
        f"{row['program']:34} {variant:7} {row['seed']:4} {row['result']:12} "
        f"{row['warned'] or '-':10} {at:6} {row['numbers']} [{row['last_state']}] {row['seconds']}s"
        + (f" NOTES {row['notes']}" if row["notes"] else "")
    )


def summary(rows: list[dict]) -> list[str]:
    """Recall and false alarms, and the epoch of detection as a share of the run."""
    count = {r: sum(row["result"] == r for row in rows) for r in RESULTS}
    hits = [row for row in rows if row["result"] == "hit"]
    share = sorted((row["epoch"] + 1) / row["epochs"] for row in hits) or [float("nan")]
    steps = sorted(row["steps"] * (row["epoch"] + 1) // row["epochs"] for row in hits) or [0]
    return [
        f"* collapsed runs warned of: {count['hit']} of {count['hit'] + count['MISS']}",
        f"* false alarms: {count['FALSE ALARM']} of {count['quiet'] + count['FALSE ALARM']} runs "
        "that did not collapse, or had nothing to learn",
        f"* first warning: after {steps[len(steps) // 2]} steps, "
        f"{share[len(share) // 2]:.0%} of the run (medians)",
    ]


def report(rows: list[dict]) -> str:
    """The benchmark as a page: summary, then one line per program and variant."""
    groups: dict[tuple[str, bool], list[dict]] = {}
    for row in rows:
        groups.setdefault((row["program"], row["fixed"]), []).append(row)
    table = [
        "| program | variant | results by seed | warned in epoch | of |",
        "|---|---|---|---|---|",
    ]
    for (name, fixed), runs in groups.items():
        results = ", ".join(run["result"] for run in runs)
        epochs = ", ".join("-" if r["epoch"] is None else str(r["epoch"] + 1) for r in runs)
        variant = "fixed" if fixed else "as is"
        table.append(f"| {name} | {variant} | {results} | {epochs} | {runs[0]['epochs']} |")
    return "\n".join(["# Detection", "", HOW, "", *summary(rows), "", *table, ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--programs", nargs="*", type=Path, default=PROGRAMS)
    parser.add_argument("--seeds", nargs="*", type=int, default=[0, 1, 2])
    parser.add_argument("--only", nargs="*", help="run programs whose id contains one of these")
    parser.add_argument("--out", type=Path, help="append one JSON line per run")
    parser.add_argument("--merge", nargs="*", type=Path, help="report these files, run nothing")
    parser.add_argument("--report", type=Path, help="write the page of the documentation")
    options = parser.parse_args()
    rows = []
    for path in options.merge or []:
        rows += [json.loads(text) for text in path.read_text().splitlines()]
    # The same run in two files: the later one counts.
    rows = list({(row["program"], row["fixed"], row["seed"]): row for row in rows}.values())
    for row in rows:
        row["result"] = verdict_of(row)
    if not options.merge:
        programs = {key: value for path in options.programs for key, value in load(path).items()}
        for name in programs:
            if options.only and not any(part in name for part in options.only):
                continue
            for fixed in [False] if name.startswith(("OK-", "NOISE-")) else [False, True]:
                for seed in options.seeds:
                    row = run(programs, name, seed, fixed)
                    row["result"] = verdict_of(row)
                    rows.append(row)
                    print(line(row), flush=True)
                    if options.out:
                        with options.out.open("a") as file:
                            file.write(json.dumps(row) + "\n")
    print("\n".join(["", *summary(rows)]))
    print(f"keras {keras.__version__}, backend {keras.config.backend()}, {sys.platform}")
    if options.report:
        options.report.parent.mkdir(parents=True, exist_ok=True)
        options.report.write_text(report(rows))


if __name__ == "__main__":
    main()
