"""Skill over the best constant, for the squared error."""

from __future__ import annotations

from typing import Any

import keras

from meancollapse.metrics.moments import Paired, PairedMetric, r2

Tensor = Any


@keras.saving.register_keras_serializable(package="meancollapse")
class SkillScore(PairedMetric):
    """`1 - MSE / MSE of the best constant`, over all rows seen; also known as R2.

    1 is perfect, 0 no better than the mean of these targets, negative is worse than it. Defined
    as 0 where the targets do not vary.

    `keras.metrics.R2Score` is the same number where targets are centred; it loses it to
    rounding at large offsets, and this does not.

    Args:
        output_aggregation: `"mean"` or `"min"` over the outputs, or `None` for a dict with one
            entry per output. Defaults to `"mean"`.
        name: name of the metric.
        dtype: dtype of the result; the statistics are float32 or wider.

    Raises:
        ValueError: if `output_aggregation` is none of these.

    Example:

    ```python
    model.compile("adam", loss="mse", metrics=[SkillScore()])
    stop = keras.callbacks.EarlyStopping(monitor="val_skill_score", patience=5)
    ```
    """

    def __init__(
        self,
        output_aggregation: str | None = "mean",
        name: str | None = "skill_score",
        dtype: Any = None,
    ):
        super().__init__(output_aggregation, name, dtype)

    def score(self, pair: Paired) -> Tensor:
        return r2(pair)
