"""What a report shows, as text: all rounding and all units."""

from typing import Literal, TypeAlias

Scoring: TypeAlias = Literal["overall", "classic"]
