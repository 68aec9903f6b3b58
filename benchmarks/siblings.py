"""Whether next tokens tell how far quants are from their base: real models on the embedded engine, and true distances.

real: SmolLM2-135M as F16, Q8_0, Q4_1 and Q4_0, and a copy of it cut to 24 of 30 layers, each compared with F16 by the
token after each of the same texts. F16, Q8_0 and Q4_0 are made out of the Q4_1 file, so the first three are near twins.
Expected: F16, Q8_0 and Q4_1 hardly part, Q4_0 stands behind them, the cut model far behind.
Baseline: the share of equal texts in answers of 16 tokens to the same texts, which one early difference decides.
time: seconds a model takes, beside those of one interview of 512 tokens.

Usage: python benchmarks/siblings.py [--prompts 200]
"""

import argparse
import asyncio
import time
from collections.abc import Sequence
from contextlib import aclosing

from ollama_speedrun.demo import model_files
from ollama_speedrun.demo.engine import GenerateJob, Piece
from ollama_speedrun.demo.llama import LlamaEngine, LlamaRunner
from ollama_speedrun.quality.next_token_study import LISTED
from ollama_speedrun.quality.next_tokens import (
    Chances,
    NextTokens,
    TokenChance,
    agreement,
    divergence_margin_nats,
    half_width,
)
from ollama_speedrun.quality.openings import VERSION, openings

MODELS = {
    "F16": model_files.INSTRUCT_FP16,
    "Q8_0": model_files.INSTRUCT_Q8_0,
    "Q4_1": model_files.INSTRUCT_Q4_1,
    "Q4_0": model_files.INSTRUCT_Q4_0,
    "cut": model_files.CUT_Q4_0,
}
OPTIONS = {"temperature": 0, "top_k": 1, "repeat_penalty": 1, "seed": 42}
ANSWER_TOKENS = 16


async def said(runner: LlamaRunner, text: str, tokens: int) -> tuple[Chances, str]:
    """Return the listed next tokens after a text, and the answer."""
    job = GenerateJob(raw_prompt=text, options={**OPTIONS, "num_predict": tokens}, top_logprobs=LISTED)
    listed: Chances = ()
    answer = ""
    async with aclosing(runner.generate(job)) as pieces:
        async for piece in pieces:
            if isinstance(piece, Piece):
                answer += piece.text
                if not listed and piece.logprobs:
                    tops = piece.logprobs[0]["top_logprobs"]
                    assert isinstance(tops, list)
                    listed = tuple(TokenChance(one["token"], one["logprob"]) for one in tops)
    return tuple(sorted(listed, key=lambda one: -one.logprob)), answer


async def of_model(
    name: str, spec: model_files.ModelSpec, texts: Sequence[str]
) -> tuple[NextTokens, Sequence[str], float]:
    files = await asyncio.to_thread(model_files.prepare, [spec], model_files.cache_dir(), lambda _: None)
    engine = LlamaEngine(files)
    runner = await engine.load(engine.models()[0], context_length=4096, slots=1)
    try:
        began = time.perf_counter()
        answers = tuple([(await said(runner, text, 1))[0] for text in texts])
        took_s = time.perf_counter() - began
        whole = [(await said(runner, text, ANSWER_TOKENS))[1] for text in texts]
    finally:
        await runner.close()
    found = NextTokens(host="demo", model=name, digest=name, base="smollm2", version=VERSION, answers=answers)
    return found, whole, took_s


async def main(prompts: int) -> None:
    texts = openings(prompts)
    measured = {name: await of_model(name, spec, texts) for name, spec in MODELS.items()}
    reference, reference_answers, _ = measured["F16"]
    print(f"{len(texts)} texts, each model beside F16")
    for name, (found, answers, took_s) in measured.items():
        if name == "F16":
            print(f"  {name:5} {took_s:5.1f} s")
            continue
        near = agreement(reference, found)
        assert near is not None
        equal = sum(one == two for one, two in zip(reference_answers, answers, strict=True)) / len(texts)
        print(
            f"  {name:5} {took_s:5.1f} s  same first choice {near.same:4.0%} ±{half_width(near):.0%}  "
            f"KL {near.divergence_nats:.4f} ±{divergence_margin_nats(near):.4f}  "
            f"(baseline: {equal:.0%} of the answers of {ANSWER_TOKENS} tokens equal)"
        )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--prompts", type=int, default=200)
    asyncio.run(main(parser.parse_args().prompts))
