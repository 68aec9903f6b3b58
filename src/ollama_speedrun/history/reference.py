"""Naming a run: `last`, `last~1`, an id or its beginning, a date, or the file of a result.

`parse` and `find` are pure; `resolve` reads the file or the history that a name leads to.
"""

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Final, TypeAlias

import msgspec

from ..errors import UsageError
from ..results.files import read_document
from ..results.types import Document
from ..wording import counted
from .store import History
from .types import RunSummary

LAST: Final = "last"
"""The newest run that measured anything."""
KINDS: Final = "last, last~1, the beginning of a run's id, a date such as 2026-11-25, or a FILE"
_SHOWN: Final = 5
_LONGEST_COUNT: Final = 9
_LAST_PATTERN: Final = re.compile(rf"last(?:~([0-9]{{1,{_LONGEST_COUNT}}}))?")
_ID: Final = re.compile(r"[0-9a-f][0-9a-f-]{0,35}")
_DATE: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ]([0-9]{2}:[0-9]{2}))?")
_DAYS: Final = {"today": 0, "yesterday": 1}


class Last(msgspec.Struct, frozen=True):
    """The newest run that measured anything, or so many runs before it."""

    before: int = 0


class Beginning(msgspec.Struct, frozen=True):
    """The run whose id begins so."""

    text: str


class Day(msgspec.Struct, frozen=True):
    """The newest run that began on this day, in local time; with `minute` the one that began in that minute."""

    day: date
    minute: str | None = None


class File(msgspec.Struct, frozen=True):
    """A result file."""

    path: Path


Reference: TypeAlias = Last | Beginning | Day | File


def parse(text: str, *, today: date, is_file: bool = False) -> Reference:
    """Return what a name means; `is_file` says that there is a file of that name. Raises `UsageError`.

    `last` and days go before files: `./last` names a file of that name. A file goes before the beginning of an id.
    """
    if match := _LAST_PATTERN.fullmatch(text):
        return Last(int(match[1] or 0))
    if text in _DAYS:
        return Day(today - timedelta(days=_DAYS[text]))
    if match := _DATE.fullmatch(text):
        try:
            return Day(date.fromisoformat(match[1]), match[2])
        except ValueError:
            raise UsageError(f"{text!r} is no day that there is; give a date such as 2026-11-25") from None
    if is_file or "/" in text or "\\" in text or Path(text).suffix:
        return File(Path(text).expanduser())
    if _ID.fullmatch(text.lower()):
        return Beginning(text.lower())
    raise UsageError(f"{text!r} names no run and no file; give {KINDS}")


def find(reference: Last | Beginning | Day, runs: Sequence[RunSummary], *, zone: tzinfo | None = None) -> RunSummary:
    """Return the run that is meant, out of all runs, the newest first; raises `UsageError`, which lists what there is.

    `zone` is the time zone of days, None the local one. Only runs that measured anything are counted as the last ones,
    and a day means the newest of them where it has one.
    """
    match reference:
        case Last(before):
            measured = [run for run in runs if run.measured]
            if before < len(measured):
                return measured[before]
            raise UsageError(f"there is no {_last_in_words(before)} in the history: {_available(measured, zone)}")
        case Beginning(text):
            return _beginning(text, runs, zone)
        case Day(day, minute):
            found = [run for run in runs if _began(run, day, minute, zone)]
            if found:
                return next((run for run in found if run.measured), found[0])
            when = f"{day}" if minute is None else f"{day} at {minute}"
            raise UsageError(f"no run began on {when}: {_available(runs, zone)}")


def resolve_run(text: str, history: History, *, now: datetime | None = None) -> RunSummary:
    """Return the run of the history that a name means; raises `UsageError`, also where it names a file."""
    reference = parse(text, today=_today(now))
    if isinstance(reference, File):
        raise UsageError(f"{text!r} names a file and no run of the history; give {KINDS.removesuffix(', or a FILE')}")
    return find(reference, history.runs())


def resolve(text: str, history: History, *, now: datetime | None = None) -> Document:
    """Return the document that a name means: of a run of the history, without a verdict, or of a file as it is.

    Raises `UsageError` with what to give instead, `ResultFileError` for a file that cannot be read, and `HistoryError`.
    """
    reference = parse(text, today=_today(now), is_file=_is_file(text))
    if isinstance(reference, File):
        return read_document(reference.path)
    return history.recorded(find(reference, history.runs()).run_id)


def described(run: RunSummary, zone: tzinfo | None = None) -> str:
    """Return a run in a few words: its id, when it began, and how much it measured."""
    results = counted(run.measured, "result")
    return f"{run.short_id} of {run.started_at.astimezone(zone):%Y-%m-%d %H:%M} with {results}"


def _beginning(text: str, runs: Sequence[RunSummary], zone: tzinfo | None) -> RunSummary:
    found = [run for run in runs if run.run_id.startswith(text)]
    exact = [run for run in found if run.run_id == text]
    if exact or len(found) == 1:
        return (exact or found)[0]
    if found:
        raise UsageError(f"{text!r} is the beginning of {len(found)} ids, give more of it: {_listed(found, zone)}")
    raise UsageError(f"no run has an id that begins with {text!r}: {_available(runs, zone)}")


def _began(run: RunSummary, day: date, minute: str | None, zone: tzinfo | None) -> bool:
    moment = run.started_at.astimezone(zone)
    return moment.date() == day and (minute is None or f"{moment:%H:%M}" == minute)


def _last_in_words(before: int) -> str:
    return "last run" if before == 0 else f"run last~{before}"


def _available(runs: Sequence[RunSummary], zone: tzinfo | None) -> str:
    return f"the history holds {_listed(runs, zone)}" if runs else "it is empty; run a benchmark first, or name a FILE"


def _listed(runs: Sequence[RunSummary], zone: tzinfo | None) -> str:
    shown = ", ".join(described(run, zone) for run in runs[:_SHOWN])
    more = len(runs) - _SHOWN
    return f"{shown} and {more} more" if more > 0 else shown


def _today(now: datetime | None) -> date:
    return (now or datetime.now(UTC)).astimezone().date()


def _is_file(text: str) -> bool:
    try:
        return Path(text).expanduser().is_file()
    except (OSError, ValueError, RuntimeError):
        return False
