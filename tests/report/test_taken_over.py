from datetime import UTC, datetime

import msgspec

import specimens
from ollama_speedrun.benchmark.types import Result
from ollama_speedrun.report import taken_over, view
from ollama_speedrun.report.csv import render

DAY = datetime(2026, 11, 23, 12, tzinfo=UTC)


def taken(result: Result, run_id: str, day: datetime = DAY) -> Result:
    return msgspec.structs.replace(result, measured_in=run_id, ended_at=day)


OLD = taken(specimens.result("old:8b", specimens.DESK), "3f2a0000-1")
OLDER = taken(specimens.result("older:8b", specimens.DESK), "9b000000-1", datetime(2026, 11, 20, 12, tzinfo=UTC))
NEW = specimens.result("new:8b", specimens.DESK)


def test_a_run_that_measured_all_itself_says_nothing_of_that() -> None:
    assert (taken_over.notes([NEW]), taken_over.mark(NEW)) == ((), "")


def test_results_that_were_taken_over_are_counted_with_their_runs_and_days() -> None:
    ((mark, text),) = taken_over.notes([OLD, NEW])
    assert mark == "^"
    assert text == (
        "not measured in this run: 1 of 2 results were taken over from run 3f2a0000, of 2026-11-23; "
        "--fresh measures all again"
    )
    ((_, text),) = taken_over.notes([OLD, OLDER])
    assert "2 of 2 results were taken over from runs 3f2a0000, 9b000000, of 2026-11-20 to 2026-11-23;" in text


def test_each_row_that_was_taken_over_is_marked_and_the_note_comes_first() -> None:
    report = view.report(specimens.run_of(OLD, NEW))
    marks = {row.model: row.marks for section in report.sections for row in section.rows}
    assert marks == {"old:8b": "^", "new:8b": ""}
    assert report.notes[0][0] == "^"


def test_the_csv_names_the_run_that_measured_and_when() -> None:
    heading, old, new = render(specimens.run_of(OLD, NEW)).splitlines()
    assert heading.endswith("measured_in,ended_at")
    assert old.endswith("3f2a0000-1,2026-11-23T12:00:00+00:00")
    assert new.endswith(",,")
