"""Every table of a report as its columns, one row each. Pure."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Generic, Literal, NamedTuple, TypeAlias, TypeVar

from ..assessment.types import Assessment
from ..benchmark.types import ConcurrencyPoint, DepthPoint, EmbeddingFigures, ImageFigures, Result
from ..discovery.types import Host
from ..inventory.types import Model
from . import figures

T = TypeVar("T")
Kind: TypeAlias = Literal["figure", "words", "name"]
Emphasis: TypeAlias = Literal["best", "spills", "grade"]


class Column(NamedTuple, Generic[T]):
    """One column: its heading and the text of a cell.

    A figure stands at the right; a name may take a line of its own. Where the width is short, the column with the
    highest `gives_way` goes first, and a `luxury` goes before any name loses its place. `emphasis` says what a terminal
    may colour it by. `is_needed` says whether these rows are worth its room; a `wide` column is shown where it was
    asked for.
    """

    heading: str
    cell: Callable[[T], str]
    kind: Kind = "figure"
    gives_way: int = 0
    luxury: bool = False
    wide: bool = False
    emphasis: Emphasis | None = None
    is_needed: Callable[[Sequence[T]], bool] = bool


class Entry(NamedTuple):
    """A benchmarked model: result, assessment, what is listed of it, its score as shown, what its host is called."""

    result: Result
    assessment: Assessment
    model: Model | None
    score: float | None
    host: str | None = None

    @property
    def spills(self) -> bool:
        """True where a part of the model did not fit onto the GPU."""
        return self.result.gpu_share is not None and 0 < self.result.gpu_share < 1


class Embedding(NamedTuple):
    """An embedding model: its result with its figures, what is listed of it, and its share of right triplets."""

    result: Result
    found: EmbeddingFigures
    model: Model | None
    host: str | None = None
    accuracy: float | None = None


class Image(NamedTuple):
    """A model that can see: its result, and what an image cost."""

    result: Result
    found: ImageFigures
    host: str | None = None


class Depth(NamedTuple):
    """A point of a sweep over the depth of the context; it `spills` where layers left the GPU since the one before."""

    point: DepthPoint
    spills: bool


def cells(columns: Sequence[Column[T]], row: T) -> tuple[str, ...]:
    """Return the row's text in each column."""
    return tuple(column.cell(row) for column in columns)


def headings(columns: Sequence[Column[T]]) -> tuple[str, ...]:
    """Return the headings of a table."""
    return tuple(column.heading for column in columns)


AREAS: Final[Mapping[str, str]] = {
    "reasoning": "reason",
    "code": "code",
    "writing": "write",
    "facts": "facts",
    "languages": "lang",
    "context": "context",
    "tasks": "tasks",
    "honesty": "honest",
    "tools": "tools",
    "vision": "vision",
}
"""Each area of the bank with its heading."""


def _area(name: str, heading: str) -> Column[Entry]:

    def points(row: Entry) -> float | None:
        found = row.assessment.quality.areas.get(name) if row.assessment.quality else None
        return None if found is None else found.score

    return Column(figures.word(heading), lambda row: figures.points(points(row)), gives_way=8, wide=True)


