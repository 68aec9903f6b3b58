import io
import json
import stat
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from command import PLAIN, CommandLine, Ended, Terminal, environment_of, written
from exports.samples import CLEVER, CODER, DESK, EMBED, GPU, HERE, QUICK, sample
from ollama_speedrun.cli.main import main
from ollama_speedrun.exports.adoption import PROGRAMS, usual_place
from ollama_speedrun.results.codec import encode


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "home").mkdir()
    return tmp_path / "home"


class User:
    """Somebody with a home and a saved run."""

    def __init__(self, command: CommandLine, home: Path, tmp_path: Path) -> None:
        self._command = command
        self.home = home
        self.file = tmp_path / "result.json"
        self.file.write_bytes(encode(sample()))
        self.variables = {**PLAIN, "HOME": str(home)}

    def __call__(self, pick: str, program: str, *options: object, variables: Mapping[str, str] | None = None) -> Ended:
        words = ("use", pick, self.file, "--with", program, *options)
        return self._command(*words, variables={**self.variables, **(variables or {})})

    def files(self) -> set[str]:
        return {str(path.relative_to(self.home)) for path in self.home.rglob("*") if path.is_file()}


@pytest.fixture
def user(command: CommandLine, home: Path, tmp_path: Path) -> User:
    return User(command, home, tmp_path)


def test_opencode_gets_its_file_and_the_difference_is_shown(user: User) -> None:
    ended = user("best", "opencode", "--yes")
    path = user.home / ".config/opencode/opencode.json"
    assert ended.status == 0
    assert '+  "model": "speedrun-gpu-box/clever:8b"' in ended.stdout
    assert "opencode --model speedrun-gpu-box/clever:8b" in ended.stderr
    assert json.loads(path.read_text())["model"] == f"speedrun-gpu-box/{CLEVER}"
    assert list(json.loads(path.read_text())["provider"]["speedrun-gpu-box"]["models"]) == [CLEVER]
    assert user.files() == {".config/opencode/opencode.json"}


def test_what_a_person_wrote_stays_and_is_kept_as_a_backup(user: User) -> None:
    path = user.home / ".config/opencode/opencode.json"
    path.parent.mkdir(parents=True)
    text = '{\n  "model": "anthropic/claude",\n  "provider": {"mine": {"options": {"apiKey": "sk-hidden"}}}\n}\n'
    path.write_text(text)
    path.chmod(0o600)
    mode = stat.S_IMODE(path.stat().st_mode)
    ended = user("code", "opencode", "--yes")
    held = json.loads(path.read_text())
    assert (held["model"], held["provider"]["mine"]) == ("anthropic/claude", {"options": {"apiKey": "sk-hidden"}})
    assert set(held["provider"]) == {"mine", "speedrun-gpu-box"}
    (backup,) = path.parent.glob("*.bak")
    assert backup.read_text() == text
    assert [stat.S_IMODE(one.stat().st_mode) for one in (path, backup)] == [mode, mode]
    assert str(backup) in ended.stderr
    assert "sk-hidden" not in ended.stdout


def test_a_second_use_replaces_only_what_the_first_one_wrote(user: User) -> None:
    user("best", "opencode", "--yes")
    user("tier-2-4", "opencode", "--yes")
    held = json.loads((user.home / ".config/opencode/opencode.json").read_text())
    assert held["model"] == f"speedrun-desk/{CODER}"
    again = user("2-4", "opencode", "--yes")
    assert (again.status, again.stdout) == (0, "")
    assert "has this pick already" in again.stderr
    assert len(list((user.home / ".config/opencode").glob("*.bak"))) == 1


def test_comments_are_not_lost_but_the_lines_to_paste_are_printed(user: User) -> None:
    path = user.home / ".config/opencode/opencode.jsonc"
    path.parent.mkdir(parents=True)
    path.write_text("// mine\n{}\n")
    ended = user("best", "opencode", "--yes")
    assert ended.status == 2
    assert json.loads(ended.stdout)["model"] == f"speedrun-gpu-box/{CLEVER}"
    assert "was left as it is" in ended.stderr
    assert path.read_text() == "// mine\n{}\n"
    assert user.files() == {".config/opencode/opencode.jsonc"}


