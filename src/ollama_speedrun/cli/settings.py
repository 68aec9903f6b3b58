"""The settings of one command, in layers: defaults, then the settings file, then variables, then flags."""

import itertools
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias, cast

import msgspec

from ..benchmark.plan import PROFILES, Profile
from ..errors import SettingsError, UsageError
from . import uses
from .environment import Environment
from .kinds import Kind
from .options import ENVIRONMENT_PREFIX, SETTINGS, Option, Settings

__all__ = ["LARGEST_FILE_BYTES", "Layers", "Settings", "load", "of_profile", "read_short", "settings_file"]

Layer: TypeAlias = Iterable[tuple[Option[Any], object, str]]

FILE_NAME = "config.toml"
LARGEST_FILE_BYTES = 4 << 20
FILE_VARIABLE = ENVIRONMENT_PREFIX + "CONFIG"
_OTHER_VARIABLES = frozenset({FILE_VARIABLE, ENVIRONMENT_PREFIX + "CACHE_DIR"})
_DEFAULT = "default"
_BY_KEY: Mapping[str, Option[Any]] = {key: setting for setting in SETTINGS for key in setting.keys}


class Layers(msgspec.Struct, frozen=True):
    """The settings together with the origin of each, by key: "default", a file's path, a variable or a flag."""

    settings: Settings
    origins: Mapping[str, str]


def settings_file(environment: Environment, flag: str | None = None) -> Path:
    """Return the path of the settings file, whether or not there is one: `--config`, the variable, or the default."""
    named = flag or environment.variables.get(FILE_VARIABLE)
    return Path(named).expanduser() if named else environment.config_dir / FILE_NAME


def load(
    environment: Environment,
    flags: Mapping[str, object],
    *,
    config_flag: str | None = None,
    defaults: Mapping[str, object] = MappingProxyType({}),
    targets: tuple[str, ...] = (),
) -> Layers:
    """Return what holds, given the flags by key (None where a flag was not used), defaults other than the usual.

    TARGETs take the place of hosts in the settings file and in variables.

    Raises `SettingsError` with the place, the fault and what to give instead.
    """
    values = {setting.key: _default(setting) for setting in SETTINGS} | dict(defaults)
    origins = dict.fromkeys(values, _DEFAULT)
    path = settings_file(environment, config_flag)
    must_exist = bool(config_flag or environment.variables.get(FILE_VARIABLE))
    table = _file_table(path, must_exist=must_exist)
    own_uses = table.pop("uses", {})
    for setting, value, origin in (
        *_file_layer(table, path),
        *_variable_layer(environment.variables),
        *_flag_layer(flags),
    ):
        values[setting.key] = value
        origins[setting.key] = origin
    if targets and flags.get("host") is None:
        values["host"] = ()
    settings = Settings(MappingProxyType(values), uses.with_own(own_uses, str(path)), targets=targets)
    _check_verdict(settings, origins)
    if settings.quiet and settings.verbose:
        raise UsageError(
            f"quiet ({origins['quiet']}) and verbose ({origins['verbose']}) contradict each other; give only one"
        )
    return Layers(settings, origins)


def _check_verdict(settings: Settings, origins: Mapping[str, str]) -> None:
    """Refuse a use that there is not, and one that the score shown knows nothing of."""
    if settings.for_ is None:
        return
    uses.named(settings.for_, settings.uses, f"for ({origins['for']})")
    if settings.scoring == "classic":
        raise UsageError(
            f"scoring classic ({origins['scoring']}) and for ({origins['for']}) contradict each other: the classic "
            "score knows no uses; give only one of them"
        )


def of_profile(option: Option[Any], profile: Profile) -> object:
    """Return what a profile says for an option that is left to it; None where even that sets no bound."""
    field = (option.fills or "").removeprefix("benchmark.")
    value: object = getattr(PROFILES[profile], field)
    return value


def _default(option: Option[Any]) -> object:
    default: object = option.default
    return option.kind.parse(default) if isinstance(default, str) else default


