"""NaN or Inf in the loss, the predictions or the data."""

from __future__ import annotations

import math

from meancollapse.judge.causes.case import Case
from meancollapse.judge.finding import Finding
from meancollapse.judge.verdict import NON_FINITE


def explain(case: Case) -> Finding | None:
    """Say where the first number that is not finite stands: in the data or in the weights."""
    if case.state != NON_FINITE:
        return None
    if any(not i.finite for i in case.evidence.inputs):
        return _finding(
            None,
            "the inputs contain NaN or Inf",
            "fill or drop them",
            "x = np.nan_to_num(x)",
        )
    if not all(map(math.isfinite, case.look.target_range)):
        return _finding(
            case.output,
            "the targets contain NaN or Inf",
            "drop those rows",
            "keep = np.isfinite(y).all(axis=-1); x, y = x[keep], y[keep]",
        )
    broken = [s for s in case.layers if not (math.isfinite(s.low) and math.isfinite(s.high))]
    if not broken:
        return _finding(
            None,
            f"on the {case.look.rows} sampled training rows inputs, targets and all layers are "
            "finite, so the NaN stands in other rows",
            "look for NaN in the rest of the inputs and targets, those of the validation data too",
            "print(np.isnan(x).sum(), np.isnan(y).sum())",
        )
    return _finding(
        broken[0].name,
        "inputs and targets are finite, the network's values are not, from layer "
        f"'{broken[0].name}' on: the weights have overflowed and will not recover",
        "start again from the last good weights, with clipped gradients and a lower learning rate",
        "keras.optimizers.Adam(1e-3, clipnorm=1.0)",
    )


def _finding(layer: str | None, evidence: str, remedy: str, code: str) -> Finding:
    return Finding("non_finite", 1.0, layer, evidence, remedy, code)
