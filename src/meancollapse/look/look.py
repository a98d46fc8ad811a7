"""A look: the sample pushed through the model once, every output judged in inference mode."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from meancollapse.judge import baseline, readability
from meancollapse.judge.evidence import Activity, Look
from meancollapse.judge.information import gaussian_information
from meancollapse.judge.readability import InputReadability
from meancollapse.look import anatomy, columns, compiled_loss, heads, inputs, layers, positions
from meancollapse.look.compiled_loss import Bounds
from meancollapse.look.layers import to_numpy

# A std below this share of the mean is float32 rounding: the prediction is one number.
ROUNDING = 1e-6
MAX_REPORTED = 16
# Share of the weight that may be negative, as it is in simulated events of physics.
SIGNED = 0.15


@dataclass(frozen=True)
class _SideBySide:
    """One output's targets and predictions, as the loss takes them and as columns of numbers."""

    target: np.ndarray
    prediction: np.ndarray
    targets: np.ndarray
    predictions: np.ndarray
    weights: np.ndarray | None
    is_signed: bool
    counted: Any
    finite: bool


@dataclass(frozen=True)
class _Through:
    """What a deep look adds to a shallow one."""

    layers: tuple[tuple[str, float], ...] = ()
    readability: float | None = None
    activity: tuple[Activity, ...] = ()


