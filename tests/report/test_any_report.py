"""Whatever is missing, broken or oddly named in a run, its report can be shown."""

import dataclasses
import json
import math
import unicodedata

import any_report
import pytest
import told
from hypothesis import HealthCheck, given, settings
from judge.causes import hand_made
from reader import Reader

from meancollapse import plots
from meancollapse.diagnosis.diagnosis import Diagnosis
from meancollapse.judge.evidence import Output
from meancollapse.report import pictures
from meancollapse.report.report import Report

pytestmark = [
    pytest.mark.tensorflow_only,  # made by hand: the same on every backend
    pytest.mark.filterwarnings("error::UserWarning"),  # so matplotlib says that nothing fits
    pytest.mark.filterwarnings("ignore:Glyph"),  # its own font has not the letters of a browser's
]

BUDGET = dict(deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
BARE = dict(variables=(), disconnected=(), inputs=(), outputs=(), learning_rate=None)
NAN = float("nan")


def shown(report):
    """The report in every form there is."""
    str(report).encode()
    json.dumps(report.to_dict(), allow_nan=False)
    text = report._repr_html_()
    text.encode()
    report.plot()._repr_png_()
    return text


def is_safe(text):
    """No element that came out of a name, and nothing that a browser would run."""
    read = Reader(text)
    assert not read.all("script") and not read.all("b")
    assert not any(key.startswith("on") for _, attrs in read.elements for key in attrs)
    assert steers_nothing(text)


def steers_nothing(text):
    """No control character but line breaks, no half of a letter, nothing that turns lines round."""
    kinds = {unicodedata.category(letter) for letter in text if letter not in "\t\r\n"}
    return not kinds & {"Cc", "Cs"} and not {"LRO", "RLO"} & {
        unicodedata.bidirectional(c) for c in text
    }


def epochs(count, *outputs, **changes):
    """Epochs in which these outputs were measured, and nothing else but the changes."""
    values = BARE | dict(outputs=outputs) | changes
    return tuple(hand_made.evidence(epoch=i, steps=10 * i, **values) for i in range(count))


def without_any_output(state):
    """What a loss that turns into NaN before anything was measured gives: a verdict on `output`."""
    return Report("model", epochs(2), (told.verdict(0, state, "output", told.DEAD),))


UNSEEN = Output("out", False, None, None, None)
TRAINED = dataclasses.replace(UNSEEN, train=hand_made.STREAM)
VALIDATED = dataclasses.replace(UNSEEN, validation=hand_made.STREAM)
LOOKED_AT = dataclasses.replace(UNSEEN, look=told.LOST)
BLIND = dataclasses.replace(told.LOST, layers=(), activity=(), readability=None)
BROKEN = dataclasses.replace(
    told.LOST,
    **dict.fromkeys(("spread", "skill", "r2", "explained", "loss", "readability"), NAN),
    layers=(("hidden", NAN), (told.NASTY, NAN)),
    input_readability=NAN,
)
SHOT = told.snapshot(told.LOST)
PARTIAL = {
    "nothing but epochs": Report("model", epochs(3)),
    "no output, healthy": without_any_output("healthy"),
    "no output, NaN": without_any_output("non_finite"),
    "no output, collapsed": without_any_output("collapsed"),
    "only a verdict": Report("model", (), (told.verdict(0, "collapsed"),)),
    "only a snapshot": Report("model", (), (), (SHOT,)),
    "an output that was never measured": Report("model", epochs(1, UNSEEN)),
    "the same, judged": Report("model", epochs(1, UNSEEN), (told.verdict(0, "collapsed"),)),
    "without train stream": Report("model", epochs(2, VALIDATED), (told.verdict(1, "plateau"),)),
    "without validation and look": Report(
        "model", epochs(2, TRAINED), (told.verdict(1, "no_signal", "out", told.LOUD),)
    ),
    "without streams": Report("model", epochs(1, LOOKED_AT), (told.verdict(0, "collapsed"),)),
    "without readability": Report(
        "model",
        epochs(2, dataclasses.replace(TRAINED, look=BLIND)),
        (told.verdict(1, "collapsed"),),
        (told.snapshot(BLIND),),
    ),
    "without verdicts": Report("model", told.collapsed().history, (), (SHOT,)),
    "without inputs": Report("model", epochs(2, LOOKED_AT, variables=hand_made.VARIABLES)),
    "NaN everywhere": Report(
        "model",
        epochs(3, dataclasses.replace(LOOKED_AT, look=BROKEN), loss=NAN, learning_rate=NAN),
        (told.verdict(0, "non_finite"),),
        (dataclasses.replace(SHOT, true=((NAN,),), predicted=((NAN,),), look=BROKEN),),
    ),
    "a snapshot without rows": Report(
        "model", epochs(1, TRAINED), (), (dataclasses.replace(SHOT, true=(), predicted=()),)
    ),
    "an output of which the last epoch knows nothing": Report(
        "model", (*epochs(1, LOOKED_AT), *epochs(1)), (told.verdict(0, "collapsed"),)
    ),
}


@pytest.mark.parametrize("name", PARTIAL)
def test_a_run_with_parts_missing_can_be_shown(name, tmp_path):
    report = PARTIAL[name]
    is_safe(shown(report))
    assert report.save(tmp_path / "report.html").stat().st_size > 1000


@pytest.mark.parametrize("name", any_report.NAMES)
def test_models_and_outputs_can_have_any_name(name, monkeypatch):
    found = dataclasses.replace(told.verdict(0, "collapsed", name, told.DEAD), cause=name)
    named = dataclasses.replace(LOOKED_AT, name=name)
    report = Report(name, epochs(1, named, dataclasses.replace(TRAINED, name="b")), (found,))
    assert plots.learning(report, name).figure._repr_png_()
    monkeypatch.setattr(pictures, "available", lambda: False)  # those are drawn below
    is_safe(report._repr_html_())
    assert steers_nothing(str(report))


def test_layers_can_have_any_name():
    names = any_report.NAMES
    looks = [dataclasses.replace(told.LOST, layers=tuple((n, 0.8) for n in names), activity=())]
    looks += [dataclasses.replace(looks[0], layers=(("hidden", 0.8), (n, 0.0))) for n in names[:2]]
    variables = tuple(hand_made.variable(name) for name in names)
    for name, look in zip(("$x$ and $y$", "\x1b\ud800", "many words " * 30), looks, strict=True):
        output = dataclasses.replace(LOOKED_AT, name=name, look=look)
        verdict = told.verdict(0, "collapsed", name, told.DEAD)
        shot = told.snapshot(look, name)
        is_safe(shown(Report(name, epochs(1, output, variables=variables), (verdict,), (shot,))))


def test_the_output_of_a_verdict_without_evidence_can_be_asked_for():
    report = PARTIAL["no output, NaN"]
    assert "Output 'output' turned into NaN or Inf in epoch 1." in str(report)
    assert report.plot("output").get_suptitle().startswith("model: output 'output' ends non finite")
    with pytest.raises(ValueError, match="no output named 'other'. The outputs are: output"):
        report.plot("other")


@settings(max_examples=80, **BUDGET)
@given(report=any_report.reports())
def test_any_report_can_be_printed_and_written_as_json(report):
    text = str(report)
    text.encode()
    assert steers_nothing(text)
    json.dumps(report.to_dict(), allow_nan=False)


@settings(max_examples=6, **BUDGET)
@given(report=any_report.reports())
def test_any_report_can_be_shown_and_drawn(report):
    is_safe(shown(report))


@settings(max_examples=40, **BUDGET)
@given(diagnosis=any_report.diagnoses())
def test_any_diagnosis_can_be_shown(diagnosis):
    str(diagnosis).encode()
    is_safe(diagnosis._repr_html_())
    assert isinstance(diagnosis, Diagnosis) and diagnosis.to_dict()


def test_a_learning_rate_that_stays_nan_is_no_news():
    report = PARTIAL["NaN everywhere"]
    assert all(math.isnan(evidence.learning_rate) for evidence in report.history)
    assert "learning rate" not in str(report)


def test_a_very_long_run_makes_no_large_page():
    history = tuple(dataclasses.replace(told.epoch(0), epoch=i, steps=i) for i in range(3000))
    judged = tuple(told.verdict(i, "undecided") for i in range(3000))
    quiet = tuple(
        dataclasses.replace(evidence, outputs=(TRAINED,)) if evidence.epoch % 100 else evidence
        for evidence in history
    )
    assert len(Report("model", quiet, judged)._repr_html_()) < 300_000
