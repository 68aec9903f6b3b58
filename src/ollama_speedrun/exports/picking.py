"""From what a person calls a pick to one model on one host. Pure."""

import msgspec

from ..errors import UsageError
from .fleet import TIER_ALIASES, Alias, Fleet, Served

OWN = "pick"
"""The alias of a model that was named by host and model."""


def picked(fleet: Fleet, text: str) -> Fleet:
    """Return the fleet with one model alone, under one alias.

    `text` is a name of a pick ("best", a use, a memory tier), `HOST/MODEL`, or a model's name, then on the host where
    it scores best. Raises `UsageError`, which lists what there is.
    """
    if not fleet.served:
        raise UsageError(f"no model of the result can be used: {'; '.join(fleet.left_out)}")
    alias = _alias(fleet, text) or _named(fleet, text)
    if alias is None:
        names = ", ".join(one.name for one in fleet.aliases) or "none"
        models = ", ".join(f"{one.slug}/{one.model}" for one in fleet.served[:8])
        raise UsageError(f"there is no pick {text!r}; picks are: {names}; models are: {models}")
    return msgspec.structs.replace(
        fleet, served=(alias.served,), aliases=(alias,), measured=(alias.served,), left_out=()
    )


def _alias(fleet: Fleet, text: str) -> Alias | None:
    wanted = {text, TIER_ALIASES.get(text, f"tier-{text}")}
    return next((alias for alias in fleet.aliases if alias.name in wanted), None)


def _named(fleet: Fleet, text: str) -> Alias | None:
    served = next((one for one in fleet.served if text in _spellings(one)), None)
    return None if served is None else Alias(OWN, served, "named on the command line")


def _spellings(one: Served) -> set[str]:
    names = {one.model, one.model.removesuffix(":latest")}
    return names | {f"{host}/{name}" for host in (one.slug, one.host, one.url) for name in names}
