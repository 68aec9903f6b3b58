import json
import random
import re
import shlex
import shutil
import string
import subprocess
from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from exports.samples import CLEVER, CODER, DESK, EMBED, GPU, HERE, QUICK, listed, measured, run_of, sample
from ollama_speedrun.assessment.types import Recommendation, Verdict
from ollama_speedrun.exports.fleet import Fleet, fleet
from ollama_speedrun.exports.targets import NAMES, TARGETS, Target, target_of
from ollama_speedrun.results.types import Document

FLEET = fleet(sample())
COMMENTS = {"opencode": "//", "zed": "//", "prometheus": "# -"}


def rendered(name: str, found: Fleet = FLEET, suffix: str = "") -> str:
    return target_of(name, suffix).render(found)


def as_yaml(name: str, found: Fleet = FLEET) -> Any:
    return yaml.safe_load(rendered(name, found))


def as_json(name: str, found: Fleet = FLEET, suffix: str = "") -> Any:
    lines = rendered(name, found, suffix).splitlines()
    return json.loads("\n".join(line for line in lines if not line.startswith("//")))


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: f"{target.name}{target.suffix}")
def test_each_target_states_its_run_picks_and_omissions_at_its_top(target: Target) -> None:
    text = target.render(FLEET)
    assert text.endswith("\n")
    assert not text.endswith("\n\n")
    if not target.has_comments:
        return
    mark = COMMENTS.get(target.name, "#")
    lines = text.splitlines()
    head = lines[: next(n for n, line in enumerate(lines) if not line.startswith(mark))]
    assert head[0].startswith(f"{mark} Made by ollama-speedrun out of run 12345678 of 2026-01-02 03:04 UTC")
    assert any(f"best = {CLEVER} on gpu box" in line for line in head)
    assert any("broken:7b (failed in the benchmark)" in line for line in head)
    assert any("Works from the machine that measured only" in line for line in head)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: f"{target.name}{target.suffix}")
def test_each_target_has_a_text_for_a_run_without_picks_or_usable_models(target: Target) -> None:
    assert target.render(fleet(run_of(measured("a b", GPU, 9.0))))
    assert target.render(fleet(run_of(measured(CLEVER, GPU, 9.0))))


def test_the_names_of_the_targets_are_those_of_the_table() -> None:
    assert (
        *("litellm", "open-webui", "olla", "continue", "opencode", "aider", "zed", "llm", "prometheus", "shell"),
    ) == NAMES


def test_litellm_has_a_pool_with_weights_and_aliases() -> None:
    config = as_yaml("litellm")
    pool = [one for one in config["model_list"] if one["model_name"] == CLEVER]
    assert pool == [
        {
            "model_name": CLEVER,
            "litellm_params": {"model": f"ollama_chat/{CLEVER}", "api_base": url, "weight": weight, "num_ctx": 4096},
            "model_info": {"id": f"{slug}/{CLEVER}", "mode": "chat"},
        }
        for url, weight, slug in ((GPU, 90.0, "gpu-box"), (DESK, 30.0, "desk"))
    ]
    (vectors,) = [one for one in config["model_list"] if one["model_info"]["mode"] == "embedding"]
    assert vectors["litellm_params"] == {"model": f"ollama/{EMBED}", "api_base": GPU, "weight": 310.0}
    router = config["router_settings"]
    assert (router["routing_strategy"], router["model_group_alias"]["best"]) == ("simple-shuffle", CLEVER)
    assert router["model_group_alias"]["embed"] == EMBED
    assert {CLEVER: [QUICK, CODER]} in router["fallbacks"] or {CLEVER: [CODER, QUICK]} in router["fallbacks"]
    ids = [one["model_info"]["id"] for one in config["model_list"]]
    assert len(set(ids)) == len(ids)


def test_the_shares_of_a_weighted_pool_are_those_of_the_rates() -> None:
    pool = [one for one in as_yaml("litellm")["model_list"] if one["model_name"] == CLEVER]
    drawn = random.Random(1).choices(pool, [one["litellm_params"]["weight"] for one in pool], k=4000)
    share = sum(one["litellm_params"]["api_base"] == GPU for one in drawn) / len(drawn)
    assert share == pytest.approx(90 / 120, abs=0.03)


def test_open_webui_lists_each_model_on_its_fastest_host_alone() -> None:
    held = dict(line.split("=", 1) for line in rendered("open-webui").splitlines() if line and not line.startswith("#"))
    urls = held["OLLAMA_BASE_URLS"].split(";")
    configs = json.loads(held["OLLAMA_API_CONFIGS"])
    assert {urls[int(number)]: sorted(one["model_ids"]) for number, one in configs.items()} == {
        GPU: [CLEVER, EMBED],
        DESK: [CODER],
        HERE: [QUICK],
    }
    assert held["DEFAULT_MODELS"] == CLEVER


