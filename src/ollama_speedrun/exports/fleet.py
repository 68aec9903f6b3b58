"""A document as the exports see it: models that can be used, where each runs, and the names of the picks. Pure."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import count
from typing import Final
from urllib.parse import SplitResult, urlsplit

import msgspec

from ..assessment.types import Pick, Rated, Verdict
from ..benchmark.types import Result
from ..discovery.types import Host
from ..inventory.types import Model
from ..report.figures import host_names, with_host_names
from ..report.text import clean
from ..results.types import Document

BEST: Final = "best"
EMBED: Final = "embed"
LONGEST_NAME: Final = 200
TIER_ALIASES: Final[Mapping[str, str]] = {
    "<2": "tier-lt2",
    "2-4": "tier-2-4",
    "4-8": "tier-4-8",
    "8-16": "tier-8-16",
    "16+": "tier-16plus",
}
_OWN_MACHINE: Final = re.compile(r"localhost|127\.\d+\.\d+\.\d+|::1|0\.0\.0\.0")
_NO_SLUG: Final = re.compile(r"[^A-Za-z0-9.]+")


class Served(msgspec.Struct, frozen=True, kw_only=True):
    """One model on one host, in the variant that was best: `url` is the host's, `host` what it is called.

    `slug` is the host's name made of letters, digits, dots and dashes, unique in the fleet. `described` is None where
    the server's list was not kept.
    """

    url: str
    host: str
    slug: str
    rated: Rated
    described: Model | None = None

    @property
    def result(self) -> Result:
        """The result of its benchmark."""
        return self.rated.result

    @property
    def key(self) -> tuple[str, str]:
        """Its host's URL and its name, which tell it from all others of the fleet."""
        return self.url, self.model

    @property
    def model(self) -> str:
        """The model's name, as its server wants it."""
        return self.rated.result.model

    @property
    def is_embedding(self) -> bool:
        """True if it gives vectors and no text."""
        return self.result.embedding is not None

    @property
    def rate(self) -> float | None:
        """Output tokens per second, of an embedding model texts per second; None where neither was measured."""
        if self.result.embedding is not None:
            return self.result.embedding.batch_32_per_s or self.result.embedding.batch_1_per_s
        return self.result.speed_tps

    @property
    def score(self) -> float:
        """The overall score, 0 where there is none; of an embedding model its quality."""
        if self.is_embedding:
            return self.rated.assessment.quality.score if self.rated.assessment.quality else 0.0
        return (self.rated.scores.overall if self.rated.scores else None) or 0.0

    def can(self, capability: str) -> bool:
        """Return whether its server says that it has this capability."""
        return self.described is not None and capability in self.described.capabilities


class Alias(msgspec.Struct, frozen=True):
    """A name for a pick: "best", a use, a memory tier or "embed", and why that model is the pick."""

    name: str
    served: Served
    why: str


class Fleet(msgspec.Struct, frozen=True, kw_only=True):
    """The models that can be used, the best first, the picks by name, and what is to be said about both.

    `measured` are all results with figures, each variant by itself. `basis` says in sentences which run this rests on
    and by what confidence, `left_out` what is not in it.
    """

    document: Document
    served: tuple[Served, ...]
    aliases: tuple[Alias, ...]
    measured: tuple[Served, ...]
    left_out: tuple[str, ...]

    @property
    def chat(self) -> tuple[Served, ...]:
        """The models that answer, the best first."""
        return tuple(one for one in self.served if not one.is_embedding)

    @property
    def embedding(self) -> tuple[Served, ...]:
        """The models that give vectors, the best first."""
        return tuple(one for one in self.served if one.is_embedding)

    def pick(self, *names: str) -> Served | None:
        """Return the pick of the first of these names that has one."""
        by_name = {alias.name: alias.served for alias in self.aliases}
        return next((by_name[name] for name in names if name in by_name), None)

    def names_of(self, served: Served) -> tuple[str, ...]:
        """Return the names that this model is the pick of."""
        return tuple(alias.name for alias in self.aliases if alias.served.key == served.key)


def fleet(document: Document) -> Fleet:
    """Return what of an assessed document an export can name."""
    hosts = {host.url: host for host in document.hosts}
    measured, unusable = _measured(document, hosts)
    served = _of_best_variants(measured, document.verdict)
    base = [one for one in served if one.described is not None and one.described.kind == "base"]
    others = [one for one in served if one.described is None or one.described.kind != "base"]
    usable = sorted(others, key=lambda one: (-one.score, -(one.rate or 0), one.model, one.url))
    return Fleet(
        document=document,
        served=tuple(usable),
        aliases=tuple(_aliases(document.verdict, usable)),
        measured=tuple(measured),
        left_out=tuple(_left_out(document, measured, served, base, unusable)),
    )


