import re

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from ollama_speedrun.benchmark.types import Result
from ollama_speedrun.report.markdown import escape, render
from ollama_speedrun.report.settings import ReportSettings
from report.snapshot import assert_as_on_file
from specimens import DESK, document, model, result, run_of


def test_the_page() -> None:
    assert_as_on_file("report-markdown", render(document()))


def test_the_classic_page_shows_the_classic_score() -> None:
    row = next(
        line for line in render(document(), ReportSettings(scoring="classic")).splitlines() if "smollm2:135m |" in line
    )
    assert row.startswith("| ★ smollm2:135m | 192.168.1.20 | – | 100% | 90 ±8 |")
    assert row.endswith("| 104 | ±2% | 340 ms | 77.0 |  |")


def test_markdown_and_html_in_a_name_are_shown_as_they_are() -> None:
    assert escape("a|b `c` <img src=x> *d* [e](f) \\| &amp; ~g~ # h") == (
        "a&#124;b \\`c\\` &lt;img src=x&gt; \\*d\\* \\[e\\](f) \\\\&#124; &amp;amp; \\~g\\~ \\# h"
    )


def test_links_mentions_and_formulas_of_github_stay_plain_text() -> None:
    assert escape("https://a.b/@me www.a.b me@a.b #12 GH-7 x$y$") == (
        "https:<!-- -->//a.b/@<!-- -->me www<!-- -->.a.b me@<!-- -->a.b \\#<!-- -->12 GH-<!-- -->7 "
        "x<span>$</span>y<span>$</span>"
    )


@given(st.text())
def test_no_name_breaks_a_table_or_begins_another_line(name: str) -> None:
    run = msgspec.structs.replace(
        run_of(*_named(name)), models=(msgspec.structs.replace(model(name, DESK), quantization=name),)
    )
    plain = render(msgspec.structs.replace(run_of(*_named("m")), models=(model("m", DESK),)))
    shown = render(run)
    assert len(shown.split("\n")) == len(plain.split("\n"))
    inert = shown.replace("<!-- -->", "").replace("<span>$</span>", "$")
    table = [line for line in inert.split("\n") if line.startswith("|")]
    results, areas = 12, 4
    assert [len(re.findall(r"(?<!\\)\|", line)) for line in table] == [results] * 3 + [areas] * 3
    assert not re.search(r"[<>]", "".join(table))


def _named(name: str) -> tuple[Result, ...]:
    return (result(name, DESK), msgspec.structs.replace(result(name, name), status="failed", reason=name))
