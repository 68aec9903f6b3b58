"""Answerers that know nothing, and one that knows everything: what any grader must tell apart."""

import re
from collections.abc import Callable

from ollama_speedrun.quality.items import Answer, Item, ToolCall

Bot = Callable[[Item], tuple[Answer, ...]]


def _says(text: Callable[[Item], str]) -> Bot:
    """Return a bot that gives this text in one turn and calls nothing."""
    return lambda item: (Answer(content=text(item)),)


def _prompt(item: Item) -> str:
    return "\n".join(message.content for message in item.messages)


def _context(item: Item) -> str:
    """Return the longest paragraph of the prompt: the text that the question is about, or the list of options."""
    return max(_prompt(item).split("\n\n"), key=len)


def _last_sentence(item: Item) -> str:
    return re.split(r"(?<=[.?!])\s+", _prompt(item).strip())[-1]


def _options(item: Item) -> str:
    """Return all that the prompt may offer: quoted words, names, labels after `or`, and every number up to 50."""
    prompt = _prompt(item)
    quoted = re.findall(r'["“`]([^"”`\n]{1,40})["”`]', prompt)
    names = re.findall(r"\b[A-Z]\w+", prompt)
    choices = re.findall(r"(\w+)(?:,| or\b)", prompt)
    return ", ".join(dict.fromkeys((*quoted, *names, *choices, "yes", "no", *map(str, range(50)))))


def _first_name(item: Item) -> str:
    return next(iter(re.findall(r"(?<=[a-z,] )[A-Z][a-z]+", _prompt(item))), "Alice")


def _last_number(item: Item) -> str:
    return next(iter(reversed(re.findall(r"\d+", _prompt(item)))), "7")


def _calls_first_tool(item: Item) -> tuple[Answer, ...]:
    calls = tuple(ToolCall(name=tool.name, arguments="{}") for tool in item.tools[:1])
    return (Answer(content="" if calls else "done", tool_calls=calls), Answer(content="Done."))


def _calls_every_tool(item: Item) -> tuple[Answer, ...]:
    return (Answer(tool_calls=tuple(ToolCall(name=tool.name, arguments="{}") for tool in item.tools)),)


IGNORANT: dict[str, Bot] = {
    "empty": _says(lambda item: ""),  # noqa: ARG005 - what is asked does not matter to it
    "number": _says(lambda item: "42"),  # noqa: ARG005
    "zero": _says(lambda item: "0"),  # noqa: ARG005
    "yes": _says(lambda item: "yes"),  # noqa: ARG005
    "no": _says(lambda item: "No."),  # noqa: ARG005
    "name": _says(lambda item: "Paris"),  # noqa: ARG005
    "abstains": _says(lambda item: "I don't know."),  # noqa: ARG005
    "unknown": _says(lambda item: "unknown"),  # noqa: ARG005
    "hedges": _says(lambda item: "It cannot be determined, but the answer is probably 42 or Paris."),  # noqa: ARG005
    "code": _says(lambda item: "```python\ndef solve(x):\n    return x\n```"),  # noqa: ARG005
    "select": _says(lambda item: "SELECT 1;"),  # noqa: ARG005
    "pattern": _says(lambda item: ".*"),  # noqa: ARG005
    "object": _says(lambda item: "{}"),  # noqa: ARG005
    "lists": _says(lambda item: "one, two, three\nfour, five, six"),  # noqa: ARG005
    "filler": _says(lambda item: "As an AI language model, I am happy to help you with your question. " * 4),  # noqa: ARG005
    "echo": _says(_prompt),
    "last sentence": _says(_last_sentence),
    "context": _says(_context),
    "every option": _says(_options),
    "first name": _says(_first_name),
    "last number": _says(_last_number),
    "first tool": _calls_first_tool,
    "every tool": _calls_every_tool,
}


def oracle(item: Item) -> tuple[Answer, ...]:
    """Answer with what the item itself holds for right."""
    return item.oracle
