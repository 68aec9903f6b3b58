"""Fixtures for every test: nothing leaves this machine."""

import asyncio
import functools
import gc
import os
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

import guard
from ollama_speedrun.quality import bank
from virtual_time import VirtualLoop

guard.install()

# How long an example takes says how busy the machine is, nothing of the code
settings.register_profile("speedrun", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("speedrun")

# Drawing a mix takes a tenth of a second, and most runs of the tests draw the same few
bank.mix = functools.lru_cache(maxsize=32)(bank.mix)

pytest_plugins = ["pytester"]

LONG = ("binary", "demo", "network", "browser", "slow")
"""Marks of tests that take seconds."""


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: many tests wait for processes, timers and packets."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the long files, so that the workers end at the same time."""
    long = {item.path for item in items if any(map(item.get_closest_marker, LONG)) or "e2e" in item.path.parts}
    items.sort(key=lambda item: item.path not in long)


def pytest_asyncio_loop_factories(item: pytest.Item) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Give a test the loop that its marker asks for."""
    if item.get_closest_marker("virtual_time"):
        return {"virtual": VirtualLoop}
    return {"real": asyncio.new_event_loop}


def pytest_collection_finish() -> None:
    """Spare the garbage collector the thousands of tests, which stay until the end."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True, scope="session")
def nothing_stays_in_the_temporary_directory() -> Iterator[None]:
    """A directory for temporary files that goes with the tests: processes that they kill cannot clean up."""
    with (
        tempfile.TemporaryDirectory(prefix="speedrun-", ignore_cleanup_errors=True) as directory,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setenv("TMPDIR", directory)
        patch.setattr(tempfile, "tempdir", directory)
        yield


@pytest.fixture(autouse=True)
def nothing_leaves_this_machine() -> Iterator[None]:
    with guard.watching() as stopped:
        yield
        attempts = list(stopped)
    assert attempts == []


@pytest.fixture
def guarded_env(tmp_path: Path) -> Iterator[dict[str, str]]:
    """An environment for subprocesses in which every Python is guarded, and whose attempts fail the test."""
    log = tmp_path / "stopped-traffic.log"
    site = str(Path(__file__).parent / "guarded_site")
    python_path = os.pathsep.join(filter(None, (site, os.environ.get("PYTHONPATH"))))
    yield {**os.environ, "PYTHONPATH": python_path, guard.LOG_VARIABLE: str(log)}
    attempts = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    log.unlink(missing_ok=True)
    assert attempts == []
