"""In which state of the server each recording was made, and with what else going on."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Trouble: TypeAlias = Literal["none", "damaged weights", "weights gone", "runner dies", "long thoughts", "tiny context"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What a fresh server is started with. Cloud models are off, and its version is 0.0.0."""

    num_parallel: int = 1
    max_loaded: int = 3
    max_queue: int = 512
    trouble: Trouble = "none"


@dataclass(frozen=True, slots=True)
class Replay:
    """Send a recorded request and compare; `after_s` delays it within `Together`, `leave_after_s` cancels it."""

    name: str
    after_s: float = 0.0
    leave_after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Together:
    """Send requests at once. Alike ones are paired with the recordings in the order in which they end."""

    replays: Sequence[Replay]
    alike: bool = False


@dataclass(frozen=True, slots=True)
class Load:
    """Load a model beforehand with an empty prompt, which is not compared."""

    model: str
    num_ctx: int = 2048


@dataclass(frozen=True, slots=True)
class Embed:
    """Load the embedding model beforehand."""

    model: str = "minilm:f16"


Step: TypeAlias = Replay | Together | Load | Embed


@dataclass(frozen=True, slots=True)
class Scenario:
    """Steps on one fresh server."""

    name: str
    steps: Sequence[Step]
    setup: Setup = field(default_factory=Setup)


def _replays(folder: str, names: str) -> tuple[Replay, ...]:
    return tuple(Replay(f"{folder}/{name}") for name in names.split())


WARM = Load("smol:q4_1")

