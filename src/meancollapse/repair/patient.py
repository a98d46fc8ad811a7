"""The patient: what is known of a collapsed model when remedies are chosen. Plain values."""

from __future__ import annotations

from dataclasses import dataclass

# Causes that lie in the data or in the loss: no change to the model helps, so none is made.
NOT_THE_MODEL = {
    "no_signal": "the target cannot be read from the input",
    "invalid_target": "the loss cannot use such targets",
    "constant_input": "the inputs, or what a layer makes of them, do not vary",
    "broadcast_loss": "the loss compares every prediction with every target",
}


@dataclass(frozen=True)
class Patient:
    """A collapsed model, as far as the choice of remedies needs to know it.

    Attributes:
        causes: Ids of causes, most likely first; empty where none was found.
        rate: The learning rate now.
        rates: Learning rates worth trying, the most promising first.
        lower_rates: Learning rates below the one of now for weights that were good before it.
        is_too_fast: Whether the rate is far above what its optimizer usually begins with.
        finite: Whether all weights are finite.
        had_skill: Whether weights from a time with skill are kept.
        loses: The layer in which the target is lost; `None` where it arrives at the output.
        is_unused: Whether the target is still readable in the last hidden layer.
        has_dead_units: Whether ReLUs that are always off are among the causes.
        layers: Names of the layers with weights, in the order they run.
        well_scaled: Whether inputs, targets and losses are on a scale networks learn from as it is.
        regularized: Whether penalties, weight decay, extreme dropout or the like are in use.
        unsettled: Whether it has learned in training mode, and only running statistics lag behind.
        drops: Whether there is dropout that could be brought down.
        swaps: `(layer, activation)` that could help, hidden layers.
        head_swaps: The same for heads that cannot produce their targets.
    """

    causes: tuple[str, ...]
    rate: float
    rates: tuple[float, ...]
    lower_rates: tuple[float, ...]
    is_too_fast: bool
    finite: bool
    had_skill: bool
    loses: str | None
    is_unused: bool
    has_dead_units: bool
    layers: tuple[str, ...]
    well_scaled: bool
    regularized: bool
    unsettled: bool
    drops: bool
    swaps: tuple[tuple[str, str], ...]
    head_swaps: tuple[tuple[str, str], ...]
