"""The log of a command: requests and answers in short under `--verbose`, all of it in the file of `--log`."""

import logging
import queue
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from logging.handlers import QueueHandler, QueueListener
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ..errors import OutputError, cause_of
from ..report.text import clean

if TYPE_CHECKING:
    from ..masking import Mask
    from .environment import Environment

ROOT: Final = __package__.partition(".")[0]
LONGEST_LINE: Final = 4000
LINE_FORMAT: Final = "%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s: %(message)s"


class _Masking(QueueHandler):
    """Hands records to the thread that writes them, their texts on one line and without secrets."""

    def __init__(self, records: "queue.SimpleQueue[logging.LogRecord]", mask: "Mask") -> None:
        super().__init__(records)
        self._mask = mask

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        """Return the record as it may leave: with its arguments and traceback put in, masked and printable."""
        prepared: logging.LogRecord = super().prepare(record)
        lines = self._mask.text(prepared.getMessage()).splitlines()
        prepared.msg = "\n".join(clean(line, LONGEST_LINE) if line.strip() else "" for line in lines)
        prepared.args = None
        return prepared


class _Lines(logging.Handler):
    """Shows records as lines of the command's talk, wherever that goes at the moment."""

    def __init__(self, environment: "Environment") -> None:
        super().__init__(logging.INFO)
        self._environment = environment

    def emit(self, record: logging.LogRecord) -> None:
        """Show one record."""
        self._environment.log_line(record.getMessage())


class _File(logging.FileHandler):
    """Writes records to a file; keeps the first error of the disk for the end, where others would print each."""

    failed: OSError | None = None

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - logging's name
        """Keep an error of the disk; show any other one."""
        error = sys.exc_info()[1]
        if isinstance(error, OSError):
            self.failed = self.failed or error
        else:
            super().handleError(record)

    def close(self) -> None:
        """Close the file, which writes what is left."""
        try:
            super().close()
        except OSError as exc:
            self.failed = self.failed or exc


@contextmanager
def logging_to(environment: "Environment", *, verbose: bool, file: str | None) -> Iterator[None]:
    """Log while the context holds; raises `OutputError` for a file that cannot be written, or not to its end.

    Records are written by a thread of their own, so that no measurement waits for a disk or a terminal.
    """
    log = None if file is None else _file_handler(Path(file).expanduser())
    handlers = [handler for handler in (_Lines(environment) if verbose else None, log) if handler is not None]
    records: queue.SimpleQueue[logging.LogRecord] = queue.SimpleQueue()
    entrance = _Masking(records, environment.mask)
    logger = logging.getLogger(ROOT)
    level = logger.level
    listener = QueueListener(records, *handlers, respect_handler_level=True)
    listener.start()
    logger.addHandler(entrance)
    logger.setLevel(logging.DEBUG if file is not None else logging.INFO)
    try:
        yield
    except Exception:
        logger.debug("the command ended with an error", exc_info=True)
        raise
    finally:
        logger.removeHandler(entrance)
        logger.setLevel(level)
        listener.stop()
        for handler in handlers:
            handler.close()
    if log is not None and log.failed is not None:
        raise OutputError(f"the log {file!r} is incomplete: {cause_of(log.failed)}; name a file elsewhere")


def _file_handler(path: Path) -> _File:
    try:
        handler = _File(path, mode="w", encoding="utf-8", errors="backslashreplace")
    except OSError as exc:
        raise OutputError(f"cannot write the log {str(path)!r}: {cause_of(exc)}; name a file elsewhere") from exc
    formatter = logging.Formatter(LINE_FORMAT, datefmt="%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    return handler
