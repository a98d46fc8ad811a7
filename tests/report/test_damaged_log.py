"""A damaged log is refused with one kind of error that names the line, or it makes a report."""

import dataclasses
import json
import math
import os

import pytest
import told
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from test_report_record import written

from meancollapse.judge import records
from meancollapse.judge.evidence import Evidence
from meancollapse.judge.finding import Finding
from meancollapse.report.journal import Journal
from meancollapse.report.report import Report

pytestmark = pytest.mark.tensorflow_only  # made by hand: the same on every backend

ANYTHING = (
    None, True, False, 0, -1, 1.5, 10**30, 10**4000, 1e300, math.inf, math.nan, "NaN", "", "x",
    "healthy", "\ud800", "x" * 5000, 2**63 - 1, [], {}, [[]], ["a", 1], {"a": 1},
)  # fmt: skip
NAMES_ITS_LINE = r"^'.*run\.jsonl', line \d+: "


@pytest.fixture
def log(tmp_path):
    """The lines of a log, and what reads others in their place."""
    path = written(told.collapsed(), tmp_path / "run.jsonl")
    lines = path.read_text().splitlines()

    def read(*others, end="\n"):
        path.write_bytes(b"\n".join(o if isinstance(o, bytes) else o.encode() for o in others))
        with path.open("ab") as file:
            file.write(end.encode())
        return Report.from_log(path)

    return lines, read


def changed(line, *path, to):
    """The line with another value at that place."""
    values = json.loads(line)
    place = values
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = to
    return json.dumps(values)


def epochs(report):
    return [evidence.epoch for evidence in report.history]


LOOK = ("evidence", "outputs", 0, "look")


@pytest.mark.parametrize(
    "path, to, message",
    [
        (("evidence",), None, "evidence: expected an object with the fields of Evidence, found nu"),
        (("evidence",), [1], "evidence: expected an object with the fields of Evidence, found a l"),
        (("evidence", "loss"), "x", "evidence.loss: expected a number, found 'x'"),
        (("evidence", "loss"), True, "evidence.loss: expected a number, found true"),
        (("evidence", "loss"), 10**400, "evidence.loss: expected a number that a float can hold"),
        (("evidence", "steps"), 1.5, "evidence.steps: expected a whole number, found 1.5"),
        (("evidence", "steps"), 10**30, "steps: expected a whole number of at most 63 bits, found"),
        (("evidence", "steps"), None, "evidence.steps: expected a whole number, found null"),
        (("evidence", "is_last"), 1, "evidence.is_last: expected true or false, found 1"),
        (("evidence", "outputs"), 3, "evidence.outputs: expected a list, found 3"),
        (("evidence", "outputs", 0), 3, "evidence.outputs[0]: expected an object with the fields"),
        (("evidence", "outputs", 0, "name"), 3, "evidence.outputs[0].name: expected a text, foun"),
        (("evidence", "actions"), "abc", "evidence.actions: expected a list, found 'abc'"),
        ((*LOOK, "layers", 1), ["a"], "outputs[0].look.layers[1]: expected a list of 2, found a"),
        ((*LOOK, "layers", 1, 1), "a", "outputs[0].look.layers[1][1]: expected a number, found"),
        ((*LOOK, "target_range"), {}, "look.target_range: expected a list of 2, found an object"),
        (("evidence", "epoch"), -1, "evidence.epoch: expected a number from 1 (the epoch before"),
        (("evidence", "epoch"), 2**40, "to 2147483647, found 1099511627776"),
        (("verdicts",), {}, "verdicts: expected a list, found an object with nothing in it"),
        (("verdicts", 0, "state"), "ill", "verdicts[0].state: expected one of healthy, undecided"),
        (("verdicts", 0, "epoch"), 7, "verdicts[0].epoch: expected 2 as in the evidence, found 7"),
        (("verdicts", 0, "findings", 0), {"cause": "x"}, "findings[0]: expected strength, layer,"),
        (("verdicts", 0, "causes"), ["a", 1], "verdicts[0].causes[1]: expected a text, found 1"),
    ],
)
def test_a_wrong_value_is_refused_with_its_line_and_field(log, path, to, message):
    (head, first, second, third, last), read = log
    with pytest.raises(ValueError, match=NAMES_ITS_LINE) as error:
        read(head, first, second, changed(third, *path, to=to), last)
    assert "line 4: " in str(error.value)
    assert message in str(error.value)
    assert len(str(error.value)) < 400


