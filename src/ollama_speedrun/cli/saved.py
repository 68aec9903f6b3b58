"""A saved run as the verbs that put it to use want it: read, narrowed and assessed."""

import argparse

import msgspec

from ..assessment.recommend import for_use
from ..errors import UsageError
from ..results.several import differences, merged, of_results
from ..results.types import Document
from ..wording import counted
from . import uses
from .assess import STDIN, assessed, read_documents, selected, selection_of, unlike_note
from .environment import Environment
from .screen import Screen
from .settings import Settings


def load(environment: Environment, arguments: argparse.Namespace, chosen: Settings, screen: Screen) -> Document:
    """Return the runs that the command line names as one assessed document, narrowed by its selection.

    With `--for` the recommendation and the best of each tier are those for that use. Raises `UsageError` where nothing
    is left, and `ResultFileError` for a file that cannot be read.
    """
    if arguments.hosts_file is not None:
        raise UsageError(
            f"{arguments.verb} and --hosts-file contradict each other: it works on a saved result; choose among its "
            "hosts with --host"
        )
    if arguments.files.count(STDIN) > 1:
        raise UsageError("standard input (-) is given more than once; give it once")
    documents = read_documents(environment, chosen, arguments.files, screen)
    if unlike := differences(documents):
        screen.note(unlike_note("results", unlike))
    whole = merged(documents)
    if not whole.results:
        raise UsageError(
            f"there is no benchmark in it, only a list of {counted(len(whole.hosts), 'server')} and "
            f"{counted(len(whole.models), 'model')}; give a FILE that `run` or `benchmark` wrote"
        )
    selection = selection_of(arguments, chosen)
    document = assessed(selected(whole, selection), chosen)
    if selection.tiers:
        tiers = {entry.key for entry in document.assessments if entry.tier in selection.tiers}
        document = assessed(of_results(document, lambda result: result.key in tiers), chosen)
    if not any(result.status == "ok" for result in document.results):
        raise UsageError(
            "no model with figures is left of it; loosen --host, --model, --exclude and --tier, or give another FILE"
        )
    return document if chosen.for_ is None else _for_use(document, chosen, chosen.for_)


def _for_use(document: Document, chosen: Settings, name: str) -> Document:
    """Return the document with the verdict for one use in place of the overall one; the other uses stay."""
    if document.verdict is None:
        return document
    use = uses.named(name, chosen.uses, "--for")
    verdict, _ = for_use(use, document.models, tuple(document.rated()), document.quality_records)
    return msgspec.structs.replace(document, verdict=msgspec.structs.replace(verdict, uses=document.verdict.uses))
