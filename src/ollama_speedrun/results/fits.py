"""Which context of each model fits into a size of memory, beside the assessments of a document. Pure."""

import msgspec

from ..benchmark import memory
from .types import Document


def with_contexts_in(document: Document, max_memory_bytes: int | None) -> Document:
    """Return the document where each assessment has the largest context whose memory is at most so much.

    None in each where nothing is known or fits, and where no size is given.
    """
    if max_memory_bytes is None:
        return document
    models = {(model.host, model.name): model for model in document.models}
    results = {result.key: result for result in document.results}
    assessments = []
    for assessment in document.assessments:
        result, model = results.get(assessment.key), models.get((assessment.host, assessment.model))
        known = None if result is None or model is None else memory.known(result.loads, model, result.concurrency)
        found = None if known is None else memory.largest_context(known, max_memory_bytes)
        assessments.append(msgspec.structs.replace(assessment, context_in_memory=found))
    return msgspec.structs.replace(document, assessments=tuple(assessments))
