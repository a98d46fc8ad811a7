"""Heads: the outputs of a model, each paired with its target and its loss, as plain columns.

Whatever the head produces (numbers, probabilities, logits, class scores per position), it is judged
as columns of predictions beside columns of targets, over the same rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
from keras import ops

from meancollapse.backend import evaluating, internals
from meancollapse.look import quiet

# Statistics are kept for at most this many columns of an output; more are thinned or folded.
MAX_COLUMNS = 256
# Class probabilities are folded into at most this many classes (folding can only lose information).
MAX_CLASSES = 64

SPARSE = {"sparse_categorical_crossentropy"}
CATEGORICAL = {
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_generalized_cross_entropy",
    "kl_divergence",
}
BINARY = {"binary_crossentropy", "binary_focal_crossentropy"}


@dataclass(frozen=True)
class Head:
    """One output of a model.

    Attributes:
        name: The output's name, as in the model's `output_names` or the dict's key.
        loss: What was compiled for it: a name, a function, a `keras.losses.Loss` or `None`.
        kind: `"regression"`, `"binary"` (columns are probabilities of independent labels),
            `"categorical"` (columns are class probabilities) or `"sparse"` (likewise, with
            integer targets).
        from_logits: Whether the predictions still need a sigmoid or softmax to be probabilities.
        classes: For `"sparse"`, the number of classes.
        one_target: Whether a one-column target is predicted by several columns (mean and
            variance, quantiles), of which the one that follows it best is judged.
        is_comparable: Whether targets and predictions have columns in common. Where they have not
            (times and events for a risk, tokens for CTC), only the loss tells how good they are.
    """

    name: str
    loss: Any
    kind: str
    from_logits: bool = False
    classes: int = 0
    one_target: bool = False
    is_comparable: bool = True

    @property
    def is_classification(self) -> bool:
        return self.kind != "regression"

    @property
    def is_one_to_one(self) -> bool:
        """Whether every number (or class) predicted is to become one of the target's."""
        return self.is_comparable and not self.one_target

    @property
    def loss_name(self) -> str:
        return loss_name(self.loss)


def loss_name(loss: Any) -> str:
    """The snake-case name of a loss given as name, function or object; `""` for `None`."""
    if loss is None:
        return ""
    if isinstance(loss, str):
        try:
            loss = keras.losses.get(loss)
        except ValueError:
            return str(loss)
    function = getattr(loss, "fn", loss)
    return getattr(function, "__name__", type(loss).__name__)


def pair(model: keras.Model, y: Any, y_pred: Any) -> list[tuple[Head, Any, Any]]:
    """Match every output with its target and loss.

    Args:
        model: A compiled model.
        y: Targets: a tensor, list or dict, or `None`.
        y_pred: Predictions in the model's output structure.

    Returns:
        One `(head, target, prediction)` per output that has both. Left out are those of which no
        more is known than that: without a loss where other outputs have one, and without a loss
        where targets and predictions differ in size (an embedding and its class numbers); those
        that the compiled loss weighs 0 or less, and complex numbers.
    """
    predictions = _named(y_pred, _output_names(model))
    names = [name for name, _ in predictions]
    targets = by_name(y, names)
    losses = by_name(model.loss, names, shared=True)
    if any(losses.get(name) is not None for name in names):
        predictions = [each for each in predictions if losses.get(each[0]) is not None]
    weights = loss_weights(model, names)
    pairs = []
    for name, prediction in predictions:
        target = targets.get(name)
        if target is None or not hasattr(prediction, "shape") or not weights[name] > 0:
            continue
        if not (holds_reals(target) and holds_reals(prediction)):
            continue
        head = _head(name, losses.get(name), target, prediction)
        if head.loss is not None or _is_alike(head, target):
            pairs.append((head, target, prediction))
    return pairs


