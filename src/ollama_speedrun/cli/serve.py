"""`serve`: the runs of the history as pages and as metrics, on this machine alone, and to be read only."""

import argparse
import asyncio
import functools
import html
import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Final, TypeAlias

from aiohttp import hdrs, web
from aiohttp.http import HttpProcessingError

from ..errors import HistoryError, OutputError, UsageError, cause_of
from ..exports import prometheus
from ..exports.fleet import fleet
from ..history.reference import LAST, resolve_run
from ..history.store import History
from ..history.types import RunSummary
from ..report import figures
from ..report.html import page
from ..results import codec
from ..results.types import Document
from . import planning, saved
from .environment import Environment
from .exit_codes import ExitCode
from .interrupts import on_interrupt
from .run import load_settings
from .screen import Screen
from .settings import Settings

ADDRESS: Final = "127.0.0.1"
PORT: Final = 11480
LARGEST_PORT: Final = 65_535
OWN_HOSTS: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})
MOST_LISTED: Final = 200
READING: Final = frozenset({hdrs.METH_GET, hdrs.METH_HEAD})
TEXT: Final = "text/plain; version=0.0.4; charset=utf-8"
HTML: Final = "text/html; charset=utf-8"
_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'"
_STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:60rem;padding:0 1rem;color-scheme:light dark}"
    "table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #8884}"
)
Handler: TypeAlias = Callable[[History, str], web.Response]


def main(environment: Environment, arguments: argparse.Namespace) -> ExitCode:
    """Serve until Ctrl-C or SIGTERM."""
    chosen = load_settings(environment, arguments)
    screen = Screen(environment, chosen, as_json=arguments.json)
    port = _port(arguments.listen)
    path = planning.history_file(chosen, environment)
    with saved.opened_history(environment, chosen, screen) as history:
        if not history.measured():
            screen.note("The history is empty; its pages will be there after a run.")
    asyncio.run(_serve(environment, application(path, chosen, environment.mask.text), port, as_json=arguments.json))
    return ExitCode.DONE


def _port(text: str | None) -> int:
    if text is None:
        return PORT
    if not text.isdecimal() or int(text) > LARGEST_PORT:
        raise UsageError(f"--listen is {text!r}; give a port from 0 to {LARGEST_PORT}, 0 for a free one")
    return int(text)


async def _serve(environment: Environment, served: web.Application, port: int, *, as_json: bool) -> None:
    runner = runner_of(served)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, ADDRESS, port).start()
        except OSError as exc:
            raise UsageError(
                f"port {port} on {ADDRESS} cannot be used: {cause_of(exc)}; give another --listen"
            ) from exc
        url = f"http://{ADDRESS}:{runner.addresses[0][1]}/"
        environment.put(json.dumps({"url": url}) if as_json else f"Serving {url} and {url}metrics until Ctrl-C.")
        over = asyncio.Event()
        with on_interrupt(over.set):
            await over.wait()
    finally:
        await runner.cleanup()


def runner_of(served: web.Application) -> web.AppRunner:
    """Return what runs the pages; a request that is no HTTP is answered with status 400 and is not worth a word."""
    log = logging.getLogger(__name__)
    log.addFilter(_is_ours)
    return web.AppRunner(served, access_log=None, logger=log)


def _is_ours(record: logging.LogRecord) -> bool:
    return record.exc_info is None or not isinstance(record.exc_info[1], HttpProcessingError)


def application(path: Path, chosen: Settings, mask: Callable[[str], str]) -> web.Application:
    """Return the pages: `/` the last run, `/runs`, `/runs/ID`, `/runs/ID.json` and `/metrics`.

    Only requests that read are answered, and only those that name this machine in their Host header: a page of another
    site cannot have a browser read them (DNS rebinding).
    """

    async def answer(request: web.Request, *, make: Handler) -> web.Response:
        def made() -> web.Response:
            with History(path) as history:
                return make(history, request.match_info.get("run", LAST))

        try:
            response = await asyncio.to_thread(made)
        except UsageError as exc:
            return _plain(f"{exc}\n", HTTPStatus.NOT_FOUND)
        except (HistoryError, OutputError) as exc:
            return _plain(f"{exc}\n", HTTPStatus.SERVICE_UNAVAILABLE)
        response.headers.update({"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"})
        return response

    shown = planning.report_settings(chosen)

    def report(history: History, run: str) -> web.Response:
        return _page(mask(page.render(_document(history, run, chosen), shown)))

    def document(history: History, run: str) -> web.Response:
        text = mask(codec.encode(_document(history, run, chosen)).decode())
        return web.Response(text=text, content_type="application/json")

    def metrics(history: History, run: str) -> web.Response:
        return _plain(mask(prometheus.render(fleet(_document(history, run, chosen)))), HTTPStatus.OK)

    def runs(history: History, _: str) -> web.Response:
        response = _page(mask(_list(history.runs())))
        response.headers["Content-Security-Policy"] = _POLICY
        return response

    served = web.Application(middlewares=[_only_own_readers])
    for route, make in (
        ("/", report),
        ("/runs", runs),
        ("/runs/{run:[^/]+?}.json", document),
        ("/runs/{run:[^/]+}", report),
        ("/metrics", metrics),
    ):
        served.router.add_get(route, functools.partial(answer, make=make))
    return served


@web.middleware
async def _only_own_readers(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    host = request.host.rpartition(":")[0] if request.host.rpartition(":")[2].isdecimal() else request.host
    if host.lower() not in OWN_HOSTS:
        return _plain("the Host header names another machine\n", HTTPStatus.MISDIRECTED_REQUEST)
    if request.method not in READING:
        return _plain("only GET and HEAD are answered\n", HTTPStatus.METHOD_NOT_ALLOWED)
    return await handler(request)


def _document(history: History, run: str, chosen: Settings) -> Document:
    """Return a run by its reference; raises `UsageError` where there is none."""
    return history.document(resolve_run(run, history).run_id, uses=chosen.uses)


def _page(text: str) -> web.Response:
    return web.Response(body=text.encode(), headers={hdrs.CONTENT_TYPE: HTML})


def _plain(text: str, status: HTTPStatus) -> web.Response:
    return web.Response(body=text.encode(), status=status, headers={hdrs.CONTENT_TYPE: TEXT})


def _list(runs: Sequence[RunSummary]) -> str:
    """Return a page with a line for each run, the newest first."""
    rows = "".join(_row(run) for run in runs[:MOST_LISTED]) or '<tr><td colspan="5">none yet</td></tr>'
    head = "".join(f'<th scope="col">{title}</th>' for title in ("Run", "Began", "Measured", "Pick", "Document"))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Runs of ollama-speedrun</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<style>{_STYLE}</style></head><body><main><h1>Runs</h1>"
        '<p><a href="/">the last run</a> · <a href="/metrics">metrics</a></p>'
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></main></body></html>"
    )


def _row(run: RunSummary) -> str:
    pick = figures.name(run.pick) if run.pick else figures.ABSENT
    cells = (
        f'<a href="/runs/{html.escape(run.run_id)}">{html.escape(run.short_id)}</a>',
        html.escape(figures.moment(run.started_at)),
        str(run.measured),
        html.escape(pick),
        f'<a href="/runs/{html.escape(run.run_id)}.json">JSON</a>',
    )
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"
