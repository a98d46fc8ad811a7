"""Outputs with a class or number at every position, of which some are padding or weigh nothing."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

from meancollapse.look import columns, compiled_loss
from meancollapse.look.heads import Head
from meancollapse.losses.alignment import effective_weights


def mask_of(output: Any) -> Any:
    """What the mask that Keras hands on with an output leaves: 0 for every position of padding.

    Args:
        output: A tensor of shape `(rows, ..., columns)`.

    Returns:
        Tensor of shape `(rows, ...)`; of ones for outputs without positions or without a mask.
    """
    if len(output.shape) < 3:
        return ops.ones(ops.shape(output)[:1])
    return effective_weights(output, output, None)


def ignored(head: Head) -> int | None:
    """The class a loss leaves out, as `SparseCategoricalCrossentropy(ignore_class=...)` does."""
    return getattr(head.loss, "ignore_class", None) if head.kind == "sparse" else None


def weights(
    head: Head, target: np.ndarray, prediction: np.ndarray, mask: Any, sample_weight: Any
) -> np.ndarray | None:
    """Weight of every position, where those of one row differ.

    Args:
        head: The output.
        target: Its targets, shape `(rows, ...)`.
        prediction: Its predictions, shape `(rows, positions, ..., columns)`.
        mask: What `mask_of` says of it, or `None`.
        sample_weight: Sample weights of rows or of positions, or `None`.

    Returns:
        Array of shape `(rows, positions, ...)`, or `None` where a weight for each row says as much
        or the loss is not a mean over positions.
    """
    shape = prediction.shape[:-1]
    if len(shape) < 2 or target.shape[: len(shape)] != shape or not head.is_one_to_one:
        return None
    weight = np.ones(shape)
    for factor in (mask, sample_weight):
        given = None if factor is None else np.asarray(factor, np.float64)
        if factor is mask and given is not None:
            given = (given > 0).astype(np.float64)
        if given is not None and given.shape == shape[: given.ndim]:
            weight *= given.reshape(given.shape + (1,) * (len(shape) - given.ndim))
    if ignored(head) is not None:
        weight *= columns.class_ids(target).reshape(shape) != ignored(head)
    by_row = weight.reshape(len(weight), -1)
    if (by_row == by_row[:, :1]).all() or not weight.sum() > 0:
        return None
    return weight if compiled_loss.is_by_position(head, target, prediction) else None


def as_rows(
    head: Head, target: Any, prediction: Any, sample_weight: Any, mask: Any = None
) -> tuple[Any, Any, Any]:
    """Targets, predictions and weights with every position as a row, as tensors of a step.

    As they are where an output has no positions, or its targets have others. `mask` is what
    `mask_of` says, if the predictions have lost their mask.
    """
    places = len(prediction.shape) - 1
    fits = head.is_one_to_one and tuple(target.shape[1:places]) == tuple(prediction.shape[1:-1])
    weight_places = 0 if sample_weight is None else len(sample_weight.shape)
    if places < 2 or not fits or weight_places > places:
        return target, prediction, sample_weight
    weight = effective_weights(prediction, prediction, sample_weight)
    if mask is not None:
        weight = weight * ops.cast(mask > 0, weight.dtype)
    target, prediction = (
        ops.reshape(tensor, (-1, *tensor.shape[places:])) for tensor in (target, prediction)
    )
    weight = ops.reshape(weight, (-1,))
    if ignored(head) is not None:
        counts = ops.reshape(target, (-1,)) != ignored(head)
        weight = weight * ops.cast(counts, weight.dtype)
    return target, prediction, weight


def flat(array: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Targets or predictions with every position as a row of its own."""
    return array.reshape(-1, *array.shape[weight.ndim :])


def filled(values: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Columns in which positions that weigh nothing hold the mean, and so say nothing."""
    mean = np.average(values, axis=0, weights=weight)
    return np.where(weight[:, None] > 0, values, mean)
