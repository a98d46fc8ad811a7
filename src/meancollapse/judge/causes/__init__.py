"""The causes of a collapse: one file each, from a `Case` to a `Finding` or `None`.

To add a cause: write a file with `explain(case)`, add it to `CAUSES`, add a page to
`docs/causes/` and a test with a twin that does not have it.
"""

from __future__ import annotations

from meancollapse.judge.causes import (
    broadcast_loss,
    constant_initialization,
    constant_input,
    dead_relu,
    exploding_gradient,
    imbalanced_target,
    invalid_target,
    learning_rate_too_high,
    learning_rate_too_low,
    no_gradient,
    no_signal,
    non_finite,
    output_activation,
    over_regularization,
    saturated_activation,
    train_inference_gap,
    unscaled_input,
    unscaled_target,
    vanishing_gradient,
)
from meancollapse.judge.causes.case import Case
from meancollapse.judge.finding import HINT, Finding
from meancollapse.judge.verdict import NON_FINITE

CAUSES = (
    non_finite,
    invalid_target,
    broadcast_loss,
    constant_input,
    output_activation,
    no_gradient,
    constant_initialization,
    no_signal,
    train_inference_gap,
    over_regularization,
    learning_rate_too_high,
    unscaled_input,
    unscaled_target,
    vanishing_gradient,
    dead_relu,
    saturated_activation,
    imbalanced_target,
    learning_rate_too_low,
    exploding_gradient,
)


# A network of NaN tells nothing more about layers and readability; what led there may be known.
OF_NON_FINITE = (
    non_finite,
    invalid_target,
    learning_rate_too_high,
    unscaled_input,
    unscaled_target,
    exploding_gradient,
)


def explain(case: Case) -> list[Finding]:
    """Every cause the evidence speaks for, the one that explains most first."""
    causes = OF_NON_FINITE if case.state == NON_FINITE else CAUSES
    found = [finding for cause in causes if (finding := cause.explain(case)) is not None]
    return sorted((f for f in found if f.strength >= HINT), key=lambda f: -f.strength)
