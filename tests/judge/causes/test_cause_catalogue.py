"""Every cause of the design's table has a rule, a page, a row in the catalogue and a test."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ill_models import ILLNESSES

from meancollapse.judge.causes import CAUSES

DOCS = Path(__file__).parents[3] / "docs" / "causes"
IDS = (
    "broadcast_loss",
    "constant_initialization",
    "constant_input",
    "dead_relu",
    "exploding_gradient",
    "imbalanced_target",
    "invalid_target",
    "learning_rate_too_high",
    "learning_rate_too_low",
    "no_gradient",
    "no_signal",
    "non_finite",
    "output_activation",
    "over_regularization",
    "saturated_activation",
    "train_inference_gap",
    "unscaled_input",
    "unscaled_target",
    "vanishing_gradient",
)
SECTIONS = ("What it looks like", "How we know", "How to fix it", "An example", "Sources")


def test_the_rules_are_those_of_the_design():
    assert sorted(rule.__name__.rpartition(".")[2] for rule in CAUSES) == list(IDS)


@pytest.mark.parametrize("cause", IDS)
def test_the_rule_can_be_asked(cause):
    (rule,) = (rule for rule in CAUSES if rule.__name__.endswith(f".{cause}"))
    assert callable(rule.explain)
    assert rule.__doc__


@pytest.mark.parametrize("cause", IDS)
def test_the_page_says_all_there_is_to_say(cause):
    page = (DOCS / f"{cause}.md").read_text()
    assert page.startswith(f"# `{cause}`")
    assert tuple(re.findall(r"^## (.+)$", page, re.M)) == SECTIONS
    example = page.partition("## An example")[2].partition("## Sources")[0]
    assert "```python" in example
    assert f'"{cause}"' in example


@pytest.mark.parametrize("cause", IDS)
def test_the_catalogue_has_a_row(cause):
    rows = re.findall(
        rf"^\| \[`{cause}`\]\({cause}\.md\) \|.*\|$", (DOCS / "index.md").read_text(), re.M
    )
    assert len(rows) == 1
    assert rows[0].count("|") == 5


def test_the_catalogue_has_no_other_rows():
    found = re.findall(r"^\| \[`(\w+)`\]", (DOCS / "index.md").read_text(), re.M)
    assert sorted(found) == list(IDS)


@pytest.mark.parametrize("cause", [cause for cause in IDS if cause != "exploding_gradient"])
def test_there_is_a_model_that_has_it(cause):
    assert cause in {illness.cause for illness in ILLNESSES.values()}