def _is_alike(head: Head, target: Any) -> bool:
    """Whether, for all that can be seen, an output is to become its target."""
    if isinstance(target, np.ndarray):  # of a tensor being traced nobody knows the numbers
        if target.size and (target == target.flat[0]).all():  # zeros to satisfy `fit`
            return False
        if head.kind == "sparse" and target.max(initial=0) >= head.classes:
            return False
    return head.is_one_to_one


def each_output(model: keras.Model, y_pred: Any, change: Callable[[str, Any], Any]) -> Any:
    """Predictions in the same structure, each changed as `change(name, prediction)` says."""
    named = [(name, change(name, each)) for name, each in _named(y_pred, _output_names(model))]
    if isinstance(y_pred, dict):
        return dict(named)
    changed = [prediction for _, prediction in named]
    return changed if isinstance(y_pred, list | tuple) else changed[0]


def loss_weights(model: keras.Model, names: list[str]) -> dict[str, float]:
    """What `compile` says every output's loss is multiplied by; 1 where it says nothing."""
    given = internals.compiled_loss_weights(model)
    found = {} if given is None else by_name(given, _output_names(model) or names)
    known = {name: found.get(name) for name in names}
    return {
        name: float(weight) if isinstance(weight, int | float) else 1.0
        for name, weight in known.items()
    }


def columns(head: Head, target: Any, prediction: Any) -> tuple[Any, Any]:
    """Targets and predictions as float32 columns over the same rows.

    Args:
        head: The output's `Head`.
        target: Tensor of shape `(rows, ...)`.
        prediction: Tensor of shape `(rows, ...)`.

    Returns:
        Two tensors of shape `(rows, columns)`, at most 256 columns.
    """
    target, prediction = ops.convert_to_tensor(target), ops.convert_to_tensor(prediction)
    prediction = ops.cast(prediction, "float32")
    if head.kind == "sparse":
        return _class_columns(head, target, prediction)
    prediction = probabilities(head, prediction)
    target = ops.cast(target, "float32")
    if not head.is_comparable:
        target, prediction = _pooled(target), _pooled(prediction)
    if head.kind == "categorical" and prediction.shape[-1] and prediction.shape[-1] > MAX_CLASSES:
        target, prediction = _fold(target), _fold(prediction)
    target, prediction = _flat(target), _flat(prediction)
    target, prediction = _same_width(target, prediction)
    return _thin(target), _thin(prediction)


def input_columns(x: Any) -> Any:
    """A numeric input as float32 columns, at most 256 of them; `None` for strings and the like."""
    if not hasattr(x, "shape") or not len(x.shape):
        return None
    if hasattr(x, "dense_shape") or hasattr(x, "row_splits"):  # sparse, ragged
        return None
    if hasattr(x, "dtype") and not holds_numbers(x):
        return None
    dtype = str(keras.backend.standardize_dtype(x.dtype)) if hasattr(x, "dtype") else ""
    if not dtype.startswith(("float", "bfloat", "int", "uint", "bool")):
        return None
    return _thin(_flat(ops.cast(ops.convert_to_tensor(x), "float32")))


def holds_numbers(tensor: Any) -> bool:
    """Whether a tensor holds numbers, and not words."""
    name = getattr(tensor.dtype, "name", str(tensor.dtype))
    return not name.startswith(("str", "bytes", "object"))


def holds_reals(tensor: Any) -> bool:
    """Whether a tensor holds numbers, and not complex ones."""
    name = getattr(tensor.dtype, "name", str(tensor.dtype))
    return holds_numbers(tensor) and not name.startswith("complex")


def is_of_keras(loss: Any) -> bool:
    """Whether a loss is one that Keras ships."""
    if loss is None or isinstance(loss, str):
        return loss is not None
    kind = loss if hasattr(loss, "__name__") else type(loss)
    wrapped = getattr(loss, "fn", kind)
    return all(
        str(getattr(each, "__module__", "")).startswith("keras.") for each in (kind, wrapped)
    )


