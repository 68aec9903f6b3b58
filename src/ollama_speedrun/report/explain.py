"""The derivation of each figure of a result: its formula with the numbers of the raw records put in. Pure.

docs/metrics.md states the same formulas. Every value is computed by the functions that computed the result's.
"""

import fnmatch
import math
from collections.abc import Callable, Iterator, Sequence
from typing import Final, Literal

import msgspec
from rich.cells import cell_len

from .. import units
from ..assessment import score
from ..assessment.score import Formula
from ..assessment.tiers import TIERS
from ..assessment.types import Rated
from ..benchmark import delays, disturbances, metrics, stats, workload
from ..benchmark.types import CaveatKind, Result, StreamRecord
from ..inventory.types import Model
from ..results.types import Document
from . import figures
from .explain_further import explain_further
from .explain_items import explain_items
from .layout import shorten
from .memory import explained
from .text import clean

WIDTH: Final = 80
TEXT_LIMIT: Final = 1000
SAME: Final = 1e-6
"""Two scores that differ by a smaller share come from the same formula."""
_FEW: Final = f"fewer than {metrics.FEWEST_TOKENS} tokens"
_SHORT: Final = f"below {1000 * units.seconds(delays.SHORTEST_WINDOW_NS):g} ms"
TOO_LITTLE: Final = f"{_FEW}, or a duration {_SHORT} or absent"


class Figure(msgspec.Struct, frozen=True):
    """A figure that several records give: its field, formula and clock, and how one record gives it.

    `numbers` puts a record's into the formula, None where the value is one of the record's own stamps.
    """

    field: str
    formula: str
    clock: Literal["server", "client"]
    unit: Literal["tok/s", "s"]
    value: Callable[[StreamRecord], float | None]
    numbers: Callable[[StreamRecord], str] | None
    none_when: str


FIGURES: Final = (
    Figure(
        "decode_tps",
        "(eval_count − 1) / eval_duration",
        "server",
        "tok/s",
        metrics.decode_tps,
        lambda record: f"({record.eval_count} − 1) / {_s(record.eval_duration_ns)}",
        TOO_LITTLE,
    ),
    Figure(
        "decode_client_tps",
        "(eval_count − 1 − e) / (last − first content)",
        "client",
        "tok/s",
        metrics.decode_client_tps,
        lambda record: (
            f"({record.eval_count} − 1 − {int(record.done_reason == 'stop')}) / "
            f"({_s(record.last_content_ns)} − {_s(record.first_content_ns)})"
        ),
        f"{_FEW} or content chunks, or a window {_SHORT}",
    ),
    Figure(
        "ollama_tps",
        "eval_count / eval_duration",
        "server",
        "tok/s",
        metrics.ollama_tps,
        lambda record: f"{record.eval_count} / {_s(record.eval_duration_ns)}",
        TOO_LITTLE,
    ),
    Figure(
        "ttft_s",
        "first content",
        "client",
        "s",
        metrics.ttft_s,
        None,
        "nothing was streamed, the first piece came long after the first token, or the request was held up",
    ),
    Figure(
        "tpot_s",
        "(last − first content) / (eval_count − 1)",
        "client",
        "s",
        metrics.tpot_s,
        lambda record: f"({_s(record.last_content_ns)} − {_s(record.first_content_ns)}) / ({record.eval_count} − 1)",
        _FEW,
    ),
    Figure(
        "unattributed_s",
        "total − load − prompt_eval − eval",
        "server",
        "s",
        lambda record: _seconds(disturbances.unattributed_ns(record)),
        lambda record: " − ".join(
            _s(duration_ns or 0)
            for duration_ns in (
                record.total_duration_ns,
                record.load_duration_ns,
                record.prompt_eval_duration_ns,
                record.eval_duration_ns,
            )
        ),
        "the server gave no durations",
    ),
)


def explain(document: Document, pattern: str, formula: Formula = score.FORMULA) -> tuple[str, ...]:
    """Return the lines that explain each result whose model or label matches a glob, at most 80 cells wide each.

    Nothing where none matches. `formula` is what the scores are explained by.
    """
    models = {(model.host, model.name): model for model in document.models}
    return tuple(
        line
        for entry in document.rated()
        if any(fnmatch.fnmatchcase(name.lower(), pattern.lower()) for name in (entry.result.model, entry.result.label))
        for long in _of_result(document, formula, entry, models.get((entry.result.host, entry.result.model)))
        for line in _wrapped(long)
    )


