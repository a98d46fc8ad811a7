"""Which cause is named for programs whose fault is known, and the confusion table.

    python -m benchmarks causes [--sets SET ...] [--seeds 0 1] [--only ID ...]

What an expert would accept for each program was written by somebody who did not know the rules; it
stands beside the program. A run counts when it ended collapsed (judged from `predict` alone, as for
detection) and was warned of.
"""

from __future__ import annotations

import argparse
import collections
from collections.abc import Iterator

import keras

from benchmarks.programs import catalogue

from .asking import OfPrograms, Row
from .watching import watched

ABOUT = __doc__ or ""

# Causes that blame data or loss; naming another with this strength there is "confidently wrong".
CONFIDENT = 0.8
JUDGED = ("right", "WRONG", "silent")
HOW = f"""Made by `python -m benchmarks causes` with Keras {keras.__version__} on
{keras.config.backend()}. *expected* is the published cause, *named* the primary cause of the first
warning; *right* when an expert accepts it (`causes` in `benchmarks/programs/`: the published cause
or an equivalent explanation). *missed* runs collapsed and were not warned of; they have no cause to
judge.

The 68 programs of the set "by_cause" were written, and the accepted causes noted, by somebody
who did not know the rules. Before any rule was changed after seeing them, 54 of 62 runs were
right (87 %), two had no cause, and one fault of the data was blamed on the model. Rules were then
changed for relu-threshold-3, sigmoid-positive-weights, input-pascal-gru, constant-zero-mask,
imbalance-mae-pixels, zeros-reset-weights, penalty-max-norm, blocked-wrong-branch, penalty-
embedding-l2, gap-own-dropout and gap-own-batchnorm, so the table below flatters them. Of the
other programs nine had a part in the rules: AT-circle_dying_relu, GH-keras-5992, DS-19365, sim-
label-smoothing-1, sim-two-outputs-scale, sim-attention-rate, sim-broadcast-compute-loss, AT-blob-
sigmoid-sgd and sim-layernorm-one-feature.
"""


def accepted(row: Row) -> tuple[str, ...]:
    """The causes an expert would accept, the published one first."""
    return catalogue()[row["program"]].causes


def verdict_of(row: Row) -> str:
    """right, WRONG, silent (warned, no cause), missed (collapsed, not warned) or no collapse."""
    if not row["collapsed"]:
        return "no collapse"
    if row["state"] is None:
        # Where there is nothing to learn, silence is right as well.
        return "no collapse" if accepted(row) == ("no_signal",) else "missed"
    if row["cause"] is None:
        return "silent"
    return "right" if row["cause"] in accepted(row) else "WRONG"


def is_confidently_wrong(row: Row) -> bool:
    """Whether the model was blamed, firmly, for a fault of the data."""
    firm = bool(row["findings"]) and row["findings"][0][1] >= CONFIDENT
    return verdict_of(row) == "WRONG" and firm and catalogue()[row["program"]].is_data_fault


def confusion(rows: list[Row]) -> list[str]:
    """Expected cause by named cause, counted in runs."""
    counts: dict[str, collections.Counter] = collections.defaultdict(collections.Counter)
    for row in rows:
        if verdict_of(row) in JUDGED:
            mark = "" if verdict_of(row) == "right" else "!"
            counts[accepted(row)[0]][(row["cause"] or "none") + mark] += 1
    lines = ["| expected | runs | named (`!` not accepted) |", "|---|---|---|"]
    for expected in sorted(counts):
        named = ", ".join(f"{cause} {n}" for cause, n in counts[expected].most_common())
        lines.append(f"| {expected} | {sum(counts[expected].values())} | {named} |")
    return lines


def shares(rows: list[Row]) -> list[str]:
    """Shares of right causes, overall and per expected cause."""
    judged = [row for row in rows if verdict_of(row) in JUDGED]
    right = sum(verdict_of(row) == "right" for row in judged)
    firm = [row["program"] for row in judged if is_confidently_wrong(row)]
    missed = sum(verdict_of(row) == "missed" for row in rows)
    return [
        f"* primary cause accepted: {right} of {len(judged)} collapsed runs that were warned of"
        f" ({right / max(1, len(judged)):.0%})",
        f"* no cause named: {sum(verdict_of(row) == 'silent' for row in judged)}",
        f"* a confident wrong cause where data or loss is at fault: {len(firm)} {firm or ''}",
        f"* collapsed, not warned of: {missed}",
    ]


class Causes(OfPrograms):
    """Is the right cause named?"""

    about = ABOUT
    sets = ("cases", "programs", "by_cause")

    def jobs(self, options: argparse.Namespace) -> Iterator[Row]:
        """Every program with a known cause, as published."""
        for program in self.programs(options):
            for seed in options.seeds if program.causes else []:
                yield {"program": program.id, "seed": seed}

    def run(self, job: Row) -> Row:
        """Train one program as published and note the causes of its first warning."""
        program = catalogue()[job["program"]]
        run = watched(program, job["seed"], fixed=False)
        asked = [v for v in run.verdicts if v.output == (program.output or v.output)]
        first = asked[0] if asked else None
        found = [(f.cause, f.strength, f.layer) for f in first.findings] if first else []
        return job | {
            "collapsed": run.collapsed,
            "numbers": run.numbers,
            "state": first.state if first else None,
            "cause": first.cause if first else None,
            "findings": found,
            "message": first.message if first else "",
            "notes": run.notes,
            "epoch": first.epoch if first else None,
            "seconds": run.seconds,
        }

    def line(self, row: Row) -> str:
        """One run as a line of the printed table."""
        found = " ".join(f"{cause}:{strength:.2f}" for cause, strength, _ in row["findings"][:4])
        return f"{verdict_of(row):11} {row['program']:32} {row['numbers'][:40]:40} {found}"

    def summary(self, rows: list[Row]) -> list[str]:
        """Shares and the confusion table."""
        return [*shares(rows), "", *confusion(rows)]

    def page(self, rows: list[Row]) -> str:
        """The benchmark as a page."""
        table = ["| program | expected | named | result |", "|---|---|---|---|"]
        for row in sorted(rows, key=lambda r: (r["program"], r["seed"])):
            expected, named = ", ".join(accepted(row)), row["cause"] or "-"
            table.append(f"| {row['program']} | {expected} | {named} | {verdict_of(row)} |")
        return "\n".join(["# Causes", "", HOW, "", *self.summary(rows), "", *table, ""])


QUESTION = Causes()
