"""Time between client and server that is not the model's: what is found, what is the network's, and what is said."""

from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark.test_replay import CAVEATS
from benchmark.test_replay import record as recorded
from benchmark.test_runner import result_of, results_of, run_on
from fake_ollama.fleet import fake_host
from fake_ollama.script import HostScript, ModelScript, embedding_model
from ollama_speedrun.benchmark import delays, derive, disturbances, energy, metrics
from ollama_speedrun.benchmark.types import Caveat, CaveatKind, Result, StreamRecord
from ollama_speedrun.discovery.types import Watts
from ollama_speedrun.errors import OllamaError, ServerError
from ollama_speedrun.ollama import wire
from ollama_speedrun.ollama.client import OllamaClient, open_session
from records import MS, PLAIN, model, observations, record

pytestmark = pytest.mark.virtual_time

NEAR: dict[str, Any] = {"round_trip_ns": MS}
KINDS = {CaveatKind.HELD_UP, CaveatKind.LATE_END, CaveatKind.SLOW_PATH, CaveatKind.QUEUED}
STAMPS = ("first_content_ns", "first_answer_ns", "last_content_ns", "ended_ns")
MODEL = ModelScript("m:1b", decode_tps=200, prefill_tps=5000, load_s=0.3)


def later(by_ns: int, stream: StreamRecord = PLAIN, **changes: Any) -> StreamRecord:  # any field of the record
    """Return a stream that arrived later, while the server says the same of it."""
    stamps = {name: (getattr(stream, name) or 0) + by_ns for name in STAMPS}
    return msgspec.structs.replace(stream, **stamps, **changes)


def told(result: Result) -> list[Caveat]:
    return [caveat for caveat in result.caveats if caveat.kind in KINDS]


def kinds(result: Result) -> list[CaveatKind]:
    return [caveat.kind for caveat in told(result)]


@pytest.mark.parametrize(
    ("outside_ms", "round_trip_ms", "held_ms"),
    [
        (0, 1, 0),
        (190, 1, 0),
        (300, 1, 299),
        (1200, 1, 1199),
        (200, 200, 0),
        (290, 200, 0),
        (390, 200, 0),
        (800, 200, 600),
        (480, 480, 0),
        (700, 480, 0),
        (1000, 1000, 500),
        (1200, None, 0),
        (5, 1500, 0),
        (250, 1500, 250),
        (250, 300, 0),
        (800, 1500, 300),
    ],
)
def test_what_neither_the_server_nor_the_network_explains_is_a_hold(
    outside_ms: int, round_trip_ms: int | None, held_ms: int
) -> None:
    trip_ns = None if round_trip_ms is None else round_trip_ms * MS
    stream = later(outside_ms * MS - 2 * MS, round_trip_ns=trip_ns)  # PLAIN ends 2 ms after its total
    assert delays.held_ns(stream) == pytest.approx(held_ms * MS, abs=30 * MS)
    assert (metrics.ttft_s(stream) is None) == (metrics.ttfa_s(stream) is None) == (held_ms > 0)


@pytest.mark.parametrize(
    ("changes", "is_held"),
    [
        ({"total_duration_ns": None}, True),
        ({"total_duration_ns": 0}, True),
        ({"prompt_eval_duration_ns": None}, False),
        ({"prompt_eval_duration_ns": 0}, False),
        ({"eval_duration_ns": None}, False),
        ({"eval_duration_ns": 1_000_000, "total_duration_ns": 2 * MS, "prompt_eval_duration_ns": 2 * MS}, False),
        ({"load_duration_ns": None, "total_duration_ns": None}, True),
        ({"first_lag_ns": 1100 * MS}, False),
    ],
)
def test_nothing_is_told_without_durations_that_can_be_believed(changes: dict[str, Any], is_held: bool) -> None:
    assert (delays.held_ns(later(1200 * MS, **NEAR, **changes)) > 0) is is_held


def test_a_hold_before_a_single_token_is_seen() -> None:
    stamps = {"first_content_ns": 1400 * MS, "last_content_ns": 1400 * MS, "ended_ns": 1402 * MS}
    one = record(eval_count=1, content_chunks=1, eval_duration_ns=1000, total_duration_ns=182 * MS, **stamps, **NEAR)
    assert delays.held_ns(one) == pytest.approx(1217 * MS, abs=5 * MS)


