"""Phase 2: list the models of one host, a bounded number of requests at a time."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from ..errors import OllamaError, ServerError
from ..ollama import fields, wire
from ..ollama.client import OllamaClient
from . import parse
from .events import InventoryEvent, ModelFailed, ModelListed
from .types import Model

REQUESTS_AT_ONCE: Final = 8
ENTRIES_IN_A_TURN: Final = 200
TOO_MANY_REQUESTS: Final = 429
MOST_NAMES: Final = 64
PAUSE_S: Final = 1.0
LONGEST_PAUSE_S: Final = 10.0


async def list_models(client: OllamaClient, *, host: str, emit: Callable[[InventoryEvent], None]) -> tuple[Model, ...]:
    """Return the models of a host in the order of /api/tags, telling of each as soon as those before it are known.

    A model whose details cannot be had is still listed, with what /api/tags says; one that is listed twice counts once.
    Raises `OllamaError` when the listing itself fails.
    """
    entries = await _entries(client)
    slots = asyncio.Semaphore(REQUESTS_AT_ONCE)
    seen: set[str] = set()
    names = _names_by_digest(entries)

    async def describe(entry: wire.TagsEntry) -> Model | None:
        if (reason := parse.unusable_name(entry.name)) is not None:
            emit(ModelFailed(host=host, model=parse.shown_name(entry.name), reason=reason))
            return None
        if entry.name in seen:
            return None
        seen.add(entry.name)
        show = None
        if not parse.is_cloud(entry):
            try:
                async with slots:
                    show = await _details(client, entry.name)
            except OllamaError as exc:
                emit(ModelFailed(host=host, model=entry.name, reason=f"details are missing: {exc}"))
        aliases = tuple(name for name in names.get(entry.digest or "", ()) if name != entry.name)
        return parse.model_of(host, entry, show, aliases=aliases)

    models: list[Model] = []
    async with asyncio.TaskGroup() as group:
        for task in [group.create_task(describe(entry)) for entry in entries]:
            if (model := await task) is not None:
                emit(ModelListed(model))
                models.append(model)
    return tuple(models)


async def _details(client: OllamaClient, name: str) -> wire.Show:
    """Return a model's details, in full where lists that matter were left out; raises `OllamaError`.

    They are asked for once more where the server failed or was busy: without them its kind is a guess.

    In full they carry the vocabulary, which is megabytes: where that fails, the short ones stand.
    """
    try:
        show = await client.show(name)
    except ServerError as exc:
        pause_s = PAUSE_S if exc.retry_after_s is None else exc.retry_after_s
        if (exc.status < 500 and exc.status != TOO_MANY_REQUESTS) or pause_s > LONGEST_PAUSE_S:
            raise
        await asyncio.sleep(pause_s)
        show = await client.show(name)
    if not parse.is_shortened(show):
        return show
    try:
        full = await client.show(name, verbose=True)
    except OllamaError:
        return show
    return msgspec.structs.replace(show, model_info=full.model_info)


def _names_by_digest(entries: Sequence[wire.TagsEntry]) -> Mapping[str, Sequence[str]]:
    """Return the names that each digest is listed under, a bounded number."""
    names: defaultdict[str, list[str]] = defaultdict(list)
    for entry in entries:
        known = names[entry.digest] if entry.digest and parse.unusable_name(entry.name) is None else None
        if known is not None and len(known) < MOST_NAMES and entry.name not in known:
            known.append(entry.name)
    return names


async def _entries(client: OllamaClient) -> Sequence[wire.TagsEntry]:
    """Return what /api/tags lists; now and then others have their turn, for there may be thousands."""
    entries: list[wire.TagsEntry] = []
    for raw in (await client.tags()).models or ():
        try:
            entry = fields.read(raw, wire.TagsEntry)
            entries.append(msgspec.structs.replace(entry, digest=wire.plain_digest(entry.digest)))
        except fields.UNREADABLE:
            entries.append(wire.TagsEntry())
        if len(entries) % ENTRIES_IN_A_TURN == 0:
            await asyncio.sleep(0)
    return entries
