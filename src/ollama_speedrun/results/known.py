"""What earlier work knows of a model, and which settings make two measurements the same. Pure."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final, TypeAlias

import msgspec

from ..benchmark.plan import BenchmarkSettings
from ..benchmark.types import Result
from ..discovery.types import Host
from ..inventory.types import Model
from ..quality.next_tokens import NextTokens
from ..quality.records import QualityRecord
from .types import Document


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a model in one variant on its host, and the items that it answered, as an earlier run has them.

    `next_tokens` is what it is compared with its siblings by. `is_checked` says that it is so fresh that the host need
    not be checked before it is taken over.
    """

    result: Result
    record: QualityRecord | None = None
    next_tokens: NextTokens | None = None
    is_checked: bool = False


Recall: TypeAlias = Callable[[Host, Sequence[Model]], Sequence[Known]]
"""Returns what is known of some models of a host, at most one entry for each variant. May read a file."""

UNCHECKED_FOR: Final = timedelta(hours=1)
"""For so long after a model was measured, a run that goes on takes its host to be as it was."""
_HOW_AND_NOT_WHAT: Final = ("timeout_s", "take_turns", "reference_trial", "if_busy", "sure", "within", "thinking")
"""Settings that change how long a run takes or what is made of it, and no figure of one variant."""
_OF_ITEMS: Final = (
    *("max_items", "first_items", "races", "min_speed_tps", "longest_answer_tokens", "answer_tokens"),
    *("areas", "languages", "item_seed"),
)
_USUAL: Final = BenchmarkSettings()


def measures_alike(one: BenchmarkSettings, other: BenchmarkSettings) -> bool:
    """Tell if a model measured by one of the settings need not be measured by the other.

    The order of the items is not compared: records name theirs. Where one asks no items, nothing of them is compared.
    """
    ignored = {*_HOW_AND_NOT_WHAT, "item_seed"}
    if 0 in {one.max_items, other.max_items}:
        ignored |= set(_OF_ITEMS)
    usual = {name: getattr(_USUAL, name) for name in ignored}
    return msgspec.structs.replace(one, **usual) == msgspec.structs.replace(other, **usual)


def recall_of(document: Document, *, now: datetime, otherwise: Recall | None = None) -> Recall:
    """Return what recalls the results of an interrupted run, also those that were cut short.

    `otherwise` is asked for models of which the run has none. Only where a model (digest) and its server's version are
    what they were: what changed is measured again.
    """
    records = {one.key: one for one in document.quality_records}
    good = [result for result in document.results if result.status == "ok"]
    identities = {host.url: host.identity for host in document.hosts}

    def recall(host: Host, models: Sequence[Model]) -> Sequence[Known]:
        listed = {model.name: model for model in models}
        is_another = len({host.identity, identities.get(host.url)} - {None}) > 1
        own = [
            Known(
                result=result,
                record=records.get(result.key),
                is_checked=_is_fresh(result, now) and not is_another,
            )
            for result in good
            if result.host == host.url
            and result.server_version == host.version
            and (model := listed.get(result.model)) is not None
            and result.digest == model.digest
        ]
        names = {known.result.model for known in own}
        rest = [model for model in models if model.name not in names]
        return [*own, *(otherwise(host, rest) if otherwise is not None and rest else ())]

    return recall


def _is_fresh(result: Result, now: datetime) -> bool:
    """Tell if a result ended within the last hour: one of the future says that the clock was set back."""
    return result.ended_at is not None and timedelta() <= now - result.ended_at < UNCHECKED_FOR
