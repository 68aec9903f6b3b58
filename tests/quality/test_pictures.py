"""Pictures as a PNG reader of our own sees them."""

import hashlib
import zlib

import pytest

from ollama_speedrun.quality.pictures import COLOURS, SHAPES, SIDE, Picture
from quality.png import read

RED, BLUE = "2", "4"


def test_a_picture_is_a_png_of_stored_blocks_that_any_zlib_reads() -> None:
    picture = Picture()
    picture.rectangle("red", 10, 20, 3, 2)
    picture.rectangle("black", -5, 5, 5, 1)
    picture.rectangle("black", SIDE, 5, 9, 1)
    picture.rectangle("black", 5, -3, 9, 3)

    seen = read(picture.base64())

    assert len(seen) == SIDE
    assert {len(row) for row in seen} == {SIDE}
    red = {(x, y) for y, row in enumerate(seen) for x, colour in enumerate(row) if colour == RED}
    assert red == {(x, y) for x in (10, 11, 12) for y in (20, 21)}
    assert set("".join(seen)) == {"0", RED}


def test_the_bytes_are_the_same_everywhere() -> None:
    picture = Picture()
    for place, shape in enumerate(SHAPES):
        picture.shape(shape, list(COLOURS)[place + 1], 25 + 50 * place, 60, 20)
    picture.digits("0123456789", "black", 5, 150, 4)

    assert (
        hashlib.sha256(picture.png()).hexdigest() == "e5cd4a7b023e57ad036e5cc4d16299164df573532a06c93dc40f65096957aadd"
    )
    assert zlib.crc32(b"IEND").to_bytes(4, "big") == picture.png()[-4:]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_shape_stays_within_its_radius(shape: str) -> None:
    picture = Picture()
    picture.shape(shape, "blue", 100, 90, 15)
    seen = read(picture.base64())

    points = [(x, y) for y, row in enumerate(seen) for x, colour in enumerate(row) if colour == BLUE]
    assert (min(y for _, y in points), max(y for _, y in points)) == (75, 105)
    assert (min(x for x, _ in points), max(x for x, _ in points)) == (85, 115)
