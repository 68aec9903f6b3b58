"""The event of the assessment."""

import msgspec

from .types import Verdict


class Assessed(msgspec.Struct, frozen=True):
    """The verdict."""

    verdict: Verdict