class Looker:
    """Looks at a model through a fixed set of rows.

    Args:
        model: A built, compiled model.
        x: Inputs as NumPy arrays.
        y: Targets as NumPy arrays.
        sample_weight: Sample weights as NumPy arrays, or `None`.
    """

    def __init__(self, model: keras.Model, x: Any, y: Any, sample_weight: Any):
        self.model, self.x, self.y, self.sample_weight = model, x, y, sample_weight
        self.limit = readability.column_limit(len(keras.tree.flatten(x)[0]))
        predictions, self.features, masks = layers.forward(
            model, x, self.limit, also=positions.mask_of
        )
        self.predictions = predictions
        self.pairs = heads.pair(model, y, predictions)
        names = [head.name for head, _, _ in self.pairs]
        self._weights = dict(heads.by_name(sample_weight, names, shared=True))
        self._inputs: tuple[np.ndarray, np.ndarray | None] | None = None
        # Targets of an output, and what is known of their loss.
        self._bounds: dict[str, tuple[np.ndarray, Bounds]] = {}
        # Weights by position, of outputs with padding, and their targets with a row for each.
        self._by_position: dict[str, np.ndarray] = {}
        self._flat_targets: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        by_name = heads.by_output(model, masks)
        for head, target, prediction in self.pairs:
            name = head.name
            found = positions.weights(
                head, target, prediction, by_name.get(name), self._weights.get(name)
            )
            if found is not None:
                self._by_position[name], self._weights[name] = found, found.reshape(-1)

    def input_readability(self, head: heads.Head, target: np.ndarray) -> InputReadability | None:
        """Readability of one output's target at the model's input."""
        targets, _ = columns.of(head, self._flat_target(head, target), target_only=True)
        targets = self._readable(head, targets)
        if self._inputs is None:  # the same for every output
            features = inputs.columns(self.x, self.limit)
            is_finite = np.isfinite(features).all()
            self._inputs = features, inputs.gram(self.x, self.limit) if is_finite else None
        features, gram = self._inputs
        return readability.input_readability(features, columns.matching(targets, self.x), gram)

    def look(
        self,
        head: heads.Head,
        target: np.ndarray,
        prediction: np.ndarray,
        at_input: InputReadability | None,
        deep: bool,
    ) -> Look:
        """Judge one output.

        Args:
            head: The output.
            target: Its targets on the sample.
            prediction: Its predictions on the sample.
            at_input: What can be read at the input, if known.
            deep: Whether to measure readability layer by layer.
        """
        seen = self._side_by_side(head, target, prediction)
        counted, others = seen.counted, {o.name for o, _, _ in self.pairs if o is not head}
        shares = _class_shares(head, seen.prediction[counted])
        quality = self._quality(head, seen)
        p_mean, p_var = _moments(seen.predictions, seen.weights)
        y_var = _moments(seen.targets, seen.weights)[1].sum()
        # What a look costs beside the pass itself.
        through = self._through_layers(head, seen, others) if deep else _Through()
        return Look(
            rows=len(seen.targets[counted]),
            spread=math.sqrt(p_var.sum() / y_var) if y_var > 0 else math.nan,
            information=_information(head, seen.predictions, quality["r2"]),
            prediction_mean=_few(p_mean),
            is_constant=seen.finite and bool((np.sqrt(p_var) <= ROUNDING * np.abs(p_mean)).all()),
            top_class=shares and shares[0],
            top_class_share=shares and shares[1],
            target_varies=bool(y_var > 0),
            target_range=(
                float(np.min(seen.target[counted])),
                float(np.max(seen.target[counted])),
            ),
            target_is_valid=_is_valid(head, np.asarray(seen.target[counted])),
            input_readability=None if at_input is None else at_input.value,
            input_p_value=None if at_input is None else at_input.p_value,
            input_linear=None if at_input is None else at_input.linear,
            input_as_layers=None if at_input is None else at_input.as_layers,
            finite=seen.finite,
            **quality,
            **vars(through),
        )

    def _side_by_side(
        self, head: heads.Head, target: np.ndarray, prediction: np.ndarray
    ) -> _SideBySide:
        """Targets and predictions with a row for each row, or position, that counts by itself."""
        by_position = self._by_position.get(head.name)
        if by_position is not None:
            target = self._flat_target(head, target)
            prediction = positions.flat(prediction, by_position)
        weights = heads.row_weights(self._weights.get(head.name), prediction)
        rows = None if weights is None else to_numpy(weights)[:, 0].astype(np.float64)
        targets, predictions = columns.of(head, target, prediction)
        is_signed = rows is not None and _is_signed(rows)
        if rows is not None:
            rows = rows.clip(0)
            if len(rows) != len(targets) or not rows.sum() > 0:
                rows = None
        counted = slice(None) if by_position is None else by_position.reshape(-1) > 0
        finite = bool(np.isfinite(predictions).all())
        return _SideBySide(
            target, prediction, targets, predictions, rows, is_signed, counted, finite
        )

    def _quality(self, head: heads.Head, seen: _SideBySide) -> dict[str, Any]:
        """How good the predictions are, by their loss and by the variance they explain."""
        loss, bounds = math.nan, Bounds(np.zeros(0), math.nan, math.nan, False)
        if seen.finite:
            bounds = self._bounds_of(head, seen.target, seen.prediction)
            weights = self._weights.get(head.name)
            loss = compiled_loss.value(head, seen.target, seen.prediction, weights)
        # With advantages as weights, or dummies as targets, an output is not asked to follow them.
        asks = bounds.asks and not seen.is_signed
        has_scale = head.is_comparable and not bounds.is_endless and asks
        r2 = explained = math.nan
        y_var = _moments(seen.targets, seen.weights)[1].sum()
        if has_scale and y_var > 0:
            errors = seen.predictions - seen.targets
            r2 = 1 - float(np.average((errors**2).sum(1), weights=seen.weights)) / y_var
            explained = 1 - _moments(errors, seen.weights)[1].sum() / y_var
        skill = baseline.skill(loss, bounds.constant_loss, bounds.perfect_loss)
        if not asks:
            skill = math.nan
        elif bounds.is_endless:
            skill = _on_a_straight_line(seen.targets, seen.predictions, seen.weights)
        return dict(
            skill=skill if math.isfinite(skill) else r2,
            r2=r2,
            explained=explained,
            loss=loss,
            constant_loss=bounds.constant_loss,
            constant=_few(bounds.constant),
            is_comparable=has_scale,
            has_loss=head.loss is not None and asks,
        )

    def _through_layers(self, head: heads.Head, seen: _SideBySide, others: set[str]) -> _Through:
        """What can be read of the target in every layer and in the output."""
        aligned = columns.matching(self._readable(head, seen.targets), self.x)
        at_output = columns.matching(self._readable(head, seen.predictions), self.x)
        in_layers = [
            (name, readability.readability(features, aligned))
            for name, features in self.features
            if name not in others
        ]
        return _Through(
            layers=tuple((name, value) for name, value in in_layers if value is not None),
            readability=readability.readability(at_output, aligned),
            activity=tuple(
                Activity(
                    layer=layer.name,
                    units=layer.units,
                    dead=layer.dead_units / max(1, layer.units),
                    saturated=layer.saturated,
                )
                for layer in anatomy.survey(self.model, self.x)
                if layer.name not in others
            ),
        )

    def _flat_target(self, head: heads.Head, target: np.ndarray) -> np.ndarray:
        """An output's targets, with a row for every position where positions differ in weight."""
        weight = self._by_position.get(head.name)
        if weight is None:
            return target
        known = self._flat_targets.get(head.name)
        if known is None or known[0] is not target:
            known = self._flat_targets[head.name] = target, positions.flat(target, weight)
        return known[1]

    def _readable(self, head: heads.Head, found: np.ndarray) -> np.ndarray:
        """Columns of targets or predictions as they are, but for what padding holds."""
        weight = self._by_position.get(head.name)
        return found if weight is None else positions.filled(found, weight.reshape(-1))

    def _bounds_of(self, head: heads.Head, target: np.ndarray, prediction: np.ndarray) -> Bounds:
        """What is known of the loss, but for that of the model."""
        known = self._bounds.get(head.name)
        if known is not None and known[0] is not target:
            known = None
        if known is None or not head.is_one_to_one:
            # Mostly the same for every prediction of these targets, and a search for some losses.
            found = compiled_loss.bounds(head, target, prediction, self._weights.get(head.name))
            if known is None or found.constant_loss < known[1].constant_loss:
                known = self._bounds[head.name] = target, found
        return known[1]


