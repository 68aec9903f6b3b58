"""A picture to show to models that can see: made here, so that nothing has to be shipped or fetched. Pure."""

import base64
import functools
import struct
import zlib
from typing import Final

SIDE_PIXELS: Final = 256
BANDS: Final = ((220, 40, 40), (250, 220, 60), (40, 90, 200), (245, 245, 245))


@functools.cache
def png_base64() -> str:
    """Return 256 × 256 pixels in four horizontal bands (red, yellow, blue, white) as a PNG in base64."""
    height = SIDE_PIXELS // len(BANDS)
    rows = b"".join((b"\x00" + bytes(colour) * SIDE_PIXELS) * height for colour in BANDS)
    header = struct.pack(">IIBBBBB", SIDE_PIXELS, SIDE_PIXELS, 8, 2, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows)) + _chunk(b"IEND", b"")
    return base64.b64encode(png).decode()


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
