"""The families of the area context."""

from .context_dialogue import DIALOGUE
from .context_needle import NEEDLE
from .context_variables import VARIABLES

FAMILIES = (NEEDLE, VARIABLES, DIALOGUE)
