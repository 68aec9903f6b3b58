"""`use PICK --with PROGRAM`: a pick put into a program's own configuration, with the difference shown first."""

import argparse
import difflib
import json
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

from ..errors import OutputError, UsageError, cause_of
from ..exports.adoption import PROGRAMS, Program, adopted, check, hidden_by, how_to_use, snippet, usual_place
from ..exports.fleet import Fleet, fleet
from ..exports.merging import Refusal
from ..exports.picking import picked
from ..results.files import write_atomically
from . import saved
from .environment import Environment
from .exit_codes import ExitCode
from .run import load_settings
from .screen import Screen

LARGEST_BYTES = 4 * 1024**2
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]")
_SECRET = re.compile(r"(?i)((?:api[-_]?key|token|secret|password|authorization)[\"']?\s*[:=]\s*)(\S.*)")


def main(environment: Environment, arguments: argparse.Namespace) -> ExitCode:
    """Show what would change, ask, keep a backup, write; with `--print` only print what belongs into the file."""
    chosen = load_settings(environment, arguments)
    screen = Screen(environment, chosen, as_json=arguments.json)
    program = _program(arguments)
    pick = picked(fleet(saved.load(environment, arguments, chosen, screen)), arguments.pick)
    check(program, pick)
    if arguments.print and not arguments.json:
        environment.put(snippet(program, pick).removesuffix("\n"))
        return ExitCode.DONE
    path = _path(environment, arguments, program)
    if arguments.print:
        environment.put(_as_json(program, pick, path, "", written=False, backup=None))
        return ExitCode.DONE
    before = _read(path)
    after = _after(program, pick, path, before)
    if isinstance(after, Refusal):
        return _refused(environment, arguments, program, pick, path, after)
    difference = _difference(path, before, after)
    written, backup = False, None
    if after != before:
        if not arguments.json:
            environment.put(difference)
        if not chosen.yes and not _agreed(environment, path):
            raise UsageError(
                f"nothing was written; add --yes to write {str(path)!r}, or --print to see what belongs there"
            )
        backup = _write(path, before, after)
        written = True
    if arguments.json:
        environment.put(_as_json(program, pick, path, difference, written=written, backup=backup))
        return ExitCode.DONE
    if not written:
        screen.note(f"{path} has this pick already; nothing was changed.")
    else:
        screen.note(f"{path} was written{'' if backup is None else f'; what it held is in {backup}'}.")
    screen.note(how_to_use(program, pick, path))
    return ExitCode.DONE


def _program(arguments: argparse.Namespace) -> Program:
    named = getattr(arguments, "with")
    found = next((program for program in PROGRAMS if program == named), None)
    if found is None:
        said = "use needs --with" if named is None else f"--with is {named!r}"
        raise UsageError(f"{said}; give one of {', '.join(PROGRAMS)}, or take `export` for other programs")
    return found


def _path(environment: Environment, arguments: argparse.Namespace, program: Program) -> Path:
    if arguments.file is not None:
        return Path(arguments.file).expanduser()
    named = environment.variables.get("HOME") or environment.variables.get("USERPROFILE")
    home = Path(named) if named else Path.home()
    path = usual_place(program, environment.variables, home, sys.platform, environment.config_dir)
    with_comments = path.with_suffix(".jsonc")
    return with_comments if program == "opencode" and not path.exists() and with_comments.exists() else path


def _read(path: Path) -> str | None:
    """Return what a file holds, line endings as they are; None where there is none. Raises `UsageError`."""
    try:
        if not path.exists():
            return None
        if path.stat().st_size > LARGEST_BYTES:
            raise UsageError(f"{str(path)!r} is larger than {LARGEST_BYTES >> 20} MiB: no configuration is")
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as exc:
        raise UsageError(f"{str(path)!r} is not UTF-8: {exc}; use --print and put it in by hand") from exc
    except OSError as exc:
        cause = cause_of(exc)
        raise UsageError(f"cannot read {str(path)!r}: {cause}; name another one with --file") from exc


def _after(program: Program, pick: Fleet, path: Path, before: str | None) -> str | Refusal:
    older = hidden_by(program, path)
    if before is None and older is not None and older.exists():
        return Refusal(f"{older} is there, which {program} would no longer read beside it")
    return adopted(program, pick, before)


def _refused(  # noqa: PLR0913, PLR0917 - what the answer tells
    environment: Environment,
    arguments: argparse.Namespace,
    program: Program,
    pick: Fleet,
    path: Path,
    refusal: Refusal,
) -> ExitCode:
    """Print what belongs into the file, and say why it was left alone."""
    if arguments.json:
        environment.put(_as_json(program, pick, path, "", written=False, backup=None, refused=refusal.why))
    else:
        environment.put(snippet(program, pick).removesuffix("\n"))
    raise UsageError(f"{str(path)!r} was left as it is: {refusal.why}; put the lines above into it by hand")


def _difference(path: Path, before: str | None, after: str) -> str:
    """Return a unified diff with little of what surrounds it, and no secret of the file."""
    lines = difflib.unified_diff(
        [] if before is None else before.splitlines(),
        after.splitlines(),
        "/dev/null" if before is None else str(path),
        str(path),
        n=1,
        lineterm="",
    )
    return "\n".join(_SECRET.sub(r"\1…", _UNPRINTABLE.sub("�", line)) for line in lines)


def _agreed(environment: Environment, path: Path) -> bool:
    """Return whether the person at the terminal wants it; False where nobody can be asked."""
    if not environment.is_interactive:
        return False
    print(f"Write {path}? [y/N] ", end="", file=environment.stderr, flush=True)
    return environment.stdin.readline().strip().lower() in {"y", "yes"}


def _write(path: Path, before: str | None, after: str) -> Path | None:
    """Write the file and return its backup, None where there was no file; raises `OutputError`."""
    if _read(path) != before:
        raise OutputError(f"{str(path)!r} changed meanwhile, so it was left as it is; try again")
    backup = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if before is not None:
            backup = _backed_up(path, before)
    except OSError as exc:
        cause = cause_of(exc)
        raise OutputError(f"cannot write beside {str(path)!r}: {cause}; name another file with --file") from exc
    write_atomically(path, after)
    return backup


def _backed_up(path: Path, before: str) -> Path:
    """Write what a file holds beside it, under a name that is free and with its permissions."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    for number in range(100):
        backup = path.with_name(f"{path.name}.{stamp}{f'-{number}' if number else ''}.bak")
        try:
            backup.touch(mode=0o600, exist_ok=False)
        except FileExistsError:
            continue
        backup.write_bytes(before.encode())
        backup.chmod(path.stat().st_mode & 0o777)
        return backup
    raise FileExistsError(f"no free name for a backup of {path.name}")


def _as_json(  # noqa: PLR0913 - what the answer tells
    program: Program,
    pick: Fleet,
    path: Path,
    difference: str,
    *,
    written: bool,
    backup: Path | None,
    refused: str | None = None,
) -> str:
    served = pick.served[0]
    return json.dumps(
        {
            "program": program,
            "pick": {"name": pick.aliases[0].name, "host": served.url, "model": served.model},
            "file": str(path),
            "written": written,
            "backup": None if backup is None else str(backup),
            "refused": refused,
            "diff": difference,
            "snippet": snippet(program, pick),
            "use": how_to_use(program, pick, path),
        },
        indent=2,
    )
