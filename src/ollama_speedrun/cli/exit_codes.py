"""The exit statuses, one row each; `make docs` writes the table of docs/exit-codes.md out of them."""

from __future__ import annotations

import enum

TYPE_CHECKING = False  # not out of typing, whose import would take an eighth of what --help may cost
if TYPE_CHECKING:
    from typing import Self


class ExitCode(enum.IntEnum):
    """The exit statuses of every verb."""

    meaning: str
    """When a command ends so, as the documentation says it."""

    def __new__(cls, status: int, meaning: str) -> Self:
        """Return the member; its value is the status alone."""
        member = int.__new__(cls, status)
        member._value_ = status
        member.meaning = meaning
        return member

    DONE = 0, "everything that was asked for was done"
    UNEXPECTED_ERROR = 1, "a bug: the sentence says so, `--verbose` adds the traceback for the report"
    USAGE = (
        2,
        (
            "an option, argument, variable, settings file, result file or history cannot be used, and nothing was "
            "sent; or a question (a large scan, a long run, a deletion) was answered with no"
        ),
    )
    NO_SERVER = 3, "no Ollama server was found, or none that `--host` chooses, or the demo's servers could not start"
    NO_MODEL = 4, "servers were found, but no model on them, or none that `--model`, `--exclude` and `--tier` leave"
    PARTLY_FAILED = (
        5,
        ("some benchmarks failed, or some servers that were named or found could not be used; the rest is done"),
    )
    NOTHING_BENCHMARKED = 6, "there were models, but not one benchmark succeeded"
    NOT_WRITTEN = 7, "a result could not be written where it should go; the sentence says where it is kept instead"
    WORSE = 8, "`check` found a figure worse than the limits allow, and measuring again confirmed it"
    CANNOT_TELL = 9, "`check` could not tell: what was measured is too uncertain, or a model of the baseline is missing"
    UNLIKE = 10, "two results were measured with other settings, so that nothing of them can be compared"
    INTERRUPTED = 130, "Ctrl-C or SIGTERM; what was finished is printed and written"
    PIPE_CLOSED = 141, r"the reader of standard output went away, as in `ollama-speedrun models \| head -1`"
