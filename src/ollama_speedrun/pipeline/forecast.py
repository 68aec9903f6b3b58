"""What a run still costs: models, loads, tokens and seconds, by what was measured so far. Pure.

A model of B bytes on disk is read once for each token, so that its rate is the host's memory bandwidth ÷ B, and loading
it takes B ÷ the bandwidth of the disk. Before anything was measured on a host, both lie in a wide range; then its own
figures are taken.
"""

import math
import statistics
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

import msgspec

from ..benchmark import workload
from ..benchmark.plan import DEPTH_TOKENS, LONGEST_READ_S, BenchmarkSettings, Extra, Thinking
from ..benchmark.types import Result
from ..inventory.types import Model
from ..quality import next_tokens
from ..quality.triplets import MOST_ASKED

UNKNOWN_SIZE_BYTES: Final = 4_000_000_000
"""Of a model whose server does not say: about 7 billion parameters in 4 bits."""
FASTEST_TPS: Final = 400.0
"""Of a small model, whose rate is bound by the work of each token and no longer by memory, before one was measured."""

LEAST_LOAD_S: Final = 1.0
ITEM_TOKENS: Final = 40
THOUGHT_TOKENS: Final = 400
"""The output tokens of one graded item: of a direct answer, and on top of it where the model thinks."""
ITEM_OVERHEAD_S: Final = 0.2
"""Reading the prompt of an item."""
VISIT_OVERHEAD_S: Final = 1.0
"""Warming up and unloading."""
REQUESTS_OF_TURNS: Final = 4
CONTENT_TRIALS: Final = 4
CONVERSATION_S: Final = LONGEST_READ_S / 2
"""Reading the prompts of a conversation of two turns."""
EMBEDDING_S: Final = 3.0
TRIPLET_S: Final = 0.05
READING_RATIO: Final = 30.0
"""A prompt is read about so many times as fast as an answer is written."""
OPENING_OVERHEAD_S: Final = 0.05
"""Of a text whose next token is compared with a sibling's."""
FURTHER_ITEMS: Final = 90
"""So many items on top a model is asked in a race: the mean of simulated tiers of 2 to 8 models is 70 to 100."""
FURTHER_LOADS: Final = 2
"""And so often it is loaded for that."""


class Speed(msgspec.Struct, frozen=True):
    """How fast a host reads weights: for each token, and from its disk, in bytes/s."""

    decode_bytes_per_s: float
    load_bytes_per_s: float

    def decode_s(self, size_bytes: int | None, tokens: float) -> float:
        """Return how long a model of that size takes for so many tokens, in seconds."""
        return tokens * (size_bytes or UNKNOWN_SIZE_BYTES) / self.decode_bytes_per_s

    def load_s(self, size_bytes: int | None) -> float:
        """Return how long a model of that size takes to load, in seconds."""
        return (size_bytes or UNKNOWN_SIZE_BYTES) / self.load_bytes_per_s


SLOW: Final = Speed(15e9, 0.3e9)
"""A processor with two channels of memory and an old disk."""
FAST: Final = Speed(600e9, 4e9)
"""A large graphics card and a fast disk."""


def speed_of(models: Sequence[Model], results: Sequence[Result], otherwise: Speed) -> Speed:
    """Return the speed of a host by the results of its models: medians; what none of them shows is as `otherwise`."""
    sizes = {(model.host, model.name): model.size_bytes for model in models}
    decode, load = [], []
    for result in results:
        size_bytes = sizes.get((result.host, result.model))
        if result.status != "ok" or not size_bytes:
            continue
        if result.speed_tps:
            decode.append(result.speed_tps * size_bytes)
        if result.load_s:
            load.append(size_bytes / result.load_s)
    return Speed(
        statistics.median(decode) if decode else otherwise.decode_bytes_per_s,
        statistics.median(load) if load else otherwise.load_bytes_per_s,
    )