def test_continue_gets_our_models_beside_those_of_the_person(user: User) -> None:
    path = user.home / ".continue/config.yaml"
    path.parent.mkdir()
    path.write_text("name: mine\nversion: 1.0.0\nschema: v1\nmodels:\n  - name: theirs # keep\n    model: y\n")
    assert user("code", "continue", "--yes").status == 0
    text = path.read_text()
    assert "# keep" in text
    assert [one["name"] for one in yaml.safe_load(text)["models"]] == [f"{CLEVER} on gpu box", "theirs"]
    assert user("embed", "continue", "--yes").status == 0
    models = yaml.safe_load(path.read_text())["models"]
    assert [(one["name"], one.get("roles")) for one in models] == [(f"{EMBED} on gpu box", ["embed"]), ("theirs", None)]


def test_continue_keeps_its_old_file_in_force(user: User) -> None:
    (user.home / ".continue").mkdir()
    (user.home / ".continue/config.json").write_text("{}")
    ended = user("best", "continue", "--yes")
    assert ended.status == 2
    assert "would no longer read" in ended.stderr
    assert user.files() == {".continue/config.json"}


def test_llm_gets_an_entry_with_the_name_of_the_pick(user: User) -> None:
    path = user.home / "x/extra-openai-models.yaml"
    path.parent.mkdir()
    path.write_text("- model_id: theirs\n  model_name: y\n")
    ended = user("lt2", "llm", "--yes", variables={"LLM_USER_PATH": str(path.parent)})
    assert [(one["model_id"], one.get("aliases")) for one in yaml.safe_load(path.read_text())] == [
        ("theirs", None),
        (f"127.0.0.1/{QUICK}", ["tier-lt2"]),
    ]
    assert "llm -m tier-lt2" in ended.stderr


def test_a_shell_gets_a_file_of_our_own(user: User, command: CommandLine) -> None:
    ended = user("quick:1b", "shell", "--yes")
    path = command.config_dir / "pick.sh"
    assert f"export OLLAMA_HOST={HERE}" in path.read_text()
    assert f". '{path}'" in ended.stderr
    path.write_text("alias mine=x\n")
    assert user("best", "shell", "--yes").status == 2
    assert path.read_text() == "alias mine=x\n"


@pytest.mark.parametrize("program", PROGRAMS)
def test_print_writes_nothing(program: str, user: User) -> None:
    ended = user("best", program, "--print")
    assert (ended.status, ended.stderr) == (0, "")
    assert CLEVER in ended.stdout
    assert user.files() == set()


def test_without_yes_nothing_is_written_where_nobody_can_be_asked(user: User) -> None:
    ended = user("best", "opencode")
    assert ended.status == 2
    assert '+  "model"' in ended.stdout
    assert "nothing was written; add --yes" in ended.stderr
    assert user.files() == set()


def test_print_with_json_writes_nothing_either(user: User) -> None:
    told = json.loads(user("best", "llm", "--print", "--json").stdout)
    assert (told["written"], told["file"].endswith("extra-openai-models.yaml")) == (False, True)
    assert user.files() == set()


def test_what_steers_a_terminal_is_not_shown_in_the_difference(user: User) -> None:
    path = user.home / ".config/opencode/opencode.json"
    path.parent.mkdir(parents=True)
    path.write_text('{\n  "theme": "a\u202eb\x7f"}\n', encoding="utf-8")
    ended = user("best", "opencode", "--yes")
    assert (ended.status, "\u202e" in ended.stdout, "\x7f" in ended.stdout) == (0, False, False)
    assert json.loads(path.read_text(encoding="utf-8"))["theme"] == "a\u202eb\x7f"


