"""An exact text, such as what a program prints; a fence, quotes, blanks and a final period around it do not count."""

import re

from ..extract import fenced, shown
from ..items import ExactKey, Grade

_SPAN = re.compile(r"(?<!`)`([^`\n]{1,2000})`(?!`)")
_SENTENCE = re.compile(
    r"(?:\b(?:answer|output|result)\b(?: of (?:the|this) \w{1,20})?"
    r"|\b(?:prints?|outputs?|returns?|displays?|shows?|printed)\b)"
    r"[ \t]{0,3}(?:is|will be|would be|are)?[ \t]{0,3}[:=]?[ \t]*(?=(\S[^\n]{0,2000})?)",
    re.IGNORECASE,
)
_QUOTES = (('"', '"'), ("'", "'"), ("“", "”"), ("‘", "’"), ("«", "»"), ("`", "`"), ("**", "**"))


def grade_exact(key: ExactKey, text: str) -> Grade:
    """Grade the text that the answer gives; strict where the answer is that text and nothing else."""
    wanted = _bare(key.text)
    said = _bare(_candidate(text, wanted))
    if said != wanted and "**" in said:
        said = _bare(said.replace("**", ""))
    if said != wanted:
        return Grade(score=0.0, strict=0.0, extracted=shown(said), why=f"the answer is {shown(key.text, 80)}")
    strict = _lines(text.strip()) == _lines(key.text.strip())
    return Grade(score=1.0, strict=float(strict), extracted=shown(said), why="the text is equal")


def _candidate(text: str, wanted: str) -> str:
    """Return the part of the answer that stands for it: all, the last fence, the only code span, the announced text."""
    if _bare(text) == wanted:
        return text
    if blocks := fenced(text):
        return blocks[-1]
    spans = _SPAN.findall(text)
    if len(set(spans)) == 1:
        return str(spans[0])
    if not (announced := list(_SENTENCE.finditer(text))):
        return text
    return announced[-1][1] or text[announced[-1].end() :].lstrip()


def _bare(text: str) -> str:
    """Return the text without what may stand around it."""
    fences = ("```", "~~~")
    if text.strip().startswith(fences) and text.strip().endswith(fences) and len(blocks := fenced(text)) == 1:
        text = blocks[0]
    text = _lines(text.strip())
    for _ in range(4):
        before = text
        text = text.removesuffix(".").strip()
        for opening, closing in _QUOTES:
            if len(text) > len(opening) + len(closing) and text.startswith(opening) and text.endswith(closing):
                text = text[len(opening) : -len(closing)].strip()
        if text == before:
            break
    return text


def _lines(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.splitlines())
