"""docs/metrics.md and the code say the same."""

import math
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from ollama_speedrun import units
from ollama_speedrun.assessment import score, tiers
from ollama_speedrun.benchmark import (
    caveats,
    delays,
    derive,
    disturbances,
    embedding,
    image,
    metrics,
    plan,
    speed,
    speed_caveats,
    stats,
)
from ollama_speedrun.benchmark.plan import PROFILES, Profile
from ollama_speedrun.benchmark.types import CaveatKind, Result, StreamRecord
from ollama_speedrun.visit import ask
from records import MS, record

PAGE = (Path(__file__).parent.parent / "docs" / "metrics.md").read_text(encoding="utf-8")
ROWS = {
    cells[0].strip("`"): cells[1:]
    for line in PAGE.splitlines()
    if line.startswith("| `")
    for cells in [[cell.strip() for cell in line.strip("|").split("|")]]
}


def unattributed_s(stream: StreamRecord) -> float:
    return units.seconds(disturbances.unattributed_ns(stream) or 0)


FORMULAS: dict[str, Callable[[StreamRecord], float | None]] = {
    "decode_tps": metrics.decode_tps,
    "decode_client_tps": metrics.decode_client_tps,
    "ollama_tps": metrics.ollama_tps,
    "classic_tps": metrics.classic_tps,
    "prefill_tps": metrics.prefill_tps,
    "ttft_s": metrics.ttft_s,
    "ttfa_s": metrics.ttfa_s,
    "tpot_s": metrics.tpot_s,
    "total_s": metrics.total_s,
    "unattributed_s": unattributed_s,
}
STREAM = record(
    first_content_ns=250 * MS,
    first_answer_ns=700 * MS,
    last_content_ns=2250 * MS,
    ended_ns=2300 * MS,
    done_reason="stop",
    eval_count=77,
    eval_duration_ns=2100 * MS,
    prompt_eval_count=330,
    prompt_eval_cached_count=30,
    prompt_eval_duration_ns=240 * MS,
    load_duration_ns=900 * MS,
    total_duration_ns=3300 * MS,
)
NAMES = {
    "eval_count": 77,
    "eval_duration": 2.1,
    "e": 1,
    "last": 2.25,
    "first content chunk": 0.25,
    "first chunk with an answer": 0.7,
    "first token": 0.25,
    "request sent": 0,
    "last byte": 2.3,
    "end": 2.3,
    "prompt_eval_count": 330,
    "prompt_eval_cached_count": 30,
    "prompt_eval_duration": 0.24,
    "total_duration": 3.3,
    "load_duration": 0.9,
}


def worked_out(formula: str) -> float:
    """Evaluate a formula of the page with the stream's values put in for its words."""
    formula = formula.replace("last − first content chunk", "last − first_content_chunk").replace("−", "-")
    for name in sorted(NAMES, key=len, reverse=True):
        formula = re.sub(rf"\b{name.replace(' ', '[ _]')}\b", str(NAMES[name]), formula)
    assert re.fullmatch(r"[\d. ()/-]+", formula), formula
    return float(eval(formula))  # digits and operators only, as asserted


@pytest.mark.parametrize("name", FORMULAS)
def test_each_formula_on_the_page_gives_what_the_code_gives(name: str) -> None:
    assert FORMULAS[name](STREAM) == pytest.approx(worked_out(ROWS[name][0]))


def test_the_page_has_every_metric_of_a_result_and_every_caveat_and_no_other() -> None:
    measured = {field for field in Result.__struct_fields__ if field.endswith(("_tps", "_s", "_bytes", "_share"))}
    assert set(ROWS) - set(Profile) == measured | set(CaveatKind)


def test_the_page_has_the_profiles_as_they_are() -> None:
    assert {name: ROWS[name][:4] for name in Profile} == {
        name: [
            str(plan.fewest_trials)
            if plan.fewest_trials == plan.most_trials
            else f"{plan.fewest_trials} to {plan.most_trials}",
            str(plan.trial_tokens),
            "yes" if plan.take_turns else "no",
            "a reference trial" if plan.reference_trial else "–",
        ]
        for name, plan in PROFILES.items()
    }


