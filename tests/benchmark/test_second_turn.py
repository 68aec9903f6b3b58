"""The second turn of a conversation: its time to first token, and what the server kept of the first."""

from collections.abc import Sequence
from typing import Any, cast

import msgspec
import pytest

from benchmark.test_replay import record as recorded
from fake_ollama.fleet import FakeHost, fake_host
from fake_ollama.script import ErrorAnswer, HostScript, ModelScript
from ollama_speedrun.benchmark.budget import Budget
from ollama_speedrun.benchmark.events import BenchmarkEnded, BenchmarkEvent
from ollama_speedrun.benchmark.metrics import ttft_s
from ollama_speedrun.benchmark.plan import BenchmarkSettings, Extra, IfBusy
from ollama_speedrun.benchmark.runner import benchmark_host
from ollama_speedrun.benchmark.second_turn import ConversationStudy, cached_share, second_turn
from ollama_speedrun.benchmark.types import Result, SecondTurn
from ollama_speedrun.events import Notice
from ollama_speedrun.inventory.fetch import list_models
from ollama_speedrun.ollama.client import OllamaClient, open_session
from ollama_speedrun.ollama.wire import Message
from ollama_speedrun.visit.loaded_model import LoadedModel
from ollama_speedrun.visit.types import Answer, StreamRecord
from records import MS, model, record

SETTINGS = BenchmarkSettings(
    timeout_s=60,
    num_predict=64,
    num_ctx=4096,
    trial_tokens=64,
    most_trials=3,
    precision=1.0,
    reference_trial=False,
    if_busy=IfBusy.GO,
    second_turn=Extra.ON,
)
CHAT = "{{ range .Messages }}<|{{ .Role }}|>{{ .Content }}{{ end }}"
MODEL = ModelScript("m:1b", template=CHAT, decode_tps=400, prefill_tps=2000, load_s=0.5)


