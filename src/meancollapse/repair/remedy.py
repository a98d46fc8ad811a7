"""What every remedy is: something that suits some patients, and changes a model under surgery."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import keras
import numpy as np

from meancollapse.repair.kept_weights import KeptWeights
from meancollapse.repair.patient import Patient
from meancollapse.repair.surgery.surgery import Surgery

# Rows a re-initialisation looks at.
ROWS = 256


@dataclass
class Operation:
    """One treatment being carried out; `Surgery.restore` undoes all of it.

    Attributes:
        surgery: The model, during its `fit`.
        kept: The first and the best weights of this `fit`.
        rng: Where new weights come from.
        settings: How the dial will be turned at the end (see `Dial.set`).
    """

    surgery: Surgery
    kept: KeptWeights
    rng: np.random.Generator
    settings: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def x(self) -> Any:
        """Input rows, as the model takes them."""
        return keras.tree.map_structure(lambda a: a[:ROWS], self.surgery.rows[0])


class Remedy(Protocol):
    """One change to a running model. Frozen, with plain values as its fields."""

    def suits(self, patient: Patient) -> bool:
        """Whether it can do anything for such a model."""

    def apply(self, operation: Operation) -> None:
        """Change the model, or how its updates will be changed."""

    def words(self) -> str:
        """What was done, as a person reads it."""
