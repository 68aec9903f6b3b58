import re
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
DIAGRAM = PAGE.partition("```mermaid\n")[2].partition("```")[0].splitlines()[1:]
SOURCE = ROOT / "src" / "ollama_speedrun"


def contract() -> dict[str, Any]:
    """The contract of import-linter that holds the layers."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    (held,) = [contract for contract in contracts if contract["type"] == "layers"]
    return dict(held)


def layers() -> list[set[str]]:
    """The layers, the highest first."""
    return [{name.strip() for name in row.split("|")} for row in contract()["layers"]]


def drawn() -> list[set[str]]:
    """The rows of the diagram: the lines before the first arrow."""
    return [set(line.strip().split(" --- ")) for line in DIAGRAM if "-->" not in line]


def packages() -> set[str]:
    inside = (path for path in SOURCE.iterdir() if path.is_dir() and (path / "__init__.py").exists())
    modules = (path for path in SOURCE.glob("*.py") if path.stem not in {"__init__", "__main__"})
    return {path.stem for path in (*inside, *modules)}


def test_the_diagram_has_the_rows_that_the_import_contract_holds() -> None:
    assert drawn() == layers()


def test_the_diagram_has_every_package_and_no_other() -> None:
    assert set().union(*drawn()) == packages()


def test_every_arrow_of_the_diagram_runs_down() -> None:
    row_of = {name: row for row, names in enumerate(drawn()) for name in names}
    arrows = [line.strip().split(" --> ") for line in DIAGRAM if "-->" in line]
    assert arrows
    assert [(start, end) for start, end in arrows if row_of[start] >= row_of[end]] == []


def test_the_table_describes_every_package() -> None:
    assert set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)) == packages()


def test_every_file_that_the_page_names_is_there() -> None:
    named = set(re.findall(r"`([a-z_]+/[a-z_]+\.py)`", PAGE))
    assert named
    assert {name for name in named if not (SOURCE / name).exists()} == set()


def test_no_arrow_is_exempt_from_the_layers() -> None:
    assert "ignore_imports" not in contract()
