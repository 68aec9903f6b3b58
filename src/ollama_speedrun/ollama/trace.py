"""The log of requests and answers: one line each, written only where somebody asked for a log."""

import logging
import time
from types import SimpleNamespace

import aiohttp

_log = logging.getLogger(__name__)


def traces() -> list[aiohttp.TraceConfig]:
    """Return what logs a session's requests; nothing where no log is wanted, so that no request pays for it."""
    if not _log.isEnabledFor(logging.INFO):
        return []
    config = aiohttp.TraceConfig()
    config.on_request_start.append(_began)
    config.on_request_end.append(_answered)
    config.on_request_exception.append(_failed)
    return [config]


async def _began(_: aiohttp.ClientSession, context: SimpleNamespace, request: aiohttp.TraceRequestStartParams) -> None:
    context.began_s = time.monotonic()
    _log.info("%s %s", request.method, request.url)


async def _answered(_: aiohttp.ClientSession, context: SimpleNamespace, end: aiohttp.TraceRequestEndParams) -> None:
    after_ms = 1000 * (time.monotonic() - context.began_s)
    _log.info("%s %s: %d after %.1f ms", end.method, end.url, end.response.status, after_ms)


async def _failed(
    _: aiohttp.ClientSession, context: SimpleNamespace, failure: aiohttp.TraceRequestExceptionParams
) -> None:
    after_ms = 1000 * (time.monotonic() - context.began_s)
    _log.info("%s %s: %r after %.1f ms", failure.method, failure.url, failure.exception, after_ms)
