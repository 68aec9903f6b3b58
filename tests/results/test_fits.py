"""The largest context of each model that fits into a size of memory."""

from datetime import UTC, datetime

import pytest

from ollama_speedrun.assessment.types import Assessment
from ollama_speedrun.benchmark.types import ContextLoad, MemoryAtContext, Result
from ollama_speedrun.inventory.types import Model
from ollama_speedrun.results.fits import with_contexts_in
from ollama_speedrun.results.types import Document
from records import model

HOST = model().host
LOADS = (
    ContextLoad(num_ctx=4096, memory_bytes=6_000_000_000, gpu_bytes=0),
    ContextLoad(num_ctx=16_384, memory_bytes=9_000_000_000, gpu_bytes=0),
)


def document(listed: Model) -> Document:
    return Document(
        started_at=datetime(2026, 1, 1, tzinfo=UTC),
        models=(listed,),
        results=(Result(host=HOST, model=listed.name, status="ok", loads=LOADS),),
        assessments=(Assessment(host=HOST, model=listed.name),),
    )


@pytest.mark.parametrize(
    ("max_memory_bytes", "expected"),
    [
        (None, None),
        (1_000_000_000, None),
        (9_000_000_000, MemoryAtContext(num_ctx=16_384, memory_bytes=9_000_000_000, basis="measured", gpu_share=0.0)),
        (20_000_000_000, MemoryAtContext(num_ctx=32_768, memory_bytes=13_000_000_000, basis="line")),
    ],
)
def test_an_assessment_has_the_largest_context_that_fits_when_a_size_is_given(
    max_memory_bytes: int | None, expected: MemoryAtContext | None
) -> None:
    (found,) = with_contexts_in(document(model(context_length=32_768)), max_memory_bytes).assessments
    assert found.context_in_memory == expected
