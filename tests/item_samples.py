"""Drafts of a family for tests: 200 over its levels, the same in each run."""

import functools
from typing import NamedTuple

from ollama_speedrun.quality.draw import Draw
from ollama_speedrun.quality.items import LEVELS, Draft, Family


class Sample(NamedTuple):
    level: int
    seed: int
    draft: Draft

    @property
    def prompt(self) -> str:
        """All that the model reads, one message a line."""
        return "\n".join(message.content for message in self.draft.messages)

    @property
    def answer(self) -> str:
        return self.draft.oracle[-1].content


def drafted(family: Family, level: int, seed: int) -> Draft:
    stem = seed // 2 if family.paired else seed
    return family.generate(Draw(f"{family.area}/{family.name}/{level}/{stem}"), level, family.paired and seed % 2 == 1)


@functools.cache
def samples(family: Family) -> tuple[Sample, ...]:
    """Return the drafts of seeds 0 to 39 for every level."""
    return tuple(Sample(level, seed, drafted(family, level, seed)) for level in LEVELS for seed in range(40))
