"""Raw records of one streamed generation, as tests want them."""

from typing import Any

import msgspec

from ollama_speedrun.benchmark.types import Observations, Residency, StreamRecord
from ollama_speedrun.inventory.types import Model

MS = 1_000_000
GB = 1_000_000_000

PLAIN = StreamRecord(
    first_content_ns=200 * MS,
    first_answer_ns=200 * MS,
    last_content_ns=1200 * MS,
    ended_ns=1210 * MS,
    content_chunks=101,
    answer_characters=500,
    thinking_characters=0,
    answer_tail="and so it was, as far as anyone could tell.",
    done_reason="length",
    total_duration_ns=1208 * MS,
    load_duration_ns=20 * MS,
    prompt_eval_count=300,
    prompt_eval_cached_count=None,
    prompt_eval_duration_ns=150 * MS,
    eval_count=101,
    eval_duration_ns=1000 * MS,
)
"""100 tokens/s after a TTFT of 0.2 s, 300 prompt tokens read at 2000 tokens/s."""


def record(**changes: Any) -> StreamRecord:  # any field of the record
    return msgspec.structs.replace(PLAIN, **changes)


def observations(**changes: Any) -> Observations:
    plain = Observations(
        warm_up=record(prompt_eval_count=12, eval_count=16),
        interview=PLAIN,
        trials=(PLAIN, PLAIN, PLAIN),
        residency=Residency(2 * GB, 2 * GB, 4096),
        others=(),
        was_loaded=False,
        token_budget=101,
        prompt_characters=1100,
    )
    return msgspec.structs.replace(plain, **changes)


def timed(**changes: Any) -> dict[str, Any]:
    """Return the observations' records with these changes in the interview and in each trial."""
    changed = record(**changes)
    return {"interview": changed, "trials": (changed, changed, changed)}


def model(name: str = "m:1b", **changes: Any) -> Model:  # any field of the model
    plain = Model(
        host="http://10.0.0.1:11434",
        name=name,
        digest="d" * 64,
        size_bytes=GB,
        parameter_size="1.2B",
        quantization="Q4_K_M",
        family="llama",
        capabilities=("completion",),
        context_length=8192,
        kind="chat",
    )
    return msgspec.structs.replace(plain, **changes)
