"""The bare command on a network of its own: no target, no variable, three servers among silent addresses."""

import json
import sys
from pathlib import Path

import pytest

from command import FEW_ITEMS
from fake_ollama.script import CHAT_TEMPLATE
from network.namespaces import Namespaces, needs_namespaces
from ollama_speedrun.results.codec import decode

HOSTS = ("10.99.1.10", "10.99.1.11", "10.99.1.12")

pytestmark = [pytest.mark.network, needs_namespaces]


def test_the_bare_command_finds_three_servers_and_benchmarks_each(tmp_path: Path) -> None:
    home = {"HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    with Namespaces(hosts=HOSTS) as lan:
        for number, address in enumerate(HOSTS):
            script = tmp_path / f"{address}.json"
            student = {"key": f"{number}", "ability": 100}
            models = [
                {"name": f"model-{number}:{size}b", "student": student, "template": CHAT_TEMPLATE} for size in (1, 3)
            ]
            script.write_text(json.dumps({"hosts": [{"models": models}]}), encoding="utf-8")
            listen = f"--listen={address}:11434"
            lan.serve([sys.executable, "-m", "fake_ollama", f"--script={script}", listen], address=address)
        with lan.packets() as touched:
            ended = lan.run(
                [sys.executable, "-m", "ollama_speedrun", "--json", "--num-predict=24"], env={**home, **FEW_ITEMS}
            )
    document = decode(ended.stdout.encode(), origin="stdout")
    assert sorted(host.url for host in document.hosts) == [f"http://{address}:11434" for address in HOSTS]
    assert sorted((result.host, result.model, result.status) for result in document.results) == [
        (f"http://{address}:11434", f"model-{number}:{size}b", "ok")
        for number, address in enumerate(HOSTS)
        for size in (1, 3)
    ]
    assert (ended.returncode, document.complete) == (0, True)
    assert document.verdict is not None
    assert document.verdict.recommendation is not None
    assert all(address.startswith("10.99.1.") for address in touched)
