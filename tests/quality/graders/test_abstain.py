import pytest

from ollama_speedrun.quality.graders.abstain import abstains, grade_abstain
from ollama_speedrun.quality.items import AbstainKey

UNANSWERABLE = AbstainKey(())
ANSWERABLE = AbstainKey(("Marta",))

ABSTENTIONS = [
    "Unknown",
    "unknown.",
    "**Unknown**",
    "Answer: unknown",
    "The answer is unknown.",
    "I don't know.",
    "I don’t know.",
    "I do not know",
    "I dont know",
    "I'm not sure.",
    "It cannot be determined.",
    "This can't be determined from the text.",
    "This can’t be determined from the text.",
    "The text does not say.",
    "The text doesn’t say who painted the boat.",
    "The passage does not mention her age.",
    "The passage only talks about the harvest. It does not say who owned the farm.",
    "Not mentioned",
    "Not stated in the text.",
    "Not enough information.",
    "There is not enough information to answer this question.",
    "The information is not provided.",
    "N/A",
    "None.",
    "Nobody.",
    "There is no such country.",
    "No such country exists.",
    "Zandoria does not exist.",
    "Zandoria is a fictional country, so it has no capital.",
    "There is no country called Zandoria.",
    "I'm not aware of any country named Zandoria.",
    "I am unable to find any information about it.",
    "I couldn't find a country with that name.",
    "Sorry, I have no information about that.",
    "I'm sorry, but I cannot answer that question.",
    "Einstein did not win a second Nobel Prize.",
    "He never won it.",
    "The premise is wrong: Einstein won a single Nobel Prize.",
    "Actually, that never happened.",
    "No one has walked on Mars.",
    "It is impossible to tell.",
    "Sure! The text does not specify this.",
    "The text does not say how many of the 12 workers were from abroad.",
    "I cannot say for certain, but it is not mentioned in the text.",
    "The text does not say, but it mentions that there are 12 workers.",
    "It is not stated; it could be any of them.",
    "Unfortunately, the passage does not state the name of the captain.",
    "<answer>unknown</answer>",
    "The text does not specifically say.",
    "I cannot possibly know that.",
    "It can't be reliably determined.",
    "Not in the text.",
    "None mentioned.",
    "It was Bell, not Edison, who did that.",
    "I’m unfamiliar with that country.",
    "I couldn’t locate any such country.",
    "That doesn’t seem to exist.",
    "It isn’t stated; the author should be asked.",
    "The document makes no reference to it.",
    "The captain is not named.",
]
VALUES = [
    "",
    "Marta",
    "42",
    "Zandor City",
    "The capital of Zandoria is Zandor City.",
    "I don't know, but maybe Marta.",
    "I don’t know, but it is probably Marta.",
    "I'm not sure, but I think it is Marta.",
    "The text does not say, but it is likely that Marta did it.",
    "The text does not say. Perhaps Marta.",
    "It cannot be determined exactly. My best guess is 42.",
    "The text does not say, but it is 42.",
    "The text does not state it, but the answer is 42.",
    "42. The text does not say so explicitly.",
    "Marta. Although it is not stated.",
    "The answer is 42, although the text does not say so.",
    "The capital of Zandoria is Zandor City. Zandoria is a fictional country.",
    "In 1935.",
    "Knowing",
    "He won it in 1935 for his work.",
    "The unknowns are many",
]


@pytest.mark.parametrize("text", ABSTENTIONS)
def test_saying_that_there_is_no_answer_is_right_where_there_is_none(text: str) -> None:
    assert grade_abstain(UNANSWERABLE, text).score == 1.0
    assert grade_abstain(ANSWERABLE, text).score == 0.0


@pytest.mark.parametrize("text", VALUES)
def test_giving_a_value_is_wrong_where_there_is_no_answer(text: str) -> None:
    assert grade_abstain(UNANSWERABLE, text).score == 0.0


@pytest.mark.parametrize(
    ("text", "score", "strict"),
    [
        ("Marta", 1, 1),
        ("**Marta**", 1, 0),
        ("It was Marta.", 1, 0),
        ("Answer: Marta", 1, 0),
        ("I am not sure, but I think it was Marta.", 1, 0),
        ("The text does not say that it was Marta.", 0, 0),
        ("Unknown", 0, 0),
        ("Ines", 0, 0),
        ("Martina", 0, 0),
        ("", 0, 0),
        ("unknown, Marta, 42, there is no such country", 0, 0),
    ],
)
def test_an_answerable_question_wants_its_answer(text: str, score: float, strict: float) -> None:
    grade = grade_abstain(ANSWERABLE, text)

    assert (grade.score, grade.strict) == (score, strict)


def test_strict_wants_one_short_line() -> None:
    assert grade_abstain(UNANSWERABLE, "The text does not say.").strict == 1.0
    assert grade_abstain(UNANSWERABLE, "The text does not say.\n\nIt speaks of boats only.").strict == 0.0


def test_a_phrase_within_a_longer_word_is_none() -> None:
    assert not abstains("The Unknownians live there")
    assert abstains("It is UNKNOWN!")
