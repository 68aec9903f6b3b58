"""Give a message one of four to six labels.

Level 1 holds the label's word in the message. Levels 2 and 3 do not; level 3 names other topics that are not meant.
Levels 4 and 5 apply a policy, the first rule that fits deciding, drawn for each item so that it cannot be known. Level
5 has nine rules with two conditions or an exception each; amounts and days must be computed from the message, a second
purchase with facts of the same kinds stands beside the one in question, and four rules at least do not fit before the
one that does.
"""

from typing import NamedTuple

from ..draw import Draw
from ..items import Area, ChoiceKey, Draft, Family
from .drafting import drawn, listed, question
from .story_words import GOODS, NAMES, TOWNS

_DETAILS = ("price", "colour", "weight", "size", "delivery", "warranty", "repair", "material")

_TOPICS: dict[str, tuple[str, ...]] = {
    "sport": (
        "{name} scored two goals in the football match in {town}.",
        "{name} won the tennis match in {town} in three sets.",
        "The runners from {town} cheered when {name} finished the marathon.",
        "{name} trains with the swimming team of {town} for the championship.",
    ),
    "food": (
        "{name} baked a chocolate cake for the guests from {town}.",
        "The soup that {name} cooked in {town} needed more salt.",
        "{name} ordered pizza and salad at the restaurant in {town}.",
        "{name} ate bread with cheese for breakfast in {town}.",
    ),
    "travel": (
        "{name} took the train to {town} and stayed in a small hotel.",
        "The flight of {name} to {town} was late, and the suitcase was lost.",
        "{name} booked a hotel in {town} for the holidays.",
        "{name} lost the passport at the airport of {town}.",
    ),
    "music": (
        "{name} played the violin in the orchestra of {town}.",
        "The band of {name} sang its new song in {town}.",
        "{name} bought a guitar and practises every evening in {town}.",
        "The choir of {town} sang, and {name} played the piano.",
    ),
    "weather": (
        "{name} said that heavy rain and strong wind hit {town}.",
        "It snowed in {town} all night, and {name} saw ice on the lake.",
        "{name} saw lightning and heard thunder over {town}.",
        "After the storm, {name} says, the sun shines over {town} and it is warm.",
    ),
    "health": (
        "{name} has a fever and saw a doctor in {town}.",
        "The nurse in {town} gave {name} medicine against the cough.",
        "{name} broke a leg and lies in the hospital of {town}.",
        "The dentist in {town} treated a bad tooth of {name}.",
    ),
}

_SUPPORT: dict[str, tuple[str, ...]] = {
    "delivery": ("the parcel has not arrived", "the courier left it at the wrong house", "the package is a week late"),
    "payment": ("my card was charged twice", "the invoice shows the wrong amount", "the bank refused the transfer"),
    "return": ("I want to send it back", "it does not fit and I want my money back", "I would like to give it back"),
    "account": ("I cannot log in", "my password does not work", "the site does not know my user name"),
    "warranty": ("it broke after two weeks", "it stopped working", "one part fell off on its own"),
}
_FINE: dict[str, str] = {
    "delivery": "the parcel came on time",
    "payment": "the invoice was right and is paid",
    "return": "I do not want to send anything back",
    "account": "logging in works well",
    "warranty": "everything works as it should",
}


def _choose(text: str, labels: tuple[str, ...], answer: str, ask: str) -> Draft:
    prompt = f"{ask} {listed(labels, 'or')}.\n{text}\nAnswer with only the label."
    return question(prompt, ChoiceKey(options=labels, answer=answer), answer, max_tokens=24, chance=1 / len(labels))


def _detail(draw: Draw) -> Draft:
    labels = draw.sample(_DETAILS, 4)
    answer, (good, _), name = draw.choice(labels), draw.choice(GOODS), draw.choice(NAMES)
    message = draw.choice(
        (
            f"{name} wants to know the {answer} of the {good}.",
            f"{name} asks for the {answer} of the {good}.",
            f"{name} has a question about the {answer} of the {good}.",
        )
    )
    return _choose(f"Text: {message}", labels, answer, "What is asked for? Choose one label:")


def _topic(draw: Draw) -> Draft:
    labels = draw.sample(tuple(_TOPICS), 5)
    answer = draw.choice(labels)
    name, town = draw.choice(NAMES), draw.choice(TOWNS)
    text = draw.choice(_TOPICS[answer]).format(name=name, town=town)
    return _choose(f"Text: {text}", labels, answer, "What is the topic of the text? Choose one label:")


def _complaint(draw: Draw) -> Draft:
    labels = draw.shuffled(tuple(_SUPPORT))
    answer, *others = draw.sample(labels, 3)
    (good, _), name = draw.choice(GOODS), draw.choice(NAMES)
    fine, trouble = listed([_FINE[other] for other in others]), draw.choice(_SUPPORT[answer])
    text = draw.choice(
        (
            f"I bought the {good} from you. It is true that {fine}, but {trouble}. {name}",
            f"About the {good}: {trouble}, although {fine}. {name}",
            f"I am writing about the {good}. On the one hand {fine}. On the other hand {trouble}. {name}",
        )
    )
    return _choose(f"Message: {text}", labels, answer, "What is the problem in the message about? Choose one label:")


