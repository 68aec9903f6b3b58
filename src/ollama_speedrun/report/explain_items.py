"""What a model was asked, what it answered, and how that was graded, item by item. Pure.

A document keeps no prompts: those of the bank are made again from the item's name, where the bank is still the same.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from ..quality import bank
from ..quality.items import ToolCall
from ..quality.mixes import BANK_VERSION
from ..quality.own_items import FAMILY as OWN
from ..quality.records import ItemRecord, Protocol, QualityRecord, tokens_per_answer
from ..quality.triplets import MOST_TRIPLETS, triplets
from . import figures
from .text import clean

_HOW: Final[Mapping[Protocol, str]] = {
    "chat": "in a chat",
    "3-shot": "as a text to continue after three examples",
    "triplets": "for vectors of an anchor, its paraphrase and a distractor",
}
MOST_ITEMS: Final = 500
TEXT_LIMIT: Final = 600
WORD_LIMIT: Final = 160
LARGEST_SEED: Final = 2**63


def explain_items(record: QualityRecord) -> Iterator[str]:
    """Yield the lines of all items that a model was asked, in their order; each is cleaned and bounded in length."""
    how = _HOW[record.protocol]
    counted = len(record.counted)
    yield (
        f"items: {len(record.items)} asked {how}, {counted} of them counted; bank {clean(record.bank, 20)}, "
        f"mix {clean(record.mix, 20)}, seed {record.seed}"
    )
    if (tokens := tokens_per_answer(record)) is not None:
        yield f"  {tokens:.0f} output tokens an answer, thinking included"
    if record.measured_on is not None:
        yield f"  the quality was measured on {figures.host_label(record.measured_on)}, which has the same model"
    for item in record.items[:MOST_ITEMS]:
        yield from _of_item(record, item)
    if len(record.items) > MOST_ITEMS:
        yield f"  … and {len(record.items) - MOST_ITEMS} more: --json has them"


def _of_item(record: QualityRecord, item: ItemRecord) -> Iterator[str]:
    remark = "" if item.is_counted else ", not counted"
    yield f"  {clean(item.item, 80)}: {_outcome(item)}{remark}"
    yield f"    asked: {_asked(record, item)}"
    for answer in item.answers:
        calls = ", ".join(map(_call, answer.tool_calls))
        text = clean(answer.content, TEXT_LIMIT) or ("" if calls else "(nothing)")
        thought = f" (after {answer.thinking_characters} characters of thinking)" if answer.thinking_characters else ""
        yield f"    answer{thought}: {' '.join(filter(None, [text, calls and f'calls {calls}']))}"
    yield f"    extracted: {clean(item.grade.extracted, WORD_LIMIT) or '(nothing)'}"
    yield f"    why: {clean(item.grade.why, TEXT_LIMIT)}"


def _outcome(item: ItemRecord) -> str:
    grade = item.grade
    if grade.status != "graded":
        return grade.status
    if grade.score != grade.strict:
        return f"{_word(grade.score)}, {_word(grade.strict)} where the format counts"
    return _word(grade.score)


def _word(score: float) -> str:
    return "right" if score >= 1 else "wrong" if score <= 0 else f"{score:.2f} of 1"


def _asked(record: QualityRecord, item: ItemRecord) -> str:
    """Return the prompt, made again by the bank; why it cannot be shown where that is not possible."""
    if record.protocol == "triplets":
        return _triplet(record, item)
    if item.family == OWN:
        return "(an item of your own: its text stands in your file)"
    if record.bank != str(BANK_VERSION):
        return f"(the text is known to bank {clean(record.bank, 20)}; this is bank {BANK_VERSION})"
    seed = item.item.rpartition("/")[2]
    try:
        made = bank.item(item.area, item.family, item.level, _seed(seed))
    except ValueError:
        return "(the bank has no such item)"
    said = " ".join(
        message.content if message.role == "user" else f"[{message.role}] {message.content}"
        for message in made.messages
        if message.content
    )
    return clean(said, TEXT_LIMIT)


def _triplet(record: QualityRecord, item: ItemRecord) -> str:
    """Return the three texts, drawn again by the record's seed."""
    try:
        number = _seed(item.item.rpartition("/")[2])
    except ValueError:
        return "(there is no such triplet)"
    made = triplets(record.seed, min(number, MOST_TRIPLETS) + 1)
    if record.bank != str(BANK_VERSION) or number >= len(made):
        return "(there is no such triplet)"
    return f"{made[number].anchor} | {made[number].paraphrase} | {made[number].distractor}"


def _seed(text: str) -> int:
    """Return a seed as the bank takes it; ValueError for any other text."""
    if not (text.isascii() and text.isdigit() and len(text) < 20 and int(text) < LARGEST_SEED):
        raise ValueError("no seed")
    return int(text)


def _call(call: ToolCall) -> str:
    return f"{figures.name(call.name)}({clean(call.arguments, WORD_LIMIT)})"
