"""The study of graded quality: items are asked of a model while it is loaded for its speed trials."""

import asyncio
import contextlib
import hashlib
import itertools
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

import msgspec

from .. import units
from ..benchmark import delays
from ..benchmark.types import ResultKey
from ..errors import OllamaError, ProtocolError, ServerError, TimedOutError
from ..events import Notice
from ..inventory.types import Model
from ..ollama import wire
from ..visit.loaded_model import LoadedModel
from ..visit.types import Answer as StreamedAnswer
from . import dialogue, few_shot, sharing
from .at_once import AtOnce, Timed
from .desk import Assignment, Desk
from .events import ItemGraded, NotAsked, PilotAnswered, QualityBegan, QualityEvent
from .items import UNANSWERED, Answer, FunctionKey, Grade, Item, Message, Need, RegexKey, SqlKey, Tool, ToolCall
from .mixes import BANK_VERSION, PILOT_MIX, Mix
from .records import AnswerRecord, ItemRecord, QualityRecord, bounded, record

THINKING_TOKENS: Final = 1024
MOST_TOKENS: Final = 4096
LOOK_EVERY: Final = 5
"""After so many items it is seen if another one is worth asking."""
WINDOW: Final = 4
"""Items that are asked at once are taken from so many times as many that are next."""
MOST_FAILURES: Final = 3
"""So many items in a row that the server fails to answer end the study."""

Grader: TypeAlias = Callable[[Item, Sequence[Answer]], Grade]


