from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from ollama_speedrun.report.html.markup import Markup, element, escape, join


def test_an_element_escapes_its_children_and_its_attributes() -> None:
    assert element("b", "a<b", Markup("<i></i>"), None, class_="x", aria_label='"&', hidden=True, title=None) == (
        '<b class="x" aria-label="&quot;&amp;" hidden>a&lt;b<i></i></b>'
    )


def test_a_void_element_has_no_end() -> None:
    assert element("meta", charset="utf-8") == '<meta charset="utf-8">'


def test_coordinates_are_short() -> None:
    assert element("rect", x=1.0, y=2.345, width=0.1) == '<rect x="1" y="2.35" width="0.1"></rect>'


def test_markup_is_not_escaped_again() -> None:
    assert join("<", escape("<"), element("br")) == "&lt;&lt;<br>"


@given(st.text())
def test_a_text_is_read_as_it_was_but_for_what_html_forbids(text: str) -> None:
    found: list[str] = []

    class Reader(HTMLParser):
        def handle_data(self, data: str) -> None:
            found.append(data)

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002  # as its base has it
            found.extend(value or "" for _, value in attrs)

    Reader().feed(f"{element('b', title=text)}{escape(text)}")
    kept = "".join(character for character in text if escape(character))
    assert "".join(found) == kept * 2
