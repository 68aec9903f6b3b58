"""The lines of a run that stay: one for each event that tells of something begun, found, finished or failed."""

import enum
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, TypeAlias, assert_never

from rich.text import Text

from ..assessment.events import Assessed
from ..benchmark.events import BenchmarkBegan, BenchmarkEnded, BenchmarkPartial, BenchmarkQueued, BenchmarkRevised
from ..benchmark.types import Result
from ..discovery.events import HostFound, HostMerged, ScanProgress, TargetFailed
from ..discovery.types import Host
from ..events import Notice, Phase, PhaseBegan, PhaseEnded
from ..inventory.events import ModelFailed, ModelListed
from ..pipeline.events import Event, Forecasted, ForecastRevised, TimeLimitReached
from ..pipeline.forecast import Forecast
from ..pipeline.time_left import Remaining
from ..quality.events import ItemGraded, NextTokensRead, NotAsked, PilotAnswered, QualityBegan, RaceMoved
from ..report import figures
from ..report.text import clean
from ..visit.events import BenchmarkProgress, FoundLoaded, HostLost, Waiting
from .picks import sure

SUCCESS: Final = ("✓ ", "green")
FAILURE: Final = ("✗ ", "red")
BEGIN: Final = ("→ ", "cyan")
SKIP: Final = ("– ", "dim")
INDENT: Final = "  "
WIDE: Final = 1.5
"""A time left that is less certain than this factor is shown as a range."""
MOST_NAMED: Final = 6
"""Of the models that one line names."""

Called: TypeAlias = Callable[[str], str]
"""Returns what the host at a URL is called, fit to be shown."""


class Verbosity(enum.IntEnum):
    """The amount of talk about a run."""

    QUIET = 0
    NORMAL = 1
    VERBOSE = 2


class Line(NamedTuple):
    """A line, and the verbosity from which on it is shown."""

    verbosity: Verbosity
    text: Text


def lines_of(event: Event, called: Called = figures.host_label) -> tuple[Line, ...]:
    """Return the lines that an event leaves behind, none for mere progress; `called` names the host at a URL.

    What is said of a host that is lost, and of several models that fail alike, depends on more than one event.
    """
    match event:
        case PhaseBegan() | PhaseEnded() | Notice() | Forecasted() | TimeLimitReached():
            return (_of_phase(event),)
        case HostFound() | HostMerged() | TargetFailed():
            return (_of_host(event, called),)
        case ModelListed() | ModelFailed():
            return (_of_model(event, called),)
        case BenchmarkEnded():
            return _of_result(event.result, called)
        case NotAsked() | RaceMoved():
            return (Line(Verbosity.NORMAL, Text(_of_race(event, called))),)
        case (
            ScanProgress()
            | BenchmarkQueued()
            | BenchmarkBegan()
            | BenchmarkProgress()
            | Waiting()
            | HostLost()
            | FoundLoaded()
            | BenchmarkPartial()
            | BenchmarkRevised()
            | QualityBegan()
            | PilotAnswered()
            | ItemGraded()
            | NextTokensRead()
            | Assessed()
            | ForecastRevised()
        ):
            return ()
        case _:
            assert_never(event)


def lost_line(host: str, reason: str, models: Sequence[str]) -> Line:
    """Return what is said of a host that was given up, with the models that are not measured because of it.

    `host` is what it is called.
    """
    named = ", ".join(figures.name(model) for model in models[:MOST_NAMED])
    more = f" and {len(models) - MOST_NAMED} more" if len(models) > MOST_NAMED else ""
    count = "1 model is" if len(models) == 1 else f"{len(models)} models are"
    lacking = f"; {count} not measured: {named}{more}" if models else "; its models are asked no more items"
    text = Text.assemble(INDENT, FAILURE, (host, "bold"), f": {clean(reason)}{lacking}")
    return Line(Verbosity.QUIET, text)