class GradedItems:
    """A study: one item a step, or several at once. What was answered is told as it comes.

    `grade` works out what the answers are worth. `variant` names the way of thinking. `batch` is what to ask in a later
    visit; None finds out who the model is, and asks what its first visit is for. `at_once` says how many items to ask
    together and learns from them; None asks one at a time, as in a visit whose speed is timed. `is_wanted` tells if
    another item is worth asking, `why_not` gives the reason to ask none at all. `begun` holds the answers from before
    the benchmark was cut short: where the model is still the same one, they count and are not asked for again.
    """

    name = "the graded answers"
    needs_the_memory = False

    def __init__(  # noqa: PLR0913  # independent inputs, named at the call
        self,
        desk: Desk,
        *,
        variant: str | None,
        grade: Grader,
        emit: Callable[[QualityEvent], None],
        server_version: str | None = None,
        batch: Assignment | None = None,
        at_once: AtOnce | None = None,
        is_wanted: Callable[[], bool] = lambda: True,
        why_not: Callable[[], str | None] = lambda: None,
        begun: QualityRecord | None = None,
    ) -> None:
        self._desk = desk
        self._variant = variant
        self._grade = grade
        self._is_wanted = is_wanted
        self._why_not = why_not
        self._begun = begun
        self._emit = emit
        self._server_version = server_version
        self._identity: str | None = None
        self._tier: str | None = None
        self._pilot: list[ItemRecord] = []
        self._assignment = batch
        self._queue: deque[Item] | None = None if batch is None else deque(batch.items)
        self._spares: deque[Item] = deque()
        self._failures = 0
        self._spent_tokens = 0
        self._has_thought = False
        self._since_look = 0
        self._at_once = at_once
        self._timed: list[Timed] = []
        self._is_over = False

    async def step(self, model: LoadedModel) -> bool:
        """Ask one item, or as many as are worth asking at once; the first step finds out who the model is.

        Raises `OllamaError` where the server fails.
        """
        if self._queue is None:
            await self._begin(model)
        elif self._queue and self._can_afford(model, self._queue[0]):
            await self._ask_next(model, self._queue)
        elif self._queue:
            self._queue.clear()
            self._is_over = self._assignment is not None
        if not self._queue:
            self._refill(model)
        return bool(self._queue) and (self._since_look < LOOK_EVERY or self._looks())

    def _looks(self) -> bool:
        self._since_look = 0
        return self._is_wanted()

    async def _ask_next(self, model: LoadedModel, queue: deque[Item]) -> None:
        width = 1 if self._at_once is None else self._at_once.width
        items = _alike(queue, width)
        self._since_look += len(items)
        self._timed = []
        failures = self._failures
        asked = [self._ask(model, item, at_once=len(items)) for item in items]
        for ended in await asyncio.gather(*asked, return_exceptions=True):
            if isinstance(ended, BaseException):
                raise ended
        if self._at_once is not None and len(self._timed) <= len(items):
            was_refused = self._failures > failures or any(one.record.asked_again for one in self._timed)
            self._at_once.learn(self._timed, was_refused=was_refused)

    async def _begin(self, model: LoadedModel) -> None:
        if (reason := self._why_not()) is not None:
            self._queue, self._is_over = deque(), True
            self._emit(NotAsked(*self._key(model), reason))
            return
        self._identity = await self._identify(model)
        self._tier = self._desk.tier_of(model.model, model.residency)
        self._queue = deque()
        if self._begun is not None and self._begun.identity == self._identity and self._tier is not None:
            self._desk.exam.adopt(self._tier, self._begun.mix)
        if self._tier is not None and self._desk.exam.mix_of(self._tier) is None and not _is_base(model):
            self._pilot = list(self._pilot_before(model))
            answered = {entry.item for entry in self._pilot}
            self._queue.extend(item for item in self._desk.exam.pilot(self._tier) if item.name not in answered)

    def _pilot_before(self, model: LoadedModel) -> Sequence[ItemRecord]:
        """Return the answers of a pilot that was cut short, where it was the same one."""
        opening = self._opening(model, PILOT_MIX)
        return () if (known := self._answered_before(opening)) is None else known.items

    def _refill(self, model: LoadedModel) -> None:
        """Take what comes after the pilot, or after a check that found another model behind the same name."""
        if self._queue is None or self._is_over:
            return
        abilities = abilities_of(model.model)
        if self._assignment is None:
            self._assignment = self._assign(model)
            self._queue.extend(self._assignment.items)
            self._spares.extend(self._assignment.spares)
        elif self._assignment.is_check and self._identity is not None:
            rest = self._desk.the_rest(self._key(model), self._identity, self._assignment, abilities)
            self._assignment = msgspec.structs.replace(self._assignment, is_check=False)
            self._queue.extend(rest)
            if rest:
                where = self._desk.asked_in_full(self._identity, self._variant)
                named = f"{model.model.name} on {model.model.host}"
                split = f"{named} answers otherwise than its equal on {where}: each is graded by itself"
                model.visit.emit(Notice(split))

    def _assign(self, model: LoadedModel) -> Assignment:
        exam = self._desk.exam
        mix = exam.mix_of(self._tier) or (exam.decide(self._tier, self._pilot) if self._tier else Mix.EASY)
        assignment = self._desk.assign(
            self._key(model), identity=self._identity, mix=mix, abilities=abilities_of(model.model)
        )
        if _is_base(model):
            suitable = tuple(item for item in assignment.items if few_shot.suits(item))
            assignment = msgspec.structs.replace(assignment, items=suitable, spares=())
        host, name, variant = self._key(model)
        opening = self._opening(model, "own" if exam.settings.only_own else str(mix), places=exam.places(mix) or None)
        if (known := self._answered_before(opening)) is not None:
            return self._go_on(known, assignment, model)
        self._emit(QualityBegan(opening, len(assignment.items)))
        for entry in self._pilot:
            self._emit(ItemGraded(host, name, variant, entry))
        return assignment

    def _opening(self, model: LoadedModel, mix: str, *, places: int | None = None) -> QualityRecord:
        """Return the record of a model before its first answer."""
        host, name, variant = self._key(model)
        exam = self._desk.exam
        return QualityRecord(
            host=host,
            model=name,
            variant=variant,
            bank=str(BANK_VERSION),
            seed=exam.seed,
            mix=mix,
            protocol="3-shot" if _is_base(model) else "chat",
            identity=self._identity,
            places=places,
            load_s=_load_s(model),
            left_out=tuple(sorted(str(need) for need in exam.left_out)),
        )

    def _answered_before(self, opening: QualityRecord) -> QualityRecord | None:
        """Return the answers from before, None where these were to other items, or of another model."""
        if self._begun is None:
            return None
        blank = msgspec.structs.replace(self._begun, items=(), load_s=opening.load_s)
        return self._begun if blank == opening else None

    def _go_on(self, known: QualityRecord, assignment: Assignment, model: LoadedModel) -> Assignment:
        """Ask what of an assignment is not answered yet."""
        answered = {entry.item for entry in known.items if entry.is_counted}
        left = tuple(item for item in assignment.items if item.name not in answered)
        for entry in known.counted:
            self._desk.note(self._key(model), entry)
            self._spent_tokens += sum(answer.output_tokens or 0 for answer in entry.answers)
        self._emit(QualityBegan(known, len(left)))
        return msgspec.structs.replace(assignment, items=left)

    async def _ask(self, model: LoadedModel, item: Item, *, at_once: int) -> None:
        is_pilot = self._assignment is None
        answers, kept = await self._converse(model, item)
        grade = _unanswered(kept) if answers is None else await self._graded(item, answers)
        place = self._place_of(item)
        found = record(item, kept.answers, grade, is_counted=not is_pilot, place=place, at_once=at_once)
        if is_pilot:
            self._pilot.append(found)
            so_far = msgspec.structs.replace(self._opening(model, PILOT_MIX), items=tuple(self._pilot))
            self._emit(PilotAnswered(so_far))
            return
        if grade.status == "ungradable" and self._spares and self._queue is not None:
            self._queue.append(self._spares.popleft())
        key = self._key(model)
        self._desk.note(key, found)
        self._emit(ItemGraded(*key, found))

    def _can_afford(self, model: LoadedModel, item: Item) -> bool:
        """Tell if an answer fits into what is left of the output tokens; thinking is not bounded by them."""
        budget = self._desk.exam.settings.answer_tokens
        return budget is None or self._may_think(model) or self._spent_tokens + item.most_tokens <= budget

    def _place_of(self, item: Item) -> int | None:
        return None if self._assignment is None else self._desk.exam.place_of(self._assignment.mix, item)

    async def _graded(self, item: Item, answers: Sequence[Answer]) -> Grade:
        """Grade the answers, in a thread where model-written code or a query is run, for that may take a second."""
        if isinstance(item.key, FunctionKey | SqlKey | RegexKey):
            return await asyncio.to_thread(self._grade, item, answers)
        return self._grade(item, answers)

    async def _converse(self, model: LoadedModel, item: Item) -> tuple[Sequence[Answer] | None, "_Kept"]:
        """Return a model's answers, None where the server failed to give one, and what is kept of them."""
        answers: list[Answer] = []
        kept = _Kept()
        try:
            while (messages := dialogue.next_messages(item, answers)) is not None:
                sent_ns = time.perf_counter_ns()
                streamed = await self._one_answer(model, item, messages)
                self._timed.append(Timed(sent_ns, streamed.record))
                self._has_thought = self._has_thought or streamed.record.thinking_characters > 0
                answers.append(_answer(streamed))
                kept.answers = (*kept.answers, _answer_record(streamed))
                self._spent_tokens += streamed.record.eval_count or streamed.record.content_chunks
        except (ServerError, ProtocolError, TimedOutError) as exc:
            self._failures += 1
            if self._failures >= MOST_FAILURES:
                raise
            kept.failure = str(exc)
            return None, kept
        self._failures = 0
        return answers, kept

    async def _one_answer(self, model: LoadedModel, item: Item, messages: Sequence[Message]) -> StreamedAnswer:
        if _is_base(model):
            return await model.complete(few_shot.prompt(item), num_predict=item.max_tokens, stop=few_shot.STOP)
        return await model.chat(
            [_wire_message(message) for message in messages],
            num_predict=self._num_predict(model, item),
            tools=[_wire_tool(tool) for tool in item.tools],
        )

    def _num_predict(self, model: LoadedModel, item: Item) -> int:
        """Return the token budget of one answer; a model that may think gets 1,024 more."""
        return min(MOST_TOKENS, item.max_tokens + (THINKING_TOKENS if self._may_think(model) else 0))

    def _may_think(self, model: LoadedModel) -> bool:
        """Return whether a model is to have room for thinking: its server says so, or it has been seen to think."""
        if model.thinks is False:
            return False
        warm_up = None if model.opening is None else model.opening.warm_up
        has_begun_so = warm_up is not None and warm_up.thinking_characters > 0
        return "thinking" in model.model.capabilities or has_begun_so or self._has_thought

    async def _identify(self, model: LoadedModel) -> str | None:
        digest = model.model.digest
        if digest is None:
            return None
        rendered: str | None = None
        with contextlib.suppress(OllamaError):
            rendered = await model.rendered_prompt()
        return sharing.identity(
            digest=digest,
            model_format=model.model.format,
            rendered=None if rendered is None else hashlib.sha256(rendered.encode(errors="replace")).hexdigest(),
            server_version=self._server_version,
            context_tokens=model.given_num_ctx,
        )

    def _key(self, model: LoadedModel) -> ResultKey:
        return model.model.host, model.model.name, self._variant


