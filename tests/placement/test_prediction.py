import math
import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exports.samples import CLEVER, DESK, GPU, QUICK, listed, measured, run_of
from ollama_speedrun.assessment.uses import USES
from ollama_speedrun.inventory.types import Model
from ollama_speedrun.placement.known_models import KNOWN, by_name
from ollama_speedrun.placement.prediction import (
    Check,
    Point,
    Spread,
    checks,
    law_of,
    points_of,
    rate_of,
    spread_of,
)
from ollama_speedrun.placement.suggestion import outlook
from ollama_speedrun.results.types import Document
from specimens import GB


def points(*sizes: float, bandwidth: float = 100e9, fixed_s: float = 0.0) -> list[Point]:
    return [Point(size * GB, fixed_s + size * GB / bandwidth) for size in sizes]


def test_the_bandwidth_of_a_host_is_that_of_its_models() -> None:
    law = law_of(points(2, 5))
    assert law is not None
    assert law.bandwidth_bytes_per_s == pytest.approx(100e9)
    assert (law.fixed_s, law.models) == (0.0, 2)
    assert law_of([]) is None


def test_a_fixed_time_for_each_token_is_found_with_enough_models() -> None:
    law = law_of(points(0.5, 1, 4, 9, fixed_s=0.002))
    assert law is not None
    assert law.bandwidth_bytes_per_s == pytest.approx(100e9)
    assert law.fixed_s == pytest.approx(0.002)
    assert 1 / law.token_s(20 * GB) == pytest.approx(1 / 0.202)


@pytest.mark.parametrize("sizes", [(1, 4, 9), (4, 4.5, 5, 6)])
def test_too_few_or_too_similar_models_give_a_bandwidth_alone(sizes: tuple[float, ...]) -> None:
    law = law_of(points(*sizes, fixed_s=0.002))
    assert law is not None
    assert (law.fixed_s, law.parameters) == (0.0, 1)


def test_an_interval_narrows_with_models_that_agree_and_widens_with_those_that_do_not() -> None:
    one, many = points(5), points(2, 3, 5, 8, 13, 21)
    torn = [Point(one.read_bytes, one.token_s * (1.5 if at % 2 else 1)) for at, one in enumerate(many)]
    widths = []
    for held in (one, many, torn):
        law = law_of(held)
        assert law is not None
        found = rate_of(10 * GB, law, spread_of([held]))
        widths.append(found.high_tps / found.low_tps)
    assert widths[1] < widths[2] < widths[0]


def test_the_spread_of_other_hosts_tells_for_a_host_with_one_model() -> None:
    alone, others = points(5), points(2, 3, 5, 8, 13, 21)
    assert spread_of([alone]) == Spread(0.25, 2)
    assert spread_of([alone, others]).deviation < 0.15


def test_the_interval_holds_about_95_of_100_models_of_a_known_law() -> None:
    chance = random.Random(7)
    found: list[Check] = []
    for _ in range(60):
        held = [
            [
                Point(size, size / bandwidth * math.exp(chance.gauss(0, 0.15)))
                for size in (math.exp(chance.uniform(19.5, 24.4)) for _ in range(chance.randint(2, 7)))
            ]
            for bandwidth in (50e9, 400e9)
        ]
        found += checks(held)
    assert len(found) > 400
    assert 0.92 <= sum(check.is_inside for check in found) / len(found) <= 0.985


def test_of_very_many_models_evenly_spaced_ones_are_checked() -> None:
    many = points(*(1 + number / 100 for number in range(500)))
    found = checks([many[:300], many[300:]])
    assert [one.rate_tps for one in found] == [1 / point.token_s for point in many[::3]]


def test_a_host_with_one_model_has_nothing_to_check() -> None:
    assert checks([points(5)]) == ()


def described(name: str, gigabytes: float, **changes: object) -> Model:
    return msgspec.structs.replace(listed(name, GPU), size_bytes=round(gigabytes * GB), **changes)


@pytest.mark.parametrize(
    ("model", "read_gigabytes"),
    [
        (described("a", 5.0), 5.0),
        (described("gpt-oss:20b", 20.9, family="gptoss"), 3.6),
        (described("mine:30b", 19.0, family="qwen3moe"), None),
        (described("a", 5.0, drafts=True), None),
        (msgspec.structs.replace(described("a", 5.0), size_bytes=None), None),
    ],
)
def test_a_model_tells_by_the_bytes_that_it_reads_for_a_token(model: Model, read_gigabytes: float | None) -> None:
    found = points_of([measured(model.name, GPU, 50.0)], {(GPU, model.name): model})
    assert [point.read_bytes / GB for point in found] == (
        [] if read_gigabytes is None else pytest.approx([read_gigabytes])
    )


