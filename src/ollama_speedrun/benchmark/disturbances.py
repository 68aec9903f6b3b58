"""What disturbed a request: another client's request before it, a load, or waiting that every request has. Pure."""

from collections.abc import Sequence
from typing import Final

from ..visit.types import Opening
from . import delays
from .delays import SHORTEST_WINDOW_NS, first_ns, possible_ns
from .types import StreamRecord

QUEUE_FLOOR_NS: Final = 50_000_000
QUEUE_FACTOR: Final = 3
RELOAD_FLOOR_NS: Final = 100_000_000
RELOAD_FLOOR_UNLISTED_NS: Final = 10_000_000
"""For a model that /api/ps does not list after its answer."""
LONGEST_WARM_LOAD_NS: Final = 500_000_000
"""A server that has a model loaded finds it sooner; what takes longer is no part of the model's own time."""
RELOAD_SHARE: Final = 0.25
RELOAD_FACTOR: Final = 3


def unattributed_ns(record: StreamRecord) -> int | None:
    """Server time that belongs to no stage, in ns: total − load − prompt_eval − eval. Waiting for a slot shows here."""
    if record.total_duration_ns is None or record.eval_duration_ns is None:
        return None
    stages = (record.load_duration_ns, record.prompt_eval_duration_ns, record.eval_duration_ns)
    return record.total_duration_ns - sum(stage or 0 for stage in stages)


def was_queued(record: StreamRecord, calm: Sequence[StreamRecord] = ()) -> bool:
    """Return whether a request waited behind another client's: unattributed time above max(50 ms, 3 × the model's own).

    The model's own is the least among the `calm` records of it.
    """
    waited_ns = _waited_ns(record)
    usual_ns = min((waited for other in calm if (waited := _waited_ns(other)) is not None), default=0)
    return waited_ns is not None and waited_ns > max(QUEUE_FLOOR_NS, QUEUE_FACTOR * usual_ns)


def always_waits(record: StreamRecord) -> bool:
    """Return whether the server's stages leave more of the time to the first token than a model can need itself.

    That is more than 200 ms and 5 % of it: the request waited, and where each of them does, none is the usual.
    """
    waited_ns = _waited_ns(record)
    if waited_ns is None or record.first_content_ns is None:
        return False
    return waited_ns > max(delays.HOLD_FLOOR_NS, delays.HOLD_SHARE * record.first_content_ns)


def always_loads(record: StreamRecord) -> bool:
    """Return whether loading took more of the time to the first token than finding a model that is loaded can need."""
    load_ns = possible_ns(record.load_duration_ns, first_ns(record))
    return load_ns is not None and load_ns > max(LONGEST_WARM_LOAD_NS, delays.HOLD_SHARE * first_ns(record))


def _waited_ns(record: StreamRecord) -> int | None:
    """Unattributed time before the first content, in ns: what comes later is no queue, but a wrong eval_duration.

    None where the server does not say how long it read and decoded, or in another unit: that is a part of what is left.
    """
    stages_ns = (record.prompt_eval_duration_ns or 0, record.eval_duration_ns or 0)
    is_told = min(stages_ns) > 0 and max(stages_ns) >= SHORTEST_WINDOW_NS
    waited_ns = unattributed_ns(record) if is_told else None
    if waited_ns is None or record.first_content_ns is None:
        return waited_ns
    return min(
        waited_ns, record.first_content_ns - (record.load_duration_ns or 0) - (record.prompt_eval_duration_ns or 0)
    )


def was_reloaded(record: StreamRecord, warm_up: StreamRecord, *, was_loaded: bool = False) -> bool:
    """Return whether the model had to be loaded again for a request that should have found it loaded.

    A reload takes about as long as the warm-up's load, or, where that found the model loaded, much longer.
    """
    return is_a_load(record.load_duration_ns, warm_up.load_duration_ns or 0, was_loaded=was_loaded)


def is_a_load(load_ns: int | None, first_load_ns: int, *, was_loaded: bool, floor_ns: int = RELOAD_FLOOR_NS) -> bool:
    """Return whether a load_duration is that of a load, by the one of the first request.

    `was_loaded` says that the first request found the model loaded.
    """
    if load_ns is None:
        return False
    return load_ns > max(floor_ns, (RELOAD_FACTOR if was_loaded else RELOAD_SHARE) * first_load_ns)


def undisturbed(
    timed: Sequence[StreamRecord], warm_up: StreamRecord, calm: Sequence[StreamRecord], *, was_loaded: bool = False
) -> list[StreamRecord]:
    """Return the generations that neither waited behind another client's request nor had the model loaded again.

    Also where each of them waited, or spent over 500 ms and 5 % of the time to the first token on loading.
    """
    return [
        record
        for record in timed
        if not (always_waits(record) or always_loads(record) or _differs(record, warm_up, calm, was_loaded=was_loaded))
    ]


def was_disturbed(record: StreamRecord, opening: Opening | None) -> bool:
    """Return whether a request waited behind another client's, or had the model loaded again, by its first answer."""
    if opening is None or opening.warm_up is None:
        return False
    return _differs(record, opening.warm_up, (opening.warm_up, record), was_loaded=opening.was_loaded)


def _differs(record: StreamRecord, warm_up: StreamRecord, calm: Sequence[StreamRecord], *, was_loaded: bool) -> bool:
    """Return whether a request waited or loaded unlike others of its model."""
    return was_queued(record, calm) or was_reloaded(record, warm_up, was_loaded=was_loaded)
