"""The case: the evidence about one ill output, arranged for the causes to ask questions of."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from meancollapse.judge import verdict
from meancollapse.judge.evidence import (
    Evidence,
    Examination,
    Layer,
    Look,
    Parameter,
    Stream,
    Variable,
)
from meancollapse.judge.place import Place, place
from meancollapse.judge.skill import READABLE, at_input, is_readable_at_input, output_has_skill

# Activations that are exactly zero on one side.
RECTIFIERS = ("relu", "relu6", "capped_relu")
# Bounded activations with two flat ends.
SIGMOIDAL = ("sigmoid", "tanh", "hard_sigmoid", "hard_tanh", "softsign", "soft_sign")
# Learning rates Keras itself starts these optimizers with.
USUAL_LEARNING_RATE = {"SGD": 0.01, "Lion": 1e-4, "Adafactor": 1e-3, "Muon": 1e-3}
USUAL_OTHERS = 1e-3
# A layer that passes on less than this share of what can be read has lost it.
LOST = 0.2
# Nearly every unit of a layer is in the state named.
MOST = 0.7
# Losses whose best constant is a quantile, which may be one frequent value.
MEDIAN_LOSSES = (
    "mean_absolute_error",
    "mae",
    "mean_absolute_percentage_error",
    "huber",
    "log_cosh",
)
# Layers that rescale what they are given.
NORMALIZING = (
    "BatchNormalization",
    "LayerNormalization",
    "Normalization",
    "Rescaling",
    "GroupNormalization",
    "UnitNormalization",
    "RMSNormalization",
)


@dataclass(frozen=True)
class Case:
    """One output that was found ill.

    Attributes:
        history: Evidence of every epoch so far, oldest first.
        output: Name of the output.
        state: Its state: `"collapsed"`, `"no_signal"` or `"non_finite"`.
        look: The last judgement of the output on the sample.
        examination: What was measured of the network.
    """

    history: Sequence[Evidence]
    output: str
    state: str
    look: Look
    examination: Examination

    @property
    def evidence(self) -> Evidence:
        """The last epoch's evidence."""
        return self.history[-1]

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        return self.examination.layers

    @cached_property
    def place(self) -> Place | None:
        """Where the target is lost."""
        return place(self.look)

    @cached_property
    def blocking(self) -> Layer | None:
        """The layer that loses the target; `None` if it arrives at the last hidden layer."""
        if self.place is None or self.place.kind != "lost":
            return None
        return next((layer for layer in self.layers if layer.name == self.place.layer), None)

    @cached_property
    def way(self) -> tuple[Layer, ...]:
        """The layers up to the one that loses the target, or all of them."""
        if self.blocking is None:
            return self.layers
        return self.layers[: self.layers.index(self.blocking) + 1]

    @cached_property
    def readable(self) -> float:
        """The most that can be read anywhere, with these weights or the first ones."""
        values = [at_input(self.look) or 0.0]
        for layer in self.layers:
            values += [layer.readability or 0, layer.at_start or 0, layer.at_start_scaled or 0]
        return max(values)

    @cached_property
    def is_readable(self) -> bool:
        """Whether the target can be read from the input, by more than luck."""
        return is_readable_at_input(self.look) or self.readable >= 10 * READABLE

    @cached_property
    def last_hidden(self) -> Layer | None:
        """What the head is given."""
        head = self.examination.head.layer
        hidden = [layer for layer in self.layers if layer.name not in (head, self.output)]
        before = [layer for layer in hidden if self.layers.index(layer) < self._head_index]
        return before[-1] if before else None

    @cached_property
    def _head_index(self) -> int:
        names = [layer.name for layer in self.layers]
        head = self.examination.head.layer
        return names.index(head) if head in names else len(names)

    @cached_property
    def began_readable(self) -> bool:
        """Whether the network with its first weights passed the target on to its last layers."""
        layers = [layer for layer in (self.blocking, self.last_hidden) if layer is not None]
        starts = [layer.at_start or 0.0 for layer in layers if layer.name != self.output]
        return bool(starts) and min(starts) >= max(verdict.RISE, LOST * self.readable)

    @cached_property
    def was_destroyed(self) -> bool:
        """Whether training itself lost the target: the first weights passed it on, these do not."""
        if self.began_alive:
            return True
        if not self.began_readable:
            return False
        return self.blocking is not None or self.had_skill or self.growth >= GROWN

    @cached_property
    def began_alive(self) -> bool:
        """Whether a layer that is now the same for all rows varied with the first weights."""
        return any(
            layer.constant_units >= MOST * layer.units
            and layer.constant_at_start is not None
            and layer.constant_at_start < 0.5 * layer.units
            for layer in self.layers
            if layer.has_weights and layer.name != self.examination.head.layer
        )

    @cached_property
    def had_skill(self) -> bool:
        """Whether the output had skill in an earlier epoch."""
        outputs = [evidence.output(self.output) for evidence in self.history[:-1]]
        return any(o is not None and output_has_skill(o) for o in outputs)

    @cached_property
    def growth(self) -> float:
        """The largest factor by which a kernel outgrew what its initializer made."""
        factors = [
            p.scale / (p.initial_scale or p.usual_scale)
            for p in self.examination.parameters
            if p.is_trainable and math.isfinite(p.scale) and p.usual_scale > 0
        ]
        return max(factors, default=1.0)

    @cached_property
    def learning_rate(self) -> float | None:
        """The largest learning rate seen in this fit."""
        rates = [e.learning_rate for e in self.history if e.learning_rate is not None]
        return max(rates) if rates else self.examination.learning_rate

    @cached_property
    def usual_rate(self) -> float:
        """What Keras would start this optimizer with."""
        return USUAL_LEARNING_RATE.get(self.examination.optimizer, USUAL_OTHERS)

    @cached_property
    def kernels(self) -> tuple[Variable, ...]:
        """Weights that got a gradient, in the model's order."""
        return tuple(v for v in self.evidence.variables if v.is_weight)

    @cached_property
    def largest_update(self) -> float:
        """The largest update-to-weight ratio of a kernel in any epoch (median over its steps)."""
        ratios = [v.update_ratio for e in self.history for v in e.variables if v.is_weight]
        return max((r for r in ratios if math.isfinite(r)), default=0.0)

    @cached_property
    def stream(self) -> Stream | None:
        """Running statistics of the output in training mode."""
        output = self.evidence.output(self.output)
        return None if output is None else output.train

    @cached_property
    def first_weighted(self) -> Layer | None:
        """The first layer with weights: what it is given is what input scaling is about."""
        return next((layer for layer in self.layers if layer.has_weights), None)

    @classmethod
    def of(cls, history: Sequence[Evidence], output: str, state: str) -> Case | None:
        """The case of one output from the last epoch in which it was examined, if any."""
        for evidence in reversed(history):
            found = evidence.output(output)
            if found is not None and found.look is not None and found.examination is not None:
                return cls(history, output, state, found.look, found.examination)
        return None

    def parameters_of(self, layer: Layer) -> list[Parameter]:
        """Weight arrays held by a layer (also inside it, for layers made of layers)."""
        own = layer.name.rsplit("/", 1)[-1]
        return [
            p for p in self.examination.parameters if p.layer == own or f"{own}/" in f"{p.path}/"
        ]


# A kernel that outgrew its initial scale by this factor did not get there by learning: in Glorot
# units the weights of trained networks stay within a small multiple of where they began.
GROWN = 8.0