def test_thinking_that_is_not_shown_and_a_prompt_that_is_long_to_read_are_no_hold() -> None:
    hidden = record(first_content_ns=900 * MS, first_answer_ns=900 * MS, content_chunks=31, **NEAR)
    long = later(20_000 * MS, load_duration_ns=20 * MS, prompt_eval_duration_ns=20_150 * MS, **NEAR)
    long = msgspec.structs.replace(long, total_duration_ns=(PLAIN.total_duration_ns or 0) + 20_000 * MS)
    assert (delays.held_ns(hidden), delays.held_ns(long), metrics.hidden_tokens(hidden) > 0) == (0, 0, True)


@pytest.mark.parametrize("name", CAVEATS)
def test_no_recording_of_a_real_server_shows_a_hold(name: str) -> None:
    stream = msgspec.structs.replace(recorded(name), round_trip_ns=MS)
    assert (delays.held_ns(stream), delays.held_end_ns(stream)) == (0, 0)


@pytest.mark.parametrize("name", [name for name in CAVEATS if "queue" not in name])
def test_no_recording_without_a_queue_seems_to_wait_always(name: str) -> None:
    stream = recorded(name)
    waits = (disturbances.unattributed_ns(stream) or 0) > 500 * MS
    assert disturbances.always_waits(stream) is waits


@given(st.integers(0, 4000), st.integers(0, 400))
def test_a_hold_is_never_longer_than_what_lies_outside_of_the_server(outside_ms: int, round_trip_ms: int) -> None:
    held_ns = delays.held_ns(later(outside_ms * MS, round_trip_ns=round_trip_ms * MS))
    assert 0 <= held_ns <= outside_ms * MS + 2 * MS
    assert held_ns == 0 or held_ns > delays.HOLD_FLOOR_NS


def test_an_end_that_comes_late_takes_classic_away_and_nothing_else() -> None:
    late = record(ended_ns=2010 * MS, **NEAR)
    assert delays.held_end_ns(late) == pytest.approx(800 * MS, abs=30 * MS)
    assert (metrics.classic_tps(late), metrics.ttft_s(late)) == (None, metrics.ttft_s(PLAIN))
    of_many = derive.measured(model(), observations(interview=late, trials=(late, late, late)))
    assert kinds(of_many) == [CaveatKind.LATE_END]
    assert "the end of every answer came 789 ms after its last token" in told(of_many)[0].text


def test_an_answer_in_one_piece_has_no_ttft_even_if_its_end_comes_long_after() -> None:
    piece = record(first_content_ns=1200 * MS, content_chunks=1, content_arrivals=1, ended_ns=2600 * MS, **NEAR)
    assert (metrics.was_first_piece_late(piece), metrics.ttft_s(piece)) == (True, None)


def test_an_end_that_a_slow_model_needs_for_its_end_token_is_not_late() -> None:
    slow = record(
        last_content_ns=32_000 * MS,
        ended_ns=33_500 * MS,
        total_duration_ns=33_490 * MS,
        eval_count=32,
        eval_duration_ns=33_250 * MS,
        content_chunks=31,
        done_reason="stop",
        **NEAR,
    )
    assert delays.held_end_ns(slow) == 0


@pytest.mark.parametrize(
    ("host", "told_kinds", "words"),
    [
        (
            {"holds_s": (1.2,)},
            [CaveatKind.HELD_UP],
            "every request spent 1.2 s outside of the server before the first token",
        ),
        ({"holds_s": (0.3,)}, [CaveatKind.HELD_UP], "every request spent 30"),
        ({"holds_s": (1.2,), "latency_s": 0.2}, [CaveatKind.HELD_UP], "(a small request takes 20"),
        (
            {"latency_s": 1.0},
            [CaveatKind.HELD_UP],
            "and a small request 1.0 s, longer than a network takes, so there is no TTFT",
        ),
    ],
)
async def test_a_gateway_that_lets_each_request_wait_costs_the_ttft(
    host: dict[str, Any], told_kinds: list[CaveatKind], words: str
) -> None:
    result = await result_of(MODEL, **host)
    assert (result.status, result.ttft_s, result.ttfa_s, kinds(result)) == ("ok", None, None, told_kinds)
    assert words in told(result)[0].text
    assert result.decode_tps == pytest.approx(200, rel=0.01)
    assert (result.discarded_trials, len(result.trials)) == (0, 3)


