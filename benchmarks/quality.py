"""Whether graded answers put models into their true order: real models of the demo, and a scripted fleet.

real: SmolLM2-135M as Q8_0, F16 and Q4_1, and a copy of it cut to 24 of 30 layers, on the embedded engine. Each model is
asked the same items once at temperature 0, since greedy answers repeat; what was answered is kept in build/. Each seed
then draws the items of one run out of them: the subset is the seed. Baseline: the tokens that each model writes in
answer to the interview's prompt, which the first version of this program took for quality (`classic`).
repeat: the same 40 items asked twice, the model loaded afresh in between: the share of equal grades.
fleet: 40 students of the fake with true abilities for each area, in five tiers. Spearman's rank correlation of quality
and truth, and how far the pick of each tier is from the tier's best, with 25, 80 and 400 items. Baseline: one number of
right answers over all items, without correction for guessing and without areas. The first line is the program's own
way, the race of the profile standard; the others give every model the same number of items.
tokens: the output tokens of the profile quick, by model.

Usage: python benchmarks/quality.py [real] [repeat] [fleet] [tokens] [--items 160] [--seeds 20]; all parts by default
"""

import argparse
import asyncio
import json
import random
import statistics
import sys
import time
from collections.abc import Sequence
from contextlib import aclosing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))


from fake_ollama.script import Student
from fake_ollama.student import knows
from ollama_speedrun.benchmark import workload
from ollama_speedrun.benchmark.plan import PROFILES, QUICK_TOKENS, Profile
from ollama_speedrun.demo import model_files
from ollama_speedrun.demo.engine import GenerateJob, Message, Piece
from ollama_speedrun.demo.llama import LlamaEngine
from ollama_speedrun.quality import bank, grading
from ollama_speedrun.quality.items import Answer, Grade, Item, Need
from ollama_speedrun.quality.mixes import SHARES, Mix
from ollama_speedrun.quality.race import HostState, advance, next_batch, open_race
from ollama_speedrun.quality.race_types import Arm, Graded, Rules
from ollama_speedrun.quality.records import record, score
from ollama_speedrun.quality.rounds import is_asked
from ollama_speedrun.quality.sandbox import Sandbox
from ollama_speedrun.quality.verdicts import CertifiedBest, LikelyBest, Tied, Undistinguished, verdict

BUILD = Path(__file__).parents[1] / "build" / "quality.json"
REAL = {
    "Q8_0": model_files.INSTRUCT_Q8_0,
    "F16": model_files.INSTRUCT_FP16,
    "Q4_1": model_files.INSTRUCT_Q4_1,
    "cut": model_files.CUT_Q4_0,
}
SEED = 1
PER_RUN = 80
FLEET_SEEDS = 100
TIERS = ("<2", "2-4", "4-8", "8-16", "16+")
MIX_OF = dict(zip(TIERS, (Mix.EASY, Mix.MIDDLE, Mix.MIDDLE, Mix.HARD, Mix.HARD), strict=True))
CHAT = bank.Selection(without=frozenset({Need.TOOLS, Need.VISION}))
OPTIONS = {"temperature": 0, "top_k": 1, "repeat_penalty": 1, "seed": 42}


async def answers_of(spec: model_files.ModelSpec, items: Sequence[Item], room: Sandbox) -> list[tuple[float, int]]:
    """Return the credit and the output tokens of each item, asked of a model that is loaded for it."""
    files = await asyncio.to_thread(model_files.prepare, [spec], model_files.cache_dir(), lambda _: None)
    engine = LlamaEngine(files)
    runner = await engine.load(engine.models()[0], context_length=4096, slots=1)
    try:
        found = []
        for item in items:
            messages = tuple(Message(str(turn.role), turn.content) for turn in item.messages)
            job = GenerateJob(messages=messages, options={**OPTIONS, "num_predict": item.max_tokens})
            text, reason, tokens = "", None, 0
            async with aclosing(runner.generate(job)) as pieces:
                async for piece in pieces:
                    if isinstance(piece, Piece):
                        text += piece.text
                    else:
                        reason, tokens = piece.done_reason, piece.eval_count or 0
            grade = grading.grade(item, [Answer(content=text, done_reason=reason)], sandbox=room)
            found.append((grade.score, tokens))
        return found
    finally:
        await runner.close()


async def interview_tokens(spec: model_files.ModelSpec) -> int:
    """Return how much a model says to the interview's prompt: what `classic` takes for quality."""
    files = await asyncio.to_thread(model_files.prepare, [spec], model_files.cache_dir(), lambda _: None)
    engine = LlamaEngine(files)
    runner = await engine.load(engine.models()[0], context_length=4096, slots=1)
    messages = (Message("user", workload.prompt("1")),)
    job = GenerateJob(messages=messages, options={**OPTIONS, "num_predict": 512})
    try:
        return sum([isinstance(piece, Piece) async for piece in runner.generate(job)])
    finally:
        await runner.close()


