"""Ask one of the questions: `python -m benchmarks <question> [options]`."""

import sys

from .questions import main

main(sys.argv[1:])
