"""Two sweeps over one model: speed by the depth of its context, and by the number of requests at once."""

import asyncio
import re
import time
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from .. import units
from ..errors import OllamaError, ServerError
from ..events import Notice
from ..visit.loaded import find, residency_of
from ..visit.loaded_model import LoadedModel
from ..visit.types import StreamRecord
from . import caveats, metrics, stats, workload
from .budget import Budget
from .types import Caveat, ConcurrencyPoint, DepthPoint, Result

DEPTH_TOKENS: Final = 64
HEADROOM_TOKENS: Final = 256
"""For the answer, the template, and a filler that came out longer than reckoned."""
CALIBRATION_CHARACTERS: Final = (200, 1000)
"""The tokens of two such prompts are counted before the first depth; the difference has no template in it."""
CHARACTERS_PER_TOKEN: Final = 3.0
"""Of the filler, where the server counts nothing."""
RETRIES: Final = 3
"""How often a prompt that came out too long for the context is made shorter."""
SHORTER: Final = 0.8
TOO_LONG: Final = re.compile(r"\((\d{1,9}) tokens\) exceeds")
BAD_REQUEST: Final = 400
TURNED_AWAY: Final = (429, 503)


class DepthSweep:
    """A study: prefill and decode speed by the tokens in the context, one depth a step, from the least on.

    Each depth is loaded with the context that it needs, so memory and the share on the GPU belong to it. A model that
    others have loaded keeps its context, and every depth is measured in that. A depth that no context of the model
    holds, that fails, or that the time does not allow is named in a caveat; the deeper ones are left out then.
    """

    name = "the sweep over context depths"
    needs_the_memory = True

    def __init__(self, depths: Sequence[int], budget: Budget) -> None:
        self._left: deque[int] | None = None
        self._depths = sorted(set(depths))
        self._budget = budget
        self._points: list[DepthPoint] = []
        self._gaps: list[str] = []
        self._characters_per_token: float | None = None
        self._template_tokens = 0

    def add_to(self, result: Result) -> Result:
        """Return the result with the depths measured so far, and with what is missing."""
        return msgspec.structs.replace(
            result, depths=tuple(self._points), caveats=(*result.caveats, *_of_gaps(self._gaps, of_depths=True))
        )

    async def step(self, model: LoadedModel) -> bool:
        """Measure the next depth; raises `OllamaError` when the first one fails."""
        if self._left is None:
            self._left = deque(self._that_fit(model))
        if self._left and self._budget.is_spent:
            self._gaps.append(f"{_listed(self._left)}: the time budget was spent")
            self._left.clear()
        if not self._left:
            return False
        try:
            self._points.append(await self._point(model, self._left[0]))
        except OllamaError as exc:
            self._gaps.append(f"{_listed(self._left)}: {exc}")
            self._left.clear()
            if not self._points:
                raise
            return False
        self._left.popleft()
        return bool(self._left)

    def _that_fit(self, model: LoadedModel) -> Sequence[int]:
        """Return the depths that the model's context holds, and tell of the others."""
        most_tokens = _most_tokens(model)
        fitting = [tokens for tokens in self._depths if _context_for(tokens) <= most_tokens]
        if too_deep := self._depths[len(fitting) :]:
            why = ", which is kept because others loaded it so" if model.is_theirs else ""
            depths = ", ".join(map(str, too_deep))
            too_small = f"with an answer they do not fit into the context of {most_tokens} tokens{why}"
            self._gaps.append(f"{depths}: {too_small}")
            model.visit.emit(
                Notice(f"{model.model.name} on {model.model.host} is measured without the depths {depths}: {too_small}")
            )
        return fitting

    async def _point(self, model: LoadedModel, tokens: int) -> DepthPoint:
        num_ctx = _most_tokens(model) if model.is_theirs else _context_for(tokens)
        warm_up = await model.warm_up(num_ctx=num_ctx)
        record = await self._read(model, tokens, num_ctx)
        residency = residency_of(find(await model.visit.residents.loaded() or (), model.model))
        calm = metrics.undisturbed([record], warm_up, (warm_up, record), was_loaded=model.is_theirs)
        return DepthPoint(
            prompt_tokens=record.prompt_eval_count,
            num_ctx=num_ctx,
            prefill_tps=None if metrics.is_server_clock_wrong([record]) else metrics.prefill_tps(record),
            decode_tps=metrics.speed_tps(record),
            ttft_s=metrics.ttft_s(record) if calm else None,
            memory_bytes=residency.size_bytes if residency else None,
            gpu_share=residency.size_vram_bytes / residency.size_bytes if residency else None,
        )

    async def _read(self, model: LoadedModel, tokens: int, num_ctx: int) -> StreamRecord:
        """Have a prompt of about so many tokens read; one that is too long for the context is shortened."""
        if tokens and self._characters_per_token is None:
            await self._calibrate(model, num_ctx)
        characters_per_token = self._characters_per_token or CHARACTERS_PER_TOKEN
        characters = max(0, int((tokens - self._template_tokens) * characters_per_token))
        for attempt in range(RETRIES + 1):
            try:
                record = await self._generate(model, characters, num_ctx, DEPTH_TOKENS)
            except ServerError as exc:
                if attempt == RETRIES or not _is_too_long(exc):
                    raise
                characters = _shortened(characters, exc.text, num_ctx - DEPTH_TOKENS, characters_per_token)
            else:
                filler_tokens = (record.prompt_eval_count or 0) - self._template_tokens
                if tokens and filler_tokens > 0 and self._characters_per_token is not None:
                    self._characters_per_token = characters / filler_tokens
                return record
        raise AssertionError("the last attempt returns or raises")

    async def _calibrate(self, model: LoadedModel, num_ctx: int) -> None:
        """Count the tokens of two short prompts, to know how many characters a token has and what is around them."""
        short, long = CALIBRATION_CHARACTERS
        try:
            few = (await self._generate(model, short, num_ctx, 1)).prompt_eval_count or 0
            many = (await self._generate(model, long, num_ctx, 1)).prompt_eval_count or 0
        except ServerError as exc:
            if not _is_too_long(exc):
                raise
            return
        if many > few:
            self._characters_per_token = (long - short) / (many - few)
            self._template_tokens = max(0, int(few - short / self._characters_per_token))

    async def _generate(self, model: LoadedModel, characters: int, num_ctx: int, num_predict: int) -> StreamRecord:
        prompt = workload.long_prompt(model.visit.nonce(), characters)
        return await model.generate(prompt, num_predict=num_predict, num_ctx=num_ctx)


