"""`run [TARGET…]`, the default verb: all four phases."""

import argparse

from ..events import Phase
from .environment import Environment
from .exit_codes import ExitCode
from .session import run_until


def main(environment: Environment, arguments: argparse.Namespace) -> ExitCode:
    """Run all four phases."""
    return run_until(Phase.ASSESS, environment, arguments)
