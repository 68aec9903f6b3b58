"""Phase 2: list the models of one host, a bounded number of requests at a time."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from ..errors import OllamaError
from ..ollama import wire
from ..ollama.client import OllamaClient
from . import parse
from .events import InventoryEvent, ModelFailed, ModelListed
from .types import Model

REQUESTS_AT_ONCE: Final = 8


async def list_models(client: OllamaClient, *, host: str, emit: Callable[[InventoryEvent], None]) -> tuple[Model, ...]:
    """Return the models of a host in the order of /api/tags, telling of each as soon as those before it are known.

    A model whose details cannot be had is still listed, with what /api/tags says; one that is listed twice counts once.
    Raises `OllamaError` when the listing itself fails.
    """
    tags = await client.tags()
    slots = asyncio.Semaphore(REQUESTS_AT_ONCE)
    seen: set[str] = set()
    names = _names_by_digest(tags)

    async def describe(raw: msgspec.Raw) -> Model | None:
        try:
            entry = msgspec.json.decode(raw, type=wire.TagsEntry)
        except wire.UNREADABLE as exc:
            emit(ModelFailed(host=host, model="(unnamed)", reason=f"an entry of /api/tags cannot be read: {exc}"))
            return None
        if entry.name in seen:
            return None
        seen.add(entry.name)
        show = None
        if not parse.is_cloud(entry):
            try:
                async with slots:
                    show = await client.show(entry.name)
            except OllamaError as exc:
                emit(ModelFailed(host=host, model=entry.name, reason=f"details are missing: {exc}"))
        aliases = tuple(name for name in names.get(entry.digest or "", ()) if name != entry.name)
        return parse.model_of(host, entry, show, aliases=aliases)

    models: list[Model] = []
    async with asyncio.TaskGroup() as group:
        for task in [group.create_task(describe(raw)) for raw in tags.models or ()]:
            if (model := await task) is not None:
                emit(ModelListed(model))
                models.append(model)
    return tuple(models)


def _names_by_digest(tags: wire.Tags) -> Mapping[str, Sequence[str]]:
    """Return the names that each digest is listed under."""
    names: defaultdict[str, list[str]] = defaultdict(list)
    for raw in tags.models or ():
        with contextlib.suppress(*wire.UNREADABLE):
            entry = msgspec.json.decode(raw, type=wire.TagsEntry)
            if entry.digest and entry.name not in names[entry.digest]:
                names[entry.digest].append(entry.name)
    return names
