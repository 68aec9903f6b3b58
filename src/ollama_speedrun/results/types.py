"""The document: one run as it is kept, and as other programs read it."""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Final

import msgspec

from .._version import __version__
from ..assessment.types import Assessment, Rated, Verdict
from ..benchmark.plan import BenchmarkSettings
from ..benchmark.types import Result
from ..discovery.types import Host
from ..inventory.types import Model
from ..quality.next_tokens import NextTokens
from ..quality.records import QualityRecord
from ..visit.types import LoadedBefore

SCHEMA_VERSION: Final = 2
TOOL_NAME: Final = "ollama-speedrun"


class Tool(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The program that wrote the document."""

    name: str = TOOL_NAME
    version: str = __version__


class Context(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The machine that measured, as far as it can change a figure: the client's clock and speed are its own."""

    system: str
    architecture: str
    python: str
    cpus: int | None


class Document(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One run, whole or in part: phases that did not run leave their list empty, and `verdict` None.

    `complete` is False in a file that was kept when a run was interrupted, or while it goes on; `ended_at` is None
    until the run is over. `settings` is how each model was measured and `workload_version` what it was asked: figures
    of two runs compare only where both agree.
    `items_files` are the files of the user's own items that were asked, too. `quality_records` hold
    the items that each model answered, `next_tokens` what quants of one base are compared by. `loaded_before` is what
    each host had loaded before the run sent anything to it, without those whose state is not known. `assessments` are
    made from results and records, at most one for each result.
    """

    schema_version: int = SCHEMA_VERSION
    tool: Tool = msgspec.field(default_factory=Tool)
    run_id: str | None = None
    started_at: Annotated[datetime, msgspec.Meta(tz=True)]
    ended_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    complete: bool = True
    workload_version: int | None = None
    settings: BenchmarkSettings | None = None
    items_files: tuple[str, ...] = ()
    context: Context | None = None
    hosts: tuple[Host, ...] = ()
    models: tuple[Model, ...] = ()
    results: tuple[Result, ...] = ()
    quality_records: tuple[QualityRecord, ...] = ()
    next_tokens: tuple[NextTokens, ...] = ()
    loaded_before: tuple[LoadedBefore, ...] = ()
    assessments: tuple[Assessment, ...] = ()
    verdict: Verdict | None = None

    def rated(self) -> Iterator[Rated]:
        """Yield each result with its assessment, which is an empty one where there is none."""
        by_key = {assessment.key: assessment for assessment in self.assessments}
        for result in self.results:
            blank = Assessment(host=result.host, model=result.model, variant=result.variant)
            yield Rated(result, by_key.get(blank.key, blank))
