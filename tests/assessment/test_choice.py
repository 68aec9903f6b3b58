import math

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ollama_speedrun.assessment import choice, score, sentences, uses
from ollama_speedrun.assessment.choice import Candidate
from ollama_speedrun.quality.draw import Draw
from ollama_speedrun.quality.items import Grade
from ollama_speedrun.quality.records import ItemRecord

AREAS = ("reasoning", "code", "writing", "facts", "languages", "context", "tasks", "honesty")


def answered(place: int, credit: float, chance: float = 0.0) -> ItemRecord:
    return ItemRecord(
        item=str(place),
        area=AREAS[place % 8],
        family="f",
        level=1,
        chance=chance,
        answers=(),
        grade=Grade(score=credit, strict=credit, extracted="", why=""),
    )


def candidate(
    name: str,
    right: int,
    *,
    of: int = 80,
    tps: float = 40.0,
    ttft_s: float = 0.3,
    capabilities: tuple[str, ...] = (),
    drift: float | None = None,
) -> Candidate:
    """Return a model that got the first `right` of its items right, spread evenly over the areas."""
    return Candidate(
        key=("http://desk:11434", name, None),
        speed_tps=tps,
        speed_low_tps=tps * 0.99,
        speed_high_tps=tps * 1.01,
        ttft_s=ttft_s,
        ttft_low_s=ttft_s,
        ttft_high_s=ttft_s,
        items=tuple(answered(place, float(place < right)) for place in range(of)),
        capabilities=frozenset(capabilities),
        item_s=1.0,
        drift=drift,
    )


def names(found: choice.Choice | None) -> tuple[str, ...]:
    return () if found is None else (found.best.candidate.key[1], *(entry.candidate.key[1] for entry in found.tied))


def test_the_model_that_knows_more_beats_one_that_is_a_little_faster() -> None:
    found = choice.choose(uses.OVERALL, [candidate("quick", 20, tps=60), candidate("able", 60, tps=40)])

    assert names(found) == ("able",)
    assert found is not None
    assert found.gap is not None
    assert found.gap.told_apart


def test_a_tie_goes_to_the_faster() -> None:
    found = choice.choose(uses.OVERALL, [candidate("slow", 42, tps=40), candidate("fast", 41, tps=41)])

    assert names(found) == ("fast", "slow")


def test_a_wide_interval_does_not_make_a_clearly_worse_model_a_tie() -> None:
    found = choice.choose(uses.OVERALL, [candidate("able", 6, of=8, tps=40), candidate("poor", 3, of=8, tps=44)])

    assert names(found) == ("able",)
    assert found is not None
    assert found.gap is not None
    assert not found.gap.told_apart
    assert found.gap.items_to_tell is not None
    assert found.gap.items_to_tell > 8


def test_a_use_that_needs_tools_passes_over_models_without() -> None:
    agent = next(use for use in uses.USES if use.name == "agent")
    rivals = [candidate("plain", 70), candidate("caller", 20, capabilities=("tools",))]

    assert names(choice.choose(agent, rivals)) == ("caller",)


def test_nothing_is_chosen_without_graded_answers() -> None:
    assert choice.choose(uses.OVERALL, [candidate("silent", 0, of=0)]) is None


def test_the_overall_utility_is_the_score_of_the_formula() -> None:
    properties = uses.Properties(quality=0.5, speed_tps=20.0, ttft_s=1.0)

    assert uses.utility(uses.OVERALL, properties) == pytest.approx(
        score.overall(quality=0.5, speed=score.speed(20.0), latency=score.latency(1.0))
    )


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.sampled_from(uses.USES))
def test_a_model_that_guesses_never_wins(seed: int, use: uses.Use) -> None:
    draw = Draw(f"guesser/{seed}")
    guesser = candidate("guesser", 0, tps=500.0, ttft_s=0.01, capabilities=("tools",))
    chances = [(0.0, 0.25, 0.5)[draw.below(3)] for _ in guesser.items]
    items = tuple(answered(place, float(draw.chance(chance)), chance) for place, chance in enumerate(chances))
    guessed = msgspec.structs.replace(guesser, items=items)

    assert choice.choose(use, [guessed]) is None
    assert names(choice.choose(use, [guessed, candidate("able", 60, tps=6.0, capabilities=("tools",))])) == ("able",)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(5, 80), st.floats(5, 200)), min_size=1, max_size=6), st.randoms())
