"""What of a file no run can have written, so that the formulas need not bear it. Pure.

Figures that a server said may be absurd: they are kept as said, and every formula bears them.
"""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from ..benchmark.plan import BenchmarkSettings
from ..quality.records import ItemRecord
from .types import Document

LARGEST_WEIGHT: Final = 1e9
YEARS: Final = range(1971, 9000)
_RUN_ID: Final = re.compile(r"[0-9a-f][0-9a-f-]{0,35}")
TRIALS: Final = range(2, 1_000_001)
"""So many an interval can be made of."""


def fault_of(document: Document) -> str | None:
    """Return what is impossible in a document and where; None where nothing is."""
    return next(_faults(document), None)


def _faults(document: Document) -> Iterator[str]:
    if document.run_id is not None and not _RUN_ID.fullmatch(document.run_id):
        yield "run_id is no id of a run"
    of_results = (moment for result in document.results for moment in (result.started_at, result.ended_at))
    for moment in (document.started_at, document.ended_at, *of_results):
        if moment is not None and moment.year not in YEARS:
            yield f"the year {moment.year} is an impossible time of a run"
    if document.settings is not None and not _promises(document.settings):
        yield "the settings have an impossible sure or within"
    yield from _repeated(document)
    for result in document.results:
        rates, times = result.decode_interval, result.ttft_interval
        if rates is not None and not (0 <= rates.low_tps <= rates.high_tps and rates.trials in TRIALS):
            yield f"decode_interval of {result.label} has impossible ends or trials"
        if times is not None and not (0 <= times.low_s <= times.high_s and times.trials in TRIALS):
            yield f"ttft_interval of {result.label} has impossible ends or trials"
    for found in document.next_tokens:
        if any(one.logprob > 0 for answer in found.answers for one in answer):
            yield f"a logprob of {found.model} is above 0"
    for record in document.quality_records:
        for item in record.items:
            if not _is_gradable(item):
                yield f"an item of {record.model} has an impossible grade, chance or weight"


def _repeated(document: Document) -> Iterator[str]:
    """Yield what a run can have once only and the document has several times."""
    for kept in (document.results, document.quality_records):
        counts = Counter(one.key for one in kept)
        yield from (
            f"{model} on {host} stands in it {count} times" for (host, model, _), count in counts.items() if count > 1
        )


def _promises(settings: BenchmarkSettings) -> bool:
    return 0.5 <= settings.sure < 1 and 0 <= settings.within < 1


def _is_gradable(item: ItemRecord) -> bool:
    grade = item.grade
    shares = (grade.score, grade.strict, item.chance)
    return all(0 <= share <= 1 for share in shares) and item.chance < 1 and 0 < item.weight <= LARGEST_WEIGHT
