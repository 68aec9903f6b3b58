"""Several documents put together as one, and what of a document a selection takes. Pure."""

from collections.abc import Callable, Sequence

import msgspec

from ..benchmark.types import Result, ResultKey
from .types import Document


def merged(documents: Sequence[Document]) -> Document:
    """Return one document out of several: of the same model on the same host in the same variant the newest result.

    A result that ended well goes before a newer one that did not. Settings are those of the newest document.
    """
    if len(documents) == 1:
        return documents[0]
    ordered = sorted(documents, key=lambda one: one.started_at)
    chosen: dict[ResultKey, tuple[Result, Document]] = {}
    for document in ordered:
        for result in document.results:
            held = chosen.get(result.key)
            if held is None or result.status == "ok" or held[0].status != "ok":
                chosen[result.key] = (result, document)
    ends = [document.ended_at for document in ordered]
    return msgspec.structs.replace(
        ordered[-1],
        run_id=None,
        started_at=ordered[0].started_at,
        ended_at=max((end for end in ends if end is not None), default=None),
        complete=all(document.complete for document in ordered),
        items_files=tuple(dict.fromkeys(name for document in ordered for name in document.items_files)),
        hosts=tuple({host.url: host for document in ordered for host in document.hosts}.values()),
        models=tuple({(model.host, model.name): model for document in ordered for model in document.models}.values()),
        results=tuple(result for result, _ in chosen.values()),
        quality_records=tuple(
            record
            for document in ordered
            for record in document.quality_records
            if (held := chosen.get(record.key)) is None or held[1] is document
        ),
        next_tokens=tuple(
            {(one.host, one.model): one for document in ordered for one in document.next_tokens}.values()
        ),
        loaded_before=tuple({one.host: one for document in ordered for one in document.loaded_before}.values()),
        assessments=(),
        verdict=None,
    )


def differences(documents: Sequence[Document]) -> tuple[str, ...]:
    """Return what was measured unlike in several documents, each with its values, such as "num_ctx 2048 and 4096"."""
    found: dict[str, dict[str, None]] = {}
    for document in documents:
        held = {} if document.settings is None else msgspec.to_builtins(document.settings)
        held["workload_version"] = document.workload_version
        held["bank"] = ", ".join(sorted({record.bank for record in document.quality_records})) or None
        for name, value in held.items():
            if value is not None and name != "item_seed":
                shown = ",".join(map(str, value)) if isinstance(value, list) else str(value)
                found.setdefault(name, {})[shown or "none"] = None
    return tuple(f"{name} {' and '.join(values)}" for name, values in found.items() if len(values) > 1)


def of_results(document: Document, takes: Callable[[Result], bool]) -> Document:
    """Return the document with those results alone that are taken, and with nothing of the other models."""
    results = tuple(result for result in document.results if takes(result))
    keys = {result.key for result in results}
    names = {(result.host, result.model) for result in results}
    return msgspec.structs.replace(
        document,
        models=tuple(model for model in document.models if (model.host, model.name) in names),
        results=results,
        quality_records=tuple(record for record in document.quality_records if record.key in keys),
        next_tokens=tuple(one for one in document.next_tokens if (one.host, one.model) in names),
        assessments=tuple(assessment for assessment in document.assessments if assessment.key in keys),
    )
