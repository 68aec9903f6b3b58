"""Ollama's answers, as JSON values: which keys, in which order, and which of them are left out."""

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeAlias

from .engine import Embedded, Finish, JsonObject, Piece, StoredModel
from .golang import timestamp
from .scheduler import Loaded

Body: TypeAlias = dict[str, object]


def now() -> str:
    """Return the moment of writing, for `created_at`."""
    return timestamp(time.time_ns())


def tags(models: Sequence[StoredModel]) -> Body:
    """Return the answer of /api/tags."""
    return {"models": [_tag(model) for model in models]}


def show(model: StoredModel, *, verbose: bool = False) -> Body:
    """Return the answer of /api/show; lists in `model_info` are null unless `verbose`."""
    info = {
        name: None if isinstance(value, list | tuple) and not verbose else value
        for name, value in (model.model_info or {}).items()
    }
    return {
        **_present(license=model.license, modelfile=model.modelfile, parameters=model.parameters),
        **_present(template=model.template, system=model.system),
        "details": _details(model),
        **_present(remote_model=model.remote_model, remote_host=model.remote_host),
        "model_info": info,
        **_present(tensors=list(model.tensors), capabilities=list(model.capabilities)),
        "modified_at": model.modified_at,
    }


def running(loaded: Sequence[Loaded]) -> Body:
    """Return the answer of /api/ps."""
    return {
        "models": [
            {
                "name": entry.model.name,
                "model": entry.model.name,
                "size": entry.runner.size_bytes,
                "digest": entry.model.digest,
                "details": _details(entry.model),
                "expires_at": timestamp(entry.shown_expiry_unix_ns),
                "size_vram": entry.runner.size_vram_bytes,
                "context_length": entry.runner.context_length,
            }
            for entry in loaded
        ]
    }


def openai_models(models: Sequence[StoredModel]) -> Body:
    """Return the answer of /v1/models."""
    return {
        "object": "list",
        "data": [
            {
                "id": model.name,
                "object": "model",
                "created": int(datetime.fromisoformat(model.modified_at).timestamp()),
                "owned_by": model.name.rpartition("/")[0] or "library",
            }
            for model in models
        ],
    }


def embedded(name: str, answer: Embedded, *, total_ns: int, load_ns: int) -> Body:
    """Return the answer of /api/embed."""
    return {
        "model": name,
        "embeddings": answer.vectors,
        "total_duration": total_ns,
        "load_duration": load_ns,
        "prompt_eval_count": answer.prompt_eval_count,
    }


class GenerateBodies:
    """The lines of /api/generate for one model's name, as the client wrote it."""

    def __init__(self, name: str) -> None:
        self._name = name

    def chunk(self, piece: Piece) -> Body:
        """Return one line of a stream."""
        return self._line(piece, done=False, logprobs=piece.logprobs)

    def done(self, piece: Piece, finish: Finish, times: Mapping[str, int]) -> Body:
        """Return the last line, or the only one where nothing is streamed and `piece` holds everything."""
        context = list(finish.context) if finish.context is not None else None
        ending = _present(done_reason=finish.done_reason, context=context)
        return self._line(piece, done=True, **ending, **_metrics(finish, times), logprobs=piece.logprobs)

    def rendered(self, prompt: str, *, images: int) -> Body:
        """Return the answer to a request that asks for its prompt alone."""
        return self._line(Piece(), done=False, _debug_info=_debug_info(prompt, images))

    def empty(self, done_reason: str) -> Body:
        """Return the answer to an empty prompt: "load" or "unload"."""
        return self._line(Piece(), done=True, done_reason=done_reason)

    def _line(self, piece: Piece, **ending: object) -> Body:
        head = {"model": self._name, "created_at": now(), "response": piece.text}
        return {**head, **_present(thinking=piece.thinking), **_present(**ending)}


class ChatBodies:
    """The lines of /api/chat for one model's name, as the client wrote it."""

    def __init__(self, name: str, *, thinks: bool) -> None:
        self._name = name
        self._thinks = thinks

    def chunk(self, piece: Piece) -> Body | None:
        """Return one line of a stream; None where the parser of thoughts has swallowed all that there was."""
        if self._thinks and not (piece.text or piece.thinking or piece.tool_calls):
            return None
        return self._line(piece, done=False, logprobs=piece.logprobs)

    def done(self, piece: Piece, finish: Finish, times: Mapping[str, int]) -> Body:
        """Return the last line, or the only one where nothing is streamed and `piece` holds everything."""
        ending = _present(done_reason=finish.done_reason, logprobs=piece.logprobs)
        return self._line(piece, done=True, **ending, **_metrics(finish, times))

    def rendered(self, prompt: str, *, images: int) -> Body:
        """Return the answer to a request that asks for its prompt alone; its message is Go's empty one."""
        message = {"role": "", "content": ""}
        return {**self._line(Piece(), done=False, _debug_info=_debug_info(prompt, images)), "message": message}

    def empty(self, done_reason: str) -> Body:
        """Return the answer to no messages: "load" or "unload"."""
        return self._line(Piece(), done=True, done_reason=done_reason)

    def _line(self, piece: Piece, **ending: object) -> Body:
        said = _present(thinking=piece.thinking, tool_calls=list(piece.tool_calls))
        message = {"role": "assistant", "content": piece.text, **said}
        return {"model": self._name, "created_at": now(), "message": message, **_present(**ending)}


def _metrics(finish: Finish, times: Mapping[str, int]) -> Body:
    """Return counts and durations of a done line; none at all from an engine that reports no durations."""
    if finish.prompt_eval_duration_ns is None and finish.eval_duration_ns is None:
        return {}
    return _present(
        **times,
        prompt_eval_count=finish.prompt_eval_count,
        prompt_eval_cached_count=finish.prompt_eval_cached_count,
        prompt_eval_duration=finish.prompt_eval_duration_ns,
        eval_count=finish.eval_count,
        eval_duration=finish.eval_duration_ns,
    )


def _debug_info(prompt: str, images: int) -> Body:
    return {"rendered_template": prompt, **({"image_count": images} if images else {})}


def _tag(model: StoredModel) -> Body:
    lengths = _present(context_length=model.context_length, embedding_length=model.embedding_length)
    return {
        "name": model.name,
        "model": model.name,
        **_present(remote_model=model.remote_model, remote_host=model.remote_host),
        "modified_at": model.modified_at,
        "size": model.size_bytes,
        "digest": model.digest,
        "details": {**_details(model), **lengths},
        **_present(capabilities=list(model.capabilities)),
    }


def _details(model: StoredModel) -> JsonObject:
    return {
        "parent_model": model.parent_model,
        "format": model.format,
        "family": model.family,
        "families": list(model.families) if model.families is not None else None,
        "parameter_size": model.parameter_size,
        "quantization_level": model.quantization_level,
    }


def _present(**fields: object) -> Body:
    """Leave out what Go's omitempty leaves out: null, empty texts and empty lists; `done` stays when it is false."""
    return {name: value for name, value in fields.items() if value not in (None, "", [])}
