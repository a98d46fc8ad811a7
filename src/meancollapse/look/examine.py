"""An examination: everything the causes of a collapse are drawn from, measured once."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import keras
import numpy as np

from meancollapse.backend import evaluating, internals, rates
from meancollapse.judge import readability
from meancollapse.judge.evidence import Examination, Head, Layer
from meancollapse.look import activations, anatomy, columns, compiled_loss, heads, initial, layers
from meancollapse.look.look import Looker

# Shares of doubt with which the perfect answer is given to a classification loss.
DOUBTS = (0.0, 0.02, 0.1, 0.2, 0.5)
CLIPS = ("clipnorm", "global_clipnorm", "clipvalue")


def examine(looker: Looker, name: str, batch_rows: int | None) -> Examination | None:
    """Examine one output and the network before it.

    Args:
        looker: Model and sample.
        name: The output's name.
        batch_rows: Rows of one training batch, if known.

    Returns:
        The examination, or `None` if the model has no such output with targets.
    """
    model = looker.model
    found = next((pair for pair in looker.pairs if pair[0].name == name), None)
    if found is None:
        return None
    head, target, prediction = found
    targets, _ = columns.of(head, target, prediction)
    aligned = columns.matching(targets, looker.x)
    others = {other.name for other, _, _ in looker.pairs} - {name}
    surveyed = [layer for layer in anatomy.survey(model, looker.x) if layer.name not in others]
    now = dict(looker.features)
    first = initial.weights(model)
    start = _features(looker, looker.x, first)
    began = {layer.name: layer for layer in anatomy.survey(model, looker.x, first)}
    scaled_x = standardised(looker.x)
    scaled = start if scaled_x is looker.x else _features(looker, scaled_x, first)

    def read(features: dict[str, np.ndarray], layer: Layer) -> float | None:
        found = features.get(layer.name)
        return None if found is None else readability.readability(found, aligned)

    optimizer = rates.innermost(model.optimizer)
    losses = [compiled_loss.value(h, t, p, None) for h, t, p in looker.pairs if h.loss is not None]
    return Examination(
        layers=tuple(
            dataclasses.replace(
                layer,
                readability=read(now, layer),
                at_start=read(start, layer),
                constant_at_start=began[layer.name].constant_units,
                std_at_start=began[layer.name].std,
                at_start_scaled=read(scaled, layer),
            )
            for layer in surveyed
        ),
        parameters=tuple(anatomy.parameters(model)),
        head=_head(model, head, target, prediction, targets, surveyed),
        training_skill=_training_skill(looker, head, target),
        penalty=_penalty(looker),
        penalty_at_start=_penalty(looker, first),
        total_loss=math.fsum(losses) if losses else math.nan,
        batch_rows=batch_rows,
        optimizer=type(optimizer).__name__,
        learning_rate=rates.learning_rate(model.optimizer),
        weight_decay=_number(getattr(optimizer, "weight_decay", None)),
        clip=min(
            (c for c in (_number(getattr(optimizer, a, None)) for a in CLIPS) if c), default=None
        ),
        epsilon=_number(getattr(optimizer, "epsilon", None)),
    )


def standardised(x: Any) -> Any:
    """The same inputs with every floating-point column of mean 0 and std 1 (maps: by channel)."""

    def scale(array: np.ndarray) -> np.ndarray:
        if array.dtype.kind != "f" or array.ndim < 2:
            return array
        axes = (0,) if array.ndim == 2 else tuple(range(array.ndim - 1))
        mean, std = array.mean(axes, np.float64), array.std(axes, dtype=np.float64)
        varies = std > anatomy.ROUNDING * np.abs(mean)
        return ((array - mean) / np.where(varies, std, 1)).astype(array.dtype)

    if not any(a.dtype.kind == "f" and a.ndim > 1 for a in keras.tree.flatten(x)):
        return x
    return keras.tree.map_structure(scale, x)


def _features(looker: Looker, x: Any, weights: dict[int, Any]) -> dict[str, np.ndarray]:
    with np.errstate(all="ignore"):
        return dict(layers.forward(looker.model, x, looker.limit, weights)[1])


def _head(
    model: keras.Model,
    head: heads.Head,
    target: np.ndarray,
    prediction: np.ndarray,
    targets: np.ndarray,
    surveyed: list[Layer],
) -> Head:
    last = _last_activation(model, head.name, surveyed)
    activation = last.activation if last is not None else "linear"
    units = prediction.shape[-1] if prediction.ndim > 1 else 1
    layer = None if last is None else dict(layers.named(model)).get(last.name)
    low, high = (-math.inf, math.inf) if layer is None else activations.bounds(layer)
    if activation == "softmax" and units == 1:
        low = 1.0
    if head.from_logits or (head.kind != "regression" and units > 1):
        low, high = -math.inf, math.inf
    numbers = np.asarray(target, np.float64)
    clipped, spread = np.clip(targets, low, high), targets.std(0)
    variance = float((spread**2).sum())
    if not head.is_comparable:
        low, high = -math.inf, math.inf
    margin = 1e-6 * max(1.0, float(np.abs(numbers).max(initial=0)))
    outside = (targets < low - margin) | (targets > high + margin)
    perfect, aligned, mixed = _perfect_loss(model, head, target, prediction)
    return Head(
        layer=last.name if last is not None else None,
        activation=activation,
        units=units,
        loss=head.loss_name,
        kind=head.kind,
        from_logits=head.from_logits,
        lowest=low,
        highest=high,
        outside=float(outside.mean()),
        reachable=(
            1 - float(((clipped - targets) ** 2).mean(0).sum()) / variance if variance else math.nan
        ),
        target_mean=float(targets.mean()),
        target_std=math.sqrt(variance / max(1, targets.shape[1])),
        target_shape=(0, *numbers.shape[1:]),
        output_shape=(0, *prediction.shape[1:]),
        mode_share=_mode_share(targets),
        perfect_loss=perfect,
        aligned_loss=aligned,
        mixed_loss=mixed,
        has_own_step=internals.has_own_step(model),
        is_comparable=head.is_comparable,
    )


def _last_activation(model: keras.Model, name: str, surveyed: list[Layer]) -> Layer | None:
    """The layer that has the last word on an output."""
    kinds = {kind.__name__ for kind in anatomy.TRANSPARENT}
    by_name = {layer.name: layer for layer in surveyed}
    if name in by_name and not isinstance(model, keras.Sequential):
        if by_name[name].kind not in kinds or len(keras.tree.flatten(model.outputs)) > 1:
            return by_name[name]
    return next((layer for layer in reversed(surveyed) if layer.kind not in kinds), None)


def _perfect_loss(
    model: keras.Model, head: heads.Head, target: np.ndarray, prediction: np.ndarray
) -> tuple[float, float | None, float]:
    """Loss of predicting the targets: shapes as they are, equal shapes, and of another row."""
    if head.kind == "sparse":
        exact = np.eye(head.classes)[columns.class_ids(target).astype(int) % head.classes]
    else:
        exact = target
    if exact.size != prediction.size:
        return math.nan, None, math.nan
    exact = exact.reshape(prediction.shape).astype(prediction.dtype)

    def loss_of(y: np.ndarray, p: np.ndarray) -> float:
        return evaluating.own_loss(model, y, p, lambda: compiled_loss.value(head, y, p, None))

    def loss(y: np.ndarray, exact: np.ndarray = exact) -> float:
        if head.kind == "regression":
            return loss_of(y, exact)
        # With smoothed labels the best answer is a little less than certain.
        to_native = compiled_loss.to_native(head)
        even = 0.5 if head.kind == "binary" else 1 / exact.shape[-1]
        answers = [to_native((1 - d) * exact + d * even).astype(exact.dtype) for d in DOUBTS]
        return min(loss_of(y, answer) for answer in answers)

    as_given = loss(target)
    mixed = loss(target, np.random.default_rng(0).permutation(exact))
    if target.shape == prediction.shape or head.kind == "sparse":
        return as_given, None, mixed
    return as_given, loss(target.reshape(prediction.shape)), mixed


def _mode_share(targets: np.ndarray) -> float:
    """Share of rows with the most frequent value, in the column where it is largest."""
    counts = [np.unique(column, return_counts=True)[1].max() for column in targets.T[:16]]
    return float(max(counts, default=0) / max(1, len(targets)))


def _training_skill(looker: Looker, head: heads.Head, target: np.ndarray) -> float | None:
    """R² of one pass in training mode, as one batch; its statistics and seeds are discarded."""
    model = looker.model
    if not internals.takes_training(model):
        return None
    outputs = layers.record(model, _some(looker.x), lambda *_: None, training=True)
    outputs = keras.tree.map_structure(layers.to_numpy, outputs)
    pairs = heads.pair(model, {head.name: _some(target)}, _as_dict(looker, outputs))
    for found, y, p in pairs:
        if found.name == head.name and found.is_comparable and np.isfinite(p).all():
            y_columns, p_columns = columns.of(head, y, p)
            total = ((y_columns - y_columns.mean(0)) ** 2).sum()
            return 1 - float(((p_columns - y_columns) ** 2).sum() / total) if total > 0 else None
    return None


def _as_dict(looker: Looker, outputs: Any) -> dict[str, Any]:
    """Outputs by name, as the looker named them."""
    leaves = outputs.values() if isinstance(outputs, dict) else keras.tree.flatten(outputs)
    names = [head.name for head, _, _ in looker.pairs]
    if isinstance(outputs, dict):
        return dict(outputs)
    return dict(zip(names, leaves, strict=False))


def _penalty(looker: Looker, weights: dict[int, Any] | None = None) -> float:
    """Regularization and other losses that layers add, on some rows of the sample."""
    losses = layers.added_losses(looker.model, _some(looker.x), weights)
    return math.fsum(float(layers.to_numpy(loss).mean()) for loss in losses)


def _some(x: Any) -> Any:
    rows = len(keras.tree.flatten(x)[0])
    chosen = np.linspace(0, rows - 1, min(anatomy.ROWS, rows)).astype(int)
    return keras.tree.map_structure(lambda a: a[chosen], x)


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) else None
