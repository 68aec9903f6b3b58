"""Results as Markdown."""

from .document import Document
from .view import Scoring


def render(document: Document, *, scoring: Scoring = "overall") -> str:
    """Return the report as GitHub-style tables."""
    raise NotImplementedError
