"""One run of the pipeline on the command line: display, checkpoints, interrupts, result, exit status."""

import argparse
import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from functools import partial
from types import MappingProxyType

from ..benchmark.events import BenchmarkEnded, BenchmarkPartial, BenchmarkRevised
from ..discovery.events import HostFound, HostMerged, ScanProgress, TargetFailed
from ..discovery.scan import find_servers
from ..discovery.types import DiscoveryPlan
from ..errors import OutputError, UsageError
from ..events import Notice, Phase
from ..pipeline.events import Event, Forecasted
from ..pipeline.forecast import Forecast
from ..pipeline.record import Run
from ..quality.events import ItemGraded
from ..results.fits import with_contexts_in
from ..results.types import Document
from ..results.worth import Worth
from ..visit.events import BenchmarkProgress
from . import asking, planning, settings
from .ending import Ending
from .environment import Environment
from .exit_codes import ExitCode
from .interrupts import on_interrupt
from .late_display import LateDisplay
from .open_files import too_few
from .options import PROGRAM, VERBS
from .results import Checkpoints, ResultFiles
from .screen import Screen
from .settings import Settings

TYPE_CHECKING = False  # loading rich takes longer than a LAN takes to answer
if TYPE_CHECKING:
    from ..history.journal import Journal
    from ..pipeline.settings import RunSettings
    from .earlier import Past


DEFAULT_VERB = "run"
_log = logging.getLogger(__name__)
TOO_FEW_FILES = "only {} files may be open at once, which slows the scan; `ulimit -n 1024` before it allows more"


def load_settings(
    environment: Environment, arguments: argparse.Namespace, *, defaults: Mapping[str, object] = MappingProxyType({})
) -> Settings:
    """Return the settings that hold for this command line, with some defaults other than the usual."""
    flags = dict(vars(arguments))
    targets = _targets(flags.pop("targets", None) or ())
    loaded = settings.load(environment, flags, config_flag=arguments.config, defaults=defaults, targets=targets)
    chosen = loaded.settings
    if chosen.verbose or chosen.log is not None:
        from .logs import logging_to

        environment.closing.enter_context(logging_to(environment, verbose=chosen.verbose, file=chosen.log))
        _log.debug("%s %s %s", arguments.verb, chosen.targets, dict(chosen.by_key))
    return chosen


def _targets(written: Sequence[str]) -> tuple[str, ...]:
    """Return the TARGETs, and refuse one that names nothing: without it more would be probed than what was typed."""
    targets = tuple(part.strip() for text in written for part in text.split(","))
    for target in targets:
        if not target:
            raise UsageError("a TARGET is empty; give a host, HOST:PORT, a URL or a network")
        if planning.is_pattern(target):
            raise UsageError(
                f"TARGET {target!r} is a pattern and names no server; give a host, HOST:PORT, a URL or a network, "
                f"or choose among all that a scan finds with --host {target!r}"
            )
    return targets


def main(environment: Environment, arguments: argparse.Namespace) -> ExitCode:
    """Run the phases of a verb that differs from others by the last of them alone."""
    until = next(verb.until for verb in VERBS if verb.name == arguments.verb)
    return run_until(Phase(until), environment, arguments)


def run_until(phase: Phase, environment: Environment, arguments: argparse.Namespace) -> ExitCode:
    """Run the phases up to this one on what the command line names, or on all that is within reach."""
    past = _past(environment, arguments) if phase >= Phase.BENCHMARK else None
    if past is not None:
        arguments = argparse.Namespace(**{**vars(arguments), **past.flags})
    chosen = load_settings(environment, arguments)
    hosts = planning.named_hosts(chosen, environment)
    plan = planning.discovery_plan(chosen, environment, hosts)
    planning.confirm_sweep(plan, chosen, environment)
    command = RunCommand(
        environment,
        chosen,
        until=phase,
        as_json=arguments.json,
        as_stream=phase is Phase.DISCOVER and arguments.stream,
        explain=getattr(arguments, "explain", None),
        host_patterns=hosts.patterns,
        verb=arguments.verb,
        past=past,
    )
    return command.conduct(nullcontext(plan))


def _past(environment: Environment, arguments: argparse.Namespace) -> "Past":
    """Return what the run knows of earlier ones; with `--resume` it has the flags of the run that it goes on with."""
    from . import earlier

    flags = earlier.flags_of(arguments)
    chosen = settings.load(environment, vars(arguments), config_flag=arguments.config).settings
    path = planning.history_file(chosen, environment)
    resumed = None if arguments.resume is None else earlier.resumed(path, arguments.resume, verb=arguments.verb)
    if resumed is not None:
        flags = earlier.flags_to_go_on(resumed, flags)
    return earlier.Past(path=path, flags=flags, resumed=resumed, fresh=bool(flags.get("fresh", chosen.fresh)))


