"""How thoroughly to measure: the settings of phase 3 and the profiles that bundle them."""

import enum
from collections.abc import Mapping
from typing import Final

import msgspec

DEPTHS: Final = (0, 2048, 8192, 32768)
DEPTH_TOKENS: Final = 64
"""The answer at each depth."""
USUAL_CONTEXT_TOKENS: Final = 4096
LONGEST_DEPTH_READ_S: Final = 60.0
"""How long the reading of one prompt may take at a depth that nobody asked for by itself."""
CONCURRENCY_LEVELS: Final = (1, 2, 4, 8)
LONGEST_READ_S: Final = 5.0
"""A conversation whose prompt takes longer to read is held only where that is asked for."""
QUICK_TOKENS: Final = 900
"""The most output tokens of a model without thinking in the profile quick: interview, trials and items."""


class Profile(enum.StrEnum):
    """Named sets of settings, from a first look to all that can be asked."""

    QUICK = "quick"
    STANDARD = "standard"
    THOROUGH = "thorough"


class IfBusy(enum.StrEnum):
    """How to treat a server that is answering another client."""

    WAIT = "wait"
    SKIP = "skip"
    GO = "go"


class Thinking(enum.StrEnum):
    """Which variants of a model that can think to measure."""

    DEFAULT = "default"
    ON = "on"
    OFF = "off"
    ALL = "all"


class Extra(enum.StrEnum):
    """Whether to make a further measurement: never, where it is cheap or telling, or always."""

    OFF = "off"
    AUTO = "auto"
    ON = "on"


class BenchmarkSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How each model is measured.

    `timeout_s` bounds one generation, `num_predict` and `num_ctx` are in tokens. After a warm-up and one interview of
    `num_predict` tokens come trials of `trial_tokens` each, at least `fewest_trials` and at most `most_trials`, until
    the 95 % interval of the decode rate is within ± `precision`; `budget_s` bounds interview and trials together.
    Trials also end, after the fewest, when `trials_s` seconds went into them or their spread says that `precision` is
    out of reach.
    `take_turns` lets two models of a host alternate where memory holds both, so that results come in pairs;
    `reference_trial` repeats a host's first model at the end, to notice drift. `depths` (tokens) and
    `concurrency_levels` (requests at once) ask for the two sweeps; `depths_of_context` adds 0, half and nearly all of
    `num_ctx`, unless reading takes longer than `depth_read_s`. `second_turn` asks for a conversation of two turns,
    with `auto` where reading its prompt takes 5 s at most; `content` asks for trials of code and of JSON, with `auto`
    where the model decodes with drafts. At most `max_items` items of the bank are graded for each model, none with 0,
    out of the `areas` and `languages` named (empty: all); `item_seed` None draws their order.
    `first_items` of them are asked when a model is loaded for its speed; where the run `races`, further rounds ask the
    models of a tier until the best is certain: with confidence `sure`, at most `within` worse than the best. A model
    below `min_speed_tps` is asked no items. Only items are asked whose answers take at most `longest_answer_tokens`
    each, and `answer_tokens` together for a model that does not think (None: no bound).
    Quants of one base are compared by the token after each of `sibling_prompts` short texts, not at all with 0.
    """

    timeout_s: float = 300.0
    num_predict: int = 512
    num_ctx: int = USUAL_CONTEXT_TOKENS
    trial_tokens: int = 128
    fewest_trials: int = 3
    most_trials: int = 12
    precision: float = 0.03
    budget_s: float | None = None
    trials_s: float | None = 30.0
    take_turns: bool = True
    reference_trial: bool = True
    thinking: Thinking = Thinking.DEFAULT
    if_busy: IfBusy = IfBusy.WAIT
    depths: tuple[int, ...] = ()
    depths_of_context: bool = False
    depth_read_s: float | None = None
    concurrency_levels: tuple[int, ...] = ()
    second_turn: Extra = Extra.AUTO
    content: Extra = Extra.AUTO
    max_items: int = 400
    first_items: int = 10
    sure: float = 0.95
    within: float = 0.03
    races: bool = True
    min_speed_tps: float = 1.0
    longest_answer_tokens: int | None = None
    answer_tokens: int | None = None
    areas: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    item_seed: int | None = None
    sibling_prompts: int = 60

    @property
    def sweeps(self) -> bool:
        """True if any sweep is asked for."""
        return bool(self.depths or self.depths_of_context or self.concurrency_levels)


PROFILES: Final[Mapping[Profile, BenchmarkSettings]] = {
    Profile.QUICK: BenchmarkSettings(
        num_predict=128,
        trial_tokens=64,
        fewest_trials=2,
        most_trials=2,
        take_turns=False,
        reference_trial=False,
        second_turn=Extra.OFF,
        content=Extra.OFF,
        max_items=25,
        first_items=25,
        races=False,
        longest_answer_tokens=96,
        answer_tokens=QUICK_TOKENS - 128 - 2 * 64,
        sibling_prompts=0,
    ),
    Profile.STANDARD: BenchmarkSettings(),
    Profile.THOROUGH: BenchmarkSettings(
        trial_tokens=256,
        trials_s=None,
        fewest_trials=5,
        thinking=Thinking.ALL,
        depths=DEPTHS,
        concurrency_levels=CONCURRENCY_LEVELS,
        second_turn=Extra.ON,
        content=Extra.ON,
        max_items=400,
        first_items=400,
        races=False,
        sibling_prompts=200,
    ),
}
