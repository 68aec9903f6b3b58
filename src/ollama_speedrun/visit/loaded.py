"""Reading /api/ps: which entry is a model, how much memory it takes, and how long it stays. Pure."""

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Final, TypeAlias

from ..inventory.types import Model
from ..ollama import wire
from .types import Residency, Resident

FOREVER_YEAR: Final = 2100
LONGEST_NAME_CHARACTERS: Final = 512
LONGEST_DIGEST_CHARACTERS: Final = 128

Identity: TypeAlias = tuple[str | None, str]


def find(loaded: Sequence[wire.Loaded], model: Model) -> wire.Loaded | None:
    """Find a model by digest, for an alias is listed under the name that loaded it; by name where one is absent."""
    for entry in loaded:
        if entry.digest == model.digest if entry.digest and model.digest else entry.name == model.name:
            return entry
    return None


def residency_of(loaded: wire.Loaded | None) -> Residency | None:
    """Return how much memory a model takes and where; None where /api/ps does not say."""
    if loaded is None or not loaded.size or loaded.size < 0:
        return None
    on_gpu = min(max(loaded.size_vram or 0, 0), loaded.size)
    return Residency(loaded.size, on_gpu, loaded.context_length or None)


def resident_of(loaded: wire.Loaded, *, remaining_s: int) -> Resident | None:
    """Return an entry of /api/ps as it is kept, given what `remaining_s` says of it; None without a usable name."""
    if not loaded.name or len(loaded.name) > LONGEST_NAME_CHARACTERS:
        return None
    digest = loaded.digest
    return Resident(
        model=loaded.name,
        digest=digest if digest and len(digest) <= LONGEST_DIGEST_CHARACTERS else None,
        size_bytes=loaded.size,
        size_vram_bytes=loaded.size_vram,
        context_length=loaded.context_length or None,
        stays=remaining_s < 0,
        remaining_s=remaining_s if expiry_s(loaded) and remaining_s >= 0 else None,
    )


def identity(loaded: wire.Loaded) -> Identity:
    """Return what tells one loaded model from another."""
    return loaded.digest, loaded.name


def remaining_s(loaded: wire.Loaded, *, since_s: float) -> int:
    """Seconds of keep-alive that were left at a time: negative for a model that stays, 0 where none or unknown."""
    leaves_s = expiry_s(loaded)
    return -1 if leaves_s == math.inf else max(0, int(leaves_s - since_s))


def expiry_s(loaded: wire.Loaded) -> float:
    """Return when a model leaves memory, in seconds since the epoch: infinite where it stays, 0 where unknown."""
    try:
        expires_at = datetime.fromisoformat(loaded.expires_at or "")
    except ValueError:
        return 0.0
    if expires_at.year >= FOREVER_YEAR:
        return math.inf
    return expires_at.timestamp() if expires_at.tzinfo else 0.0
