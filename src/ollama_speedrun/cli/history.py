"""`history`: the runs that are kept, one of them again, and what goes in and out by hand. No traffic."""

import argparse
import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from ..errors import UsageError
from ..events import Phase
from ..history.reference import LAST, described, resolve_run
from ..history.store import History
from ..history.types import RunSummary
from ..report.text import clean
from ..results import codec
from ..results.files import read_document
from ..results.types import Document
from ..wording import counted
from . import planning, saved
from .environment import Environment
from .exit_codes import ExitCode
from .options import PROGRAM
from .results import ResultFiles
from .run import load_settings
from .screen import Screen
from .settings import Settings

_PRUNE_OPTIONS: Final = ("keep", "older_than")
_AGE: Final = re.compile(r"([0-9]{1,6})([dw])")
_DAYS: Final = {"d": 1, "w": 7}


def main(environment: Environment, arguments: argparse.Namespace) -> ExitCode:
    """List, show, export, take in, or take out runs."""
    _check(arguments)
    chosen = load_settings(environment, arguments)
    screen = Screen(environment, chosen, as_json=arguments.json)
    with saved.opened_history(environment, chosen, screen) as history:
        command = _Command(environment, chosen, screen, history, as_json=arguments.json)
        match arguments.what:
            case "show":
                command.show(_only(arguments) or LAST)
            case "export":
                command.export(_only(arguments) or LAST)
            case "add":
                command.add(arguments.subjects)
            case "delete":
                command.delete(arguments.subjects)
            case "prune":
                command.prune(keep=arguments.keep, older_than=arguments.older_than)
            case _:
                command.list()
    return ExitCode.DONE


class _Command:
    def __init__(
        self, environment: Environment, chosen: Settings, screen: Screen, history: History, *, as_json: bool
    ) -> None:
        self._environment = environment
        self._chosen = chosen
        self._screen = screen
        self._history = history
        self._as_json = as_json

    def list(self) -> None:
        runs = self._history.runs()
        if self._as_json:
            self._put_json(list(map(_listed, runs)))
        elif runs:
            self._environment.put(_table(runs))
        else:
            self._screen.note(f"The history is empty: {self._history.path}")

    def show(self, name: str) -> None:
        document = self._document(name)
        self._screen.show(document, until=Phase.ASSESS)

    def export(self, name: str) -> None:
        """Write a run into the files of `--output`, or print it as JSON."""
        document = self._document(name)
        if not self._chosen.output:
            with self._environment.writing():
                self._environment.stdout.buffer.write(codec.encode(document))
            return
        files = ResultFiles(self._chosen.output, shown=planning.report_settings(self._chosen))
        if error := files.write(document, is_last=True, kept_in="the history"):
            raise error
        for remark in files.remarks:
            self._screen.complain(remark)
        if self._as_json:
            self._put_json({"run_id": document.run_id, "written": files.names})
        else:
            self._screen.note(f"Written: {', '.join(files.names)}")

    def add(self, names: Sequence[str]) -> None:
        """Take files in, all of them or, where one cannot be read, none."""
        documents = [(name, read_document(Path(name).expanduser())) for name in names]
        for name, document in documents:
            if not document.results:
                raise UsageError(f"{name!r} holds no benchmark; give files that `run` or `benchmark` wrote")
        taken = [(name, document, self._history.add(document)) for name, document in documents]
        if self._as_json:
            self._put_json(
                [
                    {"file": name, "run_id": run_id or document.run_id, "added": run_id is not None}
                    for name, document, run_id in taken
                ]
            )
            return
        for name, document, run_id in taken:
            known = "is in the history already, as run" if run_id is None else "added as run"
            self._environment.put(f"{name}: {known} {(run_id or document.run_id or '')[:8]}")

    def delete(self, names: Sequence[str]) -> None:
        runs = [resolve_run(name, self._history) for name in names]
        self._take_out(list({run.run_id: run for run in runs}.values()))

    def prune(self, *, keep: str | None, older_than: str | None) -> None:
        """Take out all but the newest runs, and those that are older than an age."""
        runs = self._history.runs()
        old = list(runs[_number(keep) :]) if keep is not None else []
        if older_than is not None:
            before = _moment(older_than, now=datetime.now(UTC))
            old += [run for run in runs if run.started_at < before and run not in old]
        self._take_out([run for run in old if run.state != "running"])

    def _take_out(self, runs: Sequence[RunSummary]) -> None:
        if running := [run for run in runs if run.state == "running"]:
            raise UsageError(f"{described(running[0])} still goes on; delete it once it has ended")
        if runs and not self._may_delete(runs):
            raise UsageError("nothing was deleted, as you said")
        self._history.delete([run.run_id for run in runs])
        if self._as_json:
            self._put_json({"deleted": [_listed(run) for run in runs]})
            return
        for run in runs:
            self._environment.put(f"Deleted {described(run)}.")
        if not runs:
            self._screen.note("There was nothing to delete.")

    def _may_delete(self, runs: Sequence[RunSummary]) -> bool:
        """Ask, where there is someone who can answer and `--yes` did not."""
        if self._chosen.yes or not self._environment.is_interactive:
            return True
        named = "\n".join(f"  {described(run)}" for run in runs)
        print(
            f"Delete {counted(len(runs), 'run')}?\n{named}\n[y/N] ", end="", file=self._environment.stderr, flush=True
        )
        return self._environment.stdin.readline().strip().lower() in {"y", "yes"}

    def _document(self, name: str) -> Document:
        run = resolve_run(name, self._history)
        return self._history.document(run.run_id, uses=self._chosen.uses)

    def _put_json(self, value: object) -> None:
        self._environment.put(codec.escaped(msgspec.json.format(msgspec.json.encode(value), indent=2).decode()))


