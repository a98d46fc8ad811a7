"""Where on the way from input to output the target is lost."""

from __future__ import annotations

from dataclasses import dataclass

from meancollapse.judge.evidence import Look
from meancollapse.judge.skill import at_input, is_readable_at_input
from meancollapse.judge.verdict import RISE


@dataclass(frozen=True)
class Place:
    """Where on the way from input to output the target is lost.

    Attributes:
        kind: `"lost"` (a layer loses it), `"unused"` (it arrives, the output ignores it) or
            `"absent"` (it cannot be read at the input).
        layer: For `"lost"` the layer that loses it, for `"unused"` the last that still has it.
        before: Readability before that layer (`"unused"`: in it).
        after: Readability after it (`"unused"`: of the output).
    """

    kind: str
    layer: str | None
    before: float
    after: float


def place(look: Look) -> Place | None:
    """Follow readability from input to output and name where it dies.

    A layer loses the target when less than a fifth of what was readable just before it is readable
    after it, and nothing after it reads more than a fifth of the best either.

    Returns:
        A `Place`, or `None` where readability was not measured, or where what can be read at the
        input is too much for the few columns by which layers are read.
    """
    if not look.layers:
        return None
    first = at_input(look) or 0.0
    values = [value for _, value in look.layers]
    best = max([first, *values])
    if best < RISE:
        if is_readable_at_input(look) and (look.input_readability or 0.0) >= RISE:
            return None
        return Place("absent", None, first, look.readability or 0.0)
    readable = [index for index, value in enumerate(values) if value >= max(best / 5, RISE)]
    last = readable[-1] if readable else -1
    if last >= len(values) - 2:
        # A ridge that knows too few rows for a wide layer may find nothing in the one before it.
        index = max((i for i in readable if i < len(values) - 1), default=max(len(values) - 2, 0))
        return Place("unused", look.layers[index][0], values[index], look.readability or 0.0)
    before = values[last] if last >= 0 else first
    return Place("lost", look.layers[last + 1][0], before, values[last + 1])
