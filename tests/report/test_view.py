import msgspec
import pytest

from ollama_speedrun.assessment.recommend import assess
from ollama_speedrun.assessment.types import Rated, Recommendation, Verdict
from ollama_speedrun.assessment.uses import Use
from ollama_speedrun.benchmark.types import Caveat, CaveatKind, Result
from ollama_speedrun.quality.items import Grade
from ollama_speedrun.quality.records import AnswerRecord, ItemRecord, QualityRecord
from ollama_speedrun.report.columns import headings
from ollama_speedrun.report.settings import ReportSettings
from ollama_speedrun.report.view import Advice, Section, Unmeasured, grade, report
from ollama_speedrun.results.types import Document
from specimens import (
    DESK,
    LONG_NAME,
    ON_GPU,
    QUEUED,
    RACK,
    document,
    host,
    model,
    quality,
    rated,
    result,
    run_of,
    unrated,
)


def sections(shown: tuple[Section, ...]) -> list[tuple[str, list[tuple[str, bool]]]]:
    return [(section.title, [(row.model, row.best) for row in section.rows]) for section in shown]


def test_each_tier_lists_its_models_by_score_and_stars_its_best() -> None:
    assert sections(report(document()).sections) == [
        ("Memory tier: under 2 GB", [("smollm2:135m", True)]),
        ("Memory tier: 4–8 GB", [("llama3.1:8b", True), (LONG_NAME, False)]),
    ]


def test_the_classic_scoring_takes_tiers_from_the_disk_and_stars_from_the_composite() -> None:
    run = msgspec.structs.replace(
        run_of(
            rated(result("a", DESK), overall=90, composite=40),
            rated(result("b", DESK), overall=10, composite=60),
            rated(result("c", DESK), overall=50, composite=50),
            verdict=document().verdict,
        ),
        models=(model("a", DESK, gigabytes=1), model("b", DESK, gigabytes=1), model("c", DESK, gigabytes=None)),
    )
    shown = report(run, ReportSettings(scoring="classic"))
    assert sections(shown.sections) == [
        ("Memory tier: under 2 GB", [("b", True), ("a", False)]),
        ("Memory tier: not known", [("c", False)]),
    ]
    assert shown.recommendation == Advice(
        "Recommendation", "b", "192.168.1.20", "60.0", "Highest classic composite of the run."
    )


def test_a_row_has_a_cell_for_each_heading() -> None:
    shown = report(document(), ReportSettings(wide=True))
    (row,) = shown.sections[0].rows
    assert dict(zip(headings(shown.columns), row.cells, strict=True)) == {
        "Model": "smollm2:135m",
        "Host": "192.168.1.20",
        "Memory": "–",
        "GPU": "100%",
        "Size": "250 MB",
        "Params": "8.0B",
        "Quant": "Q4_K_M",
        "Quality": "90 ±8",
        "reason": "90",
        "s/right": "1.5 s",
        "Prefill": "–",
        "tok/s": "104",
        "±": "±2%",
        "TTFT": "340 ms",
        "Load": "2.1 s",
        "Score": "40.0",
    }


def test_the_usual_table_has_no_wide_column() -> None:
    assert headings(report(document()).columns) == (
        *("Model", "Host", "Memory", "GPU", "Quality", "s/right", "tok/s", "±", "TTFT", "Score"),
    )


@pytest.mark.parametrize(("gpu_share", "is_shown"), [(None, False), (0.0, False), (0.01, True), (1.0, True)])
def test_the_share_on_the_gpu_is_shown_where_any_model_uses_one(gpu_share: float | None, is_shown: bool) -> None:
    run = run_of(result("a", DESK, gpu_share=0.0), msgspec.structs.replace(result("b", DESK), gpu_share=gpu_share))
    assert ("GPU" in headings(report(run).columns)) == is_shown


def test_own_areas_stand_behind_those_of_the_bank() -> None:
    entry = rated(result("a", DESK))
    area = quality().areas["reasoning"]
    graded = msgspec.structs.replace(quality(), areas={"Invoices": area, "tasks": area, "code": area})
    run = run_of(Rated(entry.result, msgspec.structs.replace(entry.assessment, quality=graded)))
    shown = headings(report(run, ReportSettings(wide=True)).columns)
    assert shown[shown.index("Quality") + 1 : shown.index("s/right")] == ("code", "tasks", "Invoices")


