"""What a real server was recorded to send, with the times at which it came, put through our own formulas."""

import json
from collections.abc import Mapping, Sequence

import msgspec
import pytest

from contract.exchange import recording, recordings
from fake_ollama.raw import Raw, raw_server
from ollama_speedrun.benchmark import caveats, derive, disturbances, metrics
from ollama_speedrun.benchmark.types import CaveatKind, Observations, StreamRecord
from ollama_speedrun.errors import OllamaError, ProtocolError, ServerError
from ollama_speedrun.ollama import wire
from ollama_speedrun.ollama.client import OllamaClient, open_session
from ollama_speedrun.visit import stream
from ollama_speedrun.visit.observation import observe
from records import model

FEW = CaveatKind.TOO_FEW_TOKENS
SHORT = CaveatKind.SHORT_ANSWERS
HELD_BACK = CaveatKind.TOKENS_HELD_BACK
LATE = CaveatKind.LATE_CHUNK
LOADED = CaveatKind.RELOADED
QUEUED = CaveatKind.QUEUED
REPEATS = CaveatKind.REPEATS_ITSELF
ONLY_THINKING = CaveatKind.BUDGET_SPENT_THINKING
TRUNCATED = CaveatKind.PROMPT_TRUNCATED

CAVEATS: Mapping[str, set[CaveatKind]] = {
    "base/after-cancel": {FEW},
    "base/chat-warm": {FEW},
    "base/context-runs-out": {REPEATS, LOADED},
    "base/context-runs-out-no-shift": {REPEATS, LOADED},
    "base/format-json": {SHORT},
    "base/format-schema": {SHORT, LATE, LOADED},
    "base/generate-cold": {FEW, LOADED},
    "base/generate-nonce-first": {SHORT},
    "base/generate-raw": {SHORT},
    "base/generate-same-prompt-again": {FEW},
    "base/generate-warm": {FEW},
    "base/keep-alive-10s": {FEW, LOADED},
    "base/keep-alive-omitted-after": {FEW},
    "base/load-after-cancelled-load": {FEW, LOADED},
    "base/logprobs": {FEW},
    "base/multibyte": {REPEATS},
    "base/num-ctx-back": {FEW, LOADED},
    "base/num-predict-0": {FEW},
    "base/num-predict-1": {FEW},
    "base/num-predict-2": {FEW},
    "base/prefill-long": {SHORT, LATE},
    "base/prefill-long-again": {SHORT},
    "base/prefill-long-new-nonce": {SHORT},
    "base/prefill-long-nonce-last": {SHORT},
    "base/prompt-too-long": {FEW, TRUNCATED, LOADED},
    "base/queue-first": set(),
    "base/queue-second": {SHORT, QUEUED},
    "base/stop-string": set(),
    "base/think-default": {FEW, ONLY_THINKING},
    "base/think-default-chat": {FEW, ONLY_THINKING},
    "base/think-false": {FEW},
    "base/think-false-not-supported": {FEW},
    "base/think-high": {FEW, ONLY_THINKING},
    "base/tools": {FEW},
    "base/two-models-first": set(),
    "base/two-models-second": {SHORT, LOADED},
    "base/unknown-field": {FEW},
    "base/unknown-option": {FEW},
    "faults/after-cancelled-in-prefill": {SHORT, QUEUED},
    "faults/after-cancelled-mid-stream": {FEW},
    "faults/after-runner-killed": {FEW, LOADED},
    "faults/alias": {FEW},
    "faults/no-tag-latest": {FEW, ONLY_THINKING},
    "faults/num-ctx-larger-than-model": {FEW, LOADED},
    "faults/num-ctx-negative": {FEW, LOADED},
    "faults/num-ctx-zero": {FEW},
    "faults/num-gpu-99": {FEW, LOADED},
    "faults/repeats": {REPEATS},
    "faults/repeats-words": set(),
    "faults/think-until-the-budget-ends": {SHORT, HELD_BACK, ONLY_THINKING},
    "faults/tool-call": {SHORT, HELD_BACK, REPEATS},
    "faults/uppercase-name": {FEW},
    "faults/whitespace-prompt": {FEW},
    "max-loaded-1/one-loaded-a": {FEW, LOADED},
    "max-loaded-1/one-loaded-b-evicts-a": {FEW, LOADED},
    "max-loaded-1/one-loaded-busy-first": set(),
    "max-loaded-1/one-loaded-busy-second": {FEW, LOADED},
    "max-queue-1/queue-full-0": {FEW, LOADED},
    "max-queue-1/queue-full-1": {FEW, LOADED},
    "num-parallel-4/par4-of-four-1": set(),
    "num-parallel-4/par4-of-four-2": set(),
    "num-parallel-4/par4-of-four-3": set(),
    "num-parallel-4/par4-of-four-4": set(),
    "num-parallel-4/par4-of-six-1": set(),
    "num-parallel-4/par4-of-six-2": {QUEUED},
    "num-parallel-4/par4-of-six-3": set(),
    "num-parallel-4/par4-of-six-4": {QUEUED},
    "num-parallel-4/par4-of-six-5": set(),
    "num-parallel-4/par4-of-six-6": set(),
    "num-parallel-4/par4-one-alone": {LATE},
}
"""What must be said of each stream that ended well, had it been one of our timed generations."""

