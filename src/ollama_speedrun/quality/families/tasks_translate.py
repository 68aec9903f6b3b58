"""Translate into an invented language by a glossary and rules of its grammar.

Level 1 replaces two words by the glossary. Level 2 replaces a sentence word by word. Level 3 adds an order of words and
a plural, level 4 tense, negation and an object case. Level 5 has two clauses and ten rules that bear on each
other: the vowel of each ending follows the last vowel of its stem, adjectives agree with their noun in number and case,
the verb agrees with its subject, and the order of subject, object and verb is a random one.
"""

import itertools
from typing import NamedTuple

from ..draw import Draw
from ..items import Area, Draft, Family, TextKey
from .drafting import invented, question
from .story_words import ANIMALS

_ADJECTIVES = ("big", "small", "old", "young", "red", "white", "black", "brown", "happy", "hungry", "tired", "clever")
_VERBS = ("see", "hear", "follow", "find", "help", "know", "like", "visit", "wake", "greet", "watch", "catch")
_PAST = {"catch": "caught", "find": "found", "hear": "heard", "know": "knew", "see": "saw", "wake": "woke"}
_PLURAL = {"mouse": "mice", "wolf": "wolves", "goose": "geese", "fox": "foxes", "walrus": "walruses"}
_NOUNS = tuple(animal for animal in ANIMALS if animal not in ("deer", "sheep", "moose", "lynx"))
_PARTS = {"S": "subject", "O": "object", "V": "verb"}


class _Phrase(NamedTuple):
    """A noun with an adjective."""

    noun: str
    adjective: str | None
    plural: bool

    def english(self) -> str:
        noun = _PLURAL.get(self.noun, f"{self.noun}s") if self.plural else self.noun
        return f"the {self.adjective} {noun}" if self.adjective else f"the {noun}"


class _Sentence(NamedTuple):
    subject: _Phrase
    verb: str
    target: _Phrase
    past: bool
    negated: bool

    def english(self) -> str:
        plural = self.subject.plural
        if self.negated:
            helper = "did" if self.past else "do" if plural else "does"
            verb = f"{helper} not {self.verb}"
        else:
            regular = f"{self.verb}{'d' if self.verb.endswith('e') else 'ed'}"
            third = f"{self.verb}{'es' if self.verb.endswith('ch') else 's'}"
            verb = _PAST.get(self.verb, regular) if self.past else self.verb if plural else third
        return f"{self.subject.english()} {verb} {self.target.english()}"


class _Grammar(NamedTuple):
    """The rules of one language; an ending is a consonant, at level 5 before a vowel that harmonises."""

    order: str
    adjective_last: bool
    plural: str
    case: str
    past: str
    negation: str
    negation_last: bool
    because: str
    many: str
    harmony: bool
    agreement: bool

    def ended(self, stem: str, ending: str) -> str:
        """Return the stem with an ending, whose vowel follows the last vowel of the stem where there is harmony."""
        if not ending or not self.harmony:
            return stem + ending
        vowel = next(letter for letter in reversed(stem) if letter in "aeiou")
        return f"{stem}{'e' if vowel in 'ei' else 'o'}{ending}"

    def phrase(self, words: dict[str, str], phrase: _Phrase, is_object: bool) -> list[str]:
        """Return a noun and its adjective with their endings, number before case."""

        def inflected(stem: str) -> str:
            numbered = self.ended(stem, self.plural) if phrase.plural else stem
            return self.ended(numbered, self.case) if is_object else numbered

        noun = inflected(words[phrase.noun])
        if phrase.adjective is None:
            return [noun]
        adjective = inflected(words[phrase.adjective]) if self.agreement else words[phrase.adjective]
        return [noun, adjective] if self.adjective_last else [adjective, noun]

    def clause(self, words: dict[str, str], sentence: _Sentence) -> list[str]:
        """Return the words of a sentence in order."""
        verb = self.ended(words[sentence.verb], self.past) if sentence.past else words[sentence.verb]
        if sentence.subject.plural:
            verb = self.ended(verb, self.many)
        negated = [verb, self.negation] if self.negation_last else [self.negation, verb]
        parts = {
            "S": self.phrase(words, sentence.subject, is_object=False),
            "O": self.phrase(words, sentence.target, is_object=True),
            "V": negated if sentence.negated else [verb],
        }
        return [word for part in self.order for word in parts[part]]


