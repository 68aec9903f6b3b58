import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_speedrun.assessment.recommend import assess
from ollama_speedrun.errors import ResultFileError
from ollama_speedrun.results.codec import decode, encode
from ollama_speedrun.results.types import SCHEMA_VERSION
from ollama_speedrun.results.upgrades import UPGRADES, upgrade

SPECIMENS = Path(__file__).parent / "specimens"
VERSION_1 = (SPECIMENS / "version-1.json").read_bytes()


def test_every_older_version_has_its_step_and_a_specimen() -> None:
    assert list(UPGRADES) == list(range(1, SCHEMA_VERSION))
    assert sorted(path.name for path in SPECIMENS.iterdir()) == [f"version-{version}.json" for version in UPGRADES]


def test_a_file_of_version_1_is_read_with_all_that_it_holds() -> None:
    read = decode(VERSION_1, origin="old.json")
    written = json.loads(VERSION_1)
    again = json.loads(encode(read))
    assert read.schema_version == SCHEMA_VERSION
    assert [
        set(old.items()) <= set(new.items())
        for old, new in zip(figures(with_later_fields(written)), figures(again), strict=True)
    ] == [
        True,
        True,
    ]
    assert again["hosts"] == [{**host, "names": []} for host in written["hosts"]]
    assert again["models"] == [
        {**model, "format": None, "drafts": None, "aliases": [], "kv_cache": None, "base": None}
        for model in written["models"]
    ]


def with_later_fields(document: dict[str, Any]) -> dict[str, Any]:
    """The document with the fields that records of a stream have today, without a value: they are unknown here."""

    def later(record: dict[str, Any] | None) -> dict[str, Any] | None:
        return record and {
            **record,
            "first_lag_ns": None,
            "last_lag_ns": None,
            "asked_again": None,
            "round_trip_ns": None,
        }

    results = [
        {
            **one,
            "warm_up": later(one["warm_up"]),
            "interview": later(one["interview"]),
            "trials": [later(trial) for trial in one["trials"]],
        }
        for one in document["results"]
    ]
    return {**document, "results": results}


def figures(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The results, their lists and structs as text so that they can be compared as a set."""
    return [
        {key: json.dumps(value, sort_keys=True) for key, value in one.items() if key != "scores"}
        for one in document["results"]
    ]


def test_a_verdict_and_scores_by_the_length_of_answers_are_dropped() -> None:
    read = decode(VERSION_1, origin="old.json")
    scores = [one.scores for one in read.assessments if one.scores]
    assert read.verdict is None
    assert scores
    assert [(one.overall, one.quality) for one in scores] == [(None, None)] * len(scores)


def test_a_file_of_version_1_is_given_what_it_says_of_server_and_model() -> None:
    read = decode(VERSION_1, origin="old.json")
    digests = {model.name: model.digest for model in read.models}
    assert [(one.server_version, one.digest, one.model_format) for one in read.results] == [
        ("0.33.0", digests[one.model], None) for one in read.results
    ]
    assert (read.ended_at, read.settings, read.context, read.workload_version) == (None, None, None, None)


def test_a_file_of_version_1_is_the_same_run_whenever_it_is_read() -> None:
    other = json.loads(VERSION_1) | {"started_at": "2026-11-25T09:31:12.369952Z"}
    first, second = (decode(VERSION_1, origin="old.json").run_id for _ in range(2))
    assert first == second
    assert first != decode(json.dumps(other).encode(), origin="other.json").run_id


def test_what_was_read_from_version_1_is_assessed_as_it_was() -> None:
    read = decode(VERSION_1, origin="old.json")
    assessments, _ = assess(read.models, read.results)
    assert assessments == read.assessments


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)
documents = st.fixed_dictionaries({}, optional=dict.fromkeys(("hosts", "models", "results", "started_at"), values))


@given(documents)
def test_a_damaged_file_of_an_older_version_is_an_error_that_names_it(damaged: dict[str, Any]) -> None:
    """Only the upgrade's own steps are looked at: no value may make them fail."""
    assert upgrade(damaged, version=1, to=SCHEMA_VERSION)["schema_version"] == SCHEMA_VERSION


@pytest.mark.parametrize("changed", [{"results": [1]}, {"results": {}}, {"hosts": 3}, {"models": [[]]}])
def test_a_file_of_version_1_with_a_damaged_list_is_refused(changed: dict[str, Any]) -> None:
    damaged = json.dumps(json.loads(VERSION_1) | changed).encode()
    with pytest.raises(ResultFileError, match=r"^old\.json is damaged: "):
        decode(damaged, origin="old.json")
