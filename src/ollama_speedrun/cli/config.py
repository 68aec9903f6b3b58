"""`config`: what the settings are, where each comes from, and where the settings file is looked for."""

import argparse
from pathlib import Path

import msgspec

from . import settings
from .environment import Environment
from .exit_codes import ExitCode


def main(environment: Environment, arguments: argparse.Namespace) -> ExitCode:
    """Print the path of the settings file, or each setting's value and origin."""
    path = settings.settings_file(environment, arguments.config)
    if arguments.what == "path":
        text = _encode({"path": str(path), "exists": path.exists()}) if arguments.json else str(path)
    else:
        layers = settings.load(environment, {}, config_flag=arguments.config)
        text = _as_json(layers) if arguments.json else _as_lines(layers, path)
    environment.put(text)
    return ExitCode.DONE


def _values(layers: settings.Layers) -> dict[str, object]:
    values: dict[str, object] = msgspec.to_builtins(layers.settings)
    return values


def _as_json(layers: settings.Layers) -> str:
    return _encode(
        {key: {"value": value, "origin": layers.origins[key]} for key, value in _values(layers).items()},
    )


def _as_lines(layers: settings.Layers, path: Path) -> str:
    """Return lines that are themselves a valid settings file."""
    values = {key: _line(key, value) for key, value in _values(layers).items()}
    width = max(map(len, values.values()))
    header = f"# {path}" + ("" if path.exists() else " (no such file)")
    return "\n".join([header, *(f"{line:{width}}  # {layers.origins[key]}" for key, line in values.items())])


def _line(key: str, value: object) -> str:
    """Return a line of a settings file; TOML has no null, so what is left to the profile is a comment."""
    return f"# {key}: as the profile says" if value is None else f"{key} = {msgspec.json.encode(value).decode()}"


def _encode(value: object) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
