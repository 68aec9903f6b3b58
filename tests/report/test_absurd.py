"""What a server said may be absurd: every way to show it bears that."""

import xml.etree.ElementTree as ET

import msgspec
import pytest

from ollama_speedrun.benchmark.types import ContextLoad, Interval, MemoryAtContext
from ollama_speedrun.report import card
from ollama_speedrun.report.html.page import render
from ollama_speedrun.report.plot import plots
from ollama_speedrun.results.types import Document
from report.fleet import many
from report.html.reading import Page

HUGE_BYTES = 2**63 - 1


def absurd(tps: float, size_bytes: int) -> Document:
    run = many(6, 6)
    first, *others = run.results
    changed = msgspec.structs.replace(
        first,
        decode_tps=tps,
        decode_interval=Interval(tps, tps, 3),
        ttft_s=tps,
        memory_bytes=size_bytes,
        depths=tuple(
            msgspec.structs.replace(
                point,
                decode_tps=tps,
                prefill_tps=tps,
                prompt_tokens=size_bytes,
                num_ctx=size_bytes,
                memory_bytes=size_bytes,
            )
            for point in first.depths
        ),
        concurrency=tuple(
            msgspec.structs.replace(point, throughput_tps=tps, requests=size_bytes) for point in first.concurrency
        ),
        memory_by_context=tuple(
            MemoryAtContext(num_ctx=num_ctx, memory_bytes=size_bytes, basis="line") for num_ctx in (1, size_bytes)
        ),
        loads=(ContextLoad(num_ctx=size_bytes, memory_bytes=size_bytes, gpu_bytes=max(0, size_bytes - 1)),),
    )
    return msgspec.structs.replace(run, results=(changed, *others))


@pytest.mark.parametrize("tps", [0.0, 5e-324, 1e-9, 1e12, 1.7e308])
@pytest.mark.parametrize("size_bytes", [0, 1, HUGE_BYTES])
def test_absurd_figures_are_shown(tps: float, size_bytes: int) -> None:
    run = absurd(tps, size_bytes)
    text = render(run)
    shown = " ".join(value for name in ("x", "y", "cx", "cy", "width", "points") for value in Page(text).values(name))
    drawn = card.render(run)
    assert ET.fromstring(drawn).tag.endswith("svg")  # our own text
    assert plots(run, width=80, has_unicode=True)
    assert not {"nan", "inf"} & {
        word.strip("%-") for word in f"{shown} {drawn}".replace('"', " ").replace(",", " ").split()
    }
