from typing import Any

from ollama_speedrun.quality.items import Grade
from ollama_speedrun.quality.records import ItemRecord, QualityRecord
from ollama_speedrun.quality.sharing import agrees, identity, shared


def graded(*scores: float) -> tuple[ItemRecord, ...]:
    return tuple(
        ItemRecord(
            item=f"facts/capital/1/{place}",
            area="facts",
            family="capital",
            level=1,
            answers=(),
            grade=Grade(score=score, strict=score, extracted="", why=""),
        )
        for place, score in enumerate(scores)
    )


def record(host: str, *scores: float, identity: str | None = "same", variant: str | None = None) -> QualityRecord:
    items = graded(*scores)
    return QualityRecord(
        host=host, model="m", variant=variant, bank="1", seed=1, mix="easy", identity=identity, items=items
    )


def test_two_hosts_agree_while_few_grades_flip() -> None:
    assert agrees(graded(*[1] * 10), graded(*[0, 0, *[1] * 8]))
    assert not agrees(graded(*[1] * 10), graded(*[0, 0, 0, *[1] * 7]))


def test_a_checked_model_takes_over_the_answers_of_its_equal() -> None:
    full, check = record("a", *[1] * 20), record("b", *[1] * 10)

    found = shared([check, full])

    assert found[0].items == full.items
    assert (found[0].host, found[0].measured_on) == ("b", "a")
    assert found[1] == full


def test_one_that_disagrees_keeps_its_own_answers() -> None:
    full, check = record("a", *[1] * 20), record("b", *[0] * 10)

    assert shared([full, check]) == (full, check)


def test_nothing_is_shared_between_variants_or_without_an_identity() -> None:
    full = record("a", *[1] * 20)
    others = [record("b", *[1] * 10, variant="thinking"), record("c", *[1] * 10, identity=None)]

    assert shared([full, *others]) == (full, *others)


def test_the_identity_changes_with_digest_format_prompt_and_context() -> None:
    facts: dict[str, Any] = {
        "digest": "ab",
        "model_format": "gguf",
        "rendered": "x",
        "server_version": "0.33.0",
        "context_tokens": 4096,
    }
    changes: tuple[dict[str, Any], ...] = (
        {},
        {"digest": "cd"},
        {"model_format": "safetensors"},
        {"rendered": "y"},
        {"rendered": None},
        {"context_tokens": 32_768},
        {"context_tokens": None},
    )
    identities = {identity(**facts | change) for change in changes}

    assert len(identities) == 7
    assert identity(**facts | {"server_version": "0.34.0"}) == identity(**facts)
