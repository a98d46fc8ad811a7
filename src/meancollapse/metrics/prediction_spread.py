"""How much the predictions vary, compared with the targets."""

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from meancollapse.metrics.moments import Paired, PairedMetric, positive_ratio

Tensor = Any


@keras.saving.register_keras_serializable(package="meancollapse")
class PredictionSpread(PairedMetric):
    """Standard deviation of the predictions over that of the targets, over all rows seen.

    0 is a constant prediction. For the least-squares predictor its square is R2, so a low spread
    may be all the data allow; and noise in the predictions raises it without any skill. Read it
    beside `SkillScore`. Defined as 0 where the targets do not vary.

    Args:
        output_aggregation: `"mean"` or `"min"` over the outputs, or `None` for a dict with one
            entry per output. Defaults to `"mean"`.
        name: name of the metric.
        dtype: dtype of the result; the statistics are float32 or wider.

    Raises:
        ValueError: if `output_aggregation` is none of these.

    Example:

    ```python
    model.compile("adam", loss="mse", metrics=[PredictionSpread()])
    ```
    """

    def __init__(
        self,
        output_aggregation: str | None = "mean",
        name: str | None = "prediction_spread",
        dtype: Any = None,
    ):
        super().__init__(output_aggregation, name, dtype)

    def score(self, pair: Paired) -> Tensor:
        return ops.sqrt(positive_ratio(pair.y_pred.m2, pair.y_true.m2))
