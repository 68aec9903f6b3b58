"""Documents of older schema versions, brought to this one step by step. Pure.

Each step takes the JSON value of a document of version n and returns that of version n + 1. A value that is not as
version n has it is left as it is: decoding it says what is wrong.
"""

import uuid
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

Raw: TypeAlias = dict[str, Any]

_SCORES: Final = ("classic", "speed", "latency")
_RUNS: Final = uuid.UUID("5a9e0c39-2f0b-5d3c-9d0a-3f6f1f8f7c11")


def _from_1(document: Raw) -> Raw:
    """Give the run an id, which is the same whenever this file is read, and each result its server and its model.

    The verdict and the scores that rested on the length of an answer are dropped: no answer was graded.
    """
    versions = {_name(host, "url"): host.get("version") for host in _structs(document, "hosts")}
    models = {(_name(model, "host"), _name(model, "name")): model for model in _structs(document, "models")}

    def upgraded(result: object) -> object:
        if not isinstance(result, dict):
            return result
        host = _name(result, "host")
        model = models.get((host, _name(result, "model")), {})
        if isinstance(scores := result.get("scores"), dict):
            result = {**result, "scores": {key: scores.get(key) for key in _SCORES}}
        return {**result, "server_version": versions.get(host), "digest": model.get("digest")}

    run_id = uuid.uuid5(_RUNS, f"{document.get('started_at')} {sorted(models)}")
    changed: Raw = {**document, "run_id": str(run_id), "verdict": None}
    results = document.get("results")
    if isinstance(results, list):
        changed["results"] = [upgraded(result) for result in results]
    return changed


UPGRADES: Final[Mapping[int, Callable[[Raw], Raw]]] = {1: _from_1}
"""Each older version with the step to the next one; none is left out."""


def upgrade(document: Raw, *, version: int, to: int) -> Raw:
    """Return a document of a version that is known as one of version `to`."""
    for step in range(version, to):
        document = UPGRADES[step](document) | {"schema_version": step + 1}
    return document


def _structs(document: Raw, field: str) -> list[Raw]:
    """Return the objects in a list of the document; empty where it has no such list."""
    values = document.get(field)
    if not isinstance(values, list):
        return []
    return [value for value in values if isinstance(value, dict)]


def _name(value: Raw, field: str) -> str:
    """Return a field as text, empty where it holds none."""
    name = value.get(field)
    return name if isinstance(name, str) else ""
