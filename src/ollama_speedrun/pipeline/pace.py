"""How fast the models of a run turn out to be, and what that says of those that are still to come. A fold, no clock.

Every figure begins with a rule of thumb. Measured ones take its place: a model's own, else those of the models of its
host that are nearest in size, else those of the fleet.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Final, TypeAlias

import msgspec

from ..benchmark.plan import BenchmarkSettings
from ..benchmark.types import Result
from ..inventory.types import Model
from ..quality.next_tokens import has_sibling
from ..quality.records import ItemRecord
from .forecast import (
    FAST,
    FASTEST_TPS,
    ITEM_OVERHEAD_S,
    ITEM_TOKENS,
    SLOW,
    THOUGHT_TOKENS,
    UNKNOWN_SIZE_BYTES,
    VISIT_OVERHEAD_S,
    Cost,
    Speed,
    cost,
    last_s,
)

ModelKey: TypeAlias = tuple[str, str]
"""Host and model."""

MIDDLE: Final = Speed(
    math.sqrt(SLOW.decode_bytes_per_s * FAST.decode_bytes_per_s),
    math.sqrt(SLOW.load_bytes_per_s * FAST.load_bytes_per_s),
)
"""A host of which nothing is known."""
FACTOR_PRIOR_S: Final = 1.0
"""Before what is not explained is believed: so many seconds of visits went as they should."""
FEWEST_ANSWERS: Final = 5
"""So many answers of other models say more than the rule of thumb."""
USUAL_PROMPT_TOKENS: Final = 100
"""Of an item, where a server does not count them."""
FEW: Final = 1.5
"""What is known of others counts as so many answers of a model's own."""
RULE: Final = 0.5
"""And the rule of thumb, where nothing is known of others, as so many."""
OWN_ANSWERS: Final = 10
"""After so many answers a model's own mean says as much as those of its like."""
NEARNESS: Final = 0.3
"""How far apart two sizes are, as a natural logarithm, before the nearer one counts for much more."""


class Answers(msgspec.Struct):
    """The items that a model, or several, answered so far, and what they took."""

    items: int = 0
    tokens: int = 0
    seconds: float = 0.0
    prompt_tokens: int = 0

    def add(self, tokens: int, seconds: float = 0.0) -> None:
        """Count one more."""
        self.items += 1
        self.tokens += tokens
        self.seconds += seconds


