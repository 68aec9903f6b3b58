"""Dates, weekdays and durations in the Gregorian calendar.

Level 1 counts one to four weekdays on. Levels 2 and 3 need remainders and the lengths of months, level 4 leap years.
Level 5 moves a date by seven steps (working days, "the third Tuesday of the following month"), each of which needs the
date and the weekday that the step before gave: one slip anywhere gives another date.
"""

from typing import NamedTuple

from ..draw import Draw
from ..items import Area, Draft, Family, NumberKey, TextKey
from .drafting import drawn, occurs, question
from .story_words import MONTHS, NAMES, ORDINALS, TOWNS, WEEKDAYS

_EVENTS = (
    "exam", "party", "flight", "holiday", "interview", "concert", "race", "wedding", "meeting", "picnic", "match",
    "lesson", "play", "trip", "dentist appointment", "show", "class", "train journey", "deadline", "birthday",
)  # fmt: skip
_DAY_TEMPLATE = "Answer with only the day of the week."


class Day(NamedTuple):
    """A date of the Gregorian calendar."""

    year: int
    month: int
    day: int

    @classmethod
    def of(cls, number: int) -> "Day":
        """Return the date of a day number, the inverse of `number`."""
        year = number * 400 // 146097 - 1
        while Day(year + 1, 1, 1).number <= number:
            year += 1
        month, rest = 1, number - Day(year, 1, 1).number
        while rest >= month_length(year, month):
            rest -= month_length(year, month)
            month += 1
        return cls(year, month, rest + 1)

    @property
    def number(self) -> int:
        """Days since the day before 1 January of the year 1; a Monday has remainder 1 by 7."""
        before = self.year - 1
        days = 365 * before + before // 4 - before // 100 + before // 400
        return days + sum(month_length(self.year, month) for month in range(1, self.month)) + self.day

    @property
    def weekday(self) -> int:
        """Return 0 for Monday to 6 for Sunday."""
        return (self.number - 1) % 7

    def written(self) -> str:
        """Return it like "3 March 2024"."""
        return f"{self.day} {MONTHS[self.month - 1]} {self.year}"

    def spellings(self) -> tuple[str, ...]:
        """Return the ways to write it that count as right, ISO 8601 first."""
        month = MONTHS[self.month - 1]
        iso = f"{self.year}-{self.month:02}-{self.day:02}"
        return iso, self.written(), f"{month} {self.day}, {self.year}", f"{month} {self.day} {self.year}"


def month_length(year: int, month: int) -> int:
    """Return how many days a month has."""
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 != 0 or year % 400 == 0) else 28
    return 30 if month in {4, 6, 9, 11} else 31


def _random_day(draw: Draw, first_year: int, last_year: int) -> Day:
    year, month = draw.integer(first_year, last_year), draw.integer(1, 12)
    return Day(year, month, draw.integer(1, month_length(year, month)))


def _weekday_question(text: str, known: int, answer: int) -> Draft:
    """Return a question whose answer is a weekday other than the `known` one, which an answer may repeat."""
    reject = tuple(name for index, name in enumerate(WEEKDAYS) if index not in {known, answer})
    key = TextKey(accept=(WEEKDAYS[answer],), reject=reject)
    return question(f"{text} {_DAY_TEMPLATE}", key, WEEKDAYS[answer], chance=1 / 6)


def _count_weekdays(draw: Draw, low: int, high: int) -> Draft | None:
    today, days = draw.below(7), draw.integer(low, high)
    back = high > 6 and draw.chance(0.5)
    answer = (today - days if back else today + days) % 7
    if answer == today:
        return None
    name, event, town = draw.choice(NAMES), draw.choice(_EVENTS), draw.choice(TOWNS)
    ahead = "1 day" if days == 1 else f"{days} days"
    if back:
        text = draw.choice(
            (
                f"Today is {WEEKDAYS[today]}. The {event} of {name} in {town} was {ahead} ago. Which weekday was it?",
                f"It is {WEEKDAYS[today]}. The {event} of {name} in {town} was {ahead} ago. On what day was that?",
            )
        )
    else:
        text = draw.choice(
            (
                f"Today is {WEEKDAYS[today]}. The {event} of {name} in {town} is in {ahead}. Which weekday is it?",
                f"It is {WEEKDAYS[today]}. {name} has the {event} in {town} in {ahead}. Which day of the week is that?",
            )
        )
    return _weekday_question(text, today, answer)


