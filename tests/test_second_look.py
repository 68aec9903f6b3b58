"""Which tiers begin another mix, decided from records alone."""

from collections.abc import Sequence

import msgspec
import pytest

from ollama_speedrun import Run
from ollama_speedrun.benchmark.plan import BenchmarkSettings
from ollama_speedrun.pipeline.examiner import Examiner, exam_settings
from ollama_speedrun.quality import grading
from ollama_speedrun.quality.desk import Desk
from ollama_speedrun.quality.exam import Exam
from ollama_speedrun.quality.items import Grade
from ollama_speedrun.quality.mixes import Mix
from ollama_speedrun.quality.records import AnswerRecord, ItemRecord, QualityRecord

SETTINGS = BenchmarkSettings(areas=("facts",))


def examiner(mix: Mix = Mix.MIDDLE) -> Examiner:
    exam = Exam(exam_settings(SETTINGS), seed=5)
    exam.adopt("4-8", mix)
    desk = Desk(exam, tier_of=lambda *_: "4-8")
    return Examiner(desk, grade=grading.grade, record=Run(), emit=lambda _: None)


def answers(right: int, count: int = 10) -> tuple[ItemRecord, ...]:
    return tuple(
        ItemRecord(
            item=f"i{place}",
            area="facts",
            family="f",
            level=3,
            place=place,
            answers=(AnswerRecord(content="x", ended_ns=10**9),),
            grade=Grade(score=float(place < right), strict=0.0, extracted="x", why=""),
        )
        for place in range(count)
    )


def tier(*rights: int, mix: str = "middle", count: int = 10) -> Sequence[QualityRecord]:
    return [
        QualityRecord(host="h", model=f"m{number}", bank="1", seed=5, mix=mix, places=300, items=answers(right, count))
        for number, right in enumerate(rights)
    ]


def test_a_tier_whose_better_half_knows_nearly_everything_begins_a_harder_mix() -> None:
    asked = examiner()

    assert asked.second_look("4-8", tier(10, 9, 3, 1)) == (Mix.MIDDLE, Mix.HARD)
    asked.change_mix("4-8", Mix.HARD)
    assert asked.second_look("4-8", tier(10, 9, 3, 1)) is None  # whose mix is no longer the tier's


@pytest.mark.parametrize(
    "racers",
    [
        tier(7, 6, 2, 1),
        tier(10),
        tier(),
        tier(10, 10, mix="easy"),
        tier(40, 40, count=40),
    ],
    ids=["in between", "alone", "nobody", "asked another mix", "known from an earlier run"],
)
def test_a_tier_keeps_its_mix_where_it_tells_models_apart_or_nothing_can_be_told(
    racers: Sequence[QualityRecord],
) -> None:
    assert examiner().second_look("4-8", racers) is None


def test_a_tier_without_a_mix_is_left_alone() -> None:
    assert examiner().second_look("16+", tier(10, 10)) is None


def test_a_mix_is_not_changed_twice_whatever_the_answers_to_the_second_one_are() -> None:
    asked = examiner(Mix.HARD)
    begun = [asked.begun_anew(record, Mix.HARD) for record in tier(10, 10)]
    racers = [msgspec.structs.replace(one, items=(*one.items, *answers(0))) for one in begun]

    assert [entry.is_counted for entry in begun[0].items] == [False] * 10
    assert asked.second_look("4-8", racers) is None
    assert asked.second_look("4-8", tier(0, 0, mix="hard")) == (Mix.HARD, Mix.BASIC)
