"""What a run that goes on takes over without a look at the host."""

from datetime import datetime, timedelta

import msgspec
import pytest

from ollama_speedrun.results.known import recall_of
from ollama_speedrun.results.types import Document
from specimens import DESK, document, host, model, result

ENDED = document().started_at


def interrupted(identity: str | None = None) -> Document:
    measured = msgspec.structs.replace(
        result("m:1b", DESK), ended_at=ENDED, server_version=host(DESK).version, digest=model("m:1b", DESK).digest
    )
    return msgspec.structs.replace(
        document(), hosts=(msgspec.structs.replace(host(DESK), identity=identity),), results=(measured,)
    )


def checks(run: Document, *, now: datetime, identity: str | None = None) -> list[bool]:
    """For each result that is taken over, if its host need not be checked first."""
    found = msgspec.structs.replace(host(DESK), identity=identity)
    return [known.is_checked for known in recall_of(run, now=now)(found, (model("m:1b", DESK),))]


@pytest.mark.parametrize(
    ("passed", "is_checked"),
    [(timedelta(), True), (timedelta(minutes=59), True), (timedelta(hours=1), False), (timedelta(minutes=-5), False)],
    ids=["at once", "within the hour", "after an hour", "the clock was set back"],
)
def test_a_host_is_as_it_was_for_an_hour_of_a_clock_that_goes_forward(passed: timedelta, is_checked: bool) -> None:
    assert checks(interrupted(), now=ENDED + passed) == [is_checked]


@pytest.mark.parametrize(
    ("before", "now", "is_checked"),
    [("a", "a", True), ("a", None, True), (None, "a", True), ("a", "b", False)],
)
def test_a_host_that_is_another_server_at_the_same_address_is_checked(
    before: str | None, now: str | None, is_checked: bool
) -> None:
    assert checks(interrupted(before), now=ENDED, identity=now) == [is_checked]
