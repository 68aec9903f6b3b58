"""Runs code that a model wrote, in Monty: an interpreter of Python in Rust without files, sockets or environment.

Each program gets a fresh worker process, a second for each of its steps and 64 MiB. What it prints is collected and
dropped, its clock stands still, its random numbers are seeded, and nothing of the host is mounted. What it returns is
taken over as plain JSON values only. Monty comes with the extra `code`; `available` says whether it is installed.
"""

import builtins
import datetime
import importlib.util
import os
import re
import shlex
import shutil
import string
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeAlias

from ..errors import SandboxError
from .extract import shown
from .graders.json_value import JsonValue
from .outcomes import Broken, Lacking, Outcome, Raised, Returned, Stopped

if TYPE_CHECKING:
    import pydantic_monty

    Feed: TypeAlias = Callable[[pydantic_monty.CollectString], object]

STEP_S = 1.0
PROGRAM_S = 3.0
MEMORY_BYTES = 64 * 2**20
PRINTED_BYTES = 64 * 2**10
MOST_CODE_CHARS = 32_768
MOST_NODES = 20_000
MOST_DEPTH = 50
MOST_TEXT_CHARS = 200_000
MOST_BITS = 8192
"""Bounds of a value that is taken over; an integer of more bits cannot be written in decimal by every Python."""
SPARE_FILES = 24
"""So many files the sandbox and its worker have open at most. Where fewer are left, Monty would panic."""

_LACKED_MODULES = frozenset(
    {"heapq", "statistics", "operator", "fractions", "cmath", "numbers", "array", "queue", "abc", "contextlib", "enum"}
    | {"types", "textwrap", "unicodedata", "calendar", "graphlib", "bisect", "collections", "itertools", "functools"}
    | {"string", "random", "math", "re", "copy", "dataclasses", "typing", "decimal", "json", "datetime", "time"}
)
"""Modules of the standard library that correct code may use; Monty has some of them."""

_NO_MODULE = re.compile(r"No module named '([\w.]{1,80})'")
_NO_NAME = re.compile(r"name '(\w{1,80})' is not defined")
_NO_ATTRIBUTE = re.compile(r"(?:'(\w{1,40})' object|type object '(\w{1,40})') has no attribute '(\w{1,80})'")
_NO_MEMBER = re.compile(r"module '([\w.]{1,80})' has no attribute '(\w{1,80})'")
_FOLLY = frozenset({"open", "input", "exec", "eval", "compile", "breakpoint", "exit", "quit", "__import__"})


def available() -> bool:
    """Whether model-written code can be run here: the extra `code` is installed."""
    return importlib.util.find_spec("pydantic_monty") is not None


