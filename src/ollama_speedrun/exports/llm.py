"""llm: each model on each host by a name of its own, picks as aliases. Pure."""

from . import yaml
from .basis import headed
from .fleet import Fleet


def render(fleet: Fleet) -> str:
    """Return an extra-openai-models.yaml."""
    notes = (
        "Ask the pick with: llm -m best 'a question'.",
        "llm asks through /v1, which sets no context: the server's OLLAMA_CONTEXT_LENGTH holds.",
        "Embedding models are left out: this file cannot name them.",
    )
    return headed(fleet, "#", *notes) + (yaml.block(models(fleet)) if fleet.chat else "[]\n")


def models(fleet: Fleet) -> list[yaml.Value]:
    """Return the entries of the file."""
    return [
        {
            "model_id": f"{one.slug}/{one.model}",
            "model_name": one.model,
            "aliases": list[yaml.Value](fleet.names_of(one)),
            "api_base": f"{one.url}/v1",
            "supports_tools": one.can("tools"),
            "supports_schema": True,
            "vision": one.can("vision"),
        }
        for one in fleet.chat
    ]
