"""All programs by theme; `catalogue()` is the way in."""

from __future__ import annotations

import functools
import importlib

from .registry import PROGRAMS, Program
from .sets import SETS

__all__ = ["SETS", "THEMES", "Program", "catalogue"]

THEMES = (
    "handed_over",
    "regression",
    "scales",
    "classification",
    "heads",
    "images",
    "images_deep",
    "images_values",
    "images_heads",
    "forecasts",
    "signals",
    "text",
    "attention",
    "recommenders",
    "generative",
    "reinforcement",
    "multi_output",
    "own_code",
    "controls_regression",
    "controls_targets",
    "controls_classification",
    "controls_images",
    "controls_sequences",
)


@functools.cache
def catalogue() -> dict[str, Program]:
    """All programs by id, in the order of their sets and, within one, of the themes."""
    for theme in THEMES:
        importlib.import_module(f".{theme}", __name__)
    order = {name: place for place, name in enumerate(SETS)}
    return {p.id: p for p in sorted(PROGRAMS.values(), key=lambda p: order[p.came_in])}
