"""The dial: what a rescue changes about every update, for the rest of one `fit`.

A network trained on raw numbers can be trained exactly as if its inputs and targets had been
standardised, without touching its architecture. Write its first kernel and bias as W = S·W̃ and
b = b̃ − (m·S)ᵀW̃ with m and 1/S the mean and std of the inputs, and its head as W = s·W̃, b = s·b̃.
The optimizer is shown W̃ and b̃ and the gradients with respect to them; what it does is carried over
to W and b. So every optimizer, its epsilon, clipping and weight decay act on the standardised
problem. Scales are powers of two, so that going there and back loses no digit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from meancollapse.backend import framework

NO_CLIP = 1e30
# Numbers before those of variables and outputs: rate, norm to clip at, scale of the loss.
FIRST = 3
# Settings that change nothing.
NEUTRAL: dict[str, Any] = {
    "rate": 1.0,
    "loss_scale": 1.0,
    "clip": None,
    "scales": {},
    "output_scales": {},
    "folds": {},
    "warm_up": 0,
}


@dataclass(frozen=True)
class Fold:
    """Standardisation of the inputs folded into one layer.

    Attributes:
        kernel: Index of its kernel among the trainable variables.
        bias: Index of its bias, or `None`.
        mean: Mean of each input column, shape `(inputs,)`; zeros without a bias.
        scale: 1 ÷ std of each input column, shape `(inputs,)`.
    """

    kernel: int
    bias: int | None
    mean: np.ndarray
    scale: np.ndarray


class Dial:
    """Factors on gradients and updates, changed from outside without compiling the step again.

    Args:
        variables: The model's trainable variables.
        folds: For each layer into which inputs may be folded, its `Fold` (identity to begin with).
        outputs: Names of the model's outputs.
    """

    def __init__(
        self,
        variables: Sequence[Any],
        folds: Sequence[Fold] = (),
        outputs: Sequence[str] = (),
    ):
        self._outputs = list(outputs)
        self._paths = [variable.path for variable in variables]
        self._places = [(fold.kernel, fold.bias) for fold in folds]
        self._inside: list[Any] | None = None
        self._stored: list[Any] | None = None
        self.warm_up = 0
        self._calls = 0
        # Only what has been turned at some time is put into a step: the rest would make every
        # compilation longer, and cost twice the time of an ordinary step's.
        self.turned: frozenset[Any] = frozenset()
        self.set(folds=folds)

    def set(
        self,
        rate: float = 1.0,
        loss_scale: float = 1.0,
        clip: float | None = None,
        scales: dict[int, float] | None = None,
        output_scales: dict[str, float] | None = None,
        folds: Sequence[Fold] = (),
        warm_up: int = 0,
    ) -> None:
        """Turn the dial.

        Args:
            rate: Factor on every update, beside the optimizer's own learning rate.
            loss_scale: Factor on every gradient.
            clip: Largest global norm of the gradients, in standardised coordinates.
            scales: Factors s of the variables with these indices.
            output_scales: Factors on what flows back from these outputs, beside `loss_scale`.
            folds: Standardisation by folded layer, in the order the dial was made with.
            warm_up: Calls of the step function over which updates grow from 0 to full size.
        """
        self.rate, self.warm_up, self._calls = rate, warm_up, 0
        count = len(self._paths)
        vector = np.ones(FIRST + count + len(self._outputs), np.float32)
        vector[:FIRST] = rate, NO_CLIP if clip is None else clip, loss_scale
        for index, scale in (scales or {}).items():
            vector[FIRST + index] = scale
        for name, scale in (output_scales or {}).items():
            vector[FIRST + count + self._outputs.index(name)] = scale
        self.host = [vector]
        for fold in folds:
            self.host += [np.asarray(fold.mean, np.float32), np.asarray(fold.scale, np.float32)]
        self.turned |= self.parts()
        self._store()

    def parts(self) -> frozenset[Any]:
        """What the present settings need of a step; one compiled for more will do as well."""
        vector, count = self.host[0], len(self._paths)
        scales, of_outputs = vector[FIRST : FIRST + count], vector[FIRST + count :]
        found: set[Any] = {("scale", int(i)) for i in np.flatnonzero(scales != 1)}
        found |= {("gradient", int(i)) for i in np.flatnonzero(scales * vector[2] != 1)}
        found |= {("output", self._outputs[i]) for i in np.flatnonzero(of_outputs != 1)}
        for number, (mean, scale) in enumerate(zip(self.host[1::2], self.host[2::2], strict=True)):
            if mean.any() or (scale != 1).any():
                found.add(("fold", number))
        if self.rate != 1 or self.warm_up:
            found.add("rate")
        if vector[1] < NO_CLIP:
            found.add("clip")
        return frozenset(found)

    def tick(self) -> None:
        """Count one call of the step function; only a warm-up changes anything."""
        if self._calls <= self.warm_up and self.warm_up:
            share = min(1.0, (self._calls + 1) / self.warm_up)
            self.host[0][0] = self.rate * share
            self._store()
        self._calls += 1

    def _store(self) -> None:
        if framework.name() != "tensorflow":
            self._stored = [ops.convert_to_tensor(array.copy()) for array in self.host]
        elif self._stored is None:
            self._stored = [
                keras.Variable(array, trainable=False, dtype="float32") for array in self.host
            ]
        else:
            for variable, array in zip(self._stored, self.host, strict=True):
                variable.assign(array)

    def values(self) -> list[Any]:
        """The dial as tensors, for a step that takes them as arguments."""
        return list(self._stored or [])

    def bind(self, values: list[Any] | None) -> None:
        """Use these tensors of a step being traced, instead of the stored ones."""
        self._inside = values

    def fits(self, variables: Sequence[Any]) -> bool:
        """Whether an optimizer's variables are those the dial was made for."""
        return [variable.path for variable in variables] == self._paths

    def output(self, name: str, prediction: Any) -> Any:
        """A prediction as it is, of which the loss sends more or less back into the model."""
        if ("output", name) not in self.turned:
            return prediction
        numbers, _ = self._read()
        factor = numbers[FIRST + len(self._paths) + self._outputs.index(name)]
        fixed = ops.stop_gradient(prediction)
        return fixed + (prediction - fixed) * ops.cast(factor, prediction.dtype)

    def gradients(self, grads: Sequence[Any], optimizer_scale: Any) -> list[Any]:
        """Gradients in standardised coordinates, scaled and clipped.

        Args:
            grads: Gradients, possibly `None` or sparse.
            optimizer_scale: The factor a `LossScaleOptimizer` has put on them.
        """
        numbers, folds = self._read()
        turned: list[Any] = [None if g is None else framework.dense(g) for g in grads]
        for i, grad in enumerate(turned):
            if grad is not None and ("gradient", i) in self.turned:
                factor = numbers[FIRST + i] * numbers[2]
                turned[i] = grad * ops.cast(factor, grad.dtype)
        for (kernel, bias), (mean, scale) in folds:
            if turned[kernel] is None:
                continue
            dtype = turned[kernel].dtype
            turned[kernel] = turned[kernel] * _column(scale, dtype)
            if bias is not None and turned[bias] is not None:
                across = _column(mean * scale, dtype)
                turned[kernel] = turned[kernel] - across * _input_bias(turned[bias])
        if "clip" not in self.turned:
            return turned
        squares = [ops.sum(ops.square(ops.cast(g, "float32"))) for g in turned if g is not None]
        norm = ops.sqrt(sum(squares)) / ops.cast(optimizer_scale, "float32")
        factor = ops.minimum(1.0, numbers[1] / ops.maximum(norm, 1e-30))
        return [None if g is None else g * ops.cast(factor, g.dtype) for g in turned]

    def standardised(self, values: Sequence[Any]) -> list[Any]:
        """Kernels W̃ and biases b̃ of the standardised problem, for the variables' values.

        The optimizer is given these, and not only an update to enlarge: a step of 10⁻³ on a weight
        of 10⁸ would be lost to rounding.
        """
        numbers, folds = self._read()
        turned = list(values)
        for i, value in enumerate(values):
            if ("scale", i) in self.turned:
                turned[i] = value / ops.cast(numbers[FIRST + i], value.dtype)
        for (kernel, bias), (mean, scale) in folds:
            if bias is not None:
                turned[bias] = _plus_input_bias(turned[bias], _carried(turned[kernel], mean))
            turned[kernel] = turned[kernel] / _column(scale, turned[kernel].dtype)
        return turned

    def raw(self, before: Sequence[Any], after: Sequence[Any]) -> list[Any]:
        """The variables' values, for standardised values before and after the optimizer's step."""
        numbers, folds = self._read()
        turned = list(after)
        if "rate" in self.turned:
            turned = [
                old + (new - old) * ops.cast(numbers[0], old.dtype)
                for old, new in zip(before, after, strict=True)
            ]
        for (kernel, bias), (mean, scale) in folds:
            turned[kernel] = turned[kernel] * _column(scale, turned[kernel].dtype)
            if bias is not None:
                turned[bias] = _plus_input_bias(turned[bias], -_carried(turned[kernel], mean))
        for i, value in enumerate(turned):
            if ("scale", i) in self.turned:
                turned[i] = value * ops.cast(numbers[FIRST + i], value.dtype)
        return turned

    def _read(self) -> tuple[Any, list[tuple[Any, Any]]]:
        """The numbers, and `((kernel, bias), (mean, scale))` of the folds in use."""
        values = self._inside if self._inside is not None else self.values()
        tensors = [ops.convert_to_tensor(value) for value in values]
        folds = zip(self._places, zip(tensors[1::2], tensors[2::2], strict=True), strict=True)
        in_use = [fold for number, fold in enumerate(folds) if ("fold", number) in self.turned]
        return tensors[0], in_use


def _input_bias(bias: Any) -> Any:
    """GRU keeps two biases, the input's first."""
    return bias[0] if len(bias.shape) > 1 else bias


def _plus_input_bias(bias: Any, moved: Any) -> Any:
    if len(bias.shape) == 1:
        return bias + moved
    return bias + ops.stack([moved, *[ops.zeros_like(moved)] * (int(bias.shape[0]) - 1)])


def _carried(kernel: Any, mean: Any) -> Any:
    """What the inputs' mean adds to every unit."""
    return ops.sum(kernel * _column(mean, kernel.dtype), axis=tuple(range(len(kernel.shape) - 1)))


def _column(numbers: Any, dtype: Any) -> Any:
    return ops.cast(ops.reshape(numbers, (-1, 1)), dtype)
