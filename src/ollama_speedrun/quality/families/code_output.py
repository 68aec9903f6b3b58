"""Predict what a short program prints.

Level 1 is two assignments, level 2 one loop with a condition, level 3 a loop that builds a list or a text, level 4 a
while loop with two variables that depend on each other. Level 5 carries three variables through 18 to 30 rounds with
remainders and branches that depend on all of them, through a function: no step can be skipped, and one slip spoils the
rest. Each value is computed here beside the text of the program; a test runs the text.
"""

from ..draw import Draw
from ..items import Area, Draft, ExactKey, Family
from .drafting import drawn, occurs, question

_TEMPLATES = (
    "What does this Python program print? Answer with only the output.\n\n{}",
    "{}\n\nWhat is the output of the Python program above? Answer with only the output.",
    "Run this Python program in your head and answer with only what it prints.\n\n{}",
    "Read this Python code:\n\n{}\n\nAnswer with only the text that it prints.",
)
_NAMES = ("a", "b", "c", "n", "m", "k", "x", "y", "t", "u", "v", "w")


def _assignments(draw: Draw) -> tuple[str, str]:
    one, two = draw.sample(_NAMES, 2)
    first, second, third = draw.integer(2, 60), draw.integer(2, 60), draw.integer(2, 9)
    sign = draw.choice("+-")
    value = first + second if sign == "+" else first - second
    if draw.chance(0.5):
        return f"{one} = {first}\n{two} = {one} {sign} {second}\nprint({two} * {third})", str(value * third)
    return f"{one} = {first}\n{two} = {third}\n{one} = {one} {sign} {second}\nprint({one} + {two})", str(value + third)


def _loop(draw: Draw) -> tuple[str, str]:
    total, index = draw.sample(_NAMES, 2)
    start, count, step = draw.integer(1, 9), draw.integer(4, 6), draw.integer(1, 4)
    stop = start + count * step
    divisor, factor, begin = draw.integer(2, 4), draw.integer(2, 6), draw.integer(0, 20)
    value = begin
    for number in range(start, stop, step):
        value += number * factor if number % divisor == 0 else number
    code = (
        f"{total} = {begin}\nfor {index} in range({start}, {stop}, {step}):\n    if {index} % {divisor} == 0:\n"
        f"        {total} += {index} * {factor}\n    else:\n        {total} += {index}\nprint({total})"
    )
    return code, str(value)


def _list(draw: Draw) -> tuple[str, str]:
    numbers = [draw.integer(1, 40) for _ in range(draw.integer(6, 8))]
    limit, factor, divisor = draw.integer(10, 30), draw.integer(2, 5), draw.integer(2, 4)
    found: list[int] = []
    for number in numbers:
        if number > limit:
            found.append(number - limit)
        elif number % divisor == 0:
            found.insert(0, number * factor)
    code = (
        f"numbers = {numbers}\nfound = []\nfor number in numbers:\n    if number > {limit}:\n"
        f"        found.append(number - {limit})\n    elif number % {divisor} == 0:\n"
        f"        found.insert(0, number * {factor})\nprint(found)"
    )
    return code, str(found)


def _text(draw: Draw) -> tuple[str, str]:
    word = "".join(draw.choice("abcdefghiklmnoprstu") for _ in range(draw.integer(7, 9)))
    step, shift, vowels = draw.integer(2, 3), draw.integer(1, 3), "aeiou"
    made = ""
    for place, letter in enumerate(word):
        if letter in vowels:
            made = letter.upper() + made
        elif place % step == 0:
            made += word[(place + shift) % len(word)]
        else:
            made += letter
    code = (
        f'word = "{word}"\nmade = ""\nfor place, letter in enumerate(word):\n    if letter in "{vowels}":\n'
        f"        made = letter.upper() + made\n    elif place % {step} == 0:\n"
        f"        made += word[(place + {shift}) % len(word)]\n    else:\n        made += letter\nprint(made)"
    )
    return code, made


def _while(draw: Draw) -> tuple[str, str]:
    one, two, count = draw.sample(_NAMES, 3)
    left, right = draw.integer(60, 300), draw.integer(2, 40)
    drop, add, bound, divisor = draw.integer(3, 17), draw.integer(2, 9), draw.integer(20, 50), draw.integer(2, 4)
    a, b, rounds = left, right, 0
    while a > b and rounds < 14:
        if (a + b) % divisor == 0:
            a -= drop
            b += add
        else:
            a -= b % bound
            b += rounds
        rounds += 1
    code = (
        f"{one} = {left}\n{two} = {right}\n{count} = 0\nwhile {one} > {two} and {count} < 14:\n"
        f"    if ({one} + {two}) % {divisor} == 0:\n        {one} -= {drop}\n        {two} += {add}\n    else:\n"
        f"        {one} -= {two} % {bound}\n        {two} += {count}\n    {count} += 1\nprint({one}, {two}, {count})"
    )
    return code, f"{a} {b} {rounds}" if rounds >= 5 else ""


def _machine(draw: Draw) -> tuple[str, str]:
    x, y, z = (draw.integer(3, 90) for _ in range(3))
    modulus, other = draw.choice((89, 97, 101, 103, 107)), draw.choice((53, 59, 61, 67, 71))
    factor, addend, divisor = draw.integer(3, 9), draw.integer(5, 40), draw.integer(3, 5)
    rounds = draw.integer(18, 30)
    code = (
        f"def step(x, y, z):\n    x = (x * {factor} + y) % {modulus}\n    if x > z:\n        y, z = z, y\n"
        f"    if (x + z) % {divisor} == 0:\n        y = (y + x * z) % {other}\n    else:\n"
        f"        z = (z + {addend} + x // 2) % {modulus}\n    return x, y, z\n\n"
        f"x, y, z = {x}, {y}, {z}\nfor i in range({rounds}):\n    x, y, z = step(x, y, z)\n    if i % 4 == 3:\n"
        f"        x, z = z, x + i\nprint(x, y, z)"
    )
    for i in range(rounds):
        x = (x * factor + y) % modulus
        if x > z:
            y, z = z, y
        if (x + z) % divisor == 0:
            y = (y + x * z) % other
        else:
            z = (z + addend + x // 2) % modulus
        if i % 4 == 3:
            x, z = z, x + i
    return code, f"{x} {y} {z}"


_SHAPES = {1: (_assignments,), 2: (_loop,), 3: (_list, _text), 4: (_while,), 5: (_machine,)}


def _generate(draw: Draw, level: int, twin: bool) -> Draft:  # noqa: ARG001 - no pairs here
    def make() -> Draft | None:
        code, output = draw.choice(_SHAPES[level])(draw)
        prompt = draw.choice(_TEMPLATES).format(code)
        if not output or occurs(output, prompt) or output == "[]":
            return None
        return question(prompt, ExactKey(output), output, max_tokens=64)

    return drawn(make)


OUTPUT = Family(area=Area.CODE, name="output", generate=_generate)
