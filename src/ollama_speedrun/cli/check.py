"""`check [TARGET ...] --baseline FILE|RUN`: what the baseline holds is measured again, and compared with its limits."""

import argparse
import asyncio
import json
from collections.abc import Sequence
from pathlib import Path

import msgspec

from ..benchmark.plan import BenchmarkSettings
from ..comparison.compare import compare
from ..comparison.gate import Judgement, Limits, confirmed, judged, outcome
from ..comparison.pairing import pairs
from ..comparison.types import Comparison
from ..discovery.targets import parse_target
from ..discovery.types import DiscoveryPlan
from ..errors import OutputError, UsageError, cause_of
from ..events import Notice, Phase
from ..history.reference import resolve
from ..pipeline.events import Event
from ..pipeline.record import Run, Selection
from ..pipeline.run import run
from ..pipeline.settings import RunSettings
from ..report import figures, gate_formats
from ..results.files import write_atomically
from ..results.several import of_results
from ..results.types import Document
from ..wording import counted
from . import planning, saved
from .environment import Environment
from .exit_codes import ExitCode
from .interrupts import on_interrupt
from .kinds import POINTS, percent, points_share
from .late_display import LateDisplay
from .planning import NamedHosts
from .run import load_settings
from .screen import Screen
from .settings import Settings

MOST_ITEMS = 80
"""A check asks no more items of a model, also where the baseline asked more."""
STATUSES = {"passed": ExitCode.DONE, "worse": ExitCode.WORSE, "cannot-tell": ExitCode.CANNOT_TELL}
GITHUB, GITHUB_SUMMARY = "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"


def main(environment: Environment, arguments: argparse.Namespace) -> ExitCode:
    """Measure what the baseline holds, measure again what seems worse, and say what came of it."""
    if arguments.baseline is None:
        raise UsageError("check needs a baseline; give --baseline FILE, or --baseline last for the last run")
    limits = _limits(arguments)
    chosen = load_settings(environment, arguments)
    screen = Screen(environment, chosen, as_json=arguments.json)
    with saved.opened_history(environment, chosen, screen) as history:
        baseline = saved.assessed(resolve(arguments.baseline, history), chosen)
    named = planning.named_hosts(chosen, environment)
    check = _Check(environment, chosen, screen, named, _narrowed(baseline, chosen, named), limits)
    found = asyncio.run(check.conduct())
    if found is None:
        screen.complain("interrupted; nothing was decided")
        return ExitCode.INTERRUPTED
    if found.unlike and not found.judgements:
        screen.complain(
            f"measured with other settings than the baseline: {'; '.join(found.unlike)}; make a new baseline with `run`"
        )
        return ExitCode.UNLIKE
    _tell(environment, screen, arguments, baseline, found)
    return STATUSES[outcome(found.judgements)]


class Found(msgspec.Struct, frozen=True):
    """What a check found: the judgements, and what could not be compared."""

    judgements: tuple[Judgement, ...]
    unlike: tuple[str, ...]


def _limits(arguments: argparse.Namespace) -> Limits:
    usual = Limits()
    slowdown, drop = arguments.max_slowdown, arguments.max_quality_drop
    try:
        share = usual.slowdown if slowdown is None else percent(slowdown)
        points = usual.quality_drop if drop is None else 100 * points_share(drop)
    except ValueError:
        raise UsageError(
            f"--max-slowdown is {slowdown!r} and --max-quality-drop {drop!r}; give a share from 0 % to below 100 %, "
            f"such as 10%, and {POINTS.expected}"
        ) from None
    return Limits(slowdown=share, quality_drop=points)


def _narrowed(baseline: Document, chosen: Settings, named: NamedHosts) -> Document:
    """Return what of a baseline is to be checked; raises `UsageError` where that is nothing.

    `--tier` goes by the memory that the baseline measured. A pattern in `--host` chooses among the baseline's hosts,
    unless targets are named: then it chooses among those.
    """
    hosts = () if named.targets else named.patterns
    selection = Selection(hosts=hosts, include=chosen.model, exclude=chosen.exclude)
    tiers = {entry.key for entry in baseline.assessments if entry.tier in chosen.tier}
    kept = of_results(
        saved.selected(baseline, selection),
        lambda result: result.status == "ok" and result.embedding is None and (not chosen.tier or result.key in tiers),
    )
    if not kept.results or baseline.settings is None:
        raise UsageError(
            "the baseline holds no measured model to check; loosen --host, --model, --exclude and --tier, or give a "
            "FILE or RUN that `run` made"
        )
    return kept


