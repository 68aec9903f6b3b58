import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_speedrun.demo import golang


@pytest.mark.parametrize(
    ("text", "duration_ns"),
    [
        ("0", 0),
        ("5m", 300_000_000_000),
        ("1h30m", 5_400_000_000_000),
        ("1.5s", 1_500_000_000),
        (".5ms", 500_000),
        ("-1s", -1_000_000_000),
        ("+2us", 2_000),
        ("3µs", 3_000),
        ("7ns", 7),
    ],
)
def test_durations_are_read_as_go_reads_them(text: str, duration_ns: int) -> None:
    assert golang.parse_duration(text) == duration_ns


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", 'time: invalid duration ""'),
        ("soon", 'time: invalid duration "soon"'),
        ("-1", 'time: missing unit in duration "-1"'),
        ("1m5", 'time: missing unit in duration "1m5"'),
        ("5 m", 'time: unknown unit " m" in duration "5 m"'),
        ("9999999h", 'time: invalid duration "9999999h"'),
    ],
)
def test_other_durations_are_refused_in_gos_words(text: str, words: str) -> None:
    with pytest.raises(golang.GoError) as caught:
        golang.parse_duration(text)
    assert str(caught.value) == words


@pytest.mark.parametrize(
    ("unix_ns", "text"),
    [
        (0, "1970-01-01T00:00:00Z"),
        (1_500_000_000, "1970-01-01T00:00:01.5Z"),
        (1_795_340_433_287_339_264, "2026-11-22T09:40:33.287339264Z"),
    ],
)
def test_timestamps_drop_trailing_zeros(unix_ns: int, text: str) -> None:
    assert golang.timestamp(unix_ns) == text


@given(st.recursive(st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(), st.lists))
def test_what_is_encoded_decodes_to_itself(value: object) -> None:
    encoded = golang.encode_json(value)
    assert golang.decode_json(encoded) == value
    assert not set(b"<>&") & set(encoded)
