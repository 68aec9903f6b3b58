"""One key of each kind with answers to it, and hostile texts made of them: what fuzzing starts from."""

from ollama_speedrun.quality.draw import Draw
from ollama_speedrun.quality.items import (
    AbstainKey,
    Answer,
    ChoiceKey,
    Constraint,
    ConstraintsKey,
    Draft,
    ExactKey,
    FunctionKey,
    JsonKey,
    Key,
    Message,
    NumberKey,
    RegexKey,
    SqlKey,
    TextKey,
    ToolCall,
    ToolKey,
)

KEYS: dict[str, tuple[Key, str]] = {
    "number": (NumberKey("42"), "42"),
    "text": (TextKey(("Paris", "Paname"), reject=("Lyon", "Nice")), "Paris"),
    "choice": (ChoiceKey(("yes", "no", "not sure"), "yes"), "yes"),
    "exact": (ExactKey("[1, 2]\n[3]"), "[1, 2]\n[3]"),
    "json": (JsonKey('{"name": "Zoë", "age": 41, "tags": ["a", true, null, 1.5]}'), '{"name": "Zoë", "age": 41}'),
    "abstain": (AbstainKey(()), "The text does not say."),
    "abstain answerable": (AbstainKey(("Marta",)), "Marta"),
    "constraints": (
        ConstraintsKey(
            (Constraint(kind="include-words", words=("boat",)), Constraint(kind="word-count", low=3, high=9))
        ),
        "A boat is on the lake.",
    ),
    "function": (FunctionKey("f", (("[2]", "4"), ("[3]", "6"))), "```python\ndef f(x):\n    return x * 2\n```"),
    "regex": (RegexKey(match=("ab12", "x9"), reject=("ab", "")), "`[a-z]+[0-9]+`"),
    "tool": (ToolKey((ToolCall("f", '{"x": 1}'),)), '{"name": "f", "arguments": {"x": 1}}'),
    "sql": (SqlKey(("CREATE TABLE t (a); INSERT INTO t VALUES (1), (2);",), "SELECT a FROM t"), "SELECT a FROM t;"),
}

PIECES = (
    "<think>", "</think>", "<|channel|>final<|message|>", "<|channel|>analysis<|message|>", "<|end|>", "</s>",
    "**", "*", "__", "_", "`", "```", "```python\n", "\n", "\n\n", " ", "\t", "$", "$$", "\\(", "\\)",
    "\\boxed{", "\\frac{1}{2}", "\\frac{", "}", "{", "[", "]", '"', "'", "’", "“", "(", ")", "<answer>",
    "</answer>", "Answer: ", "The answer is ", " = ", " is ", "not ", " or ", "#### ", "# ", "- ", "> ", "1. ",
    "4", "42", "-", "−", "1,234", "1e9", "½", "²", "٤٢", "४२", "４２", "\u0301", "\u200b", "\x00", "\x1b[2J",
    "\ud800", "\U0010ffff", "é", "ß", "İ", "ǅ", "星期一", "ไทย", "🙂", "…", ".", ",", ":", ";", "!", "?",
    "I don't know", "but", "probably", "yes", "no", "Paris", "Lyon", "null", "true", "1.5", "9" * 400,
    "a" * 300, "SELECT ", "def f(x):\n    return ", "(a+)+$", "import os", "|", "\\", "\\d", "(?=", "[^",
)  # fmt: skip


def draft(key: Key) -> Draft:
    return Draft(messages=(Message(role="user", content="?"),), key=key, oracle=(Answer(),), max_tokens=32)


def fuzzed(draw: Draw, right: str) -> str:
    """Return a right answer cut up, repeated and mixed with markup, control characters and noise."""
    parts = [draw.choice(PIECES) for _ in range(draw.integer(0, 12))]
    for _ in range(draw.integer(0, 3)):
        start = draw.below(len(right) + 1)
        parts.insert(draw.below(len(parts) + 1), right[start : start + draw.integer(1, 200)])
    if draw.chance(0.05):
        parts.append("".join(chr(draw.below(0x110000)) for _ in range(20)))
    if draw.chance(0.02):
        parts *= draw.integer(2, 40)
    return "".join(parts)
