import os
import shutil
import stat
import struct
import xml.etree.ElementTree as ET
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_speedrun.assessment.types import Verdict
from ollama_speedrun.errors import OutputError, UsageError
from ollama_speedrun.report import raster
from ollama_speedrun.report.card import HEIGHT_PX, WIDTH_PX, render
from ollama_speedrun.results.types import Document
from report.fleet import HOSTS, START, many, renamed
from specimens import document

SVG = "{http://www.w3.org/2000/svg}"
HAS_RENDERER = any(shutil.which(name) for renderer in raster.RENDERERS for name in renderer.names)


def texts(run: Document) -> list[str]:
    root = ET.fromstring(render(run))  # our own text
    return ["".join(one.itertext()) for one in root.iter(f"{SVG}text")]


def test_the_card_says_what_to_use_where_with_its_figures_and_the_best_of_each_tier() -> None:
    assert texts(document())[:14] == [
        "ollama-speedrun",
        "Use",
        "llama3.1:8b",
        "on 192.168.1.20",
        "quality",
        "90",
        "82 to 96",
        "tok/s",
        "56.2",
        "11× reading speed",
        "first token",
        "340 ms",
        "a short pause",
        "It gets nearly all of the graded questions right, writes 11",
    ]
    assert texts(document())[-7:] == [
        "under 2 GB",
        "smollm2:135m",
        "on 192.168.1.20",
        "4–8 GB",
        "llama3.1:8b",
        "on 192.168.1.20",
        "4 models, 2 hosts · 2026-01-02 03:04 UTC",
    ]


def test_the_card_of_a_run_without_a_verdict_says_so() -> None:
    bare = Document(started_at=START, hosts=HOSTS)
    assert texts(bare)[1] == "Measured, without a verdict"


def test_a_card_without_a_recommendation_says_why() -> None:
    verdict = Verdict(tiers=(), recommendation=None, why_none="no model beats guessing")
    shown = texts(msgspec.structs.replace(document(), verdict=verdict))
    assert shown[1:3] == ["No recommendation", "No model beats guessing."]


@given(st.text(min_size=1, max_size=60))
def test_no_name_adds_an_element_or_a_line(name: str) -> None:
    plain = [one.tag for one in ET.fromstring(render(renamed(many(3, 0), "m"))).iter()]  # ours
    assert [one.tag for one in ET.fromstring(render(renamed(many(3, 0), name))).iter()] == plain  # ours


def test_nothing_stands_outside_of_the_card() -> None:
    root = ET.fromstring(render(renamed(many(12, 6), "W" * 500)))  # our own text
    for one in root.iter(f"{SVG}text"):
        width = 0.6 * float(one.attrib["font-size"]) * len("".join(one.itertext()))
        left = float(one.attrib["x"]) - (width if one.attrib.get("text-anchor") == "end" else 0)
        assert left >= -1
        assert left + width <= WIDTH_PX + 60
        assert 0 < float(one.attrib["y"]) < HEIGHT_PX


@pytest.mark.browser
@pytest.mark.skipif(not HAS_RENDERER, reason="there is no program here that renders SVG")
def test_a_card_becomes_a_png_of_its_size() -> None:
    data = raster.png(render(document()))
    assert struct.unpack(">II", data[16:24]) == (WIDTH_PX, HEIGHT_PX)


def test_without_a_renderer_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(UsageError, match="install rsvg-convert"):
        raster.check()


@pytest.mark.skipif(os.name == "nt", reason="the fake renderer is a shell script")
@pytest.mark.parametrize(
    ("script", "words"),
    [("echo out of memory >&2; exit 3", "ended with 3: out of memory"), ("exit 0", "ended with 0: it gave no reason")],
)
def test_a_renderer_that_fails_is_an_error_with_what_it_said(
    script: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "rsvg-convert"
    fake.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    fake.chmod(fake.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OutputError, match=words):
        raster.png("<svg/>")
