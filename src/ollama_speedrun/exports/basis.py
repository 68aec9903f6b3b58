"""What an export rests on, in sentences: which run, when, how sure, and what it leaves out. Pure."""

import textwrap
from collections.abc import Iterator, Sequence

from ..report.figures import moment
from ..report.text import clean
from ..wording import counted
from .fleet import Fleet, is_own_machine

WIDTH = 112


def basis(fleet: Fleet, *notes: str) -> tuple[str, ...]:
    """Return the sentences that stand at the top of an export; `notes` are those of the target."""
    return tuple(clean(sentence, 900) for sentence in _sentences(fleet, notes))


def comment(sentences: Sequence[str], mark: str) -> str:
    """Return sentences as comment lines, each ending in a line feed; a sentence is broken between words."""
    lines = [
        line
        for sentence in sentences
        for line in textwrap.wrap(sentence, WIDTH, subsequent_indent="  ", break_on_hyphens=False)
    ]
    return "".join(f"{mark} {line}\n" for line in lines)


def _sentences(fleet: Fleet, notes: Sequence[str]) -> Iterator[str]:
    document = fleet.document
    run = f"run {document.run_id[:8]} of" if document.run_id else "results of"
    hosts = len({one.url for one in fleet.served})
    yield (
        f"Made by {document.tool.name} out of {run} {moment(document.started_at)}: "
        f"{counted(len(fleet.served), 'model')} on {counted(hosts, 'host')}."
    )
    if not document.complete:
        yield "That run was interrupted: what it did not reach is not in here."
    for alias in fleet.aliases:
        yield f"{alias.name} = {alias.served.result.label} on {alias.served.host}: {alias.why}"
    if not fleet.aliases:
        yield f"No pick: {(document.verdict and document.verdict.why_none) or 'nothing was chosen'}."
    if fleet.left_out:
        yield f"Left out: {'; '.join(fleet.left_out)}."
    yield "Tokens are not in a result file: add one where a server asks for it."
    if own := sorted({one.url for one in fleet.served if is_own_machine(one.url)}):
        yield f"Works from the machine that measured only: {', '.join(own)}."
    yield from notes


def headed(fleet: Fleet, mark: str, *notes: str) -> str:
    """Return the basis as comment lines and an empty line."""
    return comment(basis(fleet, *notes), mark) + "\n"
