"""Tiny models of many architectures, for llama.cpp to load: all weights are 0, the shapes are right.

A `Sample` is what a file of the architecture says of itself and the shapes of its tensors.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import gguf
import numpy as np

WIDTH, FEED, VOCABULARY = 64, 96, 512
HEADS, KV_HEADS, HEAD = 4, 2, 16
EXPERTS = 4
INNER, STATE, GROUPS, STEPS = 128, 16, 1, 8

Shapes = dict[str, tuple[int, ...]]
Meta = Mapping[str, object]

RMS: Meta = {"attention.layer_norm_rms_epsilon": 1e-5}
NORM: Meta = {"attention.layer_norm_epsilon": 1e-5}
GROUPED: Meta = {"attention.head_count": HEADS, "attention.head_count_kv": KV_HEADS}
LONG_HEADS: Meta = {"attention.key_length": 32, "attention.value_length": 32}
ROPE: Meta = {"rope.dimension_count": HEAD}
EXPERT: Meta = {"expert_count": EXPERTS, "expert_used_count": 2, "expert_feed_forward_length": FEED}
SCALES: Meta = {"logit_scale": 1.0, "attention.scale": 1.0, "embedding_scale": 1.0, "residual_scale": 1.0}
MAMBA_2: Meta = {
    "ssm.conv_kernel": 4,
    "ssm.state_size": STATE,
    "ssm.inner_size": INNER,
    "ssm.group_count": GROUPS,
    "ssm.time_step_rank": STEPS,
}
DELTA_NET: Meta = {
    "ssm.conv_kernel": 4,
    "ssm.state_size": 16,
    "ssm.inner_size": 64,
    "ssm.group_count": 2,
    "ssm.time_step_rank": 4,
    "full_attention_interval": 4,
}


class Sample(NamedTuple):
    """One architecture: its hyper-parameters without the name in front, and its tensors without `.weight`."""

    layers: int
    meta: Meta
    shapes: Shapes


def write(path: Path, architecture: str, sample: Sample) -> None:
    """Write the file."""
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_file_type(0)
    for key, value in model_info(architecture, sample).items():
        if key != "general.architecture":
            _add(writer, key, value)
    tokens = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    tokens += [f"t{number}" for number in range(VOCABULARY - len(tokens))]
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores([0.0] * VOCABULARY)
    writer.add_token_types([2, 3, 3] + [6] * 256 + [1] * (VOCABULARY - 259))
    for name, shape in sample.shapes.items():
        full = name if name.endswith((".bias", "ssm_a", "ssm_d")) else f"{name}.weight"
        writer.add_tensor(full, np.zeros(shape, dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def model_info(architecture: str, sample: Sample) -> dict[str, object]:
    """Return what /api/show with `verbose` says of such a file, as far as it concerns memory."""
    usual: Meta = {
        "block_count": sample.layers,
        "context_length": 65_536,
        "embedding_length": WIDTH,
        "feed_forward_length": FEED,
        "vocab_size": VOCABULARY,
    }
    named = {f"{architecture}.{key}": value for key, value in {**usual, **sample.meta}.items()}
    return {"general.architecture": architecture, **named}


def _add(writer: gguf.GGUFWriter, key: str, value: object) -> None:
    match value:
        case bool():
            writer.add_bool(key, value)
        case float():
            writer.add_float32(key, value)
        case int():
            writer.add_uint32(key, value)
        case list():
            writer.add_array(key, value)
        case _:
            raise TypeError(f"{key} is {value!r}")


def _stem(*, output: bool = True) -> Shapes:
    found: Shapes = {"token_embd": (VOCABULARY, WIDTH), "output_norm": (WIDTH,)}
    return found | {"output": (VOCABULARY, WIDTH)} if output else found


def _attention(head: int = HEAD, *, norms: bool = False, biased: bool = False) -> Shapes:
    wide, narrow = HEADS * head, KV_HEADS * head
    found: Shapes = {
        "attn_norm": (WIDTH,),
        "attn_q": (wide, WIDTH),
        "attn_k": (narrow, WIDTH),
        "attn_v": (narrow, WIDTH),
        "attn_output": (WIDTH, wide),
    }
    if norms:
        found |= {"attn_q_norm": (head,), "attn_k_norm": (head,)}
    if biased:
        found |= {"attn_q.bias": (wide,), "attn_k.bias": (narrow,), "attn_v.bias": (narrow,)}
    return found


def _feed(*, norm: bool = True) -> Shapes:
    found: Shapes = {"ffn_gate": (FEED, WIDTH), "ffn_up": (FEED, WIDTH), "ffn_down": (WIDTH, FEED)}
    return found | {"ffn_norm": (WIDTH,)} if norm else found


def _experts(*, norm: bool = True, shared: bool = False, gate: bool = False) -> Shapes:
    found: Shapes = {
        "ffn_gate_inp": (EXPERTS, WIDTH),
        "ffn_gate_exps": (EXPERTS, FEED, WIDTH),
        "ffn_up_exps": (EXPERTS, FEED, WIDTH),
        "ffn_down_exps": (EXPERTS, WIDTH, FEED),
    }
    if norm:
        found["ffn_norm"] = (WIDTH,)
    if shared:
        found |= {"ffn_gate_shexp": (FEED, WIDTH), "ffn_up_shexp": (FEED, WIDTH), "ffn_down_shexp": (WIDTH, FEED)}
    if gate:
        found["ffn_gate_inp_shexp"] = (WIDTH,)
    return found


def _post() -> Shapes:
    return {"post_attention_norm": (WIDTH,), "post_ffw_norm": (WIDTH,)}


def _mamba_2() -> Shapes:
    convolved = INNER + 2 * GROUPS * STATE
    return {
        "attn_norm": (WIDTH,),
        "ssm_in": (INNER + convolved + STEPS, WIDTH),
        "ssm_conv1d": (convolved, 4),
        "ssm_conv1d.bias": (convolved,),
        "ssm_dt.bias": (STEPS,),
        "ssm_a": (STEPS, 1),
        "ssm_d": (STEPS, 1),
        "ssm_norm": (GROUPS, INNER // GROUPS),
        "ssm_out": (WIDTH, INNER),
    }


def _mamba_1() -> Shapes:
    return {
        "attn_norm": (WIDTH,),
        "ssm_in": (2 * INNER, WIDTH),
        "ssm_conv1d": (INNER, 4),
        "ssm_conv1d.bias": (INNER,),
        "ssm_x": (STEPS + 2 * STATE, INNER),
        "ssm_dt_norm": (STEPS,),
        "ssm_dt": (INNER, STEPS),
        "ssm_dt.bias": (INNER,),
        "ssm_b_norm": (STATE,),
        "ssm_c_norm": (STATE,),
        "ssm_a": (INNER, STATE),
        "ssm_d": (INNER,),
        "ssm_out": (WIDTH, INNER),
    }


def _delta_net(*, split: bool) -> Shapes:
    key, value, steps = 2 * 16, 4 * 16, 4
    rates: Shapes = (
        {"ssm_beta": (steps, WIDTH), "ssm_alpha": (steps, WIDTH)} if split else {"ssm_ba": (2 * steps, WIDTH)}
    )
    return rates | {
        "attn_norm": (WIDTH,),
        "attn_qkv": (2 * key + value, WIDTH),
        "attn_gate": (value, WIDTH),
        "ssm_conv1d": (2 * key + value, 4),
        "ssm_dt.bias": (steps,),
        "ssm_a": (steps,),
        "ssm_norm": (16,),
        "ssm_out": (WIDTH, value),
    }


def _short_convolution() -> Shapes:
    return {
        "attn_norm": (WIDTH,),
        "shortconv.conv": (WIDTH, 3),
        "shortconv.in_proj": (3 * WIDTH, WIDTH),
        "shortconv.out_proj": (WIDTH, WIDTH),
    }


def _latent() -> Shapes:
    plain, rope, rank, value, query = 16, 8, 32, 16, 24
    return {
        "attn_norm": (WIDTH,),
        "attn_q_a_norm": (query,),
        "attn_kv_a_norm": (rank,),
        "attn_q_a": (query, WIDTH),
        "attn_q_b": (HEADS * (plain + rope), query),
        "attn_kv_a_mqa": (rank + rope, WIDTH),
        "attn_k_b": (HEADS, rank, plain),
        "attn_v_b": (HEADS, value, rank),
        "attn_output": (WIDTH, HEADS * value),
    }


def _stack(blocks: Sequence[Shapes], stem: Shapes | None = None) -> Shapes:
    found = dict(_stem() if stem is None else stem)
    for number, block in enumerate(blocks):
        found |= {f"blk.{number}.{name}": shape for name, shape in block.items()}
    return found


def _plain(block: Shapes, *metas: Meta, layers: int = 4, stem: Shapes | None = None) -> Sample:
    merged = {key: value for meta in (GROUPED, *(metas or (RMS, ROPE))) for key, value in meta.items()}
    return Sample(layers, merged, _stack([block] * layers, stem))


def _without(block: Shapes, *names: str) -> Shapes:
    return {name: shape for name, shape in block.items() if name not in names}


def _hybrid(kv_heads: Sequence[int], attention: Shapes, other: Shapes, *metas: Meta, **more: Shapes) -> Sample:
    heads: Meta = {"attention.head_count": HEADS, "attention.head_count_kv": list(kv_heads)}
    merged = {key: value for meta in (heads, *metas) for key, value in meta.items()}
    blocks = [attention if count else other for count in kv_heads]
    return Sample(len(blocks), merged, _stack(blocks, more.get("stem")))


def _gpt_oss() -> Sample:
    biases: Shapes = {
        "post_attention_norm": (WIDTH,),
        "attn_output.bias": (WIDTH,),
        "attn_sinks": (HEADS,),
        "ffn_gate_inp.bias": (EXPERTS,),
        "ffn_gate_exps.bias": (EXPERTS, FEED),
        "ffn_up_exps.bias": (EXPERTS, FEED),
        "ffn_down_exps.bias": (EXPERTS, WIDTH),
    }
    block = _attention(32, biased=True) | _experts(norm=False) | biases
    return _plain(block, RMS, LONG_HEADS, EXPERT, {"attention.sliding_window": 128})


def _starcoder2() -> Sample:
    feed: Shapes = {"ffn_up": (FEED, WIDTH), "ffn_down": (WIDTH, FEED), "ffn_norm": (WIDTH,)}
    biases: Shapes = {
        "attn_norm.bias": (WIDTH,),
        "ffn_norm.bias": (WIDTH,),
        "attn_output.bias": (WIDTH,),
        "ffn_up.bias": (FEED,),
        "ffn_down.bias": (WIDTH,),
    }
    stem = _stem() | {"output_norm.bias": (WIDTH,)}
    return _plain(_attention(biased=True) | feed | biases, NORM, stem=stem)


def _deepseek2() -> Sample:
    meta: Meta = {
        "attention.head_count": HEADS,
        "attention.head_count_kv": 1,
        "attention.key_length": 40,
        "attention.value_length": 32,
        "attention.key_length_mla": 24,
        "attention.value_length_mla": 16,
        "attention.kv_lora_rank": 32,
        "attention.q_lora_rank": 24,
        "rope.dimension_count": 8,
        "leading_dense_block_count": 4,
        "expert_shared_count": 1,
        "expert_weights_scale": 1.0,
        "expert_gating_func": 2,
        "rope.scaling.yarn_log_multiplier": 0.1,
    }
    return Sample(4, {**RMS, **EXPERT, **meta}, _stack([_latent() | _feed()] * 4))


def _of_delta_net(meta: Meta, feed: Shapes, *, split: bool) -> Sample:
    gated = _attention(norms=True) | {"attn_q": (2 * HEADS * HEAD, WIDTH)}
    blocks = [gated if number % 4 == 3 else _delta_net(split=split) for number in range(8)]
    after: Shapes = {"post_attention_norm": (WIDTH,)}
    sizes: Meta = {"attention.key_length": HEAD, "attention.value_length": HEAD}
    merged = {**GROUPED, **RMS, **ROPE, **sizes, **DELTA_NET, **meta}
    return Sample(8, merged, _stack([block | feed | after for block in blocks]))


DENSE = _attention() | _feed()
PACKED: Shapes = {"ffn_norm": (WIDTH,), "ffn_up": (2 * FEED, WIDTH), "ffn_down": (WIDTH, FEED)}
WINDOW: Meta = {"attention.sliding_window": 512}

SAMPLES: Mapping[str, Sample] = {
    **dict.fromkeys(("llama", "mistral3", "smollm3", "minicpm", "exaone", "internlm2"), _plain(DENSE)),
    "qwen2": _plain(_attention(biased=True) | _feed(), RMS),
    "qwen3": _plain(_attention(32, norms=True) | _feed(), RMS, LONG_HEADS),
    "qwen2moe": _plain(
        _attention(biased=True) | _experts(shared=True, gate=True),
        RMS,
        EXPERT,
        {"expert_shared_feed_forward_length": FEED},
    ),
    "qwen3moe": _plain(_attention(norms=True) | _experts(), RMS, EXPERT),
    "gemma": _plain(_attention(32) | _feed(), RMS, LONG_HEADS, stem=_stem(output=False)),
    "gemma2": _plain(_attention(32) | _feed() | _post(), RMS, LONG_HEADS, WINDOW, layers=6, stem=_stem(output=False)),
    "gemma3": _plain(
        _attention(32, norms=True) | _feed() | _post(), RMS, LONG_HEADS, WINDOW, layers=12, stem=_stem(output=False)
    ),
    "gpt-oss": _gpt_oss(),
    "phi3": _plain(
        _without(_attention(), "attn_q", "attn_k", "attn_v")
        | {"attn_qkv": ((HEADS + 2 * KV_HEADS) * HEAD, WIDTH)}
        | PACKED,
        RMS,
        ROPE,
        {"attention.sliding_window": 2047, "rope.scaling.original_context_length": 4096},
    ),
    "cohere2": _plain(
        _attention() | _feed(norm=False),
        NORM,
        ROPE,
        {"attention.sliding_window": 1024, "logit_scale": 0.25},
        layers=8,
        stem=_stem(output=False),
    ),
    "command-r": _plain(_attention() | _feed(norm=False), NORM, ROPE, {"logit_scale": 0.25}, stem=_stem(output=False)),
    "granite": _plain(DENSE, RMS, SCALES),
    "granitemoe": _plain(_attention() | _experts(), RMS, SCALES, EXPERT),
    "olmo2": _plain(
        _without(_attention() | _feed() | _post(), "attn_norm", "ffn_norm")
        | {"attn_q_norm": (HEADS * HEAD,), "attn_k_norm": (KV_HEADS * HEAD,)},
        RMS,
    ),
    "glm4": _plain(_attention() | PACKED | _post(), RMS, {"rope.dimension_count": 8}),
    "starcoder2": _starcoder2(),
    "stablelm": _plain(
        DENSE | {"attn_norm.bias": (WIDTH,), "ffn_norm.bias": (WIDTH,)},
        NORM,
        ROPE,
        {"use_parallel_residual": False},
        stem=_stem() | {"output_norm.bias": (WIDTH,)},
    ),
    "llama4": _plain(
        _attention() | _experts(shared=True), RMS, ROPE, EXPERT, {"interleave_moe_layer_step": 1}, layers=8
    ),
    "lfm2": _hybrid(
        (0, 0, 2, 0, 0, 2),
        _attention(norms=True) | _feed(),
        _short_convolution() | _feed(),
        RMS,
        {"shortconv.l_cache": 3},
        stem={"token_embd": (VOCABULARY, WIDTH), "token_embd_norm": (WIDTH,)},
    ),
    "granitehybrid": _hybrid((0, 0, 0, 2, 0, 0, 0, 2), DENSE, _mamba_2() | _feed(), RMS, MAMBA_2, SCALES),
    "nemotron_h": _hybrid(
        (0, 2, 0, 0), _attention(), _mamba_2(), RMS, NORM, MAMBA_2, {"feed_forward_length": [0, 0, 0, 0]}
    ),
    "jamba": _hybrid((0, 2, 0, 0), DENSE, _mamba_1() | _feed(), RMS, MAMBA_2),
    "deepseek2": _deepseek2(),
    "qwen3next": _of_delta_net(
        {**EXPERT, "expert_shared_feed_forward_length": FEED},
        _experts(norm=False, shared=True, gate=True),
        split=False,
    ),
    "qwen35": _of_delta_net({"rope.dimension_sections": [4, 2, 2, 0]}, _feed(norm=False), split=True),
}
