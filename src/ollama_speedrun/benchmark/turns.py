"""The order of turns on one host: two models at a time where memory holds both, the first one again at the end."""

from collections import deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TypeAlias

from ..events import Notice
from ..inventory.types import Model
from ..visit.loaded import find
from ..visit.visit import Visit
from . import derive
from .events import BenchmarkBegan, BenchmarkEnded, BenchmarkEvent, BenchmarkPartial, BenchmarkRevised
from .turn import Turn
from .types import Result

Thinks: TypeAlias = bool | str | None
"""The `think` of a request."""


class Teller:
    """Tells results, each with what identifies it."""

    def __init__(self, emit: Callable[[BenchmarkEvent], None], server_version: str | None) -> None:
        self.results: list[Result] = []
        self._emit = emit
        self._server_version = server_version

    def begin(self, model: Model) -> None:
        """Tell that a model's turn has come."""
        self._emit(BenchmarkBegan(model.host, model.name))

    def tell(self, result: Result, model: Model, began_at: datetime | None = None) -> None:
        """Tell a result."""
        result = self._stamped(result, model, began_at)
        self.results.append(result)
        self._emit(BenchmarkEnded(result))

    def tell_partial(self, result: Result, model: Model, began_at: datetime | None) -> None:
        """Tell what is known so far."""
        self._emit(BenchmarkPartial(self._stamped(result, model, began_at)))

    def _stamped(self, result: Result, model: Model, began_at: datetime | None) -> Result:
        turn = None if began_at is None else (began_at, datetime.now(UTC))
        return derive.stamped(result, model, server_version=self._server_version, turn=turn)

    def revise(self, result: Result) -> None:
        """Report a result that was reported before and has changed."""
        self._emit(BenchmarkRevised(result))


class Turns:
    """The order in which the models of one host have their turns."""

    def __init__(
        self,
        visit: Visit,
        teller: Teller,
        turn: Callable[[Model, Thinks], Turn],
        *,
        holds_two: bool,
        may_begin: Callable[[Model], bool] = lambda _: True,
    ) -> None:
        self._may_begin = may_begin
        self._visit = visit
        self._teller = teller
        self._turn = turn
        self._holds_two = holds_two
        self._first: Turn | None = None

    async def take(self, variants: Sequence[tuple[Model, Thinks]]) -> None:
        """Give each model in each variant its turn."""
        queue = deque(self._turn(model, thinks) for model, thinks in variants)
        while queue:
            if self._may_begin(queue[0].model.model):
                await self._together(queue)
            else:
                queue.popleft()

    async def _together(self, queue: deque[Turn]) -> None:
        """Give the next in the queue its turn, and the one after it where memory holds both."""
        batch = [queue.popleft()]
        untold = deque[Turn]()
        try:
            untold.append(batch[0])
            await self._open(batch[0])
            if queue and self._may_share(batch[0], queue[0]) and self._may_begin(queue[0].model.model):
                batch.append(queue.popleft())
                untold.append(batch[1])
                await self._open(batch[1])
                if not await self._fit_together(*batch):
                    self._holds_two = False
                    first, second = batch
                    queue.extendleft((self._turn(second.model.model, second.model.thinks), first))
                    untold.clear()
                    return
            active = [turn for turn in batch if not turn.failed]
            while active:
                active = [turn for turn in active if await self._step(turn)]
            while untold:
                await self._finish(untold[0], batch)
                self._tell(untold.popleft())
        finally:
            for turn in untold:
                self._tell(turn)
            await self._visit.residents.leave(*(turn.model.model for turn in batch))

    async def _open(self, turn: Turn) -> None:
        self._teller.begin(turn.model.model)
        await turn.open()

    async def _step(self, turn: Turn) -> bool:
        """Do one step, and tell what is known after it."""
        is_wanted = await turn.step()
        result = turn.result
        if result is not None and result.status == "ok":
            self._teller.tell_partial(result, turn.model.model, turn.began_at)
        return is_wanted

    async def _finish(self, turn: Turn, batch: Sequence[Turn]) -> None:
        """Carry out the last studies, with the memory to itself where one of them needs that."""
        if turn.needs_the_memory and len(batch) > 1 and turn.speed.is_complete:
            await self._visit.residents.leave(*(other.model.model for other in batch))
            await turn.open()
        await turn.finish()
        if self._first is None and not turn.failed:
            self._first = turn

    def _tell(self, turn: Turn) -> None:
        if (result := turn.result) is not None:
            self._teller.tell(result, turn.model.model, turn.began_at)

    def _may_share(self, first: Turn, second: Turn) -> bool:
        if not self._holds_two or self._visit.residents.before or first.failed:
            return False
        return first.model.model.digest != second.model.model.digest

    async def _fit_together(self, first: Turn, second: Turn) -> bool:
        """Return whether the second's loading left the first where it was, and did not have to spill for it."""
        if second.failed:
            return True
        still = find(await self._visit.residents.loaded() or (), first.model.model)
        before, after = first.model.residency, second.model.residency
        spilled = after is not None and 0 < after.size_vram_bytes < after.size_bytes
        moved = still is None or (before is not None and still.size_vram != before.size_vram_bytes)
        return not (spilled or moved)

    async def look_for_drift(self) -> None:
        """Time the first model again: where it comes out otherwise, the host was not the same throughout."""
        measured = [
            result for result in self._teller.results if result.status == "ok" and result.decode_tps is not None
        ]
        if self._first is None or len(measured) < 2 or self._visit.health.is_gone:
            return
        model, where = self._first.model, self._visit.client.base_url
        self._visit.emit(Notice(f"timing {model.model.name} on {where} once more, to see drift"))
        try:
            drift = await self._first.speed.drift(model)
        finally:
            await self._visit.residents.leave(model.model)
        if drift is not None:
            self._visit.emit(Notice(f"{where} changed its speed by {drift:+.0%} while its models were benchmarked"))
            for result in measured:
                self._teller.revise(derive.drifted(result, drift))