async def test_a_slow_network_stays_in_the_ttft_and_is_named() -> None:
    result = await result_of(MODEL, latency_s=0.2)
    assert result.ttft_s is not None
    assert 0.2 < result.ttft_s < 0.35
    assert kinds(result) == [CaveatKind.SLOW_PATH]
    assert "a small request takes 20" in told(result)[0].text


async def test_a_request_that_alone_waited_at_a_gateway_is_repeated_and_leaves_no_trace_in_the_ttft() -> None:
    result = await result_of(MODEL, holds_s=(0.0, 0.0, 0.9, 0.0))
    assert (result.discarded_trials, kinds(result)) == (1, [])
    assert result.ttft_s is not None
    assert result.ttft_s < 0.2


async def test_waits_of_unlike_length_are_told_by_their_middle() -> None:
    result = await result_of(MODEL, holds_s=(0.4, 0.5, 1.5, 0.8, 1.1))
    assert (result.ttft_s, kinds(result)) == (None, [CaveatKind.HELD_UP])
    assert "every request spent 1.1 s" in told(result)[0].text


async def test_an_end_that_a_gateway_holds_back_is_named() -> None:
    result = await result_of(MODEL, end_hold_s=0.8)
    assert (result.classic_tps, kinds(result)) == (None, [CaveatKind.LATE_END])
    assert result.ttft_s is not None


async def test_an_embedding_model_behind_a_gateway_that_lets_requests_wait_gets_no_rate() -> None:
    result = await result_of(embedding_model("embed:m", prefill_tps=2000), holds_s=(0.7,))
    assert result.embedding is not None
    assert (result.embedding.batch_1_per_s, result.embedding.batch_32_per_s) == (None, None)
    assert kinds(result) == [CaveatKind.HELD_UP]
    assert "10 requests waited 700 ms" in told(result)[0].text


@pytest.mark.parametrize(("waited_ms", "is_queue"), [(17, False), (150, False), (400, True), (1500, True)])
def test_a_queue_in_each_request_is_found_by_what_no_model_needs(waited_ms: int, is_queue: bool) -> None:
    def waiting(stream: StreamRecord) -> StreamRecord:
        return later(waited_ms * MS, stream, total_duration_ns=(stream.total_duration_ns or 0) + waited_ms * MS)

    always: Sequence[StreamRecord] = [waiting(PLAIN)] * 3
    observed = observations(warm_up=waiting(observations().warm_up), interview=waiting(PLAIN), trials=tuple(always))
    result = derive.measured(model(), observed)
    assert (result.ttft_s is None, kinds(result)) == (is_queue, [CaveatKind.QUEUED] if is_queue else [])


def test_tokens_that_a_proxy_collects_and_sends_one_by_one_give_no_ttft_and_no_classic_rate() -> None:
    again = record(
        first_content_ns=1180 * MS, last_content_ns=1202 * MS, content_arrivals=101, ended_ns=1206 * MS, **NEAR
    )
    assert (metrics.ttft_s(again), metrics.ttfa_s(again), metrics.classic_tps(again)) == (None, None, None)
    of_many = derive.measured(model(), observations(interview=again, trials=(again, again, again)))
    assert of_many.decode_tps == pytest.approx(100)
    assert CaveatKind.BUFFERED in {caveat.kind for caveat in of_many.caveats}


def test_a_server_that_puts_its_reading_into_the_duration_of_decoding_keeps_its_ttft() -> None:
    mixed = record(prompt_eval_duration_ns=0, load_duration_ns=0, eval_duration_ns=1208 * MS, **NEAR)
    assert metrics.ttft_s(mixed) == metrics.ttft_s(PLAIN)


@pytest.mark.parametrize("read_ns", [None, 0])
def test_a_server_that_does_not_say_how_long_it_read_does_not_seem_to_let_requests_wait(read_ns: int | None) -> None:
    silent = record(prompt_eval_duration_ns=read_ns)
    warm_up = record(prompt_eval_duration_ns=read_ns, total_duration_ns=1030 * MS)
    assert not disturbances.was_queued(silent, (warm_up, silent))
    assert not disturbances.always_waits(silent)


