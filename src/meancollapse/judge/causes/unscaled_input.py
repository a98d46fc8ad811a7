"""Inputs of a size the first layer cannot work with."""

from __future__ import annotations

from meancollapse.judge import verdict
from meancollapse.judge.causes.case import LOST, MOST, NORMALIZING, SIGMOIDAL, Case
from meancollapse.judge.finding import HINT, MECHANISM, ROOT, Finding

# Networks are initialised for inputs of std about 1. Research notes, section 4: a std beyond 1e-2
# to 1e2 or a mean beyond 10 std is called unscaled; a std of 10 already floods saturating units.
LARGE, SMALL, OFFSET, RATIO = 10.0, 0.02, 10.0, 1e3


def explain(case: Case) -> Finding | None:
    """The input is far from std 1, and the first weights read it only once it is scaled."""
    first = case.first_weighted
    if first is None or first.kind in (*NORMALIZING, "Embedding") or not first.input_std:
        return None
    std, mean = first.input_std, first.input_mean or 0.0
    ratio = max(
        (i.largest_std / i.smallest_std for i in case.evidence.inputs if i.smallest_std > 0),
        default=1.0,
    )
    words = []
    if std >= LARGE or std <= SMALL:
        words.append(f"the inputs have a std of {std:.3g}")
    if mean >= OFFSET * std:
        words.append(f"the inputs lie {mean / std:.3g} std away from zero")
    if ratio >= RATIO and len(case.evidence.inputs) == 1:
        words.append(f"their columns differ in scale by a factor of {ratio:.3g}")
    if not words:
        return None
    restored = [
        layer
        for layer in case.layers
        if (layer.at_start_scaled or 0) >= max(verdict.RISE, LOST * case.readable)
        and (layer.at_start or 0) < 0.5 * (layer.at_start_scaled or 0)
    ]
    early = case.way[:3]
    flat = [s for s in early if s.activation in SIGMOIDAL and (s.saturated or 0) >= 0.5]
    dead = [s for s in early if s.constant_units >= MOST * s.units]
    strength = HINT + 0.1
    if restored:
        best = max(restored, key=lambda layer: layer.at_start_scaled or 0)
        words.append(
            f"with the first weights '{best.name}' holds an R² of {best.at_start or 0:.2f}, on "
            f"standardised inputs {best.at_start_scaled:.2f}"
        )
        strength = ROOT + 0.1
    elif flat or dead:
        layer = (flat or dead)[0]
        words.append(f"'{layer.name}' is {'saturated' if flat else 'constant'}")
        strength = ROOT if flat else MECHANISM + 0.08
    elif std >= 10 * LARGE or std <= SMALL / 2 or mean >= 3 * OFFSET * std:
        strength = MECHANISM + 0.1
    return Finding(
        cause="unscaled_input",
        strength=strength,
        layer=first.name,
        evidence="; ".join(words),
        remedy="standardise the inputs, column by column",
        code="x = (x - x.mean(axis=0)) / x.std(axis=0)",
    )
