"""Information about the target carried by the prediction, in nats."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops
from scipy import special

from meancollapse.metrics.moments import Paired, PairedMetric, r2

Tensor = Any

# Smallest unexplained share that float32 tells from 0; caps the information at 8.06 nats.
SMALLEST_UNEXPLAINED = 1e-7


def gaussian_information(r2_score: Tensor) -> Tensor:
    """`-log(1 - max(R2, 0)) / 2`: R2 on the scale of information, at most 8.06 nats.

    Args:
        r2_score: tensor or array, any shape.

    Returns:
        Tensor of the same shape, in nats.
    """
    r2_score = ops.convert_to_tensor(r2_score)
    return -0.5 * ops.log(ops.clip(1 - r2_score, SMALLEST_UNEXPLAINED, 1.0))


def copula_information(y_true: Any, y_pred: Any, seed: int = 0) -> float:
    """`-log(1 - rho^2) / 2`, with rho the correlation of the predictions and the target's normal
    scores: a lower bound of the mutual information.

    The normal scores z keep the order of the targets, break ties at random, and are Gaussian, so
    `I(y; p) = I(z; p) >= h(z) - log(2 pi e var(z | best line in p)) / 2`, which is this number. It
    is a bound for the distribution: computed from n rows it is biased upwards, by about
    `1 / (2 n)` nats where there is no information. Plain NumPy, on all rows at once.

    Args:
        y_true: targets, shape `(n,)` or `(n, 1)`, in any units, discrete or not.
        y_pred: predictions, same number of values.
        seed: seed for breaking ties.

    Returns:
        Nats; 0 if either side is constant, infinite if scores and predictions lie on a line.

    Raises:
        ValueError: if the sizes differ, fewer than three rows are given, or a value is not finite.

    Source: the Gaussian copula estimate of Ince et al., Human Brain Mapping 38 (2017), with the
    predictions left as they are.
    """
    y, p = (np.asarray(x, dtype="float64").ravel() for x in (y_true, y_pred))
    _check(y, p)
    if np.ptp(y) == 0 or np.ptp(p) == 0:
        return 0.0
    rho = np.corrcoef(_normal_scores(y, seed), p)[0, 1]
    with np.errstate(divide="ignore"):
        return float(-0.5 * np.log1p(-min(rho**2, 1.0)))


@keras.saving.register_keras_serializable(package="meancollapse")
class Information(PairedMetric):
    """`-log(1 - max(R2, 0)) / 2` nats: the Gaussian-equivalent information of the predictions.

    R2 re-expressed, over all rows seen: 0 for the best constant, additive where factors of
    unexplained variance multiply. It is a lower bound of the mutual information if the target
    is Gaussian: `I >= h(y) - log(2 pi e MSE) / 2`. For other targets that bound needs `h(y)`,
    which is smaller than the Gaussian's, and this number may exceed the information: a target of
    +-1 carries 0.69 nats, and a nearly perfect prediction of it scores more.
    `copula_information` is a bound for any target.

    Args:
        output_aggregation: `"mean"` or `"min"` over the outputs, or `None` for a dict with one
            entry per output. Defaults to `"mean"`.
        name: name of the metric.
        dtype: dtype of the result; the statistics are float32 or wider.

    Raises:
        ValueError: if `output_aggregation` is none of these.

    Example:

    ```python
    model.compile("adam", loss="mse", metrics=[Information()])
    ```
    """

    def __init__(
        self,
        output_aggregation: str | None = "mean",
        name: str | None = "information",
        dtype: Any = None,
    ):
        super().__init__(output_aggregation, name, dtype)

    def score(self, pair: Paired) -> Tensor:
        return gaussian_information(r2(pair))


def _normal_scores(y: np.ndarray, seed: int) -> np.ndarray:
    tie_break = np.random.default_rng(seed).random(len(y))
    rank = np.empty(len(y))
    rank[np.lexsort((tie_break, y))] = np.arange(len(y))
    return special.ndtri((rank + 0.5) / len(y))


def _check(y: np.ndarray, p: np.ndarray) -> None:
    if len(y) != len(p) or len(y) < 3:
        raise ValueError(
            "`y_true` and `y_pred` must have the same size, three or more. "
            f"Received: {len(y)} and {len(p)} values."
        )
    if not (np.isfinite(y).all() and np.isfinite(p).all()):
        raise ValueError("`y_true` and `y_pred` must be finite. Drop the rows with NaN or Inf.")
