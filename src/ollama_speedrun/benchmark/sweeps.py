"""Two curves of a model: speed by the depth of its context, and by the number of requests at once."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from .. import units
from ..errors import OllamaError
from ..events import Notice
from ..inventory.types import Model
from ..visit.events import Stage
from . import metrics, stats, workload
from .host import Ask, HostSession, find, residency_of
from .types import ConcurrencyPoint, DepthPoint, StreamRecord

DEPTH_TOKENS: Final = 64
HEADROOM_TOKENS: Final = 256
"""For the answer, the template, and a filler that came out longer than reckoned."""
CHARACTERS_PER_TOKEN: Final = 3.0
"""Of the filler, for a start; each point that was read corrects it for the next."""


class DepthCurve:
    """Prefill and decode speed of a model by the tokens in its context, `most_tokens` of context at most.

    With `keeps_ctx` every depth is measured in a context of just that length, for others have the model loaded with it.
    """

    def __init__(
        self, host: HostSession, model: Model, *, thinks: bool | str | None, most_tokens: int, keeps_ctx: bool
    ) -> None:
        self._host = host
        self._model = model
        self._thinks = thinks
        self._most_tokens = most_tokens
        self._keeps_ctx = keeps_ctx
        self._characters_per_token = CHARACTERS_PER_TOKEN

    async def measure(self, depths: Sequence[int], *, is_in_time: Callable[[], bool]) -> tuple[DepthPoint, ...]:
        """Return a point for each depth that the context holds, from the least on, as far as the time goes.

        Each depth is loaded with the context that it needs, so memory and the share on the GPU belong to it. The curve
        ends early where a depth fails, for instance for want of memory; raises `OllamaError` when the first one does.
        """
        in_order = sorted(set(depths))
        if too_deep := [str(tokens) for tokens in in_order if _context_for(tokens) > self._most_tokens]:
            why = ", which is kept because others loaded it so" if self._keeps_ctx else ""
            self._host.emit(
                Notice(
                    f"{self._model.name} on {self._model.host} goes without the depths {', '.join(too_deep)}: with an "
                    f"answer they do not fit into the context of {self._most_tokens} tokens{why}"
                )
            )
        points: list[DepthPoint] = []
        for tokens in in_order[: len(in_order) - len(too_deep)]:
            if not is_in_time():
                break
            try:
                points.append(await self._point(tokens))
            except OllamaError:
                if not points:
                    raise
                break
        return tuple(points)

    async def _point(self, tokens: int) -> DepthPoint:
        num_ctx = self._most_tokens if self._keeps_ctx else _context_for(tokens)
        characters = int(tokens * self._characters_per_token)
        await self._generate(workload.warm_up_prompt, workload.WARM_UP_TOKENS, num_ctx, Stage.LOADING)
        record = await self._generate(
            lambda nonce: workload.long_prompt(nonce, characters), DEPTH_TOKENS, num_ctx, Stage.PROMPT
        )
        if characters and record.prompt_eval_count:
            self._characters_per_token = characters / record.prompt_eval_count
        residency = residency_of(find(await self._host.loaded() or (), self._model))
        return DepthPoint(
            prompt_tokens=record.prompt_eval_count,
            num_ctx=num_ctx,
            prefill_tps=None if metrics.is_server_clock_wrong([record]) else metrics.prefill_tps(record),
            decode_tps=metrics.speed_tps(record),
            ttft_s=metrics.ttft_s(record),
            memory_bytes=residency.size_bytes if residency else None,
            gpu_share=residency.size_vram_bytes / residency.size_bytes if residency else None,
        )

    async def _generate(
        self, prompt: Callable[[str], str], num_predict: int, num_ctx: int, stage: Stage
    ) -> StreamRecord:
        ask = Ask(prompt=prompt(self._host.nonce()), num_predict=num_predict, num_ctx=num_ctx, thinks=self._thinks)
        return await self._host.generate(self._model, ask, stage=stage)


def _context_for(depth_tokens: int) -> int:
    return depth_tokens + DEPTH_TOKENS + HEADROOM_TOKENS


async def concurrency(
    levels: Sequence[int],
    generate: Callable[[], Awaitable[tuple[int, StreamRecord]]],
    *,
    is_in_time: Callable[[], bool],
) -> tuple[ConcurrencyPoint, ...]:
    """Return what so many requests at the same moment give, level by level.

    A level that fails ends the curve, and so does the end of the time. `generate` returns when it was sent (monotonic
    ns) and its record.
    """
    points: list[ConcurrencyPoint] = []
    for requests in levels:
        if not is_in_time():
            break
        outcomes = await asyncio.gather(*(_outcome(generate) for _ in range(requests)))
        if None in outcomes:
            break
        points.append(concurrency_point([outcome for outcome in outcomes if outcome is not None]))
    return tuple(points)


async def _outcome(
    generate: Callable[[], Awaitable[tuple[int, StreamRecord]]],
) -> tuple[int, StreamRecord] | None:
    try:
        return await generate()
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