class RunCommand:
    """A run on the command line, without its plan; making one checks that the result can be written."""

    def __init__(  # noqa: PLR0913 - what the command line decides, each independent of the others
        self,
        environment: Environment,
        chosen: Settings,
        *,
        until: Phase,
        as_json: bool,
        as_stream: bool = False,
        explain: str | None = None,
        host_patterns: Sequence[str] = (),
        verb: str = DEFAULT_VERB,
        past: "Past | None" = None,
    ) -> None:
        self._environment = environment
        self._screen = Screen(environment, chosen, as_json=as_json)
        self._as_stream = as_stream
        self._explain = explain
        self._until = until
        self._chosen = chosen
        self._selection = planning.selection(chosen, host_patterns=host_patterns)
        self._measures = until >= Phase.BENCHMARK
        self._own_items = planning.own_items(chosen) if self._measures else ()
        self._files = ResultFiles(
            chosen.output,
            usual={Phase.DISCOVER: Worth.SERVERS, Phase.ENUMERATE: Worth.MODELS}.get(until, Worth.RESULTS),
            shown=planning.report_settings(chosen),
        )
        self._past = past
        self._verb = verb
        self._settings = self._run_settings() if self._measures else None
        self._journal = self._new_journal() if chosen.save and self._measures else None
        self._has_warned = False
        self._run = Run()
        if past is not None and past.resumed is not None:
            self._run.go_on(past.resumed.document)
            self._screen.note(past.resumed.in_words)
        self._run.begin(self._selection)
        self._failed_targets: list[str] = []
        self._is_declined = False

    def conduct(self, plans: AbstractAsyncContextManager[DiscoveryPlan]) -> ExitCode:
        """Run the pipeline while the context holds, write and print the result, and return the exit status.

        Whatever ends the run, what was finished is written. Raises `OutputError` where that was not possible.
        """
        complete = False
        try:
            complete = asyncio.run(self._drive(plans)) and not self._run.is_out_of_time
        except asyncio.CancelledError:  # a signal came before there was a pipeline
            raise KeyboardInterrupt from None
        finally:
            if self._is_declined:
                raise UsageError(f"{asking.DECLINED}; {asking.quicker(self._chosen)}")
            self._run.end()
            document = self._document(self._run, complete=complete)
            chosen = self._document(self._run, complete=complete, chosen_only=True)
            result = document if self._measures else chosen
            if self._journal is not None:
                self._journal.finish(document)
            where = self._journal.where if self._journal is not None else None
            unwritten = self._files.write(result, is_last=True, kept_in=where)
        ending = Ending(
            document=document,
            until=self._until,
            selection=self._selection,
            has_server=any(host.is_ollama for host in chosen.hosts),
            has_model=bool(chosen.models),
            failed_targets=tuple(self._failed_targets),
            is_out_of_time=self._run.is_out_of_time,
            resume=None if where is None or self._past is None else self._command_to_resume,
        )
        try:
            unprinted = self._print(result, document, kept_in=where)
        except BrokenPipeError:
            if unwritten is None:
                raise
            unprinted = None
        self._tell_the_end(ending, where)
        failures = [str(error) for error in (unwritten, unprinted) if error is not None]
        if failures:
            raise OutputError("; ".join(failures))
        return ending.status

    def _print(self, result: Document, document: Document, *, kept_in: str | None) -> OutputError | None:
        """Print what was found; where that fails, return the error, which says where it is kept."""
        try:
            if not self._as_stream:
                self._screen.show(result, until=self._until)
            if self._explain is not None:
                self._screen.explain(document, self._explain)
        except OutputError as exc:
            if kept_in is not None:
                return OutputError(f"{exc}; the result is in {kept_in}: `{PROGRAM} assess` prints it")
            return OutputError(f"{exc}; the result is in {', '.join(self._files.names)}") if self._files.names else exc
        return None

    def _document(self, run: Run, *, complete: bool, chosen_only: bool = False) -> Document:
        """Return what a run has so far, as it may leave the program."""
        assessed = self._until is Phase.ASSESS
        document = run.document(complete=complete, assessed=assessed, chosen_only=chosen_only)
        document = with_contexts_in(document, self._chosen.max_memory_bytes)
        return self._environment.mask.within(document)

    async def _drive(self, plans: AbstractAsyncContextManager[DiscoveryPlan]) -> bool:
        """Return whether the run came to its own end."""
        few = too_few()
        async with plans as plan, asyncio.TaskGroup() as group:
            with LateDisplay(self._screen.display) as display:
                checkpoints = Checkpoints(
                    self._files,
                    snapshot=lambda: partial(self._document, self._run.snapshot(), complete=False),
                    warn=lambda text: display.handle(Notice(text)),
                )

                def emit(found: Event) -> None:
                    event = self._environment.mask.within(found)
                    display.handle(event)
                    self._keep(event, warn=lambda text: display.handle(Notice(text)))
                    if not isinstance(event, BenchmarkProgress | ScanProgress):  # these come while time is measured
                        _log.debug("%r", event)
                    match event:
                        case BenchmarkPartial() | ItemGraded():
                            checkpoints.request()
                        case BenchmarkEnded() | BenchmarkRevised():
                            checkpoints.request(at_once=True)
                        case Forecasted(forecast) if not self._asks and asking.is_long(forecast, self._chosen):
                            display.handle(Notice(asking.warning(forecast, self._chosen)))
                        case TargetFailed(url):
                            self._failed_targets.append(url)
                        case HostFound(host) | HostMerged(host) if self._as_stream and self._run.has_chosen(host):
                            self._screen.stream(host)
                        case _:
                            pass

                if few is not None:
                    display.handle(Notice(TOO_FEW_FILES.format(few)))
                if self._selection.tiers:
                    display.handle(Notice("--tier goes by the size on disk, for no memory was measured yet"))
                self._environment.log_line = display.log
                group.create_task(checkpoints.keep())
                pipeline = group.create_task(self._work(plan, emit, display))
                try:
                    with on_interrupt(pipeline.cancel):
                        await asyncio.wait([pipeline])
                finally:
                    self._environment.log_line = self._environment.say
                    checkpoints.finish()
        return not pipeline.cancelled()

    async def _work(self, plan: DiscoveryPlan, emit: Callable[[Event], None], display: LateDisplay) -> None:
        if self._until is Phase.DISCOVER:

            def keep(event: Event) -> None:
                self._run.keep(event)
                emit(event)

            await find_servers(plan, emit=keep)
            return
        from ..pipeline.run import run

        settings = self._settings or self._run_settings()
        recall = None if self._past is None else self._past.recall(settings)

        async def approve(forecast: Forecast) -> bool:
            if asking.is_long(forecast, self._chosen):
                with await display.held():
                    self._is_declined = not await asking.confirmed(forecast, self._chosen, self._environment)
            return not self._is_declined

        asked = approve if self._asks else None
        await run(plan, settings, until=self._until, emit=emit, into=self._run, approve=asked, recall=recall)

    @property
    def _command_to_resume(self) -> str:
        return f"{PROGRAM} --resume" if self._verb == DEFAULT_VERB else f"{PROGRAM} {self._verb} --resume"

    def _run_settings(self) -> "RunSettings":
        found = planning.run_settings(self._chosen, selection=self._selection, own_items=self._own_items)
        return found if self._past is None else self._past.settings(found)

    @property
    def _asks(self) -> bool:
        """True if a person is asked before a long run."""
        return self._measures and not self._chosen.yes and self._environment.is_interactive

    def _new_journal(self) -> "Journal":
        from ..history.journal import Journal

        flags = {} if self._past is None else self._environment.mask.within(dict(self._past.flags))
        return Journal(planning.history_file(self._chosen, self._environment), verb=self._verb, arguments=flags)

    def _keep(self, event: Event, *, warn: Callable[[str], None]) -> None:
        """Put an event into the history, and say once where that takes no more."""
        if self._journal is None:
            return
        self._journal.take(event, lambda: partial(self._document, self._run.snapshot(), complete=False))
        if self._journal.why_not is not None and not self._has_warned:
            self._has_warned = True
            warn(f"{self._journal.why_not}; the run goes on and tries again at its end")

    def _tell_the_end(self, ending: Ending, where: str | None) -> None:
        for name in self._files.names:
            self._screen.note(f"Written: {name}")
        for remark in self._files.remarks:
            self._screen.complain(remark)
        if self._journal is not None and self._journal.remark is not None:
            self._screen.complain(self._journal.remark)
        if self._journal is not None and self._journal.why_not is not None:
            why = "for the reason above" if self._has_warned else self._journal.why_not
            self._screen.note(f"Not kept in the history: {why}")
        elif self._has_warned and where is not None:
            self._screen.note(f"Kept after all in {where}")
        if ending.is_out_of_time and ending.resume is not None:
            self._screen.note(f"What is left can be measured with: {ending.resume}")
        if ending.sentence:
            self._screen.complain(ending.sentence)
