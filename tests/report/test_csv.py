import csv
import io

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_speedrun.report.csv import COLUMNS, render
from ollama_speedrun.report.text import clean
from specimens import DESK, IMAGE, RACK, document, result, run_of

FORMULA_SIGNS = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")

HEADINGS = [column.heading for column in COLUMNS]


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def test_each_result_is_a_line_with_its_figures_unrounded() -> None:
    first = rows(render(document()))[0]
    assert first == dict.fromkeys(HEADINGS, "") | {
        "host": DESK,
        "model": "smollm2:135m",
        "status": "ok",
        "decode_tps": "104.4",
        "ttft_s": "0.34",
        "load_s": "2.1",
        "total_s": "9.1",
        "prompt_tokens": "311",
        "output_tokens": "512",
        "gpu_share": "1.0",
        "tier": "<2",
        "decode_low_tps": str(104.4 / 1.02),
        "decode_high_tps": str(104.4 * 1.02),
        "decode_trials": "5",
        "digest": "d" * 64,
        "size_bytes": "250000000",
        "parameter_size": "8.0B",
        "quantization": "Q4_K_M",
        "family": "llama",
        "kind": "chat",
        "quality_score": "90.0",
        "quality_low": "82.0",
        "quality_high": "96.0",
        "quality_strict": "80.0",
        "quality_items": "25",
        "quality_truncated_share": "0.0",
        "quality_repeated_share": "0.04",
        "quality_protocol": "chat",
        "quality_mix": "easy",
        "quality_identity": "0123456789abcdef",
        "seconds_to_correct_answer": "1.5",
        "overall": "39.96",
        "classic_speed": "77.0",
        "classic_quality": "77.0",
        "classic_composite": "77.0",
    }


def test_a_failure_has_its_reason_and_no_figure() -> None:
    failed = rows(render(document()))[3]
    assert {key: value for key, value in failed.items() if value} == {
        "host": RACK,
        "model": "phi3:mini",
        "status": "failed",
        "reason": "the stream ended early; look at its log",
        "digest": "d" * 64,
        "size_bytes": "4600000000",
        "parameter_size": "8.0B",
        "quantization": "Q4_K_M",
        "family": "llama",
        "kind": "chat",
    }


def test_caveats_are_named_by_kind() -> None:
    assert [row["caveats"] for row in rows(render(document()))] == ["", "partly-on-gpu queued", "queued", "", "", ""]


def test_an_embedding_model_has_figures_of_its_own() -> None:
    embedding = rows(render(document()))[5]
    assert {key: value for key, value in embedding.items() if key.startswith("embedding_")} == {
        "embedding_dimension": "768",
        "embedding_batch_1_per_s": "41.5",
        "embedding_batch_32_per_s": "310.2",
    }


def test_variant_and_image_have_columns() -> None:
    seeing = msgspec.structs.replace(result("m", DESK, variant="thinking"), image=IMAGE)
    (row,) = rows(render(run_of(seeing)))
    assert (row["variant"], row["image_tokens"], row["image_prefill_s"]) == ("thinking", "260", "0.31")


def test_lines_end_as_rfc_4180_says() -> None:
    text = render(document())
    assert text.count("\r\n") == text.count("\n") == len(document().results) + 1


def test_without_results_the_models_are_listed_and_without_models_the_hosts() -> None:
    listed = msgspec.structs.replace(document(), results=())
    found = msgspec.structs.replace(listed, models=())
    assert [row["name"] for row in rows(render(listed))] == [model.name for model in document().models]
    assert [row["url"] for row in rows(render(found))] == [DESK, RACK]


def test_a_run_that_found_nothing_is_a_heading() -> None:
    nothing = msgspec.structs.replace(document(), results=(), models=(), hosts=())
    assert render(nothing) == ",".join(HEADINGS) + "\r\n"


@pytest.mark.parametrize("sign", FORMULA_SIGNS)
def test_a_name_is_never_a_formula(sign: str) -> None:
    run = run_of(result(f" \t{sign}cmd|' /C calc'!A0", DESK))
    assert rows(render(run))[0]["model"] == f"'{sign}cmd|' /C calc'!A0"


@pytest.mark.parametrize(
    ("name", "shown"),
    [("a;=1+1", "a;'=1+1"), ("a; @x", "a; '@x"), ("a|-1", "a|'-1"), ("a,+1", "a,'+1"), ("q4-k;m=1", "q4-k;m=1")],
)
def test_a_formula_behind_another_separator_is_none(name: str, shown: str) -> None:
    assert rows(render(run_of(result(name, DESK))))[0]["model"] == shown


@given(st.text())
def test_any_name_comes_back_from_the_file_as_it_is_shown(name: str) -> None:
    run = run_of(result(name, DESK), result("next", DESK))
    read = rows(render(run))
    assert read[0]["model"].replace("'", "") == clean(name, 1000).replace("'", "")
    assert not read[0]["model"].startswith(FORMULA_SIGNS)
    assert read[1]["model"] == "next"
