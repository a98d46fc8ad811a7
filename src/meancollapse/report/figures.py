"""The plots of a report as SVG that takes its colours and its fonts from the page around it."""

from __future__ import annotations

import functools
import io
import re
import warnings
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

from meancollapse.judge.record import Record

SVG, LINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
# Colours of `plots.style` that are no colours of data.
AXES = ("INK", "FAINT")
Sizes = tuple[tuple[str, tuple[float, float]], ...]
# The page scales figures to its columns: a small one is one with large letters.
FULL: Sizes = (("wide", (9.4, 3.9)), ("narrow", (4.3, 4.1)))
HALF: Sizes = (("", (4.3, 3.4)),)
THIRD: Sizes = (("", (3.7, 3.0)),)


def available() -> bool:
    """Whether matplotlib is installed."""
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError:
        return False
    return True


def picture(
    name: str, report: Record, output: str | None, prefix: str, label: str, sizes: Sizes
) -> str:
    """One plot of `meancollapse.plots`, as one `<svg>` element per size.

    Args:
        name: Name of the function.
        report: The report.
        output: Name of the output; `None` for plots of the whole model.
        prefix: What makes the ids of this drawing different from all others on the page.
        label: What the plot says, for those who cannot see it.
        sizes: `(class of the element, size in inches)`.
    """
    from meancollapse.report import plots

    about = dict(output=output) if output is not None else {}
    drawings = [
        (kind, _drawn(lambda ax: getattr(plots, name)(report, ax=ax, **about), size))
        for kind, size in sizes
    ]
    return "".join(adapted(svg, f"{prefix}{kind}", label, kind) for kind, svg in drawings)


def _drawn(draw: Callable[[Any], Any], size: tuple[float, float]) -> str:
    """A plot as an SVG file; its title is left to the page."""
    import matplotlib
    from matplotlib.figure import Figure

    figure = Figure(figsize=size, layout="constrained")
    with (
        matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "meancollapse"}),
        warnings.catch_warnings(),
    ):
        # Letters are left to the fonts of the browser, which has others than matplotlib.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        # Names that leave no room make a poor picture, and no reason to warn anybody.
        warnings.filterwarnings("ignore", message="constrained_layout not applied")
        ax = figure.add_subplot()
        draw(ax)
        ax.set_title("", loc="left")
        file = io.StringIO()
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None})
    return file.getvalue()


def adapted(svg: str, prefix: str, label: str, kind: str = "") -> str:
    """An SVG file as an element of a page: ids of its own, the page's colours and fonts.

    Args:
        svg: What matplotlib wrote.
        prefix: Put before every id.
        label: Its text alternative.
        kind: Class of the element, `"wide"`, `"narrow"` or `""`.
    """
    ElementTree.register_namespace("", SVG)
    ElementTree.register_namespace("xlink", LINK)
    root = ElementTree.fromstring(svg)
    _without_extras(root)
    for element in root.iter():
        _recolored(element)
        _rounded(element)
        _renamed(element, prefix)
    for size in ("width", "height"):
        root.attrib.pop(size, None)
    root.set("role", "img")
    root.set("aria-label", label)
    root.set("class", f"mc-svg mc-{kind}" if kind else "mc-svg")
    return ElementTree.tostring(root, encoding="unicode")


def _without_extras(root: ElementTree.Element) -> None:
    """Without metadata, and without the style sheet, which would hold for the whole page."""
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in (f"{{{SVG}}}metadata", f"{{{SVG}}}style"):
                parent.remove(child)
            elif child.tail is not None and not child.tail.strip():
                child.tail = None


def _recolored(element: ElementTree.Element) -> None:
    """Ink and grid as CSS variables everywhere, the colours of data in letters only."""
    is_text = element.tag in (f"{{{SVG}}}text", f"{{{SVG}}}tspan")
    for name in ("style", "fill", "stroke"):
        value = element.get(name)
        if value is not None:
            element.set(name, _exchanged(value, is_text))


def _exchanged(value: str, is_text: bool) -> str:
    for color, name in _colors().items():
        if is_text or name in AXES:
            kind = "text" if is_text else "line"
            value = re.sub(color, f"var(--mc-{kind}-{name.lower()}, {color})", value, flags=re.I)
    if is_text:
        value = re.sub(r"(font:[^;]*?[\d.]+px )[^;]+", r"\1var(--mc-font)", value)
    return value


@functools.cache
def _colors() -> dict[str, str]:
    """The names of the colours in `plots.style`."""
    from meancollapse.report.plots import style

    return {color: name for name, color in vars(style).items() if str(color).startswith("#")}


def _rounded(element: ElementTree.Element) -> None:
    """Coordinates to a hundredth of a point, which halves the drawing."""
    for name in ("d", "x", "y", "points"):
        value = element.get(name)
        if value is not None:
            element.set(name, re.sub(r"-?\d+\.\d{3,}", lambda n: f"{float(n[0]):.2f}", value))


def _renamed(element: ElementTree.Element, prefix: str) -> None:
    """Ids that nothing else on the page has."""
    for name, value in list(element.attrib.items()):
        if name == "id":
            element.set(name, f"{prefix}-{value}")
        elif name == f"{{{LINK}}}href" and value.startswith("#"):
            element.set(name, f"#{prefix}-{value[1:]}")
        elif "url(#" in value:
            element.set(name, value.replace("url(#", f"url(#{prefix}-"))
