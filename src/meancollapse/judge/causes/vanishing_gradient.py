"""A signal that fades on its way: forward towards the output, backward towards the input."""

from __future__ import annotations

import math

from meancollapse.judge import verdict
from meancollapse.judge.causes.case import LOST, MOST, SIGMOIDAL, Case
from meancollapse.judge.causes.saturated_activation import HALF
from meancollapse.judge.finding import HINT, MECHANISM, ROOT, Finding

# AUTOTRAINER (ICSE 2021): first to last layer's gradient below 1e-3.
GRADIENT_RATIO = 1e-3
# Where layers pass less than this share of their input's variation per step, it dies out soon.
FADE = 1e-2
MIN_DEPTH = 3
# Layers that forget, step by step.
RECURRENT = ("LSTM", "GRU", "SimpleRNN", "RNN", "Bidirectional", "ConvLSTM1D", "ConvLSTM2D")

REMEDY = (
    "use ReLU-like activations with their initializer, fewer layers, skip connections or "
    "normalization between the layers",
    'keras.layers.Dense(units, activation="relu", kernel_initializer="he_normal")',
)
REMEDY_OF_RECURRENT = (
    "mask the padding or put it in front, shorten the sequences, or pool over all steps "
    "(return_sequences=True, then GlobalMaxPooling1D)",
    "keras.layers.Embedding(words, units, mask_zero=True)",
)


def explain(case: Case) -> Finding | None:
    """The first weights lose the target too although no unit is dead, or the gradient fades."""
    depth = [layer for layer in case.layers if layer.has_weights]
    if len(depth) < MIN_DEPTH and not _is_recurrent(case):
        return None
    backward, forward = _gradient_ratio(case), _fading(case, at_start=False)
    began = _fading(case, at_start=True)
    faded = _is_lost_at_start(case) and (
        _is_recurrent(case) or (began is not None and began < FADE)
    )
    sigmoids = sum(layer.activation in SIGMOIDAL for layer in depth)
    many = ROOT + 0.1 if sigmoids >= MIN_DEPTH else ROOT
    words = []
    strength = 0.0
    if faded and case.last_hidden is not None:
        words.append(
            f"with the first weights already only {case.last_hidden.at_start or 0:.2f} of R² "
            f"arrived at '{case.last_hidden.name}', of {case.readable:.2f} that could be read"
        )
        strength = max(ROOT + 0.05, many)
    if forward is not None and forward < FADE:
        words.append(f"its last layer varies {forward:.1g} times as much as the first")
        strength = max(strength, many if sigmoids >= 2 else MECHANISM)
    if backward is not None and backward < GRADIENT_RATIO:
        words.append(
            f"relative to the weights, the first layer's gradient is {backward:.1g} of the last's"
        )
        strength = max(strength, many if sigmoids >= 2 else MECHANISM - 0.05)
    if not words:
        return None
    hidden = [layer for layer in case.layers if layer.name != case.examination.head.layer]
    if any(layer.constant_units >= MOST * layer.units and layer.dead_units for layer in hidden):
        strength = min(strength, HINT + 0.1)
    if any((layer.saturated or 0) >= HALF and layer.activation in SIGMOIDAL for layer in case.way):
        strength = min(strength, MECHANISM)
    where, remedy = f"over {len(depth)} layers the signal fades", REMEDY
    if case.blocking is not None and case.blocking.kind in RECURRENT:
        where, remedy = "what is read early is forgotten by the last step", REMEDY_OF_RECURRENT
    return Finding(
        cause="vanishing_gradient",
        strength=strength,
        layer=case.blocking.name if case.blocking else None,
        evidence=f"{where}: " + "; ".join(words),
        remedy=remedy[0],
        code=remedy[1],
    )


def _is_recurrent(case: Case) -> bool:
    return any("recurrent" in p.path for p in case.examination.parameters)


def _gradient_ratio(case: Case) -> float | None:
    """Gradient ÷ weight norm of the first kernel, in units of the last one's."""
    kernels = [
        v
        for v in case.history[0].variables
        if v.is_weight and v.weight_norm > 0 and math.isfinite(v.gradient_norm)
    ]
    if len(kernels) < MIN_DEPTH:
        return None
    first, last = (v.gradient_norm / v.weight_norm for v in (kernels[0], kernels[-1]))
    return first / last if last > 0 else None


def _fading(case: Case, at_start: bool) -> float | None:
    """Std over rows of the last hidden layer, in units of the first layer's."""
    varied = [layer for layer in case.layers if layer.has_weights]
    last = case.last_hidden
    if last is None or not varied or last is varied[0]:
        return None
    first_std, last_std = (
        (layer.std_at_start or 0.0) if at_start else layer.std for layer in (varied[0], last)
    )
    return last_std / first_std if first_std > 0 else None


def _is_lost_at_start(case: Case) -> bool:
    layer = case.last_hidden
    if layer is None or layer.at_start is None or layer.at_start_scaled is None:
        return False
    enough = LOST * max(case.readable, verdict.RISE)
    best = max(layer.at_start, layer.at_start_scaled)
    return case.is_readable and best < enough
