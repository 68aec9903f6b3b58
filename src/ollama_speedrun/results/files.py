"""Result files: writing them so that none is ever half there, and reading them back."""

import errno
import glob
import os
import select
import stat
import tempfile
import time
from pathlib import Path
from typing import BinaryIO, Final

from ..errors import OutputError, ResultFileError, cause_of, shortage_of
from .codec import decode
from .types import Document

READ_LIMIT_BYTES: Final = 256 * 1024**2
PART_BYTES: Final = 1 << 20
WRITER_WAIT_S: Final = 10.0
READER_WAIT_S: Final = 10.0
_READER_POLL_S: Final = 0.1
STRAY_AFTER_S: Final = 86_400
_NAME_KEPT: Final = 40
_TEMPORARY: Final = ".tmp"


def check_writable(path: Path) -> None:
    """Raise `OutputError` unless a file could be written at `path` now; leaves nothing behind."""
    try:
        if _replaceable(path):
            descriptor, temporary = _open_beside(path.resolve())
            os.close(descriptor)
            Path(temporary).unlink()
            remove_strays(path.resolve().parent, path.resolve().name)
        elif not os.access(path, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except (OSError, ValueError) as exc:
        raise _output_error(path, exc) from exc


def remove_strays(directory: Path, name: str = "") -> None:
    """Remove our temporary files of a day ago and more, which killed runs left beside a file of that name (any: "")."""
    try:
        for path in directory.glob(f".{glob.escape(name[:_NAME_KEPT])}*{_TEMPORARY}"):
            if time.time() - path.stat().st_mtime > STRAY_AFTER_S:
                path.unlink(missing_ok=True)
    except OSError:
        return  # they harm nothing


def is_stream(path: Path) -> bool:
    """Return whether a pipe or device is there, which takes one document and not one after another."""
    try:
        return not _replaceable(path)
    except (OSError, ValueError):
        return False


def write_atomically(path: Path, data: str | bytes, *, reader_wait_s: float = READER_WAIT_S) -> None:
    """Put `data` (text as UTF-8) at `path`, replacing what is there in one step and keeping its permissions.

    A link stays a link and a device or pipe is written to; a named pipe has `reader_wait_s` seconds until something
    reads it. Raises `OutputError`; then what was there is untouched.
    """
    content = data.encode() if isinstance(data, str) else data
    try:
        if _replaceable(path):
            _replace(path.resolve(), content)
        else:
            with _opened_to_write(path, reader_wait_s) as file:
                file.write(content)
    except (OSError, ValueError) as exc:
        raise _output_error(path, exc) from exc


def read_document(path: Path, *, writer_wait_s: float = WRITER_WAIT_S) -> Document:
    """Read a .json result file; `ResultFileError` for one that is missing, unreadable, too big, damaged or foreign.

    A named pipe has `writer_wait_s` seconds until something comes.
    """
    try:
        if path.is_file() and path.stat().st_size > READ_LIMIT_BYTES:
            raise _too_large(repr(str(path)))
        with _opened(path, writer_wait_s) as file:
            data = read_bounded(file, repr(str(path)))
    except FileNotFoundError as exc:
        raise ResultFileError(f"there is no file {str(path)!r}: check the name, or make one with --output") from exc
    except (OSError, ValueError) as exc:
        why = shortage_of(exc) or f"{_cause(exc)}; check the name and its permissions"
        raise ResultFileError(f"cannot read {str(path)!r}: {why}") from exc
    return decode(data, origin=repr(str(path)))


def _opened(path: Path, writer_wait_s: float) -> BinaryIO:
    """Open a file to read; raises `ResultFileError` for a named pipe without a writer, which would wait without end."""
    if os.name != "posix" or not stat.S_ISFIFO(path.lstat().st_mode):
        return path.open("rb")
    pipe = os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb")
    if not select.select([pipe], [], [], writer_wait_s)[0]:
        pipe.close()
        raise ResultFileError(
            f"{str(path)!r} is a pipe into which nothing came for {writer_wait_s:g} s; start what writes into it first"
        )
    os.set_blocking(pipe.fileno(), True)
    return pipe


def _opened_to_write(path: Path, reader_wait_s: float) -> BinaryIO:
    """Open a device or pipe; raises `OutputError` for a named pipe without a reader, which would wait without end."""
    if os.name != "posix" or not stat.S_ISFIFO(path.stat().st_mode):
        return path.open("wb")
    until_s = time.monotonic() + reader_wait_s
    while True:
        try:
            pipe = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
        except OSError as exc:
            if exc.errno != errno.ENXIO:
                raise
            if time.monotonic() >= until_s:
                raise OutputError(
                    f"{str(path)!r} is a pipe that nothing read for {reader_wait_s:g} s; start what reads it first"
                ) from exc
            time.sleep(_READER_POLL_S)
        else:
            os.set_blocking(pipe, True)
            return os.fdopen(pipe, "wb")


def read_bounded(file: BinaryIO, name: str) -> bytes:
    """Return all of a stream; raises `ResultFileError` for one that is too large or cannot be a document of ours."""
    data = bytearray()
    while part := file.read(PART_BYTES):
        if not data and not part.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
            return bytes(part)  # enough to say what is wrong with it
        data += part
        if len(data) > READ_LIMIT_BYTES:
            raise _too_large(name)
    return bytes(data)


def _too_large(name: str) -> ResultFileError:
    return ResultFileError(
        f"{name} is larger than {READ_LIMIT_BYTES >> 20} MiB, which no result file of ours is; check the name"
    )


def _replaceable(path: Path) -> bool:
    """Return whether `path` is a regular file or nothing yet; a device or pipe must be written in place."""
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return True
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    return stat.S_ISREG(mode)


def _replace(target: Path, content: bytes) -> None:
    descriptor, temporary = _open_beside(target)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        Path(temporary).chmod(_mode_for(target))
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _open_beside(target: Path) -> tuple[int, str]:
    return tempfile.mkstemp(prefix=f".{target.name[:_NAME_KEPT]}.", suffix=_TEMPORARY, dir=target.parent)


def _mode_for(target: Path) -> int:
    """Return the permissions of `target`, or those that a new file would get."""
    try:
        return stat.S_IMODE(target.stat().st_mode)
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask


def _output_error(path: Path, exc: OSError | ValueError) -> OutputError:
    why = shortage_of(exc) or f"{_cause(exc)}; {_remedy(path, exc)}"
    return OutputError(f"cannot write {str(path)!r}: {why}")


def _cause(exc: OSError | ValueError) -> str:
    return cause_of(exc) if isinstance(exc, OSError) else str(exc).lower()


def _remedy(path: Path, exc: OSError | ValueError) -> str:
    match exc:
        case FileNotFoundError() if not path.parent.exists():
            return f"create the directory {str(path.parent)!r} first, or name a file elsewhere"
        case IsADirectoryError():
            return "name a file in it"
        case OSError(errno=errno.ENOSPC | errno.EDQUOT | errno.EFBIG):
            return "make room there, or name a file on another disk"
        case OSError(errno=errno.EACCES | errno.EPERM):
            return f"check the permissions of the directory {str(path.parent)!r}, or name a file elsewhere"
        case _:
            return "name a file elsewhere"
