"""What the context means for a choice: who cannot have what a use takes, and which figures do not compare. Pure.

Sentences are the ends of others: they begin with "; " or are empty.
"""

from collections.abc import Sequence
from typing import Final

from ..benchmark.types import label
from ..wording import joined
from .choice import Candidate, Choice
from .uses import Use

NAMES_SHOWN: Final = 3


def can_have(use: Use, candidate: Candidate) -> bool:
    """Return whether a model can have the context that a use takes, as far as is known.

    It cannot where its own limit is shorter, or where its server gave less than that although it was asked for.
    """
    wanted = use.context_tokens
    if wanted is None:
        return True
    if candidate.context_tokens is not None and candidate.context_tokens < wanted:
        return False
    asked, given = candidate.asked_tokens, candidate.measured_tokens
    return asked is None or given is None or asked < wanted or given >= wanted or candidate.is_theirs


def preferred(use: Use, candidates: Sequence[Candidate]) -> Sequence[Candidate]:
    """Return those that can have the context that a use takes; all of them where none can."""
    return [one for one in candidates if can_have(use, one)] or candidates


def of_use(use: Use, best: Candidate, candidates: Sequence[Candidate]) -> str:
    """Return which models cannot have the context that a use takes, and if the best was measured with less."""
    wanted = use.context_tokens
    if wanted is None:
        return ""
    unable = [one for one in candidates if not can_have(use, one)]
    parts = []
    if unable and len(unable) == len(candidates):
        parts.append(f"no model can have the {wanted:,} tokens of context that this use takes")
    elif unable:
        parts.append(f"{_listed(unable)} cannot have the {wanted:,} tokens of context that this use takes")
    measured = best.measured_tokens
    if measured is not None and measured < wanted and can_have(use, best):
        parts.append(f"measured with {measured:,} tokens of context where this use takes {wanted:,}: {_advice(wanted)}")
    return "".join(f"; {part}" for part in parts)


def unlike(choice: Choice) -> str:
    """Return that the best and those it was compared with were not measured with the same context."""
    rivals = [*choice.tied, *([] if choice.runner_up is None else [choice.runner_up])]
    best = choice.best.candidate.measured_tokens
    others = sorted({entry.candidate.measured_tokens or 0 for entry in rivals} - {best or 0, 0})
    if best is None or not others:
        return ""
    listed = " and ".join(f"{tokens:,}" for tokens in others)
    return f"; measured with {best:,} tokens of context and the rest with {listed}, which do not compare"


def _advice(wanted: int) -> str:
    shown = f"{wanted // 1024}k" if wanted % 1024 == 0 else str(wanted)
    return f"run again with --context {shown}"


def _listed(candidates: Sequence[Candidate]) -> str:
    names = list(dict.fromkeys(f"{label(one.key[1], one.key[2])} ({_most(one):,})" for one in candidates))
    if len(names) > NAMES_SHOWN:
        return f"{', '.join(names[: NAMES_SHOWN - 1])} and {len(names) - NAMES_SHOWN + 1} others"
    return joined(names)


def _most(candidate: Candidate) -> int:
    """Return the most tokens of context that a model can have: its own limit, or what its server gave."""
    known = [tokens for tokens in (candidate.context_tokens, candidate.measured_tokens) if tokens is not None]
    return min(known, default=0)
