from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ollama_speedrun.inventory import parse
from ollama_speedrun.inventory.types import Model
from ollama_speedrun.ollama import wire

HOST = "http://10.0.0.1:11434"
CHAT_TEMPLATE = "{{- range .Messages }}<|{{ .Role }}|>{{ .Content }}{{ end }}"


def entry(name: str = "llama3.2:1b", **changes: Any) -> wire.TagsEntry:
    return wire.TagsEntry(name=name, **changes)


def info(values: dict[str, object]) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(values))


POOLED = info({"general.architecture": "qwen3", "qwen3.pooling_type": 3})
RANKED = info({"general.architecture": "qwen3", "qwen3.pooling_type": 4})
NOT_POOLED = info({"general.architecture": "qwen3", "qwen3.pooling_type": 0})
ENCODER = info({"general.architecture": "jina-bert-v2"})


def test_all_facts_of_a_model_are_read_and_the_licence_is_cut_to_its_first_line() -> None:
    listed = entry(digest="a" * 64, size=1_321_098_329, details=wire.Details(family="llama", context_length=131072))
    shown = wire.Show(
        details=wire.Details(family="llama", parameter_size="1.2B", quantization_level="Q8_0"),
        model_info=info({"general.architecture": "llama", "llama.context_length": 65536}),
        capabilities=("completion", "tools"),
        template=CHAT_TEMPLATE,
        license="\n  LLAMA 3.2 COMMUNITY LICENSE\nmuch more text",
    )
    assert parse.model_of(HOST, listed, shown) == Model(
        host=HOST,
        name="llama3.2:1b",
        digest="a" * 64,
        size_bytes=1_321_098_329,
        parameter_size="1.2B",
        quantization="Q8_0",
        family="llama",
        capabilities=("completion", "tools"),
        context_length=65536,
        kind="chat",
        drafts=False,
        license="LLAMA 3.2 COMMUNITY LICENSE",
    )


def test_what_is_absent_stays_none() -> None:
    assert parse.model_of(HOST, entry(), None) == Model(
        host=HOST,
        name="llama3.2:1b",
        digest=None,
        size_bytes=None,
        parameter_size=None,
        quantization=None,
        family=None,
        capabilities=(),
        context_length=None,
        kind="chat",
    )


@pytest.mark.parametrize(
    ("listed", "shown", "kind"),
    [
        (entry(), wire.Show(capabilities=("completion",), template=CHAT_TEMPLATE), "chat"),
        (entry(), wire.Show(capabilities=("completion",), template="{{ .Prompt }}"), "base"),
        (entry(), wire.Show(capabilities=("completion",), template=""), "base"),
        (entry(), wire.Show(capabilities=("completion",)), "chat"),
        (
            entry(),
            wire.Show(capabilities=("completion",), template="{{ .Prompt }}", modelfile="FROM x\nRENDERER qwen3\n"),
            "chat",
        ),
        (entry(), wire.Show(capabilities=("completion", "tools"), template="{{ .Prompt }}"), "chat"),
        (entry(), wire.Show(capabilities=("embedding",), template="{{ .Prompt }}"), "embedding"),
        (entry(), wire.Show(capabilities=("completion", "embedding"), template=CHAT_TEMPLATE), "chat"),
        (entry(details=wire.Details(family="nomic-bert")), None, "embedding"),
        (entry(), wire.Show(model_info=info({"general.architecture": "x", "x.pooling_type": 1})), "embedding"),
        (entry(), wire.Show(capabilities=("image",)), "image"),
        (entry("hf.co/x/Qwen3-Embedding-0.6B-GGUF:Q8_0"), wire.Show(capabilities=("completion", "tools")), "embedding"),
        (entry("embeddinggemma:300m", capabilities=("completion",)), None, "embedding"),
        (entry("x/nomic-embed-text:v1.5"), wire.Show(capabilities=("completion",)), "embedding"),
        (entry("x/bge-reranker-v2-m3"), wire.Show(capabilities=("completion",)), "embedding"),
        (entry("x/bge-m3"), wire.Show(capabilities=("completion",)), "embedding"),
        (entry("my-e5"), wire.Show(capabilities=("completion", "tools"), template=CHAT_TEMPLATE), "chat"),
        (entry("embedded-coder:7b"), wire.Show(capabilities=("completion",)), "chat"),
        (entry("reranker-fan/llama3.2:1b"), wire.Show(capabilities=("completion",)), "chat"),
        (entry(), wire.Show(capabilities=("completion",), model_info=POOLED), "embedding"),
        (entry(), wire.Show(capabilities=("completion", "tools"), model_info=RANKED), "embedding"),
        (entry(), wire.Show(capabilities=("completion",), model_info=NOT_POOLED), "chat"),
        (entry(), wire.Show(capabilities=("completion",), model_info=ENCODER), "embedding"),
        (entry(capabilities=("embedding",)), None, "embedding"),
        (entry(remote_host="https://ollama.com:443"), None, "cloud"),
        (entry("gpt-oss:120b-cloud"), None, "cloud"),
        (entry("kimi-k2:cloud"), None, "cloud"),
        (entry("my-alias"), wire.Show(remote_host="https://ollama.com:443"), "cloud"),
    ],
)
def test_a_models_kind_follows_from_what_the_server_says(
    listed: wire.TagsEntry, shown: wire.Show | None, kind: str
) -> None:
    assert parse.model_of(HOST, listed, shown).kind == kind


