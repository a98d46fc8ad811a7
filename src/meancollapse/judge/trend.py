"""Whether a short noisy series goes up, fades, or stops."""

from __future__ import annotations

import itertools
import math
import statistics
from collections.abc import Sequence

# Readability that rises by this much is on its way (LSTM on the adding problem: 0.02 -> 0.18 before
# its output moves; a SimpleRNN that never learns: <= 0.03). Over four looks or more a third of
# where it began is enough, if it rises steadily.
RISE = 0.03
# What falls to this share or less from one look to the next, twice over, fades.
FADE = 0.5
# What has come down to this share of its largest value is next to nothing.
STOPPED = 1e-3


def rises(values: list[float]) -> bool:
    """Whether a series goes up by more than chance (Mann-Kendall, one-sided 7 %) and by enough."""
    n = len(values)
    third = max(1, n // 3)
    first, last = statistics.median(values[:third]), statistics.median(values[-third:])
    if last - first < min(RISE, max(0.01, 0.3 * first)):
        return False
    ups = sum((b > a) - (b < a) for i, a in enumerate(values) for b in values[i + 1 :])
    if n < 4:
        return last - first >= RISE
    return ups >= 1.5 * math.sqrt(n * (n - 1) * (2 * n + 5) / 18)


def fades(values: list[float]) -> bool:
    """Whether the last three of a series fall by half or more, each time."""
    return len(values) >= 3 and all(b <= FADE * a for a, b in itertools.pairwise(values[-3:]))


def stops(rates: Sequence[float | None]) -> bool:
    """Whether the last of some learning rates is next to nothing beside the largest."""
    known = [rate for rate in rates if rate is not None and math.isfinite(rate)]
    return bool(known) and known[-1] <= STOPPED * max(known)


def is_rising(rates: Sequence[float | None]) -> bool:
    """Whether learning rates still go up, as in a warm-up."""
    known = [rate for rate in rates if rate is not None and math.isfinite(rate)]
    return len(known) >= 2 and known[-1] > known[-2]
