"""Continue: the picks in their roles, and every other model for chats. Pure."""

from collections.abc import Iterator

from . import yaml
from .basis import headed
from .fleet import Fleet, Served


def render(fleet: Fleet) -> str:
    """Return a config.yaml for Continue."""
    note = (
        "chat is the best pick, edit and apply the one for code, autocomplete the fastest model that can fill in code, "
        "or the fastest of all."
    )
    return headed(fleet, "#", note) + yaml.block(
        {"name": "ollama-speedrun", "version": "1.0.0", "schema": "v1", "models": models(fleet)}
    )


def models(fleet: Fleet) -> list[yaml.Value]:
    """Return the entries of `models`, the picks first."""
    roles: dict[tuple[str, str], list[str]] = {}
    for role, served in (*_picks(fleet), *(("chat", one) for one in fleet.chat)):
        if role not in (held := roles.setdefault(served.key, [])):
            held.append(role)
    by_key = {one.key: one for one in fleet.served}
    return [_entry(by_key[key], held) for key, held in roles.items()]


def _picks(fleet: Fleet) -> Iterator[tuple[str, Served]]:
    chat = fleet.pick("best", "chat") or next(iter(fleet.chat), None)
    code = fleet.pick("code") or chat
    if chat is not None:
        yield "chat", chat
    if code is not None:
        yield from ((role, code) for role in ("edit", "apply"))
    fillers = [one for one in fleet.chat if one.can("insert")] or list(fleet.chat)
    if fillers:
        yield "autocomplete", max(fillers, key=lambda one: one.rate or 0)
    if fleet.embedding:
        yield "embed", fleet.embedding[0]


def _entry(one: Served, roles: list[str]) -> dict[str, yaml.Value]:
    capabilities: list[yaml.Value] = [
        theirs for ours, theirs in (("tools", "tool_use"), ("vision", "image_input")) if one.can(ours)
    ]
    entry: dict[str, yaml.Value] = {
        "name": f"{one.model} on {one.host}",
        "provider": "ollama",
        "model": one.model,
        "apiBase": one.url,
        "roles": list[yaml.Value](roles),
    }
    if one.is_embedding:
        return entry
    entry["capabilities"] = capabilities
    if one.result.context_length is not None:
        entry["defaultCompletionOptions"] = {"contextLength": one.result.context_length}
    return entry
