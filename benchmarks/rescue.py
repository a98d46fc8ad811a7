"""Skill at the end of collapsing programs: without help, with the usual help, and rescued.

    python benchmarks/rescue.py [--programs FILE ...] [--seeds 0 1 2] [--only ID ...]

Every program is trained for its own number of epochs with each kind of help, and with the published
fix. Skill is judged here from `predict` on the training rows, not by the library: R² for a
regression, accuracy above chance for classes (0 = the most frequent class, 1 = all right), the mean
over outputs. Only runs that end collapsed without help are counted.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
import time
import warnings
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras
import numpy as np
from detection import HERE, PROGRAMS, load
from expected_causes import ACCEPTABLE, DATA_FAULTS

import meancollapse as mc
from meancollapse.repair import plan, treatment

# Root causes that no change of weights, rates or scales can repair, by what would have to change...
NOT_THE_MODEL = {"imbalanced_target": "data", "no_gradient": "structure"}
NOT_THE_MODEL |= {"train_inference_gap": "structure", "output_activation": "activation"}
# ...and programs where the architecture, the batch size, a frozen layer or a loss inside a layer is
# at fault, whatever the cause is called.
STRUCTURE = {
    "GH-keras-4994",  # one sigmoid unit between an LSTM and ten classes
    "constant-zero-mask",
    "glove-all-oov",
    "layernorm-one-feature",
    "nan-siamese-distance",
    "sim-batchnorm-batch-1",
    "sim-frozen-zero-embedding",
    "sim-layernorm-one-feature",
    "sim-token-ids-as-numbers",
    "sim-vae-kl",
    "transformer-cls-causal",
}
ACTIVATION = {"AT-circle_explode_exp"}
# Targets of 0..255 in a loss of probabilities: invalid, which is told and never treated.
DATA = {"GH-keras-3642", "nan-missing-value"}
HELP = ("nothing", "plateau", "restart", "random", "rescue", "rescue+activations", "fix")
ENOUGH = 0.7
# Programs written by somebody who had not seen the library, in the order they were made.
PARTS = ("1", "2", "3a", "3b", "4a", "4b", "5a", "5b", "6a", "6b", "7a", "8a", "9a")
PARTS += ("10a", "10b", "11a", "12a", "12c")
BLIND = [f"unseen_{part}" for part in PARTS]
WHERE = {
    name: where
    for part in BLIND
    for name, where in importlib.import_module(f"programs_{part}").WHERE.items()
}
# A published fix with less skill than this is none.
LEAST = 0.1


class EpochTimes(keras.callbacks.Callback):
    """CPU seconds of every epoch, without what callbacks after this one do at its end."""

    def on_train_begin(self, logs=None):
        self.seconds = []

    def on_epoch_begin(self, epoch, logs=None):
        self.began = time.process_time()

    def on_epoch_end(self, epoch, logs=None):
        self.seconds.append(round(time.process_time() - self.began, 4))


class TimedRescue(mc.RescueOnCollapse):
    """Counts CPU seconds, which a busy machine leaves as they are."""

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        if self._rescuer is not None:
            self._rescuer.clock = time.process_time


class RandomRemedies(mc.RescueOnCollapse):
    """The control: as many rescues, chosen blindly from the same remedies."""

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        rng = np.random.default_rng(0)

        def propose(patient, allow_activation_changes=False):
            return [random_treatment(patient, rng)]

        if self._rescuer is not None:
            self._rescuer.propose = propose
            self._rescuer.gain = -np.inf


def random_treatment(patient, rng: np.random.Generator) -> treatment.Treatment:
    """One of the remedies, or two of them, with any setting."""
    weights = [treatment.KEEP, treatment.REINITIALISE]
    weights += [treatment.REWIND] if patient.had_skill else []
    return treatment.Treatment(
        weights=str(rng.choice(weights)),
        fold_inputs=bool(rng.random() < 0.5),
        scale_head=bool(rng.random() < 0.5),
        rate=float(patient.rate * 10 ** rng.uniform(-3, 3)),
        clip=plan.CLIP if rng.random() < 0.5 else None,
        ease=bool(rng.random() < 0.5),
    )


def helper(kind: str) -> list[keras.callbacks.Callback]:
    if kind == "plateau":
        return [keras.callbacks.ReduceLROnPlateau(monitor="loss")]
    if kind == "random":
        return [RandomRemedies(verbose=0)]
    if kind.startswith("rescue"):
        return [TimedRescue(allow_activation_changes="+" in kind, verbose=0)]
    return []


def skill(model: keras.Model, x: object, y: object, task: str, labels: object) -> float:
    """Mean over outputs of R² or accuracy above chance, on the training rows; −1 at worst."""
    predictions: Any = model.predict(x, verbose=0, batch_size=256)
    targets: Any = y if labels is None else labels
    if isinstance(targets, dict):  # tasks come in the order in which the program names the outputs
        predictions = [predictions[name] for name in targets]
        targets = list(targets.values())
    predictions, targets = keras.tree.flatten(predictions), keras.tree.flatten(targets)
    tasks = task.split("+") if "+" in task else [task] * len(predictions)
    found = []
    for prediction, target, kind in zip(predictions, targets, tasks, strict=False):
        # One answer at every step of a sequence: every step is a row.
        last = np.shape(prediction)[-1]
        by_step = kind == "multiclass" or (kind == "binary" and last == 1)
        p = np.asarray(prediction, np.float64).reshape(
            (-1, last) if by_step else (len(prediction), -1)
        )
        t = np.asarray(target, np.float64).reshape(len(p), -1)
        if not np.isfinite(p).all():
            found.append(-1.0)
        elif kind == "multiclass" or (kind == "binary" and p.shape[1] > 1):
            classes = t.argmax(1) if t.shape[1] > 1 else t[:, 0].astype(int)
            chance = np.bincount(classes).max() / len(classes)
            found.append((np.mean(p.argmax(1) == classes) - chance) / (1 - chance))
        elif kind == "binary":
            chance = max(np.mean(t > 0.5), np.mean(t <= 0.5))
            found.append((np.mean((p > 0.5) == (t > 0.5)) - chance) / (1 - chance))
        else:
            p = p[:, :1] * np.ones_like(t) if p.shape != t.shape else p
            found.append(1 - ((p - t) ** 2).sum() / ((t - t.mean(0)) ** 2).sum())
    return float(np.mean([max(-1.0, value) for value in found]))


def run(programs: dict, name: str, seed: int, kind: str) -> dict:
    """Train one program with one kind of help."""
    keras.backend.clear_session()
    start = seed + 1000 if kind == "restart" else seed
    keras.utils.set_random_seed(start)
    task, _, build = programs[name][:3]
    model, x, y, arguments, *labels = build(np.random.default_rng(seed), kind == "fix")
    if kind == "restart":
        keras.utils.set_random_seed(start)
    callbacks = helper(kind)
    own, times = arguments.pop("callbacks", []), EpochTimes()
    began = time.perf_counter()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(x, y, verbose=0, callbacks=[times, *own, *callbacks], **arguments)
    seconds = time.perf_counter() - began
    extra = labels[0] if labels else None
    rescues = [r.to_dict() for r in getattr(callbacks[0], "rescues", [])] if callbacks else []
    return {
        "program": name,
        "seed": seed,
        "help": kind,
        "skill": round(skill(model, x, y, task, extra), 4),
        "rescues": rescues,
        "notes": [str(w.message) for w in caught if isinstance(w.message, mc.MonitorWarning)],
        "seconds": round(seconds, 2),
        "epochs": times.seconds,
        "backend": keras.config.backend(),
    }


def group(name: str) -> str:
    """Where the fault lies: `"model"` is what a rescue promises to repair."""
    if name in DATA_FAULTS or name in DATA:
        return "data"
    if name in STRUCTURE | ACTIVATION:
        return "structure" if name in STRUCTURE else "activation"
    if name in WHERE:
        return WHERE[name]
    return NOT_THE_MODEL.get(ACCEPTABLE.get(name, ("",))[0], "model")


def is_collapsed(rows: dict[str, dict]) -> bool:
    """Whether a run without help ends with next to nothing of what a fix that works reaches."""
    fix = rows["fix"]["skill"]
    return fix >= LEAST and rows["nothing"]["skill"] < 0.25 * fix


def ratio(rows: dict[str, dict], kind: str) -> float:
    return rows[kind]["skill"] / max(rows["fix"]["skill"], 1e-9)


def summary(rows: list[dict]) -> list[str]:
    """For each group and kind of help: runs that reach 70 % of the fix's skill, and worse ones."""
    runs: dict[tuple[str, int], dict[str, dict]] = {}
    for row in rows:
        runs.setdefault((row["program"], row["seed"]), {})[row["help"]] = row
    runs = {key: run for key, run in runs.items() if {"nothing", "fix"} <= set(run)}
    lines = ["| fault in | help | reach 0.7 of the fix | median share | worse than without |"]
    lines.append("|---|---|---|---|---|")
    for where in ("model", "activation", "structure", "data"):
        chosen = [r for (name, _), r in runs.items() if group(name) == where and is_collapsed(r)]
        for kind in HELP[:-1]:
            with_kind = [r for r in chosen if kind in r]
            if not with_kind:
                continue
            shares = [ratio(r, kind) for r in with_kind]
            worse = sum(r[kind]["skill"] < r["nothing"]["skill"] - 0.02 for r in with_kind)
            good = sum(share >= ENOUGH for share in shares)
            reached, middle = f"{good} of {len(shares)}", float(np.median(shares))
            lines.append(f"| {where} | {kind} | {reached} | {middle:.2f} | {worse} |")
    return lines


