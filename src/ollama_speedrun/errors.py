"""Every error that this package raises on purpose, and what a machine that runs short of something says.

    SpeedrunError
    ├── UsageError               what the user asked for cannot be done as asked
    │   ├── TargetError          a host, URL or network that cannot be used
    │   ├── SettingsError        a flag, a variable or a line of the settings file
    │   ├── ItemsFileError       a file of the user's own items; the message names file, line and field
    │   └── ResultFileError      a result file that is missing, damaged or not ours
    ├── OutputError              a result could not be written
    ├── HistoryError             the history cannot be read or written
    ├── DemoError                the embedded demo server cannot start
    ├── SandboxError             the sandbox for model-written code cannot start
    └── OllamaError              a server did not give what it was asked for
        ├── UnreachableError     no connection, or it broke
        ├── TimedOutError        no answer within its bound
        ├── ServerError          an HTTP status or an {"error"} line; has `status` and `text`
        └── ProtocolError        an answer that is not Ollama's, is too large, or ends without done

Each message says what happened, where, and what to try.
"""

import errno


class SpeedrunError(Exception):
    """The root: catch this to catch everything that the package raises on purpose."""


class UsageError(SpeedrunError):
    """The request itself is at fault; nothing was measured."""


class TargetError(UsageError):
    """A target that is no host, URL or network, or one that may not be scanned."""


class SettingsError(UsageError):
    """A setting with an unknown name, a wrong type or an impossible value."""


class ItemsFileError(UsageError):
    """A file of the user's own items that cannot be read, or an item in it that cannot be asked."""


class ResultFileError(UsageError):
    """A result file that cannot be read as one of ours."""


class OutputError(SpeedrunError):
    """A result that could not be written where it should go."""


class HistoryError(SpeedrunError):
    """The history of runs cannot be read or written."""


class DemoError(SpeedrunError):
    """The embedded demo server cannot be prepared or started."""


class SandboxError(SpeedrunError):
    """The sandbox for model-written code cannot be started on this machine as it is."""


class OllamaError(SpeedrunError):
    """A server did not give what it was asked for: expected in the field, and reported as a value by each phase."""


class UnreachableError(OllamaError):
    """The connection was refused, never came about, or broke."""


class TimedOutError(OllamaError):
    """No complete answer came within its time bound; `had_begun` says that a part of it had come."""

    def __init__(self, text: str, *, had_begun: bool = False) -> None:
        super().__init__(text)
        self.had_begun = had_begun


class ServerError(OllamaError):
    """The server answered with an error of its own; `message` says it in other words than its text and its status.

    `retry_after_s` is the pause in seconds that it asked for, None where it asked for none. `had_begun` says that
    a part of an answer had come.
    """

    def __init__(
        self, status: int, text: str, *, message: str | None = None, retry_after_s: float | None = None
    ) -> None:
        usual = f"{text} (HTTP {status})" if text else f"HTTP {status} with an empty body"
        super().__init__(message or usual)
        self.status = status
        self.text = text
        self.retry_after_s = retry_after_s
        self.had_begun = False


class ProtocolError(OllamaError):
    """The answer is not what Ollama's protocol allows here; `may_pass` says that the next may be whole."""

    def __init__(self, text: str, *, may_pass: bool = False) -> None:
        super().__init__(text)
        self.may_pass = may_pass


def cause_of(error: OSError) -> str:
    """Return the system's words for an error, to stand in the middle of a sentence."""
    return (error.strerror or str(error)).lower()


_MEMORY = "memory ran out; end other programs, or allow more where `ulimit -v` limits it"
_SHORTAGES = {
    errno.ENOMEM: _MEMORY,
    errno.EMFILE: "too many files are open at once; `ulimit -n 1024` before the command allows more",
    errno.ENFILE: "the system has too many files open at once; end other programs",
    errno.EAGAIN: "no further process could be started; end other programs, or allow more with `ulimit -u`",
}


def shortage_of(error: BaseException) -> str | None:
    """Return what the machine ran short of and what to try, None where an error says nothing of that kind."""
    match error:
        case BaseExceptionGroup():
            return next(filter(None, map(shortage_of, error.exceptions)), None)
        case MemoryError():
            return _MEMORY
        case OSError(errno=int(number)):
            return _SHORTAGES.get(number)
        case RuntimeError() if "start new thread" in str(error):
            return "no further thread could be started; end other programs, or raise `ulimit -u` and `ulimit -v`"
        case _:
            return None
