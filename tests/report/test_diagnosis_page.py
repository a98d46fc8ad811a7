import dataclasses

import told

from meancollapse.diagnosis.diagnosis import Diagnosis
from meancollapse.judge.checkup import Check

FOUND = Diagnosis(
    model=told.NASTY,
    rows=1000,
    total_rows=1000,
    findings=(("out", told.DEAD), ("out", told.LOUD)),
    checks=(
        Check("target scale", "ok", "mean 0, std 1"),
        Check("dead units", "problem", "32 of 32"),
    ),
    evidence=told.epoch(0),
    seconds=1.0,
)


def test_a_notebook_shows_causes_what_to_change_checks_and_layers():
    text = FOUND._repr_html_()
    order = [
        "2 possible causes found, dead_relu first.",
        "Restart with a lower learning rate.",
        "keras.layers.Dense(units, activation=&quot;leaky_relu&quot;)",
        "learning_rate_too_high</code> The rate was 0.1.",
        "32 of 32",
        "mean 0, std 1",
        "Layer by layer",
        "look here",
    ]
    places = [text.index(words) for words in order]
    assert places == sorted(places)
    assert told.NASTY not in text
    assert "&lt;b&gt;&amp;&quot;x&quot;&lt;/b&gt;" in text


def test_a_sound_model_is_called_sound():
    sound = dataclasses.replace(FOUND, findings=(), evidence=told.epoch(0, {"out": told.WELL}))
    text = sound._repr_html_()
    assert "Nothing was found that would keep this model from learning." in text
    assert "What to change" not in text
    assert "look here" not in text
