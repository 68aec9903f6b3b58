"""What was asked of a model and what came back, item by item: raw, so that every figure can be worked out again.

An item of the bank is not stored: `bank.item` makes it again from its name. Texts are bounded before they are kept.
"""

import statistics
from collections.abc import Mapping, Sequence
from typing import Final, Literal, TypeAlias

import msgspec

from ..benchmark.types import ResultKey
from . import scale, scoring
from .items import Area, Grade, Item, ToolCall
from .mixes import LEVELS_OF, SHARES
from .scoring import QualityScore, Scored

LONGEST_KEPT_CHARACTERS: Final = 4000
"""Of one answer; the rest is cut from the middle, since both ends matter to a reader."""
NS_PER_S: Final = 1e9
Protocol: TypeAlias = Literal["chat", "3-shot", "triplets"]
"""How a model is asked: in a chat, as a text to continue after three examples, or for vectors of three texts."""
SPECIAL_AREAS: Final = frozenset({Area.TOOLS, Area.VISION})
"""Only models with that capability are asked in them, so they do not enter the quality that ranks all models."""


class AnswerRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One turn of a model: its text, bounded, and how long it took by the client's clock in ns since it was sent.

    `output_tokens` and the server's `load_ns` are None where it did not say. `held_ns` is for how long something
    between client and server held the request or the end of the answer up, None where nothing did.
    """

    content: str
    thinking_characters: int = 0
    tool_calls: tuple[ToolCall, ...] = ()
    done_reason: str | None = None
    first_content_ns: int | None = None
    ended_ns: int
    load_ns: int | None = None
    held_ns: int | None = None
    prompt_tokens: int | None = None
    output_tokens: int | None = None


class ItemRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One item as a model answered it, in one turn or several, with its grade.

    `item` is the item's name, `place` where it stands in the common order, None where not every chat model can be asked
    it. `is_counted` is False for a pilot and for a spot check on another host: they decide what
    is asked, and do not enter the quality. `at_once` says how many items were asked together with it, itself included:
    above 1 its time is no measure of the model's speed.
    """

    item: str
    area: str
    family: str
    level: int
    chance: float = 0.0
    weight: float = 1.0
    twin: bool | None = None
    place: int | None = None
    answers: tuple[AnswerRecord, ...]
    grade: Grade
    is_counted: bool = True
    at_once: int = 1

    @property
    def seconds(self) -> float:
        """How long the model took in all, without loading and without what held it up on the way, in seconds."""
        return (
            sum(answer.ended_ns - (answer.load_ns or 0) - (answer.held_ns or 0) for answer in self.answers) / NS_PER_S
        )

    @property
    def scored(self) -> Scored:
        """The grade as scores are worked out from it."""
        return Scored(
            area=self.area,
            family=self.family,
            grade=self.grade,
            chance=self.chance,
            weight=self.weight,
            twin=self.twin,
        )


class QualityRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All items that one model answered on one host in one variant, in the order in which they were asked.

    `bank` is the bank's version, `seed` that of the order, `mix` which levels ("own": items of the user's alone).
    `protocol` is how it was asked. `identity` is equal for
    models whose quality is the same wherever they run (digest, format and rendered prompt). `measured_on` names the
    host whose answers these are, where they were taken over from an equal model. `places` is the length of the common
    order of the mix. `load_s` is how long its first answer took with the load in it; None where that is not known, as
    of a model that was found loaded. `not_asked` says why the model was asked nothing, or nothing any more. `left_out`
    names what no model could be asked, such as "sandbox": items that run code.
    """

    host: str
    model: str
    variant: str | None = None
    bank: str
    seed: int
    mix: str
    protocol: Protocol = "chat"
    identity: str | None = None
    measured_on: str | None = None
    places: int | None = None
    load_s: float | None = None
    not_asked: str | None = None
    left_out: tuple[str, ...] = ()
    items: tuple[ItemRecord, ...] = ()

    @property
    def key(self) -> ResultKey:
        """The result that it is of."""
        return self.host, self.model, self.variant

    @property
    def counted(self) -> tuple[ItemRecord, ...]:
        """The items that enter the quality."""
        return tuple(record for record in self.items if record.is_counted and record.grade.status != "ungradable")


def begun_anew(known: QualityRecord, *, mix: str, places: int | None) -> QualityRecord:
    """Return a record that begins another mix: what was answered before is kept, and does not count."""
    before = tuple(msgspec.structs.replace(entry, is_counted=False) for entry in known.items)
    return msgspec.structs.replace(known, mix=mix, places=places, items=before)


def record(  # noqa: PLR0913  # the parts of a record, named at the call
    item: Item,
    answers: tuple[AnswerRecord, ...],
    grade: Grade,
    *,
    is_counted: bool = True,
    place: int | None = None,
    at_once: int = 1,
) -> ItemRecord:
    """Return the record of an item that was asked and graded."""
    return ItemRecord(
        item=item.name,
        area=str(item.area),
        family=item.family,
        level=item.level,
        chance=item.chance,
        weight=item.weight,
        twin=item.twin,
        place=place,
        answers=answers,
        grade=grade,
        is_counted=is_counted,
        at_once=at_once,
    )


def common_areas(items: Sequence[ItemRecord]) -> dict[str, float]:
    """Return the areas that every chat model is asked in, each with the weight that it has in the bank.

    These are all but tools and vision; where nothing else was asked, these count, too. An area of the user's own weighs
    as much as the heaviest.
    """
    asked = {entry.area: _weight(entry.area) for entry in items}
    return {area: weight for area, weight in asked.items() if area not in SPECIAL_AREAS} or asked


def _weight(area: str) -> float:
    known = {str(name): float(share) for name, share in SHARES.items()}
    return known.get(area, max(known.values()))


def score(
    items: Sequence[ItemRecord], areas: Mapping[str, float] | None = None, *, mix: str | None = None
) -> QualityScore | None:
    """Return the quality of counted items, 0 to 100, by weights of areas (None: `common_areas`).

    With the mix that they are of, it is the quality on all levels (`scale`), which compares between mixes. None where
    no area has a score.
    """
    found = scoring.quality([entry.scored for entry in items], common_areas(items) if areas is None else areas)
    levels = levels_of(mix)
    if found is None or levels is None:
        return found
    return msgspec.structs.replace(
        found,
        score=_scaled(found.score, levels),
        low=_scaled(found.low, levels),
        high=_scaled(found.high, levels),
        strict=_scaled(found.strict, levels),
        areas={
            area: msgspec.structs.replace(
                one,
                score=_scaled(one.score, levels),
                low=_scaled(one.low, levels),
                high=_scaled(one.high, levels),
            )
            for area, one in found.areas.items()
        },
    )


def levels_of(mix: str | None) -> tuple[int, ...] | None:
    """Return the levels of a mix of the bank, None for items of the user's own alone."""
    return next((levels for kind, levels in LEVELS_OF.items() if kind == mix), None)


def _scaled(points: float, levels: tuple[int, ...]) -> float:
    return 100 * scale.on_all_levels(points / 100, levels)


def item_s(found: QualityRecord) -> float | None:
    """Return the mean seconds of a counted item that was asked alone, without loading; None where none was."""
    alone = [entry.seconds for entry in found.counted if entry.at_once == 1]
    return statistics.fmean(alone) if alone else None


def accuracy(found: QualityRecord) -> float | None:
    """Return the share of right answers among the counted items; None where none was asked."""
    return statistics.fmean(entry.grade.score for entry in found.counted) if found.counted else None


def tokens_per_answer(found: QualityRecord) -> float | None:
    """Return the mean output tokens of a counted answer, thinking included; None where the server gave no counts."""
    counts = [answer.output_tokens for entry in found.counted for answer in entry.answers]
    known = [count for count in counts if count is not None]
    return statistics.fmean(known) if known else None


def shows_thinking(found: QualityRecord) -> bool:
    """Tell if any counted answer came with thinking that the server set apart."""
    return any(answer.thinking_characters > 0 for entry in found.counted for answer in entry.answers)


def bounded(text: str, limit: int = LONGEST_KEPT_CHARACTERS) -> str:
    """Return a text of at most `limit` characters, cut in the middle."""
    if len(text) <= limit:
        return text
    half = (limit - 1) // 2
    return f"{text[:half]}…{text[-half:]}"
