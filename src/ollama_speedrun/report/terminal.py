"""The report as tables on a terminal or in a pipe."""

from rich.console import Console

from .document import Document
from .view import Scoring


def print_report(console: Console, document: Document, *, scoring: Scoring = "overall") -> None:
    """Print the table of each memory tier, what was not benchmarked and why, and the recommendation."""
    raise NotImplementedError


def print_hosts(console: Console, document: Document) -> None:
    """Print the hosts that were found."""
    raise NotImplementedError


def print_models(console: Console, document: Document) -> None:
    """Print the models of each host."""
    raise NotImplementedError
