from pathlib import Path

import pytest

from ollama_speedrun.errors import UsageError
from ollama_speedrun.report import csv, markdown
from ollama_speedrun.report.formats import FORMATS, format_of
from ollama_speedrun.report.settings import ReportSettings
from ollama_speedrun.results.codec import encode
from specimens import document

SUFFIXES = ", ".join(row.suffix for row in FORMATS)


@pytest.mark.parametrize(
    ("name", "suffix"), [("a.json", ".json"), ("a.MD", ".md"), ("b.csv", ".csv"), ("x.tar.json", ".json")]
)
def test_the_ending_of_a_path_decides_the_format(name: str, suffix: str) -> None:
    assert format_of(Path(name)).suffix == suffix


@pytest.mark.parametrize("name", ["a.txt", "a", ".json", "json", "a.json.gz"])
def test_another_ending_is_refused_with_those_that_there_are(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        format_of(Path(name))
    assert str(caught.value) == f"cannot tell the format of {name!r}: end the file's name in one of {SUFFIXES}"


def test_each_format_is_rendered_by_its_module() -> None:
    run = document()
    rendered = {row.suffix: row.render(run, ReportSettings(scoring="classic")) for row in FORMATS}
    assert (
        rendered
        | {
            ".json": encode(run).decode(),
            ".md": markdown.render(run, ReportSettings(scoring="classic")),
            ".csv": csv.render(run),
        }
        == rendered
    )