def shortest_visit_s(model: Model, speed: Speed, settings: BenchmarkSettings) -> float:
    """Return the seconds that a first visit takes until there is a result: the load and the interview."""
    tokens = settings.num_predict if model.generates_text else 0
    return speed.load_s(model.size_bytes) + speed.decode_s(model.size_bytes, tokens)


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What one model takes: seconds to load, output tokens, seconds of interview and trials, and of each item.

    All of it is for the variants of the model together, `item_s` for one item; `last_s` is what comes after the items.
    """

    load_s: float
    speed_tokens: int = 0
    speed_s: float
    items: int = 0
    item_tokens: int = 0
    item_s: float = 0.0
    last_tokens: int = 0
    last_s: float = 0.0
    variants: int = 1

    @property
    def tokens(self) -> int:
        """All output tokens."""
        return self.speed_tokens + self.item_tokens + self.last_tokens

    @property
    def total_s(self) -> float:
        """The whole first visit in seconds."""
        return VISIT_OVERHEAD_S + self.load_s + self.speed_s + self.items * self.item_s + self.last_s


class Forecast(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be done: models, loads, output tokens, and about so many seconds, from `low_s` to `high_s`.

    `likely_s` is when every model had its first visit, which gives likely picks, where races go on after that; else
    None.
    """

    models: int
    loads: int
    tokens: int
    seconds: float
    low_s: float
    high_s: float
    likely_s: float | None = None


def last_tokens(model: Model, settings: BenchmarkSettings, *, has_sibling: bool) -> int:
    """Return the output tokens of all that the settings ask of a model beside its trials and items."""
    turns = 0 if settings.second_turn is Extra.OFF else REQUESTS_OF_TURNS * workload.TURN_TOKENS
    has_content = settings.content is Extra.ON or (settings.content is Extra.AUTO and bool(model.drafts))
    content = CONTENT_TRIALS * settings.trial_tokens if has_content else 0
    at_once = sum(settings.concurrency_levels) * settings.trial_tokens
    depths = len(_depths(settings)) * DEPTH_TOKENS
    return turns + content + at_once + depths + (settings.sibling_prompts if has_sibling else 0)


def last_s(
    model: Model, settings: BenchmarkSettings, *, token_s: float, load_s: float, has_sibling: bool = False
) -> float:
    """Return the seconds of it, for a model with that output token and load; the search of a GPU's limit is not in it.

    Requests at once are taken to be answered one after another, and a depth that needs a longer context loads again.
    """
    longest_s = math.inf if settings.depth_read_s is None else settings.depth_read_s
    depths = _depths(settings)
    reading_s = sum(min(tokens * token_s / READING_RATIO, longest_s) for tokens in depths)
    conversation_s = 0.0 if settings.second_turn is Extra.OFF else CONVERSATION_S
    siblings_s = settings.sibling_prompts * OPENING_OVERHEAD_S if has_sibling else 0.0
    reload_s = load_s if any(tokens > settings.num_ctx for tokens in depths) else 0.0
    written_s = last_tokens(model, settings, has_sibling=has_sibling) * token_s
    return written_s + reading_s + conversation_s + siblings_s + reload_s