def _is_signed(weights: np.ndarray) -> bool:
    """Whether weights push some rows away from their targets, and not only a few."""
    return bool(-weights.clip(max=0).sum() > SIGNED * np.abs(weights).sum())


def _moments(values: np.ndarray, weights: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    mean = np.average(values, axis=0, weights=weights)
    return mean, np.average((values - mean) ** 2, axis=0, weights=weights)


def _on_a_straight_line(
    targets: np.ndarray, predictions: np.ndarray, weights: np.ndarray | None
) -> float:
    """Share of the targets' variance on the best straight line, either way, from the output."""
    y_mean, y_var = _moments(targets, weights)
    p_mean, p_var = _moments(predictions, weights)
    shared = np.average((targets - y_mean) * (predictions - p_mean), axis=0, weights=weights)
    explained = np.divide(shared**2, p_var, out=np.zeros_like(p_var), where=p_var > 0)
    return float(explained.sum() / y_var.sum()) if y_var.sum() > 0 else math.nan


def _class_shares(head: heads.Head, prediction: np.ndarray) -> tuple[int, float] | None:
    """The class predicted most often and its share of the rows."""
    if head.kind in ("categorical", "sparse"):
        classes = prediction.reshape(-1, prediction.shape[-1]).argmax(1)
    elif head.kind == "binary" and prediction[0].size == 1:
        classes = (prediction.ravel() > (0.0 if head.from_logits else 0.5)).astype(int)
    else:
        return None
    counts = np.bincount(classes)
    return int(counts.argmax()), float(counts.max() / counts.sum())


def _is_valid(head: heads.Head, target: np.ndarray) -> bool:
    """Whether a crossentropy can use these targets; any number will do for a regression."""
    if head.kind == "regression":
        return True
    if head.kind == "sparse":
        return bool((target == np.floor(target)).all() and target.max() < head.classes)
    return bool(target.min() >= 0 and target.max() <= 1)


def _information(head: heads.Head, predictions: np.ndarray, r2: float) -> float:
    """H(mean p) − mean H(p) for class probabilities, −½ ln(1 − R²₊) for numbers; nats."""
    if head.kind not in ("categorical", "sparse"):
        return gaussian_information(r2)
    clipped = np.clip(predictions, 1e-12, 1)
    mean = clipped.mean(0)
    return max(0.0, float(-(mean * np.log(mean)).sum() + (clipped * np.log(clipped)).sum(1).mean()))


def _few(values: np.ndarray) -> tuple[float, ...]:
    return tuple(float(v) for v in np.ravel(values)[:MAX_REPORTED])
