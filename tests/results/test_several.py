from datetime import UTC, datetime

import msgspec

from ollama_speedrun.benchmark.plan import BenchmarkSettings
from ollama_speedrun.benchmark.types import Result
from ollama_speedrun.results.several import differences, merged, of_results
from ollama_speedrun.results.types import Document
from ollama_speedrun.visit.types import LoadedBefore, Resident
from specimens import DESK, RACK, document, result


def run(day: int, *results: Result, num_ctx: int = 4096) -> Document:
    return msgspec.structs.replace(
        document(),
        started_at=datetime(2026, 1, day, tzinfo=UTC),
        settings=BenchmarkSettings(num_ctx=num_ctx),
        results=results,
        assessments=(),
    )


def test_of_two_results_of_a_model_the_newer_stays_whatever_the_order_of_the_files() -> None:
    older, newer = run(1, result("a", DESK, tps=10.0), result("b", DESK)), run(2, result("a", DESK, tps=20.0))
    for documents in ([older, newer], [newer, older]):
        whole = merged(documents)
        assert {(one.model, one.decode_tps) for one in whole.results} == {("a", 20.0), ("b", 56.23)}
        assert (whole.started_at.day, whole.run_id) == (1, None)


def test_a_newer_failure_does_not_replace_a_result() -> None:
    failed = msgspec.structs.replace(result("a", DESK), status="failed", decode_tps=None)
    whole = merged([run(1, result("a", DESK, tps=10.0)), run(2, failed)])
    assert [(one.status, one.decode_tps) for one in whole.results] == [("ok", 10.0)]


def test_the_same_model_on_another_host_or_in_another_variant_is_another_result() -> None:
    whole = merged([run(1, result("a", DESK)), run(2, result("a", RACK), result("a", DESK, variant="direct"))])
    assert len(whole.results) == 3


def test_what_was_loaded_before_is_that_of_the_newest_document_that_knows_it() -> None:
    def seen(day: int, host: str, *names: str) -> LoadedBefore:
        moment = datetime(2026, 1, day, tzinfo=UTC)
        return LoadedBefore(host=host, seen_at=moment, models=tuple(Resident(model=name) for name in names))

    older = msgspec.structs.replace(run(1), loaded_before=(seen(1, DESK, "a"), seen(1, RACK, "b")))
    newer = msgspec.structs.replace(run(2), loaded_before=(seen(2, DESK),))
    for documents in ([older, newer], [newer, older]):
        assert merged(documents).loaded_before == (seen(2, DESK), seen(1, RACK, "b"))


def test_a_single_document_stays_as_it_is() -> None:
    assert merged([document()]) is not None
    assert merged([document()]) == document()


def test_settings_that_differ_are_named_with_their_values() -> None:
    assert differences([run(1, num_ctx=4096), run(2, num_ctx=8192)]) == ("num_ctx 4096 and 8192",)
    assert differences([run(1), run(2)]) == ()


def test_what_is_not_taken_leaves_nothing_behind() -> None:
    part = of_results(document(), lambda one: one.model == "llama3.1:8b")
    assert [one.model for one in part.results] == ["llama3.1:8b"]
    assert [one.name for one in part.models] == ["llama3.1:8b"]
    assert [one.model for one in part.assessments] == ["llama3.1:8b"]
