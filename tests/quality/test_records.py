import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_speedrun.quality import records
from ollama_speedrun.quality.items import Grade
from ollama_speedrun.quality.records import AnswerRecord, ItemRecord, QualityRecord


def asked(name: str, score: float, *, seconds: float = 1.0, counted: bool = True, load_s: float = 0.0) -> ItemRecord:
    return ItemRecord(
        item=name,
        area="facts",
        family="capital",
        level=1,
        answers=(AnswerRecord(content="x", ended_ns=int((seconds + load_s) * 1e9), load_ns=int(load_s * 1e9)),),
        grade=Grade(score=score, strict=score, extracted="x", why="as expected"),
        is_counted=counted,
    )


def of(*items: ItemRecord) -> QualityRecord:
    return QualityRecord(host="http://desk:11434", model="m:1b", bank="1", seed=7, mix="easy", items=items)


def test_the_seconds_of_an_item_and_the_share_of_right_ones_are_means() -> None:
    found = of(asked("a", 1, seconds=2), asked("b", 0, seconds=4))

    assert records.item_s(found) == pytest.approx(3.0)
    assert records.accuracy(found) == pytest.approx(0.5)


def test_loading_is_no_part_of_the_seconds_of_an_item() -> None:
    assert asked("a", 1, seconds=2, load_s=30).seconds == pytest.approx(2)


def test_what_a_gateway_held_up_is_no_part_of_the_seconds_of_an_item() -> None:
    held = msgspec.structs.replace(asked("a", 1, seconds=5).answers[0], held_ns=3_000_000_000)
    assert msgspec.structs.replace(asked("a", 1), answers=(held,)).seconds == pytest.approx(2)


def test_nothing_asked_has_no_seconds_and_no_accuracy() -> None:
    assert records.item_s(of()) is None
    assert records.accuracy(of()) is None


def test_pilots_and_ungradable_answers_do_not_count() -> None:
    ungradable = ItemRecord(
        item="c",
        area="code",
        family="function",
        level=2,
        answers=(),
        grade=Grade(score=0, strict=0, extracted="", why="no module", status="ungradable"),
    )

    assert [entry.item for entry in of(asked("a", 1), asked("b", 1, counted=False), ungradable).counted] == ["a"]


@given(st.text(max_size=300), st.integers(3, 100))
def test_a_kept_text_is_bounded_and_whole_where_it_fits(text: str, limit: int) -> None:
    kept = records.bounded(text, limit)

    assert len(kept) <= limit
    assert kept == text or len(text) > limit


def test_tools_and_vision_do_not_enter_the_quality_that_all_models_are_ranked_by() -> None:
    tool = ItemRecord(
        item="t",
        area="tools",
        family="calls",
        level=1,
        answers=(),
        grade=Grade(score=0, strict=0, extracted="", why=""),
    )
    found = records.score([asked("a", 1), tool])

    assert found is not None
    assert found.score == 100
    assert set(records.common_areas([tool])) == {"tools"}
