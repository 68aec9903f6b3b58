"""`place --demand USE:N,… [FILE ...]`: which model to keep loaded on which host. It changes nothing by itself."""

import argparse
import json
import shlex
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC
from typing import Final, cast

import msgspec

from ..discovery.naming import called
from ..errors import UsageError
from ..exports.fleet import address
from ..placement.asking import demand_of, memory_of
from ..placement.plan import plan, side_by_side_bytes
from ..placement.residents import Keep, Load, Unload, steps
from ..placement.sites import sites
from ..placement.types import Assignment, Candidate, Held, Plan, Site, Today, Want
from ..report import figures
from ..results.types import Document
from ..wording import counted
from . import saved
from .environment import Environment
from .exit_codes import ExitCode
from .kinds import MEMORY
from .run import load_settings
from .screen import Screen

MOST_NAMED: Final = 8
"""So many loaded models of a host are named."""


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
    """Return the URL of each host by all that it alone is called, the name that is shown first."""
    shown = figures.host_names(document.hosts)
    owners: dict[str, set[str]] = {}
    for host in document.hosts:
        for name in (shown[host.url], figures.host_label(host.url), *called(host)):
            owners.setdefault(name, set()).add(host.url)
    return {name: urls.pop() for name, urls in owners.items() if len(urls) == 1}


def _lines(found: Plan, demand: Sequence[Want], hosts: Mapping[str, str]) -> Iterator[str]:
    asked = ", ".join(f"{want.use.name} ×{want.requests}" for want in demand)
    yield f"For {asked} at the same time: {found.points:.1f} points a request of 100{_gain(found)}."
    yield _today(found, hosts)
    for use, requests in found.unserved:
        yield f"No model can serve {counted(requests, 'request')} for {use}."
    for one in found.assignments:
        yield ""
        yield _host_line(one, hosts)
        for candidate in one.loaded:
            yield f"  {figures.name(candidate.result.label)}: {_serves(one, candidate)}"
    listed = commands(found)
    if any(steps(one) for one in found.assignments):
        yield from ("", "Nothing was changed. These commands would bring it about:")
    elif any(one.seats and one.is_warm for one in found.assignments):
        yield from ("", "Nothing has to be changed: what the plan needs is loaded already, and stays.")
    yield from (f"  {line}" for line in listed)
    yield ""
    yield from (f"Assumed: {sentence}" for sentence in found.assumptions)
    if not found.is_exact:
        yield "The demand is too large to try every share of it: a better plan may exist."


def _gain(found: Plan) -> str:
    return f", {found.points - found.points_today:+.1f} over today's {found.points_today:.1f}"


def _today(found: Plan, hosts: Mapping[str, str]) -> str:
    """Return what is loaded today in words, machine by machine."""
    seen = [state.site.seen_at for state in found.today if state.site.seen_at is not None]
    since = f" (seen {min(seen).astimezone(UTC):%Y-%m-%d %H:%M} UTC)" if seen else ""
    return f"Today{since}: {'; '.join(_state(state, hosts) for state in found.today) or 'nothing known'}."


def _state(state: Today, hosts: Mapping[str, str]) -> str:
    where = _called(state.site, hosts)
    if state.site.held is None:
        stand_in = "nothing" if state.stand_in is None else figures.name(state.stand_in.result.label)
        return f"not known on {where}, taken for {stand_in}"
    names = [figures.name(held.resident.model) for held in state.site.held]
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return f"{', '.join(names[:MOST_NAMED])}{more} loaded on {where}" if names else f"nothing loaded on {where}"


def _called(site: Site, hosts: Mapping[str, str]) -> str:
    return " and ".join(figures.host_called(url, hosts) for url in site.urls)


def _host_line(one: Assignment, hosts: Mapping[str, str]) -> str:
    names = _called(one.site, hosts)
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
    """Return the commands that a plan still needs, what has to go first, and remarks on a server's settings."""
    return [line for one in found.assignments if one.is_warm for line in _commands(one)]


def _commands(one: Assignment) -> Iterator[str]:
    needed = steps(one)
    urls = [url for url in one.site.urls if address(url) is not None]
    yield from (_unload(step.held) for step in needed if isinstance(step, Unload) and step.held.url in urls)
    for url in urls:
        held = [candidate for candidate in one.loaded if candidate.result.host == url]
        yield from (
            _load(step) for step in needed if not isinstance(step, Unload) and step.candidate.result.host == url
        )
        requests = max((sum(seat.requests for seat in one.seats_of(candidate)) for candidate in held), default=0)
        if len(held) > 1 and any(candidate.resident is None for candidate in held):
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


def _unload(held: Held) -> str:
    return _request(held.url, held.resident.model, keep_alive=0)


def _load(step: Load | Keep) -> str:
    """Return the command that loads a model, or has one that is loaded stay, until something unloads it."""
    result = step.candidate.result
    num_ctx = step.num_ctx if isinstance(step, Keep) else step.candidate.num_ctx
    options = {} if num_ctx is None else {"options": {"num_ctx": num_ctx}}
    line = _request(result.host, result.model, keep_alive=-1, **options)
    return f"{line}  # is loaded, and stays" if isinstance(step, Keep) else line


def _request(url: str, model: str, **more: object) -> str:
    body = {"model": model, **more}
    return f"curl -fsS {shlex.quote(url + '/api/generate')} -d {shlex.quote(json.dumps(body))}"


def _as_json(found: Plan, demand: Sequence[Want]) -> str:
    return json.dumps(
        {
            "demand": {want.use.name: want.requests for want in demand},
            "points": found.points,
            "points_today": found.points_today,
            "today": [_state_as_json(state) for state in found.today],
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


def _state_as_json(state: Today) -> dict[str, object]:
    seen, stand_in = state.site, state.stand_in
    return {
        "urls": seen.urls,
        "seen_at": None if seen.seen_at is None else seen.seen_at.isoformat(),
        "loaded": None
        if seen.held is None
        else [{"host": one.url, **msgspec.to_builtins(one.resident)} for one in seen.held],
        "taken_for": None if stand_in is None else {"host": stand_in.result.host, "model": stand_in.result.model},
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
