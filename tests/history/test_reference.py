from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_speedrun.errors import ResultFileError, UsageError
from ollama_speedrun.history.reference import Beginning, Day, File, Last, find, parse, resolve, resolve_run
from ollama_speedrun.history.store import History
from ollama_speedrun.history.types import RunSummary
from ollama_speedrun.results.codec import encode

from . import runs
from .runs import BEGAN, RUN

TODAY = date(2026, 11, 25)
EAST = timezone(timedelta(hours=14))


def summary(run_id: str, *, began: datetime = BEGAN, measured: int = 2) -> RunSummary:
    return RunSummary(
        run_id=run_id,
        started_at=began,
        ended_at=None,
        state="complete",
        verb="run",
        tool_version="1.0",
        hosts=1,
        measured=measured,
        failed=0,
        skipped=0,
        pick=None,
        pick_host=None,
    )


NEWEST = summary("aa11", measured=0)
SECOND = summary("ab22", began=BEGAN - timedelta(hours=10))
THIRD = summary("b333", began=BEGAN - timedelta(days=1))
HELD = (NEWEST, SECOND, THIRD)


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("last", Last()),
        ("last~0", Last()),
        ("last~12", Last(12)),
        ("0123abcd", Beginning("0123abcd")),
        ("0123ABCD", Beginning("0123abcd")),
        ("today", Day(TODAY)),
        ("yesterday", Day(date(2026, 11, 24))),
        ("2026-11-25", Day(TODAY)),
        ("2026-11-25 09:30", Day(TODAY, "09:30")),
        ("2026-11-25T09:30", Day(TODAY, "09:30")),
        ("before.json", File(Path("before.json"))),
        ("runs/last", File(Path("runs/last"))),
        ("./last", File(Path("./last"))),
    ],
)
def test_a_name_means(text: str, meaning: object) -> None:
    assert parse(text, today=TODAY) == meaning


def test_a_file_goes_before_the_beginning_of_an_id_and_after_last() -> None:
    assert parse("abc", today=TODAY, is_file=True) == File(Path("abc"))
    assert parse("last", today=TODAY, is_file=True) == Last()


@pytest.mark.parametrize("text", ["", "newest", "last~", "last~-1", "2026-02-30", "last~9999999999", "xyz"])
def test_a_name_that_means_nothing_is_refused_with_what_would(text: str) -> None:
    with pytest.raises(UsageError, match="2026-11-25"):
        parse(text, today=TODAY)


@pytest.mark.parametrize(
    ("reference", "run"),
    [
        (Last(), SECOND),
        (Last(1), THIRD),
        (Beginning("b"), THIRD),
        (Beginning("aa11"), NEWEST),
        (Day(TODAY), NEWEST),
        (Day(date(2026, 11, 24)), SECOND),
        (Day(TODAY, "09:30"), NEWEST),
    ],
)
def test_a_reference_finds(reference: Last | Beginning | Day, run: RunSummary) -> None:
    assert find(reference, HELD, zone=UTC) == run


def test_a_day_is_one_of_the_local_time() -> None:
    assert find(Day(TODAY), (SECOND,), zone=EAST) == SECOND
    with pytest.raises(UsageError, match="no run began on 2026-11-25"):
        find(Day(TODAY), (SECOND,), zone=UTC)


@pytest.mark.parametrize(
    ("reference", "says"),
    [
        (
            Last(2),
            "there is no run last~2 in the history: the history holds ab22 of 2026-11-24 23:30 with 2 results, b333",
        ),
        (Beginning("a"), "'a' is the beginning of 2 ids, give more of it: aa11 of 2026-11-25 09:30 with 0 results"),
        (Beginning("c"), "no run has an id that begins with 'c': the history holds aa11"),
        (Day(date(2026, 11, 20)), "no run began on 2026-11-20: the history holds aa11"),
    ],
)
def test_what_is_not_there_is_said_with_what_is(reference: Last | Beginning | Day, says: str) -> None:
    with pytest.raises(UsageError) as raised:
        find(reference, HELD, zone=UTC)
    assert str(raised.value).startswith(says)


def test_an_empty_history_says_how_to_fill_it() -> None:
    with pytest.raises(UsageError, match="it is empty; run a benchmark first, or name a FILE"):
        find(Last(), ())


@given(st.lists(st.uuids(version=4), min_size=1, max_size=8, unique=True), st.data())
def test_every_beginning_finds_its_run_or_says_that_it_is_one_of_several(
    ids: list[object], data: st.DataObject
) -> None:
    names = [str(one) for one in ids]
    wanted = data.draw(st.sampled_from(names))
    beginning = wanted[: data.draw(st.integers(1, len(wanted)))]
    held = [summary(name) for name in names]
    if sum(name.startswith(beginning) for name in names) == 1:
        assert find(parse_id(beginning), held).run_id == wanted
    else:
        with pytest.raises(UsageError, match="give more of it"):
            find(parse_id(beginning), held)


def parse_id(text: str) -> Beginning:
    reference = parse(text, today=TODAY)
    assert isinstance(reference, Beginning)
    return reference


@given(st.text(max_size=40))
def test_any_text_is_a_reference_or_a_usage_error(text: str) -> None:
    try:
        reference = parse(text, today=TODAY)
        if not isinstance(reference, File):
            find(reference, HELD, zone=UTC)
    except UsageError:
        return


def test_a_run_and_a_file_of_it_are_the_same_document(tmp_path: Path) -> None:
    path = tmp_path / "before.json"
    with History(tmp_path / "history.db") as history:
        history.add(runs.run())
        by_id = resolve(RUN[:4], history)
        path.write_bytes(encode(by_id))
        assert resolve(str(path), history) == by_id
        assert resolve("last", history) == by_id
        assert resolve_run("last", history).run_id == RUN


def test_a_file_where_a_run_is_wanted_is_refused(tmp_path: Path) -> None:
    with History(tmp_path / "history.db") as history, pytest.raises(UsageError, match="names a file and no run"):
        resolve_run("before.json", history)


def test_a_file_that_is_missing_is_said(tmp_path: Path) -> None:
    with History(tmp_path / "history.db") as history, pytest.raises(ResultFileError, match="there is no file"):
        resolve(str(tmp_path / "before.json"), history)


def test_a_run_without_a_result_can_be_named_by_its_id(tmp_path: Path) -> None:
    empty = msgspec.structs.replace(runs.run(), results=())
    with History(tmp_path / "history.db") as history:
        history.add(empty)
        assert resolve(RUN, history).results == ()
        with pytest.raises(UsageError, match="no last run"):
            resolve("last", history)