def test_a_host_is_called_by_the_name_that_it_alone_has() -> None:
    run = msgspec.structs.replace(
        document(),
        hosts=tuple(msgspec.structs.replace(host(url), name=name) for url, name in ((DESK, "desk"), (RACK, None))),
    )
    shown = report(run)
    assert [row.cells[1] for section in shown.sections for row in section.rows] == ["desk", "desk", "rack.example:8080"]
    assert shown.recommendation is not None
    assert shown.recommendation.host == "desk"


def test_each_variant_of_a_model_is_a_row_of_its_own() -> None:
    direct = rated(result("q:8b", DESK, variant="direct"), overall=90)
    run = run_of(direct, result("q:8b", DESK, variant="thinking"))
    (section,) = report(run).sections
    assert [row.model for row in section.rows] == ["q:8b (direct)", "q:8b (thinking)"]


def test_a_model_that_lies_partly_on_the_gpu_spills() -> None:
    rows = [row for section in report(document()).sections for row in section.rows]
    assert [(row.model, row.spills) for row in rows] == [
        ("smollm2:135m", False),
        ("llama3.1:8b", False),
        (LONG_NAME, True),
    ]


def test_a_colour_goes_by_the_exact_score_not_the_rounded_one() -> None:
    (row,) = report(document()).sections[0].rows
    assert (row.cells[-1], row.grade) == ("40.0", "poor")


@pytest.mark.parametrize(
    ("score", "expected"), [(100, "good"), (70, "good"), (69.9, "fair"), (40, "fair"), (39.9, "poor"), (0, "poor")]
)
def test_colours_change_at_70_and_40(score: float, expected: str) -> None:
    assert grade(score) == expected


def test_models_without_figures_stand_apart_with_their_reason() -> None:
    shown = report(document())
    assert shown.failed == (Unmeasured("phi3:mini", "rack.example:8080", "the stream ended early; look at its log"),)
    assert shown.skipped == (Unmeasured("painter:latest", "rack.example:8080", "it draws and cannot answer"),)


def test_a_failure_without_a_reason_says_so() -> None:
    failed = msgspec.structs.replace(document().results[3], reason=None)
    shown = report(run_of(unrated(failed)))
    assert shown.failed == (Unmeasured("phi3:mini", "rack.example:8080", "no reason was given"),)


def test_caveats_are_footnotes_marked_by_letters() -> None:
    shown = report(document(), ReportSettings(verbose=True))
    assert [(row.model, row.marks) for section in shown.sections for row in section.rows] == [
        ("smollm2:135m", ""),
        ("llama3.1:8b", "b"),
        (LONG_NAME, "ab"),
    ]
    assert (*shown.notes, *shown.other_notes) == (
        ("a", "only 52 % of the model lies on the GPU; a smaller quantisation may fit"),
        ("b", "the request waited; run again when the server is idle"),
    )


def test_a_note_on_a_model_that_is_no_candidate_is_kept_back() -> None:
    behind = rated(result("far", DESK, caveats=(ON_GPU,)), overall=20)
    harmless = Caveat(CaveatKind.LOAD_TIME_HIDDEN, "no load was seen")
    ahead = (
        rated(result("best", DESK, caveats=(QUEUED, harmless)), overall=90),
        rated(result("next", DESK), overall=80),
    )
    shown = report(run_of(*ahead, behind, verdict=Verdict((), Recommendation(DESK, "best", 90.0, why="it leads"))))
    assert shown.notes == (("a", QUEUED.text),)
    assert shown.other_notes == (("b", harmless.text), ("c", ON_GPU.text))
    assert [row.marks for section in shown.sections for row in section.rows] == ["a", "", ""]


def test_caveats_of_a_kind_with_other_figures_share_a_footnote() -> None:
    caveat = document().results[1].caveats[0]
    other = msgspec.structs.replace(caveat, text="only 12 % of the model lies on the GPU")
    run = run_of(result("a", DESK, caveats=(caveat,)), result("b", DESK, caveats=(other,)))
    assert report(run).notes == (
        ("a", f"{caveat.text} (and 1 more like it, with figures of its own: --json has them)"),
    )


def test_the_legend_says_how_quality_was_measured() -> None:
    (line,) = (line for line in report(document()).legend if line.startswith("Quality"))
    assert line == (
        "Quality: the share of up to 25 graded items that were right, corrected for guessing, 0 to 100, ± the "
        "larger half of its 95 % interval; s/right: seconds until one item is right."
    )


