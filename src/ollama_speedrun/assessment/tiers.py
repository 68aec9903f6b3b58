"""Memory tiers: a model belongs where its measured memory puts it, or its size on disk where that is all we know."""

from typing import Final

from .. import units
from .types import Tier, TierBasis

TIERS: Final[tuple[tuple[Tier, float], ...]] = (
    ("<2", 2),
    ("2-4", 4),
    ("4-8", 8),
    ("8-16", 16),
    ("16+", float("inf")),
)
"""Each tier with its upper bound in GB, which belongs to the next tier."""


def tier_of(size_bytes: int, *, gb: int = units.GB) -> Tier:
    """Return the tier that holds a model of this many bytes; `gb` is how many bytes a GB has."""
    return next(tier for tier, below_gb in TIERS if size_bytes < below_gb * gb)


def placed(*, memory_bytes: int | None, size_bytes: int | None) -> tuple[Tier, TierBasis] | tuple[None, None]:
    """Return the tier and what it rests on; (None, None) where neither size is known."""
    if memory_bytes is not None:
        return tier_of(memory_bytes), "memory"
    if size_bytes is not None:
        return tier_of(size_bytes), "disk"
    return None, None
