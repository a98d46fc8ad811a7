"""Running moments of targets and predictions that stay exact in float32 and merge over replicas.

Keras' own R2Score keeps sums of squares. At a target offset of 1e4 those agree in every digit
float32 has, and the variance is lost. Here each batch is measured from one of its own values, and
batches and replicas are merged by the update of Chan, Golub and LeVeque (1979).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import keras
from keras import ops

from meancollapse.losses.alignment import align, effective_weights

Tensor = Any

AGGREGATIONS = {"mean": ops.mean, "min": ops.min, None: None}


class Moments(NamedTuple):
    """Weighted moments per output; the mean is `origin + mean`, kept apart so neither rounds.

    Attributes:
        count: sum of the weights.
        origin: a value of the data, in its units.
        mean: mean minus origin.
        m2: sum of weighted squared distances from the mean.
    """

    count: Tensor
    origin: Tensor
    mean: Tensor
    m2: Tensor


def moments(x: Tensor, weight: Tensor) -> Moments:
    """Moments of the rows of `x`, `(rows, outputs)`, with weights `(rows, 1)`, zero or more."""
    count = ops.sum(weight, axis=0) + ops.zeros_like(x[0])
    share = ops.divide_no_nan(weight, ops.sum(weight))
    origin = _value_nearest(x, ops.sum(share * x, axis=0), weight)
    mean = ops.sum(share * (x - origin), axis=0)
    return Moments(count, origin, mean, ops.sum(weight * ops.square(x - origin - mean), axis=0))


def merge(a: Moments, b: Moments) -> Moments:
    """Moments of the union of two sets of rows; either may be empty."""
    count = a.count + b.count
    share = ops.divide_no_nan(b.count, count)
    delta = (b.origin - a.origin) + (b.mean - a.mean)
    both = Moments(
        count, a.origin, a.mean + share * delta, a.m2 + b.m2 + share * a.count * ops.square(delta)
    )
    return Moments(*(ops.where(a.count > 0, x, y) for x, y in zip(both, b, strict=True)))


def mean_difference(a: Moments, b: Moments) -> Tensor:
    """Mean of `a` minus mean of `b`, per output."""
    return (a.origin - b.origin) + (a.mean - b.mean)


class Paired(NamedTuple):
    """What the metrics are computed from: moments of both sides and the squared error, summed."""

    y_true: Moments
    y_pred: Moments
    squared_error: Tensor


class PairedMetric(keras.metrics.Metric):
    """Base of the regression metrics: holds `Paired` statistics, one row per replica.

    Subclasses implement `score`.

    Args:
        output_aggregation: `"mean"` or `"min"` over the outputs, or `None` for a dict with one
            entry per output. Defaults to `"mean"`.
        name: name of the metric.
        dtype: dtype of the result; the statistics are float32 or wider.

    Raises:
        ValueError: if `output_aggregation` is none of these.
    """

    def __init__(
        self, output_aggregation: str | None = "mean", name: str | None = None, dtype: Any = None
    ):
        super().__init__(name=name, dtype=dtype)
        if output_aggregation not in AGGREGATIONS:
            raise ValueError(
                "`output_aggregation` must be 'mean', 'min' or None. "
                f"Received: output_aggregation={output_aggregation!r}."
            )
        self.output_aggregation = output_aggregation
        # EarlyStopping(mode="auto") and its kin read the direction here, and nowhere public.
        self._direction = "up"
        self.statistics: Any = None

    def update_state(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor = None) -> None:
        """Add a batch.

        Args:
            y_true: targets, shape `(batch, ..., outputs)`, or without the last axis if it is 1.
            y_pred: predictions, same shape up to that axis.
            sample_weight: weight of each row, shape `(batch, ...)`.

        Raises:
            ValueError: if the shapes do not fit.
        """
        weight = effective_weights(y_true, y_pred, sample_weight)
        y_true, y_pred = (ops.stop_gradient(x) for x in align(y_true, y_pred))
        if self.statistics is None:
            self._create_statistics(y_pred.shape[-1])
        current = ops.convert_to_tensor(self.statistics)
        new = _measure(y_true, y_pred, weight, self.statistics.dtype)
        own = ops.reshape(ops.arange(current.shape[0]) == replica_index(), (-1, 1, 1))
        merged = _pack(_merge_pairs(_unpack(current), new))
        self.statistics.assign(ops.where(own, merged, current))

    def result(self) -> Any:
        if self.statistics is None:
            return ops.zeros((), dtype=self.dtype)
        pair = _merge_rows(ops.convert_to_tensor(self.statistics))
        scores = ops.cast(self.score(pair), self.dtype)
        if self.output_aggregation is None:
            return {f"{self.name}_{i}": scores[i] for i in range(scores.shape[0])}
        return AGGREGATIONS[self.output_aggregation](scores)

    def score(self, pair: Paired) -> Tensor:
        """The value of the metric for each output, shape `(outputs,)`."""
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "output_aggregation": self.output_aggregation}

    def _create_statistics(self, outputs: int) -> None:
        # One row per replica: TensorFlow can only sum metric variables over replicas, and rows
        # that are zero elsewhere survive a sum.
        self.statistics = self.add_variable(
            shape=(replica_count(), 9, outputs),
            initializer="zeros",
            dtype=keras.backend.result_type(self.dtype, "float32"),
            name="statistics",
        )


def replica_count() -> int:
    """Replicas of the `tf.distribute` strategy in scope; 1 on other backends."""
    if keras.backend.backend() != "tensorflow":
        return 1
    import tensorflow as tf

    return tf.distribute.get_strategy().num_replicas_in_sync


def replica_index() -> Any:
    """Number of the replica this code runs on; 0 outside a strategy."""
    if keras.backend.backend() != "tensorflow":
        return 0
    import tensorflow as tf

    context = tf.distribute.get_replica_context()
    return 0 if context is None else context.replica_id_in_sync_group


def positive_ratio(a: Tensor, b: Tensor) -> Tensor:
    """`a / b`, and 0 where `b` is 0: there the targets do not vary and nothing can be said."""
    return ops.where(b > 0, a / ops.where(b > 0, b, ops.ones_like(b)), ops.zeros_like(a))


def r2(pair: Paired) -> Tensor:
    """`1 - squared error / variance of the targets`, and 0 where the targets do not vary."""
    ratio = positive_ratio(pair.squared_error, pair.y_true.m2)
    return ops.where(pair.y_true.m2 > 0, 1 - ratio, ops.zeros_like(ratio))


def _measure(y_true: Tensor, y_pred: Tensor, weight: Tensor, dtype: str) -> Paired:
    weight = ops.reshape(ops.cast(weight, dtype), (-1, 1))
    rows = (ops.reshape(ops.cast(x, dtype), (-1, y_pred.shape[-1])) for x in (y_true, y_pred))
    y_true, y_pred = (ops.where(weight > 0, x, ops.zeros_like(x)) for x in rows)
    squared_error = ops.sum(weight * ops.square(y_pred - y_true), axis=0)
    return Paired(moments(y_true, weight), moments(y_pred, weight), squared_error)


def _merge_pairs(a: Paired, b: Paired) -> Paired:
    return Paired(
        merge(a.y_true, b.y_true), merge(a.y_pred, b.y_pred), a.squared_error + b.squared_error
    )


def _merge_rows(statistics: Tensor) -> Paired:
    rows = [_unpack(statistics[i : i + 1]) for i in range(statistics.shape[0])]
    total = rows[0]
    for row in rows[1:]:
        total = _merge_pairs(total, row)
    y_true, y_pred = (Moments(*(x[0] for x in side)) for side in (total.y_true, total.y_pred))
    return Paired(y_true, y_pred, total.squared_error[0])


def _pack(pair: Paired) -> Tensor:
    return ops.stack([*pair.y_true, *pair.y_pred, pair.squared_error], axis=1)


def _unpack(statistics: Tensor) -> Paired:
    columns = [statistics[:, i] for i in range(9)]
    return Paired(Moments(*columns[:4]), Moments(*columns[4:8]), columns[8])


def _value_nearest(x: Tensor, mean: Tensor, weight: Tensor) -> Tensor:
    """The value in each column nearest to `mean`: constants then have exactly no spread."""
    distance = ops.where(weight > 0, ops.abs(x - mean), ops.full_like(x, float("inf")))
    nearest = ops.expand_dims(ops.argmin(distance, axis=0), 0)
    return ops.take_along_axis(x, nearest, axis=0)[0]
