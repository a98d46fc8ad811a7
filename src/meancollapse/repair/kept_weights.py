"""The weights of this `fit` that are kept: those it began with, and the best."""

from __future__ import annotations

from typing import Any

import keras

from meancollapse.backend import contents
from meancollapse.judge.evidence import Evidence
from meancollapse.judge.skill import all_have_skill

# New weights are kept only if they are better by so much R².
STEP = 0.02
# A network that had this much R² and has half of it or less, in two epochs running, loses it again.
WORTH_KEEPING = 0.1


class KeptWeights:
    """The first weights of this `fit`, on the host, and the best, on the device: a copy each.

    Args:
        model: The model at the beginning of its training.
    """

    def __init__(self, model: keras.Model):
        self._model = model
        self._began_with = self._variables
        self._first = contents.host_copies(self._began_with)
        self._skill = 0.0
        self._values: list[Any] | None = None
        self._course: list[float] = []

    @property
    def skill(self) -> float:
        """The R² the best had in training; 0 where there are none."""
        return self._skill

    @property
    def exist(self) -> bool:
        """Whether there was skill in this `fit`."""
        return self._values is not None

    def note(self, evidence: Evidence) -> None:
        """Keep the weights at the end of an epoch in which every output had more skill."""
        known = [output.train.r2 for output in evidence.outputs if output.train is not None]
        skill = min(known, default=0.0)
        self._course.append(skill)
        if not all_have_skill(evidence):
            return
        if self._values is None or skill > self._skill + STEP:
            self._skill, self._values = skill, contents.snapshot(self._variables)

    def watch(self) -> None:
        """From now on it is another network."""
        self._course = []

    @property
    def slip_away(self) -> bool:
        """Whether what there was since then is being lost, whatever is left of it."""
        peak = max(self._course, default=0.0)
        lost = len(self._course) > 2 and max(self._course[-2:]) <= peak / 2
        return self.exist and peak >= WORTH_KEEPING and lost

    def apply(self) -> None:
        """Give the model its best weights back; nothing where there are none."""
        if self._values is not None:
            contents.assign(self._variables, self._values)

    def apply_first(self) -> None:
        """Give the model the weights it began this `fit` with."""
        for variable, value in zip(self._began_with, self._first, strict=True):
            contents.write(variable, value)

    @property
    def _variables(self) -> list[Any]:
        return list({id(v): v for v in self._model.variables}.values())
