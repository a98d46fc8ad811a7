"""Makes every figure in this folder from trainings of its own (a minute of CPU time).

    KERAS_BACKEND=tensorflow python docs/images/make_figures.py

needs the package with its extra `plot`, and scikit-learn, which `examples/demo.py` imports.
"""

from __future__ import annotations

import os
import sys
import warnings
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras
import matplotlib
import numpy as np

import meancollapse as mc
from meancollapse import plots
from meancollapse.report.plots import style

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent.parent / "examples"))
import demo  # noqa: E402

# What GitHub and the site show text, axes and grid in, in their dark themes.
DARK = {style.INK: "#d7dce2", style.FAINT: "#7d8590"}


def main() -> None:
    # Text as outlines looks the same everywhere; a salt makes the same file every time.
    matplotlib.rcParams.update({"svg.fonttype": "path", "svg.hashsalt": "meancollapse"})
    warnings.simplefilter("ignore", mc.CollapseWarning)
    boxes = rescued_boxes()
    save(plots.readability(boxes).figure, "readability")
    plots.overview(boxes).savefig(HERE / "overview.png", dpi=100)
    save(chain(), "chain")


def rescued_boxes() -> mc.Report:
    """The box network of the demo with learning rate 0.1, collapsed and rescued inside its fit."""
    keras.utils.clear_session()
    keras.utils.set_random_seed(0)
    images, centres = demo.boxes(2000)
    model = demo.box_network(0.1)
    rescuer = mc.RescueOnCollapse()
    fit = dict(epochs=8, batch_size=128, validation_split=0.2, verbose=0)
    model.fit(images, centres, callbacks=[rescuer], **fit)
    states = [verdict.state for verdict in rescuer.verdicts]
    assert "collapsed" in states and states[-1] == "healthy", states
    return rescuer.report()


def noisy_line() -> tuple[np.ndarray, np.ndarray]:
    """Eight inputs, and a target that is a line in them plus noise: 80 % of it can be known."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2000, 8)).astype("float32")
    slope = np.linspace(1, -1, 8)
    y = x @ slope / np.linalg.norm(slope) + 0.5 * rng.normal(size=2000)
    return x, y.astype("float32")[:, None]


def layers_of_relu(count: int, units: int, seed: int) -> mc.Report:
    """A network trained on the noisy line, as it ended."""
    keras.utils.clear_session()
    keras.utils.set_random_seed(seed)
    hidden = [keras.layers.Dense(units, activation="relu") for _ in range(count)]
    model = keras.Sequential([keras.Input((8,)), *hidden, keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(1e-3), "mse")
    watcher = mc.WarnOnCollapse()
    x, y = noisy_line()
    model.fit(x, y, epochs=10, validation_split=0.2, verbose=0, callbacks=[watcher])
    return watcher.report()


def chain() -> Any:
    """Y -> X -> h1 -> ... -> Ŷ: what can still be read of the target, in two trained networks."""
    # Of seeds 0 to 3 the one whose deep network does not learn its way out.
    deep, shallow = layers_of_relu(10, 4, seed=3), layers_of_relu(3, 32, seed=0)
    assert deep.verdicts[-1].state == "collapsed" and shallow.verdicts[-1].state == "healthy"
    ax = style.prepared(None, 7.6, 3.9)
    at_input = along(deep)[1]
    ax.axhline(at_input, color=style.FAINT, linewidth=1, linestyle=(0, (4, 3)))
    words = dict(textcoords="offset points", color=style.INK, fontsize=style.SMALL)
    ax.annotate(
        "what the input holds: no layer can add to it", (12, at_input), (0, 5), ha="right", **words
    )
    ax.annotate("noise in\nthe target", (0.5, (1 + at_input) / 2), (8, 3), **words)
    draw(
        ax,
        deep,
        style.ILL,
        "ten layers of 4 ReLU units: lost by h₄,\nso the mean is all that is left to predict",
        (5, 0.16),
    )
    draw(ax, shallow, style.WELL, "three layers of 32: it arrives\nand can be predicted", (5, 0.66))
    ends = along(shallow)
    ax.annotate(
        "Ŷ", (len(ends) - 1, ends[-1]), (7, 6), textcoords="offset points", color=style.WELL
    )
    stops = ["Y", "X", *(f"h{'₁₂₃₄₅₆₇₈₉'[i]}" for i in range(9)), "h₁₀", "Ŷ"]
    ax.set_xticks(range(len(stops)), stops)
    ax.set_yticks([0, 0.5, 1], ["0", "0.5", "1"])
    ax.set(xlim=(-0.2, 12.2), ylim=(-0.03, 1.04), ylabel="readability (held-out R²)")
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)
    style.grid(ax)
    style.title(ax, "What is known of the target can only be lost on the way")
    return ax.figure


def along(report: mc.Report) -> list[float]:
    """Readability from the target itself (1) through input and layers to the output."""
    look = report.snapshots[0].look
    assert look.input_readability is not None and look.readability is not None
    hidden = [value for _, value in look.layers[:-1]]
    return [1.0, look.input_readability, *hidden, look.readability]


def draw(ax: Any, report: mc.Report, color: str, text: str, at: tuple[float, float]) -> None:
    values = along(report)
    print([round(value, 2) for value in values])
    ax.plot(values, color=color, linewidth=2.6, marker="o", markersize=5, markeredgewidth=0)
    ax.text(*at, text, color=color, fontsize=style.LARGE, va="center")


def save(figure: Any, name: str) -> None:
    """One file for light pages and one for dark ones, both without background."""
    light = HERE / f"{name}-light.svg"
    figure.savefig(light, transparent=True, metadata={"Date": None})
    text = light.read_text(encoding="utf-8")
    for color, dark in DARK.items():
        text = text.replace(color, dark)
    (HERE / f"{name}-dark.svg").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