def test_base_models_are_said_not_to_compare_with_chat_models() -> None:
    base = rated(result("base", DESK))
    of_base = msgspec.structs.replace(quality(), protocol="3-shot")
    run = run_of(Rated(base.result, msgspec.structs.replace(base.assessment, quality=of_base)))
    assert any(line.startswith("Base models continue three solved examples") for line in report(run).legend)


def graded_run() -> Document:
    """Two models that answered: one that is right more often, one that is faster."""
    results = (result("clever", DESK, tps=40.0), result("quick", DESK, tps=80.0))
    answered = tuple(answers_of(one, right=right) for one, right in zip(results, (72, 56), strict=True))
    models = (model("clever", DESK), model("quick", DESK))
    assessments, verdict = assess(models, results, answered)
    return msgspec.structs.replace(
        document(), models=models, results=results, quality_records=answered, assessments=assessments, verdict=verdict
    )


def answers_of(measured: Result, *, right: int, of: int = 80) -> QualityRecord:
    items = tuple(
        ItemRecord(
            item=f"reasoning:{number}",
            area="reasoning",
            family=f"family{number % 8}",
            level=1,
            answers=(AnswerRecord(content="42", ended_ns=1_000_000_000),),
            grade=Grade(score=float(number < right), strict=float(number < right), extracted="42", why="as told"),
        )
        for number in range(of)
    )
    return QualityRecord(host=measured.host, model=measured.model, bank="1", seed=1, mix="easy", items=items)


def test_a_use_by_which_the_report_is_asked_for_decides_scores_stars_and_recommendation() -> None:
    run = graded_run()
    usual = report(run)
    fast = report(run, ReportSettings(use=Use(name="fast", quality=0.0, speed=1.0, latency=0.0)))
    best = [shown.recommendation.model if shown.recommendation else None for shown in (usual, fast)]
    assert best == ["clever", "quick"]
    assert [row.model for section in fast.sections for row in section.rows if row.best] == ["quick"]
    assert fast.uses == ()
    scores = {row.model: row.cells[-1] for section in fast.sections for row in section.rows}
    assert scores == {"clever": "75.0", "quick": "100.0"}


def test_the_reason_for_no_recommendation_is_told() -> None:
    assert report(run_of(verdict=Verdict((), None, (), "no model was measured"))).why_none == "no model was measured"


def test_an_interrupted_run_says_that_it_is_incomplete() -> None:
    run = msgspec.structs.replace(document(), complete=False)
    assert report(run).caution == ("Incomplete: the run ended before all was measured; this is what was finished.",)


def test_each_tier_with_a_best_and_the_whole_run_give_their_advice() -> None:
    shown = report(document())
    assert shown.tiers == (
        Advice("under 2 GB", "smollm2:135m", "192.168.1.20", "40.0", "The only one."),
        Advice("4–8 GB", "llama3.1:8b", "192.168.1.20", "82.9", "Best of 2."),
    )
    assert shown.recommendation == Advice("Recommendation", "llama3.1:8b", "192.168.1.20", "82.9", "Best of 3.")


def test_results_that_were_not_assessed_are_one_section_without_stars() -> None:
    bare = msgspec.structs.replace(result("a", RACK), decode_interval=None)
    shown = report(run_of(unrated(bare)))
    assert sections(shown.sections) == [("Benchmarks", [("a", False)])]
    assert (shown.tiers, shown.recommendation, shown.legend) == ((), None, ())


def test_figures_that_are_missing_are_dashes() -> None:
    bare = msgspec.structs.replace(
        result("unlisted", RACK),
        decode_tps=None,
        decode_interval=None,
        ttft_s=None,
        load_s=None,
        gpu_share=None,
    )
    ((section),) = report(run_of(unrated(bare))).sections
    assert section.rows[0].cells == ("unlisted", "rack.example:8080", *["–"] * 4)


def test_a_run_without_a_sandbox_says_that_items_were_left_out() -> None:
    record = QualityRecord(host=DESK, model="a", bank="1", seed=1, mix="easy", left_out=("sandbox",))
    run = msgspec.structs.replace(run_of(result("a", DESK)), quality_records=(record,))
    assert any(line.startswith("Items that run code were left out: pip install") for line in report(run).legend)
