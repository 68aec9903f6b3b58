"""What further studies found, in one line each."""

from typing import Any

import msgspec
import pytest

from ollama_speedrun.assessment.types import Recommendation, Verdict
from ollama_speedrun.benchmark import energy
from ollama_speedrun.benchmark.types import ContentRate, EnergyFigures, Interval, Result, SecondTurn
from ollama_speedrun.report import further, markdown
from ollama_speedrun.report.explain import explain
from ollama_speedrun.report.explain_further import explain_further
from ollama_speedrun.report.html.page import render
from ollama_speedrun.report.settings import ReportSettings
from ollama_speedrun.report.view import report
from records import MS, record
from report.test_terminal import report as printed_report
from specimens import DESK, LEVELS, host, result, run_of

COUNTED = record(prompt_eval_count=1000, prompt_eval_cached_count=950)
TURNS = SecondTurn(
    prefix_tokens=980,
    prompt_tokens=1000,
    ttft_warm_s=0.3,
    ttft_cold_s=4.1,
    cached_share=0.95,
    later_cached_share=0.95,
    told_by="count",
    prefix="kept",
    first=COUNTED,
    second=COUNTED,
    other=record(prompt_eval_count=1000, prompt_eval_duration_ns=4000 * MS),
    third=COUNTED,
)
ENERGY = EnergyFigures(
    source="stated",
    busy_watts=200.0,
    idle_watts=30.0,
    seconds=1.0,
    output_tokens=100,
    joules_per_token=2.0,
    joules_per_token_above_idle=1.7,
    tokens_per_wh=1800.0,
    price_per_kwh=0.3,
    cost_per_million_tokens=1 / 6,
)
RATES = (
    ContentRate(kind="prose", decode_tps=113.9, is_scored=True, trials=5),
    ContentRate(kind="code", decode_tps=135.4, trials=2),
    ContentRate(kind="json", decode_tps=128.0, trials=2),
)


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({}, "second turn 300 ms instead of 4.1 s: the prefix is kept"),
        (
            {"survives": True},
            "second turn 300 ms instead of 4.1 s: the prefix is kept, also while another conversation comes between",
        ),
        (
            {"survives": False},
            "second turn 300 ms instead of 4.1 s: the prefix is kept until another conversation comes between",
        ),
        (
            {"prefix": "partly", "cached_share": 0.6},
            "second turn 300 ms instead of 4.1 s: 60% of its prompt comes from the cache",
        ),
        (
            {"prefix": "lost", "ttft_warm_s": 4.0},
            "second turn 4.0 s instead of 4.1 s: the prefix is read again each time",
        ),
        ({"ttft_cold_s": None}, "second turn 300 ms: the prefix is kept"),
        ({"ttft_warm_s": None}, "second turn: the prefix is kept"),
        (
            {"prefix": None},
            "second turn 300 ms instead of 4.1 s: the server does not tell what it reads from its cache",
        ),
        ({"prefix": None, "ttft_warm_s": None}, ""),
    ],
)
def test_the_second_turn_is_told_in_one_line(changes: dict[str, Any], line: str) -> None:
    assert further.second_turn(msgspec.structs.replace(TURNS, **changes)) == line


def test_the_range_by_content_says_which_kind_the_score_took() -> None:
    line = "114 to 135 tok/s by content: 114 on prose, 135 on code, 128 on JSON; the score took prose"
    assert further.content(RATES) == line


def test_energy_says_if_idle_power_is_in_it_and_where_the_watts_come_from() -> None:
    assert further.energy(ENERGY) == (
        "2.0 J a token with idle power, 1.7 J without: 1800 tokens a Wh, 0.17 for a million tokens at 0.3 a kWh "
        "(at the watts stated)"
    )
    read = energy.figures(busy_watts=200.0, idle_watts=None, seconds=1.0, output_tokens=100, sensors=("GPU 0 (NVML)",))
    assert read is not None
    assert further.energy(read) == "2.0 J a token with idle power: 1800 tokens a Wh (by the sensors GPU 0 (NVML))"


