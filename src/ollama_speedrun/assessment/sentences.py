"""A verdict's reasons, one plain sentence each. Pure."""

import math
from collections.abc import Sequence
from typing import Final

from ..benchmark.types import ResultKey, label
from ..wording import joined
from . import contexts
from .choice import Candidate, Choice, Gap, Rated, drift_that_matters
from .types import Certainty
from .types import Rated as RatedResult
from .uses import Use

MOST_ITEMS: Final = 400
"""A bank's mix holds about so many: more cannot be asked."""
ROUND: Final = 5
"""What more would have to be asked is said in such steps."""


def why(choice: Choice, sure: Certainty | None = None) -> str:
    """Return why a choice was made, how sure it is, what it would cost to be surer, and what casts doubt on it."""
    return _why(choice, sure) + contexts.unlike(choice) + _of_drift(choice)


def _of_drift(choice: Choice) -> str:
    """Return the doubt that comes from a host whose speed changed by more than the lead, as the end of a sentence."""
    drift = drift_that_matters(choice)
    if drift is None:
        return ""
    direction = "slower" if drift < 0 else "faster"
    return f"; but the host became {abs(drift):.0%} {direction} during the run, which is more than this lead"


def _why(choice: Choice, sure: Certainty | None) -> str:
    figures = _figures(choice.best)
    if sure is not None and sure.kind != "likely":
        return f"{_raced(choice, sure)}: {figures}{_too_easy(sure)}"
    likely = "" if sure is None or sure.probability is None else f"likely best ({_percent(sure.probability)}): "
    if choice.tied:
        return f"{likely}{figures}; {_tie(choice)}"
    if choice.runner_up is None or choice.gap is None:
        return f"the only one that did better than guessing: {figures}"
    behind = _named(choice.runner_up.candidate, choice.best.candidate)
    lead = f"{max(choice.gap.points, 0.0):.1f} points ahead of {behind}"
    if choice.gap.told_apart:
        return f"{likely}{figures}; {lead}, more than chance explains"
    unproved = f"which {choice.gap.items} items cannot prove{_cost(choice, choice.gap)}"
    return f"{likely or 'likely: '}{figures}; {lead}, {unproved}"


def _raced(choice: Choice, sure: Certainty) -> str:
    """Return what the race says of the best, as the beginning of a sentence."""
    best = choice.best.candidate
    others = [_label(key, best) for key in sure.picks if key != best.key]
    points = f"within {sure.within_points:g} points"
    asked = f"{sure.items} items"
    match sure.kind:
        case "undistinguished":
            return f"not distinguishable with {asked}; {_listed(others) or 'no other'} may be as good"
        case "tied" if others:
            return (
                f"certified best {points} ({_percent(sure.confidence)}, {asked}), tied with {_listed(others)} "
                "and faster"
            )
        case _:
            return f"certified best {points} ({_percent(sure.confidence)}, {asked})"


def _too_easy(sure: Certainty) -> str:
    return "; two models got more than 95 % right, so the items are too easy to part them" if sure.is_too_easy else ""


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def why_none(
    rated: Sequence[RatedResult], use: Use | None = None, *, is_tier: bool = False, asks_items: bool = True
) -> str:
    """Return why nothing was chosen among these results, for a use where one is given.

    `is_tier` says that they are those of one memory tier, `asks_items` that the run was to ask graded items at all.
    """
    measured = [entry for entry in rated if entry.result.status == "ok"]
    if not measured:
        return "no model of this size was measured" if is_tier else "no model was measured"
    if not any(entry.scores is not None for entry in measured):
        return "no model has a speed that can be trusted; see the notes on its row"
    graded = [entry for entry in measured if entry.assessment.quality is not None]
    reasons = [entry.assessment.not_asked for entry in measured if entry.assessment.not_asked is not None]
    if not graded and reasons:
        return f"no answers were graded: {reasons[0]}" + ("; lower --min-speed" if "tok/s" in reasons[0] else "")
    if not graded and not asks_items:
        return "no answers were graded; leave out --max-items 0, or ask for --scoring classic"
    if not graded:
        return "no answers were graded: no item could be asked, as the run's notes say; --scoring classic needs none"
    return _why_none_of_the_graded(graded, use)


def _why_none_of_the_graded(graded: Sequence[RatedResult], use: Use | None) -> str:
    if all(entry.assessment.quality.protocol != "chat" for entry in graded if entry.assessment.quality):
        return "only base models were measured, which follow no instructions"
    if use is not None and use.needs:
        return f"no model with the capability {' and '.join(use.needs)} did better than guessing"
    fastest = max(graded, key=lambda entry: entry.result.speed_tps or 0.0).result
    return f"no model did better than guessing; the fastest is {fastest.label} with {fastest.speed_tps or 0:.1f} tok/s"


def _figures(best: Rated) -> str:
    quality, candidate = best.quality, best.candidate
    text = f"quality {quality.score:.0f} ({quality.low:.0f} to {quality.high:.0f}, {quality.items} items)"
    text += f", {candidate.speed_tps:.1f} tok/s"
    if candidate.ttft_s is not None:
        text += f", first token after {candidate.ttft_s:.2f} s"
    return text


def _tie(choice: Choice) -> str:
    best = choice.best.candidate
    names = [_named(entry.candidate, best) for entry in choice.tied]
    text = f"tied with {_listed(names)} within 3 points"
    slowest = min(entry.candidate.speed_tps for entry in choice.tied)
    if best.speed_tps > slowest:
        text += f", and {best.speed_tps / slowest:.1f}× as fast" if len(names) == 1 else ", and the fastest of them"
    return text


def _listed(names: Sequence[str]) -> str:
    if len(names) > 3:
        return f"{', '.join(names[:2])} and {len(names) - 2} others"
    return joined(names)


def _cost(choice: Choice, gap: Gap) -> str:
    """Return what it would cost to tell the two apart, as the end of a sentence."""
    if gap.items_to_tell is None or gap.items_to_tell > MOST_ITEMS:
        return "; the bank cannot tell them apart"
    more = ROUND * math.ceil(max(gap.items_to_tell - gap.items, 1) / ROUND)
    rivals = [choice.best] if choice.runner_up is None else [choice.best, choice.runner_up]
    times = [entry.candidate.item_s for entry in rivals]
    known = [item_s for item_s in times if item_s is not None]
    if len(known) < len(times):
        return f"; about {more} more items of each would"
    return f"; about {more} more items of each would, in about {_roughly(more * sum(known))}"


def _roughly(seconds: float) -> str:
    return f"{max(seconds, 1):.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def _named(candidate: Candidate, beside: Candidate) -> str:
    return _label(candidate.key, beside)


def _label(key: ResultKey, beside: Candidate) -> str:
    host, model, variant = key
    named = label(model, variant)
    return named if host == beside.key[0] else f"{named} on {host.removeprefix('http://').removesuffix(':11434')}"