@pytest.mark.parametrize(("load_ms", "is_left_out"), [(150, False), (450, False), (1500, True)])
def test_a_load_in_each_request_to_a_loaded_model_is_no_part_of_its_ttft(load_ms: int, *, is_left_out: bool) -> None:
    def loading(stream: StreamRecord) -> StreamRecord:
        total_ns = (stream.total_duration_ns or 0) + load_ms * MS
        return later(load_ms * MS, stream, total_duration_ns=total_ns, load_duration_ns=load_ms * MS + 20 * MS)

    always = [loading(PLAIN)] * 3
    observed = observations(
        warm_up=loading(observations().warm_up), interview=loading(PLAIN), trials=tuple(always), was_loaded=True
    )
    result = derive.measured(model(), observed)
    reloaded = [caveat.text for caveat in result.caveats if caveat.kind is CaveatKind.RELOADED]
    assert ((result.ttft_s is None), len(reloaded)) == (is_left_out, int(is_left_out))
    assert not is_left_out or "every request spent up to 1.5 s on loading" in reloaded[0]


def test_a_server_that_gives_its_stages_in_milliseconds_and_its_total_in_ns_does_not_seem_to_let_requests_wait() -> (
    None
):
    mixed = record(prompt_eval_duration_ns=150, eval_duration_ns=1000, load_duration_ns=100 * MS, **NEAR)
    assert not disturbances.was_queued(mixed, ())
    assert (disturbances.always_waits(mixed), delays.held_ns(mixed)) == (False, 0)


class Stumbling(OllamaClient):
    """A client of a server that gives another answer, or an error, once: to the third request for vectors."""

    stumble: OllamaError | wire.Embeddings

    async def embed(self, request: wire.EmbedRequest, *, timeout_s: float) -> wire.Embeddings:
        self.asked = getattr(self, "asked", 0) + 1
        if self.asked != 3:
            return await super().embed(request, timeout_s=timeout_s)
        if isinstance(self.stumble, OllamaError):
            raise self.stumble
        return self.stumble


@pytest.mark.parametrize(
    ("stumble", "why"),
    [
        (ServerError(500, "failed to encode response"), "failed to encode response (HTTP 500)"),
        (ServerError(200, "EOF"), "EOF (HTTP 200)"),
        (wire.Embeddings(), "there were no vectors in the answer"),
        (wire.Embeddings(embeddings=((),)), "there were no vectors in the answer"),
    ],
)
async def test_one_failure_of_an_embedding_model_is_asked_again_and_its_time_is_no_hold(
    stumble: OllamaError | wire.Embeddings, why: str
) -> None:
    class Once(Stumbling):
        pass

    Once.stumble = stumble
    async with fake_host(HostScript(models=(embedding_model("embed:m", prefill_tps=2000),))) as host:
        result = results_of(await run_on(host, client_type=Once))["embed:m"]
    assert (result.status, [caveat.kind for caveat in result.caveats]) == ("ok", [CaveatKind.ASKED_AGAIN])
    assert f"1 request was sent again, for what came first was no answer: {why};" in result.caveats[0].text
    assert result.embedding is not None
    assert None not in (result.embedding.batch_1_per_s, result.embedding.batch_32_per_s)


def test_energy_leaves_out_the_time_that_a_gateway_held_requests_up() -> None:
    held = later(3000 * MS, **NEAR)
    watts = Watts(busy_watts=100.0)
    plain, behind = (
        energy.stated(derive.measured(model(), observations(interview=one, trials=(one, one, one))), watts)
        for one in (PLAIN, held)
    )
    assert plain.energy is not None
    assert behind.energy is not None
    assert behind.energy.joules_per_token == pytest.approx(plain.energy.joules_per_token, rel=0.01)


def test_a_server_that_is_slow_to_say_what_it_has_loaded_is_not_taken_for_far_away() -> None:
    slow = record(round_trip_ns=1500 * MS)
    result = derive.measured(model(), observations(interview=slow, trials=(slow, slow, slow)))
    assert (result.ttft_s, kinds(result)) == (0.2, [])


async def test_the_path_that_is_answered_soonest_tells_how_far_away_a_server_is() -> None:
    async with fake_host(HostScript(models=(MODEL,), latency_s=0.05)) as host, open_session() as session:
        client = OllamaClient(session, host.url)
        trips_ns = [client.round_trip_ns]
        for request in (client.ps, client.clock_offset_s):
            await request()
            trips_ns.append(client.round_trip_ns)
    assert [trip_ns is not None and 50 * MS <= trip_ns < 90 * MS for trip_ns in trips_ns] == [False, True, True]
