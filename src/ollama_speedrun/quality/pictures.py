"""Pictures drawn here: shapes and digits in a few colours, as PNG files whose bytes are the same everywhere.

Only integers decide which pixel is set. The image data stands in stored (uncompressed) DEFLATE blocks, for what zlib
compresses to may change with its version. Format: PNG specification, third edition; RFC 1950 and 1951.
"""

import base64
import functools
import struct
import zlib
from collections.abc import Callable

SIDE = 256
"""Width and height of a picture in pixels."""

COLOURS: dict[str, tuple[int, int, int]] = {
    "white": (255, 255, 255),
    "black": (0, 0, 0),
    "red": (220, 20, 30),
    "green": (0, 150, 50),
    "blue": (20, 60, 220),
    "yellow": (250, 220, 0),
    "orange": (250, 130, 0),
    "purple": (130, 30, 160),
    "brown": (120, 70, 30),
    "gray": (140, 140, 140),
}
"""Each colour's red, green and blue; the first is the background."""

_INDEX = {colour: index for index, colour in enumerate(COLOURS)}

_GLYPHS = (
    "01110 10001 10011 10101 11001 10001 01110",
    "00100 01100 00100 00100 00100 00100 01110",
    "01110 10001 00001 00010 00100 01000 11111",
    "11111 00010 00100 00010 00001 10001 01110",
    "00010 00110 01010 10010 11111 00010 00010",
    "11111 10000 11110 00001 00001 10001 01110",
    "00110 01000 10000 11110 10001 10001 01110",
    "11111 00001 00010 00100 01000 01000 01000",
    "01110 10001 10001 01110 10001 10001 01110",
    "01110 10001 10001 01111 00001 00010 01100",
)
"""The digits in a grid of five by seven dots, row by row."""

GLYPH_WIDTH, GLYPH_HEIGHT = 5, 7


def _circle(x: int, y: int, radius: int) -> bool:
    return x * x + y * y <= radius * radius


def _square(x: int, y: int, radius: int) -> bool:
    return abs(x) <= radius and abs(y) <= radius


def _triangle(x: int, y: int, radius: int) -> bool:
    return abs(y) <= radius and 2 * abs(x) <= y + radius


def _diamond(x: int, y: int, radius: int) -> bool:
    return abs(x) + abs(y) <= radius


def _cross(x: int, y: int, radius: int) -> bool:
    return max(abs(x), abs(y)) <= radius and 3 * min(abs(x), abs(y)) <= radius


SHAPES: dict[str, Callable[[int, int, int], bool]] = {
    "circle": _circle,
    "square": _square,
    "triangle": _triangle,
    "diamond": _diamond,
    "cross": _cross,
}
"""Each shape: tells if the point (x, y), relative to its middle, lies in it; y grows downwards.

Each is symmetric to its upright axis, and each of its rows is one piece."""


class Picture:
    """A white square of `SIDE` × `SIDE` pixels to draw on."""

    def __init__(self) -> None:
        self._pixels = bytearray(SIDE * SIDE)

    def rectangle(self, colour: str, x: int, y: int, width: int, height: int) -> None:
        """Draw a filled rectangle from its top left corner on; what lies outside of the picture is left out."""
        left, right = max(0, x), min(SIDE, x + width)
        for row in range(max(0, y), min(SIDE, y + height)):
            if left < right:
                self._pixels[row * SIDE + left : row * SIDE + right] = bytes([_INDEX[colour]]) * (right - left)

    def shape(self, name: str, colour: str, x: int, y: int, radius: int) -> None:
        """Draw a filled shape around its middle."""
        for down, reach in enumerate(_reaches(name, radius), start=-radius):
            if reach >= 0:
                self.rectangle(colour, x - reach, y + down, 2 * reach + 1, 1)

    def digits(self, text: str, colour: str, x: int, y: int, scale: int) -> None:
        """Draw digits from their top left corner on; a digit takes 6 × `scale` pixels in width."""
        for place, digit in enumerate(text):
            for row, dots in enumerate(_GLYPHS[int(digit)].split()):
                for column, dot in enumerate(dots):
                    if dot == "1":
                        left = x + (place * (GLYPH_WIDTH + 1) + column) * scale
                        self.rectangle(colour, left, y + row * scale, scale, scale)

    def png(self) -> bytes:
        """Return the picture as a PNG file with a palette, four bits a pixel."""
        header = struct.pack(">IIBBBBB", SIDE, SIDE, 4, 3, 0, 0, 0)
        palette = bytes(part for colour in COLOURS.values() for part in colour)
        row_bytes = SIDE // 2
        packed = int.from_bytes(self._pixels[::2]) << 4 | int.from_bytes(self._pixels[1::2])
        pixels = packed.to_bytes(SIDE * row_bytes)
        data = b"".join(
            b"\0" + pixels[at : at + row_bytes] for at in range(0, len(pixels), row_bytes)
        )  # filter 0: none
        chunks = ((b"IHDR", header), (b"PLTE", palette), (b"IDAT", _stored(data)), (b"IEND", b""))
        return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, body) for name, body in chunks)

    def base64(self) -> str:
        """Return the PNG file in base64, as /api/chat takes it."""
        return base64.b64encode(self.png()).decode()


@functools.cache
def _reaches(name: str, radius: int) -> tuple[int, ...]:
    """Return how far a shape reaches to each side of its middle, row by row from the top; -1 for an empty row."""
    within = SHAPES[name]
    return tuple(
        max((right for right in range(radius + 1) if within(right, down, radius)), default=-1)
        for down in range(-radius, radius + 1)
    )


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def _stored(data: bytes) -> bytes:
    """Return the data as a zlib stream of stored blocks."""
    blocks = [data[start : start + 65_535] for start in range(0, len(data), 65_535)]
    written = b"".join(
        struct.pack("<BHH", block is blocks[-1], len(block), len(block) ^ 0xFFFF) + block for block in blocks
    )
    return b"\x78\x01" + written + struct.pack(">I", zlib.adler32(data))
