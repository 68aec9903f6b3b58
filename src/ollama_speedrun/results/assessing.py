"""What a document is worth: its raw results and records, assessed. Pure."""

from collections.abc import Mapping, Sequence

import msgspec

from ..assessment.recommend import assess, for_use
from ..assessment.types import Verdict
from ..assessment.uses import USES, Use
from ..benchmark.types import ResultKey
from .types import Document


def assessed(document: Document, uses: Sequence[Use] = USES) -> Document:
    """Return the document with the assessments and the verdict that its results lead to; the verdict names these uses.

    Raises `ArithmeticError` where its figures lead to no score.
    """
    assessments, verdict = assess(
        document.models,
        document.results,
        document.quality_records,
        document.settings,
        named_uses=uses,
        next_tokens=document.next_tokens,
    )
    return msgspec.structs.replace(document, assessments=assessments, verdict=verdict)


def verdict_for(document: Document, use: Use) -> tuple[Verdict, Mapping[ResultKey, float]]:
    """Return the verdict on an assessed document by one use, and what each result is worth for it (`for_use`)."""
    return for_use(use, document.models, tuple(document.rated()), document.quality_records, settings=document.settings)