def test_open_webui_has_a_form_to_import_with_flat_keys() -> None:
    config = as_json("open-webui", suffix=".json")
    assert set(config) == {
        "ollama.enable",
        "ollama.base_urls",
        "ollama.api_configs",
        "ui.default_models",
        "ui.model_order_list",
    }
    assert config["ui.default_models"] == CLEVER
    assert sorted(config["ui.model_order_list"]) == sorted([CLEVER, CODER, QUICK])


def test_olla_turns_rates_into_priorities_and_filters() -> None:
    config = as_yaml("olla")
    assert config["proxy"] == {"load_balancer": "priority"}
    endpoints = {one["url"]: one for one in config["discovery"]["static"]["endpoints"]}
    assert {url: one["priority"] for url, one in endpoints.items()} == {GPU: 100, DESK: 33, HERE: 100}
    assert {url: sorted(one["model_filter"]["include"]) for url, one in endpoints.items()} == {
        GPU: [CLEVER, EMBED],
        DESK: [CLEVER, CODER],
        HERE: [QUICK],
    }
    assert config["model_aliases"]["tier-2-4"] == [CODER]


def test_continue_gives_each_role_to_its_pick() -> None:
    config = as_yaml("continue")
    assert {key: config[key] for key in ("name", "version", "schema")} == {
        "name": "ollama-speedrun",
        "version": "1.0.0",
        "schema": "v1",
    }
    roles = {(one["model"], one["apiBase"]): one["roles"] for one in config["models"]}
    assert roles[CLEVER, GPU] == ["chat", "edit", "apply"]
    assert roles[CODER, DESK] == ["autocomplete", "chat"]
    assert roles[EMBED, GPU] == ["embed"]
    (best,) = [one for one in config["models"] if one["apiBase"] == GPU and one["model"] == CLEVER]
    assert best["capabilities"] == ["tool_use", "image_input"]
    assert best["defaultCompletionOptions"] == {"contextLength": 4096}


def test_opencode_has_a_provider_for_each_host_and_begins_with_a_model_that_calls_tools() -> None:
    config = as_json("opencode")
    assert config["model"] == f"speedrun-gpu-box/{CLEVER}"
    assert config["small_model"] == f"speedrun-127.0.0.1/{QUICK}"
    assert {key: one["options"]["baseURL"] for key, one in config["provider"].items()} == {
        "speedrun-gpu-box": f"{GPU}/v1",
        "speedrun-desk": f"{DESK}/v1",
        "speedrun-127.0.0.1": f"{HERE}/v1",
    }
    assert config["provider"]["speedrun-desk"]["models"][CODER] == {
        "name": f"{CODER} on desk",
        "tool_call": False,
        "reasoning": False,
        "attachment": False,
        "limit": {"context": 4096, "output": 4096},
    }


def test_aider_and_zed_name_the_models_of_the_host_of_the_pick() -> None:
    assert as_yaml("aider") == [{"name": f"ollama_chat/{CLEVER}", "extra_params": {"num_ctx": 4096}}]
    assert f"OLLAMA_API_BASE={GPU} aider --model ollama_chat/{CLEVER}" in rendered("aider")
    ollama = as_json("zed")["language_models"]["ollama"]
    assert (ollama["api_url"], ollama["auto_discover"]) == (GPU, False)
    assert ollama["available_models"] == [
        {
            "name": CLEVER,
            "display_name": f"{CLEVER} on gpu box",
            "max_tokens": 4096,
            "supports_tools": True,
            "supports_thinking": False,
            "supports_images": True,
        }
    ]


def test_llm_knows_each_model_on_each_host_and_the_picks_as_aliases() -> None:
    entries = {one["model_id"]: one for one in as_yaml("llm")}
    assert set(entries) == {f"gpu-box/{CLEVER}", f"desk/{CLEVER}", f"desk/{CODER}", f"127.0.0.1/{QUICK}"}
    best = entries[f"gpu-box/{CLEVER}"]
    assert best["api_base"] == f"{GPU}/v1"
    assert {"best", "agent"} <= set(best["aliases"])
    names = [name for one in entries.values() for name in one["aliases"]]
    assert len(set(names)) == len(names)


def test_prometheus_reads_back_every_figure_with_its_labels() -> None:
    families = {family.name: family for family in text_string_to_metric_families(rendered("prometheus"))}
    assert all(family.type == "gauge" and family.documentation for family in families.values())
    rates = {
        (one.labels["server_address"], one.labels["model"]): one.value
        for one in families["ollama_speedrun_decode_tokens_per_second"].samples
    }
    assert rates == {
        ("10.0.0.5", CLEVER): 90.0,
        ("192.168.1.20", CLEVER): 30.0,
        ("192.168.1.20", CODER): 45.0,
        ("127.0.0.1", QUICK): 200.0,
    }
    (first, *_) = families["ollama_speedrun_decode_tokens_per_second_low"].samples
    assert set(first.labels) == {"server_address", "server_port", "model", "variant", "num_ctx"}
    memory = families["ollama_speedrun_model_memory_bytes"].samples
    assert {one.labels["kind"] for one in memory} == {"total", "gpu"}
    assert {one.labels["pick"] for one in families["ollama_speedrun_pick_info"].samples} >= {"best", "code", "tier-lt2"}
    (ended,) = families["ollama_speedrun_last_run_timestamp_seconds"].samples
    assert ended.value == sample().started_at.timestamp()