APART: Mapping[str, tuple[float, CaveatKind]] = {
    "base/format-schema": (-0.047, LATE),  # the first token, which the schema forces, came 8 ms late
    "base/generate-raw": (0.005, SHORT),  # of 19 tokens, the last was a tenth of an interval early
    "base/prefill-long": (0.017, LATE),  # of 16 tokens, the last was a quarter of an interval late
    "faults/think-until-the-budget-ends": (-0.040, HELD_BACK),
    "faults/tool-call": (-0.016, HELD_BACK),
    "num-parallel-4/par4-one-alone": (-0.013, LATE),  # the first token came 9 ms late
}
"""Where the two clocks disagree: by how much of the server's rate, and the caveat that says why."""

BROKEN: Mapping[str, tuple[type[OllamaError], str]] = {
    "faults/cancelled-mid-stream": (ProtocolError, "without saying that it was done, after 130 chunks"),
    "faults/runner-killed-mid-stream": (ServerError, "unexpected EOF"),
}


def streams() -> list[str]:
    """Return the names of all recorded streams of a generation."""
    return [
        name
        for name in recordings()
        for found in [recording(name)]
        if found.path in {"/api/generate", "/api/chat"} and isinstance(found.answer.content, tuple)
    ]


def lines_of(name: str) -> Sequence[tuple[int, bytes]]:
    """Return (arrival in ns after sending, line) of a stream, with those of /api/chat as /api/generate has them."""
    content = recording(name).answer.content
    assert isinstance(content, tuple)
    stamped = [(round(at_ms * 1e6), json.loads(line)) for at_ms, sent in content for line in sent.splitlines() if line]
    for _, line in stamped:
        message = line.pop("message", None) or {}
        line |= {"response": message.pop("content", line.get("response", "")), **message}
    return [(arrived_ns, json.dumps(line).encode()) for arrived_ns, line in stamped]


def record(name: str) -> StreamRecord:
    stamped = [(arrived_ns, msgspec.json.decode(line, type=wire.Chunk)) for arrived_ns, line in lines_of(name)]
    return observe(stamped, sent_ns=0, ended_ns=stamped[-1][0], where=name)


def observations(name: str, *trials: str) -> Observations:
    """Return what a benchmark would have observed whose interview, or whose trials, were recorded."""
    # The warm-ups that were recorded ask for more than ours do, so they do not tell how long the template is
    warm_up = msgspec.structs.replace(record("base/generate-cold"), prompt_eval_count=None)
    body = json.loads(recording(name).body or b"")
    prompts = [body.get("prompt", ""), *(message["content"] for message in body.get("messages", ()))]
    return Observations(
        warm_up=warm_up,
        interview=record(name),
        trials=tuple(record(trial) for trial in trials),
        residency=None,
        others=(),
        was_loaded=False,
        token_budget=body["options"]["num_predict"],
        prompt_characters=sum(map(len, prompts)),
        thinks=body.get("think"),
    )


def kinds(observed: Observations) -> set[CaveatKind]:
    return {caveat.kind for caveat in caveats.of(observed)}


