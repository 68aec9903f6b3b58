"""A page as a test reads it: its elements, its texts and the document inside."""

import base64
import gzip
import json
import re
from html.parser import HTMLParser
from typing import Any, NamedTuple

from ollama_speedrun.report.html.markup import VOID


class Element(NamedTuple):
    name: str
    attributes: dict[str, str | None]


class Page(HTMLParser):
    """Collects elements and texts; an element that is not closed where it ought to be fails the test."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self.texts: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(set(names)) == len(names), f"an attribute twice in {tag}"
        self.elements.append(Element(tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def values(self, attribute: str) -> list[str]:
        return [value for one in self.elements if (value := one.attributes.get(attribute)) is not None]

    @property
    def shape(self) -> list[tuple[str, tuple[str, ...]]]:
        """The elements with the names of their attributes: what no text may change."""
        return [(one.name, tuple(one.attributes)) for one in self.elements]


def document_in(text: str) -> dict[str, Any]:
    """Return the document that the page holds."""
    found = re.search(r"data:application/gzip;base64,([A-Za-z0-9+/=]+)", text)
    assert found
    whole: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(found[1])))
    return whole
