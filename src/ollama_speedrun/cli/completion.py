"""`completion SHELL`: print the shell's completion script."""

import argparse

import shtab

from .environment import Environment
from .exit_codes import ExitCode
from .parser import build_parser


def main(environment: Environment, arguments: argparse.Namespace) -> ExitCode:
    """Print the script for the shell that was named."""
    environment.put(shtab.complete(build_parser(), arguments.shell))
    return ExitCode.DONE
