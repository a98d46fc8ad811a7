"""A minimal real model for every cause is named after it, and its twin without the fault is not."""

from __future__ import annotations

import functools
import re

import keras
import pytest
from ill_models import ILLNESSES, overgrown, two_outputs
from nets import watched

import meancollapse as mc
from meancollapse.judge.finding import HINT

NAMES = sorted(ILLNESSES)
# Causes that put the blame on the data or the loss: never to be named without need.
DATA_FAULTS = {"broadcast_loss", "constant_input", "invalid_target", "no_signal"}
# Targets cannot be read from inputs that are one number: both are true.
IMPLIED = {"constant_input": {"no_signal"}}


@functools.cache
def trained(build):
    """The callback and the collapse warnings of one run."""
    keras.utils.set_random_seed(0)
    model, x, y, fit_arguments = build()
    if keras.config.backend() == "tensorflow":
        model.jit_compile = False  # compiling with XLA takes longer than the training
    callback, warned = watched(model, x, y, **fit_arguments)
    return callback, [w for w in warned if isinstance(w, mc.CollapseWarning)]


def verdict_of(name):
    _, warned = trained(ILLNESSES[name].build)
    assert len(warned) == 1, [w.verdict.state for w in warned]
    return warned[0].verdict


@pytest.mark.sampled(4)
@pytest.mark.parametrize("name", NAMES)
def test_the_primary_cause_is_the_fault_with_the_place_and_the_numbers(name):
    illness, verdict = ILLNESSES[name], verdict_of(name)
    found = [(f.cause, round(f.strength, 2), f.evidence) for f in verdict.findings]
    assert verdict.cause == illness.cause, found
    finding = verdict.findings[0]
    if illness.layer is not None:
        assert finding.layer == illness.layer
    assert re.search(illness.says, finding.evidence), finding.evidence
    assert re.search(illness.says, verdict.message), verdict.message
    assert illness.cause in verdict.message
    assert finding.remedy in verdict.message
    assert_ranked(verdict)
    assert_data_in_order_are_not_blamed(verdict)


def assert_ranked(verdict):
    strengths = [finding.strength for finding in verdict.findings]
    assert strengths == sorted(strengths, reverse=True)
    assert all(HINT <= strength <= 1 for strength in strengths)
    assert verdict.causes == tuple(finding.cause for finding in verdict.findings)
    assert len(set(verdict.causes)) == len(verdict.causes)


def assert_data_in_order_are_not_blamed(verdict):
    allowed = {verdict.cause} | IMPLIED.get(verdict.cause, set())
    assert DATA_FAULTS & set(verdict.causes) <= allowed


@pytest.mark.sampled(4)
@pytest.mark.parametrize("name", NAMES)
def test_the_twin_is_not_accused(name):
    callback, warned = trained(ILLNESSES[name].twin)
    assert [str(w) for w in warned] == []
    assert callback.verdicts[-1].state == "healthy"
    assert {v.cause for v in callback.verdicts} == {None}


def test_values_that_overflow_are_said_to_have_exploded():
    _, (warning,) = trained(overgrown)
    assert warning.verdict.state == "non_finite"
    assert warning.verdict.cause in ("non_finite", "exploding_gradient")
    assert "exploding_gradient" in warning.verdict.causes
    assert not DATA_FAULTS & set(warning.verdict.causes)


def test_of_two_outputs_only_the_ill_one_is_accused():
    callback, warned = trained(functools.partial(two_outputs, True))
    assert [(w.verdict.output, w.verdict.cause) for w in warned] == [("other", "output_activation")]
    assert warned[0].verdict.findings[0].layer == "other"
    assert "100% of the targets" in str(warned[0])
    good = [v for v in callback.verdicts if v.output == "good"]
    assert good[-1].state == "healthy"
    assert {v.cause for v in good} == {None}


def test_of_two_outputs_in_order_none_is_accused():
    callback, warned = trained(functools.partial(two_outputs, False))
    assert warned == []
    assert {v.cause for v in callback.verdicts} == {None}
