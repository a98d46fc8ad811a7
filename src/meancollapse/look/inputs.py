"""What the model is given, in the two forms in which a target is read from it."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import keras
import numpy as np
from scipy import sparse

from meancollapse.judge import readability
from meancollapse.look.layers import compress

# Pairs of inputs that are compared, at most.
MAX_PAIRS = 3
# Sequences up to this length are compared place by place as well.
MAX_PLACES = 64
# Products of numbers that go into one Gram matrix, at most: a second on one core.
MAX_PRODUCTS = 5e9


def columns(x: Any, limit: int) -> np.ndarray:
    """The inputs as at most `limit` columns, as layers are read.

    Integer ids also as counts of (hashed) ids; inputs of the same shape also by how far they differ
    in each column, which is what networks that compare them go by.
    """
    arrays = _numbers(x)
    alike = [(a, b) for a, b in combinations(range(len(arrays)), 2) if _alike(arrays[a], arrays[b])]
    alike = alike[:MAX_PAIRS]
    share = max(4, limit // max(1, len(arrays) + len(alike)))
    parts = [_columns(array, share) for array in arrays]
    parts += [np.abs(parts[a] - parts[b]) for a, b in alike]
    rows = len(keras.tree.flatten(x)[0])
    return np.concatenate(parts, axis=1) if parts else np.zeros((rows, 0))


def gram(x: Any, limit: int) -> np.ndarray | None:
    """How alike rows are, by all that `columns` has no room for.

    Ids, which may come as floats, by how many two rows share, wherever they stand and place by
    place; arrays of more than `limit` numbers a row by the inner products of standardised columns.

    Returns:
        Array of shape `(rows, rows)`, or `None` where `columns` leaves nothing out.
    """
    parts = [part for array in _numbers(x) for part in _alikeness(array, limit)]
    return sum(parts[1:], parts[0]) if parts else None


def _numbers(x: Any) -> list[np.ndarray]:
    arrays = [np.asarray(a) for a in keras.tree.flatten(x)]
    return [a for a in arrays if a.dtype.kind in "fiub"]


def _are_ids(array: np.ndarray) -> bool:
    return array.dtype.kind in "iu" and array.ndim <= 2


def _may_be_ids(array: np.ndarray) -> bool:
    """Whether these floats are whole numbers, and more than yes and no."""
    if array.ndim > 2 or array.dtype.kind != "f" or not 2 <= array.max(initial=0) < 2**31:
        return False
    return bool(array.min() >= 0 and (array == np.round(array)).all())


def _columns(array: np.ndarray, limit: int) -> np.ndarray:
    if _are_ids(array):
        counts = _hashed_counts(array, limit // 2)
        return np.concatenate([counts, compress(array, limit - limit // 2)], axis=1)
    return compress(array, limit)


def _alike(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two inputs can be compared number by number, and have enough of them for it."""
    return one.shape == other.shape and one.dtype == other.dtype and one[0].size > 1


def _hashed_counts(ids: np.ndarray, buckets: int) -> np.ndarray:
    ids = ids.reshape(len(ids), -1) % buckets
    counts = np.zeros((len(ids), buckets))
    np.add.at(counts, (np.arange(len(ids))[:, None], ids), 1.0)
    return counts


def _alikeness(array: np.ndarray, limit: int) -> list[np.ndarray]:
    """Gram matrices of one input, each of mean variance 1."""
    rows = array.reshape(len(array), -1)
    if _are_ids(array) or (rows.shape[1] <= limit and _may_be_ids(array)):
        return [_in_units(part) for part in _shared_ids(rows)]
    if rows.shape[1] <= limit or len(rows) * rows.size > MAX_PRODUCTS:
        return []
    standard = readability.standardise(rows, rows).astype(np.float32)
    return [_in_units((standard @ standard.T).astype(np.float64))]


def _shared_ids(ids: np.ndarray) -> list[np.ndarray]:
    _, place = np.unique(ids, return_inverse=True)
    place = place.reshape(ids.shape)
    ends = np.arange(0, place.size + 1, ids.shape[1])
    shape = (len(ids), int(place.max()) + 1)
    counts = sparse.csr_matrix((np.ones(place.size), place.ravel(), ends), shape=shape)
    found = [(counts @ counts.T).toarray()]
    if 1 < ids.shape[1] <= MAX_PLACES:
        same = np.zeros_like(found[0])
        for column in ids.T:
            same += column[:, None] == column[None, :]
        found.append(same)
    return found


def _in_units(products: np.ndarray) -> np.ndarray:
    """Of centred features whose variances sum to 1; all 0 where rows do not differ."""
    mean = products.mean(0)
    centred = products - mean - mean[:, None] + mean.mean()
    variance = float(np.trace(centred)) / len(centred)
    return centred / variance if variance > readability.CONSTANT_COLUMN else np.zeros_like(centred)
