"""`recommend`: what to use, at once, from the runs of the history. No traffic."""

import argparse
import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from ..assessment.types import Rated, Verdict
from ..benchmark.types import Result, ResultKey
from ..errors import UsageError
from ..report import figures
from ..report.text import clean, sentence
from ..results.assessing import verdict_for
from ..results.several import differences, merged, of_results
from ..results.types import Document
from ..wording import counted
from . import saved, uses
from .environment import Environment
from .exit_codes import ExitCode
from .run import load_settings
from .screen import Screen
from .settings import Settings

MOST_RUNS: Final = 20
"""So many of the newest runs are read; an older figure says little of today."""
OLD: Final = timedelta(days=30)
OTHERS_SHOWN: Final = 2


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """What is recommended, for which use, and the results that it was chosen among, with what each is worth.

    `names` are what hosts are called, by their URL, and `runs` how many runs were read.
    """

    rated: Mapping[ResultKey, Rated]
    names: Mapping[str, str]
    verdict: Verdict
    worth: Mapping[ResultKey, float]
    use: str | None
    runs: int


def main(environment: Environment, arguments: argparse.Namespace) -> ExitCode:
    """Print the recommendation, the next best, and how old what they rest on is."""
    chosen = load_settings(environment, arguments)
    screen = Screen(environment, chosen, as_json=arguments.json)
    with saved.opened_history(environment, chosen, screen) as history:
        runs = history.measured()[:MOST_RUNS]
        if not runs:
            raise UsageError("the history is empty; run a benchmark first: ollama-speedrun")
        documents = [history.recorded(run.run_id) for run in runs]
    if unlike := differences(documents):
        screen.note(saved.unlike_note("runs", unlike))
    found = _choice(merged(documents), arguments, chosen, len(runs))
    now = datetime.now(UTC)
    if arguments.json:
        environment.put(json.dumps(_as_json(found, now), indent=2))
    else:
        environment.put("\n".join(_lines(found, now)))
    return ExitCode.DONE if found.verdict.recommendation is not None else ExitCode.NO_MODEL


def _choice(whole: Document, arguments: argparse.Namespace, chosen: Settings, runs: int) -> Choice:
    """Choose among the newest result of each model that the command line leaves."""
    selection = saved.selection_of(arguments, chosen)
    limit_bytes = chosen.max_memory_bytes
    sizes = {(model.host, model.name): model.size_bytes for model in whole.models}

    def fits(result: Result) -> bool:
        known = result.memory_bytes or sizes.get((result.host, result.model))
        return limit_bytes is None or (known is not None and known <= limit_bytes)

    left = of_results(saved.selected(whole, selection), lambda result: result.status == "ok" and fits(result))
    document = saved.assessed_tiers(left, selection, chosen)
    if not document.results:
        raise UsageError(
            "no measured model is left; loosen --host, --model, --exclude, --tier and --max-memory, or measure more"
        )
    if document.verdict is None:
        raise AssertionError("an assessed document has a verdict")
    rated = {entry.result.key: entry for entry in document.rated()}
    names = figures.host_names(document.hosts)
    if chosen.for_ is not None:
        use = uses.named(chosen.for_, chosen.uses, "--for")
        verdict, worth = verdict_for(document, use)
        return Choice(rated=rated, names=names, verdict=verdict, worth=worth, use=use.name, runs=runs)
    scores = ((key, entry.scores) for key, entry in rated.items())
    overall = {key: found.overall for key, found in scores if found is not None and found.overall is not None}
    return Choice(rated=rated, names=names, verdict=document.verdict, worth=overall, use=None, runs=runs)


def _lines(found: Choice, now: datetime) -> Iterator[str]:
    names, best = found.names, found.verdict.recommendation
    purpose = "" if found.use is None else f" for {clean(found.use, 40)}"
    if best is None:
        yield f"No recommendation{purpose}: {clean(found.verdict.why_none or 'no answers were graded', 600)}."
    else:
        why = figures.with_host_names(best.why, names)
        yield f"Use {figures.name(best.label)} @ {figures.host_called(best.host, names)}{purpose}. {sentence(why)}"
        yield f"  {_facts(found, best.key, now)}"
    for entry in _next(found)[:OTHERS_SHOWN]:
        key = entry.result.key
        place = figures.host_called(key[0], names)
        yield f"Next: {figures.name(entry.result.label)} @ {place}, score {found.worth[key]:.1f}"
        yield f"  {_facts(found, key, now)}"
    measured = None if best is None else found.rated[best.key].result.ended_at
    if measured is not None and now - measured > OLD:
        yield "This is old: measure again with ollama-speedrun."


def _next(found: Choice) -> Sequence[Rated]:
    """Return the other results by their worth, the highest first."""
    best = found.verdict.recommendation
    taken = None if best is None else best.key
    others = [entry for key, entry in found.rated.items() if key in found.worth and key != taken]
    return sorted(others, key=lambda entry: -found.worth[entry.result.key])


def _facts(found: Choice, key: ResultKey, now: datetime) -> str:
    """Return the main figures of a result and its age."""
    entry = found.rated[key]
    result, quality = entry.result, entry.assessment.quality
    parts = [
        f"quality {figures.quality(quality)}" if quality else "not graded",
        f"{figures.rate(result.speed_tps)} tok/s",
        f"TTFT {figures.duration(result.ttft_s)}",
        figures.size(result.memory_bytes),
    ]
    measured = result.ended_at
    when = "" if measured is None else f"; measured {_ago(now - measured)}"
    return f"{', '.join(parts)}{when}"


def _ago(age: timedelta) -> str:
    """Return an age in its largest unit."""
    for unit, seconds in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if age.total_seconds() >= seconds:
            return f"{counted(int(age.total_seconds() // seconds), unit)} ago"
    return "just now"


def _as_json(found: Choice, now: datetime) -> Mapping[str, object]:
    best = found.verdict.recommendation
    return {
        "use": found.use,
        "best": None if best is None else _entry(found, best.key, now, why=best.why),
        "why_none": found.verdict.why_none,
        "others": [_entry(found, entry.result.key, now) for entry in _next(found)],
        "runs": found.runs,
    }


def _entry(found: Choice, key: ResultKey, now: datetime, *, why: str | None = None) -> Mapping[str, object]:
    entry = found.rated[key]
    result, quality = entry.result, entry.assessment.quality
    return {
        "host": key[0],
        "model": key[1],
        "variant": key[2],
        "score": found.worth.get(key),
        "quality": None if quality is None else quality.score,
        "decode_tps": result.speed_tps,
        "ttft_s": result.ttft_s,
        "memory_bytes": result.memory_bytes,
        "measured_at": None if result.ended_at is None else result.ended_at.isoformat(),
        "age_s": None if result.ended_at is None else round((now - result.ended_at).total_seconds()),
        **({} if why is None else {"why": why}),
    }
