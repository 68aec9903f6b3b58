from ollama_speedrun.quality import bank, few_shot
from ollama_speedrun.quality.mixes import Mix


def test_a_prompt_holds_three_solved_examples_and_then_the_item() -> None:
    item = bank.item("facts", "capital", 2, 7)

    text = few_shot.prompt(item)

    assert text.count("Answer:") == 4
    assert text.endswith("Answer:")
    assert item.messages[0].content.strip() in text.rpartition("\n\n")[2] + text
    assert text.count(item.messages[0].content.strip()) == 1


def test_only_questions_with_an_answer_of_one_line_are_asked_of_base_models() -> None:
    suitable = [item for item in bank.mix(Mix.MIDDLE, 3) if few_shot.suits(item)]

    assert suitable
    assert not any("\n" in item.oracle[0].content or item.tools for item in suitable)
