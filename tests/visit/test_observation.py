import pytest
from hypothesis import given
from hypothesis import strategies as st

from fake_ollama.raw import Raw, raw_server
from ollama_speedrun.errors import ProtocolError, ServerError
from ollama_speedrun.ollama import wire
from ollama_speedrun.ollama.client import OllamaClient, open_session
from ollama_speedrun.visit import stream
from ollama_speedrun.visit.observation import TAIL_CHARACTERS, observe
from ollama_speedrun.visit.types import StreamRecord

DONE = wire.Chunk(done=True, done_reason="stop")

texts = st.text(max_size=300)
chunks = st.lists(st.builds(wire.Chunk, response=texts, thinking=st.none() | texts), max_size=30)


@given(chunks)
def test_characters_are_counted_and_the_end_is_kept_however_the_text_is_cut(streamed: list[wire.Chunk]) -> None:
    record = observe([*enumerate(streamed), (len(streamed), DONE)], sent_ns=0, ended_ns=len(streamed), where="m")
    whole = "".join((chunk.thinking or "") + chunk.response for chunk in streamed)
    assert record.answer_tail == whole[-TAIL_CHARACTERS:]
    assert record.answer_characters + record.thinking_characters == len(whole)


@given(chunks, st.integers(0, 10**15))
def test_stamps_are_those_of_the_first_and_last_chunks_that_say_something(
    streamed: list[wire.Chunk], sent_ns: int
) -> None:
    stamped = [*enumerate([*streamed, DONE], start=sent_ns + 1)]
    record = observe(stamped, sent_ns=sent_ns, ended_ns=stamped[-1][0], where="m")
    answers = [at for at, chunk in enumerate(streamed, start=1) if chunk.response]
    contents = [at for at, chunk in enumerate(streamed, start=1) if chunk.response or chunk.thinking]
    first_and_last = (record.first_content_ns, record.last_content_ns)
    assert record.first_answer_ns == (answers[0] if answers else None)
    assert first_and_last == ((contents[0], contents[-1]) if contents else (None, None))
    assert (record.content_chunks, record.ended_ns) == (len(contents), len(streamed) + 1)


def test_nothing_after_the_first_done_line_counts() -> None:
    streamed = [(1, wire.Chunk(response="a")), (2, DONE), (3, wire.Chunk(response="b")), (4, wire.Chunk(done=True))]
    record = observe(streamed, sent_ns=0, ended_ns=4, where="m")
    assert (record.content_chunks, record.last_content_ns, record.done_reason) == (1, 1, "stop")


def test_chunks_that_arrive_together_are_one_arrival() -> None:
    word = wire.Chunk(response="a")
    record = observe([(1, word), (1, word), (2, wire.Chunk()), (3, word), (3, DONE)], sent_ns=0, ended_ns=3, where="m")
    assert (record.content_chunks, record.content_arrivals) == (3, 2)


async def test_chunks_that_come_in_a_rush_are_told_once_at_the_start_and_once_at_the_end() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\n\r\n"
    lines = b'{"response":"a","done":false}\n' * 300 + b'{"response":"","done":true,"done_reason":"length"}\n'
    told: list[int] = []
    async with raw_server(Raw({"*": (head, lines)})) as server, open_session() as session:
        request = wire.GenerateRequest(model="m", options={"num_predict": 300})
        record = await stream.record(
            OllamaClient(session, server.url), request, timeout_s=20, progress=lambda count, _: told.append(count)
        )
    assert (record.content_chunks, told) == (300, [1, 300])


def stream_of(*pieces: str, done: bool = True) -> list[tuple[int, wire.Chunk]]:
    last = [DONE] if done else []
    return list(enumerate([*(wire.Chunk(response=piece) for piece in pieces), *last], start=1))


def test_an_answer_begins_behind_the_thinking_that_the_server_left_in_it() -> None:
    record = observe(stream_of("<think>", "hm", "</think>", "\n", "Yes"), sent_ns=0, ended_ns=9, where="m")
    assert (record.first_content_ns, record.first_answer_ns) == (1, 5)
    assert (record.thinking_characters, record.answer_characters) == (17, 4)


def test_an_answer_that_never_leaves_its_open_tag_has_not_begun() -> None:
    record = observe(stream_of("<think>", "hm", " and hm"), sent_ns=0, ended_ns=9, where="m")
    assert (record.first_answer_ns, record.thinking_characters, record.answer_characters) == (None, 16, 0)


def test_a_stream_that_ends_amid_equal_pieces_is_an_answer_that_repeats_itself() -> None:
    streamed = stream_of("So", *[" ha", " ha "] * 15, done=False)
    record = observe(streamed, sent_ns=0, ended_ns=40, where="m")
    assert (record.done_reason, record.content_chunks, record.eval_count) == ("repeat", 31, None)
    with pytest.raises(ProtocolError):
        observe(streamed[:-1], sent_ns=0, ended_ns=40, where="m")


@pytest.mark.parametrize(("text", "is_answer"), [("token repeat limit reached", True), ("out of memory", False)])
async def test_an_error_line_about_repetition_after_equal_pieces_is_the_end_of_an_answer(
    text: str, *, is_answer: bool
) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\n\r\n"
    lines = b'{"response":" ha","done":false}\n' * 31 + b'{"error":"%s"}\n' % text.encode()
    async with raw_server(Raw({"*": (head, lines)})) as server, open_session() as session:
        request = wire.GenerateRequest(model="m", options={"num_predict": 300})
        sending = stream.record(OllamaClient(session, server.url), request, timeout_s=20, progress=lambda *_: None)
        if is_answer:
            assert (await sending).done_reason == "repeat"
            return
        with pytest.raises(ServerError, match="out of memory"):
            await sending


MS = 1_000_000


def waiting(*pieces: str, ready_ms: int) -> StreamRecord:
    """Return the record of these pieces, each 100 ms after the one before, of a server that read until then."""
    chunks = [(100 * MS * number, wire.Chunk(response=piece)) for number, piece in enumerate(pieces)]
    done = wire.Chunk(done=True, eval_count=9, load_duration=10 * MS, prompt_eval_duration=(ready_ms - 10) * MS)
    ended_ns = 100 * MS * len(pieces)
    return observe([*chunks, (ended_ns, done)], sent_ns=0, ended_ns=ended_ns, where="here")


@pytest.mark.parametrize(
    ("pieces", "ready_ms", "first_ms", "chunks"),
    [
        ((" ", "Yes", " so"), 90, 100, 2),
        (("\u200b", "\n", "Yes", " so"), 195, 200, 2),
        (("\n", "Yes", " so"), 10, 0, 3),
        (("Queued", "Yes", " so"), 90, 100, 2),
        (("Queued", "Queued", " ", "Yes", " so"), 290, 300, 2),
        (("1", "2", "3", "4", "5", "Yes", " so"), 490, 0, 7),
        ((" ", "Yes", " so"), 900, 0, 3),
        ((" ", " "), 150, 0, 2),
    ],
)
def test_a_piece_that_came_while_the_server_still_read_the_prompt_is_a_proxys(
    pieces: tuple[str, ...], ready_ms: int, first_ms: int, chunks: int
) -> None:
    record = waiting(*pieces, ready_ms=ready_ms)
    assert (record.first_content_ns, record.content_chunks, record.content_arrivals) == (first_ms * MS, chunks, chunks)
    assert record.first_answer_ns == record.first_content_ns
