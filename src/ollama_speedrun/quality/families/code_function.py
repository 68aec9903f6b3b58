"""Write a function from its description in words and two examples; hidden random inputs decide.

Level 1 is one step on a list of numbers, level 2 two, level 3 three with an order, level 4 five of which some look at
neighbours. Level 5 is a small machine instead: five commands on a list of numbers, each with an exception, an undo that
skips other undos, and two rules that hold after each command. The rules are drawn, so no known program fits, and each
hidden input runs 12 to 20 commands: one rule misread or applied in the wrong order shows in the result.
"""

import json
from collections.abc import Callable, Sequence
from typing import NamedTuple

from ..draw import Draw
from ..items import Area, Draft, Family, FunctionKey, Need
from .code_machine import machine
from .drafting import drawn, question

Numbers = list[int]

_TEMPLATES = (
    "Write a Python function `{name}({argument})`. {body} Examples: {examples}. Answer with only the code.",
    "Write Python code for `{name}({argument})`. {body} For example, {examples}. Reply with the code only.",
    "Implement `{name}({argument})` in Python. {body} Examples: {examples}. Give only the code.",
)
_NAMES = ("solve", "work", "process", "transform", "compute", "apply", "convert", "handle")
_CASES = 12


class Step(NamedTuple):
    """A step on a list: in words, as lines of Python on `xs`, and as a function."""

    words: str
    code: str
    run: Callable[[Numbers], Numbers]


def _above(draw: Draw) -> Step:
    k = draw.integer(-5, 12)
    return Step(
        f"keep only the numbers greater than {k}", f"xs = [x for x in xs if x > {k}]", lambda v: [n for n in v if n > k]
    )


def _divisible(draw: Draw) -> Step:
    k = draw.integer(2, 5)
    return Step(
        f"remove the numbers divisible by {k}",
        f"xs = [x for x in xs if x % {k}]",
        lambda v: [n for n in v if n % k != 0],
    )


def _places(draw: Draw) -> Step:
    k, r = draw.integer(2, 3), draw.integer(0, 1)
    return Step(
        f"keep only the numbers whose position (counting from 0) leaves remainder {r} when divided by {k}",
        f"xs = [x for i, x in enumerate(xs) if i % {k} == {r}]",
        lambda v: v[r::k],
    )


def _scale(draw: Draw) -> Step:
    a, b = draw.integer(2, 6), draw.integer(1, 20)
    return Step(
        f"multiply each number by {a} and add {b}",
        f"xs = [x * {a} + {b} for x in xs]",
        lambda v: [a * n + b for n in v],
    )


def _remainder(draw: Draw) -> Step:
    k = draw.integer(5, 13)
    return Step(
        f"replace each number by its remainder when divided by {k} (as Python's % gives it)",
        f"xs = [x % {k} for x in xs]",
        lambda v: [n % k for n in v],
    )


def _odd_even(draw: Draw) -> Step:
    a, b = draw.integer(1, 9), draw.integer(2, 4)
    return Step(
        f"add {a} to each even number and multiply each odd number by {b}",
        f"xs = [x * {b} if x % 2 else x + {a} for x in xs]",
        lambda v: [n + a if n % 2 == 0 else n * b for n in v],
    )


def _rotate(draw: Draw) -> Step:
    k = draw.integer(1, 3)
    return Step(
        f"move the first {k} numbers to the end (all of them if there are fewer)"
        if k > 1
        else "move the first number to the end",
        f"xs = xs[{k}:] + xs[:{k}]",
        lambda v: [*v[k:], *v[:k]],
    )


def _order(draw: Draw) -> Step:
    k = draw.integer(3, 7)
    if draw.chance(0.5):
        return Step(
            f"sort by the remainder when divided by {k}, and numbers with the same remainder from largest to smallest",
            f"xs = sorted(xs, key=lambda x: (x % {k}, -x))",
            lambda v: [n for r in range(k) for n in sorted(v, reverse=True) if n % k == r],
        )
    return Step(
        f"sort by the distance from {k}, and at equal distance the smaller number first",
        f"xs = sorted(xs, key=lambda x: (abs(x - {k}), x))",
        lambda v: sorted(sorted(v), key=lambda n: abs(n - k)),
    )


def _distinct(draw: Draw) -> Step:  # noqa: ARG001 - drawn like the others
    return Step("keep only the first of equal numbers", "xs = list(dict.fromkeys(xs))", _without_repeats)


def _without_repeats(values: Numbers) -> Numbers:
    kept: Numbers = []
    for number in values:
        if number not in kept:
            kept.append(number)
    return kept


def _neighbours(draw: Draw) -> Step:
    if draw.chance(0.5):
        return Step(
            "replace the list by the differences of neighbours (each number minus the one before it; empty "
            "for fewer than two numbers)",
            "xs = [b - a for a, b in zip(xs, xs[1:])]",
            lambda v: [v[i] - v[i - 1] for i in range(1, len(v))],
        )
    k = draw.integer(20, 60)
    return Step(
        "replace each number by the sum of all numbers up to and including it, but start again from 0 after a sum "
        f"above {k}",
        f"out = []\n    total = 0\n    for x in xs:\n        total += x\n        out.append(total)\n"
        f"        if total > {k}:\n            total = 0\n    xs = out",
        lambda v: _sums(v, k),
    )


