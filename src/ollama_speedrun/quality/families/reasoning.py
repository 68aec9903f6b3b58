"""The families of the area reasoning."""

from .reasoning_arithmetic import ARITHMETIC
from .reasoning_calendar import CALENDAR
from .reasoning_knights import KNIGHTS_AND_KNAVES
from .reasoning_ordering import ORDERING
from .reasoning_syllogism import SYLLOGISM
from .reasoning_word_problem import WORD_PROBLEM

FAMILIES = (ARITHMETIC, WORD_PROBLEM, ORDERING, CALENDAR, KNIGHTS_AND_KNAVES, SYLLOGISM)
