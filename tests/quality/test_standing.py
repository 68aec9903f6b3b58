import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ollama_speedrun.quality.items import Grade
from ollama_speedrun.quality.race_types import Eliminated, Race, Rules, Withdrawn
from ollama_speedrun.quality.records import AnswerRecord, ItemRecord, QualityRecord
from ollama_speedrun.quality.standing import arm_name, arms_of, by_mix, key_of, standing
from ollama_speedrun.quality.verdicts import CertifiedBest, verdict

RULES = Rules()


def record(model: str, credits_: list[float], *, places: int | None = 200, **changes: object) -> QualityRecord:
    items = tuple(
        ItemRecord(
            item=f"i{place}",
            area="facts",
            family="f",
            level=1,
            place=place,
            answers=(AnswerRecord(content="x", ended_ns=10**9, output_tokens=7),),
            grade=Grade(score=credit, strict=credit, extracted="x", why=""),
        )
        for place, credit in enumerate(credits_)
    )
    fields = {"host": "http://desk:11434", "bank": "1", "seed": 1, "mix": "easy", "places": places, **changes}
    return QualityRecord(model=model, items=items, **fields)  # type: ignore[arg-type]


def raced(*records: QualityRecord, **more: object) -> Race:
    race = standing(records, RULES, **more)
    assert race is not None
    return race


def test_a_model_that_is_far_behind_is_eliminated_and_the_other_certified() -> None:
    race = raced(record("able", [1.0] * 60), record("poor", [0.0] * 60))

    assert isinstance(race.lanes[1].fate, Eliminated)
    said = verdict(race)
    assert isinstance(said, CertifiedBest)
    assert said.pick == arm_name(("http://desk:11434", "able", None))
    assert said.basis.tokens > 0


def test_one_model_alone_and_base_models_and_copies_do_not_race() -> None:
    able = record("able", [1.0] * 10)

    assert standing([able], RULES) is None
    assert standing([able, record("base", [1.0] * 10, protocol="3-shot")], RULES) is None
    assert standing([able, record("copy", [1.0] * 10, measured_on="http://rack:11434")], RULES) is None
    assert standing([able, record("own", [1.0] * 10, places=None)], RULES) is None


def test_a_model_that_left_stays_out() -> None:
    race = raced(record("a", [1.0, 0.0]), record("b", [0.0, 1.0], not_asked="its host is gone"))

    assert race.lanes[1].fate == Withdrawn("its host is gone")
    assert race.is_over


@pytest.mark.parametrize(("load_s", "expected"), [(8.0, 8.0), (None, None)])
def test_what_a_load_costs_comes_from_the_first_load_and_the_answers_of_the_first_batch(
    load_s: float | None, expected: float | None
) -> None:
    first = record("a", [1.0, 0.0, 1.0], load_s=load_s)  # a second each
    slow = msgspec.structs.replace(
        first.items[0], place=RULES.first_batch, answers=(AnswerRecord(content="x", ended_ns=30 * 10**9),)
    )

    later = msgspec.structs.replace(first, items=(*first.items, slow))

    assert [arm.load_items for arm in arms_of([first, later], RULES)] == [expected, expected]


def test_records_of_another_order_race_apart() -> None:
    records = [record("a", [1.0]), record("b", [1.0], seed=2), record("c", [1.0], mix="hard"), record("d", [1.0])]

    assert [[one.model for one in group] for group in by_mix(records).values()] == [["a", "d"], ["b"], ["c"]]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(st.sampled_from([0.0, 1.0]), min_size=12, max_size=40), min_size=2, max_size=4), st.randoms())
def test_the_standing_does_not_depend_on_the_order_in_which_answers_came(
    answers: list[list[float]], shuffler: object
) -> None:
    records = [record(f"m{number}", credits_) for number, credits_ in enumerate(answers)]
    shuffled = [
        QualityRecord(
            **{name: getattr(one, name) for name in one.__struct_fields__}
            | {"items": tuple(sorted(one.items, key=lambda _: shuffler.random()))}  # type: ignore[attr-defined]
        )
        for one in records
    ]

    assert [lane.fate for lane in raced(*records).lanes] == [lane.fate for lane in raced(*shuffled).lanes]
    assert raced(*records).is_over == raced(*shuffled).is_over


@pytest.mark.parametrize("variant", [None, "thinking"])
def test_the_name_of_an_arm_tells_variants_apart(variant: str | None) -> None:
    one = record("m", [1.0], variant=variant)

    assert arm_name(key_of(one)).startswith("m" if variant is None else "m (thinking)")
