"""From the server's words to a `Model`. Pure; every field may be missing or odd."""

import re
from typing import Final

import msgspec

from ..ollama import fields, wire
from . import attention
from .types import KvCache, Model, ModelKind

LONGEST_LICENSE_CHARACTERS: Final = 120
LONGEST_NAME_CHARACTERS: Final = 512
LONGEST_PARAMETERS_CHARACTERS: Final = 16_384
"""How far a text that the server hands on is looked into for what stands near its beginning."""
LONGEST_WORD_CHARACTERS: Final = 128
MOST_CAPABILITIES: Final = 32
TRIVIAL_TEMPLATES: Final = frozenset({"", "{{ .Prompt }}", "{{.Prompt}}"})
ENCODERS: Final = ("bert", "roberta", "t5encoder", "embedding", "clip", "mmproj")
"""Parts of the names of architectures that give vectors and no text; the last two are those of pictures."""
EMBEDDING_NAME: Final = re.compile(r"(^|[^a-z])(embed(der|dings?)?|rerank(er|ing)?)([^a-z]|$)|embedding|rerank")
ENCODER_NAME: Final = re.compile(
    r"(^|[^a-z0-9])(bge|gte|e5|minilm|colbert|colpali|mmproj|bert|roberta|modernbert|distilbert|labse|sbert|distiluse|paraphrase)([^a-z0-9]|$)"
)
"""The short names of widely used encoders, which may be a part of another name by chance."""
DRAFT_OPTION: Final = re.compile(r"^draft_num_predict\s+(\d{1,9})\s*$", re.MULTILINE)
MOST_POOLING_TYPES: Final = 16
CHAT_CAPABILITIES: Final = frozenset({"tools", "thinking", "vision"})
ARCHITECTURE: Final = re.compile(r"[\w.-]{1,100}")


def model_of(host: str, entry: wire.TagsEntry, show: wire.Show | None, *, aliases: tuple[str, ...] = ()) -> Model:
    """Join what /api/tags and /api/show say of a model; /api/show is trusted first, None where it could not be had.

    `aliases` are other names that the host has for it.
    """
    details = (show and show.details) or entry.details or wire.Details()
    listed = entry.details or wire.Details()
    capabilities = (show and show.capabilities) or entry.capabilities or ()
    return Model(
        host=host,
        name=entry.name,
        digest=_word(entry.digest),
        size_bytes=entry.size,
        parameter_size=_word(details.parameter_size or listed.parameter_size),
        quantization=_word(details.quantization_level or listed.quantization_level),
        family=_word(details.family or listed.family),
        capabilities=tuple(word for one in capabilities[:MOST_CAPABILITIES] if (word := _word(one))),
        context_length=_context_length(show) or details.context_length or listed.context_length,
        kind=_kind(entry, show, capabilities),
        format=_word(details.format or listed.format),
        license=_license(show) if show else None,
        drafts=None if show is None else _drafts(show),
        aliases=aliases,
        kv_cache=None if show is None else _kv_cache(show),
        base=None if show is None else _base(show, entry.name),
    )


def unusable_name(name: str) -> str | None:
    """Return why a model of this name cannot be asked for, None where it can."""
    if not name:
        return "an entry of /api/tags has no name"
    if len(name) > LONGEST_NAME_CHARACTERS:
        return f"its name has {len(name):,} characters, more than any model's"
    return None


def shown_name(name: str) -> str:
    """Return a name, however odd, as it may be shown."""
    return _word(name) or "(unnamed)"


def is_cloud(entry: wire.TagsEntry) -> bool:
    """Return whether a listed model runs on a remote computer."""
    return bool(entry.remote_host) or entry.name.endswith((":cloud", "-cloud"))


def _kind(entry: wire.TagsEntry, show: wire.Show | None, capabilities: tuple[str, ...]) -> ModelKind:
    if is_cloud(entry) or (show and show.remote_host):
        return "cloud"
    if "image" in capabilities:
        return "image"
    if _is_embedding(entry, show, capabilities):
        return "embedding"
    return "base" if show and _is_base(show, capabilities) else "chat"


def _is_embedding(entry: wire.TagsEntry, show: wire.Show | None, capabilities: tuple[str, ...]) -> bool:
    """Return whether a model gives vectors: embeddings, or the relevance of a text to a query.

    Servers before 0.6.4 list no capabilities, and imported models are often listed as `completion`, so the layer that
    pools, the architecture and the name decide, too.
    """
    if "completion" not in capabilities and "embedding" in capabilities:
        return True
    if show is not None and _is_pooled(show):
        return True
    details = (show and show.details) or entry.details or wire.Details()
    architecture = show and _info(show, "general.architecture")
    kinds = [word.lower() for word in (details.family, architecture) if isinstance(word, str)]
    if any(encoder in kind for encoder in ENCODERS for kind in kinds):
        return True
    name = entry.name.lower().rpartition("/")[2]
    if EMBEDDING_NAME.search(name):
        return True
    return CHAT_CAPABILITIES.isdisjoint(capabilities) and ENCODER_NAME.search(name) is not None


