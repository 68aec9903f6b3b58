"""The entry point: parse, hand over to the verb, and turn every error into one sentence and an exit status."""

import os
import signal
import sys

from .._version import __version__
from ..errors import DemoError, HistoryError, OutputError, UsageError, shortage_of
from .environment import Environment
from .exit_codes import ExitCode
from .options import PROGRAM, VERBS
from .overview import asked_for

TYPE_CHECKING = False  # not out of typing, whose import would take an eighth of what --help may cost
if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

_STDOUT = 1
_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")


def entry_point() -> int:
    """Run the command line of this process and return its exit status."""
    _act_on_signals(signal.SIG_DFL, signal.default_int_handler)
    _fill_standard_streams()
    environment = Environment.of_process()
    status = main(environment)
    _act_on_signals(signal.default_int_handler, signal.SIG_DFL)
    _drop_what_stdout_refuses()
    return status


def _act_on_signals(usual: object, action: "Callable[..., object] | signal.Handlers") -> None:
    """Do what Ctrl-C does when the process is to end or its terminal closes, unless the parent chose otherwise.

    Once all is done, another signal ends the process without a word.
    """
    for name in _SIGNALS:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) == usual:
            signal.signal(number, action)


def _fill_standard_streams() -> None:
    """Open the null device where the parent closed a standard stream.

    A file or connection of this program would get its number otherwise, and what a library or a child process writes
    to its standard error would go there. A closed standard output still takes nothing: who asked for a result is told.
    """
    for number, flags in ((0, os.O_RDONLY), (_STDOUT, os.O_RDONLY), (2, os.O_WRONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(os.open(os.devnull, flags), True)
            if number == _STDOUT:
                sys.stdout = open(number, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - as long as the process


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
            environment.say(f"{PROGRAM}: {_bug_report(environment, error, shortage=shortage_of(error))}")
            return ExitCode.UNEXPECTED_ERROR
    environment.say(f"{PROGRAM}: {_one_line(_innermost(error))}")
    return status


def _one_line(error: Exception) -> str:
    from ..report.text import clean

    return clean(str(error), limit=1000)


def _bug_report(environment: Environment, error: Exception, *, shortage: str | None) -> str:
    """Return one sentence about what nobody expected, which is no bug where the machine ran short of something."""
    if "--verbose" in environment.argv:
        import traceback

        environment.say("".join(traceback.format_exception(error)).rstrip())
    if shortage is not None:
        return shortage
    cause = _innermost(error)
    python = ".".join(map(str, sys.version_info[:3]))
    return (
        f"unexpected {type(cause).__name__}: {cause}; this is a bug in {PROGRAM} {__version__} (Python {python}, "
        f"{sys.platform}): please report it with what the same command prints under --verbose"
    )
