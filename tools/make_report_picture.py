"""Draw the pictures of docs/report.md: make_report_picture.py FLEET.json DIRECTORY, with PYTHONPATH=tests.

The servers are the scripted ones of the tests, as FLEET.json describes them, and the run is a real one on loopback. The
page's picture is taken by Chromium.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from playwright.sync_api import sync_playwright

WIDTH_PX: Final = 1180
HEIGHT_PX: Final = 1000
OPTIONS: Final = ("--item-seed", "5", "--max-items", "60", "--depths", "0,2048,8192", "--parallel", "1,2,4", "--yes")


def main() -> None:
    """Run on the fleet, and draw."""
    fleet, directory = map(Path, sys.argv[1:])
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        sys.exit("there is no Chromium on the PATH: install chromium, or leave the pictures as they are")
    with tempfile.TemporaryDirectory() as folder:
        page = _page_of(fleet, Path(folder), directory / "card.svg")
        _photograph(program, page, directory / "report.png")


def _page_of(fleet: Path, folder: Path, card: Path) -> Path:
    """Measure the fleet's servers, and return the page about them."""
    names = [host["name"] for host in json.loads(fleet.read_text(encoding="utf-8"))["hosts"]]
    served = subprocess.Popen(
        [sys.executable, "-m", "fake_ollama", "--script", fleet], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert served.stdout is not None
    urls = json.loads(served.stdout.readline())["urls"]
    hosts_file, page = folder / "hosts.txt", folder / "report.html"
    hosts_file.write_text("".join(f"{name}={url}\n" for name, url in zip(names, urls, strict=True)), encoding="utf-8")
    try:
        subprocess.run(
            [
                *(sys.executable, "-m", "ollama_speedrun", "run", "--hosts-file", hosts_file, *OPTIONS),
                *("--history", folder / "history.db", "--output", page, "--output", card),
            ],
            check=False,  # one of the models cannot be loaded, so that the page has a failure to show
        )
    finally:
        served.terminate()
        served.wait()
    return page


def _photograph(program: str, page_path: Path, picture: Path) -> None:
    """Save what a browser shows first of a page."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program)
        page = browser.new_page(viewport={"width": WIDTH_PX, "height": HEIGHT_PX}, color_scheme="light")
        page.goto(page_path.as_uri())
        page.screenshot(path=picture)
        browser.close()


if __name__ == "__main__":
    main()
