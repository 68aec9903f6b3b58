"""The selection of a run, and all that it has found so far. Light, so that the first packet need not wait for more."""

import copy
import fnmatch
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TypeVar

import msgspec

from ..assessment.recommend import assess
from ..assessment.tiers import placed
from ..assessment.types import Assessment, Tier, Verdict
from ..assessment.uses import USES, Use
from ..benchmark import workload
from ..benchmark.events import BenchmarkEnded, BenchmarkPartial, BenchmarkRevised
from ..benchmark.plan import BenchmarkSettings
from ..benchmark.types import Result, ResultKey
from ..discovery.events import HostFound, HostMerged
from ..discovery.naming import called
from ..discovery.types import Host
from ..inventory.events import ModelListed
from ..inventory.types import Model
from ..quality.events import ItemGraded, NextTokensRead, NotAsked, PilotAnswered, QualityBegan
from ..quality.mixes import BANK_VERSION
from ..quality.next_tokens import NextTokens
from ..quality.records import QualityRecord
from ..results.context import read_context
from ..results.types import Document
from ..visit.events import FoundLoaded
from ..visit.types import LoadedBefore
from .events import Event, TimeLimitReached

T = TypeVar("T")


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """The models to benchmark among those found: globs on hosts and names, and tiers; empty means all.

    A model without a tag means its tag `latest`, as in `ollama run`.
    """

    hosts: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    tiers: tuple[Tier, ...] = ()

    def takes_host(self, host: Host) -> bool:
        """Return whether what the user or the network calls a host matches, its URL, or one of its addresses."""
        return not self.hosts or any(_matches(name, self.hosts) for name in called(host))

    def takes_name(self, name: str) -> bool:
        """Return whether a model of this name matches."""
        return not (self.include and not _matches_model(name, self.include)) and not _matches_model(name, self.exclude)

    def takes(self, model: Model) -> bool:
        """Return whether a model matches by name and, where its size on disk is known, by tier."""
        if not self.takes_name(model.name):
            return False
        tier, _ = placed(memory_bytes=None, size_bytes=model.size_bytes)
        return not self.tiers or tier in self.tiers


