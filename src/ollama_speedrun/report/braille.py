"""A canvas of characters: Braille dots, or full stops where the encoding of the terminal has no Braille. Pure."""

from collections.abc import Sequence
from typing import Final

import msgspec

DOTS: Final = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""The bit of each dot of a Braille pattern (Unicode block U+2800), by row and column."""
EMPTY: Final = 0x2800


class Spot(msgspec.Struct, frozen=True):
    """One character of a plot, and the place of the series that it is of; None where it is of no series."""

    character: str
    series: int | None = None


BLANK: Final = Spot(" ")


class Canvas:
    """A grid of characters, each of 2 × 4 dots; places are shares of its width and height, from the left and below."""

    def __init__(self, columns: int, rows: int, *, has_braille: bool) -> None:
        self.columns = columns
        self.rows = rows
        self._has_braille = has_braille
        self._dots: dict[tuple[int, int], int] = {}
        self._lines: dict[tuple[int, int], Spot] = {}
        self._marks: dict[tuple[int, int], Spot] = {}

    def line(self, start: tuple[float, float], end: tuple[float, float], series: int | None = None) -> None:
        """Draw a straight line between two places."""
        (x1, y1), (x2, y2) = self._pixel(start), self._pixel(end)
        steps = max(abs(x2 - x1), abs(y2 - y1), 1)
        for step in range(steps + 1):
            x = round(x1 + (x2 - x1) * step / steps)
            y = round(y1 + (y2 - y1) * step / steps)
            self._dot(x, y, series)

    def mark(self, place: tuple[float, float], character: str, series: int | None = None) -> None:
        """Put a character at a place, in front of all lines."""
        x, y = self._pixel(place)
        self._marks[y // 4, x // 2] = Spot(character, series)

    def row_of(self, place: float) -> int:
        """Return the row, from the top, of a place along the height."""
        return self._pixel((0.0, place))[1] // 4

    def column_of(self, place: float) -> int:
        """Return the column of a place along the width."""
        return self._pixel((place, 0.0))[0] // 2

    def lines(self) -> Sequence[Sequence[Spot]]:
        """Return the characters of each row up to the last that is not empty, the highest row first."""
        spots = self._lines | self._marks
        ends = dict.fromkeys(range(self.rows), 0)
        for row, column in spots:
            ends[row] = max(ends[row], column + 1)
        return [[spots.get((row, column), BLANK) for column in range(end)] for row, end in ends.items()]

    def _pixel(self, place: tuple[float, float]) -> tuple[int, int]:
        x, y = (min(1.0, max(0.0, part)) for part in place)
        return round(x * (2 * self.columns - 1)), round((1 - y) * (4 * self.rows - 1))

    def _dot(self, x: int, y: int, series: int | None) -> None:
        cell = (y // 4, x // 2)
        bits = self._dots.get(cell, 0) | DOTS[y % 4][x % 2]
        self._dots[cell] = bits
        self._lines[cell] = Spot(chr(EMPTY + bits) if self._has_braille else ".", series)
