"""Streams: a measured step reduced, on the device, to a few hundred numbers.

A step leaves two flat float32 tensors: a *series* (norms of gradients, updates and weights, and
moments of every output) kept step by step, and the *units* (gradient energy of every unit), of
which only the running sum is kept. `Layout` says what stands where.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
from keras import ops

from meancollapse.backend import framework
from meancollapse.look import heads, positions, traits

# An output's statistics never need more rows than this from one step.
MAX_ROWS = 2048


@dataclass(frozen=True)
class Layout:
    """What a packed step contains.

    Attributes:
        variables: Paths of the trainable variables that received a gradient.
        units: Number of units of each variable (its last axis).
        ranks: Number of axes of each variable.
        disconnected: Paths of trainable variables whose gradient was `None`.
        inputs: Number of columns of each numeric input.
        outputs: The heads, with the number of columns of each.
    """

    variables: tuple[str, ...]
    units: tuple[int, ...]
    ranks: tuple[int, ...]
    disconnected: tuple[str, ...]
    inputs: tuple[int, ...]
    outputs: tuple[tuple[heads.Head, int], ...]

    @property
    def length(self) -> int:
        """Numbers of the series of one step."""
        inputs = sum(1 + 3 * columns for columns in self.inputs)
        return 1 + 3 * len(self.variables) + inputs + sum(3 + 7 * c for _, c in self.outputs)


class Record:
    """What the taps saw in one step, as tensors of the step being traced."""

    def __init__(self) -> None:
        self.has_gradients = False
        self._variables: list[Any] = []
        self._disconnected: list[str] = []
        self._norms: list[Any] = []
        self._units: list[Any] = []
        self._inputs: list[int] = []
        self._input_moments: list[Any] = []
        self._outputs: list[tuple[heads.Head, int]] = []
        self._moments: list[Any] = []
        self._masks: dict[str, Any] = {}

    def gradients(
        self, variables: list[Any], grads: list[Any], scale: Any, before: Any, after: Any
    ) -> None:
        """Squared norms of gradient, update and weights, and gradient energy by unit.

        Args:
            variables: The trainable variables, in the optimizer's order.
            grads: Their gradients, possibly `None`, sparse or loss-scaled.
            scale: Factor the gradients arrive multiplied by.
            before: Values of the variables before the update.
            after: Values of the variables after the update.
        """
        self.has_gradients = True
        if before is None or after is None:
            raise RuntimeError("the variables' values before and after the update are not there")
        for variable, grad, old, new in zip(variables, grads, before, after, strict=True):
            if grad is None:
                self._disconnected.append(variable.path)
                continue
            grad = ops.cast(framework.dense(grad), "float32") / ops.cast(scale, "float32")
            old, new = ops.cast(old, "float32"), ops.cast(new, "float32")
            energy = ops.square(grad)
            if len(grad.shape) > 1:
                energy = ops.sum(energy, axis=tuple(range(len(grad.shape) - 1)))
            energy = ops.reshape(energy, (-1,))
            self._variables.append(variable)
            self._units.append(energy)
            self._norms += [ops.sum(energy), _sum_of_squares(new - old), _sum_of_squares(old)]

    def inputs(self, x: Any) -> None:
        """Moments of every numeric input, column by column."""
        for leaf in keras.tree.flatten(x):
            columns = heads.input_columns(leaf)
            if columns is not None:
                self._inputs.append(int(columns.shape[1]))
                self._input_moments.append(column_moments(columns[:MAX_ROWS]))

    def padding(self, model: keras.Model, y_pred: Any) -> None:
        """Masks of the outputs, where only the loss is given them and no metric (JAX)."""
        if framework.name() == "jax" and traits.masks(model):
            found = keras.tree.map_structure(positions.mask_of, y_pred)
            self._masks = heads.by_output(model, found)

    def outputs(self, model: keras.Model, y: Any, y_pred: Any, sample_weight: Any) -> None:
        """Moments of targets and predictions, output by output."""
        pairs = heads.pair(model, y, y_pred)
        names = [head.name for head, _, _ in pairs]
        weights = heads.by_name(sample_weight, names, shared=True)
        is_masked = traits.masks(model)
        for head, target, prediction in pairs:
            weight = weights.get(head.name)
            some_count = is_masked or positions.ignored(head) is not None
            if some_count or (weight is not None and len(weight.shape) > 1):
                target, prediction, weight = positions.as_rows(
                    head, target, prediction, weight, self._masks.get(head.name)
                )
            targets, predictions = heads.columns(head, target, prediction)
            weight = heads.row_weights(weight, prediction)
            given = [targets, predictions] if weight is None else [targets, predictions, weight]
            if not heads.is_of_keras(head.loss):
                given = _same_rows(*given)
            found = moments(*(part[:MAX_ROWS] for part in given))
            self._outputs.append((head, int(predictions.shape[1])))
            self._moments.append(found)

    def pack(self) -> tuple[Layout, Any, Any]:
        """The layout, the series and the units of this step."""
        layout = Layout(
            tuple(v.path for v in self._variables),
            tuple(int(v.shape[-1]) if len(v.shape) else 1 for v in self._variables),
            tuple(len(v.shape) for v in self._variables),
            tuple(self._disconnected),
            tuple(self._inputs),
            tuple(self._outputs),
        )
        norms = [ops.stack(self._norms)] if self._norms else []
        series = [ops.zeros((1,), "float32"), *norms, *self._input_moments, *self._moments]
        units = [ops.zeros((1,), "float32"), *self._units]
        return layout, ops.concatenate(series), ops.concatenate(units)


def moments(targets: Any, predictions: Any, sample_weight: Any = None) -> Any:
    """Exact weighted moments of one batch, centred before anything is squared.

    The first row is taken off before the mean is formed, so that a target of 10⁶ ± 1 keeps its
    digits in float32 (Chan, Golub and LeVeque, 1983, give the merge done later on the host).

    Args:
        targets: Tensor of shape `(rows, columns)`.
        predictions: Tensor of shape `(rows, columns)`.
        sample_weight: `None` or a tensor of shape `(rows, 1)`.

    Returns:
        Flat tensor of `3 + 7 * columns` numbers: rows, total weight, mean entropy of the
        predictions read as a distribution, then for each column: mean of targets, mean of
        predictions (each as first row and remainder), and sums of squares and products.
    """
    weight = ops.ones_like(targets[:, :1])
    if sample_weight is not None:
        # A negative weight (an advantage, an event to be taken off) is no share of anything.
        weight = weight * ops.maximum(sample_weight, 0.0)
    rows, total = ops.sum(ops.ones_like(weight)), ops.sum(weight)
    safe = ops.where(total > 0, total, 1.0)
    first_y, first_p = _first(targets), _first(predictions)
    y, p = targets - first_y, predictions - first_p
    mean_y, mean_p = ops.sum(weight * y, axis=0) / safe, ops.sum(weight * p, axis=0) / safe
    y, p = y - mean_y, p - mean_p
    clipped = ops.clip(predictions, 1e-7, 1.0)
    entropy = -ops.sum(weight * clipped * ops.log(clipped)) / safe
    sums = [ops.sum(weight * product, axis=0) for product in (ops.square(y), ops.square(p), y * p)]
    return ops.concatenate(
        [ops.stack([rows, total, entropy]), first_y, mean_y, first_p, mean_p, *sums]
    )


def column_moments(columns: Any) -> Any:
    """Rows, and for each column first value, mean less the first value, and sum of squares.

    Args:
        columns: Tensor of shape `(rows, columns)`.

    Returns:
        Flat tensor of `1 + 3 * columns` numbers.
    """
    first = _first(columns)
    rest = columns - first
    rows = ops.reshape(ops.sum(ops.ones_like(columns[:, 0])), (1,))
    mean = ops.sum(rest, axis=0) / ops.maximum(rows, 1.0)
    squares = ops.sum(ops.square(rest - mean), axis=0)
    return ops.concatenate([rows, first, mean, squares])


def _first(columns: Any) -> Any:
    """The first row; zeros where there is none, as in the empty batch that ends some data."""
    return ops.sum(columns[:1], axis=0)


def _same_rows(*tensors: Any) -> list[Any]:
    """Columns over as many rows as the shortest has, so that nothing can fail in the user's step.

    A loss may crop its targets or be given two views of every row; then nothing is said of them.
    """
    known = {tensor.shape[0] for tensor in tensors}
    if None not in known:
        fewest = min(known)
        return [tensor if tensor.shape[0] == fewest else tensor[:fewest] for tensor in tensors]
    fewest = ops.shape(tensors[0])[0]
    for tensor in tensors[1:]:
        fewest = ops.minimum(fewest, ops.shape(tensor)[0])
    return [tensor[:fewest] for tensor in tensors]


def _sum_of_squares(tensor: Any) -> Any:
    return ops.sum(ops.square(tensor))
