import re

import msgspec
import pytest

from ollama_speedrun.benchmark.types import ContextLoad, MemoryAtContext
from ollama_speedrun.report.html import sweeps
from ollama_speedrun.report.html.page import render
from ollama_speedrun.report.html.timeline import Turn, lanes_of, ticks_of
from report.fleet import HOSTS, many
from report.html.reading import Page
from specimens import DESK, RACK, result

GB = 1_000_000_000


def labels(text: str, section: str) -> list[str]:
    """What is said of each mark in a section."""
    inside = re.search(rf'<section id="{section}".*?</section>', text, re.DOTALL)
    assert inside
    return [
        one.attributes["aria-label"] or "" for one in Page(inside[0]).elements if one.attributes.get("role") == "img"
    ]


def test_each_model_is_a_mark_with_its_figures_and_their_intervals() -> None:
    found = labels(render(many(9, 12)), "trade-off")
    assert len(found) == 9
    assert all(
        re.fullmatch(
            r"model\d:\d+b on 10\.0\.0\.\d\n((recommended|best of its tier)\n)?quality \d+ \(\d+ to \d+\)\n"
            r"[\d.]+ tok/s \([\d.]+ to [\d.]+\)\nfirst token after 340 ms\n[\d.]+ [GM]B of memory",
            label,
        )
        for label in found
    )
    assert sum("recommended" in label for label in found) == 1


def test_more_than_eight_lines_are_grey_and_say_all_their_figures_at_once() -> None:
    run = many(9, 0)
    found = labels(render(run), "depth")
    each = [label for label in found if label.startswith(f"{run.results[0].model} ")]
    assert {len(label.split("\n")) for label in found} == {2, 5}
    assert len(found) == 2 * (8 * 4 + 1)
    assert each


def test_the_memory_by_context_says_what_was_estimated_and_what_the_gpu_holds() -> None:
    measured = msgspec.structs.replace(
        result("m", DESK),
        memory_by_context=(
            MemoryAtContext(num_ctx=4096, memory_bytes=5 * GB, basis="measured"),
            MemoryAtContext(num_ctx=32768, memory_bytes=9 * GB, basis="line"),
        ),
        loads=(ContextLoad(num_ctx=32768, memory_bytes=9 * GB, gpu_bytes=8 * GB),),
    )
    text = sweeps.memory([measured], {DESK: "desk"}) or ""
    page = Page(text)
    said = [one.attributes["aria-label"] for one in page.elements if one.attributes.get("role") == "img"]
    assert said == ["m on desk\n4K: 5 GB", "m on desk\n32K: 9 GB (estimated)"]
    assert "GPU of desk" in page.texts


@pytest.mark.parametrize(
    ("loads", "limits"),
    [
        ((), {}),
        ((ContextLoad(num_ctx=1, memory_bytes=9, gpu_bytes=9),), {}),
        ((ContextLoad(num_ctx=1, memory_bytes=9, gpu_bytes=0),), {}),
        (
            (
                ContextLoad(num_ctx=1, memory_bytes=9, gpu_bytes=7),
                ContextLoad(num_ctx=2, memory_bytes=10, gpu_bytes=8),
            ),
            {DESK: 8},
        ),
    ],
)
def test_what_a_gpu_holds_is_known_where_a_model_did_not_fit(
    loads: tuple[ContextLoad, ...], limits: dict[str, int]
) -> None:
    measured = msgspec.structs.replace(result("m", DESK), loads=loads)
    assert sweeps.gpu_limits([measured, result("n", RACK)]) == limits


def test_turns_that_overlap_have_lanes_of_their_own() -> None:
    turns = [Turn("a", 0, 10, True), Turn("b", 5, 15, True), Turn("c", 10, 12, True), Turn("d", 11, 20, False)]
    assert lanes_of(turns) == [0, 1, 0, 2]


@pytest.mark.parametrize(
    ("whole_s", "ticks"),
    [(0.5, (0,)), (6, (0, 1, 2, 3, 4, 5, 6)), (213, (0, 60, 120, 180)), (4000, (0, 900, 1800, 2700, 3600))],
)
def test_the_times_of_the_timeline_are_round(whole_s: float, ticks: tuple[int, ...]) -> None:
    assert ticks_of(whole_s) == ticks


def test_the_timeline_names_each_turn_on_its_host() -> None:
    found = [label for label in labels(render(many(9, 0)), "timeline") if "from" in label]
    assert len(found) == 9
    assert found[0] == "model0:1b\nfrom 0:00 to 1:40, 1 min 40 s"


def test_a_result_of_an_earlier_run_had_no_turn_in_this_one() -> None:
    run = many(9, 0)
    taken = msgspec.structs.replace(run.results[0], measured_in="beef")
    text = render(msgspec.structs.replace(run, results=(taken, *run.results[1:])))
    assert len([label for label in labels(text, "timeline") if "from" in label]) == 8
    assert "taken over from run beef" in text


def test_the_verdict_names_its_first_results_first() -> None:
    run = many(9, 12)
    assert run.verdict is not None
    assert run.verdict.recommendation is not None
    assert sweeps.ranked(run)[0].model == run.verdict.recommendation.model
    assert len(sweeps.ranked(run)) == 9
    assert {one.host for one in sweeps.ranked(run)} == {host.url for host in HOSTS}
