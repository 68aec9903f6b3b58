"""Seeded random draws that are the same on every platform and Python version."""

import hashlib
import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Draw:
    """A stream of random draws that depends on its name alone.

    Only `random.Random.getrandbits` is used beneath: its sequence for a given seed is the Mersenne Twister's, while
    `choice`, `shuffle` and `sample` may change between Python versions.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        seed = int.from_bytes(hashlib.sha256(name.encode()).digest(), "big")
        self._bits = random.Random(seed)  # noqa: S311 - no secret depends on it

    def fork(self, name: str) -> "Draw":
        """Return an independent stream; what is drawn from one does not move the other."""
        return Draw(f"{self._name}/{name}")

    def below(self, end: int) -> int:
        """Return an integer from 0 up to and excluding `end`, each equally likely; ValueError for `end` < 1."""
        if end < 1:
            raise ValueError(f"cannot draw below {end}")
        width = end.bit_length()
        while (value := self._bits.getrandbits(width)) >= end:
            pass
        return value

    def integer(self, low: int, high: int) -> int:
        """Return an integer from `low` to `high`, both included, each equally likely."""
        return low + self.below(high - low + 1)

    def chance(self, share: float) -> bool:
        """Return True with this probability, to 2⁻³²."""
        return self._bits.getrandbits(32) < share * 2**32

    def choice(self, values: Sequence[T]) -> T:
        """Return one of the values, each equally likely; ValueError for none."""
        return values[self.below(len(values))]

    def shuffled(self, values: Sequence[T]) -> tuple[T, ...]:
        """Return the values in random order, each order equally likely (Fisher–Yates)."""
        order = list(values)
        getrandbits = self._bits.getrandbits
        for last in range(len(order) - 1, 0, -1):
            # `below(last + 1)` without the call, which took most of the time that drawing a mix takes
            width = (last + 1).bit_length()
            while (other := getrandbits(width)) > last:
                pass
            order[last], order[other] = order[other], order[last]
        return tuple(order)

    def sample(self, values: Sequence[T], count: int) -> tuple[T, ...]:
        """Return `count` different places of `values` in random order; ValueError for more than there are."""
        if not 0 <= count <= len(values):
            raise ValueError(f"cannot draw {count} of {len(values)} values")
        return self.shuffled(values)[:count]