def cost(rows: list[dict]) -> list[str]:
    """CPU time a rescue takes, what the next epoch takes more for it included, in epochs."""
    found = []
    for row in rows:
        if not row["help"].startswith("rescue") or not row.get("epochs"):
            continue
        usual = float(np.median(row["epochs"]))
        for rescue in row["rescues"]:
            after = row["epochs"][rescue["epoch"] + 1 : rescue["epoch"] + 2] or [usual]
            seconds = rescue["seconds"] + max(0.0, after[0] - usual)
            found.append((seconds, usual, row["epochs"][0]))
    if not found:
        return []
    seconds, epochs, first = np.array(found).T
    lines = ["| attempts | runs with epochs of | median seconds | median epochs | within 2 epochs "]
    lines[0] += "| within 2 first epochs |"
    lines.append("|---|---|---|---|---|---|")
    lengths = [("any length", 0, np.inf), ("under 0.3 s", 0, 0.3), ("0.3 to 1 s", 0.3, 1)]
    for words, low, high in [*lengths, ("1 s and more", 1, np.inf)]:
        part = (epochs >= low) & (epochs < high)
        if not part.any():
            continue
        ratio_, to_first = seconds[part] / epochs[part], seconds[part] / first[part]
        middle = f"{np.median(seconds[part]):.1f} | {np.median(ratio_):.1f}"
        shares = f"{np.mean(ratio_ <= 2):.0%} | {np.mean(to_first <= 2):.0%}"
        lines.append(f"| {part.sum()} | {words} | {middle} | {shares} |")
    return lines


