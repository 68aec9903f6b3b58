"""The whole page: one file, nothing fetched, and a policy that lets the browser run nothing but what is ours. Pure."""

import base64
import functools
import hashlib
from collections.abc import Mapping, Sequence
from importlib import resources
from typing import Final

import msgspec

from ...results.types import Document
from ...wording import counted
from .. import figures, view
from ..settings import USUAL, ReportSettings
from .markup import Markup, element, escape, join
from .raw import download
from .sections import Section, sections
from .verdict import headline, verdict

LARGEST_BYTES: Final = 490_000
"""A page of 40 models is no larger: it goes by mail and opens at once."""
ASSETS: Final = ("style.css", "script.js")


def render(document: Document, settings: ReportSettings = USUAL) -> str:
    """Return the report as HTML; every word of a server is shown as it is, none is taken for HTML."""
    report = view.report(document, msgspec.structs.replace(settings, wide=True, verbose=True))
    names = figures.host_names(document.hosts)
    shown = [*sections(document, report, names)]
    read = join(verdict(document, report, names), _contents(shown), *(section.drawn() for section in shown))
    room_bytes = LARGEST_BYTES - len(read.encode()) - sum(len(_asset(name)) for name in ASSETS)
    body = join(
        element("a", "Skip to the verdict", href="#verdict", class_="skip"),
        _top(document),
        element(
            "main",
            read,
            _origin(document, room_bytes),
            element("div", id="tip", role="tooltip", hidden=True),
        ),
        Markup(f"<script>{_asset('script.js')}</script>"),
    )
    title = "".join(headline(report))
    return f'<!doctype html>\n<html lang="en">\n{_head(title)}\n<body>{body}</body>\n</html>\n'


@functools.cache
def _asset(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8").strip()


def _head(title: str) -> Markup:
    policy = "; ".join(
        (
            "default-src 'none'",
            f"style-src '{_hash('style.css')}'",
            f"script-src '{_hash('script.js')}'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
        )
    )
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", f"{title} · ollama-speedrun"),
        element("link", rel="icon", href="data:,"),
        Markup(f"<style>{_asset('style.css')}</style>"),
    )


def _hash(name: str) -> str:
    digest = hashlib.sha256(_asset(name).encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def _top(document: Document) -> Markup:
    measured = sum(result.status == "ok" for result in document.results)
    facts = [
        figures.moment(document.started_at),
        counted(len(document.hosts), "host"),
        f"{counted(measured, 'model')} measured",
    ]
    if document.ended_at is not None:
        facts.append(f"in {figures.duration((document.ended_at - document.started_at).total_seconds())}")
    return element(
        "header",
        element("p", element("strong", "ollama-speedrun"), " · ", " · ".join(facts)),
        element("button", "Dark or light", id="theme", type_="button", hidden=True),
        class_="top",
    )


def _contents(shown: Sequence[Section]) -> Markup:
    links = [element("li", element("a", section.title, href=f"#{section.anchor}")) for section in shown]
    return element("nav", element("ul", *links), aria_label="Contents", class_="contents")


def _origin(document: Document, room_bytes: int) -> Markup:
    """Return where the figures come from, and the document itself."""
    name = f"ollama-speedrun-{document.started_at:%Y-%m-%d-%H%M}"
    rows = [
        join(element("dt", key), element("dd", value)) for key, value in _facts(document).items() if value is not None
    ]
    return element(
        "section",
        element("h2", "Origin"),
        element("p", "All figures of this page come from this document.", class_="lead"),
        element("dl", *rows, class_="facts"),
        download(document, name, room_bytes),
        id="origin",
    )


def _facts(document: Document) -> Mapping[str, str | None]:
    context, settings = document.context, document.settings
    return {
        "Written by": f"{document.tool.name} {document.tool.version}",
        "Run": document.run_id,
        "Begun": figures.moment(document.started_at),
        "Measured from": None
        if context is None
        else f"{context.system} {context.architecture}, Python {context.python}",
        "Asked": None
        if settings is None
        else f"at most {settings.max_items} items and {settings.most_trials} trials of each model, context "
        f"{settings.num_ctx} tokens",
        "Own items": escape(", ".join(document.items_files)) if document.items_files else None,
    }
