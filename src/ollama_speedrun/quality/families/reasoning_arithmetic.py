"""Exact integer arithmetic in nested expressions.

Level 1 adds or subtracts two numbers below 40 (some ten thousand items). Each level adds operations, digits and depth;
divisions have no remainder. Level 5 nests seven to nine operations with factors of two and three digits, so that the
result has about eight digits and each of them depends on every operation: nothing can be recalled or estimated.
"""

from typing import NamedTuple, TypeAlias

from ..draw import Draw
from ..items import Area, Draft, Family, NumberKey
from .drafting import drawn, occurs, question


class _Operation(NamedTuple):
    left: "_Expression"
    sign: str
    right: "_Expression"


_Expression: TypeAlias = int | _Operation


class _Size(NamedTuple):
    """Bounds of a level: operations from `fewest` to `most`, numbers up to `largest`, factors up to `factor`."""

    fewest: int
    most: int
    largest: int
    factor: int
    signs: str
    negative: bool


_SIZES = {
    1: _Size(1, 1, 39, 9, "+-", negative=False),
    2: _Size(2, 2, 60, 9, "+-×", negative=False),
    3: _Size(3, 4, 99, 19, "+-×÷", negative=True),
    4: _Size(5, 6, 300, 60, "+-×÷", negative=True),
    5: _Size(7, 9, 999, 400, "+-×÷", negative=True),
}

_TEMPLATES = (
    "What is {}? Answer with only the number.",
    "Calculate {}. Answer with only the number.",
    "{} = ? Answer with only the number.",
    "Work out {} and answer with only the number.",
    "Find the value of {}. Answer with only the number.",
)

_RANK = {"+": 1, "-": 1, "×": 2, "÷": 2}


def _value(expression: _Expression) -> int:
    if isinstance(expression, int):
        return expression
    left, right = _value(expression.left), _value(expression.right)
    match expression.sign:
        case "+":
            return left + right
        case "-":
            return left - right
        case "×":
            return left * right
        case _:
            return left // right


def _written(expression: _Expression) -> str:
    """Return the expression with the brackets that its meaning needs."""
    if isinstance(expression, int):
        return str(expression)
    rank = _RANK[expression.sign]
    left, right = _written(expression.left), _written(expression.right)
    if isinstance(expression.left, _Operation) and _RANK[expression.left.sign] < rank:
        left = f"({left})"
    if isinstance(expression.right, _Operation) and _RANK[expression.right.sign] <= rank:
        right = f"({right})"
    return f"{left} {expression.sign} {right}"


def _expression(draw: Draw, size: _Size, operations: int) -> _Expression:
    if operations == 0:
        return draw.integer(2, size.largest)
    sign = draw.choice(size.signs)
    if sign == "÷":
        divisor = draw.integer(2, min(size.factor, 30))
        return _exact_division(draw, size, operations, divisor)
    if sign == "×":
        before = operations - 1
        return (
            _Operation(_expression(draw, size, before), sign, draw.integer(2, size.factor))
            if draw.chance(0.5)
            else _Operation(draw.integer(2, size.factor), sign, _expression(draw, size, before))
        )
    before = draw.below(operations)
    return _Operation(_expression(draw, size, before), sign, _expression(draw, size, operations - 1 - before))


def _exact_division(draw: Draw, size: _Size, operations: int, divisor: int) -> _Expression:
    """Return a dividend without remainder over `divisor`: a number, or a product that has the divisor in it."""
    if operations == 1:
        return _Operation(divisor * draw.integer(2, size.factor), "÷", divisor)
    multiple = divisor * draw.integer(2, 9)
    product = _Operation(_expression(draw, size, operations - 2), "×", multiple)
    return _Operation(product, "÷", divisor)


def _generate(draw: Draw, level: int, twin: bool) -> Draft:  # noqa: ARG001 - no pairs here
    size = _SIZES[level]

    def make() -> Draft | None:
        expression = _expression(draw, size, draw.integer(size.fewest, size.most))
        value, prompt = _value(expression), draw.choice(_TEMPLATES).format(_written(expression))
        if occurs(str(abs(value)), prompt) or (value <= 0 and not size.negative):
            return None
        if level == 5 and abs(value) < 100_000:
            return None
        return question(prompt, NumberKey(value=str(value)), str(value), max_tokens=48)

    return drawn(make)


ARITHMETIC = Family(area=Area.REASONING, name="arithmetic", generate=_generate)