class Pace:
    """What was measured so far of each model. `cost_of` says what a first visit takes by that."""

    def __init__(self, settings: BenchmarkSettings) -> None:
        self._settings = settings
        self.answers: defaultdict[ModelKey, Answers] = defaultdict(Answers)
        self.counted: defaultdict[ModelKey, int] = defaultdict(int)
        """The items of each model that were no pilot."""
        self._named: defaultdict[ModelKey, list[tuple[str, int]]] = defaultdict(list)
        self._by_item: defaultdict[tuple[bool, str], Answers] = defaultdict(Answers)
        self._prompts: dict[str, int] = {}
        self._mixes: dict[ModelKey, str] = {}
        self._in_order: defaultdict[str, dict[str, None]] = defaultdict(dict)
        """The items of each mix in the order in which they were answered first."""
        self._read: defaultdict[ModelKey, Answers] = defaultdict(Answers)
        self._read_by_all = Answers()
        self._of_kind: defaultdict[bool, Answers] = defaultdict(Answers)
        """By whether a model thinks: the answers of all of them, to each item and together."""
        self._models: dict[ModelKey, Model] = {}
        self._token_s: dict[ModelKey, float] = {}
        self._load_s: dict[ModelKey, float] = {}
        self._interviews: dict[ModelKey, int] = {}
        self._trials: dict[ModelKey, int] = {}
        self._timed: dict[str, tuple[float, float]] = {}

    def know(self, model: Model) -> None:
        """Note a model that is to be measured."""
        self._models[model.host, model.name] = model

    def note_rate(self, key: ModelKey, tps: float) -> None:
        """Note the rate of a model while it generates, which stands until its result says more."""
        self._token_s.setdefault(key, 1 / tps)

    def note_load(self, key: ModelKey, seconds: float) -> None:
        """Note how long a model took until it was loaded; the first time counts."""
        self._load_s.setdefault(key, seconds)

    def note_mix(self, key: ModelKey, mix: str) -> None:
        """Note which mix of items a model is asked."""
        self._mixes[key] = mix

    def note_answer(self, key: ModelKey, record: ItemRecord, *, is_known: bool = False) -> None:
        """Note an item that was answered; `is_known` if `note_tokens` told of it before."""
        tokens = sum(answer.output_tokens or 0 for answer in record.answers)
        prompt_tokens = sum(answer.prompt_tokens or USUAL_PROMPT_TOKENS for answer in record.answers)
        for read in (self._read[key], self._read_by_all):
            read.add(tokens, record.seconds)
            read.prompt_tokens += prompt_tokens
        self._by_item[self._thinks(key), record.item].add(tokens)
        self._named[key].append((record.item, tokens))
        self._prompts.setdefault(record.item, prompt_tokens)
        self.counted[key] += record.is_counted
        if record.is_counted and key in self._mixes:
            self._in_order[self._mixes[key]][record.item] = None
        if not is_known:
            self.note_tokens(key, tokens, record.seconds)

    def note_tokens(self, key: ModelKey, tokens: int, seconds: float) -> None:
        """Note what one answer took."""
        self.answers[key].add(tokens, seconds)
        self._of_kind[self._thinks(key)].add(tokens)

    def note_result(self, result: Result, *, is_over: bool) -> None:
        """Note a result, whole or in part: the model's rate and, once it is over, how many tokens it was asked for."""
        key = (result.host, result.model)
        if result.speed_tps:
            self._token_s[key] = 1 / result.speed_tps
        if is_over and result.status == "ok" and result.interview is not None:
            self._interviews[key] = result.interview.eval_count or result.interview.content_chunks
            self._trials[key] = len(result.trials)

    def note_visits(self, models: Sequence[Model], seconds: float) -> None:
        """Note how long the visits of models that shared the memory took, with all that their parts do not explain."""
        if all((model.host, model.name) in self._interviews for model in models):
            host = models[0].host
            known_s, explained_s = self._timed.get(host, (0.0, 0.0))
            costs = [self.cost_of(model) for model in models]
            answers_s = sum(self.answers[model.host, model.name].seconds for model in models)
            beside_s = answers_s + sum(VISIT_OVERHEAD_S + one.load_s for one in costs)
            explained_s += sum(one.speed_s + one.last_s for one in costs)
            self._timed[host] = (known_s + max(seconds - beside_s, 0.0), explained_s)

    def cost_of(self, model: Model) -> Cost:
        """Return what the first visit of a model takes, by its own figures where they are known."""
        key = (model.host, model.name)
        if not model.generates_text:
            return cost(model, self._settings, MIDDLE)
        usual = cost(model, self._settings, MIDDLE, has_sibling=self._has_sibling(model))
        token_s = self.token_s(model)
        interview = _mean(self._interviews, key, self._settings.num_predict)
        variants = usual.variants
        speed_tokens = interview + self._trial_tokens(key, token_s)
        item_tokens = self.tokens_an_item(key)
        items = variants * self.affordable(model, min(self._settings.first_items, self._settings.max_items))
        return Cost(
            load_s=self.load_s(model),
            speed_tokens=round(variants * speed_tokens),
            speed_s=min(variants * speed_tokens * token_s, self._settings.budget_s or math.inf),
            items=items,
            item_tokens=round(items * item_tokens),
            item_s=self.item_s(model),
            last_tokens=usual.last_tokens,
            last_s=variants * self._last_s(model, token_s),
        )

    def _last_s(self, model: Model, token_s: float) -> float:
        return last_s(
            model, self._settings, token_s=token_s, load_s=self.load_s(model), has_sibling=self._has_sibling(model)
        )

    def _has_sibling(self, model: Model) -> bool:
        return self._settings.sibling_prompts > 0 and has_sibling(model, self._models.values())

    def affordable(self, model: Model, items: int) -> int:
        """Return how many of so many further items the budget of output tokens allows a model."""
        key, budget = (model.host, model.name), self._settings.answer_tokens
        if budget is None or self._thinks(key):
            return items
        left = max(budget - self.answers[key].tokens, 0)
        return min(items, math.ceil(left / self.tokens_an_item(key)))

    def visit_s(self, model: Model) -> float:
        """Return how long the first visit of a model takes."""
        one = self.cost_of(model)
        timing_s = (one.speed_s + one.last_s) * self.timing_factor(model.host)
        return VISIT_OVERHEAD_S + one.load_s + timing_s + self.items_s(model, one.items)

    def timing_factor(self, host: str) -> float:
        """Return how many times longer than its tokens the timing of a model takes: prompts, repetitions, sweeps."""
        spent_s, explained_s = self._timed.get(host, (0.0, 0.0))
        return (spent_s + FACTOR_PRIOR_S) / (explained_s + FACTOR_PRIOR_S)

    def token_s(self, model: Model) -> float:
        """Return the seconds that a model takes for an output token."""
        found = self._nearest(self._token_s, model)
        return max(MIDDLE.decode_s(model.size_bytes, 1), 1 / FASTEST_TPS) if found is None else found

    def load_s(self, model: Model) -> float:
        """Return the seconds that a model takes to load."""
        found = self._nearest(self._load_s, model)
        return MIDDLE.load_s(model.size_bytes) if found is None else found

    def item_s(self, model: Model) -> float:
        """Return the seconds that a model takes for an item: its output tokens, and what it takes beside them."""
        key = (model.host, model.name)
        tokens = self.tokens_an_item(key)
        return tokens * self.token_s(model) + self._reading_s(model)

    def items_s(self, model: Model, count: int) -> float:
        """Return the seconds that a model takes for its next items, by what others took for the very same ones."""
        key = (model.host, model.name)
        asked = {name for name, _ in self._named[key]}
        token_s, read_s = self.token_s(model), self._read_token_s(model)
        ratio, usual = self._wordiness(key), self.tokens_an_item(key)
        each_s: dict[str, float] = {}
        for name in self._in_order.get(self._mix_of(model), ()):
            theirs = self._by_item[self._thinks(key), name]
            tokens = ratio * theirs.tokens / theirs.items if theirs.items else usual
            each_s[name] = tokens * token_s + (ITEM_OVERHEAD_S if read_s is None else self._prompts[name] * read_s)
        next_s = [seconds for name, seconds in each_s.items() if name not in asked][:count]
        is_enough = len(each_s) >= FEWEST_ANSWERS
        mean_s = math.fsum(each_s.values()) / len(each_s) if is_enough else self.item_s(model)
        return math.fsum(next_s) + (count - len(next_s)) * mean_s

    def _mix_of(self, model: Model) -> str:
        """Return the mix that a model is asked, or will be as the one that is nearest in size."""
        key = (model.host, model.name)
        if key in self._mixes or not self._mixes:
            return self._mixes.get(key, "")
        size = model.size_bytes or UNKNOWN_SIZE_BYTES
        nearest = min(
            self._mixes, key=lambda other: abs(math.log((self._models[other].size_bytes or UNKNOWN_SIZE_BYTES) / size))
        )
        return self._mixes[nearest]

    def _read_token_s(self, model: Model) -> float | None:
        """Return what a prompt's token takes, in proportion to the model's size."""
        known = {
            key: max(one.seconds - one.tokens * self._token_s[key], 0.0) / max(one.prompt_tokens, 1)
            for key, one in self._read.items()
            if key in self._token_s
        }
        return self._nearest(known, model)

    def _reading_s(self, model: Model) -> float:
        """Return what an item takes beside its output tokens."""
        found_s = self._read_token_s(model)
        if found_s is None:
            return ITEM_OVERHEAD_S
        return found_s * self._read_by_all.prompt_tokens / self._read_by_all.items

    def tokens_an_item(self, key: ModelKey) -> float:
        """Return the output tokens of an item: the model's own mean, drawn towards what its like lead to expect.

        All of a tier are asked the same items, some of which take many times the tokens of others: where others have
        answered them, too, the few answers of a model are held against theirs.
        """
        own, theirs = self.answers[key], self._tokens_of_like(key)
        if self._matched(key)[0] < FEWEST_ANSWERS:
            few = FEW if self._of_kind[self._thinks(key)].items > own.items else RULE
            return (own.tokens + few * theirs) / (own.items + few)
        return (own.tokens + OWN_ANSWERS * theirs * self._wordiness(key)) / (own.items + OWN_ANSWERS)

    def _wordiness(self, key: ModelKey) -> float:
        """Return how many times more tokens a model takes for an item than others do for the same one."""
        _, mine, expected = self._matched(key)
        theirs = FEW * self._tokens_of_like(key)
        return (mine + theirs) / (expected + theirs)

    def _matched(self, key: ModelKey) -> tuple[int, float, float]:
        """Return how many items others answered, too; the tokens that these took this model; and those of others."""
        matched, mine, expected = 0, 0.0, 0.0
        for name, took in self._named[key]:
            known = self._by_item[self._thinks(key), name]
            if known.items > 1:
                matched += 1
                expected += (known.tokens - took) / (known.items - 1)
                mine += took
        return matched, mine, expected

    def _tokens_of_like(self, key: ModelKey) -> float:
        """Return the mean output tokens of an item of the other models that think, or of those that do not."""
        own, kind = self.answers[key], self._of_kind[self._thinks(key)]
        rule = ITEM_TOKENS + (THOUGHT_TOKENS if self._thinks(key) else 0)
        return max((kind.tokens - own.tokens + rule) / (kind.items - own.items + 1), 1.0)

    def _thinks(self, key: ModelKey) -> bool:
        return "thinking" in self._models[key].capabilities

    def _trial_tokens(self, key: ModelKey, token_s: float) -> float:
        plan = self._settings
        if key in self._trials:
            return self._trials[key] * plan.trial_tokens
        wanted = _mean(self._trials, key, (plan.fewest_trials + plan.most_trials) / 2)
        affordable = (plan.trials_s or math.inf) / max(plan.trial_tokens * token_s, 1e-9)
        return max(plan.fewest_trials, min(wanted, affordable)) * plan.trial_tokens

    def _nearest(self, known: dict[ModelKey, float], model: Model) -> float | None:
        """Return a figure that grows with the size: the model's own, else by those of its host, else of the fleet."""
        key = (model.host, model.name)
        if key in known:
            return known[key]
        of_host = {other: seconds for other, seconds in known.items() if other[0] == model.host}
        size = model.size_bytes or UNKNOWN_SIZE_BYTES
        return _by_nearness(
            (math.log(size / (self._models[other].size_bytes or UNKNOWN_SIZE_BYTES)), seconds)
            for other, seconds in (of_host or known).items()
        )


def _by_nearness(pairs: Iterable[tuple[float, float]]) -> float | None:
    """Return the mean of figures, each times the ratio of the sizes, those of a size that is near weighing most."""
    total = weights = 0.0
    for distance, seconds in pairs:
        weight = math.exp(-abs(distance) / NEARNESS)
        total += weight * math.log(max(seconds, 1e-6) * math.exp(distance))
        weights += weight
    return math.exp(total / weights) if weights > 0 else None


def _mean(known: dict[ModelKey, int], key: ModelKey, rule: float) -> float:
    """Return a model's own figure, else the mean of all, else the rule of thumb."""
    if key in known:
        return known[key]
    return math.fsum(known.values()) / len(known) if known else rule
