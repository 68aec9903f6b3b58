"""The argparse parser, built out of the tables in `options`."""

import argparse
import re
from collections.abc import Sequence
from typing import Any, NoReturn

from ..errors import UsageError
from ..exports.targets import NAMES as PROGRAMS
from .options import FINDING, HOST, ONE_OFFS, PROGRAM, SETTINGS, VERBS, Option, Settings, Verb
from .overview import overview, version

DEFAULT_VERB = "run"
SHELLS = ("bash", "zsh", "fish", "tcsh")
POSITIONAL_HELP = {
    "TARGET": "host, host:port, URL or network (192.168.1.0/24) to probe instead of the local subnets",
    "FILE": "result that a run wrote with --output FILE.json, - for standard input, or a run of the history: last, "
    "last~1, the beginning of its id, or a date; several are put together; without any the last run on this machine",
    "SIDES": "a run (last, last~1, the beginning of its id, a date), a FILE, or of the last run HOST/MODEL, HOST or "
    "MODEL",
    "MODEL": "the name of a model, or a glob; without a tag all tags",
    "PICK": "best, a use (code), a memory tier (4-8), embed, MODEL or HOST/MODEL; FILE as in assess",
    "PROGRAM": f"the program to configure: {', '.join(PROGRAMS)}; FILE as in assess",
    "ACTION": "show and export take a run (last without any), delete runs, add result FILEs, also of older releases; "
    "a RUN is last, last~1, the beginning of its id, or a date such as 2026-11-25",
}
HOST_OF_RESULTS = "only this host: its name, its address, or a pattern with * or ? (repeatable)"
TIER_OF_RESULTS = "only models of this size in GB, by measured memory: <2 (or lt2), 2-4, 4-8, 8-16, 16+ (repeatable)"
MEMORY_TO_RECOMMEND = "only models whose memory is at most this, such as 8GB"
VERB_NAMES = tuple(verb.name for verb in VERBS)
_OPTIONS_WITH_VALUE = {
    flag for setting in SETTINGS if not isinstance(setting.default, bool) for flag in setting.flags
} | {option.flag for option in ONE_OFFS if option.metavar}
_FILE_COMPLETION = {
    "bash": "_shtab_compgen_files",
    "zsh": "_files",
    "fish": "(__fish_complete_path (commandline -ct))",
    "tcsh": "f",
}
_ASKED_FOR_BY_OPTION = ("help", "version")
_BARE_WORD = re.compile(r"[a-z]+")


class TextWanted(Exception):  # noqa: N818 - no error: it ends the parsing with what is to be printed on stdout
    """The command line asks for a text, such as the help, and for nothing else."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text


class _Help(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        raise TextWanted(parser.format_help().rstrip())


class _Version(argparse.Action):
    def __call__(self, *_: object) -> NoReturn:
        raise TextWanted(version())


class _Parser(argparse.ArgumentParser):
    """A parser that raises its errors, so that they are said in one place."""

    def __init__(self, *, prog: str, description: str | None = None) -> None:
        super().__init__(prog=prog, description=description, add_help=False, allow_abbrev=False)
        self.add_argument("-h", "--help", action=_Help, nargs=0, help="print this help")

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}; see {self.prog} --help")


class _RootParser(_Parser):
    def format_help(self) -> str:
        return overview()


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    root = _RootParser(prog=PROGRAM)
    root.add_argument("--version", action=_Version, nargs=0, help="print the version")
    parsers = root.add_subparsers(dest="verb", metavar="VERB", parser_class=_Parser)
    for verb in VERBS:
        _fill(parsers.add_parser(verb.name, help=verb.help, description=_sentence(verb.help)), verb)
    return root


def _fill(parser: argparse.ArgumentParser, verb: Verb) -> None:
    _add_positional(parser, verb)
    add_options(parser, verb)


def add_options(parser: argparse.ArgumentParser, verb: Verb) -> None:
    """Add all options that a verb takes."""
    for group in verb.groups:
        section = parser.add_argument_group(group)
        for setting in SETTINGS:
            if setting.group == group:
                _add_setting(section, setting, text=_text_for(setting, verb))
    _add_one_off_options(parser, verb.name)


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Return the parsed command line; its `verb` is always set.

    Raises `UsageError` for what cannot be understood, and `TextWanted` for `--help` and `--version`.
    """
    arguments, unknown = build_parser().parse_known_args(with_verb(argv))
    if unknown:
        raise UsageError(_unknown(unknown[0], arguments.verb))
    return arguments


