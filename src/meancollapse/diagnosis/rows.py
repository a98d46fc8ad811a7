"""The rows a diagnosis stands on, from whatever `fit` would take."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np


@dataclass(frozen=True)
class Rows:
    """Rows of inputs, targets and sample weights as NumPy arrays.

    Attributes:
        x: Inputs in the model's structure.
        y: Targets in the model's structure.
        sample_weight: Sample weights, or `None`.
        first_x: The first rows, in their order, for checks of order.
        first_y: Their targets.
        total: Number of rows given; `None` where it cannot be known.
    """

    x: Any
    y: Any
    sample_weight: Any
    first_x: Any
    first_y: Any
    total: int | None

    @property
    def count(self) -> int:
        """Number of rows used."""
        return length(self.x)


def take(x: Any, y: Any, sample_weight: Any, limit: int) -> Rows:
    """At most `limit` rows: evenly spread over arrays, the first ones of a data set.

    Raises:
        ValueError: If there are no rows, no targets, or not as many targets as inputs.
    """
    if y is None and isinstance(x, Iterable) and not hasattr(x, "shape") and not _is_nested(x):
        first = _from_batches(x, limit)
        return Rows(*first, first[0], first[1], None)
    if y is None:
        raise ValueError(
            "`y` is missing: a diagnosis needs targets. Pass `diagnose(model, x, y)` with arrays, "
            "or `diagnose(model, dataset)` with a data set that yields (x, y)."
        )
    x, y, sample_weight = (_arrays(part) for part in (x, y, sample_weight))
    sizes = {len(leaf) for leaf in keras.tree.flatten((x, y)) if leaf is not None}
    if len(sizes) != 1:
        shapes = [leaf.shape for leaf in keras.tree.flatten((x, y))]
        raise ValueError(
            f"`x` and `y` must have the same number of rows. Received arrays of shapes {shapes}."
        )
    total = sizes.pop()
    if total < 2:
        raise ValueError(f"A diagnosis needs at least 2 rows. Received {total}.")
    spread = np.linspace(0, total - 1, min(limit, total)).astype(int)
    head = slice(0, limit)
    return Rows(
        x=rows(x, spread),
        y=rows(y, spread),
        sample_weight=rows(sample_weight, spread),
        first_x=rows(x, head),
        first_y=rows(y, head),
        total=total,
    )


def rows(part: Any, index: Any) -> Any:
    """Some rows of a structure of arrays."""
    return None if part is None else keras.tree.map_structure(lambda a: a[index], part)


def length(part: Any) -> int:
    """Number of rows of a structure of arrays."""
    return len(keras.tree.flatten(part)[0])


def _is_nested(x: Any) -> bool:
    return isinstance(x, list | tuple | dict) and all(
        hasattr(leaf, "shape") for leaf in keras.tree.flatten(x)
    )


def _arrays(part: Any) -> Any:
    if part is None:
        return None
    return keras.tree.map_structure(lambda a: np.asarray(_to_numpy(a)), part)


def _to_numpy(leaf: Any) -> Any:
    if hasattr(leaf, "to_numpy"):  # pandas
        return leaf.to_numpy()
    return keras.ops.convert_to_numpy(leaf) if keras.ops.is_tensor(leaf) else leaf


def _from_batches(data: Any, limit: int) -> tuple[Any, Any, Any]:
    """The first rows of an iterable of batches."""
    found: list[tuple[Any, Any, Any]] = []
    count = 0
    batches = (data[i] for i in range(len(data))) if hasattr(data, "__getitem__") else iter(data)
    for batch in batches:
        x, y, weight = keras.utils.unpack_x_y_sample_weight(batch)
        if y is None:
            raise ValueError("The data set yields no targets: each batch must be (x, y).")
        found.append((_arrays(x), _arrays(y), _arrays(weight)))
        count += length(found[-1][0])
        if count >= limit:
            break
    if not found:
        raise ValueError("The data set yields no batches.")
    joined = [
        None
        if found[0][part] is None
        else keras.tree.map_structure(lambda *a: np.concatenate(a), *[f[part] for f in found])
        for part in range(3)
    ]
    x, y, weight = (rows(part, slice(0, limit)) for part in joined)
    return x, y, weight
