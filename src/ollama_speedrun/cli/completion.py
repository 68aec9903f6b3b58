"""`completion SHELL`: print the shell's completion script."""

import argparse
from collections.abc import Iterator

import shtab

from .environment import Environment
from .exit_codes import ExitCode
from .options import SETTINGS, VERBS
from .parser import DEFAULT_VERB, add_options, build_parser


def main(environment: Environment, arguments: argparse.Namespace) -> ExitCode:
    """Print the script for the shell that was named."""
    parser = build_parser()
    add_options(parser, next(verb for verb in VERBS if verb.name == DEFAULT_VERB))  # as if it had been typed
    values = {setting.flag: setting.kind.values for setting in SETTINGS if setting.kind.values}
    for action in _actions(parser):
        for flag in action.option_strings:
            if flag in values and action.nargs != 0:
                action.choices = values[flag]  # this parser reads no command line: it only tells shells what there is
    environment.put(shtab.complete(parser, arguments.shell))
    return ExitCode.DONE


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Yield all options of a parser and of its verbs."""
    for action in parser._actions:  # noqa: SLF001 - argparse has no other way to list them
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001 - nor a public name for its verbs
            for verb in action.choices.values():
                yield from _actions(verb)
        else:
            yield action