async def live_record(name: str) -> StreamRecord:
    """Have the lines sent over a socket at once, and read them as a benchmark does."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\n\r\n"
    sent = (head, *(line + b"\n" for _, line in lines_of(name)))
    request = wire.GenerateRequest(model="m", options={"num_predict": 1000})
    async with raw_server(Raw({"/api/generate": sent})) as server, open_session() as session:
        client = OllamaClient(session, server.url)
        return await stream.record(client, request, timeout_s=20, progress=lambda *_: None)


def test_every_recorded_stream_has_its_place() -> None:
    assert set(streams()) == set(CAVEATS) | set(BROKEN)


@pytest.mark.parametrize("name", CAVEATS)
def test_each_recording_gets_the_caveats_that_it_deserves_and_no_other(name: str) -> None:
    assert kinds(observations(name)) == CAVEATS[name]


def test_the_two_clocks_agree_on_27_of_33_recordings_and_the_other_six_say_why() -> None:
    distances = {name: apart for name in CAVEATS if (apart := metrics.disagreement(record(name))) is not None}
    agreeing = {name for name, apart in distances.items() if abs(apart) <= 0.002}
    assert (len(distances), len(agreeing)) == (33, 27)
    assert {name: round(distances[name], 3) for name in set(distances) - agreeing} == {
        name: apart for name, (apart, _) in APART.items()
    }
    assert all(why in CAVEATS[name] for name, (_, why) in APART.items())


def test_ollamas_own_figure_is_higher_by_one_interval_in_each_of_them() -> None:
    for name in CAVEATS:
        each = record(name)
        if (ours := metrics.decode_tps(each)) is not None and each.eval_count is not None:
            assert metrics.ollama_tps(each) == pytest.approx(ours * each.eval_count / (each.eval_count - 1))


@pytest.mark.parametrize(
    ("name", "rate"), [("base/prefill-long-again", 27_700), ("base/prefill-long-nonce-last", 13_000)]
)
def test_a_prompt_out_of_the_cache_is_told_by_its_fellows_and_its_rate_is_not_used(name: str, rate: float) -> None:
    observed = observations("base/prefill-long", "base/prefill-long-new-nonce", name)
    assert metrics.prefill_tps(record(name)) == pytest.approx(rate, rel=0.01)
    assert CaveatKind.PROMPT_CACHED in kinds(observed)
    assert derive.measured(model(), observed).prefill_tps == pytest.approx(301, rel=0.01)


def test_fresh_prompts_are_not_called_cached() -> None:
    assert kinds(observations("base/prefill-long", "base/prefill-long-new-nonce")) == {SHORT}


def test_one_token_at_a_million_a_second_gives_no_rate_at_all() -> None:
    one = record("base/num-predict-1")
    assert (one.eval_count, one.eval_duration_ns) == (1, 1000)
    assert (metrics.decode_tps(one), metrics.decode_client_tps(one), metrics.ollama_tps(one)) == (None, None, None)


def test_a_prompt_that_was_cut_until_nothing_was_left_to_say_is_a_failure() -> None:
    result = derive.measured(model(), observations("base/prompt-too-long"))
    assert (result.status, result.decode_tps) == ("failed", None)


def test_an_empty_first_chunk_is_no_first_token() -> None:
    first_ns, first_line = lines_of("base/think-default")[0]
    assert (first_ns, json.loads(first_line)["response"]) == (76_541_000, "")
    assert metrics.ttft_s(record("base/think-default")) == 0.090946


def test_waiting_in_the_queue_is_in_the_ttft_and_in_no_stage_of_the_server() -> None:
    second = record("base/queue-second")
    assert metrics.ttft_s(second) == pytest.approx(1.360, abs=0.001)
    assert disturbances.unattributed_ns(second) == pytest.approx(1311e6, rel=0.01)


@pytest.mark.parametrize("name", CAVEATS)
async def test_a_live_stream_is_recorded_as_a_recorded_one_is(name: str) -> None:
    stamps = {"first_content_ns", "first_answer_ns", "last_content_ns", "ended_ns", "content_arrivals", "token_limit"}
    stamps |= {"first_lag_ns", "last_lag_ns"}  # say how busy this machine is
    live, replayed = (
        {field: value for field, value in msgspec.structs.asdict(each).items() if field not in stamps}
        for each in (await live_record(name), record(name))
    )
    assert live == replayed


@pytest.mark.parametrize("name", BROKEN)
async def test_a_stream_that_broke_is_an_error_and_no_record(name: str) -> None:
    error, text = BROKEN[name]
    with pytest.raises(error, match=text):
        await live_record(name)
