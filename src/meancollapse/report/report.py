"""What one `fit` looked like: for a terminal, a notebook, a file, or a program."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from meancollapse.judge.record import Record
from meancollapse.report import journal


@dataclass(frozen=True, repr=False)
class Report(Record):
    """What one `fit` looked like.

    Shows itself in a notebook; `print` it in a terminal; `save` it as one HTML file.

    Attributes:
        model: Name of the model.
        history: Evidence of every epoch, oldest first.
        verdicts: One verdict per epoch and output, oldest first; empty where nothing was judged.
        snapshots: Every output as it is now, beside its targets; empty without captured rows.

    Example:

    ```python
    watcher = mc.WarnOnCollapse()
    model.fit(x, y, epochs=5, callbacks=[watcher])
    watcher.report().save("collapse.html")
    ```
    """

    @classmethod
    def from_log(cls, path: str | os.PathLike[str]) -> Report:
        """The report of a run that wrote `log_path`, even one that was killed.

        Args:
            path: What was given as `log_path`.

        Raises:
            OSError: If there is no such file, or it cannot be read.
            ValueError: If the file is not such a log, or a line of it is damaged; the message names
                the line. Only a last line that was never finished is left out.
        """
        model, history, verdicts = journal.read(path)
        return cls(model, tuple(history), tuple(verdicts))

    def plot(self, output: str | None = None) -> Any:
        """All plots on one figure.

        Args:
            output: Name of the output to show; by default the one that fares worst.

        Returns:
            A `matplotlib.figure.Figure`.

        Raises:
            ImportError: If matplotlib is not installed.
            ValueError: If the model has no output of that name.
        """
        from meancollapse.report import plots

        return plots.overview(self, output)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the report as one HTML file that needs nothing else, not even a network.

        Args:
            path: Where to; an existing file is replaced, its folder is made.

        Returns:
            The path.
        """
        from meancollapse.report import page

        path = Path(path)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(page.page(self), encoding="utf-8")
        return path

    def __str__(self) -> str:
        from meancollapse.report import summary

        return summary.text(self)

    def __repr__(self) -> str:
        return f"Report({self.model!r}, {len(self.history)} epochs)"

    def _repr_html_(self) -> str:
        from meancollapse.report import page

        return page.fragment(self)