def _is_too_long(refusal: ServerError) -> bool:
    return refusal.status == BAD_REQUEST and "context" in refusal.text


def _shortened(characters: int, refusal: str, most_tokens: int, characters_per_token: float) -> int:
    """Return a length that fits, by the count in the server's refusal where it has one."""
    counted = TOO_LONG.search(refusal)
    if counted is None or int(counted[1]) <= most_tokens:
        return int(characters * SHORTER)
    return max(0, characters - int((int(counted[1]) - most_tokens + HEADROOM_TOKENS // 8) * characters_per_token))


def _of_gaps(gaps: Sequence[str], *, of_depths: bool) -> Sequence[Caveat]:
    return [caveats.of_gaps(gaps, of_depths=of_depths)] if gaps else []


def _listed(depths: Iterable[int]) -> str:
    return ", ".join(map(str, depths))


def _most_tokens(model: LoadedModel) -> int:
    """Return the longest context that the model may be loaded with."""
    return model.num_ctx if model.is_theirs else model.model.context_length or model.num_ctx


def _context_for(depth_tokens: int) -> int:
    return depth_tokens + DEPTH_TOKENS + HEADROOM_TOKENS


class ConcurrencySweep:
    """A study: so many requests at the same moment, one level a step, each a trial of `trial_tokens`.

    A level that fails ends the sweep, and so does the end of the time; a caveat names what is missing.
    """

    name = "the sweep over requests at once"
    needs_the_memory = True

    def __init__(self, levels: Sequence[int], trial_tokens: int, budget: Budget) -> None:
        self._left = deque(levels)
        self._trial_tokens = trial_tokens
        self._budget = budget
        self._points: list[ConcurrencyPoint] = []
        self._gaps: list[str] = []

    def add_to(self, result: Result) -> Result:
        """Return the result with the levels measured so far, and with what is missing."""
        return msgspec.structs.replace(
            result, concurrency=tuple(self._points), caveats=(*result.caveats, *_of_gaps(self._gaps, of_depths=False))
        )

    async def step(self, model: LoadedModel) -> bool:
        """Measure the next level."""
        if self._left and self._budget.is_spent:
            self._gaps.append(f"{_at_once(self._left)}: the time budget was spent")
            self._left.clear()
        if not self._left:
            return False
        requests = self._left.popleft()
        runs = await asyncio.gather(*(self._stamped(model) for _ in range(requests)))
        finished = [run for run in runs if not isinstance(run, OllamaError)]
        failures = [run for run in runs if isinstance(run, OllamaError)]
        if why := _why_not(failures, finished, model):
            self._gaps.append(f"{_at_once([requests])}: {why}")
            if self._left:
                self._gaps.append(f"{_at_once(self._left)}: not tried after that")
            return False
        self._points.append(concurrency_point(finished))
        return bool(self._left)

    async def _stamped(self, model: LoadedModel) -> tuple[int, StreamRecord] | OllamaError:
        """Run one trial; returns when it was sent (monotonic ns) and its record, or why it failed."""
        prompt = workload.prompt(model.visit.nonce())
        sent_ns = time.perf_counter_ns()
        try:
            return sent_ns, await model.generate_once(prompt, num_predict=self._trial_tokens)
        except OllamaError as exc:
            return exc


def _why_not(
    failures: Sequence[OllamaError], finished: Sequence[tuple[int, StreamRecord]], model: LoadedModel
) -> str | None:
    """Return why a level gives no figures, None where it does."""
    if failures:
        first = failures[0]
        is_refusal = isinstance(first, ServerError) and first.status in TURNED_AWAY
        return f"turned away (HTTP {first.status})" if isinstance(first, ServerError) and is_refusal else str(first)
    opening = model.opening
    if opening is None or opening.warm_up is None:
        return None
    warm_up, was_loaded = opening.warm_up, opening.was_loaded
    if any(metrics.was_reloaded(record, warm_up, was_loaded=was_loaded) for _, record in finished):
        return "the model was loaded again"
    return None


def _at_once(levels: Iterable[int]) -> str:
    listed = " and ".join(map(str, levels))
    return "1 request at once" if listed == "1" else f"{listed} requests at once"


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