def _grammar(draw: Draw, level: int) -> _Grammar:
    endings, (negation, because) = draw.shuffled("kmnrlt"), invented(draw, 2)
    orders = ["".join(order) for order in itertools.permutations("SOV") if "".join(order) != "SVO"]
    vowels = ("", "", "", "") if level == 5 else draw.shuffled("aeio")
    return _Grammar(
        order=draw.choice(orders) if level > 2 else "SVO",
        adjective_last=level > 2 and draw.chance(0.6),
        plural=vowels[0] + endings[0] if level > 2 else "",
        case=vowels[1] + endings[1] if level > 3 else "",
        past=vowels[2] + endings[2] if level > 3 else "",
        negation=negation[:4],
        negation_last=draw.chance(0.5),
        because=because[1:],
        many=vowels[3] + endings[3] if level > 4 else "",
        harmony=level == 5,
        agreement=level == 5,
    )


def _rules(grammar: _Grammar, level: int) -> list[str]:
    shown = "-V{}" if grammar.harmony else "-{}"
    place = "after" if grammar.adjective_last else "before"
    denied = "after" if grammar.negation_last else "before"
    rules = [
        f"The order is {', '.join(_PARTS[part] for part in grammar.order)}.",
        f"An adjective stands {place} its noun.",
        f"A noun in the plural adds {shown.format(grammar.plural)}.",
    ]
    if level > 3:
        rules += [
            f"The noun of the object adds {shown.format(grammar.case)}, after the ending of the plural if any.",
            f"A verb in the past adds {shown.format(grammar.past)}; in the present it adds nothing.",
            f'The word for "not" is {grammar.negation}; it stands directly {denied} the verb.',
        ]
    if level > 4:
        rules += [
            f"A verb with a plural subject adds {shown.format(grammar.many)}, after the ending of the past if any.",
            "An adjective adds endings of the same kinds as its noun.",
            "The vowel V of an ending is e if the last vowel before it in the same word is e or i, and o otherwise.",
        ]
    return rules


def _phrase(draw: Draw, noun: str, level: int) -> _Phrase:
    adjective = draw.choice(_ADJECTIVES) if level > 2 and draw.chance(0.35 + 0.12 * level) else None
    return _Phrase(noun, adjective, plural=level > 2 and draw.chance(0.55))


def _short(draw: Draw) -> Draft:
    """Return an item of level 1: an adjective and a noun, replaced word by word."""
    noun, spare = draw.sample(_NOUNS, 2)
    adjective = draw.choice(_ADJECTIVES)
    words = dict(zip((noun, adjective, spare), invented(draw, 3), strict=True))
    glossary = ", ".join(f"{english} = {words[english]}" for english in draw.shuffled(tuple(words)))
    answer = f"{words[adjective]} {words[noun]}"
    prompt = f'{glossary}. Translate: "{adjective} {noun}". Answer with only the two words.'
    return question(prompt, TextKey(accept=(answer,)), answer)


def _generate(draw: Draw, level: int, twin: bool) -> Draft:  # noqa: ARG001 - no pairs here
    if level == 1:
        return _short(draw)
    nouns, grammar = draw.sample(_NOUNS, 6), _grammar(draw, level)
    verbs = draw.sample(_VERBS, 4)
    sentence = _Sentence(
        _phrase(draw, nouns[0], level),
        verbs[0],
        _phrase(draw, nouns[1], level),
        past=level > 3 and draw.chance(0.6),
        negated=level > 3 and draw.chance(0.5),
    )
    adjectives = [phrase.adjective for phrase in (sentence.subject, sentence.target) if phrase.adjective]
    used = [nouns[0], nouns[1], verbs[0], *dict.fromkeys(adjectives)]
    spare = [*nouns[2 : 2 + level // 2], verbs[1], *(draw.sample(_ADJECTIVES, 1) if level > 2 else ())]
    second = None
    if level == 5:
        one, other = (_Phrase(noun, None, draw.chance(0.5)) for noun in nouns[4:])
        second = _Sentence(one, verbs[2], other, past=draw.chance(0.5), negated=draw.chance(0.5))
        used += [*nouns[4:], verbs[2]]
    english = list(dict.fromkeys([*used, *spare]))
    words = dict(zip(english, invented(draw, len(english)), strict=True))
    answer, text = grammar.clause(words, sentence), sentence.english()
    rules = _rules(grammar, level) if level > 2 else ["The words keep their order."]
    if second is not None:
        rules.append(f'The word for "because" is {grammar.because}; it stands between the two clauses.')
        answer += [grammar.because, *grammar.clause(words, second)]
        text = f"{text} because {second.english()}"
    glossary = ", ".join(f"{word} = {words[word]}" for word in draw.shuffled(english))
    prompt = (
        f'Words of a language: {glossary}. There is no word for "the".\n{" ".join(rules)}\n'
        f'Translate: "{text[0].upper()}{text[1:]}." Answer with only the translation.'
    )
    right = " ".join(answer)
    return question(prompt, TextKey(accept=(right,)), right, max_tokens=48 if level < 5 else 110)


TRANSLATE = Family(area=Area.TASKS, name="translate-by-glossary", generate=_generate)