def probabilities(head: Head, prediction: Any) -> Any:
    """What `predict` means: probabilities, where the loss says the output is logits."""
    if head.kind == "regression":
        return prediction
    if head.kind == "binary":
        return ops.sigmoid(prediction) if head.from_logits else prediction
    if head.from_logits:
        return ops.softmax(prediction, axis=-1)
    if head.loss_name in SPARSE | CATEGORICAL:
        return prediction
    # A custom loss may want logits without saying so: scores that are no distribution.
    sums = ops.sum(prediction, axis=-1, keepdims=True)
    is_distribution = ops.logical_and(ops.abs(sums - 1) < 1e-2, ops.min(prediction) >= 0)
    return ops.where(is_distribution, prediction, ops.softmax(prediction, axis=-1))


def row_weights(sample_weight: Any, prediction: Any) -> Any:
    """Sample weights as one column beside `columns`; several weights of one row are averaged."""
    if sample_weight is None:
        return None
    weight = ops.cast(ops.convert_to_tensor(sample_weight), "float32")
    if _has_unknown_length(prediction):
        return ops.reshape(weight, (-1, 1)) if len(weight.shape) > 1 else None
    if len(weight.shape) > 1:
        weight = ops.mean(weight, axis=tuple(range(1, len(weight.shape))))
    return ops.reshape(weight, (-1, 1))


def _has_unknown_length(tensor: Any) -> bool:
    return any(size is None for size in tensor.shape[1:])


def _head(name: str, loss: Any, target: Any, prediction: Any) -> Head:
    identity = loss_name(loss)
    from_logits = bool(getattr(loss, "from_logits", False))
    if identity in SPARSE or (
        _looks_like_class_ids(target, prediction) and _takes_class_ids(loss, target, prediction)
    ):
        return Head(name, loss, "sparse", from_logits, classes=int(prediction.shape[-1]))
    if identity in CATEGORICAL:
        return Head(name, loss, "categorical", from_logits)
    if identity in BINARY:
        return Head(name, loss, "binary", from_logits)
    wide, narrow = _width(prediction), _width(target)
    if wide == narrow:
        return Head(name, loss, "regression")
    is_one = narrow == 1 and not _has_unknown_length(prediction)
    return Head(name, loss, "regression", one_target=is_one, is_comparable=is_one)


def _width(tensor: Any) -> int:
    """Numbers per row; negative, and those of one position, where a length is not known."""
    width = 1
    for size in tensor.shape[1:]:
        width *= size or 1
    return -width if _has_unknown_length(tensor) else width


def _looks_like_class_ids(target: Any, prediction: Any) -> bool:
    """Integer targets, one per position of a head of several columns (a custom class loss)."""
    integers = "int" in keras.backend.standardize_dtype(target.dtype)
    wide = len(prediction.shape) >= 2 and (prediction.shape[-1] or 0) > 1
    places = tuple(target.shape[1:])
    if len(target.shape) == len(prediction.shape):
        places = places if places[-1] != 1 else places[:-1]
    pairs = list(zip(places, prediction.shape[1:-1], strict=False))
    fits = len(places) == len(prediction.shape) - 2 and all(
        here == there or None in (here, there) for here, there in pairs
    )
    return integers and wide and fits


def _takes_class_ids(loss: Any, target: Any, prediction: Any) -> bool:
    """Whether a custom loss reads integers as class numbers: then it cuts off fractions.

    One that compares them with the predictions as numbers (quantiles of counts) does not.
    """
    if loss is None or isinstance(loss, str):
        return True
    shapes = [(2, *(size or 2 for size in tensor.shape[1:])) for tensor in (target, prediction)]
    values = np.random.default_rng(0).uniform(0.1, 0.9, shapes[1]).astype(np.float32)
    values /= values.sum(-1, keepdims=True)

    def of(y: float) -> float:
        kind = keras.backend.standardize_dtype(target.dtype) if y == 0 else "float32"
        return evaluating.eager_loss(loss, np.full(shapes[0], y, kind), values)

    try:
        with quiet.quiet(loss):
            whole, fraction = of(0), of(0.4)
    except Exception:  # fractions are not for it
        return True
    return bool(np.isclose(whole, fraction, rtol=1e-5, atol=1e-7))


