import math
import re
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from ollama_speedrun.assessment import score
from ollama_speedrun.assessment.recommend import assess
from ollama_speedrun.assessment.score import Formula
from ollama_speedrun.benchmark import derive, metrics, stats
from ollama_speedrun.benchmark.types import EmbeddingFigures, Observations, Result, StreamRecord
from ollama_speedrun.quality import bank
from ollama_speedrun.quality.items import Grade
from ollama_speedrun.quality.records import AnswerRecord, ItemRecord, QualityRecord
from ollama_speedrun.quality.records import record as record_of_item
from ollama_speedrun.report.explain import FIGURES, explain, value
from ollama_speedrun.results.types import Document
from records import MS, model, observations, record, timed
from report.test_view import graded_run
from specimens import document as specimen

TRIALS = tuple(
    record(eval_duration_ns=(1000 + 7 * number) * MS, last_content_ns=(1200 + 8 * number) * MS)
    for number in range(1, 4)
)


def document_of(*results: Result) -> Document:
    models = (model(),)
    quality_records = tuple(graded(result) for result in results)
    scored, verdict = assess(models, results, quality_records)
    return Document(
        started_at=datetime(2026, 1, 1, tzinfo=UTC),
        models=models,
        results=results,
        quality_records=quality_records,
        assessments=scored,
        verdict=verdict,
    )


def graded(result: Result) -> QualityRecord:
    """Three of four items right."""
    return QualityRecord(
        host=result.host,
        model=result.model,
        variant=result.variant,
        bank="1",
        seed=1,
        mix="own",
        items=tuple(
            ItemRecord(
                item=str(place),
                area="facts",
                family="f",
                level=1,
                answers=(AnswerRecord(content="x", ended_ns=1),),
                grade=Grade(score=credit, strict=credit, extracted="x", why="as told"),
            )
            for place, credit in enumerate((1.0, 1.0, 1.0, 0.0))
        ),
    )


def explained(observed: Observations) -> list[str]:
    return list(explain(document_of(derive.measured(model(), observed)), "m:*"))


def section(lines: list[str], title: str) -> list[str]:
    """The indented lines below the one that begins with the title."""
    start = next(index for index, line in enumerate(lines) if line.startswith(f"{title}:")) + 1
    end = next((index for index in range(start, len(lines)) if not lines[index].startswith(" ")), len(lines))
    return lines[start:end]


def worked_out(line: str) -> float:
    """What the formula in a line comes to when its printed numbers are put in."""
    formula = line[13:].partition(" = ")[0].replace("−", "-").replace(" s", "")
    assert re.fullmatch(r"[\d. ()/-]+", formula)
    return float(eval(formula))


def printed(line: str) -> str:
    return line.rpartition(" = ")[2].split()[0]


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.field)
def test_each_trial_gives_the_number_that_the_code_gives(figure: object) -> None:
    assert isinstance(figure, type(FIGURES[0]))
    lines = section(explained(observations(trials=TRIALS)), figure.field)
    for trial, line in zip(TRIALS, lines, strict=False):
        expected = figure.value(trial)
        assert expected is not None
        if figure.numbers is None:
            assert line.split()[2] == value(expected)
        else:
            assert printed(line) == value(expected)
            assert worked_out(line) == pytest.approx(expected, rel=1e-3, abs=5e-6)


def test_the_speed_is_explained_from_its_trials_to_its_interval() -> None:
    rates = [rate for trial in TRIALS if (rate := metrics.decode_tps(trial)) is not None]
    interval = stats.interval(rates)
    mean = stats.geometric_mean(rates)
    assert interval is not None
    assert mean is not None
    assert section(explained(observations(trials=TRIALS)), "decode_tps") == [
        "  trial 1    (101 − 1) / 1.007000 s = 99.30 tok/s",
        "  trial 2    (101 − 1) / 1.014000 s = 98.62 tok/s",
        "  trial 3    (101 − 1) / 1.021000 s = 97.94 tok/s",
        f"  geometric mean: {value(mean)} tok/s",
        f"  95 % interval, from 3 trials: {value(interval.low_tps)} to {value(interval.high_tps)} tok/s, ±2%",
    ]


