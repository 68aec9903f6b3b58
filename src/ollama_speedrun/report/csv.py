"""Results as CSV."""

from .document import Document


def render(document: Document) -> str:
    """Return one line for each result."""
    raise NotImplementedError
