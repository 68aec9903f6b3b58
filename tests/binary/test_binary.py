"""The standalone executable, built for the machine at hand."""

import asyncio
import json
import subprocess
import sys
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from fake_ollama.fleet import fake_fleet
from fake_ollama.script import HostScript, ModelScript, able_model
from fake_ollama.student import SEED
from ollama_speedrun import __version__
from ollama_speedrun.cli.exit_codes import ExitCode
from ollama_speedrun.results.codec import decode

ROOT = Path(__file__).parent.parent.parent

pytestmark = [pytest.mark.binary, pytest.mark.timeout(300)]


@pytest.fixture(scope="session")
def executable(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("binary")
    subprocess.run(
        [
            *(sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level=ERROR"),
            *("--distpath", folder / "dist", "--workpath", folder / "build"),
            ROOT / "packaging" / "ollama-speedrun.spec",
        ],
        check=True,
    )
    return next((folder / "dist").iterdir())


async def run(executable: Path, *arguments: str, home: Path) -> tuple[int | None, str, str]:
    """Run it in an environment that knows nothing of this Python."""
    variables = {"HOME": str(home), "PATH": "", "SYSTEMROOT": "C:\\Windows", "LC_ALL": "C.UTF-8"}
    process = await asyncio.create_subprocess_exec(executable, *arguments, env=variables, stdout=PIPE, stderr=PIPE)
    stdout, stderr = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode, stdout.decode(), stderr.decode()


async def test_it_says_its_version(executable: Path, tmp_path: Path) -> None:
    status, stdout, stderr = await run(executable, "--version", home=tmp_path)
    assert (status, stdout.strip(), stderr) == (0, f"ollama-speedrun {__version__}", "")


async def test_it_discovers_a_server_on_loopback(executable: Path, tmp_path: Path) -> None:
    async with fake_fleet([HostScript(models=(ModelScript("a:1b"),))]) as fleet:
        status, stdout, _ = await run(executable, "discover", fleet.urls[0], "--json", home=tmp_path)
    assert (status, [host["url"] for host in json.loads(stdout)["hosts"]]) == (0, fleet.urls)


async def test_it_benchmarks_and_recommends(executable: Path, tmp_path: Path) -> None:
    async with fake_fleet([HostScript(models=(able_model("a:1b"),))]) as fleet:
        few = ("--profile=quick", "--max-items=10", f"--item-seed={SEED}", "--output", str(tmp_path / "report.html"))
        status, stdout, stderr = await run(executable, "run", fleet.urls[0], "--json", *few, home=tmp_path)
    assert status == 0, stderr
    verdict = decode(stdout.encode(), origin="stdout").verdict
    assert verdict is not None
    assert verdict.recommendation is not None
    assert verdict.recommendation.model == "a:1b"
    assert "Use <strong>a:1b</strong>" in (tmp_path / "report.html").read_text(encoding="utf-8")


async def test_its_demo_says_that_the_engine_is_not_inside(executable: Path, tmp_path: Path) -> None:
    status, stdout, stderr = await run(executable, "demo", home=tmp_path)
    assert (status, stdout) == (ExitCode.NO_SERVER, "")
    assert "ollama-speedrun[demo]" in stderr
