"""Who has answered: Ollama, a server that speaks its API too, or something else. Pure, and certain or silent."""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Final

import msgspec

from ..ollama import fields, wire
from ..ollama.refusals import quoted, redirection, refusal, retry_after_s, shown
from .types import OLLAMA

TAGS: Final = "/api/tags"
VERSION: Final = "/api/version"
ROOT: Final = "/"
PS: Final = "/api/ps"

COMPATIBLE: Final = "Ollama-compatible server"
HOST_CHECKED: Final = "Ollama behind a Host check"

_ROOT_TEXT: Final = "Ollama is running"
_DIGEST: Final = re.compile(r"(?!0{64})[0-9a-f]{64}")
_LIST_OF_MODELS: Final = re.compile(rb'\s*\{\s*"models"\s*:\s*\[\s*\{')
_INSTANT: Final = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.(\d{4,9})(Z|[+-]\d\d:\d\d)")
_SHOWN_TEXT: Final = 60
_LONGEST_SCALAR: Final = 2048
_LONGEST_VERSION: Final = 40
_PASSING: Final = frozenset({429, 502, 503, 504, 520, 521, 522, 523, 524, 530})
_PAUSE_S: Final = 1.0
_SHORTEST_PAUSE_S: Final = 0.25


class Answer(msgspec.Struct, frozen=True):
    """One HTTP answer: its status, its headers by lower-case name, and its body as sent."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Recognised(msgspec.Struct, frozen=True, kw_only=True):
    """A server that lists models.

    `kind` is "ollama" or a look-alike's name. `models_key` is equal for two servers that hold the same models since the
    same moment; where `has_own_moments`, that moment is so exact that only one server can have it, or a copy of its
    files. `identity` is that of the oldest model, so that it outlasts models that come and go; None without moments.
    `missing` says what a merely compatible server lacks of Ollama's signs, None for every other kind.
    """

    kind: str
    version: str | None
    models_key: str
    identity: str | None = None
    missing: str | None = None

    @property
    def has_own_moments(self) -> bool:
        """True if an equal `models_key` speaks for one and the same server."""
        return self.identity is not None


class Unrecognised(msgspec.Struct, frozen=True):
    """A server that is none of ours; `reason` says what it did instead, to stand after its URL."""

    reason: str


class _Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """The content of the answers, with everything unusable left out."""

    root: str
    server: str
    version: str | None
    tags: Mapping[str, object]
    models: tuple[Mapping[str, object], ...] | None

    @property
    def lists_as_ollama(self) -> bool:
        """True if it lists models, each with a name and a digest as Ollama gives them."""
        return self.models is not None and all(map(_is_as_ollama_lists, self.models))

    @property
    def lists_one_as_ollama(self) -> bool:
        """True if it lists nothing, or one model at least as Ollama does: others may be odd."""
        return self.models is not None and (not self.models or any(map(_is_nearly_as_ollama_lists, self.models)))

    @property
    def hides_version(self) -> bool:
        """True if all but its version is Ollama's, as behind a proxy that passes on only some paths."""
        return self.version is None and self.root == _ROOT_TEXT and bool(self.models) and self.lists_as_ollama

    def all_models(self, key: str, accept: Callable[[object], bool]) -> bool:
        """Return whether there are models and each has an acceptable value."""
        return bool(self.models) and all(accept(model.get(key)) for model in self.models or ())


_LOOK_ALIKES: Final[tuple[tuple[str, Callable[[_Evidence], bool]], ...]] = (
    ("KoboldCpp", lambda seen: seen.server.startswith("ConcedoLlamaForKobold")),
    ("KoboldCpp", lambda seen: seen.all_models("name", lambda name: name == "koboldcpp")),
    ("llama.cpp", lambda seen: seen.models is not None and {"object", "data"} <= seen.tags.keys()),
    ("Open WebUI", lambda seen: "<title>open webui</title>" in seen.root.lower()),
    ("LM Studio", lambda seen: str(seen.tags.get("error", "")).startswith("Unexpected endpoint or method.")),
    ("rkllama", lambda seen: "rkllama" in seen.root.lower()),
    ("Lemonade", lambda seen: seen.all_models("digest", lambda digest: digest == "0" * 64)),
    ("LocalAI", lambda seen: seen.version == "0.9.0" and seen.all_models("size", lambda size: size == 0)),
    ("Docker Model Runner", lambda seen: seen.version == "0.1.0" and seen.all_models("size", lambda size: size == 0)),
)
"""How the servers that imitate some of Ollama's API give themselves away."""


