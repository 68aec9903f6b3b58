"""What grading costs, and that no text breaks it: `python benchmarks/graders.py [--count 100000] [--sandboxed 2000]`.

Each grader gets mutated answers: right ones cut up, repeated and mixed with markup, control characters and noise
(`tests/answers.py`). A failure is an exception, a score other than 0 or 1, a strict score above the lenient one, or a
text in the grade that is not bounded or not safe for a terminal. The rate is of one process on one core, without the
making of the texts. The graders that run what a model wrote start a worker process for each text that holds code, so
they get fewer texts. The last line grades an oracle's answers to every family of the bank.
"""

import argparse
import sys
import time
from pathlib import Path

sys.path[:0] = [str(Path(__file__).resolve().parent.parent / "tests")]

from answers import KEYS, draft, fuzzed  # noqa: E402 - they live with the tests
from ollama_speedrun.quality import bank, sandbox  # noqa: E402
from ollama_speedrun.quality.draw import Draw  # noqa: E402
from ollama_speedrun.quality.extract import SHOWN_CHARS  # noqa: E402
from ollama_speedrun.quality.grading import grade  # noqa: E402
from ollama_speedrun.quality.items import LEVELS, Answer, FunctionKey, Grade, RegexKey  # noqa: E402

BATCH = 1000


def is_sound(result: Grade) -> bool:
    said = result.extracted + result.why
    bounded = max(len(result.extracted), len(result.why)) <= SHOWN_CHARS
    return result.score in (0.0, 1.0) and result.strict <= result.score and bounded and "\x1b" not in said


def fuzz(kind: str, count: int, box: sandbox.Sandbox | None) -> tuple[float, int, float]:
    """Return seconds, failures and the longest single time in seconds."""
    key, right = KEYS[kind]
    item, draw = draft(key), Draw(f"bench/{kind}")
    seconds = longest = 0.0
    failures = done = 0
    while done < count:
        texts = [fuzzed(draw, right) for _ in range(min(BATCH, count - done))]
        done += len(texts)
        for text in texts:
            started = time.perf_counter()
            try:
                sound = is_sound(grade(item, [Answer(content=text)], box))
            except Exception as error:  # noqa: BLE001 - what is counted here is any exception at all
                print(f"  {kind}: {type(error).__name__}: {error!s:.80} on {text!r:.200}")
                sound = False
            took = time.perf_counter() - started
            failures += not sound
            seconds += took
            longest = max(longest, took)
    return seconds, failures, longest


def oracle_misses(seeds: range, box: sandbox.Sandbox | None) -> tuple[int, int]:
    """Return how many items were graded and how many answers of the oracle were not fully right."""
    asked = [
        bank.item(family.area, family.name, level, seed)
        for family in bank.FAMILIES
        for level in LEVELS
        for seed in seeds
    ]
    grades = [grade(item, item.oracle, box) for item in asked]
    return len(grades), sum((found.score, found.strict) != (1.0, 1.0) for found in grades if found.status == "graded")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--count", type=int, default=100_000, help="texts for each grader that runs no code")
    parser.add_argument("--sandboxed", type=int, default=2000, help="texts for each grader that runs code")
    options = parser.parse_args()
    box = sandbox.Sandbox() if sandbox.available() else None
    broken = 0
    if box is not None:
        box.__enter__()
    try:
        print(f"{'grader':<20}{'texts':>9}{'per second':>12}{'longest ms':>12}{'failures':>10}")
        for kind, (key, _) in KEYS.items():
            count = options.sandboxed if isinstance(key, FunctionKey | RegexKey) else options.count
            seconds, failures, longest = fuzz(kind, count, box)
            broken += failures
            print(f"{kind:<20}{count:>9}{count / seconds:>12.0f}{longest * 1000:>12.1f}{failures:>10}", flush=True)
        graded, missed = oracle_misses(range(4), box)
        broken += missed
        print(f"oracle: {graded} items of {len(bank.FAMILIES)} families, {missed} not fully right")
    finally:
        if box is not None:
            box.__exit__(None, None, None)
    return int(broken > 0)


if __name__ == "__main__":
    sys.exit(main())
