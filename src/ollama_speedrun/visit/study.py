"""Studies: the work that is done with a model while it is loaded, each a sequence of steps."""

from collections.abc import Sequence
from typing import Protocol

from ..errors import OllamaError
from ..events import Notice
from ..inventory.types import Model
from .loaded_model import LoadedModel


class Study(Protocol):
    """Work with a loaded model, one step after another, so that the studies of two loaded models can take turns.

    A study tells what it finds as it goes, by events of its own or by what its owner reads from it after each step:
    a run that is cut short then loses the step under way, and nothing else.
    """

    @property
    def name(self) -> str:
        """The subject of the study, for a sentence such as "m:1b is measured without NAME"."""

    @property
    def needs_the_memory(self) -> bool:
        """True if it may have the model loaded in another way, so that no other model should be loaded beside it."""

    async def step(self, model: LoadedModel) -> bool:
        """Do the next piece of work; returns whether another is wanted.

        Raises `OllamaError` where the server fails; the study is over then, and what it has found stands.
        """


async def study(model: LoadedModel, studies: Sequence[Study]) -> Sequence[OllamaError | None]:
    """Load a model, carry out the studies one after another, and unload it unless others have it loaded.

    Returns the failure that ended each study, None where it came to its end. May be called again for the same model
    with other studies. Raises `OllamaError` where the model cannot be loaded.
    """
    try:
        await model.load()
        return await carried_out(model, studies)
    finally:
        await model.visit.residents.leave(model.model)


async def carried_out(model: LoadedModel, studies: Sequence[Study]) -> Sequence[OllamaError | None]:
    """Carry out studies of a model that is loaded, and return what ended each early, as `study` does."""
    return [await _failure(one, model) for one in studies]


def not_measured(one: Study, model: Model, failure: OllamaError) -> Notice:
    """Return the sentence that says why a study ended early."""
    return Notice(f"{model.name} on {model.host} is measured without {one.name}: {failure}")


async def _failure(one: Study, model: LoadedModel) -> OllamaError | None:
    """Carry out a study, and return what ended it early."""
    try:
        while await one.step(model):
            pass
    except OllamaError as exc:
        return exc
    return None
