"""The end of a run: its exit status, and the sentence that says why and what to try."""

from collections.abc import Sequence
from typing import Final

import msgspec

from ..benchmark.types import CaveatKind
from ..events import Phase
from ..pipeline.record import Selection
from ..report.figures import host_title
from ..report.text import clean
from ..results.types import Document
from ..wording import counted
from .exit_codes import ExitCode

NAMES_SHOWN: Final = 8
REASONS_SHOWN: Final = 3


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """The end of a run, decided by its last phase, its selection, and what it has to show.

    `has_server` and `has_model` say that the selection took any, `failed_targets` are the URLs of servers that could
    not be used. `is_out_of_time` says that the time limit ended it in order: a document that is not complete is no
    failure then. `resume` is the command that goes on with the run, None where it is not kept.
    """

    document: Document
    until: Phase
    selection: Selection
    has_server: bool
    has_model: bool
    failed_targets: tuple[str, ...] = ()
    is_out_of_time: bool = False
    resume: str | None = None

    @property
    def status(self) -> ExitCode:
        """The exit status."""
        if not (self.document.complete or self.is_out_of_time):
            return ExitCode.INTERRUPTED
        if not self.has_server:
            return ExitCode.NO_SERVER
        if self.until >= Phase.ENUMERATE and not self.has_model:
            return ExitCode.NO_MODEL
        benchmarked = self.until >= Phase.BENCHMARK
        if benchmarked and not self._count("ok"):
            return ExitCode.NOTHING_BENCHMARKED
        if self.failed_targets or (benchmarked and self._count("failed")):
            return ExitCode.PARTLY_FAILED
        return ExitCode.DONE

    @property
    def sentence(self) -> str | None:
        """Why it did not end well and what to try; None where it did."""
        match self.status:
            case ExitCode.NO_SERVER:
                return self._why_no_server()
            case ExitCode.NO_MODEL:
                return self._why_no_model()
            case ExitCode.NOTHING_BENCHMARKED:
                return self._why_nothing_benchmarked()
            case ExitCode.PARTLY_FAILED:
                return self._what_failed()
            case ExitCode.INTERRUPTED:
                return self._what_was_finished()
            case _:
                return None

    def _why_nothing_benchmarked(self) -> str:
        failed, skipped = self._count("failed"), self._count("skipped")
        if not failed and not skipped:
            return "nothing was benchmarked: the run ended before it came to a model; give it more time"
        parts = [f"{number} {what}" for number, what in ((failed, "failed"), (skipped, "skipped")) if number]
        advice = ""
        if not failed and {model.kind for model in self.document.models} <= {"image", "cloud"}:
            advice = "; no model here answers on its own machine: `ollama pull llama3.2` gets a small one"
        elif any("context" in (result.reason or "") for result in self.document.results if result.status == "failed"):
            advice = "; raise --context where a context is too short"
        return f"nothing could be benchmarked: {' and '.join(parts)}{self._why_skipped(failed)}{advice}"

    def _why_skipped(self, failed: int) -> str:
        """Return why models were left out, which `--quiet` told nobody, and where to read of those that failed."""
        why: dict[str, str] = {}
        for result in self.document.results:
            if result.status == "skipped" and result.reason:
                why.setdefault(result.reason, result.model)
        if not why:
            return f"; {_reasons_above(failed)}"
        shown = list(why.items())[:REASONS_SHOWN]
        named = [reason if len(why) == 1 else f"{clean(model, limit=80)}: {reason}" for reason, model in shown]
        more = "" if len(shown) == len(why) else "; --verbose tells all reasons"
        return f"; {'; '.join(clean(one, limit=400) for one in named)}{more}"

    def _count(self, status: str) -> int:
        return sum(result.status == status for result in self.document.results)

    def _what_was_finished(self) -> str:
        if self.until is Phase.DISCOVER:
            return f"interrupted: {counted(len(self.document.hosts), 'server')} found"
        if self.until is Phase.ENUMERATE:
            return f"interrupted: {counted(len(self.document.models), 'model')} listed"
        kinds = [{caveat.kind for caveat in result.caveats} for result in self.document.results]
        cut = sum(CaveatKind.CUT_SHORT in of_one for of_one in kinds)
        also = f", {cut} cut short" if cut else ""
        return f"interrupted: {counted(len(kinds) - cut, 'benchmark')} finished{also}{self._how_to_go_on}"

    @property
    def _how_to_go_on(self) -> str:
        return "" if self.resume is None else f"; continue with: {self.resume}"

    def _why_no_server(self) -> str:
        servers = [host_title(host) for host in self.document.hosts if host.is_ollama]
        if servers:
            return f"no host matches --host {_quoted(self.selection.hosts)}; found: {_listed(servers)}"
        others = [f"{host.url} ({host.kind})" for host in self.document.hosts]
        if self.failed_targets and not others:
            failed = len(self.failed_targets)
            return f"no Ollama server found: {counted(failed, 'server')} could not be used; {_reasons_above(failed)}"
        seen = f"; what answered is no Ollama: {_listed(others)}" if others else ""
        if others and all("target" in host.via for host in self.document.hosts):
            return f"no Ollama server found{seen}; give the address of the Ollama server behind it, or of another one"
        return (
            f"no Ollama server found{seen}; start one with `ollama serve`, set OLLAMA_HOST=0.0.0.0 on other machines, "
            "name one as TARGET, or run `ollama-speedrun demo`"
        )

    def _why_no_model(self) -> str:
        names = sorted({model.name for model in self.document.models})
        if not names and self.failed_targets:
            failed = len(self.failed_targets)
            return f"no model found: {counted(failed, 'server')} could not be used; {_reasons_above(failed)}"
        if not names:
            return "no model found on any server; get one with `ollama pull llama3.2` on the server's machine"
        wanted = [
            f"{flag} {_quoted(values)}"
            for flag, values in (
                ("--model", self.selection.include),
                ("--exclude", self.selection.exclude),
                ("--tier", self.selection.tiers),
            )
            if values
        ]
        return f"no model is left by {' and '.join(wanted)}; found: {_listed(names)}"

    def _what_failed(self) -> str:
        failed = self._count("failed")
        parts = [f"{counted(failed, 'benchmark')} of {len(self.document.results)} failed"] if failed else []
        if self.failed_targets:
            parts.append(f"{counted(len(self.failed_targets), 'server')} could not be used")
        return f"{' and '.join(parts)}; {_reasons_above(failed + len(self.failed_targets))}"


def _reasons_above(number: int) -> str:
    return "the reason is above" if number == 1 else "the reasons are above"


def _quoted(values: Sequence[str]) -> str:
    return " ".join(repr(value) for value in values)


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(clean(name, limit=80) for name in names[:NAMES_SHOWN])
    more = len(names) - NAMES_SHOWN
    return f"{shown} and {more} more" if more > 0 else shown