@pytest.mark.parametrize(
    "observed",
    [
        observations(trials=TRIALS),
        observations(**timed(eval_duration_ns=None, total_duration_ns=None)),
        observations(**timed(prompt_eval_cached_count=100)),
        observations(**timed(done_reason="stop")),
        observations(trials=()),
        observations(was_loaded=True),
        observations(residency=None),
    ],
)
def test_what_is_said_of_each_figure_is_what_stands_in_the_result(observed: Observations) -> None:
    result = derive.measured(model(), observed)
    lines = explained(observed)
    for field in (*(figure.field for figure in FIGURES), "prefill_tps", "load_s", "ttfa_s", "total_s"):
        held: float | None = getattr(result, field)
        said = [line for line in section(lines, field) if re.match(r"  (geometric mean|median|the [\w-]+): ", line)]
        assert len(said) == 1
        figure = said[0].partition(": ")[2]
        assert (figure.split()[0] == value(held)) if held is not None else re.match("none|.* not used", figure)


def test_a_prompt_out_of_the_cache_is_left_out_with_its_number() -> None:
    cached = record(prompt_eval_duration_ns=10 * MS)
    lines = explained(observations(trials=(*TRIALS, cached)))
    assert section(lines, "prefill_tps")[-2:] == [
        "  trial 4    (300 − 0) / 0.010000 s = 30000 tok/s, left out: cached",
        "  geometric mean: 2000 tok/s",
    ]
    assert any(line.startswith("  prompt-cached: ") for line in lines)


def test_a_record_that_gives_no_number_says_why() -> None:
    lines = explained(observations(**timed(eval_duration_ns=None, total_duration_ns=None)))
    assert section(lines, "decode_tps")[0] == (
        "  trial 1    none: fewer than 16 tokens, or a duration below 1 ms or absent"
    )
    assert section(lines, "decode_tps")[-1] == "  geometric mean: none"
    assert any(line.startswith("  no-server-durations: ") for line in lines)


def test_a_server_clock_that_is_wrong_is_shown_and_not_used() -> None:
    lines = explained(observations(**timed(eval_duration_ns=100 * MS)))
    assert section(lines, "decode_tps")[-1] == "  geometric mean: 1000 tok/s, not used: see what was left out"
    assert "95 % interval" in section(lines, "decode_client_tps")[-1]


def test_a_load_that_cannot_be_told_is_shown_and_not_used() -> None:
    lines = explained(observations(was_loaded=True))
    assert section(lines, "load_s") == ["  the warm-up: 0.02000 s, not used: see what was left out"]


def test_memory_tier_and_score_are_derived() -> None:
    result = derive.measured(model(), observations())
    (scored,) = document_of(result).rated()
    assert scored.scores is not None
    assert scored.scores.overall is not None
    lines = explained(observations())
    assert section(lines, "memory_bytes") == ["  2000000000 bytes / 10^9 = 2.000 GB, 100% of it on the GPU"]
    assert "tier: 2-4, by the memory in use, 2.000 GB, below 4 GB" in lines
    assert section(lines, "scores.overall") == [
        "  Q = quality / 100 = 0.7500, from 4 graded items",
        "  S = log2(100.0 / 5) / 4, within 0 and 1 = 1.000",
        "  L = 1 − ln(0.2000 / 0.3) / ln(10 / 0.3), within 0 and 1 = 1.000",
        f"  overall = {value(scored.scores.overall)}",
    ]
    assert section(lines, "scores.classic") == [
        "  speed     = 100 · 100.0 / 100.0 = 100.0",
        "  quality   = 100 · 101 / 101 = 100.0",
        "  composite = 0.6 · 100.0 + 0.4 · 100.0 = 100.0",
    ]


OTHER_FORMULA = Formula(
    slowest_tps=8,
    speed_doublings=5,
    fastest_ttft_s=0.1,
    slowest_ttft_s=7,
    floor=0.02,
    quality_weight=0.5,
    speed_weight=0.2,
    latency_weight=0.3,
    classic_speed_weight=0.9,
    classic_quality_weight=0.1,
)


