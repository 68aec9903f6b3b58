import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "style.md"
READ_BY_PEOPLE = (
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "Makefile",
    "docs/**/*.md",
    "src/**/*.py",
    "tools/**/*.py",
)
ENDINGS = "(?:s|ed|ing)?"
MOST_QUESTIONS = 0.08
"""Of all docstrings, what may begin as a question would: some types are best described so."""


def banned() -> list[str]:
    """The words of the second column of the first table."""
    table = PAGE.read_text(encoding="utf-8").partition("| Say | Not |")[2].partition("\n\n")[0]
    cells = re.findall(r"^\| .+ \| (.+) \|$", table, re.MULTILINE)
    return [word.strip() for cell in cells for word in cell.split(",")]


@cache
def texts() -> dict[Path, str]:
    """What people read, by path."""
    paths = (path for pattern in READ_BY_PEOPLE for path in ROOT.glob(pattern) if path != PAGE)
    return {path: path.read_text(encoding="utf-8") for path in paths}


@cache
def modules() -> dict[Path, str]:
    """The package's own code, by path."""
    return {path: path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py")}


@cache
def nodes() -> list[tuple[Path, ast.AST]]:
    """What may have a docstring and what raises an error in the package's code, parsed once for all tests."""
    kinds = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef | ast.Raise
    return [
        (path, node)
        for path, text in modules().items()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, kinds)
    ]


def found(word: str, text: str) -> list[int]:
    """The lines in which a word stands, also where it is broken over two."""
    spaced = r"[\s#]+".join(map(re.escape, word.split()))
    return [
        text.count("\n", 0, match.start()) + 1 for match in re.finditer(rf"\b{spaced}{ENDINGS}\b", text, re.IGNORECASE)
    ]


@pytest.mark.parametrize("word", banned())
def test_no_text_has_a_word_that_the_page_of_words_replaces(word: str) -> None:
    places = {f"{path.relative_to(ROOT)}:{line}" for path, text in texts().items() for line in found(word, text)}
    assert places == set()


def test_a_banned_word_is_found_broken_over_lines_and_with_an_ending() -> None:
    assert found("for ever", "a\nfor\n  ever and For ever, forever") == [2, 3]
    assert found("mend", "mends amendment recommend mend") == [1, 1]


def test_docstrings_rarely_begin_with_a_question() -> None:
    docstrings = [
        docstring
        for _, node in nodes()
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and (docstring := ast.get_docstring(node))
    ]
    questions = [docstring for docstring in docstrings if re.match(r"(What|Whether|Where|How|Which|When)\b", docstring)]
    assert len(questions) <= MOST_QUESTIONS * len(docstrings), f"{len(questions)} of {len(docstrings)}"


def test_every_error_begins_with_a_small_letter_and_ends_without_a_full_stop() -> None:
    """What a name from outside begins is left alone, as are the program's own names in capitals."""
    raised = [
        (f"{path.relative_to(ROOT)}:{node.lineno}", sentence)
        for path, node in nodes()
        if isinstance(node, ast.Raise) and (sentence := sentence_of(node))
    ]
    assert len(raised) > 50
    assert [place for place, sentence in raised if sentence.endswith((".", "!"))] == []
    assert [place for place, sentence in raised if re.match(r"[A-Z]([a-z]|\s)", sentence)] == []


def sentence_of(node: ast.Raise) -> str | None:
    """The text that an error of ours is raised with, … for each value in it; None where it is no literal."""
    match node.exc:
        case ast.Call(func=ast.Name(id=name), args=[argument, *_]) if name.endswith("Error"):
            return None if name in {"ValueError", "TypeError", "AssertionError"} else literal(argument)
        case _:
            return None


def literal(node: ast.expr) -> str | None:
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(literal(part) or "…" if isinstance(part, ast.Constant) else "…" for part in parts)
        case ast.BinOp(left=left, right=right):
            return f"{literal(left) or '…'}{literal(right) or '…'}"
        case _:
            return None


def test_the_package_imports_its_own_modules_relatively() -> None:
    absolute = {
        f"{path.relative_to(ROOT)}:{line}"
        for path, text in modules().items()
        for line in found("from ollama_speedrun", text)
    }
    assert absolute == set()
