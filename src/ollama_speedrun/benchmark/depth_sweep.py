"""A sweep over one model: speed by the depth of its context."""

import re
from collections import deque
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from ..errors import OllamaError, ServerError
from ..events import Notice
from ..visit.loaded_model import LoadedModel
from ..visit.types import StreamRecord
from . import caveats, disturbances, metrics, workload
from .budget import Budget
from .plan import DEPTH_TOKENS
from .types import DepthPoint, Result

HEADROOM_TOKENS: Final = 256
"""For the answer, the template, and a filler that came out longer than reckoned."""
CALIBRATION_CHARACTERS: Final = (200, 1000)
"""The tokens of two such prompts are counted before the first depth; the difference has no template in it."""
CHARACTERS_PER_TOKEN: Final = 3.0
"""Of the filler, where the server counts nothing."""
RETRIES: Final = 3
"""How often a prompt that came out too long for the context is made shorter."""
SHORTER: Final = 0.8
TOO_LONG: Final = re.compile(r"\((\d{1,9}) tokens\) exceeds")
BAD_REQUEST: Final = 400


class Depths(msgspec.Struct, frozen=True, kw_only=True):
    """Which depths to measure, in tokens: some that are named, and 0, half and nearly all `of_context`.

    `read_s` is the longest that the reading of one prompt may take, None for no bound.
    """

    named: tuple[int, ...] = ()
    of_context: bool = False
    read_s: float | None = None


