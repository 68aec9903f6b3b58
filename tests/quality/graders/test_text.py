import pytest

from ollama_speedrun.quality.graders.text import grade_text
from ollama_speedrun.quality.items import TextKey

PARIS = TextKey(("Paris",))

RIGHT_AND_BARE = ["Paris", "paris", "PARIS.", " Paris \n", "Páris"]
RIGHT = [
    "**Paris**",
    "*Paris*",
    "_Paris_",
    "`Paris`",
    '"Paris"',
    "```\nParis\n```",
    "$\\text{Paris}$",
    "\\boxed{Paris}",
    "The capital of France is Paris.",
    "The capital of France is **Paris**, on the Seine.",
    "Sure!\nParis",
    "Sure! Here is the answer:\n\nParis",
    "The capital is:\nParis",
    "Answer: Paris",
    "**Answer:** Paris",
    "Let me think about the cities of France first.\nThe largest is on the Seine.\nAnswer: Paris",
    "Lyon is large, but it is no capital.\nFinal answer: **Paris**",
    "Paris\n\nIt has been the capital since 987.",
    "<answer>Paris</answer>",
    "- Paris",
    "1. Paris",
    "Paris, not Lyon",
    "PARIS!",
    "La réponse est Paris.",
    "Paris (France)",
    "Here is the answer\n\nParis",
    "Happy to help!\nParis",
    '{"answer": "Paris"}',
    "Paris 🇫🇷",
    "A: Paris",
    "The correct answer is **Paris**.",
]
WRONG = [
    "",
    "   ",
    "Lyon",
    "Parisian",
    "Pari",
    "not Paris",
    "It is not Paris.",
    "It isn’t Paris, it is Lyon.",
    "Lyon\nParis",
    "Paris or Lyon",
    "Either Lyon or Paris.",
    "Lyon\nAnswer: Marseille",
    "Paris\nAnswer: Lyon",
    "I think that one of the large cities of that country of wine and cheese might be Paris",
    "I don't know.",
    "The capital of France is",
]


@pytest.mark.parametrize("text", RIGHT_AND_BARE)
def test_the_bare_name_is_right_and_strict(text: str) -> None:
    grade = grade_text(PARIS, text)

    assert (grade.score, grade.strict) == (1.0, 1.0)


@pytest.mark.parametrize("text", RIGHT)
def test_the_name_in_decoration_is_right_but_not_strict(text: str) -> None:
    grade = grade_text(PARIS, text)

    assert (grade.score, grade.strict) == (1.0, 0.0)


@pytest.mark.parametrize("text", WRONG)
def test_what_does_not_name_it_is_wrong(text: str) -> None:
    grade = grade_text(PARIS, text)

    assert (grade.score, grade.strict) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("alias", "text", "score"),
    [
        ("São Tomé", "Sao Tome", 1),
        ("Αθήνα", "ΑΘΗΝΑ", 1),
        ("Київ", "київ.", 1),
        ("Łódź", "Lodz", 1),
        ("Tromsø", "Tromso", 1),
        ("Straße", "STRASSE", 1),
        ("Guinea-Bissau", "Guinea Bissau", 1),
        ("Côte d'Ivoire", "Côte d’Ivoire", 1),
        ("Guinea", "Guinea-Bissau", 1),
        ("Niger", "Nigeria", 0),
        ("星期一", "星期一", 1),
        ("星期一", "答案是星期一。", 1),
        ("星期一", "星期二", 0),
        ("月曜日", "それは月曜日です。", 1),
        ("วันจันทร์", "วันจันทร์ครับ", 1),
        ("सोमवार", "यह सोमवार है।", 1),
        ("सोम", "सोमवार", 0),
        ("الاثنين", "يوم الاثنين.", 1),
        ("កម្ពុជា", "ប្រទេសកម្ពុជា", 1),
        ("12", "１２", 1),
        ("1000", "1,000", 1),
    ],
)
def test_words_are_compared_whole_and_folded_in_every_script(alias: str, text: str, score: float) -> None:
    assert grade_text(TextKey((alias,)), text).score == score


@pytest.mark.parametrize(
    ("text", "score"),
    [
        ("Anna", 1),
        ("Anna is the oldest.", 1),
        ("Ben", 0),
        ("Anna and Ben", 0),
        ("Anna, Ben, Carla", 0),
        ("Anna is older than Ben.", 0),
        ("Ben is younger than Carla.\nAnswer: Anna", 1),
        ("Ben is younger than Carla.\nAnswer: Anna or Ben", 0),
        ("Anna, not Ben", 1),
        ("Anna-Marie", 0),
    ],
)
def test_naming_a_second_candidate_is_wrong(text: str, score: float) -> None:
    assert grade_text(TextKey(("Anna",), reject=("Ben", "Carla", "Anna Marie")), text).score == score


def test_an_alias_within_a_longer_rejected_name_is_no_answer() -> None:
    key = TextKey(("Guinea",), reject=("Guinea-Bissau", "Equatorial Guinea"))

    assert [grade_text(key, text).score for text in ("Guinea", "Guinea-Bissau", "Equatorial Guinea")] == [1, 0, 0]


def test_a_rejected_name_within_an_accepted_one_is_no_second_answer() -> None:
    key = TextKey(("Guinea-Bissau",), reject=("Guinea",))

    assert [grade_text(key, text).score for text in ("Guinea-Bissau", "Guinea", "Guinea and Guinea-Bissau")] == [
        1,
        0,
        0,
    ]


def test_a_bare_word_that_ends_in_a_vowel_sign_is_strict() -> None:
    grade = grade_text(TextKey(accept=("జర్మనీ",)), "జర్మనీ")

    assert (grade.score, grade.strict) == (1.0, 1.0)
