"""The entry point: parse, hand over to the verb, and turn every error into one sentence and an exit status."""

import os
import sys

from .._version import __version__
from ..errors import DemoError, HistoryError, OutputError, UsageError
from .environment import Environment
from .exit_codes import ExitCode
from .options import PROGRAM, VERBS
from .overview import asked_for

TYPE_CHECKING = False  # not out of typing, whose import would take an eighth of what --help may cost
if TYPE_CHECKING:
    import argparse


def entry_point() -> int:
    """Run the command line of this process and return its exit status."""
    environment = Environment.of_process()
    status = main(environment)
    _drop_what_stdout_refuses()
    return status


def _drop_what_stdout_refuses() -> None:
    """Let the interpreter's last flush succeed, whose failure would print a traceback and change the exit status."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def main(environment: Environment) -> ExitCode:
    """Run one command line; say what went wrong in one sentence on stderr; return the exit status."""
    try:
        with environment.closing:
            return _run(environment)
    except KeyboardInterrupt:
        environment.say(f"{PROGRAM}: interrupted")
        return ExitCode.INTERRUPTED
    except Exception as exc:  # noqa: BLE001 - the one place that catches all: a bug must end in a sentence, too
        return _fail(environment, exc)


def _run(environment: Environment) -> ExitCode:
    text = asked_for(environment.argv)
    if text is not None:
        environment.put(text)
        return ExitCode.DONE
    from .parser import TextWanted, parse

    try:
        arguments = parse(environment.argv)
    except TextWanted as wanted:
        environment.put(wanted.text)
        return ExitCode.DONE
    return _dispatch(environment, arguments)


def _dispatch(environment: Environment, arguments: "argparse.Namespace") -> ExitCode:
    """Run the verb's own module, which is loaded only now."""
    import importlib

    verb = next(verb for verb in VERBS if verb.name == arguments.verb)
    status: ExitCode = importlib.import_module(f".{verb.module}", __package__).main(environment, arguments)
    return status


def _innermost(error: Exception) -> Exception:
    """Return what a task group wrapped, where it wrapped one thing."""
    while isinstance(error, ExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


def _fail(environment: Environment, error: Exception) -> ExitCode:
    match _innermost(error):
        case BrokenPipeError():
            return ExitCode.PIPE_CLOSED
        case UsageError() | HistoryError():
            status = ExitCode.USAGE
        case OutputError():
            status = ExitCode.NOT_WRITTEN
        case DemoError():
            status = ExitCode.NO_SERVER
        case _:
            environment.say(f"{PROGRAM}: {_bug_report(environment, error)}")
            return ExitCode.UNEXPECTED_ERROR
    environment.say(f"{PROGRAM}: {_one_line(_innermost(error))}")
    return status


def _one_line(error: Exception) -> str:
    from ..report.text import clean

    return clean(str(error), limit=1000)


def _bug_report(environment: Environment, error: Exception) -> str:
    if "--verbose" in environment.argv:
        import traceback

        environment.say("".join(traceback.format_exception(error)).rstrip())
    cause = _innermost(error)
    python = ".".join(map(str, sys.version_info[:3]))
    return (
        f"unexpected {type(cause).__name__}: {cause}; this is a bug in {PROGRAM} {__version__} (Python {python}, "
        f"{sys.platform}): please report it with what the same command prints under --verbose"
    )
