import errno
import io
import os
import stat
import sys
import threading
from pathlib import Path

import pytest

from ollama_speedrun.errors import OutputError, ResultFileError
from ollama_speedrun.results import codec, files
from specimens import document

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="permissions, links and devices as POSIX has them")


def test_a_file_is_written_whole_and_nothing_else_is_left(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    files.write_atomically(path, "föö\n")
    files.write_atomically(path, b"bar\r\n")
    assert {entry.name: entry.read_bytes() for entry in tmp_path.iterdir()} == {"a.json": b"bar\r\n"}


@POSIX
def test_a_file_keeps_its_permissions_and_a_new_one_gets_the_usual(tmp_path: Path) -> None:
    kept, new = tmp_path / "kept", tmp_path / "new"
    kept.write_text("old")
    kept.chmod(0o640)
    usual = tmp_path / "usual"
    usual.touch()
    files.write_atomically(kept, "data")
    files.write_atomically(new, "data")
    assert (stat.S_IMODE(kept.stat().st_mode), new.stat().st_mode) == (0o640, usual.stat().st_mode)


@POSIX
def test_a_link_stays_a_link(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    link.symlink_to(target)
    files.write_atomically(link, "data")
    assert (link.is_symlink(), target.read_text()) == (True, "data")


@POSIX
def test_a_device_is_written_to_and_stays_a_device() -> None:
    path = Path(os.devnull)
    files.check_writable(path)
    files.write_atomically(path, "data")
    assert not path.is_file()


@pytest.mark.usefixtures("full_disk")
def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text("old")
    with pytest.raises(OutputError) as caught:
        files.write_atomically(path, "new")
    assert str(caught.value) == (
        f"cannot write {str(path)!r}: no space left on device; make room there, or name a file on another disk"
    )
    assert {entry.name: entry.read_text() for entry in tmp_path.iterdir()} == {"a.json": "old"}


@pytest.fixture
def full_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    def fsync(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fsync)


@pytest.mark.parametrize("refused", [files.check_writable, lambda path: files.write_atomically(path, "data")])
def test_a_path_that_cannot_be_written_says_why_and_what_to_try(refused: object, tmp_path: Path) -> None:
    assert callable(refused)
    missing = tmp_path / "none" / "a.json"
    with pytest.raises(OutputError) as caught:
        refused(missing)
    assert str(caught.value) == (
        f"cannot write {str(missing)!r}: no such file or directory; "
        f"create the directory {str(missing.parent)!r} first, or name a file elsewhere"
    )
    with pytest.raises(OutputError, match=r"cannot write '.*': not a directory; name a file elsewhere"):
        refused(Path(__file__) / "a.json")
    with pytest.raises(OutputError) as caught:
        refused(tmp_path)
    assert str(caught.value) == f"cannot write {str(tmp_path)!r}: is a directory; name a file in it"
    with pytest.raises(OutputError, match="name a file elsewhere"):
        refused(tmp_path / ("x" * 300 + ".json"))
    assert list(tmp_path.iterdir()) == []


def test_a_directory_without_permission_is_found_out_beforehand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Root may write everywhere, so the refusal is the file system's only in name
    def mkstemp(**_: object) -> tuple[int, str]:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr("tempfile.mkstemp", mkstemp)
    path = tmp_path / "a.json"
    with pytest.raises(OutputError) as caught:
        files.check_writable(path)
    assert str(caught.value) == (
        f"cannot write {str(path)!r}: permission denied; "
        f"check the permissions of the directory {str(tmp_path)!r}, or name a file elsewhere"
    )


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.EROFS, "read-only file system; name a file elsewhere"),
        (errno.ENOSPC, "no space left on device; make room there, or name a file on another disk"),
        (errno.EMFILE, "too many files are open at once; `ulimit -n 1024` before the command allows more"),
    ],
)
def test_what_to_try_depends_on_why_a_file_cannot_be_written(
    number: int, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def mkstemp(**_: object) -> tuple[int, str]:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("tempfile.mkstemp", mkstemp)
    path = tmp_path / "a.json"
    with pytest.raises(OutputError) as caught:
        files.check_writable(path)
    assert str(caught.value) == f"cannot write {str(path)!r}: {said}"


@POSIX
def test_a_named_pipe_that_nothing_reads_is_told_and_not_waited_for_without_end(tmp_path: Path) -> None:
    pipe = tmp_path / "result.json"
    os.mkfifo(pipe)
    with pytest.raises(OutputError) as caught:
        files.write_atomically(pipe, b"{}", reader_wait_s=0.1)
    assert str(caught.value) == (f"{str(pipe)!r} is a pipe that nothing read for 0.1 s; start what reads it first")


def test_what_a_killed_run_left_a_day_ago_is_removed_and_nothing_else(tmp_path: Path) -> None:
    old, young, foreign = ".a.json.x1.tmp", ".a.json.x2.tmp", ".b.json.x3.tmp"
    for name in (old, young, foreign, "a.tmp"):
        (tmp_path / name).write_text("half")
    for name in (old, foreign, "a.tmp"):
        os.utime(tmp_path / name, (0, 0))
    files.check_writable(tmp_path / "a.json")
    assert {entry.name for entry in tmp_path.iterdir()} == {young, foreign, "a.tmp"}


def test_a_check_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    files.check_writable(path)
    assert list(tmp_path.iterdir()) == []
    path.write_text("old")
    files.check_writable(path)
    assert path.read_text() == "old"


def test_a_result_file_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    files.write_atomically(path, codec.encode(document()))
    assert files.read_document(path) == document()


def test_a_result_file_that_is_missing_or_unreadable_says_so(tmp_path: Path) -> None:
    missing = tmp_path / "none.json"
    with pytest.raises(ResultFileError) as caught:
        files.read_document(missing)
    assert str(caught.value) == f"there is no file {str(missing)!r}: check the name, or make one with --output"
    with pytest.raises(ResultFileError, match=r"cannot read .*; check the name and its permissions"):
        files.read_document(tmp_path)
    with pytest.raises(ResultFileError, match=r"cannot read .*null"):
        files.read_document(Path("a\0b.json"))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_a_named_pipe_is_read_where_something_writes_into_it(tmp_path: Path) -> None:
    pipe, written = tmp_path / "r.json", codec.encode(document()) + b" " * (1 << 18)
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_bytes, args=(written,))
    writer.start()
    assert files.read_document(pipe) == document()
    writer.join()
    with pytest.raises(ResultFileError, match=r"is a pipe into which nothing came for 0\.05 s; start what writes into"):
        files.read_document(pipe, writer_wait_s=0.05)


def test_a_result_file_that_is_too_large_is_not_read_on(tmp_path: Path) -> None:
    path = tmp_path / "huge.json"
    with path.open("wb") as file:
        file.truncate(files.READ_LIMIT_BYTES + 1)
    with pytest.raises(ResultFileError, match="is larger than 256 MiB, which no result file of ours is; check"):
        files.read_document(path)


def test_a_stream_that_is_too_large_or_nothing_of_ours_is_read_no_further_than_that_takes() -> None:
    class Endless(io.BytesIO):
        def __init__(self, text: bytes) -> None:
            super().__init__()
            self.given_bytes = 0
            self._text = text

        def read(self, size: int | None = -1) -> bytes:
            self.given_bytes += size or 0
            return self._text * (size or 0)

    numbers, objects = Endless(b"1"), Endless(b"{")
    assert len(files.read_bounded(numbers, "it")) == numbers.given_bytes == files.PART_BYTES
    with pytest.raises(ResultFileError, match="it is larger than 256 MiB"):
        files.read_bounded(objects, "it")
    assert objects.given_bytes <= files.READ_LIMIT_BYTES + files.PART_BYTES
