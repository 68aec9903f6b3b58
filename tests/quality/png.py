"""A reader of palette PNGs with four bits a pixel, and of the shapes in them; shares no code with the program."""

import base64
import re
import struct
import zlib
from dataclasses import dataclass

PALETTE = {
    (255, 255, 255): "white",
    (0, 0, 0): "black",
    (220, 20, 30): "red",
    (0, 150, 50): "green",
    (20, 60, 220): "blue",
    (250, 220, 0): "yellow",
    (250, 130, 0): "orange",
    (130, 30, 160): "purple",
    (120, 70, 30): "brown",
    (140, 140, 140): "gray",
}

COLOURS = {f"{index:x}": name for index, name in enumerate(PALETTE.values())}


@dataclass(frozen=True)
class Shape:
    """A patch of one colour: its kind, and the middle of the box around it."""

    kind: str
    colour: str
    x: float
    y: float


def read(encoded: str) -> list[str]:
    """Return a PNG in base64 as rows of one hexadecimal digit a pixel, which `COLOURS` names; checks every checksum."""
    data = base64.b64decode(encoded, validate=True)
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    chunks, place = {}, 8
    while place < len(data):
        length = struct.unpack(">I", data[place : place + 4])[0]
        name, body = data[place + 4 : place + 8], data[place + 8 : place + 8 + length]
        assert struct.unpack(">I", data[place + 8 + length : place + 12 + length])[0] == zlib.crc32(name + body)
        chunks[name] = body
        place += 12 + length
    width, height, depth, kind = struct.unpack(">IIBB", chunks[b"IHDR"][:10])
    assert (depth, kind) == (4, 3)
    assert list(struct.iter_unpack("BBB", chunks[b"PLTE"])) == list(PALETTE)
    rows = zlib.decompress(chunks[b"IDAT"])
    stride = 1 + width // 2
    assert len(rows) == stride * height
    assert set(rows[::stride]) == {0}
    return [rows[start + 1 : start + stride].hex() for start in range(0, len(rows), stride)]


def shapes(seen: list[str]) -> list[Shape]:
    """Return the patches of one colour on the white ground, and what they look like."""
    patches: list[list[tuple[int, int, int]]] = []
    growing: list[list[tuple[int, int, int]]] = []
    for y, row in enumerate(seen):
        grown = []
        for run in re.finditer(r"([1-9])\1*", row):
            west, east = run.start(), run.end() - 1
            above = [p for p in growing if p[-1][0] == y - 1 and p[-1][1] <= east and p[-1][2] >= west]
            same = [patch for patch in above if seen[y - 1][patch[-1][1]] == run[1]]
            assert len(same) <= 1
            if not same:
                same = [[]]
                patches.append(same[0])
            same[0].append((y, west, east))
            grown.append(same[0])
        growing = grown
    return [_shape(patch, COLOURS[seen[patch[0][0]][patch[0][1]]]) for patch in patches]


def _shape(patch: list[tuple[int, int, int]], colour: str) -> Shape:
    """Tell a shape by the width of its rows at a quarter and at half of its height, relative to the box around it."""
    west, east = min(run[1] for run in patch), max(run[2] for run in patch)
    widths = [(run[2] - run[1] + 1) / (east - west + 1) for run in patch]
    quarter, half = widths[(len(patch) - 1) // 4], widths[(len(patch) - 1) // 2]
    kind = (
        "triangle" if half < 0.75
        else "square" if quarter > 0.97
        else "circle" if quarter > 0.7
        else "diamond" if quarter > 0.42
        else "cross"
    )  # fmt: skip
    return Shape(kind, colour, (west + east) / 2, (patch[0][0] + patch[-1][0]) / 2)
