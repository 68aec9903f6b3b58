"""What is done with a model while it is loaded: studies, each a sequence of steps."""

from collections.abc import Sequence
from typing import Protocol

from .loaded_model import LoadedModel


class Study(Protocol):
    """Work with a loaded model, one step after another, so that the studies of two loaded models can take turns.

    A study tells what it finds as it goes, by events of its own or by what its owner reads from it after each step:
    a run that is cut short then loses the step under way, and nothing else.
    """

    @property
    def name(self) -> str:
        """What the study finds out, for a sentence such as "NAME could not be measured"."""

    @property
    def needs_the_memory(self) -> bool:
        """Whether it may have the model loaded in another way, so that no other model should be loaded beside it."""

    async def step(self, model: LoadedModel) -> bool:
        """Do the next piece of work; returns whether another is wanted.

        Raises `OllamaError` where the server fails; the study is over then, and what it has found stands.
        """


async def study(model: LoadedModel, studies: Sequence[Study]) -> None:
    """Load a model, carry out the studies one after another, and unload it unless others have it loaded.

    May be called again for the same model with other studies. Raises `OllamaError`.
    """
    try:
        await model.load()
        for one in studies:
            while await one.step(model):
                pass
    finally:
        await model.visit.residents.leave(model.model)