@pytest.mark.parametrize(
    "sentence",
    [
        f"fewer than {metrics.FEWEST_TOKENS} tokens",
        f"a duration below {delays.SHORTEST_WINDOW_NS // MS} ms",
        f"give or take {delays.CLOCK_TOLERANCE:.0%} and {delays.USUAL_JITTER_NS // MS} ms".replace("%", " %"),
        f"more than {metrics.TOKEN_SLACK} above the num_predict",
        f"is above {stats.WIDE:.0%}, both ends are given".replace("%", " %"),
        f"above {metrics.IMPLAUSIBLE:g} × the client's and above {metrics.IMPLAUSIBLE:g} × the lower median",
        f"above {metrics.CACHED_FACTOR} × the lower median of all reads",
        f"the larger of {disturbances.QUEUE_FLOOR_NS // MS} ms and three times the least of this model",
        f"{delays.HOLD_FLOOR_NS // MS} ms, half a round trip and {delays.HOLD_SHARE:.0%} of the TTFT".replace(
            "%", " %"
        ),
        f"more than {disturbances.LONGEST_WARM_LOAD_NS // MS} ms and {delays.HOLD_SHARE:.0%}".replace("%", " %"),
        f"at most {delays.LONGEST_ROUND_TRIP_NS // MS} ms of it",
        f"{delays.HOLD_FLOOR_NS // MS} ms and {delays.HOLD_SHARE:.0%} of the TTFT on none of its stages".replace(
            "%", " %"
        ),
        f"{delays.TELLING_ROUND_TRIP_NS // MS} ms or more there and back, and {delays.TELLING_SHARE:.0%}".replace(
            "%", " %"
        ),
        f"the larger of {disturbances.RELOAD_FLOOR_NS // MS} ms and a quarter of the warm-up's",
        f"{metrics.TELLING_PREFIX:.0%} of the prompt or more".replace("%", " %"),
        f"above {caveats.LARGEST_SILENT_PREFIX:.0%} of the prompt".replace("%", " %"),
        f"one for each {metrics.MOST_CHARACTERS_PER_TOKEN} characters",
        f"and {delays.USUAL_JITTER_NS // MS} ms apart",
        f"More than {derive.LARGEST_DRIFT:.0%} of difference".replace("%", " %").replace("More", "more"),
        f"({PROFILES[Profile.STANDARD].trial_tokens} tokens), at least {PROFILES[Profile.STANDARD].fewest_trials}",
        f"and at most {PROFILES[Profile.STANDARD].most_trials}, until the {stats.CONFIDENCE:.0%} interval".replace(
            "%", " %"
        ),
        f"is within ± {PROFILES[Profile.STANDARD].precision:.0%}".replace("%", " %"),
        f"({stats.T_QUANTILES[1]} for three)",
        f"about {', '.join(map(str, plan.DEPTHS[:-1]))} and {plan.DEPTHS[-1]} tokens",
        f"{', '.join(map(str, plan.CONCURRENCY_LEVELS[:-1]))} and {plan.CONCURRENCY_LEVELS[-1]} requests",
        f"{image.SIDE_PIXELS} × {image.SIDE_PIXELS} pixels",
        f"{embedding.LARGE_BATCH} at a time (client clock, median of {embedding.ROUNDS})",
        f"a **warm-up**, {ask.WARM_UP_TOKENS} tokens long",
        f"more than {speed_caveats.LARGEST_DISAGREEMENT:.0%} and".replace("%", " %"),
        f"more than {speed_caveats.STEADY_DISAGREEMENT:.0%} and ".replace("%", " %")
        + f"{speed_caveats.STEADY_JITTER_NS // MS} ms apart",
        f"fewer than {metrics.ENOUGH_TOKENS} tokens, but {metrics.FEWEST_TOKENS} or more",
        f"stretch of {caveats.SHORTEST_REPEAT} to {caveats.LONGEST_REPEAT} characters three times over",
        f"S = log2(v / {score.SLOWEST_TPS:g}) / {score.SPEED_DOUBLINGS}",
        f"L = 1 at a TTFT of {score.FASTEST_TTFT_S:g} s or less, 0 at {score.SLOWEST_TTFT_S:g} s or more",
        f"U = Q^{score.QUALITY_WEIGHT:g} · S^{score.SPEED_WEIGHT:g} · L^{score.LATENCY_WEIGHT:g}",
        f"each factor at least {score.FLOOR:g}",
        f"composite = {score.CLASSIC_SPEED_WEIGHT:g} · speed + {score.CLASSIC_QUALITY_WEIGHT:g} · quality",
        f"(± {score.USUAL_SPREAD:.0%} where a speed has no interval".replace("%", " %"),
        f"({PROFILES[Profile.STANDARD].num_predict} unless told otherwise)",
        ", ".join(tier.replace("-", "–") for tier, _ in tiers.TIERS[:-1]) + f" and {tiers.TIERS[-1][0]} GB",
    ],
)
def test_each_number_in_the_prose_is_the_codes_own(sentence: str) -> None:
    assert sentence in PAGE


def test_the_words_three_and_twice_are_the_codes_too() -> None:
    assert (
        disturbances.QUEUE_FACTOR,
        caveats.REPEATS,
        speed.RETRIES,
        disturbances.RELOAD_SHARE,
        delays.ROUND_TRIP_SLACK,
    ) == (
        3,
        3,
        2,
        0.25,
        0.5,
    )


def test_the_numbers_told_of_the_scores_are_right() -> None:
    assert (score.speed(5), score.speed(80), score.latency(0.3), score.latency(10)) == (0, 1, 1, 0)
    assert math.isclose(1 / 15, 0.067, abs_tol=0.0005)
