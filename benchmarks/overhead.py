"""What watching costs: plain `fit`, ours, TensorBoard histograms, the usual gradient recipe.

    python benchmarks/overhead.py [--rounds 5] [--report FILE]

Four trainings of the same model run in alternation in one process, each from fresh weights; the
first two epochs (compilation) are kept apart, the median of the others is compared. Reported are
medians over rounds of the ratio to the plain run of the same round. Peak memory is of a process of
its own per kind.
"""

from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras
import numpy as np

import meancollapse as mc

KINDS = ("plain", "WarnOnCollapse", "TensorBoard(histogram_freq=1)", "GradientTape at epoch end")
EPOCHS = 5


def mlp() -> tuple[keras.Model, np.ndarray, np.ndarray]:
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


def cnn() -> tuple[keras.Model, np.ndarray, np.ndarray]:
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


def transformer() -> tuple[keras.Model, np.ndarray, np.ndarray]:
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


MODELS = {"MLP": mlp, "CNN": cnn, "Transformer": transformer}


class TapeAtEpochEnd(keras.callbacks.Callback):
    """The recipe everyone copies: an eager gradient over a fixed part of the data."""

    def __init__(self, x: np.ndarray, y: np.ndarray):
        super().__init__()
        self.x, self.y = x[:1024], y[:1024]

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        import tensorflow as tf

        with tf.GradientTape() as tape:
            loss = self.model.compute_loss(
                y=tf.constant(self.y), y_pred=self.model(self.x, training=True)
            )
        gradients = tape.gradient(loss, self.model.trainable_variables)
        logs["grad_norm"] = float(tf.linalg.global_norm(gradients))


class Clock(keras.callbacks.Callback):
    def on_train_begin(self, logs: dict | None = None) -> None:
        self.marks = [(time.perf_counter(), time.process_time())]

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        self.marks.append((time.perf_counter(), time.process_time()))


def train(build: object, kind: str, epochs: int = EPOCHS) -> tuple[float, float, float]:
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
    return float(seconds[0, 0]), float(wall), float(cpu)


def peak_memory(name: str, kind: str) -> float:
    """MiB of a fresh process that trains once."""
    command = [sys.executable, __file__, "--memory-of", name, kind]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(done.stdout.split()[-1])


def ratio(pairs: list[tuple[float, float]]) -> str:
    """Median and range of ours over plain."""
    ratios = sorted(ours / plain for ours, plain in pairs)
    return f"{median(ratios):.3f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"


def page_head(rounds: int) -> str:
    """What the table of the documentation says of itself."""
    return (
        "# Cost\n\nMade by `python benchmarks/overhead.py` "
        f"({rounds} rounds in alternation, Keras {keras.__version__}, "
        f"{keras.config.backend()}, {os.cpu_count()} CPU cores, no accelerator).\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--report", type=Path)
    parser.add_argument("--memory-of", nargs=2)
    options = parser.parse_args()
    if options.memory_of:
        name, kind = options.memory_of
        train(MODELS[name], kind, epochs=2)
        # Not ru_maxrss: a child begins with its parent's.
        peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
        print(int(peak.group(1)) / 1024)
        return
    lines = [
        "| model | kind | CPU time ÷ plain | wall time ÷ plain | first epoch, s | peak MiB |",
        "|---|---|---|---|---|---|",
    ]
    for name, build in MODELS.items():
        times: dict[str, list[tuple[float, ...]]] = {kind: [] for kind in KINDS}
        train(build, "plain")  # warm up
        for round_ in range(options.rounds):
            for kind in KINDS if round_ % 2 == 0 else reversed(KINDS):
                times[kind].append(train(build, kind))
        for kind in KINDS:
            pairs = list(zip(times[kind], times["plain"], strict=True))
            wall, cpu = (ratio([(a[i], b[i]) for a, b in pairs]) for i in (1, 2))
            first = median(seconds[0] for seconds in times[kind])
            lines.append(
                f"| {name} | {kind} | {cpu} | {wall} | {first:.2f} | "
                f"{peak_memory(name, kind):.0f} |"
            )
            print(lines[-1], flush=True)
        if options.report:
            options.report.write_text("\n".join([page_head(options.rounds), *lines, ""]))


if __name__ == "__main__":
    main()
