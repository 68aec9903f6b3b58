"""Quality shared between hosts: equal models are asked in full once, and checked on the other hosts. Pure."""

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from typing import Final

import msgspec

from .records import ItemRecord, QualityRecord

SPOT_CHECK_ITEMS: Final = 10
_LARGEST_SHARE: Final = 0.2


def identity(
    *,
    digest: str,
    model_format: str | None,
    rendered: str | None,
    server_version: str | None,
    context_tokens: int | None = None,
) -> str:
    """Return the identity under which quality is shared: digest, format, prompt as the server renders it, and context.

    The rendering can change with the server's release. Where it cannot be had, the server's version takes its place.
    A context of another length can cut an answer short, so answers in one say nothing of another; None where it is not
    known.
    """
    prompt = f"version {server_version}" if rendered is None else f"prompt {rendered}"
    context = () if context_tokens is None else (f"context {context_tokens}",)
    facts = (digest, model_format or "", prompt, *context)
    return hashlib.sha256("\n".join(facts).encode(errors="replace")).hexdigest()[:16]


def agrees(one: Sequence[ItemRecord], other: Sequence[ItemRecord]) -> bool:
    """Tell if two lists of answers to the same items come from equal models: at most 2 of 10 grades differ.

    Greedy answers are not exact to the bit from one machine to the next, so a few grades may flip. Without a common
    item there is nothing to disagree about.
    """
    known = {record.item: record.grade.score for record in one}
    common = [record for record in other if record.item in known]
    differing = sum(abs(known[record.item] - record.grade.score) >= 0.5 for record in common)
    return differing <= max(2, int(_LARGEST_SHARE * len(common)))


def shared(records: Sequence[QualityRecord]) -> tuple[QualityRecord, ...]:
    """Return the records in their order, where those that were only checked hold the answers of their equal.

    The record with the most counted items speaks for all of its identity, variant and mix that agree with it. One that
    disagrees keeps its own answers.
    """
    groups: dict[tuple[str | None, str | None, str], list[QualityRecord]] = defaultdict(list)
    for record in records:
        groups[record.identity, record.variant, record.protocol].append(record)
    return tuple(
        _with_answers_of(record, groups[record.identity, record.variant, record.protocol]) for record in records
    )


def _is_checked(record: QualityRecord, fullest: QualityRecord) -> bool:
    """Tell if a record was compared with its equal: by what counts, or by what counted before the mix was changed."""
    if record.counted:
        return True
    common = {entry.item for entry in _graded(record)} & {entry.item for entry in _graded(fullest)}
    return len(common) >= SPOT_CHECK_ITEMS // 2


def _graded(record: QualityRecord) -> Sequence[ItemRecord]:
    return [entry for entry in record.items if entry.grade.status != "ungradable"]


def _with_answers_of(record: QualityRecord, equals: Sequence[QualityRecord]) -> QualityRecord:
    if record.identity is None or len(equals) == 1:
        return record
    fullest = max(equals, key=lambda other: len(other.counted))
    if len(fullest.counted) <= len(record.counted) or not _is_checked(record, fullest):
        return record
    if not agrees(_graded(fullest), _graded(record)):
        return record
    return msgspec.structs.replace(record, items=fullest.items, mix=fullest.mix, measured_on=fullest.host)
