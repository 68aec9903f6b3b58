"""Summarise a report of a contest in at most twenty words that name what is asked for and nothing more.

The rules: the length, one line, names that must occur, names that must not, no number that the source lacks, no copy.
Level 1 states who won. From level 3 on the winner follows from points in random order. Level 5 has eight contestants
with two rounds each, of whom two lose points and the leader is disqualified, while town and day are moved; winner,
runner-up, town and day must all be named and no other name, town or day may be.
"""

from typing import NamedTuple

from ..draw import Draw
from ..items import Area, Constraint, ConstraintsKey, Draft, Family
from .drafting import drawn, listed, question
from .story_words import NAMES, TOWNS, WEEKDAYS

_CONTESTS = (
    "chess contest", "spelling contest", "cooking contest", "swimming race", "bicycle race", "singing contest",
    "quiz night", "sailing race", "drawing contest", "baking contest", "running race", "rowing race",
)  # fmt: skip
_MOST_WORDS = 20


class _Story(NamedTuple):
    """A report; `required` are the words that a summary must have, `forbidden` those that it must not have."""

    text: str
    required: dict[str, str]
    forbidden: tuple[str, ...]
    oracle: str


def _told_outright(draw: Draw, level: int) -> _Story:
    town, contest, day = draw.choice(TOWNS), draw.choice(_CONTESTS), draw.choice(WEEKDAYS)
    winner, second, third = draw.sample(NAMES, 3)
    best = draw.integer(40, 90)
    text = (
        f"On {day} the people of {town} held their yearly {contest}. {winner} was first with {best} points, "
        f"{second} was second and {third} was third."
    )
    required = {"the winner": winner, "the town": town}
    oracle = f"{winner} won the {contest} at {town}."
    if level == 2:
        text += f" The prize was given by the mayor. Later there was music, and {third} danced until midnight."
        required["the day"] = day
        oracle = f"{winner} won the {day} {contest} at {town}."
    return _Story(text, required, (second, third), oracle)


def _with_points(draw: Draw, people: int, hard: bool) -> _Story | None:
    """Return a report in which the order follows from points; `hard` adds rounds, penalties and moves."""
    names, contest = draw.sample(NAMES, people), draw.choice(_CONTESTS)
    (town, *other_towns), (day, *other_days) = draw.sample(TOWNS, 3), draw.sample(WEEKDAYS, 3)
    rounds = {name: [draw.integer(20, 60) for _ in range(2 if hard else 1)] for name in names}
    told = [
        f"{name} got {points[0]} points." if not hard else f"{name} got {points[0]} points, and {points[1]} later."
        for name, points in rounds.items()
    ]
    total = {name: sum(points) for name, points in rounds.items()}
    opening = f"The {contest} took place in {town} on {day}."
    out = ""
    if hard:
        opening = (
            f"The {contest} was planned for {other_days[0]} in {other_towns[0]} and moved to {day} in "
            f"{other_towns[1]}. There the hall was closed, so that it was held in {town}, but still on the new day, "
            f"and not on {other_days[1]} as a newspaper wrote."
        )
        out = max(total, key=lambda name: total[name])
        for name in draw.sample([name for name in names if name != out], 2):
            lost = draw.integer(10, 30)
            total[name] -= lost
            told.append(f"{name} lost {lost} points for a foul.")
        told.append(f"{out} was disqualified.")
    ranking = sorted((name for name in names if name != out), key=lambda name: -total[name])
    if len({total[name] for name in ranking[:3]}) < 3:
        return None
    winner, second = ranking[:2]
    required = {"the winner": winner, "the town": town}
    oracle = f"{winner} won the {contest} at {town}."
    if people > 4:
        required |= {"the runner-up": second, "the day": day}
        oracle = f"{winner} won the {day} {contest} at {town}, {second} being the runner-up."
    forbidden = [name for name in names if name not in required.values()]
    forbidden += [*other_towns, *other_days] if hard else []
    return _Story(f"{opening} {' '.join(draw.shuffled(told))}", required, tuple(forbidden), oracle)


def _generate(draw: Draw, level: int, twin: bool) -> Draft:  # noqa: ARG001 - no pairs here
    if level <= 2:
        story = _told_outright(draw, level)
    else:
        people, hard = {3: (4, False), 4: (6, False), 5: (8, True)}[level]
        story = drawn(lambda: _with_points(draw, people, hard))
    rules = [
        Constraint(kind="word-count", low=4, high=_MOST_WORDS),
        Constraint(kind="line-count", low=1, high=1),
        Constraint(kind="include-words", words=tuple(story.required.values())),
        Constraint(kind="no-new-numbers", text=story.text),
        Constraint(kind="not-copied", text=story.text, high=60),
    ]
    only = ""
    if story.forbidden:
        rules.append(Constraint(kind="exclude-words", words=story.forbidden))
        only = f" Name no other person{', town or day' if level == 5 else ''}."
    prompt = (
        f"Text: {story.text}\nSummarise it in your own words in one sentence of at most {_MOST_WORDS} words. "
        f"Name {listed(tuple(story.required))}.{only}"
    )
    return question(prompt, ConstraintsKey(constraints=tuple(rules)), story.oracle, max_tokens=60)


SUMMARY = Family(area=Area.TASKS, name="summary", generate=_generate)
