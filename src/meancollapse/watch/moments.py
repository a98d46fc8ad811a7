"""Packed steps, on the host: series merged into the numbers of one epoch (float64)."""

from __future__ import annotations

import math
import statistics

import numpy as np

from meancollapse.judge.evidence import Input, Stream, Variable
from meancollapse.judge.information import gaussian_information
from meancollapse.look.heads import Head
from meancollapse.watch.streams import Layout

# Within-batch moments are preferred from this many degrees of freedom on.
MIN_WITHIN = 16
# ...unless the targets hardly vary inside a batch (rows sorted by target).
SORTED = 0.01
# Variance of equal numbers after float64 rounding, relative to their square.
ROUNDING = 1e-24


def of_one_kind(series: list[np.ndarray]) -> list[np.ndarray]:
    """The series of the length that most have.

    Where a step is traced for every shape of its batches, rows of several lengths leave several.
    """
    most = statistics.mode(len(each) for each in series)
    return [each for each in series if len(each) == most]


def split_series(
    layout: Layout, series: list[np.ndarray]
) -> tuple[np.ndarray, list[np.ndarray], list[tuple[Head, np.ndarray]]]:
    """Cut packed series into norms and moments.

    Returns:
        Norms of shape `(steps, variables, 3)`; for each input moments of shape
        `(steps, 1 + 3 * columns)`; for each output moments of shape `(steps, 3 + 7 * columns)`.
    """
    table = np.stack(series)
    position = 1 + 3 * len(layout.variables)
    norms = table[:, 1:position].reshape(len(table), -1, 3)
    inputs = []
    for columns in layout.inputs:
        inputs.append(table[:, position : position + 1 + 3 * columns])
        position += 1 + 3 * columns
    outputs = []
    for head, columns in layout.outputs:
        width = 3 + 7 * columns
        outputs.append((head, table[:, position : position + width]))
        position += width
    return norms, inputs, outputs


def input_stream(table: np.ndarray) -> Input:
    """Moments of one input over all measured steps (Chan's merge, in float64)."""
    rows = table[:, :1]
    first, rest, squares = np.split(table[:, 1:], 3, axis=1)
    means, total = first + rest, rows.sum()
    some = max(total, 1.0)
    mean = (rows * means).sum(0) / some
    variance = (squares.sum(0) + (rows * (means - mean) ** 2).sum(0)) / some
    varies = variance > ROUNDING * mean**2
    std = np.sqrt(variance)
    return Input(
        rows=int(total),
        mean=float(mean.mean()),
        std=float(np.sqrt(variance.mean() + mean.var())),
        smallest_std=float(std[varies].min()) if varies.any() else 0.0,
        largest_std=float(std.max(initial=0.0)),
        columns=len(mean),
        constant_columns=int((~varies).sum()),
        finite=bool(np.isfinite(table).all()),
    )


def stream(head: Head, table: np.ndarray) -> Stream:
    """Moments of all measured steps of one output as one `Stream`.

    Inside batches the weights hardly move, so the spread there is one over examples; the spread
    between batches also holds the drift of a moving constant and is used only where batches are too
    small or sorted.
    """
    columns = (table.shape[1] - 3) // 7
    rows, weight, entropy = table[:, 0], table[:, 1], table[:, 2]
    parts = np.split(table[:, 3:], 7, axis=1)
    if head.one_target:
        best = _best_column(*parts[4:])
        parts = [part[:, best : best + 1] for part in parts]
    y0, dy, p0, dp, m2_y, m2_p, cov = parts
    mean_y, mean_p = y0 + dy, p0 + dp
    share = (weight / max(weight.sum(), 1e-300))[:, None]
    centre_y, centre_p = mean_y - (share * mean_y).sum(0), mean_p - (share * mean_p).sum(0)
    within = np.stack([m2_y.sum(0), m2_p.sum(0), cov.sum(0)])
    between = np.stack(
        [
            (weight[:, None] * product).sum(0)
            for product in (centre_y**2, centre_p**2, centre_y * centre_p)
        ]
    )
    total = within + between
    squared_error = within[0] + within[1] - 2 * within[2]
    squared_error += (weight[:, None] * (mean_y - mean_p) ** 2).sum(0)
    enough = rows.sum() - len(rows) >= max(MIN_WITHIN, rows.sum() / 4)
    use_within = enough and within[0].sum() > SORTED * total[0].sum()
    moments = (within if use_within else total).sum(1)
    target_varies = bool(total[0].sum() > ROUNDING * (weight[:, None] * mean_y**2).sum())
    correlation = _ratio(moments[2], math.sqrt(max(moments[0] * moments[1], 0.0)))
    r2 = 1 - _ratio(squared_error.sum(), total[0].sum())
    if not head.is_comparable:
        correlation = r2 = math.nan
    return Stream(
        rows=int(rows.sum()),
        spread=math.sqrt(max(0.0, _ratio(moments[1], moments[0]))) if target_varies else 0.0,
        r2=r2,
        correlation=correlation,
        information=_information(head, r2, (share * mean_p).sum(0), (share[:, 0] * entropy).sum()),
        target_varies=target_varies,
        finite=bool(np.isfinite(table).all()) and columns > 0,
    )


def variables(layout: Layout, norms: np.ndarray, units: np.ndarray) -> tuple[Variable, ...]:
    """Gradient, update and weight norms of each variable, from the steps that were applied."""
    applied = norms[np.isfinite(norms).all((1, 2))]
    found = []
    position = 1
    for index, path in enumerate(layout.variables):
        energy = units[position : position + layout.units[index]]
        position += layout.units[index]
        gradient, update, weight = (
            applied[:, index].T if len(applied) else np.full((3, 1), math.nan)
        )
        moved = update > 0
        found.append(
            Variable(
                path=path,
                is_weight=layout.ranks[index] > 1,
                gradient_norm=float(np.sqrt(gradient.mean())),
                update_ratio=(
                    float(np.median(np.sqrt(update[moved] / np.maximum(weight[moved], 1e-30))))
                    if moved.any()
                    else 0.0
                ),
                weight_norm=float(np.sqrt(weight[-1])),
                units=layout.units[index],
                silent_units=int((energy == 0).sum()),
            )
        )
    return tuple(found)


def grad_norm(norms: np.ndarray) -> tuple[float | None, int]:
    """Root mean square over steps of the global gradient norm; the steps without a finite one."""
    if not norms.shape[1]:
        return None, 0
    squares = norms[:, :, 0].sum(1)
    finite = np.isfinite(squares)
    if not finite.any():
        return math.nan, int((~finite).sum())
    return float(np.sqrt(squares[finite].mean())), int((~finite).sum())


def _best_column(m2_y: np.ndarray, m2_p: np.ndarray, cov: np.ndarray) -> int:
    """Of several predictions of one target (mean, variance, quantiles) the one that follows it."""
    scale = np.sqrt(m2_y.sum(0) * m2_p.sum(0))
    follows = np.where(scale > 0, cov.sum(0) / np.where(scale > 0, scale, 1), 0)
    return int(np.argmax(follows))


def _information(head: Head, r2: float, mean: np.ndarray, entropy: float) -> float:
    if head.kind in ("categorical", "sparse"):
        mean = np.clip(mean, 1e-12, 1)
        return max(0.0, float(-(mean * np.log(mean)).sum() - entropy))
    return gaussian_information(r2)


def _ratio(above: float, below: float) -> float:
    if not (math.isfinite(above) and math.isfinite(below)):
        return math.nan
    return float(above / below) if below > 0 else math.nan
