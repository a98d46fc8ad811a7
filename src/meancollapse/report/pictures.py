"""The plots on the page, each with a heading, what it says, and how to read it."""

from __future__ import annotations

import math

from meancollapse.judge.evidence import Look, Snapshot
from meancollapse.judge.record import Record
from meancollapse.report import figures, headline, parts
from meancollapse.report.figures import available as available
from meancollapse.report.story import Story

# Plot: its heading and how to read it.
CAPTIONS = {
    "readability": (
        "Where the target is lost",
        "Every line is one look at the network, from the input on the left to the output on the "
        "right; early looks are pale. Where it falls and does not come back, the target is lost.",
    ),
    "learning": (
        "Is it better than a constant?",
        "A skill of 0 is what the best constant earns, 1 is perfect. Upright lines mark warnings, "
        "changes of the learning rate and repairs.",
    ),
    "predictions": (
        "Predicted against true",
        "One point per row; on the diagonal the prediction is right. A flat band is a collapse.",
    ),
    "classes": (
        "Predicted against true",
        "Share of rows of each class. One tall bar alone is a collapse.",
    ),
    "gradients": (
        "Gradient norm",
        "A row is a layer, a column an epoch. A layer with exactly zero can no longer change.",
    ),
    "updates": (
        "Update ratio",
        "Size of a step beside the weights it changes. About 0.001 is usual.",
    ),
    "units": (
        "Units out of work",
        "Share of units that are zero for every row, or at the flat end of their activation.",
    ),
}
# What the first picture is called where nothing is lost.
HELD = "How much of the target each layer holds"


def of_output(report: Record, story: Story, index: int) -> str:
    """Readability through the network, learning, and predictions beside targets."""
    if not available():
        return ""
    learning = _picture("learning", report, story.output, index, figures.HALF)
    beside = _beside(report, story.output, index)
    return f'{_way(report, story, index)}<div class="mc-grid">{learning}{beside}</div>'


def _way(report: Record, story: Story, index: int) -> str:
    """The picture of readability, if any was measured."""
    name, shot = story.output, _shot(report, story.output)
    looks = [*_looks(report, name), *([shot.look] if shot is not None else [])]
    if not any(math.isfinite(value) for look in looks for _, value in look.layers):
        return ""
    lost, was = CAPTIONS["readability"][0], "Where the target was lost"
    heading = HELD if story.alarm is None else lost if story.is_ill else was
    words = headline.where(story)
    return _picture("readability", report, name, index, figures.FULL, heading, words)


def _beside(report: Record, name: str, index: int) -> str:
    """Predictions beside targets, if any of them are numbers."""
    shot = _shot(report, name)
    if shot is None or not any(math.isfinite(value) for row in shot.predicted for value in row):
        return ""
    look = shot.look
    name_of, value = ("skill", look.skill) if shot.is_classification else ("R²", look.r2)
    words = (
        f"Spread {headline.short(look.spread)} and {name_of} {headline.short(value)} on "
        f"{headline.counted(look.rows, f'{shot.source} row')}."
    )
    return _picture("predictions", report, name, index, figures.HALF, words=words)


def _shot(report: Record, name: str) -> Snapshot | None:
    return next((shot for shot in report.snapshots if shot.output == name), None)


def of_network(report: Record, stories: list[Story]) -> str:
    """Pictures of the whole model: gradients, updates, units."""
    if not available() or not report.history:
        return ""
    drawn = _picture("gradients", report, None, 0, figures.THIRD)
    drawn += _picture("updates", report, None, 0, figures.THIRD)
    names = [s.output for s in stories if any(look.activity for look in _looks(report, s.output))]
    for index, name in enumerate(names or [None]):
        of = f" on the way to '{name}'" if len(names) > 1 else ""
        drawn += _picture(
            "units", report, name, index, figures.THIRD, f"{CAPTIONS['units'][0]}{of}"
        )
    return (
        f'<section><h2>Inside the network</h2><div class="mc-grid mc-three">{drawn}</div></section>'
    )


def _looks(report: Record, name: str) -> list[Look]:
    outputs = [evidence.output(name) for evidence in report.history]
    return [o.look for o in outputs if o is not None and o.look is not None]


def _picture(
    kind: str,
    report: Record,
    output: str | None,
    index: int,
    sizes: figures.Sizes,
    heading: str = "",
    words: str = "",
) -> str:
    """One plot with its heading and, below it, what it says and how to read it."""
    shot = _shot(report, output or "")
    is_classes = kind == "predictions" and shot is not None and shot.is_classification
    usual, how = CAPTIONS["classes" if is_classes else kind]
    heading, caption = heading or usual, f"{words} {how}".strip()
    label = f"{heading}. {caption}"
    drawing = figures.picture(kind, report, output, f"mc-{kind}-{index}", label, sizes)
    return parts.figure(heading, drawing, caption, f"mc-{kind}")
