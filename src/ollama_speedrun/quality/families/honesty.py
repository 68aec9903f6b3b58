"""The families of the area honesty: always pairs of a question that has an answer and one that has none."""

from .honesty_country import COUNTRY
from .honesty_premise import PREMISE
from .honesty_text import FROM_TEXT

FAMILIES = (FROM_TEXT, COUNTRY, PREMISE)