class Sandbox:
    """Runs functions that a model wrote; a context manager, since it owns a worker process.

    Calls block for up to `PROGRAM_S` + `STEP_S` seconds without holding the interpreter's lock; one at a time is run.
    Raises SandboxError where it is not installed or cannot be started: too few files, processes or memory, or no
    directory for its worker.
    """

    def __init__(self) -> None:
        if not available():
            raise SandboxError("pip install 'ollama-speedrun[code]' brings the sandbox")
        with _told():
            self._prepare()

    def _prepare(self) -> None:
        _check_spare_files()
        import pydantic_monty as monty  # noqa: PLC0415 - an extra, and a quarter of a second

        self._monty = monty
        self._folder = tempfile.TemporaryDirectory(prefix="ollama-speedrun-")
        self._pool = monty.Monty(
            binary_path=_quiet_worker(Path(self._folder.name)),
            min_processes=1,
            max_processes=1,
            checkout_timeout=30.0,
            request_timeout=STEP_S + 1.0,
            max_checkouts_per_worker=1,
            feed_duration_limit_grace=0.5,
        )

    def __enter__(self) -> Self:
        with _told():
            self._pool.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.__exit__(kind, error, trace)
        self._folder.cleanup()

    def call(self, code: str, name: str, arguments: Sequence[list[JsonValue]]) -> tuple[Outcome, ...]:
        """Return the outcome of `name(*arguments)` for each list of arguments, up to the first that is no value.

        The code runs once, the calls in the state that it and the calls before left. An exception at its end does not
        count as long as the function was defined: examples below a function are no part of it.
        """
        if not name.isidentifier():
            return (Raised(f"{shown(name)} is no name of a function"),)
        if len(code) > MOST_CODE_CHARS:
            return (Raised("the code is too long"),)
        steps: list[tuple[str, dict[str, JsonValue]]] = [(f"{name}(*_arguments)", {"_arguments": a}) for a in arguments]
        return self._run(code, steps)

    def fullmatches(self, pattern: str, texts: Sequence[str]) -> tuple[Outcome, ...]:
        """Return for each text whether the regular expression matches it in full, up to the first failure."""
        if len(pattern) > MOST_CODE_CHARS:
            return (Raised("the pattern is too long"),)
        code = "re.fullmatch(_pattern, _text) is not None"
        return self._run("import re", [(code, {"_pattern": pattern, "_text": text}) for text in texts])

    def _run(self, code: str, steps: Sequence[tuple[str, dict[str, JsonValue]]]) -> tuple[Outcome, ...]:
        """Run the code, then each step, in one fresh worker."""
        outcomes: list[Outcome] = []
        limits: pydantic_monty.ResourceLimits = {
            "max_feed_duration_secs": STEP_S,
            "max_memory": MEMORY_BYTES,
            "max_recursion_depth": 400,
            "max_suspensions": 100,
        }
        try:
            with ExitStack() as stack:
                try:
                    session = stack.enter_context(
                        self._pool.checkout(
                            limits=limits, os_policy=_policy(), external_modules={"string": self._string_module}
                        )
                    )
                except (self._monty.MontyError, RuntimeError, TimeoutError, OSError) as error:
                    return (Broken(shown(str(error))),)
                started = time.monotonic()
                begun = self._step(_feeder(session, code, {}), valueless=True)
                if isinstance(begun, Stopped | Lacking):
                    return (begun,)
                for source, inputs in steps:
                    if time.monotonic() - started > PROGRAM_S:
                        outcomes.append(Stopped(f"took more than {PROGRAM_S:g} s"))
                        break
                    outcomes.append(self._step(_feeder(session, source, inputs)))
                    if not isinstance(outcomes[-1], Returned):
                        break
        except (self._monty.MontyError, TimeoutError, OSError) as error:  # the worker died between two steps
            return (*outcomes, Stopped(shown(f"the sandbox failed: {error}")))
        return _blamed(begun, outcomes)

    def _step(self, feed: "Feed", *, valueless: bool = False) -> Outcome:
        """Return the outcome of one feed of a session."""
        try:
            value = feed(self._monty.CollectString(PRINTED_BYTES))
            return Returned(None if valueless else _taken_over(value))
        except self._monty.MontyCrashedError as error:
            return Stopped("took too long" if error.timed_out else "took the sandbox down")
        except self._monty.MontyRuntimeError as error:
            return _fault(error.display("type-msg"))
        except self._monty.MontyError as error:
            return Raised(shown(f"no valid code: {error}"))
        except (ValueError, TypeError, OverflowError, RecursionError, MemoryError) as error:
            return Raised(shown(str(error)))

    def _string_module(self) -> "pydantic_monty.ExternalModule":
        """Return the constants of the standard library's `string`, which Monty lacks."""
        names = ("ascii_letters", "ascii_lowercase", "ascii_uppercase", "digits", "hexdigits", "octdigits")
        return self._monty.ExternalModule(
            {name: getattr(string, name) for name in (*names, "punctuation", "whitespace", "printable")}
        )


@contextmanager
def _told() -> Iterator[None]:
    """Raise SandboxError for whatever keeps Monty from starting; a panic of its Rust code is no `Exception`."""
    try:
        yield
    except SandboxError:
        raise
    except BaseException as error:
        if isinstance(error, Exception) or type(error).__name__ == "PanicException":
            raise SandboxError(f"the sandbox did not start: {shown(str(error) or type(error).__name__)}") from error
        raise


def _check_spare_files() -> None:
    """Raise SandboxError where this process may not open as many further files as Monty needs."""
    opened: list[int] = []
    try:
        opened.append(os.open(os.devnull, os.O_RDONLY))
        while len(opened) < SPARE_FILES:
            opened.append(os.dup(opened[0]))
    except OSError as error:
        raise SandboxError(
            f"the sandbox needs {SPARE_FILES} open files, and no more than {len(opened)} can be opened; "
            "`ulimit -n 1024` before the command allows more"
        ) from error
    finally:
        for one in opened:
            os.close(one)


