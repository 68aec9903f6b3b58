"""How far a quant's next tokens are from those of a larger sibling. Pure.

Siblings are models made of one base. A quant is compared with the largest of them, by the log-probabilities of the
token that follows each of the same texts (`openings`). That shows what quantisation has damaged, not what a model can
do, so it never enters its quality.
"""

import math
import statistics
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeAlias

import msgspec

from ..inventory.types import Model
from .scoring import wilson

FEWEST_PROMPTS: Final = 20
"""Fewer common prompts say too little for a figure."""
_Z: Final = 1.96
_LEAST: Final = 1e-9
"""A probability that is never taken for smaller, so that no logarithm is infinite."""


class TokenChance(msgspec.Struct, frozen=True, array_like=True):
    """A token that may come next, with the natural logarithm of its probability."""

    token: str
    logprob: float


Chances: TypeAlias = tuple[TokenChance, ...]
"""The most probable next tokens after one text, the first choice first; empty where the model ends there."""


class NextTokens(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one model would say next after each of the first texts of `openings` of that version, in their order."""

    host: str
    model: str
    digest: str
    base: str
    version: int
    answers: tuple[Chances, ...] = ()


class Siblings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How near a model is to its largest sibling, over `prompts` texts.

    `same` is the share of texts with the same first choice, with `low` and `high`, its 95 % interval (Wilson).
    `divergence_nats` is the mean Kullback-Leibler divergence from the reference, truncated to its listed tokens and one
    for all others, and `divergence_error_nats` its standard error.
    """

    host: str
    model: str
    reference_host: str
    reference: str
    prompts: int
    same: float
    low: float
    high: float
    divergence_nats: float
    divergence_error_nats: float


def has_sibling(model: Model, models: Iterable[Model]) -> bool:
    """Tell if another file of weights of the same base is among the models."""
    return model.base is not None and any(
        other.base == model.base and other.digest not in {model.digest, None} for other in models
    )


def compared(found: Sequence[NextTokens], models: Sequence[Model]) -> tuple[Siblings, ...]:
    """Return each model beside the largest of its siblings, in the order of the models.

    Left out are the largest ones themselves, and pairs with fewer than `FEWEST_PROMPTS` common texts.
    """
    sizes = {(model.host, model.name): model.size_bytes or 0 for model in models}
    groups: dict[tuple[str, int], list[NextTokens]] = defaultdict(list)
    for one in found:
        groups[one.base, one.version].append(one)
    pairs = {key: pair for group in groups.values() for key, pair in _pairs(group, sizes)}
    return tuple(
        siblings
        for model in models
        if (pair := pairs.get((model.host, model.name))) and (siblings := agreement(*pair)) is not None
    )


def _pairs(
    group: Sequence[NextTokens], sizes: Mapping[tuple[str, str], int]
) -> Iterator[tuple[tuple[str, str], tuple[NextTokens, NextTokens]]]:
    """Yield each of a group with the largest of it, by host and model."""
    largest = max(group, key=lambda one: (sizes.get((one.host, one.model), 0), one.model, one.host))
    for one in group:
        if one.digest != largest.digest:
            yield (one.host, one.model), (largest, one)


def agreement(reference: NextTokens, other: NextTokens) -> Siblings | None:
    """Return how near `other` is to the reference; None with fewer than `FEWEST_PROMPTS` common texts."""
    pairs = list(zip(reference.answers, other.answers, strict=False))
    if len(pairs) < FEWEST_PROMPTS:
        return None
    same = statistics.fmean(_first(one) == _first(two) for one, two in pairs)
    low, high = wilson(same, len(pairs))
    divergences = [divergence_nats(one, two) for one, two in pairs if one and two]
    many = len(divergences) > 1
    return Siblings(
        host=other.host,
        model=other.model,
        reference_host=reference.host,
        reference=reference.model,
        prompts=len(pairs),
        same=same,
        low=low,
        high=high,
        divergence_nats=statistics.fmean(divergences) if divergences else 0.0,
        divergence_error_nats=statistics.stdev(divergences) / math.sqrt(len(divergences)) if many else 0.0,
    )


def divergence_nats(reference: Chances, other: Chances) -> float:
    """Return the Kullback-Leibler divergence of `other` from the reference, in nats.

    It is over the tokens that the reference lists and one outcome for all others. A token that `other` does not list is
    at most as probable as the last one that it does, and is taken for just that; so the true value is no smaller.
    """
    theirs = {one.token: math.exp(one.logprob) for one in other}
    floor = min(theirs.values(), default=_LEAST)
    mine = {one.token: math.exp(one.logprob) for one in reference}
    listed = [(probability, theirs.get(token, floor)) for token, probability in mine.items()]
    rest = (1 - sum(one for one, _ in listed), 1 - sum(two for _, two in listed))
    terms = [one * math.log(max(one, _LEAST) / max(two, _LEAST)) for one, two in (*listed, rest) if one > _LEAST]
    return max(0.0, math.fsum(terms))


def half_width(siblings: Siblings) -> float:
    """Return half the width of the interval of the same first choices, as a share."""
    return (siblings.high - siblings.low) / 2


def divergence_margin_nats(siblings: Siblings) -> float:
    """Return the half-width of the 95 % interval of the divergence."""
    return _Z * siblings.divergence_error_nats


def _first(chances: Chances) -> str | None:
    return chances[0].token if chances else None
