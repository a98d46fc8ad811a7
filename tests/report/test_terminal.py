"""What `print` is given can be printed, whatever letters the terminal knows."""

import dataclasses
import io
import sys

import pytest
import told
from test_diagnosis_page import FOUND

from meancollapse.report.letters import printable, visible
from meancollapse.report.report import Report

pytestmark = pytest.mark.tensorflow_only  # made by hand: the same on every backend


@pytest.fixture
def terminal(monkeypatch):
    """What a terminal of that encoding shows of the things printed."""

    def show(encoding, *things):
        stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="\n")
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdout", stream)
            for thing in things:
                print(thing)
        stream.flush()
        return stream.buffer.getvalue().decode(encoding)

    return show


def foreign(report, name="größe出力"):
    """The report with layers of that name, in a model of that name."""
    report = dataclasses.replace(report, model=name)
    history = [
        dataclasses.replace(
            evidence,
            outputs=tuple(
                dataclasses.replace(o, look=renamed(o.look, name)) for o in evidence.outputs
            ),
        )
        for evidence in report.history
    ]
    return dataclasses.replace(report, history=tuple(history), snapshots=())


def renamed(look, name):
    return look and dataclasses.replace(
        look, layers=(("hidden", 0.78), (name, 0.01), ("out", 0.0)), activity=()
    )


def test_an_ascii_terminal_gets_plain_signs_and_escapes(terminal):
    text = " ".join(terminal("ascii", foreign(told.collapsed())).split())
    assert r"lost in layer 'gr\xf6\xdfe\u51fa\u529b': R2 0.78 before it, 0.01 after." in text
    assert r"Report on 'gr\xf6\xdfe\u51fa\u529b': 4 epochs" in text
    lines = terminal("ascii", Report("model", tuple(told.epoch(i, rate=0.5**i) for i in range(4))))
    assert "epoch 2-4" in lines


def test_every_terminal_gets_what_it_can_show(terminal):
    for encoding, shown in (
        ("cp1252", r"größe\u51fa\u529b': R² 0.78"),
        ("utf-8", "größe出力': R² 0.78"),
        ("shift_jis", r"gr\xf6\xdfe出力': R2 0.78"),
    ):
        assert shown in " ".join(terminal(encoding, foreign(told.collapsed())).split())


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "latin-1", "cp437", "utf-8", "utf-16"])
@pytest.mark.parametrize("name", told.ALL)
def test_no_report_breaks_a_terminal_or_its_columns(terminal, encoding, name):
    text = terminal(encoding, told.ALL[name](), foreign(told.ALL[name](), "größe_→_" * 9))
    assert max(len(line) for line in text.splitlines()) <= 96


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_no_diagnosis_breaks_a_terminal(terminal, encoding):
    evidence = told.epoch(0, {"größe": renamed(told.LOST, "größe出力")})
    check = dataclasses.replace(FOUND.checks[0], words="R² 0.5 of 'größe'")
    found = dataclasses.replace(FOUND, model="größe", evidence=evidence, checks=(check,))
    text = " ".join(terminal(encoding, found).split())
    sign, name = ("R2", r"gr\xf6\xdfe") if encoding == "ascii" else ("R²", "größe")
    assert f"{sign} 0.5 of '{name}'" in text
    assert f"{sign} of '{name}' readable: input" in text
    assert f"Diagnosis of '{name}' from" in text


def test_no_name_steers_the_terminal(terminal):
    text = terminal("utf-8", foreign(told.collapsed(), "a\x1b[2J\x00\x9b\rb\nc"))
    assert r"'a\x1b[2J\x00\x9b b c'" in " ".join(text.split())
    assert all(letter.isprintable() or letter == "\n" for letter in text)


def test_half_a_letter_is_shown_as_an_escape(terminal):
    assert r"\ud800" in terminal("utf-8", foreign(told.collapsed(), "\ud800"))


@pytest.mark.parametrize("stdout", [None, io.StringIO(), object()])
def test_an_output_without_an_encoding_takes_all_letters(monkeypatch, stdout):
    monkeypatch.setattr(sys, "stdout", stdout)
    assert printable("R² größe") == "R² größe"


@pytest.mark.parametrize("encoding", ["klingon", 3])
def test_of_an_encoding_nobody_knows_ascii_is_expected(monkeypatch, encoding):
    monkeypatch.setattr(sys, "stdout", type("Odd", (), dict(encoding=encoding)))
    assert printable("R² größe −1 … →") == r"R2 gr\xf6\xdfe -1 ... ->"


def test_line_breaks_and_letters_of_all_scripts_stay_as_they_are():
    for text in ("a\tb\r\nc", "größe", "出力", "שלום", "👩\u200d🔬", "e\u0301"):
        assert visible(text) == text