def _weekday_of_date(draw: Draw, years: int) -> Draft | None:
    start = _random_day(draw, 2020, 2030)
    span = draw.integer(8, 300) if years == 0 else draw.integer(400, 366 * years)
    end = Day.of(start.number + span)
    if start.weekday == end.weekday:
        return None
    text = f"{start.written()} is a {WEEKDAYS[start.weekday]}. Which day of the week is {end.written()}?"
    return _weekday_question(text, start.weekday, end.weekday)


def _days_between(draw: Draw, longest: int) -> Draft | None:
    start = _random_day(draw, 2019, 2032)
    span = draw.integer(longest // 8, longest)
    text = draw.choice(
        ("How many days after {} is {}?", "How many days are there from {} to {}, the first day not counted?")
    ).format(start.written(), Day.of(start.number + span).written())
    prompt = f"{text} Answer with only the number."
    return None if occurs(str(span), prompt) else question(prompt, NumberKey(value=str(span)), str(span))


def _date_after(draw: Draw, longest: int) -> Draft | None:
    start = _random_day(draw, 2019, 2032)
    span = draw.integer(longest // 8, longest)
    earlier = draw.chance(0.5)
    end = Day.of(start.number + (-span if earlier else span))
    text = f"Which date is {span} days {'before' if earlier else 'after'} {start.written()}?"
    return _date_question(text, end)


def _date_question(text: str, end: Day) -> Draft | None:
    prompt = f"{text} Answer with only the date in the form YYYY-MM-DD."
    if any(occurs(spelling, prompt) for spelling in end.spellings()):
        return None
    return question(prompt, TextKey(accept=end.spellings()), end.spellings()[0], max_tokens=40)


def _nth_weekday(year: int, month: int, weekday: int, nth: int) -> Day:
    """Return the nth (1 to 4) of a weekday in a month."""
    first = Day(year, month, 1)
    return Day.of(first.number + (weekday - first.weekday) % 7 + 7 * (nth - 1))


def _working_days(day: Day, count: int) -> Day:
    """Return the day after `count` steps from working day to working day."""
    number = day.number
    while count:
        number += 1
        count -= (number - 1) % 7 < 5
    return Day.of(number)


def _step(draw: Draw, day: Day) -> tuple[str, Day]:
    weekday, number = draw.below(7), draw.integer(11, 95)
    following = Day(day.year + day.month // 12, day.month % 12 + 1, 1)
    nth = draw.integer(1, 4)
    match draw.below(6):
        case 0:
            return f"{number} days later", Day.of(day.number + number)
        case 1:
            return f"{number} days earlier", Day.of(day.number - number)
        case 2:
            return f"to the next {WEEKDAYS[weekday]} after that date", Day.of(
                day.number + (weekday - day.weekday - 1) % 7 + 1
            )
        case 3:
            return "to the last day of the following month", following._replace(
                day=month_length(following.year, following.month)
            )
        case 4:
            text = f"to the {ORDINALS[nth - 1]} {WEEKDAYS[weekday]} of the following month"
            return text, _nth_weekday(following.year, following.month, weekday, nth)
        case _:
            count = draw.integer(6, 30)
            return f"{count} working days later (Monday to Friday)", _working_days(day, count)


def _moved_date(draw: Draw, steps: int) -> Draft | None:
    start = _random_day(draw, 2021, 2029)
    day, told = start, list[str]()
    for index in range(steps):
        step, day = _step(draw, day)
        told.append(f"{index + 1}. {step};")
    text = (
        f"A {draw.choice(('meeting', 'delivery', 'launch', 'visit', 'training', 'review'))} is planned for "
        f"{WEEKDAYS[start.weekday]}, {start.written()}. It is moved, one step after the other: "
        f"{' '.join(told)[:-1]}. On which date does it take place in the end?"
    )
    return _date_question(text, day)


def _generate(draw: Draw, level: int, twin: bool) -> Draft:  # noqa: ARG001 - no pairs here
    first = draw.chance(0.5)
    match level:
        case 1:
            return drawn(lambda: _count_weekdays(draw, 1, 4))
        case 2:
            return drawn(lambda: _count_weekdays(draw, 8, 60))
        case 3:
            return drawn(lambda: _weekday_of_date(draw, 0) if first else _days_between(draw, 250))
        case 4:
            return drawn(lambda: _weekday_of_date(draw, 8) if first else _date_after(draw, 2500))
        case _:
            return drawn(lambda: _moved_date(draw, 7))


CALENDAR = Family(area=Area.REASONING, name="calendar", generate=_generate)
