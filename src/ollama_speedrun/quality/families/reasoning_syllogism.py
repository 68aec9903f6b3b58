"""Syllogisms about invented nouns: a statement is true, false or unknown, given the premises.

Each verdict is right in a third of the items. Every group has a member, as the prompt says, so that "all" implies
"some". Level 1 chains two premises. Level 5 needs a chain of six among fifteen premises in random order, where the
others link the same nouns to more of them, "only" turns a sentence round, and an unknown item differs from a decided
one in the direction of a single link.
"""

import functools
from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

from ..draw import Draw
from ..items import Area, ChoiceKey, Draft, Family
from .drafting import drawn, invented, question

_Verdict: TypeAlias = Literal["true", "false", "unknown"]
_VERDICTS: tuple[_Verdict, ...] = ("true", "false", "unknown")
_OPPOSITE = {"all": "some-not", "some-not": "all", "no": "some", "some": "no"}


class _Size(NamedTuple):
    links: int
    side_nouns: int
    distractors: int


_SIZES = {1: _Size(2, 0, 0), 2: _Size(2, 1, 1), 3: _Size(3, 2, 3), 4: _Size(4, 3, 6), 5: _Size(6, 3, 9)}


class _Claim(NamedTuple):
    """A categorical statement on two nouns, given by their numbers."""

    form: str
    subject: int
    other: int

    def written(self, nouns: Sequence[str], draw: Draw, level: int) -> str:
        """Return it as a sentence; "only" turns the nouns round at high levels."""
        one, many, others = nouns[self.subject], f"{nouns[self.subject]}s", f"{nouns[self.other]}s"
        match self.form:
            case "all" if level >= 4 and draw.chance(0.35):
                return f"Only {others} are {many}."
            case "all" if level >= 2 and draw.chance(0.4):
                return f"Every {one} is a {nouns[self.other]}."
            case "all":
                return f"All {many} are {others}."
            case "no":
                return f"No {many} are {others}."
            case "some":
                return f"Some {many} are {others}."
            case _:
                return f"Some {many} are not {others}."


@functools.cache
def _having(nouns: int) -> tuple[int, ...]:
    """Return for each noun the kinds of thing that it fits. A kind is a set of nouns; bit k of a region is kind k."""
    return tuple(sum(1 << kind for kind in range(2**nouns) if kind >> noun & 1) for noun in range(nouns))


def _verdict(premises: Sequence[_Claim], claim: _Claim, nouns: int) -> _Verdict | None:
    """Return what follows, None where the premises contradict each other.

    "All" and "no" leave a region of kinds possible; each "some" asks for a witness within it. What is universal follows
    if no possible kind breaks it, what is existential if every possible witness of some premise obeys it.
    """
    having = _having(nouns)

    def region(asked: _Claim) -> int:
        """Return the kinds that are an example of an existential claim, or break a universal one."""
        inside, other = having[asked.subject], having[asked.other]
        return inside & (other if asked.form in {"some", "no"} else ~other)

    possible = (1 << 2**nouns) - 1
    for premise in premises:
        if premise.form in {"all", "no"}:
            possible &= ~region(premise)
    witnesses = [possible & region(premise) for premise in premises if premise.form.startswith("some")]
    witnesses += [possible & kinds for kinds in having]
    if not all(witnesses):
        return None

    def follows(statement: _Claim) -> bool:
        if statement.form.startswith("some"):
            return any(not found & ~region(statement) for found in witnesses)
        return not possible & region(statement)

    if follows(claim):
        return "true"
    return "false" if follows(_Claim(_OPPOSITE[claim.form], claim.subject, claim.other)) else "unknown"


def _chain(draw: Draw, links: int) -> list[_Claim]:
    """Return premises that lead from noun 0 to noun `links`."""
    claims = [_Claim("all", noun, noun + 1) for noun in range(links)]
    if draw.chance(0.4):
        claims[0] = _Claim("some", 0, 1)
    if draw.chance(0.4):
        claims[-1] = _Claim("no", links - 1, links)
    return claims


def _distractor(draw: Draw, nouns: int, links: int) -> _Claim:
    side = draw.integer(links + 1, nouns - 1)
    other = draw.choice([noun for noun in range(nouns) if noun != side])
    subject, other = (side, other) if draw.chance(0.5) else (other, side)
    return _Claim(draw.choice(("all", "all", "some", "no", "some-not")), subject, other)


def _needed(premises: Sequence[_Claim], claim: _Claim, nouns: int, chain: Sequence[_Claim]) -> bool:
    """Return True where every premise of the chain is needed for the verdict."""
    return all(
        _verdict([other for other in premises if other is not premise], claim, nouns) == "unknown" for premise in chain
    )


def _generate(draw: Draw, level: int, twin: bool) -> Draft:  # noqa: ARG001 - no pairs here
    size, target = _SIZES[level], draw.choice(_VERDICTS)
    count = size.links + 1 + size.side_nouns

    def make() -> Draft | None:
        chain = _chain(draw, size.links)
        if target == "unknown" and draw.chance(0.7):
            turned = draw.below(size.links)
            form, subject, other = chain[turned]
            chain[turned] = _Claim(form, other, subject)
        claim = _Claim(draw.choice(("all", "no", "some", "some-not")), 0, size.links)
        premises = chain + [_distractor(draw, count, size.links) for _ in range(size.distractors)]
        if len({frozenset(premise[1:]) for premise in premises}) < len(premises):
            return None
        if _verdict(premises, claim, count) != target:
            return None
        if target != "unknown" and not _needed(premises, claim, count, chain):
            return None
        nouns = invented(draw, count)
        told = " ".join(premise.written(nouns, draw, level) for premise in draw.shuffled(premises))
        statement = claim.written(nouns, draw, 1)
        prompt = (
            f'Every group has at least one member. {told} Is this true, false or unknown: "{statement}" '
            "Answer with only one word: true, false or unknown."
        )
        return question(prompt, ChoiceKey(options=_VERDICTS, answer=target), target, max_tokens=24, chance=1 / 3)

    return drawn(make)


SYLLOGISM = Family(area=Area.REASONING, name="syllogism", generate=_generate)