def test_energy_has_columns_on_wide_only_where_it_is_known_and_its_formula_in_the_explanation() -> None:
    plain, known = result("a:1b", DESK), msgspec.structs.replace(result("b:1b", DESK), energy=ENERGY)
    wide = ReportSettings(wide=True)

    def headings(*results: Result, settings: ReportSettings) -> set[str]:
        return {column.heading for column in report(run_of(*results), settings).columns}

    assert headings(plain, known, settings=wide) - headings(plain, settings=wide) == {"J/tok", "cost/M"}
    assert headings(plain, known, settings=ReportSettings()) == headings(plain, settings=ReportSettings())
    explained = explain(run_of(known), "b*")
    assert "  joules_per_token: 200 W · 1.000 s / 100 tokens = 2 J, idle power included" in explained
    assert "  joules_per_token_above_idle: (200 − 30) W · 1.000 s / 100 tokens = 1.7 J" in explained


def test_rates_by_content_within_the_spread_of_the_scored_one_are_said_not_to_differ() -> None:
    each = "114 on prose, 135 on code, 128 on JSON"
    assert further.content(RATES, Interval(100.0, 140.0, 3)) == (
        f"no difference by content beyond the spread of the trials: {each} tok/s; the score took prose"
    )
    assert further.content(RATES, Interval(112.0, 116.0, 5)).startswith("114 to 135 tok/s by content: ")


def test_the_report_says_it_of_the_recommended_model_alone_and_the_explanation_of_each() -> None:
    measured = msgspec.structs.replace(result("m:1b", DESK), second_turn=TURNS, content=RATES, interview=COUNTED)
    other = msgspec.structs.replace(measured, model="other:1b", content=())
    run = run_of(measured, other)
    chosen = Verdict((), Recommendation(DESK, "m:1b", 80.0, why="it is best"))
    run = msgspec.structs.replace(run, verdict=chosen)
    line = "Second turn 300 ms instead of 4.1 s: the prefix is kept."
    assert report(run).remarks == (line, f"{further.content(RATES)}.")
    assert f"  {line}" in printed_report(run, width=100)
    assert f"- {line}" in markdown.render(run)
    explained = explain(run, "other*")
    assert "  second turn 300 ms instead of 4.1 s: the prefix is kept" in explained
    assert "  cached_share: prompt_eval_cached_count / prompt_eval_count = 950 / 1000 =" in explained


def test_without_a_recommendation_the_first_models_are_told_by_name() -> None:
    run = run_of(*(msgspec.structs.replace(result(f"m{place}:1b", DESK), second_turn=TURNS) for place in range(5)))
    line = "second turn 300 ms instead of 4.1 s: the prefix is kept."
    assert report(run).remarks == tuple(f"m{place}:1b: {line}" for place in range(3))


def test_the_card_of_a_host_says_how_many_requests_it_answers_at_once() -> None:
    run = msgspec.structs.replace(
        run_of(msgspec.structs.replace(result("m:1b", DESK), concurrency=LEVELS)), hosts=(host(DESK),)
    )
    gain, price = "150 tok/s in all with 4 instead of 57.0", "first token after 200 ms instead of 200 ms"
    line = f"answers 4 requests at once: {gain}, {price}"
    assert further.of_host(run.results) == line
    assert f"<dt>Requests at once</dt><dd>{line}</dd>" in render(run)
    assert further.of_host([result("m:1b", DESK)]) is None


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"first_lag_ns": 50 * MS}, "this program stood still when it came"),
        ({"first_content_ns": 1200 * MS, "content_arrivals": 2}, "tokens were decoded before it came"),
        ({"first_content_ns": None}, "nothing came"),
    ],
)
def test_a_turns_first_token_whose_time_cannot_be_told_has_its_reason_in_the_explanation(
    changes: dict[str, Any], why: str
) -> None:
    turns = msgspec.structs.replace(TURNS, second=record(**changes), ttft_warm_s=None)
    lines = list(explain_further(msgspec.structs.replace(result("m:1b", DESK), second_turn=turns)))
    assert f"  ttft_warm_s: first content of the second turn = not told: {why}" in lines
    assert "  ttft_cold_s: first content of as long a conversation = 4.1 s" in lines
