import csv
import io

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_speedrun.report.csv import COLUMNS, FORMULA_SIGNS, render
from ollama_speedrun.report.text import clean
from specimens import DESK, RACK, document, result


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def test_each_result_is_a_line_with_its_figures_unrounded() -> None:
    first = rows(render(document()))[0]
    assert first == dict.fromkeys(COLUMNS, "") | {
        "host": DESK,
        "model": "smollm2:135m",
        "status": "ok",
        "decode_tps": "104.4",
        "ttft_s": "0.34",
        "load_s": "2.1",
        "total_s": "9.1",
        "prompt_tokens": "311",
        "output_tokens": "512",
        "tier": "<2",
        "digest": "d" * 64,
        "size_bytes": "268435456",
        "parameter_size": "8.0B",
        "quantization": "Q4_K_M",
        "family": "llama",
        "kind": "chat",
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
        "size_bytes": "4939212390",
        "parameter_size": "8.0B",
        "quantization": "Q4_K_M",
        "family": "llama",
        "kind": "chat",
    }


def test_caveats_are_named_by_kind() -> None:
    assert [row["caveats"] for row in rows(render(document()))] == ["", "partly-on-gpu queued", "queued", "", ""]


def test_lines_end_as_rfc_4180_says() -> None:
    text = render(document())
    assert text.count("\r\n") == text.count("\n") == len(document().results) + 1


def test_a_run_without_results_is_a_heading() -> None:
    assert render(msgspec.structs.replace(document(), results=())) == ",".join(COLUMNS) + "\r\n"


@pytest.mark.parametrize("sign", FORMULA_SIGNS)
def test_a_name_is_never_a_formula(sign: str) -> None:
    run = msgspec.structs.replace(document(), results=(result(f" \t{sign}cmd|' /C calc'!A0", DESK),))
    assert rows(render(run))[0]["model"] == f"'{sign}cmd|' /C calc'!A0"


@given(st.text())
def test_any_name_comes_back_from_the_file_as_it_is_shown(name: str) -> None:
    run = msgspec.structs.replace(document(), results=(result(name, DESK), result("next", DESK)))
    read = rows(render(run))
    assert read[0]["model"].removeprefix("'") == clean(name, 1000).removeprefix("'")
    assert not read[0]["model"].startswith(FORMULA_SIGNS)
    assert read[1]["model"] == "next"
