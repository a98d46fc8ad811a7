"""A bounded sample of the rows the model was really trained on.

Batches pass the host on their way into a measured step; keeping a reference to the first few costs
nothing, and copies nothing until somebody looks.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from meancollapse.instrument import backends

MAX_ROWS = 1000
MAX_BYTES = 16 * 2**20


class Sample:
    """Up to 1,000 rows or 16 MB of inputs, targets and sample weights, whichever is less.

    Args:
        probe_data: `(x, y)` or `(x, y, sample_weight)` to use instead of captured rows.
    """

    def __init__(self, probe_data: tuple[Any, ...] | None = None):
        self._fixed = probe_data is not None
        self._batches: list[Any] = [probe_data] if probe_data is not None else []
        self._rows = 0
        self._bytes = 0
        self._filling: list[Any] = []

    def begin_epoch(self) -> None:
        """Start a fresh sample; the last one stays in use until the new one has rows."""
        self._filling, self._rows, self._bytes = [], 0, 0

    @property
    def is_full(self) -> bool:
        return self._fixed or self._rows >= MAX_ROWS or self._bytes >= MAX_BYTES

    def add(self, batch: Any) -> int:
        """Keep a batch, as the data pipeline delivered it, while there is room; returns its rows."""
        if self.is_full:
            return 0
        batch = backends.first_replica(batch)
        leaves = [leaf for leaf in keras.tree.flatten(batch) if hasattr(leaf, "shape")]
        if not leaves or not len(leaves[0].shape):
            return 0
        rows = int(leaves[0].shape[0])
        size = sum(_bytes(leaf) for leaf in leaves)
        take = min(rows, MAX_ROWS - self._rows)
        if size > MAX_BYTES - self._bytes:
            take = min(take, max(1, rows * (MAX_BYTES - self._bytes) // size))
        if take < rows:
            batch = keras.tree.map_structure(
                lambda leaf: leaf[:take] if hasattr(leaf, "shape") else leaf, batch
            )
        self._filling.append(batch)
        self._rows += take
        self._bytes += size * take // max(rows, 1)
        self._batches = self._filling
        return rows

    def rows(self) -> tuple[Any, Any, Any] | None:
        """`(x, y, sample_weight)` as NumPy arrays in the structure the model was given."""
        batches = [_unpack(batch) for batch in self._batches]
        if not batches:
            return None
        first = batches[0]
        return tuple(  # type: ignore[return-value]
            None
            if first[part] is None
            else keras.tree.map_structure(
                lambda *leaves: _thin(np.concatenate([_to_numpy(leaf) for leaf in leaves])),
                *(batch[part] for batch in batches),
            )
            for part in range(3)
        )


def _unpack(batch: Any) -> tuple[Any, Any, Any]:
    return keras.utils.unpack_x_y_sample_weight(batch)


def _to_numpy(leaf: Any) -> np.ndarray:
    return np.atleast_1d(keras.ops.convert_to_numpy(leaf))


def _thin(rows: np.ndarray) -> np.ndarray:
    """At most 1,000 rows, evenly spread (probe data may be given larger)."""
    return rows if len(rows) <= MAX_ROWS else rows[:: -(-len(rows) // MAX_ROWS)]


def _bytes(leaf: Any) -> int:
    width = int(np.prod([int(size) for size in leaf.shape])) if len(leaf.shape) else 1
    dtype = keras.backend.standardize_dtype(leaf.dtype)
    return width * (2 if dtype in ("float16", "bfloat16") else 8 if "64" in dtype else 4)
