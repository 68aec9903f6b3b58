"""Every setting and every verb, as literal tables that parser, layers, `config show` and docs all read."""

from .kinds import (
    COUNT,
    DEPTHS,
    FILES,
    HOSTS,
    LEVELS,
    NETWORKS,
    PATHS,
    PORTS,
    SECONDS,
    SWITCH,
    TEXTS,
    TIER_NAMES,
    Kind,
    choice,
)

PROGRAM = "ollama-speedrun"
ENVIRONMENT_PREFIX = "OLLAMA_SPEEDRUN_"

HOST = "choosing hosts"
FINDING = "finding servers"
CHOOSING = "choosing models"
MEASURING = "measuring"
RESULTS = "results"
VERDICT = "verdict"
TALK = "talk"
GROUPS = (HOST, FINDING, CHOOSING, MEASURING, RESULTS, VERDICT, TALK)


class Setting:
    """One thing that can be set by a flag, a variable or the settings file.

    A switch that is on by default has a flag that turns it off, `--no-…`. A default of None leaves it to the profile.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - a row of the table below
        self, key: str, kind: Kind, default: object, group: str, metavar: str | None, text: str
    ) -> None:
        self.key = key
        self.kind = kind
        self.default = default
        self.group = group
        self.metavar = metavar
        self.help = text

    @property
    def flag(self) -> str:
        """The long option."""
        name = self.key.replace("_", "-")
        return f"--no-{name}" if self.default is True else f"--{name}"

    @property
    def variable(self) -> str:
        """The environment variable."""
        return ENVIRONMENT_PREFIX + self.key.upper()


SETTINGS = (
    Setting(
        "host",
        HOSTS,
        (),
        HOST,
        "HOST",
        "probe this host, URL or network only, as TARGET does; with * or ? it is a pattern that chooses among the "
        "hosts found (repeatable)",
    ),
    Setting("hosts_file", FILES, (), HOST, "FILE", "probe the hosts in this file, one TARGET a line (repeatable)"),
    Setting("port", PORTS, (11434,), FINDING, "PORT", "port to probe (repeatable)"),
    Setting("connect_timeout", SECONDS, 0.5, FINDING, "SECONDS", "how long an address may take to accept"),
    Setting("max_addresses", COUNT, 1024, FINDING, "N", "most addresses to sweep"),
    Setting("rate", COUNT, 8000, FINDING, "N", "most connections to begin in a second"),
    Setting("interface", TEXTS, (), FINDING, "NAME", "look only behind this network interface (repeatable)"),
    Setting("exclude_net", NETWORKS, (), FINDING, "NETWORK", "send nothing into this network (repeatable)"),
    Setting("tail", SWITCH, True, FINDING, None, "do not wait for late answers: end within about a second"),
    Setting("ca", FILES, (), FINDING, "FILE", "certificates in PEM format to trust for https, too (repeatable)"),
    Setting("insecure", SWITCH, False, FINDING, None, "accept any certificate of an https server"),
    Setting("model", TEXTS, (), CHOOSING, "GLOB", "only models whose name matches (repeatable)"),
    Setting("exclude", TEXTS, (), CHOOSING, "GLOB", "leave out models whose name matches (repeatable)"),
    Setting(
        "tier", TIER_NAMES, (), CHOOSING, "TIER", "only models of this size in GB: <2 (or lt2), 2-4, 4-8, 8-16, 16+"
    ),
    Setting(
        "profile",
        choice("quick", "standard", "thorough"),
        "standard",
        MEASURING,
        "NAME",
        "how thoroughly to measure: quick, standard or thorough (demo: quick)",
    ),
    Setting("budget", SECONDS, None, MEASURING, "SECONDS", "longest that the trials of one model may take together"),
    Setting("trials", COUNT, None, MEASURING, "N", "most timed trials of each model"),
    Setting(
        "think",
        choice("default", "on", "off", "all"),
        None,
        MEASURING,
        "HOW",
        "for models that can think: default, on, off, or all of their ways, each with a result of its own",
    ),
    Setting(
        "depths", DEPTHS, None, MEASURING, "TOKENS", "measure with so many tokens in the context, too: 0,2048,… on off"
    ),
    Setting("parallel", LEVELS, None, MEASURING, "N", "measure with so many requests at once, too: 1,2,… on off"),
    Setting(
        "if_busy",
        choice("wait", "skip", "go"),
        "wait",
        MEASURING,
        "HOW",
        "where a server is at work for somebody else: wait, skip it, or go on all the same",
    ),
    Setting(
        "timeout",
        SECONDS,
        300.0,
        MEASURING,
        "SECONDS",
        "longest that one generation may take; with the loading of its model twice that",
    ),
    Setting("num_predict", COUNT, 512, MEASURING, "TOKENS", "most tokens to generate for each model"),
    Setting("num_ctx", COUNT, 4096, MEASURING, "TOKENS", "context length to load each model with"),
    Setting("concurrency", COUNT, 8, MEASURING, "N", "hosts at once; each host runs one model at a time"),
    Setting("scoring", choice("overall", "classic"), "overall", VERDICT, "NAME", "score to show: overall or classic"),
    Setting("output", PATHS, (), RESULTS, "FILE", "also write the result to a .json, .md or .csv file (repeatable)"),
    Setting("save", SWITCH, True, VERDICT, None, "do not keep the result for `assess --last`"),
    Setting("yes", SWITCH, False, TALK, None, "answer every question with yes"),
    Setting("color", SWITCH, True, TALK, None, "no colours"),
    Setting("quiet", SWITCH, False, TALK, None, "say nothing but errors and the result"),
    Setting("verbose", SWITCH, False, TALK, None, "say more, and show the traceback of an unexpected error"),
)


class Verb:
    """One subcommand: its positional argument, if any, and the groups of settings that it takes."""

    def __init__(self, name: str, text: str, groups: tuple[str, ...], positional: str | None = None) -> None:
        self.name = name
        self.help = text
        self.groups = groups
        self.positional = positional

    @property
    def usage(self) -> str:
        """The verb with its argument."""
        return f"{self.name} {_ARGUMENTS[self.positional]}" if self.positional else self.name


_ARGUMENTS = {
    "TARGET": "[TARGET ...]",
    "FILE": "[FILE]",
    "SHELL": "SHELL",
    "WHAT": "[show|path]",
}
VERBS = (
    Verb("run", "find, list, benchmark, recommend (the default)", GROUPS, "TARGET"),
    Verb("discover", "find servers", (HOST, FINDING, RESULTS, TALK), "TARGET"),
    Verb("models", "find servers and list their models", (HOST, FINDING, CHOOSING, RESULTS, TALK), "TARGET"),
    Verb("benchmark", "find, list and benchmark, without a verdict", GROUPS, "TARGET"),
    Verb("assess", "the verdict on a saved FILE; without FILE a whole run", GROUPS, "FILE"),
    Verb(
        "demo",
        "all of it, on small real servers of its own",
        (HOST, CHOOSING, MEASURING, RESULTS, VERDICT, TALK),
    ),
    Verb("config", "the settings and where each comes from", (), "WHAT"),
    Verb("completion", "a completion script: bash, zsh, fish or tcsh", (), "SHELL"),
)


class OneOff:
    """An option that no settings file or variable can give, and the verbs that take it."""

    def __init__(self, flag: str, metavar: str | None, verbs: tuple[str, ...], text: str) -> None:
        self.flag = flag
        self.metavar = metavar
        self.verbs = verbs
        self.help = text


_WITH_RESULT = ("run", "discover", "models", "benchmark", "assess", "demo", "config")
_WITH_FIGURES = ("run", "benchmark", "assess", "demo")
ONE_OFFS = (
    OneOff("--json", None, _WITH_RESULT, "print one JSON document on standard output"),
    OneOff("--config", "FILE", _WITH_RESULT, "settings file to read instead of the usual one"),
    OneOff("--dry-run", None, ("discover",), "print what would be probed, and send nothing"),
    OneOff(
        "--stream",
        None,
        ("discover",),
        "print one line of JSON for each host as soon as it is found, and nothing at the end",
    ),
    OneOff("--watch", None, ("discover",), "go on until Ctrl-C, and print hosts as they come and go"),
    OneOff("--explain", "MODEL", _WITH_FIGURES, "also print how each figure of this model (a glob) came about"),
    OneOff("--last", None, ("assess",), "assess the last run on this machine"),
    OneOff("--serve", None, ("demo",), "only serve, until Ctrl-C, for any Ollama client"),
)
