"""aider: the models of one host with the context that was measured. Pure."""

import shlex

from . import yaml
from .basis import headed
from .fleet import Fleet

PREFIX = "ollama_chat/"


def render(fleet: Fleet) -> str:
    """Return an .aider.model.settings.yml."""
    pick = fleet.pick("code", "best") or next(iter(fleet.chat), None)
    if pick is None:
        return headed(fleet, "#") + "[]\n"
    notes = [
        f"Start it with: OLLAMA_API_BASE={shlex.quote(pick.url)} aider --model {shlex.quote(PREFIX + pick.model)}",
        "Without num_ctx aider sets one for each prompt, and the server loads the model again each time.",
    ]
    if elsewhere := [one for one in fleet.chat if one.url != pick.url]:
        notes.append(f"aider knows one server: {len(elsewhere)} models on other hosts are left out.")
    return headed(fleet, "#", *notes) + yaml.block(
        [
            {"name": PREFIX + one.model}
            | ({} if one.result.context_length is None else {"extra_params": {"num_ctx": one.result.context_length}})
            for one in fleet.chat
            if one.url == pick.url
        ]
    )