def _is_pooled(show: wire.Show) -> bool:
    """Return whether a model makes one vector or one number of a whole text; pooling type 0 stands for none."""
    pooling = _architecture_info(show, "pooling_type")
    return isinstance(pooling, int) and not isinstance(pooling, bool) and 0 < pooling <= MOST_POOLING_TYPES


def _drafts(show: wire.Show) -> bool:
    """Return whether a model brings a head that drafts tokens, or is set to use drafts."""
    layers = _architecture_info(show, "nextn_predict_layers")
    option = DRAFT_OPTION.search((show.parameters or "")[:LONGEST_PARAMETERS_CHARACTERS])
    has_head = isinstance(layers, int) and not isinstance(layers, bool) and layers > 0
    return has_head if option is None else int(option[1]) > 0


def _base(show: wire.Show, name: str) -> str | None:
    """Return what quants of one base have in common: architecture, name, fine-tune, and number of parameters.

    A file that does not name its base is known by the model's own name without its tag.
    """
    architecture, parameters = _info(show, "general.architecture"), _info(show, "general.parameter_count")
    if not isinstance(architecture, str) or not isinstance(parameters, int) or isinstance(parameters, bool):
        return None
    named = [_info(show, f"general.{key}") for key in ("basename", "finetune", "version")]
    words = (
        [word.lower() for word in named if isinstance(word, str)] if isinstance(named[0], str) else [_untagged(name)]
    )
    return _word("/".join([architecture, *words, str(parameters)]))


def _untagged(name: str) -> str:
    return name.lower().rpartition("/")[2].partition(":")[0]


def _is_base(show: wire.Show, capabilities: tuple[str, ...]) -> bool:
    """Return whether a model only continues text: its template is the bare prompt, with no renderer instead."""
    if show.template is None or show.template.strip() not in TRIVIAL_TEMPLATES:
        return False
    rendered = "\nRENDERER " in f"\n{show.modelfile or ''}"
    return not rendered and CHAT_CAPABILITIES.isdisjoint(capabilities)


def _context_length(show: wire.Show | None) -> int | None:
    value = show and _architecture_info(show, "context_length")
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return round(value) if 0 < value <= wire.LARGEST else None


def is_shortened(show: wire.Show) -> bool:
    """Return whether a list in the details, which tells how memory grows with the context, was left out."""
    architecture = _architecture(show)
    return architecture is not None and attention.is_shortened(show.model_info, architecture)


def _kv_cache(show: wire.Show) -> KvCache | None:
    architecture = _architecture(show)
    return None if architecture is None else attention.kv_cache(show.model_info, architecture)


def _architecture(show: wire.Show) -> str | None:
    architecture = _info(show, "general.architecture")
    return architecture if isinstance(architecture, str) and ARCHITECTURE.fullmatch(architecture) else None


def _architecture_info(show: wire.Show, key: str) -> object:
    """Return what `model_info` says under the name of its architecture, None where that is nothing."""
    architecture = _architecture(show)
    return None if architecture is None else _info(show, f"{architecture}.{key}")


def _info(show: wire.Show, name: str) -> object:
    """Return one scalar of `model_info`; whatever else is in there is skipped without being built."""
    one = msgspec.defstruct("One", [("value", msgspec.Raw, msgspec.field(name=name, default=msgspec.Raw()))])
    try:
        raw = msgspec.json.decode(show.model_info, type=one).value  # type: ignore[attr-defined]
        return msgspec.json.decode(raw, type=str | int | float | bool | None)
    except fields.UNREADABLE:
        return None


def _license(show: wire.Show) -> str | None:
    """Return the first line of the licence, or of the first one that says anything."""
    texts = (show.license,) if isinstance(show.license, str) else show.license or ()
    return next((line for text in texts if (line := _first_line(text))), None)


def _word(text: str | None) -> str | None:
    """Return a short text of a server, None for an empty one; a longer one ends in an ellipsis."""
    if not text:
        return None
    return text if len(text) <= LONGEST_WORD_CHARACTERS else text[: LONGEST_WORD_CHARACTERS - 1] + "…"


def _first_line(text: str) -> str | None:
    head = text[:LONGEST_PARAMETERS_CHARACTERS].splitlines()
    line = next((stripped for raw in head if (stripped := raw.strip())), None)
    if line is None or len(line) <= LONGEST_LICENSE_CHARACTERS:
        return line
    return line[: LONGEST_LICENSE_CHARACTERS - 1] + "…"
