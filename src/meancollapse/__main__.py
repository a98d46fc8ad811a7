"""From a terminal: `python -m meancollapse report LOG` shows what a callback has written down.

It needs neither Keras nor a backend.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from meancollapse.report.report import Report
from meancollapse.version import __version__


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line asks for.

    Args:
        arguments: What follows `python -m meancollapse`; by default that of this process.

    Returns:
        The exit status: 0, or 2 for a log that cannot be read.
    """
    parser = argparse.ArgumentParser(prog="python -m meancollapse", description=__doc__)
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", required=True)
    report = commands.add_parser("report", help="what one fit looked like")
    report.add_argument("log", help="the file given as log_path")
    report.add_argument("--html", metavar="PAGE", help="write one HTML file instead of text")
    asked = parser.parse_args(arguments)
    try:
        found = Report.from_log(asked.log)
    except (OSError, ValueError) as error:
        print(f"{asked.log}: {error}", file=sys.stderr)
        return 2
    print(found if asked.html is None else found.save(asked.html))
    return 0


if __name__ == "__main__":
    sys.exit(main())