async def measured(
    script: ModelScript, settings: BenchmarkSettings = SETTINGS, **of_host: Any
) -> tuple[Result, FakeHost, Sequence[str]]:
    """Benchmark one model; returns its result, its host with the log, and what was said by the way."""
    events: list[BenchmarkEvent] = []
    async with fake_host(HostScript(models=(script,), **of_host)) as host, open_session() as session:
        client = OllamaClient(session, host.url)
        models = await list_models(client, host=host.url, emit=lambda _: None)
        nonces = iter(f"{number:08x}" for number in range(0x1234567, 0xFFFFFFFF, 0x11111111 // 4))
        await benchmark_host(client, models, settings, emit=events.append, nonce=lambda: next(nonces))
    results = [event.result for event in events if isinstance(event, BenchmarkEnded)]
    return results[0], host, [event.text for event in events if isinstance(event, Notice)]


def found_in(result: Result) -> SecondTurn:
    assert result.second_turn is not None, result.reason
    return result.second_turn


def true_shares(host: FakeHost) -> list[float]:
    """Return the share of each turn's prompt that truly came from the cache."""
    generations = [request.generation for request in host.asked("/api/chat") if request.generation is not None]
    return [generation.cached_tokens / generation.prompt_tokens for generation in generations]


@pytest.mark.virtual_time
@pytest.mark.parametrize(
    ("changes", "prefix", "survives"),
    [
        ({"cached_prompts": 1}, "kept", False),
        ({"cached_prompts": 3}, "kept", True),
        ({"prompt_cache": False}, "lost", False),
    ],
)
@pytest.mark.parametrize("is_counted", [True, False])
async def test_what_a_server_keeps_of_the_first_turn_is_told_with_or_without_its_count(
    changes: dict[str, Any], prefix: str, *, survives: bool, is_counted: bool
) -> None:
    result, host, _ = await measured(msgspec.structs.replace(MODEL, report_cached_count=is_counted, **changes))
    found, shares = found_in(result), true_shares(host)
    assert (found.prefix, found.survives) == (prefix, survives)
    assert found.told_by == ("count" if is_counted else "durations")
    tolerance = 1e-12 if is_counted else 0.01
    assert found.cached_share == pytest.approx(shares[1], abs=tolerance)
    assert found.later_cached_share == pytest.approx(shares[3], abs=tolerance)


@pytest.mark.virtual_time
async def test_the_cold_and_the_warm_time_to_first_token_are_those_of_prompts_of_equal_length() -> None:
    result, host, _ = await measured(MODEL)
    found = found_in(result)
    generations = [request.generation for request in host.asked("/api/chat") if request.generation is not None]
    second, other = generations[1], generations[2]
    assert found.prompt_tokens == second.prompt_tokens
    assert other.prompt_tokens == pytest.approx(second.prompt_tokens, abs=8)
    assert found.ttft_warm_s == pytest.approx((second.prompt_tokens - second.cached_tokens) / 2000, abs=0.002)
    assert found.ttft_cold_s == pytest.approx((other.prompt_tokens - other.cached_tokens) / 2000, abs=0.002)


@pytest.mark.virtual_time
async def test_a_prompt_that_takes_long_to_read_is_left_out_unless_asked_for_and_a_notice_says_how_to_get_it() -> None:
    slow = msgspec.structs.replace(MODEL, prefill_tps=100)
    result, host, notices = await measured(slow, msgspec.structs.replace(SETTINGS, second_turn=Extra.AUTO))
    assert result.second_turn is None
    assert host.asked("/api/chat") == []
    assert len([text for text in notices if "takes about 10 s; --second-turn on measures it" in text]) == 1
    fast, _, _ = await measured(MODEL, msgspec.structs.replace(SETTINGS, second_turn=Extra.AUTO))
    assert found_in(fast).prefix == "kept"


@pytest.mark.virtual_time
async def test_a_context_too_short_for_a_conversation_gives_none_and_says_so() -> None:
    result, _, notices = await measured(MODEL, msgspec.structs.replace(SETTINGS, num_ctx=500))
    assert result.second_turn is None
    assert any("a context of 500 tokens is too short" in text for text in notices)


@pytest.mark.virtual_time
async def test_a_base_model_goes_on_from_the_text_of_all_turns() -> None:
    result, host, _ = await measured(msgspec.structs.replace(MODEL, template="{{ .Prompt }}", modelfile=None))
    assert found_in(result).prefix == "kept"
    assert host.asked("/api/chat") == []


@pytest.mark.virtual_time
async def test_a_conversation_with_a_load_in_every_turn_is_tried_twice_and_given_up_with_a_notice() -> None:
    result, host, notices = await measured(MODEL, keep_alive_s=0)
    assert (result.status, result.second_turn) == ("ok", None)
    assert len(host.asked("/api/chat")) == 2
    assert any("without the second turn: a load or the request of another client came" in text for text in notices)


LAGGED = record(first_lag_ns=50 * MS)
"""This program stood still for a quarter of the time to the first token."""
IN_A_LUMP = record(first_content_ns=1200 * MS, content_arrivals=2)
"""The server's machine was held up, and what it had decoded by then came at once."""


class Scripted:
    """A model that answers with given records, one a turn, without waiting for anything."""

    def __init__(self, *records: StreamRecord) -> None:
        self.model = model()
        self.opening = None
        self.num_ctx = 4096
        self.visit = self
        self.left = list(records)

    def nonce(self) -> str:
        return "0a1b2c3d"

    async def chat(self, said: Sequence[Message], *, num_predict: int) -> Answer:
        assert said
        assert num_predict
        return Answer(record=self.left.pop(0), content="yes", thinking="", tool_calls=(), is_whole=True)


async def held(*records: StreamRecord) -> tuple[SecondTurn | None, int]:
    """Hold a conversation with these answers; returns what was found and how many answers were left."""
    study = ConversationStudy(Budget(None), longest_read_s=None, prefill_tps=lambda: None)
    scripted = Scripted(*records)
    while await study.step(cast("LoadedModel", scripted)):
        pass
    return study.add_to(Result(host="h", model="m", status="ok")).second_turn, len(scripted.left)


@pytest.mark.parametrize("late", [LAGGED, IN_A_LUMP])
@pytest.mark.parametrize("turn", [1, 2])
async def test_a_turn_whose_first_token_came_late_by_chance_has_the_conversation_held_once_more(
    late: StreamRecord, turn: int
) -> None:
    assert ttft_s(late) is None
    calm = [record()] * 4
    assert await held(*calm[:turn], late, *calm) == (second_turn(*calm), 0)


async def test_turns_that_come_late_again_are_kept_without_their_times() -> None:
    found, left = await held(record(), LAGGED, record(), LAGGED, LAGGED, record())
    assert found is not None
    assert (found.ttft_warm_s, found.ttft_cold_s, found.third is None, left) == (None, None, False, 0)


async def test_behind_a_proxy_that_collects_every_answer_the_conversation_is_held_but_once() -> None:
    found, left = await held(*[IN_A_LUMP] * 8)
    assert found is not None
    assert (found.ttft_warm_s, left) == (None, 4)


@pytest.mark.virtual_time
async def test_a_failing_turn_costs_the_conversation_and_nothing_else() -> None:
    failing = msgspec.structs.replace(MODEL, fault=ErrorAnswer(text="boom"), sound_requests=6)
    result, host, notices = await measured(failing)
    assert (result.status, result.second_turn, len(result.trials)) == ("ok", None, 3)
    assert notices == [f"m:1b on {host.url} is measured without the second turn: boom (HTTP 500)"]


@pytest.mark.parametrize(
    ("counted", "read_ms", "cold_ms", "wanted"),
    [
        (900, 100, 1000, (0.9, "count")),
        (0, 1000, 1000, (0.0, "count")),
        (0, 50, 1000, (0.95, "durations")),
        (None, 50, 1000, (0.95, "durations")),
        (None, 2000, 1000, (0.0, "durations")),
        (None, 5, 10, (None, None)),
        (None, None, 1000, (None, None)),
        (5000, 100, 1000, (1.0, "count")),
    ],
)
def test_the_cached_share_is_the_servers_count_unless_its_reading_time_contradicts_a_zero(
    counted: int | None, read_ms: int | None, cold_ms: int, wanted: tuple[float | None, str | None]
) -> None:
    read_ns = None if read_ms is None else read_ms * MS
    read = record(
        prompt_eval_count=1000,
        prompt_eval_cached_count=counted,
        prompt_eval_duration_ns=read_ns,
        first_content_ns=3000 * MS,
        ended_ns=4000 * MS,
    )
    cold = record(
        prompt_eval_count=1000, prompt_eval_duration_ns=cold_ms * MS, first_content_ns=3000 * MS, ended_ns=4000 * MS
    )
    share, told_by = cached_share(read, cold)
    assert (None if share is None else pytest.approx(share), told_by) == wanted


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("base/prefill-long-again", 0.98, 1.0),
        ("base/prefill-long-nonce-last", 0.96, 1.0),
        ("base/prefill-long", 0.0, 0.03),
    ],
)
def test_what_a_real_server_without_a_count_had_cached_shows_in_its_reading_time(
    name: str, low: float, high: float
) -> None:
    share, told_by = cached_share(recorded(name), recorded("base/prefill-long-new-nonce"))
    assert told_by == "durations"
    assert share is not None
    assert low <= share <= high


def test_a_server_that_counts_no_prompt_tells_only_the_times() -> None:
    silent = record(prompt_eval_count=None, prompt_eval_duration_ns=None)
    found = second_turn(silent, silent, silent)
    assert (found.prefix, found.cached_share, found.told_by, found.ttft_warm_s) == (None, None, None, 0.2)


@pytest.mark.parametrize(("cached", "prefix"), [(760, "kept"), (600, "partly"), (100, "lost")])
def test_three_quarters_of_the_first_turn_are_kept_and_under_a_quarter_is_lost(cached: int, prefix: str) -> None:
    first = record(prompt_eval_count=1000)
    second = record(prompt_eval_count=1200, prompt_eval_cached_count=cached)
    assert second_turn(first, second, record(prompt_eval_count=1200)).prefix == prefix
