"""The families of the area code. `function` and `regex` run what the model writes, so they need the sandbox."""

from .code_function import FUNCTION
from .code_output import OUTPUT
from .code_regex import REGEX
from .code_sql import SQL

FAMILIES = (OUTPUT, FUNCTION, SQL, REGEX)