def _quiet_worker(folder: Path) -> Path | None:
    """Return a program that runs Monty's worker with nowhere to complain; None to let Monty find its worker itself.

    A worker that runs out of memory says so on the standard error that it inherits, in the midst of our display.
    """
    scripts = sysconfig.get_path("scripts")
    binary = os.environ.get("MONTY_BIN") or shutil.which(
        "monty", path=f"{scripts}{os.pathsep}{os.environ.get('PATH', '')}"
    )
    if os.name != "posix" or binary is None:
        return None
    wrapper = folder / "monty"
    wrapper.write_text(f'#!/bin/sh\nexec {shlex.quote(binary)} "$@" 2>/dev/null\n')
    wrapper.chmod(0o700)
    return wrapper if os.access(wrapper, os.X_OK) else None


def _feeder(session: "pydantic_monty.MontySession", source: str, inputs: dict[str, JsonValue]) -> "Feed":
    return lambda printed: session.feed_run(source, inputs=inputs, print_callback=printed)


def _blamed(begun: Outcome, outcomes: Sequence[Outcome]) -> tuple[Outcome, ...]:
    """Return the outcomes; where the function is missing because its code failed, the failure of the code."""
    if isinstance(begun, Raised) and len(outcomes) == 1 and isinstance(first := outcomes[0], Raised):
        return (begun,) if _NO_NAME.search(first.why) else (first,)
    return tuple(outcomes)


def _policy() -> "pydantic_monty.OSPolicy":
    """Return a world without time or chance: no sleep, a fixed clock, seeded random numbers."""
    return {
        "sleep": "zero",
        "datetime": datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC),
        "random_start": {"seed": 0},
    }


def _fault(message: str) -> Outcome:
    """Return what an exception's type and message stand for."""
    kind, _, text = message.partition(": ")
    if kind == "TimeoutError" and "limit exceeded" in text:
        return Stopped(f"took more than {STEP_S:g} s")
    if kind == "MemoryError":
        return Stopped("took too much memory")
    if feature := _lacked(kind, text):
        return Lacking(shown(feature))
    return Raised(shown(message))


def _lacked(kind: str, text: str) -> str | None:
    """Return the feature of Python that an error says Monty lacks; None where CPython would raise the error as well."""
    if kind == "NotImplementedError" or text.startswith("Internal error in monty"):
        return text if "monty" in text else None
    if found := _NO_MODULE.search(text):
        return f"the module {found[1]}" if found[1].split(".")[0] in _LACKED_MODULES else None
    if kind == "NameError" and (found := _NO_NAME.search(text)):
        return found[1] if hasattr(builtins, found[1]) and found[1] not in _FOLLY else None
    if found := _NO_MEMBER.search(text):
        return f"{found[1]}.{found[2]}" if found[1] in _LACKED_MODULES and not found[2].startswith("_") else None
    if found := _NO_ATTRIBUTE.search(text):
        owner = found[1] or found[2]
        known = hasattr(getattr(builtins, owner, None), found[3]) and not found[3].startswith("_")
        return f"{owner}.{found[3]}" if known else None
    return None


def _taken_over(value: object) -> JsonValue:
    """Return a copy of the value with plain JSON types alone; ValueError for another type and for what is too large.

    A tuple counts as a list. Types are compared by identity, so that nothing of a foreign object is ever called.
    """
    left = [MOST_NODES]

    def copy(part: object, depth: int) -> JsonValue:
        left[0] -= 1
        if left[0] < 0 or depth > MOST_DEPTH:
            raise ValueError("returns a value that is too large")
        if part is None or type(part) is bool or type(part) is float:
            return part
        if type(part) is int and part.bit_length() <= MOST_BITS:
            return part
        if type(part) is str and len(part) <= MOST_TEXT_CHARS:
            return part
        if type(part) is list or type(part) is tuple:
            return [copy(element, depth + 1) for element in part]
        if type(part) is dict and all(type(key) is str for key in part):
            return {key: copy(element, depth + 1) for key, element in part.items()}
        raise ValueError(f"returns a value of the type {shown(type(part).__name__, 40)}, or a large one")

    return copy(value, 0)
