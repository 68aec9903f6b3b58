"""What is asked again, how often and after which pause."""

import time
from collections.abc import Sequence

import pytest

from ollama_speedrun.errors import OllamaError, ProtocolError, ServerError, TimedOutError, UnreachableError
from ollama_speedrun.events import Notice
from ollama_speedrun.visit.events import VisitEvent, Waiting
from ollama_speedrun.visit.health import Health
from ollama_speedrun.visit.retry import retrying

pytestmark = pytest.mark.virtual_time
URL = "http://10.0.0.1:11434"
RUNNER = "model runner has unexpectedly stopped, this may be due to resource limitations or an internal error"


class Server:
    """Answers each request with the next of these, and from then on with the last one."""

    def __init__(self, *answers: OllamaError | str) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def ask(self) -> str:
        answer = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        if isinstance(answer, OllamaError):
            raise answer
        return answer

    async def probe(self) -> None:
        """Say that the server is there."""


def begun(failure: ServerError) -> ServerError:
    failure.had_begun = True
    return failure


def health_of(server: Server, notices: list[VisitEvent] | None = None, busy_s: float = 30) -> Health:
    told = [] if notices is None else notices
    return Health(URL, server.probe, patience_s=15, emit=told.append, busy_s=busy_s)


async def outcome(server: Server, health: Health, whys: list[str] | None = None) -> str:
    def fault_of(answer: str) -> str | None:
        return "the answer was empty" if not answer else None

    notes = [] if whys is None else whys
    try:
        return await retrying(server.ask, health, fault_of=fault_of, note=notes.append, is_work=True)
    except OllamaError as exc:
        return type(exc).__name__


@pytest.mark.parametrize(
    ("answers", "expected", "asked"),
    [
        ([ServerError(503, "server busy, please try again"), "here"], "here", 2),
        ([ServerError(529, "overloaded"), "here"], "here", 2),
        ([ServerError(503, "")] * 4 + ["here"], "here", 5),
        ([ServerError(429, "slow down", retry_after_s=20.0), "here"], "here", 2),
        ([ServerError(429, "slow down", retry_after_s=31.0), "here"], "ServerError", 1),
        ([ServerError(200, "server busy, please try again"), "here"], "here", 2),
        ([ServerError(502, ""), "here"], "here", 2),
        ([ServerError(502, "")] * 2 + ["here"], "here", 3),
        ([ServerError(502, "")] * 3 + ["here"], "ServerError", 3),
        ([ServerError(504, ""), ServerError(504, ""), "here"], "ServerError", 2),
        ([ServerError(524, ""), "here"], "here", 2),
        ([ServerError(500, RUNNER), "here"], "here", 2),
        ([ServerError(200, RUNNER), "here"], "here", 2),
        ([ServerError(500, "llama runner process has terminated: signal: killed"), "here"], "here", 2),
        ([ServerError(500, RUNNER)] * 2 + ["here"], "ServerError", 2),
        ([ServerError(500, "timed out waiting for llama runner to start"), "here"], "here", 2),
        ([ServerError(500, "boom"), "here"], "ServerError", 1),
        ([ServerError(400, "runner options: stopped"), "here"], "ServerError", 1),
        ([ServerError(404, "model not found"), "here"], "ServerError", 1),
        ([begun(ServerError(200, "something broke")), "here"], "here", 2),
        ([begun(ServerError(200, "something broke"))] * 2 + ["here"], "ServerError", 2),
        ([ProtocolError("odd"), "here"], "ProtocolError", 1),
        ([ProtocolError("no done line", may_pass=True), "here"], "here", 2),
        ([ProtocolError("no done line", may_pass=True)] * 2 + ["here"], "ProtocolError", 2),
        ([UnreachableError("broke"), "here"], "here", 2),
        ([UnreachableError("broke")] * 2 + ["here"], "UnreachableError", 2),
        ([TimedOutError("late"), "here"], "TimedOutError", 1),
        (["", "here"], "here", 2),
        (["", "", "here"], "", 2),
        ([ServerError(503, ""), ServerError(500, RUNNER), "here"], "here", 3),
    ],
)
async def test_what_passes_is_asked_again_and_nothing_else(
    answers: Sequence[OllamaError | str], expected: str, asked: int
) -> None:
    server = Server(*answers)
    assert (await outcome(server, health_of(server)), server.asked) == (expected, asked)


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (ServerError(500, "no available slot"), "here"),
        (ServerError(499, "context canceled"), "here"),
        (ServerError(425, "too early"), "here"),
        (ServerError(501, "not implemented"), "ServerError"),
        (ServerError(404, "model 'm:1b' not found"), "here"),
        (ServerError(500, "model requires more system memory (9 GiB) than is available"), "ServerError"),
        (ServerError(400, "exceeds the available context size"), "ServerError"),
        (ServerError(403, "no"), "ServerError"),
    ],
)
async def test_a_host_whose_models_have_answered_is_asked_again_after_an_error_without_a_lasting_cause(
    failure: ServerError, expected: str
) -> None:
    server = Server("here", failure, "here")
    health = health_of(server)
    assert [await outcome(server, health) for _ in range(2)] == ["here", expected]