@pytest.mark.parametrize(
    "line, found",
    [
        ("{}", "expected evidence, verdicts among the fields of Epoch, found an object with"),
        ("3", "found 3"),
        ("null", "found null"),
        ("[]", "found a list of 0"),
        ('{"evidence": {"epo', 'found \'{"evidence": {"epo\' (Unterminated string'),
        (b"\xff\xff", "found bytes that are not UTF-8 (invalid start byte at byte 1)"),
        ("[" * 100_000, "found lists and objects nested too deeply"),
        ('{"evidence": ' * 100_000, "found lists and objects nested too deeply"),
        ("9" * 5000, "digits"),
    ],
)
def test_a_line_that_is_no_epoch_is_refused(log, line, found):
    (head, first, *others), read = log
    with pytest.raises(ValueError, match=NAMES_ITS_LINE) as error:
        read(head, first, line, *others)
    assert "line 3: " in str(error.value)
    assert found in str(error.value)
    with pytest.raises(ValueError, match="line 3: "):
        read(head, first, line)


def test_a_second_run_in_the_same_file_is_refused(log):
    lines, read = log
    with pytest.raises(ValueError, match="line 6: expected evidence, verdicts among the fields"):
        read(*lines, *lines)
    with pytest.raises(ValueError, match=r"line 6: evidence\.epoch: expected a number from 3"):
        read(*lines, *lines[1:])


@pytest.mark.parametrize(
    "head, message",
    [
        ("", 'expected an object with "kind": "meancollapse log", found \'\''),
        ('{"loss": 1}', "found an object with loss. Pass a file written by a callback"),
        ("epoch,loss,skill", "not a log of meancollapse: expected an object"),
        ("[1, 2]", "found a list of 2"),
        (b"\xff\xfe{\x00}\x00", "not a log of meancollapse"),
        ('{"kind": "meancollapse log", "version": 1}', "expected model among the fields of Head"),
        ('{"kind": "meancollapse log", "version": 1, "model": 3}', "model: expected a text, found"),
        ('{"kind": "meancollapse log", "version": "1", "model": "m"}', "version: expected a whole"),
        (
            '{"kind": "meancollapse log", "version": 0, "model": "m"}',
            "version: expected 1, found 0",
        ),
        ('{"kind": "meancollapse log", "version": 99, "model": "m"}', "pip install --upgrade mean"),
        ('{"kind": "meancollapse log", "version": 99}', "found one of version 99, which a newer"),
    ],
)
def test_a_first_line_of_something_else_is_refused(log, head, message):
    (_, first, *_), read = log
    for others in ((first,), ()):
        with pytest.raises(ValueError, match="line 1: ") as error:
            read(head, *others)
        assert message in str(error.value)


def test_an_empty_file_a_missing_one_and_a_folder(tmp_path):
    (tmp_path / "empty.jsonl").write_bytes(b"")
    with pytest.raises(ValueError, match=r"empty.jsonl', line 1: not a log of meancollapse"):
        Report.from_log(tmp_path / "empty.jsonl")
    with pytest.raises(FileNotFoundError):
        Report.from_log(tmp_path / "none.jsonl")
    with pytest.raises(PermissionError if os.name == "nt" else IsADirectoryError):
        Report.from_log(tmp_path)


