"""Which failures of a request pass, and are waited for and tried again. The one place for that policy.

| What came | What is done |
|---|---|
| a connection that broke | the host is waited for, and asked once more |
| 429, 503, 529, or words to that effect | asked again while the host's time for that lasts, after its own Retry-After |
| 502 or the like: a proxy cannot reach the server | the host is waited for, and asked up to twice more |
| a proxy's 504 or the like | asked once more |
| an error that says that the model's runner died, or one in the midst of an answer | asked once more |
| 500, 499, 425 or the like, or 404, from a host whose models have answered before | asked once more, unless it lasts |
| an answer that ends without a done line, or has something else in it | asked once more |
| an answer without any content, or one that only says that the model was loaded | asked once more |
| no answer in time | not asked again, but the host is looked at; the second in a row without a token ends the visit |
"""

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from ..errors import ProtocolError, ServerError, TimedOutError, UnreachableError
from .health import AWAY, Health

T = TypeVar("T")

PAUSE_S: Final = 1.0
MOST_AWAY: Final = 2
BUSY: Final = frozenset({429, 503, 529})
PROXY_FAILED: Final = AWAY | {408, 504, 520, 522, 524}
LARGEST_WORKING_STATUS: Final = 299

_BUSY_TEXT: Final = re.compile(r"server (is )?busy|maximum pending requests|too many requests", re.IGNORECASE)
_MAY_PASS: Final = frozenset({404, 409, 425, 499, 500, 506, 508})
_LASTS: Final = re.compile(r"memory|support|exceed|too (long|large)|invalid|permission", re.IGNORECASE)
_RUNNER_DIED: Final = re.compile(
    r"runner\b.*\b(stopped|terminated|died|exited|crashed|not responding)|unexpected EOF|\bEOF$|connection reset"
    r"|connection refused|broken pipe|timed out waiting for llama runner",
    re.IGNORECASE | re.DOTALL,
)


def _nothing(_said: object) -> None:
    """Find no fault and note nothing."""


async def retrying(
    request: Callable[[], Awaitable[T]],
    health: Health,
    *,
    fault_of: Callable[[T], str | None] = _nothing,
    note: Callable[[str], None] = _nothing,
    is_work: bool = False,
) -> T:
    """Return what a request gives, asked again where what came instead will pass.

    `fault_of` says why an answer is none, in words; `note` is told why the request was sent again. `is_work` marks a
    request that loads or uses a model. Raises the request's last `OllamaError`, and `UnreachableError` without asking
    where the host was given up before.
    """
    health.check()
    repeats = 0
    while True:
        try:
            answer = await request()
        except TimedOutError as exc:
            health.count_timeout(is_work=is_work and not exc.had_begun)
            await _see_whether_it_answers(health)
            raise
        except UnreachableError:
            if repeats or not await _see_whether_it_answers(health):
                raise
            why, repeats = "the connection broke", repeats + 1
        except ServerError as exc:
            if not await _has_passed(exc, health, repeats):
                raise
            why, repeats = str(exc), repeats if is_busy(exc) else repeats + 1
        except ProtocolError as exc:
            if repeats or not exc.may_pass:
                raise
            await asyncio.sleep(PAUSE_S)
            why, repeats = str(exc).partition("; ")[0], repeats + 1
        else:
            health.count_answer(is_work=is_work)
            fault = None if repeats else fault_of(answer)
            if fault is None:
                return answer
            why, repeats = fault, repeats + 1
        note(why)


async def _has_passed(failure: ServerError, health: Health, repeats: int) -> bool:
    """Wait as a failure asks for it, and return whether the request may be sent again after so many repeats."""
    if is_busy(failure):
        return await health.wait_while_busy(str(failure), failure.retry_after_s)
    is_away = failure.status in AWAY
    once = failure.status in _MAY_PASS and health.has_worked and _LASTS.search(failure.text) is None
    if repeats >= (MOST_AWAY if is_away else 1) or not (passes(failure) or once):
        return False
    await asyncio.sleep(PAUSE_S * (repeats + 1))
    return not is_away or await _see_whether_it_answers(health)


def is_busy(failure: ServerError) -> bool:
    """Return whether a server has too much to do right now."""
    return failure.status in BUSY or _BUSY_TEXT.search(failure.text) is not None


def passes(failure: ServerError) -> bool:
    """Return whether the next request may well work: a proxy gave up, or the model's runner died or failed midway."""
    if failure.status in PROXY_FAILED or failure.had_begun:
        return True
    of_the_server = failure.status >= 500 or failure.status <= LARGEST_WORKING_STATUS
    return of_the_server and _RUNNER_DIED.search(failure.text) is not None


async def _see_whether_it_answers(health: Health) -> bool:
    try:
        await health.wait_until_it_answers()
    except UnreachableError:
        return False
    return True