def recognise(answers: Mapping[str, Answer], *, is_named: bool = False) -> Recognised | Unrecognised:
    """Judge the answers, which are given by path.

    Ollama is only what answers "/" with its exact text, has a version, and lists models and nothing else, each with a
    name and a digest of 64 hex digits. A server that the user named is believed further: its version and its models
    are enough, whatever a proxy shows at "/", and so are that text and its models where a proxy hides the version.
    """
    seen = _evidence(answers, is_named=is_named)
    if is_named and (seen.version is not None or seen.hides_version) and seen.lists_one_as_ollama:
        seen = msgspec.structs.replace(seen, root=_ROOT_TEXT, tags={"models": seen.tags["models"]})
    for kind, is_one in _LOOK_ALIKES:
        if is_one(seen):
            return _recognised(kind, seen)
    if seen.models is None:
        return Unrecognised(_what_it_is_instead(answers, seen))
    missing = _missing(seen, is_named=is_named)
    if missing is not None and not seen.models:
        return Unrecognised(f"answers with an empty list of models, but not as Ollama does: {missing}")
    return _recognised(OLLAMA if missing is None else COMPATIBLE, seen, missing)


def _missing(seen: _Evidence, *, is_named: bool) -> str | None:
    """Return which of Ollama's signs are missing, as a sentence; None where all are there."""
    said = " ".join(seen.root.split())[:_SHOWN_TEXT]
    signs = (
        (
            seen.root == _ROOT_TEXT or is_named,
            f"/ says {said!r} instead of {_ROOT_TEXT!r}" if said else f"/ does not say {_ROOT_TEXT!r}",
        ),
        (seen.version is not None or (is_named and seen.hides_version), "/api/version names no version"),
        (
            seen.lists_as_ollama or (is_named and seen.lists_one_as_ollama),
            "/api/tags lists models without a name, or without a digest of 64 hex digits",
        ),
        (
            seen.tags.keys() == {"models"} or is_named,
            f"/api/tags has fields besides models: {', '.join(sorted(map(repr, seen.tags.keys() - {'models'}))[:3])}",
        ),
    )
    lacks = [what for is_there, what in signs if not is_there]
    return "; ".join(lacks) or None


def pause_s(answers: Mapping[str, Answer], *, now_s: float) -> float | None:
    """Return after how many seconds a server that is busy or restarting may be asked again; None for any other.

    `now_s` is the time in seconds since the epoch, against which a date in Retry-After counts.
    """
    tags = answers.get(TAGS)
    if tags is None or tags.status not in _PASSING:
        return None
    said_s = retry_after_s(tags.headers, now_s=now_s)
    return _PAUSE_S if said_s is None else max(said_s, _SHORTEST_PAUSE_S)


def refuses_host_header(answers: Mapping[str, Answer]) -> bool:
    """Return whether this is how an Ollama that is bound to loopback turns away a foreign Host header."""
    tags = answers.get(TAGS)
    return tags is not None and tags.status == 403 and not tags.body.strip()


def same_loaded_models(one: Answer | None, other: Answer | None) -> bool | None:
    """Return whether two answers to /api/ps are of one server: a model is loaded in both until the same moment.

    None where an answer is missing or nothing is loaded, which proves neither.
    """
    first, second = _expiries(one), _expiries(other)
    return not first.isdisjoint(second) if first and second else None


def _expiries(answer: Answer | None) -> set[tuple[str, str]]:
    loaded = _models(answer) or ()
    return {(str(model.get("digest")), str(model["expires_at"])) for model in loaded if model.get("expires_at")}


def _recognised(kind: str, seen: _Evidence, missing: str | None = None) -> Recognised:
    models = seen.models or ()
    return Recognised(
        kind=kind, version=seen.version, models_key=_models_key(models), identity=_identity(models), missing=missing
    )


def _evidence(answers: Mapping[str, Answer], *, is_named: bool) -> _Evidence:
    root, tags = answers.get(ROOT), _json_object(answers.get(TAGS))
    version = _json_object(answers.get(VERSION)).get("version")
    if is_named and isinstance(version, int | float) and not isinstance(version, bool):
        version = str(version)
    listed = _models(answers.get(TAGS))
    return _Evidence(
        root=root.body.decode("utf-8", "replace").strip() if root is not None and root.status == 200 else "",
        server=next((answer.headers["server"] for answer in answers.values() if "server" in answer.headers), ""),
        version=_version(version),
        tags=tags,
        models=listed,
    )


def _models(answer: Answer | None) -> tuple[Mapping[str, object], ...] | None:
    """Return what is needed of each model in a list; None where there is no list of models, or one that is too long."""
    if answer is None or answer.status != 200 or fields.has_too_many_parts(answer.body):
        return None
    try:
        found = fields.read(answer.body, _Listing)
    except fields.UNREADABLE:
        return None
    if bytes(found.models) == b"null":
        return ()  # Old releases say null where newer ones say [].
    entries = fields.entries(found.models)
    if len(entries) > wire.MOST_MODELS or not bytes(found.models).startswith(b"["):
        return None
    models = tuple(map(_scalars, entries))
    return None if models and not any(models) else models


def _lists_too_many(answer: Answer) -> bool:
    """Tell if an answer is a list of models longer than any server's, by its beginning and its objects."""
    is_list = answer.status == 200 and _LIST_OF_MODELS.match(answer.body) is not None
    return is_list and answer.body.count(b"{") > wire.MOST_MODELS


class _Listing(msgspec.Struct, frozen=True):
    models: msgspec.Raw = msgspec.Raw()


