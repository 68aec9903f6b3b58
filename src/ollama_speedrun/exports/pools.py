"""Several hosts of one model as one pool, and the measured rates as weights. Pure."""

from collections import Counter
from collections.abc import Sequence

import msgspec

from .fleet import Fleet, Served


class Pool(msgspec.Struct, frozen=True):
    """The hosts that serve the same model, the fastest first, under one name."""

    name: str
    members: tuple[Served, ...]


def pools(fleet: Fleet) -> tuple[Pool, ...]:
    """Return the models of a fleet, each with all of its hosts.

    Hosts with another digest under the same name serve another model: each such host has a pool of its own,
    `NAME@HOST`, beside the one of the best.
    """
    by_name: dict[str, list[Served]] = {}
    for one in fleet.served:
        by_name.setdefault(one.model, []).append(one)
    found = [pool for name, members in by_name.items() for pool in _of_one_name(name, members)]
    taken = Counter(pool.name for pool in found)
    return tuple(pool for pool in found if taken[pool.name] == 1 or "@" not in pool.name)


def pool_of(served: Served, among: Sequence[Pool]) -> Pool | None:
    """Return the pool that this model on this host belongs to."""
    return next((pool for pool in among if any(one.key == served.key for one in pool.members)), None)


def weights(pool: Pool) -> tuple[float, ...]:
    """Return a weight for each member: its rate, to three digits; 1 each where a rate is not known."""
    rates = [member.rate for member in pool.members]
    known = [rate for rate in rates if rate is not None and rate > 0]
    if len(known) < len(rates):
        return tuple(1.0 for _ in rates)
    return tuple(max(float(f"{rate:.3g}"), 0.001) for rate in known)


def _of_one_name(name: str, members: Sequence[Served]) -> list[Pool]:
    digest = members[0].result.digest
    same = [one for one in members if one.result.digest == digest]
    others = [one for one in members if one.result.digest != digest]
    return [
        Pool(name, tuple(sorted(same, key=lambda one: -(one.rate or 0)))),
        *(Pool(f"{name}@{one.slug}", (one,)) for one in others),
    ]