def _depths(settings: BenchmarkSettings) -> frozenset[int]:
    """Return the depths that are read, in tokens."""
    of_context = (0, settings.num_ctx // 2, settings.num_ctx) if settings.depths_of_context else ()
    return frozenset((*settings.depths, *of_context))


def cost(model: Model, settings: BenchmarkSettings, speed: Speed, *, has_sibling: bool = False) -> Cost:
    """Return what the first visit of a model takes on a host of that speed, compared with a sibling or not."""
    load_s = max(LEAST_LOAD_S, speed.load_s(model.size_bytes))
    if not model.generates_text:
        return Cost(load_s=load_s, speed_s=EMBEDDING_S + min(settings.max_items, MOST_ASKED) * TRIPLET_S)
    token_s = max(speed.decode_s(model.size_bytes, 1), 1 / FASTEST_TPS)
    thinks = "thinking" in model.capabilities and settings.thinking is not Thinking.OFF
    variants = 2 if settings.thinking is Thinking.ALL and thinks else 1
    trial_tokens = round((settings.fewest_trials + settings.most_trials) / 2) * settings.trial_tokens
    trials_s = min(trial_tokens * token_s, settings.trials_s or math.inf)
    items = min(settings.first_items, settings.max_items)
    one = ITEM_TOKENS + (THOUGHT_TOKENS if thinks else 0)
    if settings.answer_tokens is not None and not thinks:
        items = min(items, settings.answer_tokens // ITEM_TOKENS)
    after_s = last_s(model, settings, token_s=token_s, load_s=load_s, has_sibling=has_sibling)
    return Cost(
        load_s=load_s,
        speed_tokens=variants * (settings.num_predict + trial_tokens),
        speed_s=variants * min(settings.num_predict * token_s + trials_s, settings.budget_s or math.inf),
        items=variants * items,
        item_tokens=variants * items * one,
        item_s=one * token_s + ITEM_OVERHEAD_S,
        last_tokens=variants * last_tokens(model, settings, has_sibling=has_sibling),
        last_s=variants * after_s,
        variants=variants,
    )


def forecast(queues: Mapping[str, Sequence[Model]], settings: BenchmarkSettings, *, at_once: int) -> Forecast:
    """Return what the models in each machine's queue take, before anything was measured.

    Machines work side by side, at most `at_once` of them. The range is that of fast and slow hosts, `seconds` its
    geometric mean.
    """
    models = [model for queue in queues.values() for model in queue]
    siblings = {model.digest for model in models if next_tokens.has_sibling(model, models)}
    again = racing_models(models, settings)
    further = _further_items(settings) if again else 0
    ranges = [_lasts_s(queues, settings, speed, siblings, at_once=at_once, further=further) for speed in (FAST, SLOW)]
    low_s, high_s = (likely_s + race_s for likely_s, race_s in ranges)
    return Forecast(
        models=len(models),
        loads=len(models) + again * FURTHER_LOADS,
        tokens=sum(
            _tokens(cost(model, settings, FAST, has_sibling=model.digest in siblings), further) for model in models
        ),
        seconds=math.sqrt(low_s * high_s),
        low_s=low_s,
        high_s=high_s,
        likely_s=math.sqrt(ranges[0][0] * ranges[1][0]) if again else None,
    )


def racing_models(models: Sequence[Model], settings: BenchmarkSettings) -> int:
    """Return how many models are probably asked further items: those that write text, where they race."""
    writers = sum(model.generates_text for model in models)
    return writers if settings.races and settings.max_items > settings.first_items and writers > 1 else 0


def _further_items(settings: BenchmarkSettings) -> int:
    return min(FURTHER_ITEMS, settings.max_items - settings.first_items)


def _tokens(one: Cost, further: int) -> int:
    """Return the output tokens of a model with so many further items."""
    return one.tokens + (further * one.item_tokens // one.items if one.items else 0)


def longest(seconds: Iterable[float], at_once: int) -> float:
    """Return how long machines with so much to do take, `at_once` of them side by side, started in this order."""
    busy_until_s = [0.0] * max(at_once, 1)
    for one in seconds:
        first = min(range(len(busy_until_s)), key=busy_until_s.__getitem__)
        busy_until_s[first] += one
    return max(busy_until_s)


def _lasts_s(  # noqa: PLR0913  # independent inputs, named at the call
    queues: Mapping[str, Sequence[Model]],
    settings: BenchmarkSettings,
    speed: Speed,
    siblings: Collection[str | None],
    *,
    at_once: int,
    further: int,
) -> tuple[float, float]:
    """Return the seconds of the first visits, and of the rounds with so many further items of each model after them."""
    costs = [
        [cost(model, settings, speed, has_sibling=model.digest in siblings) for model in queue]
        for queue in queues.values()
    ]
    visits_s = longest((sum(one.total_s for one in of_machine) for of_machine in costs), at_once)
    if not further:
        return visits_s, 0.0
    rounds = (sum(FURTHER_LOADS * one.load_s + further * one.item_s for one in each if one.items) for each in costs)
    return visits_s, longest(rounds, at_once)
