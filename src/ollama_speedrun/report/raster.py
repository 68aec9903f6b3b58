"""SVG to PNG by a program of this machine: librsvg's rsvg-convert, or a headless Chromium."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from ..errors import OutputError, UsageError
from .card import HEIGHT_PX, WIDTH_PX

TIMEOUT_S: Final = 60.0
_PNG: Final = b"\x89PNG\r\n\x1a\n"


class Renderer(msgspec.Struct, frozen=True):
    """A program that renders, by the names that it may have, and its command line for an SVG and a PNG."""

    names: tuple[str, ...]
    command: Callable[[str, Path, Path], Sequence[str]]


def _rsvg(program: str, svg: Path, png: Path) -> Sequence[str]:
    return (program, "--width", str(WIDTH_PX), "--output", str(png), str(svg))


def _chromium(program: str, svg: Path, png: Path) -> Sequence[str]:
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    return (
        program,
        "--headless",
        *(("--no-sandbox",) if is_root else ()),
        "--disable-gpu",
        "--hide-scrollbars",
        "--no-first-run",
        "--host-resolver-rules=MAP * ~NOTFOUND",
        f"--user-data-dir={svg.parent / 'profile'}",
        f"--window-size={WIDTH_PX},{HEIGHT_PX}",
        f"--screenshot={png}",
        svg.as_uri(),
    )


RENDERERS: Final = (
    Renderer(("rsvg-convert",), _rsvg),
    Renderer(("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"), _chromium),
)


def check() -> None:
    """Raise `UsageError` where no program of this machine renders SVG."""
    _found()


def png(svg: str) -> bytes:
    """Return an SVG as PNG. Raises `UsageError` where no program renders, `OutputError` where one fails."""
    renderer, program = _found()
    with tempfile.TemporaryDirectory(prefix="ollama-speedrun-") as directory:
        source, target = Path(directory) / "card.svg", Path(directory) / "card.png"
        source.write_text(svg, encoding="utf-8")
        try:
            ended = subprocess.run(  # noqa: S603 - a program of ours, found on the PATH, without a shell
                renderer.command(program, source, target), capture_output=True, timeout=TIMEOUT_S, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as exc:
            raise OutputError(f"cannot render a PNG: {program}: {exc}; write a .svg file instead") from exc
        data = target.read_bytes() if target.exists() else b""
    if not data.startswith(_PNG):
        said = (ended.stderr.decode(errors="replace").strip().splitlines() or ["it gave no reason"])[-1]
        raise OutputError(f"cannot render a PNG: {program} ended with {ended.returncode}: {said}; write a .svg instead")
    return data


def _found() -> tuple[Renderer, str]:
    for renderer in RENDERERS:
        for name in renderer.names:
            if program := shutil.which(name):
                return renderer, program
    raise UsageError(
        "a .png file needs a program that renders SVG, and there is none on the PATH; install rsvg-convert (Debian: "
        "librsvg2-bin) or chromium, or write a .svg file"
    )
