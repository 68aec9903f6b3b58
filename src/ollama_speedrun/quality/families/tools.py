"""Tool calling: single calls, and worlds in which several calls build on one another."""

from typing import Final

from ..items import Family
from .tools_calls import ONE_CALL
from .tools_worlds import WORLD_FAMILIES

FAMILIES: Final[tuple[Family, ...]] = (ONE_CALL, *WORLD_FAMILIES)