_WORDS: dict[str, tuple[str, ...]] = {
    "state": ("unopened", "opened", "damaged"),
    "buyer": ("new", "regular", "business"),
    "paid": ("card", "cash", "cheque"),
}
_ACTIONS = ("refund", "exchange", "repair", "credit", "manager", "decline")


class _Condition(NamedTuple):
    """A test of one fact: a number above or up to a bound, or a word."""

    field: str
    bound: int = 0
    above: bool = False
    word: str = ""

    def holds(self, facts: dict[str, int | str]) -> bool:
        value = facts[self.field]
        if isinstance(value, str):
            return value == self.word
        return (value > self.bound) == self.above

    def written(self) -> str:
        match self.field:
            case "amount":
                return f"the total is {'more than' if self.above else 'at most'} {self.bound}"
            case "days":
                return f"the purchase was {'more than' if self.above else 'at most'} {self.bound} days ago"
            case "state":
                return f"the goods are {self.word}"
            case "buyer":
                return f"the buyer is a {self.word} customer"
            case _:
                return f"it was paid by {self.word}"


class _Rule(NamedTuple):
    first: _Condition
    second: _Condition | None
    unless: bool
    action: str

    def applies(self, facts: dict[str, int | str]) -> bool:
        if self.second is None:
            return self.first.holds(facts)
        return self.first.holds(facts) and self.second.holds(facts) != self.unless

    def written(self) -> str:
        text = f"If {self.first.written()}"
        if self.second is not None:
            text += f"{', unless' if self.unless else ' and'} {self.second.written()}"
        return f"{text}: {self.action}."


def _condition(draw: Draw, field: str) -> _Condition:
    if field == "amount":
        return _Condition(field, 10 * draw.integer(5, 60), draw.chance(0.5))
    if field == "days":
        return _Condition(field, draw.integer(7, 60), draw.chance(0.5))
    return _Condition(field, word=draw.choice(_WORDS[field]))


def _rule(draw: Draw, action: str, compound: bool) -> _Rule:
    first, second = draw.sample(("amount", "days", "state", "buyer", "paid"), 2)
    return _Rule(_condition(draw, first), _condition(draw, second) if compound else None, draw.chance(0.4), action)


def _purchase(draw: Draw, who: str, hidden: bool) -> tuple[str, dict[str, int | str]]:
    """Return a purchase in words and its facts; `hidden` numbers must be computed."""
    pieces, price, days = draw.integer(2, 12), draw.integer(8, 60), draw.integer(3, 75)
    facts: dict[str, int | str] = {"amount": pieces * price, "days": days}
    facts |= {field: draw.choice(words) for field, words in _WORDS.items()}
    _, goods = draw.choice(GOODS)
    if hidden:
        bought = f"{pieces} {goods} at {price} each"
        weeks = "1 week" if days // 7 == 1 else f"{days // 7} weeks"
        rest = "1 day" if days % 7 == 1 else f"{days % 7} days"
        ago = f"{weeks} and {rest} ago" if days >= 7 else f"{days} days ago"
    else:
        bought, ago = f"{goods} for {pieces * price} in total", f"{days} days ago"
    be = "am" if who == "I" else "is"
    text = (
        f"{who} {be} a {facts['buyer']} customer and bought {bought} {ago}, paid by {facts['paid']}. "
        f"The {goods} are {facts['state']}."
    )
    return text, facts


def _policy(draw: Draw, level: int) -> Draft:
    count, hard = (9, True) if level == 5 else (5, False)
    labels = draw.sample(_ACTIONS, 6 if hard else 5)
    target = draw.choice(labels)

    def make() -> Draft | None:
        actions = [*draw.shuffled(labels), *(draw.choice(labels) for _ in range(count - len(labels) + 1))]
        rules = [_rule(draw, action, hard or draw.chance(0.4)) for action in actions[:count]]
        last = actions[-1]
        text, facts = _purchase(draw, "I", hard)
        fitting = [index for index, rule in enumerate(rules) if rule.applies(facts)]
        place = fitting[0] if fitting else count
        if (rules[place].action if fitting else last) != target or place < (4 if hard else 1):
            return None
        other = f" {_purchase(draw, f'My friend {draw.choice(NAMES)}', hard)[0]}" if hard else ""
        told = "\n".join(f"{number}. {rule.written()}" for number, rule in enumerate(rules, 1))
        prompt = f"{told}\n{count + 1}. Otherwise: {last}.\nMessage: {text}{other} What do I get?"
        ask = "The first rule that fits the writer's own purchase decides. Choose one label:"
        return _choose(prompt, labels, target, ask)

    return drawn(make)


def _generate(draw: Draw, level: int, twin: bool) -> Draft:  # noqa: ARG001 - no pairs here
    match level:
        case 1:
            return _detail(draw)
        case 2:
            return _topic(draw)
        case 3:
            return _complaint(draw)
        case _:
            return _policy(draw, level)


CLASSIFY = Family(area=Area.TASKS, name="classify", generate=_generate)
