"""What watching costs: plain `fit`, ours, TensorBoard histograms, the usual gradient recipe.

    python -m benchmarks overhead [--seeds 0 1 2 3 4] [--report FILE]

Four trainings of the same model run in alternation in one process, each from fresh weights; the
first two epochs (compilation) are kept apart, the median of the others is compared. Reported are
medians over rounds (one per seed) of the ratio to the plain run of the same round. Peak memory is
of a process of its own per kind.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import keras
import numpy as np

import meancollapse as mc

from .asking import Question, Row, is_wanted

ABOUT = __doc__ or ""

KINDS = ("plain", "WarnOnCollapse", "TensorBoard(histogram_freq=1)", "GradientTape at epoch end")
EPOCHS = 5
HEAD = (
    "| model | kind | CPU time ÷ plain | wall time ÷ plain | first epoch, s | peak MiB |",
    "|---|---|---|---|---|---|",
)
Built = tuple[keras.Model, np.ndarray, np.ndarray]


def mlp() -> Built:
    """The smallest model anybody trains: two layers of 32 units, 400 steps of 32 rows."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(12_800, 10)).astype("float32")
    y = (x[:, :1] + x[:, 1:2] ** 2).astype("float32")
    model = keras.Sequential(
        [keras.Input((10,)), *[keras.layers.Dense(32, activation="relu") for _ in range(2)]]
    )
    model.add(keras.layers.Dense(1))
    model.compile(keras.optimizers.Adam(1e-3), "mse")
    return model, x, y


def cnn() -> Built:
    """Three convolutions on 32 x 32 images, 64 steps of 32 rows."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2048, 32, 32, 1)).astype("float32")
    y = x[:, 8:16, 8:16].mean((1, 2)) * 8
    model = keras.Sequential([keras.Input((32, 32, 1))])
    for filters in (16, 32, 64):
        model.add(keras.layers.Conv2D(filters, 3, strides=2, padding="same", activation="relu"))
    model.add(keras.layers.Flatten())
    model.add(keras.layers.Dense(1))
    model.compile(keras.optimizers.Adam(1e-3), "mse")
    return model, x, y.astype("float32")


def transformer() -> Built:
    """Two attention blocks of width 32 on 24 tokens, 64 steps of 32 rows."""
    tokens = np.random.default_rng(0).integers(0, 50, (2048, 24))
    labels = (tokens == 7).sum(1) > (tokens == 8).sum(1)
    inputs = keras.Input((24,), dtype="int32")
    x = keras.layers.Embedding(50, 32)(inputs)
    for _ in range(2):
        attended = keras.layers.MultiHeadAttention(4, 8)(x, x)
        x = keras.layers.LayerNormalization()(x + attended)
        x = keras.layers.LayerNormalization()(x + keras.layers.Dense(32, activation="relu")(x))
    x = keras.layers.GlobalAveragePooling1D()(x)
    model = keras.Model(inputs, keras.layers.Dense(1, activation="sigmoid")(x))
    model.compile(keras.optimizers.Adam(1e-3), "binary_crossentropy")
    return model, tokens, labels.astype("float32")[:, None]


MODELS: dict[str, Callable[[], Built]] = {"MLP": mlp, "CNN": cnn, "Transformer": transformer}


class TapeAtEpochEnd(keras.callbacks.Callback):
    """The recipe everyone copies: an eager gradient over a fixed part of the data."""

    def __init__(self, x: np.ndarray, y: np.ndarray):
        super().__init__()
        self.x, self.y = x[:1024], y[:1024]

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Put the norm of the gradient into the logs."""
        import tensorflow as tf

        with tf.GradientTape() as tape:
            loss = self.model.compute_loss(
                y=tf.constant(self.y), y_pred=self.model(self.x, training=True)
            )
        gradients = tape.gradient(loss, self.model.trainable_variables)
        logs["grad_norm"] = float(tf.linalg.global_norm(gradients))


class Clock(keras.callbacks.Callback):
    """Wall and CPU time at the end of every epoch."""

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Begin to count."""
        self.marks = [(time.perf_counter(), time.process_time())]

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Note both clocks."""
        self.marks.append((time.perf_counter(), time.process_time()))


