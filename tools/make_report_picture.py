"""Take a picture of the beginning of a report: make_report_picture.py REPORT.html PICTURE.png. Chromium takes it."""

import shutil
import sys
from pathlib import Path
from typing import Final

from playwright.sync_api import sync_playwright

WIDTH_PX: Final = 1180
HEIGHT_PX: Final = 1190


def main() -> None:
    """Take the picture."""
    page_path, picture_path = map(Path, sys.argv[1:])
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        sys.exit("there is no Chromium on the PATH: install chromium, or leave the picture as it is")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program)
        page = browser.new_page(viewport={"width": WIDTH_PX, "height": HEIGHT_PX}, color_scheme="light")
        page.goto(page_path.resolve().as_uri())
        page.screenshot(path=picture_path)
        browser.close()


if __name__ == "__main__":
    main()
