"""The decode rate by what is written."""

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from benchmark.test_second_turn import MODEL, SETTINGS, measured
from ollama_speedrun.benchmark.content import content_rate
from ollama_speedrun.benchmark.plan import Extra
from records import MS, record

WITHOUT_TURNS = msgspec.structs.replace(SETTINGS, second_turn=Extra.OFF)

DRAFTS = msgspec.structs.replace(
    MODEL,
    parameters="draft_num_predict 4",
    decode_tps=200,
    rates={"only the code": 300.0, "only the JSON": 260.0},
)


@pytest.mark.virtual_time
@pytest.mark.parametrize(
    ("changes", "wanted", "rates"),
    [
        ({}, Extra.AUTO, {"prose": 200.0, "code": 300.0, "json": 260.0}),
        ({}, Extra.OFF, {}),
        ({"parameters": None}, Extra.AUTO, {}),
        ({"parameters": None}, Extra.ON, {"prose": 200.0, "code": 300.0, "json": 260.0}),
    ],
)
async def test_code_and_json_are_timed_where_drafts_make_them_differ_or_where_asked(
    changes: dict[str, Any], wanted: Extra, rates: Mapping[str, float]
) -> None:
    script = msgspec.structs.replace(DRAFTS, **changes)
    result, _, _ = await measured(script, msgspec.structs.replace(WITHOUT_TURNS, content=wanted))
    assert {one.kind: one.decode_tps for one in result.content} == pytest.approx(rates, rel=1e-6)
    assert [one.kind for one in result.content if one.is_scored] == (["prose"] if rates else [])
    assert result.decode_tps == pytest.approx(200.0)


def test_a_kind_whose_trials_were_too_short_has_no_rate() -> None:
    assert content_rate("code", [record(eval_count=3)]) is None
    found = content_rate("code", [record(eval_count=3), record(), record(eval_duration_ns=1020 * MS)])
    assert found is not None
    assert found.decode_tps == pytest.approx(100 / 1.02**0.5)
    assert found.trials == 2
