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


def test_the_page_of_settings_lists_each_with_its_variable_and_default() -> None:
    page = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| `(\w+)` \| .+ \| (\S+) \|$", page, re.MULTILINE)
    assert rows == [(setting.key, setting.variable, shown(setting.default)) for setting in SETTINGS]


def shown(default: object) -> str:
    match default:
        case None:
            return "profile"
        case ():
            return "none"
        case (only,):
            return str(only)
        case bool():
            return str(default).lower()
        case float():
            return f"{default:g}"
        case _:
            return str(default)
