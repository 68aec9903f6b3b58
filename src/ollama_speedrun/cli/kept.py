"""The last runs of this machine that measured anything, each in a file of its own below the state directory."""

from pathlib import Path
from typing import Final

from ..errors import OutputError, UsageError
from ..results.codec import encode
from ..results.files import remove_strays, write_atomically
from ..results.types import Document

DIRECTORY: Final = "runs"
MOST_KEPT: Final = 10


class KeptRuns:
    """The directory of the kept runs; nothing is made or read before it is needed."""

    def __init__(self, state_dir: Path) -> None:
        self.directory = state_dir / DIRECTORY

    def path_of(self, document: Document) -> Path:
        """Return the file of a run: it sorts by the time at which the run began."""
        name = f"{document.started_at:%Y-%m-%dT%H%M%S}-{(document.run_id or '')[:8]}.json"
        return self.directory / name

    def keep(self, document: Document) -> Path:
        """Write a run into its file, which is returned, and drop all but the newest few; raises `OutputError`."""
        path = self.path_of(document)
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
        except OSError as exc:
            reason = (exc.strerror or str(exc)).lower()
            raise OutputError(f"cannot make the directory {str(self.directory)!r}: {reason}") from exc
        write_atomically(path, encode(document))
        self._prune()
        return path

    def newest(self) -> Path:
        """Return the file of the last run; raises `UsageError` where none is kept."""
        kept = self._names()
        if not kept:
            raise UsageError(f"there is no last run in {self.directory}; run a benchmark first, or name a FILE")
        return kept[-1]

    def _names(self) -> list[Path]:
        """Return the kept files, the oldest first; none where the directory cannot be read."""
        try:
            return sorted(path for path in self.directory.glob("*.json") if not path.name.startswith("."))
        except OSError:
            return []

    def _prune(self) -> None:
        for path in self._names()[:-MOST_KEPT]:
            path.unlink(missing_ok=True)
        remove_strays(self.directory)
