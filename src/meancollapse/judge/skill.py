"""What one look or stream shows: skill, a constant, and what the input makes possible."""

from __future__ import annotations

import math

from meancollapse.judge.evidence import Evidence, Look, Output, Stream

# Skill and spread below which an output is (nearly) a constant. For an MSE-optimal model
# spread² = R², so the two say the same: R² < 0.01 (research notes, 3.2).
SKILL = 0.05
SPREAD = 0.1
# Where little can be read, little is asked for: this share of what the input makes possible.
SHARE_OF_POSSIBLE = 0.25
# Largest p-value at which the input counts as readable, and the least readability worth the name.
SIGNIFICANT = 0.05
READABLE = 0.01
# An output from which less than this share of what is possible can be read varies for nothing.
UNRELATED = 0.1
# Rows x variance explained: about two standard errors from nothing.
ALIVE = 4.0
# Rows x correlation²: about five standard errors from nothing.
EVIDENT = 25.0
# No shuffling of the targets out of 99 was read as well.
EVIDENT_P = 0.01
# An output from which so much of the target can be read follows it, however faintly.
FAINT = 0.1
# A target is curved if a straight line reads less than this share of what can be read.
STRAIGHT = 0.2


def is_constant(look: Look) -> bool:
    """Whether the output has no skill and (nearly) no spread, or for classes only one answer."""
    if _beats_constant(look):
        return False
    most = possible(look)
    narrow = SPREAD if most is None else min(SPREAD, 0.5 * math.sqrt(most))
    if look.is_constant or (look.is_comparable and look.spread < narrow):
        return True
    if look.top_class_share is None or look.readability is None:
        return False
    useless = look.readability < SKILL or look.skill < -SKILL
    one_class = look.top_class_share >= 0.99 and useless
    return one_class or is_unrelated(look)


def is_unrelated(look: Look) -> bool:
    """Whether the output carries next to nothing of a target that can be read."""
    most = possible(look)
    if most is None or look.readability is None or _beats_constant(look):
        return False
    return look.readability < UNRELATED * most


def has_skill(output: Output, look: Look) -> bool:
    """Whether a look finds the output better than the best constant.

    Where the input's readability is too small to be seen in the sample, five standard errors of
    correlation over the whole training stream count as skill too.
    """
    if _beats_constant(look):
        return True
    stream = output.validation or output.train
    is_known = look.input_p_value is not None and possible(look) is None
    if stream is None or not is_known or look.is_constant:
        return False
    evident = stream.rows * stream.correlation**2 > EVIDENT and stream.correlation > 0
    return evident and look.skill > 0 and look.spread > 0.3 * stream.correlation


def output_has_skill(output: Output) -> bool:
    """What is known of this epoch: the look where there was one, else the running statistics."""
    if output.look is not None:
        return has_skill(output, output.look)
    return stream_has_skill(output.train)


def stream_has_skill(stream: Stream | None) -> bool:
    """Whether the running statistics alone show an output that follows its target."""
    if stream is None or not stream.finite:
        return False
    if stream.rows * stream.correlation**2 < EVIDENT or stream.correlation <= 0:
        return False
    return stream.r2 >= SKILL


def all_have_skill(evidence: Evidence) -> bool:
    """Whether every output visibly follows its target, so that nobody need look closer."""
    return bool(evidence.outputs) and all(
        stream_has_skill(output.train) and (output.validation is None or output.validation.finite)
        for output in evidence.outputs
    )


def possible(look: Look) -> float | None:
    """What the input makes possible, where the sample shows that it makes anything possible."""
    return look.input_readability if is_readable_at_input(look) else None


def may_be_readable(look: Look) -> bool:
    """Whether the target was read somewhere, at the input, in a layer or in the output.

    Of order, shapes or words nothing may be read at the input by linear means. But layers that were
    trained on these rows may know some of them by heart: what they show is a reason to try, and no
    proof.
    """
    inside = max([look.readability or 0.0, *(value for _, value in look.layers)])
    return is_readable_at_input(look) or look.rows * inside > EVIDENT


def is_readable_at_input(look: Look) -> bool:
    """Whether the input test found more than luck."""
    if look.input_readability is None or look.input_p_value is None:
        return False
    return look.input_p_value <= SIGNIFICANT and look.input_readability >= READABLE


def at_input(look: Look) -> float | None:
    """Readability of the input by the same means as that of layers, so that they compare."""
    return look.input_readability if look.input_as_layers is None else look.input_as_layers


def is_evident(look: Look) -> bool:
    """A ridge may read less than the mean does and yet more than from any shuffled targets."""
    return look.input_p_value is not None and look.input_p_value <= EVIDENT_P


def follows_faintly(look: Look) -> bool:
    """The output is a faint copy of its target: what nobody could read at the input is there."""
    readable = look.readability or 0.0
    return readable >= FAINT and look.rows * readable > EVIDENT


def is_curved(look: Look) -> bool:
    """Whether the target can be read at the input, but hardly any of it by a straight line (XOR).

    Then a layer that has not learned yet shows nothing of it either, though it lost nothing.
    """
    if look.input_linear is None or not is_readable_at_input(look):
        return False
    return look.input_linear < STRAIGHT * (look.input_readability or 0.0)


def _beats_constant(look: Look) -> bool:
    most = possible(look)
    bar = SKILL if most is None else min(SKILL, SHARE_OF_POSSIBLE * most)
    return max(finite(look.skill), finite(look.r2)) >= bar


def is_alive(look: Look) -> bool:
    """A little skill, about two standard errors from none: slow, but not a constant."""
    return look.skill > 0 and look.explained * look.rows >= ALIVE


def in_late_layers(look: Look) -> float:
    """The best readability in the second half of the layers, the output's own aside."""
    values = [value for _, value in look.layers[:-1]]
    return max(values[len(values) // 2 :], default=0.0)


def finite(value: float) -> float:
    return value if math.isfinite(value) else -math.inf
