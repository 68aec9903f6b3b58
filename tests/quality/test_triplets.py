"""Triplets against a model that counts words, and against one that knows the meanings."""

import math
import re
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_speedrun.quality.items import LEVELS
from ollama_speedrun.quality.triplets import MOST_TRIPLETS, Triplet, accuracy, nearer, triplets

SYNONYMS = {
    "physician": "doctor", "schoolmaster": "teacher", "robber": "thief", "kid": "child", "attorney": "lawyer",
    "author": "writer", "seaman": "sailor", "police officer": "policeman", "chef": "cook", "grower": "farmer",
    "phoned": "called", "assisted": "helped", "employed": "hired", "commended": "praised", "replied to": "answered",
    "deceived": "cheated", "pursued": "chased", "offended": "insulted", "midday": "noon", "daily": "every day",
    "two times": "twice", "autumn": "the fall", "immediately": "right away", "repeatedly": "again and again",
}  # fmt: skip


def meaning(text: str) -> str:
    for word, plain in SYNONYMS.items():
        text = re.sub(rf"\b{word}\b", plain, text.lower())
    return text


def shared_words(one: str, two: str) -> int:
    return (Counter(re.findall(r"\w+", one.lower())) & Counter(re.findall(r"\w+", two.lower()))).total()


def test_triplets_are_the_same_for_a_seed_all_different_and_bounded() -> None:
    made = triplets(7, 100)

    assert made == triplets(7, 100)
    assert made != triplets(8, 100)
    assert len(set(made)) == 100
    assert Counter(each.level for each in made) == dict.fromkeys(LEVELS, 20)
    assert len(triplets(7, 10_000)) == MOST_TRIPLETS
    assert triplets(7, 0) == ()


@pytest.mark.parametrize("level", [1, 2, 3])
def test_the_paraphrase_means_the_same_and_the_distractor_does_not(level: int) -> None:
    for each in triplets("sentences", MOST_TRIPLETS, (level,)):
        assert meaning(each.paraphrase) == meaning(each.anchor)
        assert meaning(each.distractor) != meaning(each.anchor)


@pytest.mark.parametrize("level", [2, 3, 4, 5])
def test_the_distractor_shares_more_words_than_the_paraphrase(level: int) -> None:
    for each in triplets("overlap", MOST_TRIPLETS, (level,)):
        assert shared_words(each.anchor, each.distractor) > shared_words(each.anchor, each.paraphrase)


@pytest.mark.parametrize("level", [4, 5])
def test_names_of_another_language_are_as_many_and_one_name_is_exchanged(level: int) -> None:
    for each in triplets("names", 100, (level,)):
        anchor, paraphrase, distractor = (text.split(", ") for text in (each.anchor, each.paraphrase, each.distractor))
        assert len(anchor) == len(paraphrase) == len(distractor) == (3 if level == 4 else 5)
        assert anchor[:-1] == distractor[:-1]
        assert anchor[-1] != distractor[-1]


def test_a_model_that_counts_words_fails_where_the_distractor_shares_them() -> None:
    made = triplets("words", 60, (2, 3))
    vocabulary = sorted({word for each in made for text in texts(each) for word in re.findall(r"\w+", text.lower())})

    def embed(text: str) -> list[float]:
        counts = Counter(re.findall(r"\w+", text.lower()))
        return [float(counts[word]) for word in vocabulary]

    assert accuracy([(embed(a), embed(p), embed(d)) for a, p, d in map(texts, made)]) == 0.0


def texts(each: Triplet) -> tuple[str, str, str]:
    return each.anchor, each.paraphrase, each.distractor


def test_accuracy_is_the_share_of_nearer_paraphrases() -> None:
    right = ([1.0, 0.0], [2.0, 0.1], [0.0, 1.0])
    wrong = ([1.0, 0.0], [0.0, 1.0], [2.0, 0.1])

    assert accuracy([right, wrong, right, right]) == 0.75
    assert accuracy([]) is None


@pytest.mark.parametrize(
    ("anchor", "paraphrase", "distractor"),
    [
        ([1.0, 0.0], [1.0, 0.0], [1.0, 0.0]),
        ([0.0, 0.0], [1.0, 0.0], [0.0, 1.0]),
        ([1.0, 0.0], [1.0], [0.0, 1.0]),
        ([1.0, 0.0], [math.nan, 0.0], [0.0, 1.0]),
        ([1.0, 0.0], [math.inf, 0.0], [0.0, 1.0]),
        ([], [], []),
    ],
)
def test_what_cannot_be_compared_is_wrong(
    anchor: list[float], paraphrase: list[float], distractor: list[float]
) -> None:
    assert not nearer(anchor, paraphrase, distractor)


@given(st.lists(st.floats(), max_size=4), st.lists(st.floats(), max_size=4), st.lists(st.floats(), max_size=4))
def test_no_vectors_make_it_raise(one: list[float], two: list[float], three: list[float]) -> None:
    assert nearer(one, two, three) in {True, False}
