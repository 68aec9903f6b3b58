"""A model while it is loaded during a visit: what studies send their requests through."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from ..inventory.types import Model
from ..ollama import wire
from .ask import SEED, WARM_UP_TOKENS, Ask, ChatAsk, options, warm_up_prompt
from .events import BenchmarkProgress, Stage
from .loaded import find, residency_of
from .types import Answer, Opening, Residency, StreamRecord
from .visit import Visit

UNLOADING_S: Final = 0.5
"""A server that keeps nothing loaded needs no longer to unload a model that has answered."""


class LoadedModel:
    """One model, always asked with the same length of context and the same way of thinking.

    `load` comes first. `num_ctx` is the context to ask for, None to leave it to the server; it is never asked for more
    than the model's own limit, and a model that others have loaded keeps the context that it has. `residencies` are all
    that /api/ps has said of it, by the length of context.
    """

    def __init__(
        self, visit: Visit, model: Model, *, num_ctx: int | None = None, thinks: bool | str | None = None
    ) -> None:
        self.visit = visit
        self.model = model
        self.thinks = thinks
        self.opening: Opening | None = None
        self.is_theirs = False
        self.asked_num_ctx = num_ctx
        self.residencies: dict[int, Residency] = {}
        self._num_ctx = self._wanted_num_ctx

    @property
    def num_ctx(self) -> int:
        """The length of the context in tokens that every request for an answer asks for."""
        if self._num_ctx is None:
            raise ValueError(f"{self.model.name} was given no length of context to answer in")
        return self._num_ctx

    @property
    def given_num_ctx(self) -> int:
        """The length of the context in tokens that the server gave, by /api/ps, else the one asked for."""
        return (self.residency and self.residency.context_length) or self.num_ctx

    @property
    def _wanted_num_ctx(self) -> int | None:
        """What is asked for, within the model's own limit; the server would cut it down to that anyway."""
        known = [tokens for tokens in (self.asked_num_ctx, self.model.context_length) if tokens is not None]
        return None if self.asked_num_ctx is None else min(known)

    @property
    def residency(self) -> Residency | None:
        """How much memory the model took when it was loaded last; None where that is not known."""
        return None if self.opening is None else self.opening.residency

    def another(self) -> "LoadedModel":
        """Return the same model, not loaded yet."""
        return LoadedModel(self.visit, self.model, num_ctx=self.asked_num_ctx, thinks=self.thinks)

    async def load(self) -> None:
        """Load the model, and note how much memory it takes; done a second time, its first load time stands.

        Raises `OllamaError`.
        """
        residents = self.visit.residents
        loaded_before, theirs = await residents.arrive(self.model)
        self.is_theirs = theirs is not None
        self._num_ctx = (theirs and theirs.context_length) or self._wanted_num_ctx
        first = await self._first_answer()
        loaded = await residents.loaded() or ()
        resident = find(loaded, self.model)
        residency = self._noted(residency_of(resident), self._num_ctx)
        others = tuple(entry.name for entry in loaded if entry is not resident and not residents.is_ours(entry))
        if self.opening is not None:
            self.opening = msgspec.structs.replace(self.opening, residency=residency, others=others)
            return
        under_another_name = resident is None and bool(loaded)  # which has its weights
        beside = [entry for entry in loaded if entry is not resident]
        self.opening = msgspec.structs.replace(
            first,
            residency=residency,
            others=others,
            was_loaded=self.is_theirs or under_another_name,
            load_was_shared=_names(loaded_before) != _names(beside),
        )

    async def look(self, *, num_ctx: int) -> Residency | None:
        """Return how much memory the model takes now, loaded with this context; None where /api/ps does not say."""
        resident = find(await self.visit.residents.loaded() or (), self.model)
        return self._noted(residency_of(resident), num_ctx)

    def _noted(self, residency: Residency | None, num_ctx: int | None) -> Residency | None:
        """Keep what /api/ps said; servers that do not tell the context are taken to have given the one asked for."""
        tokens = num_ctx if residency is None else residency.context_length or num_ctx
        if residency is not None and tokens is not None:
            self.residencies[tokens] = residency
        return residency

    async def is_gone(self) -> bool:
        """Return whether /api/ps lists no model at all, as on a server that keeps none; unloading may take a moment.

        False where it fails to say.
        """
        for pause_s in (0.0, UNLOADING_S):
            await asyncio.sleep(pause_s)
            loaded = await self.visit.residents.loaded()
            if loaded is None:
                return False
            if not loaded:
                return True
        return False

    async def generate(
        self,
        prompt: str,
        *,
        num_predict: int,
        image: str | None = None,
        num_ctx: int | None = None,
        may_be_empty: bool = False,
    ) -> StreamRecord:
        """Stream one generation, with an image or in another context where given; raises `OllamaError`.

        An empty answer is asked for again, unless it `may_be_empty`.
        """
        ask = self._ask(prompt, num_predict=num_predict, image=image, num_ctx=num_ctx)
        return await self.visit.generate(self.model, ask, may_be_empty=may_be_empty)

    async def generate_once(self, prompt: str, *, num_predict: int) -> StreamRecord:
        """Stream one generation without a second try; raises `OllamaError`."""
        return await self.visit.generate_once(self.model, self._ask(prompt, num_predict=num_predict))

    async def warm_up(self, *, num_ctx: int | None = None) -> StreamRecord:
        """Have the model loaded, in another context where given, and say a few words; raises `OllamaError`."""
        prompt = warm_up_prompt(self.visit.nonce())
        ask = self._ask(prompt, num_predict=WARM_UP_TOKENS, num_ctx=num_ctx)
        return await self.visit.generate(self.model, ask, stage=Stage.LOADING)

    async def chat(
        self,
        messages: Sequence[wire.Message],
        *,
        num_predict: int,
        tools: Sequence[Mapping[str, Any]] = (),
        form: str | Mapping[str, Any] | None = None,
        seed: int = SEED,
    ) -> Answer:
        """Stream the next message of a conversation and return all of it; raises `OllamaError`."""
        ask = ChatAsk(
            messages=tuple(messages),
            num_predict=num_predict,
            num_ctx=self.num_ctx,
            tools=tuple(tools),
            thinks=self.thinks,
            seed=seed,
            form=form,
        )
        return await self.visit.answer(self.model, ask)

    async def complete(self, prompt: str, *, num_predict: int, stop: tuple[str, ...] = ()) -> Answer:
        """Have the model continue a text without its template, up to `stop`; raises `OllamaError`."""
        ask = Ask(
            prompt=prompt,
            num_predict=num_predict,
            num_ctx=self.num_ctx,
            thinks=self.thinks,
            is_raw=True,
            stop=stop,
        )
        return await self.visit.answer(self.model, ask)

    async def next_token(self, text: str, *, listed: int) -> Sequence[tuple[str, float]]:
        """Return the most probable tokens after a text, without the model's template; raises `OllamaError`.

        Each has its log-probability in nats; there is none where the server gives none.
        """
        ask = Ask(prompt=text, num_predict=1, num_ctx=self.num_ctx, is_raw=True)
        return await self.visit.next_token(self.model, ask, listed=listed)

    async def rendered_prompt(self) -> str | None:
        """Return how the server renders a short chat for this model, None where it does not say; `OllamaError`."""
        pinned = options(num_predict=1, num_ctx=self.num_ctx)
        client = self.visit.client
        return await client.rendered_prompt(self.model.name, options=pinned, timeout_s=self.visit.timeout_s)

    async def embed(self, texts: Sequence[str]) -> wire.Embeddings:
        """Return the vectors of some texts; raises `OllamaError`."""
        return await self.visit.embed(self.model, tuple(texts), num_ctx=self._num_ctx)

    def _ask(self, prompt: str, *, num_predict: int, image: str | None = None, num_ctx: int | None = None) -> Ask:
        return Ask(
            prompt=prompt, num_predict=num_predict, num_ctx=num_ctx or self.num_ctx, thinks=self.thinks, image=image
        )

    async def _first_answer(self) -> Opening:
        """Ask for something short, which loads the model: a few words, or one vector of an embedding model."""
        asked_ns = time.perf_counter_ns()
        warm_up: StreamRecord | None = None
        if self.model.generates_text:
            warm_up = await self.warm_up()
            load_duration_ns = warm_up.load_duration_ns
        else:
            self.visit.emit(BenchmarkProgress(self.model.host, self.model.name, Stage.LOADING))
            texts = (warm_up_prompt(self.visit.nonce()),)
            embeddings = await self.visit.embed(self.model, texts, num_ctx=self._num_ctx, stage=Stage.LOADING)
            load_duration_ns = embeddings.load_duration
        return Opening(warm_up=warm_up, load_duration_ns=load_duration_ns, took_ns=time.perf_counter_ns() - asked_ns)


def _names(loaded: Sequence[wire.Loaded]) -> set[tuple[str | None, str]]:
    return {(entry.digest, entry.name) for entry in loaded}