def with_verb(argv: Sequence[str]) -> list[str]:
    """Return the arguments with their verb in front: `--quiet discover` and `192.168.1.20` are understood, too.

    A first word that is no verb is a target for the default verb, unless it looks like a verb with a slip in it.
    """
    words = list(argv)
    if not words:
        return [DEFAULT_VERB]
    position = _first_positional(words)
    if position is None:
        return words if {"-h", "--help", "--version"} & set(words) else [DEFAULT_VERB, *words]
    word = words[position]
    if word in VERB_NAMES:
        return [word, *words[:position], *words[position + 1 :]]
    if word in _ASKED_FOR_BY_OPTION:
        raise UsageError(
            f"there is no verb {word!r}; did you mean --{word}? A host of that name is reached by: run {word}"
        )
    if _BARE_WORD.fullmatch(word) and (verb := _nearest(word, VERB_NAMES)):
        raise UsageError(f"no verb {word!r}; did you mean {verb}? A host of that name is reached by: run {word}")
    return [DEFAULT_VERB, *words]


def _first_positional(words: Sequence[str]) -> int | None:
    takes_value = False
    for position, word in enumerate(words):
        if takes_value:
            takes_value = False
        elif not word.startswith("-") or word == "-":
            return position
        else:
            takes_value = word in _OPTIONS_WITH_VALUE
    return None


def _add_positional(parser: argparse.ArgumentParser, verb: Verb) -> None:
    if verb.positional == "TARGET":
        parser.add_argument("targets", metavar="TARGET", nargs="*", help=POSITIONAL_HELP["TARGET"])
    elif verb.positional == "FILE":
        _add_files(parser)
    elif verb.positional == "PROGRAM":
        parser.add_argument("program", metavar="PROGRAM", choices=PROGRAMS, help=POSITIONAL_HELP["PROGRAM"])
        _add_files(parser)
    elif verb.positional == "SIDES":
        _complete_files(parser.add_argument("before", metavar="A", help=POSITIONAL_HELP["SIDES"]))
        _complete_files(parser.add_argument("after", metavar="B", help="what to compare with it, named likewise"))
    elif verb.positional == "MODEL":
        parser.add_argument("model_name", metavar="MODEL", help=POSITIONAL_HELP["MODEL"])
    elif verb.positional == "PICK":
        parser.add_argument("pick", metavar="PICK", help=POSITIONAL_HELP["PICK"])
        _add_files(parser)
    elif verb.positional == "SHELL":
        parser.add_argument("shell", choices=SHELLS, help="the shell to print it for")
    elif verb.positional == "BANK":
        parser.add_argument(
            "what", choices=("list", "show", "check"), nargs="?", default="list", help="list is the default"
        )
        parser.add_argument("subject", metavar="AREA|FILE", nargs="?", help="the area to show, or the file to check")
    elif verb.positional == "ACTION":
        parser.add_argument(
            "what",
            choices=("list", "show", "export", "add", "delete", "prune"),
            nargs="?",
            default="list",
            help="list is the default",
        )
        _complete_files(parser.add_argument("subjects", metavar="RUN|FILE", nargs="*", help=POSITIONAL_HELP["ACTION"]))
    elif verb.positional == "WHAT":
        parser.add_argument("what", choices=("show", "path"), nargs="?", default="show", help="show is the default")


