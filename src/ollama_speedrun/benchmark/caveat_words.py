"""Words that several caveats share. Pure."""

from collections.abc import Sized


def of_all(some: int, whole: int, noun: str = "request") -> str:
    """Return how many of several things are meant: every request, 2 of 3 requests."""
    return f"every {noun}" if some == whole else f"{some} of {whole} {noun}s"


def no_ttft(some: Sized, timed: Sized) -> str:
    """Return what follows for the TTFT where it cannot be had from some of the timed generations."""
    return "there is no TTFT" if len(some) == len(timed) else "the TTFT comes from the others"
