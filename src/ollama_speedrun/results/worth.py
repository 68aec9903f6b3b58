"""How much a document holds, so that one that holds less never replaces one that holds more."""

import enum
from pathlib import Path

from ..errors import ResultFileError
from .files import read_document
from .types import Document


class Worth(enum.IntEnum):
    """The most that a document holds."""

    NOTHING = 0
    SERVERS = 1
    MODELS = 2
    RESULTS = 3


def worth_of(document: Document) -> Worth:
    """Return the most that a document holds; only a benchmark that ended well is a result."""
    if any(result.status == "ok" for result in document.results):
        return Worth.RESULTS
    if document.models:
        return Worth.MODELS
    return Worth.SERVERS if document.hosts else Worth.NOTHING


def worth_of_file(path: Path, *, otherwise: Worth) -> Worth:
    """Return the most that a file holds; `otherwise` for one with content that is no document of ours."""
    try:
        if not path.is_file() or not path.stat().st_size:
            return Worth.NOTHING
    except OSError:
        return Worth.NOTHING
    if path.suffix.lower() != ".json":
        return otherwise
    try:
        return worth_of(read_document(path))
    except ResultFileError:
        return otherwise
