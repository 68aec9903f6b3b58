"""The study of a model's next tokens: one token after each of some short texts, with its log-probabilities."""

from collections.abc import Callable
from typing import Final

from ..errors import ProtocolError
from ..visit.loaded_model import LoadedModel
from .events import NextTokensRead
from .next_tokens import Chances, NextTokens, TokenChance
from .openings import VERSION, openings

IN_A_STEP: Final = 10
LISTED: Final = 20
"""Tokens that are listed with their log-probabilities: the most that Ollama gives."""
LONGEST_TOKEN_CHARACTERS: Final = 64
DECIMALS: Final = 5
SINCE: Final = "0.12.11"
"""The first release of Ollama that gives log-probabilities."""


class NextTokenStudy:
    """A study: a few texts a step, `prompts` in all, `asked` of them before; what is found is told as it comes."""

    name = "its next tokens"
    needs_the_memory = False

    def __init__(
        self, prompts: int, *, base: str, digest: str, emit: Callable[[NextTokensRead], None], asked: int = 0
    ) -> None:
        self._texts = openings(prompts)
        self._base = base
        self._digest = digest
        self._emit = emit
        self._asked = asked

    async def step(self, model: LoadedModel) -> bool:
        """Ask for the token after a few texts.

        Raises `OllamaError` where the server fails or gives no log-probabilities.
        """
        batch = self._texts[self._asked : self._asked + IN_A_STEP]
        answers = tuple([await self._chances(model, text) for text in batch])
        if batch and not any(answers):
            raise ProtocolError(f"the server gives no log-probabilities; Ollama does since {SINCE}")
        self._asked += len(batch)
        if batch:
            self._emit(
                NextTokensRead(
                    NextTokens(
                        host=model.model.host,
                        model=model.model.name,
                        digest=self._digest,
                        base=self._base,
                        version=VERSION,
                        answers=answers,
                    )
                )
            )
        return self._asked < len(self._texts)

    async def _chances(self, model: LoadedModel, text: str) -> Chances:
        """Return the most probable tokens after a text, the first choice first."""
        listed = await model.next_token(text, listed=LISTED)
        chances = [
            TokenChance(token[:LONGEST_TOKEN_CHARACTERS], round(min(logprob, 0.0), DECIMALS))
            for token, logprob in listed
        ]
        return tuple(sorted(chances, key=lambda one: -one.logprob))