NAMES: Final[tuple[Column[Entry], ...]] = (
    Column("Model", lambda row: figures.name(row.result.label), "name", emphasis="best"),
    Column("Host", lambda row: row.host or figures.host_label(row.result.host), "name"),
)
_BEFORE_AREAS: Final[tuple[Column[Entry], ...]] = (
    *NAMES,
    Column("Memory", lambda row: figures.size(row.result.memory_bytes), gives_way=3),
    Column(
        "GPU",
        lambda row: figures.share(row.result.gpu_share),
        emphasis="spills",
        is_needed=lambda rows: any(row.result.gpu_share for row in rows),
        gives_way=2,
    ),
    Column("Size", lambda row: figures.size(row.model.size_bytes if row.model else None), gives_way=7, wide=True),
    Column("Params", lambda row: figures.word(row.model.parameter_size if row.model else None), gives_way=6, wide=True),
    Column("Quant", lambda row: figures.word(row.model.quantization if row.model else None), gives_way=5, wide=True),
    Column(
        "Quality",
        lambda row: figures.quality(row.assessment.quality),
        is_needed=lambda rows: any(row.assessment.quality is not None for row in rows),
    ),
)
_AFTER_AREAS: Final[tuple[Column[Entry], ...]] = (
    Column(
        "s/right",
        lambda row: figures.duration(row.assessment.seconds_to_correct_answer),
        is_needed=lambda rows: any(row.assessment.seconds_to_correct_answer is not None for row in rows),
        gives_way=1,
    ),
    Column("Prefill", lambda row: figures.rate(row.result.prefill_tps), gives_way=4, wide=True),
    Column("tok/s", lambda row: figures.rate(row.result.speed_tps)),
    Column(
        "±",
        lambda row: figures.precision(row.result.decode_interval),
        gives_way=4,
        luxury=True,
        is_needed=lambda rows: any(row.result.decode_interval is not None for row in rows),
    ),
    Column("TTFT", lambda row: figures.duration(row.result.ttft_s)),
    Column(
        "2nd turn",
        lambda row: figures.duration(row.result.second_turn.ttft_warm_s if row.result.second_turn else None),
        gives_way=6,
        wide=True,
        is_needed=lambda rows: any(row.result.second_turn is not None for row in rows),
    ),
    Column("Load", lambda row: figures.duration(row.result.load_s), gives_way=5, wide=True),
    Column(
        "J/tok",
        lambda row: figures.joules(row.result.energy.joules_per_token if row.result.energy else None),
        gives_way=3,
        wide=True,
        is_needed=lambda rows: any(row.result.energy is not None for row in rows),
    ),
    Column(
        "cost/M",
        lambda row: figures.cost(row.result.energy.cost_per_million_tokens if row.result.energy else None),
        gives_way=4,
        wide=True,
        is_needed=lambda rows: any(
            row.result.energy is not None and row.result.energy.cost_per_million_tokens is not None for row in rows
        ),
    ),
    Column("Score", lambda row: figures.score(row.score), emphasis="grade"),
)


def results(rows: Sequence[Entry], *, wide: bool = False) -> tuple[Column[Entry], ...]:
    """Return the columns of the table of results that say something of these rows, with `wide` one for each area."""
    columns = (*_BEFORE_AREAS, *(areas(rows) if wide else ()), *_AFTER_AREAS)
    return tuple(column for column in columns if (wide or not column.wide) and column.is_needed(rows))


def needed(columns: Sequence[Column[T]], rows: Sequence[T]) -> tuple[Column[T], ...]:
    """Return the columns that say something of these rows; all of them where there are none."""
    return tuple(column for column in columns if not rows or column.is_needed(rows))


def areas(rows: Sequence[Entry]) -> tuple[Column[Entry], ...]:
    """Return a column for the quality in each area that any of these rows was asked in, those of own items last."""
    asked = {area for row in rows if row.assessment.quality is not None for area in row.assessment.quality.areas}
    own = sorted(asked - AREAS.keys())
    return tuple(_area(name, AREAS.get(name, name)) for name in (*AREAS, *own) if name in asked)


HOSTS: Final[tuple[Column[Host], ...]] = (
    Column("Host", figures.host_title, "name"),
    Column("Server", lambda host: figures.word(host.kind), "words"),
    Column("Version", lambda host: figures.word(host.version), "words"),
    Column("Found via", lambda host: figures.name(", ".join(host.via)), "words", gives_way=4),
    Column("Addresses", lambda host: figures.name(", ".join(host.addresses)), "words", gives_way=5),
)

