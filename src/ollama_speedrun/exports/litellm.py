"""LiteLLM proxy: several hosts of one model as a weighted pool, picks as aliases. Pure."""

from collections.abc import Sequence

from . import yaml
from .basis import headed
from .fleet import Fleet, Served
from .pools import Pool, pool_of, pools, weights

RETRIES = 2
COOLDOWN_S = 30
MOST_FALLBACKS = 2


def render(fleet: Fleet) -> str:
    """Return a config.yaml for `litellm --config`."""
    groups = pools(fleet)
    notes = (
        "weight is the measured output in tokens/s (texts/s of embedding models): a pool's requests are shared by it.",
        "num_ctx is the context that was measured; another one makes a server load the model again.",
        "A host that fails rests for cooldown_time seconds; fallbacks are the next best models.",
    )
    return headed(fleet, "#", *notes) + yaml.block(
        {
            "model_list": [
                _deployment(group, member, weight)
                for group in groups
                for member, weight in zip(group.members, weights(group), strict=True)
            ],
            "router_settings": _router(fleet, groups),
        }
    )


def _deployment(group: Pool, member: Served, weight: float) -> dict[str, yaml.Value]:
    provider = "ollama" if member.is_embedding else "ollama_chat"
    params: dict[str, yaml.Value] = {"model": f"{provider}/{member.model}", "api_base": member.url, "weight": weight}
    if member.result.context_length is not None and not member.is_embedding:
        params["num_ctx"] = member.result.context_length
    return {
        "model_name": group.name,
        "litellm_params": params,
        "model_info": {
            "id": f"{member.slug}/{member.model}",
            "mode": "embedding" if member.is_embedding else "chat",
        },
    }


def _router(fleet: Fleet, groups: Sequence[Pool]) -> dict[str, yaml.Value]:
    aliases = {alias.name: pool.name for alias in fleet.aliases if (pool := pool_of(alias.served, groups)) is not None}
    settings: dict[str, yaml.Value] = {"routing_strategy": "simple-shuffle", "model_group_alias": aliases}
    chat = [group.name for group in groups if not group.members[0].is_embedding]
    settings["fallbacks"] = [
        {name: [other for other in chat[: MOST_FALLBACKS + 1] if other != name][:MOST_FALLBACKS]}
        for name in chat
        if len(chat) > 1
    ]
    settings["num_retries"] = RETRIES
    settings["cooldown_time"] = COOLDOWN_S
    return settings