SCENARIOS: Sequence[Scenario] = (
    Scenario(
        "what the server is",
        _replays("base", "root root-head version version-head status unknown-path wrong-method-generate")
        + _replays("base", "wrong-method-tags foreign-host-header foreign-origin private-ip-host-header")
        + _replays("base", "lan-name-host-header"),
    ),
    Scenario(
        "what is stored",
        _replays("base", "tags tags-head show-smol-q4_1 show-name-key show-minilm-f16 show-smol-think-latest")
        + _replays("base", "show-smol-tools-latest show-missing show-no-model v1-models"),
    ),
    Scenario(
        "what is refused before loading",
        _replays("base", "bad-json no-body no-model-generate no-model-chat missing-generate missing-chat")
        + _replays("base", "keep-alive-garbage keep-alive-string-minus-1 wrong-option-type embedding-model-generate")
        + _replays("base", "embedding-model-chat suffix-not-supported think-not-supported think-weird")
        + _replays("base", "tools-not-supported ps-empty")
        + _replays("faults", "invalid-name no-tag"),
    ),
    Scenario(
        "loading, the prompt cache and plain answers",
        _replays("base", "load ps-loaded generate-warm generate-same-prompt-again generate-nonce-first prefill-long")
        + _replays("base", "prefill-long-again prefill-long-new-nonce prefill-long-nonce-last generate-unstreamed")
        + _replays("base", "generate-raw num-predict-1 num-predict-2 stop-string chat-warm")
        + _replays("base", "chat-unstreamed logprobs unknown-option unknown-field think-false-not-supported"),
    ),
    Scenario("answers whose words matter", (WARM, *_replays("base", "num-predict-0 multibyte"))),
    Scenario("a chat without messages loads", _replays("base", "chat-empty-messages")),
    Scenario("a cold model", _replays("base", "generate-cold")),
    Scenario("a cold model with a schema", _replays("base", "format-schema format-json format-bad")),
    Scenario("pictures for a model that cannot see", (WARM, *_replays("base", "images-not-supported"))),
    Scenario("a prompt too long, on a cold model", _replays("base", "prompt-too-long prompt-too-long-no-truncate")),
    Scenario("a chat too long", (WARM, *_replays("base", "chat-too-long-no-truncate"))),
    Scenario("a context that runs out", (WARM, *_replays("base", "context-runs-out-no-shift"))),
    Scenario(
        "another context loads anew",
        (
            Load("smol:q4_1", 4096),
            *_replays("base", "context-runs-out"),
            Embed(),
            Load("smol:q4_1", 256),
            *_replays("base", "ps-after-context-change num-ctx-back"),
        ),
    ),
    Scenario(
        "thinking and tools",
        (WARM, *_replays("base", "think-default think-default-chat think-false think-high tools tools-unstreamed")),
    ),
    Scenario(
        "embeddings",
        _replays("base", "embed-one embed-batch embed-dimensions embed-empty embed-too-long")
        + _replays("base", "embed-too-long-no-truncate embed-chat-model"),
    ),
    Scenario("several loaded", (Embed(), WARM, *_replays("base", "ps-several"))),
    Scenario(
        "how long a model stays",
        (
            Embed(),
            *_replays("base", "keep-alive-forever ps-forever keep-alive-10s ps-10s keep-alive-omitted-after"),
            *_replays("base", "ps-after-omitted unload unload-not-loaded unload-chat"),
        ),
    ),
    Scenario(
        "one slot, two clients",
        (
            Embed(),
            WARM,
            Together(
                (
                    Replay("base/queue-first"),
                    Replay("base/queue-second", after_s=0.02),
                    Replay("base/ps-busy", after_s=0.03),
                )
            ),
        ),
    ),
    Scenario(
        "two models at once",
        (WARM, Together((Replay("base/two-models-first"), Replay("base/two-models-second", after_s=0.01)))),
    ),
    Scenario(
        "a load that the client does not wait for",
        (
            Embed(),
            WARM,
            Replay("base/cancel-during-load", leave_after_s=0.05),
            *_replays("base", "ps-after-cancel-during-load load-after-cancelled-load"),
        ),
    ),
    Scenario(
        "a stream that the client leaves",
        (
            WARM,
            Replay("faults/cancelled-mid-stream", leave_after_s=0.15),
            *_replays("faults", "after-cancelled-mid-stream"),
            *_replays("base", "after-cancel"),
        ),
    ),
    Scenario(
        "a prefill that the client leaves",
        (
            WARM,
            Replay("faults/cancelled-in-prefill", leave_after_s=0.06),
            *_replays("faults", "after-cancelled-in-prefill"),
        ),
    ),
    Scenario("words that repeat", (WARM, *_replays("faults", "repeats repeats-words"))),
    Scenario(
        "a thought longer than the budget",
        (WARM, *_replays("faults", "think-until-the-budget-ends")),
        Setup(trouble="long thoughts"),
    ),
    Scenario("a tool call that is cut off", (WARM, *_replays("faults", "tool-call"))),
    Scenario(
        "a runner that dies",
        (WARM, *_replays("faults", "runner-killed-mid-stream after-runner-killed")),
        Setup(trouble="runner dies"),
    ),
    Scenario("damaged weights", _replays("faults", "damaged-model"), Setup(trouble="damaged weights")),
    Scenario("weights that are gone", _replays("faults", "missing-weights"), Setup(trouble="weights gone")),
    Scenario(
        "contexts that no model has",
        _replays("faults", "num-ctx-larger-than-model num-ctx-larger-ps num-ctx-negative num-ctx-zero num-gpu-99"),
        Setup(trouble="tiny context"),
    ),
    Scenario(
        "names",
        (WARM, *_replays("faults", "uppercase-name no-tag-latest alias alias-ps whitespace-prompt")),
    ),
    Scenario("the style of OpenAI", _replays("faults", "v1-chat-stream")),
    Scenario(
        "four slots",
        (
            WARM,
            *_replays("num-parallel-4", "par4-one-alone"),
            Together(
                _replays("num-parallel-4", " ".join(f"par4-of-four-{number}" for number in range(1, 5))), alike=True
            ),
            Together(
                _replays("num-parallel-4", " ".join(f"par4-of-six-{number}" for number in range(1, 7))), alike=True
            ),
            *_replays("num-parallel-4", "par4-ps"),
        ),
        Setup(num_parallel=4),
    ),
    Scenario(
        "room for one model",
        (
            *_replays("max-loaded-1", "one-loaded-a one-loaded-b-evicts-a one-loaded-ps"),
            Together(
                (
                    Replay("max-loaded-1/one-loaded-busy-first"),
                    Replay("max-loaded-1/one-loaded-busy-second", after_s=0.02),
                )
            ),
        ),
        Setup(max_loaded=1),
    ),
    Scenario(
        "a queue of one",
        (Together(tuple(Replay(f"max-queue-1/queue-full-{number}", after_s=number * 0.005) for number in range(5))),),
        Setup(max_loaded=1, max_queue=1),
    ),
)


def replayed(scenario: Scenario) -> list[str]:
    """Return the recordings that a scenario replays, in order."""
    names: list[str] = []
    for step in scenario.steps:
        match step:
            case Replay(name):
                names.append(name)
            case Together(replays):
                names.extend(replay.name for replay in replays)
            case Load() | Embed():
                pass
    return names
