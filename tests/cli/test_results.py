import asyncio
import os
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial
from operator import itemgetter
from pathlib import Path

import msgspec
import pytest

from ollama_speedrun.assessment.recommend import assess
from ollama_speedrun.benchmark.types import Result
from ollama_speedrun.cli.results import Checkpoints, ResultFiles
from ollama_speedrun.errors import OutputError, UsageError
from ollama_speedrun.report.settings import USUAL
from ollama_speedrun.results.codec import decode
from ollama_speedrun.results.files import read_document
from ollama_speedrun.results.types import Document


def document(*models: str) -> Document:
    results = tuple(Result(host="http://h:1", model=model, status="ok") for model in models)
    assessments, verdict = assess([], results)
    return Document(
        started_at=datetime(2026, 1, 2, tzinfo=UTC),
        complete=False,
        results=results,
        assessments=assessments,
        verdict=verdict,
    )


def files(*output: Path) -> ResultFiles:
    return ResultFiles([str(path) for path in output], shown=USUAL)


def test_every_file_is_written(tmp_path: Path) -> None:
    asked = (tmp_path / "a.json", tmp_path / "b.csv")
    written = files(*asked)
    assert written.write(document("m:1b")) is None
    assert read_document(asked[0]) == document("m:1b")
    assert "m:1b" in asked[1].read_text(encoding="utf-8")
    assert written.names == tuple(map(str, asked))


def test_a_page_is_written_at_the_end_of_a_run_alone(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    asked = files(page)
    assert asked.write(document("m:1b")) is None
    assert not page.exists()
    assert asked.write(document("m:1b"), is_last=True) is None
    assert "m:1b" in page.read_text(encoding="utf-8")


@pytest.mark.skipif(sys.platform == "win32", reason="pipes as POSIX has them")
def test_a_pipe_gets_the_last_document_alone(tmp_path: Path) -> None:
    pipe = tmp_path / "result.json"
    os.mkfifo(pipe)
    asked = files(pipe)
    assert asked.write(document("m:1b")) is None
    with ThreadPoolExecutor() as pool:
        read = pool.submit(pipe.read_bytes)
        assert asked.write(document("m:1b", "m:3b"), is_last=True) is None
        assert decode(read.result(60), origin="pipe") == document("m:1b", "m:3b")


@pytest.mark.parametrize("ending", ["json", "md", "csv"])
def test_a_run_that_found_nothing_goes_beside_a_file_that_holds_results(ending: str, tmp_path: Path) -> None:
    path = tmp_path / f"result.{ending}"
    files(path).write(document("m:1b"))
    before = path.read_bytes()
    later = files(path)
    later.write(document())
    assert list(tmp_path.iterdir()) == [path]
    later.write(document(), is_last=True)
    beside = tmp_path / f"result-1.{ending}"
    assert (path.read_bytes(), beside.exists(), later.names) == (before, True, (str(beside),))
    assert later.remarks == [f"'{path}' was left as it was, for this run found nothing; this one is in '{beside}'"]


def test_a_run_that_measured_something_replaces_an_older_file(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    files(path).write(document("m:1b"))
    later = files(path)
    later.write(failed())
    later.write(document("m:3b"), is_last=True)
    assert (read_document(path), later.remarks) == (document("m:3b"), [])


def failed() -> Document:
    run = document("m:1b")
    return msgspec.structs.replace(run, results=(msgspec.structs.replace(run.results[0], status="failed"),))


def test_a_result_that_can_go_nowhere_else_goes_to_the_temporary_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, refuge = tmp_path / "folder", tmp_path / "refuge"
    folder.mkdir()
    refuge.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(refuge))
    kept = files(folder / "a.json")
    folder.rmdir()
    error = kept.write(document("m:1b"))
    (rescued,) = refuge.iterdir()
    assert isinstance(error, OutputError)
    assert str(error).startswith(f"cannot write '{folder / 'a.json'}': ")
    assert str(error).endswith(f"; what is finished is kept in {rescued}")
    assert read_document(rescued) == document("m:1b")
    kept.write(document("m:1b", "m:3b"))
    assert (list(refuge.iterdir()), read_document(rescued)) == ([rescued], document("m:1b", "m:3b"))
    folder.mkdir()
    assert (kept.write(document("m:1b")), list(refuge.iterdir())) == (None, [])


def test_one_file_that_fails_does_not_stop_the_others(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    written = files(folder / "a.json", tmp_path / "b.json")
    folder.rmdir()
    error = written.write(document("m:1b"), kept_in="the history")
    assert str(error).endswith("; what is finished is kept in the history")
    assert read_document(tmp_path / "b.json") == document("m:1b")


def test_an_ending_or_a_place_that_will_not_do_is_said_before_anything_runs(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        files(tmp_path / "a.txt")
    with pytest.raises(OutputError):
        files(tmp_path / "missing" / "a.json")


async def test_checkpoints_write_the_newest_state_and_end_when_finished(tmp_path: Path) -> None:
    state = [document("m:1b")]
    checkpoints = Checkpoints(
        files(tmp_path / "a.json"), snapshot=lambda: partial(itemgetter(-1), state), warn=pytest.fail
    )
    async with asyncio.timeout(60), asyncio.TaskGroup() as group:
        keeping = group.create_task(checkpoints.keep())
        checkpoints.request()
        while not (tmp_path / "a.json").exists():  # noqa: ASYNC110 - a file has no event to wait for
            await asyncio.sleep(0.01)
        state.append(document("m:1b", "m:3b"))
        checkpoints.request(at_once=True)
        while read_document(tmp_path / "a.json") != state[-1]:  # noqa: ASYNC110 - as above
            await asyncio.sleep(0.01)
        checkpoints.finish()
    assert keeping.done()


@pytest.mark.virtual_time
async def test_requests_in_a_row_lead_to_few_writes_and_the_last_state_is_written() -> None:
    written: list[Document] = []

    class Counting(ResultFiles):
        def write(self, document: Document, *, is_last: bool = False, kept_in: str | None = None) -> OutputError | None:
            assert (is_last, kept_in) == (False, None)
            written.append(document)
            return None

    state = [document("m:1b")]
    counting = Counting([], shown=USUAL)
    checkpoints = Checkpoints(counting, snapshot=lambda: partial(lambda taken: taken, state[-1]), warn=pytest.fail)
    async with asyncio.TaskGroup() as group:
        group.create_task(checkpoints.keep())
        for number in range(50):
            state.append(document(f"m:{number}b"))
            checkpoints.request()
            await asyncio.sleep(0.1)
        await asyncio.sleep(60)
        checkpoints.finish()
    assert 2 <= len(written) <= 5
    assert written[-1] == state[-1]


async def test_a_checkpoint_that_fails_is_told_once(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    kept = files(folder / "a.json")
    folder.rmdir()
    told: list[str] = []
    checkpoints = Checkpoints(kept, snapshot=lambda: partial(document, "m:1b"), warn=told.append)
    checkpoints.request()
    await asyncio.wait_for(checkpoints.keep(), 60)
    checkpoints.request()
    assert len(told) == 1
    assert told[0].endswith("; the run goes on and tries again at its end")


def test_an_incomplete_document_says_so_when_it_is_read_again(tmp_path: Path) -> None:
    files(tmp_path / "a.json").write(document("m:1b"))
    assert msgspec.json.decode((tmp_path / "a.json").read_bytes())["complete"] is False