def failed_line(results: Sequence[Result], called: Called) -> Line:
    """Return what is said of models of one host that failed for one reason."""
    host, reason = results[0].host, clean(results[0].reason or "no reason was given")
    named = ", ".join(figures.name(result.label) for result in results[:MOST_NAMED])
    more = f" and {len(results) - MOST_NAMED} more" if len(results) > MOST_NAMED else ""
    who = f"{named}{more} @ {called(host)}"
    return Line(Verbosity.QUIET, Text.assemble(INDENT, FAILURE, (who, "bold"), f": {reason}"))


def remaining_figures(left: Remaining) -> tuple[str, ...]:
    """Return what is left to do, from long to short: loads, output tokens, and when which pick is there."""
    loads = f"{left.loads} load{'' if left.loads == 1 else 's'}"
    work = f"{loads}, {left.tokens:,} tokens"
    if left.seconds < 1:
        return ("",)
    low_s, high_s = left.low_s or left.seconds, left.high_s or left.seconds
    whole = figures.span(low_s, high_s) if high_s > WIDE * low_s else f"about {figures.roughly(left.seconds)}"
    about = f"{whole} left"
    if left.likely_s is None:
        return (f"{work} · {about}", about)
    picks = f"likely picks in {figures.roughly(left.likely_s)}, all in {whole.removeprefix('about ')}"
    return (f"{work} · {picks}", picks, about)


def _of_race(event: NotAsked | RaceMoved, called: Called) -> str:
    """Return who left a race, or who leads it, how sure that is, and how far the round goes."""
    if isinstance(event, NotAsked):
        return f"  – {label(event.model, called(event.host))}: asked no more items, {clean(event.reason)}"
    host, model, _ = event.pick
    where = "" if event.tier is None else f"{event.tier} GB: "
    if event.is_over:
        return f"  {where}{label(model, called(host))} is the best, {sure(event)}"
    rest = f"{event.models} models in the race, up to {event.until} items each"
    return f"  {where}{label(model, called(host))} leads, {sure(event)}; {rest}"


def forecast_line(found: Forecast) -> str:
    """Return what a run has to do, and about how long that takes."""
    work = (
        f"{found.models} model{'' if found.models == 1 else 's'}, {found.loads} load{'' if found.loads == 1 else 's'}"
    )
    low, high = figures.roughly(found.low_s), figures.roughly(found.high_s)
    about = f"about {figures.roughly(found.seconds)} ({low} to {high})"
    if found.likely_s is not None:
        about = f"likely picks in about {figures.roughly(found.likely_s)}, certified ones in {about}"
    return f"{work}, {found.tokens:,} output tokens: {about}"


def label(model: str, host: str) -> str:
    """Return a model on a host, which is given as it is called, as the display names it."""
    return f"{figures.name(model)} @ {host}"


def _of_phase(event: PhaseBegan | PhaseEnded | Notice | Forecasted | TimeLimitReached) -> Line:
    match event:
        case PhaseBegan(phase=phase, detail=detail):
            return Line(Verbosity.NORMAL, Text.assemble(BEGIN, _name(phase), f": {clean(detail)}"))
        case PhaseEnded(phase=phase, succeeded=True, summary=summary):
            return Line(Verbosity.NORMAL, Text.assemble(SUCCESS, _name(phase), f": {clean(summary)}"))
        case PhaseEnded(phase=phase, summary=summary):
            return Line(Verbosity.QUIET, Text.assemble(FAILURE, _name(phase), f": {clean(summary)}"))
        case Notice(text=text):
            return _note(text)
        case Forecasted(found):
            return Line(Verbosity.NORMAL, Text.assemble(INDENT, "forecast: ", forecast_line(found)))
        case TimeLimitReached(measured, models):
            return _note(f"time limit reached: {measured} of {models} models measured")
        case _:
            assert_never(event)


def _note(text: str) -> Line:
    return Line(Verbosity.NORMAL, Text.assemble(INDENT, ("note: ", "yellow"), clean(text, 600)))


