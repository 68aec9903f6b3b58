"""HTML by construction: whatever is not `Markup` already is escaped. Pure."""

import html
import re
from typing import Final, TypeAlias

VOID: Final = frozenset({"br", "hr", "img", "input", "link", "meta"})
# What HTML forbids even as a reference: controls but for white space, and halves of pairs
_FORBIDDEN: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


class Markup(str):
    """Text that is HTML and not to be escaped."""

    __slots__ = ()


Attribute: TypeAlias = str | int | float | bool | None
EMPTY: Final = Markup("")


def escape(text: str) -> Markup:
    """Return a text as HTML shows it, in an attribute's value too; HTML itself is returned as it is."""
    if isinstance(text, Markup):
        return text
    return Markup(html.escape(_FORBIDDEN.sub("", text), quote=True))


def element(name: str, /, *children: str | None, **attributes: Attribute) -> Markup:
    """Return an element. Children are escaped unless they are `Markup`; None is left out.

    A name of an attribute may end in an underscore, and an underscore inside stands for a hyphen: `class_`,
    `aria_label`. None and False leave an attribute out, True gives it no value.
    """
    opening = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in VOID:
        return Markup(f"<{name}{opening}>")
    return Markup(f"<{name}{opening}>{join(*children)}</{name}>")


def join(*parts: str | None) -> Markup:
    """Return parts one after another, escaped unless they are `Markup`."""
    return Markup("".join(escape(part) for part in parts if part is not None))


def number(value: float) -> str:
    """Return a coordinate, to the hundredth, as short as it can be written."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _attribute(key: str, value: Attribute) -> str:
    if value is None or value is False:
        return ""
    name = key.removesuffix("_").replace("_", "-")
    if value is True:
        return f" {name}"
    return f' {name}="{escape(value if isinstance(value, str) else number(value))}"'
