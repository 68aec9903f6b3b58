"""How a pick goes into a program's own configuration file: the usual place of it, and the text afterwards. Pure."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, Literal, TypeAlias

from ..errors import UsageError
from . import continue_dev, llm, opencode, shell, yaml
from .fleet import Fleet
from .merging import Refusal, block, merged_members, with_items

Program: TypeAlias = Literal["opencode", "continue", "llm", "shell"]
PROGRAMS: Final[tuple[Program, ...]] = ("opencode", "continue", "llm", "shell")
_OURS: Final = "# Made by ollama-speedrun"


def usual_place(program: Program, variables: Mapping[str, str], home: Path, platform: str, own_dir: Path) -> Path:
    """Return the file in which a program looks for its settings; a shell gets a file of our own in `own_dir`.

    `platform` is as in `sys.platform`.
    """
    match program:
        case "opencode":
            if named := variables.get("OPENCODE_CONFIG"):
                return Path(named)
            return Path(variables.get("XDG_CONFIG_HOME") or home / ".config") / "opencode" / "opencode.json"
        case "continue":
            return Path(variables.get("CONTINUE_GLOBAL_DIR") or home / ".continue") / "config.yaml"
        case "llm":
            return _llm_dir(variables, home, platform) / "extra-openai-models.yaml"
        case "shell":
            return own_dir / "pick.sh"


def _llm_dir(variables: Mapping[str, str], home: Path, platform: str) -> Path:
    if named := variables.get("LLM_USER_PATH"):
        return Path(named)
    if platform == "darwin":
        return home / "Library" / "Application Support" / "io.datasette.llm"
    if platform == "win32":
        return Path(variables.get("APPDATA") or home / "AppData" / "Roaming") / "io.datasette.llm"
    return Path(variables.get("XDG_CONFIG_HOME") or home / ".config") / "io.datasette.llm"


def hidden_by(program: Program, path: Path) -> Path | None:
    """Return the older file that the program no longer reads once this one is there; None where there is none such."""
    return path.with_name("config.json") if program == "continue" else None


def check(program: Program, fleet: Fleet) -> None:
    """Raise `UsageError` where the program has no use for the pick."""
    if program != "continue" and fleet.served[0].is_embedding:
        raise UsageError(
            f"{fleet.served[0].model} gives vectors and answers nothing: {program} needs a model that does"
        )


def snippet(program: Program, fleet: Fleet) -> str:
    """Return what belongs into the file, to be put there by hand."""
    return _SNIPPETS[program](fleet)


def adopted(program: Program, fleet: Fleet, before: str | None) -> str | Refusal:
    """Return the text of the file with the pick in it; `before` is what it holds, None where there is no file."""
    match program:
        case "opencode":
            return _opencode(fleet, before)
        case "continue":
            return _continue(fleet, before)
        case "llm":
            return with_items(before or "", _items(llm.models(fleet)), key=None)
        case "shell":
            if before is not None and before.strip() and not before.startswith(_OURS):
                return Refusal("it was not made by this program")
            return shell.render(fleet)


def how_to_use(program: Program, fleet: Fleet, path: Path) -> str:
    """Return in one sentence how the program is told to use the pick."""
    pick, name = fleet.served[0], fleet.aliases[0].name
    match program:
        case "opencode":
            return f"Choose it with: opencode --model {opencode.reference(pick)}"
        case "continue":
            return f"Continue lists it as: {pick.model} on {pick.host}"
        case "llm":
            return f"Ask it with: llm -m {name} 'a question'"
        case "shell":
            return f"Load it into a shell, or in the shell's start file, with: . '{path}'"


def _opencode_members(fleet: Fleet, model: object) -> dict[tuple[str, ...], object]:
    """Return the members that are ours; `model` is the one that is set now, None where none is."""
    members: dict[tuple[str, ...], object] = {
        ("provider", name): provider for name, provider in opencode.providers(fleet).items()
    }
    if model is None or (isinstance(model, str) and model.startswith(opencode.PREFIX)):
        members["model",] = opencode.reference(fleet.served[0])
    return members


def _opencode(fleet: Fleet, before: str | None) -> str | Refusal:
    text = before if before is not None and before.strip() else f'{{\n  "$schema": "{opencode.SCHEMA}"\n}}\n'
    try:
        held = json.loads(text)
    except (ValueError, RecursionError):
        held = {}
    return merged_members(text, _opencode_members(fleet, held.get("model") if isinstance(held, dict) else None))


def _continue(fleet: Fleet, before: str | None) -> str | Refusal:
    text = before
    if text is None or not text.strip():
        text = yaml.block({"name": "ollama-speedrun", "version": "1.0.0", "schema": "v1"})
    return with_items(text, _items(continue_dev.models(fleet)), key="models")


def _items(entries: list[yaml.Value]) -> list[str]:
    return yaml.block(entries).splitlines()


def _opencode_snippet(fleet: Fleet) -> str:
    held = {"provider": opencode.providers(fleet), "model": opencode.reference(fleet.served[0])}
    return json.dumps(held, indent=2) + "\n"


def _continue_snippet(fleet: Fleet) -> str:
    lines = ["models:", *(f"  {line}" for line in block(_items(continue_dev.models(fleet))))]
    return "\n".join([*lines, ""])


def _llm_snippet(fleet: Fleet) -> str:
    return "\n".join([*block(_items(llm.models(fleet))), ""])


_SNIPPETS: Final[Mapping[Program, Callable[[Fleet], str]]] = {
    "opencode": _opencode_snippet,
    "continue": _continue_snippet,
    "llm": _llm_snippet,
    "shell": shell.render,
}