def _of_host(event: HostFound | HostMerged | TargetFailed, called: Called) -> Line:
    match event:
        case HostFound(host=host):
            return Line(Verbosity.NORMAL, Text.assemble(INDENT, SUCCESS, _host(host)))
        case HostMerged(host=host):
            return Line(Verbosity.VERBOSE, Text.assemble(INDENT, f"the same server: {_host(host)}"))
        case TargetFailed(url=url, reason=reason):
            text = Text.assemble(INDENT, FAILURE, f"{called(url)}: {clean(reason)}")
            return Line(Verbosity.QUIET, text)
        case _:
            assert_never(event)


def _host(host: Host) -> str:
    """Return what is said of a host: its address, what it is, and the ways it was reached."""
    server = f"{figures.name(host.kind)} {figures.name(host.version)}" if host.version else figures.name(host.kind)
    return f"{figures.host_title(host)}: {server}, via {figures.name(', '.join(host.via))}"


def _of_model(event: ModelListed | ModelFailed, called: Called) -> Line:
    match event:
        case ModelListed(model=model):
            cells = (
                model.kind,
                figures.size(model.size_bytes),
                figures.word(model.parameter_size),
                figures.word(model.quantization),
            )
            known = ", ".join(cell for cell in cells if cell != figures.ABSENT)
            return Line(Verbosity.VERBOSE, Text.assemble(INDENT, f"{label(model.name, called(model.host))}: {known}"))
        case ModelFailed(host=host, model=model, reason=reason):
            text = Text.assemble(INDENT, ("✗ ", "yellow"), f"{label(model, called(host))}: {clean(reason)}")
            return Line(Verbosity.QUIET, text)
        case _:
            assert_never(event)


def _figures(result: Result) -> str:
    """Return the figures of a result that ended well in one line."""
    load = f"load {figures.duration(result.load_s)}"
    if (found := result.embedding) is not None:
        one, many = figures.rate(found.batch_1_per_s), figures.rate(found.batch_32_per_s)
        return f"{one} emb/s, {many} at 32, {load}, {found.dimension} dimensions"
    precision = f" {figures.precision(result.decode_interval)}" if result.decode_interval else ""
    speed = f"{figures.rate(result.speed_tps)}{precision} tok/s, TTFT {figures.duration(result.ttft_s)}"
    return f"{speed}, {load}, {figures.tokens(result.output_tokens)} tokens"


def _known_since(result: Result) -> str:
    """Return from when a result is that was taken over, empty for one that was measured now."""
    if result.measured_in is None:
        return ""
    return "known: " if result.ended_at is None else f"known since {result.ended_at.astimezone():%Y-%m-%d}: "


def _of_result(result: Result, called: Called) -> tuple[Line, ...]:
    """Return the result's line and, for the verbose, one for each of its caveats."""
    name = label(result.label, called(result.host))
    caveats = (
        Line(Verbosity.VERBOSE, Text.assemble(INDENT * 2, ("! ", "yellow"), clean(caveat.text)))
        for caveat in result.caveats
    )
    match result.status:
        case "ok":
            since = _known_since(result)
            measured = Text.assemble(INDENT, SUCCESS, (name, "bold"), f": {since}{_figures(result)}")
            return (Line(Verbosity.NORMAL, measured), *caveats)
        case "failed":
            reason = clean(result.reason or "no reason was given")
            return (Line(Verbosity.QUIET, Text.assemble(INDENT, FAILURE, (name, "bold"), f": {reason}")), *caveats)
        case "skipped":
            reason = clean(result.reason or "no reason was given")
            return (Line(Verbosity.NORMAL, Text.assemble(INDENT, SKIP, f"{name}: {reason}")),)
        case _:
            assert_never(result.status)


def _name(phase: Phase) -> tuple[str, str]:
    return phase.value.capitalize(), "bold"
