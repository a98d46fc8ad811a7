"""Recall, false alarms and epoch of detection on collapsing programs and healthy controls.

    python -m benchmarks detection [--sets SET ...] [--seeds 0 1 2] [--only ID ...]

A run counts as collapsed when, after `fit`, its predictions on the training rows have skill < 0.05
with spread < 0.1, or (classes) one class or chance accuracy: judged here from `predict` alone, not
by the library.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator

import keras

from benchmarks.programs import catalogue

from .asking import OfPrograms, Row
from .watching import watched

ABOUT = __doc__ or ""

RESULTS = ("hit", "MISS", "quiet", "FALSE ALARM")
HOW = f"""Made by `python -m benchmarks detection` with Keras {keras.__version__} on
{keras.config.backend()}. *hit*: the run ended collapsed (judged from `predict` alone) and was
warned of. *MISS*: it ended collapsed and was not. *quiet*: it did not collapse and nothing was
said, or it was noise and `no_signal` was said. *FALSE ALARM*: anything else. `OK-` and *fixed* must
never be warned of.

The rules were changed after seeing five of these programs judged wrongly: SO-48221692,
sim-labels-1-2, sim-frozen-zero-embedding and sim-deep-sigmoid-cnn were missed at first, and an
earlier OK-fast-sine (sin 8x) gave a false alarm. The others had no part in the rules.
"""


def verdict_of(row: Row) -> str:
    """hit, miss, FALSE ALARM or quiet; `no_signal` is right for noise."""
    if catalogue()[row["program"]].is_noise:
        return "quiet" if row["warned"] in (None, "no_signal") else "FALSE ALARM"
    healthy = row["fixed"] or row["program"].startswith("OK-")
    if row["warned"]:
        return "FALSE ALARM" if healthy or not row["collapsed"] else "hit"
    return "MISS" if row["collapsed"] and not healthy else "quiet"


def table(rows: list[Row]) -> list[str]:
    """One line per program and variant."""
    groups: dict[tuple[str, bool], list[Row]] = {}
    for row in rows:
        groups.setdefault((row["program"], row["fixed"]), []).append(row)
    lines = [
        "| program | variant | results by seed | warned in epoch | of |",
        "|---|---|---|---|---|",
    ]
    for (name, fixed), runs in groups.items():
        results = ", ".join(verdict_of(run) for run in runs)
        epochs = ", ".join("-" if r["epoch"] is None else str(r["epoch"] + 1) for r in runs)
        variant = "fixed" if fixed else "as is"
        lines.append(f"| {name} | {variant} | {results} | {epochs} | {runs[0]['epochs']} |")
    return lines


class Detection(OfPrograms):
    """Is a collapse warned of, and nothing else?"""

    about = ABOUT
    seeds = (0, 1, 2)
    sets = ("cases", "programs")
    key = ("program", "fixed", "seed")

    def jobs(self, options: argparse.Namespace) -> Iterator[Row]:
        """Every program as it is and, but for the healthy ones, fixed."""
        for program in self.programs(options):
            for fixed in [False] if program.is_healthy else [False, True]:
                for seed in options.seeds:
                    yield {"program": program.id, "fixed": fixed, "seed": seed}

    def run(self, job: Row) -> Row:
        """Train one variant with `WarnOnCollapse` and compare the warning with the truth."""
        run = watched(catalogue()[job["program"]], job["seed"], job["fixed"])
        first = run.verdicts[0] if run.verdicts else None
        history, said = run.watch.history, run.watch.verdicts
        return job | {
            "collapsed": run.collapsed,
            "numbers": run.numbers,
            "warned": first.state if first else None,
            "epoch": first.epoch if first else None,
            "epochs": len(history),
            "steps": history[-1].steps if history else 0,
            "last_state": said[-1].state if said else None,
            "message": first.message if first else "",
            "notes": run.notes,
            "seconds": run.seconds,
        }

    def line(self, row: Row) -> str:
        """One run as a line of the printed table."""
        at = "" if row["epoch"] is None else f"{row['epoch'] + 1}/{row['epochs']}"
        variant = "fixed" if row["fixed"] else "as is"
        return (
            f"{row['program']:34} {variant:7} {row['seed']:4} {verdict_of(row):12} "
            f"{row['warned'] or '-':10} {at:6} {row['numbers']} [{row['last_state']}] "
            f"{row['seconds']}s" + (f" NOTES {row['notes']}" if row["notes"] else "")
        )

    def summary(self, rows: list[Row]) -> list[str]:
        """Recall and false alarms, and the epoch of detection as a share of the run."""
        results = [verdict_of(row) for row in rows]
        count = {r: results.count(r) for r in RESULTS}
        hits = [row for row, result in zip(rows, results, strict=True) if result == "hit"]
        share = sorted((row["epoch"] + 1) / row["epochs"] for row in hits) or [float("nan")]
        steps = sorted(row["steps"] * (row["epoch"] + 1) // row["epochs"] for row in hits) or [0]
        return [
            f"* collapsed runs warned of: {count['hit']} of {count['hit'] + count['MISS']}",
            f"* false alarms: {count['FALSE ALARM']} of {count['quiet'] + count['FALSE ALARM']} "
            "runs that did not collapse, or had nothing to learn",
            f"* first warning: after {steps[len(steps) // 2]} steps, "
            f"{share[len(share) // 2]:.0%} of the run (medians)",
        ]

    def page(self, rows: list[Row]) -> str:
        """Summary, then one line per program and variant."""
        return "\n".join(["# Detection", "", HOW, "", *self.summary(rows), "", *table(rows), ""])


QUESTION = Detection()
