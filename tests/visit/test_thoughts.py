from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_speedrun.visit.thoughts import THINKING_TAGS, InlineThinking


def followed(*pieces: str) -> tuple[int, bool]:
    inline = InlineThinking()
    for piece in pieces:
        inline.add(piece)
    return inline.thinking_characters, inline.has_answered


@pytest.mark.parametrize(
    ("pieces", "thinking_characters", "has_answered"),
    [
        (("The", " end"), 0, True),
        (("<think>", "hm", "</think>", "\n\n"), 17, False),
        (("<think>", "hm", "</think>", "\n", "Yes"), 17, True),
        (("<th", "ink>hm</thi", "nk>Yes"), 17, True),
        (("  \n<THINK>", "hm, 1 < 2"), 19, False),
        (("hm", "</think>", "Yes"), 10, True),
        (("hm", "</think>"), 10, False),
        (("hm", "</THI", "NK>", "Yes"), 10, True),
        (("hm", "◁/think▷", " ", "Yes"), 10, True),
        (("hm", "[/TH", "INK]Yes"), 10, True),
        (("<|channel|>", "analysis<|message|>", "hm<|end|>", "<|channel|>final<|mess", "age|>Yes"), 66, True),
        (("<|channel|>commentary<|message|>", "hm", "<|channel|>final<|message|>", "Yes"), 61, True),
        (("<think>hm</thinking> so", "</think>", "Yes"), 31, True),
        (("<think>", "\n\n", "</think>", "\n\n"), 0, False),
        (("<think>\n\n</think>", "Yes"), 0, True),
        (("</think>", "\n\n", "Yes"), 0, True),
        (("<", "b>Yes"), 0, True),
        (("see <think> tags",), 0, True),
        (("",), 0, False),
    ],
)
def test_thinking_between_tags_is_no_answer(
    pieces: Sequence[str], thinking_characters: int, *, has_answered: bool
) -> None:
    assert followed(*pieces) == (thinking_characters, has_answered)


@given(st.sampled_from(THINKING_TAGS), st.text(alphabet="ab \n<", max_size=40), st.text(alphabet="cd", max_size=9))
def test_the_outcome_does_not_depend_on_how_the_text_is_cut(tags: tuple[str, str], thinking: str, answer: str) -> None:
    opening, closing = tags
    whole = f"{opening}{thinking}{closing}{answer}"
    thought = len(whole) - len(answer) if thinking.strip() else 0
    assert followed(*whole) == followed(whole) == (thought, bool(answer))
