"""Reading the facts of a GGUF file, and deriving another one from it: requantised, cut, or pooled for embeddings.

Needs the `gguf` package of the extra `demo`, so import this module only where that is known to be there.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gguf
import numpy as np

from .recipes import ModelFacts, Recipe, TensorFact

_FILE_TYPES: Mapping[str, int] = {"F16": 1, "Q4_0": 2, "Q4_1": 3, "Q8_0": 7}
_MEAN_POOLING = 1
_ANY_DTYPE = np.dtype(np.float32)  # looked at by the writer only where no GGML type is given


@dataclass(frozen=True, slots=True)
class _Tensor:
    name: str
    target: gguf.GGMLQuantizationType
    source: gguf.ReaderTensor

    @property
    def shape(self) -> list[int]:
        """The dimensions in numpy's order, which is the reverse of the file's."""
        return [int(size) for size in reversed(self.source.shape)]

    @property
    def size_bytes(self) -> int:
        block, block_bytes = gguf.GGML_QUANT_SIZES[self.target]
        return int(self.source.n_elements) // block * block_bytes


def facts(path: Path) -> ModelFacts:
    """Return what the file says of itself."""
    reader = gguf.GGUFReader(path)
    info = {
        name: None if field.types[0] is gguf.GGUFValueType.ARRAY else field.contents()
        for name, field in reader.fields.items()
        if not name.startswith("GGUF.") and name != "tokenizer.chat_template"
    }
    parameter_count = sum(int(tensor.n_elements) for tensor in reader.tensors)
    tensors = tuple(
        TensorFact(tensor.name, tensor.tensor_type.name, tuple(int(size) for size in tensor.shape))
        for tensor in reader.tensors
    )
    quantization = next(name for name, number in _FILE_TYPES.items() if number == info["general.file_type"])
    return ModelFacts(quantization, parameter_count, {**info, "general.parameter_count": parameter_count}, tensors)


def derive(source: Path, target: Path, recipe: Recipe, progress: Callable[[int, int], None]) -> None:
    """Write `target` out of `source`; report the bytes of weights done and in all, tensor by tensor.

    Whatever `progress` raises stops the work and leaves `target` unfinished.
    """
    reader = gguf.GGUFReader(source)
    tensors = [_Tensor(name, _target_type(tensor, recipe), tensor) for name, tensor in _kept(reader, recipe)]
    writer = gguf.GGUFWriter(target, "llama")
    _write_metadata(reader, writer, recipe, parameter_count=sum(int(each.source.n_elements) for each in tensors))
    for each in tensors:
        writer.add_tensor_info(each.name, each.shape, _ANY_DTYPE, each.size_bytes, each.target)
    try:
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        total, done = sum(each.size_bytes for each in tensors), 0
        for each in tensors:
            progress(done, total)
            writer.write_tensor_data(_converted(each))
            done += each.size_bytes
        progress(done, total)
    finally:
        writer.close()


def _kept(reader: gguf.GGUFReader, recipe: Recipe) -> Iterator[tuple[str, gguf.ReaderTensor]]:
    """Yield the tensors that stay, with the names that they get: blocks are numbered without gaps."""
    numbers = None if recipe.blocks is None else {old: new for new, old in enumerate(recipe.blocks)}
    for tensor in reader.tensors:
        match tensor.name.split(".", 2):
            case ["blk", old, rest] if numbers is not None:
                if int(old) in numbers:
                    yield f"blk.{numbers[int(old)]}.{rest}", tensor
            case _:
                yield tensor.name, tensor


def _target_type(tensor: gguf.ReaderTensor, recipe: Recipe) -> gguf.GGMLQuantizationType:
    """Norms stay as they are, and so do the token embeddings unless the model is to be F16: 4 bits would ruin them."""
    if tensor.tensor_type is gguf.GGMLQuantizationType.F32:
        return tensor.tensor_type
    if tensor.name == "token_embd.weight" and recipe.quantization != "F16":
        return gguf.GGMLQuantizationType.Q8_0
    return gguf.GGMLQuantizationType[recipe.quantization]


def _converted(tensor: _Tensor) -> np.ndarray[Any, Any]:
    if tensor.target is tensor.source.tensor_type:
        return tensor.source.data
    return gguf.quants.quantize(gguf.quants.dequantize(tensor.source.data, tensor.source.tensor_type), tensor.target)


def _write_metadata(reader: gguf.GGUFReader, writer: gguf.GGUFWriter, recipe: Recipe, *, parameter_count: int) -> None:
    """Copy what the source says of itself, with what the recipe changes about it."""
    for field in reader.fields.values():
        if field.name.startswith("GGUF.") or field.name == "general.architecture":
            continue  # the writer has its own
        sub_type = field.types[-1] if field.types[0] is gguf.GGUFValueType.ARRAY else None
        writer.add_key_value(field.name, field.contents(), field.types[0], sub_type)
    changes: list[tuple[str, int | str, gguf.GGUFValueType]] = [
        ("general.file_type", _FILE_TYPES[recipe.quantization], gguf.GGUFValueType.UINT32),
        ("general.size_label", f"{parameter_count / 1e6:.0f}M", gguf.GGUFValueType.STRING),
    ]
    if recipe.blocks is not None:
        changes.append(("llama.block_count", len(recipe.blocks), gguf.GGUFValueType.UINT32))
    if recipe.embedding_context is not None:
        changes.append(("llama.context_length", recipe.embedding_context, gguf.GGUFValueType.UINT32))
        changes.append(("llama.pooling_type", _MEAN_POOLING, gguf.GGUFValueType.UINT32))
    for name, value, kind in changes:
        writer.kv_data[0].pop(name, None)
        writer.add_key_value(name, value, kind)
