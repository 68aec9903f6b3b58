"""`models [TARGET…]`: find servers and list their models."""

import argparse

from ..events import Phase
from .environment import Environment
from .exit_codes import ExitCode
from .session import run_until


def main(environment: Environment, arguments: argparse.Namespace) -> ExitCode:
    """Run the first two phases and print the models."""
    return run_until(Phase.ENUMERATE, environment, arguments)
