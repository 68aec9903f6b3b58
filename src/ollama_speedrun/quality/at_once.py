"""How many items a server is asked at once: found out by asking more, and kept only where that saves time. No I/O.

Nothing tells over the API how many requests a server answers side by side. So a few items are asked alone first, which
shows what reading and writing a token take. Then twice as many are asked at once, as long as two things hold: the
server worked on several at the same time, and all of them took clearly less time than they would have one by one.
A server that turns a request away is asked one at a time from then on.
"""

import itertools
from collections.abc import Sequence
from typing import Final

import msgspec

from ..benchmark import parallelism
from ..visit.types import StreamRecord

MOST_AT_ONCE: Final = 8
ALONE_FIRST: Final = 6
"""So many answers alone show what a token takes."""
GROUPS: Final = 4
"""So many groups of requests are timed before a number of requests is judged."""
WORTH_IT: Final = 0.85
"""Share of the time one by one that a group may take at most to be worth it."""
_OVERLAP: Final = 0.2
"""Share of the shorter work of two requests that has to coincide with the other's for them to run side by side."""


class Timed(msgspec.Struct, frozen=True):
    """One answer: when it was sent by the client's clock in ns, and what was observed."""

    sent_ns: int
    record: StreamRecord

    @property
    def work_ns(self) -> int | None:
        """For how long the server worked on it, by its own clock; None where it does not say."""
        return parallelism.work_ns(self.record)

    @property
    def ended_ns(self) -> int:
        """When its last byte arrived, by the client's clock in ns."""
        return self.sent_ns + self.record.ended_ns


class AtOnce:
    """Learns from the answers of one model on one host how many items to ask at once: `width`, 1 at first."""

    def __init__(self) -> None:
        self.width = 1
        self._is_settled = False
        self._alone: list[Timed] = []
        self._shares: list[float] = []
        self._best_share = 1.0

    def learn(self, group: Sequence[Timed], *, was_refused: bool = False) -> None:
        """Take in answers that were asked at once, all of a group, and choose the next width."""
        if self._is_settled:
            self.width = 1 if was_refused else self.width
            return
        if was_refused or any(one.work_ns is None for one in group):
            self._settle(1)
        elif self.width == 1:
            self._alone.extend(group)
            if len(self._alone) >= ALONE_FIRST:
                self.width = 2
        elif len(group) == self.width:
            self._judge(group)

    def _judge(self, group: Sequence[Timed]) -> None:
        if not run_side_by_side(group):
            self._settle(self.width // 2)
            return
        took_ns = max(one.ended_ns for one in group) - min(one.sent_ns for one in group)
        self._shares.append(took_ns / max(sum(map(self._alone_ns, group)), 1))
        if len(self._shares) < GROUPS:
            return
        share, self._shares = sum(self._shares) / len(self._shares), []
        if share > WORTH_IT * self._best_share:
            self._settle(self.width // 2)
        elif self.width == MOST_AT_ONCE:
            self._settle(self.width)
        else:
            self._best_share = share
            self.width *= 2

    def _settle(self, width: int) -> None:
        self.width, self._is_settled = width, True

    def _alone_ns(self, one: Timed) -> float:
        """Return how long an answer of so many tokens takes alone."""
        records = [known.record for known in self._alone]
        spent_ns = sum(known.ended_ns - known.sent_ns - (known.work_ns or 0) for known in self._alone) / len(records)
        read_ns = _ratio([(record.prompt_eval_duration_ns, record.prompt_eval_count) for record in records])
        write_ns = _ratio([(record.eval_duration_ns, record.eval_count) for record in records])
        read, written = one.record.prompt_eval_count or 0, one.record.eval_count or 0
        return spent_ns + read * read_ns + written * write_ns


def run_side_by_side(group: Sequence[Timed]) -> bool:
    """Tell if a server worked on each of these requests while it worked on the one before, by order of their ends.

    The work on a request ends with its last byte, and lasts as long as the server says. One that works on one request
    after another has no two of them under way at the same time.
    """
    spans = sorted(parallelism.work_span_ns(one.sent_ns, one.record) for one in group)
    return all(
        min(end, later_end) - max(begin, later_begin) > _OVERLAP * min(end - begin, later_end - later_begin)
        for (begin, end), (later_begin, later_end) in itertools.pairwise(spans)
    )


def _ratio(pairs: Sequence[tuple[int | None, int | None]]) -> float:
    above, below = sum(up or 0 for up, _ in pairs), sum(down or 0 for _, down in pairs)
    return above / below if below else 0.0
