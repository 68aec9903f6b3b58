"""From what a server has loaded to the commands that a plan still needs: a run, its history, and `place`."""

import json
import shlex

from command import CommandLine
from fake_ollama.fleet import fake_fleet
from fake_ollama.script import HostScript, able_model

QUICK = ("--profile", "quick", "--trials", 1, "--num-predict", 24, "--num-ctx", 2048, "--timeout", 4)


async def test_a_plan_starts_from_what_the_run_found_loaded(command: CommandLine) -> None:
    models = (able_model("theirs:1b", load_s=0.1), able_model("other:1b", load_s=0.1, decode_tps=20.0))
    scripts = [
        HostScript(models=models, preloaded=("theirs:1b",), context_length=3000, address="127.0.0.2"),
        HostScript(models=models, preloaded=("other:1b",), keep_alive_s=-1.0, address="127.0.0.3", max_loaded=1),
    ]
    async with fake_fleet(scripts) as fleet:
        first, second = fleet.urls
        ended = await command.beside(*fleet.urls, "--json", *QUICK)
        assert [list(host.loaded) for host in fleet.hosts] == [["theirs:1b"], ["other:1b"]]
    before = {one.host: one for one in ended.document.loaded_before}
    found = {url: [(one.model, one.context_length, one.stays) for one in before[url].models] for url in before}
    assert found == {first: [("theirs:1b", 3000, False)], second: [("other:1b", 4096, True)]}
    assert commands_of(command, first, loaded="theirs:1b", gains=False) == [
        (f"{first}/api/generate", {"model": "theirs:1b", "keep_alive": -1, "options": {"num_ctx": 3000}}),
    ]
    assert commands_of(command, second, loaded="other:1b", gains=True) == [
        (f"{second}/api/generate", {"model": "other:1b", "keep_alive": 0}),
        (f"{second}/api/generate", {"model": "theirs:1b", "keep_alive": -1, "options": {"num_ctx": 2048}}),
    ]


def commands_of(command: CommandLine, url: str, *, loaded: str, gains: bool) -> list[tuple[str, object]]:
    """Return the requests of the plan for one host, which had one model loaded."""
    told = json.loads(command("place", f"--host={url}", "--demand", "chat:8", "--keep-loaded", "--json").stdout)
    assert [[one["model"] for one in state["loaded"]] for state in told["today"]] == [[loaded]]
    assert (told["points"] > told["points_today"]) == gains
    return [(words[2], json.loads(words[4])) for line in told["commands"] if (words := shlex.split(line))[0] == "curl"]
