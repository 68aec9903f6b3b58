"""Making a server's words safe to show: a name from the network must not steer the terminal it is printed on."""

import re
import unicodedata
from typing import Final

ELLIPSIS: Final = "…"

_ESCAPE_SEQUENCE: Final = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor movement
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)?"  # OSC, DCS and their like
    r"|\x1b[ -/]*[0-~]?"  # the rest of ECMA-48
)
# Cc controls, Cf invisible and bidirectional marks, Cs halves of a pair, Co and Cn of unknown width
_UNPRINTABLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
# Selectors change a character's width in some terminals and not in others
_VARIATION_SELECTORS: Final = frozenset(map(chr, range(0xFE00, 0xFE10)))
_TO_ASCII: Final = str.maketrans("★✓✗→–—…·×÷≤−±━─", "*+x>--~|x/<-~#-")


def clean(text: str, limit: int = 300) -> str:
    """Return `text` as one printable line of at most `limit` characters, an ellipsis in place of what is cut off.

    Escape sequences, control characters, bidirectional and invisible marks are gone; runs of white space are one space.
    """
    # A hostile text may be huge: look at no more of it than could be shown
    spaced = " ".join(_ESCAPE_SEQUENCE.sub("", text[: 4 * limit]).split())
    printable = "".join(
        character
        for character in spaced
        if unicodedata.category(character) not in _UNPRINTABLE and character not in _VARIATION_SELECTORS
    )
    # What was taken out may have stood between two spaces, or between a letter and its accent
    shown = " ".join(unicodedata.normalize("NFC", printable).split())
    return shown if len(shown) <= limit else shown[: limit - 1] + ELLIPSIS


def to_ascii(text: str) -> str:
    """Return `text` with our own symbols replaced by ASCII ones of the same width."""
    return text.translate(_TO_ASCII)


def sentence(text: str) -> str:
    """Return a text as a sentence of its own: cleaned, with a capital at its beginning and a full stop at its end."""
    cleaned = clean(text, 600)
    return f"{cleaned[:1].upper()}{cleaned[1:].rstrip('.')}." if cleaned else ""
