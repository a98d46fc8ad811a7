"""The questions by name. A module of a question has `QUESTION`, an `asking.Question`."""

from __future__ import annotations

import importlib
import os

QUESTIONS = {
    "detection": "recall, false alarms and the epoch of detection",
    "causes": "which cause is named where the fault is known",
    "rescue": "skill without help, with the usual help, and rescued",
    "adjust": "a wrong learning rate, left alone, with the usual help, and adjusted",
    "overhead": "what watching costs",
    "losses": "which loss helps against which cause of collapse",
    "verify": "what each program does by itself, without any callback",
}


USAGE = "\n".join(
    [
        "usage: python -m benchmarks <question> [options]   (--help: which options)",
        "",
        *(f"  {name:10} {about}" for name, about in QUESTIONS.items()),
    ]
)


def main(arguments: list[str]) -> None:
    """Ask the question that is named first, with the options behind it."""
    if arguments[:1] in (["-h"], ["--help"]):
        print(USAGE)
        return
    if not arguments or arguments[0] not in QUESTIONS:
        raise SystemExit(USAGE)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if os.environ.get("KERAS_BACKEND") == "torch":
        import torch  # noqa: F401  before anything that may import TensorFlow
    from .asking import ask

    ask(importlib.import_module(f".{arguments[0]}", __name__).QUESTION, arguments)
