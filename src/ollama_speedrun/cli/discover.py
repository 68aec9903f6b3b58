"""`discover [TARGET…]`: find servers, or only say where they would be looked for."""

import argparse

import msgspec

from ..discovery.types import DiscoveryPlan
from ..errors import UsageError
from ..events import Phase
from . import planning
from .environment import Environment
from .exit_codes import ExitCode
from .run import load_settings, run_until


def main(environment: Environment, arguments: argparse.Namespace) -> ExitCode:
    """Run the first phase and print the hosts, again and again with `--watch`; with `--dry-run` only say where."""
    _check_no_contradiction(arguments)
    if not (arguments.dry_run or arguments.watch):
        return run_until(Phase.DISCOVER, environment, arguments)
    chosen = load_settings(environment, arguments)
    plan = planning.discovery_plan(chosen, environment)
    if not arguments.dry_run:
        from .watch import run_watch

        planning.confirm_sweep(plan, chosen, environment)
        run_watch(plan, environment, as_json=arguments.json or arguments.stream, quiet=chosen.quiet)
        return ExitCode.DONE
    text = _as_json(plan) if arguments.json else _as_lines(plan)
    environment.put(text)
    return ExitCode.DONE


def _check_no_contradiction(arguments: argparse.Namespace) -> None:
    given = {
        "--dry-run": arguments.dry_run,
        "--watch": arguments.watch,
        "--stream": arguments.stream,
        "--output": arguments.output is not None,
    }
    for one, other in (
        ("--dry-run", "--watch"),
        ("--dry-run", "--stream"),
        ("--dry-run", "--output"),
        ("--watch", "--output"),
    ):
        if given[one] and given[other]:
            raise UsageError(f"{one} and {other} contradict each other; give only one of them")


def _as_lines(plan: DiscoveryPlan) -> str:
    servers = [f"{server.url} ({server.via})" for server in (*plan.local, *plan.servers, *plan.candidates)]
    sweeps = [f"{len(sweep.addresses)} addresses of {sweep.network} on port {sweep.port}" for sweep in plan.sweeps]
    return "\n".join([*servers, *sweeps, *plan.notes])


def _as_json(plan: DiscoveryPlan) -> str:
    value = {
        "servers": [
            {"url": server.url, "via": server.via} for server in (*plan.local, *plan.servers, *plan.candidates)
        ],
        "networks": [
            {"network": str(sweep.network), "port": sweep.port, "addresses": [str(one) for one in sweep.addresses]}
            for sweep in plan.sweeps
        ],
        "notes": plan.notes,
    }
    return msgspec.json.format(msgspec.json.encode(value), indent=2).decode()