class DepthSweep:
    """A study: prefill and decode speed by the tokens in the context, one depth a step, from the least on.

    Depths that the context at hand holds are measured in it, the others in one that holds the deepest: the model is
    loaded again at most once. A model that others have loaded keeps its context, and every depth is measured in that.
    A depth that no context of the model holds, that fails, or that the time does not allow is named in a caveat; the
    deeper ones are left out then.
    """

    name = "the sweep over context depths"

    def __init__(self, depths: Depths, budget: Budget) -> None:
        self._left: deque[int] | None = None
        self._depths = depths
        self._budget = budget
        self._points: list[DepthPoint] = []
        self._gaps: list[str] = []
        self._warm_ups: dict[int, StreamRecord] = {}
        self._characters_per_token: float | None = None
        self._template_tokens = 0
        self._prefill_tps: float | None = None

    @property
    def needs_the_memory(self) -> bool:
        """True if it may load the model with a longer context."""
        return bool(self._depths.named)

    def add_to(self, result: Result) -> Result:
        """Return the result with the depths measured so far, and with what is missing."""
        return msgspec.structs.replace(
            result,
            depths=tuple(self._points),
            caveats=(*result.caveats, *caveats.of_gaps(self._gaps, of_depths=True)),
        )

    async def step(self, model: LoadedModel) -> bool:
        """Measure the next depth; raises `OllamaError` when the first one fails."""
        if self._left is None:
            self._left = deque(self._that_fit(model))
        if self._left and (why := self._why_not(self._left[0])):
            self._gaps.append(f"{_listed(self._left)}: {why}")
            self._left.clear()
        if not self._left:
            return False
        try:
            self._points.append(await self._point(model, self._left[0]))
        except OllamaError as exc:
            self._gaps.append(f"{_listed(self._left)}: {exc}")
            self._left.clear()
            if not self._points:
                raise
            return False
        self._left.popleft()
        return bool(self._left)

    def _why_not(self, tokens: int) -> str | None:
        """Return why there is no time for this depth, None where there is."""
        if self._budget.is_spent:
            return "the time budget was spent"
        if self._depths.read_s is None or not self._prefill_tps:
            return None
        reading_s = tokens / self._prefill_tps
        if reading_s <= self._depths.read_s:
            return None
        return f"reading so long a prompt would take about {reading_s:.0f} s; measure it with --depths on"

    def _that_fit(self, model: LoadedModel) -> Sequence[int]:
        """Return the depths that the model's context holds, and tell of the others."""
        most_tokens = _most_tokens(model)
        wanted = set(self._depths.named)
        if self._depths.of_context:
            num_ctx = min(model.num_ctx, model.asked_num_ctx or model.num_ctx)
            wanted |= {0, num_ctx // 2, max(0, num_ctx - DEPTH_TOKENS - HEADROOM_TOKENS)}
        ordered = sorted(wanted)
        fitting = [tokens for tokens in ordered if _context_for(tokens) <= most_tokens]
        if too_deep := ordered[len(fitting) :]:
            why = ", which is kept because others loaded it so" if model.is_theirs else ""
            depths = ", ".join(map(str, too_deep))
            too_small = f"with an answer they do not fit into the context of {most_tokens} tokens{why}"
            self._gaps.append(f"{depths}: {too_small}")
            model.visit.emit(
                Notice(f"{model.model.name} on {model.model.host} is measured without the depths {depths}: {too_small}")
            )
        return fitting

    async def _point(self, model: LoadedModel, tokens: int) -> DepthPoint:
        num_ctx, warm_up = await self._loaded_for(model, tokens)
        record = await self._read(model, tokens, num_ctx)
        residency = await model.look(num_ctx=num_ctx)
        calm = disturbances.undisturbed([record], warm_up, (warm_up, record), was_loaded=model.is_theirs)
        prefill_tps = None if metrics.is_server_clock_wrong([record]) else metrics.prefill_tps(record)
        if tokens:
            self._prefill_tps = prefill_tps
        return DepthPoint(
            prompt_tokens=record.prompt_eval_count,
            num_ctx=num_ctx,
            prefill_tps=prefill_tps,
            decode_tps=metrics.speed_tps(record),
            ttft_s=metrics.ttft_s(record) if calm else None,
            memory_bytes=residency.size_bytes if residency else None,
            gpu_share=residency.size_vram_bytes / residency.size_bytes if residency else None,
        )

    async def _loaded_for(self, model: LoadedModel, tokens: int) -> tuple[int, StreamRecord]:
        """Have the model loaded for a depth; returns the context, and its first answer in that.

        The context is the one at hand or else the one for the deepest that is left. One that cannot be loaded is given
        up for the next shorter one, as long as that is long enough.
        """
        num_ctx = model.num_ctx
        while True:
            if _context_for(tokens) > model.num_ctx and not model.is_theirs:
                num_ctx = _context_for((self._left or [tokens])[-1])
            if num_ctx in self._warm_ups:
                return num_ctx, self._warm_ups[num_ctx]
            try:
                self._warm_ups[num_ctx] = await model.warm_up(num_ctx=num_ctx)
            except OllamaError as exc:
                if self._left is None or num_ctx == model.num_ctx or len(self._left) < 2:
                    raise
                self._gaps.append(f"{self._left.pop()}: {exc}")

    async def _read(self, model: LoadedModel, tokens: int, num_ctx: int) -> StreamRecord:
        """Have a prompt of about so many tokens read; one that is too long for the context is shortened."""
        if self._characters_per_token is None and self._prefill_tps is None:
            await self._calibrate(model, num_ctx)
        characters_per_token = self._characters_per_token or CHARACTERS_PER_TOKEN
        characters = max(0, int((tokens - self._template_tokens) * characters_per_token))
        for attempt in range(RETRIES + 1):
            try:
                record = await self._generate(model, characters, num_ctx, DEPTH_TOKENS)
            except ServerError as exc:
                if attempt == RETRIES or not _is_too_long(exc):
                    raise
                characters = _shortened(characters, exc.text, num_ctx - DEPTH_TOKENS, characters_per_token)
            else:
                filler_tokens = (record.prompt_eval_count or 0) - self._template_tokens
                if tokens and filler_tokens > 0 and self._characters_per_token is not None:
                    self._characters_per_token = characters / filler_tokens
                return record
        raise AssertionError("the last attempt returns or raises")

    async def _calibrate(self, model: LoadedModel, num_ctx: int) -> None:
        """Read two short prompts, to know how many characters a token has, what is around them, and how fast it is."""
        short, long = CALIBRATION_CHARACTERS
        try:
            few = (await self._generate(model, short, num_ctx, 1)).prompt_eval_count or 0
            longer = await self._generate(model, long, num_ctx, 1)
        except ServerError as exc:
            if not _is_too_long(exc):
                raise
            return
        many = longer.prompt_eval_count or 0
        self._prefill_tps = metrics.prefill_tps(longer)
        if many > few:
            self._characters_per_token = (long - short) / (many - few)
            self._template_tokens = max(0, int(few - short / self._characters_per_token))

    async def _generate(self, model: LoadedModel, characters: int, num_ctx: int, num_predict: int) -> StreamRecord:
        prompt = workload.long_prompt(model.visit.nonce(), characters)
        return await model.generate(prompt, num_predict=num_predict, num_ctx=num_ctx)


def _is_too_long(refusal: ServerError) -> bool:
    return refusal.status == BAD_REQUEST and "context" in refusal.text


def _shortened(characters: int, refusal: str, most_tokens: int, characters_per_token: float) -> int:
    """Return a length that fits, by the count in the server's refusal where it has one."""
    counted = TOO_LONG.search(refusal)
    if counted is None or int(counted[1]) <= most_tokens:
        return int(characters * SHORTER)
    return max(0, characters - int((int(counted[1]) - most_tokens + HEADROOM_TOKENS // 8) * characters_per_token))


def _listed(depths: Iterable[int]) -> str:
    return ", ".join(map(str, depths))


def _most_tokens(model: LoadedModel) -> int:
    """Return the longest context that the model may be loaded with."""
    return model.num_ctx if model.is_theirs else model.model.context_length or model.num_ctx


def _context_for(depth_tokens: int) -> int:
    return depth_tokens + DEPTH_TOKENS + HEADROOM_TOKENS