def test_models_partly_on_the_gpu_tell_nothing_and_the_fastest_variant_tells_for_its_model() -> None:
    models = {(GPU, name): described(name, 5.0) for name in ("a", "b", "c")}
    whole = measured("a", GPU, 50.0)
    slower = msgspec.structs.replace(measured("a", GPU, 40.0), variant="thinking")
    partly = msgspec.structs.replace(measured("b", GPU, 9.0), gpu_share=0.6)
    on_cpu = msgspec.structs.replace(measured("c", GPU, 5.0), gpu_share=0.0)
    assert points_of([whole, slower, partly, on_cpu], models) == (Point(5.0 * GB, 0.02),)
    assert points_of([partly, on_cpu], models) == (Point(5.0 * GB, 0.2),)


@pytest.mark.parametrize("tps", [-1e308, -1.0, 0.0, 5e-324, 1e-7, 1e10, 1e308])
def test_a_speed_that_no_server_can_have_tells_nothing(tps: float) -> None:
    absurd = msgspec.structs.replace(measured("a", GPU, 50.0), decode_tps=tps, decode_client_tps=None)
    assert points_of([absurd], {(GPU, "a"): described("a", 5.0)}) == ()


CREDIBLE = st.builds(Point, st.floats(min_value=1, max_value=2**53), st.floats(min_value=1e-9, max_value=1e6))


@given(st.lists(CREDIBLE, min_size=1, max_size=6))
def test_any_credible_speeds_give_a_law_and_a_finite_interval(found: list[Point]) -> None:
    law = law_of(found)
    assert law is not None
    rate = rate_of(5.0 * GB, law, spread_of([found]))
    assert 0 < rate.low_tps <= rate.rate_tps <= rate.high_tps < math.inf


def test_the_table_has_each_tag_once_with_facts_that_agree() -> None:
    assert len({one.name for one in KNOWN}) == len(KNOWN)
    for one in KNOWN:
        bits = 8 * one.size_bytes / (one.parameters_b * 1e9)
        assert 4.0 < bits < 9.0, one
        assert 0 < one.active_b <= one.parameters_b
    assert by_name("qwen3:8b") is not None
    assert by_name("none:1b") is None


def small_run() -> Document:
    return run_of(
        measured(CLEVER, GPU, 20.0, gigabytes=6.0),
        measured(QUICK, DESK, 50.0, gigabytes=2.0),
        models=(described(CLEVER, 5.0), msgspec.structs.replace(described(QUICK, 2.0), host=DESK)),
    )


def test_models_that_some_host_has_are_not_suggested() -> None:
    run = small_run()
    there = msgspec.structs.replace(described("qwen3-coder:30b", 19.0), aliases=("devstral:24b",))
    named = {
        one.model.name
        for host in outlook(msgspec.structs.replace(run, models=(*run.models, there)), USES[1], given_bytes={}).hosts
        for one in host.suggestions
    }
    assert "qwen2.5-coder:7b" in named
    assert named.isdisjoint({"qwen3-coder:30b", "devstral:24b", "llama3.1:8b"})


def test_a_use_that_needs_tools_gets_models_with_tools() -> None:
    (agent,) = [use for use in USES if use.name == "agent"]
    names = {one.model.name for host in outlook(small_run(), agent, given_bytes={}).hosts for one in host.suggestions}
    assert "qwen3:8b" in names
    assert names.isdisjoint({"gemma3:4b", "phi4:14b"})


def test_fit_goes_by_given_memory_and_is_not_known_beyond_what_was_seen() -> None:
    def fits(given: dict[str, int]) -> dict[str, str]:
        (host, _) = outlook(small_run(), None, given_bytes=given).hosts
        return {one.model.name: one.fit for one in host.suggestions}

    assert [fits({})[name] for name in ("qwen3:4b", "qwen3:14b")] == ["yes", "unknown"]
    assert [fits({GPU: 12 * GB})[name] for name in ("qwen3:14b", "qwen3:32b")] == ["yes", "no"]


def test_what_does_not_fit_has_no_estimate_and_memory_goes_by_this_hosts_models() -> None:
    (host, _) = outlook(small_run(), None, given_bytes={GPU: 12 * GB}).hosts
    by_tag = {one.model.name: one for one in host.suggestions}
    assert by_tag["qwen3:32b"].prediction is None
    assert by_tag["qwen3:4b"].memory_bytes == round((2.5 + 1.0) * GB)
    assert by_tag["qwen3:14b"].memory_bytes == round((9.3 + 1.0) * GB)
    assert by_tag["gpt-oss:20b"].memory_bytes == round(14 * 1.1 * GB)
    dense = by_tag["qwen3:8b"].prediction
    assert dense is not None
    assert dense.rate_tps == pytest.approx(100e9 / 5.2e9)