def read_short(path: Path) -> str | None:
    """Return the text of a file that a person writes, None for a larger one; raises `OSError`, `UnicodeDecodeError`."""
    with path.open("rb") as file:
        data = file.read(LARGEST_FILE_BYTES + 1)
    if len(data) > LARGEST_FILE_BYTES:
        return None
    return data.decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")


def _file_table(path: Path, *, must_exist: bool) -> dict[str, Any]:
    try:
        text = read_short(path)
    except FileNotFoundError:
        if must_exist:
            raise SettingsError(f"there is no settings file {path}; create it or name another with --config") from None
        return {}
    except OSError as exc:
        if not must_exist and isinstance(exc, NotADirectoryError | PermissionError) and not os.path.isfile(path):  # noqa: PTH113 - which is False where it may not be looked at
            return {}
        raise SettingsError(
            f"the settings file {path} cannot be read: {exc.strerror}; check it or name another"
        ) from exc
    except UnicodeDecodeError as exc:
        raise SettingsError(f"the settings file {path} is not UTF-8; save it in this encoding") from exc
    if text is None:
        raise SettingsError(
            f"the settings file {path} is larger than {LARGEST_FILE_BYTES >> 20} MiB, which none is; name another"
        )
    import tomllib

    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as exc:
        raise SettingsError(f"the settings file {path} is not valid TOML: {exc}; correct that line") from exc


def _file_layer(table: Mapping[str, Any], path: Path) -> Layer:
    for key, raw in table.items():
        setting = _BY_KEY.get(key)
        if setting is None:
            raise SettingsError(f"unknown setting {key!r} in {path}; {_nearest(key, _BY_KEY)}")
        yield setting, _from_toml(setting.kind, raw, f"{key} in {path}"), str(path)


def _from_toml(kind: Kind[Any], raw: object, place: str) -> object:
    items = raw if kind.many and isinstance(raw, list) else [raw]
    if any(type(item) not in kind.toml for item in items):
        raise _unusable(place, raw, kind)
    texts = [str(item).lower() if isinstance(item, bool) else str(item) for item in items]
    return _parse(kind, texts, place)


def _variable_layer(variables: Mapping[str, str]) -> Layer:
    by_variable = {ENVIRONMENT_PREFIX + key.upper(): setting for key, setting in _BY_KEY.items()}
    for name in sorted(variables):
        if not name.startswith(ENVIRONMENT_PREFIX) or name in _OTHER_VARIABLES:
            continue
        if name not in by_variable:
            raise SettingsError(f"unknown variable {name}; {_nearest(name, by_variable)}")
        setting = by_variable[name]
        yield setting, _parse(setting.kind, _split(setting.kind, [variables[name]]), name), name


def _flag_layer(flags: Mapping[str, object]) -> Layer:
    for setting in SETTINGS:
        raw = flags.get(setting.key)
        if raw is None:
            continue
        if isinstance(raw, bool):
            yield setting, raw, setting.flag
        else:
            texts = cast("list[str]", raw) if isinstance(raw, list) else [str(raw)]
            yield setting, _parse(setting.kind, _split(setting.kind, texts), setting.flag), setting.flag


def _split(kind: Kind[Any], texts: Iterable[str]) -> list[str]:
    if kind.separator is None:
        return list(texts)
    return [part for text in texts for part in text.split(kind.separator)]


def _parse(kind: Kind[Any], texts: list[str], place: str) -> object:
    values = []
    for text in texts:
        try:
            values.append(kind.parse(text.strip()))
        except ValueError as exc:
            raise _unusable(place, text, kind) from exc
    if kind.runs:
        return tuple(itertools.chain.from_iterable(cast("list[tuple[object, ...]]", values)))
    return tuple(values) if kind.many else values[0]


def _unusable(place: str, raw: object, kind: Kind[Any]) -> SettingsError:
    return SettingsError(f"{place} is {raw!r}; give {kind.expected}")


def _nearest(name: str, known: Iterable[str]) -> str:
    import difflib

    close = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {close[0]}?" if close else "`config show` lists every setting"
