"""Letters that a terminal, a page or a picture may not be able to show."""

from __future__ import annotations

import codecs
import re
import sys

# What an ASCII terminal is given for the signs we write.
PLAIN = {
    "²": "2",
    "³": "3",
    "−": "-",
    "–": "-",
    "÷": "/",
    "×": "x",
    "±": "+-",
    "…": "...",
    "→": "->",
}
# Control characters would steer the terminal and break XML, some others turn the rest of a line
# round, and halves of surrogate pairs have no encoding. Line breaks and tabs may stay.
INVISIBLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


def visible(text: str) -> str:
    """The text with what nobody can see, and no file can hold, as escapes such as `\\x1b`."""
    return INVISIBLE.sub(lambda found: ascii(found[0])[1:-1], text)


def printable(text: str) -> str:
    """The text in letters that `print` can write here.

    Where the encoding of `sys.stdout` has none, signs of ours become plain ones and letters of the
    user's escapes. Lines are to be laid out afterwards, as some become longer.
    """
    text = visible(text)
    if text.isascii():
        return text
    encoding = _encoding()
    return "".join(_encoded(letter, encoding) for letter in text)


def _encoding() -> str:
    """What `print` encodes with."""
    name = getattr(sys.stdout, "encoding", None) or "utf-8"  # none: a StringIO, which takes all
    try:
        return codecs.lookup(name).name
    except (LookupError, TypeError):
        return "ascii"


def _encoded(letter: str, encoding: str) -> str:
    try:
        letter.encode(encoding)
    except UnicodeEncodeError:
        return PLAIN.get(letter) or ascii(letter)[1:-1]
    return letter
