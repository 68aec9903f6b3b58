import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from command import CommandLine
from ollama_speedrun.cli.options import SETTINGS, VERBS, Verb
from ollama_speedrun.cli.parser import flags_of, parse, with_verb
from ollama_speedrun.errors import UsageError


@pytest.mark.parametrize(
    ("written", "understood"),
    [
        ([], ["run"]),
        (["--quiet"], ["run", "--quiet"]),
        (["127.0.0.1:11434"], ["run", "127.0.0.1:11434"]),
        (["--timeout", "5", "gpu1"], ["run", "--timeout", "5", "gpu1"]),
        (["--timeout=5", "discover"], ["discover", "--timeout=5"]),
        (["--quiet", "models", "gpu1"], ["models", "--quiet", "gpu1"]),
        (["run", "models"], ["run", "models"]),
        (["--model", "models", "gpu1"], ["run", "--model", "models", "gpu1"]),
        (["--version"], ["--version"]),
        (["-h"], ["-h"]),
    ],
)
def test_the_verb_may_be_left_out_or_follow_options(written: list[str], understood: list[str]) -> None:
    assert with_verb(written) == understood


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        (
            ["discovr"],
            "no verb 'discovr'; did you mean discover? A host of that name is reached by: run discovr",
        ),
        (["--tmeout", "3"], "run has no option --tmeout; did you mean --timeout?"),
        (["discover", "--dry"], "discover has no option --dry; did you mean --dry-run?"),
        (["discover", "--model", "x"], "discover has no option --model; see ollama-speedrun discover --help"),
        (["demo", "gpu1"], "demo takes no 'gpu1' there; see ollama-speedrun demo --help"),
        (["--timeout"], "argument --timeout: expected one argument; see ollama-speedrun run --help"),
    ],
)
def test_what_cannot_be_understood_gets_a_sentence_with_a_way_out(written: list[str], sentence: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(written)
    assert str(caught.value) == sentence


def test_an_option_is_never_abbreviated() -> None:
    with pytest.raises(UsageError, match="no option --time"):
        parse(["run", "--time", "3"])


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_the_help_of_a_verb_names_each_of_its_options(verb: Verb, command: CommandLine) -> None:
    ended = command(verb.name, "--help")
    assert (ended.status, ended.stderr) == (0, "")
    for flag in flags_of(verb):
        assert re.search(rf"^ +{flag}\b", ended.stdout, re.MULTILINE), flag


def test_the_help_names_every_verb(command: CommandLine) -> None:
    ended = command("--help")
    assert ended.status == 0
    for verb in VERBS:
        assert re.search(rf"^ +{verb.name}\b", ended.stdout, re.MULTILINE), verb.name
    assert max(map(len, ended.stdout.splitlines())) <= 80
    assert command("--quiet", "--help") == ended


def test_the_version_is_printed_on_stdout(command: CommandLine) -> None:
    assert command("--version") == (0, "ollama-speedrun 0.1.0\n", "")


def test_every_setting_belongs_to_a_verb() -> None:
    assert {setting.group for setting in SETTINGS} == {group for verb in VERBS for group in verb.groups}


@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_help_and_version_load_nothing_heavy(argument: str) -> None:
    code = (
        "import sys\n"
        "from ollama_speedrun.cli.main import entry_point\n"
        f"sys.argv[1:] = [{argument!r}]\n"
        "assert entry_point() == 0\n"
        "print('loaded:', *{name.partition('.')[0] for name in sys.modules})\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.rpartition("loaded:")[2].split())
    heavy = {
        "argparse",
        "aiohttp",
        "asyncio",
        "dataclasses",
        "msgspec",
        "pathlib",
        "psutil",
        "rich",
        "shtab",
        "sqlite3",
        "typing",
    }
    assert "ollama_speedrun" in loaded
    assert loaded & heavy == set()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "tcsh"])
def test_completion_scripts_know_verbs_and_options(shell: str, command: CommandLine) -> None:
    ended = command("completion", shell)
    assert (ended.status, ended.stderr) == (0, "")
    assert "discover" in ended.stdout
    assert "num-predict" in ended.stdout


COMPLETIONS = [
    ("ollama-speedrun ass", "assess"),
    ("ollama-speedrun --prof", "--profile"),
    ("ollama-speedrun run --tier ", "lt2 2-4 4-8 8-16 16+"),
    ("ollama-speedrun assess --for c", "chat code"),
    ("ollama-speedrun run --areas w", "writing"),
    ("ollama-speedrun run --output res", "result.json"),
    ("ollama-speedrun assess res", "result.json"),
    ("ollama-speedrun completion f", "fish"),
]
IN_BASH = """
source ./script
try() {
    COMP_WORDS=(); read -ra COMP_WORDS <<< "$1"; [[ $1 == *" " ]] && COMP_WORDS+=("")
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); COMPREPLY=(); _shtab_ollama_speedrun; echo "${COMPREPLY[*]}"
}
try "$LINE"
exit 0
"""
IN_FISH = "source ./script; complete -C $LINE | cut -f1 | string join ' '; true"


PROGRAMS = {"bash": IN_BASH, "fish": IN_FISH}


@pytest.mark.parametrize("shell", PROGRAMS)
@pytest.mark.parametrize(("line", "completed"), COMPLETIONS)
def test_a_shell_completes_options_and_their_values(
    line: str, completed: str, shell: str, command: CommandLine, tmp_path: Path
) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell} on this machine")
    (tmp_path / "script").write_text(command("completion", shell).stdout, encoding="utf-8")
    (tmp_path / "result.json").touch()
    environment = {"PATH": os.environ["PATH"], "LINE": line, "HOME": str(tmp_path)}
    ended = subprocess.run(
        [shell, "-c", PROGRAMS[shell]],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert ended.stdout.split() == completed.split()


def test_zsh_accepts_its_completion_script(command: CommandLine, tmp_path: Path) -> None:
    script = command("completion", "zsh").stdout
    assert all(value in script for value in ("thorough", "lt2", "honesty"))
    if shutil.which("zsh") is None:
        pytest.skip("there is no zsh on this machine")
    file = tmp_path / "_ollama-speedrun"
    file.write_text(script, encoding="utf-8")
    subprocess.run(["zsh", "-n", str(file)], check=True, timeout=60)
