"""Ollama's request bodies: parsed, checked and refused in Ollama's words."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from . import golang
from .engine import EngineError, JsonObject, Message
from .scheduler import keep_alive_ns

_THINK_LEVELS: Final = frozenset({"high", "medium", "low", "max"})
_NAME: Final = re.compile(r"([\w][\w.-]*/){0,2}\w[\w.-]*(:\w[\w.-]*)?", re.ASCII)

_COMMON: Final[Mapping[str, str]] = {"model": "string", "options": "object"}
_STREAMED: Final[Mapping[str, str]] = {
    **_COMMON,
    "stream": "bool",
    "truncate": "bool",
    "shift": "bool",
    "logprobs": "bool",
    "top_logprobs": "number",
    "_debug_render_only": "bool",
}
_GENERATE_FIELDS: Final[Mapping[str, str]] = {
    **_STREAMED,
    "prompt": "string",
    "suffix": "string",
    "system": "string",
    "template": "string",
    "raw": "bool",
    "images": "array",
}
_CHAT_FIELDS: Final[Mapping[str, str]] = {**_STREAMED, "messages": "array", "tools": "array"}
_EMBED_FIELDS: Final[Mapping[str, str]] = {**_COMMON, "truncate": "bool", "dimensions": "number"}
_SHOW_FIELDS: Final[Mapping[str, str]] = {"model": "string", "name": "string", "verbose": "bool"}

_OPTION_TYPES: Final = {
    "integer": (
        *("num_keep", "seed", "num_predict", "top_k", "repeat_last_n", "mirostat", "draft_num_predict"),
        *("num_ctx", "num_batch", "num_gpu", "main_gpu", "num_thread"),
    ),
    "float32": (
        *("top_p", "min_p", "typical_p", "temperature", "repeat_penalty", "presence_penalty", "frequency_penalty"),
        *("tfs_z", "mirostat_tau", "mirostat_eta"),
    ),
    "boolean": ("use_mmap", "penalize_newline", "numa"),
    "array": ("stop",),
}
_OPTION_TYPE: Final = {option: wanted for wanted, options in _OPTION_TYPES.items() for option in options}
_WORD: Final = {"number": ("integer", "float32"), "bool": ("boolean",), "array": "array"}


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamedRequest:
    """What /api/generate and /api/chat have in common. `keep_alive_ns` None: not said; `think` None: not said.

    `render_only` asks for the prompt as the model would read it, without inference.
    """

    model: str
    options: JsonObject
    stream: bool
    keep_alive_ns: int | None
    think: bool | str | None
    output_format: object
    truncate: bool | None
    shift: bool | None
    top_logprobs: int | None
    render_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerateRequest:
    """A body of /api/generate."""

    common: StreamedRequest
    prompt: str
    suffix: str
    system: str
    raw: bool
    images: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatRequest:
    """A body of /api/chat."""

    common: StreamedRequest
    messages: tuple[Message, ...]
    tools: Sequence[JsonObject]


@dataclass(frozen=True, slots=True, kw_only=True)
class EmbedRequest:
    """A body of /api/embed; one text stands as a list of one."""

    model: str
    texts: tuple[str, ...]
    options: JsonObject
    keep_alive_ns: int | None
    truncate: bool
    dimensions: int | None


def generate_request(body: bytes) -> GenerateRequest:
    """Parse a body of /api/generate; raises `EngineError` 400."""
    fields = _fields(body, "GenerateRequest", _GENERATE_FIELDS)
    request = GenerateRequest(
        common=_streamed(fields),
        prompt=_text(fields, "prompt"),
        suffix=_text(fields, "suffix"),
        system=_text(fields, "system"),
        raw=bool(fields.get("raw")),
        images=_texts(fields.get("images")),
    )
    if request.raw and (request.system or fields.get("template") or fields.get("context")):
        raise EngineError(400, "raw mode does not support template, system, or context")
    return request


def chat_request(body: bytes) -> ChatRequest:
    """Parse a body of /api/chat; raises `EngineError` 400."""
    fields = _fields(body, "ChatRequest", _CHAT_FIELDS)
    return ChatRequest(
        common=_streamed(fields),
        messages=tuple(_message(entry) for entry in _objects(fields.get("messages"))),
        tools=_objects(fields.get("tools")),
    )


def embed_request(body: bytes) -> EmbedRequest:
    """Parse a body of /api/embed; raises `EngineError` 400."""
    fields = _fields(body, "EmbedRequest", _EMBED_FIELDS)
    match fields.get("input"):
        case None:
            texts: tuple[str, ...] = ()
        case str() as text:
            texts = (text,) if text else ()
        case list() as entries if all(isinstance(entry, str) for entry in entries):
            texts = tuple(entries)
        case _:
            raise EngineError(400, "invalid input type")
    return EmbedRequest(
        model=_text(fields, "model"),
        texts=texts,
        options=_options(fields),
        keep_alive_ns=_keep_alive(fields.get("keep_alive")),
        truncate=fields.get("truncate") is not False,
        dimensions=_whole(fields.get("dimensions")),
    )


def show_request(body: bytes) -> tuple[str, bool]:
    """Return the model's name from a body of /api/show ("name" is the older key), and whether long lists are wanted.

    Raises `EngineError` 400.
    """
    fields = _fields(body, "ShowRequest", _SHOW_FIELDS)
    name = _text(fields, "model") or _text(fields, "name")
    if not name:
        raise EngineError(400, "model is required")
    return name, fields.get("verbose") is True


def check_options(options: JsonObject) -> None:
    """Raise `EngineError` 500 for an option of a wrong type; an unknown option is ignored."""
    for name, value in options.items():
        wanted = _OPTION_TYPE.get(name)
        if wanted is not None and value is not None and wanted not in _WORD.get(golang.kind_of(value), ()):
            raise EngineError(500, f'option "{name}" must be of type {wanted}')


def canonical_name(name: str) -> str:
    """Return a model's name as the server compares it: lower case, with its tag, without the default registry.

    Raises `EngineError` 400 for a name that cannot be one.
    """
    if not _NAME.fullmatch(name):
        raise EngineError(400, "invalid model name")
    short = name.lower().removeprefix("registry.ollama.ai/").removeprefix("library/")
    return short if ":" in short.rpartition("/")[2] else f"{short}:latest"


def registry_name(name: str) -> str:
    """Return the full name that Ollama uses in some of its errors."""
    short = canonical_name(name)
    return "/".join([*("registry.ollama.ai", "library")[: 2 - short.count("/")], short])


def _fields(body: bytes, struct: str, kinds: Mapping[str, str]) -> dict[str, object]:
    if not body:
        raise EngineError(400, "missing request body")
    try:
        fields = golang.decode_json(body)
    except golang.GoError as error:
        raise EngineError(400, str(error)) from error
    if fields is None:
        return {}
    if not isinstance(fields, dict):
        kind = golang.kind_of(fields)
        raise EngineError(400, f"json: cannot unmarshal {kind} into Go value of type api.{struct}")
    for name, wanted in kinds.items():
        value = fields.get(name)
        if value is not None and (kind := golang.kind_of(value)) != wanted:
            where = f"Go struct field {struct}.{name} of type {wanted}"
            raise EngineError(400, f"json: cannot unmarshal {kind} into {where}")
    return fields


def _streamed(fields: Mapping[str, object]) -> StreamedRequest:
    top_logprobs = _whole(fields.get("top_logprobs")) or 0
    if not 0 <= top_logprobs <= 20:
        raise EngineError(400, "top_logprobs must be between 0 and 20")
    return StreamedRequest(
        model=_text(fields, "model"),
        options=_options(fields),
        stream=fields.get("stream") is not False,
        keep_alive_ns=_keep_alive(fields.get("keep_alive")),
        think=_think(fields.get("think")),
        output_format=fields.get("format"),
        truncate=_switch(fields, "truncate"),
        shift=_switch(fields, "shift"),
        top_logprobs=top_logprobs if fields.get("logprobs") else None,
        render_only=bool(fields.get("_debug_render_only")),
    )


def _options(fields: Mapping[str, object]) -> JsonObject:
    options = fields.get("options")
    return options if isinstance(options, dict) else {}


def _keep_alive(value: object) -> int | None:
    match value:
        case None:
            return None
        case bool() | list() | dict():
            raise EngineError(400, f"Unsupported type: '{golang.kind_of(value)}'")
        case int() | float():
            return keep_alive_ns(value)
        case _:
            try:
                duration_ns = golang.parse_duration(str(value))
            except golang.GoError as error:
                raise EngineError(400, str(error)) from error
            return golang.MAX_DURATION_NS if duration_ns < 0 else duration_ns


def _think(value: object) -> bool | str | None:
    match value:
        case None | bool():
            return value
        case str() if value in _THINK_LEVELS:
            return value
        case str():
            levels = '"high", "medium", "low", "max", true, or false'
            raise EngineError(400, f"invalid think value: {golang.quote(value)} (must be {levels})")
        case _:
            raise EngineError(400, "think must be a boolean or string")


def _message(fields: JsonObject) -> Message:
    content = fields.get("content")
    if content is not None and not isinstance(content, str):
        kind = golang.kind_of(content)
        where = "Go struct field ChatRequest.messages.content of type string"
        raise EngineError(400, f"json: cannot unmarshal {kind} into {where}")
    return Message(
        role=_text(fields, "role"),
        content=content or "",
        images=_texts(fields.get("images")),
        tool_calls=tuple(_tool_call(entry) for entry in _objects(fields.get("tool_calls"))),
        tool_name=_text(fields, "tool_name") or None,
    )


def _tool_call(fields: JsonObject) -> JsonObject:
    """Return a call that the model made earlier. Its arguments are an object in Ollama's API, never text."""
    function = fields.get("function")
    arguments = function.get("arguments") if isinstance(function, dict) else None
    if arguments is not None and not isinstance(arguments, dict):
        kind = golang.kind_of(arguments)
        raise EngineError(400, f"json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}")
    return fields


def _text(fields: Mapping[str, object], name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""


def _switch(fields: Mapping[str, object], name: str) -> bool | None:
    value = fields.get(name)
    return value if isinstance(value, bool) else None


def _texts(value: object) -> tuple[str, ...]:
    return tuple(entry for entry in value if isinstance(entry, str)) if isinstance(value, list) else ()


def _objects(value: object) -> tuple[JsonObject, ...]:
    return tuple(entry for entry in value if isinstance(entry, dict)) if isinstance(value, list) else ()


def _whole(value: object) -> int | None:
    return int(value) if isinstance(value, int | float) else None
