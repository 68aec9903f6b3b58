import re
import runpy
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from ollama_speedrun.results.codec import encode
from ollama_speedrun.results.files import write_atomically
from specimens import LONG_NAME, document

TOOL = Path(__file__).parents[2] / "tools" / "make_terminal_picture.py"


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", [str(TOOL), *arguments])
    with pytest.raises(SystemExit) as caught:
        runpy.run_path(str(TOOL), run_name="__main__")
    assert isinstance(caught.value.code, int)
    return caught.value.code


def test_the_picture_shows_the_result_and_loads_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = tmp_path / "a.json", tmp_path / "a.svg"
    write_atomically(source, encode(document()))
    assert run(monkeypatch, str(source), str(target), "ollama-speedrun run") == 0
    svg = target.read_text(encoding="utf-8")
    text = "".join(ElementTree.fromstring(svg).itertext()).replace("\xa0", " ")
    assert all(words in text for words in ("$ ollama-speedrun run", "★ Use", "llama3.1:8b", LONG_NAME))
    assert re.findall(r"@font-face|@import|href=|url\((?!#)", svg) == []


def test_the_picture_of_assess_shows_the_verdict_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, target = tmp_path / "a.json", tmp_path / "a.svg"
    write_atomically(source, encode(document()))
    assert run(monkeypatch, str(source), str(target), "ollama-speedrun assess") == 0
    text = "".join(ElementTree.fromstring(target.read_text(encoding="utf-8")).itertext()).replace("\xa0", " ")
    assert "★ Use" in text
    assert "Discover" not in text


def test_a_file_that_is_no_result_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    missing = tmp_path / "none.json"
    assert run(monkeypatch, str(missing), str(tmp_path / "a.svg")) == 1
    assert capsys.readouterr().err.startswith(f"there is no file {str(missing)!r}")
    assert run(monkeypatch) == 2
