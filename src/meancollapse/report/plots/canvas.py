"""The only file that imports matplotlib when it is itself imported."""

from __future__ import annotations

import io

from matplotlib.figure import Figure

DPI = 110


class Canvas(Figure):
    """A figure outside pyplot: nothing pops up, nothing stays in memory, notebooks show it."""

    def _repr_png_(self) -> bytes:
        picture = io.BytesIO()
        self.savefig(picture, format="png", dpi=DPI)
        return picture.getvalue()