NEEDS_SH = pytest.mark.skipif(shutil.which("sh") is None, reason="sh is not on the PATH")


@NEEDS_SH
def test_the_shell_lines_run_in_a_posix_shell() -> None:
    assert run_in_shell(rendered("shell") + 'printf "%s %s" "$OLLAMA_HOST" "$OLLAMA_MODEL"') == f"{GPU} {CLEVER}"
    asked = run_in_shell(
        'ollama() { printf "%s|" "$OLLAMA_HOST" "$@"; }\n' + rendered("shell") + "ollama_tier_lt2 'why is' x"
    )
    assert asked == f"{HERE}|run|{QUICK}|why is|x|"


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not on the PATH")
def test_shellcheck_finds_nothing_in_the_shell_lines() -> None:
    subprocess.run(["shellcheck", "--shell=sh", "-"], input=rendered("shell"), text=True, check=True)


def run_in_shell(script: str) -> str:
    subprocess.run(["sh", "-n"], input=script, text=True, check=True)
    return subprocess.run(["sh"], input=script, text=True, check=True, capture_output=True).stdout


NAMES_OF_MODELS = st.text(
    alphabet=string.ascii_letters + string.digits + string.punctuation + "éß漢", min_size=1, max_size=30
)


def hostile(name: str) -> Document:
    best = Recommendation(GPU, name, 50.0, why=f"{name} is the best")
    return msgspec.structs.replace(
        sample(),
        models=(listed(name, GPU, "tools"),),
        results=(measured(name, GPU, 9.0),),
        quality_records=(),
        assessments=(),
        verdict=Verdict((), best),
    )


@settings(max_examples=30, deadline=None)
@given(NAMES_OF_MODELS)
def test_no_name_breaks_out_of_a_format(name: str) -> None:
    found = fleet(hostile(name))
    if not found.served:
        return
    (entry,) = as_yaml("litellm", found)["model_list"]
    assert (entry["model_name"], entry["litellm_params"]["model"]) == (name, f"ollama_chat/{name}")
    assert [one["model"] for one in as_yaml("continue", found)["models"]] == [name]
    assert [one["model_name"] for one in as_yaml("llm", found)] == [name]
    assert [one["name"] for one in as_yaml("aider", found)] == [f"ollama_chat/{name}"]
    assert as_yaml("olla", found)["discovery"]["static"]["endpoints"][0]["model_filter"]["include"] == [name]
    assert list(as_json("opencode", found)["provider"]["speedrun-gpu-box"]["models"]) == [name]
    assert as_json("zed", found)["language_models"]["ollama"]["available_models"][0]["name"] == name
    env = dict(line.split("=", 1) for line in rendered("open-webui", found).splitlines() if line[:1] not in {"#", ""})
    assert json.loads(env["OLLAMA_API_CONFIGS"])["0"]["model_ids"] == [name]
    assert not set(env["OLLAMA_API_CONFIGS"]) & set("$#'`;&|<>()!*?")
    families = text_string_to_metric_families(rendered("prometheus", found))
    samples = [one for family in families for one in family.samples]
    assert {one.labels["model"] for one in samples if "model" in one.labels} == {name}
    exports = [line for line in rendered("shell", found).splitlines() if line.startswith("export OLLAMA_MODEL=")]
    assert [shlex.split(line)[1] for line in exports] == [f"OLLAMA_MODEL={name}"]


@NEEDS_SH
def test_a_name_full_of_shell_is_only_a_name() -> None:
    name = "a'$(touch${IFS}x)`id`;\"&"
    assert run_in_shell(rendered("shell", fleet(hostile(name))) + 'printf "%s" "$OLLAMA_MODEL"') == name


def test_a_comment_never_declares_a_metric() -> None:
    name = "HELP:TYPE"
    words = f"{'w' * 90} HELP evil_total x TYPE evil_total counter " * 3
    run = hostile(name)
    assert run.verdict is not None
    best = Recommendation(GPU, name, 50.0, why=words)
    text = rendered("prometheus", fleet(msgspec.structs.replace(run, verdict=Verdict((), best))))
    assert all(family.name.startswith("ollama_speedrun_") for family in text_string_to_metric_families(text))


def test_a_why_sentence_with_line_feeds_stays_a_comment() -> None:
    run = sample()
    assert run.verdict is not None
    assert run.verdict.recommendation is not None
    told = msgspec.structs.replace(run.verdict.recommendation, why="good\nOLLAMA_BASE_URLS=http://evil\n")
    evil = msgspec.structs.replace(run, verdict=msgspec.structs.replace(run.verdict, recommendation=told))
    text = rendered("open-webui", fleet(evil))
    assert len(re.findall(r"^OLLAMA_BASE_URLS=", text, re.MULTILINE)) == 1
