"""Memory by context as the report shows it: measured apart from estimated, and what fits."""

from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec
import pytest

from ollama_speedrun.assessment.types import Assessment, Rated
from ollama_speedrun.benchmark import derive
from ollama_speedrun.benchmark.types import GpuCliff, Result
from ollama_speedrun.inventory.types import KvCache, Model
from ollama_speedrun.report import memory
from ollama_speedrun.report.further import remarks
from ollama_speedrun.report.legend import cautions, legend
from ollama_speedrun.report.settings import ReportSettings
from ollama_speedrun.report.tables import by_context
from ollama_speedrun.results.types import Document
from ollama_speedrun.visit.types import Residency

HOST = "http://10.0.0.1:11434"
MODEL = Model(
    host=HOST,
    name="m:8b",
    digest=None,
    size_bytes=4_900_000_000,
    parameter_size="8B",
    quantization="Q4_K_M",
    family="llama",
    capabilities=(),
    context_length=32_768,
    kind="chat",
    kv_cache=KvCache(architecture="llama", layers=32, layers_with_cache=32, bytes_per_token=131_072),
)
WIDE = ReportSettings(wide=True)


def result(*loads: tuple[int, int, int], model: Model = MODEL) -> Result:
    """Return a result with loads of (tokens, MB in all, MB on the GPU)."""
    residencies = {tokens: Residency(size * 10**6, vram * 10**6, tokens) for tokens, size, vram in loads}
    plain = Result(host=HOST, model=model.name, status="ok", context_length=loads[0][0])
    return derive.with_memory(plain, model, residencies)


ONE_LOAD = result((4096, 6000, 6000))
CLIFF = result((4096, 6000, 6000), (16_384, 7600, 7600), (24_576, 8700, 7400))


def table(found: Result, settings: ReportSettings, model: Model = MODEL) -> Mapping[str, str]:
    (shown,) = by_context([found], {(HOST, model.name): model}, {}, settings)
    return dict(zip([column.heading for column in shown.columns], shown.groups[0].rows[0], strict=True))


def test_the_table_marks_what_is_estimated_and_stands_only_where_it_was_asked_for() -> None:
    assert by_context([ONE_LOAD], {}, {}, ReportSettings()) == ()
    assert table(ONE_LOAD, WIDE) == {
        "Model": "m:8b",
        "Host": "10.0.0.1",
        "4K": "6 GB",
        "8K": "≈ 6.5 GB",
        "16K": "≈ 7.6 GB",
        "32K": "≈ 9.8 GB",
        "On GPU": "≥ 4K",
    }


@pytest.mark.parametrize(
    ("limit_bytes", "expected"), [(8_000_000_000, "≈ 18K"), (6_000_000_000, "4K"), (5_000_000_000, "–")]
)
def test_the_largest_context_that_fits_into_a_size_has_a_column(limit_bytes: int, expected: str) -> None:
    found = table(ONE_LOAD, ReportSettings(max_memory_bytes=limit_bytes))
    assert [text for heading, text in found.items() if heading.startswith("In ")] == [expected]


def test_an_architecture_without_a_trusted_formula_shows_what_was_measured_alone() -> None:
    assert MODEL.kv_cache is not None
    unknown = msgspec.structs.replace(
        MODEL, kv_cache=msgspec.structs.replace(MODEL.kv_cache, architecture="unheard-of")
    )
    found = table(result((4096, 6000, 0), model=unknown), WIDE, unknown)
    assert found == {"Model": "m:8b", "Host": "10.0.0.1", "4K": "6 GB"}


def test_the_context_from_which_layers_leave_the_gpu_is_a_remark() -> None:
    assert list(remarks(CLIFF)) == ["from 24K of context on 5 of 33 layers leave the GPU; with 16K it fits whole"]
    bare = GpuCliff(whole_num_ctx=4096, num_ctx=5000, layers_off=None, layers=None)
    assert memory.cliff(bare) == "from 5000 of context on a part of it leaves the GPU; with 4K it fits whole"


def test_the_explanation_says_of_each_figure_where_it_comes_from() -> None:
    fits = memory.largest(CLIFF, MODEL, 9_000_000_000)
    assert list(memory.explained(CLIFF, MODEL, fits)) == [
        "memory_by_context: /api/ps where the model was loaded so, else estimated",
        "  cache: 131072 bytes a token, 32 of 32 layers, llama",
        "      4K     6 GB  measured, /api/ps, 100% on the GPU",
        "      8K   6.5 GB  estimated, on the line through two loads",
        "     16K   7.6 GB  measured, /api/ps, 100% on the GPU",
        "     24K   8.7 GB  measured, /api/ps, 85% on the GPU",
        "     32K   9.7 GB  estimated, on the line through two loads",
        "  from 24K of context on 5 of 33 layers leave the GPU; with 16K it fits whole",
        "  largest context within --max-memory: ≈ 26K, ≈ 8.9 GB",
    ]


@pytest.mark.parametrize(
    ("contexts", "expected"),
    [
        ((4096, 4096), "Memory and speeds are those with a context of 4,096 tokens."),
        ((4096, 8192), "Memory and speeds are those with contexts of 4,096, 8,192 tokens: unlike ones do not compare."),
    ],
)
def test_the_legend_names_the_context_and_says_where_there_are_several(
    contexts: tuple[int, ...], expected: str
) -> None:
    rated = [
        Rated(
            Result(host=HOST, model=str(number), status="ok", context_length=tokens),
            Assessment(host=HOST, model=str(number)),
        )
        for number, tokens in enumerate(contexts)
    ]
    assert expected in list(legend(rated, ReportSettings()))


def test_results_that_asked_for_unlike_contexts_are_a_caution_and_shorter_limits_alone_are_none() -> None:
    def run(*contexts: tuple[int, int]) -> Document:
        return Document(
            started_at=datetime(2026, 1, 1, tzinfo=UTC),
            results=tuple(
                Result(host=HOST, model=str(number), status="ok", num_ctx=asked, context_length=given)
                for number, (asked, given) in enumerate(contexts)
            ),
        )

    assert list(cautions(run((4096, 4096), (4096, 2048)))) == []
    assert list(cautions(run((4096, 4096), (32_768, 32_768)))) == [
        "Results with contexts of 4,096 and 32,768 tokens stand side by side: memory and speeds do not compare."
    ]
