"""A sweep over one model: speed by the number of requests at once."""

import asyncio
import time
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from .. import units
from ..errors import OllamaError, ServerError
from ..visit.loaded_model import LoadedModel
from ..visit.types import StreamRecord
from . import caveats, disturbances, metrics, stats, workload
from .budget import Budget
from .parallelism import ran_at_once
from .types import ConcurrencyPoint, Result

TURNED_AWAY: Final = (429, 503)


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
            result,
            concurrency=tuple(self._points),
            caveats=(*result.caveats, *caveats.of_gaps(self._gaps, of_depths=False)),
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
    if any(disturbances.was_reloaded(record, warm_up, was_loaded=was_loaded) for _, record in finished):
        return "the model was loaded again"
    return None


def _at_once(levels: Iterable[int]) -> str:
    listed = " and ".join(map(str, levels))
    return "1 request at once" if listed == "1" else f"{listed} requests at once"


def concurrency_point(runs: Sequence[tuple[int, StreamRecord]]) -> ConcurrencyPoint:
    """Return the figures of requests that ran together: (sent in monotonic ns, record) each.

    Throughput is all output tokens over the time from the first request to the last byte. How many ran at once is how
    many were between their first and last token at the same moment. The decode rate is the median of the streams'.
    """
    tokens = [metrics.output_tokens(record) for _, record in runs]
    window_ns = max(sent + record.ended_ns for sent, record in runs) - min(sent for sent, _ in runs)
    waits_s = [wait for _, record in runs if (wait := metrics.wait_s(record)) is not None]
    rates = [rate for _, record in runs if (rate := metrics.speed_tps(record)) is not None]
    return ConcurrencyPoint(
        requests=len(runs),
        throughput_tps=units.per_second(sum(count or 0 for count in tokens), window_ns) if None not in tokens else None,
        ttft_p50_s=stats.percentile(waits_s, 0.5),
        ttft_p95_s=stats.percentile(waits_s, 0.95),
        ran_at_once=ran_at_once(runs),
        decode_tps=stats.percentile(rates, 0.5),
    )