def _alike(queue: deque[Item], width: int) -> Sequence[Item]:
    """Take the next item and `width` − 1 of those soon after it whose answers are about as long as its own."""
    first = queue.popleft()
    soon = sorted(itertools.islice(queue, WINDOW * width), key=lambda item: abs(item.most_tokens - first.most_tokens))
    items = [first, *soon[: width - 1]]
    for item in items[1:]:
        queue.remove(item)
    return items


class _Kept:
    """What is kept of a conversation, also of one that broke off."""

    def __init__(self) -> None:
        self.answers: tuple[AnswerRecord, ...] = ()
        self.failure = ""


def _load_s(model: LoadedModel) -> float | None:
    opening = model.opening
    return None if opening is None or opening.was_loaded else units.seconds(opening.took_ns)


def _unanswered(kept: _Kept) -> Grade:
    why = f"the server gave no answer: {bounded(kept.failure, 300)}"
    return Grade(score=0.0, strict=0.0, extracted="", why=why, status="ungradable", failure=UNANSWERED)


def _is_base(model: LoadedModel) -> bool:
    return model.model.kind == "base"


def abilities_of(model: Model) -> frozenset[Need]:
    """Return what may be asked of a model: what its capabilities name, and what only this installation limits."""
    return frozenset(need for need in Need if need == Need.SANDBOX or str(need) in model.capabilities)


