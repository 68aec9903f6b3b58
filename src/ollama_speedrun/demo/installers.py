"""The package installers of this machine: pip and uv, wherever they are.

The user's own installer knows the index, the proxy and the certificates that hold here. It may be anywhere: an
environment made by uv has no pip, `uv tool install` and `make` leave uv off the PATH of the program, and pipx shares
one pip between its environments.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, TypeAlias

Kind: TypeAlias = Literal["pip", "uv"]

UV_VARIABLE: Final = "UV"
"""Names a uv executable. uv sets it for what it runs, and our Makefile for what it starts."""

_DOWNLOAD: Final = ("--no-deps", "--only-binary=:all:", "--require-hashes")
_PIP_QUIET: Final = (
    "--disable-pip-version-check",
    "--no-input",
    "--progress-bar=off",
    "--no-cache-dir",
    "--retries=2",
)
_UV_QUIET: Final = ("--no-progress", "--no-cache")
_VERSION_TIMEOUT_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Installer:
    """How to start an installer."""

    kind: Kind
    start: tuple[str, ...]

    @property
    def shown(self) -> str:
        """The command as a person would type it."""
        return " ".join(self.start)

    def fetch_command(self, requirements: Path, target: Path) -> Sequence[str]:
        """Return the command that puts what `requirements` pins into `target`: as a wheel (pip) or unpacked (uv)."""
        wanted = (*_DOWNLOAD, "-r", str(requirements))
        if self.kind == "pip":
            return (*self.start, "download", *_PIP_QUIET, *wanted, "--dest", str(target))
        python = ("--python", sys.executable)
        return (*self.start, "pip", "install", *python, *_UV_QUIET, *wanted, "--target", str(target))


def find_installers() -> list[Installer]:
    """Return the first working installer of each kind, the one that fits this environment best first."""
    found: dict[Kind, Installer] = {}
    for candidate in _candidates():
        if candidate.kind not in found and _works(candidate):
            found[candidate.kind] = candidate
    return list(found.values())


def private_pip(folder: Path) -> tuple[Sequence[str], Installer]:
    """Return the command that makes an environment with a pip of its own in `folder`, and that pip.

    The command fails where Python came without ensurepip, as on Debian without python3-venv.
    """
    python = folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    return (sys.executable, "-m", "venv", str(folder)), Installer("pip", (str(python), "-m", "pip"))


def _candidates() -> Iterator[Installer]:
    if named := os.environ.get(UV_VARIABLE):
        yield Installer("uv", (named,))
    if importlib.util.find_spec("pip"):
        yield Installer("pip", (sys.executable, "-m", "pip"))
    # uv may be on the PATH, installed beside this program, or where our Makefile and uv's own script install it
    prefix = Path(sys.prefix)
    scripts = "Scripts" if sys.platform == "win32" else "bin"
    folders = (prefix / scripts, prefix.parent / ".tools" / scripts, Path("~/.local/bin").expanduser())
    for path in (None, *map(str, folders)):
        if uv := shutil.which("uv", path=path):
            yield Installer("uv", (uv,))
    for name in ("pip3", "pip"):
        if pip := shutil.which(name):
            yield Installer("pip", (pip,))


def _works(installer: Installer) -> bool:
    """Return whether the installer starts: a shim, or a script whose Python is gone, does not."""
    try:
        asked = subprocess.run(  # noqa: S603 - found on this machine, or named by its user
            (*installer.start, "--version"),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_VERSION_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return asked.returncode == 0