def table(rows: list[dict]) -> list[str]:
    lines = ["| program | fault in | seed | " + " | ".join(HELP) + " |"]
    lines.append("|---" * (3 + len(HELP)) + "|")
    runs: dict[tuple[str, int], dict[str, dict]] = {}
    for row in rows:
        runs.setdefault((row["program"], row["seed"]), {})[row["help"]] = row
    for (name, seed), run_ in runs.items():
        cells = [f"{run_[kind]['skill']:.2f}" if kind in run_ else "" for kind in HELP]
        lines.append(f"| {name} | {group(name)} | {seed} | " + " | ".join(cells) + " |")
    return lines


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--programs",
        nargs="*",
        type=Path,
        default=[
            *PROGRAMS,
            *(HERE / f"programs_{name}.py" for name in ("by_cause", *BLIND, "long_epochs")),
        ],
    )
    parser.add_argument("--seeds", nargs="*", type=int, default=[0])
    parser.add_argument("--only", nargs="*", help="run programs whose id contains one of these")
    parser.add_argument("--where", nargs="*", help="run programs whose fault lies there")
    parser.add_argument("--help-with", nargs="*", default=list(HELP), choices=HELP)
    parser.add_argument("--out", type=Path, help="append one JSON line per run")
    parser.add_argument("--merge", nargs="*", type=Path, help="report these files, run nothing")
    parser.add_argument("--report", type=Path, help="write the page of the documentation")
    options = parser.parse_args()
    rows = []
    for path in options.merge or []:
        rows += [json.loads(text) for text in path.read_text().splitlines()]
    rows = list({(row["program"], row["seed"], row["help"]): row for row in rows}.values())
    if not options.merge:
        programs = {key: value for path in options.programs for key, value in load(path).items()}
        for name in programs:
            if name.startswith(("OK-", "NOISE-")):
                continue
            if options.only and not any(part in name for part in options.only):
                continue
            if options.where and group(name) not in options.where:
                continue
            for seed in options.seeds:
                for kind in options.help_with:
                    try:
                        row = run(programs, name, seed, kind)
                    except Exception as error:  # a program that does not run here is no result
                        print(f"{name} {seed} {kind}: {type(error).__name__}: {error}", flush=True)
                        continue
                    rows.append(row)
                    did = ", ".join(r["outcome"] for r in row["rescues"])
                    print(
                        f"{name:34} {seed} {kind:20} {row['skill']:7.3f} {row['seconds']:7.1f}s "
                        f"{did} {' '.join(row['notes'])[:300]}",
                        flush=True,
                    )
                    if options.out:
                        with options.out.open("a") as file:
                            file.write(json.dumps(row) + "\n")
    print("\n".join(["", *table(rows), "", *summary(rows), "", *cost(rows)]))
    print(f"keras {keras.__version__}, backend {keras.config.backend()}, {sys.platform}")
    if options.report:
        options.report.parent.mkdir(parents=True, exist_ok=True)
        options.report.write_text(
            "\n".join(
                [
                    "# Rescue",
                    "",
                    __doc__.strip(),
                    "",
                    *summary(rows),
                    "",
                    *cost(rows),
                    "",
                    *table(rows),
                    "",
                ]
            )
        )


if __name__ == "__main__":
    main()
