"""`config`: what the settings are, where each comes from, and where the settings file is looked for."""

import argparse
import os
from pathlib import Path

import msgspec

from . import settings
from .environment import Environment
from .exit_codes import ExitCode
from .options import SETTINGS


def main(environment: Environment, arguments: argparse.Namespace) -> ExitCode:
    """Print the path of the settings file, or each setting's value and origin."""
    path = settings.settings_file(environment, arguments.config)
    if arguments.what == "path":
        text = _encode({"path": str(path), "exists": _exists(path)}) if arguments.json else str(path)
    else:
        layers = settings.load(environment, {}, config_flag=arguments.config)
        text = _as_json(layers) if arguments.json else _as_lines(layers, path)
    environment.put(text)
    return ExitCode.DONE


def _exists(path: Path) -> bool:
    return os.path.exists(path)  # noqa: PTH110 - which is False, not an error, where it may not be looked at


def _as_json(layers: settings.Layers) -> str:
    return _encode({key: {"value": value, "origin": origin} for key, (value, origin) in _values(layers).items()})


def _as_lines(layers: settings.Layers, path: Path) -> str:
    """Return lines that are themselves a valid settings file."""
    values = _values(layers)
    lines = {key: _line(key, value, layers.origins[key] == origin) for key, (value, origin) in values.items()}
    width = max(map(len, lines.values()))
    header = f"# {path}" + ("" if _exists(path) else " (no such file)")
    return "\n".join([header, *(f"{line:{width}}  # {values[key][1]}" for key, line in lines.items())])


def _values(layers: settings.Layers) -> dict[str, tuple[object, str]]:
    """Return each option's value and where that comes from: for some that is the profile."""
    profile = layers.settings.profile
    return {
        option.key: (option.kind.written(settings.of_profile(option, profile)), f"profile {profile}")
        if option.is_left_to_profile and layers.settings.by_key[option.key] is None
        else (option.kind.written(layers.settings.by_key[option.key]), layers.origins[option.key])
        for option in SETTINGS
    }


def _line(key: str, value: object, is_set: bool) -> str:
    """Return a line of a settings file; what the profile decides is a comment, so that another profile can."""
    text = "not set" if value is None else msgspec.json.encode(value).decode()
    return f"{key} = {text}" if is_set and value is not None else f"# {key} = {text}"


def _encode(value: object) -> str:
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
