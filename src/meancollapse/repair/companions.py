"""What other callbacks remember of the network before a rescue.

`EarlyStopping(restore_best_weights=True)` would put the collapsed weights back at the end, its
patience has been used up by the collapse, and `ModelCheckpoint(save_best_only=True)` would not save
the repaired network before its loss is known.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import keras


def begin_anew(callbacks: Iterable[Any], is_best: bool) -> None:
    """Have the callbacks Keras ships take the network of now for a new one.

    Args:
        callbacks: All callbacks of the `fit`.
        is_best: Whether the network is better than any this `fit` has had. If not, the best one
            they know stays the best.
    """
    for callback in callbacks:
        if isinstance(callback, keras.callbacks.EarlyStopping | keras.callbacks.ReduceLROnPlateau):
            callback.wait = 0
        remembers = keras.callbacks.EarlyStopping | keras.callbacks.ModelCheckpoint
        if is_best and isinstance(callback, remembers):
            callback.best = None
        if is_best and isinstance(callback, keras.callbacks.EarlyStopping):
            callback.best_weights = None
