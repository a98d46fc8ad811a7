"""The sets in which the programs came to the project, and what their authors knew.

A blind set was written by somebody who had not read the library, and run once before anything was
changed for it; how that went is in `benchmarks/results/first_contact.json`. A program's origin is
its set's unless its entry says otherwise:

* "public thread": a question, an issue or a forum's thread, rebuilt with generated data;
* "published study": the fault of a paper or a fault benchmark, on a model and data of ours;
* "written blind": made up by the author of a blind set;
* "constructed": made up for the project; the fault is one that users report.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Set:
    """Programs that came together; `file` is the name under which the history knows them."""

    file: str
    date: str  # of the commit that kept them
    origin: str
    about: str
    blind: bool = False


BLIND, STUDY, THREAD, OURS = "written blind", "published study", "public thread", "constructed"


def blind(name: str, day: int, about: str, origin: str = BLIND) -> Set:
    """A set written without having read the library, kept in November 2026."""
    return Set(f"programs_unseen_{name}.py", f"2026-11-{day}", origin, about, blind=True)


SETS: dict[str, Set] = {
    "cases": Set(
        "cases.py",
        "2026-11-22",
        OURS,
        "Handed to the project, and kept as they are: published collapsing programs and hard "
        "healthy controls. SO = StackOverflow question, TDC = TheDeepChecker (TOSEM 2022), AT = "
        "AUTOTRAINER (ICSE 2021), seed = the project's own source documents.",
    ),
    "programs": Set(
        "programs.py",
        "2026-11-22",
        OURS,
        "Independent of the detector: nothing was chosen or tuned by looking at it. SO = "
        "StackOverflow, SE / DS = stats. / datascience.stackexchange, GH = GitHub issue, WEB = a "
        "page that mirrors a question without its number, sim = constructed (the fault is real, "
        "the program ours). Rebuilt from the descriptions with generated or scikit-learn data; no "
        "user code.",
    ),
    "by_cause": Set(
        "programs_by_cause.py",
        "2026-11-22",
        OURS,
        "At least two per cause id, a second validation set. Written, and the accepted causes "
        "noted, by somebody who did not know the rules that name causes; every fault is one that "
        "users really report.",
    ),
    "long_epochs": Set(
        "programs_long_epochs.py",
        "2026-11-23",
        OURS,
        "Epochs of a second or more: what a rescue costs is measured on them.",
    ),
    "1": blind("1", 22, "Collapses, their repairs, and hard controls. Data are generated."),
    "2": blind(
        "2",
        22,
        "A second set of collapses and their repairs. Dense outputs (pixels, steps, labels) are "
        'scored as "regression" whatever the loss.',
    ),
    "3a": blind(
        "3a",
        22,
        "Scripts people asked about whose fit ends at a constant. GH = GitHub issue, DS = Data "
        'Science Stack Exchange question; "from memory" = a kind of question often asked, not one '
        'thread that can be cited; "constructed" = a plausible slip without a thread behind it.',
        THREAD,
    ),
    "3b": blind(
        "3b",
        22,
        "Collapses, and controls that look suspicious. GH = an issue on GitHub, DC = a DeepCrime "
        "mutation operator on a tutorial network, AT = in the manner of AUTOTRAINER.",
    ),
    "4a": blind(
        "4a",
        22,
        "Faults another setting can undo: in the weights, the optimizer, a penalty or the scale "
        "of the data, never in the architecture, an activation, the loss or the labels.",
    ),
    "4b": blind("4b", 22, "Programs people could have written, one slip each."),
    "5a": blind("5a", 22, "One slip each in the model or an activation, as users post them."),
    "5b": blind("5b", 22, '"Always predicts the same value" reports rebuilt from memory.', THREAD),
    "6a": blind(
        "6a",
        23,
        'Of the kind asked about as "my network always predicts the same value". SO = modelled on '
        "a StackOverflow question, usual = on the usual kind of such questions.",
    ),
    "6b": blind(
        "6b",
        23,
        "One injected training fault each, after the literature. AT = AUTOTRAINER, DC = DeepCrime "
        "mutation operator, DFD = DeepFD, DL = DeepLocalize, DD = DeepDiagnosis, NL = NeuraLint, "
        "UM = UMLAUT: the kind of fault; the models and the data are new.",
        STUDY,
    ),
    "7a": blind("7a", 23, "From practice, with the same epochs and only the slip repaired."),
    "7c": blind(
        "7c",
        23,
        "Healthy but suspicious: each ends with real skill on its training rows, after looking "
        "constant for a while.",
    ),
    "8a": blind("8a", 23, "Epochs of a second or more, asked to be of the published kinds."),
    "9a": blind("9a", 23, "Asked to differ from all before."),
    "9b": blind(
        "9b",
        23,
        'Healthy but difficult: they learn, though a hasty look says "always one value". A '
        "PyDataset keeps its rows in .x_all and .y_all.",
    ),
    "10a": blind(
        "10a",
        23,
        "Rebuilt after published reports; the comment above each names it. The data are imitated, "
        "the sizes cut down.",
        THREAD,
    ),
    "10b": blind(
        "10b",
        23,
        "Of the kinds of the fault benchmarks (AUTOTRAINER, DeepCrime, DeepFD, DeepLocalize and "
        "UMLAUT on tutorial networks), and healthy ones.",
        STUDY,
    ),
    "11a": blind("11a", 23, "Asked to be of the kinds of published questions and benchmarks."),
    "11b": blind("11b", 23, "Healthy, and suspicious to a naive check."),
    "12a": blind("12a", 23, "As 11a; neither the library nor its tests were read."),
    "12b": blind(
        "12b",
        23,
        "Healthy, and hard to judge. Where x is a PyDataset or a generator, y is None, and `TRUTH` "
        "of the registry holds what a check of skill needs. Nothing is bound to one backend but "
        "OK-u12-stateful-echo, which needs one that carries states from batch to batch in fit "
        "(TensorFlow).",
    ),
    "12c": blind("12c", 23, "As 12a, some more."),
}