def value(number: float) -> str:
    """Return a number with four significant digits, without an exponent."""
    if number == 0:
        return "0"
    return f"{number:.{max(0, 3 - math.floor(math.log10(abs(number))))}f}"


def _host(document: Document, url: str) -> str:
    host = next((host for host in document.hosts if host.url == url), None)
    return figures.host_label(url) if host is None else figures.host_title(host)


def _of_result(document: Document, formula: Formula, entry: Rated, model: Model | None) -> Iterator[str]:
    result = entry.result
    yield shorten(figures.name(result.label), WIDTH)
    yield shorten(f"on {_host(document, result.host)}", WIDTH)
    yield ""
    if result.status != "ok":
        yield f"{result.status}: {clean(result.reason or 'no reason was given', TEXT_LIMIT)}"
    if result.interview is not None:
        yield from _of_records(result, result.interview)
    elif result.embedding is not None:
        yield from _of_embedding(result)
    yield from explain_further(result)
    yield from _of_place(entry, model)
    yield from _of_score(document, formula, entry)
    yield from _left_out(result)
    for record in document.quality_records:
        if record.key == result.key:
            yield from explain_items(record)
    yield ""


def _of_records(result: Result, interview: StreamRecord) -> Iterator[str]:
    trials = [(f"trial {number}", trial) for number, trial in enumerate(result.trials, start=1)]
    timed = trials or [("interview", interview)]
    for figure in FIGURES:
        yield from _of_figure(result, figure, timed)
    yield from _of_prefill(result, interview, timed)
    if result.warm_up is not None:
        yield "load_s: load_duration of the warm-up, server clock"
        loaded_s = _seconds(result.warm_up.load_duration_ns)
        yield from _outcome(result, "load_s", loaded_s, "s", "the warm-up")
    yield "ttfa_s: first chunk of the answer, client clock"
    yield from _outcome(result, "ttfa_s", metrics.ttfa_s(interview), "s", "the interview")
    yield "total_s: from the request to the last byte, client clock"
    yield from _outcome(result, "total_s", metrics.total_s(interview), "s", "the interview")


def _of_figure(result: Result, figure: Figure, timed: Sequence[tuple[str, StreamRecord]]) -> Iterator[str]:
    yield f"{figure.field}: {figure.formula}, {figure.clock} clock"
    values = []
    disturbed = _disturbed(result) if figure.field == "ttft_s" else ()
    for label, record in timed:
        found = figure.value(record)
        if found is None:
            yield f"  {label:9}  none: {figure.none_when}"
            continue
        if any(record is one for one in disturbed):
            yield f"  {label:9}  {value(found)} {figure.unit}, left out: a load or a queue is inside"
            continue
        values.append(found)
        numbers = f"{figure.numbers(record)} = " if figure.numbers else ""
        yield f"  {label:9}  {numbers}{value(found)} {figure.unit}"
    is_rate = figure.unit == "tok/s"
    middle = stats.geometric_mean(values) if is_rate else stats.percentile(values, 0.5)
    yield from _outcome(result, figure.field, middle, figure.unit, "geometric mean" if is_rate else "median")
    interval = result.decode_interval
    if figure.field == "ttft_s" and result.ttft_interval is not None:
        found_s = result.ttft_interval
        yield (f"  95 % interval, from {found_s.trials} trials: {value(found_s.low_s)} to {value(found_s.high_s)} s")
    if interval is not None and figure.field == ("decode_client_tps" if result.decode_tps is None else "decode_tps"):
        yield (
            f"  95 % interval, from {interval.trials} trials: {value(interval.low_tps)} to {value(interval.high_tps)} "
            f"tok/s, {figures.precision(interval)}"
        )


