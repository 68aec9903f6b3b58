"""How the figures of further studies were computed, with the numbers of their raw records put in. Pure."""

from collections.abc import Iterator

from .. import units
from ..benchmark import metrics
from ..benchmark.parallelism import inferred
from ..benchmark.types import EnergyFigures, Result, SecondTurn, StreamRecord
from . import figures, further


def explain_further(result: Result) -> Iterator[str]:
    """Yield the lines on each further finding of a result."""
    if result.second_turn is not None:
        yield from _of_second_turn(result.second_turn)
    if (found := inferred(result.concurrency)) is not None:
        yield "concurrency: output tokens / (last byte − first request), client clock; streams that overlapped"
        yield f"  {further.requests_at_once(found)}"
    if result.energy is not None:
        yield from _of_energy(result.energy)
    if result.content:
        yield "content: decode rate by what is written, geometric mean of the trials of each"
        yield f"  {further.content(result.content, result.decode_interval)}"


def _of_second_turn(found: SecondTurn) -> Iterator[str]:
    yield "second_turn: a conversation of two turns, client clock; its cache by the server's clock or count"
    if line := further.second_turn(found):
        yield f"  {line}"
    yield f"  ttft_warm_s: first content of the second turn = {_first(found.ttft_warm_s, found.second)}"
    yield f"  ttft_cold_s: first content of as long a conversation = {_first(found.ttft_cold_s, found.other)}"
    yield from _of_cache("cached_share", found.second, found.other, found.cached_share, found.told_by)
    if found.third is not None:
        yield from _of_cache("later_cached_share", found.third, found.other, found.later_cached_share, found.told_by)


def _first(seconds: float | None, turn: StreamRecord) -> str:
    """Return a time to first token; of one that cannot be told, why."""
    if seconds is not None:
        return figures.duration(seconds)
    if metrics.was_stamped_late(turn):
        return "not told: this program stood still when it came"
    return "not told: tokens were decoded before it came" if turn.first_content_ns else "not told: nothing came"


def _of_energy(found: EnergyFigures) -> Iterator[str]:
    yield "energy: watts · seconds / output tokens; the seconds have the reading of the prompts in them"
    yield f"  {further.energy(found)}"
    of = f"{found.seconds:.3f} s / {found.output_tokens} tokens"
    yield f"  joules_per_token: {found.busy_watts:.4g} W · {of} = {found.joules_per_token:.4g} J, idle power included"
    if found.idle_watts is not None and found.joules_per_token_above_idle is not None:
        yield (
            f"  joules_per_token_above_idle: ({found.busy_watts:.4g} − {found.idle_watts:.4g}) W · {of} = "
            f"{found.joules_per_token_above_idle:.4g} J"
        )
    yield f"  tokens_per_wh: 3600 / {found.joules_per_token:.4g} J = {found.tokens_per_wh:.4g}"
    if found.cost_per_million_tokens is not None:
        yield (
            f"  cost_per_million_tokens: 10^6 · {found.joules_per_token:.4g} J / 3.6·10^6 J · "
            f"{found.price_per_kwh:g} = {found.cost_per_million_tokens:.4g}"
        )


def _of_cache(
    field: str, read: StreamRecord, cold: StreamRecord, share: float | None, told_by: str | None
) -> Iterator[str]:
    if share is None:
        yield f"  {field}: none: the server gave no count and no duration that tells"
    elif told_by == "count":
        yield (
            f"  {field}: prompt_eval_cached_count / prompt_eval_count = {read.prompt_eval_cached_count} / "
            f"{read.prompt_eval_count} = {share:.1%}"
        )
    else:
        yield (
            f"  {field}: 1 − (tokens read in {_s(read)} at the rate of the cold read: {cold.prompt_eval_count} in "
            f"{_s(cold)}) / {read.prompt_eval_count} = {share:.1%}"
        )


def _s(record: StreamRecord) -> str:
    duration_ns = record.prompt_eval_duration_ns
    return figures.ABSENT if duration_ns is None else f"{units.seconds(duration_ns):.6f} s"