def _wire_message(message: Message) -> wire.Message:
    return wire.Message(
        role=message.role,
        content=message.content,
        images=message.images,
        tool_calls=tuple(wire.ToolCall(wire.FunctionCall(call.name, _arguments(call))) for call in message.tool_calls),
        tool_name=message.tool_name,
    )


def _wire_tool(tool: Tool) -> dict[str, object]:
    parameters = msgspec.json.decode(tool.parameters)
    return {
        "type": "function",
        "function": {"name": tool.name, "description": tool.description, "parameters": parameters},
    }


def _arguments(call: ToolCall) -> dict[str, object]:
    """Return the arguments of a call that a model made; what is no object goes back as an empty one."""
    try:
        arguments = msgspec.json.decode(call.arguments.encode(errors="replace"))
    except (msgspec.DecodeError, RecursionError):
        return {}
    return arguments if isinstance(arguments, dict) else {}


def _answer(streamed: StreamedAnswer) -> Answer:
    return Answer(
        content=streamed.content,
        thinking=streamed.thinking,
        tool_calls=tuple(_call(call) for call in streamed.tool_calls),
        done_reason=streamed.record.done_reason,
    )


def _call(call: wire.ToolCall) -> ToolCall:
    arguments = msgspec.json.encode(call.function.arguments, order="sorted").decode(errors="replace")
    return ToolCall(call.function.name, arguments)


def _answer_record(streamed: StreamedAnswer) -> AnswerRecord:
    seen = streamed.record
    return AnswerRecord(
        content=bounded(streamed.content),
        thinking_characters=seen.thinking_characters,
        tool_calls=tuple(
            ToolCall(bounded(call.name, 100), bounded(call.arguments, 1000)) for call in map(_call, streamed.tool_calls)
        ),
        done_reason=seen.done_reason,
        first_content_ns=seen.first_content_ns,
        ended_ns=seen.ended_ns,
        load_ns=seen.load_duration_ns,
        held_ns=(delays.held_ns(seen) + delays.held_end_ns(seen)) or None,
        prompt_tokens=seen.prompt_eval_count,
        output_tokens=seen.eval_count,
    )
