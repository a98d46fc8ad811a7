"""Lin's concordance correlation, over all rows seen."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from meancollapse.metrics.moments import Paired, PairedMetric, mean_difference, positive_ratio

Tensor = Any


@keras.saving.register_keras_serializable(package="meancollapse")
class Concordance(PairedMetric):
    """`2 cov / (var(y) + var(p) + (mean(y) - mean(p))^2)`, over all rows seen (`ddof=0`).

    1 is equal, 0 unrelated or constant, -1 reversed. Unlike the mean of the concordances of the
    batches it does not depend on the batch size.

    Args:
        output_aggregation: `"mean"` or `"min"` over the outputs, or `None` for a dict with one
            entry per output. Defaults to `"mean"`.
        name: name of the metric.
        dtype: dtype of the result; the statistics are float32 or wider.

    Raises:
        ValueError: if `output_aggregation` is none of these.

    Source: Lin, Biometrics 45 (1989).

    Example:

    ```python
    model.compile("adam", loss="mse", metrics=[Concordance()])
    ```
    """

    def __init__(
        self,
        output_aggregation: str | None = "mean",
        name: str | None = "concordance",
        dtype: Any = None,
    ):
        super().__init__(output_aggregation, name, dtype)

    def score(self, pair: Paired) -> Tensor:
        bias = mean_difference(pair.y_true, pair.y_pred)
        total = pair.y_true.m2 + pair.y_pred.m2 + pair.y_true.count * ops.square(bias)
        disagreement = positive_ratio(pair.squared_error, total)
        # 2 cov = total - squared error, without the cancellation of adding up products.
        return ops.where(total > 0, 1 - disagreement, ops.zeros_like(total))