def _output_names(model: keras.Model) -> list[str] | None:
    if isinstance(model, keras.Sequential):
        return [model.layers[-1].name]
    return getattr(model, "output_names", None)


def _named(structure: Any, names: list[str] | None) -> list[tuple[str, Any]]:
    if isinstance(structure, dict):
        return list(structure.items())
    if isinstance(structure, list | tuple):
        if not names or len(names) != len(structure):
            names = [f"output_{i}" for i in range(len(structure))]
        return list(zip(names, structure, strict=True))
    return [(names[0] if names and len(names) == 1 else "output", structure)]


def by_output(model: keras.Model, structure: Any) -> dict[str, Any]:
    """What is given in the model's output structure, by name of output."""
    return dict(_named(structure, _output_names(model)))


def by_name(structure: Any, names: list[str], shared: bool = False) -> dict[str, Any]:
    """A structure of targets or losses by output name; `shared`: one value serves all."""
    if isinstance(structure, dict):
        return structure
    if isinstance(structure, list | tuple):
        return dict(zip(names, structure, strict=False))
    return dict.fromkeys(names if shared else names[:1], structure)


def _class_columns(head: Head, target: Any, prediction: Any) -> tuple[Any, Any]:
    probability = probabilities(head, prediction)
    if len(target.shape) == len(prediction.shape) and target.shape[-1] == 1:
        target = ops.squeeze(target, axis=-1)
    classes = probability.shape[-1]
    kept = min(classes, MAX_CLASSES)
    # Sparse crossentropy truncates fractional labels, so this is what the loss sees.
    ids = ops.mod(ops.cast(target, "int32"), kept)
    target = ops.cast(ops.one_hot(ids, kept), "float32")
    return _thin(_flat(target)), _thin(_flat(_fold(probability)))


def _fold(distribution: Any) -> Any:
    """Add up classes modulo 64: a coarser question about the same distribution."""
    classes = distribution.shape[-1]
    if classes <= MAX_CLASSES:
        return distribution
    padding = -classes % MAX_CLASSES
    widths = [[0, 0]] * (len(distribution.shape) - 1) + [[0, padding]]
    padded = ops.pad(distribution, widths)
    shape = [-1, *distribution.shape[1:-1], (classes + padding) // MAX_CLASSES, MAX_CLASSES]
    return ops.sum(ops.reshape(padded, shape), axis=-2)


def _flat(tensor: Any) -> Any:
    """One row per example; where a length is not known in advance, one row per position."""
    if len(tensor.shape) <= 1:
        return ops.reshape(tensor, (-1, 1))
    if _has_unknown_length(tensor):
        return ops.reshape(tensor, (-1, tensor.shape[-1] or 1))
    width = 1
    for size in tensor.shape[1:]:
        width *= size
    return ops.reshape(tensor, (-1, width))


def _pooled(tensor: Any) -> Any:
    """One row per example: the mean over axes of a length that is not known in advance."""
    axes = [axis for axis, size in enumerate(tensor.shape) if axis and size is None]
    return ops.mean(tensor, axis=axes) if axes else tensor


def _same_width(target: Any, prediction: Any) -> tuple[Any, Any]:
    """A one-column target is held against every column of the prediction, and the reverse."""
    wide = max(target.shape[1], prediction.shape[1])
    narrow = min(target.shape[1], prediction.shape[1])
    if wide == narrow:
        return target, prediction
    if narrow == 1:
        ones = ops.ones((1, wide), "float32")
        return target * ones, prediction * ones
    return target[:, :narrow], prediction[:, :narrow]


def _thin(tensor: Any) -> Any:
    width = tensor.shape[1]
    return tensor[:, :: -(-width // MAX_COLUMNS)] if width > MAX_COLUMNS else tensor
