"""From settings to what discovery may touch and what the pipeline is to do."""

import glob
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from ..benchmark.plan import DEPTHS, LONGEST_DEPTH_READ_S, PROFILES, USUAL_CONTEXT_TOKENS, BenchmarkSettings, Profile
from ..discovery.hosts_file import parse_hosts_file
from ..discovery.interfaces import read_interfaces
from ..discovery.plan import build_plan
from ..discovery.resolve import LOOK_UP_S
from ..discovery.surroundings import read_known, read_neighbours
from ..discovery.targets import DEFAULT_MAX_ADDRESSES, parse_exclusion, parse_ollama_host, parse_target
from ..discovery.types import NAMES_WAIT_S, DiscoveryPlan, NetworkTarget, Secret, ServerTarget, Trust
from ..discovery.watts import parse_host_watts
from ..errors import UsageError
from ..history import USUAL_NAME
from ..ollama.tls import client_context
from ..pipeline.record import Selection
from .environment import Environment
from .settings import LARGEST_FILE_BYTES, Settings, read_short

TYPE_CHECKING = False  # the pipeline loads an HTTP client, and a scan begins sooner without
if TYPE_CHECKING:
    from ..pipeline.settings import RunSettings
    from ..quality.items import Item
    from ..report.settings import ReportSettings

ASKED_ABOVE_ADDRESSES = DEFAULT_MAX_ADDRESSES
HURRIED_RUN_S = 1.03
"""The longest that `--no-tail` may take from the start of the process to the end of the scan."""
SHORTEST_SCAN_S = 0.5


def is_pattern(host: str) -> bool:
    """Return whether a `--host` chooses among the hosts found and names none; a `?` may also begin a URL's query."""
    return "*" in host or ("?" in host and "/" not in host)


class NamedHosts(NamedTuple):
    """What the user named: the targets to probe, and patterns that select among the hosts found."""

    targets: tuple[ServerTarget | NetworkTarget, ...]
    patterns: tuple[str, ...]


def named_hosts(settings: Settings, environment: Environment) -> NamedHosts:
    """Return what TARGETs, hosts files and `--host` name; raises `TargetError` for a host that cannot be probed.

    A `--host` that is what a TARGET or a line of a hosts file is called selects that one, and no other of them is
    probed, unless patterns select among them. Any other `--host` is a target of its own.
    """
    named = (*_parsed(settings.targets, settings), *_of_hosts_files(settings, environment))
    globs = [host for host in settings.host if is_pattern(host)]
    own = [host for host in settings.host if not is_pattern(host)]
    chosen = {server.url: server for host in own for server in _called(host, named)}
    added = tuple(_parsed([host for host in own if not _called(host, named)], settings))
    if not chosen:
        return NamedHosts((*added, *named), tuple(globs))
    if globs:
        return NamedHosts((*added, *named), (*globs, *map(glob.escape, own)))
    return NamedHosts((*added, *chosen.values()), ())


def _called(host: str, named: Sequence[ServerTarget | NetworkTarget]) -> list[ServerTarget]:
    """Return the servers that are called so: by their name, host, host and port, or URL."""
    wanted = host.lower().rstrip("/")
    return [
        server
        for server in named
        if isinstance(server, ServerTarget)
        and wanted in {(server.name or "").lower(), server.host, server.authority, server.url.lower()}
    ]


def discovery_plan(settings: Settings, environment: Environment, hosts: NamedHosts | None = None) -> DiscoveryPlan:
    """Return what may be probed; raises `TargetError` for a host that cannot be."""
    hosts = hosts or named_hosts(settings, environment)
    targets = hosts.targets
    trust = Trust(ca_files=tuple(str(Path(name).expanduser()) for name in settings.ca), insecure=settings.insecure)
    if trust.ca_files:
        client_context(trust.ca_files)  # a file that is none is said before anything is sent
    # What nobody asked about is not looked at either.
    return build_plan(
        targets=targets,
        interfaces=read_interfaces(),
        neighbours=() if targets else read_neighbours(),
        known=() if targets or settings.interface else read_known(),
        ollama_host=None if targets else _ollama_host(environment),
        exclude=[parse_exclusion(network) for network in settings.exclude_net],
        trust=trust,
        names_wait_s=LOOK_UP_S if hosts.patterns else NAMES_WAIT_S,
        hurry_s=None if settings.tail else max(SHORTEST_SCAN_S, HURRIED_RUN_S - environment.age_s),
        **settings.filling("discovery"),
    )


def _parsed(hosts: Sequence[str], settings: Settings) -> Iterator[ServerTarget | NetworkTarget]:
    for host in hosts:
        for port in settings.port:
            yield parse_target(host, default_port=port, max_addresses=settings.max_addresses)


def _of_hosts_files(settings: Settings, environment: Environment) -> Iterator[ServerTarget | NetworkTarget]:
    for name in settings.hosts_file:
        try:
            text = read_short(Path(name).expanduser())
        except (OSError, UnicodeDecodeError) as exc:
            reason = exc.strerror if isinstance(exc, OSError) else "it is not UTF-8"
            raise UsageError(f"the hosts file {name} cannot be read: {reason}; check it or name another") from exc
        if text is None:
            size = f"{LARGEST_FILE_BYTES >> 20} MiB"
            raise UsageError(f"the hosts file {name} is larger than {size}, which none is; name another")
        named = parse_hosts_file(
            text,
            origin=name,
            variables=environment.variables,
            ports=settings.port,
            max_addresses=settings.max_addresses,
        )
        if not named:
            raise UsageError(f"the hosts file {name} names no host; write one TARGET a line, or leave it out to scan")
        for target in named:
            if isinstance(target, ServerTarget) and target.token is not None:
                environment.mask.add(target.token.reveal())
            yield target


