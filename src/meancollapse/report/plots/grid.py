"""Layer × epoch: the table behind the heat maps, and how it is drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from meancollapse.judge.evidence import Evidence, Variable
from meancollapse.report.plots import style
from meancollapse.report.plots.order import running_order

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ZERO, MISSING, BROKEN = "exactly zero", "not measured", "not finite"
MARKS = {ZERO: style.ILL, BROKEN: style.VIOLET, MISSING: style.UNKNOWN}


def layers_of(history: Sequence[Evidence]) -> list[str]:
    """Paths of all layers with trainable variables, in forward order as far as it is known.

    Layers that ran while somebody looked come in that order, others where the model lists them.
    """
    variables = [v.path for e in history for v in e.variables]
    lost = [path for e in history for path in e.disconnected]
    paths = list(dict.fromkeys(layer_of(path) for path in [*variables, *lost]))
    looks = [o.look for e in history for o in e.outputs if o.look is not None]
    ran = {name: place for place, name in enumerate(running_order(looks))}
    places = {path: _place(path, ran) for path in paths}
    return sorted(paths, key=places.__getitem__) if -1 not in places.values() else paths


def _place(path: str, ran: dict[str, int]) -> int:
    """When the layer ran; -1 if nobody saw it."""
    return next((ran[part] for part in reversed(path.split("/")) if part in ran), -1)


def layer_of(path: str) -> str:
    """The layer that a variable's path names: `"block/dense/kernel"` is of `"block/dense"`."""
    return path.rpartition("/")[0] or path


def table(
    history: Sequence[Evidence], layers: list[str], value: Callable[[list[Variable]], float | None]
) -> np.ndarray:
    """One number per layer (row) and epoch (column); NaN where `value` has none."""
    cells = np.full((len(layers), len(history)), np.nan)
    for column, evidence in enumerate(history):
        for row, layer in enumerate(layers):
            found = value([v for v in evidence.variables if layer_of(v.path) == layer])
            cells[row, column] = np.nan if found is None else found
    return cells


def extent(history: Sequence[Evidence], layers: list[str]) -> tuple[float, float, float, float]:
    """Borders of the picture: epochs counted from 1 to the right, layers downwards from 0."""
    first = history[0].epoch + 0.5
    return first, first + len(history), len(layers) - 0.5, -0.5


def heat_map(
    ax: Axes,
    history: Sequence[Evidence],
    layers: list[str],
    cells: np.ndarray,
    **colors: Any,
) -> None:
    """Positive finite numbers by colour; zero, missing and broken ones each in a colour of its own.

    Args:
        ax: The axes.
        history: The epochs, one per column.
        layers: Names of the rows.
        cells: The numbers.
        colors: `cmap`, `norm` and the `label` of the colour bar.
    """
    label = colors.pop("label")
    plain = np.isfinite(cells) & (cells > 0)
    picture = ax.imshow(
        np.ma.masked_where(~plain, cells),
        extent=extent(history, layers),
        aspect="auto",
        interpolation="nearest",
        **colors,
    )
    masks = {
        ZERO: cells == 0,
        BROKEN: np.isinf(cells),
        MISSING: np.isnan(cells),
    }
    for name, mask in masks.items():
        if mask.any():
            flat(ax, history, layers, mask.astype(float), MARKS[name], name)
    key(ax, {name: MARKS[name] for name, mask in masks.items() if mask.any()})
    axes(ax, layers)
    if plain.any():
        bar = ax.figure.colorbar(picture, ax=ax, pad=0.02, aspect=30)
        bar.outline.set_visible(False)
        bar.ax.tick_params(color=style.FAINT, labelcolor=style.INK, labelsize=style.SMALL)
        bar.ax.minorticks_off()
        bar.set_label(label, color=style.INK, fontsize=style.SMALL)


def flat(
    ax: Axes,
    history: Sequence[Evidence],
    layers: list[str],
    opacity: np.ndarray,
    color: str,
    name: str,
) -> None:
    """Cells of one colour, each as opaque as its number between 0 and 1."""
    from matplotlib.colors import LinearSegmentedColormap, to_rgb

    shades = [(*to_rgb(color), 0.0), (*to_rgb(color), 1.0)]
    ax.imshow(
        np.ma.masked_where(opacity == 0, opacity),
        extent=extent(history, layers),
        aspect="auto",
        interpolation="nearest",
        vmin=0,
        vmax=1,
        cmap=LinearSegmentedColormap.from_list(name, shades),
        label=name,
    )


def key(ax: Axes, colors: dict[str, str]) -> None:
    """The names of colours side by side, below the right corner."""
    beside: Any = "axes fraction"
    at, offset = (1.0, 0.0), (0, -30)
    for name, color in colors.items():
        beside = ax.annotate(
            f"■ {name}",
            at,
            offset,
            xycoords=beside,
            textcoords="offset points",
            ha="right",
            va="bottom",
            color=color,
            fontsize=style.SMALL,
        )
        at, offset = (0.0, 0.0), (-8, 0)


def axes(ax: Axes, layers: list[str]) -> None:
    """Layers downwards by name, epochs to the right."""
    ax.set_yticks(range(len(layers)), style.thinned(short(layers), most=style.most_rows(ax)))
    ax.tick_params(axis="y", length=0)
    for spine in ax.spines.values():
        spine.set_visible(False)
    style.epochs(ax, loc="left")


def short(layers: list[str]) -> list[str]:
    """The paths without the model's name, if all begin with it, and without an overlong start."""
    first = layers[0].partition("/")[0] + "/"
    if all(name.startswith(first) for name in layers):
        layers = [name.removeprefix(first) for name in layers]
    return [style.short(name) for name in layers]
