"""A weighted sum of losses whose weights may change during training."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from meancollapse.losses import checks

Tensor = Any


@keras.saving.register_keras_serializable(package="meancollapse")
class CombinedLoss(keras.losses.Loss):
    """Weighted sum of loss terms; change the weights with `set_term_weights`.

    Formula:

    ```python
    loss = sum(weights[name] * terms[name](y_true, y_pred, sample_weight) for name in terms)
    ```

    Each term keeps its own reduction, and treats sample weights and masks its own way.

    Args:
        terms: name to loss: a `keras.losses.Loss`, or the class name of a Keras loss such as
            `"MeanSquaredError"`.
        weights: name to number, zero or more; a name not given weighs 1. Defaults to `None`.
        name: name of the loss.

    Raises:
        ValueError: if there is no term, a term is not a loss, a weight is negative, or a weight
            names no term.

    Example:

    ```python
    loss = CombinedLoss({"mse": "MeanSquaredError", "ccc": ConcordanceLoss()}, {"ccc": 0.5})
    model.compile("adam", loss=loss)
    fade = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda epoch, logs: set_term_weights(model, {"ccc": 0.5 / (1 + epoch)})
    )
    model.fit(x, y, callbacks=[fade])
    ```
    """

    def __init__(
        self,
        terms: Mapping[str, Any],
        weights: Mapping[str, float] | None = None,
        name: str | None = "combined_loss",
    ):
        super().__init__(name=name)
        if not terms:
            raise ValueError(f"`terms` must hold at least one loss. Received: terms={terms!r}.")
        self.terms = {key: _as_loss(key, term) for key, term in terms.items()}
        # Variables, not numbers: a compiled TensorFlow or torch step reads them anew.
        self._weights = {
            key: keras.Variable(1.0, trainable=False, dtype="float32", name=f"{key}_weight")
            for key in self.terms
        }
        self.assign_weights(weights or {})

    @property
    def weights(self) -> dict[str, float]:
        """The current weight of each term."""
        return {key: float(keras.ops.convert_to_numpy(w)) for key, w in self._weights.items()}

    def assign_weights(self, weights: Mapping[str, float]) -> None:
        """Set some weights. Under JAX a step already compiled keeps the old ones: there call
        `set_term_weights(model, weights)` instead.

        Raises:
            ValueError: if a weight is negative or names no term; then none is changed.
        """
        unknown = sorted(set(weights) - set(self.terms))
        if unknown:
            raise ValueError(f"No term is called {unknown}. The terms are {sorted(self.terms)}.")
        checked = {key: checks.number(f"weights[{key!r}]", w) for key, w in weights.items()}
        for key, weight in checked.items():
            self._weights[key].assign(weight)

    def __call__(self, y_true: Tensor, y_pred: Tensor, sample_weight: Tensor = None) -> Tensor:
        return sum(
            weight * self.terms[key](y_true, y_pred, sample_weight)
            for key, weight in self._weights.items()
        )

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """The sum before any reduction, for terms whose values have one shape."""
        return sum(w * self.terms[key].call(y_true, y_pred) for key, w in self._weights.items())

    def get_config(self) -> dict[str, Any]:
        terms = {key: keras.saving.serialize_keras_object(term) for key, term in self.terms.items()}
        return {"terms": terms, "weights": self.weights, "name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> CombinedLoss:
        terms = {
            key: keras.saving.deserialize_keras_object(term)
            for key, term in config["terms"].items()
        }
        return cls(**{**config, "terms": terms})


def set_term_weights(
    model: keras.Model, weights: Mapping[str, float], loss: CombinedLoss | None = None
) -> None:
    """Change weights of the model's `CombinedLoss`, at any time, also in a callback in `fit`.

    TensorFlow and torch read the weights at every step. JAX bakes them into the compiled step,
    so there the step is built anew, which costs one compilation: change weights once per epoch
    rather than once per batch.

    Args:
        model: a compiled model.
        weights: name to number, for the terms to change.
        loss: the loss to change, if the model has several. Defaults to the one in `model.loss`.

    Raises:
        ValueError: if the model has no `CombinedLoss` or several, or as `assign_weights`.
    """
    before = (loss or _find(model)).weights
    target = loss or _find(model)
    target.assign_weights(weights)
    if keras.backend.backend() == "jax" and target.weights != before:
        model.make_train_function(force=True)
        model.make_test_function(force=True)


def _find(model: keras.Model) -> CombinedLoss:
    losses = [x for x in keras.tree.flatten(model.loss) if isinstance(x, CombinedLoss)]
    if len(losses) != 1:
        raise ValueError(
            f"Expected one CombinedLoss in the compiled model. Found: {len(losses)} in "
            f"model.loss={model.loss!r}. Compile with loss=CombinedLoss(...), or pass `loss=`."
        )
    return losses[0]


def _as_loss(key: str, term: Any) -> keras.losses.Loss:
    loss = keras.losses.get(term) if isinstance(term, str) else term
    if not isinstance(loss, keras.losses.Loss):
        raise ValueError(
            f"`terms[{key!r}]` must be a keras.losses.Loss or the class name of one, such as "
            f"'MeanSquaredError'. Received: {term!r}."
        )
    return loss
