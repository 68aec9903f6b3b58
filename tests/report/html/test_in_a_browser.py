"""The page as a browser shows it: nothing but the page is asked for, and everybody can read and steer it."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from ollama_speedrun.report.html.page import render
from ollama_speedrun.results import codec
from report.fleet import many, renamed
from report.html.conftest import Opened
from report.html.test_page import HOSTILE

pytestmark = pytest.mark.browser
Open = Callable[..., Opened]
WIDE = {"width": 1280, "height": 900}
NARROW = {"width": 390, "height": 844}
A4 = {"width": 703, "height": 1016}
"""A sheet of A4 within its margins, in CSS pixels."""
SCREENS = [(size, scheme) for size in (WIDE, NARROW) for scheme in ("light", "dark")]


def whole() -> str:
    return render(many(40, 12))


@pytest.mark.parametrize(("size", "scheme"), SCREENS)
def test_the_page_is_whole_and_accessible(size: dict[str, int], scheme: str, opened: Open) -> None:
    page, faults = opened(whole(), viewport=size, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    assert violations(page) == []
    assert faults == []


def test_a_page_that_is_not_accessible_is_found_out(opened: Open) -> None:
    page, _ = opened("<html><body><img src='data:,'><button></button></body></html>")
    found = {one["id"] for one in Axe().run(page).response["violations"]}
    assert {"image-alt", "button-name", "html-has-lang"} <= found


@pytest.mark.parametrize("size", [WIDE, NARROW])
def test_hostile_names_do_nothing(size: dict[str, int], opened: Open) -> None:
    run = renamed(many(len(HOSTILE), 6), *HOSTILE)
    page, faults = opened(render(run), viewport=size)
    page.locator(".mark .dot").first.hover()
    assert page.evaluate("window.hacked") is None
    assert page.locator("script").count() == 1
    assert page.locator("img, iframe, object, embed, form").count() == 0
    links = page.evaluate("[...document.querySelectorAll('a')].map(one => one.getAttribute('href').slice(0, 28))")
    assert violations(page) == []
    assert {link for link in links if not link.startswith("#")} == {"data:application/gzip;base64"}
    assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
    assert faults == []


def test_a_page_that_asks_for_more_or_runs_more_is_found_out(opened: Open) -> None:
    _, asked = opened("<img src='http://127.0.0.1:1/x.png'>")
    assert "asked for http://127.0.0.1:1/x.png" in asked
    text = render(many(2, 0)).replace("</main>", "<script>window.hacked = 1</script></main>")
    page, stopped = opened(text)
    assert page.evaluate("window.hacked") is None
    assert "Content Security Policy" in "".join(stopped)


def test_a_mark_is_named_when_hovered_and_when_the_arrow_keys_reach_it(opened: Open) -> None:
    page, faults = opened(whole(), viewport=WIDE)
    tip = page.get_by_role("tooltip")
    assert not tip.is_visible()
    chart = page.locator("#trade-off .plot").first
    dot = chart.locator(".mark .dot").first
    dot.scroll_into_view_if_needed()
    dot.hover()
    assert "quality" in tip.inner_text()
    page.mouse.move(5, 5)
    assert not tip.is_visible()
    chart.locator(".mark[tabindex='0']").focus()
    first = tip.inner_text()
    page.keyboard.press("ArrowRight")
    assert tip.inner_text() not in {"", first}
    assert chart.locator(".mark[tabindex='0']").count() == 1
    page.keyboard.press("Escape")
    assert not tip.is_visible()
    assert faults == []


def test_tab_stops_once_at_each_chart(opened: Open) -> None:
    page, _ = opened(whole(), viewport=WIDE)
    for chart in page.locator("svg.plot").all():
        assert chart.locator("[tabindex='0']").count() == 1


def test_the_button_turns_light_to_dark_and_back(opened: Open) -> None:
    page, faults = opened(whole(), viewport=WIDE, color_scheme="light")
    paper = "getComputedStyle(document.body).backgroundColor"
    button = page.get_by_role("button", name="Dark")
    light = page.evaluate(paper)
    button.click()
    dark = page.evaluate(paper)
    page.get_by_role("button", name="Light").click()
    assert (page.evaluate(paper), dark != light) == (light, True)
    assert faults == []


@pytest.mark.parametrize(("script", "ending"), [(True, ".json"), (False, ".json.gz")])
def test_the_document_can_be_downloaded_with_and_without_a_script(
    script: bool, ending: str, opened: Open, tmp_path: Path
) -> None:
    run = many(9, 12)
    page, faults = opened(render(run), viewport=WIDE, java_script_enabled=script)
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download the document (JSON)").click()
    saved = tmp_path / "saved"
    waiting.value.save_as(saved)
    data = saved.read_bytes()
    assert waiting.value.suggested_filename == f"ollama-speedrun-2026-03-04-0506{ending}"
    assert codec.decode(data if script else gzip.decompress(data), origin="saved") == run
    assert json.loads(data if script else gzip.decompress(data))["run_id"] == "f00d"
    assert faults == []


def test_a_sheet_of_a4_cuts_nothing_off(opened: Open) -> None:
    page, faults = opened(whole(), viewport=A4)
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.evaluate("document.documentElement.scrollWidth") <= A4["width"]
    assert wider_than_their_frame(page) == []
    assert page.pdf(prefer_css_page_size=True).startswith(b"%PDF")
    assert faults == []


def violations(page: Any) -> list[str]:
    """Return what axe-core finds, with the first element that it is about."""
    found = Axe().run(page).response["violations"]
    return [f"{one['impact']} {one['id']}: {one['nodes'][0]['html'][:200]}" for one in found]


def wider_than_their_frame(page: Any) -> list[str]:
    """Return the tables that stand out of what holds them."""
    found: list[str] = page.evaluate(
        "[...document.querySelectorAll('table')].filter(one => one.getBoundingClientRect().width > 0 && "
        "one.getBoundingClientRect().right > one.closest('section').getBoundingClientRect().right + 1)"
        ".map(one => one.caption.textContent)"
    )
    return found
