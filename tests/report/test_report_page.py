import dataclasses
import functools
import re
import sys

import pytest
import told
from reader import Reader

from meancollapse.report import page
from meancollapse.report.report import Report

pytestmark = pytest.mark.tensorflow_only  # made by hand: the same on every backend


@functools.cache
def rendered(show, name):
    """A page or fragment; drawing takes a second, so every one is made once."""
    return show(told.ALL[name]())


@pytest.mark.parametrize(
    "name, show", [*((n, page.page) for n in told.ALL), ("collapsed", page.fragment)]
)
def test_is_well_formed_self_contained_and_without_script(name, show):
    text = rendered(show, name)
    read = Reader(text)
    assert not read.all("script")
    ids = [attrs["id"] for _, attrs in read.elements if "id" in attrs]
    assert len(ids) == len(set(ids))
    for _, attrs in read.elements:
        for key in ("src", "href", "xlink:href"):
            assert attrs.get(key, "#").startswith(("#", "data:"))
    assert "@import" not in text and not re.search(r"url\((?!#)", text)
    assert len(text.encode()) < 1.5e6


def test_layer_cause_and_remedy_are_said_before_any_picture():
    text = rendered(page.page, "collapsed")
    read = Reader(re.sub(r"<figure.*?</figure>", "", text, flags=re.S))
    for sentence in (
        "Output 'out' collapsed in epoch 3: it predicts one constant.",
        f"The target is lost in layer '{told.NASTY}': R² 0.78 before it, 0.01 after.",
        "learning_rate_too_high probable",
        "The rate was 0.1.",
        "Lower it. keras.optimizers.Adam(1e-3)",
        f"dead_relu All 32 units of '{told.NASTY}' are zero for every sampled row.",
    ):
        assert sentence in read.text
        assert read.text.index(sentence) < read.text.index("Inside the network")
    assert text.index("Lower it.") < text.index("<figure")


def test_what_comes_after_the_pictures():
    text = Reader(rendered(page.page, "rescued")).text
    order = [
        "What to change next time",
        "Where the target was lost",
        "Is it better than a constant?",
        "Predicted against true",
        "Gradient norm",
        "Update ratio",
        "Units out of work",
        "What happened when",
        "Set the learning rate to 0.002, <re-initialised> the weights.",
        "Layer by layer, from the input to the output",
        "How to read this",
        "meancollapse 0",
    ]
    places = [text.index(words) for words in order]
    assert places == sorted(places)
    for term in ("readability", "spread", "skill", "gradient norm", "update ratio"):
        assert term in text[text.index("How to read this") :]


def test_the_table_of_layers_has_what_was_measured():
    rows = re.findall(r"<tr.*?</tr>", rendered(page.page, "collapsed"))
    cells = [Reader(row).words for row in rows]
    assert ["input", "0.80"] in cells
    assert ["hidden", "0.78", "16", "25%"] in cells
    assert [told.NASTY, "look", "here", "0.01", "32", "100%"] in cells
    assert ["out", "0.00", "1", "0%"] in cells


def test_a_long_network_is_abridged_but_can_be_unfolded():
    names = [f"block{i}" for i in range(60)]
    look = dataclasses.replace(
        told.LOST, activity=(), layers=tuple((n, 0.7 * (i < 30)) for i, n in enumerate(names))
    )
    found = told.verdict(0, "collapsed", "out", told.DEAD)
    text = page.page(Report("model", (told.epoch(0, {"out": look}),), (found,)))
    above, below = text[: text.index("All 60 layers")], text[text.index("All 60 layers") :]
    rows = [Reader(row).words for row in re.findall(r"<tr.*?</tr>", above)]
    assert ["block30", "look", "here", "0.00"] in rows
    assert ["…", "22", "more", "layers"] in rows
    assert [name for name in names if f">{name}<" not in below] == []


def test_names_are_escaped_everywhere():
    for show in (page.page, page.fragment):
        text = rendered(show, "collapsed")
        assert told.NASTY not in text
        assert "<b>" not in text
        assert Reader(text).text.count(told.NASTY) >= 4


def test_every_output_has_a_section_the_worst_first():
    text = Reader(rendered(page.page, "two_outputs")).text
    assert text.index("1 of 2 outputs in trouble: 'age'.") < text.index("Output 'age' collapsed")
    assert text.index("Output 'age' collapsed") < text.index("Output 'price' is healthy")
    assert text.count("Is it better than a constant?") == 2
    assert text.count("Gradient norm") == 1


def test_pictures_take_the_colours_of_the_page_and_say_what_they_show():
    read = Reader(rendered(page.page, "collapsed"))
    drawings = read.all("svg")
    assert len(drawings) == 7  # readability twice: for wide and for narrow columns
    assert all(svg["role"] == "img" for svg in drawings)
    assert "The target is lost in layer" in drawings[0]["aria-label"]
    ink = [a.get("style", "") for tag, a in read.elements if tag == "text"]
    assert sum("var(--mc-text-ink" in style for style in ink) > 20
    assert not any(re.search(r"fill: #", style) for style in ink if "white" not in style)


def test_nothing_to_draw_is_not_drawn():
    text = Reader(rendered(page.page, "non_finite")).text
    assert "Where the target is lost" not in text
    assert "Predicted against true" not in text
    assert "Gradient norm" in text


def test_without_matplotlib_words_and_tables_are_there(monkeypatch):
    for module in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
        monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    for show in (page.page, page.fragment):
        read = Reader(show(told.collapsed()))
        assert 'pip install "meancollapse[plot]"' in read.text
        assert not read.all("svg")
        assert "Output 'out' collapsed in epoch 3" in read.text
        assert "Where the target is lost" not in read.text
        assert len(read.all("table")) == 2


def test_the_style_of_a_fragment_reaches_nothing_else():
    sheet = re.search(r"<style>(.*?)</style>", rendered(page.fragment, "collapsed"), re.S)[1]
    selectors = re.findall(r"([^{}]+)\{(?=[^{}]*\})", sheet)
    assert len(selectors) > 50
    for selector in ",".join(selectors).split(","):
        assert re.search(r"\.mc\b", selector), selector


def test_a_notebook_shows_the_fragment():
    assert told.ALL["empty"]()._repr_html_() == rendered(page.fragment, "empty")


def test_save_writes_the_page_and_gives_its_path(tmp_path):
    path = told.unjudged().save(tmp_path / "new" / "collapse.html")
    assert path == tmp_path / "new" / "collapse.html"
    assert path.read_text(encoding="utf-8") == rendered(page.page, "unjudged")