async def test_why_a_request_was_sent_again_is_noted_and_a_busy_server_named_at_once() -> None:
    server = Server(ServerError(503, "server busy"), ServerError(503, "server busy"), "here")
    told, whys = list[VisitEvent](), list[str]()
    assert await outcome(server, health_of(server, told), whys) == "here"
    assert whys == ["server busy (HTTP 503)"] * 2
    assert told == [
        Notice(f"{URL} is busy: server busy (HTTP 503); asking again for up to 30 s"),
        Waiting(URL, "it is busy and is asked again", 0.5),
        Waiting(URL, "it is busy and is asked again", 1.0),
    ]


async def test_a_server_that_stays_busy_is_waited_for_once_and_not_for_every_request() -> None:
    server = Server(ServerError(503, "busy"))
    health = health_of(server)
    began_s = time.monotonic()
    assert await outcome(server, health) == "ServerError"
    first_s = time.monotonic() - began_s
    assert 20 < first_s <= 30
    asked = server.asked
    for _ in range(8):
        await outcome(server, health)
    assert time.monotonic() - began_s < first_s + 30
    assert server.asked <= 2 * asked + 8


async def test_a_server_that_was_busy_and_answered_has_all_its_time_again() -> None:
    server = Server(*[ServerError(503, "busy")] * 6, "here", *[ServerError(503, "busy")] * 6, "here")
    health = health_of(server)
    assert [await outcome(server, health) for _ in range(2)] == ["here", "here"]


async def test_a_retry_after_is_kept_to() -> None:
    server = Server(ServerError(429, "", retry_after_s=7.0), "here")
    began_s = time.monotonic()
    assert await outcome(server, health_of(server)) == "here"
    assert 7 <= time.monotonic() - began_s < 8


async def test_the_second_request_in_a_row_without_an_answer_in_time_ends_the_visit() -> None:
    server = Server(TimedOutError("late"))
    health = health_of(server)
    assert [await outcome(server, health) for _ in range(8)] == ["TimedOutError"] * 2 + ["UnreachableError"] * 6
    assert server.asked == 2


async def test_a_list_of_models_in_between_says_nothing_of_requests_that_hang_or_are_turned_away() -> None:
    hangs, busy, lists = Server(TimedOutError("late")), Server(ServerError(503, "busy")), Server("a list")
    hung, turned_away = health_of(hangs), health_of(busy)
    for _ in range(2):
        assert await outcome(hangs, hung) == "TimedOutError"
        if hangs.asked == 1:
            assert await retrying(lists.ask, hung) == "a list"
    assert await outcome(hangs, hung) == "UnreachableError"
    began_s = time.monotonic()
    for _ in range(4):
        assert await outcome(busy, turned_away) == "ServerError"
        await retrying(lists.ask, turned_away)
    assert time.monotonic() - began_s <= 30


async def test_an_answer_in_between_keeps_a_slow_server() -> None:
    answers: list[OllamaError | str] = [TimedOutError("late"), "here"]
    server = Server(*answers * 4)
    health = health_of(server)
    assert [await outcome(server, health) for _ in range(8)] == ["TimedOutError", "here"] * 4
