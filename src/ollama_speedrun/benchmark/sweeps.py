"""Two sweeps over one model: speed by the depth of its context, and by the number of requests at once."""

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from typing import Final

import msgspec

from .. import units
from ..errors import OllamaError
from ..events import Notice
from ..visit.loaded import find, residency_of
from ..visit.loaded_model import LoadedModel
from ..visit.types import StreamRecord
from . import metrics, stats, workload
from .budget import Budget
from .types import ConcurrencyPoint, DepthPoint, Result

DEPTH_TOKENS: Final = 64
HEADROOM_TOKENS: Final = 256
"""For the answer, the template, and a filler that came out longer than reckoned."""
CHARACTERS_PER_TOKEN: Final = 3.0
"""Of the filler, for a start; each point that was read corrects it for the next."""


class DepthSweep:
    """A study: prefill and decode speed by the tokens in the context, one depth a step, from the least on.

    Each depth is loaded with the context that it needs, so memory and the share on the GPU belong to it. A model that
    others have loaded keeps its context, and every depth is measured in that. Depths that no context of the model holds
    are left out. The sweep ends when the time is up, or where a depth fails, for instance for want of memory.
    """

    name = "the sweep over context depths"
    needs_the_memory = True

    def __init__(self, depths: Sequence[int], budget: Budget) -> None:
        self._left: deque[int] | None = None
        self._depths = sorted(set(depths))
        self._budget = budget
        self._points: list[DepthPoint] = []
        self._characters_per_token = CHARACTERS_PER_TOKEN

    def add_to(self, result: Result) -> Result:
        """Return the result with the depths measured so far."""
        return msgspec.structs.replace(result, depths=tuple(self._points))

    async def step(self, model: LoadedModel) -> bool:
        """Measure the next depth; raises `OllamaError` when the first one fails."""
        if self._left is None:
            self._left = deque(self._that_fit(model))
        if not self._left or self._budget.is_spent:
            return False
        try:
            self._points.append(await self._point(model, self._left.popleft()))
        except OllamaError:
            if not self._points:
                raise
            return False
        return bool(self._left)

    def _that_fit(self, model: LoadedModel) -> Sequence[int]:
        """Return the depths that the model's context holds, and tell of the others."""
        most_tokens = _most_tokens(model)
        fitting = [tokens for tokens in self._depths if _context_for(tokens) <= most_tokens]
        if too_deep := self._depths[len(fitting) :]:
            why = ", which is kept because others loaded it so" if model.is_theirs else ""
            model.visit.emit(
                Notice(
                    f"{model.model.name} on {model.model.host} is measured without the depths "
                    f"{', '.join(map(str, too_deep))}: with an answer they do not fit into the context of "
                    f"{most_tokens} tokens{why}"
                )
            )
        return fitting

    async def _point(self, model: LoadedModel, tokens: int) -> DepthPoint:
        num_ctx = _most_tokens(model) if model.is_theirs else _context_for(tokens)
        characters = int(tokens * self._characters_per_token)
        await model.warm_up(num_ctx=num_ctx)
        prompt = workload.long_prompt(model.visit.nonce(), characters)
        record = await model.generate(prompt, num_predict=DEPTH_TOKENS, num_ctx=num_ctx)
        if characters and record.prompt_eval_count:
            self._characters_per_token = characters / record.prompt_eval_count
        residency = residency_of(find(await model.visit.residents.loaded() or (), model.model))
        return DepthPoint(
            prompt_tokens=record.prompt_eval_count,
            num_ctx=num_ctx,
            prefill_tps=None if metrics.is_server_clock_wrong([record]) else metrics.prefill_tps(record),
            decode_tps=metrics.speed_tps(record),
            ttft_s=metrics.ttft_s(record),
            memory_bytes=residency.size_bytes if residency else None,
            gpu_share=residency.size_vram_bytes / residency.size_bytes if residency else None,
        )


def _most_tokens(model: LoadedModel) -> int:
    """Return the longest context that the model may be loaded with."""
    return model.num_ctx if model.is_theirs else model.model.context_length or model.num_ctx


def _context_for(depth_tokens: int) -> int:
    return depth_tokens + DEPTH_TOKENS + HEADROOM_TOKENS


class ConcurrencySweep:
    """A study: so many requests at the same moment, one level a step, each a trial of `trial_tokens`.

    A level that fails ends the sweep, and so does the end of the time.
    """

    name = "the sweep over requests at once"
    needs_the_memory = True

    def __init__(self, levels: Sequence[int], trial_tokens: int, budget: Budget) -> None:
        self._left = deque(levels)
        self._trial_tokens = trial_tokens
        self._budget = budget
        self._points: list[ConcurrencyPoint] = []

    def add_to(self, result: Result) -> Result:
        """Return the result with the levels measured so far."""
        return msgspec.structs.replace(result, concurrency=tuple(self._points))

    async def step(self, model: LoadedModel) -> bool:
        """Measure the next level."""
        if not self._left or self._budget.is_spent:
            return False
        requests = self._left.popleft()
        runs = await asyncio.gather(*(self._stamped(model) for _ in range(requests)))
        if None in runs:
            return False
        self._points.append(concurrency_point([run for run in runs if run is not None]))
        return bool(self._left)

    async def _stamped(self, model: LoadedModel) -> tuple[int, StreamRecord] | None:
        """Run one trial; returns when it was sent (monotonic ns) and its record, None where it failed."""
        prompt = workload.prompt(model.visit.nonce())
        sent_ns = time.perf_counter_ns()
        try:
            return sent_ns, await model.generate_once(prompt, num_predict=self._trial_tokens)
        except OllamaError:
            return None


def concurrency_point(runs: Sequence[tuple[int, StreamRecord]]) -> ConcurrencyPoint:
    """Return the figures of requests that ran together: (sent in monotonic ns, record) each.

    Throughput is all output tokens over the time from the first request to the last byte. How many ran at once is how
    many were between their first and last token at the same moment.
    """
    tokens = [metrics.output_tokens(record) for _, record in runs]
    window_ns = max(sent + record.ended_ns for sent, record in runs) - min(sent for sent, _ in runs)
    waits_s = [wait for _, record in runs if (wait := metrics.ttft_s(record)) is not None]
    return ConcurrencyPoint(
        requests=len(runs),
        throughput_tps=units.per_second(sum(count or 0 for count in tokens), window_ns) if None not in tokens else None,
        ttft_p50_s=stats.percentile(waits_s, 0.5),
        ttft_p95_s=stats.percentile(waits_s, 0.95),
        ran_at_once=_most_overlapping(runs),
    )


def _most_overlapping(runs: Sequence[tuple[int, StreamRecord]]) -> int:
    """Return how many streams were under way at once; one that ends as the next begins does not count with it."""
    edges = sorted(
        edge
        for sent, record in runs
        if record.first_content_ns is not None and record.last_content_ns is not None
        for edge in ((sent + record.first_content_ns, 1), (sent + record.last_content_ns, -1))
    )
    running = most = 0
    for _, change in edges:
        running += change
        most = max(most, running)
    return most