def train(build: Callable[[], Built], kind: str, epochs: int = EPOCHS) -> list[float]:
    """Seconds of the first epoch; wall and CPU seconds of the median epoch from the third on."""
    keras.backend.clear_session()
    keras.utils.set_random_seed(0)
    model, x, y = build()
    clock = Clock()
    with tempfile.TemporaryDirectory() as folder:
        callbacks = {
            "plain": [],
            "WarnOnCollapse": [mc.WarnOnCollapse()],
            "TensorBoard(histogram_freq=1)": [
                keras.callbacks.TensorBoard(folder, histogram_freq=1)
            ],
            "GradientTape at epoch end": [TapeAtEpochEnd(x, y)],
        }[kind]
        model.fit(x, y, epochs=epochs, batch_size=32, verbose=0, callbacks=[*callbacks, clock])
    seconds = np.diff(clock.marks, axis=0)
    wall, cpu = np.median(seconds[2:] if len(seconds) > 2 else seconds, axis=0)
    return [float(seconds[0, 0]), float(wall), float(cpu)]


def peak_memory(name: str, kind: str) -> float:
    """MiB of a fresh process that trains once."""
    command = [sys.executable, "-m", __name__, name, kind]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def tell_memory(name: str, kind: str) -> None:
    """Train once, and print the peak of this process in MiB."""
    train(MODELS[name], kind, epochs=2)
    # Not ru_maxrss: a child begins with its parent's.
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    print(int(peak.group(1)) / 1024)


def ratio(pairs: list[tuple[float, float]]) -> str:
    """Median and range of ours over plain."""
    ratios = sorted(ours / plain for ours, plain in pairs)
    return f"{median(ratios):.3f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"


def lines_of(name: str, rounds: list[Row], memory: Row | None) -> list[str]:
    """One line per kind, of all rounds of one model."""
    lines = []
    for kind in KINDS if rounds else []:
        pairs = [(row["seconds"][kind], row["seconds"]["plain"]) for row in rounds]
        wall, cpu = (ratio([(a[i], b[i]) for a, b in pairs]) for i in (1, 2))
        first = median(row["seconds"][kind][0] for row in rounds)
        peak = f"{memory['mib'][kind]:.0f}" if memory else ""
        lines.append(f"| {name} | {kind} | {cpu} | {wall} | {first:.2f} | {peak} |")
    return lines


class Overhead(Question):
    """What does watching cost?"""

    about = ABOUT
    seeds = (0, 1, 2, 3, 4)
    key = ("model", "round")

    def __init__(self) -> None:
        self.warm: set[str] = set()

    def jobs(self, options: argparse.Namespace) -> Iterator[Row]:
        """The rounds of each model, and its memory."""
        for name in MODELS:
            if is_wanted(name, options):
                for round_ in [*options.seeds, "memory"]:
                    yield {"model": name, "round": round_}

    def run(self, job: Row) -> Row:
        """All kinds in alternation, or the memory of each."""
        name = job["model"]
        if job["round"] == "memory":
            return job | {"mib": {kind: peak_memory(name, kind) for kind in KINDS}}
        if name not in self.warm:
            train(MODELS[name], "plain")
            self.warm.add(name)
        kinds = KINDS if job["round"] % 2 == 0 else KINDS[::-1]
        return job | {"seconds": {kind: train(MODELS[name], kind) for kind in kinds}}

    def line(self, row: Row) -> str:
        """One round as a line of the printed table."""
        if row["round"] == "memory":
            return f"{row['model']:12} MiB: {row['mib']}"
        cpu = {kind: round(seconds[2], 3) for kind, seconds in row["seconds"].items()}
        return f"{row['model']:12} round {row['round']}, CPU seconds an epoch: {cpu}"

    def summary(self, rows: list[Row]) -> list[str]:
        """The table of all models."""
        lines = [*HEAD]
        for name in MODELS:
            mine = [row for row in rows if row["model"] == name]
            memory = [row for row in mine if row["round"] == "memory"]
            rounds = [row for row in mine if row["round"] != "memory"]
            lines += lines_of(name, rounds, memory[0] if memory else None)
        return lines

    def page(self, rows: list[Row]) -> str:
        """The table, and how it was made."""
        rounds = len({row["round"] for row in rows} - {"memory"})
        head = (
            "# Cost\n\nMade by `python -m benchmarks overhead` "
            f"({rounds} rounds in alternation, Keras {keras.__version__}, "
            f"{keras.config.backend()}, {os.cpu_count()} CPU cores, no accelerator).\n"
        )
        return "\n".join([head, *self.summary(rows), ""])


QUESTION = Overhead()

if __name__ == "__main__":
    tell_memory(*sys.argv[1:])