def test_only_the_end_of_a_killed_run_is_forgiven(log):
    lines, read = log
    whole = len(lines[-1])
    for kept in (1, 20, whole // 2, whole - 1):
        assert epochs(read(*lines[:-1], lines[-1][:kept], end="")) == [0, 1, 2]
    assert epochs(read(*lines, b"\0\0\0", end="")) == [0, 1, 2, 3]  # as a power cut may leave it
    assert epochs(read(*lines, end="")) == [0, 1, 2, 3]
    assert epochs(read(lines[0])) == []
    with pytest.raises(ValueError, match="line 3: "):
        read(lines[0], lines[1], lines[2][:50], *lines[3:])
    with pytest.raises(ValueError, match="line 2: expected evidence"):
        read(lines[0], "{}", end="")


@pytest.mark.parametrize("end", ["\n", ""])
def test_a_log_that_an_editor_has_saved_is_read(log, end):
    lines, read = log
    as_it_was = read(*lines)
    assert read("\ufeff" + lines[0], *lines[1:], end=end) == as_it_was
    assert read(*(f"{line}\r" for line in lines), end=end) == as_it_was
    assert read(lines[0], "", lines[1], "  ", "\r", *lines[2:], "", end=end) == as_it_was


def test_of_two_lines_for_an_epoch_the_last_counts(log):
    lines, read = log
    again = changed(lines[-1], "evidence", "loss", to=7)
    report = read(*lines, again)
    assert epochs(report) == [0, 1, 2, 3]
    assert report.history[-1].loss == 7.0
    assert len(report.verdicts) == 4


def test_words_and_literals_of_numbers_that_json_does_not_have_are_read(log):
    lines, read = log
    for text, value in (('"-Infinity"', -math.inf), ("1e999", math.inf), ("NaN", math.nan)):
        line = changed(lines[1], "evidence", "loss", to=0.125).replace("0.125", text)
        assert str(read(lines[0], line).history[0].loss) == str(value)


def test_fields_of_newer_versions_are_left_out_and_missing_ones_have_their_default():
    values = Evidence.to_dict(told.epoch(3)) | {"colour": "red"}
    del values["actions"]
    assert Evidence.from_dict(values) == told.epoch(3)


def test_a_record_is_checked_without_a_file_too():
    values = Evidence.to_dict(told.epoch(3))
    values["outputs"][0]["look"]["skill"] = "good"
    with pytest.raises(ValueError, match=r"^outputs\[0\]\.look\.skill: expected a number, found"):
        Evidence.from_dict(values)
    with pytest.raises(ValueError, match="^expected an object with the fields of Finding, found 3"):
        records.restore(Finding, 3)
    with pytest.raises(ValueError, match="^expected code among the fields of Short, found"):
        records.restore(dataclasses.make_dataclass("Short", [("code", str)]), {})


def paths(value, path=()):
    """The places of all values inside a value."""
    yield path
    items = value.items() if isinstance(value, dict) else ()
    items = enumerate(value) if isinstance(value, list) else items
    for key, item in items:
        yield from paths(item, (*path, key))


@settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_any_damage_is_an_error_with_a_line_or_a_report(log, data):
    lines, read = log
    number = data.draw(st.integers(0, len(lines) - 1))
    values = json.loads(lines[number])
    path = data.draw(st.sampled_from(list(paths(values))[1:]))
    damaged = changed(lines[number], *path, to=data.draw(st.sampled_from(ANYTHING)))
    cut = slice(*sorted(data.draw(st.tuples(*[st.integers(0, len(damaged))] * 2))))
    if data.draw(st.booleans()):
        damaged = damaged[: cut.start] + damaged[cut.stop :]
    try:
        report = read(*lines[:number], damaged, *lines[number + 1 :])
    except ValueError as error:
        assert f"line {number + 1}: " in str(error) or "evidence.epoch" in str(error)
        assert len(str(error)) < 600
    else:
        str(report).encode()
        json.dumps(report.to_dict(), allow_nan=False)


def test_a_path_that_no_file_can_have_cannot_be_written():
    with pytest.raises(OSError, match="no file can have that name"):
        Journal("a\0b", "model")
