"""Zed: the models of one host. Pure."""

import json
from typing import Any

from .basis import basis, comment
from .fleet import Fleet, Served


def render(fleet: Fleet) -> str:
    """Return the part of settings.json, which may hold comments, that names the models."""
    pick = fleet.pick("code", "best") or next(iter(fleet.chat), None)
    if pick is None:
        return comment(basis(fleet), "//") + "{}\n"
    notes = [f"In Zed choose the model {pick.model}."]
    if elsewhere := [one for one in fleet.chat if one.url != pick.url]:
        notes.append(f"Zed knows one Ollama server: {len(elsewhere)} models on other hosts are left out.")
    ollama = {
        "api_url": pick.url,
        "auto_discover": False,
        "available_models": [_model(one) for one in fleet.chat if one.url == pick.url],
    }
    text = json.dumps({"language_models": {"ollama": ollama}}, indent=2)
    return comment(basis(fleet, *notes), "//") + text + "\n"


def _model(one: Served) -> dict[str, Any]:
    found: dict[str, Any] = {"name": one.model, "display_name": f"{one.model} on {one.host}"}
    if one.result.context_length is not None:
        found["max_tokens"] = one.result.context_length
    return found | {
        "supports_tools": one.can("tools"),
        "supports_thinking": one.can("thinking"),
        "supports_images": one.can("vision"),
    }
