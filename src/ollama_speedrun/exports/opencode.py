"""opencode: a provider for each host, and the pick for code as its model. Pure."""

import json
from typing import Any, Final

from .basis import basis, comment
from .fleet import Fleet, Served

SCHEMA: Final = "https://opencode.ai/config.json"
PREFIX: Final = "speedrun-"
"""Begins the name of every provider that is ours, so that none of another maker is touched."""
OUTPUT_TOKENS: Final = 4096


def render(fleet: Fleet) -> str:
    """Return an opencode.json, which may hold comments."""
    return comment(basis(fleet, *notes(fleet)), "//") + json.dumps(config(fleet), indent=2) + "\n"


def notes(fleet: Fleet) -> tuple[str, ...]:
    """Return what opencode's users have to know of these settings."""
    contexts = sorted({one.result.context_length for one in fleet.chat if one.result.context_length is not None})
    measured = f"measured with {', '.join(map(str, contexts))}" if contexts else "not known here"
    return (
        f"opencode asks through /v1, which sets no context: the server's own OLLAMA_CONTEXT_LENGTH holds ({measured}).",
        "A model without tools cannot edit files: tool_call says which can.",
    )


def config(fleet: Fleet) -> dict[str, Any]:
    """Return the settings: providers, and the models to begin with."""
    found: dict[str, Any] = {"$schema": SCHEMA, "provider": providers(fleet)}
    if (main := _main(fleet)) is not None:
        found["model"] = reference(main)
    if fleet.chat:
        found["small_model"] = reference(max(fleet.chat, key=lambda one: one.rate or 0))
    return found


def _main(fleet: Fleet) -> Served | None:
    """Return the pick for code that can call tools, else the best that can, else the pick."""
    picks = [one for name in ("code", "agent", "best") if (one := fleet.pick(name)) is not None]
    able = [one for one in (*picks, *fleet.chat) if one.can("tools")]
    return next(iter((*able, *picks, *fleet.chat)), None)


def providers(fleet: Fleet) -> dict[str, Any]:
    """Return a provider for each host, with the models that were measured there."""
    return {
        PREFIX + slug: {
            "npm": "@ai-sdk/openai-compatible",
            "name": f"Ollama on {host}",
            "options": {"baseURL": f"{url}/v1"},
            "models": {one.model: _model(one) for one in fleet.chat if one.url == url},
        }
        for url, slug, host in dict.fromkeys((one.url, one.slug, one.host) for one in fleet.chat)
    }


def reference(one: Served) -> str:
    """Return the name by which opencode knows this model on this host."""
    return f"{PREFIX}{one.slug}/{one.model}"


def _model(one: Served) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": f"{one.model} on {one.host}",
        "tool_call": one.can("tools"),
        "reasoning": one.can("thinking"),
        "attachment": one.can("vision"),
    }
    if one.result.context_length is not None:
        found["limit"] = {
            "context": one.result.context_length,
            "output": min(OUTPUT_TOKENS, one.result.context_length),
        }
    return found
