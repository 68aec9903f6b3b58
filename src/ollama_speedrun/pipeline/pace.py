"""How fast the models of a run turn out to be, and what that says of those that are still to come. A fold, no clock.

Every figure begins with a rule of thumb. Measured ones take its place: a model's own, else those of the models of its
host that are nearest in size, else those of the fleet.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Final, TypeAlias

import msgspec

from ..benchmark.plan import BenchmarkSettings
from ..benchmark.types import Result
from ..inventory.types import Model
from ..quality.records import ItemRecord
from .forecast import (
    FAST,
    FASTEST_TPS,
    ITEM_OVERHEAD_S,
    ITEM_TOKENS,
    SLOW,
    THOUGHT_TOKENS,
    UNKNOWN_SIZE_BYTES,
    Cost,
    Speed,
    cost,
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
NEARNESS: Final = 0.3
"""How far apart two sizes are, as a natural logarithm, before the nearer one counts for much more."""


class Answers(msgspec.Struct):
    """The items that a model answered so far, counted ones and others, and what they took."""

    items: int = 0
    tokens: int = 0
    seconds: float = 0.0


class Pace:
    """What was measured so far of each model. `cost_of` says what a first visit takes by that."""

    def __init__(self, settings: BenchmarkSettings) -> None:
        self._settings = settings
        self.answers: defaultdict[ModelKey, Answers] = defaultdict(Answers)
        self._models: dict[ModelKey, Model] = {}
        self._token_s: dict[ModelKey, float] = {}
        self._load_s: dict[ModelKey, float] = {}
        self._interviews: dict[ModelKey, int] = {}
        self._trials: dict[ModelKey, int] = {}
        self._asked: dict[ModelKey, int] = {}
        self._spent: dict[str, tuple[float, float]] = {}

    def know(self, model: Model) -> None:
        """Note a model that is to be measured."""
        self._models[model.host, model.name] = model

    def note_rate(self, key: ModelKey, tps: float) -> None:
        """Note the rate of a model while it generates, which stands until its result says more."""
        self._token_s.setdefault(key, 1 / tps)

    def note_load(self, key: ModelKey, seconds: float) -> None:
        """Note how long a model took until it was loaded; the first time counts."""
        self._load_s.setdefault(key, seconds)

    def note_answer(self, key: ModelKey, record: ItemRecord) -> None:
        """Note an item that was answered."""
        self.note_tokens(key, sum(answer.output_tokens or 0 for answer in record.answers), record.seconds)

    def note_tokens(self, key: ModelKey, tokens: int, seconds: float) -> None:
        """Note what one answer took."""
        known = self.answers[key]
        known.items += 1
        known.tokens += tokens
        known.seconds += seconds

    def note_result(self, result: Result, *, is_over: bool) -> None:
        """Note a result, whole or in part: the model's rate and, once it is over, how many tokens it was asked for."""
        key = (result.host, result.model)
        if result.speed_tps:
            self._token_s[key] = 1 / result.speed_tps
        if is_over and result.status == "ok" and result.interview is not None:
            self._interviews[key] = result.interview.eval_count or result.interview.content_chunks
            self._trials[key] = len(result.trials)
            if self.answers[key].items:
                self._asked[key] = self.answers[key].items

    def note_visits(self, models: Sequence[Model], seconds: float) -> None:
        """Note how long the visits of models that shared the memory took, with all that their parts do not explain."""
        if all((model.host, model.name) in self._interviews for model in models):
            host = models[0].host
            known_s, explained_s = self._spent.get(host, (0.0, 0.0))
            explained_s += sum(self.cost_of(model).total_s for model in models)
            self._spent[host] = (known_s + seconds, explained_s)

    def cost_of(self, model: Model) -> Cost:
        """Return what the first visit of a model takes, by its own figures where they are known."""
        key = (model.host, model.name)
        if not model.generates_text:
            return cost(model, self._settings, MIDDLE)
        usual = cost(model, self._settings, MIDDLE)
        token_s, thinks = self.token_s(model), "thinking" in model.capabilities
        interview = _mean(self._interviews, key, self._settings.num_predict)
        variants = usual.variants
        nominal = self._settings.num_predict + self._nominal_trials * self._settings.trial_tokens
        further_tokens = max(usual.speed_tokens / variants - nominal, 0.0)
        speed_tokens = interview + self._trial_tokens(key, token_s) + further_tokens
        items = self._asked.get(key) or _mean(self._asked, key, usual.items, likes=self._is_like(key))
        item_tokens = self._tokens_an_item(key, thinks=thinks)
        return Cost(
            load_s=self.load_s(model),
            speed_tokens=round(variants * speed_tokens),
            speed_s=min(variants * speed_tokens * token_s, self._settings.budget_s or math.inf),
            items=round(items),
            item_tokens=round(items * item_tokens),
            item_s=self.item_s(model),
        )

    def visit_s(self, model: Model) -> float:
        """Return how long the first visit of a model takes."""
        spent_s, explained_s = self._spent.get(model.host, (0.0, 0.0))
        factor = (spent_s + FACTOR_PRIOR_S) / (explained_s + FACTOR_PRIOR_S)
        return factor * self.cost_of(model).total_s

    def token_s(self, model: Model) -> float:
        """Return the seconds that a model takes for an output token."""
        found = self._nearest(self._token_s, model)
        return max(MIDDLE.decode_s(model.size_bytes, 1), 1 / FASTEST_TPS) if found is None else found

    def load_s(self, model: Model) -> float:
        """Return the seconds that a model takes to load."""
        found = self._nearest(self._load_s, model)
        return MIDDLE.load_s(model.size_bytes) if found is None else found

    def item_s(self, model: Model) -> float:
        """Return the seconds that a model takes for an item: by its own answers once there are some."""
        key = (model.host, model.name)
        own = self.answers[key]
        guess_s = self._tokens_an_item(key, thinks="thinking" in model.capabilities) * self.token_s(model)
        guess_s += self._reading_s(model)
        return (own.seconds + guess_s) / (own.items + 1)

    def _reading_s(self, model: Model) -> float:
        """Return what an item takes beside its output tokens: the prompt is read in proportion to the model's size."""
        known = {
            key: max(one.seconds - one.tokens * self._token_s[key], 0.0) / one.items
            for key, one in self.answers.items()
            if one.items and key in self._token_s
        }
        found = self._nearest(known, model)
        return ITEM_OVERHEAD_S if found is None else found

    def _tokens_an_item(self, key: ModelKey, *, thinks: bool) -> float:
        """Return the output tokens of an item: the model's own mean, drawn towards that of its like."""
        like = self._is_like(key)
        others = [one for other, one in self.answers.items() if other != key and one.items and like(other)]
        rule = THOUGHT_TOKENS + ITEM_TOKENS if thinks else ITEM_TOKENS
        theirs = (sum(one.tokens for one in others) + rule) / (sum(one.items for one in others) + 1)
        own = self.answers[key]
        return (own.tokens + theirs) / (own.items + 1)

    def _is_like(self, key: ModelKey) -> Callable[[ModelKey], bool]:
        thinks = "thinking" in self._models[key].capabilities
        return lambda other: ("thinking" in self._models[other].capabilities) is thinks

    @property
    def _nominal_trials(self) -> int:
        return round((self._settings.fewest_trials + self._settings.most_trials) / 2)

    def _trial_tokens(self, key: ModelKey, token_s: float) -> float:
        plan = self._settings
        if key in self._trials:
            return self._trials[key] * plan.trial_tokens
        wanted = _mean(self._trials, key, self._nominal_trials)
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


def _mean(
    known: dict[ModelKey, int] | dict[ModelKey, float],
    key: ModelKey,
    rule: float,
    *,
    likes: Callable[[ModelKey], bool] = lambda _: True,
) -> float:
    """Return a model's own figure, else the mean of its like, else the rule of thumb."""
    if key in known:
        return known[key]
    alike = [value for other, value in known.items() if likes(other)]
    return math.fsum(alike) / len(alike) if alike else rule