class Run:
    """All that a run has found and measured so far: a fold over its events, which can be made a document at any time.

    `keep` alone writes what is found. `chosen` are the models, out of `models`, that the selection takes.
    """

    def __init__(self) -> None:
        self.run_id = str(uuid.uuid4())
        self.started_at = datetime.now(UTC)
        self.ended_at: datetime | None = None
        self.is_out_of_time = False
        self.settings: BenchmarkSettings | None = None
        self.hosts: dict[str, Host] = {}
        self.models: list[Model] = []
        self.chosen: list[Model] = []
        self.results: list[Result] = []
        self.quality_records: dict[ResultKey, QualityRecord] = {}
        self.next_tokens: dict[tuple[str, str], NextTokens] = {}
        self.loaded_before: dict[str, LoadedBefore] = {}
        self._selection = Selection()
        self._uses: tuple[Use, ...] = USES
        self._items_files: tuple[str, ...] = ()
        self._chosen_hosts: set[str] = set()

    def begin(
        self,
        selection: Selection,
        settings: BenchmarkSettings | None = None,
        *,
        uses: tuple[Use, ...] = USES,
        items_files: tuple[str, ...] = (),
    ) -> None:
        """Note what is asked for, before the first event; no settings where nothing is to be measured.

        `uses` are those that the verdict names, `items_files` the files of the user's own items.
        """
        self._selection = selection
        self.settings = settings
        self._uses = uses
        self._items_files = items_files

    def go_on(self, document: Document) -> None:
        """Begin as the run that a document holds, which was interrupted: before `begin` and the first event."""
        self.run_id = document.run_id or self.run_id
        self.started_at = document.started_at
        self.hosts = {host.url: host for host in document.hosts}
        self.models = list(document.models)
        self.results = list(document.results)
        self.quality_records = {one.key: one for one in document.quality_records}
        self.next_tokens = {(one.host, one.model): one for one in document.next_tokens}
        self.loaded_before = {one.host: one for one in document.loaded_before}

    def snapshot(self) -> "Run":
        """Return the run as it is now, for a thread to read while this one goes on."""
        taken = copy.copy(self)
        taken.hosts, taken.models, taken.chosen = dict(self.hosts), list(self.models), list(self.chosen)
        taken.results, taken.quality_records = list(self.results), dict(self.quality_records)
        taken.next_tokens, taken.loaded_before = dict(self.next_tokens), dict(self.loaded_before)
        return taken

    def keep(self, event: Event) -> None:
        """Fold an event into what is known."""
        match event:
            case HostFound(host) | HostMerged(host):
                self.hosts[host.url] = host
                if self._selection.takes_host(host):
                    self._chosen_hosts.add(host.url)
            case ModelListed(model):
                _put(self.models, model, _key_of)
                if model.host in self._chosen_hosts and self._selection.takes(model):
                    _put(self.chosen, model, _key_of)
            case BenchmarkPartial(result) | BenchmarkEnded(result) | BenchmarkRevised(result):
                _put(self.results, result, lambda one: one.key)
            case TimeLimitReached():
                self.is_out_of_time = True
            case QualityBegan(record) | PilotAnswered(record):
                self.quality_records[record.key] = record
            case NotAsked(host, model, variant, reason):
                known = self.quality_records.get((host, model, variant))
                blank = QualityRecord(
                    host=host, model=model, variant=variant, bank=str(BANK_VERSION), seed=0, mix="none"
                )
                self.quality_records[host, model, variant] = msgspec.structs.replace(known or blank, not_asked=reason)
            case ItemGraded(host, model, variant, item):
                begun = self.quality_records[host, model, variant]
                self.quality_records[host, model, variant] = msgspec.structs.replace(begun, items=(*begun.items, item))
            case NextTokensRead(found):
                known_answers = before.answers if (before := self.next_tokens.get((found.host, found.model))) else ()
                self.next_tokens[found.host, found.model] = msgspec.structs.replace(
                    found, answers=(*known_answers, *found.answers)
                )
            case FoundLoaded(loaded):
                self.loaded_before.setdefault(loaded.host, loaded)  # a later visit finds what we left
            case _:
                pass

    @property
    def to_measure(self) -> Sequence[Model]:
        """The chosen models, each digest of a host once: under the first of its names that was chosen."""
        found: list[Model] = []
        seen: set[tuple[str, str]] = set()
        for model in self.chosen:
            if model.digest is None or (model.host, model.digest) not in seen:
                found.append(model)
            if model.digest is not None:
                seen.add((model.host, model.digest))
        return found

    def has_chosen(self, host: Host) -> bool:
        """Return whether the selection takes a host."""
        return host.url in self._chosen_hosts

    def chosen_on(self, host: Host) -> Sequence[Model]:
        """Return the models of a host that are to be measured, in the order in which it lists them."""
        return [model for model in self.to_measure if model.host == host.url]

    def without_result(self, models: Sequence[Model]) -> Sequence[Model]:
        """Return those of the models that have no result yet."""
        done = {(result.host, result.model) for result in self.results}
        return [model for model in models if (model.host, model.name) not in done]

    def end(self) -> None:
        """Take down the moment at which the run was over, whole or cut short."""
        self.ended_at = datetime.now(UTC)

    def assess(self) -> tuple[tuple[Assessment, ...], Verdict]:
        """Return what is to be made of the results so far."""
        return assess(
            self.models,
            self.results,
            tuple(self.quality_records.values()),
            self.settings,
            named_uses=self._uses,
            next_tokens=tuple(self.next_tokens.values()),
        )

    def document(self, *, complete: bool, assessed: bool = True, chosen_only: bool = False) -> Document:
        """Return all of it; `complete` is False while the run goes on or after it was interrupted.

        With `chosen_only` the hosts and models that the selection does not take are left out.
        """
        if complete and self.ended_at is None:
            self.end()
        assessments, verdict = self.assess()
        return Document(
            run_id=self.run_id,
            started_at=self.started_at,
            ended_at=self.ended_at,
            complete=complete,
            workload_version=workload.VERSION if self.results else None,
            settings=self.settings if self.results else None,
            items_files=self._items_files,
            context=read_context(),
            hosts=tuple(host for host in self.hosts.values() if not chosen_only or self.has_chosen(host)),
            models=tuple(self.chosen if chosen_only else self.models),
            results=tuple(self.results),
            quality_records=tuple(self.quality_records.values()),
            next_tokens=tuple(self.next_tokens.values()),
            loaded_before=tuple(
                one for one in self.loaded_before.values() if not chosen_only or one.host in self._chosen_hosts
            ),
            assessments=assessments,
            verdict=verdict if assessed else None,
        )


def _put(values: list[T], value: T, key: Callable[[T], object]) -> None:
    """Put a value in the place of the one of the same key, or at the end."""
    wanted = key(value)
    place = next((place for place, known in enumerate(values) if key(known) == wanted), len(values))
    values[place : place + 1] = [value]


def _key_of(model: Model) -> tuple[str, str]:
    return model.host, model.name


def _matches_model(name: str, globs: Sequence[str]) -> bool:
    """Return whether a model's name matches; a name without a tag means its `latest`, as in `ollama run`."""
    return _matches(name, globs) or _matches(name, [f"{glob}:latest" for glob in globs if ":" not in glob])


def _matches(name: str, globs: Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(name.lower(), glob.lower()) for glob in globs)
