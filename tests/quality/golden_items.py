"""Hashes of generated items. `python tests/quality/golden_items.py` prints the file after an intended change."""

import hashlib
import json
from pathlib import Path

import msgspec

from ollama_speedrun.quality.bank import FAMILIES, item
from ollama_speedrun.quality.items import LEVELS, Family

FILE = Path(__file__).with_suffix(".json")
SEEDS = (0, 1, 77_777)


def hashes(family: Family) -> dict[str, str]:
    """Return level → hash of the family's items with the seeds above."""
    return {str(level): _hash(family, level) for level in LEVELS}


def _hash(family: Family, level: int) -> str:
    items = [item(family.area, family.name, level, seed) for seed in SEEDS]
    encoded = msgspec.json.encode(items, order="deterministic")
    return hashlib.sha256(encoded).hexdigest()[:16]


def all_hashes() -> dict[str, dict[str, str]]:
    return {f"{family.area}/{family.name}": hashes(family) for family in FAMILIES}


if __name__ == "__main__":
    print(json.dumps(all_hashes(), indent=1))
