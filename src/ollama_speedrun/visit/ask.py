"""One request for an answer, with the options that make every model's answers comparable. Pure."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from ..ollama import wire

SEED: Final = 42
WARM_UP_TOKENS: Final = 16


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """A prompt to continue or answer: bounds of the output and the context in tokens, how to think, an image.

    `is_raw` sends the prompt without the model's template; the answer ends before any text of `stop`.
    """

    prompt: str
    num_predict: int
    num_ctx: int
    thinks: bool | str | None = None
    image: str | None = None
    is_raw: bool = False
    stop: tuple[str, ...] = ()

    def request(self, model: str) -> wire.GenerateRequest:
        """Return the body for /api/generate."""
        return wire.GenerateRequest(
            model=model,
            prompt=self.prompt,
            truncate=False,
            raw=True if self.is_raw else None,
            think=self.thinks,
            images=() if self.image is None else (self.image,),
            options=options(num_predict=self.num_predict, num_ctx=self.num_ctx, stop=self.stop),
        )


class ChatAsk(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation to go on with, and the tools that the model may call, each as a JSON schema.

    The server neither cuts the conversation nor shifts the context: what does not fit is an error. `form` is what the
    answer has to be: "json", or a JSON schema.
    """

    messages: tuple[wire.Message, ...]
    num_predict: int
    num_ctx: int
    tools: tuple[Mapping[str, Any], ...] = ()
    thinks: bool | str | None = None
    seed: int = SEED
    form: str | Mapping[str, Any] | None = None

    def request(self, model: str) -> wire.ChatRequest:
        """Return the body for /api/chat."""
        return wire.ChatRequest(
            model=model,
            messages=self.messages,
            tools=self.tools,
            format=self.form,
            truncate=False,
            shift=False,
            think=self.thinks,
            options=options(num_predict=self.num_predict, num_ctx=self.num_ctx, seed=self.seed),
        )


def options(*, num_predict: int, num_ctx: int, seed: int = SEED, stop: tuple[str, ...] = ()) -> wire.Options:
    """Return Ollama's options for a comparable answer: greedy, seeded, of bounded length and constant context.

    The penalties are named because their defaults differ between releases: repeat_penalty was 1.1 before 0.32.10.
    """
    pinned: dict[str, int | float | tuple[str, ...]] = {
        "temperature": 0,
        "top_k": 1,
        "repeat_penalty": 1,
        "presence_penalty": 0,
        "frequency_penalty": 0,
        "seed": seed,
        "num_predict": num_predict,
        "num_ctx": num_ctx,
    }
    return {**pinned, "stop": stop} if stop else pinned


def warm_up_prompt(nonce: str) -> str:
    """Return the shortest thing to say: what a server counts for it is the model's own template and system prompt."""
    return f"{nonce}: Hi."
