"""A snapshot: the model as it is now, every output looked at and laid beside its targets."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from meancollapse.judge.evidence import Snapshot
from meancollapse.look import columns, heads, quiet
from meancollapse.look.look import Looker
from meancollapse.watch.sample import Sample

MAX_ROWS = 500
MAX_COLUMNS = 4


class Camera:
    """Takes snapshots of a model; all it keeps of a `fit` are the sampled rows.

    Args:
        model: A built, compiled model; nothing in it is changed.
        training: The sample of the training rows, or the rows the user gave.
        validation: The sample of the validation rows.
    """

    def __init__(self, model: keras.Model, training: Sample, validation: Sample):
        self._model = model
        fallback = "probe" if training.is_fixed else "training"
        self._samples = [("validation", validation), (fallback, training)]
        if training.is_fixed:
            self._samples.reverse()

    def take(self) -> tuple[Snapshot, ...]:
        """Snapshots of all outputs: on the user's rows, else validation, else training rows."""
        for source, sample in self._samples:
            rows = sample.rows()
            if rows is not None and rows[1] is not None:
                with quiet.quiet(self._model):
                    return _snapshots(self._model, rows, source)
        return ()


def _snapshots(model: keras.Model, rows: tuple[Any, Any, Any], source: str) -> tuple[Snapshot, ...]:
    looker = Looker(model, *rows)
    snapshots = []
    for head, target, prediction in looker.pairs:
        at_input = looker.input_readability(head, target)
        true, predicted = _row_by_row(head, target, prediction)
        chosen = np.linspace(0, len(true) - 1, min(MAX_ROWS, len(true))).astype(int)
        snapshots.append(
            Snapshot(
                output=head.name,
                source=source,
                is_classification=head.is_classification,
                true=_tuples(true[chosen]),
                predicted=_tuples(predicted[chosen]),
                look=looker.look(head, target, prediction, at_input, deep=True),
            )
        )
    return tuple(snapshots)


def _row_by_row(
    head: heads.Head, target: np.ndarray, prediction: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Targets and predictions as columns of numbers, or of class numbers."""
    targets, predictions = columns.of(head, target, prediction)
    if head.kind == "binary":
        targets, predictions = targets > 0.5, predictions > 0.5
    elif head.is_classification:
        # Past 64 classes these columns are folded ones; the numbers are those of the folds.
        targets, predictions = (c.argmax(1)[:, None] for c in (targets, predictions))
    return targets[:, :MAX_COLUMNS], predictions[:, :MAX_COLUMNS]


def _tuples(columns: np.ndarray) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(float(value) for value in row) for row in columns)
