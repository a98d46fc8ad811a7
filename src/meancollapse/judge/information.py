"""Information about the target that a prediction carries, in nats."""

from __future__ import annotations

import math


def gaussian_information(r2: float) -> float:
    """−½ ln(1 − R²₊) nats: R² restated as information, exact for jointly Gaussian variables."""
    if not math.isfinite(r2):
        return math.nan
    return -0.5 * math.log(max(1e-12, 1 - max(0.0, r2)))
