"""Every option and every verb, as literal tables that parser, layers, `config show` and docs all read."""

from __future__ import annotations

from ..report.formats import endings
from .kinds import (
    AREAS,
    CONFIDENCE,
    CONTEXT,
    COUNT,
    DEPTHS,
    DURATION,
    EXTRA,
    FILE,
    FILES,
    HOSTS,
    IF_BUSY,
    LANGUAGES,
    LEVELS,
    MEMORY,
    NETWORKS,
    PATHS,
    POINTS,
    PORTS,
    PRICE,
    PROFILE,
    RATE,
    SCORING,
    SECONDS,
    SWITCH,
    TEXTS,
    THINKING,
    TIER_NAMES,
    USE,
    WATTS,
    WHOLE,
    Kind,
    T_co,
)

TYPE_CHECKING = False  # not out of typing, whose import would take an eighth of what --help may cost
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any, Generic, Literal, TypeAlias, overload

    from ..assessment.uses import Use

    PhaseName: TypeAlias = Literal["discover", "enumerate", "benchmark", "assess"]
else:
    from .kinds import Generic


PROGRAM = "ollama-speedrun"
ENVIRONMENT_PREFIX = "OLLAMA_SPEEDRUN_"

HOST = "selecting hosts"
FINDING = "finding servers"
CHOOSING = "selecting models"
MEASURING = "measuring"
RESULTS = "results"
VERDICT = "verdict"
SHOWN = "tables"
PLOTS = "plots"
ENERGY = "energy"
HISTORY = "history"
REUSE = "known results"
TALK = "messages"
GROUPS = (HOST, FINDING, CHOOSING, MEASURING, RESULTS, VERDICT, SHOWN, PLOTS, ENERGY, HISTORY, REUSE, TALK)


