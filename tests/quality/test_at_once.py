"""How many items to ask at once, learnt from servers of a known number of slots."""

import msgspec
import pytest

from ollama_speedrun.quality.at_once import MOST_AT_ONCE, AtOnce, Timed, run_side_by_side
from ollama_speedrun.visit.types import StreamRecord

MS = 1_000_000


def answer(sent_ms: int, waited_ms: int, read_ms: int, write_ms: int, *, tokens: int = 20) -> Timed:
    record = StreamRecord(
        first_content_ns=(waited_ms + read_ms) * MS,
        first_answer_ns=(waited_ms + read_ms) * MS,
        last_content_ns=(waited_ms + read_ms + write_ms) * MS,
        ended_ns=(waited_ms + read_ms + write_ms) * MS,
        content_chunks=tokens,
        answer_characters=tokens,
        thinking_characters=0,
        answer_tail="",
        done_reason="stop",
        total_duration_ns=None,
        load_duration_ns=0,
        prompt_eval_count=read_ms,
        prompt_eval_cached_count=None,
        prompt_eval_duration_ns=read_ms * MS,
        eval_count=tokens,
        eval_duration_ns=write_ms * MS,
    )
    return Timed(sent_ms * MS, record)


def served(width: int, slots: int, *, slower: float = 1.0, now_ms: int = 0) -> list[Timed]:
    """Answer requests that come at once: `slots` side by side, each then slower by a factor."""
    work_ms = 250 if min(width, slots) == 1 else round(250 * slower)
    return [answer(now_ms, number // slots * work_ms, work_ms // 5, work_ms - work_ms // 5) for number in range(width)]


def learnt(slots: int, slower: float = 1.0, groups: int = 60) -> list[int]:
    at_once, widths = AtOnce(), []
    for number in range(groups):
        widths.append(at_once.width)
        at_once.learn(served(at_once.width, slots, slower=slower, now_ms=10_000 * number))
    return widths


@pytest.mark.parametrize(
    ("slots", "slower", "width"),
    [
        (1, 1.0, 1),  # one after another
        (2, 1.1, 2),
        (4, 1.1, 4),
        (64, 1.1, MOST_AT_ONCE),
        (4, 4.0, 1),  # side by side, and as slow together as one by one
    ],
)
def test_the_number_of_items_becomes_what_saves_time(slots: int, slower: float, width: int) -> None:
    assert learnt(slots, slower)[-1] == width


def test_the_first_answers_are_asked_for_alone() -> None:
    assert learnt(4)[:7] == [1, 1, 1, 1, 1, 1, 2]


def test_a_server_that_refuses_or_does_not_tell_its_times_is_asked_one_at_a_time() -> None:
    refused = AtOnce()
    for number in range(20):
        refused.learn(served(refused.width, 4, now_ms=10_000 * number), was_refused=number == 8)
    assert refused.width == 1
    silent = AtOnce()
    bare = answer(0, 0, 50, 200)
    silent.learn([bare] * 6)
    silent.learn(
        [msgspec.structs.replace(bare, record=msgspec.structs.replace(bare.record, eval_duration_ns=None))] * 2
    )
    assert silent.width == 1


def test_requests_that_wait_for_each_other_do_not_run_side_by_side() -> None:
    assert run_side_by_side([answer(0, 0, 100, 300), answer(0, 0, 50, 300)])
    assert not run_side_by_side([answer(0, 0, 100, 300), answer(0, 400, 50, 300)])
    assert not run_side_by_side([answer(0, 0, 100, 300), answer(0, 395, 50, 300)])