def _add_files(parser: argparse.ArgumentParser) -> None:
    _complete_files(parser.add_argument("files", metavar="FILE", nargs="*", default=[], help=POSITIONAL_HELP["FILE"]))


def _text_for(setting: Option[Any], verb: Verb) -> str:
    """Return the help of an option as the verb takes it: one that probes nothing chooses among saved results."""
    if setting.group == HOST and FINDING not in verb.groups:
        return argparse.SUPPRESS if setting is Settings.hosts_file else HOST_OF_RESULTS
    if setting is Settings.tier and verb.until is None:
        return TIER_OF_RESULTS
    if setting is Settings.max_memory_bytes and verb.name == "recommend":
        return MEMORY_TO_RECOMMEND
    return setting.help + default_note(setting)


def _add_setting(section: argparse._ArgumentGroup, setting: Option[Any], *, text: str) -> None:
    if isinstance(setting.default, bool):
        section.add_argument(setting.flag, dest=setting.key, action="store_const", const=not setting.default, help=text)
    else:
        action = section.add_argument(
            *setting.flags,
            dest=setting.key,
            action="append" if setting.kind.many else "store",
            metavar=setting.metavar,
            help=text,
        )
        _complete_files(action)


def default_note(option: Option[Any]) -> str:
    """Return the remark on an option's default, empty where there is none to speak of."""
    default = default_of(option)
    return f" (default {default})" if default else ""


def default_of(option: Option[Any]) -> str:
    """Return an option's default as text, with that of each profile that has its own; empty for none and switches."""
    if not option.is_left_to_profile:
        return _shown(option.kind.written(option.default))
    from ..benchmark.plan import Profile
    from .settings import of_profile

    by_profile = {profile: _shown(option.kind.written(of_profile(option, profile))) for profile in Profile}
    usual = by_profile.pop(Profile.STANDARD)
    others = (f"{profile}: {text}" for profile, text in by_profile.items() if text != usual)
    return "; ".join([usual or "off", *others] if any(by_profile.values()) else filter(None, [usual]))


def _shown(value: object) -> str:
    match value:
        case None | () | bool():
            return ""
        case tuple():
            return ",".join(map(str, value))
        case float():
            return f"{value:g}"
        case _:
            return str(value)


def _add_one_off_options(parser: argparse.ArgumentParser, verb: str) -> None:
    for option in ONE_OFFS:
        if verb in option.verbs and option.metavar == "[RUN]":
            parser.add_argument(option.flag, metavar="RUN", nargs="?", const="newest", help=option.help)
        elif verb in option.verbs and option.metavar:
            _complete_files(parser.add_argument(option.flag, metavar=option.metavar, help=option.help))
        elif verb in option.verbs:
            parser.add_argument(option.flag, action="store_true", help=option.help)


def _complete_files(action: argparse.Action) -> None:
    """Let the shell complete file names there: shtab reads the attribute `complete`."""
    if action.metavar == "FILE":
        vars(action)["complete"] = _FILE_COMPLETION


def flags_of(verb: Verb) -> list[str]:
    """Return every long option that the help of the verb names."""
    settings = [
        setting.flag
        for setting in SETTINGS
        if setting.group in verb.groups and _text_for(setting, verb) != argparse.SUPPRESS
    ]
    return settings + [option.flag for option in ONE_OFFS if verb.name in option.verbs]


def _unknown(word: str, verb_name: str) -> str:
    if not word.startswith("-"):
        return f"{verb_name} takes no {word!r} there; see {PROGRAM} {verb_name} --help"
    name = word.split("=", maxsplit=1)[0]
    close = _nearest(name, [flag for verb in VERBS if verb.name == verb_name for flag in flags_of(verb)])
    hint = f"did you mean {close}?" if close else f"see {PROGRAM} {verb_name} --help"
    return f"{verb_name} has no option {name}; {hint}"


def _nearest(word: str, known: Sequence[str]) -> str | None:
    import difflib

    close = difflib.get_close_matches(word, known, n=1)
    return close[0] if close else None


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:] + "."