class Option(Generic[T_co]):
    """One row: a value that a flag, a variable or the settings file can give, and an attribute of `Settings`.

    A text as default is read as the flag's value would be. `fills` is the field of a run's settings that the value goes
    into, as "section.field"; None as default leaves that field as the profile has it. A switch that is on by default
    has a flag that turns it off, `--no-…`. The key is the attribute's name without its unit, or the
    underscore that tells it from a word of Python; `also` is another key that is understood.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - a row of the table below
        self,
        kind: Kind[T_co],
        default: T_co | str,
        group: str,
        metavar: str | None,
        text: str,
        fills: str | None = None,
        *,
        also: str | None = None,
    ) -> None:
        self.kind = kind
        self.default = default
        self.group = group
        self.metavar = metavar
        self.help = text
        self.fills = fills
        self.also = also
        self.key = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.key = name.removesuffix("_s").removesuffix("_bytes").rstrip("_")

    if TYPE_CHECKING:

        @overload
        def __get__(self, instance: None, owner: type) -> Option[T_co]: ...
        @overload
        def __get__(self, instance: Settings, owner: type) -> T_co: ...
        def __get__(self, instance: Settings | None, owner: type) -> Option[T_co] | T_co: ...

    else:

        def __get__(self, instance: Settings | None, owner: type) -> object:
            return self if instance is None else instance.by_key[self.key]

    @property
    def flag(self) -> str:
        """The long option."""
        name = self.key.replace("_", "-")
        return f"--no-{name}" if self.default is True else f"--{name}"

    @property
    def flags(self) -> tuple[str, ...]:
        """The long option, and the other one that is understood."""
        return (self.flag,) if self.also is None else (self.flag, "--" + self.also.replace("_", "-"))

    @property
    def keys(self) -> tuple[str, ...]:
        """The key, and the other one that is understood."""
        return (self.key,) if self.also is None else (self.key, self.also)

    @property
    def variable(self) -> str:
        """The environment variable."""
        return ENVIRONMENT_PREFIX + self.key.upper()

    @property
    def is_left_to_profile(self) -> bool:
        """True where the profile decides until the option is given."""
        return self.default is None and (self.fills or "").startswith("benchmark.")


class Settings:
    """The settings of one command. Each attribute is a row: nothing else has to know of a new one.

    `…_s` are seconds, files are paths as typed, and None is what the profile says. `uses` are those that a verdict
    names: the usual ones and the user's own. `targets` are the TARGETs of the command line.
    """

    __slots__ = ("by_key", "targets", "uses")

    def __init__(self, by_key: Mapping[str, Any], uses: tuple[Use, ...] = (), *, targets: tuple[str, ...] = ()) -> None:
        self.by_key = by_key
        self.targets = targets
        self.uses = uses

    def filling(self, section: str) -> dict[str, Any]:
        """Return the fields of that section of a run's settings that were decided here, with their values."""
        return {
            option.fills.removeprefix(f"{section}."): self.by_key[option.key]
            for option in SETTINGS
            if option.fills is not None
            and option.fills.startswith(f"{section}.")
            and not (option.is_left_to_profile and self.by_key[option.key] is None)
        }

    host = Option(
        HOSTS,
        (),
        HOST,
        "HOST",
        "probe only this host, URL or network, like TARGET; with * or ? a pattern that selects among the hosts found; "
        "the name of a TARGET or of a host in --hosts-file selects that one (repeatable)",
    )
    hosts_file = Option(FILES, (), HOST, "FILE", "probe the hosts in this file, one TARGET a line (repeatable)")
    port = Option(PORTS, (11434,), FINDING, "PORT", "port to probe (repeatable)", "discovery.ports")
    connect_timeout_s = Option(
        SECONDS,
        0.5,
        FINDING,
        "SECONDS",
        "time limit for an address to accept a connection; a longer one raises every wait of the scan",
        "discovery.connect_timeout_s",
    )
    max_addresses = Option(COUNT, 1024, FINDING, "N", "maximum number of addresses to scan", "discovery.max_addresses")
    rate = Option(COUNT, 8000, FINDING, "N", "maximum number of new connections per second", "discovery.rate_per_s")
    interface = Option(
        TEXTS,
        (),
        FINDING,
        "NAME",
        "scan only the networks of this interface (repeatable)",
        "discovery.only_interfaces",
    )
    exclude_net = Option(NETWORKS, (), FINDING, "NETWORK", "never contact this network (repeatable)")
    tail = Option(SWITCH, True, FINDING, None, "do not wait for late answers: end within about a second")
    names = Option(
        SWITCH,
        True,
        FINDING,
        None,
        "do not ask the system's resolver (DNS) for the names of the hosts found",
        "discovery.looks_up_names",
    )
    ca = Option(FILES, (), FINDING, "FILE", "additional certificates to trust for https, in PEM format (repeatable)")
    insecure = Option(SWITCH, False, FINDING, None, "accept any certificate of an https server")
    model = Option(TEXTS, (), CHOOSING, "GLOB", "only models whose name matches (repeatable)", "selection.include")
    exclude = Option(
        TEXTS, (), CHOOSING, "GLOB", "leave out models whose name matches (repeatable)", "selection.exclude"
    )
    tier = Option(
        TIER_NAMES,
        (),
        CHOOSING,
        "TIER",
        "only models of this size in GB: <2 (or lt2), 2-4, 4-8, 8-16, 16+; before a run by the size on disk, of "
        "saved results by the memory that was measured",
        "selection.tiers",
    )
    profile = Option(
        PROFILE,
        "standard",
        MEASURING,
        "NAME",
        "how thoroughly to measure: quick, standard or thorough (demo: quick)",
    )
    budget_s = Option(
        SECONDS,
        None,
        MEASURING,
        "SECONDS",
        "time limit for all trials of one model together",
        "benchmark.budget_s",
    )
    trials = Option(
        COUNT, None, MEASURING, "N", "maximum number of timed trials of each model (demo: 3)", "benchmark.most_trials"
    )
    think = Option(
        THINKING,
        None,
        MEASURING,
        "HOW",
        "thinking of the models that can: default, on, off, or all modes, each with its own result",
        "benchmark.thinking",
    )
    depths = Option(
        DEPTHS,
        None,
        MEASURING,
        "TOKENS",
        "also measure at these context depths, in tokens: 0,2048,… or on or off",
        "benchmark.depths",
    )
    parallel = Option(
        LEVELS,
        None,
        MEASURING,
        "N",
        "also measure with these numbers of concurrent requests: 1,2,… or on or off",
        "benchmark.concurrency_levels",
    )
    second_turn = Option(
        EXTRA,
        None,
        MEASURING,
        "HOW",
        "also measure the second turn of a conversation: on, off, or auto: where its prompt is read within 5 s",
        "benchmark.second_turn",
    )
    content = Option(
        EXTRA,
        None,
        MEASURING,
        "HOW",
        "also time code and JSON beside prose: on, off, or auto: for models that decode with drafts",
        "benchmark.content",
    )
    if_busy = Option(
        IF_BUSY,
        None,
        MEASURING,
        "HOW",
        "what to do while a server is busy for another client: wait, skip it, or go on anyway",
        "benchmark.if_busy",
    )
    timeout_s = Option(
        SECONDS,
        None,
        MEASURING,
        "SECONDS",
        "time limit for one generation; twice that when its model must be loaded first",
        "benchmark.timeout_s",
    )
    num_predict = Option(
        COUNT, None, MEASURING, "TOKENS", "maximum number of tokens to generate for each model", "benchmark.num_predict"
    )
    context = Option(
        CONTEXT,
        None,
        MEASURING,
        "TOKENS",
        "context length to load each model with, such as 32k; beyond 4k its depths are measured, too",
        "benchmark.num_ctx",
        also="num_ctx",
    )
    max_items = Option(
        WHOLE,
        None,
        MEASURING,
        "N",
        "maximum number of graded items of each model; 0 asks none (demo: 40)",
        "benchmark.max_items",
    )
    sure = Option(
        CONFIDENCE,
        None,
        MEASURING,
        "SHARE",
        "how sure the best of a tier must be: 0.95 allows 5 wrong certificates in 100",
        "benchmark.sure",
    )
    within = Option(
        POINTS, None, MEASURING, "POINTS", "how much worse than the best a certified pick may be", "benchmark.within"
    )
    min_speed = Option(
        RATE,
        None,
        MEASURING,
        "TOK/S",
        "ask no items of a model that writes fewer tokens per second",
        "benchmark.min_speed_tps",
    )
    areas = Option(
        AREAS,
        (),
        MEASURING,
        "AREA",
        "grade items of these areas only, such as code (repeatable; demo: facts, tasks)",
        "benchmark.areas",
    )
    languages = Option(
        LANGUAGES,
        (),
        MEASURING,
        "CODE",
        "in the area languages, ask only in these, such as es (repeatable)",
        "benchmark.languages",
    )
    item_seed = Option(
        WHOLE, None, MEASURING, "N", "ask the items of this seed, to repeat a run", "benchmark.item_seed"
    )
    sibling_prompts = Option(
        WHOLE,
        None,
        MEASURING,
        "N",
        "compare quants of one base by the token after each of N texts, 200 at most; 0 compares none",
        "benchmark.sibling_prompts",
    )
    concurrency = Option(
        COUNT, 8, MEASURING, "N", "hosts at once; each host runs one model at a time", "run.concurrency"
    )
    items = Option(FILES, (), MEASURING, "FILE", "also ask the items in this file of your own (repeatable)")
    items_only = Option(SWITCH, False, MEASURING, None, "ask the items of --items alone, and none of the bank")
    time_limit_s = Option(
        DURATION,
        None,
        MEASURING,
        "TIME",
        "end after this time, such as 10m, with the verdict so far",
        "run.time_limit_s",
    )
    ask_above_s = Option(
        DURATION,
        900.0,
        MEASURING,
        "TIME",
        "ask before a run that takes longer than this, such as 1h",
    )
    scoring = Option(SCORING, "overall", SHOWN, "NAME", "score to show: overall or classic")
    for_ = Option(
        USE,
        None,
        VERDICT,
        "USE",
        "rank and recommend for this use: chat, code, agent, batch, rag, or one of your own in the settings file",
    )
    max_memory_bytes = Option(
        MEMORY,
        None,
        VERDICT,
        "SIZE",
        "also give the largest context of each model whose memory is at most this, such as 24GB",
    )
    watts = Option(
        WATTS,
        (),
        ENERGY,
        "HOST=WATTS",
        "power of a host, for joules per token: HOST=WATTS or HOST=IDLE:BUSY; HOST=sensors reads this machine's own "
        "(repeatable)",
    )
    price_kwh = Option(
        PRICE, None, ENERGY, "PRICE", "price of a kWh, for the cost of a million tokens", "run.price_per_kwh"
    )
    wide = Option(SWITCH, False, SHOWN, None, "more columns: prefill, size, load, and the quality in each area")
    plot = Option(SWITCH, False, PLOTS, None, "also plot quality against speed, and speed by context depth")
    output = Option(
        PATHS,
        (),
        RESULTS,
        "FILE",
        f"also write the result to a {endings()} file; .svg and .png are a card of the verdict (repeatable)",
    )
    history = Option(FILE, None, HISTORY, "FILE", "the file of past runs, instead of the usual one")
    fresh = Option(SWITCH, False, REUSE, None, "measure all again, also what the history knows under the same settings")
    save = Option(SWITCH, True, REUSE, None, "do not keep the result in the history, nor for `assess`")
    yes = Option(SWITCH, False, TALK, None, "answer every question with yes")
    color = Option(SWITCH, True, TALK, None, "no colours")
    quiet = Option(SWITCH, False, TALK, None, "print nothing but errors and the result")
    verbose = Option(
        SWITCH, False, TALK, None, "print more, including each request, and the traceback of an unexpected error"
    )
    log = Option(FILE, None, TALK, "FILE", "write a detailed log to this file, with tokens masked")


