"""olla: endpoints with priorities and model filters, since it knows no weights. Pure."""

import statistics

from . import yaml
from .basis import headed
from .fleet import Fleet
from .pools import pools

HIGHEST = 100


def render(fleet: Fleet) -> str:
    """Return a config.yaml for olla."""
    priorities = _priorities(fleet)
    endpoints: list[yaml.Value] = [
        {
            "url": url,
            "name": slug,
            "type": "ollama",
            "priority": priorities[url],
            "model_url": "/api/tags",
            "health_check_url": "/",
            "check_interval": "5s",
            "check_timeout": "2s",
            "model_filter": {"include": [one.model for one in fleet.served if one.url == url]},
        }
        for url, slug in {one.url: one.slug for one in fleet.served}.items()
    ]
    notes = (
        "olla knows no weights: priority is a host's measured rate relative to the fastest with the same models.",
        "A host of a lower priority answers only while none of a higher one does.",
        "model_filter keeps each host to the models that were measured on it.",
    )
    aliases = {alias.name: [alias.served.model] for alias in fleet.aliases}
    return headed(fleet, "#", *notes) + yaml.block(
        {
            "proxy": {"load_balancer": "priority"},
            "discovery": {"type": "static", "static": {"endpoints": endpoints}},
            "model_aliases": aliases,
        }
    )


def _priorities(fleet: Fleet) -> dict[str, int]:
    """Return 1 to 100 by URL: the geometric mean of a host's rates relative to the fastest host of each shared model.

    A host that shares no model has 100: its filter alone decides.
    """
    ratios: dict[str, list[float]] = {one.url: [] for one in fleet.served}
    for pool in pools(fleet):
        rates = [one.rate for one in pool.members if one.rate]
        if len(pool.members) < 2 or len(rates) < len(pool.members):
            continue
        for one, rate in zip(pool.members, rates, strict=True):
            ratios[one.url].append(rate / max(rates))
    return {
        url: max(1, round(HIGHEST * statistics.geometric_mean(found))) if found else HIGHEST
        for url, found in ratios.items()
    }
