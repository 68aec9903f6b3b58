"""What is known of a model file, and how one is made out of another: plain data, free of the packages that do it."""

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import msgspec

Quantization: TypeAlias = Literal["F16", "Q8_0", "Q4_1", "Q4_0"]


class TensorFact(msgspec.Struct, frozen=True):
    """One tensor as /api/show lists it; the innermost dimension comes first."""

    name: str
    type: str
    shape: tuple[int, ...]


class ModelFacts(msgspec.Struct, frozen=True):
    """What /api/tags and /api/show tell of a file. Arrays of `model_info` are None, as Ollama has them."""

    quantization: str
    parameter_count: int
    model_info: dict[str, Any]
    tensors: tuple[TensorFact, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How a model is made out of the source: its quantisation, the blocks it keeps (None: all), and its purpose.

    Ollama takes a file for an embedding model when it names a pooling, so `embedding_context` (in tokens) makes it one
    whose vectors are the mean over the tokens.
    """

    quantization: Quantization
    blocks: tuple[int, ...] | None = None
    embedding_context: int | None = None