def _disturbed(result: Result) -> Sequence[StreamRecord]:
    """Return the generations that had a load or a queue inside of their time to the first token."""
    if result.warm_up is None or result.interview is None:
        return ()
    timed = result.trials or (result.interview,)
    kinds = {caveat.kind for caveat in result.caveats}
    if CaveatKind.NOT_KEPT_LOADED in kinds:
        return timed
    calm = (result.warm_up, result.interview, *result.trials)
    was_loaded = CaveatKind.LOAD_TIME_HIDDEN in kinds
    usable = disturbances.undisturbed(timed, result.warm_up, calm, was_loaded=was_loaded)
    return [record for record in timed if not any(record is one for one in usable)]


def _of_prefill(result: Result, interview: StreamRecord, timed: Sequence[tuple[str, StreamRecord]]) -> Iterator[str]:
    yield "prefill_tps: (prompt_eval_count − cached) / prompt_eval_duration, server clock"
    usable = metrics.uncached((interview, *result.trials))
    prefix = metrics.constant_prefix_tokens(result.warm_up, interview) if result.warm_up else 0
    rates = []
    for label, record in timed:
        rate = metrics.prefill_tps(record, cached_tokens=prefix)
        if rate is None:
            yield f"  {label:9}  none: {TOO_LITTLE}"
            continue
        is_used = any(record is read for read in usable)
        cached = prefix if record.prompt_eval_cached_count is None else record.prompt_eval_cached_count
        numbers = f"({record.prompt_eval_count} − {cached}) / {_s(record.prompt_eval_duration_ns)}"
        yield f"  {label:9}  {numbers} = {value(rate)} tok/s{'' if is_used else ', left out: cached'}"
        if is_used:
            rates.append(rate)
    yield from _outcome(result, "prefill_tps", stats.geometric_mean(rates), "tok/s", "geometric mean")


def _outcome(result: Result, field: str, found: float | None, unit: str, how: str) -> Iterator[str]:
    """Yield the line that says what stands in the result, and that a figure was not used where nothing does."""
    held: float | None = getattr(result, field)
    if held is not None:
        yield f"  {how}: {value(held)} {unit}"
    elif found is not None:
        yield f"  {how}: {value(found)} {unit}, not used: see what was left out"
    else:
        yield f"  {how}: none"


def _of_embedding(result: Result) -> Iterator[str]:
    found = result.embedding
    if found is None:
        return
    for texts, rate in zip(workload.EMBEDDING_BATCHES, (found.batch_1_per_s, found.batch_32_per_s), strict=True):
        if rate:
            yield f"embedding.batch_{texts}_per_s: texts / time of a request, client clock"
            numbers = f"{texts} / {value(texts / rate)} s = {value(rate)} texts/s"
            yield f"  median of {workload.EMBEDDING_ROUNDS}    {numbers}"


def _of_place(entry: Rated, model: Model | None) -> Iterator[str]:
    result, assessment = entry
    if result.memory_bytes is not None:
        share = "" if result.gpu_share is None else f", {figures.share(result.gpu_share)} of it on the GPU"
        yield f"memory_bytes: /api/ps with {result.context_length or 'an unknown number of'} tokens of context"
        yield f"  {result.memory_bytes} bytes / 10^9 = {value(units.gigabytes(result.memory_bytes))} GB{share}"
    yield from explained(result, model, assessment.context_in_memory)
    if assessment.tier is None:
        return
    by_memory = assessment.tier_basis == "memory"
    size_bytes = result.memory_bytes if by_memory else model.size_bytes if model else None
    bound = dict(TIERS)[assessment.tier]
    size = "" if size_bytes is None else f", {value(units.gigabytes(size_bytes))} GB"
    below = "" if math.isinf(bound) else f", below {bound:g} GB"
    yield f"tier: {assessment.tier}, by {'the memory in use' if by_memory else 'the size on disk'}{size}{below}"


