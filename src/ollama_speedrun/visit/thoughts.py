"""Thinking that a server leaves in the text of an answer, between tags: told apart while the answer streams. Pure."""

import enum
import re
from typing import Final

THINKING_TAGS: Final = (
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<thought>", "</thought>"),
    ("<reasoning>", "</reasoning>"),
    ("<reflection>", "</reflection>"),
    ("<seed:think>", "</seed:think>"),
    ("[THINK]", "[/THINK]"),
    ("◁think▷", "◁/think▷"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
    ("<|START_THINKING|>", "<|END_THINKING|>"),
    ("<|channel>thought", "<channel|>"),
    ("<|channel|>analysis<|message|>", "<|channel|>final<|message|>"),
    ("<|channel|>commentary<|message|>", "<|channel|>final<|message|>"),
)
"""Tags around inline thinking that models and templates in use write, opening and closing."""
_LONGEST: Final = max(len(tag) for pair in THINKING_TAGS for tag in pair)
CLOSING_TAG: Final = re.compile("|".join(re.escape(closing) for _, closing in THINKING_TAGS), re.IGNORECASE)
"""A template may put the opening tag into the prompt; then the closing one stands alone."""
_TAG: Final = re.compile("|".join(re.escape(tag) for pair in THINKING_TAGS for tag in pair), re.IGNORECASE)
LONGEST_BLANK: Final = 200
"""So many characters of tags and white space are no thinking yet."""


class _State(enum.Enum):
    UNDECIDED = enum.auto()
    THINKING = enum.auto()
    ANSWERING = enum.auto()
    DONE = enum.auto()


class InlineThinking:
    """Follows the text of an answer. `add` it piece by piece: `thinking_characters` and `has_answered` hold thereafter.

    Tags count as thinking where there is any between them: a model that is told not to think leaves them empty. Until
    the beginning of a text is known to be no tag, it counts as an answer.
    """

    def __init__(self) -> None:
        self.thinking_characters = 0
        self.has_answered = False
        self._state = _State.UNDECIDED
        self._characters = 0
        self._head = ""
        self._beginning = ""
        self._recent = ""
        self._closing = CLOSING_TAG

    def add(self, text: str) -> None:
        """Take in the next piece of the answer."""
        self._characters += len(text)
        self._beginning += text[: LONGEST_BLANK - len(self._beginning)]
        match self._state:
            case _State.UNDECIDED:
                self._decide(text)
            case _State.THINKING | _State.ANSWERING:
                self._look_for_the_end(text)
            case _State.DONE:
                self.has_answered = self.has_answered or bool(text.strip())

    def _decide(self, text: str) -> None:
        self._head += text
        said = self._head.lstrip()
        self.has_answered = bool(self._head)
        for opening, closing in THINKING_TAGS:
            if said[: len(opening)].lower() == opening.lower():
                self._state = _State.THINKING
                self._closing = re.compile(re.escape(closing), re.IGNORECASE)
                self._look_for_the_end(self._head)
                return
        if said and not any(opening.lower().startswith(said.lower()) for opening, _ in THINKING_TAGS):
            self._state = _State.ANSWERING
            self._look_for_the_end(self._head)
        elif not said:
            self._head = ""

    def _look_for_the_end(self, text: str) -> None:
        seen = self._recent + text
        self._recent = seen[-_LONGEST:]
        found = self._closing.search(seen)
        if found is not None:
            rest = seen[found.end() :]
            self._state = _State.DONE
            ended = self._characters - len(rest)
            self.thinking_characters = 0 if self._is_blank(ended) else ended
            self.has_answered = bool(rest.strip())
        elif self._state is _State.THINKING:
            self.thinking_characters = self._characters
            self.has_answered = False

    def _is_blank(self, ended: int) -> bool:
        """Return whether the text up to there is tags and white space alone."""
        return ended <= len(self._beginning) and not _TAG.sub("", self._beginning[:ended]).strip()
