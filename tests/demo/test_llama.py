import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_speedrun.demo.engine import Message
from ollama_speedrun.demo.llama import chat_prompt, parameter_size, truncated


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (134_515_008, "134.52M"),
        (135_000_000, "135M"),
        (1_235_814_432, "1.2B"),
        (7_000_000_000, "7B"),
        (8_030_261_248, "8.0B"),
    ],
)
def test_a_parameter_count_reads_as_ollama_writes_it(count: int, text: str) -> None:
    assert parameter_size(count) == text


def test_turns_are_written_in_the_models_own_format() -> None:
    turns = [Message("user", "Hi"), Message("assistant", "Hello"), Message("user", "Bye")]
    assert chat_prompt(turns) == (
        "<|im_start|>user\nHi<|im_end|>\n"
        "<|im_start|>assistant\nHello<|im_end|>\n"
        "<|im_start|>user\nBye<|im_end|>\n"
        "<|im_start|>assistant\n"
    )


def test_a_long_prompt_is_cut_to_the_length_that_a_real_server_showed() -> None:
    assert truncated(range(6010), 2048) == (0, 1, 2, 3, *range(6010 - 1022, 6010))
    assert len(truncated(range(13), 4)) == 3


@given(st.integers(1, 3000), st.integers(4, 2048))
def test_a_cut_prompt_fits_and_keeps_its_end(length: int, context_length: int) -> None:
    prompt = range(length)
    cut = truncated(prompt, context_length)
    assert len(cut) < context_length
    assert cut[-1] == prompt[-1]
    assert sorted(cut) == list(cut)
    assert len(cut) == length or length >= context_length
