"""Write docs/cli.md and the tables of docs/settings.md and docs/exit-codes.md out of the rows in cli/: `make docs`."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import ollama_speedrun as speedrun
from ollama_speedrun.cli.exit_codes import ExitCode
from ollama_speedrun.cli.options import ONE_OFFS, PROGRAM, SETTINGS, VERBS, Option, Verb
from ollama_speedrun.cli.parser import POSITIONAL_HELP, default_note, default_of

DOCS = Path(__file__).parent.parent / "docs"
PAGE = DOCS / "cli.md"
SETTINGS_PAGE = DOCS / "settings.md"
EXIT_CODES_PAGE = DOCS / "exit-codes.md"
API_PAGE = DOCS / "api.md"
_API_HEAD = (
    "# The library",
    "",
    "<!-- Written by `make docs`; the site shows the docstring of each name here. -->",
    "",
    "All of these can be imported from `ollama_speedrun` itself. Types are frozen structs of msgspec.",
)
_SETTINGS_HEAD = ("| key | variable | value | default |", "|---|---|---|---|")
_EXIT_CODES_HEAD = ("| status | name | meaning |", "|---:|---|---|")


def page() -> str:
    """Return the whole page."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# The command line"
    yield ""
    yield "<!-- Written by `make docs`; a test compares it with the parser. -->"
    yield ""
    yield f"`{PROGRAM} [VERB] [ARGUMENTS] [OPTIONS]`, also `python -m ollama_speedrun`. Without a verb it is `run`."
    yield "Data goes to standard output, messages to standard error."
    yield "See also the [exit statuses](exit-codes.md) and the [settings](settings.md)."

    for verb in VERBS:
        yield from _verb_lines(verb)
    yield ""
    yield "## Options"
    for group in dict.fromkeys(setting.group for setting in SETTINGS):
        yield ""
        yield f"### {group[0].upper()}{group[1:]}"
        yield ""
        yield "| option | what it does |"
        yield "|---|---|"
        for setting in SETTINGS:
            if setting.group == group:
                yield _row(setting.flag, setting.metavar, setting.help + default_note(setting))


def _verb_lines(verb: Verb) -> Iterator[str]:
    own = [option for option in ONE_OFFS if verb.name in option.verbs]
    yield ""
    yield f"## `{verb.usage}`"
    yield ""
    yield f"{verb.help[0].upper()}{verb.help[1:]}."
    if verb.positional in POSITIONAL_HELP:
        yield ""
        yield f"{verb.positional}: {POSITIONAL_HELP[verb.positional]}."
    if own:
        yield ""
        yield "| option | what it does |"
        yield "|---|---|"
        for option in own:
            yield _row(option.flag, option.metavar, option.help)
    if verb.groups:
        yield ""
        yield f"And the options below under: {', '.join(verb.groups)}."


def _row(flag: str, metavar: str | None, text: str) -> str:
    written = f"{flag} {metavar}" if metavar else flag
    return f"| `{written}` | {text} |".replace("*", r"\*")


def api_page() -> str:
    """Return docs/api.md: a directive for each public name, out of which the site shows its docstring."""
    names = [name for name in speedrun.__all__ if not name.startswith("_")]
    return "\n".join([*_API_HEAD, *(f"\n::: ollama_speedrun.{speedrun.HOMES[name]}.{name}" for name in names)]) + "\n"


def settings_page() -> str:
    """Return docs/settings.md with the table of the settings that there are."""
    rows = (
        f"| `{setting.key}` | `{setting.variable}` | {setting.kind.expected} | {_default(setting)} |"
        for setting in SETTINGS
    )
    return _with_table(SETTINGS_PAGE, _SETTINGS_HEAD, rows)


def exit_codes_page() -> str:
    """Return docs/exit-codes.md with the table of the statuses that there are."""
    rows = (f"| {code.value} | `{code.name}` | {code.meaning} |" for code in ExitCode)
    return _with_table(EXIT_CODES_PAGE, _EXIT_CODES_HEAD, rows)


def _with_table(page: Path, head: tuple[str, str], rows: Iterable[str]) -> str:
    """Return the text of a page with these rows in its table, which ends at the first empty line."""
    before, _, rest = page.read_text(encoding="utf-8").partition(head[0])
    _, _, after = rest.partition("\n\n")
    return "\n".join([before + head[0], head[1], *rows]) + "\n\n" + after


def _default(setting: Option[Any]) -> str:
    if isinstance(setting.default, bool):
        return str(setting.default).lower()
    return default_of(setting) or "none"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    SETTINGS_PAGE.write_text(settings_page(), encoding="utf-8")
    EXIT_CODES_PAGE.write_text(exit_codes_page(), encoding="utf-8")
    API_PAGE.write_text(api_page(), encoding="utf-8")
