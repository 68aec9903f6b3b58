"""Which results of two documents belong together. Pure."""

from collections import Counter
from collections.abc import Callable, Hashable, Iterable

from ..benchmark.types import Result, ResultKey
from ..results.types import Document


def pairs(
    a: Document, b: Document, *, by_host: bool = True, by_model: bool = True
) -> list[tuple[ResultKey, ResultKey]]:
    """Return the results of both that ended well and belong together, in the order of `b`.

    A host is the same by its identity, wherever it was, else by its URL. Without `by_host` results of any host
    belong together, without `by_model` those of any model: the first of each that is left.
    """
    identities, url_of = _identities(b), {identity: url for url, identity in _identities(a).items()}
    met_again = {url_of[identity] for identity in identities.values() if identity in url_of}

    def host_in_a(url: str) -> str | None:
        known = url_of.get(identities.get(url, ""))
        return known or (None if url in met_again else url)

    def name(result: Result, host: str | None) -> Hashable:
        return (host if by_host else None, result.model if by_model else None, result.variant)

    left = _first_by(a.results, lambda result: name(result, result.host))
    right = _first_by(b.results, lambda result: name(result, host_in_a(result.host)))
    return [(left[one].key, result.key) for one, result in right.items() if one in left]


def _identities(document: Document) -> dict[str, str]:
    """Return the identity of each host that has one to itself, by its URL: copies of a server share theirs."""
    counts = Counter(host.identity for host in document.hosts)
    return {host.url: host.identity for host in document.hosts if host.identity and counts[host.identity] == 1}


def _first_by(results: Iterable[Result], name: Callable[[Result], Hashable]) -> dict[Hashable, Result]:
    found: dict[Hashable, Result] = {}
    for result in results:
        if result.status == "ok":
            found.setdefault(name(result), result)
    return found