def _check(arguments: argparse.Namespace) -> None:
    """Refuse words and options that do not belong to the action."""
    what, subjects = arguments.what, arguments.subjects
    given = [name for name in _PRUNE_OPTIONS if getattr(arguments, name) is not None]
    if given and what != "prune":
        raise UsageError(f"--{given[0].replace('_', '-')} belongs to: {PROGRAM} history prune")
    if what == "prune" and not given:
        raise UsageError("history prune needs what to keep: --keep N, --older-than AGE such as 90d, or both")
    if what in {"list", "prune"} and subjects:
        raise UsageError(f"history {what} takes no {subjects[0]!r}; did you mean: {PROGRAM} history show {subjects[0]}")
    if what in {"add", "delete"} and not subjects:
        wanted = "the FILEs to take in" if what == "add" else "the RUNs to delete"
        raise UsageError(f"history {what} needs {wanted}; see {PROGRAM} history --help")
    if arguments.output and what != "export":
        raise UsageError(f"--output belongs to: {PROGRAM} history export RUN")


def _only(arguments: argparse.Namespace) -> str | None:
    """Return the one run that is named, None where none is."""
    if len(arguments.subjects) > 1:
        raise UsageError(f"history {arguments.what} takes one RUN; `{PROGRAM} assess RUN RUN` puts several together")
    return arguments.subjects[0] if arguments.subjects else None


def _listed(run: RunSummary) -> dict[str, object]:
    found: dict[str, object] = msgspec.to_builtins(run)
    return found


def _table(runs: Sequence[RunSummary]) -> str:
    """Return runs as lines, the newest first."""
    headings = ("Run", "Began", "What", "Hosts", "Measured", "Failed", "Pick")
    rows = [headings, *map(_cells, runs)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ("  ".join(_padded(row, widths)).rstrip() for row in rows)
    return "\n".join(lines)


def _padded(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    return [
        cell.rjust(width) if 3 <= place <= 5 else cell.ljust(width)
        for place, (cell, width) in enumerate(zip(row, widths, strict=True))
    ]


def _cells(run: RunSummary) -> tuple[str, ...]:
    what = run.verb if run.state == "complete" else f"{run.verb}, {run.state}"
    pick = "–" if run.pick is None else f"{run.pick} @ {run.pick_host}"
    return (
        run.short_id,
        f"{run.started_at.astimezone():%Y-%m-%d %H:%M}",
        clean(what),
        str(run.hosts),
        str(run.measured),
        str(run.failed),
        clean(pick),
    )


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise UsageError(f"--keep {text[:40]!r} is no number of runs; give one such as 20")
    return int(text)


def _moment(age: str, *, now: datetime) -> datetime:
    """Return the moment that was so long ago, or the beginning of a day, in local time."""
    if match := _AGE.fullmatch(age.strip().lower()):
        try:
            return now - timedelta(days=int(match[1]) * _DAYS[match[2]])
        except OverflowError:
            return datetime.min.replace(tzinfo=UTC)
    try:
        return datetime.combine(date.fromisoformat(age.strip()), datetime.min.time()).astimezone()
    except (ValueError, OverflowError):
        raise UsageError(f"--older-than {age[:40]!r} is no age; give 90d, 12w or a date such as 2026-11-25") from None