def test_only_text_models_are_ever_sent_a_prompt() -> None:
    kinds = {kind: parse.model_of(HOST, entry(), None).generates_text for kind in ("chat",)}
    assert kinds == {"chat": True}
    assert not parse.model_of(HOST, entry("x:cloud"), None).generates_text
    assert not parse.model_of(HOST, entry(capabilities=("embedding",)), None).generates_text
    assert not parse.model_of(HOST, entry(capabilities=("image",)), None).generates_text


@pytest.mark.parametrize("value", [None, 0, -4, "8192", [1], {}, True, 2**60])
def test_an_odd_context_length_is_no_context_length(value: object) -> None:
    shown = wire.Show(model_info=info({"general.architecture": "llama", "llama.context_length": value}))
    assert parse.model_of(HOST, entry(), shown).context_length is None


@pytest.mark.parametrize(
    ("name", "listed", "architecture", "kind"),
    [
        ("someone/Qwen3-Embedding-0.6B:Q8_0", {}, "qwen3", "embedding"),
        ("someone/bge-reranker-v2-m3:latest", {}, "llama", "embedding"),
        ("hf.co/x/gte-large:f16", {}, "llama", "embedding"),
        ("paraphrase-multilingual:latest", {}, "llama", "embedding"),
        ("hf.co/x/LaBSE-GGUF:latest", {}, "llama", "embedding"),
        ("hf.co/x/paraphraser-7b:latest", {}, "llama", "chat"),
        ("snow:latest", {}, "nomic-bert", "embedding"),
        ("snow:latest", {"details": wire.Details(family="xlm-roberta")}, "llama", "embedding"),
        ("embedders/llama3.2:1b", {}, "llama", "chat"),
        ("gemma3:4b", {}, "gemma3", "chat"),
        ("mmproj-model-f16:latest", {}, "llama", "embedding"),
        ("vit:latest", {}, "clip", "embedding"),
        ("nomic-bert:1b", {}, "llama", "embedding"),
        ("albert-chat:4b", {"capabilities": ("completion", "tools")}, "gemma3", "chat"),
        ("llava:7b", {"details": wire.Details(family="llama")}, "llama", "chat"),
        ("bge-chat:4b", {"capabilities": ("completion", "tools")}, "gemma3", "chat"),
    ],
)
def test_an_encoder_that_is_listed_as_one_that_completes_text_is_known_by_name_or_architecture(
    name: str, listed: dict[str, Any], architecture: str, kind: str
) -> None:
    shown = wire.Show(
        capabilities=listed.get("capabilities", ("completion",)),
        template=CHAT_TEMPLATE,
        model_info=info({"general.architecture": architecture}),
        details=listed.get("details"),
    )
    assert parse.model_of(HOST, entry(name, **listed), shown).kind == kind


