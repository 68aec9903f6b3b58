"""`export PROGRAM [FILE ...]`: the configuration of another program, made of a saved verdict. No traffic."""

import argparse
import json
from pathlib import Path

from ..exports.basis import basis
from ..exports.fleet import Fleet, fleet
from ..exports.targets import Target, target_of
from ..results.files import write_atomically
from . import saved
from .environment import Environment
from .exit_codes import ExitCode
from .run import load_settings
from .screen import Screen


def main(environment: Environment, arguments: argparse.Namespace) -> ExitCode:
    """Print the configuration, or write it to `--output`."""
    chosen = load_settings(environment, arguments)
    screen = Screen(environment, chosen, as_json=arguments.json)
    found = fleet(saved.load(environment, arguments, chosen, screen))
    path = None if arguments.output is None else Path(arguments.output).expanduser()
    target = target_of(arguments.program, "" if path is None else path.suffix.lower())
    if not target.has_use_for(found):
        left_out = "; ".join(found.left_out) or "there is none that answers"
        screen.complain(f"no model of the result can be used with {target.name}: {left_out}; nothing was exported")
        return ExitCode.NO_MODEL
    text = environment.mask.text(target.render(found))
    if not target.has_comments and not arguments.json:
        for sentence in basis(found):
            screen.note(sentence)
    if path is not None:
        write_atomically(path, text)
        screen.note(f"{path} was written: {target.place}.")
    if arguments.json:
        environment.put(_as_json(target, found, text, path))
    elif path is None:
        with environment.writing():
            environment.stdout.write(text)
    return ExitCode.DONE


def _as_json(target: Target, found: Fleet, text: str, path: Path | None) -> str:
    """Return what was made as one JSON document."""
    return json.dumps(
        {
            "target": target.name,
            "file": None if path is None else str(path),
            "run_id": found.document.run_id,
            "started_at": found.document.started_at.isoformat(),
            "basis": basis(found),
            "left_out": found.left_out,
            "aliases": [
                {"name": alias.name, "host": alias.served.url, "model": alias.served.model, "why": alias.why}
                for alias in found.aliases
            ],
            "text": text,
        },
        indent=2,
    )
