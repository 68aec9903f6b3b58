"""Reading what this machine is, for the document of a run."""

import os
import platform

from .types import Context


def read_context() -> Context:
    """Return the system, architecture, Python version and number of processors of this machine, and no name of it."""
    return Context(
        system=platform.system(),
        architecture=platform.machine(),
        python=platform.python_version(),
        cpus=os.cpu_count(),
    )