@pytest.mark.parametrize("formula", [score.FORMULA, OTHER_FORMULA])
@given(decode_s=st.floats(1, 30), wait_s=st.floats(0.05, 12), tokens=st.integers(64, 101))
def test_the_printed_formula_gives_the_score_whatever_its_constants(
    formula: Formula, decode_s: float, wait_s: float, tokens: int
) -> None:
    def slow(**changes: Any) -> StreamRecord:
        first_ns = round(wait_s * 1e9)
        stamps = {"first_content_ns": first_ns, "first_answer_ns": first_ns, "last_content_ns": first_ns + eval_ns}
        return record(**stamps, ended_ns=first_ns + eval_ns, eval_duration_ns=eval_ns, eval_count=tokens, **changes)

    eval_ns = round(decode_s * 1e9)
    result = derive.measured(model(), observations(interview=slow(), trials=(slow(), slow(), slow())))
    assessments, verdict = assess((model(),), [result], [graded(result)], formula=formula)
    (scores,) = [one.scores for one in assessments]
    run = msgspec.structs.replace(document_of(result), assessments=assessments, verdict=verdict)
    assert scores is not None
    assert scores.overall is not None
    assert scores.classic is not None
    lines = list(explain(run, "m:*", formula))
    heading = next(line for line in lines if line.startswith("scores.overall"))
    factors = {
        line.split()[0]: float(line.rpartition("within 0 and 1 = ")[2] or 0)
        for line in section(lines, "scores.overall")
        if "within" in line
    }
    q = float(re.search(r"quality / 100 = ([\d.]+)", "\n".join(lines))[1])  # type: ignore[index]
    weights = {name: float(power) for name, power in re.findall(r"([QSL])\^([\d.]+)", heading)}
    floor = float(heading.rpartition("at least ")[2])
    worked = 100.0
    for name, factor in {"Q": q, **factors}.items():
        worked *= max(factor, floor) ** weights[name]
    assert worked == pytest.approx(scores.overall, rel=5e-3)
    speed_line, latency_line = (line for line in section(lines, "scores.overall") if "within" in line)
    assert evaluated(speed_line) == pytest.approx(factors["S"], abs=2e-3)
    assert evaluated(latency_line) == pytest.approx(factors["L"], abs=2e-3)
    composite = section(lines, "scores.classic")[-1].partition(" = ")[2]
    assert eval(composite.partition(" = ")[0].replace("·", "*")) == pytest.approx(scores.classic.composite, rel=1e-3)


def evaluated(line: str) -> float:
    """What the formula of a factor comes to, kept within 0 and 1."""
    formula = line.partition(" = ")[2].partition(", within")[0].replace("−", "-").replace("ln(", "log(")
    assert re.fullmatch(r"[\d. ()/\-log]+", formula)
    return min(1.0, max(0.0, float(eval(formula, {"log": math.log, "log2": math.log2}))))


def test_a_score_of_another_formula_is_told_apart_from_this_one() -> None:
    result = derive.measured(model(), observations())
    assessments, _ = assess((model(),), [result], [graded(result)], formula=OTHER_FORMULA)
    (scores,) = [one.scores for one in assessments]
    assert scores is not None
    assert scores.overall is not None
    run = msgspec.structs.replace(document_of(result), assessments=assessments)
    assert section(list(explain(run, "m:*")), "scores.overall")[-2:] == [
        f"  overall = {value(100 * 0.75**0.6)}",
        f"  the document has {value(scores.overall)}, by another formula: `assess` scores it again",
    ]


def test_disturbed_generations_are_counted() -> None:
    assert "discarded: 2 generations that others disturbed, and that were repeated" in explained(
        observations(discarded=2)
    )


def test_an_embedding_model_is_explained_by_its_rates() -> None:
    figures = EmbeddingFigures(dimension=768, batch_1_per_s=40.0, batch_32_per_s=320.0)
    result = derive.embedded(model(), figures, load_s=None, residency=None, total_s=1.0)
    assert list(explain(document_of(result), "M:1b"))[3:7] == [
        "embedding.batch_1_per_s: texts / time of a request, client clock",
        "  median of 5    1 / 0.02500 s = 40.00 texts/s",
        "embedding.batch_32_per_s: texts / time of a request, client clock",
        "  median of 5    32 / 0.1000 s = 320.0 texts/s",
    ]


