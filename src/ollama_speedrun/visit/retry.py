"""Which failures of a request are waited for and tried again. The one place for that policy."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from ..errors import TimedOutError, UnreachableError
from .health import Health

T = TypeVar("T")


async def retrying(request: Callable[[], Awaitable[T]], health: Health) -> T:
    """Return what a request gives. One whose connection broke is repeated once, when the host answers again.

    One that timed out is not repeated, but tells whether the host still answers. Raises the request's `OllamaError`,
    and `UnreachableError` without asking where the host was given up before.
    """
    health.check()
    try:
        return await request()
    except TimedOutError:
        await _see_whether_it_answers(health)
        raise
    except UnreachableError:
        if not await _see_whether_it_answers(health):
            raise
    return await request()


async def _see_whether_it_answers(health: Health) -> bool:
    try:
        await health.wait_until_it_answers()
    except UnreachableError:
        return False
    return True
