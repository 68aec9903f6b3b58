import importlib.util
import re
from pathlib import Path
from types import ModuleType

from ollama_speedrun.cli.exit_codes import ExitCode
from ollama_speedrun.cli.options import SETTINGS

ROOT = Path(__file__).parent.parent.parent


def tool(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_of_the_command_line_is_what_make_docs_writes() -> None:
    assert (ROOT / "docs" / "cli.md").read_text(encoding="utf-8") == tool("write_cli_docs").page()


def test_the_page_of_exit_statuses_lists_exactly_those_that_exist() -> None:
    page = (ROOT / "docs" / "exit-codes.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| `(\w+)` \| .{10,} \|$", page, re.MULTILINE)
    assert rows == [(str(int(code)), code.name) for code in ExitCode]


def test_the_page_of_exit_statuses_has_the_table_that_make_docs_writes() -> None:
    assert (ROOT / "docs" / "exit-codes.md").read_text(encoding="utf-8") == tool("write_cli_docs").exit_codes_page()


def test_the_page_of_settings_has_the_table_that_make_docs_writes() -> None:
    assert (ROOT / "docs" / "settings.md").read_text(encoding="utf-8") == tool("write_cli_docs").settings_page()


def test_the_page_of_settings_lists_each_with_its_variable_and_default() -> None:
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| `(\w+)` \| .+ \| (.+) \|$", page, re.MULTILINE)
    assert [row[:2] for row in rows] == [(setting.key, setting.variable) for setting in SETTINGS]
    defaults = {key: default for key, _, default in rows}
    assert {key: defaults[key] for key in ("port", "trials", "depths", "context", "budget", "save", "timeout")} == {
        "port": "11434",
        "trials": "12; quick: 2",
        "depths": "off; thorough: 0,2048,8192,32768",
        "context": "4096",
        "budget": "none",
        "save": "true",
        "timeout": "300",
    }


def test_the_page_of_the_library_names_each_public_name() -> None:
    assert (ROOT / "docs" / "api.md").read_text(encoding="utf-8") == tool("write_cli_docs").api_page()
