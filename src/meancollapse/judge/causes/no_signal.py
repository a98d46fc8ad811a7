"""The target cannot be read from the input."""

from __future__ import annotations

from meancollapse.judge.causes.case import Case
from meancollapse.judge.finding import MECHANISM, PROOF, Finding
from meancollapse.judge.skill import SIGNIFICANT
from meancollapse.judge.verdict import NO_SIGNAL, NO_SIGNAL_ROWS, is_frozen


def explain(case: Case) -> Finding | None:
    """Nothing is readable at the input, by ridge in any form, nor in any layer.

    A permutation test says how sure that is; with fewer than 100 rows it says nothing.
    """
    look = case.look
    if not look.target_varies or look.input_p_value is None or look.rows < NO_SIGNAL_ROWS:
        return None
    if case.is_readable or look.input_p_value <= SIGNIFICANT:
        return None
    if case.state != NO_SIGNAL and is_frozen(case.evidence):
        return None  # a network without any gradient is a constant for a reason of its own
    return Finding(
        cause="no_signal",
        # Of a network that is a constant beyond doubt this says only that no signal was seen.
        strength=PROOF if case.state == NO_SIGNAL else MECHANISM + 0.1,
        layer=None,
        evidence=(
            f"from {look.rows} sampled rows the target cannot be read from the input (held-out R² "
            f"{look.input_readability or 0:.2g}, p = {look.input_p_value:.2g}), nor from any layer"
        ),
        remedy=(
            "check that inputs and targets belong to the same rows (shuffled together? shifted?) "
            "and that the inputs hold what the target depends on; if they do not, a constant is "
            "the right answer"
        ),
        code="mc.diagnose(model, x, y)  # in file order: also tests rows shifted by 1 to 5",
    )
