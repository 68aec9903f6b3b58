"""`place --demand USE:N,… [FILE ...]`: which model to keep loaded on which host. It changes nothing by itself."""

import argparse
import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import cast

from ..errors import UsageError
from ..exports.fleet import address
from ..placement.asking import demand_of, memory_of
from ..placement.plan import plan, side_by_side_bytes
from ..placement.sites import sites
from ..placement.types import Assignment, Candidate, Plan, Want
from ..report import figures
from ..report.text import clean, counted
from ..results.types import Document
from . import saved
from .environment import Environment
from .exit_codes import ExitCode
from .kinds import MEMORY
from .run import load_settings
from .screen import Screen


def main(environment: Environment, arguments: argparse.Namespace) -> ExitCode:
    """Print the plan, what it gains, and the commands that would bring it about."""
    chosen = load_settings(environment, arguments)
    screen = Screen(environment, chosen, as_json=arguments.json)
    if arguments.demand is None:
        raise UsageError("place needs --demand: the requests at the same time by use, such as --demand chat:2,code:1")
    demand = demand_of(arguments.demand, chosen.uses)
    num_ctx = None if arguments.context is None else chosen.context
    document = saved.load(environment, arguments, chosen, screen)
    given = {} if arguments.memory is None else memory_of(arguments.memory, names_of(document), bytes_of)
    found = plan(sites(document, demand, given_bytes=given, num_ctx=num_ctx), demand, keep_loaded=arguments.keep_loaded)
    hosts = figures.host_names(document.hosts)
    shown = _as_json(found, demand) if arguments.json else "\n".join(_lines(found, demand, hosts))
    environment.put(shown)
    if not any(one.seats for one in found.assignments):
        screen.complain("no model of the result suits this demand; run a benchmark with more models, or ask for less")
        return ExitCode.NO_MODEL
    return ExitCode.DONE


def bytes_of(text: str) -> int:
    """Return the bytes of a size such as 24GB; raises `ValueError`."""
    return cast("int", MEMORY.parse(text))  # the values of this kind are whole bytes


def names_of(document: Document) -> dict[str, str]:
    """Return the URL of each host by all that it is called."""
    shown = figures.host_names(document.hosts)
    return {
        name: host.url for host in document.hosts for name in (host.url, figures.host_label(host.url), shown[host.url])
    }


def _lines(found: Plan, demand: Sequence[Want], hosts: Mapping[str, str]) -> Iterator[str]:
    asked = ", ".join(f"{want.use.name} ×{want.requests}" for want in demand)
    yield f"For {asked} at the same time: {found.points:.1f} points a request of 100{_gain(found)}."
    for use, requests in found.unserved:
        yield f"No model can serve {counted(requests, 'request')} for {use}."
    for one in found.assignments:
        yield ""
        yield _host_line(one, hosts)
        for candidate in one.loaded:
            yield f"  {figures.name(candidate.result.label)}: {_serves(one, candidate)}"
    if listed := commands(found):
        yield ""
        yield "Nothing was changed. These commands would bring it about:"
        yield from (f"  {line}" for line in listed)
    yield ""
    yield from (f"Assumed: {sentence}" for sentence in found.assumptions)
    if not found.is_exact:
        yield "The demand is too large to try every share of it: a better plan may exist."


def _gain(found: Plan) -> str:
    today = ", ".join(figures.name(one.result.label) for one in found.today) or "nothing"
    return f", {found.points - found.points_today:+.1f} against one model a host ({clean(today, 120)})"


def _host_line(one: Assignment, hosts: Mapping[str, str]) -> str:
    names = " and ".join(hosts.get(url, url) for url in one.site.urls)
    capacity = figures.size(one.site.capacity.memory_bytes)
    basis = "given" if one.site.capacity.basis == "given" else "the most seen in use"
    if not one.seats:
        return f"{names} ({capacity}, {basis}): nothing to serve"
    how = "kept loaded" if one.is_warm else "take turns, each waits for a load"
    return f"{names} ({capacity}, {basis}): {figures.size(one.memory_bytes)}, {how}"