def _of_score(document: Document, formula: Formula, entry: Rated) -> Iterator[str]:
    result, scores, graded = entry.result, entry.scores, entry.assessment.quality
    tps, ttft_s = result.speed_tps, result.ttft_s
    if scores is None or tps is None:
        return
    speed = score.speed(tps, formula)
    latency = score.UNKNOWN if ttft_s is None else score.latency(ttft_s, formula)
    if graded is not None:
        quality = graded.score / score.FULL
        overall = score.FULL * score.overall(quality=quality, speed=speed, latency=latency, formula=formula)
        yield (
            f"scores.overall: {score.FULL:g} · Q^{formula.quality_weight:g} · S^{formula.speed_weight:g} · "
            f"L^{formula.latency_weight:g}, each factor at least {formula.floor:g}"
        )
        yield f"  Q = quality / {score.FULL:g} = {value(quality)}, from {graded.items} graded items"
        yield (
            f"  S = log2({value(tps)} / {formula.slowest_tps:g}) / {formula.speed_doublings:g}, "
            f"within 0 and 1 = {value(speed)}"
        )
        yield _latency_line(ttft_s, latency, formula)
        yield f"  overall = {value(overall)}"
        if scores.overall is not None and not math.isclose(overall, scores.overall, rel_tol=SAME):
            yield f"  the document has {value(scores.overall)}, by another formula: `assess` scores it again"
    yield from _of_classic(document, formula, entry)


def _latency_line(ttft_s: float | None, latency: float, formula: Formula) -> str:
    if ttft_s is None:
        return f"  L = {value(latency)}, the middle: there is no TTFT"
    fastest_s, slowest_s = f"{formula.fastest_ttft_s:g}", f"{formula.slowest_ttft_s:g}"
    return (
        f"  L = 1 − ln({value(ttft_s)} / {fastest_s}) / ln({slowest_s} / {fastest_s}), "
        f"within 0 and 1 = {value(latency)}"
    )


def _of_classic(document: Document, formula: Formula, entry: Rated) -> Iterator[str]:
    result, scores = entry.result, entry.scores
    if scores is None or scores.classic is None or result.interview is None or result.classic_tps is None:
        return
    rated = [other.result for other in document.rated() if other.scores is not None and other.scores.classic]
    fastest_tps = max((other.classic_tps or 0.0 for other in rated), default=0.0)
    most_tokens = max((other.output_tokens or 0 for other in rated), default=0)
    window = f"({_s(result.interview.ended_ns)} − {_s(result.interview.first_content_ns)})"
    classic = scores.classic
    yield "classic_tps: eval_count / (end − first content), client clock"
    yield f"  interview  {result.output_tokens} / {window} = {value(result.classic_tps)} tok/s"
    yield "scores.classic: relative to the fastest and the longest of the run"
    full = f"{score.FULL:g}"
    yield f"  speed     = {full} · {value(result.classic_tps)} / {value(fastest_tps)} = {value(classic.speed)}"
    yield f"  quality   = {full} · {result.output_tokens} / {most_tokens} = {value(classic.quality)}"
    yield (
        f"  composite = {formula.classic_speed_weight:g} · {value(classic.speed)} + "
        f"{formula.classic_quality_weight:g} · {value(classic.quality)} = {value(classic.composite)}"
    )


def _left_out(result: Result) -> Iterator[str]:
    if result.discarded_trials:
        yield f"discarded: {result.discarded_trials} generations that others disturbed, and that were repeated"
    if result.caveats:
        yield "What was left out, and what deserves a second look:"
    for caveat in result.caveats:
        yield f"  {caveat.kind}: {clean(caveat.text, TEXT_LIMIT)}"


def _s(duration_ns: int | None) -> str:
    """Return a duration in seconds to the microsecond, so that the formula can be worked out again."""
    return figures.ABSENT if duration_ns is None else f"{units.seconds(duration_ns):.6f} s"


def _seconds(duration_ns: int | None) -> float | None:
    return None if duration_ns is None else units.seconds(duration_ns)


def _wrapped(text: str) -> Iterator[str]:
    """Yield a line as lines of at most `WIDTH` cells, all but the first indented by two more than it is."""
    if cell_len(text) <= WIDTH:
        yield text
        return
    indent = " " * (len(text) - len(text.lstrip()))
    line = indent
    for word in (shorten(word, WIDTH - len(indent) - 2) for word in text.split()):
        if line.strip() and cell_len(line) + 1 + cell_len(word) > WIDTH:
            yield line
            line = f"{indent}  "
        line += f" {word}" if line.strip() else word
    yield line
