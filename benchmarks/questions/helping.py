"""The kinds of help that a collapsing run is given, beside none and the published fix."""

from __future__ import annotations

import time

import keras
import numpy as np

import meancollapse as mc
from meancollapse.repair.remedies.clipping import ClipGradients
from meancollapse.repair.remedies.fresh_optimizer import FreshOptimizer
from meancollapse.repair.remedies.head import HeadOnTargets
from meancollapse.repair.remedies.learning_rate import LearningRate
from meancollapse.repair.remedies.regularization import EaseRegularization
from meancollapse.repair.remedies.reinitialise import Reinitialise
from meancollapse.repair.remedies.rewind import BackToBest
from meancollapse.repair.treatment import Treatment

HELP = ("nothing", "plateau", "restart", "random", "rescue", "rescue+activations", "fix")


class EpochTimes(keras.callbacks.Callback):
    """CPU seconds of every epoch, without what callbacks after this one do at its end."""

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Begin a new list."""
        self.seconds: list[float] = []

    def on_epoch_begin(self, epoch: int, logs: dict | None = None) -> None:
        """Start the clock."""
        self.began = time.process_time()

    def on_epoch_end(self, epoch: int, logs: dict | None = None) -> None:
        """Stop it."""
        self.seconds.append(round(time.process_time() - self.began, 4))


class TimedRescue(mc.RescueOnCollapse):
    """Counts CPU seconds, which a busy machine leaves as they are."""

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Give the rescuer another clock."""
        super().on_train_begin(logs)
        if self._rescuer is not None:
            self._rescuer.clock = time.process_time


class RandomRemedies(mc.RescueOnCollapse):
    """The control: as many rescues, chosen blindly from the same remedies."""

    def on_train_begin(self, logs: dict | None = None) -> None:
        """Let the rescuer draw lots."""
        super().on_train_begin(logs)
        rng = np.random.default_rng(0)

        def propose(patient, allow_activation_changes=False):
            return [random_treatment(patient, rng)]

        if self._rescuer is not None:
            self._rescuer.propose = propose
            self._rescuer.gain = -np.inf


def random_treatment(patient, rng: np.random.Generator) -> Treatment:
    """One of the remedies, or two of them, with any setting."""
    weights = [None, Reinitialise(fold_inputs=bool(rng.random() < 0.5))]
    weights += [BackToBest()] if patient.had_skill else []
    chosen = weights[rng.integers(len(weights))]
    any_rate = LearningRate(float(patient.rate * 10 ** rng.uniform(-3, 3)))
    others = HeadOnTargets(), ClipGradients(), EaseRegularization()
    drawn = [each for each in (chosen, *others) if each is not None]
    kept = [each for each in drawn if each is chosen or rng.random() < 0.5]
    return Treatment(FreshOptimizer(), any_rate, *kept)


def helper(kind: str) -> list[keras.callbacks.Callback]:
    """The callbacks of one kind of help; another seed and the fix need none."""
    if kind == "plateau":
        return [keras.callbacks.ReduceLROnPlateau(monitor="loss")]
    if kind == "random":
        return [RandomRemedies(verbose=0)]
    if kind.startswith("rescue"):
        return [TimedRescue(allow_activation_changes="+" in kind, verbose=0)]
    return []