def test_the_choice_does_not_depend_on_the_order_of_the_candidates(
    figures: list[tuple[int, float]], shuffler: object
) -> None:
    candidates = [candidate(f"m{index}", right, tps=tps) for index, (right, tps) in enumerate(figures)]
    shuffled = sorted(candidates, key=lambda _: shuffler.random())  # type: ignore[attr-defined]

    assert names(choice.choose(uses.OVERALL, candidates)) == names(choice.choose(uses.OVERALL, shuffled))


@given(st.integers(0, 80), st.integers(1, 10))
def test_more_items_never_widen_the_gap_that_is_needed(right: int, times: int) -> None:
    small = choice.rate(uses.OVERALL, candidate("m", right))
    large = choice.rate(uses.OVERALL, candidate("m", right * times, of=80 * times))

    assert small is not None
    assert large is not None
    assert large.quality.high - large.quality.low <= small.quality.high - small.quality.low + 1e-9
    assert math.isfinite(large.points)


@pytest.mark.parametrize(
    ("right", "tps", "drift", "matters"),
    [
        pytest.param(60, 36.0, None, None, id="no drift"),
        pytest.param(60, 36.0, -0.29, -0.29, id="tied, and the lead in speed is smaller"),
        pytest.param(60, 36.0, 0.29, 0.29, id="the same, faster"),
        pytest.param(60, 36.0, -0.05, None, id="tied, and the lead in speed is larger"),
        pytest.param(20, 60.0, -0.29, None, id="far behind in quality"),
        pytest.param(50, 40.0, -0.9, -0.9, id="the lead in points would be gone"),
    ],
)
def test_a_drift_larger_than_the_lead_is_part_of_the_sentence(
    right: int, tps: float, drift: float | None, matters: float | None
) -> None:
    found = choice.choose(
        uses.OVERALL, [candidate("able", 60, tps=40, drift=drift), candidate("other", right, tps=tps, drift=drift)]
    )
    assert found is not None
    assert choice.drift_that_matters(found) == matters
    assert ("which is more than this lead" in sentences.why(found)) is (matters is not None)


def test_a_use_takes_the_rate_of_its_content_for_its_speed_where_that_was_measured() -> None:
    plain = candidate("m", 60, tps=10.0, capabilities=("tools",))
    drafting = msgspec.structs.replace(plain, content_tps={"prose": 10.0, "code": 40.0, "json": 20.0})
    for use in uses.USES:
        found, usual = choice.rate(use, drafting), choice.rate(use, plain)
        assert found is not None
        assert usual is not None
        assert (found.points > usual.points) is (use.name in {"code", "agent"}), use.name


def test_batch_takes_the_throughput_of_requests_at_once_for_its_speed_and_no_other_use_does() -> None:
    alone = candidate("m", 60, tps=10.0, capabilities=("tools",))
    together = msgspec.structs.replace(alone, throughput_tps=60.0)
    for use in uses.USES:
        found, usual = choice.rate(use, together), choice.rate(use, alone)
        assert found is not None
        assert usual is not None
        assert (found.points > usual.points) is (use.name == "batch"), use.name


def test_the_throughput_decides_for_batch_between_models_of_one_quality() -> None:
    slots = msgspec.structs.replace(candidate("slots", 60, tps=30.0), throughput_tps=70.0)
    fast = msgspec.structs.replace(candidate("fast", 60, tps=40.0), throughput_tps=40.0)
    batch = next(use for use in uses.USES if use.name == "batch")
    ranked = sorted([slots, fast], key=lambda one: -(found.points if (found := choice.rate(batch, one)) else 0.0))
    assert [one.key[1] for one in ranked] == ["slots", "fast"]
