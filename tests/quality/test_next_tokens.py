"""Next tokens: the divergence against hand-made probabilities, and whole runs against the truth of the fake."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fake_ollama.fleet import fake_host
from fake_ollama.script import HostScript, Kin, ModelScript
from fake_ollama.speech import next_tokens
from ollama_speedrun import Phase, Run, RunSettings, build_plan, parse_target, run
from ollama_speedrun.benchmark.plan import BenchmarkSettings
from ollama_speedrun.quality.next_tokens import (
    FEWEST_PROMPTS,
    Chances,
    NextTokens,
    TokenChance,
    agreement,
    compared,
    divergence_nats,
    has_sibling,
)
from ollama_speedrun.quality.openings import MOST, openings
from ollama_speedrun.report.siblings import line
from ollama_speedrun.report.view import report
from ollama_speedrun.results.codec import decode, encode
from records import model


def chances(**probabilities: float) -> Chances:
    return tuple(
        TokenChance(token, math.log(probability))
        for token, probability in sorted(probabilities.items(), key=lambda pair: -pair[1])
    )


def found(name: str, *answers: Chances, digest: str | None = None) -> NextTokens:
    return NextTokens(
        host="http://10.0.0.1:11434", model=name, digest=digest or name, base="base", version=1, answers=answers
    )


def test_the_divergence_is_kullback_and_leiblers_over_the_listed_tokens_and_the_rest() -> None:
    reference, other = chances(a=0.5, b=0.3), chances(a=0.4, b=0.4)

    expected = 0.5 * math.log(0.5 / 0.4) + 0.3 * math.log(0.3 / 0.4) + 0.2 * math.log(0.2 / 0.2)
    assert divergence_nats(reference, other) == pytest.approx(expected)


def test_a_token_that_is_not_listed_counts_as_the_last_one_that_is() -> None:
    reference, other = chances(a=0.5, b=0.3), chances(a=0.6, c=0.1)

    expected = 0.5 * math.log(0.5 / 0.6) + 0.3 * math.log(0.3 / 0.1) + 0.2 * math.log(0.2 / 0.3)
    assert divergence_nats(reference, other) == pytest.approx(expected)


logprobs = st.lists(st.floats(-30, 0), min_size=1, max_size=20)


@given(logprobs, logprobs)
def test_a_divergence_is_finite_and_never_negative_and_none_from_itself(one: list[float], two: list[float]) -> None:
    first = tuple(TokenChance(f"t{place}", value) for place, value in enumerate(one))
    second = tuple(TokenChance(f"t{place}", value) for place, value in enumerate(two))

    assert 0 <= divergence_nats(first, second) < math.inf
    assert divergence_nats(first, first) == 0


def test_the_share_of_equal_first_choices_has_wilsons_interval() -> None:
    usual, odd = chances(a=0.9), chances(b=0.9)

    near = agreement(found("big", *[usual] * 40), found("small", *[usual] * 38, odd, ()))

    assert near is not None
    assert (near.prompts, near.same) == (40, 0.95)
    assert near.low == pytest.approx(0.835, abs=0.001)
    assert near.high == pytest.approx(0.986, abs=0.001)


def test_a_few_common_texts_say_nothing() -> None:
    answers = [chances(a=0.9)] * (FEWEST_PROMPTS - 1)

    assert agreement(found("big", *answers), found("small", *answers, chances(a=0.9))) is None


def test_each_quant_is_compared_with_the_largest_one_and_that_with_none() -> None:
    answers = [chances(a=0.9)] * FEWEST_PROMPTS
    models = [
        model(name, digest=name, size_bytes=size, base="base") for name, size in (("q4", 4), ("f16", 16), ("q8", 8))
    ]

    pairs = compared([found(one.name, *answers) for one in models], models)

    assert [(one.model, one.reference) for one in pairs] == [("q4", "f16"), ("q8", "f16")]


def test_siblings_are_other_weights_of_the_same_base() -> None:
    mine = model("m:q4", digest="1", base="llama/m/7")

    assert has_sibling(mine, [mine, model("m:q8", digest="2", base="llama/m/7")])
    assert not has_sibling(mine, [mine, model("m:copy", digest="1", base="llama/m/7")])
    assert not has_sibling(mine, [mine, model("other:q8", digest="2", base="llama/other/7")])
    assert not has_sibling(model("m:q4", digest="1", base=None), [model("x", digest="2", base=None)])


def test_all_openings_differ_and_fewer_of_them_are_the_first_ones() -> None:
    texts = openings(1000)

    assert (len(texts), len(set(texts))) == (MOST, MOST)
    assert openings(60) == texts[:60]
    assert texts[0] == "When Maria came back from our school before sunrise, there was a pair of tickets on the"
    assert all(30 <= len(text) <= 120 for text in texts)


SIBLINGS = (
    ModelScript("kin:8b-fp16", kin=Kin("kin"), size_bytes=1_600_000_000, quantization_level="F16"),
    ModelScript("kin:8b-q8_0", kin=Kin("kin", 0.2), size_bytes=800_000_000, quantization_level="Q8_0"),
    ModelScript("kin:8b-q2_k", kin=Kin("kin", 3.0), size_bytes=300_000_000, quantization_level="Q2_K"),
    ModelScript("lone:3b", size_bytes=300_000_000),
)


async def measured(*models: ModelScript, prompts: int = 60) -> Run:
    finished = Run()
    async with fake_host(HostScript(models=models)) as host:
        plan = build_plan(targets=[parse_target(host.url)])
        benchmark = BenchmarkSettings(item_seed=3, max_items=2, first_items=2, sibling_prompts=prompts, races=False)
        await run(plan, RunSettings(benchmark=benchmark), until=Phase.ASSESS, emit=lambda _: None, into=finished)
    return finished


@pytest.mark.virtual_time
async def test_a_run_finds_how_near_quants_are_to_the_largest_of_them() -> None:
    document = (await measured(*SIBLINGS)).document(complete=True)

    assert document.verdict is not None
    pairs = {one.model: one for one in document.verdict.siblings}
    assert set(pairs) == {"kin:8b-q8_0", "kin:8b-q2_k"}
    for script in SIBLINGS[1:3]:
        kin, pair = script.kin, pairs[script.name]
        assert kin is not None
        truth = [
            (next_tokens(Kin("kin"), "kin:8b-fp16", text), next_tokens(kin, script.name, text)) for text in openings(60)
        ]
        assert pair.same == pytest.approx(sum(one[0][0] == two[0][0] for one, two in truth) / 60)
        exact = [sum(math.exp(p) * (p - dict(two)[word]) for word, p in one) for one, two in truth]
        assert pair.divergence_nats == pytest.approx(sum(exact) / 60, rel=0.1)
    assert pairs["kin:8b-q8_0"].low > pairs["kin:8b-q2_k"].high
    assert decode(encode(document), origin="here") == document


@pytest.mark.virtual_time
async def test_the_line_stands_below_the_tier_and_names_both_models() -> None:
    document = (await measured(*SIBLINGS)).document(complete=True)

    assert document.verdict is not None
    shown = [line for section in report(document).sections for line in section.lines]
    assert sorted(shown) == sorted(line(one, {}) for one in document.verdict.siblings)
    assert any("keeps " in one and "of the first choices of kin:8b-fp16 (60 texts, KL " in one for one in shown)


@pytest.mark.virtual_time
async def test_no_prompts_and_a_server_without_log_probabilities_compare_nothing() -> None:
    assert (await measured(*SIBLINGS, prompts=0)).next_tokens == {}
    old = [ModelScript(one.name, kin=one.kin, gives_logprobs=False) for one in SIBLINGS[:2]]
    finished = await measured(*old)
    assert finished.next_tokens == {}
    assert [result.status for result in finished.results] == ["ok", "ok"]