class _Check:
    def __init__(  # noqa: PLR0913, PLR0917 - what the command line decides, each independent of the others
        self,
        environment: Environment,
        chosen: Settings,
        screen: Screen,
        named: NamedHosts,
        baseline: Document,
        limits: Limits,
    ) -> None:
        self._environment = environment
        self._chosen = chosen
        self._screen = screen
        self._named = named
        self._baseline = baseline
        self._limits = limits

    async def conduct(self) -> Found | None:
        """Return what was found; None where the check was interrupted."""
        planning.confirm_sweep(self._plan(self._baseline), self._chosen, self._environment)
        first = await self._measured(self._baseline)
        if first is None:
            return None
        comparison = self._compared(self._baseline, first)
        judgements = judged(comparison, self._limits)
        doubted = {one.key for one in judgements if one.outcome != "passed" and one.figure is not None}
        if doubted:
            again = of_results(self._baseline, lambda result: result.key in doubted)
            all_of_it = counted(len(self._baseline.results), "result")
            self._screen.note(f"Not passed at once, so measured again: {len(doubted)} of {all_of_it}.")
            second = await self._measured(again)
            if second is None:
                return None
            judgements = confirmed(judgements, judged(self._compared(again, second), self._limits))
        return Found(judgements, comparison.unlike)

    def _compared(self, baseline: Document, measured: Document) -> Comparison:
        """Compare what belongs together; a baseline of other hosts is compared model by model."""
        matched = pairs(baseline, measured) or pairs(baseline, measured, by_host=False)
        return compare(baseline, measured, matched)

    async def _measured(self, baseline: Document) -> Document | None:
        """Measure the models of a baseline on its hosts, or on the targets; None where that was interrupted."""
        finished = Run()
        settings = RunSettings(
            selection=Selection(
                hosts=self._named.patterns if self._named.targets else (),
                include=tuple(sorted({_literal(result.model) for result in baseline.results})),
            ),
            benchmark=_settings_of(baseline),
        )
        plan = self._plan(baseline)
        with LateDisplay(self._screen.display) as display:

            def emit(found: Event) -> None:
                display.handle(self._environment.mask.within(found))

            display.handle(Notice(f"{counted(len(baseline.results), 'result')} of the baseline to measure"))
            work = asyncio.create_task(run(plan, settings, until=Phase.BENCHMARK, emit=emit, into=finished))
            with on_interrupt(work.cancel):
                await asyncio.wait([work])
        if work.cancelled():
            return None
        work.result()
        return saved.assessed(self._environment.mask.within(finished.document(complete=True)), self._chosen)

    def _plan(self, baseline: Document) -> DiscoveryPlan:
        """Return the plan that asks the targets or, where none is named, the hosts of a baseline."""
        named = self._named
        if not named.targets:
            urls = sorted({result.host for result in baseline.results})
            named = NamedHosts(tuple(map(parse_target, urls)), ())
        return planning.discovery_plan(self._chosen, self._environment, named)


def _literal(name: str) -> str:
    """Return a glob that matches this name alone."""
    return "".join(f"[{one}]" if one in "*?[" else one for one in name)


def _settings_of(baseline: Document) -> BenchmarkSettings:
    """Return the settings of the baseline, with its items and no race: each model is asked as many, up to a bound."""
    settings = baseline.settings or BenchmarkSettings()
    asked = [len(record.counted) for record in baseline.quality_records]
    seeds = {record.seed for record in baseline.quality_records if record.counted}
    items = min(max(asked, default=0), MOST_ITEMS)
    return msgspec.structs.replace(
        settings,
        max_items=items,
        first_items=items,
        races=False,
        sibling_prompts=0,
        depths=(),
        concurrency_levels=(),
        item_seed=seeds.pop() if len(seeds) == 1 else settings.item_seed,
    )


def _tell(
    environment: Environment, screen: Screen, arguments: argparse.Namespace, baseline: Document, found: Found
) -> None:
    """Print what was found, and write it for the programs that asked for it."""
    names, title = figures.host_names(baseline.hosts), arguments.baseline
    judgements = found.judgements
    if arguments.json:
        value = gate_formats.as_json(judgements, baseline=title, outcome=outcome(judgements))
        environment.put(json.dumps(value, indent=2))
    else:
        shown = [one for one in judgements if one.outcome != "passed"] if arguments.quiet else judgements
        lines = [gate_formats.line(one, names) for one in shown]
        if lines or not arguments.quiet:
            environment.put("\n".join([*lines, gate_formats.summary(judgements, title)]))
    for text in found.unlike:
        screen.note(f"{text[:1].upper()}{text[1:]}.")
    if arguments.junit is not None:
        write_atomically(Path(arguments.junit).expanduser(), gate_formats.junit(judgements, names, baseline=title))
    markdown = gate_formats.markdown(judgements, names, baseline=title)
    if arguments.summary is not None:
        write_atomically(Path(arguments.summary).expanduser(), markdown)
    if environment.variables.get(GITHUB) == "true":
        _tell_github(environment, judgements, names, markdown, as_json=arguments.json)


def _tell_github(
    environment: Environment, judgements: Sequence[Judgement], names: dict[str, str], markdown: str, *, as_json: bool
) -> None:
    """Print annotations, where standard output is not for JSON, and add to the summary of the job."""
    lines = gate_formats.annotations(judgements, names)
    if lines and not as_json:
        environment.put("\n".join(lines))
    if summary := environment.variables.get(GITHUB_SUMMARY):
        try:
            with Path(summary).open("a", encoding="utf-8") as file:
                file.write(markdown)
        except OSError as exc:
            why = cause_of(exc)
            raise OutputError(f"cannot write the job's summary {summary!r}: {why}; check {GITHUB_SUMMARY}") from exc
