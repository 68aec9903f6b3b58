"""The prompts of timed generations: one that asks for eight areas, and shorter ones."""

import random
from collections.abc import Mapping
from typing import Final

from .types import ContentKind

AREAS: Final[Mapping[str, str]] = {
    "Reasoning and analysis": "take apart a problem with several steps and show how the conclusion follows",
    "Code generation": "name the languages that you write best and give a short function in one of them",
    "Creative writing": "show your range with a few lines in a voice of your own",
    "Factual knowledge": "say which subjects you know well and state three facts that can be checked",
    "Language support": "list the human languages that you handle and greet the reader in four of them",
    "Context and memory": "explain how much text you can keep in view and what you do with long input",
    "Task types": "compare summarising, extracting, classifying and translating as you do them",
    "Limitations": "be frank about what you get wrong and when a person should not rely on you",
}

GOODS: Final = ("lamps", "ropes", "apples", "books", "bricks", "candles", "clocks", "kettles", "nails", "sails")
TOWNS: Final = ("Aldport", "Brenley", "Corvane", "Dunmere", "Eastholm", "Farrow", "Grimsby", "Hallow", "Inverley")

CONTENT: Final[Mapping[ContentKind, str]] = {
    "code": (
        "Write a Python module with type hints and docstrings that reads a list of deliveries from CSV, sorts and "
        "filters it, and prints it as a table. Answer with only the code."
    ),
    "json": (
        "Write a JSON array of 40 deliveries, each an object with the keys id, goods, town, weight_kg and date. Answer "
        "with only the JSON."
    ),
}
"""What to ask for to have another content than prose written: more of it than a trial is long."""

QUESTIONS: Final = ("Now say it in one sentence.", "And now in five words.")
"""How the conversation over a list of deliveries goes on."""
TURN_TOKENS: Final = 16
"""The most tokens of an answer in it."""
SHORT_ANSWER: Final = "Line by line."
"""Stands for the answer of a model that had only thought."""

VERSION: Final = 2
"""Goes up with every change of what is asked or how: figures of two workloads do not compare."""
FILLER_SEED: Final = 42
EMBEDDING_BATCHES: Final = (1, 32)
"""The numbers of texts in one request for vectors; the time of each is the median of so many rounds."""
EMBEDDING_ROUNDS: Final = 5


def prompt(nonce: str) -> str:
    """Return the prompt; the nonce stands in its very first tokens, so that no prompt cache can skip the rest."""
    areas = "\n".join(f"{number}. {area}: {task}." for number, (area, task) in enumerate(AREAS.items(), start=1))
    return (
        f"{nonce}: A new team is about to rely on you and wants to know what you can do. Write one full paragraph for "
        f"each of these eight areas, in this order, each with a concrete example:\n{areas}\n"
        "Begin with the first area at once, without a preface."
    )


def content_prompt(kind: ContentKind, nonce: str) -> str:
    """Return the prompt that has this kind of content written."""
    return f"{nonce}: {CONTENT[kind]}"


def image_prompt(nonce: str) -> str:
    """Return a question that can be asked with an image and without."""
    return f"{nonce}: Which colours do you see?"


def sentences(nonce: str, count: int) -> tuple[str, ...]:
    """Return so many short texts to embed, no two alike."""
    return tuple(
        f"{nonce} {number}: The ship {number} carries lamps and rope to the harbour." for number in range(count)
    )


def long_prompt(nonce: str, characters: int) -> str:
    """Return a prompt of about so many characters that ends in a question; its text does not repeat."""
    dice = random.Random(FILLER_SEED)  # noqa: S311  # filler, the same for every model
    lines: list[str] = [f"{nonce}: Read this list of deliveries and then say in three sentences how a ledger is kept."]
    length = len(lines[0])
    while length < characters:
        crate, count = dice.randrange(10_000), dice.randrange(2, 90)
        lines.append(f"Crate {crate} holds {count} {dice.choice(GOODS)} for {dice.choice(TOWNS)}.")
        length += len(lines[-1]) + 1
    return "\n".join(lines)