class _Listed(msgspec.Struct, frozen=True):
    name: msgspec.Raw = msgspec.Raw()
    model: msgspec.Raw = msgspec.Raw()
    digest: msgspec.Raw = msgspec.Raw()
    modified_at: msgspec.Raw = msgspec.Raw()
    size: msgspec.Raw = msgspec.Raw()
    expires_at: msgspec.Raw = msgspec.Raw()


def _scalars(entry: msgspec.Raw) -> Mapping[str, object]:
    """Return the short scalar fields of a listed model; none where it is no object."""
    try:
        listed = fields.read(entry, _Listed)
    except fields.UNREADABLE:
        return {}
    raws = {name: raw for name in _Listed.__struct_fields__ if (raw := getattr(listed, name))}
    return {name: fields.any_value(bytes(raw)) for name, raw in raws.items() if len(memoryview(raw)) <= _LONGEST_SCALAR}


def _json_object(answer: Answer | None) -> dict[str, object]:
    """Return the short fields of the object in an answer of status 200, else an empty one; a long one is None."""
    if answer is None or answer.status != 200 or fields.has_too_many_parts(answer.body):
        return {}
    try:
        found = fields.any_fields(answer.body)
    except fields.UNREADABLE:
        return {}
    return {
        name: fields.any_value(bytes(raw)) if len(memoryview(raw)) <= _LONGEST_SCALAR else None
        for name, raw in found.items()
    }


def _version(said: object) -> str | None:
    """Return a version as the server has it, whatever its form; None where there is none."""
    written = said.strip() if isinstance(said, str) else ""
    return written if 0 < len(written) <= _LONGEST_VERSION and written.isprintable() else None


def _name(model: Mapping[str, object]) -> object:
    """Return what a model is called; some servers say it in `model` alone."""
    return model.get("name") or model.get("model")


def _is_as_ollama_lists(model: Mapping[str, object]) -> bool:
    name = _name(model)
    return isinstance(name, str) and bool(name) and _is_digest(model.get("digest"))


def _is_nearly_as_ollama_lists(model: Mapping[str, object]) -> bool:
    """Return the same of a model of a named server, whose digest may name its algorithm."""
    digest = model.get("digest")
    return _is_as_ollama_lists({**model, "digest": digest.removeprefix("sha256:") if isinstance(digest, str) else None})


def _is_digest(value: object) -> bool:
    return isinstance(value, str) and _DIGEST.fullmatch(value) is not None


def _models_key(models: tuple[Mapping[str, object], ...]) -> str:
    rows = sorted([str(_name(model)), str(model.get("digest")), str(model.get("modified_at"))] for model in models)
    return hashlib.sha256(msgspec.json.encode(rows)).hexdigest()


def _identity(models: Iterable[Mapping[str, object]]) -> str | None:
    moments = [(moment, str(model.get("digest"))) for model in models if (moment := _moment(model.get("modified_at")))]
    return hashlib.sha256(msgspec.json.encode(min(moments))).hexdigest()[:16] if moments else None


def _moment(written: object) -> tuple[int, str] | None:
    """Return a date as seconds since 1970 and the digits behind them; None where it is no finer than milliseconds.

    The server writes it with the offset of its own clock, which summer time changes.
    """
    parts = _INSTANT.fullmatch(written) if isinstance(written, str) else None
    if parts is None or not parts[2].strip("0"):
        return None
    try:
        return int(datetime.fromisoformat(parts[1] + parts[3]).timestamp()), parts[2]
    except (ValueError, OverflowError):
        return None


def _what_it_is_instead(answers: Mapping[str, Answer], seen: _Evidence) -> str:
    tags = answers.get(TAGS)
    if tags is None:
        return "gives no complete answer to /api/tags"
    if (refused := _how_it_refuses(tags)) is not None:
        return refused
    if _lists_too_many(tags):
        return f"lists more than {wire.MOST_MODELS:,} models, more than any server has"
    if seen.root == _ROOT_TEXT:
        return f"says {_ROOT_TEXT!r}, but lists no models (HTTP {tags.status}, {shown(tags.headers, tags.body)})"
    root = answers.get(ROOT)
    said = f"; / says {shown(root.headers, root.body)}" if root is not None and seen.root else ""
    return f"is another web server (HTTP {tags.status} for /api/tags{said})"


def _how_it_refuses(tags: Answer) -> str | None:
    """Return what keeps a server from answering, and what to do about it; None where it does not refuse."""
    if 300 <= tags.status < 400:
        return redirection(tags.headers)
    if "HTTPS" in tags.body[:200].decode("latin-1"):
        return "speaks HTTPS only; write https:// before it"
    if tags.status in {401, 403, 407}:
        return (
            f"asks for permission (HTTP {tags.status}); give its token with token=… in a hosts file, or the address of "
            "the server behind it"
        )
    if tags.status >= 500:
        return f"answers with {refusal(tags.status, tags.headers, tags.body)}"
    if (coding := tags.headers.get("content-encoding", "identity").lower()) not in {"", "identity"}:
        return (
            f"answers compressed (Content-Encoding: {quoted(coding)}) though it was asked not to; have the proxy in "
            "between pass answers on as they are"
        )
    return None