SETTINGS: tuple[Option[Any], ...] = tuple(row for row in vars(Settings).values() if isinstance(row, Option))


class Verb:
    """One subcommand: the module that runs it, its positional argument, if any, and the groups of options it takes.

    `until` is the last phase of its run, None where it never runs the phases.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - a row of the table below
        self,
        name: str,
        module: str,
        until: PhaseName | None,
        groups: tuple[str, ...],
        positional: str | None,
        text: str,
    ) -> None:
        self.name = name
        self.module = module
        self.until = until
        self.groups = groups
        self.positional = positional
        self.help = text

    @property
    def usage(self) -> str:
        """The verb with its argument."""
        return f"{self.name} {_ARGUMENTS[self.positional]}" if self.positional else self.name


_ARGUMENTS = {
    "TARGET": "[TARGET ...]",
    "FILE": "[FILE|RUN ...]",
    "SHELL": "SHELL",
    "WHAT": "[show|path]",
    "BANK": "[list|show|check]",
    "PROGRAM": "PROGRAM [FILE]",
    "ACTION": "[ACTION] [RUN]",
    "PICK": "PICK [FILE]",
    "SIDES": "A B",
    "MODEL": "MODEL",
}
_LISTING = (HOST, FINDING, CHOOSING, RESULTS, TALK)
_SCANNING = (HOST, FINDING, RESULTS, TALK)
_ASSESSED = (HOST, CHOOSING, RESULTS, VERDICT, SHOWN, PLOTS, ENERGY, HISTORY, TALK)
_SAVED = (HOST, CHOOSING, RESULTS, VERDICT, SHOWN, HISTORY, TALK)
_USING = (HOST, CHOOSING, HISTORY, TALK)
_DEMO = (HOST, CHOOSING, MEASURING, RESULTS, VERDICT, SHOWN, PLOTS, ENERGY, HISTORY, REUSE, TALK)
_PAST = (RESULTS, VERDICT, SHOWN, PLOTS, HISTORY, TALK)
VERBS = (
    Verb("run", "run", "assess", GROUPS, "TARGET", "find, list, benchmark, recommend (the default)"),
    Verb("discover", "discover", "discover", _SCANNING, "TARGET", "find servers"),
    Verb("models", "run", "enumerate", _LISTING, "TARGET", "find servers and list their models"),
    Verb("benchmark", "run", "benchmark", GROUPS, "TARGET", "find, list and benchmark, without a verdict"),
    Verb(
        "assess",
        "assess",
        None,
        _ASSESSED,
        "FILE",
        "the verdict on FILEs or past RUNs, no traffic",
    ),
    Verb("demo", "demo", "assess", _DEMO, None, "the whole run on small real servers that come with it"),
    Verb("report", "report", None, _SAVED, "FILE", "a page of FILEs or past RUNs; also a card to post"),
    Verb("export", "export", None, _USING, "PROGRAM", "the picks as another program's configuration"),
    Verb("history", "history", None, _PAST, "ACTION", "list, show, export, add, delete, prune past runs"),
    Verb("use", "use", None, _USING, "PICK", "a pick put into a program's own configuration"),
    Verb("suggest", "suggest", None, _USING, "FILE", "how fast models would be that are not pulled"),
    Verb("place", "place", None, _USING, "FILE", "which model to keep loaded on which host for a demand"),
    Verb("compare", "compare", None, (HISTORY, TALK), "SIDES", "two runs, hosts or models side by side"),
    Verb("trend", "trend", None, (HISTORY, TALK), "MODEL", "the figures of a model over past runs"),
    Verb("recommend", "recommend", None, (HOST, CHOOSING, VERDICT, HISTORY, TALK), None, "what to use, from past runs"),
    Verb("serve", "serve", None, (VERDICT, SHOWN, HISTORY, TALK), None, "past runs as pages and metrics, on 127.0.0.1"),
    Verb("check", "check", None, (HOST, FINDING, CHOOSING, HISTORY, TALK), "TARGET", "what got worse than a baseline"),
    Verb("bank", "bank", None, (), "BANK", "the questions models are asked, and a check of yours"),
    Verb("config", "config", None, (), "WHAT", "the settings and where each comes from"),
    Verb("completion", "completion", None, (), "SHELL", "a completion script: bash, zsh, fish or tcsh"),
)


class OneOff:
    """An option that no settings file or variable can give, and the verbs that take it."""

    def __init__(self, flag: str, metavar: str | None, verbs: tuple[str, ...], text: str) -> None:
        self.flag = flag
        self.metavar = metavar
        self.verbs = verbs
        self.help = text


_WITH_RESULT = (
    "run",
    "discover",
    "models",
    "benchmark",
    "assess",
    "demo",
    "report",
    "export",
    "use",
    "place",
    "suggest",
    "history",
    "compare",
    "trend",
    "recommend",
    "check",
    "serve",
    "config",
)
_WITH_FIGURES = ("run", "benchmark", "assess", "demo")
ONE_OFFS = (
    OneOff("--json", None, (*_WITH_RESULT, "bank"), "print one JSON document on standard output"),
    OneOff("--config", "FILE", _WITH_RESULT, "settings file to read instead of the usual one"),
    OneOff("--listen", "PORT", ("serve",), "the port on 127.0.0.1 (default 11480; 0 takes a free one)"),
    OneOff("--on", "HOST", ("trend",), "on this host alone, by its name or address"),
    OneOff("--baseline", "FILE", ("check",), "the FILE or RUN of the history to check against"),
    OneOff("--max-slowdown", "PERCENT", ("check",), "how much slower a model may be (default 10)"),
    OneOff("--max-quality-drop", "POINTS", ("check",), "how many points its quality may lose (default 3)"),
    OneOff("--junit", "FILE", ("check",), "also write the outcome as JUnit XML"),
    OneOff("--summary", "FILE", ("check",), "also write the outcome as Markdown"),
    OneOff("--dry-run", None, ("discover",), "print what would be probed, and send nothing"),
    OneOff(
        "--stream",
        None,
        ("discover",),
        "print one line of JSON for each host as soon as it is found, and nothing at the end",
    ),
    OneOff("--watch", None, ("discover",), "continue until Ctrl-C, and print hosts as they come and go"),
    OneOff("--explain", "MODEL", _WITH_FIGURES, "also print how each figure of this model (a glob) was computed"),
    OneOff("--last", None, ("assess",), "assess the last run on this machine, as without FILE"),
    OneOff(
        "--for",
        "USE",
        ("export", "use", "suggest"),
        "take the picks for this use: chat, code, agent, batch, rag or your own",
    ),
    OneOff("--demand", "USE:N,…", ("place",), "the requests at the same time by use, such as chat:2,code:1"),
    OneOff("--keep-loaded", None, ("place",), "only models that fit together: none waits for a load"),
    OneOff(
        "--memory",
        "HOST=SIZE,…",
        ("place", "suggest"),
        "the memory of hosts, such as gpu-box=24GB, instead of the most seen in use",
    ),
    OneOff("--context", "TOKENS", ("place",), "the context to load models with, instead of the one measured"),
    OneOff("--with", "PROGRAM", ("use",), "the program to configure: opencode, continue, llm or shell"),
    OneOff("--print", None, ("use",), "only print what belongs into its file"),
    OneOff("--file", "FILE", ("use",), "the file to change, instead of the program's usual one"),
    OneOff("--output", "FILE", ("export",), "write to this file instead of standard output"),
    OneOff(
        "--resume",
        "[RUN]",
        ("run", "benchmark"),
        "resume the run that was interrupted last, or RUN, with the options it began with",
    ),
    OneOff("--keep", "N", ("history",), "history prune: keep the newest N runs"),
    OneOff("--older-than", "AGE", ("history",), "history prune: delete runs older than 90d, 12w or a date"),
    OneOff("--open", None, ("report",), "open the first file that was written in the web browser"),
    OneOff("--family", "NAME", ("bank",), "bank show: only this family of the area"),
    OneOff("--level", "N", ("bank",), "bank show: from 1 to 5 (default 1)"),
    OneOff("--seed", "N", ("bank",), "bank show: the first item's seed (default 0)"),
    OneOff("--count", "N", ("bank",), "bank show: items of each family (default 1)"),
    OneOff("--serve", None, ("demo",), "only serve, until Ctrl-C, for any Ollama client"),
)