def points(items: Sequence[Item], earned: Sequence[float], mix: Mix) -> float:
    """Return the quality, 0 to 100, as a run works it out."""
    graded = [
        record(item, (), Grade(score=credit, strict=credit, extracted="", why=""))
        for item, credit in zip(items, earned, strict=True)
    ]
    found = score(graded, mix=str(mix))
    return 0.0 if found is None else found.score


def kept() -> dict[str, dict[str, list[float]]]:
    return json.loads(BUILD.read_text()) if BUILD.exists() else {}


async def real(count: int, seeds: int) -> None:
    items = bank.mix(Mix.BASIC, SEED, CHAT, count)
    known = kept()
    with Sandbox() as room:
        for name, spec in REAL.items():
            mine = known.setdefault(name, {})
            for item in items:
                if item.name not in mine:
                    mine[item.name] = []
            missing = [item for item in items if not mine[item.name]]
            if missing:
                for item, (credit, tokens) in zip(missing, await answers_of(spec, missing, room), strict=True):
                    mine[item.name] = [credit, tokens]
                BUILD.parent.mkdir(exist_ok=True)
                BUILD.write_text(json.dumps(known))
    print(f"\nreal: {len(items)} items of the mix basic asked of each model, {seeds} seeds of {PER_RUN} items each")
    rows = {name: [known[name][item.name] for item in items] for name in REAL}
    said = {name: await interview_tokens(spec) for name, spec in REAL.items()}
    for name, row in rows.items():
        earned = [credit for credit, _ in row]
        length = statistics.fmean(tokens for _, tokens in row)
        share = 100 * statistics.fmean(earned)
        print(
            f"  {name:5} {share:5.1f} % right, quality {points(items, earned, Mix.BASIC):5.1f}, "
            f"{length:5.1f} tokens/item; baseline: {said[name]} tokens of interview"
        )
    for size in (25, PER_RUN):
        above, above_by_share = dict.fromkeys(REAL, 0), dict.fromkeys(REAL, 0)
        for seed in range(seeds):
            places = random.Random(seed).sample(range(len(items)), min(size, len(items)))
            of = {
                name: points([items[place] for place in places], [rows[name][place][0] for place in places], Mix.BASIC)
                for name in REAL
            }
            right = {name: sum(row[place][0] for place in places) for name, row in rows.items()}
            for name in REAL:
                above[name] += of[name] > of["cut"]
                above_by_share[name] += right[name] > right["cut"]
        baseline = ", ".join(f"{name} {above_by_share[name]}" for name in REAL if name != "cut")
        shown = ", ".join(f"{name} {above[name]} of {seeds}" for name in REAL if name != "cut")
        print(f"  {size} items: above the cut: {shown} (baseline, by the share of right answers: {baseline})")


async def repeat(count: int = 40) -> None:
    items = bank.mix(Mix.BASIC, SEED + 1, CHAT, count)
    with Sandbox() as room:
        first, second = [await answers_of(model_files.INSTRUCT_Q4_1, items, room) for _ in range(2)]
    same = sum(one[0] == other[0] for one, other in zip(first, second, strict=True))
    right = sum(credit for credit, _ in first)
    print(f"\nrepeat: {same} of {len(items)} grades equal in two runs of Q4_1 ({right:.0f} right in the first)")


def tokens() -> None:
    quick = PROFILES[Profile.QUICK]
    trials, budget = quick.most_trials * quick.trial_tokens, quick.answer_tokens or 0
    print(f"\ntokens of quick: interview {quick.num_predict}, trials {trials}, items {budget}; at most {QUICK_TOKENS}")
    limit = quick.longest_answer_tokens or 0
    of_name = {item.name: item for item in bank.mix(Mix.BASIC, SEED, CHAT)}
    for name, mine in kept().items():
        fitting = [row[1] for key, row in mine.items() if row and key in of_name and of_name[key].most_tokens <= limit]
        if fitting:
            mean = statistics.fmean(fitting)
            print(f"  {name:5} {mean:5.1f} tokens/item, {25 * mean:4.0f} for 25 items without the bound")


def students(seed: int) -> dict[str, list[Student]]:
    """Return 8 models a tier: larger tiers abler on average, each model with likings of its own for the areas."""
    dice = random.Random(seed)
    found = {}
    for place, tier in enumerate(TIERS):
        found[tier] = [
            Student(
                key=f"{seed}/{tier}/{number}",
                ability=(middle := dice.gauss(1.0 * (place - 2), 1.0)),
                abilities={str(area): middle + dice.gauss(0, 0.7) for area in SHARES},
            )
            for number in range(8)
        ]
    return found


