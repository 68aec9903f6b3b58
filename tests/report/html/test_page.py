import base64
import hashlib
import json
import re

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ollama_speedrun.report.html.page import render
from ollama_speedrun.results import codec
from ollama_speedrun.results.types import Document
from report.fleet import HOSTS, START, many, renamed
from report.html.reading import Page, document_in
from specimens import document

SECTIONS = [
    "verdict",
    "trade-off",
    "models",
    "areas",
    "depth",
    "at-once",
    "memory-by-context",
    "timeline",
    "hosts",
    "caveats",
    "meaning",
    "origin",
]
HOSTILE = [
    "</script><script>window.hacked=1</script>",
    '"><img src=x onerror=window.hacked=1>',
    "' onmouseover='window.hacked=1",
    "javascript:window.hacked=1",
    "\x00\x07\x1b[31m\x9bred\x7f",
    "\u202egnp.exe\u2066\u200b",
    "<!--",
    "]]></svg>",
    "&lt;&amp;#60;script&#62;",
    "{{7*7}}${7*7}",
    "a" * 5000,
]


def test_a_whole_run_has_every_section_with_the_verdict_first() -> None:
    page = Page(render(many(9, 12)))
    shown = [one.attributes["id"] for one in page.elements if one.name == "section"]
    assert shown == SECTIONS


def test_a_section_without_figures_is_left_out() -> None:
    bare = Document(started_at=START, hosts=HOSTS)
    shown = [one.attributes["id"] for one in Page(render(bare)).elements if one.name == "section"]
    assert shown == ["verdict", "hosts", "meaning", "origin"]


def test_the_headline_says_what_to_use_and_where() -> None:
    page = Page(render(document()))
    start = page.elements.index(next(one for one in page.elements if one.name == "h1"))
    assert page.elements[start + 1].name == "strong"
    assert "Use llama3.1:8b on 192.168.1.20" in "".join(page.texts)


def test_an_incomplete_run_says_so_before_anything_else() -> None:
    page = Page(render(msgspec.structs.replace(document(), complete=False)))
    verdict = "".join(page.texts).partition("measured")[2]
    assert 0 <= verdict.index("Incomplete: the run ended before all was measured") < verdict.index("Use llama3.1:8b")


def test_the_document_inside_is_the_document() -> None:
    run = many(9, 12)
    assert document_in(render(run)) == json.loads(codec.encode(run))


@pytest.mark.parametrize("items", [0, 40, 120])
def test_a_page_of_forty_models_is_below_500_kb_and_its_document_can_be_read(items: int) -> None:
    run = many(40, items)
    text = render(run)
    assert len(text.encode()) < 500_000
    inside = codec.decode(json.dumps(document_in(text)).encode(), origin="the page")
    assert inside.results == run.results
    assert inside.verdict == run.verdict
    is_whole = inside.quality_records == run.quality_records
    assert is_whole == ("left out of the document in this page" not in text)


def test_nothing_is_fetched() -> None:
    """Links lead within the page, the document is inside, and no other attribute names a place."""
    text = render(many(9, 12))
    page = Page(text)
    places = [*page.values("href"), *page.values("src"), *page.values("action"), *page.values("srcset")]
    assert [place for place in places if not place.startswith(("#", "data:"))] == []
    inside = {f"#{anchor}" for anchor in page.values("id")}
    assert {place for place in places if place.startswith("#")} <= inside
    css = text.partition("<style>")[2].partition("</style>")[0]
    assert not re.search(r"@import|url\(", css)


def test_ids_are_unique() -> None:
    ids = Page(render(many(9, 12))).values("id")
    assert len(set(ids)) == len(ids)


def test_the_policy_allows_the_page_s_own_style_and_script_alone() -> None:
    text = render(many(2, 0))
    policy = next(
        one.attributes["content"] or ""
        for one in Page(text).elements
        if one.attributes.get("http-equiv") == "Content-Security-Policy"
    )
    directives = dict(part.split(" ", maxsplit=1) for part in policy.split("; "))
    inline = {kind: re.findall(rf"<{kind}>(.*?)</{kind}>", text, re.DOTALL) for kind in ("style", "script")}
    assert {kind: len(found) for kind, found in inline.items()} == {"style": 1, "script": 1}
    hashed = {
        kind: f"'sha256-{base64.b64encode(hashlib.sha256(found[0].encode()).digest()).decode()}'"
        for kind, found in inline.items()
    }
    assert directives == {
        "default-src": "'none'",
        "style-src": hashed["style"],
        "script-src": hashed["script"],
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    assert Page(text).values("style") == []


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_changes_no_element(name: str) -> None:
    run = many(4, 6)
    assert Page(render(renamed(run, name))).shape == Page(render(renamed(run, "m"))).shape


@settings(max_examples=25)
@given(st.text(alphabet=st.characters(codec="utf-8"), min_size=1, max_size=40))
def test_no_name_changes_an_element(name: str) -> None:
    run = many(3, 0)
    assert Page(render(renamed(run, name))).shape == Page(render(renamed(run, "m"))).shape


def test_the_same_document_gives_the_same_page() -> None:
    assert render(many(9, 12)) == render(many(9, 12))
