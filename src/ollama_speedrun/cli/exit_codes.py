"""The exit statuses; docs/exit-codes.md explains each."""

import enum


class ExitCode(enum.IntEnum):
    """The exit statuses of every verb."""

    DONE = 0
    UNEXPECTED_ERROR = 1
    USAGE = 2
    NO_SERVER = 3
    NO_MODEL = 4
    PARTLY_FAILED = 5
    NOTHING_BENCHMARKED = 6
    NOT_WRITTEN = 7
    INTERRUPTED = 130
    PIPE_CLOSED = 141