def test_a_model_is_chosen_by_name_or_by_name_and_variant() -> None:
    results = [derive.measured(model(), observations(thinks=thinks)) for thinks in (True, False)]
    run = document_of(*results)
    headed = [line for line in explain(run, "m:1b") if line.startswith("m:1b")]
    assert headed == ["m:1b (thinking)", "m:1b (direct)"]
    assert [line for line in explain(run, "*(direct)") if line.startswith("m:1b")] == ["m:1b (direct)"]
    assert explain(run, "other*") == ()


def test_a_failure_is_explained_by_its_reason() -> None:
    assert explain(specimen(), "phi3*") == (
        "phi3:mini",
        "on rack.example:8080",
        "",
        "failed: the stream ended early; look at its log",
        "",
    )


def test_a_result_without_raw_records_is_explained_as_far_as_it_goes() -> None:
    lines = explain(specimen(), "llama3.1:8b")
    assert lines[:4] == ("llama3.1:8b", "on 192.168.1.20", "", "tier: 4-8, by the memory in use, below 8 GB")


@given(name=st.text(max_size=200), counts=st.integers(0, 2**63), trial=st.sampled_from(TRIALS))
def test_no_line_is_too_wide_and_no_name_steers_the_terminal(name: str, counts: int, trial: StreamRecord) -> None:
    odd = msgspec.structs.replace(trial, eval_count=counts, eval_duration_ns=counts, total_duration_ns=counts)
    observed = observations(trials=(odd,), others=(name,))
    result = derive.measured(model(name, host=f"http://{name}"), observed)
    for line in explain(document_of(result), "*"):
        assert cell_len(line) <= 80
        assert "\x1b" not in line
        assert line.isprintable()


@pytest.mark.parametrize(
    ("number", "shown"),
    [(0, "0"), (57.498, "57.50"), (0.0061444, "0.006144"), (22123.4, "22123"), (1, "1.000")],
)
def test_a_value_has_four_significant_digits(number: float, shown: str) -> None:
    assert value(number) == shown


def items_explained(**changes: Any) -> tuple[str, ...]:
    run = graded_run()
    made = bank.item("reasoning", "ordering", 1, 3)
    answer = AnswerRecord(content="**Thomas**\x1b[31m is it", ended_ns=2_000_000_000, thinking_characters=12)
    grade = Grade(score=1.0, strict=0.0, extracted="Thomas", why="the name is right, with more around it")
    item = msgspec.structs.replace(record_of_item(made, (answer,), grade), **changes)
    answered = msgspec.structs.replace(run.quality_records[0], items=(item,))
    lines = explain(msgspec.structs.replace(run, quality_records=(answered,)), "clever")
    return lines[next(place for place, line in enumerate(lines) if line.startswith("items:")) :]


def test_each_item_is_shown_with_its_prompt_answer_extract_and_grade() -> None:
    lines = items_explained()
    assert lines == (
        "items: 1 asked in a chat, 1 of them counted; bank 1, mix easy, seed 1",
        "  reasoning/ordering/1/3: right, wrong where the format counts",
        "    asked: Thomas is slower than Yara. Naomi is faster than Yara. Who is the",
        "      slowest? Answer with only the name.",
        "    answer (after 12 characters of thinking): **Thomas** is it",
        "    extracted: Thomas",
        "    why: the name is right, with more around it",
        "",
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"family": "own"}, "    asked: (an item of your own: its text stands in your file)"),
        ({"family": "gone"}, "    asked: (the bank has no such item)"),
        ({"level": 99}, "    asked: (the bank has no such item)"),
        ({"item": "reasoning/ordering/1/x"}, "    asked: (the bank has no such item)"),
        ({"item": "reasoning/ordering/1/" + "9" * 4000}, "    asked: (the bank has no such item)"),
    ],
)
def test_a_prompt_that_cannot_be_made_again_says_why(changes: dict[str, Any], said: str) -> None:
    assert said in items_explained(**changes)


def test_an_item_of_another_bank_is_not_made_up() -> None:
    run = graded_run()
    first = run.quality_records[0]
    other = msgspec.structs.replace(first, bank="0", items=first.items[:1])
    lines = explain(msgspec.structs.replace(run, quality_records=(other,)), "clever")
    assert "    asked: (the text is known to bank 0; this is bank 1)" in lines