_OF_MODEL: Final[tuple[Column[Model], ...]] = (
    Column("Kind", lambda model: model.kind, "words"),
    Column("Size", lambda model: figures.size(model.size_bytes), gives_way=2),
    Column("Params", lambda model: figures.word(model.parameter_size), gives_way=6, luxury=True),
    Column("Quant", lambda model: figures.word(model.quantization), "words", gives_way=3),
    Column("Context", lambda model: figures.tokens(model.context_length)),
    Column(
        "Format",
        lambda model: figures.word(model.format),
        "words",
        gives_way=7,
        luxury=True,
        is_needed=lambda models: any(model.format not in {None, "gguf"} for model in models),
    ),
    Column(
        "Drafts",
        lambda model: figures.word("yes" if model.drafts else None),
        "words",
        gives_way=8,
        luxury=True,
        is_needed=lambda models: any(model.drafts for model in models),
    ),
    Column("Capabilities", lambda model: figures.name(", ".join(model.capabilities)), "words", gives_way=5),
)


def models(names: Mapping[str, str]) -> tuple[Column[Model], ...]:
    """Return the columns of a listing of models; `names` are what hosts are called, by URL."""
    return (
        Column("Model", lambda model: figures.name(model.name), "name"),
        Column("Host", lambda model: figures.host_called(model.host, names), "name"),
        *_OF_MODEL,
    )


EMBEDDINGS: Final[tuple[Column[Embedding], ...]] = (
    Column("Model", lambda row: figures.name(row.result.label), "name"),
    Column("Host", lambda row: row.host or figures.host_label(row.result.host), "name"),
    Column("Size", lambda row: figures.size(row.model.size_bytes if row.model else None), gives_way=2),
    Column(
        "Params", lambda row: figures.word(row.model.parameter_size if row.model else None), gives_way=6, luxury=True
    ),
    Column("Quant", lambda row: figures.word(row.model.quantization if row.model else None), "words", gives_way=3),
    Column("Dim", lambda row: str(row.found.dimension)),
    Column("emb/s", lambda row: figures.rate(row.found.batch_1_per_s)),
    Column("at 32", lambda row: figures.rate(row.found.batch_32_per_s)),
    Column("acc@1", lambda row: figures.share(row.accuracy)),
    Column("Load", lambda row: figures.duration(row.result.load_s), gives_way=5),
)

IMAGES: Final[tuple[Column[Image], ...]] = (
    Column("Model", lambda row: figures.name(row.result.label), "name"),
    Column("Host", lambda row: row.host or figures.host_label(row.result.host), "name"),
    Column("Tokens", lambda row: figures.tokens(row.found.tokens)),
    Column("Reading", lambda row: figures.duration(row.found.prefill_s)),
)

DEPTHS: Final[tuple[Column[Depth], ...]] = (
    Column("Context", lambda row: figures.tokens(row.point.prompt_tokens)),
    Column("Prefill", lambda row: figures.rate(row.point.prefill_tps), gives_way=2),
    Column("tok/s", lambda row: figures.rate(row.point.decode_tps)),
    Column("TTFT", lambda row: figures.duration(row.point.ttft_s)),
    Column("Memory", lambda row: figures.size(row.point.memory_bytes), gives_way=3),
    Column("GPU", lambda row: figures.share(row.point.gpu_share)),
    Column("", lambda row: "spills" if row.spills else "", "words"),
)

CONCURRENCY: Final[tuple[Column[ConcurrencyPoint], ...]] = (
    Column("Requests", lambda point: str(point.requests)),
    Column("tok/s in all", lambda point: figures.rate(point.throughput_tps)),
    Column(
        "each",
        lambda point: figures.rate(point.decode_tps),
        gives_way=3,
        is_needed=lambda points: any(point.decode_tps is not None for point in points),
    ),
    Column("TTFT p50", lambda point: figures.duration(point.ttft_p50_s), gives_way=1),
    Column("TTFT p95", lambda point: figures.duration(point.ttft_p95_s), gives_way=2),
    Column("At once", lambda point: str(point.ran_at_once)),
)