def ranks(values: Sequence[float]) -> list[float]:
    """Return the rank of each value, ties sharing the mean of theirs."""
    ordered = sorted(values)
    return [ordered.index(value) + (ordered.count(value) - 1) / 2 for value in values]


def raced(rows: Sequence[Sequence[float]]) -> tuple[int, list[int]]:
    """Race models as the profile standard does; returns the pick and how many items each was asked."""
    race = open_race([Arm(name=str(number), host="h") for number in range(len(rows))], len(rows[0]), Rules())
    while (batch := next_batch(race, [HostState("h")])) is not None:
        number = int(batch.arm)
        for place in range(batch.first, batch.stop):
            race = advance(race, Graded(batch.arm, place, rows[number][place]))
            if not is_asked(race, number):
                break
    match verdict(race):
        case CertifiedBest(pick=name) | LikelyBest(pick=name):
            pick = name
        case Tied(picks=names) | Undistinguished(remaining=names):
            pick = names[0]
        case None:
            raise AssertionError("no model leaves on its own")
    return int(pick), [lane.asked for lane in race.lanes]


def fleet(seeds: int) -> None:
    print(f"\nfleet: 40 models in 5 tiers, {seeds} seeds; truth: the quality on all 400 items of the tier's mix")
    results: dict[tuple[int, str], list[float]] = {}
    near: dict[tuple[int, str], list[bool]] = {}
    by_race: list[float] = []
    near_by_race: list[bool] = []
    asked_in_all: list[int] = []
    banks = {mix: bank.mix(mix, SEED, CHAT) for mix in set(MIX_OF.values())}
    for seed in range(seeds):
        dice = random.Random(seed)
        fleet_of = students(seed)
        truth: dict[str, float] = {}
        seen: dict[tuple[int, str], dict[str, float]] = {}
        after: dict[str, float] = {}
        orders = {mix: dice.sample(items, len(items)) for mix, items in banks.items()}
        for tier, models in fleet_of.items():
            order, mix = orders[MIX_OF[tier]], MIX_OF[tier]
            rows = [[float(knows(model, item)) for item in order] for model in models]
            winner, asked = raced(rows)
            asked_in_all.extend(asked)
            for model, right, count in zip(models, rows, asked, strict=True):
                after[model.key] = points(order[:count], right[:count], mix)
                truth[model.key] = points(order, right, mix)
                for size in (25, 80, 400):
                    seen.setdefault((size, "quality"), {})[model.key] = points(order[:size], right[:size], mix)
                    seen.setdefault((size, "share right"), {})[model.key] = 100 * statistics.fmean(right[:size])
            best = max(truth[model.key] for model in models)
            near_by_race.append(best - truth[models[winner].key] <= 3)
        keys = list(truth)
        by_race.append(statistics.correlation(ranks([truth[key] for key in keys]), ranks([after[key] for key in keys])))
        for kind, scores in seen.items():
            rho = statistics.correlation(ranks([truth[key] for key in keys]), ranks([scores[key] for key in keys]))
            results.setdefault(kind, []).append(rho)
            for models in fleet_of.values():
                pick = max(models, key=lambda model: scores[model.key])
                best = max(truth[model.key] for model in models)
                near.setdefault(kind, []).append(best - truth[pick.key] <= 3)
    print(
        f"  by the race (standard, {statistics.fmean(asked_in_all):.0f} items a model): "
        f"Spearman {statistics.fmean(by_race):.3f} (least {min(by_race):.3f}), "
        f"pick within 3 points of its tier's best {100 * statistics.fmean(near_by_race):.1f} % of {len(near_by_race)}"
    )
    for (size, name), rhos in sorted(results.items()):
        share = statistics.fmean(near[size, name])
        print(
            f"  {size:3} items, {name:11}: Spearman {statistics.fmean(rhos):.3f} (least {min(rhos):.3f}), "
            f"pick within 3 points of its tier's best {100 * share:.1f} %"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("parts", nargs="*", choices=["real", "repeat", "fleet", "tokens", []])
    parser.add_argument("--items", type=int, default=160)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--fleets", type=int, default=FLEET_SEEDS)
    chosen = parser.parse_args()
    parts = chosen.parts or ["real", "repeat", "fleet", "tokens"]
    began = time.process_time()
    if "real" in parts:
        asyncio.run(real(min(400, max(PER_RUN, chosen.items)), min(100, chosen.seeds)))
    if "repeat" in parts:
        asyncio.run(repeat())
    if "fleet" in parts:
        fleet(min(500, chosen.fleets))
    if "tokens" in parts:
        tokens()
    print(f"\n{time.process_time() - began:.0f} CPU seconds in this process")


if __name__ == "__main__":
    main()
