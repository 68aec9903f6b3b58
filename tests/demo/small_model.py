"""A model file of the real one's make and names, small enough to be copied and converted in no time."""

from pathlib import Path

import gguf
import numpy as np

BLOCKS = 30
WIDTH = 128
VOCABULARY = 8192
_BLOCK = {
    "attn_norm": (WIDTH,),
    "attn_q": (WIDTH, WIDTH),
    "attn_k": (WIDTH, WIDTH),
    "attn_v": (WIDTH, WIDTH),
    "attn_output": (WIDTH, WIDTH),
    "ffn_norm": (WIDTH,),
    "ffn_gate": (2 * WIDTH, WIDTH),
    "ffn_up": (2 * WIDTH, WIDTH),
    "ffn_down": (WIDTH, 2 * WIDTH),
}
_Q4_1 = gguf.GGMLQuantizationType.Q4_1


def write_small_model(path: Path) -> None:
    """Write a Q4_1 file with norms in F32, as the fetched one is."""
    random = np.random.default_rng(7)
    shapes = {"token_embd.weight": (VOCABULARY, WIDTH), "output_norm.weight": (WIDTH,)}
    shapes |= {f"blk.{block}.{name}.weight": shape for block in range(BLOCKS) for name, shape in _BLOCK.items()}
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_file_type(3)
    writer.add_block_count(BLOCKS)
    writer.add_context_length(2048)
    writer.add_embedding_length(WIDTH)
    writer.add_token_list([f"<{number}>" for number in range(VOCABULARY)])
    for name, shape in shapes.items():
        weights = random.standard_normal(shape, dtype=np.float32)
        if len(shape) == 1:
            writer.add_tensor(name, weights)
        else:
            writer.add_tensor(name, gguf.quants.quantize(weights, _Q4_1), raw_dtype=_Q4_1)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
