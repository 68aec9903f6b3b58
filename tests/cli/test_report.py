import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from command import CommandLine
from ollama_speedrun.report.html.page import render
from ollama_speedrun.results.codec import encode
from ollama_speedrun.results.files import read_document
from report.fleet import HOSTS, many
from report.html.reading import document_in

RUN = many(6, 12)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "result.json"
    path.write_bytes(encode(RUN))
    return path


@pytest.fixture(autouse=True)
def in_a_directory_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")


def test_a_page_named_by_its_run_is_written_and_its_name_printed(command: CommandLine, file: Path) -> None:
    ended = command("report", file)
    page = Path("ollama-speedrun-2026-03-04-0506.html")
    assert (ended.status, ended.stdout) == (0, f"{page}\n")
    assert re.search(r"<h1>Use <strong>model\d:\d+b</strong> on 10\.0\.0\.\d</h1>", page.read_text(encoding="utf-8"))


def test_the_files_of_output_are_written_instead_and_nothing_else(command: CommandLine, file: Path) -> None:
    ended = command("report", file, "--output", "a.html", "--output", "card.svg", "--json")
    assert json.loads(ended.stdout) == {"run_id": "f00d", "files": ["a.html", "card.svg"]}
    assert sorted(path.name for path in Path().iterdir()) == ["a.html", "card.svg"]
    assert ET.parse("card.svg").getroot().tag == "{http://www.w3.org/2000/svg}svg"  # our own file


def test_a_selection_narrows_the_page(command: CommandLine, file: Path) -> None:
    command("report", file, "--host", HOSTS[0].url, "--model", "model0*", "--output", "a.html")
    inside = document_in(Path("a.html").read_text(encoding="utf-8"))
    assert [result["model"] for result in inside["results"]] == [RUN.models[0].name]


def test_without_a_file_it_is_the_last_run_of_the_history(command: CommandLine, file: Path) -> None:
    assert command("history", "add", file).status == 0
    ended = command("report", "--output", "a.html")
    assert ended.status == 0
    assert "Use <strong>" in Path("a.html").read_text(encoding="utf-8")
    assert command("report", "last", "--output", "b.html").status == 0


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["nowhere.json"], 2, "nowhere.json"),
        (["--output", "report.xml"], 2, "cannot tell the format of 'report.xml'"),
        (["FILE", "--output", "missing/report.html"], 7, "create the directory 'missing' first"),
        (["FILE", "--host", "gpu9"], 2, "no model with figures is left"),
        ([], 2, "no "),
    ],
)
def test_what_cannot_be_shown_is_said(
    arguments: list[str], status: int, words: str, command: CommandLine, file: Path
) -> None:
    ended = command("report", *(str(file) if word == "FILE" else word for word in arguments))
    assert ended.status == status
    assert words in ended.stderr
    assert list(Path().iterdir()) == []


def test_a_picture_without_a_program_that_renders_is_refused_before_anything_is_done(
    command: CommandLine, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    ended = command("report", file, "--output", "card.png")
    assert ended.status == 2
    assert "install rsvg-convert (Debian: librsvg2-bin) or chromium, or write a .svg file" in ended.stderr


def test_open_says_the_address_where_there_is_no_browser(
    command: CommandLine, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROWSER", "false")
    monkeypatch.setenv("PATH", "")
    ended = command("report", file, "--output", "a.html", "--open")
    assert ended.status == 0
    assert Path("a.html").resolve().as_uri() in ended.stderr


def test_the_page_is_that_of_the_document(command: CommandLine, file: Path) -> None:
    command("report", file, "--output", "a.json", "--output", "a.html")
    assert Path("a.html").read_text(encoding="utf-8") == render(read_document(Path("a.json")))
