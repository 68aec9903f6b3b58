"""The document as JSON: the one format in which results are kept, and the interface for other programs.

Its field names are fixed; docs/json.md describes each. Absent is null, never 0. In the JSON each result holds its own
assessment: a reader finds a model's figures and its scores in one place.
"""

import codecs
import json
import re
from typing import Any, Final

import msgspec

from .._version import __version__
from ..assessment.types import Assessment
from ..discovery.types import Host
from ..errors import ResultFileError
from .plausible import fault_of
from .types import SCHEMA_VERSION, TOOL_NAME, Document, Tool
from .upgrades import upgrade

_KEY: Final = ("host", "model", "variant")
JOINED: Final = tuple(field for field in Assessment.__struct_fields__ if field not in _KEY)
"""The fields of an assessment that stand in its result."""


class _Header(msgspec.Struct):
    schema_version: int
    tool: Tool


# What steers a terminal and JSON would let pass: DEL, C1 controls, invisible and bidirectional marks, tags
_TERMINAL_MARKS: Final = re.compile(
    "[\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_GZIP_MARK: Final = b"\x1f\x8b"
_UTF_16_MARKS: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def encode(document: Document) -> bytes:
    """Return the document as indented UTF-8 JSON with a final newline, its control characters escaped."""
    raw = msgspec.to_builtins(document)
    del raw["assessments"]
    raw["results"] = [
        msgspec.to_builtins(result) | {field: msgspec.to_builtins(getattr(assessment, field)) for field in JOINED}
        for result, assessment in document.rated()
    ]
    text = msgspec.json.format(msgspec.json.encode(raw), indent=2).decode()
    return (escaped(text) + "\n").encode()


def encode_line(host: Host, **more: bool) -> str:
    """Return a host as one line of JSON, with `more` fields at its end, its control characters escaped."""
    return escaped(msgspec.json.encode({**msgspec.structs.asdict(host), **more}).decode())


def escaped(text: str) -> str:
    """Return JSON with the characters escaped that could steer a terminal."""
    return _TERMINAL_MARKS.sub(lambda mark: json.dumps(mark[0]).strip('"'), text)


def decode(data: bytes, *, origin: str) -> Document:
    """Read a document back; `origin` names the file in errors.

    Raises `ResultFileError` for anything but a document of this schema version, whole and undamaged.
    """
    if data.startswith(_UTF_16_MARKS):
        raise ResultFileError(
            f"{origin} is not a result file of {TOOL_NAME}: it is encoded as UTF-16, as PowerShell does with what > "
            "redirects; write the result with --output FILE.json instead"
        )
    if data.startswith(_GZIP_MARK):
        raise ResultFileError(
            f"{origin} is not a result file of {TOOL_NAME}: it is compressed with gzip; unpack it first with gunzip"
        )
    data = data.removeprefix(codecs.BOM_UTF8)
    try:
        header = msgspec.json.decode(data, type=_Header)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as exc:
        why = "it is nested too deeply" if isinstance(exc, RecursionError) else exc if data.strip() else "it is empty"
        raise ResultFileError(
            f"{origin} is not a result file of {TOOL_NAME}: {why}; give a .json file that a run wrote with --output"
        ) from exc
    if header.tool.name != TOOL_NAME:
        raise ResultFileError(f"{origin} was written by {header.tool.name!r}, not by {TOOL_NAME}")
    if not 1 <= header.schema_version <= SCHEMA_VERSION:
        raise ResultFileError(
            f"{origin} has schema version {header.schema_version}, this program reads 1 to {SCHEMA_VERSION}; "
            f"it was written by {TOOL_NAME} {header.tool.version}: read it with that version"
        )
    try:
        raw = upgrade(msgspec.json.decode(data), version=header.schema_version, to=SCHEMA_VERSION)
        document = msgspec.convert(_apart(raw), Document)
    except (msgspec.DecodeError, RecursionError) as exc:
        if header.tool.version == __version__:
            raise ResultFileError(f"{origin} is damaged: {exc}; run the benchmark again") from exc
        raise ResultFileError(
            f"{origin} is damaged, or has what only {TOOL_NAME} {header.tool.version} knows, which wrote it: {exc}; "
            f"read it with that version (this is {__version__}), or run the benchmark again"
        ) from exc
    if fault := fault_of(document):
        raise ResultFileError(f"{origin} is damaged: {fault}; run the benchmark again")
    return document


def _apart(raw: dict[str, Any]) -> dict[str, Any]:
    """Return the document with the assessments beside the results, out of one that has them inside."""
    results = raw.get("results", [])
    if not isinstance(results, list) or not all(isinstance(result, dict) for result in results):
        return raw
    fields = {*_KEY, *JOINED}
    return raw | {
        "results": [{key: value for key, value in result.items() if key not in JOINED} for result in results],
        "assessments": [{key: value for key, value in result.items() if key in fields} for result in results],
    }
