"""Who is let in, and what an error looks like: the middlewares around every route."""

import ipaddress
import re
import socket
from typing import Final

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from .engine import EngineError
from .replies import json_answer

_LOCAL_SUFFIXES: Final = (".localhost", ".local", ".internal")
_LOCAL_ORIGIN: Final = re.compile(
    r"https?://(localhost|127\.0\.0\.1|0\.0\.0\.0)(:\d+)?|(app|file|tauri|vscode-webview|vscode-file)://.*"
)


class SignInError(EngineError):
    """A cloud model was asked for, and nobody has signed in."""

    def __init__(self) -> None:
        super().__init__(401, "unauthorized")


@web.middleware
async def say_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn what went wrong before an answer had begun into Ollama's words."""
    try:
        return await handler(request)
    except SignInError as error:
        signin_url = "https://ollama.com/connect"
        return json_answer(request, {"error": error.text, "signin_url": signin_url}, status=error.status)
    except EngineError as error:
        return json_answer(request, {"error": error.text}, status=error.status)
    except web.HTTPNotFound:
        return web.Response(status=404, body=b"404 page not found", content_type="text/plain")
    except web.HTTPMethodNotAllowed as error:
        allow = {hdrs.ALLOW: ", ".join(sorted(error.allowed_methods, reverse=True))}
        return web.Response(status=405, body=b"405 method not allowed", content_type="text/plain", headers=allow)
    except web.HTTPRequestEntityTooLarge:
        return json_answer(request, {"error": "http: request body too large"}, status=413)


@web.middleware
async def refuse_foreign_host(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer 403 to a Host that is neither local nor private: a page of the web that was rebound to this address."""
    name = (request.url.host or "").lower()
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        local = name in {"", "localhost", socket.gethostname().lower()} or name.endswith(_LOCAL_SUFFIXES)
    else:
        local = address.is_loopback or address.is_private or address.is_unspecified
    return await handler(request) if local else web.Response(status=403)


@web.middleware
async def refuse_foreign_origin(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer 403 to pages of other sites."""
    origin = request.headers.get(hdrs.ORIGIN)
    if origin is None or origin == f"{request.scheme}://{request.host}":
        return await handler(request)
    if not _LOCAL_ORIGIN.fullmatch(origin):
        return web.Response(status=403)
    response = await handler(request)
    if not response.prepared:
        response.headers[hdrs.ACCESS_CONTROL_ALLOW_ORIGIN] = origin
    return response


async def drop_foreign_headers(_request: web.Request, response: web.StreamResponse) -> None:
    """Leave out what aiohttp adds and Ollama does not send."""
    response.headers.pop(hdrs.SERVER, None)
    if response.status == 403 and response.content_length == 0:
        response.headers.pop(hdrs.CONTENT_TYPE, None)
