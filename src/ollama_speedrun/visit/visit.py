"""One visit to a host: requests with constant options, the host's health, and the models that it has loaded."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

import msgspec

from .. import units
from ..errors import ProtocolError, ServerError
from ..inventory.types import Model
from ..ollama import wire
from ..ollama.client import OllamaClient
from . import stream
from .ask import Ask, ChatAsk
from .events import BenchmarkProgress, Stage, VisitEvent
from .health import PATIENCE_S, Health
from .residents import Residents
from .retry import retrying
from .types import STOPPED, Answer, StreamRecord

LONGEST_REASON_CHARACTERS: Final = 200
SHORTEST_STOP_S: Final = 1.0
LOAD_FACTOR: Final = 2
"""The first request includes the load, and cutting it short would abort the load on the server."""


class Visit:
    """All that the studies of one host share. `timeout_s` bounds one answer; one that includes a load gets twice that.

    `nonce` gives another text each time, to put in front of a prompt so that no prompt cache can skip it.
    """

    def __init__(
        self,
        client: OllamaClient,
        *,
        emit: Callable[[VisitEvent], None],
        nonce: Callable[[], str],
        timeout_s: float,
    ) -> None:
        self.client = client
        self.emit = emit
        self.nonce = nonce
        self.timeout_s = timeout_s
        self.health = Health(
            client.base_url, client.version, patience_s=min(timeout_s, PATIENCE_S), emit=emit, busy_s=timeout_s
        )
        self.residents = Residents(client, emit=emit, timeout_s=timeout_s, health=self.health)

    async def generate(
        self, model: Model, ask: Ask, *, stage: Stage = Stage.PROMPT, may_be_empty: bool = False
    ) -> StreamRecord:
        """Stream one generation, asked again where a failure passes; raises `OllamaError`.

        The stage LOADING gets twice the time.
        """
        whys: list[str] = []
        why_none = _why_only_loaded if may_be_empty else _why_no_answer
        record = await retrying(
            lambda: self.generate_once(model, ask, stage=stage),
            self.health,
            fault_of=lambda record: why_none(record) or _why_untimed(record),
            note=whys.append,
            is_work=True,
        )
        return _asked_again(record, whys)

    async def generate_once(self, model: Model, ask: Ask, *, stage: Stage = Stage.PROMPT) -> StreamRecord:
        """Stream one generation as `generate` does, but without a second try, for requests whose start is timed."""
        return await self._record(model, ask.request(model.name), stage)

    async def answer(self, model: Model, ask: Ask | ChatAsk, *, stage: Stage = Stage.PROMPT) -> Answer:
        """Stream one answer and return all of it; raises `OllamaError`."""
        whys: list[str] = []
        answer = await retrying(
            lambda: self._answer_once(model, ask, stage),
            self.health,
            fault_of=lambda answer: _why_no_answer(answer.record) or _why_untimed(answer.record),
            note=whys.append,
            is_work=True,
        )
        return msgspec.structs.replace(answer, record=_asked_again(answer.record, whys))

    async def _answer_once(self, model: Model, ask: Ask | ChatAsk, stage: Stage) -> Answer:
        transcript = stream.Transcript()
        record = await self._record(model, ask.request(model.name), stage, transcript)
        return transcript.answer(record)

    async def _record(
        self,
        model: Model,
        request: wire.GenerateRequest | wire.ChatRequest,
        stage: Stage,
        transcript: stream.Transcript | None = None,
    ) -> StreamRecord:
        """Send a request; one that a server refuses because it does not know `truncate` is sent again without it."""
        self.emit(BenchmarkProgress(model.host, model.name, stage))

        def progress(chunks: int, per_s: float | None) -> None:
            self.emit(BenchmarkProgress(model.host, model.name, Stage.GENERATING, chunks, per_s))

        send = partial(
            stream.record, self.client, timeout_s=self._bound_s(stage), progress=progress, transcript=transcript
        )
        try:
            return await send(request)
        except ServerError as exc:
            if exc.status != 400 or "truncate" not in exc.text:
                raise
        return await send(msgspec.structs.replace(request, truncate=None))

    async def embed(
        self, model: Model, texts: tuple[str, ...], *, num_ctx: int | None, stage: Stage = Stage.EMBEDDING
    ) -> wire.Embeddings:
        """Return the vectors of some texts, in a context of this length or of the server's choice.

        Raises `OllamaError`, also where the answer is not one vector of the same length for each text.
        """
        request = wire.EmbedRequest(
            model=model.name, input=texts, options={} if num_ctx is None else {"num_ctx": num_ctx}
        )
        whys: list[str] = []
        answer = await retrying(
            lambda: self.client.embed(request, timeout_s=self._bound_s(stage)),
            self.health,
            fault_of=lambda answer: None if any(answer.embeddings) else "there were no vectors in the answer",
            note=whys.append,
            is_work=True,
        )
        dimensions = {len(vector) for vector in answer.embeddings}
        if len(answer.embeddings) != len(texts) or len(dimensions) != 1 or 0 in dimensions:
            raise ProtocolError(
                f"{model.name} on {model.host} gave {len(answer.embeddings)} vectors for {len(texts)} texts, "
                f"{min(dimensions, default=0)} to {max(dimensions, default=0)} numbers long"
            )
        return msgspec.structs.replace(answer, asked_again=whys[-1][:LONGEST_REASON_CHARACTERS]) if whys else answer

    async def next_token(self, model: Model, ask: Ask, *, listed: int) -> Sequence[tuple[str, float]]:
        """Return the `listed` most probable tokens after a prompt with their log-probabilities in nats.

        Empty where the server gives none. Raises `OllamaError`.
        """
        request = msgspec.structs.replace(ask.request(model.name), stream=False, logprobs=True, top_logprobs=listed)
        found = await retrying(
            lambda: self.client.next_token(request, timeout_s=self.timeout_s), self.health, is_work=True
        )
        return [(one.token, one.logprob) for one in found[:listed] if one.logprob is not None]

    def _bound_s(self, stage: Stage) -> float:
        return self.timeout_s * (LOAD_FACTOR if stage is Stage.LOADING else 1)


def _why_no_answer(record: StreamRecord) -> str | None:
    """Return why a stream without content is no answer, None where there is one."""
    return _why_only_loaded(record) or ("the answer was empty" if record.is_empty else None)


def _why_only_loaded(record: StreamRecord) -> str | None:
    is_one = record.content_chunks == 0 and record.done_reason == wire.LOADED
    return "the server loaded the model and answered nothing" if is_one else None


def _why_untimed(record: StreamRecord) -> str | None:
    """Return that this process was stopped as the answer came, in words; None where it was not."""
    stopped_s = units.seconds(max(record.first_lag_ns or 0, record.last_lag_ns or 0))
    return None if stopped_s < SHORTEST_STOP_S else f"{STOPPED} for {stopped_s:.0f} s as it came"


def _asked_again(record: StreamRecord, whys: Sequence[str]) -> StreamRecord:
    return msgspec.structs.replace(record, asked_again=whys[-1][:LONGEST_REASON_CHARACTERS]) if whys else record