@pytest.mark.parametrize(("answer", "is_written"), [("y\n", True), ("\n", False), ("n\n", False), ("", False)])
def test_a_person_at_a_terminal_is_asked(answer: str, is_written: bool, user: User, tmp_path: Path) -> None:
    words = ("use", "best", user.file, "--with", "opencode")
    environment = environment_of(tmp_path, *words, variables=user.variables, stdin=answer, interactive=True)
    assert isinstance(environment.stdin, Terminal)
    assert isinstance(environment.stdin, io.TextIOWrapper)
    status = main(environment)
    assert (status == 0, bool(user.files())) == (is_written, is_written)
    assert "Write " in written(environment.stderr)


def test_json_tells_what_was_done(user: User) -> None:
    told = json.loads(user("desk/coder:4b", "opencode", "--yes", "--json").stdout)
    assert told["pick"] == {"name": "pick", "host": DESK, "model": CODER}
    assert (told["written"], told["backup"], told["refused"]) == (True, None, None)
    assert told["diff"].startswith("--- /dev/null")


def test_a_file_can_be_named(user: User, tmp_path: Path) -> None:
    path = tmp_path / "project" / "opencode.json"
    assert user("best", "opencode", "--yes", "--file", path).status == 0
    assert json.loads(path.read_text())["provider"]["speedrun-gpu-box"]["options"] == {"baseURL": f"{GPU}/v1"}
    assert user.files() == set()


@pytest.mark.parametrize(
    ("pick", "program", "message"),
    [
        ("fastest", "llm", "there is no pick 'fastest'; picks are: best, "),
        ("best", "emacs", "--with is 'emacs'; give one of opencode, continue, llm, shell"),
        ("embed", "opencode", "gives vectors and answers nothing"),
    ],
)
def test_what_cannot_be_used_is_said(pick: str, program: str, message: str, user: User) -> None:
    ended = user(pick, program, "--yes")
    assert ended.status == 2
    assert message in ended.stderr
    assert user.files() == set()


def test_the_program_has_to_be_named(command: CommandLine, user: User) -> None:
    ended = command("use", "best", user.file)
    assert ended.status == 2
    assert "use needs --with; give one of" in ended.stderr


def test_a_file_that_is_no_text_is_left_alone(user: User) -> None:
    path = user.home / ".config/opencode/opencode.json"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"\xff\xfe{}")
    ended = user("best", "opencode", "--yes")
    assert ended.status == 2
    assert "is not UTF-8" in ended.stderr
    assert path.read_bytes() == b"\xff\xfe{}"


@pytest.mark.parametrize(
    ("program", "variables", "platform", "place"),
    [
        ("opencode", {}, "linux", "/h/.config/opencode/opencode.json"),
        ("opencode", {"XDG_CONFIG_HOME": "/x"}, "linux", "/x/opencode/opencode.json"),
        ("opencode", {"OPENCODE_CONFIG": "/o.json"}, "linux", "/o.json"),
        ("continue", {}, "darwin", "/h/.continue/config.yaml"),
        ("continue", {"CONTINUE_GLOBAL_DIR": "/c"}, "linux", "/c/config.yaml"),
        ("llm", {}, "linux", "/h/.config/io.datasette.llm/extra-openai-models.yaml"),
        ("llm", {}, "darwin", "/h/Library/Application Support/io.datasette.llm/extra-openai-models.yaml"),
        ("llm", {"APPDATA": "/a"}, "win32", "/a/io.datasette.llm/extra-openai-models.yaml"),
        ("llm", {"LLM_USER_PATH": "/l"}, "linux", "/l/extra-openai-models.yaml"),
        ("shell", {}, "linux", "/own/pick.sh"),
    ],
)
def test_each_program_keeps_its_settings_in_its_usual_place(
    program: str, variables: dict[str, str], platform: str, place: str
) -> None:
    known = next(one for one in PROGRAMS if one == program)
    assert usual_place(known, variables, Path("/h"), platform, Path("/own")).as_posix() == place
