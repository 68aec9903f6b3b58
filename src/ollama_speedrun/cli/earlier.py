"""What a run has to do with earlier ones: what it takes over from them, and the one that it goes on with."""

import argparse
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec

from ..benchmark.plan import BenchmarkSettings
from ..errors import UsageError
from ..history.recall import HistoryRecall, seed_of
from ..history.reference import described, resolve_run
from ..history.store import ADDED, History
from ..history.types import SHORT_ID, RunSummary
from ..masking import MASKED
from ..pipeline.settings import RunSettings
from ..results.context import read_context
from ..results.known import Recall, measures_alike, recall_of
from ..results.types import Document
from ..wording import counted
from .options import PROGRAM, SETTINGS

NEWEST: Final = "newest"
"""What `--resume` without a RUN means."""
_NOT_RESUMED: Final = frozenset({"demo", ADDED})


class Resumed(msgspec.Struct, frozen=True):
    """A run to go on with: what it has, and the flags that it was begun with, by key."""

    document: Document
    flags: Mapping[str, object]

    @property
    def in_words(self) -> str:
        """Which run goes on, and with what it has."""
        good = [result for result in self.document.results if result.status == "ok"]
        cut = sum(result.is_cut_short for result in good)
        also = f" and {cut} cut short" if cut else ""
        began = f"{self.document.started_at.astimezone():%Y-%m-%d %H:%M}"
        has = counted(len(good) - cut, "finished result")
        return f"Resuming run {self.short_id} of {began}: {has}{also}."

    @property
    def short_id(self) -> str:
        """The beginning of its id."""
        return (self.document.run_id or "")[:SHORT_ID]

    @property
    def item_seed(self) -> int | None:
        """The seed of the order in which its items are asked; None where none was asked."""
        return next((one.seed for one in self.document.quality_records if one.mix != "none"), None)


def flags_of(arguments: argparse.Namespace) -> dict[str, object]:
    """Return the settings that a command line gives, as typed, and its targets: what a later one goes on with."""
    given = vars(arguments)
    keys = ("targets", *(setting.key for setting in SETTINGS))
    return {key: given[key] for key in keys if given.get(key) not in (None, [])}


def resumed(path: Path, name: str, *, verb: str) -> Resumed:
    """Return the run to go on with: the newest that was interrupted, or the one of that name.

    Raises `UsageError` for one that is over, still goes on, or cannot be gone on with.
    """
    with History(path) as history:
        run = _interrupted(history, verb) if name == NEWEST else resolve_run(name, history)
        if run.state == "running":
            raise UsageError(f"run {described(run)} is still running in another process; wait for it, or end it first")
        if run.state == "complete":
            raise UsageError(
                f"run {described(run)} is complete, there is nothing to resume; a run without --resume measures what "
                "is new"
            )
        if run.verb in _NOT_RESUMED:
            why_not = "it was added from a file" if run.verb == ADDED else f"it is a run of `{run.verb}`"
            raise UsageError(f"run {described(run)} cannot be resumed: {why_not}")
        if run.verb != verb:
            raise UsageError(f"run {described(run)} is a run of `{run.verb}`: {PROGRAM} {run.verb} --resume resumes it")
        flags = history.arguments(run.run_id)
        return Resumed(history.recorded(run.run_id), flags)


def _interrupted(history: History, verb: str) -> RunSummary:
    found = [run for run in history.runs() if run.state == "interrupted" and run.verb == verb]
    if not found:
        raise UsageError(f"no interrupted run is in the history {str(history.path)!r}: there is nothing to resume")
    return found[0]


def flags_to_go_on(resumed: Resumed, given: Mapping[str, object]) -> dict[str, object]:
    """Return the flags of a run that goes on: those of its beginning, with what is given now in their place.

    Raises `UsageError` where one held a secret, which is not kept.
    """
    flags = dict(resumed.flags)
    if given.get("host") or given.get("targets") or given.get("hosts_file"):
        flags = {key: value for key, value in flags.items() if key not in {"host", "targets", "hosts_file"}}
    flags |= {key: value for key, value in given.items() if value not in (None, [])}
    hidden = [key for key, value in flags.items() if MASKED in str(value)]
    if hidden:
        raise UsageError(
            f"{hidden[0]} of run {resumed.short_id} held a password, which is not kept; give it again with --resume"
        )
    return flags


def check_alike(resumed: Resumed, benchmark: BenchmarkSettings) -> None:
    """Refuse to go on under other settings: one result would be made of two kinds of measurement."""
    before = resumed.document.settings
    if before is None or measures_alike(before, benchmark):
        return
    old, new = msgspec.to_builtins(before), msgspec.to_builtins(benchmark)
    unlike = [
        f"{name} {old[name]} and {new[name]}"
        for name in old
        if not measures_alike(before, msgspec.structs.replace(before, **{name: getattr(benchmark, name)}))
    ]
    raise UsageError(
        f"run {resumed.short_id} was begun with other settings: {', '.join(unlike)}; resume it with the same ones, "
        "or begin a new run"
    )


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """What a run knows of earlier ones: their history, the run that it goes on with, and the flags it was begun with.

    `fresh` takes nothing over but what an interrupted run has itself.
    """

    path: Path
    flags: Mapping[str, object]
    resumed: Resumed | None
    fresh: bool

    def settings(self, settings: RunSettings) -> RunSettings:
        """Return the settings with the order of items of earlier runs, so that answers compare.

        The user's own items have no such order. Raises `UsageError` where a run cannot go on under them.
        """
        benchmark = settings.benchmark
        if self.resumed is not None:
            check_alike(self.resumed, benchmark)
        if settings.own_items:
            return settings
        seed = benchmark.item_seed
        if seed is None:
            seed = self.resumed.item_seed if self.resumed is not None else None
        if seed is None:
            seed = seed_of(self.path, benchmark)
        return msgspec.structs.replace(settings, benchmark=msgspec.structs.replace(benchmark, item_seed=seed))

    def recall(self, settings: RunSettings) -> Recall | None:
        """Return what recalls the results that need not be measured again; None where all is."""
        known = None
        if not (self.fresh or settings.own_items):
            known = HistoryRecall(self.path, settings.benchmark, read_context())
        if self.resumed is None:
            return known
        return recall_of(self.resumed.document, now=datetime.now(UTC), otherwise=known)
