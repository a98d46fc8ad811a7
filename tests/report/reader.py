"""Reads a page as a browser would."""

from __future__ import annotations

import html.parser

VOID = {"meta", "link", "br", "hr", "img", "input", "wbr"}


class Reader(html.parser.HTMLParser):
    """The elements of a page, its visible words, and whether every tag was closed."""

    def __init__(self, text):
        super().__init__()
        self.open, self.elements, self.text = [], [], ""
        self.feed(text)
        assert self.open == []
        self.words = self.text.split()
        self.text = " ".join(self.words)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self.text += " " if tag != "wbr" else ""
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag
        self.text += " "

    def handle_data(self, data):
        if "style" not in self.open:
            self.text += data

    def all(self, tag):
        return [attrs for name, attrs in self.elements if name == tag]
