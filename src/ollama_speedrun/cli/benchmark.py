"""`benchmark [TARGET…]`: everything but the verdict."""

import argparse

from ..events import Phase
from .environment import Environment
from .exit_codes import ExitCode
from .session import run_until


def main(environment: Environment, arguments: argparse.Namespace) -> ExitCode:
    """Run the first three phases and print the figures."""
    return run_until(Phase.BENCHMARK, environment, arguments)