def _ollama_host(environment: Environment) -> ServerTarget | None:
    """Return the server in OLLAMA_HOST, with OLLAMA_API_KEY where nobody on the way can read it."""
    written = environment.variables.get("OLLAMA_HOST", "").strip()
    key = environment.variables.get("OLLAMA_API_KEY", "").strip()
    if not written:
        return None
    server = parse_ollama_host(written)
    return msgspec.structs.replace(server, token=Secret(key)) if key and server.scheme == "https" else server


def plan_for_servers(urls: Sequence[str]) -> DiscoveryPlan:
    """Return the plan that asks exactly these servers."""
    return build_plan(targets=[parse_target(url) for url in urls], interfaces=read_interfaces())


def selection(settings: Settings, *, host_patterns: Sequence[str]) -> Selection:
    """Return which hosts and models are to be used."""
    return Selection(hosts=tuple(host_patterns), **settings.filling("selection"))


def run_settings(settings: Settings, *, selection: Selection, own_items: "tuple[Item, ...]" = ()) -> "RunSettings":
    """Return how the pipeline is to select and to benchmark."""
    from ..pipeline.settings import RunSettings

    return RunSettings(
        selection=selection,
        benchmark=benchmark_settings(settings),
        own_items=own_items,
        only_own_items=settings.items_only,
        items_files=settings.items,
        uses=settings.uses,
        use=settings.for_,
        watts=tuple(map(parse_host_watts, settings.watts)),
        **settings.filling("run"),
    )


def own_items(settings: Settings) -> "tuple[Item, ...]":
    """Return the items of all of the user's files, numbered through; raises `ItemsFileError` for a fault in one."""
    if settings.items_only and not settings.items:
        raise UsageError("--items-only needs a file of items; name it with --items FILE")
    if not settings.items:
        return ()
    from ..quality.own_items import load_items

    items = [item for name in settings.items for item in load_items(Path(name).expanduser())]
    return tuple(msgspec.structs.replace(item, seed=number) for number, item in enumerate(items, start=1))


def report_settings(settings: Settings) -> "ReportSettings":
    """Return how a result is to be shown."""
    from ..report.settings import ReportSettings

    use = None if settings.for_ is None else next(use for use in settings.uses if use.name == settings.for_)
    return ReportSettings(
        scoring=settings.scoring,
        use=use,
        wide=settings.wide,
        verbose=settings.verbose,
        max_memory_bytes=settings.max_memory_bytes,
    )


def history_file(settings: Settings, environment: Environment) -> Path:
    """Return the path of the history, which need not exist."""
    return environment.data_dir / USUAL_NAME if settings.history is None else Path(settings.history).expanduser()


def benchmark_settings(
    settings: Settings, profiles: Mapping[Profile, BenchmarkSettings] = PROFILES
) -> BenchmarkSettings:
    """Return the profile's settings with those in their place that were given one by one.

    A number of items given is what is asked for: no bound on output tokens takes some of them away. A use that needs a
    context gets it, unless another one is given.
    """
    given = settings.filling("benchmark")
    wanted = next((use.context_tokens for use in settings.uses if use.name == settings.for_), None)
    if wanted is not None and "num_ctx" not in given:
        given["num_ctx"] = wanted
    plan = _with_depths(msgspec.structs.replace(profiles[settings.profile], **given), settings, given)
    if "max_items" in given:
        first = plan.first_items if plan.races else plan.max_items
        plan = msgspec.structs.replace(plan, first_items=first, answer_tokens=None)
    return msgspec.structs.replace(
        plan,
        trial_tokens=min(plan.trial_tokens, plan.num_predict),
        fewest_trials=min(plan.fewest_trials, plan.most_trials),
    )


def _with_depths(plan: BenchmarkSettings, settings: Settings, given: Mapping[str, object]) -> BenchmarkSettings:
    """Return the plan with the depths of the context that was asked for, where that is longer than usual.

    They take the place of the usual depths. Where nobody asked for depths, one whose reading would take minutes is left
    out, and the profile quick measures none.
    """
    named = "depths" in given
    is_longer = "num_ctx" in given and plan.num_ctx > USUAL_CONTEXT_TOKENS
    if not is_longer or (plan.depths != DEPTHS and (named or settings.profile is Profile.QUICK)):
        return plan
    asked_for = plan.depths == DEPTHS
    return msgspec.structs.replace(
        plan, depths=(), depths_of_context=True, depth_read_s=None if asked_for else LONGEST_DEPTH_READ_S
    )


def confirm_sweep(plan: DiscoveryPlan, settings: Settings, environment: Environment) -> None:
    """Ask before more addresses are swept than the default allows; raises `UsageError` where the answer is no.

    Nothing is asked under `--yes`, nor where nobody can answer.
    """
    addresses = sum(len(sweep.addresses) for sweep in plan.sweeps)
    if addresses <= ASKED_ABOVE_ADDRESSES or settings.yes or not environment.is_interactive:
        return
    print(f"Probe {addresses:,} addresses? [Y/n] ", end="", file=environment.stderr, flush=True)
    if environment.stdin.readline().strip().lower() not in {"", "y", "yes"}:
        raise UsageError("nothing was probed, as you said; name a TARGET, or lower --max-addresses")
