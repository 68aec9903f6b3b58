"""When the trials of one model end."""

import math
from collections.abc import Sequence

import pytest

from ollama_speedrun.benchmark.speed import TrialSettings
from ollama_speedrun.visit.types import StreamRecord
from records import MS, record

SETTINGS = TrialSettings(interview_tokens=512, trial_tokens=128, fewest=3, most=12, precision=0.03)


def trials(count: int, *, spread: float, total_ms: int = 1210) -> Sequence[StreamRecord]:
    """Return trials whose log rates have this standard deviation, of so many ms each."""
    offsets = [math.sin(2.4 * number) for number in range(count)]
    mean = sum(offsets) / count
    deviation = math.sqrt(sum((offset - mean) ** 2 for offset in offsets) / (count - 1))
    return [
        record(
            eval_duration_ns=round(1000 * MS * math.exp(spread * (offset - mean) / deviation)), ended_ns=total_ms * MS
        )
        for offset in offsets
    ]


@pytest.mark.parametrize(
    ("count", "spread", "is_done"),
    [
        (2, 0.001, False),
        (3, 0.001, True),
        (3, 0.02, False),
        (3, 0.06, False),
        (3, 0.1, True),
        (5, 0.045, False),
        (5, 0.055, True),
        (12, 0.02, True),
    ],
)
def test_trials_end_when_the_speed_is_known_or_cannot_be_known_well_enough(
    count: int, spread: float, *, is_done: bool
) -> None:
    assert SETTINGS.is_done(trials(count, spread=spread)) is is_done


@pytest.mark.parametrize(
    ("longest_s", "left_s", "is_done"),
    [(None, None, False), (100.0, None, False), (30.0, None, True), (None, 2.0, True), (100.0, 60.0, False)],
)
def test_trials_end_where_the_time_that_is_left_allows_none_that_would_help(
    longest_s: float | None, left_s: float | None, *, is_done: bool
) -> None:
    settings = TrialSettings(
        interview_tokens=512, trial_tokens=128, fewest=3, most=12, precision=0.03, longest_s=longest_s
    )
    assert settings.is_done(trials(3, spread=0.02, total_ms=9000), left_s=left_s) is is_done


def test_never_fewer_trials_than_asked_for_however_long_they_take() -> None:
    settings = TrialSettings(interview_tokens=512, trial_tokens=128, fewest=5, most=12, precision=0.03, longest_s=1.0)
    assert not settings.is_done(trials(4, spread=0.5, total_ms=90_000))
