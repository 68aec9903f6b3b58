"""Facts on well-known models, for those that nobody has pulled yet: nothing here is fetched, and nothing is graded.

Sizes are those of the tag's file in Ollama's library, to the digits that it shows; parameters are the makers' counts.
A mixture of experts reads its active parameters for each token and keeps all of them in memory.
"""

from typing import Final, Literal

import msgspec

Purpose = Literal["any", "code"]


class KnownModel(msgspec.Struct, frozen=True):
    """A model by its tag: parameters in billions, in all and active for a token, and the bytes of its file.

    `quantization` is that of the tag. `purpose` is "code" where its makers trained it for that. `capabilities` are in
    Ollama's words, beside completion.
    """

    name: str
    parameters_b: float
    active_b: float
    quantization: str
    size_bytes: int
    purpose: Purpose = "any"
    capabilities: tuple[str, ...] = ()

    @property
    def read_bytes(self) -> float:
        """The bytes of weights that are read for each output token."""
        return self.size_bytes * self.active_b / self.parameters_b


def _known(  # noqa: PLR0913 - a row of the table below
    name: str,
    parameters_b: float,
    gigabytes: float,
    *capabilities: str,
    active_b: float | None = None,
    quantization: str = "Q4_K_M",
    purpose: Purpose = "any",
) -> KnownModel:
    size_bytes = round(gigabytes * 1_000_000_000)
    return KnownModel(name, parameters_b, active_b or parameters_b, quantization, size_bytes, purpose, capabilities)


KNOWN: Final = (
    _known("smollm2:1.7b", 1.71, 1.8, "tools", quantization="Q8_0"),
    _known("llama3.2:1b", 1.24, 1.3, "tools", quantization="Q8_0"),
    _known("llama3.2:3b", 3.21, 2.0, "tools"),
    _known("llama3.1:8b", 8.03, 4.9, "tools"),
    _known("llama3.3:70b", 70.6, 43, "tools"),
    _known("gemma3:1b", 1.0, 0.815),
    _known("gemma3:4b", 4.3, 3.3, "vision"),
    _known("gemma3:12b", 12.2, 8.1, "vision"),
    _known("gemma3:27b", 27.4, 17, "vision"),
    _known("qwen3:1.7b", 2.03, 1.4, "tools", "thinking"),
    _known("qwen3:4b", 4.02, 2.5, "tools", "thinking"),
    _known("qwen3:8b", 8.19, 5.2, "tools", "thinking"),
    _known("qwen3:14b", 14.8, 9.3, "tools", "thinking"),
    _known("qwen3:30b", 30.5, 19, "tools", "thinking", active_b=3.3),
    _known("qwen3:32b", 32.8, 20, "tools", "thinking"),
    _known("phi4-mini:3.8b", 3.84, 2.5, "tools"),
    _known("phi4:14b", 14.7, 9.1),
    _known("granite3.3:8b", 8.17, 4.9, "tools"),
    _known("mistral-nemo:12b", 12.2, 7.1, "tools"),
    _known("mistral-small3.2:24b", 24.0, 15, "tools", "vision"),
    _known("gpt-oss:20b", 20.9, 14, "tools", "thinking", active_b=3.6, quantization="MXFP4"),
    _known("gpt-oss:120b", 116.8, 65, "tools", "thinking", active_b=5.1, quantization="MXFP4"),
    _known("qwen2.5-coder:1.5b", 1.54, 0.986, "tools", "insert", purpose="code"),
    _known("qwen2.5-coder:3b", 3.09, 1.9, "tools", "insert", purpose="code"),
    _known("qwen2.5-coder:7b", 7.62, 4.7, "tools", "insert", purpose="code"),
    _known("qwen2.5-coder:14b", 14.8, 9.0, "tools", "insert", purpose="code"),
    _known("qwen2.5-coder:32b", 32.8, 20, "tools", "insert", purpose="code"),
    _known("qwen3-coder:30b", 30.5, 19, "tools", active_b=3.3, purpose="code"),
    _known("devstral:24b", 23.6, 14, "tools", purpose="code"),
    _known("deepseek-coder-v2:16b", 15.7, 8.9, "insert", active_b=2.4, quantization="Q4_0", purpose="code"),
)
MIXTURES: Final = ("moe", "gptoss", "gpt-oss", "deepseek2", "mixtral", "qwen3next", "llama4")
"""Parts of the names of families whose models read only a part of their weights for a token."""


def by_name(name: str) -> KnownModel | None:
    """Return the model of this tag, None where the table has none."""
    return next((one for one in KNOWN if one.name == name), None)
