"""What a check found, for a terminal and for the programs that run checks. Pure."""

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from ..assessment.types import key_as_json
from ..comparison.gate import Judgement, Outcome
from ..wording import counted
from . import figures
from .compared import change_text
from .markdown import escape
from .text import clean

MARKS: Final[Mapping[Outcome, str]] = {"passed": "✓", "worse": "✗", "cannot-tell": "?"}
WORDS: Final[Mapping[Outcome, str]] = {"passed": "passed", "worse": "worse", "cannot-tell": "cannot tell"}
_ANNOTATIONS: Final[Mapping[Outcome, str]] = {"worse": "error", "cannot-tell": "warning"}


def summary(judgements: Sequence[Judgement], baseline: str) -> str:
    """Return the outcome in one sentence."""
    counts = [(word, sum(one.outcome == kind for one in judgements)) for kind, word in WORDS.items()]
    said = ", ".join(f"{count} {word}" for word, count in counts if count)
    return f"Check against {clean(baseline)}: {counted(len(judgements), 'figure')}: {said or 'nothing to check'}."


def line(judgement: Judgement, names: Mapping[str, str]) -> str:
    """Return one judgement as a line: model, host, figure, change, and why."""
    return f"{MARKS[judgement.outcome]} {subject(judgement, names)}: {detail(judgement)}"


def subject(judgement: Judgement, names: Mapping[str, str]) -> str:
    """Return what was judged, such as "m:1b @ gpu-box, decode"."""
    host = figures.host_called(judgement.key[0], names)
    what = f"{figures.name(judgement.label)} @ {figures.name(host)}"
    return what if judgement.figure is None else f"{what}, {judgement.figure.title}"


def detail(judgement: Judgement) -> str:
    """Return the change, what follows from it and what else changed."""
    change = "" if judgement.change is None else f"{change_text(judgement.change)}; "
    also = "".join(f"; changed, too: {one.name} {clean(one.a, 60)} → {clean(one.b, 60)}" for one in judgement.suspects)
    return f"{change}{judgement.why}{also}"


def junit(judgements: Sequence[Judgement], names: Mapping[str, str], *, baseline: str) -> str:
    """Return JUnit's XML: a test case for each figure, failed where it is worse, skipped where it cannot be told."""
    suite = ET.Element(
        "testsuite",
        name="ollama-speedrun check",
        tests=str(len(judgements)),
        failures=str(sum(one.outcome == "worse" for one in judgements)),
        errors="0",
        skipped=str(sum(one.outcome == "cannot-tell" for one in judgements)),
    )
    properties = ET.SubElement(suite, "properties")
    ET.SubElement(properties, "property", name="baseline", value=_xml(clean(baseline)))
    for one in judgements:
        host = figures.host_called(one.key[0], names)
        title = f"{figures.name(one.label)} {one.figure.title if one.figure else 'is measured'}"
        case = ET.SubElement(suite, "testcase", classname=_xml(figures.name(host)), name=_xml(title))
        if one.outcome == "worse":
            ET.SubElement(case, "failure", message=_xml(one.why)).text = _xml(detail(one))
        elif one.outcome == "cannot-tell":
            ET.SubElement(case, "skipped", message=_xml(detail(one)))
    ET.indent(suite)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(suite, encoding="unicode")}\n'


def annotations(judgements: Iterable[Judgement], names: Mapping[str, str]) -> list[str]:
    """Return GitHub's workflow commands: an error for what is worse, a warning for what cannot be told."""
    return [
        f"::{_ANNOTATIONS[one.outcome]} title={_property(subject(one, names))}::{_data(detail(one))}"
        for one in judgements
        if one.outcome in _ANNOTATIONS
    ]


def markdown(judgements: Sequence[Judgement], names: Mapping[str, str], *, baseline: str) -> str:
    """Return a summary as Markdown."""
    rows = [
        f"| {MARKS[one.outcome]} {WORDS[one.outcome]} | {escape(subject(one, names))} | {escape(detail(one))} |"
        for one in sorted(judgements, key=lambda one: ("worse", "cannot-tell", "passed").index(one.outcome))
    ]
    head = ["| Result | Figure | Change |", "| :-- | :-- | :-- |"] if rows else []
    return "\n".join([escape(summary(judgements, baseline)), "", *head, *rows]) + "\n"


def as_json(judgements: Sequence[Judgement], *, baseline: str, outcome: Outcome) -> Mapping[str, Any]:
    """Return what was found as a JSON value; docs/check.md describes it."""
    return {
        "baseline": baseline,
        "outcome": outcome,
        "figures": [
            {
                **key_as_json(one.key),
                "name": one.figure and one.figure.name,
                "before": one.change and one.change.a,
                "after": one.change and one.change.b,
                "amount": one.change and one.change.amount,
                "low": one.change and one.change.low,
                "high": one.change and one.change.high,
                "limit": one.limit,
                "outcome": one.outcome,
                "why": one.why,
                "suspects": [{"name": also.name, "before": also.a, "after": also.b} for also in one.suspects],
            }
            for one in judgements
        ],
    }


def _xml(text: str) -> str:
    """Return a text without the characters that XML cannot hold."""
    return "".join(
        one
        for one in text
        if one in "\t\n" or " " <= one <= "\ud7ff" or "\ue000" <= one <= "\ufffd" or one >= "\U00010000"
    )


def _data(text: str) -> str:
    """Escape the message of a workflow command."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """Escape a property of a workflow command."""
    return _data(text).replace(":", "%3A").replace(",", "%2C")
