import dataclasses

import pytest
import told

from meancollapse.judge import causes
from meancollapse.judge.evidence import Activity
from meancollapse.report import words
from meancollapse.report.report import Report


def in_one_line(report):
    return " ".join(str(report).split())


def test_a_collapse_names_the_layer_the_cause_and_what_to_do():
    text = in_one_line(told.collapsed())
    assert "Output 'out' collapsed in epoch 3: it predicts one constant." in text
    assert f"The target is lost in layer '{told.NASTY}': R² 0.78 before it, 0.01 after." in text
    assert "learning_rate_too_high (probable)" in text
    assert "The rate was 0.1." in text
    assert "what to do Lower it. keras.optimizers.Adam(1e-3)" in text
    assert "dead_relu (possible)" in text
    assert text.index("collapsed in epoch 3") < text.index("probable") < text.index("Lower it")


def test_the_layer_at_fault_is_marked_in_the_table():
    lines = str(told.collapsed()).splitlines()
    marked = [line.split() for line in lines if line.endswith("<- here")]
    assert [line[:2] for line in marked] == [[told.NASTY, "0.01"]]
    assert "100%" in marked[0]


def test_a_rescue_is_told_with_its_epoch_and_the_numbers_now():
    text = in_one_line(told.rescued())
    assert "collapsed in epoch 2: it predicted one constant; rescued in epoch 2" in text
    assert "skill 0.91, spread 0.97" in text
    assert "The target was lost in layer" in text
    assert "<- here" not in text


@pytest.mark.parametrize(
    "action, words",
    [
        ("set the learning rate from 0.1 to 0.01: too high", "; learning rate changed in epoch 2,"),
        ("took back the rescue of epoch 1, which did not help", "; healthy again since epoch 3,"),
        ("none of 2 remedies raised the skill; nothing was changed", "; healthy again since epoch"),
    ],
)
def test_only_a_rescue_that_stayed_is_called_one(action, words):
    report = told.rescued()
    history = list(report.history)
    history[1] = dataclasses.replace(history[1], actions=(action,))
    text = in_one_line(dataclasses.replace(report, history=tuple(history)))
    assert words in text
    assert "rescued" not in text


def test_what_happened_is_listed_in_order():
    text = in_one_line(told.rescued())
    what = [
        "epoch 2 warning: Output 'out': collapsed (learning_rate_too_high).",
        "epoch 2 action: Set the learning rate to 0.002, <re-initialised> the weights.",
        "epoch 3 learning rate: From 0.1 to 0.002.",
        "epoch 3 recovery: Output 'out' is healthy.",
    ]
    places = [text.index(line) for line in what]
    assert places == sorted(places)


def test_a_learning_rate_schedule_makes_one_line():
    rates = [0.1, 0.05, 0.025, 0.0125, 0.0125]
    history = tuple(told.epoch(i, rate=rate) for i, rate in enumerate(rates))
    text = in_one_line(Report("model", history))
    assert "epoch 2–4 learning rate: From 0.1 to 0.0125." in text
    assert text.count("learning rate:") == 1


def test_a_healthy_run_says_so_with_its_numbers_and_nothing_else():
    text = in_one_line(told.healthy())
    assert "Output 'out' is healthy: it beats the best constant (skill 0.91, spread 0.97)." in text
    for word in ("collapsed", "cause", "what to do", "what happened", "lost"):
        assert word not in text


def test_nan_is_told_without_blaming_a_layer_for_the_data():
    text = in_one_line(told.non_finite())
    assert "Output 'out' turned into NaN or Inf in epoch 1." in text
    assert "The targets contain NaN or Inf." in text
    assert "Drop those rows." in text
    assert "Look at layer" not in text
    assert "<- here" not in text


def test_of_several_outputs_the_worst_comes_first():
    text = in_one_line(told.two_outputs())
    assert "1 of 2 outputs in trouble: 'age'." in text
    assert text.index("Output 'age' collapsed") < text.index("Output 'price' is healthy")


def test_a_run_that_was_not_judged_lists_its_gradients():
    text = in_one_line(told.unjudged())
    assert "Gradients of 3 epochs; the predictions were not judged." in text
    assert "hidden/kernel 0.3 0.001" in text


def test_a_target_without_signal():
    look = dataclasses.replace(told.LOST, layers=(("hidden", 0.0), ("out", 0.0)))
    look = dataclasses.replace(look, input_readability=0.0)
    found = told.verdict(0, "no_signal")
    text = in_one_line(Report("model", (told.epoch(0, {"out": look}),), (found,)))
    assert "has nothing to learn from: the target cannot be read from the input" in text
    assert "It is no_signal." in text
    constant = dataclasses.replace(look, target_varies=False)
    text = in_one_line(Report("model", (told.epoch(0, {"out": constant}),), (found,)))
    assert "has nothing to learn: all its targets are the same" in text


def test_a_classifier_that_gives_one_class():
    look = dataclasses.replace(told.LOST, top_class=2, top_class_share=1.0)
    report = Report(
        "model", (told.epoch(0, {"out": look}),), (told.verdict(0, "collapsed", "out", told.DEAD),)
    )
    assert "collapsed in epoch 1: it gives every example class 2." in in_one_line(report)


@pytest.mark.parametrize("name", told.ALL)
def test_no_line_is_wider_than_96_columns(name):
    report = told.ALL[name]()
    long = dataclasses.replace(report, model="a_model_with_a_name_" * 8)
    for text in (str(report), str(long)):
        assert max(len(line) for line in text.splitlines()) <= 96


def test_a_long_network_is_abridged_around_the_layer_at_fault():
    names = [f"block{i}" for i in range(100)]
    look = dataclasses.replace(
        told.LOST,
        layers=tuple((name, 0.7 if i < 50 else 0.0) for i, name in enumerate(names)),
        activity=tuple(Activity(name, 8, 0.0, None) for name in names),
    )
    found = told.verdict(0, "collapsed", "out", told.DEAD)
    lines = str(Report("model", (told.epoch(0, {"out": look}),), (found,))).splitlines()
    assert len(lines) < 50
    assert [line.split()[0] for line in lines if line.endswith("<- here")] == ["block50"]
    shown = {line.split()[0] for line in lines if line.startswith("  block")}
    hidden = [int(line.split()[1]) for line in lines if line.endswith("more layers")]
    assert {"block0", "block49", "block51", "block99"} <= shown
    assert len(shown) + sum(hidden) == 100


def test_every_cause_is_explained_in_a_phrase():
    ids = {module.__name__.rpartition(".")[2] for module in causes.CAUSES}
    assert set(words.CAUSES) == ids
