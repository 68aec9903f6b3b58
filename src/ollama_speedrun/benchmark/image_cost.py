"""The tokens and the reading time that one image adds to a prompt."""

from typing import Final

import msgspec

from ..visit.loaded_model import LoadedModel
from . import derive, image, workload
from .budget import Budget
from .types import ImageFigures, Result

ANSWER_TOKENS: Final = 1


class ImageCost:
    """A study of one step: the same question with an image and without; the difference is what the image costs."""

    name = "the cost of an image"
    needs_the_memory = False

    def __init__(self, budget: Budget) -> None:
        self._figures: ImageFigures | None = None
        self._budget = budget

    async def step(self, model: LoadedModel) -> bool:
        """Ask twice, unless the time is up."""
        if not self._budget.is_spent:
            without, with_image = [
                await model.generate(workload.image_prompt(model.visit.nonce()), num_predict=ANSWER_TOKENS, image=shown)
                for shown in (None, image.png_base64())
            ]
            self._figures = derive.image_figures(without, with_image)
        return False

    def add_to(self, result: Result) -> Result:
        """Return the result with the cost of an image."""
        return msgspec.structs.replace(result, image=self._figures)
