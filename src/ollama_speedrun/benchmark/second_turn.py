"""The second turn of a conversation: how long it takes to its first token, and what the server kept of the first."""

from collections.abc import Callable, Sequence
from typing import Final, Literal, TypeAlias

import msgspec

from ..events import Notice
from ..inventory.types import Model
from ..ollama.wire import Message
from ..visit.loaded_model import LoadedModel
from ..visit.types import Answer, StreamRecord
from . import delays, disturbances, metrics, workload
from .budget import Budget
from .types import Result, SecondTurn

PREFIX_TOKENS: Final = 1024
"""About so long is the prompt of the first turn; half of the context where that is shorter."""
SHORTEST_PREFIX_TOKENS: Final = 256
CHARACTERS_PER_TOKEN: Final = 2.5
"""Of the filler, whose digits take many tokens."""
KEPT: Final = 0.75
LOST: Final = 0.25
CONTRADICTED: Final = 0.5
"""A server that counts no cached token, and reads a prompt in less than half of the usual time, miscounts."""
ATTEMPTS: Final = 2

Teller: TypeAlias = Literal["count", "durations"]


class ConversationStudy:
    """A study of four requests, one a step; a disturbed conversation is held once more from its beginning.

    So is one with a turn whose time to first token cannot be told, as it has no trials that would make up for it. Where
    that is so again, it stays without that time.

    `prefill_tps` returns how fast the model reads, None where that is not known. Where reading the prompt takes longer
    than `longest_read_s` seconds, the study is left out, and a notice says so.
    """

    name = "the second turn"
    needs_the_memory = False

    def __init__(
        self, budget: Budget, *, longest_read_s: float | None, prefill_tps: Callable[[], float | None]
    ) -> None:
        self._budget = budget
        self._longest_read_s = longest_read_s
        self._prefill_tps = prefill_tps
        self._said: list[Message] = []
        self._records: list[StreamRecord] = []
        self._attempts_left = ATTEMPTS
        self._untimed_left = ATTEMPTS - 1

    def add_to(self, result: Result) -> Result:
        """Return the result with what was found so far."""
        if len(self._records) < 3 or self._attempts_left == 0:
            return result
        first, second, other, *rest = self._records
        found = second_turn(first, second, other, rest[0] if rest else None, warm_up=result.warm_up)
        return msgspec.structs.replace(result, second_turn=found)

    async def step(self, model: LoadedModel) -> bool:
        """Send the next request, unless the time is up; raises `OllamaError`."""
        if self._budget.is_spent or (not self._records and not self._is_worth_it(model)):
            return False
        tokens = min(PREFIX_TOKENS, model.num_ctx // 2)
        match len(self._records):
            case 0:
                self._said = [_user(workload.long_prompt(model.visit.nonce(), _characters(tokens)))]
                answer = await _say(model, self._said)
            case 1 | 3:
                self._said = [*self._said, _user(workload.QUESTIONS[len(self._records) // 2])]
                answer = await _say(model, self._said)
            case _:
                opening = _user(workload.long_prompt(model.visit.nonce(), _characters(tokens)))
                answer = await _say(model, [opening, *self._said[1:-1]])
        if len(self._records) != 2:
            self._said = [*self._said, Message(role="assistant", content=answer.content or workload.SHORT_ANSWER)]
        self._records.append(answer.record)
        return self._goes_on(model)

    def _is_worth_it(self, model: LoadedModel) -> bool:
        tokens, rate = min(PREFIX_TOKENS, model.num_ctx // 2), self._prefill_tps()
        if tokens < SHORTEST_PREFIX_TOKENS:
            _tell_without(model, f"a context of {model.num_ctx} tokens is too short for it; raise --num-ctx")
            return False
        if self._longest_read_s is None or rate is None or tokens <= self._longest_read_s * rate:
            return True
        _tell_without(model, f"reading {tokens} tokens takes about {tokens / rate:.0f} s; --second-turn on measures it")
        return False

    def _goes_on(self, model: LoadedModel) -> bool:
        """Return whether another request is wanted; after a disturbed one, everything is said once more."""
        opening = model.opening
        if opening is not None and opening.warm_up is not None:
            calm = (opening.warm_up, *self._records)
            latest = self._records[-1:]
            if not disturbances.undisturbed(latest, opening.warm_up, calm, was_loaded=opening.was_loaded):
                self._attempts_left -= 1
                self._records.clear()
                if self._attempts_left == 0:
                    _tell_without(model, "a load or the request of another client came between its turns; try later")
                return self._attempts_left > 0
        if self._untimed_left and self._is_untimed():
            self._untimed_left -= 1
            self._records.clear()
        return len(self._records) < 4

    def _is_untimed(self) -> bool:
        """Return whether the latest turn is one to be timed and came late by chance; behind a proxy all of them do."""
        first, *turns = self._records
        if len(turns) not in {1, 2} or turns[-1].first_content_ns is None or metrics.was_first_piece_late(first):
            return False
        return metrics.ttft_s(turns[-1]) is None


def second_turn(
    first: StreamRecord,
    second: StreamRecord,
    other: StreamRecord,
    third: StreamRecord | None = None,
    *,
    warm_up: StreamRecord | None = None,
) -> SecondTurn:
    """Return the figures of a conversation's turns, and of another one that was asked before the third."""
    prefix = first.prompt_eval_count
    always_cached = metrics.constant_prefix_tokens(warm_up, other) if warm_up is not None else 0
    share, told_by = cached_share(second, other, always_cached=always_cached)
    later, _ = (None, None) if third is None else cached_share(third, other, always_cached=always_cached)
    of_prefix = _of_prefix(share, second, prefix)
    of_prefix_later = None if third is None else _of_prefix(later, third, prefix)
    return SecondTurn(
        prefix_tokens=prefix,
        prompt_tokens=second.prompt_eval_count,
        ttft_warm_s=metrics.ttft_s(second),
        ttft_cold_s=metrics.ttft_s(other),
        cached_share=share,
        later_cached_share=later,
        told_by=told_by,
        prefix=None if of_prefix is None else _became(of_prefix),
        survives=None if of_prefix_later is None else of_prefix_later >= KEPT,
        first=first,
        second=second,
        other=other,
        third=third,
    )


def cached_share(
    read: StreamRecord, cold: StreamRecord, *, always_cached: int = 0
) -> tuple[float | None, Teller | None]:
    """Return the share of a prompt that came from the cache, 0 to 1, and how that is known; None where nothing tells.

    The server's count tells it: prompt_eval_cached_count / prompt_eval_count. Without one, or where a count of 0
    contradicts the reading time, it is 1 − (tokens that the time allows at the rate of the `cold` read) / all tokens;
    `always_cached` tokens of the cold one came from the cache, too: a template and system prompt.
    """
    tokens, counted = read.prompt_eval_count, read.prompt_eval_cached_count
    if not tokens:
        return None, None
    by_durations = _share_by_durations(read, cold, always_cached)
    if counted is None:
        return by_durations, None if by_durations is None else "durations"
    if counted == 0 and by_durations is not None and by_durations > CONTRADICTED:
        return by_durations, "durations"
    return min(1.0, counted / tokens), "count"


def _share_by_durations(read: StreamRecord, cold: StreamRecord, always_cached: int) -> float | None:
    read_ns, cold_ns = _reading_ns(read), _reading_ns(cold)
    if read_ns is None or cold_ns is None or not read.prompt_eval_count or not cold.prompt_eval_count:
        return None
    if cold_ns < delays.USUAL_JITTER_NS:
        return None
    uncached = cold.prompt_eval_count - (cold.prompt_eval_cached_count or always_cached)
    return min(1.0, max(0.0, 1 - read_ns / cold_ns * uncached / read.prompt_eval_count))


def _reading_ns(record: StreamRecord) -> int | None:
    return delays.possible_ns(record.prompt_eval_duration_ns, delays.first_ns(record))


def _of_prefix(share: float | None, read: StreamRecord, prefix_tokens: int | None) -> float | None:
    """Return how much of the first turn's prompt came from the cache, as a share of it."""
    if share is None or not prefix_tokens or read.prompt_eval_count is None:
        return None
    return share * read.prompt_eval_count / prefix_tokens


def _became(share: float) -> Literal["kept", "partly", "lost"]:
    if share >= KEPT:
        return "kept"
    return "lost" if share < LOST else "partly"


async def _say(model: LoadedModel, said: Sequence[Message]) -> Answer:
    """Return the next message; a model without a chat template continues the text of all before it."""
    if model.model.kind == "base":
        return await model.complete("\n".join(message.content for message in said), num_predict=workload.TURN_TOKENS)
    return await model.chat(said, num_predict=workload.TURN_TOKENS)


def _user(text: str) -> Message:
    return Message(role="user", content=text)


def _characters(tokens: int) -> int:
    return int(tokens * CHARACTERS_PER_TOKEN)


def _tell_without(model: LoadedModel, why: str) -> None:
    asked: Model = model.model
    model.visit.emit(Notice(f"{asked.name} on {asked.host} is measured without {ConversationStudy.name}: {why}"))
