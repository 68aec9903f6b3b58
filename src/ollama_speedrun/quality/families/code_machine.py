"""A drawn machine: five commands on a list of numbers, with exceptions, an undo, and rules after each command."""

from typing import NamedTuple

from ..draw import Draw

Command = list[object]

_ORDINALS = {3: "third", 4: "fourth", 5: "fifth"}


class Machine(NamedTuple):
    """The drawn numbers of a machine; `words`, `code` and `run` say the same three times."""

    modulus: int
    limit: int
    factor: int
    every: int
    longest: int
    names: tuple[str, ...]

    @property
    def words(self) -> str:
        """Return the rules, for a prompt."""
        put, merge, turn, scale, undo = self.names
        nth = _ORDINALS[self.every]
        return (
            "It gets a list of commands, each a list of a word and an integer, and returns a list of integers that is "
            "empty at first. "
            f'["{put}", n] appends n, or inserts it at the front if n is greater than {self.limit}. '
            f'["{merge}", n] removes the last two numbers a, b (b was last) and appends a - b + n; with fewer than two '
            "numbers it does nothing. "
            f'["{turn}", n] reverses the last n numbers, or all if there are fewer. '
            f'["{scale}", n] multiplies the number at position n % length (counting from 0) by {self.factor}; it does '
            "nothing if the list is empty. "
            f'["{undo}", n] brings the list back to what it was before the last command that is not "{undo}" and not '
            "undone yet, with the rules below included in what is undone; it does nothing if there is none. "
            f'Three rules follow each command but "{undo}", in this order: every number whose absolute value is '
            f"greater than 99 is replaced by its remainder when divided by {self.modulus} (as Python's % gives it); "
            f'then, after each {nth} command that is not "{undo}" (undone ones count), the first number '
            f"is moved to the end; then, if the list has more than {self.longest} numbers, its smallest number is "
            "removed (the first of equal ones)."
        )

    def commands(self, draw: Draw, count: int) -> list[Command]:
        """Return random commands, among which numbers are put often enough for the others to matter."""
        put, merge, turn, scale, undo = self.names
        words = (put, put, put, merge, turn, turn, scale, scale, undo)
        first: list[Command] = [[put, draw.integer(1, 40)] for _ in range(min(3, count - 1))]
        return first + [[draw.choice(words), draw.integer(0, 40)] for _ in range(count - len(first))]

    def run(self, commands: list[Command]) -> list[int]:
        """Return the list after the commands."""
        history: list[list[int]] = []
        numbers: list[int] = []
        done = 0
        for word, argument in commands:
            n = int(str(argument))
            if word == self.names[4]:
                numbers = history.pop() if history else numbers
                continue
            history.append(numbers)
            done += 1
            numbers = self._ruled(self._changed(str(word), n, numbers), done)
        return numbers

    def _changed(self, word: str, n: int, numbers: list[int]) -> list[int]:
        put, merge, turn, _, _ = self.names
        if word == put:
            return [n, *numbers] if n > self.limit else [*numbers, n]
        if word == merge:
            return [*numbers[:-2], numbers[-2] - numbers[-1] + n] if len(numbers) > 1 else numbers
        if word == turn:
            kept = max(0, len(numbers) - n)
            return numbers[:kept] + list(reversed(numbers[kept:]))
        if not numbers:
            return numbers
        place = n % len(numbers)
        return [number * self.factor if at == place else number for at, number in enumerate(numbers)]

    def _ruled(self, numbers: list[int], done: int) -> list[int]:
        ruled = [number % self.modulus if abs(number) > 99 else number for number in numbers]
        if done % self.every == 0 and ruled:
            ruled = [*ruled[1:], ruled[0]]
        if len(ruled) > self.longest:
            ruled.remove(min(ruled))
        return ruled

    def code(self, name: str) -> str:
        """Return the program that an oracle answers."""
        put, merge, turn, scale, undo = self.names
        return f"""def {name}(commands):
    xs = []
    saved = []
    count = 0
    for word, n in commands:
        if word == "{undo}":
            if saved:
                xs = saved.pop()
            continue
        saved.append(xs[:])
        count += 1
        if word == "{put}":
            if n > {self.limit}:
                xs.insert(0, n)
            else:
                xs.append(n)
        elif word == "{merge}" and len(xs) >= 2:
            b = xs.pop()
            a = xs.pop()
            xs.append(a - b + n)
        elif word == "{turn}" and n > 0:
            xs = xs[:-n] + xs[-n:][::-1]
        elif word == "{scale}" and xs:
            xs[n % len(xs)] *= {self.factor}
        xs = [x % {self.modulus} if abs(x) > 99 else x for x in xs]
        if count % {self.every} == 0 and xs:
            xs.append(xs.pop(0))
        if len(xs) > {self.longest}:
            xs.remove(min(xs))
    return xs"""


_WORDS = (
    ("put", "add", "push", "store"),
    ("merge", "join", "fold", "combine"),
    ("turn", "flip", "mirror", "reverse"),
    ("scale", "grow", "boost", "raise"),
    ("undo", "back", "revert", "restore"),
)


def machine(draw: Draw) -> Machine:
    """Return a machine with drawn numbers and names."""
    return Machine(
        modulus=draw.choice((53, 59, 61, 67, 71, 73, 79)),
        limit=draw.integer(20, 34),
        factor=draw.choice((-3, -2, 3, 4)),
        every=draw.integer(3, 5),
        longest=draw.integer(5, 7),
        names=tuple(draw.choice(words) for words in _WORDS),
    )