def _serves(one: Assignment, candidate: Candidate) -> str:
    shown = ", ".join(
        f"{seat.use} ×{seat.requests} at {figures.rate(seat.rate_tps)} tok/s ({seat.points:.0f} points)"
        for seat in one.seats_of(candidate)
    )
    return f"{shown}; {figures.size(candidate.memory_bytes)} ({candidate.memory_basis})"


def commands(found: Plan) -> list[str]:
    """Return the commands that load the models of a plan and keep them loaded, and remarks on a server's settings."""
    return [line for one in found.assignments if one.is_warm for line in _commands(one)]


def _commands(one: Assignment) -> Iterator[str]:
    for url in dict.fromkeys(candidate.result.host for candidate in one.loaded):
        if address(url) is None:
            continue
        held = [candidate for candidate in one.loaded if candidate.result.host == url]
        yield from map(_load, held)
        requests = max(sum(seat.requests for seat in one.seats_of(candidate)) for candidate in held)
        if len(held) > 1:
            yield f"# the server {url} may unload a model unless it has OLLAMA_MAX_LOADED_MODELS={len(held)} or more"
        if requests > 1:
            yield f"# {_side_by_side(one, url, requests)}"


def _side_by_side(one: Assignment, url: str, requests: int) -> str:
    """Return what it takes for a server to answer requests at once, which otherwise wait for each other."""
    setting = f"OLLAMA_NUM_PARALLEL={requests} on {url}"
    memory_bytes = side_by_side_bytes(one, url, requests)
    if memory_bytes is None:
        return f"{setting} lets requests run side by side; the memory that it takes for their contexts is not known"
    if memory_bytes > one.site.capacity.memory_bytes:
        return (
            f"requests take turns: {setting} would take {figures.size(memory_bytes)} in all, more than there is known"
        )
    return f"{setting} lets requests run side by side, and takes {figures.size(memory_bytes)} in all"


def _load(candidate: Candidate) -> str:
    body: dict[str, object] = {"model": candidate.result.model, "keep_alive": -1}
    if candidate.num_ctx is not None:
        body["options"] = {"num_ctx": candidate.num_ctx}
    return f"curl -fsS {shlex.quote(candidate.result.host + '/api/generate')} -d {shlex.quote(json.dumps(body))}"


def _as_json(found: Plan, demand: Sequence[Want]) -> str:
    return json.dumps(
        {
            "demand": {want.use.name: want.requests for want in demand},
            "points": found.points,
            "points_today": found.points_today,
            "today": [_named(one) for one in found.today],
            "is_exact": found.is_exact,
            "unserved": dict(found.unserved),
            "hosts": [
                {
                    "urls": one.site.urls,
                    "capacity_bytes": one.site.capacity.memory_bytes,
                    "capacity_basis": one.site.capacity.basis,
                    "memory_bytes": one.memory_bytes,
                    "is_warm": one.is_warm,
                    "models": [_model(one, candidate) for candidate in one.loaded],
                }
                for one in found.assignments
            ],
            "commands": commands(found),
            "assumptions": found.assumptions,
        },
        indent=2,
    )


def _named(candidate: Candidate) -> dict[str, object]:
    return {
        "host": candidate.result.host,
        "model": candidate.result.model,
        "variant": candidate.result.variant,
    }


def _model(one: Assignment, candidate: Candidate) -> dict[str, object]:
    return {
        "host": candidate.result.host,
        "model": candidate.result.model,
        "memory_bytes": candidate.memory_bytes,
        "memory_basis": candidate.memory_basis,
        "num_ctx": candidate.num_ctx,
        "serves": [
            {
                "use": seat.use,
                "requests": seat.requests,
                "variant": seat.candidate.result.variant,
                "points": seat.points,
                "rate_tps": seat.rate_tps,
            }
            for seat in one.seats_of(candidate)
        ],
    }
