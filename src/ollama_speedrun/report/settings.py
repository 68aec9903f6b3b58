"""The settings of a report."""

from typing import Final

import msgspec

from ..assessment.types import Scoring
from ..assessment.uses import Use


class ReportSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How a document is shown: by which score, for which use (None: all areas alike), and how much of it.

    `wide` adds columns, and `max_memory_bytes` the largest context that fits into so much. `verbose` adds the notes
    that cannot change the decision and how each figure is to be read.
    """

    scoring: Scoring = "overall"
    use: Use | None = None
    wide: bool = False
    verbose: bool = False
    max_memory_bytes: int | None = None


USUAL: Final = ReportSettings()
