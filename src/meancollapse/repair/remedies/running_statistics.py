"""Running statistics of BatchNormalization that have not arrived where the data is.

With a momentum of 0.99 they need some hundred steps, with 0.999 some thousand; until then a network
that has learned in training mode predicts as if it had not. Measuring them anew with the weights as
they are is the "precise BatchNorm" of Wu and Johnson, "Rethinking 'Batch' in BatchNorm" (2021).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from meancollapse.backend import internals
from meancollapse.look import sites
from meancollapse.repair.patient import Patient
from meancollapse.repair.remedy import Operation
from meancollapse.repair.surgery.surgery import Surgery


@dataclass(frozen=True)
class SettleStatistics:
    """The running statistics of BatchNormalization set to those of the data, and nothing else."""

    def suits(self, patient: Patient) -> bool:
        return patient.unsettled and patient.finite

    def apply(self, operation: Operation) -> None:
        apply(operation.surgery, operation.surgery.sample[0])

    def words(self) -> str:
        return "set the running statistics of BatchNormalization to those of the data"


def are_in_use(model: keras.Model) -> bool:
    """Whether training and inference differ in the statistics that layers normalize with."""
    return any(_has_them(layer) for layer in internals.all_layers(model))


def apply(surgery: Surgery, x: Any) -> None:
    """Measure them on rows of inputs, layer after layer."""

    def visit(
        name: str, layer: keras.Layer, call: Callable[..., Any], args: tuple, kwargs: dict
    ) -> Any:
        if _has_them(layer):
            of_data(surgery, layer, sites.first_input(args, kwargs))
        return call(*args, **kwargs)

    sites.each_call(surgery.model, x, visit)


def of_data(surgery: Surgery, layer: keras.layers.BatchNormalization, given: np.ndarray) -> None:
    """Set the running statistics of one layer to those of its inputs."""
    flat = np.moveaxis(given, layer.axis, -1).reshape(-1, given.shape[layer.axis])
    surgery.set(layer.moving_mean, flat.mean(0))
    surgery.set(layer.moving_variance, flat.var(0))


def _has_them(layer: keras.Layer) -> bool:
    return isinstance(layer, keras.layers.BatchNormalization) and layer.trainable
