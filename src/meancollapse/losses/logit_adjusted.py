"""Cross-entropy with logits shifted by the class prior, and the same shift after training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from meancollapse.losses import checks
from meancollapse.losses.alignment import as_float

Tensor = Any

# Smallest probability that is told from 0, as in Keras' cross-entropies.
SMALLEST_PROBABILITY = 1e-7


def log_prior(class_counts: Any) -> np.ndarray:
    """Log share of each class, float32, shape `(classes,)`.

    Args:
        class_counts: how often each class occurs in the training data, or its share.

    Raises:
        ValueError: if there are fewer than two classes, or a count is not a positive number.
    """
    counts = np.asarray(class_counts, dtype="float64")
    if counts.ndim != 1 or len(counts) < 2 or not (np.isfinite(counts) & (counts > 0)).all():
        raise ValueError(
            "`class_counts` must be one positive number for each of two or more classes. "
            f"Received: class_counts={class_counts!r}. A class without examples has no prior to "
            "adjust by: leave it out, or give it the count you would expect."
        )
    return np.log(counts / counts.sum()).astype("float32")


def adjust_logits(logits: Tensor, class_counts: Any, tau: float = 1.0) -> Tensor:
    """`logits - tau * log(prior)`, for a model trained with plain cross-entropy; no training.

    Changes decisions (the argmax) in favour of rare classes. The softmax of the result is no
    longer a calibrated probability under the training prior; keep the original for that.

    Args:
        logits: shape `(..., classes)`.
        class_counts: how often each class occurs in the training data, or its share.
        tau: strength; 1 aims at equal error in each class.

    Returns:
        Tensor of shape `(..., classes)`.

    Source: Menon et al., ICLR 2021, arXiv:2007.07314, post-hoc logit adjustment.
    """
    return _shift(logits, class_counts, -tau)


def adjust_probabilities(probabilities: Tensor, class_counts: Any, tau: float = 1.0) -> Tensor:
    """`probabilities / prior^tau`, normalised: `adjust_logits` for a model that ends in softmax.

    Args:
        probabilities: shape `(..., classes)`.
        class_counts: how often each class occurs in the training data, or its share.
        tau: strength.

    Returns:
        Tensor of shape `(..., classes)`, summing to one over the last axis.
    """
    return ops.softmax(adjust_logits(_log(probabilities), class_counts, tau), axis=-1)


@keras.saving.register_keras_serializable(package="meancollapse")
def logit_adjusted_crossentropy(
    y_true: Tensor, y_pred: Tensor, class_counts: Any, tau: float = 1.0, from_logits: bool = True
) -> Tensor:
    """Cross-entropy of `softmax(logits + tau * log(prior))`.

    Args:
        y_true: class indices `(batch, ...)` or `(batch, ..., 1)`, or one-hot rows or
            probabilities `(batch, ..., classes)`.
        y_pred: logits, or probabilities if not `from_logits`, shape `(batch, ..., classes)`.
        class_counts: how often each class occurs in the training data, or its share.
        tau: strength; 0 is plain cross-entropy.
        from_logits: whether `y_pred` holds logits.

    Returns:
        Tensor of shape `(batch, ...)`, in nats.

    Raises:
        ValueError: if the shapes do not fit each other or the classes.
    """
    logits = as_float(y_pred) if from_logits else _log(y_pred)
    log_probabilities = ops.log_softmax(_shift(logits, class_counts, tau), axis=-1)
    return -ops.sum(_one_hot(y_true, log_probabilities) * log_probabilities, axis=-1)


@keras.saving.register_keras_serializable(package="meancollapse")
class LogitAdjustedCrossentropy(keras.losses.Loss):
    """Cross-entropy with `tau * log(prior)` added to the logits during training.

    Formula:

    ```python
    loss = -sum(one_hot(y) * log_softmax(logits + tau * log(class_counts / sum(class_counts))))
    ```

    For classes of very unequal size. `tau=1` is the balanced softmax. The trained model's own
    softmax is not calibrated to the training prior. `adjust_logits` and `adjust_probabilities`
    do the same to a model already trained with plain cross-entropy, without training: try them
    first.

    Args:
        class_counts: how often each class occurs in the training data, or its share; one
            positive number per class.
        tau: strength. Defaults to `1.0`.
        from_logits: whether `y_pred` holds logits. Defaults to `True`, unlike the Keras
            cross-entropies: the formula is one of logits.
        reduction: as in Keras. Defaults to `"sum_over_batch_size"`.
        name: name of the loss.
        dtype: dtype of the result; the arithmetic is float32 or wider.

    Raises:
        ValueError: if a count is not positive, or `tau` is negative.

    Source: Menon et al., ICLR 2021, arXiv:2007.07314, logit-adjusted loss; Ren et al., NeurIPS
    2020 (balanced softmax).

    Example:

    ```python
    model = keras.Sequential([keras.layers.Dense(3)])
    model.compile("adam", loss=LogitAdjustedCrossentropy(class_counts=[900, 90, 10]))
    ```
    """

    def __init__(
        self,
        class_counts: Sequence[float],
        tau: float = 1.0,
        from_logits: bool = True,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "logit_adjusted_crossentropy",
        dtype: Any = None,
    ):
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        log_prior(class_counts)
        self.class_counts = [float(count) for count in class_counts]
        self.tau = checks.number("tau", tau)
        self.from_logits = bool(from_logits)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        return logit_adjusted_crossentropy(
            y_true, y_pred, self.class_counts, self.tau, self.from_logits
        )

    def get_config(self) -> dict[str, Any]:
        own = {
            "class_counts": self.class_counts,
            "tau": self.tau,
            "from_logits": self.from_logits,
        }
        return {**super().get_config(), **own}


def _log(probabilities: Tensor) -> Tensor:
    return ops.log(ops.maximum(as_float(probabilities), SMALLEST_PROBABILITY))


def _shift(logits: Tensor, class_counts: Any, tau: float) -> Tensor:
    logits, prior = as_float(logits), log_prior(class_counts)
    if logits.shape[-1] != len(prior):
        raise ValueError(
            "The last axis of the logits and `class_counts` must have one entry per class. "
            f"Received: {logits.shape[-1]} logits and {len(prior)} class counts."
        )
    return logits + ops.cast(tau * prior, logits.dtype)


def _one_hot(y_true: Tensor, y_pred: Tensor) -> Tensor:
    y_true, rank = ops.convert_to_tensor(y_true), len(y_pred.shape)
    if len(y_true.shape) == rank and y_true.shape[-1] == y_pred.shape[-1]:
        return ops.cast(y_true, y_pred.dtype)
    if len(y_true.shape) == rank and y_true.shape[-1] == 1:
        y_true = ops.squeeze(y_true, axis=-1)
    if len(y_true.shape) != rank - 1:
        raise ValueError(
            "Targets must be class indices (batch, ...) or one-hot (batch, ..., classes). "
            f"Received: y_true.shape={tuple(y_true.shape)}, y_pred.shape={tuple(y_pred.shape)}."
        )
    return ops.one_hot(ops.cast(y_true, "int32"), y_pred.shape[-1], dtype=y_pred.dtype)
