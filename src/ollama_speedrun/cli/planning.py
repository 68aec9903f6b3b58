"""From settings to what discovery may touch and what the pipeline is to do."""

from collections.abc import Sequence

from ..benchmark.plan import BenchmarkSettings
from ..discovery.interfaces import read_interfaces
from ..discovery.plan import build_plan
from ..discovery.targets import parse_ollama_host, parse_target
from ..discovery.types import DiscoveryPlan
from ..errors import UsageError
from ..pipeline import RunSettings, Selection
from .environment import Environment
from .settings import Settings

ASKED_ABOVE_ADDRESSES = 1024


def is_pattern(host: str) -> bool:
    """Whether a `--host` chooses among the hosts found, and does not name one; a `?` may also begin a URL's query."""
    return "*" in host or ("?" in host and "/" not in host)


def discovery_plan(settings: Settings, environment: Environment) -> DiscoveryPlan:
    """Return what may be probed; raises `TargetError` for a host that cannot be."""
    targets = [
        parse_target(host, default_port=port, max_addresses=settings.max_addresses)
        for host in settings.host
        if not is_pattern(host)
        for port in settings.port
    ]
    ollama_host = environment.variables.get("OLLAMA_HOST", "").strip()
    return build_plan(
        targets=targets,
        interfaces=read_interfaces(),
        ollama_host=parse_ollama_host(ollama_host) if ollama_host and not targets else None,
        ports=settings.port,
        max_addresses=settings.max_addresses,
        connect_timeout_s=settings.connect_timeout_s,
    )


def plan_for_servers(urls: Sequence[str]) -> DiscoveryPlan:
    """Return the plan that asks exactly these servers."""
    return build_plan(targets=[parse_target(url) for url in urls], interfaces=read_interfaces())


def run_settings(settings: Settings, *, host_patterns: Sequence[str]) -> RunSettings:
    """Return what the pipeline is to select and how it is to benchmark."""
    return RunSettings(
        selection=Selection(
            hosts=tuple(host_patterns), include=settings.model, exclude=settings.exclude, tiers=settings.tier
        ),
        benchmark=BenchmarkSettings(
            timeout_s=settings.timeout_s, num_predict=settings.num_predict, num_ctx=settings.num_ctx
        ),
        concurrency=settings.concurrency,
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