@pytest.mark.parametrize(
    ("shown", "drafts"),
    [
        (wire.Show(model_info=info({"general.architecture": "glm4moe", "glm4moe.nextn_predict_layers": 1})), True),
        (wire.Show(model_info=info({"general.architecture": "glm4moe", "glm4moe.nextn_predict_layers": 0})), False),
        (wire.Show(model_info=info({"general.architecture": "glm4moe", "glm4moe.nextn_predict_layers": "1"})), False),
        (wire.Show(parameters='draft_num_predict              4\nstop "x"'), True),
        (wire.Show(parameters="draft_num_predict 0"), False),
        (None, None),
    ],
)
def test_a_model_that_drafts_tokens_is_known_by_its_layers_or_its_parameters(
    shown: wire.Show | None, drafts: bool | None
) -> None:
    assert parse.model_of(HOST, entry(), shown).drafts is drafts


def test_texts_without_end_are_cut_before_they_are_kept() -> None:
    long = "F" * 15_000_000
    details = wire.Details(family=long, format=long, parameter_size=long, quantization_level=long)
    model = parse.model_of(HOST, entry(digest=long), wire.Show(details=details, capabilities=(long,) * 1000))
    assert len(msgspec.json.encode(model)) < 10_000


@pytest.mark.parametrize(
    ("texts", "line"),
    [(("MIT", "Apache-2.0"), "MIT"), (("", "\n Apache\n"), "Apache"), ((), None), (None, None)],
)
def test_of_a_list_of_licences_the_first_that_says_anything_is_named(
    texts: tuple[str, ...] | None, line: str | None
) -> None:
    assert parse.model_of(HOST, entry(), wire.Show(license=texts)).license == line


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"null",
        b"[]",
        b"7",
        b'{"general.architecture":["llama"]}',
        b'{"general.architecture":"a\\"b","a\\"b.context_length":7}',
        b"[" * 5000,
    ],
)
def test_odd_model_info_says_nothing(raw: bytes) -> None:
    shown = wire.Show(model_info=msgspec.Raw(raw))
    assert parse.model_of(HOST, entry(), shown).context_length is None


@given(st.text(max_size=400))
def test_any_licence_becomes_one_short_line(text: str) -> None:
    line = parse.model_of(HOST, entry(), wire.Show(license=text)).license
    assert line is None or (0 < len(line) <= 120 and line == line.strip() and len(line.splitlines()) == 1)


@pytest.mark.parametrize(
    ("shown", "drafts"),
    [
        (None, None),
        (wire.Show(), False),
        (wire.Show(model_info=info({"general.architecture": "glm4moe", "glm4moe.nextn_predict_layers": 1})), True),
        (wire.Show(model_info=info({"general.architecture": "glm4moe", "glm4moe.nextn_predict_layers": 0})), False),
        (wire.Show(model_info=info({"general.architecture": "glm4moe", "glm4moe.nextn_predict_layers": "1"})), False),
        (wire.Show(parameters="num_ctx                 4096\ndraft_num_predict       4"), True),
        (
            wire.Show(
                model_info=info({"general.architecture": "glm4moe", "glm4moe.nextn_predict_layers": 1}),
                parameters="draft_num_predict 0",
            ),
            False,
        ),
    ],
)
def test_a_model_drafts_by_a_head_of_its_own_or_by_its_options(shown: wire.Show | None, drafts: bool | None) -> None:
    assert parse.model_of(HOST, entry(), shown).drafts is drafts
