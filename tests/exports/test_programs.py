"""The programs' own code reads what is exported. They are no dependency of ours: `make integrations` installs them."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from exports.samples import CLEVER, CODER, DESK, GPU, sample
from ollama_speedrun.exports.fleet import fleet
from ollama_speedrun.exports.targets import target_of

ROOT = Path(__file__).parent.parent.parent
NODE_PACKAGES = ROOT / "build" / "integrations"
CONTINUE = NODE_PACKAGES / "node_modules" / "@continuedev" / "config-yaml"


def needs(module: str) -> pytest.MarkDecorator:
    reason = f"{module} is not installed: make integrations"
    return pytest.mark.skipif(importlib.util.find_spec(module) is None, reason=reason)


def text(name: str) -> str:
    return target_of(name).render(fleet(sample()))


def asked(script: str, environment: Mapping[str, str], *arguments: object) -> Any:
    """What a script of its own process prints as JSON."""
    ended = subprocess.run(
        [sys.executable, "-c", script, *map(str, arguments)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


LITELLM = """
import collections, json, random, sys, yaml
from litellm.router_strategy.simple_shuffle import simple_shuffle
from litellm.types.router import Deployment, LiteLLM_Params
from litellm.types.router_weights import validate_router_settings_dict
config = yaml.safe_load(open(sys.argv[1]))
validate_router_settings_dict(config["router_settings"])
for one in config["model_list"]:
    Deployment(one["model_name"], LiteLLM_Params(**one["litellm_params"]), one["model_info"])
known = set(LiteLLM_Params.model_fields)
unknown = [key for one in config["model_list"] for key in one["litellm_params"] if key not in known]
random.seed(7)
alias = config["router_settings"]["model_group_alias"]["best"]
pool = [one for one in config["model_list"] if one["model_name"] == alias]
drawn = collections.Counter(
    simple_shuffle(config["router_settings"]["model_group_alias"].get, pool, "best", None)["litellm_params"]["api_base"]
    for _ in range(4000)
)
print(json.dumps({"shares": {url: count / 4000 for url, count in drawn.items()}, "unknown": sorted(set(unknown))}))
"""


@needs("litellm")
def test_litellm_shares_requests_by_the_measured_rates(tmp_path: Path, guarded_env: Mapping[str, str]) -> None:
    path = tmp_path / "config.yaml"
    path.write_text(text("litellm"))
    told = asked(LITELLM, {**guarded_env, "LITELLM_LOCAL_MODEL_COST_MAP": "True"}, path)
    assert told["shares"] == {GPU: pytest.approx(0.75, abs=0.03), DESK: pytest.approx(0.25, abs=0.03)}
    assert told["unknown"] == ["num_ctx", "weight"]  # an option of Ollama, and what the router reads by name


LLM = """
import json, llm
found = {name: llm.get_model(name) for name in ("best", "tier-2-4")}
print(json.dumps({name: [one.model_id, one.model_name, one.api_base] for name, one in found.items()}))
"""


@needs("llm")
def test_llm_finds_the_picks_by_their_names(tmp_path: Path, guarded_env: Mapping[str, str]) -> None:
    (tmp_path / "extra-openai-models.yaml").write_text(text("llm"))
    assert asked(LLM, {**guarded_env, "LLM_USER_PATH": str(tmp_path)}) == {
        "best": [f"gpu-box/{CLEVER}", CLEVER, f"{GPU}/v1"],
        "tier-2-4": [f"desk/{CODER}", CODER, f"{DESK}/v1"],
    }


CONTINUE_SCRIPT = """
const { configYamlSchema } = await import("@continuedev/config-yaml");
const YAML = (await import("yaml")).default;
const { readFileSync } = await import("fs");
const parsed = configYamlSchema.parse(YAML.parse(readFileSync(process.argv[2], "utf8")));
console.log(JSON.stringify(parsed.models.map((one) => [one.model, one.roles])));
"""


@pytest.mark.skipif(not CONTINUE.exists(), reason="@continuedev/config-yaml is not installed: make integrations")
@pytest.mark.skipif(shutil.which("node") is None, reason="node is not on the PATH")
def test_the_schema_of_continue_takes_the_file(tmp_path: Path) -> None:
    path, script = tmp_path / "config.yaml", NODE_PACKAGES / "read.mjs"
    path.write_text(text("continue"))
    script.write_text(CONTINUE_SCRIPT)
    ended = subprocess.run(["node", script, path], capture_output=True, text=True, check=False, timeout=120)
    assert ended.returncode == 0, ended.stderr
    assert [CLEVER, ["chat", "edit", "apply"]] in json.loads(ended.stdout)
