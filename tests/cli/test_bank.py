import json
from pathlib import Path

import pytest

from command import CommandLine
from ollama_speedrun.cli.exit_codes import ExitCode
from ollama_speedrun.quality.bank import FAMILIES, item

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "items.toml"


def test_the_bank_is_listed_by_area_and_family(command: CommandLine) -> None:
    text, data = command("bank"), command("bank", "list", "--json")

    assert (text.status, text.stderr) == (ExitCode.DONE, "")
    assert all(family.name in text.stdout for family in FAMILIES)
    assert len(json.loads(data.stdout)["families"]) == len(FAMILIES)


def test_items_are_shown_with_their_right_answers(command: CommandLine) -> None:
    ended = command(
        "bank", "show", "reasoning", "--family", "arithmetic", "--level", "3", "--seed", "7", "--count", "2"
    )
    shown = command("bank", "show", "reasoning", "--family", "arithmetic", "--level", "3", "--seed", "7", "--json")
    asked = item("reasoning", "arithmetic", 3, 7)

    assert ended.status == ExitCode.DONE
    assert asked.messages[0].content in ended.stdout
    assert f"right:\n  {asked.oracle[0].content}\n" in ended.stdout
    assert "reasoning/arithmetic/3/8" in ended.stdout
    assert json.loads(shown.stdout)[0]["messages"][0]["content"] == asked.messages[0].content


def test_the_example_of_own_items_is_checked_without_an_error(command: CommandLine) -> None:
    ended = command("bank", "check", EXAMPLE)

    assert ended.status == ExitCode.DONE
    assert "  right  429  (" in ended.stdout
    assert ended.stderr.startswith("12 items, 0 errors, ")


def test_a_file_whose_right_answer_is_graded_wrong_fails_its_check(command: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text(
        '[[item]]\narea = "a"\nprompt = "p"\ngrader = "constraints"\n'
        'rules = [{kind = "word-count", high = 2}]\nsolution = "one two three"\n'
    )
    ended = command("bank", "check", path)

    assert ended.status == ExitCode.USAGE
    assert "error: a right answer is graded wrong: 'one two three'" in ended.stdout
    assert "1 answer not graded as expected" in ended.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["show"], "bank show needs an area: reasoning, "),
        (["show", "cooking"], "the bank has no area 'cooking'; there are: reasoning, "),
        (["show", "tools", "--family", "hammer"], "tools has no family 'hammer'; there are: one-call, "),
        (["show", "tools", "--level", "9"], "--level '9' is no whole number from 1 to 5"),
        (["show", "tools", "--seed", "-1"], "--seed '-1' is no whole number from 0 to "),
        (["show", "tools", "--count", "100000"], "--count '100000' is no whole number from 1 to 1000"),
        (["list", "tools"], "bank list takes no 'tools'; did you mean: ollama-speedrun bank show AREA"),
        (["list", "--level", "3"], "--level belongs to: ollama-speedrun bank show AREA"),
        (["check"], "bank check needs a file of items"),
        (["check", "/nonexistent/items.toml"], "/nonexistent/items.toml: cannot be read: "),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(arguments: list[str], sentence: str, command: CommandLine) -> None:
    ended = command("bank", *arguments)

    assert ended.status == ExitCode.USAGE
    assert ended.stdout == ""
    assert sentence in ended.stderr


def test_a_faulty_file_is_named_with_line_and_field(command: CommandLine, tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text('[[item]]\narea = "a"\nprompt = "p"\ngrader = "number"\nanswer = "x"\n')
    ended = command("bank", "check", path)

    assert (ended.status, ended.stdout) == (ExitCode.USAGE, "")
    assert f"{path}:5: item 1, answer: x is no number" in ended.stderr
