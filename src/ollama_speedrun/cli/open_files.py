"""How many files this process may have open at once: each connection of a scan is one."""

import importlib
import sys
from typing import Final

FEW: Final = 256
_NEEDED_LATER: Final = ("..ui.live", "..ui.console", "..report.terminal", "..pipeline.run")


def too_few() -> int | None:
    """Return how many files may be open at once where that is too few for a scan at full speed, else None.

    What is loaded later is loaded at once then: while a scan has all files open, no module can be read. The scan itself
    raises the limit as far as it is allowed to, so what counts is the hard one.
    """
    if sys.platform == "win32":  # which knows no such limit
        return None
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY or hard >= FEW:
        return None
    for name in _NEEDED_LATER:
        importlib.import_module(name, __package__)
    return hard
