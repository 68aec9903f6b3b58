"""From the server's words to a `Model`. Pure; every field may be missing or odd."""

import re
from typing import Final

import msgspec

from ..ollama import wire
from .types import Model, ModelKind

LONGEST_LICENSE_CHARACTERS: Final = 120
TRIVIAL_TEMPLATES: Final = frozenset({"", "{{ .Prompt }}", "{{.Prompt}}"})
EMBEDDING_FAMILIES: Final = ("bert", "roberta")
CHAT_CAPABILITIES: Final = frozenset({"tools", "thinking", "vision"})
ARCHITECTURE: Final = re.compile(r"[\w.-]{1,100}")


def model_of(host: str, entry: wire.TagsEntry, show: wire.Show | None) -> Model:
    """Join what /api/tags and /api/show say of a model; /api/show is trusted first, None where it could not be had."""
    details = (show and show.details) or entry.details or wire.Details()
    listed = entry.details or wire.Details()
    capabilities = (show and show.capabilities) or entry.capabilities or ()
    return Model(
        host=host,
        name=entry.name,
        digest=entry.digest or None,
        size_bytes=entry.size,
        parameter_size=details.parameter_size or listed.parameter_size or None,
        quantization=details.quantization_level or listed.quantization_level or None,
        family=details.family or listed.family or None,
        capabilities=capabilities,
        context_length=_context_length(show) or details.context_length or listed.context_length,
        kind=_kind(entry, show, capabilities),
        format=details.format or listed.format or None,
        license=_first_line(show.license) if show and show.license else None,
    )


def is_cloud(entry: wire.TagsEntry) -> bool:
    """Return whether a listed model runs on a remote computer."""
    return bool(entry.remote_host) or entry.name.endswith((":cloud", "-cloud"))


def _kind(entry: wire.TagsEntry, show: wire.Show | None, capabilities: tuple[str, ...]) -> ModelKind:
    if is_cloud(entry) or (show and show.remote_host):
        return "cloud"
    if "image" in capabilities:
        return "image"
    if "completion" not in capabilities and ("embedding" in capabilities or _looks_like_embedding(entry, show)):
        return "embedding"
    return "base" if show and _is_base(show, capabilities) else "chat"


def _looks_like_embedding(entry: wire.TagsEntry, show: wire.Show | None) -> bool:
    """For servers before 0.6.4, which list no capabilities: an encoder's family, or a pooling layer."""
    family = ((show and show.details) or entry.details or wire.Details()).family or ""
    pooled = show is not None and _architecture_info(show, "pooling_type") is not None
    return pooled or any(word in family.lower() for word in EMBEDDING_FAMILIES)


def _is_base(show: wire.Show, capabilities: tuple[str, ...]) -> bool:
    """Return whether a model only continues text: its template is the bare prompt, with no renderer instead."""
    if show.template is None or show.template.strip() not in TRIVIAL_TEMPLATES:
        return False
    rendered = any(line.startswith("RENDERER ") for line in (show.modelfile or "").splitlines())
    return not rendered and CHAT_CAPABILITIES.isdisjoint(capabilities)


def _context_length(show: wire.Show | None) -> int | None:
    value = show and _architecture_info(show, "context_length")
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if 0 < value <= wire.LARGEST else None


def _architecture_info(show: wire.Show, key: str) -> object:
    """Return what `model_info` says under the name of its architecture, None where that is nothing."""
    architecture = _info(show, "general.architecture")
    if not isinstance(architecture, str) or not ARCHITECTURE.fullmatch(architecture):
        return None
    return _info(show, f"{architecture}.{key}")


def _info(show: wire.Show, name: str) -> object:
    """Return one scalar of `model_info`; whatever else is in there is skipped without being built."""
    one = msgspec.defstruct("One", [("value", msgspec.Raw, msgspec.field(name=name, default=msgspec.Raw()))])
    try:
        raw = msgspec.json.decode(show.model_info, type=one).value  # type: ignore[attr-defined]
        return msgspec.json.decode(raw, type=str | int | float | bool | None)
    except wire.UNREADABLE:
        return None


def _first_line(text: str) -> str | None:
    line = next((stripped for raw in text.splitlines() if (stripped := raw.strip())), None)
    if line is None or len(line) <= LONGEST_LICENSE_CHARACTERS:
        return line
    return line[: LONGEST_LICENSE_CHARACTERS - 1] + "…"
