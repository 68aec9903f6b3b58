"""The families of the area tasks."""

from .tasks_classify import CLASSIFY
from .tasks_extract import EXTRACT
from .tasks_summary import SUMMARY
from .tasks_translate import TRANSLATE

FAMILIES = (EXTRACT, CLASSIFY, TRANSLATE, SUMMARY)