def _sums(values: Numbers, most: int) -> Numbers:
    sums: Numbers = []
    for number in values:
        before = sums[-1] if sums and sums[-1] <= most else 0
        sums.append(before + number)
    return sums


def _drop_large(draw: Draw) -> Step:
    k = draw.integer(20, 90)
    return Step(
        f"while the sum of the list is greater than {k}, remove its largest number (the first of equal ones)",
        f"while sum(xs) > {k}:\n        xs.remove(max(xs))",
        lambda v: _dropped(v, k),
    )


def _dropped(values: Numbers, most: int) -> Numbers:
    left = list(values)
    while left and sum(left) > most:
        place = left.index(max(left))
        left = left[:place] + left[place + 1 :]
    return left


def _largest(values: Numbers) -> int:
    return max(values) if values else 0


_SIMPLE = (_above, _divisible, _scale, _remainder, _odd_even, _places)
_ORDERS = (_order, _distinct, _rotate)
_CLOSE = (_neighbours, _drop_large)
_RESULTS: tuple[tuple[str, str, Callable[[Numbers], object]], ...] = (
    ("Return the resulting list", "return xs", list),
    ("Return the sum of what is left", "return sum(xs)", sum),
    ("Return how many numbers are left", "return len(xs)", len),
    (
        "Return the largest number that is left, or 0 if there is none",
        "return max(xs, default=0)",
        _largest,
    ),
)


def _steps(draw: Draw, level: int) -> list[Step]:
    match level:
        case 1:
            chosen = [draw.choice(_SIMPLE)]
        case 2:
            chosen = list(draw.sample(_SIMPLE, 2))
        case 3:
            chosen = [*draw.sample(_SIMPLE, 2), draw.choice(_ORDERS)]
        case _:
            chosen = list(draw.shuffled((*draw.sample(_SIMPLE, 2), draw.choice(_ORDERS), *_CLOSE)))
    return [make(draw) for make in chosen]


def _pipeline(draw: Draw, level: int) -> Draft | None:
    steps = _steps(draw, level)
    said, code, result = draw.choice(_RESULTS[:3] if level < 3 else _RESULTS)

    def answer(numbers: Numbers) -> object:
        for step in steps:
            numbers = step.run(list(numbers))
        return result(numbers)

    inputs = [[draw.integer(-9, 30) for _ in range(draw.integer(5, 9))] for _ in range(_CASES)]
    inputs += [[], [draw.integer(-9, 30)]]
    cases = [(numbers, answer(numbers)) for numbers in inputs]
    if len({json.dumps(value) for _, value in cases}) < 5:
        return None
    name = draw.choice(_NAMES)
    todo = [f"({place}) {step.words}" for place, step in enumerate(steps, start=1)]
    words = "; ".join(todo) if len(todo) > 1 else steps[0].words
    body = f"It gets a list of integers. {'Do this in order: ' if len(todo) > 1 else 'First, '}{words}. {said}."
    lines = "\n    ".join(step.code for step in steps)
    oracle = f"def {name}(xs):\n    {lines}\n    {code}"
    return _drafted(draw, (name, "xs"), body, cases, oracle)


def _machine(draw: Draw) -> Draft | None:
    made = machine(draw)
    inputs = [made.commands(draw, draw.integer(12, 20)) for _ in range(_CASES)]
    examples = [made.commands(draw, 4), made.commands(draw, 5)]
    cases = [(commands, made.run(commands)) for commands in (*examples, *inputs, [])]
    if len({json.dumps(value) for _, value in cases}) < 8:
        return None
    name = draw.choice(_NAMES)
    return _drafted(draw, (name, "commands"), made.words, cases, made.code(name))


def _drafted(
    draw: Draw, signature: tuple[str, str], body: str, cases: Sequence[tuple[object, object]], oracle: str
) -> Draft:
    """Return the draft whose first two cases are the examples in the prompt, and whose others are hidden."""
    name, argument = signature
    examples = " and ".join(
        f"`{name}({json.dumps(given)})` returns `{json.dumps(value)}`" for given, value in cases[:2]
    )
    prompt = draw.choice(_TEMPLATES).format(name=name, argument=argument, body=body, examples=examples)
    key = FunctionKey(name=name, cases=tuple((json.dumps([given]), json.dumps(value)) for given, value in cases[2:]))
    return question(prompt, key, oracle, max_tokens=320)


def _generate(draw: Draw, level: int, twin: bool) -> Draft:  # noqa: ARG001 - no pairs here
    return drawn(lambda: _machine(draw) if level == 5 else _pipeline(draw, level))


FUNCTION = Family(area=Area.CODE, name="function", generate=_generate, needs=frozenset({Need.SANDBOX}))
