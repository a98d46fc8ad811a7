"""A bounded sample of the rows the model was really trained on.

Batches pass the host on their way into a measured step; keeping a reference to the first few costs
nothing, and copies nothing until somebody looks.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from meancollapse.backend import replay

MAX_ROWS = 1000
MAX_BYTES = 16 * 2**20
# A batch up to this size is kept whole until somebody looks: cheaper than cutting it.
LAZY_BYTES = 2**19


class Sample:
    """Up to 1,000 rows or 16 MB of inputs, targets and sample weights, whichever is less.

    Every measured batch gives an equal share, so that rows sorted by target are sampled evenly.

    Args:
        probe_data: `(x, y)` or `(x, y, sample_weight)` to use instead of captured rows.
        pads: Whether zeros at the end of a row count as padding, for what the model makes of them.
    """

    def __init__(self, probe_data: tuple[Any, ...] | None = None, pads: bool = False):
        self.pads = pads
        self.is_fixed = probe_data is not None
        self.is_unsupported = False
        self._batches: list[tuple[Any, int]] = []
        if probe_data is not None:
            self._batches = [(tuple(probe_data), MAX_ROWS)]

    def begin_epoch(self, batches: int | None = None) -> None:
        """Start a fresh sample; the last one stays in use until the new one has rows.

        Args:
            batches: How many batches will be offered this epoch, if known.
        """
        self._filling: list[tuple[Any, int]] = []
        self._rows = self._bytes = 0
        self._share = -(-MAX_ROWS // max(1, batches or 1))
        self._bytes_share = MAX_BYTES // max(1, batches or 1)

    @property
    def has_targets(self) -> bool:
        """Whether the rows seen so far come with targets."""
        return any(_unpack(batch)[1] is not None for batch, _ in self._batches[:1])

    def add(self, batch: Any) -> int:
        """Keep some rows of a batch, as the data pipeline delivered it; returns all its rows."""
        batch = replay.first_replica(batch)
        leaves = [leaf for leaf in keras.tree.flatten(batch) if hasattr(leaf, "shape")]
        if not leaves or not all(_is_dense(leaf) for leaf in leaves) or not _has_parts(batch):
            self.is_unsupported = bool(leaves)
            return 0
        rows, size = int(leaves[0].shape[0]), sum(_bytes(leaf) for leaf in leaves)
        if self.is_fixed or self._rows >= MAX_ROWS or self._bytes >= MAX_BYTES:
            return rows
        take = min(rows, self._share, MAX_ROWS - self._rows)
        take = max(1, min(take, rows * self._bytes_share // max(size, 1)))
        if take < rows and size > LAZY_BYTES:
            batch = keras.tree.map_structure(lambda leaf: _head(leaf, take), batch)
        self._filling.append((batch, take))
        self._rows += take
        self._bytes += size * take // max(rows, 1)
        self._batches = self._filling
        return rows

    def rows(self) -> tuple[Any, Any, Any] | None:
        """`(x, y, sample_weight)` as NumPy arrays in the structure the model was given."""
        batches = [
            keras.tree.map_structure(lambda leaf, n=take: _thin(_to_numpy(leaf), n), _unpack(batch))
            for batch, take in self._batches
        ]
        if not batches:
            return None
        if not self.pads:
            batches = _of_one_shape(batches)
        if batches[0][0] is None:
            return None

        def joined(part: int) -> Any:
            if batches[0][part] is None:
                return None
            parts = [batch[part] for batch in batches]
            return keras.tree.map_structure(lambda *leaves: _joined(leaves), *parts)

        return joined(0), joined(1), joined(2)


def _has_parts(batch: Any) -> bool:
    """Whether a batch is inputs, or inputs with targets and perhaps weights."""
    return not isinstance(batch, list | tuple) or len(batch) <= 3


def _of_one_shape(batches: list[Any]) -> list[Any]:
    """Those batches of the shape that most rows have: images of several sizes, for one."""
    kinds = [
        tuple(np.shape(leaf)[1:] for leaf in keras.tree.flatten(batch) if leaf is not None)
        for batch in batches
    ]
    rows: dict[Any, int] = {}
    for kind, batch in zip(kinds, batches, strict=True):
        first = next(leaf for leaf in keras.tree.flatten(batch) if leaf is not None)
        rows[kind] = rows.get(kind, 0) + len(first)
    most = max(rows, key=lambda kind: rows[kind])
    return [batch for kind, batch in zip(kinds, batches, strict=True) if kind == most]


def _joined(leaves: Any) -> Any:
    """Rows of several batches, filled up with zeros to the length of the longest."""
    if leaves[0] is None:
        return None
    shape = np.max([leaf.shape[1:] for leaf in leaves], axis=0)
    filled = [
        leaf
        if leaf.shape[1:] == tuple(shape)
        else np.pad(
            leaf, [(0, 0), *((0, int(n) - m) for n, m in zip(shape, leaf.shape[1:], strict=True))]
        )
        for leaf in leaves
    ]
    return np.concatenate(filled)


def _is_dense(leaf: Any) -> bool:
    """Not ragged, not sparse, and with rows."""
    return len(leaf.shape) > 0 and leaf.shape[0] is not None and not hasattr(leaf, "dense_shape")


def _head(leaf: Any, rows: int) -> Any:
    return leaf[:rows] if hasattr(leaf, "shape") else leaf


def _unpack(batch: Any) -> tuple[Any, Any, Any]:
    return keras.utils.unpack_x_y_sample_weight(batch)


def _to_numpy(leaf: Any) -> Any:
    return None if leaf is None else np.atleast_1d(keras.ops.convert_to_numpy(leaf))


def _thin(rows: Any, most: int) -> Any:
    """At most so many rows, evenly spread."""
    if rows is None:
        return None
    return rows[np.linspace(0, len(rows) - 1, min(most, len(rows))).astype(int)]


def _bytes(leaf: Any) -> int:
    width = int(np.prod([int(size) for size in leaf.shape])) if len(leaf.shape) else 1
    dtype = getattr(leaf.dtype, "name", str(leaf.dtype))
    return width * (2 if dtype in ("float16", "bfloat16") else 8 if "64" in dtype else 4)
