"""A headless Chromium for the tests with the mark `browser`; they are skipped where there is none."""

import asyncio
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Browser, BrowserContext, Dialog, Page, Route, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class Opened(NamedTuple):
    """A page in the browser, and everything that ought not to happen on it."""

    page: Page
    faults: list[str]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Run a browser for the tests of one module: while it runs, its event loop stands in the way of any other."""
    path = os.environ.get("SPEEDRUN_TEST_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip(f"there is no Chromium here: none of {', '.join(NAMES)} is on the PATH")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=path, args=["--host-resolver-rules=MAP * ~NOTFOUND", "--disable-gpu"]
        )
        yield running
        running.close()
    with pytest.raises(RuntimeError, match="no running event loop"):  # else every asynchronous test would fail
        asyncio.get_running_loop()


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Iterator[Callable[..., Opened]]:
    """Open a text as a page, in a context of its own that may ask for nothing but the file."""
    with ExitStack() as stack:

        def open_(text: str, **context: Any) -> Opened:
            path = tmp_path / "report.html"
            path.write_text(text, encoding="utf-8")
            faults: list[str] = []
            inside = stack.enter_context(browser.new_context(**context))
            page = watched(inside, path.as_uri(), faults)
            page.goto(path.as_uri())
            return Opened(page, faults)

        yield open_


def watched(context: BrowserContext, url: str, faults: list[str]) -> Page:
    """Return a page whose messages, errors, dialogs and requests for anything but itself are faults."""

    def asked(route: Route) -> None:
        address = route.request.url
        if address.partition("#")[0] == url or address.startswith("data:"):
            route.continue_()
        else:
            faults.append(f"asked for {address}")
            route.abort()

    def refused(dialog: Dialog) -> None:
        faults.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    context.route("**/*", asked)
    page = context.new_page()
    page.on("console", lambda message: faults.append(f"{message.type}: {message.text}"))
    page.on("pageerror", lambda error: faults.append(f"error: {error}"))
    page.on("dialog", refused)
    page.on("popup", lambda popup: faults.append(f"popup: {popup.url}"))
    return page