def address(url: str) -> SplitResult | None:
    """Return the parts of a host's URL; None for a text that is no plain http URL, or one with a password in it."""
    if any(character.isspace() or not character.isprintable() for character in url) or len(url) > LONGEST_NAME:
        return None
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    del port
    is_plain = parts.scheme in {"http", "https"} and parts.hostname and "@" not in parts.netloc
    return parts if is_plain and not parts.query and not parts.fragment else None


def is_own_machine(url: str) -> bool:
    """Return whether an address reaches the server from its own machine alone."""
    parts = address(url)
    return parts is not None and _OWN_MACHINE.fullmatch(parts.hostname or "") is not None


def _measured(document: Document, hosts: Mapping[str, Host]) -> tuple[list[Served], list[str]]:
    """Return all results with figures, and the models whose name or address no configuration can hold."""
    names = host_names(document.hosts)
    models = {(model.host, model.name): model for model in document.models}
    slugs = dict(_slugs([host for host in hosts if address(host)], names))
    found, unusable = [], []
    for rated in document.rated():
        result = rated.result
        if result.status != "ok":
            continue
        if result.host not in slugs or not _is_plain(result.model):
            unusable.append(clean(result.model, 60) or "(unnamed)")
            continue
        found.append(
            Served(
                url=result.host,
                host=names[result.host],
                slug=slugs[result.host],
                rated=rated,
                described=models.get((result.host, result.model)),
            )
        )
    return found, unusable


def _slugs(urls: Sequence[str], names: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    taken = set[str]()
    for url in urls:
        slug = _NO_SLUG.sub("-", names[url]).strip("-.").lower() or "host"
        unique = slug if slug not in taken else next(f"{slug}-{n}" for n in count(2) if f"{slug}-{n}" not in taken)
        taken.add(unique)
        yield url, unique


def _is_plain(name: str) -> bool:
    """Return whether a name can stand in any configuration: printable, without spaces, of a usual length."""
    return 0 < len(name) <= LONGEST_NAME and clean(name, LONGEST_NAME) == name and not re.search(r"\s", name)


def _of_best_variants(measured: Sequence[Served], verdict: Verdict | None) -> list[Served]:
    """Return one entry for each model on each host: the variant that the verdict picked, else that with most points."""
    picked = {pick.key for pick in verdict.picks} if verdict else set()
    best: dict[tuple[str, str], Served] = {}
    for one in sorted(measured, key=lambda one: (one.result.key not in picked, -one.score, -(one.rate or 0))):
        best.setdefault((one.url, one.model), one)
    return list(best.values())


def _aliases(verdict: Verdict | None, served: Sequence[Served]) -> Iterator[Alias]:
    """Yield the picks by name; no two have the same, and none is the name of a model."""
    taken = {one.model for one in served}
    names = {one.url: one.host for one in served}
    for name, pick, why in _named_picks(verdict):
        found = next((one for one in served if one.key == (pick.host, pick.model)), None)
        if found is not None and name and name not in taken:
            taken.add(name)
            yield Alias(name, found, clean(with_host_names(why, names), 600))
    vectors = next((one for one in served if one.is_embedding), None)
    if vectors is not None and EMBED not in taken:
        graded = vectors.rated.assessment.quality
        yield Alias(EMBED, vectors, "the best by graded triplets" if graded else "the only or fastest one, not graded")


def _named_picks(verdict: Verdict | None) -> Iterator[tuple[str, Pick, str]]:
    if verdict is None:
        return
    if verdict.recommendation is not None:
        yield BEST, verdict.recommendation, verdict.recommendation.why
    for use in verdict.uses:
        if use.best is not None:
            yield _NO_SLUG.sub("-", use.use).strip("-.").lower(), use.best, use.why
    for tier in verdict.tiers:
        if tier.best is not None:
            yield TIER_ALIASES[tier.tier], tier.best, tier.why


def _left_out(
    document: Document,
    measured: Sequence[Served],
    served: Sequence[Served],
    base: Sequence[Served],
    unusable: Sequence[str],
) -> Iterator[str]:
    """Yield what an export cannot name, each kind with its reason."""
    for status, what in (("failed", "failed in the benchmark"), ("skipped", "skipped in the benchmark")):
        names = [clean(result.label, 60) for result in document.results if result.status == status]
        if names:
            yield f"{_listed(names)} ({what})"
    known = {(result.host, result.model) for result in document.results}
    if unmeasured := [clean(one.name, 60) for one in document.models if (one.host, one.name) not in known]:
        yield f"{_listed(unmeasured)} (not measured)"
    if base:
        yield f"{_listed([one.model for one in base])} (base models, which follow no instructions)"
    if unusable:
        yield f"{_listed(unusable)} (a name or an address that no configuration can hold)"
    kept = {one.result.key for one in served}
    if others := [one.result.label for one in measured if one.result.key not in kept]:
        yield f"{_listed(others)} (another variant of the same model is named instead)"


def _listed(names: Sequence[str], most: int = 4) -> str:
    unique = list(dict.fromkeys(names))
    more = len(unique) - most
    return ", ".join(unique) if more <= 1 else f"{', '.join(unique[:most])} and {more} more"
